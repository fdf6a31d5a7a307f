/* Workers that do not behave, at the other end of a socket: whatever they do, the question ends by
 * its deadline, and they are ended. */
#include "unit/lab/lab_fixture.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/wire.h"

#define DEADLINE_MS 400
/* what a busy machine may add; before there was a deadline it was for ever */
#define LATE_MS 5000

/* A worker of our own making: `behave` gets its end of the socket. */
struct fake {
    int fd;
    void (*behave)(int fd);
    pthread_t thread;
};

static void *run_fake(void *arg) {
    struct fake *f = arg;
    f->behave(f->fd);
    close(f->fd);
    return NULL;
}

static struct worker start_fake(struct fake *f, void (*behave)(int fd)) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    *f = (struct fake){.fd = ends[1], .behave = behave};
    assert_int_equal(pthread_create(&f->thread, NULL, run_fake, f), 0);
    return (struct worker){.fd = ends[0], .pid_fd = -1, .deadline_ms = DEADLINE_MS};
}

static void read_question(int fd) {
    char bytes[4096];
    ssize_t n = read(fd, bytes, sizeof bytes);
    (void)n;
}
/* Until the other end is closed. */
static void linger(int fd) {
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0) continue;
}
static void put(int fd, const void *bytes, size_t len) {
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
    (void)n;
}
static void put_head(int fd, unsigned len) {
    unsigned char head[8] = {WIRE_FINE,       0,        0, 0, len & 255, len >> 8 & 255,
                             len >> 16 & 255, len >> 24};
    put(fd, head, sizeof head);
}

static void reads_and_is_silent(int fd) { linger(fd); }
/* Bigger than what the socket holds is the question (test_a_question_that_nobody_reads). */
static void reads_nothing(int fd) {
    char byte;
    while (recv(fd, &byte, 1, MSG_PEEK) > 0 && usleep(20000) == 0)
        if (send(fd, "", 0, MSG_NOSIGNAL) < 0) break;
}
static void answers_half(int fd) {
    read_question(fd);
    put_head(fd, 100);
    put(fd, "{\"status\":200", 13);
    linger(fd);
}
static void half_a_head(int fd) {
    read_question(fd);
    put(fd, "\x64\0\0", 3);
    linger(fd);
}
/* A byte at a time, each in time, all together never. */
static void dribbles(int fd) {
    read_question(fd);
    put_head(fd, 100000);
    while (send(fd, " ", 1, MSG_NOSIGNAL) == 1) usleep(20000);
}
static void claims_too_much(int fd) {
    read_question(fd);
    put_head(fd, (unsigned)CLIENT_ANSWER_BYTES + 1);
    linger(fd);
}
static void floods(int fd) {
    static char noise[65536];
    memset(noise, 'x', sizeof noise);
    while (send(fd, noise, sizeof noise, MSG_NOSIGNAL) > 0) continue;
}
static void hangs_up(int fd) { read_question(fd); }

static void test_each_ends_by_its_deadline(void **state) {
    static const struct {
        const char *what;
        void (*behave)(int fd);
        enum err e;
    } cases[] = {
        {"silent", reads_and_is_silent, ERR_BUSY},
        {"half an answer", answers_half, ERR_BUSY},
        {"half a head", half_a_head, ERR_BUSY},
        {"dribbles", dribbles, ERR_BUSY},
        {"claims too much", claims_too_much, ERR_IO},
        {"floods", floods, ERR_IO},
        {"hangs up", hangs_up, ERR_IO},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake fake;
        struct lab_answer answer;
        struct worker w = start_fake(&fake, cases[i].behave);
        int64_t began = clock_monotonic_ms();
        enum err e = client_step(&w, "{}", *state, &answer);
        int64_t took = clock_monotonic_ms() - began;
        if (e != cases[i].e || w.fd != -1 || took > DEADLINE_MS + LATE_MS)
            fail_msg("%s: %s after %lld ms, descriptor %d", cases[i].what, err_name(e),
                     (long long)took, w.fd);
        pthread_join(fake.thread, NULL);
    }
}

static void test_a_question_that_nobody_reads(void **state) {
    struct fake fake;
    const char *answer;
    size_t len = 4 << 20; /* more than a socket holds */
    char *question = arena_alloc(*state, len + 1);
    memset(question, ' ', len);
    struct worker w = start_fake(&fake, reads_nothing);
    int64_t began = clock_monotonic_ms();
    assert_int_equal(client_view(&w, question, *state, &answer, &len), ERR_BUSY);
    assert_true(clock_monotonic_ms() - began < DEADLINE_MS + LATE_MS);
    assert_int_equal(w.fd, -1);
    pthread_join(fake.thread, NULL);
}

/* What comes unasked is not the answer to what is asked next. */
static void answers_twice(int fd) {
    static const char one[] = "{}";
    read_question(fd);
    for (int i = 0; i < 2; i++) {
        put_head(fd, 2);
        put(fd, one, 2);
    }
    linger(fd);
}
static void test_an_answer_too_many(void **state) {
    struct fake fake;
    const char *answer;
    size_t len;
    struct worker w = start_fake(&fake, answers_twice);
    assert_int_equal(client_view(&w, "{}", *state, &answer, &len), OK);
    usleep(100000);
    assert_int_equal(client_view(&w, "{}", *state, &answer, &len), ERR_IO);
    assert_int_equal(w.fd, -1);
    pthread_join(fake.thread, NULL);
}

