/* Random bytes from a thread's store: never the same twice, in no thread and in no child process.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codec.h"

#define DRAWS 4000
#define THREADS 4

static uint64_t drawn[THREADS][DRAWS];

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void *draw(void *arg) {
    uint64_t *into = arg;
    for (int i = 0; i < DRAWS; i++) random_bytes(&into[i], sizeof into[i]);
    return NULL;
}

static void nothing_is_drawn_twice(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw, drawn[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    qsort(drawn, (size_t)THREADS * DRAWS, sizeof drawn[0][0], by_value);
    const uint64_t *all = drawn[0];
    for (int i = 1; i < THREADS * DRAWS; i++) assert_true(all[i] != all[i - 1]);
}

static void every_length_is_filled(void **state) {
    (void)state;
    for (size_t len = 0; len <= 2000; len += len < 300 ? 1 : 97) {
        unsigned char bytes[2001] = {0};
        bool nonzero_end = len < 4;
        for (int i = 0; i < 8 && !nonzero_end; i++) {
            random_bytes(bytes, len);
            nonzero_end = bytes[len - 1] != 0;
        }
        assert_true(nonzero_end);
        assert_int_equal(bytes[len], 0);
    }
}

static void a_child_draws_its_own(void **state) {
    (void)state;
    unsigned char mine[16], its[16];
    int ends[2];
    random_bytes(mine, sizeof mine); /* the store holds more now */
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        random_bytes(its, sizeof its);
        _exit(write(ends[1], its, sizeof its) == sizeof its ? 0 : 1);
    }
    random_bytes(mine, sizeof mine);
    assert_int_equal(read(ends[0], its, sizeof its), sizeof its);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_memory_not_equal(mine, its, sizeof mine);
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_drawn_twice),
        cmocka_unit_test(every_length_is_filled),
        cmocka_unit_test(a_child_draws_its_own),
    };
    codec_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
