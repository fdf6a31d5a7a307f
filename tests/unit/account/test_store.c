/* People, roles, passwords and cohorts in a real store: what is kept of each, what the log and the
 * records say of each other, and what a disk that fails is told as. */
#include "unit/account/people.h"

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
    assert_string_equal(logged(ana),
                        arena_printf(&arena,
                                     "system person.add {\"login\":\"ana\",\"name\":\"Ana "
                                     "Ruiz\",\"roles\":\"learner\",\"password_sha256\":\"%s\"}",
                                     sha256_hex(&arena, "hash of ana", strlen("hash of ana"))));
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
    assert_int_equal(account_recheck_roles(db, &arena, ana, ROLE_LEARNER | ROLE_ADMIN), OK);
    assert_int_equal(account_recheck_roles(db, &arena, ana, ROLE_ADMIN), ERR_DENIED);
    assert_int_equal(account_recheck_roles(db, &arena, "nobody", ROLE_ADMIN), ERR_NOT_FOUND);
    const char *refusal = NULL;
    assert_int_equal(account_may_change(db, &arena, boss, ana, &refusal), OK);
    assert_int_equal(account_may_change(db, &arena, ana, bo, &refusal), ERR_DENIED);
    assert_null(refusal);
    assert_int_equal(account_may_change(db, &arena, boss, boss, &refusal), ERR_DENIED);
    assert_string_equal(refusal, "admin_refusal_self");
    assert_string_equal(account_refusal("interest"), "admin_refusal_interest");
    store_read_end(db);
}

struct change {
    const char *actor, *person, *refusal;
};

static enum err may_change(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct change *x = arg;
    (void)now_ms;
    x->refusal = NULL;
    return account_may_change(db, a, x->actor, x->person, &x->refusal);
}

