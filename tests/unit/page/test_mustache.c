/* Mustache: the official specification, then what it does not say: limits, hostile templates and
 * values, places in HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "page/mustache.h"
#include "page/name_table.h"

#define SPEC "../shared/corpus/mustache"

/* ---- A world of templates ------------------------------------------------------------------- */

struct world {
    struct arena arena;
    struct name_table partials;
    const struct mustache *parsed[64];
    struct buf problems;
};

static int find(void *context, enum mustache_ref kind, const char *name) {
    struct world *w = context;
    return kind == REF_PARTIAL ? name_table_find(&w->partials, name) : -1;
}

static void world_init(struct world *w) {
    memset(w, 0, sizeof *w);
    arena_init(&w->arena, 256u << 20);
    name_table_init(&w->partials, &w->arena);
    buf_init(&w->problems, &w->arena);
}

static struct mustache *parse(struct world *w, const char *source, unsigned flags) {
    struct mustache_names names = {find, w};
    return mustache_parse(&w->arena, "t", source, strlen(source), flags, &names, &w->problems);
}

static const char *render(struct world *w, const struct mustache *t, const struct view *v,
                          bool *whole) {
    struct mustache_env env = {.partials = w->parsed};
    struct buf out;
    buf_init(&out, &w->arena);
    bool ok = mustache_render(t, &env, v, &out);
    if (whole) *whole = ok;
    return buf_text(&out);
}

/* Parses as a page without problems and renders. */
static const char *page(struct world *w, const char *source, const struct view *v) {
    const struct mustache *t = parse(w, source, MUSTACHE_PAGE);
    if (w->problems.len) fail_msg("%s", w->problems.data);
    return render(w, t, v, NULL);
}

/* ---- The specification ---------------------------------------------------------------------- */

static void add_json(struct view *v, const char *name, json_t *value);

static void fill(struct view *object, json_t *value) {
    const char *key;
    json_t *member;
    json_object_foreach (value, key, member) add_json(object, key, member);
}

static void fill_list(struct view *list, json_t *value) {
    size_t i;
    json_t *item;
    json_array_foreach (value, i, item) {
        char number[64];
        if (json_is_object(item)) fill(view_item(list), item);
        else if (json_is_array(item)) fill_list(view_item_list(list), item);
        else if (json_is_string(item)) view_item_text(list, json_string_value(item));
        else {
            snprintf(number, sizeof number, "%.15g", json_number_value(item));
            view_item_text(list, number);
        }
    }
}

static void add_json(struct view *v, const char *name, json_t *value) {
    char number[64];
    if (json_is_object(value)) fill(view_object(v, name), value);
    else if (json_is_array(value)) fill_list(view_list(v, name), value);
    else if (json_is_string(value)) view_text(v, name, json_string_value(value));
    else if (json_is_integer(value)) view_int(v, name, json_integer_value(value));
    else if (json_is_boolean(value)) view_bool(v, name, json_is_true(value));
    else if (json_is_null(value)) view_text(v, name, NULL);
    else {
        snprintf(number, sizeof number, "%.15g", json_real_value(value));
        view_text(v, name, number);
    }
}

static struct view *from_json(struct arena *a, json_t *data) {
    struct view *top = view_new(a);
    if (json_is_object(data)) {
        fill(top, data);
        return top;
    }
    /* A bare value or list: wrapped, and taken out again. */
    struct view *holder = view_new(a);
    add_json(holder, "it", data);
    return (struct view *)view_get(holder, "it", name_hash("it", 2));
}

static int check_case(const char *file, json_t *test) {
    struct world w;
    world_init(&w);
    const char *name;
    json_t *source;
    json_object_foreach (json_object_get(test, "partials"), name, source)
        name_table_add(&w.partials, name);
    json_object_foreach (json_object_get(test, "partials"), name, source)
        w.parsed[name_table_find(&w.partials, name)] = parse(&w, json_string_value(source), 0);
    const struct mustache *t = parse(&w, json_string_value(json_object_get(test, "template")), 0);
    const char *got = render(&w, t, from_json(&w.arena, json_object_get(test, "data")), NULL);
    const char *want = json_string_value(json_object_get(test, "expected"));
    int wrong = strcmp(got, want) != 0;
    if (wrong)
        print_message("%s: %s\n  want [%s]\n  got  [%s]\n", file,
                      json_string_value(json_object_get(test, "name")), want, got);
    arena_release(&w.arena);
    return wrong;
}

