/* Keys of addresses when memory is short. */
#include "unit/check.h"

#include <sys/wait.h>
#include <unicode/uclean.h>
#include <unistd.h>

#include "account/account.h"

static void *no_memory(const void *context, size_t size) {
    (void)context, (void)size;
    return NULL;
}
static void *no_more_memory(const void *context, void *old, size_t size) {
    (void)context, (void)old, (void)size;
    return NULL;
}
static void nothing_to_free(const void *context, void *p) { (void)context, (void)p; }

/* A key that could not be made for want of memory is not a wrong address: nobody may be told "wrong
 * login" for it, and nothing may be stored without. In a process of its own, where ICU has not read
 * its data yet. */
static void test_folding_without_memory(void **state) {
    (void)state;
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        UErrorCode e = U_ZERO_ERROR;
        struct arena a;
        u_setMemoryFunctions(NULL, no_memory, no_more_memory, nothing_to_free, &e);
        arena_init(&a, 1 << 20);
        bool returned = false;
        if (U_SUCCESS(e) && ARENA_GUARD(&a) == 0) {
            (void)account_email_key(&a, "ana@example.org");
            returned = true;
        }
        _exit(U_FAILURE(e) ? 3 : returned ? 1 : a.starved ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_folding_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
