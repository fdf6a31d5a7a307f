/* What authors write never becomes an active element, attribute or address; whatever comes in,
 * something sensible comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "doc/doc.h"
#include "unit/doc/html_walk.h"

#define CORPUS "../shared/corpus/html/dompurify-half.json"

static struct arena arena;
static struct diag_list diags;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    diag_init(&diags, &arena);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char *term(void *context, struct arena *a, const char *id, const char **title) {
    (void)context, (void)a, (void)id;
    *title = "<b onclick=x>Term</b>";
    return "A definition.";
}

static enum err parse(const char *body, size_t len, struct doc *d) {
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, "---\nid: a\n---\n");
    buf_add(&b, body, len);
    return doc_parse(d, "a.md", buf_text(&b), b.len, &arena, &diags);
}

static const char *render(const char *body) {
    static const struct render_hooks hooks = {.term = term};
    struct doc d;
    if (parse(body, strlen(body), &d) != OK) return "";
    struct buf out;
    buf_init(&out, &arena);
    doc_render(&d, cmark_node_first_child(d.body), NULL, &hooks, &out, NULL, NULL);
    return buf_text(&out);
}

static void assert_harmless(const char *body) {
    const char *html = render(body), *problem = html_problem(html, strlen(html));
    if (problem) fail_msg("%s\nfrom: %s\nhtml: %s", problem, body, html);
}

/* In every place where a payload could stand. */
static void assert_payload_harmless(const char *payload) {
    static const char *const places[] = {"%s",
                                         "text %s text",
                                         "## %s",
                                         "- %s",
                                         "> %s",
                                         "> [!NOTE] %s",
                                         "| a |\n|---|\n| %s |",
                                         "[link](%s)",
                                         "![alt](%s)",
                                         "[link](<%s>)",
                                         "![%s](a.svg)",
                                         "[%s](term:a)",
                                         "[a]: %s\n\n[a]",
                                         "<%s>",
                                         "``` %s\ncode\n```",
                                         "[a](b.md \"%s\")",
                                         "- [ ] %s\n  > %s",
                                         "text[^1]\n\n[^1]: %s",
                                         "[x](term:%s)",
                                         "[x](https://a.example/%s)"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct arena own;
        arena_init(&own, 16 * 1024 * 1024);
        struct buf b;
        buf_init(&b, &own);
        for (const char *p = places[i]; *p; p++) {
            if (p[0] == '%' && p[1] == 's') {
                buf_puts(&b, payload);
                p++;
            } else buf_putc(&b, *p);
        }
        assert_harmless(buf_text(&b));
        arena_release(&own);
        arena_release(&arena);
        arena_init(&arena, (size_t)512 * 1024 * 1024);
        diag_init(&diags, &arena);
    }
}

static void test_payloads(void **state) {
    (void)state;
    json_error_t error;
    json_t *all = json_load_file(CORPUS, 0, &error);
    if (!all) {
        print_message("skipped: %s is not here\n", CORPUS);
        skip();
    }
    size_t i;
    json_t *one;
    json_array_foreach (all, i, one)
        assert_payload_harmless(json_string_value(json_object_get(one, "payload")));
    assert_true(json_array_size(all) > 100);
    json_decref(all);
}

