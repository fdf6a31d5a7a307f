/* RULE records, for all that is on record, as somebody left it who wrote into the file: how much
 * differs, what is told of the first, and that nothing keeps the reading from the rest. */
#include "unit/cert/workflow.h"

#include <sqlite3.h>

/* As somebody who can write the database. */
static void write_over(const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *q;
    char *why = NULL;
    assert_int_equal(sqlite3_open(arena_printf(&f.arena, "%s/gradus.db", f.app.data), &db), 0);
    sqlite3_busy_timeout(db, 5000);
    const char *drops = "";
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
                                        -1, &q, NULL),
                     0);
    while (sqlite3_step(q) == SQLITE_ROW)
        drops = arena_printf(&f.arena, "%sDROP TRIGGER %s;", drops, sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    if (sqlite3_exec(db, drops, NULL, NULL, &why) || sqlite3_exec(db, sql, NULL, NULL, &why))
        fail_msg("%s: %s", sql, why);
    assert_true(sqlite3_changes(db) > 0);
    sqlite3_close(db);
}

static struct cert_records compare(const char *keys_of, enum err expected) {
    struct cert_records records;
    assert_int_equal(cert_records_check(reader(), &f.arena, keys_of, NULL, &records), expected);
    assert_true(records.listed_count <= CERT_RECORDS_LISTED);
    return records;
}

static const char *line(const char *what, const char *id, const char *problem) {
    return arena_printf(&f.arena, "the %s %s: %s", what, id, problem);
}

static void nothing_differs(void **state) {
    (void)state;
    const char *number = granted(), *id = certificate(number).application_id;
    sit(f.other, true);
    struct cert_records r = compare(f.app.data, OK);
    assert_int_equal(r.certificates, 1);
    assert_int_equal(r.bad + r.unchecked, 0);
    assert_int_equal(r.listed_count, 0);
    assert_null(r.problem);
    /* Without the keys that cannot be told, of one or of several. */
    r = compare(NULL, OK);
    assert_int_equal(r.certificates, 1);
    assert_int_equal(r.bad, 0);
    assert_int_equal(r.unchecked, 1);
    assert_int_equal(r.listed_count, 0);
    const char *begins = arena_printf(
        &f.arena, "The case %s: certificate %s: its signature cannot be checked: the key ", id,
        number);
    assert_non_null(r.problem);
    assert_memory_equal(r.problem, begins, strlen(begins));
    struct cert_apply a;
    struct cert_decide d;
    assert_int_equal(run(complete, (void *)f.other), OK);
    f.now_ms += 1000;
    assert_int_equal(apply(f.other, "first", NULL, &a), OK);
    assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), OK);
    r = compare(NULL, OK);
    assert_int_equal(r.unchecked, 2);
    assert_memory_equal(r.problem, begins, strlen(begins));
    /* What differs comes before what cannot be told. */
    write_over("UPDATE cert_decision SET reason = 'else' WHERE application_id = (SELECT "
               "max(application_id) FROM cert_decision)");
    r = compare(NULL, ERR_INVALID);
    assert_int_equal(r.bad, 1);
    assert_int_equal(r.unchecked, 1);
    assert_string_equal(r.problem,
                        arena_printf(&f.arena,
                                     "The case %s: the decision is not the one that was logged.",
                                     a.application_id));
}

/* One of each table, and each is told of after the one before. */
static void each_table(void **state) {
    (void)state;
    const char *number = granted(), *id = certificate(number).application_id;
    sit(f.other, true);
    write_over("UPDATE exam_attempt SET minutes = 50");
    struct cert_records r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 1);
    assert_int_equal(r.listed_count, 1);
    assert_memory_equal(r.listed[0], "the attempt ", strlen("the attempt "));
    write_over("UPDATE exam_attempt SET minutes = 5; UPDATE exam_result SET correct = 0");
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 1);
    assert_memory_equal(r.problem, "The attempt ", strlen("The attempt "));
    write_over(arena_printf(&f.arena, "INSERT INTO person_role VALUES ('%s', 'admin', 0, 'system')",
                            f.plain));
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 2);
    const char *begins = arena_printf(&f.arena, "the person %s: ", f.plain);
    assert_memory_equal(r.listed[0], begins, strlen(begins));
    write_over("UPDATE cert_eligibility SET reason = 'else'");
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 3);
    assert_int_equal(r.certificates, 0);
    assert_string_equal(r.listed[0],
                        line("case", id, "the admission is not the one that was logged"));
    assert_string_equal(
        r.problem,
        arena_printf(&f.arena, "The case %s: the admission is not the one that was logged.", id));
}

