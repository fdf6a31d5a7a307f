/* The check against trees that must fail (tests/golden/check/NAME, with what it must say in
 * NAME/expected.txt), the forms of its report, and its time on ten thousand modules. UPDATE=1
 * writes the expectations anew. */
#include "unit/content/fixture.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define TREES "tests/golden/check"

static const char *report(const char *tree, enum report_format format, struct diag_list *l) {
    struct buf out;
    diag_init(l, &arena);
    buf_init(&out, &arena);
    content_check_tree(tree, l);
    content_report(l, format, &out);
    return buf_text(&out);
}

static void test_trees(void **state) {
    (void)state;
    DIR *dir = opendir(TREES);
    assert_non_null(dir);
    int trees = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        const char *tree = arena_printf(&arena, TREES "/%s", e->d_name),
                   *path = arena_printf(&arena, "%s/expected.txt", tree);
        struct diag_list l;
        const char *got = report(tree, REPORT_TEXT, &l);
        if (getenv("UPDATE")) assert_true(file_write(path, got, strlen(got), 0644));
        size_t len = 0;
        const char *expected = file_read(&arena, path, 1024 * 1024, &len);
        if (!str_eq(got, expected))
            fail_msg("%s\n--- expected\n%s--- got\n%s", tree,
                     expected ? expected : "(no expected.txt)\n", got);
        assert_true(str_eq(e->d_name, "fine") == (l.errors == 0));
        trees++;
    }
    closedir(dir);
    assert_true(trees >= 12);
}

/* RULE link-target, RULE picture-size, RULE attributes, RULE template, RULE inline-note.
 * RULE heading-blank, RULE admonition, RULE grid-table, RULE round-options, RULE tex-brackets.
 * RULE character. Each is found in the tree of foreign notations, and none of them in its module b,
 * which holds what only looks like them. */
static void test_foreign_notations(void **state) {
    static const char *const rules[] = {"link-target",  "picture-size", "attributes",
                                        "template",     "inline-note",  "heading-blank",
                                        "admonition",   "grid-table",   "round-options",
                                        "tex-brackets", "character"};
    struct diag_list l;
    (void)state;
    (void)report(TREES "/foreign", REPORT_TEXT, &l);
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        bool found = false;
        for (const struct diag *d = l.first; d; d = d->next) {
            if (!str_eq(d->rule, rules[i])) continue;
            assert_string_not_equal(d->file, "content/p/modules/b.md");
            assert_int_equal(d->severity, SEVERITY_WARNING);
            found = true;
        }
        if (!found) fail_msg("nothing is found by %s", rules[i]);
    }
}

/* Whatever the threads do, the report is the same. */
/* The authors' table of faults that hide a file, and the code's: the same rules. */
static void test_hiding_rules_are_documented(void **state) {
    (void)state;
    static const char path[] = "content/gradus/modules/what-a-page-can-hold.md";
    size_t len = 0, rows = 0, known = 0;
    const char *text = file_read(&arena, path, 1024 * 1024, &len);
    assert_non_null(text);
    const char *at = strstr(text, "\n| Rule |");
    assert_non_null(at);
    while (diag_hiding_rules[known]) known++;
    for (at = strstr(at, "\n| `"); at && at[1] == '|'; at = strchr(at + 1, '\n')) {
        const char *end = strchr(at + 2, '|');
        for (const char *p = strchr(at, '`'); p && p < end; p = strchr(p + 1, '`')) {
            const char *close = strchr(p + 1, '`'),
                       *rule = arena_copy(&arena, p + 1, (size_t)(close - p - 1));
            size_t i = 0;
            while (diag_hiding_rules[i] && !str_eq(diag_hiding_rules[i], rule)) i++;
            if (!diag_hiding_rules[i]) fail_msg("the table names %s, the code does not", rule);
            rows++;
            p = close;
        }
    }
    assert_int_equal(rows, known);
}

static size_t words_in(const char *body) {
    const char *text = arena_printf(&arena, "---\nid: a\n---\n%s\n", body);
    struct diag_list l;
    struct doc d;
    diag_init(&l, &arena);
    assert_int_equal(doc_parse(&d, "a.md", text, strlen(text), &arena, &l), OK);
    return content_word_count(&d);
}

