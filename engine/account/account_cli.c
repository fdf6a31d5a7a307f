/* gradus user add|list|reset|import */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "account/account_private.h"
#include "base/clock.h"
#include "base/text.h"

static const char usage[] =
    "usage: gradus user add LOGIN --name NAME --email ADDRESS [--roles learner,…] [--password-stdin]\n"
    "       gradus user list [PART]\n"
    "       gradus user reset LOGIN [--password-stdin]\n"
    "       gradus user import FILE.csv [--commit]\n"
    "\n"
    "All take --data DIR. A new password is made and printed unless one line of standard input gives it.\n"
    "import reads the columns login, name, email, roles (separated by spaces); without --commit it only\n"
    "checks and says what it would do. It adds all rows or none.\n";

struct command {
    struct arena *arena;
    struct store *store;
    const char *subject, *name, *email, *roles_text, *password;
    unsigned roles;
    bool password_stdin, commit;
    char *hash;
    const char *id;
};

#define DIGITS(n) #n
#define AS_TEXT(n) DIGITS(n)

/* The command line has no catalogue at hand, and speaks English: what the rules say, and sentences as they are. */
static const char *in_english(const char *problem) {
    static const struct {
        const char *problem, *sentence;
    } sentences[] = {
        {"account_problem_login",
         "The login must be " AS_TEXT(ACCOUNT_LOGIN_MIN) " to " AS_TEXT(
             ACCOUNT_LOGIN_MAX) " lower-case letters, digits, dots, hyphens or underscores."},
        {"account_problem_no_name", "The name is missing."},
        {"account_problem_name_hidden", "The name holds characters that cannot be printed."},
        {"account_problem_name_long",
         "The name is longer than " AS_TEXT(ACCOUNT_NAME_LIMIT) " characters."},
        {"account_problem_email", "The e-mail address is not valid."},
        {"account_problem_password_short",
         "The password needs at least " AS_TEXT(
             ACCOUNT_PASSWORD_MIN) " characters. Four unrelated words make a good one."},
        {"account_problem_password_long",
         "The password is longer than " AS_TEXT(ACCOUNT_PASSWORD_MAX) " characters."},
        {"account_problem_password_login", "The password may not contain the login."},
        {"account_problem_password_common",
         "This password is on every list of common passwords. Choose another."},
        {"account_problem_password_repeated",
         "The password is one character repeated. Choose another."},
    };
    for (size_t i = 0; i < COUNT_OF(sentences); i++)
        if (str_eq(sentences[i].problem, problem)) return sentences[i].sentence;
    return problem;
}

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
    const char *problem = account_password_problem(c->password, login);
    if (problem) return fail("%s", in_english(problem)), false;
    c->hash = account_hash(c->arena, c->password);
    return c->hash ? true : (fail("not enough memory to hash the password"), false);
}

/* ---- add, reset -------------------------------------------------------------------------------- */

static enum err add_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct command *c = arg;
    return account_add(db, a, now_ms, "system", c->subject, c->name, c->email, c->roles, c->hash,
                       &c->id);
}

static int add(struct command *c) {
    const char *problem = account_person_problem(c->arena, c->subject, c->name, c->email);
    if (problem) return fail("%s", in_english(problem));
    if (!account_roles_parse(c->roles_text, &c->roles))
        return fail("roles are learner, instructor, assessor, admin, separated by commas");
    if (!read_password(c, c->subject)) return 2;
    enum err e = store_write(c->store, add_job, c, c->arena);
    if (e == ERR_CONFLICT) return fail("the login “%s” is taken", c->subject);
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
    return e == OK ? db_run(db, SQL_account_sessions_end, "tit", p.id, now_ms, "") : e;
}

static int reset(struct command *c) {
    if (!read_password(c, c->subject)) return 2;
    enum err e = store_write(c->store, reset_job, c, c->arena);
    if (e == ERR_NOT_FOUND) return fail("nobody has the login “%s”", c->subject);
    if (e != OK) return fail("could not be saved (%s); nothing was changed", err_name(e));
    printf("password of %s is new, all sessions ended\n", c->subject);
    if (!c->password_stdin) printf("password: %s\n", c->password);
    return 0;
}

/* ---- list -------------------------------------------------------------------------------------- */

