/* Files that change, break, vanish and are half written while others read: what is shown, and what
 * is told. */
#include "unit/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "tree/tree.h"

/* ---- A room: notes/NAME.txt, each one line. "!" at its beginning is a mistake, and the last good
 * line stays ------- */

struct note {
    char name[64], line[64];
};
struct notes {
    struct note *at;
    size_t count;
    int serial;
};
static _Atomic int loads, alive, announced;
static _Atomic int busy; /* so many loads more find no memory */
static struct tree_changes last_news;

static char *root;
static char root_text[64];

static const struct note *find_note(const struct notes *n, const char *name) {
    for (size_t i = 0; n && i < n->count; i++)
        if (str_eq(n->at[i].name, name)) return &n->at[i];
    return NULL;
}

static enum err load_notes(void *context, void *old, const struct tree_changes *news,
                           void **fresh) {
    static int serial;
    char command[128], name[64];
    (void)context;
    atomic_fetch_add(&loads, 1);
    last_news = *news;
    if (atomic_load(&busy) > 0) {
        atomic_fetch_sub(&busy, 1);
        return ERR_BUSY;
    }
    struct notes *n = calloc(1, sizeof *n);
    n->serial = ++serial;
    snprintf(command, sizeof command, "ls %s/notes 2>/dev/null", root);
    FILE *list = popen(command, "r");
    while (list && fgets(name, sizeof name, list)) {
        name[strcspn(name, "\n")] = '\0';
        if (!str_has_suffix(name, ".txt")) continue;
        char path[256];
        struct note note = {0};
        snprintf(note.name, sizeof note.name, "%s", name);
        snprintf(path, sizeof path, "%s/notes/%s", root, name);
        FILE *f = fopen(path, "r");
        if (f && !fgets(note.line, sizeof note.line, f)) note.line[0] = '!';
        if (f) fclose(f);
        note.line[strcspn(note.line, "\n")] = '\0';
        if (note.line[0] == '!') {
            tree_problem(news->problems, "notes/%s:1: it is broken", name);
            const struct note *before = find_note(old, name);
            if (!before) continue;
            note = *before;
        }
        n->at = realloc(n->at, (n->count + 1) * sizeof *n->at);
        n->at[n->count++] = note;
    }
    if (list) pclose(list);
    atomic_fetch_add(&alive, 1);
    *fresh = n;
    return OK;
}

static void free_notes(void *data) {
    struct notes *n = data;
    atomic_fetch_sub(&alive, 1);
    free(n->at);
    memset(n, 0x5a, sizeof *n); /* whoever still reads it is found out */
    free(n);
}

static void announce(void *context) {
    (void)context;
    atomic_fetch_add(&announced, 1);
}

static struct tree_source source(bool poll_only) {
    return (struct tree_source){.name = "notes",
                                .folders = {"notes"},
                                .load = load_notes,
                                .free = free_notes,
                                .published = announce,
                                .poll_only = poll_only};
}

static struct tree *open_notes(bool poll_only) {
    struct tree *t;
    struct tree_source s = source(poll_only);
    assert_int_equal(tree_open(&t, root, &s), OK);
    assert_true(tree_start(t));
    return t;
}

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/notes/%s", root, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* The line of a note as a request sees it; "" when there is none. Static memory. */
static const char *line_of(struct tree *t, const char *name) {
    static char line[64];
    const struct tree_generation *g = tree_hold(t);
    const struct note *n = find_note(g->data, name);
    snprintf(line, sizeof line, "%s", n ? n->line : "");
    tree_release(g);
    return line;
}

static bool comes(struct tree *t, const char *name, const char *line, int64_t within_ms) {
    for (int64_t end = clock_monotonic_ms() + within_ms; clock_monotonic_ms() < end; usleep(5000))
        if (str_eq(line_of(t, name), line)) return true;
    return false;
}