/* Words are counted where no blank parts them, too: else a Thai module would take a minute. */
static void test_words_are_counted(void **state) {
    (void)state;
    assert_int_equal(words_in("One two-three four."), 3);
    assert_int_equal(words_in("الرياح قوية اليوم"), 3);
    assert_in_range(words_in("ภาษาไทยเขียนติดกัน"), 3, 6); /* as its dictionary has them */
    assert_in_range(words_in("日本語を読む"), 3, 5);
}

/* Every problem that hides a file says so, by a rule of that list, and nothing that hides is
 * silent. */
static void test_hidden_files_say_so(void **state) {
    (void)state;
    static const char *const trees[] = {"bytes",     "front-matter", "follow-on", "text",
                                        "questions", "links",        "lists"};
    for (size_t t = 0; t < COUNT_OF(trees); t++) {
        struct diag_list l;
        diag_init(&l, &arena);
        content_check_tree(arena_printf(&arena, TREES "/%s", trees[t]), &l);
        size_t hides = 0;
        for (const struct diag *d = l.first; d; d = d->next) {
            size_t i = 0;
            if (!d->hides) continue;
            while (diag_hiding_rules[i] && !str_eq(diag_hiding_rules[i], d->rule)) i++;
            if (!diag_hiding_rules[i]) fail_msg("%s hides %s", d->rule, d->file);
            hides++;
        }
        assert_true((hides > 0) == (t < 3));
    }
}

static void test_same_each_time(void **state) {
    (void)state;
    struct diag_list l;
    const char *first = report(TREES "/links", REPORT_TEXT, &l);
    for (int i = 0; i < 20; i++)
        assert_string_equal(report(TREES "/links", REPORT_TEXT, &l), first);
}

static void test_json(void **state) {
    (void)state;
    struct diag_list l;
    json_error_t why;
    json_t *root_value = json_loads(report(TREES "/links", REPORT_JSON, &l), 0, &why);
    assert_non_null(root_value);
    assert_int_equal(json_integer_value(json_object_get(root_value, "errors")), l.errors);
    json_t *problems = json_object_get(root_value, "problems"), *one = json_array_get(problems, 0);
    assert_int_equal(json_array_size(problems), l.errors + l.warnings);
    assert_string_equal(json_string_value(json_object_get(one, "file")), "content/p/modules/a.md");
    assert_true(json_integer_value(json_object_get(one, "line")) > 0);
    json_decref(root_value);
    root_value = json_loads(report(TREES "/fine", REPORT_JSON, &l), 0, &why);
    assert_int_equal(json_array_size(json_object_get(root_value, "problems")), 0);
    json_decref(root_value);
}

/* What SARIF 2.1.0 asks of each result: the ruleId is that of the rule at ruleIndex, regions begin
 * at 1. */
static void test_sarif(void **state) {
    (void)state;
    static const char *const trees[] = {"links", "front-matter", "fine"};
    for (size_t t = 0; t < COUNT_OF(trees); t++) {
        struct diag_list l;
        json_error_t why;
        json_t *log = json_loads(
            report(arena_printf(&arena, TREES "/%s", trees[t]), REPORT_SARIF, &l), 0, &why);
        if (!log) fail_msg("%d: %s", why.line, why.text);
        assert_string_equal(json_string_value(json_object_get(log, "version")), "2.1.0");
        json_t *run = json_array_get(json_object_get(log, "runs"), 0),
               *results = json_object_get(run, "results"), *one;
        json_t *driver = json_object_get(json_object_get(run, "tool"), "driver"),
               *rules = json_object_get(driver, "rules");
        assert_true(json_is_string(json_object_get(driver, "name")));
        assert_int_equal(json_array_size(results), l.errors + l.warnings);
        size_t i;
        json_array_foreach (results, i, one) {
            size_t index = (size_t)json_integer_value(json_object_get(one, "ruleIndex"));
            const char *rule = json_string_value(
                json_object_get(json_array_get(rules, index), "id"));
            assert_string_equal(rule, json_string_value(json_object_get(one, "ruleId")));
            const char *level = json_string_value(json_object_get(one, "level"));
            assert_true(str_eq(level, "error") || str_eq(level, "warning"));
            assert_true(
                *json_string_value(json_object_get(json_object_get(one, "message"), "text")));
            json_t *place = json_object_get(json_array_get(json_object_get(one, "locations"), 0),
                                            "physicalLocation");
            assert_true(*json_string_value(
                json_object_get(json_object_get(place, "artifactLocation"), "uri")));
            json_t *region = json_object_get(place, "region");
            if (region) assert_true(json_integer_value(json_object_get(region, "startLine")) >= 1);
        }
        json_decref(log);
    }
}