static void test_own_payloads(void **state) {
    (void)state;
    static const char *const payloads[] = {"javascript:alert(1)",
                                           "JaVaScRiPt:alert(1)",
                                           "java\tscript:alert(1)",
                                           "javascript&colon;alert(1)",
                                           "&#106;avascript:alert(1)",
                                           "data:text/html,<script>",
                                           "vbscript:x",
                                           "//evil.example",
                                           "\\\\evil.example",
                                           "/\\evil.example",
                                           "\x01javascript:alert(1)",
                                           " javascript:alert(1)",
                                           "file:///etc/passwd",
                                           "blob:x",
                                           "\"onmouseover=\"x",
                                           "' onfocus='x",
                                           "<img src=x onerror=alert(1)>",
                                           "</style><script>x</script>",
                                           "<!-- x -->",
                                           "<?php x ?>",
                                           "<![CDATA[x]]>",
                                           "a\" autofocus onfocus=\"x",
                                           "x`y`z\" style=\"x"};
    for (size_t i = 0; i < COUNT_OF(payloads); i++) assert_payload_harmless(payloads[i]);
    assert_non_null(strstr(render("A <b onclick=\"x\">bold</b> word"), "A <b>bold</b> word"));
    assert_non_null(strstr(render("A <form>bold</form> word"), "&lt;form&gt;bold&lt;/form&gt;"));
    assert_null(strstr(render("[a](javascript:x)"), "<a"));
    assert_non_null(strstr(render("[a](javascript:x)"), ">a<"));
}

