/* The audit log: what is appended verifies; whatever is done to the file behind its back is
 * found. */
#include "fixture.h"
#include "audit/audit_sql.h"

static void what_lacks_a_part_is_refused(void **state) {
    (void)state;
    struct store *s = open_store();
    assert_int_equal(say(s, (struct fact){NULL, "test.fact", "one", NULL, OK}), ERR_INVALID);
    assert_int_equal(say(s, (struct fact){"system", "test.fact", NULL, NULL, OK}), ERR_INVALID);
    assert_int_equal(say(s, (struct fact){"system", "test.fact", "one", NULL, OK}), OK);
    assert_true(store_close(s, 1000));
}

static void an_untouched_chain_holds(void **state) {
    (void)state;
    struct audit_report r;
    assert_int_equal(verify(&r), OK); /* an empty one, too */
    assert_int_equal(r.rows, 0);
    assert_false(r.head_checked);
    assert_string_equal(r.head, "0000000000000000000000000000000000000000000000000000000000000000");
    fill();
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.rows, ROWS);
    assert_int_equal(r.first_bad, 0);
    assert_null(r.problem);
    assert_true(r.head_checked);
}

/* The formula as the header tells it, made here by hand, so that a stranger can check a log
 * without us. */
static void the_hash_is_what_the_header_says(void **state) {
    (void)state;
    struct store *s = open_store();
    assert_int_equal(say(s, (struct fact){"p1", "certificate.grant", "c\"1",
                                          "{\"level\":\"associate\",\"name\":\"Ĝ\"}", OK}),
                     OK);
    assert_int_equal(say(s, (struct fact){"system", "certificate.revoke", "c1", NULL, OK}), OK);
    struct audit_row *rows;
    size_t count;
    assert_int_equal(audit_list(store_reader(s), &arena, NULL, 0, 10, &rows, &count), OK);
    assert_int_equal(count, 2);
    char text[1024];
    int n = snprintf(
        text, sizeof text,
        "[1,%lld,\"p1\",\"certificate.grant\",\"c\\\"1\",\"{\\\"level\\\":\\\"associate\\\",\\\"name\\\":"
        "\\\"Ĝ\\\"}\",\"%064d\"]",
        (long long)rows[1].at_ms, 0);
    assert_string_equal(rows[1].hash, sha256_hex(&arena, text, (size_t)n));
    n = snprintf(text, sizeof text, "[2,%lld,\"system\",\"certificate.revoke\",\"c1\",null,\"%s\"]",
                 (long long)rows[0].at_ms, rows[1].hash);
    assert_string_equal(rows[0].hash, sha256_hex(&arena, text, (size_t)n));
    size_t len;
    char *head = file_read(&arena, head_file, 1024, &len);
    assert_non_null(head);
    assert_string_equal(head, arena_printf(&arena, "2 %s\n", rows[0].hash));
    assert_true(store_close(s, 1000));
}

/* Zeros before the first row. */
static const char *hash_of(int64_t seq) {
    const char *hash;
    struct store *s = open_store();
    assert_int_equal(audit_hash_of(store_reader(s), &arena, seq, &hash), OK);
    assert_true(store_close(s, 1000));
    return hash ? hash : arena_printf(&arena, "%064d", 0);
}

