/* Who must go when there are too many, and who never does. */
#include "unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/peers.h"

#define MOST 16 /* a share of 14 */
#define SHARE 14

struct client {
    struct peer *peer;
    int ends[2]; /* ours, the client's */
};

static struct client client(struct peers *s, const char *address) {
    struct client c;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, c.ends), 0);
    bool is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
    assert_true(is_six || inet_pton(AF_INET, address, &four.sin_addr) == 1);
    c.peer = peers_join(s, NULL, c.ends[0], is_six ? (void *)&six : (void *)&four);
    assert_non_null(c.peer);
    return c;
}

static bool was_cut(const struct client *c) {
    char byte;
    return read(c->ends[1], &byte, 1) == 0;
}

static void say(struct peers *s, struct client *c, const char *bytes) {
    framing_read(&c->peer->framing, bytes, strlen(bytes));
    peers_received(s, c->peer);
}

static void ask(struct peers *s, struct client *c) {
    say(s, c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    peers_working(s, c->peer);
}

static void leave(struct peers *s, struct client *c) {
    peers_leave(s, c->peer);
    close(c->ends[0]);
    close(c->ends[1]);
}

static void leave_all(struct peers *s, struct client *all, size_t count) {
    for (size_t i = 0; i < count; i++) leave(s, &all[i]);
    peers_stop(s);
}

static void test_share(void **state) { /* RULE share-of-one-address, on both sides of the edge */
    (void)state;
    struct peers *s = peers_start(60000, MOST);
    struct client all[SHARE + 2];
    for (size_t i = 0; i < SHARE; i++) all[i] = client(s, "192.0.2.1");
    for (size_t i = 0; i < SHARE; i++) assert_false(was_cut(&all[i]));
    all[SHARE] = client(s, "192.0.2.2"); /* another's */
    assert_false(was_cut(&all[0]));
    all[SHARE + 1] = client(s, "192.0.2.1");
    assert_true(was_cut(&all[0])); /* the oldest made room */
    for (size_t i = 1; i < SHARE + 2; i++) assert_false(was_cut(&all[i]));
    leave_all(s, all, SHARE + 2);
}

static void test_order(
    void **state) { /* half-sent before idle, the longest waiting first, never who is served */
    (void)state;
    struct peers *s = peers_start(60000, MOST);
    struct client all[SHARE + 5];
    for (size_t i = 0; i < SHARE; i++) {
        all[i] = client(s, "192.0.2.1");
        ask(s, &all[i]);
    }
    peers_answered(s, all[3].peer); /* idle */
    peers_answered(s, all[1].peer);
    peers_answered(s, all[2].peer);
    say(s, &all[2], "GET / HT"); /* half-sent, and the youngest of those that wait */
    all[SHARE] = client(s, "192.0.2.1");
    assert_true(was_cut(&all[2]));
    ask(s, &all[SHARE]);
    all[SHARE + 1] = client(s, "192.0.2.1");
    assert_true(was_cut(&all[3]));
    assert_false(was_cut(&all[1]));
    ask(s, &all[SHARE + 1]);
    all[SHARE + 2] = client(s, "192.0.2.1");
    assert_true(was_cut(&all[1]));
    ask(s, &all[SHARE + 2]);
    all[SHARE + 3] = client(s, "192.0.2.1"); /* all are served: it is one too many itself */
    assert_true(was_cut(&all[SHARE + 3]));
    all[SHARE + 4] = client(s, "192.0.2.7");
    assert_false(was_cut(&all[SHARE + 4]));
    for (size_t i = 4; i < SHARE; i++) assert_false(was_cut(&all[i]));
    struct peers_stats stats;
    peers_stats(s, &stats);
    assert_int_equal(stats.evicted, 4);
    leave_all(s, all, SHARE + 5);
}

static void test_room(void **state) { /* the address that holds the most gives up places */
    (void)state;
    struct peers *s = peers_start(60000, MOST);
    struct client all[MOST];
    for (size_t i = 0; i < MOST; i++)
        all[i] = client(s, i < 6 ? "192.0.2.1" : i < 15 ? "192.0.2.2" : "192.0.2.3");
    assert_int_equal(peers_make_room(s, 2), 2);
    for (size_t i = 0; i < MOST; i++) assert_int_equal(was_cut(&all[i]), i == 6 || i == 7);
    for (size_t i = 8; i < 15; i++) ask(s, &all[i]);
    assert_int_equal(peers_make_room(s, 64), 8); /* those of the second are served now */
    assert_int_equal(peers_make_room(s, 64), 9);
    assert_int_equal(peers_make_room(s, 64), 9);
    leave_all(s, all, MOST);
}

/* When the threads are slow to close what was cut, nobody else is cut in the meantime. */
static void test_room_to_come(void **state) {
    (void)state;
    struct peers *s = peers_start(60000, MOST);
    struct client all[MOST];
    for (size_t i = 0; i < MOST; i++) all[i] = client(s, i < 9 ? "192.0.2.1" : "192.0.2.2");
    assert_int_equal(peers_make_room(s, 3), 3);
    for (int again = 0; again < 5; again++) assert_int_equal(peers_make_room(s, 3), 3);
    for (size_t i = 0; i < MOST; i++) assert_int_equal(was_cut(&all[i]), i < 3);
    leave(s, &all[0]);
    assert_int_equal(peers_make_room(s, 3), 3);
    for (size_t i = 1; i < MOST; i++) assert_int_equal(was_cut(&all[i]), i < 3 || i == 9);
    leave_all(s, all + 1, MOST - 1);
}

static void test_six(void **state) { /* a /64 is one; an IPv4 address written as IPv6 is itself */
    (void)state;
    struct peers *s = peers_start(60000, MOST);
    struct client all[SHARE + 2];
    for (size_t i = 0; i < SHARE; i++)
        all[i] = client(s, i % 2 ? "2001:db8:0:1::1" : "2001:db8:0:1:ffff::2");
    all[SHARE] = client(s, "2001:db8:0:2::1");
    assert_false(was_cut(&all[0]));
    all[SHARE + 1] = client(s, "2001:db8:0:1:abcd::3");
    assert_true(was_cut(&all[0]));
    assert_false(was_cut(&all[SHARE]));
    leave_all(s, all, SHARE + 2);

    s = peers_start(60000, MOST);
    for (size_t i = 0; i < SHARE; i++) all[i] = client(s, i % 2 ? "::ffff:192.0.2.1" : "192.0.2.1");
    all[SHARE] = client(s, "::ffff:192.0.2.2");
    assert_false(was_cut(&all[0]));
    all[SHARE + 1] = client(s, "::ffff:192.0.2.1");
    assert_true(was_cut(&all[0]));
    leave_all(s, all, SHARE + 2);
}

static void test_deadlines(
    void **state) { /* the head's, the body's that grows with what has come, and the request's */
    (void)state;
    struct peers *s = peers_start(60000, MOST);
    struct client c = client(s, "192.0.2.1");
    say(s, &c, "POST / HTTP/1.1\r\nHost: x\r\n");
    assert_int_equal(c.peer->until_ms, c.peer->began_ms + HEAD_DEADLINE_MS);
    say(s, &c, "Content-Length: 1000000\r\n\r\n");
    assert_int_equal(c.peer->until_ms, c.peer->body_ms + BODY_GRACE_MS);
    static char much[80 * BODY_BYTES_PER_S + 1];
    memset(much, 'x', sizeof much - 1);
    much[3 * BODY_BYTES_PER_S] = '\0';
    say(s, &c, much);
    assert_int_equal(c.peer->until_ms, c.peer->body_ms + BODY_GRACE_MS + 3000);
    much[3 * BODY_BYTES_PER_S] = 'x';
    say(s, &c, much); /* it would have earned 83 s */
    assert_int_equal(c.peer->until_ms, c.peer->began_ms + 60000);
    peers_working(s, c.peer);
    assert_int_equal(c.peer->until_ms, 0);
    leave(s, &c);
    peers_stop(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_share), TEST(test_order),
                                       TEST(test_room),  TEST(test_room_to_come),
                                       TEST(test_six),   TEST(test_deadlines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
