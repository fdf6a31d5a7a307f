/* gradus user add|list|reset|import */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "account/account_factor.h"
#include "account/account_import.h"
#include "account/account_private.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"

static const char usage[] =
    "usage: gradus user add LOGIN --name NAME --email ADDRESS [--roles learner,…] "
    "[--password-stdin]\n"
    "       gradus user list [PART]\n"
    "       gradus user reset LOGIN [--password-stdin] [--second-factor]\n"
    "       gradus user import FILE.csv [--update] [--commit]\n"
    "\n"
    "All take --data DIR. A new password is made and printed unless one line of standard input "
    "gives it. Its owner has to choose\n"
    "another one at the first sign-in, unless it is the owner who types it: --own-password-stdin.\n"
    "reset --second-factor also ends the second factor, for somebody who has lost the telephone "
    "and the codes.\n"
    "LOGIN may be the email address of somebody who is there already; its case does not matter.\n"
    "\n"
    "import reads a table with the columns login, name (or first name and last name), email and, "
    "if you like, roles\n"
    "(separated by blanks or commas; without them new people are learners). Commas, semicolons or "
    "tabs between\n"
    "cells, UTF-8 or UTF-16; other columns are named and not used. With --update people who are "
    "there already get\n"
    "the name, address and roles of the file; without it they are refused. Without --commit it "
    "only checks and says\n"
    "what it would do. It does all rows or none.\n";

struct command {
    struct arena *arena;
    struct store *store;
    const char *subject, *name, *email, *roles_text, *password;
    unsigned roles;
    bool password_stdin, chosen, factor, commit, update;
    char *hash;
    const char *id;
};

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("gradus user: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 2;
}

static bool read_password(struct command *c, const char *login) {
    static char line[1024];
    if (!c->password_stdin) c->password = account_random_password(c->arena);
    else {
        if (!fgets(line, sizeof line, stdin)) return fail("no password on standard input"), false;
        line[strcspn(line, "\r\n")] = '\0';
        c->password = line;
    }
    /* A password that we made may contain a short login by chance. */
    const struct account_problem *problem = c->password_stdin
                                                ? account_password_problem(c->password, login)
                                                : NULL;
    if (problem) return fail("%s", account_problem_english(c->arena, problem)), false;
    c->hash = account_hash(c->arena, c->password);
    return c->hash ? true : (fail("not enough memory to hash the password"), false);
}

/* ---- add, reset ----------------------------------------------------------------------------- */

static enum err add_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct command *c = arg;
    enum err e = account_add(db, a, now_ms, "system", c->subject, c->name, c->email, c->roles,
                             c->hash, &c->id);
    return e == OK && !c->chosen ? account_password_issued(db, c->id) : e;
}

static int taken(struct command *c) {
    struct db *db = store_reader(c->store);
    struct person other;
    if (!db) return fail("the database cannot be read");
    store_read_begin(db);
    bool login = account_taken(db, c->arena, c->subject, NULL, NULL, &other) == OK;
    bool email = !login && account_taken(db, c->arena, NULL, c->email, NULL, &other) == OK;
    store_read_end(db);
    if (login) return fail("the user name “%s” is taken", c->subject);
    if (email) return fail("the address “%s” belongs to “%s” already", c->email, other.login);
    return fail("could not be saved; nothing was changed");
}

static int add(struct command *c) {
    const struct account_problem *problem = account_person_problem(c->arena, c->subject, c->name,
                                                                   c->email);
    if (problem) return fail("%s", account_problem_english(c->arena, problem));
    c->subject = account_login_clean(c->arena, c->subject);
    if (!account_roles_parse(c->roles_text, &c->roles))
        return fail("roles are learner, instructor, assessor, admin, separated by commas");
    if (!read_password(c, c->subject)) return 2;
    enum err e = store_write(c->store, add_job, c, c->arena);
    if (e == ERR_CONFLICT) return taken(c);
    if (e != OK) return fail("could not be saved (%s); nothing was changed", err_name(e));
    printf("added %s (%s)\n", c->subject, c->id);
    if (!c->password_stdin) printf("password: %s\n", c->password);
    return 0;
}

static enum err reset_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct command *c = arg;
    struct person p;
    enum err e = account_find_login(db, a, c->subject, &p);
    if (e == OK) e = account_set_password(db, a, now_ms, "system", p.id, c->hash);
    if (e == OK && !c->chosen) e = account_password_issued(db, p.id);
    if (e == OK && c->factor) e = factor_end(db, a, now_ms, "system", p.id);
    return e == OK ? db_run(db, SQL_account_sessions_end, "tit", p.id, now_ms, "") : e;
}

