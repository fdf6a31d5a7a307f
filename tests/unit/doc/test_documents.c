/* Whatever Markdown comes, the document around it is not lost: every example of the CommonMark
 * specification (0.30) and of GitHub's extensions, as the text of a module, as a stem and an
 * option's rationale, and as a lab's brief. Places are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"
#include "exam/exam_bank.h"
#include "labmodel/lab_scenario.h"
#include "unit/doc/html_walk.h"

#define CORPUS "../shared/corpus/commonmark/spec-tests-0.30.json"

#define MODULE                                                                                     \
    "---\nid: a\ntitle: T\nsummary: S\nprogramme: p\nlevel: l\ndomain: d\nminutes: 5\n"            \
    "objectives:\n  - id: o\n    text: O\n---\n"
#define BANK "---\nid: b\ntitle: B\nprogramme: p\ndomain: d\n---\n"
#define ITEM "## one\n\n```item\nobjective: o\nlevel: apply\n```\n\n"
#define OPTIONS "\n\n- [x] Yes\n  > Right.\n- [ ] No\n  > Wrong.\n"

/* What GitHub adds (GitHub Flavored Markdown 0.29): tables, task lists, strikethrough, bare
 * addresses, notes. */
static const char *const extensions[] = {
    "| foo | bar |\n| --- | --- |\n| baz | bim |\n",
    "| abc | defghi |\n:-: | -----------:\nbar | baz\n",
    "| f\\|oo  |\n| ------ |\n| b `\\|` az |\n| b **\\|** im |\n",
    "| abc | def |\n| --- | --- |\n| bar | baz |\n> bar\n",
    "| abc | def |\n| --- | --- |\n| bar | baz |\nbar\n\nbar\n",
    "| abc | def |\n| --- |\n| bar |\n",
    "| abc | def |\n| --- | --- |\n| bar |\n| bar | baz | boo |\n",
    "| abc | def |\n| --- | --- |\n",
    "- [ ] foo\n- [x] bar\n",
    "- [x] foo\n  - [ ] bar\n  - [x] baz\n- [ ] bim\n",
    "- [ ] foo\n- bar\n",
    "~~Hi~~ Hello, ~there~ world!\n",
    "This ~~has a\n\nnew paragraph~~.\n",
    "This will ~~~not~~~ strike.\n",
    "www.commonmark.example\n",
    "Visit www.commonmark.example/help for more information.\n",
    "www.example.com/search?q=(business))+ok\n",
    "(see https://encrypted.example.com/search?q=Markup+(business))\n",
    "foo@bar.baz and a.b-c_d@a.b.\n",
    "Text[^1] and again[^1], also [^none].\n\n[^1]: A note.\n\n    Its second paragraph.\n",
    "> [!NOTE]\n> Useful.\n\n> [!IMPORTANT]\n> Key.\n\n> [!CAUTION]\n> Risk.\n",
    "Water is H~2~O, and `x|y` is code.\n",
};

struct sample { /* one document, with a memory of its own */
    struct arena arena;
    struct diag_list diags;
    struct doc doc;
    const char *text;
    int lines;
};

static void open_sample(struct sample *s, const char *head, const char *markdown,
                        const char *tail) {
    memset(s, 0, sizeof *s);
    arena_init(&s->arena, (size_t)64 * 1024 * 1024);
    diag_init(&s->diags, &s->arena);
    s->text = arena_printf(&s->arena, "%s%s%s", head, markdown, tail);
    for (const char *p = s->text; *p; p++) s->lines += *p == '\n';
    enum err e = doc_parse(&s->doc, "a.md", s->text, strlen(s->text), &s->arena, &s->diags);
    if (e != OK) fail_msg("lost: %s\n%s", s->diags.first ? s->diags.first->message : "?", s->text);
}

static void assert_places(const struct sample *s) {
    for (const struct diag *d = s->diags.first; d; d = d->next)
        if (d->line < 0 || d->line > s->lines + 1)
            fail_msg("line %d of %d: %s\n%s", d->line, s->lines, d->message, s->text);
}

static const char *line_at(const struct sample *s, int line, size_t *len) {
    const char *p = s->text;
    while (--line > 0 && (p = strchr(p, '\n'))) p++;
    *len = p ? strcspn(p, "\n") : 0;
    return p;
}

/* A block lies where the tree says: its line in the file is not blank. */
static void assert_lines(struct sample *s) {
    for (cmark_node *n = cmark_node_first_child(s->doc.body); n; n = cmark_node_next(n)) {
        int line = doc_line(&s->doc, n);
        size_t len;
        const char *text = line_at(s, line, &len);
        if (cmark_node_get_type(n) == CMARK_NODE_FOOTNOTE_DEFINITION) continue;
        bool blank = true;
        for (size_t i = 0; text && i < len; i++) blank = blank && isspace((unsigned char)text[i]);
        if (!text || line <= s->doc.body_line || blank)
            fail_msg("line %d holds no %s:\n%s", line, cmark_node_get_type_string(n), s->text);
    }
}