static int make_root(void **state) {
    (void)state;
    snprintf(root_text, sizeof root_text, "/tmp/gradus-tree-XXXXXX");
    root = mkdtemp(root_text);
    char path[128];
    snprintf(path, sizeof path, "%s/notes", root);
    atomic_store(&loads, 0);
    atomic_store(&announced, 0);
    atomic_store(&busy, 0);
    return root && mkdir(path, 0755) == 0 ? 0 : -1;
}

static int drop_root(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    int rc = system(command);
    assert_int_equal(atomic_load(&alive), 0); /* nothing is kept that nobody holds */
    return rc;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

static void test_next_request_sees_it(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    for (int i = 0; i < 30; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d", i);
        put("a.txt", line);
        assert_string_equal(line_of(t, "a.txt"), line);
    }
    assert_int_equal(atomic_load(&announced), atomic_load(&loads));
    put("b.txt", "new");
    assert_string_equal(line_of(t, "b.txt"), "new");
    tree_close(t);
}

static void test_names_what_changed(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    put("a.txt", "second");
    assert_string_equal(line_of(t, "a.txt"), "second");
    assert_false(last_news.all);
    assert_int_equal(last_news.count, 1);
    tree_close(t);
}

static void test_nothing_is_read_without_a_change(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    for (int i = 0; i < 100; i++) (void)line_of(t, "a.txt");
    char path[128]; /* beside the folders: nobody's business */
    snprintf(path, sizeof path, "%s/other.txt", root);
    FILE *f = fopen(path, "w");
    fclose(f);
    usleep(300 * 1000);
    assert_int_equal(atomic_load(&loads), 1);
    tree_close(t);
}

/* A file in two writes with less than the quiet time between them is read once, whole. */
static void test_half_written(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    char path[256];
    snprintf(path, sizeof path, "%s/notes/a.txt", root);
    for (int i = 0; i < 20; i++) {
        FILE *f = fopen(path, "w");
        fputs("!half", f);
        fflush(f);
        rewind(f);
        fputs("whole", f);
        fclose(f);
        assert_string_equal(line_of(t, "a.txt"), "whole");
    }
    tree_close(t);
}

static void test_broken_file_keeps_the_last_good(void **state) {
    (void)state;
    put("a.txt", "good");
    put("b.txt", "other");
    struct tree *t = open_notes(false);
    put("a.txt", "!bad");
    put("b.txt", "newer");
    assert_string_equal(line_of(t, "a.txt"), "good");
    assert_string_equal(line_of(t, "b.txt"), "newer");
    put("a.txt", "good again");
    assert_string_equal(line_of(t, "a.txt"), "good again");
    tree_close(t);
}

/* A problem is told once, however often the files are read; and looked at once more by itself. */
static void test_problems_are_told_once(void **state) {
    (void)state;
    char log[128];
    snprintf(log, sizeof log, "%s/log", root);
    int saved = dup(STDERR_FILENO);
    assert_non_null(freopen(log, "w", stderr));
    put("a.txt", "!bad");
    struct tree *t = open_notes(false);
    for (int i = 0; i < 5; i++) {
        put("b.txt", i % 2 ? "x" : "y");
        (void)line_of(t, "b.txt");
    }
    int before = atomic_load(&loads);
    usleep((TREE_RECHECK_MS + 300) * 1000);
    assert_int_equal(atomic_load(&loads), before); /* told at the start: no second look is due */
    put("c.txt", "!bad");
    put("c.txt", "good"); /* broken for one load at most: nobody hears of it */
    assert_string_equal(line_of(t, "c.txt"), "good");
    put("d.txt", "!bad");
    usleep((TREE_RECHECK_MS + 300) * 1000);
    tree_close(t);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    char text[4096] = "";
    FILE *f = fopen(log, "r");
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    const char *first = strstr(text, "notes/a.txt:1: it is broken");
    assert_non_null(first);
    assert_null(strstr(first + 1, "notes/a.txt:1: it is broken"));
    assert_null(strstr(text, "notes/c.txt"));
    assert_non_null(strstr(text, "notes/d.txt:1: it is broken"));
}

/* What failed by itself is tried again without a change of any file. */
static void test_short_memory_is_tried_again(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    atomic_store(&busy, 3);
    put("a.txt", "second");
    assert_string_equal(line_of(t, "a.txt"), "first"); /* and nobody waits for it */
    assert_true(comes(t, "a.txt", "second", 3000));
    assert_true(last_news.all);
    tree_close(t);
}

static void test_broken_is_read_once_more(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    put("a.txt", "!bad");
    (void)line_of(t, "a.txt");
    int before = atomic_load(&loads);
    assert_false(last_news.retry_broken);
    usleep((TREE_RECHECK_MS + 300) * 1000);
    assert_int_equal(atomic_load(&loads), before + 1);
    assert_true(last_news.retry_broken);
    usleep((TREE_RECHECK_MS + 300) * 1000);
    assert_int_equal(atomic_load(&loads), before + 1);
    tree_close(t);
}

static void test_folder_goes_and_comes(void **state) {
    (void)state;
    char command[256];
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    snprintf(command, sizeof command, "rm -r %s/notes", root);
    assert_int_equal(system(command), 0);
    assert_true(comes(t, "a.txt", "", 2000));
    snprintf(command, sizeof command, "mkdir %s/notes", root);
    assert_int_equal(system(command), 0);
    put("a.txt", "back");
    assert_true(comes(t, "a.txt", "back", 2000));
    put("a.txt", "watched again");
    assert_string_equal(line_of(t, "a.txt"), "watched again");
    tree_close(t);
}

static void test_folder_that_was_never_there(void **state) {
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rmdir %s/notes", root);
    assert_int_equal(system(command), 0);
    struct tree *t = open_notes(false);
    snprintf(command, sizeof command, "mkdir %s/notes", root);
    assert_int_equal(system(command), 0);
    put("a.txt", "there");
    assert_true(comes(t, "a.txt", "there", 2000));
    tree_close(t);
}

static void test_without_being_told(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(true);
    put("a.txt", "second, and longer");
    assert_true(comes(t, "a.txt", "second, and longer", TREE_POLL_MS * 3));
    tree_close(t);
}

static void make(const char *folder) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    assert_int_equal(mkdir(path, 0755), 0);
}

