/* A database that was written before items had types: what was scored scores the same, what was
 * given reads the same, and an attempt that was open goes on. */
#include "unit/exam/sample.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "store/store_migrate.h"

#define MIGRATIONS_THEN 16
#define ANA "01m8n1yazpvw47svz1xfcvqker"
#define BO "01m8n1yazpk5pdjbs0caw632ag"
#define OPEN_ATTEMPT "02bjt3nm005ew2gpg60100dryp" /* 4s5m4s5m4s, two of five answered */
#define OPEN_FROM_MS INT64_C(2597184000000)

static char root[128], data[160];
static struct arena arena;
static struct store *store;

/* The file as the program of that time left it. */
static void make_file(void) {
    sqlite3 *sql = NULL;
    const char *why = "";
    size_t len = 0;
    struct migration_list then = store_migrations();
    then.count = MIGRATIONS_THEN;
    char *rows = file_read(&arena, "tests/golden/exam/before_types.sql", 1 << 20, &len);
    assert_non_null(rows);
    assert_int_equal(sqlite3_open(data, &sql), SQLITE_OK);
    if (migrate_apply(sql, data, then, 1, &arena, &why) != OK) fail_msg("%s", why);
    char *problem = NULL;
    if (sqlite3_exec(sql, rows, NULL, NULL, &problem) != SQLITE_OK) fail_msg("%s", problem);
    assert_int_equal(sqlite3_close(sql), SQLITE_OK);
}

static int open_all(void **state) {
    (void)state;
    const char *why = "";
    log_threshold(LOG_ERROR + 1);
    codec_start();
    arena_init(&arena, 64 * 1024 * 1024);
    snprintf(root, sizeof root, "%s", sample_folder());
    snprintf(data, sizeof data, "%s/gradus.db", root);
    make_file();
    struct store_options options = {.path = data};
    if (store_open(&store, &options, &arena, &why) != OK) fail_msg("%s", why);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    arena_release(&arena);
    store_close(store, 5000);
    sample_drop(root);
    return 0;
}

/* Each result that is stored against what its facts give now; how many there are. */
static size_t check_results(struct db *db, const char *person) {
    struct exam_result *r;
    size_t count;
    assert_int_equal(exam_results(db, &arena, NULL, person, NULL, &r, &count), OK);
    for (size_t i = 0; i < count; i++) {
        struct exam_attempt t;
        struct exam_score s;
        assert_int_equal(exam_attempt_load(db, &arena, r[i].attempt_id, person, &t), OK);
        assert_int_equal(exam_attempt_score(NULL, db, &arena, &t, &s), OK);
        assert_int_equal(r[i].scoring_version, 2);
        assert_int_equal(r[i].steps, 1);
        assert_int_equal(s.steps, 1);
        assert_int_equal(s.correct, r[i].correct);
        assert_int_equal(s.total, r[i].total);
        assert_int_equal(s.permille, r[i].permille);
        assert_int_equal(s.scaled, r[i].scaled);
        assert_int_equal(s.passed, r[i].passed);
        assert_int_equal(s.domain_count, r[i].domain_count);
        for (size_t k = 0; k < s.domain_count; k++) { /* by name: the exam is gone, and its order */
            size_t same = 0;
            while (!str_eq(s.domains[same].id, r[i].domains[k].id)) same++;
            assert_int_equal(s.domains[same].correct, r[i].domains[k].correct);
            assert_int_equal(s.domains[same].total, r[i].domains[k].total);
            assert_int_equal(s.domains[same].floor, r[i].domains[k].floor);
        }
    }
    return count;
}

static void test_scores(void **state) {
    (void)state;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(check_results(db, ANA), 3);
    assert_int_equal(check_results(db, BO), 1);
    store_read_end(db);
}

static void test_evidence(void **state) {
    (void)state;
    struct exam_evidence x;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_evidence(db, &arena, NULL, "02bgcvr200a2q0n7yyeb3cz6px", &x), OK);
    store_read_end(db);
    assert_int_equal(x.slot_count, 2);
    assert_string_equal(x.slots[0].response, "D");
    assert_string_equal(x.slots[1].response, "A, B");
    assert_true(x.slots[0].right && x.slots[1].right);
    assert_int_equal(x.slots[1].max, 1);
}

struct at_time {
    write_fn run;
    void *arg;
};
static enum err then(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct at_time *t = arg;
    (void)now_ms;
    return t->run(db, a, t->arg, OPEN_FROM_MS + MS_MINUTE);
}

static enum err save(int slot, const char *json) {
    const char *why;
    struct exam_saving s = {.attempt_id = OPEN_ATTEMPT,
                            .person_id = BO,
                            .client = "now",
                            .slot = slot,
                            .seq = 2,
                            .value = json_read(&arena, json, strlen(json), &why)};
    return store_write(store, then, &(struct at_time){exam_save_job, &s}, &arena);
}

static void test_open(void **state) {
    (void)state;
    struct exam_open_attempt *open;
    size_t count;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_open_attempts(db, &arena, BO, &open, &count), OK);
    store_read_end(db);
    assert_int_equal(count, 1);
    assert_int_equal(open[0].total, 5);
    assert_int_equal(open[0].answered, 2);
    assert_int_equal(save(3, "[4]"), OK);
    assert_int_equal(save(3, "[1,2]"), ERR_INVALID); /* single choice */
    assert_int_equal(save(4, "[5,1]"), OK);
    assert_int_equal(save(5, "[5]"), ERR_INVALID); /* of four options */
    assert_int_equal(save(6, "[1]"), ERR_NOT_FOUND);
    struct exam_ending end = {.attempt_id = OPEN_ATTEMPT, .person_id = BO};
    assert_int_equal(store_write(store, then, &(struct at_time){exam_end_job, &end}, &arena), OK);
    struct exam_attempt t;
    struct exam_score s;
    db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_attempt_load(db, &arena, OPEN_ATTEMPT, BO, &t), OK);
    assert_int_equal(exam_attempt_score(NULL, db, &arena, &t, &s), OK);
    store_read_end(db);
    assert_int_equal(s.total, 5);
    /* keys-3 is shown as options 3, 4, 5, 2, 1 of the author: "[1,5]" is both keys. */
    assert_int_equal(s.points[0].points, 1);
    assert_int_equal(s.points[1].points, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scores),
                                       cmocka_unit_test(test_evidence),
                                       cmocka_unit_test(test_open)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
