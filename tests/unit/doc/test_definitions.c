/* RULE definition-list: lines that begin with a colon and a blank, behind a paragraph, say what its
 * lines mean. */
#include "unit/doc/rendering.h"

static void test_definitions(void **state) {
    static const struct shown cases[] = {
        {"Lead\n: A person *known*\n",
         "<dl>\n<dt>Lead</dt>\n<dd>A person <em>known</em></dd>\n</dl>\n"},
        /* Several terms, several definitions. */
        {"Lead\nProspect\n:   One\n:\tTwo\n",
         "<dl>\n<dt>Lead</dt>\n<dt>Prospect</dt>\n<dd>One</dd>\n<dd>Two</dd>\n</dl>\n"},
        /* Groups in a row are one list; what follows is a paragraph. */
        {"A\n: 1\n\nB\n: 2\n\nAfter.\n",
         "<dl>\n<dt>A</dt>\n<dd>1</dd>\n<dt>B</dt>\n<dd>2</dd>\n</dl>\n<p>After.</p>\n"},
        {"A\n\n: 1\n\n: 2\n",
         "<dl>\n<dt>A</dt>\n<dd><p>1</p>\n</dd>\n<dd><p>2</p>\n</dd>\n</dl>\n"},
        /* Paragraphs, lists and code within. */
        {"A\n:   1\n    goes on\n\n    Second\n\n    - x\n\n    ```text\n    : c\n    ```\n",
         "<dl>\n<dt>A</dt>\n<dd><p>1\ngoes on</p>\n<p>Second</p>\n<ul>\n<li>x</li>\n</ul>\n"
         "<pre class=\"code\" tabindex=\"0\"><code class=\"language-text\">: c\n</code></pre>\n</dd>\n</dl>\n"},
        {"A\n: 1\nlazy\n", "<dl>\n<dt>A</dt>\n<dd>1\nlazy</dd>\n</dl>\n"},
        /* In quotes and lists. */
        {"> A\n> : 1\n", "<blockquote>\n<dl>\n<dt>A</dt>\n<dd>1</dd>\n</dl>\n</blockquote>\n"},
        {"- A\n  : 1\n- b\n",
         "<ul>\n<li><dl>\n<dt>A</dt>\n<dd>1</dd>\n</dl>\n</li>\n<li>b</li>\n</ul>\n"},
        {"> [!NOTE]\n>\n> A\n> : 1\n",
         "<aside class=\"callout callout-note\" role=\"note\"><p class=\"callout-title\"><span class=\"callout-kind\">Note</span></p>\n<dl>\n<dt>A</dt>\n<dd>1</dd>\n</dl>\n</aside>\n"},
        /* Markup of a term; HTML in one does not reach into the next. */
        {"`A` **b**\nC\n: 1\n",
         "<dl>\n<dt><code>A</code> <strong>b</strong></dt>\n<dt>C</dt>\n<dd>1</dd>\n</dl>\n"},
        {"<b>A\nB</b>\n: 1\n", "<dl>\n<dt><b>A</b></dt>\n<dt>B</dt>\n<dd>1</dd>\n</dl>\n"},
        {"$a$\n: [b]\n\n[b]: https://b.example\n",
         "<dl>\n<dt><code class=\"math\" translate=\"no\">a</code></dt>\n<dd><a href=\"https://b.example\" rel=\"noopener external\">b</a></dd>\n</dl>\n"},
        {"A\n: - b\n", "<dl>\n<dt>A</dt>\n<dd><ul>\n<li>b</li>\n</ul>\n</dd>\n</dl>\n"},
        /* A list behind it, with the mark that stands for the colon meanwhile too. */
        {"A\n: 1\n+ b\n", "<dl>\n<dt>A</dt>\n<dd>1</dd>\n</dl>\n<ul>\n<li>b</li>\n</ul>\n"},
        {"A\n: 1\n- b\n", "<dl>\n<dt>A</dt>\n<dd>1</dd>\n</dl>\n<ul>\n<li>b</li>\n</ul>\n"},
    };
    (void)state;
    assert_all(cases, COUNT_OF(cases));
}

