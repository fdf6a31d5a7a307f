/* People, roles, cohorts, second factors and guesses in a real store: what is kept of each, what
 * the log and the records say of each other, and what a disk that fails is told as. */
#include "unit/account/fixture.h"

#include <unistd.h>

#include "account/account_factor.h"
#include "account/account_import.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/log.h"
#include "base/text.h"
#include "unit/store/failing_step.h"
#include "unit/store/tampered.h"

#define NOW (INT64_C(1000) * MS_DAY)

static struct store *store;
static char folder[64];
static const char *ana, *bo, *boss;

static enum err at_now(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct failing_job *f = arg;
    (void)now_ms;
    return f->run(db, a, f->arg, f->now_ms);
}

static enum err job(write_fn run, void *arg, int64_t now_ms) {
    struct failing_job f = {.run = run, .arg = arg, .now_ms = now_ms};
    return store_write(store, at_now, &f, &arena);
}

/* Each of its steps fails once, then it comes through. */
static void each_step(write_fn run, void *arg, size_t size, int64_t now_ms) {
    assert_true(fail_each_step(store, &arena, run, arg, size, now_ms) > 0);
}

/* ---- Jobs with their arguments ----------------------------------------------------------------
 */
struct adding {
    const char *login, *name, *email, *hash, *id;
    unsigned roles;
};

static enum err add(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct adding *x = arg;
    return account_add(db, a, now_ms, "system", x->login, x->name, x->email, x->roles, x->hash,
                       &x->id);
}

struct about {
    const char *actor, *person, *text, *other;
    unsigned roles;
    bool flag, *out;
    struct person was;
};

static enum err set_roles(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct about *x = arg;
    return account_set_roles(db, a, now_ms, x->actor, x->person, x->roles);
}

static enum err set_password(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct about *x = arg;
    return account_set_password(db, a, now_ms, x->actor, x->person, x->text);
}

static enum err set_fields(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct about *x = arg;
    return account_set_fields(db, a, now_ms, x->actor, &x->was, x->text, x->other);
}

static enum err cohort_add(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct about *x = arg;
    return account_cohort_add(db, a, now_ms, x->actor, x->text, "p", &x->other);
}

static enum err join(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct about *x = arg;
    return account_cohort_join(db, a, now_ms, x->actor, x->other, x->person, x->flag);
}

static enum err leave(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct about *x = arg;
    return account_cohort_leave(db, a, now_ms, x->actor, x->other, x->person, x->flag);
}

static const char *add_person(const char *login, const char *name, unsigned roles,
                              const char *hash) {
    struct adding x = {.login = login,
                       .name = name,
                       .email = arena_printf(&arena, "%s@example.org", login),
                       .hash = hash,
                       .roles = roles};
    each_step(add, &x, sizeof x, NOW);
    return x.id;
}

static int open_all(void **state) {
    const char *why = "";
    setup(state);
    log_threshold(LOG_ERROR + 1);
    snprintf(folder, sizeof folder, "/tmp/gradus-account-XXXXXX");
    assert_non_null(mkdtemp(folder));
    struct store_options options = {.path = arena_printf(&arena, "%s/gradus.db", folder)};
    if (store_open(&store, &options, &arena, &why) != OK) fail_msg("%s", why);
    ana = add_person("ana", "Ana Ruiz", ROLE_LEARNER, "hash of ana");
    bo = add_person("bo", "Bo", ROLE_INSTRUCTOR | ROLE_ASSESSOR, NULL);
    boss = add_person("boss", "Boss", ROLE_ADMIN, NULL);
    return 0;
}

static int close_all(void **state) {
    store_close(store, 5000);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? teardown(state) : -1;
}

static struct db *reading(void) {
    struct db *db = store_reader(store);
    store_read_begin(db);
    return db;
}

static struct person found(const char *id) {
    struct person p;
    struct db *db = reading();
    assert_int_equal(account_find(db, &arena, id, &p), OK);
    store_read_end(db);
    return p;
}

/* "actor action detail" of the newest row about somebody. */
static const char *logged(const char *subject) {
    struct audit_row *rows;
    size_t count;
    struct db *db = reading();
    assert_int_equal(audit_list(db, &arena, subject, 0, 1, &rows, &count), OK);
    store_read_end(db);
    assert_int_equal(count, 1);
    return arena_printf(&arena, "%s %s %s", rows[0].actor, rows[0].action,
                        rows[0].detail ? rows[0].detail : "-");
}

/* ---- People -----------------------------------------------------------------------------------
 */
