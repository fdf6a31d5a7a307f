/* A log that cannot be read just now is not a broken one. */
#include "fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_FAILING_MEMORY 0 /* a sanitizer has an allocator of its own */
static bool fell_short;      /* the last time: the injected failure happened */
#else
#define HAS_FAILING_MEMORY 1
#include "memory/failing_memory.h"
#endif

#define MOST 200000

/* Details that fill chunks of memory of their own, and a signed head after some of them. */
static void fill_signed(void) {
    begin_signing();
    char *large = arena_alloc(&arena, 40000);
    memset(large, 'x', 39999);
    struct store *s = open_store();
    for (int i = 0; i < 4; i++) {
        assert_int_equal(say(s, (struct fact){"p", "test.fact", "s", large, OK}), OK);
        assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", "{}", OK}), OK);
    }
    assert_true(store_close(s, 1000));
}

/* As of a snapshot that a row was added behind, so that the newest state is asked as well. */
static enum err verify_now(struct store *s, long long nth, const char **said) {
    struct db *db = store_reader(s);
    struct audit_head last;
    struct audit_report r = {0};
    assert_non_null(db);
    store_read_begin(db);
    assert_int_equal(audit_last(db, &arena, &last), OK);
    assert_int_equal(say(s, (struct fact){"p", "test.fact", "s", NULL, OK}), OK);
    volatile enum err e = ERR_BUSY;
#if HAS_FAILING_MEMORY
    atomic_store(&order->left, nth);
#else
    arena_fail_at(nth);
#endif
    if (ARENA_GUARD(&arena) == 0) e = audit_verify(db, &arena, &r);
#if HAS_FAILING_MEMORY
    atomic_store(&order->left, 0);
#else
    fell_short = arena_failed_as_asked();
    arena_fail_at(0);
#endif
    store_read_end(db);
    *said = r.problem;
    return e;
}

static long long refused(void) {
#if HAS_FAILING_MEMORY
    return atomic_load(&order->refused);
#else
    return fell_short;
#endif
}

static void short_memory_breaks_no_log(void **state) {
    (void)state;
    fill_signed();
    struct store *s = open_store();
    const char *said;
    assert_int_equal(verify_now(s, 0, &said), OK);
    int failed = 0;
    long long nth = 1;
    /* Each of the first; then the many that opening the newest state takes, ever fewer of them. */
    for (; nth < MOST; nth += 1 + nth / 60) {
        long long before = HAS_FAILING_MEMORY ? refused() : 0;
        enum err e = verify_now(s, nth, &said);
        if (refused() == before) break;
        if (e == ERR_INVALID) fail_msg("allocation %lld: %s", nth, said);
        failed += e != OK;
        arena_release(&arena);
    }
    assert_true(failed > (HAS_FAILING_MEMORY ? 10 : 0) && nth < MOST);
    assert_int_equal(verify_now(s, 0, &said), OK);
    assert_true(store_close(s, 1000));
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(short_memory_breaks_no_log, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
