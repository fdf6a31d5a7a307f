/* Work in a process of its own: this program is that process as well, told by its first argument
 * what to do. */
#include "base/subprocess.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "unit/check.h"

#define MEGABYTE ((size_t)1024 * 1024)

static int child(const char *what) {
    struct arena a;
    size_t len;
    subprocess_confine(5, 1024 * MEGABYTE);
    arena_init(&a, 64 * MEGABYTE);
    if (str_eq(what, "die")) abort();
    if (str_eq(what, "hang"))
        for (;;) pause();
    if (str_eq(what, "deaf")) return subprocess_write_output("early", 5) ? 0 : 3;
    if (str_eq(what, "descriptors")) return write(7, "x", 1) < 0 ? 0 : 3;
    const char *input = subprocess_read_input(&a, 8 * MEGABYTE, &len);
    if (!input) return 2;
    if (!subprocess_write_output(input, len)) return 3;
    return str_eq(what, "refuse") ? 1 : 0;
}

static struct arena arena;

static enum err run(const char *what, const char *input, size_t len, int64_t deadline_ms,
                    size_t max, char **out, size_t *out_len) {
    const char *const arguments[] = {"test_subprocess", what, NULL};
    const char *why = "";
    struct subprocess work = {arguments, input, len, max, deadline_ms};
    enum err e = subprocess_run(&work, &arena, out, out_len, &why);
    /* Nothing is left of it. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    return e;
}

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 64 * MEGABYTE);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static void test_answers(void **state) {
    (void)state;
    char *out, *large = arena_alloc(&arena, 3 * MEGABYTE);
    size_t len;
    memset(large, 'x', 3 * MEGABYTE); /* more than any pipe holds, both ways */
    assert_int_equal(run("echo", "hello", 5, 60000, 5, &out, &len), OK);
    assert_string_equal(out, "hello");
    assert_int_equal(run("echo", large, 3 * MEGABYTE, 60000, 3 * MEGABYTE, &out, &len), OK);
    assert_int_equal(len, 3 * MEGABYTE);
    assert_memory_equal(out, large, len);
    assert_int_equal(run("echo", "", 0, 60000, 10, &out, &len), OK);
    assert_int_equal(len, 0);
    assert_int_equal(run("refuse", "no", 2, 60000, 10, &out, &len), ERR_INVALID);
    assert_string_equal(out, "no");
}

static void test_failures(void **state) {
    (void)state;
    char *out, *large = arena_alloc(&arena, 3 * MEGABYTE);
    size_t len;
    assert_int_equal(run("die", "", 0, 60000, 10, &out, &len), ERR_BUSY);
    assert_int_equal(run("die", large, 3 * MEGABYTE, 60000, 10, &out, &len), ERR_BUSY);
    assert_int_equal(run("hang", "", 0, 50, 10, &out, &len), ERR_BUSY);
    assert_int_equal(run("hang", large, 3 * MEGABYTE, 50, 10, &out, &len), ERR_BUSY);
    assert_int_equal(run("deaf", large, 3 * MEGABYTE, 60000, 10, &out, &len), OK);
    assert_string_equal(out, "early");
    assert_int_equal(run("echo", "six...", 6, 60000, 6, &out, &len), OK); /* RULE aside-output */
    assert_int_equal(run("echo", "seven..", 7, 60000, 6, &out, &len), ERR_BUSY);
}

/* It has no descriptor of ours: not the store, not a connection. */
static void test_descriptors(void **state) {
    (void)state;
    char *out;
    size_t len;
    assert_true(dup2(STDERR_FILENO, 7) == 7);
    assert_int_equal(run("descriptors", "", 0, 60000, 10, &out, &len), OK);
    close(7);
}

/* Leaving through the arena's guard leaves no process behind. */
static void test_guard(void **state) {
    (void)state;
    struct arena small;
    char *out, *volatile large = arena_alloc(&arena, 3 * MEGABYTE);
    size_t len;
    const char *why, *const arguments[] = {"test_subprocess", "echo", NULL};
    memset(large, 'x', 3 * MEGABYTE);
    arena_init(&small, MEGABYTE);
    struct subprocess work = {arguments, large, 3 * MEGABYTE, 3 * MEGABYTE, 60000};
    if (ARENA_GUARD(&small) == 0) {
        (void)!subprocess_run(&work, &small, &out, &len, &why);
        fail_msg("the arena held it all");
    }
    arena_release(&small);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(int argc, char **argv) {
    if (argc > 1) return child(argv[1]);
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guard, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
