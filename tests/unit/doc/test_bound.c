/* No text holds a thread for long: those that libcmark-gfm needs the square of their length for are
 * ended, with their place, and what is merely long is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_bound.h"

#define HEAD "---\nid: a\n---\nFirst.\n\n" /* what is slow begins on line 6 */
#define LONGEST_MS 4000 /* also with a sanitizer; without a bound they take 10 to 600 s */
#define QUICK_LIBRARY ((29 << 16) | 13) /* 0.29.0.gfm.13 */

static struct arena arena;
static struct diag_list diags;

static int64_t computed_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void repeat(struct buf *b, const char *part, int times) {
    while (times-- > 0) buf_puts(b, part);
}

static enum err parse(const struct buf *b, int64_t *ms) {
    struct doc d;
    int64_t before = computed_ms();
    enum err e = doc_parse(&d, "a.md", b->data, b->len, &arena, &diags);
    *ms = computed_ms() - before;
    return e;
}

static void begin(struct buf *b) {
    arena_release(&arena);
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    diag_init(&diags, &arena);
    buf_init(b, &arena);
    buf_puts(b, HEAD);
}

struct text {
    const char *before, *part;
    int times;
    const char *behind;
    int times_behind; /* the part behind */
};

static void put(struct buf *b, const struct text *t) {
    buf_puts(b, t->before);
    repeat(b, t->part, t->times);
    if (t->times_behind && b->data[b->len - 1] != '\n') buf_putc(b, '\n');
    repeat(b, t->behind, t->times_behind);
    buf_puts(b, "\n\nAn ordinary end.\n");
}

/* 0.29.0.gfm.6 needs the square of their length for these. 0.29.0.gfm.13 reads them at once, and
 * most have too many parts for a page then. */
static void test_slow_texts_are_ended(void **state) {
    static const struct text slow[] = {
        {"", "|", 30000, "|-", 30000},     /* cells of a row */
        {"", "a\n", 60000, "|-|-|", 1},    /* a table's head behind a long paragraph */
        {"a", "<![CDATA[", 200000, "", 0}, /* nothing closes these */
        {"a", "<?", 400000, "", 0},
        {"a", "<!A ", 300000, "", 0},
        {"", "![[]()", 200000, "", 0},              /* brackets */
        {"", "A *w* [link](b.md)\n", 40000, "", 0}, /* marks and links in one paragraph */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        struct buf b;
        int64_t ms;
        begin(&b);
        put(&b, &slow[i]);
        enum err e = parse(&b, &ms);
        if (ms > LONGEST_MS) fail_msg("text %zu took %lld ms", i, (long long)ms);
        if (cmark_version() >= QUICK_LIBRARY) {
            if (e != OK && !str_eq(diags.first->rule, "size"))
                fail_msg("text %zu: %s", i, diags.first->message);
            continue;
        }
        assert_int_equal(e, ERR_LIMIT);
        assert_int_equal(diags.errors, 1);
        if (!str_eq(diags.first->rule, "too-slow"))
            fail_msg("text %zu: %s", i, diags.first->message);
        assert_int_equal(diags.first->line, 6);
    }
}

/* RULE text-links: each of these kept a thread for 5 to 20 s, in which the library's search
 * for links asked for no memory. */
static void test_crowded_links_are_refused(void **state) {
    static const struct text crowded[] = {
        {"", "a.b@c.", 330000, "", 0},
        {"", "a@", 1000000, "", 0},
        {"# ", "a.b@c.", 330000, "", 0},
        {"|a|\n|-|\n|", "a.b@c.", 330000, "", 0},
        {"", "a@_", 600000, "", 0},
        {"", "a.b\\@c", 40000, "", 0},
        {"", "a&#64;", 40000, "", 0},
        {"", "a.b&commat;c.", 40000, "", 0},
        {"www.a.b", ")", 1900000, "", 0},
        {"http://a", "))?", 600000, "", 0},
        {"http://a", ")&amp;", 300000, "", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(crowded); i++) {
        struct buf b;
        int64_t ms;
        begin(&b);
        put(&b, &crowded[i]);
        assert_int_equal(parse(&b, &ms), ERR_LIMIT);
        assert_int_equal(diags.errors, 1);
        if (!strstr(diags.first->message, "“@” or “)”"))
            fail_msg("text %zu: %s", i, diags.first->message);
        assert_int_equal(diags.first->line, i == 3 ? 8 : 6);
    }
}

/* RULE text-links: at the edge. From the k-th of n `@` in a line of `a@` it is 2(n - k) + 1
 * characters to the line's end, n * n for all of them. */
static void test_the_bound_on_links(void **state) {
    (void)state;
    struct buf b;
    arena_release(&arena);
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    buf_init(&b, &arena);
    repeat(&b, "a@", 2056); /* 2056² <= 4 Mi + 16 * 2056, 2057² is more */
    assert_int_equal(bound_links(b.data, b.len), 0);
    buf_puts(&b, "a@");
    assert_int_equal(bound_links(b.data, b.len), 1);
    buf_init(&b, &arena);
    buf_puts(&b, "w");
    repeat(&b, ")", 2051); /* 2051 * 2052 <= 4 Mi + 8 * 2052, 2052 * 2053 is more */
    assert_int_equal(bound_links(b.data, b.len), 0);
    buf_puts(&b, ")");
    assert_int_equal(bound_links(b.data, b.len), 1);
    buf_init(&b, &arena);
    repeat(&b, "@", 2000000); /* nothing stands before these */
    buf_puts(&b, "\n");
    repeat(&b, "a@ ", 600000);
    repeat(&b, ")", 100000); /* no link */
    assert_int_equal(bound_links(b.data, b.len), 0);
}

static int links_in(const struct buf *b) {
    struct doc d;
    int links = 0;
    assert_int_equal(doc_parse(&d, "a.md", b->data, b->len, &arena, &diags), OK);
    cmark_iter *iter = cmark_iter_new(d.body);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;)
        links += event == CMARK_EVENT_ENTER &&
                 cmark_node_get_type(cmark_iter_get_node(iter)) == CMARK_NODE_LINK;
    cmark_iter_free(iter);
    return links;
}

