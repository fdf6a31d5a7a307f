/* Where requests end (RFC 9112), and every way of saying so in two ways that is refused. */
#include "unit/check.h"

#include "http/framing.h"

#define HEAD "POST /x HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *bytes;
    size_t len; /* 0: up to the NUL */
    enum framing_fault fault;
    enum framing_phase phase; /* where it stands, when it is fine */
} cases[] = {
    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {"GET / HTTP/1.0\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {"\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET / HTTP/1.1\r\nHost: x\r\n", 0, FRAMING_FINE, FRAMING_HEAD},
    {"G", 0, FRAMING_FINE, FRAMING_HEAD},
    {HEAD "Content-Length: 3\r\n\r\nabc", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {HEAD "Content-Length:3\r\n\r\nabc", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {HEAD "cOnTeNt-LeNgTh: 4\r\n\r\nabc", 0, FRAMING_FINE, FRAMING_BODY},
    {HEAD "Content-Length: 0\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {HEAD "Content-Length: 999999999999999999\r\n\r\nabc", 0, FRAMING_FINE, FRAMING_BODY},
    {CHUNKED "3\r\nabc\r\n0\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {CHUNKED "A;name=\"v\"\r\n0123456789\r\n00\r\nX-Sum: 1\r\n\r\n", 0, FRAMING_FINE,
     FRAMING_BETWEEN},
    {CHUNKED "3\r\nabc\r\n0\r\n", 0, FRAMING_FINE, FRAMING_BODY},
    {CHUNKED "3\r\nab", 0, FRAMING_FINE, FRAMING_BODY},
    {HEAD "X: a\tb \xc3\xa9\xff\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {HEAD "X:\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    /* Section 3 */
    {" GET / HTTP/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET  / HTTP/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET /  HTTP/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET / HTTP/1.1 \r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET /\tHTTP/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET / a HTTP/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET / http/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET / HTTP/1.10\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET /\r\n\r\n", 0, FRAMING_LINE_END, 0},
    {"G\x80T / HTTP/1.1\r\n\r\n", 0, FRAMING_START_LINE, 0},
    {"GET /\0 HTTP/1.1\r\n\r\n", 20, FRAMING_CONTROL, 0},
    {"GET /\x01 HTTP/1.1\r\n\r\n", 0, FRAMING_CONTROL, 0},
    {"GET / HTTP/1.1\n\n", 0, FRAMING_LINE_END, 0},
    {"GET / HTTP/1.1\rHost: x\r\n\r\n", 0, FRAMING_LINE_END, 0},
    /* Section 2.3 and 3.2 */
    {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 0, FRAMING_VERSION, 0},
    {"GET / HTTP/0.9\r\n\r\n", 0, FRAMING_VERSION, 0},
    {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {"GET / HTTP/1.1\r\n\r\n", 0, FRAMING_HOST, 0},
    {"GET / HTTP/1.1\r\nhost: x\r\nHOST: y\r\n\r\n", 0, FRAMING_HOST, 0},
    {"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", 0, FRAMING_HOST, 0},
    {CHUNKED "0\r\nHost: y\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    /* Section 2.2 and 5 */
    {HEAD "X: a\n\r\n", 0, FRAMING_LINE_END, 0},
    {HEAD "X: a\rY: b\r\n\r\n", 0, FRAMING_LINE_END, 0},
    {HEAD "X: a\r\r\n\r\n", 0, FRAMING_LINE_END, 0},
    {HEAD "\n", 0, FRAMING_LINE_END, 0},
    {HEAD "\rX", 0, FRAMING_LINE_END, 0},
    {HEAD "X: a\0b\r\n\r\n", sizeof HEAD - 1 + 10, FRAMING_CONTROL, 0},
    {HEAD "X: a\x7f\r\n\r\n", 0, FRAMING_CONTROL, 0},
    {HEAD "X\0: a\r\n\r\n", sizeof HEAD - 1 + 9, FRAMING_CONTROL, 0},
    {HEAD "X : a\r\n\r\n", 0, FRAMING_NAME, 0},
    {HEAD "X\t: a\r\n\r\n", 0, FRAMING_NAME, 0},
    {HEAD ": a\r\n\r\n", 0, FRAMING_NAME, 0},
    {HEAD "X\r\n\r\n", 0, FRAMING_LINE_END, 0},
    {HEAD "Content-Length : 3\r\n\r\nabc", 0, FRAMING_NAME, 0},
    {HEAD "X: a\r\n b\r\n\r\n", 0, FRAMING_FOLD, 0},
    {HEAD "X: a\r\n\tb\r\n\r\n", 0, FRAMING_FOLD, 0},
    {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 0, FRAMING_FOLD, 0},
    /* Section 6.3 */
    {HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: 3, 3\r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: +3\r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: -3\r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: 0x3\r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    /* RULE frame-exact */
    {HEAD "Content-Length: 3 \r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: 3\t\r\n\r\nabc", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length:\t 3\r\n\r\nabc", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {HEAD "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding: chunked\t \r\n\r\n0\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", 0, FRAMING_FINE, FRAMING_BETWEEN},
    {HEAD "Content-Length:\r\n\r\n", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: 1000000000000000000\r\n\r\n", 0, FRAMING_LENGTH, 0},
    {HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 0, FRAMING_CODING, 0},
    /* Section 6.1 */
    {HEAD "Transfer-Encoding: gzip\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding: identity\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding: chunkedx\r\n\r\n", 0, FRAMING_CODING, 0},
    {HEAD "Transfer-Encoding:\r\n\r\n", 0, FRAMING_CODING, 0},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 0, FRAMING_CODING, 0},
    /* Section 7.1 */
    {CHUNKED "3\nabc\r\n0\r\n\r\n", 0, FRAMING_LINE_END, 0},
    {CHUNKED "3\r\nabc\n0\r\n\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED "3\r\nabc\r0\r\n\r\n", 0, FRAMING_LINE_END, 0},
    {CHUNKED "3\r\nabcd\r\n0\r\n\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED "3 \r\nabc\r\n0\r\n\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED " 3\r\nabc\r\n0\r\n\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED "-3\r\nabc\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED "\r\nabc\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED "1000000000000000\r\n", 0, FRAMING_CHUNK, 0},
    {CHUNKED "3;a\nabc\r\n", 0, FRAMING_LINE_END, 0},
    {CHUNKED "3;a\0\r\n", sizeof CHUNKED - 1 + 6, FRAMING_CONTROL, 0},
    {CHUNKED "0\r\nX: a\n\r\n", 0, FRAMING_LINE_END, 0},
    {CHUNKED "0\r\n X: a\r\n\r\n", 0, FRAMING_FOLD, 0},
    {CHUNKED "0\r\nContent-Length: 3\r\n\r\n", 0, FRAMING_LENGTH, 0},
    {CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n", 0, FRAMING_CODING, 0},
};

static size_t length_of(size_t i) { return cases[i].len ? cases[i].len : strlen(cases[i].bytes); }

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct framing f = {0};
        size_t fine = framing_read(&f, cases[i].bytes, length_of(i));
        if (f.fault != cases[i].fault)
            fail_msg("case %zu: fault %d: %s", i, (int)f.fault, cases[i].bytes);
        assert_int_equal(fine, f.fault ? 0 : length_of(i));
        if (!f.fault) assert_int_equal(framing_phase(&f), cases[i].phase);
    }
}

/* However the bytes are cut into pieces, the verdict is the same. */
static void test_pieces(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t step = 1; step < 8; step++) {
            struct framing f = {0};
            for (size_t at = 0; at < length_of(i) && !f.fault; at += step)
                framing_read(&f, cases[i].bytes + at,
                             step < length_of(i) - at ? step : length_of(i) - at);
            assert_int_equal(f.fault, cases[i].fault);
            if (!f.fault) assert_int_equal(framing_phase(&f), cases[i].phase);
        }
}

static enum framing_fault head_of(const char *before, const char *part, size_t n,
                                  const char *after) {
    static char all[3 * HEAD_LIMIT];
    struct framing whole = {0}, bytes = {0};
    size_t len = (size_t)sprintf(all, "%s", before);
    for (size_t i = 0; i < n; i++) len += (size_t)sprintf(all + len, "%s", part);
    len += (size_t)sprintf(all + len, "%s", after);
    (void)framing_read(&whole, all, len);
    for (size_t at = 0; at < len && !bytes.fault; at++) (void)framing_read(&bytes, all + at, 1);
    assert_int_equal(bytes.fault, whole.fault);
    assert_int_equal(bytes.received, whole.received);
    return whole.fault;
}

/* RULE head-limit, at its edge, for each part that has a price; in one piece and byte by byte. */
static void test_head_limit(void **state) {
    (void)state;
    static const struct {
        const char *before, *part, *after;
        size_t price, limit;
        enum framing_fault fault;
    } parts[] = {
        {"GET /", "a", " HTTP/1.1\r\nHost: x\r\n\r\n", 1, HEAD_LIMIT, FRAMING_LONG},
        {"GET /?", "&", " HTTP/1.1\r\nHost: x\r\n\r\n", 64, HEAD_EXTRA_LIMIT, FRAMING_LONG},
        {"GET / HTTP/1.1\r\nHost: x\r\nX: ", "a;", "\r\n\r\n", 2, HEAD_LIMIT, FRAMING_LARGE},
        {"GET / HTTP/1.1\r\nHost: x\r\n", "x:\r\n", "\r\n", 64, HEAD_EXTRA_LIMIT, FRAMING_LARGE},
        {"GET / HTTP/1.1\r\nHost: x\r\ncookie: ", "b", "\r\n\r\n", 2, HEAD_LIMIT, FRAMING_LARGE},
        {"GET / HTTP/1.1\r\nHost: x\r\nCookie: ", "b;", "\r\n\r\n", 66, HEAD_EXTRA_LIMIT,
         FRAMING_LARGE},
        {"GET / HTTP/1.1\r\nHost: x\r\n", "Cookie:\r\n", "\r\n", 128, HEAD_EXTRA_LIMIT,
         FRAMING_LARGE},
        {CHUNKED "0\r\n", "x:\r\n", "\r\n", 64, HEAD_EXTRA_LIMIT, FRAMING_LARGE},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t price = parts[i].price, limit = parts[i].limit, n = (limit - 400) / price - 1;
        enum framing_fault fault = FRAMING_FINE;
        for (; !fault; n++) fault = head_of(parts[i].before, parts[i].part, n, parts[i].after);
        /* What stands around it costs less than 400. */
        assert_true(--n * price + 400 >= limit && n * price <= limit + price);
        n += 400 / price;
        assert_int_equal(head_of(parts[i].before, parts[i].part, n, parts[i].after),
                         parts[i].fault);
    }
}

/* Requests before a broken one are whole; the broken one begins where they end; nothing behind it
 * is read. */
static void test_pipelined(void **state) {
    (void)state;
    static const char first[] = "GET / HTTP/1.0\r\n\r\n" CHUNKED "1\r\na\r\n0\r\n\r\n",
                      all[] = "GET / HTTP/1.0\r\n\r\n" CHUNKED "1\r\na\r\n0\r\n\r\n"
                              "GET / HTTP/1.1\r\nX : y\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    struct framing f = {0};
    assert_int_equal(framing_read(&f, all, sizeof all - 1), sizeof first - 1);
    assert_int_equal(f.fault, FRAMING_NAME);
    assert_int_equal(framing_read(&f, first, sizeof first - 1), 0);
    assert_int_equal(f.fault, FRAMING_NAME);
}

/* What deadlines count: bytes of the body as they come, of this request only. */
static void test_counts(void **state) {
    (void)state;
    struct framing f = {0};
    static const char head[] = HEAD "Content-Length: 10\r\n\r\n";
    framing_read(&f, head, sizeof head - 1);
    assert_int_equal(f.body, 0);
    framing_read(&f, "abcd", 4);
    assert_int_equal(f.body, 4);
    framing_read(&f, "efghij", 6);
    assert_int_equal(f.body, 0);
    assert_int_equal(f.received, sizeof head - 1 + 10);
    framing_read(&f, CHUNKED, sizeof CHUNKED - 1);
    framing_read(&f, "2\r\nab", 5);
    assert_int_equal(f.body, 5);
}

static void test_extension_limit(void **state) {
    struct arena *a = *state;
    for (size_t over = 0; over < 2; over++) {
        struct framing f = {0};
        char *extension = arena_alloc(a, 1024 + over);
        memset(extension, 'x', 1023 + over);
        framing_read(&f, CHUNKED "1;", sizeof CHUNKED + 1);
        framing_read(&f, extension, 1023 + over);
        framing_read(&f, "\r\na\r\n", 5);
        assert_int_equal(f.fault, over ? FRAMING_CHUNK : FRAMING_FINE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_cases),           TEST(test_pieces),
                                       TEST(test_pipelined),       TEST(test_counts),
                                       TEST(test_extension_limit), TEST(test_head_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