/* One that is watched below one that is not. */
static void test_folder_below_another(void **state) {
    struct tree *t;
    struct tree_source s = source(false);
    char from[256], to[256];
    (void)state;
    s.folders[0] = "notes/deep/er";
    make("notes/deep");
    assert_int_equal(tree_open(&t, root, &s), OK);
    assert_true(tree_start(t));
    put("beside.txt", "x");
    put("deep/beside.txt", "x");
    make("notes/deeper");
    usleep(100000);
    assert_int_equal(atomic_load(&loads), 1);
    make("notes/deep/er");
    tree_release(tree_hold(t));
    int seen = atomic_load(&loads);
    assert_true(seen > 1);
    put("deep/er/a.txt", "x");
    tree_release(tree_hold(t));
    assert_true(atomic_load(&loads) > seen);
    snprintf(from, sizeof from, "%s/notes/deep", root);
    snprintf(to, sizeof to, "%s/notes/was", root);
    assert_int_equal(rename(from, to), 0);
    tree_release(tree_hold(t));
    seen = atomic_load(&loads);
    make("notes/deep");
    make("notes/deep/er");
    tree_release(tree_hold(t));
    assert_true(atomic_load(&loads) > seen);
    seen = atomic_load(&loads);
    put("deep/er/a.txt", "y");
    tree_release(tree_hold(t));
    assert_true(atomic_load(&loads) > seen);
    tree_close(t);
}

