/* What authors know from GitHub is shown as there: notes, anchors, bare addresses, callouts, tasks,
 * and the HTML of a fixed list. */
#include "unit/doc/rendering.h"

static void test_html_of_the_list(void **state) {
    static const struct shown cases[] = {
        {"H<sub>2</sub>O and x<sup>2</sup>, <kbd>Ctrl</kbd>\n",
         "<p>H<sub>2</sub>O and x<sup>2</sup>, <kbd>Ctrl</kbd></p>\n"},
        {"a<br>b<br/>c<br />d", "<p>a<br>b<br>c<br>d</p>\n"},
        {"<details open>\n<summary>More &amp; <b>more</b></summary>\n\nText *here*.\n\n</details>\n\nAfter.\n",
         "<details open>\n<summary>More &amp; <b>more</b></summary>\n<p>Text <em>here</em>.</p>\n</details>\n<p>After.</p>\n"},
        {"<table>\n<tr><th align=\"right\">A</th></tr>\n<tr><td colspan=2 onclick=\"x()\">1 < 2</td></tr>\n</table>\n",
         "<pre class=\"raw\" tabindex=\"0\">&lt;table&gt;\n&lt;tr&gt;&lt;th align=&quot;right&quot;&gt;A&lt;/th&gt;&lt;/tr&gt;\n&lt;tr&gt;&lt;td colspan=2 onclick=&quot;x()&quot;&gt;1 &lt; 2&lt;/td&gt;&lt;/tr&gt;\n&lt;/table&gt;\n</pre>\n"},
        {"<table>\n<tr><th align=\"right\">A</th></tr>\n<tr><td colspan=2 onclick=\"x()\">1 &lt; 2</td></tr>\n</table>\n",
         "<div class=\"table-wrap\" tabindex=\"0\"><table class=\"plain\">\n<tr><th class=\"end\">A</th></tr>\n<tr><td colspan=\"2\">1 &lt; 2</td></tr>\n</table></div>\n"},
        {"<img src=\"img/a.svg\" alt=\"A &quot;b&quot;\" onerror=\"x\" style=\"y\">\n",
         "<img src=\"img/a.svg\" alt=\"A &quot;b&quot;\" loading=\"lazy\" decoding=\"async\">\n"},
        {"<a href=\"javascript:x\">a</a> <a href='https://a.example'>b</a> [c <a href=\"d\">e</a>](f)\n",
         "<p>a <a href=\"https://a.example\" rel=\"noopener external\">b</a> <a href=\"f\">c e</a></p>\n"},
        /* What is not on the list is text; what holds blocks does not end a paragraph. */
        {"a <script>b</script> <iframe src=x></iframe>",
         "<p>a &lt;script&gt;b&lt;/script&gt; &lt;iframe src=x&gt;&lt;/iframe&gt;</p>\n"},
        {"a <div>b</div> c", "<p>a b c</p>\n"},
        /* Nesting is mended: each container closes what was opened in it, and nothing else. */
        {"<b>a <i>b</b> c</i>\n\n</b>d", "<p><b>a <i>b</i></b> c</p>\n<p>d</p>\n"},
        {"- <b>one\n- two</b>\n", "<ul>\n<li><b>one</b></li>\n<li>two</li>\n</ul>\n"},
        {"*a <sub>b* c</sub>", "<p><em>a <sub>b</sub></em> c</p>\n"},
        {"<details>\n\nOpen to the end\n", "<details>\n<p>Open to the end</p>\n</details>"},
        {"> <div>\n>\n> a\n\n</div>b\n", "<blockquote>\n<div>\n<p>a</p>\n</div></blockquote>\nb\n"},
    };
    (void)state;
    assert_all(cases, COUNT_OF(cases));
}

