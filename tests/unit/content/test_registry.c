/* Files that change under a running server, files that break, versions that stay. */
#include "unit/content/fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static const char *title_of(struct content *c, const char *id) {
    const struct content_snapshot *s = content_hold(c);
    const struct content_module *m = content_module(s, id);
    const char *title = m ? arena_dup(&arena, m->title) : NULL;
    content_release(s);
    return title;
}

static void test_reads_all(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    const struct content_snapshot *s = content_hold(c);
    assert_int_equal(content_module_count(s), 2);
    assert_int_equal(content_programme_count(s), 1);
    const struct content_module *m = content_module(s, "a"), *owner = NULL;
    assert_int_equal(m->section_count, 2);
    assert_string_equal(m->sections[0].id, "first-things");
    assert_int_equal(m->checkpoint_count, 1);
    assert_string_equal(content_objective(s, "b-know", &owner)->text, "Know it");
    assert_string_equal(owner->id, "b");
    assert_null(content_objective(s, "c-know", NULL));
    assert_null(content_module(s, "../a"));
    const struct content_glossary *g = snapshot_glossary(s, "p", "en");
    assert_string_equal(glossary_find(g, "ls")->title, "Lead scoring");
    assert_string_equal(glossary_find(g, "mql")->id, "qualified-lead");
    assert_null(glossary_find(g, "nothing"));
    /* In a popover other terms are plain text, on the page they are explained. */
    assert_null(strstr(glossary_find(g, "ls")->brief, "button"));
    assert_non_null(strstr(glossary_find(g, "ls")->html, "popovertarget"));
    content_release(s);
    content_close(c);
}

static void test_next_request_sees_it(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    for (int i = 0; i < 50; i++) { /* within one tick of the file system's clock, too */
        const char *title = arena_printf(&arena, "Alpha %d", i);
        put_file("content/p/modules/a.md", "%s", module_text("a", title, "Text.\n"));
        assert_string_equal(title_of(c, "a"), title);
    }
    put_file("content/p/modules/new.md", "%s", module_text("new", "New", "Text.\n"));
    assert_string_equal(title_of(c, "new"), "New");
    drop_file("content/p/modules/new.md");
    assert_null(title_of(c, "new"));
    /* As editors save: beside it, then renamed over it. */
    put_file("content/p/modules/.a.md.tmp", "%s", module_text("a", "Renamed over", "Text.\n"));
    assert_int_equal(rename(arena_printf(&arena, "%s/content/p/modules/.a.md.tmp", root),
                            arena_printf(&arena, "%s/content/p/modules/a.md", root)),
                     0);
    assert_string_equal(title_of(c, "a"), "Renamed over");
    /* A folder that was not there, with a module in it. */
    put_file("content/q/modules/deep.md", "%s", module_text("deep", "Deep", "Text.\n"));
    assert_string_equal(title_of(c, "deep"), "Deep");
    put_file("content/q/modules/deep.md", "%s", module_text("deep", "Deeper", "Text.\n"));
    assert_string_equal(title_of(c, "deep"), "Deeper");
    content_close(c);
}

static void test_old_snapshot_stays(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    const struct content_snapshot *old = content_hold(c);
    const char *version = content_module(old, "a")->version;
    put_file("content/p/modules/a.md", "%s", module_text("a", "Changed", "Text.\n"));
    assert_string_equal(title_of(c, "a"), "Changed");
    assert_string_equal(content_module(old, "a")->title, "Alpha");
    assert_string_equal(content_module(old, "a")->version, version);
    content_release(old);
    content_close(c);
}

static const char *const broken[] = {
    "",
    "no front matter",
    "---\nid: a\ntitle: [\n---\n",
    "---\nid: a\n---\nText\n",
    "\xff\xfe",
    "---\nid: a\ntitle: T\nsummary: S\nprogramme: p\nlevel: one\ndomain: d\nminutes: many\nobjectives:\n  - {id: x, text: y}\n---\nText\n"};

