/* What a person is led to next, from what was begun, done and asked for before. */
#include "unit/content/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "content/content_progress.h"

static void put_module(const char *id, const char *before) {
    put_file(
        arena_printf(&arena, "content/p/modules/%s.md", id),
        "---\nid: %s\ntitle: Module %s\nsummary: You can do it.\nprogramme: p\nlevel: one\n"
        "domain: d\npersona: all\nminutes: 10\nobjectives:\n  - id: %s-know\n    text: Know it\n"
        "prerequisites: [%s]\n---\n## Only\n\nWords of %s.\n",
        id, id, id, before, id);
}

static const char *next_of(const struct content_snapshot *s,
                           const struct content_module_progress *touched, size_t count) {
    const struct content_progress p = {touched, count};
    const struct content_module *m = content_next(s, &p, content_programme(s, "p"));
    return m ? m->id : "";
}

/* The level's modules are d, e, f, in this order; d comes after e. "x" is no module of it. */
static void test_what_comes_next(void **state) {
    (void)state;
    put_module("a", "");
    put_module("b", "");
    put_module("d", "e");
    put_module("e", "");
    put_module("f", "a, e");
    put_module("x", "");
    put_file(
        "content/p/programme.md",
        "---\nid: p\ntitle: Programme\nbody: Academy\nscheme_version: \"1\"\nsummary: All of it.\n"
        "domains:\n  - {id: d, title: Domain}\nlevels:\n"
        "  - id: none\n    title: None\n    summary: Announced.\n    scope: Little.\n    open: false\n"
        "  - id: one\n    title: One\n    summary: First level.\n    scope: Little.\n    requires:\n"
        "      modules: [d, e]\n"
        "  - id: two\n    title: Two\n    summary: Second level.\n    scope: Little.\n    requires:\n"
        "      modules: [f, a, b]\n---\nAbout the programme.\n");
    struct store *st = open_store();
    struct content *c = open_content(st);
    const struct content_snapshot *s = content_hold(c);
    assert_non_null(content_module(s, "f"));
    assert_string_equal(next_of(s, NULL, 0), "e"); /* d waits for it */
    static const struct {
        struct content_module_progress touched[5]; /* by id */
        size_t count;
        const char *next;
    } cases[] = {
        {{{.module_id = "e", .last_ms = 5, .completed_ms = 5}}, 1, "d"},
        /* What was begun goes on: the newest of it. */
        {{{.module_id = "a", .last_ms = 7}, {.module_id = "b", .last_ms = 6}}, 2, "a"},
        {{{.module_id = "a", .last_ms = 6}, {.module_id = "b", .last_ms = 7}}, 2, "b"},
        {{{.module_id = "a", .last_ms = 7}, {.module_id = "b", .last_ms = 7}}, 2, "a"},
        {{{.module_id = "b", .last_ms = 1}}, 1, "b"},
        {{{.module_id = "d", .last_ms = 1}}, 1, "d"}, /* the first of its level */
        /* What is done, of another programme, or gone does not. */
        {{{.module_id = "a", .last_ms = 6}, {.module_id = "b", .last_ms = 7, .completed_ms = 7}},
         2,
         "a"},
        {{{.module_id = "x", .last_ms = 9}}, 1, "e"},
        {{{.module_id = "gone", .last_ms = 9}}, 1, "e"},
        {{{.module_id = "d", .last_ms = 5, .completed_ms = 5},
          {.module_id = "e", .last_ms = 5, .completed_ms = 5}},
         2,
         "a"}, /* f waits for it */
        {{{.module_id = "a", .last_ms = 5, .completed_ms = 5},
          {.module_id = "d", .last_ms = 5, .completed_ms = 5},
          {.module_id = "e", .last_ms = 5, .completed_ms = 5}},
         3,
         "f"},
        {{{.module_id = "a", .last_ms = 5, .completed_ms = 5},
          {.module_id = "b", .last_ms = 5, .completed_ms = 5},
          {.module_id = "d", .last_ms = 5, .completed_ms = 5},
          {.module_id = "e", .last_ms = 5, .completed_ms = 5},
          {.module_id = "f", .last_ms = 5, .completed_ms = 5}},
         5,
         ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (!str_eq(next_of(s, cases[i].touched, cases[i].count), cases[i].next))
            fail_msg("case %zu: %s", i, next_of(s, cases[i].touched, cases[i].count));
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* Prerequisites in a circle, as they may be between two reports of the check. */
static void test_a_circle_ends_no_path(void **state) {
    (void)state;
    put_module("a", "b");
    put_module("b", "a");
    struct store *st = open_store();
    struct content *c = open_content(st);
    const struct content_snapshot *s = content_hold(c);
    assert_string_equal(next_of(s, NULL, 0), "a");
    const struct content_module_progress begun = {.module_id = "b", .last_ms = 1};
    assert_string_equal(next_of(s, &begun, 1), "b");
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_what_comes_next),
                                       CASE(test_a_circle_ends_no_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
