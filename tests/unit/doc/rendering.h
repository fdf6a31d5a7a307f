/* What tests of rendering share: a document of one body, and what it looks like. `arena` and
 * `diags` are fresh for each test. */
#ifndef GR_UNIT_DOC_RENDERING_H
#define GR_UNIT_DOC_RENDERING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "doc/doc.h"
#include "unit/doc/html_walk.h"

static struct arena arena;
static struct diag_list diags;

static inline int setup(void **state) {
    (void)state;
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    diag_init(&diags, &arena);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static inline struct doc parse(const char *body) {
    struct doc d;
    const char *source = arena_printf(&arena, "---\nid: a\n---\n%s", body);
    assert_int_equal(doc_parse(&d, "a.md", source, strlen(source), &arena, &diags), OK);
    return d;
}

/* The HTML of a body, which must hold together. */
static inline const char *render(const char *body) {
    struct doc d = parse(body);
    struct buf out;
    buf_init(&out, &arena);
    doc_render(&d, cmark_node_first_child(d.body), NULL, NULL, &out, NULL, NULL);
    const char *html = buf_text(&out), *problem = html_problem(html, out.len);
    if (problem) fail_msg("%s\n%s", problem, html);
    return html;
}

struct shown {
    const char *markdown, *html;
};

static inline void assert_all(const struct shown *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *html = render(cases[i].markdown);
        if (!str_eq(html, cases[i].html))
            fail_msg("%s\n--- expected\n%s\n--- got\n%s", cases[i].markdown, cases[i].html, html);
    }
}

#endif