static void test_broken_keeps_last_good(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        put_file("content/p/modules/a.md", "%s", broken[i]);
        assert_string_equal(title_of(c, "a"), "Alpha");
        const struct content_snapshot *s = content_hold(c);
        assert_true(snapshot_file(s, "content/p/modules/a.md")->broken);
        content_release(s);
    }
    put_file("content/p/modules/a.md", "%s", module_text("a", "Mended", "Text.\n"));
    assert_string_equal(title_of(c, "a"), "Mended");
    /* It breaks before anyone has read it and before any store has it. */
    put_file("content/p/modules/a.md", "broken again");
    assert_string_equal(title_of(c, "a"), "Mended");
    const struct content_snapshot *s = content_hold(c);
    assert_non_null(content_rendered(s, snapshot_module(s, "a"), NULL, &arena));
    content_release(s);
    content_close(c);
}

/* A checkpoint without a key cannot be answered: learners keep the version that can. */
static void test_keyless_checkpoint_is_broken(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    put_file("content/p/modules/a.md", "%s",
             module_text("a", "Keyless", "Which?\n\n- [ ] one\n  > no\n- [ ] two\n  > no\n"));
    assert_string_equal(title_of(c, "a"), "Alpha");
    content_close(c);
}

static void test_restart_recovers_last_good(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_settle(c, 10000));
    content_close(c);
    put_file("content/p/modules/a.md", "broken");
    c = open_content(st);
    assert_string_equal(title_of(c, "a"), "Alpha");
    /* Its text is rendered from the store. */
    const struct content_snapshot *s = content_hold(c);
    const struct rendered *r = content_rendered(s, snapshot_module(s, "a"), store_reader(st),
                                                &arena);
    assert_non_null(r);
    assert_non_null(strstr(r->pieces[0].html, "Text of the first"));
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

static int64_t count(struct store *st, const char *kind, const char *id, const char *version) {
    const char *source = NULL;
    enum err e = content_version_source(store_reader(st), &arena, kind, id, version, &source);
    assert_true(e == OK || e == ERR_NOT_FOUND);
    return e == OK && *source;
}

static void test_versions_stay(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_settle(c, 10000));
    const struct content_snapshot *s = content_hold(c);
    const char *first = arena_dup(&arena, content_module(s, "a")->version);
    content_release(s);
    put_file("content/p/modules/a.md", "%s", module_text("a", "Second", "Other text.\n"));
    assert_true(content_settle(c, 10000));
    s = content_hold(c);
    const char *second = arena_dup(&arena, content_module(s, "a")->version);
    content_release(s);
    assert_string_not_equal(first, second);
    drop_file("content/p/modules/a.md");
    assert_true(content_settle(c, 10000));
    assert_true(count(st, "module", "a", first));
    assert_true(count(st, "module", "a", second));
    s = content_hold(c);
    assert_true(count(st, "glossary", "g", snapshot_glossary(s, "p", "en")->version));
    content_release(s);
    assert_false(count(st, "module", "a", "0123456789abcdef"));
    content_close(c);
    assert_true(store_close(st, 5000));
}

static void test_translations(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    const struct content_snapshot *s = content_hold(c);
    const char *version = arena_dup(&arena, content_module(s, "a")->version);
    content_release(s);
    put_file(
        "content/p/modules/a.ar.md",
        "---\nid: a\ntitle: ألف\nsummary: س\nprogramme: p\nlevel: one\ndomain: d\nminutes: 10\ntranslates: %s\nobjectives:\n  - {id: a-know, text: ن}\n---\nنص\n",
        version);
    s = content_hold(c);
    assert_int_equal(content_module_count(s), 2);
    assert_string_equal(content_module_in(s, "a", "ar")->title, "ألف");
    assert_string_equal(content_module_in(s, "a", "ar-EG")->lang, "ar");
    assert_string_equal(content_module_in(s, "a", "th")->title, "Alpha");
    assert_string_equal(content_module_in(s, "a", "ar")->translates,
                        content_module(s, "a")->version);
    content_release(s);
    content_close(c);
}