static void test_people(void **state) {
    (void)state;
    struct person p = found(ana);
    assert_string_equal(p.id, ana);
    assert_string_equal(p.login, "ana");
    assert_string_equal(p.name, "Ana Ruiz");
    assert_string_equal(p.email, "ana@example.org");
    assert_null(p.locale);
    assert_int_equal(p.roles, ROLE_LEARNER);
    assert_true(p.created_ms == NOW && p.deactivated_ms == 0);
    assert_int_equal(found(bo).roles, ROLE_INSTRUCTOR | ROLE_ASSESSOR);
    assert_int_equal(found(boss).roles, ROLE_ADMIN);
    assert_string_equal(
        logged(bo),
        "system person.add {\"login\":\"bo\",\"name\":\"Bo\",\"roles\":\"instructor,assessor\"}");
    struct db *db = reading();
    static const char *const typed[] = {"ana", " ANA ", "Ana@Example.org"};
    for (size_t i = 0; i < COUNT_OF(typed); i++) {
        assert_int_equal(account_find_login(db, &arena, typed[i], &p), OK);
        assert_string_equal(p.id, ana);
    }
    static const char *const nobody[] = {"an", "ana@", "@", "ana\xFF@example.org", ""};
    for (size_t i = 0; i < COUNT_OF(nobody); i++)
        assert_int_equal(account_find_login(db, &arena, nobody[i], &p), ERR_NOT_FOUND);
    const char *const login = "ANA", *const email = "ana@EXAMPLE.org";
    assert_int_equal(account_taken(db, &arena, login, NULL, NULL, &p), OK);
    assert_int_equal(account_taken(db, &arena, NULL, email, NULL, &p), OK);
    assert_string_equal(p.id, ana);
    assert_int_equal(account_taken(db, &arena, login, email, ana, &p), ERR_NOT_FOUND);
    assert_int_equal(account_taken(db, &arena, login, "bo@example.org", ana, &p), OK);
    assert_string_equal(p.id, bo);
    assert_int_equal(account_taken(db, &arena, "new", "new@example.org", NULL, &p), ERR_NOT_FOUND);
    assert_int_equal(account_taken(db, &arena, NULL, NULL, NULL, &p), ERR_NOT_FOUND);
    assert_int_equal(account_find(db, &arena, "nobody", &p), ERR_NOT_FOUND);
    store_read_end(db);
    struct adding again = {.login = "Ana", .name = "A", .email = "x@example.org"};
    assert_int_equal(job(add, &again, NOW), ERR_CONFLICT);
    again = (struct adding){.login = "x", .name = "A", .email = "x@example.org"};
    assert_int_equal(job(add, &again, NOW), ERR_INVALID);
}

static void test_changes(void **state) {
    (void)state;
    struct about x = {.actor = boss,
                      .person = ana,
                      .was = found(ana),
                      .text = " Ana  Luz ",
                      .other = "new@example.org"};
    each_step(set_fields, &x, sizeof x, NOW);
    struct person p = found(ana);
    assert_string_equal(p.name, account_name_clean(&arena, " Ana  Luz "));
    assert_string_equal(p.email, "new@example.org");
    assert_string_equal(
        logged(ana),
        arena_printf(&arena,
                     "%s person.email {\"is\":\"new@example.org\",\"was\":\"ana@example.org\"}",
                     boss));
    x.was = p, x.text = "Ana Ruiz", x.other = p.email;
    assert_int_equal(job(set_fields, &x, NOW), OK);
    assert_string_equal(
        logged(ana),
        arena_printf(&arena, "%s person.name {\"is\":\"Ana Ruiz\",\"was\":\"%s\"}", boss, p.name));
    x.was = found(ana), x.text = "Ana Ruiz", x.other = "ana@example.org";
    assert_int_equal(job(set_fields, &x, NOW), OK);
    x.other = "no address";
    assert_int_equal(job(set_fields, &x, NOW), ERR_INVALID);
    x.other = "bo@example.org";
    assert_int_equal(job(set_fields, &x, NOW), ERR_CONFLICT);
    /* Found by its new words, and by the old ones no more. */
    struct people list;
    struct db *db = reading();
    assert_int_equal(account_list(db, &arena, "ruiz", NULL, 10, &list), OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(account_list(db, &arena, "luz", NULL, 10, &list), OK);
    assert_int_equal(list.count, 0);
    /* All by name; pages follow each other. */
    assert_int_equal(account_list(db, &arena, NULL, NULL, 2, &list), OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.list[0].name, "Ana Ruiz");
    assert_string_equal(list.list[1].name, "Bo");
    assert_non_null(list.next);
    assert_int_equal(account_list(db, &arena, NULL, list.next, 2, &list), OK);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.list[0].name, "Boss");
    assert_null(list.next);
    assert_int_equal(account_list(db, &arena, NULL, NULL, 3, &list), OK);
    assert_int_equal(list.count, 3);
    assert_null(list.next);
    store_read_end(db);
}