/* The system tells of a folder's own entries, not of what a link leads to. */
static void test_link_to_a_file_elsewhere(void **state) {
    (void)state;
    char elsewhere[128], link_path[128];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere.txt", root);
    snprintf(link_path, sizeof link_path, "%s/notes/a.txt", root);
    FILE *f = fopen(elsewhere, "w");
    fputs("first", f);
    fclose(f);
    assert_int_equal(symlink(elsewhere, link_path), 0);
    struct tree *t = open_notes(false);
    f = fopen(elsewhere, "w");
    fputs("second, and longer", f);
    fclose(f);
    assert_true(comes(t, "a.txt", "second, and longer", TREE_POLL_MS * 3));
    tree_close(t);
}

#define FILES 10000
static void test_ten_thousand_files(void **state) {
    (void)state;
    for (int i = 0; i < FILES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%05d.txt", i);
        put(name, "x");
    }
    struct tree *t = open_notes(false);
    const struct tree_generation *g = tree_hold(t);
    assert_int_equal(((const struct notes *)g->data)->count, FILES);
    tree_release(g);
    put("05000.txt", "y");
    assert_true(comes(t, "05000.txt", "y", 20000));
    assert_false(last_news.all);
    tree_close(t);
}

/* 64 readers hold what they read while it is replaced all the time: each sees one whole generation,
 * never an older one than before. */
static struct tree *shared;
static atomic_bool done;
static void *reader(void *arg) {
    int last = 0;
    intptr_t seen = 0;
    (void)arg;
    while (!atomic_load(&done)) {
        const struct tree_generation *g = tree_hold(shared);
        const struct notes *n = g->data;
        if (n->serial < last || n->count != 2 || !str_eq(n->at[0].line, n->at[1].line))
            return (void *)-1;
        if (n->serial != last) seen++;
        last = n->serial;
        sched_yield();
        if (!str_eq(n->at[0].line, n->at[1].line))
            return (void *)-1; /* still the same, while held */
        tree_release(g);
    }
    return (void *)seen;
}

static void test_change_under_64_readers(void **state) {
    (void)state;
    pthread_t ids[64];
    char from[256], to[256], text[32];
    put("a.txt", "0");
    snprintf(from, sizeof from, "%s/notes/a.txt", root);
    snprintf(to, sizeof to, "%s/notes/b.txt", root);
    assert_int_equal(link(from, to), 0); /* one file under two names: they change together */
    shared = open_notes(false);
    atomic_store(&done, false);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        assert_int_equal(pthread_create(&ids[i], NULL, reader, NULL), 0);
    for (int i = 1; i <= 20; i++) {
        snprintf(text, sizeof text, "%d", i);
        FILE *f = fopen(from, "r+");
        fputs(text, f);
        fclose(f);
        usleep(20 * 1000);
    }
    assert_true(comes(shared, "a.txt", "20", 5000));
    atomic_store(&done, true);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        void *seen;
        pthread_join(ids[i], &seen);
        assert_true((intptr_t)seen > 0);
    }
    tree_close(shared);
}

static void test_held_longer_than_the_tree(void **state) {
    (void)state;
    put("a.txt", "first");
    struct tree *t = open_notes(false);
    const struct tree_generation *g = tree_hold(t);
    tree_close(t);
    assert_string_equal(find_note(g->data, "a.txt")->line, "first");
    tree_release(g);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_root, drop_root)
    const struct CMUnitTest tests[] = {
        CASE(test_next_request_sees_it),
        CASE(test_names_what_changed),
        CASE(test_nothing_is_read_without_a_change),
        CASE(test_half_written),
        CASE(test_broken_file_keeps_the_last_good),
        CASE(test_problems_are_told_once),
        CASE(test_short_memory_is_tried_again),
        CASE(test_broken_is_read_once_more),
        CASE(test_folder_goes_and_comes),
        CASE(test_folder_that_was_never_there),
        CASE(test_folder_below_another),
        CASE(test_without_being_told),
        CASE(test_link_to_a_file_elsewhere),
        CASE(test_ten_thousand_files),
        CASE(test_change_under_64_readers),
        CASE(test_held_longer_than_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
