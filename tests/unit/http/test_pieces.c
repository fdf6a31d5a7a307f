/* Pages compressed piece by piece: whatever the cuts, the browser gets the page back. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/codec.h"
#include "http/pieces.h"

#define KEEP ((size_t)1024 * 1024)

/* As a browser reads it: header, blocks, checksum, length; nothing may follow. */
static bool gives_back(const unsigned char *gz, size_t gz_len, const char *text, size_t len) {
    z_stream z = {0};
    unsigned char *out = malloc(len + 1);
    if (!out || inflateInit2(&z, 15 + 16) != Z_OK) abort();
    z.next_in = (Bytef *)gz;
    z.avail_in = (uInt)gz_len;
    z.next_out = out;
    z.avail_out = (uInt)len + 1;
    bool same = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == len && z.avail_in == 0 &&
                memcmp(out, text, len) == 0;
    inflateEnd(&z);
    free(out);
    return same;
}

static char *prose(struct arena *a, size_t len, unsigned seed) {
    static const char *const words[] = {"record ",   "field ", "contact ", "<b>owner</b> ",
                                        "campaign ", "é ",     "ข้อมูล ",    "\n"};
    char *text = arena_alloc(a, len + 32);
    size_t n = 0;
    while (n < len) {
        seed = seed * 1103515245u + 12345u;
        n += (size_t)sprintf(text + n, "%s", words[seed >> 16 & 7]);
    }
    text[len] = '\0';
    return text;
}

static size_t compress_and_check(struct pieces *p, const char *text, size_t len,
                                 const struct page_cut *cuts, size_t count) {
    struct arena a;
    const unsigned char *gz = NULL;
    arena_init(&a, 64u << 20);
    size_t n = pieces_gzip(p, &a, text, len, cuts, count, &gz);
    if (n) assert_true(gives_back(gz, n, text, len));
    arena_release(&a);
    return n;
}

static void any_cuts_give_the_page_back(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 64u << 20);
    struct pieces *p = pieces_new(KEEP);
    for (unsigned round = 0; round < 400; round++) {
        /* Few different texts, so that they are found again. */
        size_t len = 300 + random_below(round % 3 ? 4000 : 150000), count = 0;
        char *text = prose(&a, len, random_below(4));
        struct page_cut cuts[64];
        for (size_t at = 0; count < 64 && at < len;) {
            size_t from = at + random_below(random_below(2) ? 20 : (uint32_t)len),
                   n = random_below(random_below(2) ? 100 : 3000);
            if (from + n > len) break;
            bool personal = random_below(2);
            cuts[count++] = (struct page_cut){
                .at = from, .len = n, .personal = personal, .fixed = personal && random_below(2)};
            at = from + n;
        }
        (void)compress_and_check(p, text, len, cuts, count);
        if (round % 50 == 0) {
            arena_release(&a);
            arena_init(&a, 64u << 20);
        }
    }
    pieces_free(p);
    arena_release(&a);
}

static void what_comes_again_is_found(void **state) {
    (void)state;
    struct arena a;
    struct lru_cache_stats stats;
    arena_init(&a, 64u << 20);
    struct pieces *p = pieces_new(KEEP);
    char *text = prose(&a, 20000, 7);
    size_t first = 0, third = 0;
    for (int i = 0; i < 3; i++) {
        /* A token in the middle is another one each time. */
        memcpy(text + 9000, random_token(&a, 48), 64);
        const struct page_cut cut = {.at = 9000, .len = 64, .personal = true};
        third = compress_and_check(p, text, 20000, &cut, 1);
        if (i == 0) first = third;
    }
    pieces_stats(p, &stats);
    assert_int_equal(stats.misses, 4); /* two pieces, twice: the second time they are kept */
    assert_int_equal(stats.hits, 2);
    assert_true(stats.bytes > 20000 && stats.bytes < 40000);
    assert_true(third && third <= first && third < 10000);
    pieces_free(p);
    arena_release(&a);
}

