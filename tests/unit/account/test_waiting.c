/* What requests wait for: the threads that hash, and the thread that lets the hasty wait. Waking a
 * request is noted here instead of resuming its connection. */
#include "unit/account/fixture.h"

#include <pthread.h>
#include <sodium.h>
#include <time.h>

#include "account/account_private.h"
#include "base/text.h"
#include "http/connection.h"

#define MOST 1200

static struct connection connections[MOST];
static struct arena arenas[MOST];
static struct hash_job jobs[MOST];
static struct delay holds[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int woken[MOST], woken_count; /* in their order */
static int64_t woken_ms[MOST];
static struct accounts accounts;
static struct app app = {.accounts = &accounts};

/* Takes the place of the library's. */
void MHD_resume_connection(struct MHD_Connection *mhd) {
    pthread_mutex_lock(&lock);
    int i = (int)((struct connection *)(void *)mhd - connections);
    woken_ms[i] = clock_monotonic_ms();
    woken[woken_count++] = i;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void all_woken(int count) {
    pthread_mutex_lock(&lock);
    while (woken_count < count) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static struct request *request(int i, const char *client) {
    struct connection *c = &connections[i];
    arena_init(&arenas[i], (size_t)1 << 20);
    *c = (struct connection){
        .mhd = (struct MHD_Connection *)(void *)c,
        .request = {.app = &app, .arena = &arenas[i], .client = client, .connection = c}};
    return &c->request;
}

static int begin(void **state) {
    (void)state;
    woken_count = 0;
    accounts = (struct accounts){.hashers = hashers_new(), .delays = delay_queue_new()};
    return accounts.hashers && accounts.delays ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    hashers_free(accounts.hashers);
    delay_queue_free(accounts.delays);
    for (int i = 0; i < MOST; i++) arena_release(&arenas[i]);
    return 0;
}

static struct hash_job hashed(struct hash_job job) {
    woken_count = 0;
    jobs[0] = job;
    account_hash_start(request(0, "10.0.0.1"), &jobs[0]);
    all_woken(1);
    assert_int_equal(connections[0].result, OK);
    return jobs[0];
}

static bool fits(const char *hash, const char *password) {
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

static void test_hashes(void **state) {
    (void)state;
    static const char right[] = "four unrelated words", wrong[] = "five unrelated words";
    const char *hash = account_hash(&arena, right), *issued = account_hash_issued(&arena, right);
    assert_true(fits(hash, right) && !fits(hash, wrong) && fits(issued, right));
    assert_non_null(strstr(hash, "$m=19456,t=2,p=1$")); /* 19 MiB, two passes */
    assert_non_null(strstr(issued, "$m=64,t=1,p=1$"));
    struct hash_job j = hashed((struct hash_job){.password = right, .hash = hash});
    assert_true(j.matches);
    assert_null(j.made);
    assert_false(hashed((struct hash_job){.password = wrong, .hash = hash}).matches);
    assert_true(hashed((struct hash_job){.password = right, .hash = issued}).matches);
    assert_false(hashed((struct hash_job){.password = wrong, .hash = issued}).matches);
    assert_false(hashed((struct hash_job){.password = right}).matches); /* an unknown login */
    assert_false(hashed((struct hash_job){.password = right, .hash = ""}).matches);
    /* A new one, when the old one was right; or unless it is the same. */
    j = hashed((struct hash_job){.password = right, .hash = hash, .new_password = wrong});
    assert_true(j.matches && fits(j.made, wrong));
    j = hashed((struct hash_job){.password = wrong, .hash = hash, .new_password = wrong});
    assert_true(!j.matches && !j.made);
    j = hashed((struct hash_job){
        .password = right, .hash = hash, .new_password = right, .make_unless = true});
    assert_true(j.matches && !j.made);
    j = hashed((struct hash_job){
        .password = wrong, .hash = hash, .new_password = wrong, .make_unless = true});
    assert_true(!j.matches && fits(j.made, wrong));
    j = hashed((struct hash_job){.new_password = wrong});
    assert_true(!j.matches && fits(j.made, wrong));
    assert_null(j.issued_made);
    const char *many[] = {"first", "second", "third"};
    j = hashed((struct hash_job){.issued = many, .issued_count = 3});
    assert_null(j.made);
    for (int i = 0; i < 3; i++) assert_true(fits(j.issued_made[i], many[i]));
}

/* Of processor time: others may use the machine meanwhile. An answer takes as long for an unknown
 * login, and for a hash that is quick, as for any other. */
static int64_t cost_ms(const char *hash) {
    clock_t began = clock();
    for (int i = 0; i < 4; i++)
        (void)hashed((struct hash_job){.password = "five unrelated words", .hash = hash});
    return (int64_t)(clock() - began) * 1000 / CLOCKS_PER_SEC;
}

static void test_as_long_for_all(void **state) {
    (void)state;
    const char *slow = account_hash(&arena, "a"), *quick = account_hash_issued(&arena, "a");
    int64_t usual = cost_ms(slow);
    assert_true(cost_ms(NULL) * 3 > usual);
    assert_true(cost_ms(quick) * 3 > usual);
}

/* Too many of one address are told at once, too many at one account otherwise; all others are
 * hashed, also when the academy closes meanwhile. */
static void test_full(void **state) {
    (void)state;
    int n = 0, busy = 0, limited = 0, fine = 0;
    for (; n < QUEUE_LIMIT_CLIENT + 10; n++) {
        jobs[n] = (struct hash_job){.new_password = n < 16 ? "a" : NULL};
        account_hash_start(request(n, "10.0.0.1"), &jobs[n]);
    }
    for (int i = 0; i < QUEUE_LIMIT_LOGIN + 4; i++, n++) {
        jobs[n] = (struct hash_job){.entry.login = "ana", .new_password = "a"};
        account_hash_start(request(n, "10.0.0.2"), &jobs[n]);
    }
    hashers_free(accounts.hashers);
    accounts.hashers = NULL;
    assert_int_equal(woken_count, n);
    for (int i = 0; i < n; i++) {
        enum err e = connections[i].result;
        busy += e == ERR_BUSY, limited += e == ERR_LIMIT, fine += e == OK;
        if (e == ERR_BUSY) assert_true(i >= QUEUE_LIMIT_CLIENT && i < QUEUE_LIMIT_CLIENT + 10);
        if (e == ERR_LIMIT) assert_true(i >= QUEUE_LIMIT_CLIENT + 10 + QUEUE_LIMIT_LOGIN);
        if (e == OK) assert_int_equal(jobs[i].made != NULL, jobs[i].new_password != NULL);
    }
    assert_true(busy > 0 && limited > 0);
    assert_int_equal(busy + limited + fine, n);
}

/* ---- Those who wait a while -------------------------------------------------------------------
 */
static void hold(int i, int64_t wait_ms) {
    holds[i] = (struct delay){.wait_ms = wait_ms};
    account_delay_start(request(i, "10.0.0.1"), &holds[i]);
}

static void test_held(void **state) {
    (void)state;
    int64_t began = clock_monotonic_ms();
    static const int64_t waits[] = {120, 40, 200, 40, 80};
    static const int order[] = {1, 3, 4, 0, 2}; /* of equal ones the first */
    for (int i = 0; i < 5; i++) hold(i, waits[i]);
    all_woken(5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(woken[i], order[i]);
        assert_int_equal(connections[i].result, OK);
        assert_true(woken_ms[i] - began >= waits[i]);
    }
    /* Nobody waits, then somebody does. */
    hold(5, 10);
    all_woken(6);
    assert_int_equal(connections[5].result, OK);
}

/* A full house keeps nobody out; when it closes, those who wait are told. */
static void test_house(void **state) {
    (void)state;
    for (int i = 0; i < DELAYS_MAX; i++) hold(i, 3600 * MS_SECOND);
    assert_int_equal(woken_count, 0);
    hold(DELAYS_MAX, 3600 * MS_SECOND);
    assert_int_equal(woken_count, 1);
    assert_int_equal(woken[0], DELAYS_MAX);
    assert_int_equal(connections[DELAYS_MAX].result, OK);
    delay_queue_free(accounts.delays);
    accounts.delays = NULL;
    assert_int_equal(woken_count, DELAYS_MAX + 1);
    for (int i = 0; i < DELAYS_MAX; i++) assert_int_equal(connections[i].result, ERR_BUSY);
    accounts.delays = delay_queue_new(); /* places are free again once somebody has left */
    woken_count = 0;
    for (int i = 0; i < DELAYS_MAX; i++) hold(i, 1);
    all_woken(DELAYS_MAX);
    hold(0, 3600 * MS_SECOND);
    assert_int_equal(woken_count, DELAYS_MAX);
    delay_queue_free(NULL);
    hashers_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hashes, begin, end),
        cmocka_unit_test_setup_teardown(test_as_long_for_all, begin, end),
        cmocka_unit_test_setup_teardown(test_full, begin, end),
        cmocka_unit_test_setup_teardown(test_held, begin, end),
        cmocka_unit_test_setup_teardown(test_house, begin, end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