static int list(struct command *c) {
    struct db *db = store_reader(c->store);
    if (!db) return fail("the database cannot be read");
    store_read_begin(db);
    struct person *people;
    size_t count = 0, total = 0;
    enum err e = OK;
    for (int offset = 0; e == OK && (offset == 0 || count == 500); offset += 500) {
        e = account_list(db, c->arena, c->subject, 500, offset, &people, &count);
        for (size_t i = 0; e == OK && i < count; i++)
            printf("%-20s %-30s %-32s %s%s\n", people[i].login, people[i].name, people[i].email,
                   account_roles_text(c->arena, people[i].roles),
                   people[i].deactivated_ms ? " (deactivated)" : "");
        total += count;
    }
    store_read_end(db);
    return e != OK ? fail("the database cannot be read") : total ? 0 : 1;
}

/* ---- import ------------------------------------------------------------------------------------ */

enum { LOGIN, NAME, EMAIL, ROLES, COLUMNS };
static const char *const column_names[COLUMNS] = {"login", "name", "email", "roles"};

struct import {
    struct command *command;
    struct db *db;
    int column[COLUMNS]; /* where each stands in a row */
    size_t cells;        /* of the first row */
    struct import_row {
        const char *login, *name, *email;
        unsigned roles;
        char *hash, *password;
        int line;
    } * rows;
    size_t count; /* all that are rows, with faults or without */
    size_t faulty;
};

static enum err import_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct import *x = arg;
    enum err e = OK;
    const char *id;
    for (size_t i = 0; e == OK && i < x->count; i++) {
        struct import_row *row = &x->rows[i];
        e = account_add(db, a, now_ms, "system", row->login, row->name, row->email, row->roles,
                        row->hash, &id);
    }
    return e;
}

/* Where each wanted column stands in the first row; false when one is missing. */
static bool find_columns(struct import *x, const struct csv_row *head) {
    x->cells = head->count;
    for (int i = 0; i < COLUMNS; i++) {
        x->column[i] = -1;
        for (size_t j = 0; j < head->count; j++)
            if (str_eq(str_trim(x->command->arena, head->cells[j]), column_names[i]))
                x->column[i] = (int)j;
        if (x->column[i] < 0) return false;
    }
    return true;
}

static bool fault(const struct import *x, int line, const char *problem) {
    if (problem)
        fprintf(stderr, "%s:%d:1: error: %s [import]\n", x->command->subject, line,
                in_english(problem));
    return problem != NULL;
}

/* Each for itself, so that all faults of a row are told: the rest is taken to be good. */
static bool faults_of_person(const struct import *x, const struct import_row *row) {
    struct arena *a = x->command->arena;
    static const char login[] = "login", name[] = "Name", email[] = "name@example.org";
    bool faults = false;
    if (row->login)
        faults |= fault(x, row->line, account_person_problem(a, row->login, name, email));
    if (row->name)
        faults |= fault(x, row->line, account_person_problem(a, login, row->name, email));
    if (row->email)
        faults |= fault(x, row->line, account_person_problem(a, login, name, row->email));
    return faults;
}

static const char *login_taken(const struct import *x, const char *login) {
    struct arena *a = x->command->arena;
    for (size_t i = 0; i < x->count; i++)
        if (str_eq(x->rows[i].login, login))
            return arena_printf(a, "the login “%s” stands in line %d already", login,
                                x->rows[i].line);
    struct person taken;
    enum err e = account_find_login(x->db, a, login, &taken);
    if (e == ERR_NOT_FOUND) return NULL;
    return e == OK ? arena_printf(a, "the login “%s” is taken", login)
                   : "the database cannot be read";
}

/* Tells every fault of the row; true when there is one. */
static bool take_row(struct import *x, const struct csv_row *row) {
    struct arena *a = x->command->arena;
    if (fault(x, row->line, row->problem)) return true;
    bool faults = false;
    const char *cell[COLUMNS] = {NULL};
    for (int i = 0; i < COLUMNS; i++)
        if ((size_t)x->column[i] < row->count) cell[i] = str_trim(a, row->cells[x->column[i]]);
        else
            faults |= fault(x, row->line,
                            arena_printf(a, "the row has no cell for “%s”", column_names[i]));
    for (size_t i = x->cells; i < row->count; i++)
        if (*str_trim(a, row->cells[i])) {
            faults |= fault(x, row->line,
                            "the row has more cells than the first one: a comma in a cell needs "
                            "quotes around the cell");
            break;
        }
    struct import_row *out = &x->rows[x->count];
    *out = (struct import_row){
        .login = cell[LOGIN], .name = cell[NAME], .email = cell[EMAIL], .line = row->line};
    faults |= faults_of_person(x, out);
    if (cell[ROLES]) {
        char *roles = arena_dup(a, cell[ROLES]);
        for (char *p = roles; *p; p++)
            if (*p == ' ' || *p == ';') *p = ',';
        if (!account_roles_parse(*roles ? roles : "learner", &out->roles))
            faults |= fault(x, row->line, "roles are learner, instructor, assessor, admin");
    }
    if (out->login && *out->login) faults |= fault(x, row->line, login_taken(x, out->login));
    x->count++;
    return faults;
}