static void test_rendered_follows_glossary(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    const struct content_snapshot *s = content_hold(c);
    const struct rendered *r = content_rendered(s, snapshot_module(s, "a"), NULL, &arena), *again;
    assert_non_null(strstr(r->pieces[0].html, "Points for a person"));
    content_release(s);
    put_file("content/p/modules/b.md", "%s", module_text("b", "Other b", "Text.\n"));
    s = content_hold(c);
    again = content_rendered(s, snapshot_module(s, "a"), NULL, &arena);
    assert_ptr_equal(r, again); /* nothing of it changed */
    content_release(s);
    put_file(
        "content/p/glossary.md",
        "---\nid: g\ntitle: Glossary\nprogramme: p\n---\n## Lead scoring\nSays something new.\n");
    s = content_hold(c);
    r = content_rendered(s, snapshot_module(s, "a"), NULL, &arena);
    assert_non_null(strstr(r->pieces[0].html, "Says something new"));
    content_release(s);
    content_close(c);
}

/* Nothing that is rendered before an answer gives keys or feedback away. */
static void test_fresh_page_keeps_secrets(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    const struct content_snapshot *s = content_hold(c);
    const struct rendered *r = content_rendered(s, snapshot_module(s, "a"), NULL, &arena);
    assert_int_equal(r->checkpoint_count, 1);
    assert_int_equal(r->piece_count, 3);
    assert_null(r->pieces[1].html);
    assert_string_equal(r->checkpoints[0].stem, "Which one?");
    for (size_t i = 0; i < r->piece_count; i++) {
        if (!r->pieces[i].html) continue;
        const char *html = arena_copy(&arena, r->pieces[i].html, r->pieces[i].len);
        assert_null(strstr(html, "SECRET"));
        assert_null(strstr(html, "Which one?")); /* it stands in the question */
    }
    assert_non_null(strstr(r->checkpoints[0].options[1].feedback, "SECRETRIGHT"));
    content_release(s);
    content_close(c);
}

static atomic_bool stop;
static void *reads(void *arg) {
    struct content *c = arg;
    struct arena a;
    arena_init(&a, 64 * 1024 * 1024);
    while (!atomic_load(&stop)) {
        const struct content_snapshot *s = content_hold(c);
        const struct content_module *m = content_module(s, "a");
        if (!m || !str_has_prefix(m->title, "Alpha")) abort();
        if (!content_rendered(s, snapshot_module(s, "a"), NULL,
                              &a)) { /* it moved on: the next snapshot has it */
        }
        content_release(s);
        arena_release(&a);
    }
    return NULL;
}

static void test_many_readers(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    pthread_t threads[3];
    atomic_store(&stop, false);
    for (size_t i = 0; i < COUNT_OF(threads); i++) pthread_create(&threads[i], NULL, reads, c);
    for (int i = 0; i < 200; i++) {
        const char *title = arena_printf(&arena, "Alpha %d", i);
        put_file("content/p/modules/a.md", "%s",
                 i % 5 == 4 ? "broken" : module_text("a", title, "Text.\n"));
        if (i % 5 != 4) assert_string_equal(title_of(c, "a"), title);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++) pthread_join(threads[i], NULL);
    content_close(c);
}

static void test_no_content(void **state) {
    (void)state;
    struct content *c = NULL;
    const char *why = NULL;
    assert_int_equal(content_open(&c, "/nonexistent", NULL, NULL, &arena, &why), ERR_NOT_FOUND);
    assert_null(c);
    assert_non_null(strstr(why, "/nonexistent/content"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_reads_all),
                                       CASE(test_next_request_sees_it),
                                       CASE(test_old_snapshot_stays),
                                       CASE(test_broken_keeps_last_good),
                                       CASE(test_keyless_checkpoint_is_broken),
                                       CASE(test_restart_recovers_last_good),
                                       CASE(test_versions_stay),
                                       CASE(test_translations),
                                       CASE(test_rendered_follows_glossary),
                                       CASE(test_fresh_page_keeps_secrets),
                                       CASE(test_many_readers),
                                       CASE(test_no_content)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