/* RULE audit-chain. */
static void tampering_is_found(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        int64_t first_bad;
        const char *says;
    } cases[] = {
        {"UPDATE audit_log SET detail = '{\"n\":2}' WHERE seq = 3", 3, "was changed"},
        {"UPDATE audit_log SET detail = NULL WHERE seq = 2", 2, "was changed"},
        {"UPDATE audit_log SET at_ms = at_ms + 1 WHERE seq = 1", 1, "was changed"},
        {"UPDATE audit_log SET actor = 'someone' WHERE seq = 7", 7, "was changed"},
        {"UPDATE audit_log SET action = 'x' WHERE seq = 4", 4, "was changed"},
        {"UPDATE audit_log SET subject = 'x' WHERE seq = 4", 4, "was changed"},
        {"UPDATE audit_log SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 5", 5,
         "was changed"},
        {"DELETE FROM audit_log WHERE seq = 4", 4, "is missing"},
        {"DELETE FROM audit_log WHERE seq = 1", 1, "is missing"},
        {"DELETE FROM audit_log WHERE seq = 7", 7,
         "The audit log ends with row 6, but row 7 was written (/tmp/gradus-audit-"},
        {"DELETE FROM audit_log", 1, "end was cut off"},
        /* two rows change places, hashes and all */
        {"UPDATE audit_log SET seq = 100 WHERE seq = 3; UPDATE audit_log SET seq = 3 WHERE seq = 4;"
         "UPDATE audit_log SET seq = 4 WHERE seq = 100",
         3, "was changed"},
        /* a row removed and the others closed up */
        {"DELETE FROM audit_log WHERE seq = 4; UPDATE audit_log SET seq = seq - 1 WHERE seq > 4", 4,
         "was changed"},
        {"INSERT INTO audit_log SELECT 0, at_ms, actor, action, subject, detail, hash FROM audit_log WHERE seq = 1",
         1, "no row may stand"},
        {"INSERT INTO audit_log SELECT -5, at_ms, actor, action, subject, detail, hash FROM audit_log WHERE seq = 1",
         1, "no row may stand"},
        {"INSERT INTO audit_log SELECT 8, at_ms, actor, action, subject, detail, hash FROM audit_log WHERE seq = 1",
         8, "was changed"},
        {"UPDATE audit_log SET detail = hex(zeroblob(8000000)) WHERE seq = 6", 6, "is larger"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) begin_anew();
        fill();
        const char *fits = hash_of(cases[i].first_bad - 1);
        tamper(cases[i].sql);
        struct audit_report r;
        if (verify(&r) != ERR_INVALID) fail_msg("not found: %s", cases[i].sql);
        assert_int_equal(r.rows, cases[i].first_bad - 1);
        assert_string_equal(r.head, fits);
        if (r.first_bad != cases[i].first_bad || !strstr(r.problem, cases[i].says))
            fail_msg("%s: row %lld, %s", cases[i].sql, (long long)r.first_bad, r.problem);
    }
}

/* Whoever can recompute the whole chain is still caught by the head. */
static void a_rewritten_chain_differs_from_the_head(void **state) {
    (void)state;
    fill();
    size_t len;
    char *head = file_read(&arena, head_file, 1024, &len);
    tamper("DELETE FROM audit_log");
    unlink(head_file);
    fill(); /* another, valid chain of the same length (other times) */
    FILE *f = fopen(head_file, "w");
    assert_non_null(f);
    fputs(head, f);
    fclose(f);
    struct audit_report r;
    assert_int_equal(verify(&r), ERR_INVALID);
    assert_int_equal(r.first_bad, ROWS);
    assert_non_null(strstr(r.problem, "head file"));
}

static void heads(void **state) {
    (void)state;
    static const struct {
        const char *text; /* NULL: no file */
        bool fine;
    } cases[] = {{NULL, false},    {"", false},       {"7\n", false},
                 {"x y\n", false}, {"0 ab\n", false}, {"7 0123\n", false}};
    fill();
    struct audit_report r;
    assert_int_equal(verify(&r), OK);
    char behind[128];
    struct store *s = open_store();
    struct audit_row *rows;
    size_t count;
    assert_int_equal(audit_list(store_reader(s), &arena, NULL, 4, 1, &rows, &count), OK);
    snprintf(behind, sizeof behind, "3 %s\n", rows[0].hash);
    assert_true(store_close(s, 1000));
    for (size_t i = 0; i < COUNT_OF(cases) + 1; i++) {
        const char *text = i < COUNT_OF(cases) ? cases[i].text : behind;
        unlink(head_file);
        if (text) assert_true(file_write(head_file, text, strlen(text), 0600));
        bool fine = i < COUNT_OF(cases) ? cases[i].fine : true;
        enum err e = verify(&r);
        if ((e == OK) != fine) fail_msg("head %s: %s", text, r.problem);
        assert_int_equal(r.head_checked, text && fine);
    }
}

static enum err add_at(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    return db_run(db, SQL_audit_add, "iittttt", *(int64_t *)arg, (int64_t)1, "a", "b", "c", NULL,
                  "0000000000000000000000000000000000000000000000000000000000000000");
}