/* Long texts that differ in one byte. */
static void texts_that_look_the_same_are_told_apart(void **state) {
    (void)state;
    struct arena a;
    struct lru_cache_stats stats;
    arena_init(&a, 64u << 20);
    struct pieces *p = pieces_new(KEEP);
    char *text = prose(&a, 30000, 5);
    for (int round = 0; round < 4; round++)
        for (char c = 'a'; c <= 'c'; c++) {
            text[20000] = c;
            assert_true(compress_and_check(p, text, 30000, NULL, 0) > 0);
        }
    pieces_stats(p, &stats);
    assert_true(stats.bytes > 2 * 30000);
    assert_true(stats.hits >= 4);
    pieces_free(p);
    arena_release(&a);
}

/* A page's second half says what its first half said: behind a token it may refer back to it,
 * behind a name not. */
static void pieces_refer_back_across_tokens(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 64u << 20);
    size_t size[2];
    for (int fixed = 0; fixed < 2; fixed++) {
        struct pieces *p = pieces_new(KEEP);
        char *text = prose(&a, 20000, 9);
        memcpy(text + 10064, text, 9000);
        memcpy(text + 12000, random_token(&a, 48), 64); /* nowhere else */
        const struct page_cut cut = {.at = 10000, .len = 64, .personal = true, .fixed = fixed};
        for (int i = 0; i < 4; i++) {
            /* What it refers back across is never the same, also when it once said what comes
             * behind it. */
            memcpy(text + 10000, i == 1 ? text + 12000 : random_token(&a, 48), 64);
            size[fixed] = compress_and_check(p, text, 20000, &cut, 1);
        }
        pieces_free(p);
    }
    assert_true(size[0] && size[1] && size[1] < size[0] * 2 / 3);
    arena_release(&a);
}

/* The same pages over and over, with other tokens and other names of other lengths in them. */
static void pages_with_tokens_come_again(void **state) {
    (void)state;
    struct arena a;
    struct lru_cache_stats stats;
    struct pieces *p = pieces_new(KEEP);
    for (unsigned i = 0; i < 300; i++) {
        struct buf b;
        struct page_cut cuts[8];
        size_t count = 0;
        arena_init(&a, 64u << 20);
        buf_init(&b, &a);
        for (unsigned part = 0; part < 6; part++) {
            buf_puts(&b, prose(&a, part * 700 + 100, i % 3 * 10 + part % 4));
            bool name = part == 1;
            const char *value = name ? arena_copy(&a, "A name of some length or other",
                                                  random_below(30))
                                     : random_token(&a, 48);
            cuts[count++] = (struct page_cut){
                .at = b.len, .len = strlen(value), .personal = true, .fixed = !name};
            buf_puts(&b, value);
        }
        assert_true(compress_and_check(p, buf_text(&b), b.len, cuts, count) > 0);
        arena_release(&a);
    }
    pieces_stats(p, &stats);
    assert_true(stats.hits > 4 * stats.misses);
    pieces_free(p);
}

static size_t size_of_first(const char *text, size_t len, const struct page_cut *cut) {
    struct pieces *p = pieces_new(KEEP);
    size_t n = compress_and_check(p, text, len, cut, 1);
    pieces_free(p);
    return n;
}

static void a_secret_is_not_compressed_with_its_surroundings(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 64u << 20);
    /* The page repeats a guess of the token elsewhere: right or wrong, the length must not tell. A
     * reference back to the token would save 40 bytes and more; which letters a guess is made of
     * changes a few. */
    char *text = prose(&a, 8000, 1), *token = random_token(&a, 48);
    const struct page_cut cut = {.at = 4000, .len = 64, .personal = true};
    memcpy(text + 4000, token, 64);
    memcpy(text + 6000, token, 64);
    size_t right = size_of_first(text, 8000, &cut), wrong = 0;
    for (int i = 0; i < 16; i++) {
        memcpy(text + 6000, random_token(&a, 48), 64);
        wrong += size_of_first(text, 8000, &cut);
    }
    assert_in_range(right, wrong / 16 - 20, wrong / 16 + 20);
    arena_release(&a);
}

