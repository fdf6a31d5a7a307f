/* Documents are parsed on many threads at once (each request may read content), and trees have a
 * limit. */
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

#include "base/text.h"
#include "doc/doc.h"

#define THREADS 4
#define PARSES 1500

static enum err parse(const char *text, size_t len, struct arena *a, struct diag_list *diags,
                      struct doc *d) {
    diag_init(diags, a);
    return doc_parse(d, "module.md", text, len, a, diags);
}

/* The library keeps the extensions' special characters in tables of the process. */
static atomic_int lost;

static void *parse_often(void *arg) {
    static const char text[] =
        "---\nid: a\n---\nOne ~~two~~ three.\n\n- [x] done\n\n| a |\n|---|\n| ~~b~~ |\n";
    (void)arg;
    for (int i = 0; i < PARSES; i++) {
        struct arena a;
        struct diag_list diags;
        struct doc d;
        struct buf out;
        arena_init(&a, 8 * 1024 * 1024);
        if (parse(text, sizeof text - 1, &a, &diags, &d) != OK) abort();
        buf_init(&out, &a);
        doc_render(&d, cmark_node_first_child(d.body), NULL, NULL, &out, NULL, NULL);
        if (!strstr(buf_text(&out), "<del>two</del>") || !strstr(buf_text(&out), "<del>b</del>"))
            lost++;
        arena_release(&a);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, NULL), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(lost, 0);
}

static void too_much_structure_is_an_error_not_an_end(void **state) {
    (void)state;
    struct arena a;
    struct diag_list diags;
    struct doc d;
    const size_t len = DOC_MAX_BYTES - 16;
    arena_init(&a, 64 * 1024 * 1024);
    char *text = arena_alloc(&a, len + 1);
    size_t n = (size_t)sprintf(text, "---\nid: a\n---\n");
    while (n + 4 < len) n += (size_t)sprintf(text + n, "*a* ");
    assert_int_equal(parse(text, n, &a, &diags, &d), ERR_LIMIT);
    assert_int_equal(diags.errors, 1);
    assert_string_equal(diags.first->rule, "size");
    /* The next document is none the wiser, also in this thread. */
    static const char small[] = "---\nid: a\n---\nText.\n";
    assert_int_equal(parse(small, sizeof small - 1, &a, &diags, &d), OK);
    arena_release(&a);
}

/* What is changed in a tree after parsing is released with it (the leak checker watches). */
static void trees_may_be_changed_later(void **state) {
    (void)state;
    static const char text[] = "---\nid: a\n---\nFirst.\n\nSecond.\n";
    struct arena a;
    struct diag_list diags;
    struct doc d;
    arena_init(&a, 8 * 1024 * 1024);
    assert_int_equal(parse(text, sizeof text - 1, &a, &diags, &d), OK);
    cmark_node *first = cmark_node_first_child(d.body), *inside = cmark_node_first_child(first);
    assert_true(
        cmark_node_set_literal(inside, "Changed to a text that is longer than it was before."));
    assert_true(cmark_node_set_literal(inside, "And again."));
    cmark_node *second = cmark_node_next(first);
    cmark_node_unlink(second);
    cmark_node_free(second);
    assert_string_equal(doc_text(&a, d.body), "And again.");
    arena_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(too_much_structure_is_an_error_not_an_end),
        cmocka_unit_test(trees_may_be_changed_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