static void test_roles(void **state) {
    (void)state;
    struct about x = {.actor = boss, .person = ana, .roles = ROLE_LEARNER | ROLE_ADMIN};
    each_step(set_roles, &x, sizeof x, NOW);
    assert_int_equal(found(ana).roles, ROLE_LEARNER | ROLE_ADMIN);
    assert_string_equal(
        logged(ana), arena_printf(&arena, "%s person.roles {\"roles\":\"learner,admin\"}", boss));
    x.person = boss, x.roles = ROLE_LEARNER;
    assert_int_equal(job(set_roles, &x, NOW), OK);
    x.person = ana;
    assert_int_equal(job(set_roles, &x, NOW), ERR_CONFLICT); /* the last administrator */
    assert_int_equal(found(ana).roles, ROLE_LEARNER | ROLE_ADMIN);
    x.person = boss, x.roles = ROLE_ADMIN;
    assert_int_equal(job(set_roles, &x, NOW), OK);
    x.person = ana, x.roles = ROLE_LEARNER;
    assert_int_equal(job(set_roles, &x, NOW), OK);
    struct db *db = reading();
    assert_int_equal(account_still(db, &arena, ana, ROLE_LEARNER | ROLE_ADMIN), OK);
    assert_int_equal(account_still(db, &arena, ana, ROLE_ADMIN), ERR_DENIED);
    assert_int_equal(account_still(db, &arena, "nobody", ROLE_ADMIN), ERR_NOT_FOUND);
    const char *refusal = NULL;
    assert_int_equal(account_may_change(db, &arena, boss, ana, &refusal), OK);
    assert_int_equal(account_may_change(db, &arena, ana, bo, &refusal), ERR_DENIED);
    assert_null(refusal);
    assert_int_equal(account_may_change(db, &arena, boss, boss, &refusal), ERR_DENIED);
    assert_string_equal(refusal, "admin_refusal_self");
    assert_string_equal(account_refusal("interest"), "admin_refusal_interest");
    store_read_end(db);
}

/* RULE password-forgotten, and two within a millisecond. */
struct passwords {
    int64_t count, last_ms;
    const char *hash;
};

static enum err count_passwords(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct passwords *out = arg;
    struct stmt *q;
    enum err e;
    (void)now_ms;
    if (!db_one(db, &q, &e, SQL_account_password_last_ms, "t", ana)) return e;
    out->last_ms = stmt_int(q, 0);
    e = stmt_end(q);
    if (e != OK || !db_one(db, &q, &e, SQL_account_password, "t", ana)) return e;
    out->hash = stmt_text(q, 0, a);
    e = stmt_end(q);
    sqlite3_stmt *all;
    if (sqlite3_prepare_v2(db->sql, "SELECT count(*) FROM password", -1, &all, NULL) != SQLITE_OK)
        return ERR_IO;
    sqlite3_step(all);
    out->count = sqlite3_column_int64(all, 0);
    sqlite3_finalize(all);
    return e;
}

static void test_passwords(void **state) {
    (void)state;
    struct passwords p;
    struct about x = {.actor = boss, .person = ana, .text = "second"};
    each_step(set_password, &x, sizeof x, NOW); /* in the same moment as the first */
    assert_int_equal(job(count_passwords, &p, NOW), OK);
    assert_true(p.count == 1 && p.last_ms == NOW + 1);
    assert_string_equal(p.hash, "second");
    assert_string_equal(logged(ana), arena_printf(&arena, "%s password.set -", boss));
    x.text = "third";
    assert_int_equal(job(set_password, &x, NOW + 2), OK);
    assert_int_equal(job(count_passwords, &p, NOW), OK);
    assert_true(p.count == 1 && p.last_ms == NOW + 2);
    assert_string_equal(p.hash, "third");
    x.text = "fourth"; /* a clock that was set back */
    assert_int_equal(job(set_password, &x, NOW), OK);
    assert_int_equal(job(count_passwords, &p, NOW), OK);
    assert_true(p.last_ms == NOW + 3);
    assert_string_equal(p.hash, "fourth");
}

/* ---- Cohorts ----------------------------------------------------------------------------------
 */
static enum err taught(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct about *x = arg;
    (void)a, (void)now_ms;
    return account_taught(db, x->actor, x->person, x->out);
}

static enum err list_cohorts(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cohort_summary *list;
    struct cohort_member *members;
    struct cohort_learner *learners;
    size_t count;
    const char *id = *(const char **)arg;
    (void)now_ms;
    enum err e = account_cohorts(db, a, id, &list, &count);
    if (e == OK) e = account_cohorts(db, a, NULL, &list, &count);
    if (e == OK) e = account_cohort_members(db, a, id, &members, &count);
    return e == OK ? account_learners_of(db, a, bo, &learners, &count) : e;
}

