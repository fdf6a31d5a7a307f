/* Rows that nobody of ours wrote, and a log that cannot be read: the one is broken, the other says
 * nothing of it. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static void behind_its_back(const char *sql) {
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000); /* a store may be open */
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

/* The table itself was exchanged for one that allows NULL. */
static void a_row_that_lacks_a_part_was_changed(void **state) {
    (void)state;
    static const char *const columns[] = {"actor", "action", "subject", "hash"};
    fill();
    struct store *s = open_store(); /* afterwards it would be refused */
    tamper("CREATE TABLE bare AS SELECT * FROM audit_log; DROP TABLE audit_log;"
           "ALTER TABLE bare RENAME TO audit_log; CREATE TABLE whole AS SELECT * FROM audit_log");
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        behind_its_back(
            arena_printf(&arena,
                         "DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM whole;"
                         "UPDATE audit_log SET %s = NULL WHERE seq = %zu",
                         columns[i], i + 3));
        struct audit_report r;
        if (audit_verify(store_reader(s), &arena, &r) != ERR_INVALID) fail_msg("%s", columns[i]);
        assert_int_equal(r.first_bad, (int64_t)i + 3);
        assert_int_equal(r.rows, (int64_t)i + 2);
        assert_non_null(strstr(r.problem, "was changed"));
    }
    /* Whoever makes its hash anew does not make it a row of ours. */
    static const char *const parts[] = {"null,\"a\",\"s\"", "\"p\",null,\"s\"", "\"p\",\"a\",null"};
    static const char *const values[] = {"NULL, 'a', 's'", "'p', NULL, 's'", "'p', 'a', NULL"};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const char *row = arena_printf(&arena, "[1,5,%s,null,\"%064d\"]", parts[i], 0);
        behind_its_back(arena_printf(
            &arena, "DELETE FROM audit_log; INSERT INTO audit_log VALUES (1, 5, %s, NULL, '%s')",
            values[i], sha256_hex(&arena, row, strlen(row))));
        struct audit_report r;
        assert_int_equal(audit_verify(store_reader(s), &arena, &r), ERR_INVALID);
        assert_int_equal(r.first_bad, 1);
    }
    behind_its_back("DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM whole");
    /* The last row has no hash. */
    behind_its_back("DELETE FROM audit_log WHERE seq < 6; UPDATE audit_log SET hash = NULL");
    struct audit_head last;
    assert_int_equal(audit_last(store_reader(s), &arena, &last), OK);
    assert_int_equal(last.seq, ROWS);
    assert_string_equal(last.hash, "");
    assert_true(store_close(s, 1000));
}

static void a_fact_that_is_refused_is_none(void **state) {
    (void)state;
    begin_signing();
    fill();
    struct store *s = open_store();
    behind_its_back(
        "CREATE TRIGGER refused BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), ERR_CONFLICT);
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), ERR_CONFLICT);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
    struct audit_report r;
    behind_its_back("DROP TRIGGER refused");
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.rows, ROWS);
    assert_int_equal(r.signed_heads, 0);
}

/* Rows past the program, all but the first without their signed heads. */
static void many_rows_without_a_signature_are_counted(void **state) {
    (void)state;
    static const struct {
        int rows;
        const char *says;
    } cases[] = {
        {9, "Rows 2, 3, 4, 5, 6, 7, 8, 9, 10 of the audit log are not signed"},
        {10, "Rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 of the audit log are not signed"},
        {11, "Rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1 more of the audit log are not signed"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) begin_anew();
        begin_signing();
        struct store *s = open_store();
        for (int k = 0; k <= cases[i].rows; k++)
            assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
        assert_true(store_close(s, 1000));
        audit_signer_set(NULL);
        behind_its_back(
            "DROP TRIGGER audit_signed_head_remains; DELETE FROM audit_signed_head WHERE seq > 1");
        struct audit_report r;
        assert_int_equal(verify(&r), ERR_INVALID);
        assert_int_equal(r.first_bad, 2);
        assert_int_equal(r.unsigned_count, cases[i].rows);
        assert_int_equal(r.key_count, 1);
        assert_string_equal(r.keys[0], multikey_encode(&arena, public_key));
        if (!str_has_prefix(r.problem, cases[i].says)) fail_msg("%s", r.problem);
    }
}

/* The table is gone under the hands of an open store: no answer of the log is true or false. */
static void what_cannot_be_read_says_nothing(void **state) {
    (void)state;
    begin_signing();
    struct store *s = open_store();
    assert_false(audit_sign_due(store_reader(s), INT64_MAX / 2)); /* an empty log */
    assert_true(store_close(s, 1000));
    fill();
    s = open_store();
    struct db *db = store_reader(s);
    assert_true(audit_sign_due(db, 0)); /* it was never signed */
    assert_int_equal(store_write(s, audit_sign, NULL, &arena), OK);
    assert_false(audit_sign_due(db, INT64_MAX / 2)); /* it has not grown */
    behind_its_back("ALTER TABLE audit_log RENAME TO elsewhere");
    struct audit_row *rows;
    struct audit_head head;
    struct audit_report r;
    size_t count;
    const char *hash, *why = NULL;
    assert_int_equal(audit_list(db, &arena, NULL, 0, 10, &rows, &count), ERR_IO);
    assert_int_equal(audit_last(db, &arena, &head), ERR_IO);
    assert_int_equal(audit_hash_of(db, &arena, 1, &hash), ERR_IO);
    assert_int_equal(audit_verify(db, &arena, &r), ERR_IO);
    assert_int_equal(audit_check_head(db, &arena, &why), ERR_IO);
    assert_string_equal(why, "The audit log cannot be read.");
    why = NULL;
    assert_int_equal(audit_accept(s, &arena, "root", "it is gone", NULL, &why), ERR_IO);
    assert_string_equal(why, "The audit log cannot be read.");
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), ERR_IO);
    assert_int_equal(store_write(s, audit_sign, NULL, &arena), ERR_IO);
    assert_false(audit_sign_due(db, INT64_MAX / 2));
    behind_its_back("ALTER TABLE elsewhere RENAME TO audit_log;"
                    "ALTER TABLE audit_signed_head RENAME TO elsewhere");
    assert_int_equal(audit_verify(db, &arena, &r), ERR_IO);
    behind_its_back("ALTER TABLE elsewhere RENAME TO audit_signed_head");
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* A page reads in a snapshot that the head is ahead of, and the newest state cannot be looked at:
 * that breaks no log. */
