/* Commands that tell about an academy and the program (keeping, stats, routes), and those that are
 * one call of another room. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert.h"
#include "lab/lab.h"
#include "server/keeping.h"
#include "server/server.h"
#include "server/server_sql.h"

const char *default_root(void) { return "."; }
const char *default_data(void) { return "data"; }

struct store *open_store(struct arena *a, const char *data, bool read_only) {
    struct store *s = NULL;
    const char *why = "";
    struct store_options how = {.path = arena_printf(a, "%s/gradus.db", data),
                                .read_only = read_only,
                                .serving = !read_only,
                                .watched = account_watched};
    if (audit_open(&s, &how, a, &why) == OK) return s;
    fprintf(stderr, "gradus: %s\n", why);
    return NULL;
}

/* The options that these commands share, and up to two arguments. */
struct cli_options {
    struct arena arena;
    const char *data, *word[2], *format;
    bool replace;
    int words;
};

/* False when the command is to end, with `*status`. */
static bool read_options(struct cli_options *c, int argc, char **argv, const char *usage, int words,
                         int *status) {
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"replace", no_argument, NULL, 'r'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    memset(c, 0, sizeof *c);
    arena_init(&c->arena, (size_t)1 << 30);
    c->data = default_data();
    c->format = "text";
    int option;
    bool ok = true, help = false;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'd') c->data = optarg;
        else if (option == 'r') c->replace = true;
        else if (option == 'f') c->format = optarg;
        else if (option == 'h') help = true;
        else ok = false;
    }
    while (optind < argc && c->words < 2) c->word[c->words++] = argv[optind++];
    if (!help && ok && c->words == words && optind == argc) return true;
    fputs(usage, help ? stdout : stderr);
    *status = help ? 0 : 2;
    return false;
}

int stats_command(int argc, char **argv) {
    struct cli_options c;
    int status = 2;
    if (!read_options(&c, argc, argv, "usage: gradus stats [--data DIR]\n", 0, &status))
        return status;
    struct store *s = open_store(&c.arena, c.data, true);
    struct db *db = s ? store_reader(s) : NULL;
    if (db) {
        store_read_begin(db);
        struct stmt *q = db_query(db, SQL_server_counts, "");
        while (stmt_row(q))
            printf("%-24s %lld\n", stmt_text(q, 0, &c.arena), (long long)stmt_int(q, 1));
        status = stmt_end(q) == OK ? 0 : 2;
        store_read_end(db);
    }
    if (s) store_close(s, MS_SECOND);
    arena_release(&c.arena);
    return status;
}

static const char *how_long(struct arena *a, const struct keeping *k) {
    if (k->days > 0) return arena_printf(a, "%d days after %s", k->days, k->since);
    return k->days == KEPT_ALWAYS ? "always" : "while it is in use";
}

int keeping_command(int argc, char **argv) {
    struct cli_options c;
    int status = 0;
    if (!read_options(&c, argc, argv,
                      "usage: gradus keeping [--format text|json]\n\n"
                      "What is kept how long, by tables of the database, and why. A server deletes "
                      "the rest every hour.\n",
                      0, &status))
        return status;
    bool json = str_eq(c.format, "json");
    for (size_t i = 0; i < keeping_count; i++) {
        const struct keeping *k = &keepings[i];
        if (json)
            printf("%s{\"tables\":\"%s\",\"days\":%d,\"kept\":\"%s\",\"why\":\"%s\"}",
                   i ? ",\n " : "[", k->tables, k->days, how_long(&c.arena, k), k->why);
        else printf("%-18s %-28s %s\n", k->tables, how_long(&c.arena, k), k->why);
    }
    if (json) puts("]");
    arena_release(&c.arena);
    return 0;
}

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

int routes_command(int argc, char **argv) {
    struct cli_options c;
    int status = 0;
    if (!read_options(&c, argc, argv, "usage: gradus routes [--format text|json]\n", 0, &status))
        return status;
    bool json = str_eq(c.format, "json");
    if (json) puts("[");
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];
        const char *roles = r->roles == ROLE_PUBLIC ? "public"
                            : r->roles == ROLE_ANY  ? "any"
                                                    : account_roles_text(&c.arena, r->roles);
        const char *method = r->flags & ROUTE_METHODS ? "*" : method_names[r->method];
        if (json)
            printf("  {\"method\":\"%s\",\"path\":\"%s\",\"roles\":\"%s\","
                   "\"bearer\":%s,\"csrf\":%s}%s\n",
                   method, r->path, roles, r->flags & ROUTE_BEARER ? "true" : "false",
                   r->flags & (ROUTE_BEARER | ROUTE_NO_CSRF) || r->method == METHOD_GET ? "false"
                                                                                        : "true",
                   i + 1 < route_count ? "," : "");
        else
            printf("%-6s %-40s %s%s\n", method, r->path, roles,
                   r->flags & ROUTE_BEARER ? " (bearer token)" : "");
    }
    if (json) puts("]");
    arena_release(&c.arena);
    return 0;
}

int user_command(int argc, char **argv) {
    audit_signer_on_demand(cert_signer);
    return account_command(argc, argv, default_data());
}

int verify_command(int argc, char **argv) { return cert_verify_command(argc, argv); }

int key_command(int argc, char **argv) { return cert_key_command(argc, argv); }

int draw_command(int argc, char **argv) { return cert_draw_command(argc, argv); }

int lab_cli_command(int argc, char **argv) {
    return lab_command(argc - 1, argv + 1, default_root());
}