static void test_comments_are_notes(void **state) {
    static const struct shown cases[] = {
        {"a <!-- b --> c\n", "<p>a  c</p>\n"},
        {"a\n\n<!-- b\n\nc > d -->\n\ne\n", "<p>a</p>\n<p>e</p>\n"},
        /* RULE named-anchor: once, and never in place of what the page has. */
        {"<a name=\"old\"></a>a <a id='b'>c</a> <a name=\"old\">d</a>\n",
         "<p><span id=\"old\"></span>a <span id=\"b\"></span>c d</p>\n"},
        {"# x\n\n<a name=\"x\"></a>a <a name=\"status\"></a><a name=\"b c\"></a>\n",
         "<h1 id=\"x\"><a class=\"anchor\" href=\"#x\">x</a></h1>\n<p>a <span id=\"status-section\"></span></p>\n"},
        {"`<!-- a -->`\n", "<p><code>&lt;!-- a --&gt;</code></p>\n"},
        /* RULE comment: never closed, it ends with its paragraph. */
        {"a\n\n<!-- b\nc\n\n## d\n",
         "<p>a</p>\n<h2 id=\"d\"><a class=\"anchor\" href=\"#d\">d</a></h2>\n"},
        {"<!-- a\n\nb\n\n<!-- c\n\nd\n", "<p>b</p>\n<p>d</p>\n"},
        {"> <!-- a\n> b\n>\n> c\n\nd\n", "<blockquote>\n<p>c</p>\n</blockquote>\n<p>d</p>\n"},
        {"a\n\n<!-- b", "<p>a</p>\n"},
    };
    (void)state;
    assert_all(cases, COUNT_OF(cases));
    assert_int_equal(diags.errors, 5);
    static const int lines[] = {6, 4, 8, 4, 6};
    const struct diag *p = diags.first;
    for (size_t i = 0; i < COUNT_OF(lines); i++, p = p->next) {
        assert_string_equal(p->rule, "comment");
        assert_int_equal(p->line, lines[i]);
        assert_int_equal(p->column, i == 3 ? 3 : 1);
    }
}

static void test_small_things(void **state) {
    static const struct shown cases[] = {
        {"> [!IMPORTANT]\n> a\n",
         "<aside class=\"callout callout-important\" role=\"note\"><p class=\"callout-title\"><span class=\"callout-kind\">Important</span></p>\n<p>a</p>\n</aside>\n"},
        {"> [!CAUTION]\n> a\n",
         "<aside class=\"callout callout-caution\" role=\"note\"><p class=\"callout-title\"><span class=\"callout-kind\">Caution</span></p>\n<p>a</p>\n</aside>\n"},
        {"See www.a.example/b?c=d&e.\n",
         "<p>See <a href=\"http://www.a.example/b?c=d&amp;e\" rel=\"noopener external\">www.a.example/b?c=d&amp;e</a>.</p>\n"},
        {"(https://a.example/b) c@d.edu\n",
         "<p>(<a href=\"https://a.example/b\" rel=\"noopener external\">https://a.example/b</a>) <a href=\"mailto:c@d.edu\">c@d.edu</a></p>\n"},
        /* RULE reserved-address */
        {"a@b.example, a@EXAMPLE.com, a@b.example.org, a@b.test <a@b.invalid>\n",
         "<p>a@b.example, a@EXAMPLE.com, a@b.example.org, a@b.test a@b.invalid</p>\n"},
        {"a@my-example.com a@b.example.edu [us](mailto:a@b.example)\n",
         "<p><a href=\"mailto:a@my-example.com\">a@my-example.com</a> <a href=\"mailto:a@b.example.edu\">a@b.example.edu</a> <a href=\"mailto:a@b.example\">us</a></p>\n"},
        {"[a](b\\c.md) [d](\\\\e.example/f)\n",
         "<p><a href=\"b%5Cc.md\">a</a> <a href=\"%5Ce.example/f\">d</a></p>\n"},
        {"> - [ ] a\n> - [x] b\n",
         "<blockquote>\n<ul>\n<li class=\"task\"><span class=\"task-box\">☐</span> a</li>\n<li class=\"task\"><span class=\"task-box\">☑</span> b</li>\n</ul>\n</blockquote>\n"},
        {"H~2~O\n", "<p>H<del>2</del>O</p>\n"},
        {"a[^1] b[^1]\n\n[^1]: c\n",
         "<p>a<sup class=\"footnote-ref\"><a href=\"#fn-1\" id=\"fnref-1\">1</a></sup> b<sup class=\"footnote-ref\"><a href=\"#fn-1\" id=\"fnref-1-2\">1</a></sup></p>\n"
         "<section class=\"footnotes\">\n<ol>\n<li id=\"fn-1\"><p>c</p>\n<a class=\"footnote-back\" href=\"#fnref-1\" aria-label=\"1 ↩\">↩</a><a class=\"footnote-back\" href=\"#fnref-1-2\" aria-label=\"1-2 ↩\">↩</a></li>\n</ol>\n</section>\n"},
    };
    (void)state;
    assert_all(cases, COUNT_OF(cases));
}