/* RULE four-eyes: an interest is one's own, and in that person. */
static void test_interests(void **state) {
    (void)state;
    const char *declared = arena_printf(
        &arena, "INSERT INTO cert_interest SELECT '%s', '%s', '', 1", boss, ana);
    struct change x = {.actor = boss, .person = ana};
    assert_int_equal(tampered(store, &arena, declared, may_change, &x), ERR_DENIED);
    assert_string_equal(x.refusal, "admin_refusal_interest");
    x.person = bo;
    assert_int_equal(tampered(store, &arena, declared, may_change, &x), OK);
    assert_null(x.refusal);
    each_step(may_change, &x, sizeof x, NOW);
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
    assert_string_equal(logged(ana),
                        arena_printf(&arena, "%s person.password {\"password_sha256\":\"%s\"}",
                                     boss, sha256_hex(&arena, "second", 6)));
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

/* ---- Signing in ------------------------------------------------------------------------------
 */
static enum err latest(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    return account_latest_hash(db, a, ana, arg);
}

/* RULE logged-sign-in: no password is right by a hash that was put into the store. */
static void test_hash_that_counts(void **state) {
    (void)state;
    static const char set[] = "(SELECT max(seq) FROM audit_log WHERE action = 'person.password')";
    const struct {
        const char *sql, *hash;
    } cases[] = {
        {"SELECT 1", "fourth"},
        {"UPDATE password SET hash = 'fourti'", NULL},
        {"UPDATE password SET hash = 'third'", NULL}, /* one that was replaced */
        {"INSERT INTO password (person_id, set_ms, hash) SELECT person_id, set_ms + 1, 'other' "
         "FROM password",
         NULL},
        {"INSERT INTO password (person_id, set_ms, hash) SELECT person_id, set_ms - 1, 'other' "
         "FROM password",
         "fourth"},
        {"DELETE FROM password", NULL},
        /* Older logs do not tell it. */
        {"UPDATE audit_log SET detail = NULL WHERE action = 'person.password'; UPDATE password SET "
         "hash = 'other'",
         "other"},
        /* The row that told it is gone: what the one before told does not fit. */
        {arena_printf(&arena, "DELETE FROM audit_log WHERE seq = %s", set), NULL},
        /* Somebody else's row tells nothing of this person. */
        {arena_printf(&arena, "UPDATE audit_log SET subject = 'x' WHERE seq > %s", set), "fourth"},
        /* From here on rows have to be signed, and this one is not. */
        {arena_printf(&arena,
                      "UPDATE audit_log SET action = 'audit.signs', subject = 'signing' "
                      "WHERE seq = %s - 1",
                      set),
         NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *hash = "";
        print_message("%s\n", cases[i].sql);
        assert_int_equal(tampered(store, &arena, cases[i].sql, latest, &hash), OK);
        if (!str_eq(hash, cases[i].hash)) fail_msg("%s", hash ? hash : "none");
    }
    const char *hash;
    each_step(latest, &hash, sizeof hash, NOW);
    assert_string_equal(hash, "fourth");
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
                      interest[] = "an interest that was logged is not on record",
                      grant[] = "a role was given by somebody else, or at another time, than was "
                                "logged",
                      gone[] = "it is deactivated on record, which was never logged",
                      password[] = "the password was set by nobody: it is not the one whose "
                                   "setting was logged";
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
        /* RULE accepted-people: nobody is named, these roles are, and others are. */
        {UNLOGGED POWER "; INSERT INTO audit_log SELECT max(seq) + 1, 1, 'x', 'audit.accept', "
                        "'audit', NULL, hex(zeroblob(32)) FROM audit_log",
         never},
        {UNLOGGED POWER
         "; INSERT INTO audit_log SELECT max(seq) + 1, 1, 'x', 'audit.accept', "
         "'audit', json_object('people', json_object(" ANA ", (SELECT "
         "group_concat(role) FROM (SELECT role FROM person_role WHERE person_id = " ANA
         " ORDER BY role = 'admin', role = 'assessor', role = 'instructor')))), "
         "hex(zeroblob(32)) FROM audit_log",
         NULL},
        {UNLOGGED POWER "; INSERT INTO audit_log SELECT max(seq) + 1, 1, 'x', 'audit.accept', "
                        "'audit', json_object('people', json_object(" ANA ", 'learner')), "
                        "hex(zeroblob(32)) FROM audit_log",
         never},
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
        {"UPDATE audit_log SET detail = '{\"roles\":\"learner\",\"name\":\"Other\"}' WHERE action = "
         "'person.add' AND "
         "subject = " ANA,
         NULL}, /* a newer row tells them */
        /* RULE logged-power */
        {"UPDATE person_role SET granted_by = 'x' WHERE person_id = " ANA, grant},
        {"UPDATE person_role SET granted_ms = granted_ms + 1 WHERE person_id = " ANA, grant},
        {"UPDATE person SET deactivated_ms = 1 WHERE login = 'ana'", gone},
        {"UPDATE person SET deactivated_ms = 1, name = 'Other' WHERE login = 'ana'", name},
        /* RULE logged-password */
        {"UPDATE password SET hash = 'other' WHERE person_id = " ANA, password},
        {"DELETE FROM password WHERE person_id = " ANA, password},
        {"INSERT INTO password (person_id, set_ms, hash) SELECT person_id, set_ms + 1, 'other' FROM "
         "password WHERE person_id = " ANA,
         password},
        {"UPDATE audit_log SET action = 'password.set', detail = NULL WHERE action = "
         "'person.password'; UPDATE audit_log SET detail = json_remove(detail, "
         "'$.password_sha256') WHERE action = 'person.add'; UPDATE password SET hash = 'other'",
         NULL}, /* an older log */
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

static enum err unlogged(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    return account_unlogged(db, a, arg);
}

/* RULE accepted-people: who has power and no row that tells it, in one JSON object. */
static void test_unlogged(void **state) {
    (void)state;
    const char *two =
        strcmp(bo, boss) < 0
            ? arena_printf(&arena, "{\"%s\":\"instructor,assessor\",\"%s\":\"admin\"}", bo, boss)
            : arena_printf(&arena, "{\"%s\":\"admin\",\"%s\":\"instructor,assessor\"}", boss, bo);
    const char *one = arena_printf(&arena, "{\"%s\":\"instructor,assessor\"}", bo);
#define LOSES(action, who)                                                                         \
    "DELETE FROM audit_log WHERE action LIKE '" action                                             \
    "' AND subject = (SELECT id FROM person WHERE login = '" who "'); "
    const struct {
        const char *sql, *out;
    } cases[] = {
        {"SELECT 1", NULL},
        {LOSES("person.%", "ana"), NULL}, /* a learner */
        {LOSES("person.add", "bo"), one},
        {LOSES("person.add", "boss"), NULL}, /* its roles were changed since */
        {LOSES("person.roles", "boss"), NULL},
        {LOSES("person.%", "bo") LOSES("person.%", "boss"), two},
        {"UPDATE audit_log SET action = 'person.name' WHERE action = 'person.add'", one},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *out = "";
        assert_int_equal(tampered(store, &arena, cases[i].sql, unlogged, &out), OK);
        if (!str_eq(out, cases[i].out)) fail_msg("%s: %s", cases[i].sql, out);
    }
    const char *out;
    each_step(unlogged, &out, sizeof out, NOW);
    assert_null(out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_hash_that_counts),
        cmocka_unit_test(test_cohorts),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_unlogged),
        cmocka_unit_test(test_interests),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
