/* The record of a run: the chain, rewinds, what an image may be continued with. */
#include "unit/check.h"

#include <sodium.h>

#include "base/codec.h"
#include "base/text.h"
#include "labmodel/lab_random.h"
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

/* A row's hash made by hand, so that a stranger can check a record without us: the SHA-256 of a
 * JSON array without blanks. */
static void test_the_hash_is_that_of_an_array(void **state) {
    static const char text[] = "[\"r\\\"1\",3,1700000000123,\"p\",\"{\\\"a\\\":1}\",404,\"s\","
                               "\"" LAB_HASH_ZERO "\"]";
    struct lab_action action = {.seq = 3,
                                .at_ms = 1700000000123,
                                .actor_id = "p",
                                .action = "{\"a\":1}",
                                .answer_sha = "s",
                                .status = 404};
    assert_string_equal(lab_log_hash(*state, "r\"1", &action, LAB_HASH_ZERO),
                        sha256_hex(*state, text, strlen(text)));
}

/* What an action is, told by its canonical text alone. */
static void test_kinds_of_actions(void **state) {
    (void)state;
    static const struct {
        const char *action;
        int64_t to; /* -1: no rewind */
        bool query, clock;
    } cases[] = {
        {"{\"kind\":\"rewind\",\"to\":0}", 0, false, false},
        {"{\"kind\":\"rewind\",\"to\":9}", 9, false, false},
        {"{\"kind\":\"rewind\",\"to\":10}", 10, false, false},
        {"{\"kind\":\"rewind\",\"to\":20000}", 20000, false, false},
        {"{\"kind\":\"rewind\",\"to\":19999}", 19999, false, false},
        {"{\"kind\":\"rewind\",\"to\":200009}", 200009, false, false}, /* more than there are */
        {"{\"kind\":\"rewind\",\"to\":", 0, false, false},
        {"{\"kind\":\"rewind\",\"to\":12:}", 12, false, false},
        {"{\"kind\":\"rewind\",\"to\":12/}", 12, false, false},
        {"{\"kind\":\"rewind\",\"t\":1}", -1, false, false},
        {"{\"kind\":\"sql\",\"text\":\"SELECT 1\"}", -1, true, false},
        {"{\"kind\":\"sql\"}", -1, false, false},
        {"{\"cut\":\"time\",\"kind\":\"sql\"}", -1, true, false},
        {"{\"cut\"}", -1, false, false},
        {"{\"advance_ms\":60000,\"kind\":\"clock\"}", -1, false, true},
        {"{\"advance\":60000,\"kind\":\"clock\"}", -1, false, false},
        {"{}", -1, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t to = -1;
        bool is = lab_log_rewind(cases[i].action, &to);
        if (is != (cases[i].to >= 0) || to != cases[i].to) fail_msg("%s", cases[i].action);
        if (lab_log_query(cases[i].action) != cases[i].query) fail_msg("%s", cases[i].action);
        if (lab_log_clock(cases[i].action) != cases[i].clock) fail_msg("%s", cases[i].action);
    }
    /* However long the number is, it ends. */
    int64_t to = -1;
    assert_true(lab_log_rewind("{\"kind\":\"rewind\",\"to\":99999999999999999999999999}", &to));
    assert_in_range(to, LAB_ACTIONS_MAX + 1, 10 * (int64_t)LAB_ACTIONS_MAX + 9);
}

/* The formula by hand: seed and tick byte by byte from the lowest, the names with a zero between,
 * under SipHash-2-4. */
static uint64_t hash_by_hand(uint64_t seed, const char *stream, size_t stream_len,
                             const char *entity, size_t entity_len, int64_t tick) {
    unsigned char key[16] = {0}, text[512], out[8];
    size_t n = 0;
    for (int i = 0; i < 8; i++) {
        key[i] = (unsigned char)(seed >> 8 * i);
        text[n++] = (unsigned char)((uint64_t)tick >> 8 * i);
    }
    memcpy(text + n, stream, stream_len);
    n += stream_len;
    text[n++] = 0;
    memcpy(text + n, entity, entity_len);
    n += entity_len;
    crypto_shorthash(out, text, n, key);
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | out[i];
    return value;
}

static void test_chance_is_the_formula(void **state) {
    const uint64_t seed = UINT64_C(0x8192a3b4c5d6e7f8);
    const int64_t tick = INT64_C(0x1122334455667788);
    assert_true(lab_hash64(seed, "abc", "de", tick) == hash_by_hand(seed, "abc", 3, "de", 2, tick));
    /* Long names are cut: 56 bytes of the one, and what 256 leave of the other. */
    char stream[101], entity[301];
    memset(stream, 's', 100);
    memset(entity, 'e', 300);
    stream[100] = entity[300] = '\0';
    assert_true(lab_hash64(seed, stream, "de", tick) ==
                hash_by_hand(seed, stream, 56, "de", 2, tick));
    assert_true(lab_hash64(seed, "abc", entity, tick) ==
                hash_by_hand(seed, "abc", 3, entity, 256 - 12, tick));
    stream[56] = entity[244] = '\0'; /* and just not */
    assert_true(lab_hash64(seed, stream, "", tick) == hash_by_hand(seed, stream, 56, "", 0, tick));
    assert_true(lab_hash64(seed, "abc", entity, tick) ==
                hash_by_hand(seed, "abc", 3, entity, 244, tick));
    /* A token is its number and two draws of its member. */
    assert_string_equal(
        lab_access_token(*state, 5, 12, 3),
        arena_printf(*state, "tk3.%016llx%016llx",
                     (unsigned long long)hash_by_hand(5, "access-token-1", 14, "12", 2, 3),
                     (unsigned long long)hash_by_hand(5, "access-token-2", 14, "12", 2, 3)));
    static const int64_t numbers[] = {1, 2, 999999999, 1000000000};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        assert_int_equal(
            lab_access_token_number(*state, 5, 1, lab_access_token(*state, 5, 1, numbers[i])),
            numbers[i]);
    assert_int_equal(lab_access_token_number(*state, 5, 1, lab_access_token(*state, 5, 1, 0)), 0);
    assert_int_equal(
        lab_access_token_number(*state, 5, 1, lab_access_token(*state, 5, 1, 1000000001)), 0);
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
                                       TEST(test_the_hash_is_that_of_an_array),
                                       TEST(test_kinds_of_actions),
                                       TEST(test_chance_is_the_formula),
                                       TEST(test_chance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