/* The rows of the file as people to add; the exit status, 0 when all of them are good. */
static int read_people(struct import *x) {
    struct command *c = x->command;
    size_t len, count;
    struct csv_row *rows;
    char *text = file_read(c->arena, c->subject, 64 * 1024 * 1024, &len);
    if (!text) return fail("%s cannot be read: %s", c->subject, strerror(errno));
    if (csv_parse(c->arena, text, len, &rows, &count) != OK)
        return fail("%s has more than %d rows", c->subject, CSV_ROWS);
    if (count && fault(x, rows[0].line, rows[0].problem)) return 1;
    if (count == 0 || !find_columns(x, &rows[0]))
        return fail("the first row must name the columns login, name, email, roles");
    x->db = store_reader(c->store);
    if (!x->db) return fail("the database cannot be read");
    x->rows = NEW_ARRAY(c->arena, struct import_row, count);
    store_read_begin(x->db);
    for (size_t i = 1; i < count; i++) x->faulty += take_row(x, &rows[i]);
    store_read_end(x->db);
    if (x->faulty)
        fprintf(stderr,
                x->faulty == 1 ? "%zu row has problems; nobody was added\n"
                               : "%zu rows have problems; nobody was added\n",
                x->faulty);
    return x->faulty ? 1 : 0;
}

static int import(struct command *c) {
    struct import x = {.command = c};
    int status = read_people(&x);
    if (status != 0) return status;
    const char *people = x.count == 1 ? "1 person" : arena_printf(c->arena, "%zu people", x.count);
    if (!c->commit) {
        printf("%s would be added; run again with --commit to do it\n", people);
        return 0;
    }
    for (size_t i = 0; i < x.count; i++) {
        x.rows[i].password = account_random_password(c->arena);
        x.rows[i].hash = account_hash(c->arena, x.rows[i].password);
        if (!x.rows[i].hash) return fail("not enough memory to hash the passwords");
    }
    enum err e = store_write(c->store, import_job, &x, c->arena);
    if (e != OK) return fail("could not be saved (%s); nobody was added", err_name(e));
    for (size_t i = 0; i < x.count; i++) printf("%s,%s\n", x.rows[i].login, x.rows[i].password);
    fprintf(stderr, "%s added; logins and passwords are on standard output\n", people);
    return 0;
}

/* ---- The command ------------------------------------------------------------------------------- */

static int dispatch(struct command *c, const char *verb) {
    if (str_eq(verb, "list")) return list(c);
    if (str_eq(verb, "add")) return add(c);
    if (str_eq(verb, "reset")) return reset(c);
    if (str_eq(verb, "import")) return import(c);
    return fputs(usage, stderr), 2;
}

int account_command(int argc, char **argv, const char *data) {
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'},  {"email", required_argument, NULL, 'e'},
        {"roles", required_argument, NULL, 'r'}, {"password-stdin", no_argument, NULL, 'p'},
        {"commit", no_argument, NULL, 'c'},      {"data", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},        {0}};
    struct arena arena;
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    struct command c = {.arena = &arena, .roles_text = "learner"};
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'n') c.name = optarg;
        else if (option == 'e') c.email = optarg;
        else if (option == 'r') c.roles_text = optarg;
        else if (option == 'p') c.password_stdin = true;
        else if (option == 'c') c.commit = true;
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
    bool open = store_open(&c.store, &how, &arena, &why) == OK;
    int status = open ? dispatch(&c, verb) : fail("%s", why);
    store_close(c.store, 10 * MS_SECOND);
    arena_release(&arena);
    return status;
}