/* RULE math, on both sides of its edges. */
static void test_formulas(void **state) {
    static const struct shown cases[] = {
        {"So $a_1 * b_2 * c$ holds.\n",
         "<p>So <code class=\"math\" translate=\"no\">a_1 * b_2 * c</code> holds.</p>\n"},
        {"$$\n\\frac{a}{b}\n= x < y\n- 1. z\n$$\n",
         "<p><code class=\"math math-block\" translate=\"no\">\n\\frac{a}{b}\n= x &lt; y\n- 1. z\n</code></p>\n"},
        {"> $$\n> a\n> $$\n",
         "<blockquote>\n<p><code class=\"math math-block\" translate=\"no\">\na\n</code></p>\n</blockquote>\n"},
        {"- a\n  > $$\n  > b_1 * c_2\n  > $$\n",
         "<ul>\n<li>a<blockquote>\n<p><code class=\"math math-block\" translate=\"no\">\nb_1 * c_2\n</code></p>\n</blockquote>\n</li>\n</ul>\n"},
        {"| a |\n|---|\n| $|x|$ |\n",
         "<div class=\"table-wrap\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">a</th></tr></thead>\n<tbody>\n<tr><td><code class=\"math\" translate=\"no\">|x|</code></td></tr>\n</tbody></table></div>\n"},
        {"```math\na_b\n```\n",
         "<p><code class=\"math math-block\" translate=\"no\">a_b\n</code></p>\n"},
        {"So $`a_1 * b`$ as $`c`$.\n",
         "<p>So <code class=\"math\" translate=\"no\">a_1 * b</code> as <code class=\"math\" translate=\"no\">c</code>.</p>\n"},
        /* Prices, code, escapes, addresses, what never closes. */
        {"From $5 to $10, or $5/$6.\n", "<p>From $5 to $10, or $5/$6.</p>\n"},
        {"A $ b $ c, US$a$ and $x $\n", "<p>A $ b $ c, US$a$ and $x $</p>\n"},
        {"\\$a$ and $b\\$\n", "<p>$a$ and $b$</p>\n"},
        {"`$a_b$` and $*c*\n", "<p><code>$a_b$</code> and $<em>c</em></p>\n"},
        {"```text\n$a_b$\n```\n",
         "<pre class=\"code\" tabindex=\"0\"><code class=\"language-text\">$a_b$\n</code></pre>\n"},
        {"    $a_b$\n", "<pre class=\"code\" tabindex=\"0\"><code>$a_b$\n</code></pre>\n"},
        {"[a](b/$c$.md)\n", "<p><a href=\"b/$c$.md\">a</a></p>\n"},
        {"$a\n\nb$\n", "<p>$a</p>\n<p>b$</p>\n"},
        {"![a $b$](c.svg)\n",
         "<p><img src=\"c.svg\" alt=\"a $b$\" loading=\"lazy\" decoding=\"async\"></p>\n"},
    };
    (void)state;
    assert_all(cases, COUNT_OF(cases));
}