/* The walk itself must see what it is there for. */
static void test_the_walk_sees(void **state) {
    (void)state;
    static const char *const bad[] = {"<script>x</script>",
                                      "<p onclick=x>a</p>",
                                      "<a href=\"javascript:x\">a</a>",
                                      "<img src=\"//a.example\">",
                                      "<p style=\"x\">a</p>",
                                      "<iframe></iframe>",
                                      "<!-- x -->",
                                      "<svg><a/></svg>"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_non_null(html_problem(bad[i], strlen(bad[i])));
    assert_null(html_problem("<p>a</p>", 8));
}

static void test_ids_do_not_collide(void **state) {
    (void)state;
    const char *html = render("## Status\n\n## Status\n\n## main\n\n## term-1\n\n[x](term:a)\n");
    assert_non_null(strstr(html, "id=\"status-section\""));
    assert_non_null(strstr(html, "id=\"status-section-2\""));
    assert_non_null(strstr(html, "id=\"main-section\""));
    assert_non_null(strstr(html, "id=\"term-1-section\""));
    assert_null(strstr(html, "id=\"status\""));
    /* A second of a name must not take what a later heading has for its own. */
    html = render("## a\n\n## a\n\n## a-2\n");
    assert_non_null(strstr(html, "id=\"a-2\""));
    assert_non_null(strstr(html, "id=\"a-2-2\""));
}

/* ---- Bad input
 * ---------------------------------------------------------------------------------------------- */

static char *repeat(const char *text, size_t times) {
    size_t n = strlen(text);
    char *out = arena_alloc(&arena, n * times + 1);
    for (size_t i = 0; i < times; i++) memcpy(out + i * n, text, n);
    return out;
}

static bool has_rule(const char *rule) {
    for (const struct diag *d = diags.first; d; d = d->next)
        if (str_eq(d->rule, rule)) return true;
    return false;
}

/* The corner of a table whose first column heads its rows has no words: no heading either. */
static void test_table_corner(void **state) {
    (void)state;
    const char *html = render("| | a |\n|---|--:|\n| b | |\n");
    assert_non_null(
        strstr(html, "<thead><tr><td></td><th scope=\"col\" class=\"end\">a</th></tr></thead>"));
    assert_non_null(strstr(html, "<tr><td>b</td><td class=\"end\"></td></tr>"));
}

static void test_nesting(void **state) {
    (void)state;
    static const char *const openers[] = {"> ", "- ", "* > ", "[",    "![",  "**a _b ", "`",
                                          "<",  "(",  "[a](", "| a ", "\\[", "[^1]: ",  "1. "};
    for (size_t i = 0; i < COUNT_OF(openers); i++) {
        struct doc d;
        int64_t begin = clock_monotonic_ms();
        char *text = repeat(openers[i], 20000);
        if (parse(text, strlen(text), &d) == OK) {
            struct buf out;
            buf_init(&out, &arena);
            doc_render(&d, cmark_node_first_child(d.body), NULL, NULL, &out, NULL, NULL);
        }
        if (clock_monotonic_ms() - begin > 5000)
            fail_msg("“%s” 20,000 times takes %lld ms", openers[i],
                     (long long)(clock_monotonic_ms() - begin));
        arena_release(&arena);
        arena_init(&arena, (size_t)512 * 1024 * 1024);
        diag_init(&diags, &arena);
    }
    struct doc d;
    char *deep = repeat("> ", 100);
    assert_int_equal(parse(deep, strlen(deep), &d), ERR_INVALID);
    assert_true(has_rule("nesting"));
}

static void test_many_headings(void **state) {
    (void)state;
    char *text = repeat("## a\n", 50000);
    int64_t begin = clock_monotonic_ms();
    const char *html = render(text);
    assert_non_null(strstr(html, "id=\"a-50000\""));
    assert_true(clock_monotonic_ms() - begin < 5000);
}

static enum err parse_raw(const char *text, size_t len) {
    struct doc d;
    return doc_parse(&d, "a.md", text, len, &arena, &diags);
}

static void test_long_lines(void **state) {
    (void)state;
    size_t len = (size_t)10 * 1024 * 1024;
    char *line = repeat("x", len);
    assert_int_equal(parse_raw(line, len), ERR_LIMIT);
    assert_true(has_rule("size"));
    char *just = arena_printf(&arena, "---\nid: a\n---\n%s", repeat("x", DOC_MAX_BYTES - 100));
    assert_int_equal(parse_raw(just, strlen(just)), OK);
    char *meta = arena_printf(&arena, "---\nid: %s\n---\n", repeat("x", 1024 * 1024));
    assert_int_equal(parse_raw(meta, strlen(meta)), OK);
}

static void test_encoding(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {{"---\nid: a\n---\nNUL \0 here", 25}, {"---\nid: a\n---\n\xff", 15},
               {"---\nid: a\n---\n\xc0\xaf", 16},    {"---\nid: a\n---\n\xed\xa0\x80", 17},
               {"---\nid: \xf5\n---\n", 14},         {"---\nid: a\n---\n\xf4\x90\x80\x80", 18},
               {"---\nid: a\n---\n\xe2\x82", 16}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        diag_init(&diags, &arena);
        assert_int_equal(parse_raw(bad[i].text, bad[i].len), ERR_INVALID);
        assert_true(has_rule("encoding"));
        assert_true(diags.first->line >= 1 && diags.first->column >= 1);
    }
    assert_int_equal(parse_raw("\xEF\xBB\xBF---\r\nid: a\r\n---\r\nText\r\n", 26), OK);
}

static void test_version(void **state) {
    (void)state;
    struct doc unix_ends, dos_ends, other;
    assert_int_equal(doc_parse(&unix_ends, "a.md", "---\nid: a\n---\nText\n", 19, &arena, &diags),
                     OK);
    assert_int_equal(doc_parse(&dos_ends, "b.md", "\xEF\xBB\xBF---\r\nid: a\r\n---\r\nText\r\n", 26,
                               &arena, &diags),
                     OK);
    assert_int_equal(doc_parse(&other, "a.md", "---\nid: a\n---\nTexts\n", 20, &arena, &diags), OK);
    assert_string_equal(unix_ends.version, dos_ends.version);
    assert_string_not_equal(unix_ends.version, other.version);
    assert_int_equal(strlen(other.version), 16);
}

static void test_yaml(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *rule;
    } bad[] = {{"a: &x [1, 2]\nb: *x", "front-matter"},
               {"a: *missing", "front-matter"},
               {"a: !!binary AAAA", "front-matter"},
               {"a: [1, 2", "front-matter"},
               {"a: {b: c", "front-matter"},
               {"\ta: b", "front-matter"},
               {"a: b\na: c", "duplicate-field"},
               {"? [x]\n: y", "front-matter"},
               {"just words", "front-matter"},
               {"- a\n- b", "front-matter"},
               {"", "front-matter"},
               {"a: \"\\0\"", "front-matter"}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        diag_init(&diags, &arena);
        char *text = arena_printf(&arena, "---\n%s\n---\nText\n", bad[i].yaml);
        (void)!parse_raw(text, strlen(text));
        if (!has_rule(bad[i].rule)) fail_msg("“%s” was accepted", bad[i].yaml);
    }
}