/* RULE each-record: what cannot be read is told, and the rest is read. */
static void what_cannot_be_read(void **state) {
    (void)state;
    static const char broken[] = "what belongs to it is not on record, or cannot be read",
                      strange[] = "its id is none of Gradus";
    const char *id = certificate(granted()).application_id;
    write_over("DELETE FROM cert_credential");
    struct cert_records r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 1);
    assert_non_null(strstr(r.listed[0], "its credential is not on record"));
    write_over(arena_printf(&f.arena, "DELETE FROM person WHERE id = '%s'", f.learner));
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 2);
    assert_string_equal(r.listed[0], line("case", id, broken));
    assert_string_equal(r.listed[1],
                        line("person", f.learner, "it was logged and is not on record"));
    /* Up to 78 bytes an id is read; longer ones are none, nor are others that begin like them. What
     * comes behind is read. */
    write_over("INSERT INTO person (id, login, name, email, created_ms) VALUES "
               "(printf('%.*c', 78, 'y'), 'a', 'A', 'a@x', 0), "
               "(printf('%.*c', 79, 'z'), 'b', 'B', 'b@x', 0), "
               "(printf('%.*c', 90, 'z'), 'c', 'C', 'c@x', 0), "
               "('~last', 'd', 'D', 'd@x', 0); "
               "INSERT INTO person_role SELECT id, 'admin', 0, 'system' FROM person "
               "WHERE email LIKE '_@x'");
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 5);
    assert_memory_equal(r.listed[1], "the person yyyy", strlen("the person yyyy"));
    assert_null(strstr(r.listed[1], strange));
    char start[61];
    memset(start, 'z', 60);
    start[60] = '\0';
    assert_string_equal(r.listed[2], line("person", arena_printf(&f.arena, "%s…", start), strange));
    assert_memory_equal(r.listed[3], "the person ~last: ", strlen("the person ~last: "));
    /* Each table is read from its beginning, whatever the last id of another was. */
    sit(f.other, true);
    write_over("UPDATE exam_attempt SET minutes = 50");
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 6);
    assert_memory_equal(r.listed[4], "the attempt ", strlen("the attempt "));
}

/* Whoever was logged and is gone, of each table. */
static void what_is_gone(void **state) {
    (void)state;
    static const char gone[] = "it was logged and is not on record";
    const char *id = ready_case();
    sit(f.other, true);
    write_over("DELETE FROM cert_waiting; DELETE FROM cert_eligibility; DELETE FROM "
               "cert_application");
    struct cert_records r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 1);
    assert_string_equal(r.listed[0], line("case", id, gone));
    assert_string_equal(r.problem, arena_printf(&f.arena, "The case %s: %s.", id, gone));
    write_over("DELETE FROM exam_result; DELETE FROM exam_end; DELETE FROM exam_response; DELETE "
               "FROM exam_attempt");
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 2);
    assert_memory_equal(r.listed[0], "the attempt ", strlen("the attempt "));
    assert_non_null(strstr(r.listed[0], gone));
    assert_string_equal(r.listed[1], line("case", id, gone)); /* the newest row first */
}

/* Rows that were written past the program are told as facts of the log. */
static void facts_of_the_log(void **state) {
    (void)state;
    const char *id = certificate(granted()).application_id;
    write_over("UPDATE audit_log SET hash = printf('%.*c', 64, 'a') WHERE action = 'cert.grant'");
    struct cert_records r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 1);
    const char *begins = arena_printf(&f.arena, "the fact cert.grant of %s: row ", id);
    assert_memory_equal(r.listed[0], begins, strlen(begins));
}

/* More than one step takes of each: the first and the last of them are read, and so many are listed
 * as fit. */
static void many(void **state) {
    (void)state;
    const char *first = NULL, *last = NULL;
    for (int i = 0; i < 260; i++) {
        f.now_ms++;
        last = person(arena_printf(&f.arena, "many%d", i), ROLE_LEARNER);
        if (!first) first = last;
    }
    assert_int_equal(compare(f.app.data, OK).bad, 0);
    write_over(arena_printf(&f.arena, "INSERT INTO person_role VALUES ('%s', 'admin', 0, 'system')",
                            last));
    struct cert_records r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 1);
    write_over(arena_printf(&f.arena, "DELETE FROM person WHERE id = '%s'", first));
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 2);
    assert_string_equal(r.listed[1], line("person", first, "it was logged and is not on record"));
    write_over(
        "INSERT INTO person_role SELECT id, 'instructor', 0, 'system' FROM person WHERE login "
        "LIKE 'many%' ORDER BY id LIMIT 30");
    r = compare(f.app.data, ERR_INVALID);
    assert_int_equal(r.bad, 32);
    assert_int_equal(r.listed_count, CERT_RECORDS_LISTED);
    for (size_t i = 0; i < r.listed_count; i++)
        assert_memory_equal(r.listed[i], "the person ", strlen("the person "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW(nothing_differs), FLOW(each_table),       FLOW(what_cannot_be_read),
        FLOW(what_is_gone),    FLOW(facts_of_the_log), FLOW(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
