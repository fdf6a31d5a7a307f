/* Reading files into snapshots: memory that ends meanwhile, files that are too many, what lies
 * beside texts, what is told. */
#include "unit/content/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "tree/tree_private.h"

static struct content content;

static int setup(void **state) {
    int failed = fixture_setup(state);
    content = (struct content){.root = (char *)(uintptr_t)root, .wake_fd = -1};
    return failed;
}

/* The snapshot after `news`, in place of `*s`. */
static enum err load(const struct content_snapshot **s, const struct tree_changes *news) {
    void *fresh = NULL, *old = (void *)(uintptr_t)*s;
    enum err e = content_load(&content, old, news, &fresh);
    if (e == OK && fresh != old) {
        if (old) content_release(old);
        *s = fresh;
    }
    return e;
}

static const struct content_snapshot *load_all(void) {
    const struct content_snapshot *s = NULL;
    assert_int_equal(load(&s, &(struct tree_changes){.all = true}), OK);
    return s;
}

static enum err load_path(const struct content_snapshot **s, const char *path) {
    return load(s, &(struct tree_changes){.paths = &path, .count = 1});
}

static const char *title_in(const struct content_snapshot *s, const char *id) {
    const struct content_module *m = content_module(s, id);
    return m ? m->title : NULL;
}

/* Each allocation from an arena fails once. Gives how many there were; the last call works. */
static int fails_at_each(const struct content_snapshot **s, const struct tree_changes *news) {
    for (int nth = 1;; nth++) {
        const struct content_snapshot *before = *s;
        arena_fail_at(nth);
        enum err e = load(s, news);
        bool failed = arena_failed_as_asked();
        arena_fail_at(0);
        if (!failed) {
            assert_int_equal(e, OK);
            return nth;
        }
        if (e != ERR_BUSY || *s != before) fail_msg("allocation %d: %s", nth, err_name(e));
    }
}

static void no_file_is_left_out_for_want_of_memory(void **state) {
    static const char *const path[] = {"content/p/modules/a.md"};
    const struct tree_changes all = {.all = true}, changed = {.paths = path, .count = 1};
    const struct content_snapshot *s = NULL;
    (void)state;
    put_file("content/p/modules/a.ar.md", "%s", module_text("a", "ألف", "نص\n"));
    assert_true(fails_at_each(&s, &all) > 50);
    assert_int_equal(s->file_count, 5);
    put_file(path[0], "%s", module_text("a", "Changed", "Text.\n"));
    assert_true(fails_at_each(&s, &changed) > 20);
    assert_string_equal(title_in(s, "a"), "Changed");
    put_file(path[0], "broken");
    assert_true(fails_at_each(&s, &changed) > 10);
    assert_string_equal(title_in(s, "a"), "Changed");
    assert_true(snapshot_file(s, path[0])->broken);
    content_release(s);
}

/* A restart without memory shows nothing rather than an academy without this module. */
static void the_last_good_version_is_not_given_up_for_want_of_memory(void **state) {
    const struct content_snapshot *s = NULL;
    struct store *st = open_store();
    (void)state;
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    content_close(c);
    put_file("content/p/modules/a.md", "broken");
    content.store = st;
    assert_true(fails_at_each(&s, &(struct tree_changes){.all = true}) > 50);
    assert_string_equal(title_in(s, "a"), "Alpha");
    content_release(s);
    assert_true(store_close(st, 5000));
}

/* With no more than `spare` descriptors. */
static enum err load_with(rlim_t spare, const struct content_snapshot **s,
                          const struct tree_changes *news) {
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    few = before;
    few.rlim_cur = (rlim_t)lowest + spare;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    enum err e = load(s, news);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    return e;
}

/* An academy that cannot be walked through just now is not an empty one. */
static void no_file_is_left_out_for_want_of_descriptors(void **state) {
    const struct tree_changes all = {.all = true};
    const struct content_snapshot *s = NULL;
    (void)state;
    for (rlim_t folders = 0; folders < 3; folders++) /* content/, p/, modules/ */
        assert_int_equal(load_with(folders, &s, &all), ERR_BUSY);
    assert_int_equal(load_with(4, &s, &all), OK);
    assert_int_equal(s->file_count, 4);
    content_release(s);
}

/* One is enough for the file, and not for the database that has its last good version. */
static void a_last_good_version_that_cannot_be_read_now_is_read_later(void **state) {
    const char *path = "content/p/modules/a.md";
    const struct tree_changes news = {.paths = &path, .count = 1};
    struct store *st = open_store();
    (void)state;
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    content_close(c);
    assert_true(store_close(st, 5000));
    drop_file(path);
    content.store = st = open_store(); /* no thread reads from it yet */
    const struct content_snapshot *s = load_all();
    put_file(path, "broken");
    assert_int_equal(load_with(1, &s, &news), ERR_BUSY);
    assert_null(title_in(s, "a"));
    assert_int_equal(load(&s, &news), OK);
    assert_string_equal(title_in(s, "a"), "Alpha");
    content_release(s);
    assert_true(store_close(st, 5000));
}