static int reset(struct command *c) {
    if (!read_password(c, c->subject)) return 2;
    enum err e = store_write(c->store, reset_job, c, c->arena);
    if (e == ERR_NOT_FOUND) return fail("nobody has the user name “%s”", c->subject);
    if (e != OK) return fail("could not be saved (%s); nothing was changed", err_name(e));
    printf("password of %s is new, all sessions ended\n", c->subject);
    if (!c->password_stdin) printf("password: %s\n", c->password);
    return 0;
}

/* ---- list ----------------------------------------------------------------------------------- */

/* How many columns of a terminal a text takes: combining marks none, wide East Asian characters
 * two. */
static int columns_of(const char *text) {
    int columns = 0;
    for (int32_t i = 0, len = (int32_t)strlen(text); i < len;) {
        UChar32 c;
        U8_NEXT(text, i, len, c);
        int type = c < 0 ? 0 : u_charType(c);
        int width = c < 0 ? 0 : u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
        bool none = type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR;
        columns += none ? 0 : width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
    }
    return columns;
}

static void put_cell(const char *text, int columns) {
    int blanks = columns - columns_of(text);
    printf("%s%*s", text, (blanks > 0 ? blanks : 0) + 1, "");
}

static int list(struct command *c) {
    if (c->subject && find_fill(c->store, &account_word_index) != OK)
        return fail("the words by which people are found cannot be stored");
    struct db *db = store_reader(c->store);
    if (!db) return fail("the database cannot be read");
    store_read_begin(db);
    struct people people = {0};
    size_t total = 0;
    enum err e = OK;
    do {
        e = account_list(db, c->arena, c->subject, people.next, 500, &people);
        for (size_t i = 0; e == OK && i < people.count; i++) {
            const struct person *p = &people.list[i];
            put_cell(p->login, 20);
            put_cell(p->name, 30);
            put_cell(p->email, 32);
            printf("%s%s\n", account_roles_text(c->arena, p->roles),
                   p->deactivated_ms ? " (deactivated)" : "");
        }
        total += people.count;
    } while (e == OK && people.next);
    store_read_end(db);
    return e != OK ? fail("the database cannot be read") : total ? 0 : 1;
}

/* ---- import --------------------------------------------------------------------------------- */

/* An import with the command that runs it. */
struct importing {
    struct command *command;
    struct import import;
};

static enum err import_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct importing *x = arg;
    (void)a;
    size_t before = x->import.finding_count;
    enum err e = import_plan(&x->import, db);
    if (e == OK && x->import.finding_count > before) return ERR_CONFLICT;
    return e == OK ? import_apply(&x->import, db, now_ms, "system") : e;
}

static void tell_findings(const struct importing *x) {
    bool taken = false;
    for (size_t i = 0; i < x->import.finding_count; i++) {
        const struct import_finding *f = &x->import.findings[i];
        fprintf(stderr, "%s:%d:1: %s: %s [import]\n", x->command->subject, f->line,
                f->warning ? "warning" : "error",
                account_english(x->command->arena, f->key, f->found, f->expected, f->other_line));
        taken = taken || str_eq(f->key, "import_login_taken");
    }
    if (taken && !x->command->update)
        fputs("people who are there already are changed with --update\n", stderr);
}

static const char *people(struct arena *a, size_t n) {
    return n == 1 ? "1 person" : arena_printf(a, "%zu people", n);
}

/* "2 people would be added and 1 person changed, 3 people stay as they are" */
static const char *summary(const struct importing *x, const char *verb) {
    struct arena *a = x->command->arena;
    struct buf b;
    buf_init(&b, a);
    const struct import *i = &x->import;
    if (i->added || (!i->updated && !i->same))
        buf_printf(&b, "%s%s added", people(a, i->added), verb);
    if (i->updated)
        buf_printf(&b, "%s%s%s changed", b.len ? ", " : "", people(a, i->updated), verb);
    if (i->same)
        buf_printf(&b, "%s%s stay%s as before", b.len ? ", " : "", people(a, i->same),
                   i->same == 1 ? "s" : "");
    return buf_text(&b);
}