static void test_cohorts(void **state) {
    (void)state;
    bool yes = true;
    struct about made = {.actor = boss, .text = "Spring"};
    each_step(cohort_add, &made, sizeof made, NOW);
    const char *id = made.other;
    assert_string_equal(logged(id),
                        arena_printf(&arena, "%s cohort.add {\"programme\":\"p\"}", boss));
    struct about learner = {.actor = boss, .person = ana, .other = id},
                 teacher = {.actor = boss, .person = bo, .other = id, .flag = true},
                 asked = {.actor = bo, .person = ana, .out = &yes};
    each_step(join, &learner, sizeof learner, NOW + 1);
    assert_string_equal(
        logged(ana),
        arena_printf(&arena, "%s cohort.join {\"cohort\":\"%s\",\"role\":\"learner\"}", boss, id));
    assert_int_equal(job(taught, &asked, NOW), OK);
    assert_false(yes);
    assert_int_equal(job(join, &teacher, NOW + 2), OK);
    each_step(taught, &asked, sizeof asked, NOW);
    assert_true(yes);
    each_step(list_cohorts, &id, sizeof id, NOW);
    struct cohort_summary *list;
    struct cohort_member *members;
    struct cohort_learner *learners;
    size_t count;
    struct db *db = reading();
    assert_int_equal(account_cohorts(db, &arena, id, &list, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].id, id);
    assert_string_equal(list[0].name, "Spring");
    assert_string_equal(list[0].programme_id, "p");
    assert_true(list[0].created_ms == NOW);
    assert_int_equal(list[0].learners, 1);
    assert_int_equal(list[0].instructors, 1);
    assert_int_equal(account_cohorts(db, &arena, "none", &list, &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(account_cohorts(db, &arena, NULL, &list, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(account_cohort_members(db, &arena, id, &members, &count), OK);
    assert_int_equal(count, 2);
    assert_string_equal(members[0].person_id, bo);
    assert_true(members[0].instructor && members[0].joined_ms == NOW + 2);
    assert_string_equal(members[1].person_id, ana);
    assert_string_equal(members[1].name, "Ana Ruiz");
    assert_string_equal(members[1].login, "ana");
    assert_true(!members[1].instructor && members[1].joined_ms == NOW + 1);
    assert_int_equal(account_learners_of(db, &arena, bo, &learners, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(learners[0].person_id, ana);
    assert_string_equal(learners[0].name, "Ana Ruiz");
    assert_string_equal(learners[0].cohort_id, id);
    assert_string_equal(learners[0].cohort, "Spring");
    assert_string_equal(learners[0].programme_id, "p");
    store_read_end(db);
    learner.flag = true; /* in this role she is not in it */
    assert_int_equal(job(leave, &learner, NOW + 3), ERR_NOT_FOUND);
    learner.flag = false;
    each_step(leave, &learner, sizeof learner, NOW + 3);
    assert_string_equal(
        logged(ana),
        arena_printf(&arena, "%s cohort.leave {\"cohort\":\"%s\",\"role\":\"learner\"}", boss, id));
    assert_int_equal(job(leave, &learner, NOW + 4), ERR_NOT_FOUND);
    assert_int_equal(job(leave, &teacher, NOW + 4), OK);
    assert_string_equal(logged(bo),
                        arena_printf(&arena,
                                     "%s cohort.leave {\"cohort\":\"%s\",\"role\":\"instructor\"}",
                                     boss, id));
    assert_int_equal(job(taught, &asked, NOW), OK);
    assert_true(yes); /* once taught is taught */
    assert_int_equal(job(join, &learner, NOW + 5), OK);
}

/* ---- Against the log --------------------------------------------------------------------------
 */
struct question {
    const char *person, *problem;
};

static enum err ask(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct question *q = arg;
    (void)now_ms;
    q->problem = NULL;
    return account_record_problem(db, a, q->person, &q->problem);
}

/* RULE records. */
static void test_records(void **state) {
    (void)state;
    static const char roles[] = "the roles are not those that were logged",
                      never[] = "roles are on record that were never logged",
                      member[] = "a membership of a cohort that was logged is not on record",
                      name[] = "the name is not the one that was logged",
                      interest[] = "an interest that was logged is not on record";
#define ANA "(SELECT id FROM person WHERE login = 'ana')"
#define UNLOGGED "DELETE FROM audit_log WHERE action LIKE 'person.%' AND subject = " ANA "; "
#define POWER "INSERT INTO person_role VALUES (" ANA ", 'admin', 1, 'x')"
    static const struct {
        const char *sql, *problem;
    } cases[] = {
        {"SELECT 1", NULL},
        {POWER, roles},
        {"UPDATE person_role SET role = 'assessor' WHERE person_id = " ANA, roles},
        {"DELETE FROM person_role WHERE person_id = " ANA, roles},
        {UNLOGGED "SELECT 1", NULL},
        {UNLOGGED POWER, never},
        {UNLOGGED POWER "; INSERT INTO audit_log SELECT max(seq) + 1, 1, 'x', 'audit.accept', "
                        "'audit', NULL, hex(zeroblob(32)) FROM audit_log",
         NULL},
        {"UPDATE person SET name = 'Other' WHERE login = 'ana'", name},
        {UNLOGGED "UPDATE person SET name = 'Other' WHERE login = 'ana'", NULL},
        {"DELETE FROM cohort_member WHERE person_id = " ANA, member},
        {"UPDATE cohort_member SET role = 'instructor' WHERE person_id = " ANA, member},
        {"UPDATE audit_log SET detail = NULL WHERE action = 'cohort.join'",
         NULL}, /* an older log */
        {"UPDATE audit_log SET detail = json_remove(detail, '$.role') WHERE action = "
         "'cohort.join'; DELETE FROM cohort_member",
         NULL},
        {"UPDATE audit_log SET action = 'cert.interest' WHERE action = 'cohort.join'", interest},
        {"UPDATE audit_log SET action = 'cert.interest' WHERE action = 'cohort.join'; INSERT INTO "
         "cert_interest SELECT DISTINCT actor, subject, '', 1 FROM audit_log WHERE action = "
         "'cert.interest'",
         NULL},
        {"UPDATE audit_log SET detail = '{\"roles\":\"learner,admin\"}' WHERE seq = (SELECT "
         "max(seq) FROM audit_log WHERE action = 'person.roles' AND subject = " ANA ")",
         roles},
        {"UPDATE audit_log SET detail = '{\"roles\":\"admin\",\"name\":\"Other\"}' WHERE action = "
         "'person.add' AND "
         "subject = " ANA,
         NULL}, /* a newer row tells them */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct question q = {.person = ana};
        print_message("%s\n", cases[i].sql);
        assert_int_equal(tampered(store, &arena, cases[i].sql, ask, &q), OK);
        if (cases[i].problem) {
            assert_non_null(q.problem);
            assert_string_equal(q.problem, cases[i].problem);
        } else if (q.problem) fail_msg("%s", q.problem);
    }
    struct question q = {.person = ana}, nobody = {.person = "nobody"};
    each_step(ask, &q, sizeof q, NOW);
    assert_int_equal(job(ask, &nobody, NOW), ERR_NOT_FOUND);
}

/* ---- Second factor ----------------------------------------------------------------------------
 */
struct factoring {
    const char *person, *actor, *code, **codes;
    struct factor f;
    bool right;
};

static enum err look(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    (void)now_ms;
    return factor_of(db, a, x->person, &x->f);
}

static enum err begin(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return factor_begin(db, a, now_ms, ((struct factoring *)arg)->person);
}

static enum err confirm(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    return factor_confirm(db, a, now_ms, x->person, x->code, &x->right, x->codes);
}

static enum err take(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    return factor_take(db, a, now_ms, x->person, x->code, &x->right);
}

static enum err finish(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    return factor_end(db, a, now_ms, x->actor, x->person);
}

/* The code of a step: the one of all that is right. */
static const char *code_of(const struct factor *f, int64_t at_ms) {
    for (int i = 0; i < 1000000; i++) {
        char code[8];
        int64_t step;
        snprintf(code, sizeof code, "%06d", i);
        if (factor_code_right(f->secret, f->secret_len, at_ms, code, &step) &&
            step == at_ms / (FACTOR_STEP_S * MS_SECOND))
            return arena_dup(&arena, code);
    }
    fail_msg("no code");
    return NULL;
}

/* RULE second-factor-once. */
static void test_factor(void **state) {
    (void)state;
    const char *codes[FACTOR_RECOVERY] = {NULL};
    struct factoring x = {.person = bo, .actor = boss, .codes = codes};
    assert_int_equal(job(look, &x, NOW), ERR_NOT_FOUND);
    x.code = "123456";
    assert_int_equal(job(confirm, &x, NOW), ERR_NOT_FOUND);
    assert_int_equal(job(take, &x, NOW), ERR_NOT_FOUND);
    assert_int_equal(job(begin, &x, NOW - 1), OK);
    assert_int_equal(job(look, &x, NOW), OK);
    const char *first = x.f.id;
    const unsigned char *secret = x.f.secret;
    each_step(begin, &x, sizeof x, NOW); /* again: the first one ends */
    each_step(look, &x, sizeof x, NOW);
    assert_string_not_equal(x.f.id, first);
    assert_int_equal(x.f.secret_len, FACTOR_SECRET_BYTES);
    assert_memory_not_equal(x.f.secret, secret, FACTOR_SECRET_BYTES);
    assert_true(x.f.made_ms == NOW && x.f.confirmed_ms == 0);
    assert_int_equal(x.f.codes_left, 0);
    assert_int_equal(job(take, &x, NOW), ERR_NOT_FOUND); /* it is not confirmed */
    const int64_t step_ms = FACTOR_STEP_S * MS_SECOND;
    x.code = "12345";
    assert_int_equal(job(confirm, &x, NOW), OK);
    assert_false(x.right);
    x.code = code_of(&x.f, NOW);
    each_step(confirm, &x, sizeof x, NOW);
    assert_true(x.right);
    assert_string_equal(logged(bo), arena_printf(&arena, "%s factor.add -", bo));
    assert_int_equal(job(confirm, &x, NOW), ERR_CONFLICT);
    assert_int_equal(job(begin, &x, NOW), ERR_CONFLICT);
    assert_int_equal(job(look, &x, NOW), OK);
    assert_true(x.f.confirmed_ms == NOW && x.f.last_step == NOW / step_ms);
    assert_int_equal(x.f.codes_left, FACTOR_RECOVERY);
    assert_int_equal(job(take, &x, NOW), OK); /* the code that confirmed it is used */
    assert_false(x.right);
    x.code = code_of(&x.f, NOW + step_ms);
    each_step(take, &x, sizeof x, NOW + step_ms);
    assert_true(x.right);
    assert_int_equal(job(take, &x, NOW + step_ms), OK);
    assert_false(x.right);
    assert_int_equal(job(look, &x, NOW), OK);
    assert_true(x.f.last_step == NOW / step_ms + 1);
    x.code = arena_printf(&arena, " %s ", codes[FACTOR_RECOVERY - 1]);
    each_step(take, &x, sizeof x, NOW + step_ms);
    assert_true(x.right);
    assert_string_equal(logged(bo), arena_printf(&arena, "%s factor.recovery -", bo));
    assert_int_equal(job(take, &x, NOW + step_ms), OK);
    assert_false(x.right);
    x.code = codes[0];
    assert_int_equal(job(take, &x, NOW + step_ms), OK);
    assert_true(x.right);
    assert_int_equal(job(look, &x, NOW), OK);
    assert_int_equal(x.f.codes_left, FACTOR_RECOVERY - 2);
    each_step(finish, &x, sizeof x, NOW + 1);
    assert_string_equal(logged(bo), arena_printf(&arena, "%s factor.end -", boss));
    assert_int_equal(job(look, &x, NOW), ERR_NOT_FOUND);
    assert_int_equal(job(finish, &x, NOW + 2), OK); /* there is none */
}

/* ---- Guesses ----------------------------------------------------------------------------------
 */
struct guessing {
    struct guess g;
    struct login_pace pace;
    bool right;
};

static enum err note(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct guessing *x = arg;
    return account_note_guess(db, a, &x->g, now_ms, x->right);
}

static enum err pace_of(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct guessing *x = arg;
    (void)a;
    return account_pace_of(db, &x->g, now_ms, &x->pace);
}

static struct login_pace pace_at(struct guess g, int64_t now_ms) {
    struct guessing x = {.g = g};
    assert_int_equal(job(pace_of, &x, now_ms), OK);
    return x.pace;
}

/* RULE sign-in-pace, from what the store holds. */
static void test_pace(void **state) {
    (void)state;
    const struct guess here = {"ana", "10.0.0.1", "10.0.0.1"},
                       there = {"ana", "10.0.0.2", "10.0.0.2"},
                       other = {"bo", "10.0.0.1", "10.0.0.1"};
    struct guessing x = {.g = here};
    for (int i = 0; i < 4; i++) each_step(note, &x, sizeof x, NOW + i);
    assert_true(pace_at(here, NOW + 4).wait_ms == PACE_MINUTE_MS - 4);
    assert_true(pace_at(there, NOW + 4).wait_ms == PACE_MINUTE_MS - 4); /* whoever it is */
    assert_true(pace_at(other, NOW + 4).wait_ms == 0);
    assert_true(pace_at(here, NOW + PACE_MINUTE_MS).wait_ms == 0);
    /* The fifth of the pair: a second, counted from it. */
    assert_int_equal(job(note, &x, NOW + PACE_MINUTE_MS), OK);
    assert_true(pace_at(here, NOW + PACE_MINUTE_MS).wait_ms == MS_SECOND);
    assert_true(pace_at(there, NOW + PACE_MINUTE_MS).wait_ms == 1); /* the fourth newest */
    assert_true(pace_at(here, NOW + PACE_MINUTE_MS + 999).wait_ms == 1);
    assert_true(pace_at(here, NOW + PACE_MINUTE_MS + 1000).wait_ms == 0);
    /* Once let in, the pair begins anew; what others guessed stays. */
    x.right = true;
    assert_int_equal(job(note, &x, NOW + PACE_MINUTE_MS + 1000), OK);
    assert_true(pace_at(here, NOW + PACE_MINUTE_MS + 1000).wait_ms == 0);
    x.right = false;
    assert_int_equal(job(note, &x, NOW + PACE_MINUTE_MS + 1001), OK);
    assert_true(pace_at(here, NOW + PACE_MINUTE_MS + 1001).wait_ms == 0);
    /* What is older than the window is nothing. */
    for (int i = 0; i < 12; i++)
        assert_int_equal(job(note, &x, NOW + PACE_MINUTE_MS + 1002 + i), OK);
    const int64_t last_ms = NOW + PACE_MINUTE_MS + 1013;
    assert_true(pace_at(here, last_ms + 1).wait_ms > MS_MINUTE);
    assert_true(pace_at(here, last_ms + PACE_WINDOW_MS).wait_ms == 0);
    assert_false(pace_at(here, last_ms).known);
    each_step(pace_of, &x, sizeof x, last_ms);
    /* An address that has failed at many accounts. */
    struct guess spread = {"", "10.0.0.9", "10.0.0.9"};
    for (int i = 0; i < PACE_CLIENT; i++) {
        assert_true(pace_at(spread, last_ms).hold_ms == 0);
        x.g = spread;
        x.g.login = arena_printf(&arena, "nobody-%d", i);
        assert_int_equal(job(note, &x, last_ms), OK);
    }
    assert_true(pace_at(spread, last_ms).hold_ms == 250);
    assert_true(pace_at(spread, last_ms + PACE_WINDOW_MS).hold_ms == 0);
}

/* ---- From a table -----------------------------------------------------------------------------
 */
static enum err plan(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    return import_plan(arg, db);
}

static enum err apply(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    return import_apply(arg, db, now_ms, boss);
}

static struct import planned(const char *text, bool update, const char *actor) {
    struct import x = {.arena = &arena, .update = update, .actor = actor};
    import_read(&x, text, strlen(text), 100);
    assert_int_equal(job(plan, &x, NOW), OK);
    return x;
}

static const char *told(const struct import *x) {
    struct buf b;
    buf_init(&b, &arena);
    for (size_t i = 0; i < x->finding_count; i++) {
        const struct import_finding *f = &x->findings[i];
        buf_printf(&b, "%s%d %s %s %s %d%s", i ? "|" : "", f->line, f->key,
                   f->found ? f->found : "-", f->expected ? f->expected : "-", f->other_line,
                   f->warning ? " warning" : "");
    }
    return buf_text(&b);
}

static void test_import(void **state) {
    (void)state;
#define COLUMNS "login,name,email,roles\n"
    struct import x = planned(COLUMNS "ana,Ana Ruiz,ana@example.org,\nnew,New,new@example.org,\n"
                                      "bo,Bo Two,bo@example.org,learner\n",
                              true, NULL);
    assert_string_equal(told(&x), "");
    assert_int_equal(x.added, 1);
    assert_int_equal(x.updated, 1);
    assert_int_equal(x.same, 1);
    assert_true(import_gives_power(&x));                 /* it takes some */
    assert_int_equal(job(apply, &x, NOW), ERR_CONFLICT); /* who is new has no hash */
    x.rows[1].hash = "a hash";
    assert_int_equal(job(plan, &x, NOW), OK);
    each_step(apply, &x, sizeof x, NOW);
    struct person p;
    struct db *db = reading();
    assert_int_equal(account_find_login(db, &arena, "new", &p), OK);
    store_read_end(db);
    assert_int_equal(p.roles, ROLE_LEARNER);
    assert_string_equal(found(bo).name, "Bo Two");
    assert_int_equal(found(bo).roles, ROLE_LEARNER);
    each_step(plan, &x, sizeof x, NOW);
    /* Who is there is refused, unless it was asked for; whose address it is, always. */
    x = planned(COLUMNS "ana,Ana Ruiz,ana@example.org,\nanna,Ana,ana@example.org,\n", false, NULL);
    assert_string_equal(told(&x),
                        "2 import_login_taken ana - 0|3 import_email_twice ana@example.org - 2");
    x = planned(COLUMNS "ana,Ana Ruiz,ana@example.org,\nanna,Ana,bo@example.org,\n", true, NULL);
    assert_string_equal(told(&x), "3 import_email_taken bo@example.org bo 0");
    x = planned(COLUMNS "ana,,ana@example.org,\n", false, NULL);
    assert_string_equal(told(&x), "2 account_problem_no_name - - 0|2 import_login_taken ana - 0");
    x = planned(COLUMNS "ana,,ana@example.org,\n", true, NULL);
    assert_string_equal(told(&x), "2 account_problem_no_name - - 0");
    /* RULE four-eyes: about oneself others decide. */
    x = planned(COLUMNS "boss,Other,boss@example.org,\n", true, boss);
    assert_string_equal(told(&x), "2 admin_refusal_self - - 0");
    x = planned(COLUMNS "boss,Boss,other@example.org,\n", true, boss);
    assert_string_equal(told(&x), "");
    x = planned(COLUMNS "boss,Boss,boss@example.org,\", admin;;learner |\"\n", true, boss);
    assert_string_equal(told(&x), ""); /* a learner's role is no power */
    x = planned(COLUMNS "boss,Boss,boss@example.org,admin assessor\n", true, boss);
    assert_string_equal(told(&x), "2 admin_refusal_self - - 0");
    x = planned(COLUMNS "ana,Other,ana@example.org,\n", true, boss);
    assert_string_equal(told(&x), "");
    each_step(plan, &x, sizeof x, NOW);
    x = planned(COLUMNS "boss,Other,boss@example.org,\n", true, NULL);
    assert_string_equal(told(&x), "");
    x = planned(COLUMNS "newer,Newer,newer@example.org,learner\nana,Ana Ruiz,ana@example.org,\n",
                true, NULL);
    assert_false(import_gives_power(&x));
    x = planned(COLUMNS "newer,Newer,newer@example.org,assessor\n", true, NULL);
    assert_true(import_gives_power(&x));
    /* Within a line as found, lines in order. */
    x = planned(COLUMNS "q,,no,dean\nana,Ana,x@example.org,,more\nana,Ana,X@example.org\n", true,
                NULL);
    assert_string_equal(
        told(&x),
        "2 account_problem_login - - 0|2 account_problem_no_name - - 0|2 account_problem_email - - 0|2 "
        "import_role dean - 0|3 import_more_cells - - 0|4 import_no_cell roles - 0|4 "
        "import_login_twice ana - 3|4 import_email_twice X@example.org - 3");
    assert_int_equal(x.faulty, 3);
    /* A change of an address that is somebody else's, and a row that is none. */
    x = planned(COLUMNS "bo,Bo Two,ana@example.org,\n\"cy\"x,Cy,cy@example.org,\n", true, NULL);
    assert_string_equal(told(&x),
                        "2 import_email_taken ana@example.org ana 0|3 import_quote_inside - - 0");
    x = planned("login,Login,name,email\na,b,c,d\n", true, NULL);
    assert_string_equal(told(&x), "1 import_column_twice Login login 0");
    assert_true(x.faulty == SIZE_MAX);
}

/* ---- Keys of addresses ------------------------------------------------------------------------
 */
static enum err make_keys(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    int failing = failing_step; /* not what only the test does */
    failing_step = 0;
    int rc = sqlite3_exec(db->sql, "UPDATE person SET email_key = NULL", NULL, NULL, NULL);
    failing_step = failing;
    return rc == SQLITE_OK ? account_make_keys(db, a, arg, now_ms) : ERR_CONFLICT;
}

static void test_keys(void **state) {
    (void)state;
    struct person p;
    struct email_keys keys = {.after_id = ""};
    assert_int_equal(job(make_keys, &keys, NOW), OK);
    assert_int_equal(keys.read, 4); /* who came with the table, too */
    keys.after_id = keys.last_id;
    assert_int_equal(job(account_make_keys, &keys, NOW), OK);
    assert_int_equal(keys.read, 0);
    assert_string_equal(keys.last_id, keys.after_id);
    struct db *db = reading();
    assert_int_equal(account_find_login(db, &arena, "ANA@example.org", &p), OK);
    assert_string_equal(p.id, ana);
    store_read_end(db);
    keys.after_id = "";
    each_step(make_keys, &keys, sizeof keys, NOW);
}

static enum err many_without_key(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)arg, (void)now_ms;
    return sqlite3_exec(
               db->sql,
               "UPDATE person SET email_key = NULL; "
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
               "INSERT INTO person (id, login, name, email, created_ms) SELECT 'many-' || i, "
               "'many-' || i, 'Many', 'M' || i || '@example.org', 1 FROM n; "
               "INSERT INTO person_unfound SELECT id FROM person WHERE login = 'many-1500'",
               NULL, NULL, NULL) == SQLITE_OK
               ? OK
               : ERR_IO;
}

/* Who opens an academy of before the keys has them all made, however many there are. */
static void test_opened(void **state) {
    (void)state;
    struct accounts *accounts;
    struct person p;
    assert_int_equal(job(many_without_key, NULL, NOW), OK);
    assert_int_equal(accounts_open(&accounts, store), OK);
    struct db *db = reading();
    static const char *const typed[] = {"m1@example.org", "m1500@example.org", "ana@example.org"};
    for (size_t i = 0; i < COUNT_OF(typed); i++)
        assert_int_equal(account_find_login(db, &arena, typed[i], &p), OK);
    struct people list; /* who could not be found until now */
    assert_int_equal(account_list(db, &arena, "m1500", NULL, 10, &list), OK);
    assert_int_equal(list.count, 1);
    store_read_end(db);
    accounts_close(accounts);
    accounts_close(NULL);
    /* Where nothing can be written there are no keys to be had: that is told. */
    struct store *other;
    const char *why;
    struct store_options options = {.path = arena_printf(&arena, "%s/gradus.db", folder),
                                    .read_only = true};
    assert_int_equal(store_open(&other, &options, &arena, &why), OK);
    assert_int_equal(accounts_open(&accounts, other), ERR_IO);
    assert_null(accounts);
    store_close(other, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people),  cmocka_unit_test(test_changes),
        cmocka_unit_test(test_roles),   cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_cohorts), cmocka_unit_test(test_records),
        cmocka_unit_test(test_factor),  cmocka_unit_test(test_pace),
        cmocka_unit_test(test_import),  cmocka_unit_test(test_keys),
        cmocka_unit_test(test_opened),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
