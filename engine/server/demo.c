/* gradus demo: fills an empty data folder with an academy in use: staff, a cohort of thirty, and
 * what they did, through the same functions that serve real people, at moments in the past. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert.h"
#include "server/demo.h"
#include "server/server.h"

static const char usage[] =
    "usage: gradus demo [--data DIR] [--root DIR] [--origin URL] [--attempts N]\n"
    "\n"
    "Fills an empty data folder with a demo academy. Its passwords are public: it is served on "
    "this machine only.\n"
    "  --origin URL   where certificates will say that they are (default http://127.0.0.1:8080)\n"
    "  --attempts N   N more learners (candidate-1, …), each with an open attempt at the exam: for "
    "load tests\n";

static char *demo_path(struct arena *a, const char *data) {
    return arena_printf(a, "%s/demo.json", data);
}

/* The demo's first entry in the audit log marks the academy as a demo, whose passwords are public:
 * a copy of the database has it too, and it cannot be removed unnoticed. */
static const char mark_action[] = "demo.fill", mark_subject[] = "demo";

/* Whether the audit log has that entry; a log that cannot be read counts as one that has it. */
static bool marked(struct store *store, struct arena *a) {
    struct audit_row *rows;
    size_t count = 0;
    struct db *db = store_reader(store);
    if (!db) return true;
    store_read_begin(db);
    enum err e = audit_list(db, a, mark_subject, 0, 1, &rows, &count);
    store_read_end(db);
    return e != OK || (count && str_eq(rows[0].action, mark_action));
}

bool demo_present(const char *data, struct store *store) {
    struct arena a;
    arena_init(&a, 1024 * 1024);
    bool present = access(demo_path(&a, data), F_OK) == 0 || marked(store, &a);
    arena_release(&a);
    return present;
}

/* demo.json, NULL when it cannot be read. Arena. */
static json_t *read_demo(struct arena *a, const char *data) {
    size_t len = 0;
    const char *why;
    char *text = file_read(a, demo_path(a, data), 64 * 1024, &len);
    return text ? json_read(a, text, len, &why) : NULL;
}

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

void demo_print(const char *data, const char *origin) {
    struct arena a;
    arena_init(&a, 1024 * 1024);
    json_t *demo = read_demo(&a, data), *account, *certificate;
    const char *last = NULL;
    size_t i;
    json_array_foreach (json_object_get(demo, "accounts"), i, account)
        printf("  %-11s %s / %s\n", member(account, "role"), member(account, "login"),
               member(account, "password"));
    json_array_foreach (json_object_get(demo, "certificates"), i, certificate) {
        if (!str_eq(last, member(certificate, "state")))
            printf("  %-11s %s/certificates/%s\n", member(certificate, "state"), origin,
                   member(certificate, "number"));
        last = member(certificate, "state");
    }
    arena_release(&a);
}

void demo_accounts(struct arena *a, const char *data, struct view *v) {
    json_t *account;
    size_t i;
    struct view *list = view_list(v, "accounts");
    json_array_foreach (json_object_get(read_demo(a, data), "accounts"), i, account) {
        struct view *item = view_item(list);
        view_text(item, "role", member(account, "role"));
        view_text(item, "login", member(account, "login"));
        view_text(item, "password", member(account, "password"));
    }
}

/* ---- People ---------------------------------------------------------------------------------- */

static const char *email_of(struct arena *a, const char *login) {
    return arena_printf(a, "%s@demo.example", login);
}

static enum err add_staff(struct demo *d, struct db *db) {
    enum err e = OK;
    const char *id;
    for (size_t i = 0; e == OK && i < demo_staff_count; i++) {
        const struct demo_person *p = &demo_staff[i];
        e = account_add(db, d->arena, d->today_ms - 200 * MS_DAY, "system", p->login, p->name,
                        email_of(d->arena, p->login), p->roles, d->hash, &id);
        d->staff[i] = id;
    }
    return e;
}

static enum err add_cohort(struct demo *d, struct db *db) {
    const char *spring, *autumn;
    enum err e = account_cohort_add(db, d->arena, d->today_ms - 150 * MS_DAY, "system",
                                    "Associate, summer", "mops", &spring);
    if (e == OK)
        e = account_cohort_add(db, d->arena, d->today_ms - 70 * MS_DAY, "system",
                               "Associate, autumn", "mops", &autumn);
    if (e == OK)
        e = account_cohort_join(db, d->arena, d->today_ms - 150 * MS_DAY, "system", spring,
                                d->staff[DEMO_INSTRUCTOR], true);
    if (e == OK)
        e = account_cohort_join(db, d->arena, d->today_ms - 70 * MS_DAY, "system", autumn,
                                d->staff[DEMO_INSTRUCTOR], true);
    if (e == OK)
        e = account_cohort_join(db, d->arena, d->today_ms - 150 * MS_DAY, "system", spring,
                                d->staff[DEMO_TEACHING_ASSESSOR], true);
    for (size_t i = 0; e == OK && i < demo_learner_count; i++) {
        const struct demo_learner *l = &demo_learners[i];
        int64_t joined = d->today_ms - l->joined_days * MS_DAY;
        e = account_add(db, d->arena, joined, "system", l->login, l->name,
                        email_of(d->arena, l->login), ROLE_LEARNER, d->hash, &d->learner[i]);
        if (e == OK)
            e = account_cohort_join(db, d->arena, joined, "system",
                                    l->joined_days > 70 ? spring : autumn, d->learner[i], false);
    }
    return e;
}