static void noise_is_left_as_it_is(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 64u << 20);
    struct pieces *p = pieces_new(KEEP);
    char *noise = arena_alloc(&a, 200000);
    for (size_t i = 0; i < 200000; i++) noise[i] = (char)random_below(256);
    for (int i = 0; i < 3; i++) assert_int_equal(compress_and_check(p, noise, 200000, NULL, 0), 0);
    /* More than a stored block holds is personal. */
    char *text = prose(&a, 300000, 3);
    memcpy(text + 50000, noise, 200000);
    const struct page_cut cut = {.at = 50000, .len = 200000, .personal = true};
    size_t n = compress_and_check(p, text, 300000, &cut, 1);
    assert_true(n > 200000 && n < 260000);
    assert_int_equal(compress_and_check(p, "", 0, NULL, 0), 0);
    pieces_free(p);
    arena_release(&a);
}

static void memory_stays_within_its_limit(void **state) {
    (void)state;
    struct arena a;
    struct lru_cache_stats stats;
    arena_init(&a, 256u << 20);
    struct pieces *p = pieces_new(KEEP);
    for (unsigned i = 0; i < 100; i++) {
        char *text = prose(&a, 50000, 1000 + i);
        for (int twice = 0; twice < 2; twice++)
            assert_true(compress_and_check(p, text, 50000, NULL, 0) > 0);
        pieces_stats(p, &stats);
        assert_true(stats.bytes <= (int64_t)KEEP);
    }
    assert_true(stats.bytes > (int64_t)KEEP / 2);
    pieces_free(p);
    arena_release(&a);
}

/* What no cache takes is compressed as if it came once: well, and in vain, would be each time anew.
 */
static void what_is_too_large_is_not_looked_for(void **state) {
    (void)state;
    struct arena a;
    struct lru_cache_stats stats;
    arena_init(&a, 64u << 20);
    struct pieces *p = pieces_new(KEEP);
    char *text = prose(&a, KEEP / 2, 11);
    size_t first = compress_and_check(p, text, KEEP / 2, NULL, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(compress_and_check(p, text, KEEP / 2, NULL, 0), first);
    pieces_stats(p, &stats);
    assert_int_equal(stats.hits + stats.misses + stats.bytes, 0);
    pieces_free(p);
    arena_release(&a);
}

/* ---- Threads share the table, and push each other's pieces out of it ------------------------ */

static struct pieces *shared;
static atomic_int wrong_pages;

static void *visit(void *arg) {
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < 300; i++) {
        struct arena a;
        const unsigned char *gz = NULL;
        arena_init(&a, 4u << 20);
        seed = seed * 1103515245u + 12345u;
        char *text = prose(&a, 30000, seed >> 16 & 15);
        const struct page_cut cuts[] = {{.at = 100, .len = 64, .personal = true},
                                        {.at = 10000, .len = 8000}};
        size_t n = pieces_gzip(shared, &a, text, 30000, cuts, 2, &gz);
        if (!n || !gives_back(gz, n, text, 30000)) wrong_pages++;
        arena_release(&a);
    }
    return NULL;
}

static void threads_share_it(void **state) {
    (void)state;
    pthread_t threads[4];
    shared = pieces_new(256 * 1024);
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, visit, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(wrong_pages, 0);
    pieces_free(shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cuts_give_the_page_back),
        cmocka_unit_test(what_comes_again_is_found),
        cmocka_unit_test(texts_that_look_the_same_are_told_apart),
        cmocka_unit_test(pieces_refer_back_across_tokens),
        cmocka_unit_test(pages_with_tokens_come_again),
        cmocka_unit_test(a_secret_is_not_compressed_with_its_surroundings),
        cmocka_unit_test(noise_is_left_as_it_is),
        cmocka_unit_test(memory_stays_within_its_limit),
        cmocka_unit_test(what_is_too_large_is_not_looked_for),
        cmocka_unit_test(threads_share_it),
    };
    codec_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