static void a_newest_state_that_cannot_be_opened_breaks_nothing(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    struct audit_report r;
    store_read_begin(db);
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    char aside[160], lock[160];
    snprintf(aside, sizeof aside, "%s.aside", path);
    snprintf(lock, sizeof lock, "%s.lock", path);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(audit_verify(db, &arena, &r), ERR_IO); /* no file */
    assert_non_null(r.problem);
    assert_int_equal(r.first_bad, 0);
    assert_true(file_write(path, "no database", 11, 0600));
    assert_int_equal(audit_verify(db, &arena, &r), ERR_IO); /* another */
    assert_non_null(r.problem);
    unlink(path);
    assert_int_equal(rename(aside, path), 0);
    unlink(lock);
    int fd = open(lock, O_RDWR | O_CREAT, 0600);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(audit_verify(db, &arena, &r), ERR_BUSY); /* it is being restored */
    assert_non_null(r.problem);
    close(fd);
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    store_read_end(db);
    assert_true(store_close(s, 1000));
}

/* All descriptors that this process may have are taken; gives them back when `take` is false. */
static void take_descriptors(bool take) {
    static struct rlimit before;
    struct rlimit limit;
    if (take) getrlimit(RLIMIT_NOFILE, &before);
    limit = (struct rlimit){take ? 3 : before.rlim_cur, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Who may not read it: nobody else's descriptor, nor root's rights. */
static enum err read_as_another(struct audit_head *head, const char **why) {
    bool root = geteuid() == 0;
    chmod(folder, 0755);
    chmod(head_file, 0);
    if (root) assert_int_equal(seteuid(65534), 0);
    enum err e = audit_head_read(&arena, head_file, head, why);
    if (root) assert_int_equal(seteuid(0), 0);
    chmod(head_file, 0600);
    return e;
}

static void a_head_that_cannot_be_read_says_nothing(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    struct audit_report r;
    struct audit_head head;
    const char *why = NULL;
    assert_int_equal(audit_verify(db, &arena, &r), OK);
    take_descriptors(true);
    assert_int_equal(audit_verify(db, &arena, &r), ERR_BUSY);
    assert_non_null(strstr(r.problem, "audit-head cannot be read: "));
    assert_int_equal(audit_check_head(db, &arena, &why), ERR_BUSY);
    assert_non_null(strstr(why, "audit-head cannot be read: "));
    take_descriptors(false);
    assert_int_equal(audit_check_head(db, &arena, &why), OK);
    assert_int_equal(read_as_another(&head, &why), ERR_IO);
    assert_non_null(strstr(why, "It has to belong to the user of the server"));
    /* Something that no file system opens. */
    unlink(head_file);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, head_file);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(audit_verify(db, &arena, &r), ERR_IO);
    assert_non_null(strstr(r.problem, "audit-head cannot be read: "));
    why = NULL;
    assert_int_equal(audit_check_head(db, &arena, &why), ERR_IO);
    assert_non_null(strstr(why, "audit-head cannot be read: "));
    why = NULL;
    assert_int_equal(audit_accept(s, &arena, "root", "a socket", NULL, &why), ERR_IO);
    assert_non_null(strstr(why, "audit-head cannot be read: "));
    /* Saves go on, and it stays what it is. */
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    close(fd);
    unlink(head_file);
    assert_true(store_close(s, 1000));
}

/* RULE stop-soon: a reading that is told to stop has not read the log, even one that is broken. */
static void a_reading_that_is_to_stop_says_nothing(void **state) {
    (void)state;
    fill();
    tamper("UPDATE audit_log SET subject = 'another' WHERE seq = 1");
    struct store *s = open_store();
    struct db *db = store_reader(s);
    struct audit_report r;
    atomic_bool stop = false;
    assert_int_equal(audit_verify_until(db, &arena, &stop, &r), ERR_INVALID);
    assert_int_equal(r.first_bad, 1);
    atomic_store(&stop, true);
    assert_int_equal(audit_verify_until(db, &arena, &stop, &r), ERR_BUSY);
    assert_null(r.problem);
    assert_true(store_close(s, 1000));
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_that_lacks_a_part_was_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fact_that_is_refused_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(many_rows_without_a_signature_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_newest_state_that_cannot_be_opened_breaks_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_head_that_cannot_be_read_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reading_that_is_to_stop_says_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