/* RULE text-links: who lists hundreds of addresses gets as many links. */
static void test_lists_of_addresses_keep_their_links(void **state) {
    static const struct {
        const char *before, *part;
        int links; /* a part */
    } lists[] = {
        {"", "- anna.lee@example.org\n", 1},
        {"", "anna.lee@example.org, ", 1},
        {"", "anna.lee@example.org;", 1},
        {"", "www.example.org https://example.org/@anna ", 2},
        {"|a|b|\n|-|-|\n", "|anna@example.org|http://example.org|\n", 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct buf b;
        begin(&b);
        buf_puts(&b, lists[i].before);
        repeat(&b, lists[i].part, 500);
        int links = links_in(&b);
        if (links != 500 * lists[i].links) fail_msg("list %zu: %d links", i, links);
    }
}

static void put_deep_list(struct buf *b) {
    begin(b);
    repeat(b, "- ", 5000);
    buf_puts(b, "a");
    repeat(b, "\n", 1900000);
}

/* Each blank line walks through all that is open, and asks for no memory: 20 s without a bound,
 * also by 0.29.0.gfm.13. */
static void test_lines_in_deep_lists_are_ended(void **state) {
    (void)state;
    struct buf b;
    int64_t ms;
    put_deep_list(&b);
    assert_int_equal(parse(&b, &ms), ERR_LIMIT);
    if (ms > LONGEST_MS) fail_msg("it took %lld ms", (long long)ms);
    assert_string_equal(diags.first->rule, "too-slow");
    assert_int_equal(diags.first->line, 6);
}

/* The thread is as good as new: the next text is parsed in whole. */
static void test_the_next_one_is_whole(void **state) {
    struct buf b;
    int64_t ms;
    (void)state;
    put_deep_list(&b);
    assert_int_equal(parse(&b, &ms), ERR_LIMIT);
    assert_string_equal(diags.first->rule, "too-slow");
    begin(&b);
    buf_puts(&b, "| a | ~~b~~ |\n|---|---|\n| 1 | **2** |\n\n- [x] a\n- [ ] b\n");
    struct doc d;
    struct buf out;
    assert_int_equal(doc_parse(&d, "a.md", b.data, b.len, &arena, &diags), OK);
    buf_init(&out, &arena);
    doc_render(&d, cmark_node_first_child(d.body), NULL, NULL, &out, NULL, NULL);
    assert_non_null(strstr(buf_text(&out), "<del>b</del>"));
    assert_non_null(strstr(buf_text(&out), "<strong>2</strong>"));
    assert_true(doc_is_task_list(cmark_node_last_child(d.body)));
}

/* What is long and ordinary is read, up to the largest file. */
static void test_long_texts_are_read(void **state) {
    static const char *const parts[] = {"A line of *words* with a [link](b.md) and `code`.\n\n",
                                        "| a | b | c |\n", "- [ ] item\n\n  > quote\n",
                                        "## Heading\n\nText.\n\n",
                                        "<b>a</b> <!-- c --> &amp; \\*\n\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct buf b;
        int64_t ms;
        begin(&b);
        if (parts[i][0] == '|') buf_puts(&b, "| a | b | c |\n|---|---|---|\n");
        repeat(&b, parts[i], 200 * 1024 / (int)strlen(parts[i]));
        if (parse(&b, &ms) != OK) fail_msg("%s: %s", parts[i], diags.first->message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_texts_are_ended),
        cmocka_unit_test(test_crowded_links_are_refused),
        cmocka_unit_test(test_the_bound_on_links),
        cmocka_unit_test(test_lists_of_addresses_keep_their_links),
        cmocka_unit_test(test_lines_in_deep_lists_are_ended),
        cmocka_unit_test(test_the_next_one_is_whole),
        cmocka_unit_test(test_long_texts_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