/* ---- What a worker may say of its answer ---------------------------------------------------- */
static const char *meta;
static void answers_meta(int fd) {
    read_question(fd);
    put_head(fd, (unsigned)strlen(meta) + 3);
    put(fd, meta, strlen(meta) + 1);
    put(fd, "{}", 2);
    linger(fd);
}
static void test_believed_only_so_far(void **state) {
#define HEAD                                                                                       \
    "{\"status\":200,\"type\":\"application/json\",\"now_ms\":1,\"step\":1,\"refused\":false,\"headers\":"
    static const struct {
        const char *meta;
        enum err e;
    } cases[] = {
        {HEAD "[]}", OK},
        {HEAD "[[\"X-Left\",\"12\"]]}", OK},
        {HEAD "[[\"Set-Cookie\",\"session=1\"]]}", ERR_IO},
        {HEAD "[[\"Refresh\",\"0;url=https://example.com\"]]}", ERR_IO},
        {HEAD "[[\"X-Left\",\"12\\r\\nSet-Cookie: a=b\"]]}", ERR_IO},
        {HEAD "[[\"X Left\",\"12\"]]}", ERR_IO},
        {HEAD "[[\"X-Left\",\"\"]]}", ERR_IO},
        {HEAD "[[\"X-Left\"]]}", ERR_IO},
        /* RULE lab-link. */
        {HEAD "[[\"Link\",\"<?a=1&b=%20>; rel=\\\"next\\\"\"]]}", OK},
        {HEAD "[[\"Link\",\"</x?a=1>; rel=\\\"next\\\"\"]]}", ERR_IO},
        {HEAD "[[\"Link\",\"<?a>; rel=\\\"preload\\\"\"]]}", ERR_IO},
        {HEAD "[[\"Link\",\"<?a>; rel=\\\"preload\\\", <?b>; rel=\\\"next\\\"\"]]}", ERR_IO},
        {HEAD "[[\"Link\",\"<?a>; rel=\\\"next\\\"; as=\\\"script\\\"\"]]}", ERR_IO},
        {HEAD "[[\"Link\",\"<?a b>; rel=\\\"next\\\"\"]]}", ERR_IO},
        {HEAD "[[\"Link\",\"12\"]]}", ERR_IO},
        /* RULE lab-tag-form. */
        {HEAD "[[\"ETag\",\"\\\"0123456789abcdef\\\"\"]]}", OK},
        {HEAD "[[\"ETag\",\"\\\"0123456789abcde\\\"\"]]}", ERR_IO},
        {HEAD "[[\"ETag\",\"\\\"0123456789abcdeg\\\"\"]]}", ERR_IO},
        {HEAD "[[\"ETag\",\"0123456789abcdef\"]]}", ERR_IO},
        {HEAD "[[\"ETag\",\"12\"]]}", ERR_IO},
        {HEAD "[[\"Allow\",\"GET, HEAD\"]]}", OK},
        {HEAD "[[\"Allow\",\"\"]]}", ERR_IO},
        {HEAD "[[\"Allow\",\"GET; POST\"]]}", ERR_IO},
        {"{\"status\":200,\"type\":\"text/html\",\"headers\":[]}", ERR_IO},
        {"{\"status\":199,\"type\":\"application/json\",\"headers\":[]}", ERR_IO},
        {"{\"status\":600,\"type\":\"application/json\",\"headers\":[]}", ERR_IO},
        {"{\"status\":200,\"type\":\"application/problem+json\",\"headers\":[]}", OK},
        {"no JSON", ERR_IO},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake fake;
        struct lab_answer answer;
        meta = cases[i].meta;
        struct worker w = start_fake(&fake, answers_meta);
        enum err e = client_step(&w, "{}", *state, &answer);
        if (e != cases[i].e) fail_msg("%s: %s", cases[i].meta, err_name(e));
        worker_end(&w);
        pthread_join(fake.thread, NULL);
    }
}

/* ---- The zygote ----------------------------------------------------------------------------- */
/* Stopped, killed, stopped again: there is always one more. */
static void test_a_zygote_that_hangs(void **state) {
    static const int signals[] = {SIGSTOP, SIGKILL, SIGSTOP};
    static const char *const choices[] = {"crm=aurelia,map=quillon", "crm=boreal,map=heron",
                                          "crm=boreal,map=quillon"};
    struct lab_scenario *s = fixture_scenario(*state);
    struct zygote *z = fixture_zygote();
    struct worker before = fixture_worker(*state, s, CHOICE, 1);
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        pid_t pid = zygote_pid(z);
        int64_t began = clock_monotonic_ms();
        assert_int_equal(kill(pid, signals[i]), 0);
        /* A choice whose template is not there yet, so that the zygote is asked. */
        struct worker w = fixture_worker(*state, s, choices[i], 1);
        assert_true(clock_monotonic_ms() - began < 2 * ZYGOTE_DEADLINE_MS + LATE_MS);
        assert_true(zygote_pid(z) != pid);
        assert_int_equal(fixture_sql(*state, &w, "SELECT 1").status, 200);
        worker_end(&w);
    }
    struct lab_answer answer; /* its zygote is gone, and it with it */
    assert_int_equal(
        client_step(&before, "{\"kind\":\"sql\",\"sql\":\"SELECT 1\"}", *state, &answer), ERR_IO);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    fixture_zygote(); /* before there are threads */
    const struct CMUnitTest tests[] = {
        TEST(test_each_ends_by_its_deadline), TEST(test_a_question_that_nobody_reads),
        TEST(test_an_answer_too_many), TEST(test_believed_only_so_far),
        TEST(test_a_zygote_that_hangs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
