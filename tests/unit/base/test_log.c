/* Log lines: whatever they are given, each is one line of valid JSON, also when it has to be cut,
 * also when memory is short. */
#include "unit/check.h"

#include <unistd.h>

#include "base/json.h"
#include "base/log.h"

static char captured[16384];

/* Runs `say` with standard error going into `captured`; gives its length. */
static size_t capture(void (*say)(void)) {
    int pipes[2], old = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    close(pipes[1]);
    say();
    dup2(old, STDERR_FILENO);
    close(old);
    size_t n = 0;
    ssize_t got;
    while ((got = read(pipes[0], captured + n, sizeof captured - 1 - n)) > 0) n += (size_t)got;
    captured[n] = '\0';
    close(pipes[0]);
    return n;
}

static json_t *line_of(struct arena *a, void (*say)(void)) {
    size_t n = capture(say);
    assert_true(n > 1);
    assert_int_equal(captured[n - 1], '\n');
    assert_ptr_equal(strchr(captured, '\n'), captured + n - 1);
    const char *why = NULL;
    json_t *v = json_read(a, captured, n, &why);
    if (!v) fail_msg("%s in %s", why, captured);
    return v;
}

static const char *text_of(json_t *line, const char *key) {
    return json_string_value(json_object_get(line, key));
}

static void say_plain(void) { log_say(LOG_WARN, "backup", "wrote %d bytes to “%s”", 7, "a\"b"); }

static void test_plain(void **state) {
    json_t *line = line_of(*state, say_plain);
    assert_string_equal(text_of(line, "level"), "warn");
    assert_string_equal(text_of(line, "event"), "backup");
    assert_string_equal(text_of(line, "message"), "wrote 7 bytes to “a\"b”");
    assert_int_equal(strlen(text_of(line, "time")), strlen("2026-11-22T04:10:51.123Z"));
}

static void say_strange(void) {
    struct log_line l;
    log_begin(&l, LOG_INFO, "x");
    log_text(&l, "path", "/a\n{\"level\":\"forged\"}\x1b[31m\xff\xc3\x28");
    log_text(&l, "none", NULL);
    log_int(&l, "least", INT64_MIN);
    log_end(&l);
}

static void test_strange(void **state) {
    json_t *line = line_of(*state, say_strange);
    assert_string_equal(text_of(line, "path"),
                        "/a\n{\"level\":\"forged\"}\x1b[31m\xEF\xBF\xBD\xEF\xBF\xBD(");
    assert_true(json_is_null(json_object_get(line, "none")));
    assert_int_equal(json_integer_value(json_object_get(line, "least")), INT64_MIN);
}

static size_t fill;
static const char *unit;

static void say_long(void) {
    struct log_line l;
    char value[9000] = "";
    size_t n = strlen(unit);
    for (size_t i = 0; i < fill; i++) memcpy(value + i * n, unit, n + 1);
    log_begin(&l, LOG_INFO, "x");
    log_text(&l, "long", value);
    log_text(&l, "after", "still here?");
    log_int(&l, "number", 5);
    log_end(&l);
}

/* Around every length at which the line is full, with characters and escapes that must not be cut
 * in two. */
static void test_every_length(void **state) {
    (void)state;
    static const char *const units[] = {"a", "\"", "\x01", "é", "🎓", "\xff"};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++)
        for (fill = 0; fill < 4400 && fill * strlen(units[u]) < 8900;
             fill += fill > 500 && fill < 640     ? 1
                     : fill > 3900 && fill < 4120 ? 1
                                                  : 37) {
            struct arena a;
            arena_init(&a, 1 << 20);
            unit = units[u];
            line_of(&a, say_long);
            assert_true(strlen(captured) <= 4096);
            arena_release(&a);
        }
}

static void say_debug(void) { log_say(LOG_DEBUG, "x", "quiet"); }

static void test_threshold(void **state) {
    assert_int_equal(capture(say_debug), 0);
    log_threshold(LOG_DEBUG);
    assert_string_equal(text_of(line_of(*state, say_debug), "message"), "quiet");
    log_threshold(LOG_INFO);
}

static void say_without_memory(void) {
    arena_fail_at(1);
    log_say(LOG_ERROR, "memory", "there is none");
    arena_fail_at(0);
}

static void test_without_memory(void **state) {
    assert_string_equal(text_of(line_of(*state, say_without_memory), "message"), "there is none");
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_plain), TEST(test_strange),
                                       TEST(test_every_length), TEST(test_threshold),
                                       TEST(test_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