static void the_table_refuses_change(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    static const int64_t refused[] = {-1, 0, 1, 4, ROWS, ROWS + 2, INT64_MAX};
    int64_t seq;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        seq = refused[i];
        assert_int_equal(store_write(s, add_at, &seq, &arena), ERR_CONFLICT);
    }
    seq = ROWS + 1;
    assert_int_equal(store_write(s, add_at, &seq, &arena), OK);
    assert_true(store_close(s, 1000));
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE audit_log SET actor = 'x' WHERE seq = 1", NULL, NULL, NULL),
        SQLITE_CONSTRAINT);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM audit_log WHERE seq = 8", NULL, NULL, NULL),
                     SQLITE_CONSTRAINT);
    sqlite3_exec(db, "PRAGMA recursive_triggers=ON", NULL, NULL, NULL);
    assert_int_equal(
        sqlite3_exec(db, "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log WHERE seq = 1",
                     NULL, NULL, NULL),
        SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

static void a_job_that_fails_leaves_no_trace(void **state) {
    (void)state;
    struct store *s = open_store();
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, ERR_DENIED}), ERR_DENIED);
    assert_int_not_equal(access(head_file, F_OK), 0);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, ERR_CONFLICT}), ERR_CONFLICT);
    char *big = arena_alloc(&arena, AUDIT_DETAIL_MAX + 2);
    memset(big, 'x', AUDIT_DETAIL_MAX + 1);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", big, OK}), ERR_LIMIT);
    big[AUDIT_DETAIL_MAX] = '\0';
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", big, OK}), OK);
    assert_true(store_close(s, 1000));
    struct audit_report r;
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.rows, 2);
    assert_true(r.head_checked);
}

/* A page reads in a snapshot while the log grows: the head is ahead of what it sees, and nothing
 * is wrong. */
static void a_growing_log_is_not_a_cut_one(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    struct audit_report r;
    store_read_begin(db);
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    assert_int_equal(r.rows, ROWS);
    store_read_end(db);
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    assert_int_equal(r.rows, ROWS + 3);
    /* And the end of a growing log is still missed when it is cut. */
    store_read_begin(db);
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    tamper("DELETE FROM audit_log WHERE seq = 11");
    assert_int_equal(audit_verify(db, &arena, &r), ERR_INVALID);
    store_read_end(db);
    assert_true(store_close(s, 1000));
}

static void lists_newest_first(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    struct audit_row *rows;
    size_t count;
    assert_int_equal(audit_list(db, &arena, NULL, 0, 3, &rows, &count), OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].seq, 7);
    assert_int_equal(rows[2].seq, 5);
    assert_int_equal(audit_list(db, &arena, NULL, 5, 1000, &rows, &count), OK);
    assert_int_equal(count, 4);
    assert_int_equal(audit_list(db, &arena, NULL, 1, 1000, &rows, &count), OK);
    assert_int_equal(count, 0); /* nothing is before the first */
    assert_int_equal(audit_list(db, &arena, "two", 0, 1000, &rows, &count), OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) assert_string_equal(rows[i].subject, "two");
    assert_int_equal(audit_list(db, &arena, "two", 4, 1000, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].seq, 2);
    assert_int_equal(audit_list(db, &arena, "nobody", 0, 1000, &rows, &count), OK);
    assert_int_equal(count, 0);
    assert_true(store_close(s, 1000));
}

static void a_restored_copy_verifies(void **state) {
    (void)state;
    fill();
    const char *why, *copy = arena_printf(&arena, "%s/copy.db", folder);
    assert_int_equal(store_backup(path, copy, &arena, &why), OK);
    fill(); /* the log goes on after the backup */
    assert_int_equal(store_restore(copy, path, true, &arena, &why), OK);
    struct audit_report r;
    assert_int_equal(verify(&r), ERR_INVALID); /* until somebody says that it was restored */
    assert_int_equal(r.rows, ROWS);
    assert_false(r.head_checked);
    struct store *after = open_store();
    assert_int_equal(say(after, (struct fact){"p", "academy.restore", "s", NULL, OK}), OK);
    assert_true(store_close(after, 1000));
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.rows, ROWS + 1);
    /* The old one is whole, with its own head. */
    struct store *s = NULL;
    const char *aside = arena_printf(&arena, "%s.before-restore", path);
    assert_int_equal(
        store_open(&s, &(struct store_options){.path = aside, .read_only = true}, &arena, &why),
        OK);
    assert_int_equal(audit_verify(store_reader(s), &arena, &r), OK);
    assert_int_equal(r.rows, 2 * ROWS);
    assert_true(r.head_checked);
    assert_true(store_close(s, 0));
    unlink(copy);
    static const char *const left[] = {"", "-wal", "-shm", ".lock", STORE_HEAD_SUFFIX};
    for (size_t i = 0; i < COUNT_OF(left); i++)
        unlink(arena_printf(&arena, "%s%s", aside, left[i]));
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_untouched_chain_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(what_lacks_a_part_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_hash_is_what_the_header_says, setup, teardown),
        cmocka_unit_test_setup_teardown(tampering_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rewritten_chain_differs_from_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(heads, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_refuses_change, setup, teardown),
        cmocka_unit_test_setup_teardown(a_job_that_fails_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_growing_log_is_not_a_cut_one, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_newest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restored_copy_verifies, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
