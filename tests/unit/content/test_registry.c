/* Files that change under a running server, files that break, versions that stay. */
#include "unit/content/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

static const struct content_glossary *glossary_in(const struct content_snapshot *s,
                                                  const char *lang) {
    const struct reading reading = reading_in(lang);
    return snapshot_glossary(s, "p", &reading);
}

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
    const struct content_glossary *g = glossary_in(s, "en");
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

static const char *const broken[] = {"",
                                     "no front matter",
                                     "---\nid: a\ntitle: [\n---\n",
                                     "---\nid: a\n---\nText\n",
                                     "---\nid: A B\ntitle: T\nprogramme: p\n---\nText\n",
                                     "---\nid: a\nprogramme: p\n---\nText\n",
                                     "---\nid: a\ntitle: T\n---\nText\n",
                                     "\xff\xfe"};

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

/* A fault in what a page can do without takes nothing else from learners. */
static void test_small_faults_are_shown(void **state) {
    static const char *const bodies[] = {
        "---\nid: a\ntitle: Small 0\nprogramme: p\n---\nText\n",
        "---\nid: a\ntitle: Small 1\nprogramme: p\nminutes: many\nlevel: 7 7\npersona: x\n---\nText\n",
        "---\nid: a\ntitle: Small 2\nprogramme: p\nobjectives: none\nprerequisites: b\nsumary: x\n---\nText\n"};
    (void)state;
    struct content *c = open_content(NULL);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        put_file("content/p/modules/a.md", "%s", bodies[i]);
        assert_string_equal(title_of(c, "a"), arena_printf(&arena, "Small %zu", i));
        const struct content_snapshot *s = content_hold(c);
        assert_false(snapshot_file(s, "content/p/modules/a.md")->broken);
        assert_int_equal(content_module(s, "a")->minutes, 1);
        assert_string_equal(content_module(s, "a")->persona, "all");
        assert_non_null(content_rendered(s, snapshot_module(s, "a"), NULL, &arena));
        content_release(s);
    }
    content_close(c);
}

/* A text that libcmark-gfm would need long for: who asks meanwhile gets what was there, and the
 * check names the place. */
static void test_slow_text_holds_nobody(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    struct buf slow;
    buf_init(&slow, &arena);
    buf_puts(&slow, "First.\n\n");
    for (int i = 0; i < 5000; i++) buf_puts(&slow, "- ");
    buf_puts(&slow, "a");
    for (int i = 0; i < 900000; i++) buf_puts(&slow, "\n");
    buf_puts(&slow, "End.\n");
    put_file("content/p/modules/b.md", "%s", module_text("b", "Slow", buf_text(&slow)));
    int64_t before = clock_monotonic_ms();
    assert_string_equal(title_of(c, "b"), "Beta");
    assert_true(clock_monotonic_ms() - before < 10000);
    put_file("content/p/modules/a.md", "%s", module_text("a", "Quick", "Text.\n"));
    for (int i = 0; i < 100 && !str_eq(title_of(c, "a"), "Quick"); i++) usleep(10000);
    assert_string_equal(title_of(c, "a"), "Quick");
    assert_string_equal(title_of(c, "b"), "Beta");
    struct diag_list l;
    diag_init(&l, &arena);
    content_check_tree(root, &l);
    const struct diag *d = l.first;
    while (d && d->severity != SEVERITY_ERROR) d = d->next;
    assert_int_equal(l.errors, 1);
    assert_string_equal(d->rule, "too-slow");
    assert_string_equal(d->file, "content/p/modules/b.md");
    assert_int_equal(d->line, 17);
    content_close(c);
}

static void test_keyless_checkpoint_is_left_out(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    put_file("content/p/modules/a.md", "%s",
             module_text("a", "Keyless",
                         "Which?\n\n- [ ] one\n  > no\n- [ ] two\n  > no\n\n## Then\n\n"
                         "And now?\n\n- [x] three\n  > yes\n- [ ] four\n  > no\n"));
    /* The page is shown without it. */
    assert_string_equal(title_of(c, "a"), "Keyless");
    const struct content_snapshot *s = content_hold(c);
    const struct rendered *r = content_rendered(s, snapshot_module(s, "a"), NULL, &arena);
    assert_int_equal(content_module(s, "a")->checkpoint_count, 1);
    assert_int_equal(r->checkpoint_count, 1);
    assert_string_equal(r->checkpoints[0].key, content_module(s, "a")->checkpoints[0]);
    for (size_t i = 0; i < r->piece_count; i++) {
        if (!r->pieces[i].html) continue;
        const char *html = arena_copy(&arena, r->pieces[i].html, r->pieces[i].len);
        assert_null(strstr(html, "Which?"));
        assert_null(strstr(html, "two"));
    }
    content_release(s);
    content_close(c);
}