static void specification(void **state) {
    (void)state;
    static const char *const files[] = {"comments", "delimiters", "interpolation",
                                        "inverted", "partials",   "sections"};
    int wrong = 0, count = 0;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char path[200];
        snprintf(path, sizeof path, SPEC "/%s.json", files[i]);
        json_t *spec = json_load_file(path, 0, NULL), *test;
        if (!spec) {
            print_message("%s is absent: the specification's tests are skipped\n", path);
            skip();
        }
        size_t k;
        json_array_foreach (json_object_get(spec, "tests"), k, test) {
            wrong += check_case(files[i], test);
            count++;
        }
        json_decref(spec);
    }
    print_message("%d cases of the specification\n", count);
    assert_true(count > 100);
    assert_int_equal(wrong, 0);
}

/* ---- Places in HTML ------------------------------------------------------------------------- */

static void escaping_follows_type_and_place(void **state) {
    (void)state;
    static const struct {
        const char *source, *want;
    } cases[] = {
        {"<p>{{text}}</p>", "<p>&lt;b&gt; &amp; &quot;x&quot; &#39;</p>"},
        {"<p>{{html}}</p>", "<p><b title=\"t\">bold</b></p>"},
        {"<p title=\"{{text}}\">", "<p title=\"&lt;b&gt; &amp; &quot;x&quot; &#39;\">"},
        {"<p title='{{html}}'>", "<p title='&lt;b title=&quot;t&quot;&gt;bold&lt;/b&gt;'>"},
        {"<title>{{html}}</title>", "<title>&lt;b title=&quot;t&quot;&gt;bold&lt;/b&gt;</title>"},
        {"<textarea>{{html}}</textarea><p>{{html}}",
         "<textarea>&lt;b title=&quot;t&quot;&gt;bold&lt;/b&gt;</textarea><p><b title=\"t\">bold</b>"},
        {"<!-- {{html}} --><p>{{html}}",
         "<!-- &lt;b title=&quot;t&quot;&gt;bold&lt;/b&gt; --><p><b title=\"t\">bold</b>"},
        {"<a href=\"{{script}}\">", "<a href=\"#\">"},
        {"<a href=\"{{Script}}\">", "<a href=\"#\">"},
        {"<a href=\"{{tabbed}}\">", "<a href=\"#\">"},
        {"<a href=\"{{blank}}\">", "<a href=\"#\">"},
        {"<img src='{{data}}'>", "<img src='#'>"},
        {"<a href=\"{{path}}\">", "<a href=\"/a?b=c:d&amp;e\">"},
        {"<a href=\"{{https}}\">", "<a href=\"https://a.example/:x\">"},
        {"<a href=\"/m/{{script}}\">", "<a href=\"/m/javascript:alert(1)\">"},
        {"<a title=\"{{script}}\">", "<a title=\"javascript:alert(1)\">"},
        {"<a {{#yes}}class=\"x\"{{/yes}} href=\"{{script}}\">", "<a class=\"x\" href=\"#\">"},
        {"{{missing}}{{missing.deeper}}{{text.deeper}}{{number}} {{number.local}}",
         "1234000 1234000"},
        {"{{share.percent}} {{share.percent_raw}} {{minus.percent}} {{minus.percent_raw}}",
         "82.3% 82.3 -0.5% -0.5"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w;
        world_init(&w);
        struct view *v = view_new(&w.arena);
        view_text(v, "text", "<b> & \"x\" '");
        view_html(v, "html", "<b title=\"t\">bold</b>");
        view_text(v, "script", "javascript:alert(1)");
        view_text(v, "Script", "JaVaScRiPt:alert(1)");
        view_text(v, "tabbed", "java\tscript:alert(1)");
        view_text(v, "blank", " javascript:alert(1)");
        view_text(v, "data", "data:text/html,x");
        view_text(v, "path", "/a?b=c:d&e");
        view_text(v, "https", "https://a.example/:x");
        view_int(v, "number", 1234000);
        view_int(v, "share", 823);
        view_int(v, "minus", -5);
        view_bool(v, "yes", true);
        assert_string_equal(page(&w, cases[i].source, v), cases[i].want);
        arena_release(&w.arena);
    }
}

static void pages_refuse(void **state) {
    (void)state;
    static const struct {
        const char *source, *problem;
    } cases[] = {
        {"<p title={{x}}>", "t:1:10: error: a value stands"},
        {"<{{x}}>", "error: a value stands"},
        {"<p {{x}}>", "error: a value stands"},
        {"<p {{x}}=\"1\">", "error: a value stands"},
        {"<script src=\"a\">{{x}}</script>", "error: a value stands"},
        {"<script>let a</script>", "error: a script element without src"},
        {"<style>p {}</style>", "error: a style element"},
        {"<p onclick=\"x()\">", "error: an on… attribute"},
        {"<p ONCLICK='x()'>", "error: an on… attribute"},
        {"<p hx-on:click='x()'>", "error: an on… attribute"},
        {"<p style=\"color:red\">", "error: a style attribute"},
        {"<iframe srcdoc=\"x\">", "error: srcdoc"},
        {"{{{x}}}", "error: pages have no unescaped values"},
        {"a\n b {{&x}}", "t:2:4: error: pages have no unescaped values"},
        {"<p title=\"{{>part}}\">", "error: a partial stands between tags"},
        {"<p class=\"", "error: the template ends inside"},
        {"{{#a}}", "t:1:1: error: this section is never closed: \"a\""},
        {"{{#a}}{{/b}}", "t:1:7: error: this closes another section"},
        {"{{/a}}", "error: this closes a section that is not open"},
        {"{{a", "t:1:1: error: this tag is not closed"},
        {"{{}}", "error: this tag has no name"},
        {"{{a b}}", "error: a name has no blanks"},
        {"{{a..b}}", "error: this is no name"},
        {"{{=}}", "error: this tag is not closed"},
        {"{{=a b c=}}", "error: new delimiters"},
        {"{{>nowhere}}", "error: there is no template of this name: \"nowhere\""},
        {"{{asset.nowhere}}", "error: site/static has no file"},
        {"\xff", "error: the file is not valid UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w;
        world_init(&w);
        name_table_add(&w.partials, "part");
        parse(&w, cases[i].source, MUSTACHE_PAGE);
        if (!strstr(buf_text(&w.problems), cases[i].problem))
            fail_msg("%s: wanted \"%s\", got \"%s\"", cases[i].source, cases[i].problem,
                     buf_text(&w.problems));
        arena_release(&w.arena);
    }
}

static void all_problems_of_a_file_are_found(void **state) {
    (void)state;
    struct world w;
    world_init(&w);
    parse(&w, "{{{a}}}\n<p style='x'>\n{{>no}}\n{{#s}}\n", MUSTACHE_PAGE);
    for (int line = 1; line <= 4; line++) {
        char place[16];
        snprintf(place, sizeof place, "t:%d:", line);
        assert_non_null(strstr(w.problems.data, place));
    }
    arena_release(&w.arena);
}

/* ---- Limits
 * -------------------------------------------------------------------------------------- */

static void recursion_ends(void **state) {
    (void)state;
    /* One template that includes itself twice would run 2^160 times. */
    static const char *const bombs[] = {"{{>self}}", "{{>self}}{{>self}}", "{{#a}}{{>self}}{{/a}}",
                                        "{{^no}}x{{>self}}{{>self}}{{/no}}"};
    for (size_t i = 0; i < COUNT_OF(bombs); i++) {
        struct world w;
        world_init(&w);
        int self = name_table_add(&w.partials, "self");
        w.parsed[self] = parse(&w, bombs[i], 0);
        struct view *v = view_new(&w.arena);
        view_put(v, "a", v);
        bool whole = true;
        (void)render(&w, w.parsed[self], v, &whole);
        assert_false(whole);
        arena_release(&w.arena);
    }
}

static void repetition_ends(void **state) {
    (void)state;
    struct world w;
    world_init(&w);
    struct view *v = view_new(&w.arena), *list = view_list(v, "l");
    for (int i = 0; i < 400; i++) view_put(view_item(list), "x", list);
    bool whole = true;
    (void)render(&w, parse(&w, "{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", 0), v, &whole);
    assert_false(whole);
    arena_release(&w.arena);
}

static void deep_nesting_is_refused_and_deep_data_works(void **state) {
    (void)state;
    struct world w;
    world_init(&w);
    struct buf deep;
    buf_init(&deep, &w.arena);
    for (int i = 0; i < 10000; i++) buf_puts(&deep, "{{#a}}");
    parse(&w, deep.data, 0);
    assert_non_null(strstr(w.problems.data, "nested too deeply"));
    assert_true(w.problems.len < 256 * 1024);
    /* A tree through a partial, as deep as data may be. */
    struct world ok;
    world_init(&ok);
    int node = name_table_add(&ok.partials, "node");
    ok.parsed[node] = parse(&ok, "({{n}}{{#child}}{{>node}}{{/child}})", 0);
    struct view *top = view_new(&ok.arena), *v = top;
    for (int i = 0; i < 100; i++) {
        view_int(v, "n", i);
        v = view_object(v, "child");
    }
    view_int(v, "n", 100);
    view_bool(v, "child", false);
    bool whole = false;
    const char *got = render(&ok, ok.parsed[node], top, &whole);
    assert_true(whole);
    assert_non_null(strstr(got, "(99(100))"));
    arena_release(&ok.arena);
    arena_release(&w.arena);
}

static const char *const words[] = {
    "{{",          "}}",    "{{{",         "}}}", "{{#a}}", "{{/a}}", "{{^a}}", "{{>p}}",
    "{{=<% %>=}}", "<%a%>", "<%={{ }}=%>", "{{!", "\n",     "  ",     "a.b",    "{{a}}",
    "{{.}}",       "=",     "<p title=\"", "\">", "<!--",   "-->"};

/* Any mixture of pieces parses and renders without a crash, whatever the kind; most are wrong. */
static void mixtures_do_no_harm(void **state) {
    (void)state;
    uint64_t seed = 42;
    for (int round = 0; round < 20000; round++) {
        struct world w;
        world_init(&w);
        struct buf b;
        buf_init(&b, &w.arena);
        int p = name_table_add(&w.partials, "p");
        for (int i = 0; i < 12; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            buf_puts(&b, words[(seed >> 33) % COUNT_OF(words)]);
        }
        unsigned flags = round % 2 ? MUSTACHE_PAGE : 0;
        w.parsed[p] = parse(&w, round % 4 < 2 ? buf_text(&b) : "  x\n{{a}}\n", flags);
        struct view *v = view_new(&w.arena), *list = view_list(v, "a");
        view_item_text(list, "<&>");
        view_item(list);
        (void)render(&w, parse(&w, buf_text(&b), flags), v, NULL);
        arena_release(&w.arena);
    }
}

static void render_everything(struct world *w) {
    struct view *v = view_new(&w->arena), *list = view_list(v, "a");
    for (int i = 0; i < 40; i++)
        view_text(view_item(list), "b", "<some text that is long enough to need room>");
    view_html(v, "h", "<i>x</i>");
    int p = name_table_add(&w->partials, "p");
    w->parsed[p] = parse(w, "{{b}}\n", 0);
    const char *got = render(w, parse(w, "{{h}}{{#a}}\n  {{>p}}\n{{/a}}", 0), v, NULL);
    assert_non_null(strstr(got, "&lt;some"));
}

static bool fails_at(long nth) {
    struct world w;
    world_init(&w);
    arena_fail_at(nth);
    if (ARENA_GUARD(&w.arena) == 0) render_everything(&w);
    bool failed = arena_failed_as_asked();
    arena_fail_at(0);
    arena_release(&w.arena);
    return failed;
}

/* Each allocation fails once: control leaves through the guard and the next try works. */
static void memory_may_end_anywhere(void **state) {
    (void)state;
    long nth = 1;
    while (fails_at(nth)) nth++;
    assert_true(nth > 100);
}

static void the_last_value_counts(void **state) {
    (void)state;
    struct world w;
    world_init(&w);
    struct view *v = view_new(&w.arena), *inner = view_object(v, "o");
    view_text(v, "a", "outer");
    view_text(inner, "a", "1");
    view_text(inner, "a", "2");
    assert_string_equal(page(&w, "{{#o}}{{a}}{{/o}}", v), "2");
    view_text(inner, "a", NULL);
    assert_string_equal(page(&w, "{{#o}}{{a}}{{/o}}", v), "");
    assert_string_equal(page(&w, "{{#o}}{{#a}}x{{/a}}{{^a}}none{{/a}}{{/o}} {{a}}", v),
                        "none outer");
    view_text(view_object(v, "p"), "b", "1");
    assert_string_equal(page(&w, "{{#p}}{{a}}{{/p}}", v), "outer");
    view_int(v, "zero", 0);
    view_text(v, "empty", "");
    view_bool(v, "no", false);
    view_list(v, "none");
    view_item_text(view_list(v, "two"), "a");
    view_item_text((struct view *)view_get(v, "two", name_hash("two", 3)), "b");
    assert_string_equal(
        page(
            &w,
            "{{#two.count}}[{{two.count}}{{#two}} {{.}}{{/two}}]{{/two.count}}{{^none.count}}-{{/none.count}}{{#none.count}}x{{/none.count}}",
            v),
        "[2 a b]-");
    assert_string_equal(
        page(&w,
             "{{#zero}}x{{/zero}}{{#empty}}x{{/empty}}{{#no}}x{{/no}}{{#none}}x{{/none}}{{zero}}",
             v),
        "0");
    arena_release(&w.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specification),
        cmocka_unit_test(escaping_follows_type_and_place),
        cmocka_unit_test(pages_refuse),
        cmocka_unit_test(all_problems_of_a_file_are_found),
        cmocka_unit_test(recursion_ends),
        cmocka_unit_test(repetition_ends),
        cmocka_unit_test(deep_nesting_is_refused_and_deep_data_works),
        cmocka_unit_test(mixtures_do_no_harm),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(the_last_value_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