/* RULE formula, on both sides of its edges: what the browser's library cannot draw. */
static void test_formulas_that_cannot_be_drawn(void **state) {
    static const struct {
        const char *markdown, *says;
    } cases[] = {
        {"$\\frac{1}{$\n", "a { is never closed with }"},
        {"$a}$\n", "a } has no { before it"},
        {"$\\unknowncommand{x}$\n", "there is no command “\\unknowncommand”"},
        {"$`\\nix`$\n", "there is no command “\\nix”"},
        {"$$\n\\begin{aligned}\na\n$$\n", "\\begin{aligned} has no \\end{aligned}"},
        {"$$\n\\begin{cases}\na\n\\end{matrix}\n$$\n", "\\begin{cases} has no \\end{cases}"},
        {"$\\begin{nothing}a\\end{nothing}$\n", "there is no environment “nothing”"},
        {"$\\end{matrix}$\n", "\\end{matrix} has no \\begin{matrix} before it"},
        {"$\\left( a$\n", "a \\left has no \\right"},
        {"$a \\right)$\n", "a \\right has no \\left before it"},
        {"```math\n\\sqrt{\n```\n", "a { is never closed with }"},
        {"> $$\n> {\n> $$\n", "a { is never closed with }"},
        {"$\\frac{1}$\n", "\\frac needs 2 times {…} behind it, and has 1"},
        {"$\\left(\\frac1\\right)$\n", "\\frac needs 2 times {…} behind it, and has 1"},
        {"${\\binom} n$\n", "\\binom needs 2 times {…} behind it, and has 0"},
        {"$\\sqrt[3]$\n", "\\sqrt needs {…} behind it"},
        {"$a \\hat^2$\n", "\\hat needs {…} behind it"},
        {"$$\n\\fcolorbox{red}{white} % {a}\n$$\n",
         "\\fcolorbox needs 3 times {…} behind it, and has 2"},
        {"$$\n\\begin{matrix} \\overset{a} & b \\end{matrix}\n$$\n",
         "\\overset needs 2 times {…} behind it, and has 1"},
        {"$x^$\n", "nothing stands behind ^"},
        {"$\\frac12 \\frac{a} {b} \\frac\\alpha{b} \\sqrt2 \\sqrt[3] x \\sqrt\\frac12$\n", NULL},
        {"$\\frac{1} % one\n{2} \\operatorname*{max}_x \\left. x \\right| \\big( \\hat{x}^2$\n",
         NULL},
        {"$\\frac[2] \\frac{\\}}{\\frac{1}{2}} \\text{a} \\rule[1em]{1em}{2em} \\ce{CO2 ^}$\n",
         NULL},
        {"$\\def\\part{\\frac{1}} \\part{2}$\n", NULL},
        {"$\\left({\\frac{a}{b}}\\right) \\{ \\, \\% x$\n", NULL},
        {"$$\n\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix} % }\n$$\n", NULL},
        {"$\\def\\mine{a} \\mine$ and $`\\sqrt{2}`$\n", NULL},
        {"```text\n$\\sqrt{$\n```\n\n`$\\nix$` costs {$5 to $10\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        diag_init(&diags, &arena);
        (void)parse(cases[i].markdown);
        assert_int_equal(diags.errors, cases[i].says != NULL);
        if (!cases[i].says) continue;
        assert_string_equal(diags.first->rule, "formula");
        if (!strstr(diags.first->message, cases[i].says))
            fail_msg("%s\n%s", cases[i].markdown, diags.first->message);
    }
}

/* Ours stay what they are, since progress goes by them; GitHub's stand beside them where they
 * differ. */
static void test_anchors(void **state) {
    (void)state;
    const char *html = render(
        "## Foo\n\n## Foo\n\n## A & B\n\n## Über uns\n\n## Status\n\n## Foo 1\n");
    assert_non_null(strstr(html, "<h2 id=\"foo\"><a"));
    assert_non_null(strstr(html, "<h2 id=\"foo-2\"><a")); /* foo-1 is the name of the last one */
    assert_non_null(strstr(
        html, "<h2 id=\"a-b\"><a class=\"anchor\" href=\"#a-b\"><span id=\"a--b\"></span>A"));
    assert_non_null(strstr(html, "<span id=\"über-uns\"></span>"));
    assert_non_null(strstr(html, "<h2 id=\"status-section\"><a"));
    assert_non_null(strstr(html, "href=\"#foo-1\"><span id=\"foo-1-1\"></span>"));
    html = render("## Foo\n\n## Foo\n\n## Foo\n");
    assert_non_null(strstr(html, "href=\"#foo-2\"><span id=\"foo-1\"></span>"));
    /* “foo-2” is what our second one is called already. */
    assert_non_null(strstr(html, "href=\"#foo-3\">Foo"));
    assert_string_equal(doc_fragment(&arena, "%C3%BCber-uns"), "über-uns");
    assert_string_equal(doc_fragment(&arena, "status"), "status-section");
    assert_string_equal(doc_fragment(&arena, "%00%ff%2"), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_html_of_the_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_comments_are_notes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_things, setup, teardown),
        cmocka_unit_test_setup_teardown(test_formulas, setup, teardown),
        cmocka_unit_test_setup_teardown(test_formulas_that_cannot_be_drawn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anchors, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