/* RULE question-or-list, on both sides. */
static void test_question_or_list(void **state) {
    static const struct {
        const char *body;
        size_t questions;
        const char *shown; /* in the page's html */
    } cases[] = {
        {"Before you begin:\n\n- [ ] Install it\n- [ ] Start it\n", 0, "☐</span> Start it"},
        {"Done:\n\n- [x] Install it\n- [x] Start it\n", 0, "☑</span> Start it"},
        {"Which?\n\n- [ ] one\n- [x] two\n", 1, NULL}, /* feedback is still to be written */
        {"## Heading\n\n- [ ] one\n- [x] two\n", 0, "☑</span> two"},
        {"Which?\n\n- [ ] one\n  > No.\n- [x] two\n", 1, NULL},
        {"> Quoted.\n>\n> - [ ] one\n> - [x] two\n", 0, "☑</span> two"},
    };
    (void)state;
    struct content *c = open_content(NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put_file("content/p/modules/a.md", "%s",
                 module_text("a", arena_printf(&arena, "Case %zu", i), cases[i].body));
        assert_string_equal(title_of(c, "a"), arena_printf(&arena, "Case %zu", i));
        const struct content_snapshot *s = content_hold(c);
        const struct rendered *r = content_rendered(s, snapshot_module(s, "a"), NULL, &arena);
        if (r->checkpoint_count != cases[i].questions)
            fail_msg("%zu questions: %s", r->checkpoint_count, cases[i].body);
        bool found = false;
        for (size_t j = 0; j < r->piece_count; j++)
            found = found || (cases[i].shown && r->pieces[j].html &&
                              strstr(arena_copy(&arena, r->pieces[j].html, r->pieces[j].len),
                                     cases[i].shown));
        if (found != (cases[i].shown != NULL))
            fail_msg("%s\n%s", cases[i].body, r->pieces[0].html ? r->pieces[0].html : "");
        content_release(s);
    }
    content_close(c);
}

/* As somebody who can write the database. */
static void change(const char *text) {
    sqlite3 *sql;
    char *why = NULL;
    assert_int_equal(sqlite3_open(arena_printf(&arena, "%s/t.db", root), &sql), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    if (sqlite3_exec(sql, text, NULL, NULL, &why)) fail_msg("%s: %s", text, why);
    sqlite3_close(sql);
}

static void test_restart_recovers_last_good(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 10000));
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

/* RULE kept-source: what is kept of a version has that version as its digest, or is not used: here
 * one letter of its title was changed. */
static void test_restart_uses_no_changed_version(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 10000));
    const struct content_snapshot *s = content_hold(c);
    const char *version = arena_dup(&arena, snapshot_module(s, "a")->version), *source;
    content_release(s);
    content_close(c);
    assert_int_equal(
        content_version_source(store_reader(st), &arena, "module", "a", version, &source), OK);
    put_file("content/p/modules/a.md", "broken");
    change("UPDATE content_version SET source = replace(source, 'Alpha', 'Alphb')");
    assert_int_equal(
        content_version_source(store_reader(st), &arena, "module", "a", version, &source), ERR_IO);
    c = open_content(st);
    s = content_hold(c);
    assert_null(snapshot_module(s, "a"));
    content_release(s);
    content_close(c);
    change("UPDATE content_version SET source = replace(source, 'Alphb', 'Alpha')");
    c = open_content(st);
    assert_string_equal(title_of(c, "a"), "Alpha");
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
    assert_true(content_wait_stored(c, 10000));
    const struct content_snapshot *s = content_hold(c);
    const char *first = arena_dup(&arena, content_module(s, "a")->version);
    content_release(s);
    put_file("content/p/modules/a.md", "%s", module_text("a", "Second", "Other text.\n"));
    assert_true(content_wait_stored(c, 10000));
    s = content_hold(c);
    const char *second = arena_dup(&arena, content_module(s, "a")->version);
    content_release(s);
    assert_string_not_equal(first, second);
    drop_file("content/p/modules/a.md");
    assert_true(content_wait_stored(c, 10000));
    assert_true(count(st, "module", "a", first));
    assert_true(count(st, "module", "a", second));
    s = content_hold(c);
    assert_true(count(st, "glossary", "g", glossary_in(s, "en")->version));
    content_release(s);
    assert_false(count(st, "module", "a", "0123456789abcdef"));
    content_close(c);
    assert_true(store_close(st, 5000));
}

static const struct content_module *module_in(const struct content_snapshot *s, const char *id,
                                              const char *lang) {
    const struct reading reading = reading_in(lang);
    return snapshot_module_for(s, id, &reading)->module;
}

/* A module “a” in the file `name`, with these lines in its front matter. */
static void put_module(const char *name, const char *lines, const char *title) {
    put_file(
        name,
        "---\nid: a\ntitle: %s\nsummary: س\nprogramme: p\nlevel: one\ndomain: d\nminutes: 10\n%sobjectives:\n  - {id: a-know, text: ن}\n---\nنص\n",
        title, lines);
}