static void assert_harmless(struct sample *s) {
    struct buf out;
    buf_init(&out, &s->arena);
    doc_render(&s->doc, cmark_node_first_child(s->doc.body), NULL, NULL, &out, NULL, NULL);
    const char *html = buf_text(&out), *problem = html_problem(html, strlen(html));
    if (problem) fail_msg("%s\nfrom: %s\nhtml: %s", problem, s->text, html);
}

static void as_module(const char *markdown) {
    struct sample s;
    struct content_outline outline = {0};
    open_sample(&s, MODULE, markdown, "");
    content_check_body(&s.doc, &s.arena, &s.diags, &outline);
    if (!content_read_module(&s.doc, NULL, &s.arena, &s.diags, &outline))
        fail_msg("no module:\n%s", s.text);
    assert_places(&s);
    assert_lines(&s);
    assert_harmless(&s);
    arena_release(&s.arena);
}

/* An example may hold headings or open fences, which end an item before its options; then somebody
 * says so. */
static void as_item(const char *markdown) {
    struct sample s;
    struct exam_bank bank;
    open_sample(&s, BANK ITEM, markdown, OPTIONS);
    exam_bank_parse(&bank, &s.doc, &s.arena, &s.diags);
    assert_places(&s);
    assert_true(bank.item_count >= 1);
    assert_string_equal(bank.items[0].id, "one");
    assert_int_equal(bank.items[0].line, 7);
    bool whole = bank.items[0].option_count == 2 && *bank.items[0].stem;
    if (!whole && s.diags.errors == 0) fail_msg("lost without a word:\n%s", s.text);
    arena_release(&s.arena);
}

static void as_brief(const char *markdown) {
    struct sample s;
    open_sample(&s, MODULE "## The task\n\n", markdown, "\n\n## Afterwards\n\nThe end.\n");
    assert_lines(&s);
    assert_harmless(&s);
    arena_release(&s.arena);
}

static void everywhere(const char *markdown) {
    as_module(markdown);
    as_item(markdown);
    as_brief(markdown);
}

static void test_commonmark(void **state) {
    (void)state;
    json_error_t error;
    json_t *all = json_load_file(CORPUS, 0, &error);
    if (!all) {
        print_message("skipped: %s is not here\n", CORPUS);
        skip();
    }
    size_t i;
    json_t *example;
    json_array_foreach (all, i, example)
        everywhere(json_string_value(json_object_get(example, "markdown")));
    json_decref(all);
    assert_int_equal(i, 652);
}

static void test_extensions(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(extensions); i++) everywhere(extensions[i]);
}

/* RULE nesting: what follows one another does not nest, however much of it there is. */
static void test_long_is_not_deep(void **state) {
    static const char *const parts[] = {
        "A line\n",  "A line  \n",       "A line\\\n",     "\n---\n",
        "a[^1] ",    "```\ncode\n```\n", "- item\n",       "`code` **b** <b> ",
        "> quote\n", "![a](img/a.png) ", "<!-- note -->\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct buf b;
        struct arena a;
        arena_init(&a, 1024 * 1024);
        buf_init(&b, &a);
        for (int n = 0; n < 500; n++) buf_puts(&b, parts[i]);
        buf_puts(&b, "\n\n[^1]: A note.\n");
        everywhere(buf_text(&b));
        arena_release(&a);
    }
}

/* `quotes` one in the other, on line 17, hold a paragraph with its text. */
static enum err parse_nested(struct sample *s, int quotes) {
    struct buf b;
    memset(s, 0, sizeof *s);
    arena_init(&s->arena, (size_t)64 * 1024 * 1024);
    diag_init(&s->diags, &s->arena);
    buf_init(&b, &s->arena);
    buf_puts(&b, MODULE "One.\n\nTwo.\n\n");
    for (int i = 0; i < quotes; i++) buf_putc(&b, '>');
    buf_puts(&b, " deep\n");
    return doc_parse(&s->doc, "a.md", buf_text(&b), b.len, &s->arena, &s->diags);
}

static void test_depth_at_the_edge(void **state) {
    struct sample s;
    (void)state;
    assert_int_equal(parse_nested(&s, 62), OK); /* the text lies on level 64 */
    arena_release(&s.arena);
    assert_int_equal(parse_nested(&s, 63), ERR_INVALID);
    assert_int_equal(s.diags.errors, 1);
    assert_string_equal(s.diags.first->rule, "nesting");
    assert_int_equal(s.diags.first->line, 17);
    arena_release(&s.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commonmark),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_long_is_not_deep),
        cmocka_unit_test(test_depth_at_the_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