/* In place, so that name, time, size and inode stay. */
static void rewrite(const char *path, const char *text) {
    const char *full = arena_printf(&arena, "%s/%s", root, path);
    struct stat st;
    int fd = open(full, O_WRONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, strlen(text));
    assert_int_equal(pwrite(fd, text, strlen(text), 0), strlen(text));
    const struct timespec times[] = {st.st_atim, st.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void what_is_broken_is_read_once_more(void **state) {
    const char *good = module_text("a", "Good", "Text.\n"), *bad = arena_dup(&arena, good);
    (void)state;
    memset((char *)(uintptr_t)bad, 'x', 3); /* for "---" */
    put_file("content/p/modules/a.md", "%s", bad);
    const struct content_snapshot *s = load_all();
    assert_null(title_in(s, "a"));
    rewrite("content/p/modules/a.md", good);
    const char *other = "content/p/modules/b.md";
    assert_int_equal(load_path(&s, other), OK);
    assert_null(title_in(s, "a"));
    assert_int_equal(load(&s, &(struct tree_changes){.retry_broken = true}), OK);
    assert_string_equal(title_in(s, "a"), "Good");
    const struct content_snapshot *first = s;
    assert_int_equal(load(&s, &(struct tree_changes){.retry_broken = true}), OK);
    assert_ptr_equal(s, first);
    content_release(s);
}

/* Loads, and expects that `line` is told (NULL: nothing), and nothing else. */
static void tells(const struct content_snapshot **s, const struct tree_changes *news,
                  const char *line) {
    struct tree_changes with = *news;
    struct tree_problems *wanted = tree_problems_new();
    with.problems = tree_problems_new();
    if (line) tree_problem(wanted, "%s", line);
    assert_int_equal(load(s, &with), OK);
    /* True: there is a line in the first that is not in the second. */
    assert_false(tree_problems_report(with.problems, wanted, "content"));
    assert_false(tree_problems_report(wanted, with.problems, "content"));
    tree_problems_free(wanted);
    tree_problems_free(with.problems);
}

/* Also by a load that reads other files or none: else the line is forgotten, and told again by the
 * next one. */
static void what_is_broken_is_told_at_each_load(void **state) {
    const char *const paths[] = {"content/p/modules/a.md", "content/p/modules/b.md"};
    static const char line[] =
        "content/p/modules/a.md:2: the field “title” is missing (its last good version is shown)";
    (void)state;
    const struct content_snapshot *s = load_all();
    tells(&s, &(struct tree_changes){.all = true}, NULL);
    put_file(paths[0], "---\nid: a\nprogramme: p\n---\nText\n");
    tells(&s, &(struct tree_changes){.paths = paths, .count = 1}, line);
    tells(&s, &(struct tree_changes){.paths = paths + 1, .count = 1}, line);
    tells(&s, &(struct tree_changes){.retry_broken = true}, line);
    tells(&s, &(struct tree_changes){.paths = paths, .count = 0}, line);
    put_file(paths[0], "%s", module_text("a", "Alpha", "Text.\n"));
    tells(&s, &(struct tree_changes){.paths = paths, .count = 1}, NULL);
    content_release(s);
}

static void files_beyond_the_limit_are_left_out_and_told(void **state) {
    static const char line[] =
        "content: an academy has at most 20000 files, the others are left out";
    const char *path;
    (void)state;
    const struct content_snapshot *s = load_all();
    size_t own = s->file_count;
    put_file(arena_printf(&arena, "content/many/%zu.md", own), "-");
    const char *one = arena_printf(&arena, "%s/content/many/%zu.md", root, own);
    for (size_t i = own + 1; i < CONTENT_FILE_LIMIT; i++)
        assert_int_equal(link(one, arena_printf(&arena, "%s/content/many/%zu.md", root, i)), 0);
    tells(&s, &(struct tree_changes){.all = true}, NULL);
    assert_int_equal(s->file_count, CONTENT_FILE_LIMIT);
    put_file(path = "content/many/more.md", "-");
    tells(&s, &(struct tree_changes){.paths = &path, .count = 1}, line);
    assert_int_equal(s->file_count, CONTENT_FILE_LIMIT);
    drop_file(path = arena_printf(&arena, "content/many/%zu.md", own));
    tells(&s, &(struct tree_changes){.paths = &path, .count = 1}, NULL);
    assert_int_equal(s->file_count, CONTENT_FILE_LIMIT);
    assert_non_null(snapshot_file(s, "content/many/more.md"));
    content_release(s);
}

static const struct rendered *rendered_a(const struct content_snapshot *s) {
    return content_rendered(s, snapshot_module(s, "a"), NULL, &arena);
}

/* A glossary that gets a name by which it is none: as many files as before, none of them a
 * glossary. */
static void a_glossary_that_is_renamed_explains_nothing(void **state) {
    const char *const paths[] = {"content/p/glossary.md", "content/p/words.md"};
    (void)state;
    const struct content_snapshot *s = load_all();
    assert_non_null(strstr(rendered_a(s)->pieces[0].html, "Points for a person"));
    assert_int_equal(rename(arena_printf(&arena, "%s/%s", root, paths[0]),
                            arena_printf(&arena, "%s/%s", root, paths[1])),
                     0);
    assert_int_equal(load(&s, &(struct tree_changes){.paths = paths, .count = 2}), OK);
    assert_null(strstr(rendered_a(s)->pieces[0].html, "Points for a person"));
    content_release(s);
}

/* What was rendered says the sizes of pictures. */
static void rendered_is_made_anew_when_pictures_may_have_changed(void **state) {
    static const struct {
        const char *path;
        bool all, anew;
    } cases[] = {{NULL, true, true},
                 {"content/p/modules/img/x.svg", false, true},
                 {"content/p/modules/files/x.md", false, true},
                 {"content/p/modules/b.md", false, false},
                 {"content/p/programme.md", false, true},
                 {"content/p/modules/new.md", false, true}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct content_snapshot *s = load_all(), *first = s;
        atomic_fetch_add(&((struct content_snapshot *)(uintptr_t)s)->refs, 1); /* `first` */
        if (cases[i].path && str_eq(cases[i].path, "content/p/modules/new.md"))
            put_file(cases[i].path, "%s", module_text("new", "New", "Text.\n"));
        const struct rendered *before = rendered_a(s);
        const struct tree_changes news = {
            .all = cases[i].all, .paths = &cases[i].path, .count = cases[i].path != NULL};
        assert_int_equal(load(&s, &news), OK);
        if ((rendered_a(s) != before) != cases[i].anew) fail_msg("case %zu", i);
        content_release(s);
        content_release(first);
    }
}

/* RULE copied-id, on both sides: the file that is named after the id, else the first by name. */
static void a_copy_takes_nothing_from_its_original(void **state) {
    (void)state;
    put_file("content/p/modules/a - Copy.md", "%s", module_text("a", "Copied", "Text.\n"));
    put_file("content/o/modules/0.md", "%s", module_text("b2", "First", "Text.\n"));
    put_file("content/o/modules/1.md", "%s", module_text("b2", "Second", "Text.\n"));
    const struct content_snapshot *s = load_all();
    assert_string_not_equal(title_in(s, "a"), "Copied");
    assert_string_equal(title_in(s, "b2"), "First");
    content_release(s);
}

/* RULE title-heading; and a list that may be one of things to do is shown, without its marks. */
static void what_is_nearly_right_is_shown(void **state) {
    (void)state;
    put_file("content/p/modules/a.md", "%s",
             module_text("a", "Clay",
                         "# clay\n\nBefore you start:\n\n- [x] Buy clay\n- [ x ] Buy a "
                         "wheel\n- [ ] Buy a kiln\n"));
    const struct content_snapshot *s = load_all();
    const struct rendered *r = rendered_a(s);
    assert_int_equal(r->piece_count, 1);
    assert_string_equal(
        arena_copy(&arena, r->pieces[0].html, r->pieces[0].len),
        "<p>Before you start:</p>\n<ul>\n<li>Buy clay</li>\n<li>Buy a wheel</li>\n<li>Buy a kiln</li>\n</ul>\n");
    content_release(s);
    put_file("content/p/modules/a.md", "%s", module_text("a", "Clay", "# Clay 2\n\nText.\n"));
    s = load_all();
    assert_non_null(strstr(rendered_a(s)->pieces[0].html, "Clay 2"));
    content_release(s);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(no_file_is_left_out_for_want_of_memory),
        CASE(the_last_good_version_is_not_given_up_for_want_of_memory),
        CASE(no_file_is_left_out_for_want_of_descriptors),
        CASE(a_last_good_version_that_cannot_be_read_now_is_read_later),
        CASE(what_is_broken_is_read_once_more),
        CASE(what_is_broken_is_told_at_each_load),
        CASE(files_beyond_the_limit_are_left_out_and_told),
        CASE(a_glossary_that_is_renamed_explains_nothing),
        CASE(rendered_is_made_anew_when_pictures_may_have_changed),
        CASE(a_copy_takes_nothing_from_its_original),
        CASE(what_is_nearly_right_is_shown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