static enum err add_people(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    (void)now_ms;
    struct demo *d = arg;
    enum err e = audit_append(db, d->arena, d->today_ms - 200 * MS_DAY, "system", mark_action,
                              mark_subject, NULL);
    if (e == OK) e = add_staff(d, db);
    return e == OK ? add_cohort(d, db) : e;
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool write_accounts(struct demo *d) {
    static const struct {
        const char *role, *login;
    } shown[] = {{"learner", "learner"},
                 {"instructor", "instructor"},
                 {"assessor", "assessor"},
                 {"admin", "admin"}};
    json_t *demo = json_adopt(d->arena, json_object()), *accounts = json_array();
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        json_array_append_new(accounts, json_pack("{s:s,s:s,s:s}", "role", shown[i].role, "login",
                                                  shown[i].login, "password", DEMO_PASSWORD));
    json_object_set_new(demo, "accounts", accounts);
    json_t *certificates = json_array();
    static const char *const states[] = {"certified", "revoked"};
    for (size_t n = 0; n < COUNT_OF(states) * d->certificate_count; n++) {
        size_t i = n % d->certificate_count;
        if (!str_eq(d->certificate[i].state, states[n / d->certificate_count])) continue;
        json_array_append_new(
            certificates, json_pack("{s:s,s:s,s:s}", "state", d->certificate[i].state, "number",
                                    d->certificate[i].number, "login", d->certificate[i].login));
    }
    json_object_set_new(demo, "certificates", certificates);
    char *text = json_text(d->arena, demo);
    return file_write(demo_path(d->arena, d->app.data), text, strlen(text), 0600);
}

static int fail(const char *what, const char *why) {
    fprintf(stderr, "gradus demo: %s: %s\n", what, why);
    return 2;
}

static int fill(struct demo *d) {
    d->hash = account_hash(d->arena, DEMO_PASSWORD);
    if (!d->hash) return fail("passwords", "not enough memory");
    enum err e = store_write(d->app.store, add_people, d, d->arena);
    if (e != OK) return fail("people", err_name(e));
    const char *step = "";
    e = demo_history(d, &step);
    if (e != OK) return fail(step, err_name(e));
    e = demo_crowd(d);
    if (e != OK) return fail("candidates", err_name(e));
    return write_accounts(d) ? 0 : fail("demo.json", strerror(errno));
}

static bool read_options(struct demo *d, int argc, char **argv, int *status) {
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},   {"root", required_argument, NULL, 'r'},
        {"origin", required_argument, NULL, 'o'}, {"attempts", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},         {0}};
    int option;
    *status = 2;
    d->app.data = default_data();
    d->app.root = default_root();
    d->app.origin = "http://127.0.0.1:8080";
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'd') d->app.data = optarg;
        else if (option == 'r') d->app.root = optarg;
        else if (option == 'o') d->app.origin = optarg;
        else if (option == 'a' && parse_i64(optarg, 0, 100000, &d->extra_attempts)) continue;
        else {
            if (option == 'h') *status = 0;
            fputs(usage, option == 'h' ? stdout : stderr);
            return false;
        }
    }
    const char *problem = cert_origin_problem(d->app.origin);
    if (problem)
        fprintf(stderr, "gradus demo: --origin “%s” cannot be a public address: %s\n",
                d->app.origin, problem);
    return !problem;
}

int demo_command(int argc, char **argv) {
    struct arena arena, work;
    arena_init(&arena, (size_t)1 << 31);
    arena_init(&work, (size_t)1 << 31);
    struct demo d = {.arena = &arena, .today_ms = clock_now_ms()};
    int status;
    if (!read_options(&d, argc, argv, &status)) return status;
    umask(0077);
    if (mkdir(d.app.data, 0700) != 0 && errno != EEXIST) return fail(d.app.data, strerror(errno));
    if (access(arena_printf(&arena, "%s/gradus.db", d.app.data), F_OK) == 0) {
        fprintf(stderr, "gradus demo: %s holds an academy already; nothing was changed\n",
                d.app.data);
        return 2;
    }
    bool opened = demo_open(&d);
    d.arena = &work;
    status = opened ? fill(&d) : 2;
    arena_release(
        &work); /* it may refer to memory of the rooms, and so goes before they are closed */
    demo_close(&d);
    if (status == 0) {
        printf("%s holds a demo academy of %zu learners. Who can sign in, and certificates:\n",
               d.app.data, demo_learner_count);
        demo_print(d.app.data, d.app.origin);
    }
    arena_release(&arena);
    return status;
}
