/* kill -9 while 64 clients save, 50 times: every save that was acknowledged is found.
 *
 * A child holds the store and takes saves over a socket for each client; a save is acknowledged
 * by the job's `done`. The parent's 64 clients save one note after another and remember the last
 * that was acknowledged. At a random time the child is killed. Then the database must hold each
 * client's notes from the first to the last acknowledged one, whole, and at most the one more
 * that was under way.
 *
 * Every other time the database is only read in between, so that the next child finds the WAL as
 * the crash left it. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"

#define CLIENTS 64
#define ROUNDS 50
#define LONGEST_LIFE_MS 250
#define ID_OF(client, number) ((int64_t)(client)*1000000000 + (number))

/* A note's text follows from its id; long ones cross pages, so that a torn one would show. */
static void write_text(char out[600], int64_t id) {
    int n = snprintf(out, 600, "note %lld ", (long long)id);
    size_t len = (size_t)(id * 7 % 500) + 40;
    while ((size_t)n < len) {
        out[n] = (char)('a' + (id + n) % 26);
        n++;
    }
    out[n] = '\0';
}

/* ---- The child: one thread that takes, the writer that acknowledges -------------------------- */

struct session {
    int fd;
    struct write_job job;
    struct arena arena;
    char memory[600];
    _Atomic int64_t
        id; /* the next comes after the client has read the acknowledgement of this one */
};

static enum err save(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    struct session *c = arg;
    write_text(c->memory, c->id);
    return db_run(db, Q(NOTE_ADD), "itn", c->id, c->memory);
}

static void acknowledge(struct write_job *job, enum err result) {
    struct session *c = job->context;
    int64_t answer = result == OK ? c->id : -1;
    if (write(c->fd, &answer, sizeof answer) != sizeof answer) _exit(4);
}

static _Noreturn void serve(const int *fds) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    static struct session sessions[CLIENTS];
    struct pollfd polled[CLIENTS];
    struct store *s = NULL;
    const char *why = NULL;
    if (store_open(&s, &(struct store_options){.path = fixture_db}, &fixture_arena, &why) != OK) {
        fprintf(stderr, "%s\n", why);
        _exit(2);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct session *c = &sessions[i];
        c->fd = fds[i];
        arena_init(&c->arena, 64 * 1024);
        c->job = (struct write_job){
            .run = save, .arg = c, .arena = &c->arena, .done = acknowledge, .context = c};
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    }
    for (;;) {
        if (poll(polled, CLIENTS, -1) < 0) _exit(5);
        for (int i = 0; i < CLIENTS; i++) {
            if (!polled[i].revents) continue;
            int64_t id;
            if (read(polled[i].fd, &id, sizeof id) != sizeof id) _exit(6);
            sessions[i].id = id;
            if (store_submit(s, &sessions[i].job) != OK) _exit(7);
        }
    }
}

/* ---- The parent's clients ------------------------------------------------------------------- */

struct client {
    int number, fd;
    int64_t acknowledged; /* notes 1 to this */
    int64_t found;        /* notes that are in the database */
    bool refused;
};
static struct client clients[CLIENTS];
static _Atomic int64_t total_acknowledged;

static void *save_on(void *arg) {
    struct client *c = arg;
    for (;;) {
        int64_t id = ID_OF(c->number, c->acknowledged + 1), answer;
        if (send(c->fd, &id, sizeof id, MSG_NOSIGNAL) != sizeof id) break;
        if (recv(c->fd, &answer, sizeof answer, MSG_WAITALL) != sizeof answer) break;
        if (answer != id) {
            c->refused = true;
            break;
        }
        c->acknowledged++;
        total_acknowledged++;
    }
    close(c->fd);
    return NULL;
}

/* What was saved before but not acknowledged was found last time: the client goes on behind it. */
static void check(bool read_only, int round) {
    struct store *s = fixture_open_with((struct store_options){.read_only = read_only});
    struct arena a;
    arena_init(&a, 1024 * 1024);
    struct stmt *q = db_query(store_reader(s), Q(NOTE_ALL), "");
    for (int i = 0; i < CLIENTS; i++) clients[i].found = 0;
    while (stmt_row(q)) {
        int64_t id = stmt_int(q, 0), number = id % 1000000000;
        struct client *c = &clients[id / 1000000000];
        char expected[600];
        write_text(expected, id);
        assert_string_equal(stmt_text(q, 1, &a), expected);
        if (number != ++c->found)
            fail_msg("round %d: note %lld of client %d is missing", round, (long long)c->found,
                     c->number);
        arena_release(&a);
    }
    assert_int_equal(stmt_end(q), OK);
    for (int i = 0; i < CLIENTS; i++) {
        struct client *c = &clients[i];
        if (c->found < c->acknowledged)
            fail_msg("round %d: client %d was told that %lld notes are saved, %lld are there",
                     round, i, (long long)c->acknowledged, (long long)c->found);
        if (c->found > c->acknowledged + 1)
            fail_msg("round %d: client %d has notes that it never sent", round, i);
        c->acknowledged = c->found;
    }
    assert_true(store_close(s, 5000));
}

static void live_and_die(int life_ms) {
    int fds[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        clients[i].fd = pair[0];
        fds[i] = pair[1];
    }
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int i = 0; i < CLIENTS; i++) close(clients[i].fd);
        serve(fds);
    }
    for (int i = 0; i < CLIENTS; i++) close(fds[i]);
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, save_on, &clients[i]), 0);
    usleep((useconds_t)life_ms * 1000);
    kill(child, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    for (int i = 0; i < CLIENTS; i++) pthread_join(threads[i], NULL);
    if (!WIFSIGNALED(status)) fail_msg("the child ended by itself (%d)", WEXITSTATUS(status));
    for (int i = 0; i < CLIENTS; i++) assert_false(clients[i].refused);
}

static void every_acknowledged_save_is_found(void **state) {
    (void)state;
    unsigned seed = (unsigned)clock_now_ms();
    print_message("  seed %u\n", seed);
    for (int i = 0; i < CLIENTS; i++) clients[i].number = i;
    int early = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t before = total_acknowledged;
        /* Some die while they open, migrate or recover. */
        live_and_die(round % 5 == 0 ? rand_r(&seed) % 20 : 10 + rand_r(&seed) % LONGEST_LIFE_MS);
        early += total_acknowledged == before;
        /* A child that died while it made the file has left nothing to be read. */
        bool made = total_acknowledged > 0;
        check(made && round % 2, round);
    }
    print_message("  %lld saves acknowledged, all found; %d children died before the first\n",
                  (long long)total_acknowledged, early);
    assert_true(total_acknowledged > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_acknowledged_save_is_found, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
