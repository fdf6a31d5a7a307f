/* The plan of every query of the engine, printed; a scan of a table that allowed_scans.txt does
 * not list fails, and so does a line there that no query needs any more. Scans of subqueries and
 * constant rows are no scans of tables. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account/account.h"
#include "base/log.h"
#include "base/text.h"
#include "store/store.h"
#include "store/store_sql.h"

#define LIST "tests/unit/store/allowed_scans.txt"
#define LINES_MAX 500

static struct {
    char query[96], table[96];
    int line;
    bool used;
} allowed[LINES_MAX];
static int allowed_count, problems, identity_tables;

/* Lines are "query table: why this may be read whole". */
static void read_list(struct arena *a) {
    size_t len;
    char *text = file_read(a, LIST, 1 << 20, &len);
    assert_non_null(text);
    int number = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        number++;
        if (*line == '#') continue;
        char why[8];
        assert_true(allowed_count < LINES_MAX);
        if (sscanf(line, "%95s %95[^: ]: %7s", allowed[allowed_count].query,
                   allowed[allowed_count].table, why) != 3) {
            print_message("# " LIST ": not \"query table: reason\": %s\n", line);
            problems++;
        }
        allowed[allowed_count++].line = number;
    }
}

static bool listed(const char *query, const char *table) {
    for (int i = 0; i < allowed_count; i++)
        if (str_eq(allowed[i].query, query) && str_eq(allowed[i].table, table))
            return allowed[i].used = true;
    return false;
}

/* "MATERIALIZE x" and "CO-ROUTINE x" make the names that a later "SCAN x" reads. */
static bool made_by_query(const char *plan, const char *name) {
    char line[128];
    snprintf(line, sizeof line, "MATERIALIZE %s\n", name);
    if (strstr(plan, line)) return true;
    snprintf(line, sizeof line, "CO-ROUTINE %s\n", name);
    return strstr(plan, line) != NULL;
}

/* What names a person is kept until one of account_watched changes: it may come from no other
 * table. */
static void look_at_identity(const char *table) {
    /* Its newest row can only let a session last longer, and is asked for again a second later. */
    if (str_eq(table, "session_use")) return;
    const char *const *t = account_watched;
    while (*t && !str_eq(*t, table)) t++;
    identity_tables += *t != NULL;
    if (*t) return;
    print_message("# account_session reads %s, which account_watched does not name\n", table);
    problems++;
}

static void look(void *arg, const char *name, const char *sql, const char *plan) {
    (void)sql;
    ++*(int *)arg;
    size_t len;
    for (const char *at = plan; *at; at += len + (at[len] == '\n')) {
        char line[256] = {0}, table[96] = {0};
        len = strcspn(at, "\n");
        memcpy(line, at, len < sizeof line ? len : sizeof line - 1);
        print_message("# %-40s %s\n", name, line);
        bool reads = str_has_prefix(line, "SEARCH ") || str_has_prefix(line, "SCAN ");
        if (reads && str_eq(name, "account_session")) {
            sscanf(strchr(line, ' '), " %95s", table);
            look_at_identity(table);
        }
        if (!str_has_prefix(line, "SCAN ")) continue;
        sscanf(line + 5, "%95s", table);
        /* A full-text match is a look-up, although it is called a scan. */
        if (str_eq(table, "CONSTANT") || table[0] == '(' || made_by_query(plan, table) ||
            (strstr(line, "VIRTUAL TABLE INDEX") && !str_has_suffix(line, "INDEX 0:")) ||
            listed(name, table))
            continue;
        print_message(
            "# NOT LISTED: \"%s %s\" reads all of it. Add an index, or a line with the reason to " LIST
            "\n",
            name, table);
        problems++;
    }
}

static void no_query_scans_unlisted(void **state) {
    (void)state;
    log_threshold((enum log_level)(LOG_ERROR + 1));
    struct arena a;
    arena_init(&a, 16 * 1024 * 1024);
    char folder[] = "/tmp/gradus-plans-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(&a, "%s/p.db", folder), *why = NULL;
    read_list(&a);
    struct store *s = NULL;
    if (store_open(&s, &(struct store_options){.path = path}, &a, &why) != OK) fail_msg("%s", why);
    int seen = 0;
    assert_int_equal(store_plans(s, look, &seen), OK);
    assert_int_equal(seen, sql_text_count);
    assert_int_equal(identity_tables, 5);
    /* With all rooms built, each line of the list must be of use. */
    for (int i = 0; i < allowed_count; i++) {
        bool known = false;
        for (int k = 0; k < sql_text_count; k++)
            known = known || str_eq(sql_text_at(k)->name, allowed[i].query);
        if (!known || allowed[i].used) continue;
        print_message("# " LIST ": %s does not scan %s any more\n", allowed[i].query,
                      allowed[i].table);
        problems++;
    }
    assert_true(store_close(s, 1000));
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        unlink(arena_printf(&a, "%s%s", path, suffixes[i]));
    rmdir(folder);
    arena_release(&a);
    assert_int_equal(problems, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_query_scans_unlisted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