static int plan(struct importing *x) {
    struct command *c = x->command;
    size_t len;
    const char *bytes = file_read(c->arena, c->subject, 64 * 1024 * 1024, &len);
    if (!bytes) return fail("%s cannot be read: %s", c->subject, strerror(errno));
    x->import = (struct import){.arena = c->arena, .update = c->update};
    import_read(&x->import, bytes, len, IMPORT_ROWS);
    struct db *db = store_reader(c->store);
    if (!db) return fail("the database cannot be read");
    store_read_begin(db);
    enum err e = import_plan(&x->import, db);
    store_read_end(db);
    if (e != OK) return fail("the database cannot be read");
    tell_findings(x);
    size_t faulty = x->import.faulty;
    if (faulty == SIZE_MAX)
        fprintf(stderr, "the file cannot be read as a list of people; nobody was added\n");
    else if (faulty)
        fprintf(stderr, "%zu row%s; nobody was added%s\n", faulty,
                faulty == 1 ? " has problems" : "s have problems", c->update ? " or changed" : "");
    return faulty ? 1 : 0;
}

static int import(struct command *c) {
    struct importing x = {.command = c};
    int status = plan(&x);
    if (status != 0) return status;
    if (!c->commit) {
        printf("%s; run again with --commit to do it\n", summary(&x, " would be"));
        return 0;
    }
    for (size_t i = 0; i < x.import.count; i++) {
        struct import_row *row = &x.import.rows[i];
        if (row->action != IMPORT_ADD) continue;
        row->password = account_random_password(c->arena);
        row->hash = account_hash_issued(c->arena, row->password);
        if (!row->hash) return fail("not enough memory to hash the passwords");
    }
    enum err e = store_write(c->store, import_job, &x, c->arena);
    if (e == ERR_CONFLICT)
        return fail("something else changed meanwhile, or no administrator would be left; nothing "
                    "was changed. Run the check again");
    if (e != OK) return fail("could not be saved (%s); nothing was changed", err_name(e));
    for (size_t i = 0; i < x.import.count; i++)
        if (x.import.rows[i].action == IMPORT_ADD)
            printf("%s,%s\n", x.import.rows[i].login, x.import.rows[i].password);
    fprintf(stderr, "%s%s\n", summary(&x, ""),
            x.import.added ? "; logins and passwords are on standard output" : "");
    return 0;
}

/* ---- The command ---------------------------------------------------------------------------- */

static int dispatch(struct command *c, const char *verb) {
    if (str_eq(verb, "list")) return list(c);
    if (str_eq(verb, "add")) return add(c);
    if (str_eq(verb, "reset")) return reset(c);
    if (str_eq(verb, "import")) return import(c);
    return fputs(usage, stderr), 2;
}

int account_command(int argc, char **argv, const char *data) {
    static const struct option options[] = {{"name", required_argument, NULL, 'n'},
                                            {"email", required_argument, NULL, 'e'},
                                            {"roles", required_argument, NULL, 'r'},
                                            {"password-stdin", no_argument, NULL, 'p'},
                                            {"own-password-stdin", no_argument, NULL, 'o'},
                                            {"second-factor", no_argument, NULL, 'f'},
                                            {"commit", no_argument, NULL, 'c'},
                                            {"update", no_argument, NULL, 'u'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct arena arena;
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    struct command c = {.arena = &arena, .roles_text = "learner"};
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'n') c.name = optarg;
        else if (option == 'e') c.email = optarg;
        else if (option == 'r') c.roles_text = optarg;
        else if (option == 'p') c.password_stdin = true;
        else if (option == 'o') c.password_stdin = c.chosen = true;
        else if (option == 'f') c.factor = true;
        else if (option == 'c') c.commit = true;
        else if (option == 'u') c.update = true;
        else if (option == 'd') data = optarg;
        else if (option == 'h') return fputs(usage, stdout), 0;
        else return fputs(usage, stderr), 2;
    }
    const char *verb = optind < argc ? argv[optind] : NULL, *why = "";
    if (!verb) return fputs(usage, stderr), 2;
    c.subject = optind + 1 < argc ? argv[optind + 1] : NULL;
    if (!c.subject && !str_eq(verb, "list")) return fputs(usage, stderr), 2;
    /* Only `add` begins an academy: elsewhere a mistyped folder would become one. */
    bool begins = str_eq(verb, "add");
    if (begins && mkdir(data, 0700) != 0 && errno != EEXIST)
        return fail("the folder %s cannot be made: %s", data, strerror(errno));
    umask(0077);
    struct store_options how = {.path = arena_printf(&arena, "%s/gradus.db", data),
                                .must_exist = !begins};
    bool open = audit_open(&c.store, &how, &arena, &why) == OK;
    int status = open ? dispatch(&c, verb) : fail("%s", why);
    store_close(c.store, 10 * MS_SECOND);
    arena_release(&arena);
    return status;
}