static void test_own_content(void **state) {
    (void)state;
    struct diag_list l;
    const char *got = report(".", REPORT_TEXT, &l);
    if (l.errors) fail_msg("%s", got);
}

/* What the check knows as the site's pages is what the table of URLs has: a new page must not look
 * like a dead link. */
static void test_site_addresses(void **state) {
    (void)state;
    static const char *const no_pages[] = {"static", "healthz",     "metrics", "logout", "attempts",
                                           "runs",   ".well-known", "status",  "modules"};
    size_t len = 0, found = 0;
    const char *routes = file_read(&arena, "engine/server/routes.c", 1024 * 1024, &len);
    struct buf links;
    struct diag_list l;
    assert_non_null(routes);
    buf_init(&links, &arena);
    for (const char *at = routes; (at = strstr(at, ", \"/")); at++) {
        const char *first = arena_copy(&arena, at + 4, strcspn(at + 4, "/\""));
        bool page = *first;
        for (size_t i = 0; i < COUNT_OF(no_pages); i++) page = page && !str_eq(first, no_pages[i]);
        if (page) buf_printf(&links, "[%s](/%s)\n", first, first);
        found += page;
    }
    assert_true(found > 30);
    put_file("content/p/modules/links.md", "%s", module_text("links", "Links", buf_text(&links)));
    const char *got = report(root, REPORT_TEXT, &l);
    if (l.errors) fail_msg("%s", got);
    put_file("content/p/modules/links.md", "%s",
             module_text("links", "Links", "[dead](/no-page)\n"));
    (void)report(root, REPORT_TEXT, &l);
    assert_int_equal(l.errors, 1);
}

static void test_terms(void **state) {
    (void)state;
    const char *const *ids;
    size_t count;
    content_terms(root, &arena, "p", &ids, &count);
    assert_int_equal(count, 4);
    assert_string_equal(ids[0], "lead-scoring");
    content_terms(root, &arena, "none", &ids, &count);
    assert_int_equal(count, 0);
}

static void test_ten_thousand(void **state) {
    (void)state;
    for (int i = 0; i < 10000; i++) {
        const char *id = arena_printf(&arena, "m-%d", i);
        put_file(
            arena_printf(&arena, "content/p/modules/%s.md", id), "%s",
            module_text(
                id, "Generated",
                "Text of [scoring](term:ls) and [a](a.md#first-things).\n\n## One\n\nWhich?\n\n- [ ] a\n  > No.\n- [x] b\n  > Yes.\n\n## Two\n\nMore text of it.\n"));
    }
    put_file("content/p/modules/m-9999.md", "%s",
             module_text("m-9999", "Generated", "[dead](nowhere.md)\n"));
    struct diag_list l;
    int64_t begin = clock_monotonic_ms();
    (void)report(root, REPORT_TEXT, &l);
    int64_t took = clock_monotonic_ms() - begin;
    print_message("10,000 modules are checked in %lld ms\n", (long long)took);
    assert_int_equal(l.errors, 1);
    assert_true(took < 30000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_trees),
                                       CASE(test_foreign_notations),
                                       CASE(test_hiding_rules_are_documented),
                                       CASE(test_words_are_counted),
                                       CASE(test_hidden_files_say_so),
                                       CASE(test_same_each_time),
                                       CASE(test_json),
                                       CASE(test_sarif),
                                       CASE(test_own_content),
                                       CASE(test_site_addresses),
                                       CASE(test_terms),
                                       CASE(test_ten_thousand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