/* Everywhere else a colon is a colon, and nothing is lost. */
static void test_colons(void **state) {
    static const struct shown cases[] = {
        {": alone\n", "<p>: alone</p>\n"},
        {"## Heading\n\n: x\n",
         "<h2 id=\"heading\"><a class=\"anchor\" href=\"#heading\">Heading</a></h2>\n<p>: x</p>\n"},
        {"A\n:no blank\n", "<p>A\n:no blank</p>\n"},
        {"A\n:\n", "<p>A\n:</p>\n"},
        {"A\n:  \n", "<p>A\n:</p>\n"},
        {"A\n\\: x\n", "<p>A\n: x</p>\n"},
        {"A\n&#58; x\n", "<p>A\n: x</p>\n"},
        {"`a\n: b`\n", "<p><code>a : b</code></p>\n"},
        {"A\n`b\n: c`\n: d\n", "<p>A\n<code>b : c</code>\n: d</p>\n"},
        {"```text\nA\n: b\n```\n",
         "<pre class=\"code\" tabindex=\"0\"><code class=\"language-text\">A\n: b\n</code></pre>\n"},
        {"    A\n    : b\n", "<pre class=\"code\" tabindex=\"0\"><code>A\n: b\n</code></pre>\n"},
        {"A\n        : far in\n", "<p>A\n: far in</p>\n"},
        {"A\n: b\n\n---\n\n: c\n", "<dl>\n<dt>A</dt>\n<dd>b</dd>\n</dl>\n<hr>\n<p>: c</p>\n"},
        {"- a\n- : b\n", "<ul>\n<li>a</li>\n<li>: b</li>\n</ul>\n"},
        {"+ a\n: b\n", "<ul>\n<li>a\n: b</li>\n</ul>\n"},
        {"| a |\n|---|\n| : b |\n",
         "<div class=\"table-wrap\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">a</th></tr></thead>\n<tbody>\n<tr><td>: b</td></tr>\n</tbody></table></div>\n"},
        {"> [!NOTE] A\n> : b\n",
         "<aside class=\"callout callout-note\" role=\"note\"><p class=\"callout-title\"><span class=\"callout-kind\">Note</span> A</p>\n<p>: b</p>\n</aside>\n"},
    };
    (void)state;
    assert_all(cases, COUNT_OF(cases));
}

/* A definition with a box is none of a practice question's options. */
static void test_no_tasks(void **state) {
    (void)state;
    struct doc d = parse("A\n: [ ] b\n: [x] c\n");
    cmark_node *list = cmark_node_last_child(d.body);
    assert_true(doc_is_definitions(list));
    assert_false(doc_is_task_list(list));
    d = parse("A\n\n- [ ] b\n- [x] c\n");
    assert_false(doc_is_definitions(cmark_node_last_child(d.body)));
    assert_true(doc_is_task_list(cmark_node_last_child(d.body)));
}

/* Errors are reported where they stand. */
static void test_places(void **state) {
    (void)state;
    struct doc d = parse("A\n: b\n\n    [c](d.md)\n");
    cmark_node *item = cmark_node_first_child(cmark_node_last_child(d.body)),
               *second = cmark_node_last_child(item);
    assert_int_equal(doc_line(&d, item), 5);
    assert_int_equal(doc_column(&d, item), 1);
    assert_int_equal(doc_line(&d, second), 7);
    assert_int_equal(doc_column(&d, second), 5);
}

/* Many of them cost little more than as many paragraphs. */
static void test_many(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, &arena);
    for (int i = 0; i < 20000; i++) buf_printf(&b, "Term %d\n: What it means\n\n", i);
    struct doc d = parse(buf_text(&b));
    int lists = 0;
    for (cmark_node *n = cmark_node_first_child(d.body); n; n = cmark_node_next(n))
        lists += doc_is_definitions(n);
    assert_int_equal(lists, 20000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_definitions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_colons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_tasks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