static void test_translations(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    const struct content_snapshot *s = content_hold(c);
    const char *follows = arena_printf(&arena, "translates: %s\n", content_module(s, "a")->version);
    content_release(s);
    put_module("content/p/modules/a.ar.md", follows, "ألف");
    put_module("content/p/modules/a.PT-br.md", follows, "Alfa");
    s = content_hold(c);
    assert_int_equal(content_module_count(s), 2);
    assert_string_equal(module_in(s, "a", "ar")->title, "ألف");
    assert_string_equal(module_in(s, "a", "ar-EG")->lang, "ar");
    assert_string_equal(module_in(s, "a", "pt")->lang, "pt-BR");
    assert_string_equal(module_in(s, "a", "th")->title, "Alpha");
    assert_string_equal(module_in(s, "a", "en")->title, "Alpha");
    assert_string_equal(module_in(s, "a", "ar")->translates, content_module(s, "a")->version);
    assert_string_equal(content_module_lang(s, content_module(s, "a")), "en");
    content_release(s);
    content_close(c);
}

/* Nothing takes the place of the original but the file that is called so. */
static void test_translation_of_no_version(void **state) {
    (void)state;
    struct content *c = open_content(NULL);
    put_module("content/p/modules/a.ar.md", "", "ألف");
    const struct content_snapshot *s = content_hold(c);
    assert_int_equal(content_module_count(s), 2);
    assert_string_equal(content_module(s, "a")->title, "Alpha");
    assert_string_equal(module_in(s, "a", "ar")->title, "ألف");
    assert_string_equal(module_in(s, "a", "ar")->translates, "");
    content_release(s);
    put_module("content/p/modules/a.draft.md", "", "Draft");
    s = content_hold(c);
    assert_int_equal(content_module_count(s), 2);
    assert_string_equal(module_in(s, "a", "en")->title, "Alpha");
    content_release(s);
    content_close(c);
}

/* An original in another language than English, stated by itself. */
static void test_original_in_arabic(void **state) {
    (void)state;
    put_module("content/p/modules/a.md", "lang: AR\n", "ألف");
    struct content *c = open_content(NULL);
    const struct content_snapshot *s = content_hold(c);
    const struct content_module *m = content_module(s, "a");
    assert_string_equal(content_module_lang(s, m), "ar");
    assert_null(m->translates);
    const char *follows = arena_printf(&arena, "translates: %s\n", m->version);
    content_release(s);
    put_module("content/p/modules/a.en.md", follows, "Alpha");
    s = content_hold(c);
    assert_string_equal(content_module(s, "a")->title, "ألف");
    assert_string_equal(module_in(s, "a", "en")->title, "Alpha");
    assert_string_equal(module_in(s, "a", "th")->title, "ألف");
    content_release(s);
    content_close(c);
}

/* The language of the first thing that the word finds. */
static const char *indexed_lang(struct store *st, const char *word) {
    struct words *w = words_new();
    struct search_results found;
    assert_int_equal(content_search(store_reader(st), &arena, w, word, NULL, 1, &found), OK);
    words_free(w);
    assert_true(found.count > 0);
    return found.items[0].lang;
}

/* RULE text-language: a programme speaks for its modules, and when it changes its mind the search
 * follows. */
static void test_language_of_the_programme(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    assert_string_equal(indexed_lang(st, "Alpha"), "en");
    const char *whole = arena_printf(&arena, "%s/content/p/programme.md", root);
    size_t len;
    char *text = file_read(&arena, whole, 1 << 20, &len);
    assert_non_null(text);
    put_file("content/p/programme.md", "---\nlang: th%s", text + 3);
    const struct content_snapshot *s = content_hold(c);
    assert_string_equal(content_module_lang(s, content_module(s, "a")), "th");
    const char *version = arena_dup(&arena, content_module(s, "a")->version);
    content_release(s);
    assert_true(content_wait_stored(c, 20000));
    assert_string_equal(indexed_lang(st, "Alpha"), "th");
    assert_true(count(st, "module", "a", version));
    content_close(c);
    assert_true(store_close(st, 5000));
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
                                       CASE(test_slow_text_holds_nobody),
                                       CASE(test_small_faults_are_shown),
                                       CASE(test_keyless_checkpoint_is_left_out),
                                       CASE(test_question_or_list),
                                       CASE(test_restart_recovers_last_good),
                                       CASE(test_restart_uses_no_changed_version),
                                       CASE(test_versions_stay),
                                       CASE(test_translations),
                                       CASE(test_translation_of_no_version),
                                       CASE(test_original_in_arabic),
                                       CASE(test_language_of_the_programme),
                                       CASE(test_rendered_follows_glossary),
                                       CASE(test_fresh_page_keeps_secrets),
                                       CASE(test_many_readers),
                                       CASE(test_no_content)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