/* Nine levels of nine aliases each would be 387 million values. */
static void test_yaml_bomb(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, "---\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int j = 0; j < 9; j++) buf_printf(&b, "%s*a%d", j ? ", " : "", i - 1);
        buf_puts(&b, "]\n");
    }
    buf_puts(&b, "---\n");
    int64_t begin = clock_monotonic_ms();
    assert_int_equal(parse_raw(buf_text(&b), b.len), ERR_INVALID);
    assert_true(has_rule("front-matter"));
    assert_true(clock_monotonic_ms() - begin < 1000);
    static const char *const deep[] = {"[", "{a: ", "- ", "? ", "a:\n "};
    for (size_t i = 0; i < COUNT_OF(deep); i++) {
        diag_init(&diags, &arena);
        begin = clock_monotonic_ms();
        char *text = arena_printf(&arena, "---\nx: %s\n---\n", repeat(deep[i], 100000));
        assert_int_equal(parse_raw(text, strlen(text)), ERR_INVALID);
        if (clock_monotonic_ms() - begin > 3000)
            fail_msg("“%s” 100,000 times takes too long", deep[i]);
    }
    diag_init(&diags, &arena);
    char *wide = arena_printf(&arena, "---\nx: [%s]\n---\n", repeat("y, ", 100000));
    assert_int_equal(parse_raw(wide, strlen(wide)), ERR_INVALID);
}

/* ---- The nth allocation fails
 * ----------------------------------------------------------------------------------- */

static const char whole[] =
    "---\nid: a\ntitle: T\nlist: [a, b]\nmap: {x: 1}\n---\nText *a* **b** `c` [l](x.md \"t\") ![p](img/p.svg) [t](term:x).[^1]\n\n"
    "## Heading\n\n> [!CASE] Title\n> Text\n\n| a | b |\n|---|:-:|\n| c | ~~d~~ |\n\n- [ ] one\n  > no\n- [x] two\n\n```sql\nSELECT 1;\n```\n\n"
    "1. a\n2. b\n\n<b>raw</b>\n\n---\n\n[^1]: Note.\n";

static bool whole_work(struct arena *a) {
    static const struct render_hooks hooks = {.term = term};
    if (ARENA_GUARD(a) != 0) return false;
    struct diag_list l;
    struct doc d;
    struct buf out;
    struct heading *headings;
    size_t count;
    diag_init(&l, a);
    buf_init(&out, a);
    if (doc_parse(&d, "a.md", whole, sizeof whole - 1, a, &l) == OK) {
        doc_render(&d, cmark_node_first_child(d.body), NULL, &hooks, &out, &headings, &count);
        (void)field_text(&d, &l, d.meta, "nothing", true);
    }
    return l.errors == 1 && count == 1 && strstr(buf_text(&out), "<table>");
}

static void test_nth_allocation(void **state) {
    (void)state;
    struct arena a;
    long nth = 1;
    for (;; nth++) {
        arena_init(&a, (size_t)128 * 1024 * 1024);
        arena_fail_at(nth);
        bool ok = whole_work(&a);
        bool failed = arena_failed_as_asked();
        arena_fail_at(0);
        arena_release(&a);
        if (!failed) {
            assert_true(ok);
            break;
        }
        assert_true(nth < 20000);
    }
    assert_true(nth > 50);
    arena_init(&a, (size_t)128 * 1024 * 1024);
    assert_true(whole_work(&a));
    arena_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_walk_sees, setup, teardown),
        cmocka_unit_test_setup_teardown(test_payloads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_payloads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_do_not_collide, setup, teardown),
        cmocka_unit_test_setup_teardown(test_table_corner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nesting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_headings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encoding, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_yaml, setup, teardown),
        cmocka_unit_test_setup_teardown(test_yaml_bomb, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nth_allocation, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
