/* The record of a run: the chain, rewinds, what an image may be continued with. */
#include "unit/check.h"

#include "base/codec.h"
#include "labmodel/lab_chance.h"
#include "lab/lab_log.h"

#define N 6

static void chain(struct arena *a, struct lab_action *actions, const char *const *texts,
                  size_t count) {
    const char *previous = LAB_HASH_ZERO;
    for (size_t i = 0; i < count; i++) {
        actions[i] = (struct lab_action){.seq = (int64_t)i + 1,
                                         .at_ms = 1000 + (int64_t)i,
                                         .actor_id = "p",
                                         .action = texts[i],
                                         .answer_sha = "s",
                                         .status = 200};
        actions[i].hash = lab_log_hash(a, "r", &actions[i], previous);
        previous = actions[i].hash;
    }
}

/* The record as it is read; how many of it fit their chain. */
static struct lab_log record_of(struct arena *a, const char *run_id,
                                const struct lab_action *actions, size_t count) {
    struct lab_log log;
    lab_log_init(&log);
    for (size_t i = 0; i < count && lab_log_add(&log, run_id, &actions[i], a, a); i++) continue;
    assert_int_equal(log.broken, log.count < count);
    return log;
}
static size_t fitting(struct arena *a, const char *run_id, const struct lab_action *actions,
                      size_t count) {
    return record_of(a, run_id, actions, count).count;
}

static const char *const plain[N] = {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}",
                                     "{\"a\":4}", "{\"a\":5}", "{\"a\":6}"};

static void test_a_whole_chain_holds(void **state) {
    struct lab_action actions[N];
    chain(*state, actions, plain, N);
    assert_int_equal(fitting(*state, "r", actions, N), N);
    assert_int_equal(fitting(*state, "r", actions, 0), 0);
    /* The same record under another run's name is no record of it. */
    assert_int_equal(fitting(*state, "other", actions, N), 0);
}

static void test_changes_are_found(void **state) {
    for (int what = 0; what < 7; what++) {
        struct lab_action actions[N];
        chain(*state, actions, plain, N);
        switch (what) {
        case 0: actions[3].action = "{\"a\":0}"; break;
        case 1: actions[3].at_ms++; break;
        case 2: actions[3].actor_id = "q"; break;
        case 3: actions[3].status = 404; break;
        case 4: actions[3].answer_sha = "t"; break;
        case 5: actions[3].seq = 9; break;
        default: actions[3].hash = actions[2].hash; break;
        }
        assert_int_equal(fitting(*state, "r", actions, N), 3);
    }
}

static void test_removed_and_reordered(void **state) {
    struct lab_action actions[N];
    chain(*state, actions, plain, N);
    memmove(&actions[2], &actions[3], sizeof actions[0] * (N - 3));
    assert_int_equal(fitting(*state, "r", actions, N - 1), 2);
    chain(*state, actions, plain, N);
    struct lab_action swap = actions[1];
    actions[1] = actions[2];
    actions[2] = swap;
    assert_int_equal(fitting(*state, "r", actions, N), 1);
}

static void test_rewinds(void **state) {
    (void)state;
    static const char *const texts[] = {"{\"a\":1}", "{\"a\":2}",
                                        "{\"a\":3}", "{\"kind\":\"rewind\",\"to\":1}",
                                        "{\"a\":5}", "{\"kind\":\"rewind\",\"to\":9}",
                                        "{\"a\":7}"};
    struct lab_action actions[7];
    size_t kept[7];
    chain(*state, actions, texts, 7);
    struct lab_log three = record_of(*state, "r", actions, 3),
                   four = record_of(*state, "r", actions, 4),
                   seven = record_of(*state, "r", actions, 7);
    assert_int_equal(lab_log_effective(&three, kept), 3);
    assert_int_equal(lab_log_effective(&four, kept), 1);
    assert_int_equal(lab_log_effective(&seven, kept), 3);
    assert_int_equal(three.bytes, 21);
    assert_string_equal(three.head, actions[2].hash);
    assert_int_equal(kept[0], 0);
    assert_int_equal(kept[1], 4);
    assert_int_equal(kept[2], 6); /* going back to where one has not been takes nothing back */
}

static void test_images(void **state) {
    static const char *const texts[] = {"{\"a\":1}", "{\"a\":2}",
                                        "{\"a\":3}", "{\"kind\":\"rewind\",\"to\":1}",
                                        "{\"a\":5}", "{\"a\":6}"};
    struct lab_action actions[6];
    size_t from;
    chain(*state, actions, texts, 6);
    struct lab_log log = record_of(*state, "r", actions, 6);
    assert_true(lab_log_continues(&log, 0, &from));
    assert_int_equal(from, 0);
    assert_true(lab_log_continues(&log, 1, &from));
    assert_int_equal(from, 1);
    assert_false(lab_log_continues(&log, 2, &from)); /* holds an action that was taken back */
    assert_false(lab_log_continues(&log, 3, &from));
    assert_true(lab_log_continues(&log, 4, &from));
    assert_int_equal(from, 1);
    assert_true(lab_log_continues(&log, 6, &from));
    assert_int_equal(from, 3);
    assert_false(lab_log_continues(&log, 7, &from)); /* of a record that is longer than this one */
    assert_false(lab_log_continues(&log, -1, &from));
}

/* A draw more in one stream shifts no other, and the numbers are the same on every machine. */
static void test_chance(void **state) {
    assert_int_equal(lab_hash64(1, "a", "b", 1), lab_hash64(1, "a", "b", 1));
    assert_true(lab_hash64(1, "a", "b", 1) != lab_hash64(1, "a", "b", 2));
    assert_true(lab_hash64(1, "a", "b", 1) != lab_hash64(2, "a", "b", 1));
    assert_true(lab_hash64(1, "ab", "c", 1) != lab_hash64(1, "a", "bc", 1));
    assert_int_equal(
        lab_hash64(0, "", "", 0),
        UINT64_C(3265264563625331951) /* SipHash-2-4 of nine zero bytes under a zero key */);
    const char *token = lab_access_token(*state, 5, 1, 3);
    assert_int_equal(lab_access_token_number(*state, 5, 1, token), 3);
    assert_int_equal(lab_access_token_number(*state, 5, 0, token), 0);
    assert_int_equal(lab_access_token_number(*state, 6, 1, token), 0);
    static const char *const bad[] = {"", "tk", "tk3", "tk3.", "t.", "tk0.0", "tk-1.0", "tk3.0000"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(lab_access_token_number(*state, 5, 1, bad[i]), 0);
    assert_int_equal(lab_access_token_number(*state, 5, 1, NULL), 0);
}

int main(void) {
    codec_start();
    const struct CMUnitTest tests[] = {TEST(test_a_whole_chain_holds),
                                       TEST(test_changes_are_found),
                                       TEST(test_removed_and_reordered),
                                       TEST(test_rewinds),
                                       TEST(test_images),
                                       TEST(test_chance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
