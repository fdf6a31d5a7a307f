/* What names a page: whatever makes another page makes another key, and what is promised to stay does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "page/page.h"

#define KEY_MEMORY ((size_t)512 * 1024)

struct place {
    char root[64];
    struct arena arena;
    struct site *site;
    char *long_text;
    uint64_t long_serial;
    struct view *frozen[2];
};

static void put(struct place *p, const char *name, const char *text) {
    char *path = arena_printf(&p->arena, "%s/site/%s", p->root, name);
    assert_true(file_write(path, text, strlen(text), 0644));
}

static int begin(void **state) {
    static const char *const folders[] = {"", "/templates", "/locale", "/locale/en"};
    struct place *p = calloc(1, sizeof *p);
    const char *why;
    arena_init(&p->arena, 16u << 20);
    snprintf(p->root, sizeof p->root, "/tmp/gradus-key-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        assert_int_equal(mkdir(arena_printf(&p->arena, "%s/site%s", p->root, folders[i]), 0755), 0);
    put(p, "templates/page.mustache", "{{x}}{{y}}");
    put(p, "locale/en/a.json", "{}");
    assert_int_equal(site_open(&p->site, p->root, &p->arena, &why), OK);
    p->long_text = arena_alloc(&p->arena, 6001);
    memset(p->long_text, 'a', 6000);
    p->long_serial = view_serial();
    (void)view_serial(); /* the next one is nobody's: a test names it */
    for (size_t i = 0; i < 2; i++) {
        p->frozen[i] = view_new(&p->arena);
        view_text(p->frozen[i], "a", "x");
        view_freeze(p->frozen[i]);
    }
    *state = p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    site_close(p->site);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", p->root);
    assert_int_equal(system(command), 0);
    arena_release(&p->arena);
    free(p);
    return 0;
}

static struct buf key_of(struct place *p, const char *name, const char *locale, struct view *v,
                         struct arena *a) {
    struct buf key;
    struct page_aparts apart = {0};
    buf_init(&key, a);
    assert_true(page_key(p->site, name, locale, v, &key, &apart));
    return key;
}

static bool same_key(struct buf a, struct buf b) {
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Each of these is another page: one of them alone must make another key. */
static struct view *variant(struct place *p, struct arena *a, int i) {
    struct view *v = view_new(a), *list;
    switch (i) {
    case 0: break;
    case 1: view_text(v, "x", ""); break;
    case 2: view_text(v, "x", NULL); break;
    case 3: view_text(v, "y", ""); break;
    case 4: view_bool(v, "x", false); break;
    case 5: view_bool(v, "x", true); break;
    case 6: view_int(v, "x", 0); break;
    case 7: view_int(v, "x", INT64_MIN); break;
    case 8: (void)view_object(v, "x"); break;
    case 9: (void)view_list(v, "x"); break;
    case 10: (void)view_item(view_list(v, "x")); break;
    case 11: (void)view_item_list(view_list(v, "x")); break;
    case 12: view_item_text(view_list(v, "x"), ""); break;
    case 13:
        list = view_list(v, "x");
        view_item_text(list, "a"), view_item_text(list, "b");
        break;
    case 14:
        list = view_list(v, "x");
        view_item_text(list, "b"), view_item_text(list, "a");
        break;
    case 15: view_item_text(view_list(v, "x"), "ab"); break;
    case 16: view_text(v, "x", "ab"), view_text(v, "y", "c"); break;
    case 17: view_text(v, "x", "a"), view_text(v, "y", "bc"); break;
    case 18: view_text(view_object(v, "x"), "y", "c"); break;
    case 19: (void)view_object(v, "x"), view_text(v, "y", "c"); break;
    case 20: view_html_lasting(v, "x", p->long_text, 100, p->long_serial); break;
    case 21: view_html_lasting(v, "x", p->long_text, 101, p->long_serial); break;
    case 22: view_html_lasting(v, "x", p->long_text + 1, 100, p->long_serial); break;
    case 23: view_html_lasting(v, "x", p->long_text, 100, p->long_serial + 1); break;
    case 24: view_html_borrow(v, "x", p->long_text, 100); break;
    case 25: view_put(v, "x", p->frozen[0]); break;
    case 26: view_put(v, "x", p->frozen[1]); break;
    case 27: view_text_apart(v, "x", "Ann"); break;
    case 28: view_text_apart(v, "x", ""); break;
    case 29: view_token(v, "x", "Ann"); break;
    case 30: view_text(v, "x", "Ann"); break;
    case 31: view_html(v, "x", "Ann"); break;
    case 32: view_text(v, "x", "1"); break;
    case 33: view_int(v, "x", 1); break;
    case 34:
        list = view_list(v, "x");
        (void)view_item_list(list), (void)view_item_list(list);
        break;
    case 35: (void)view_item_list(view_item_list(view_list(v, "x"))); break;
    default: return NULL;
    }
    return v;
}

static void whatever_makes_another_page_makes_another_key(void **state) {
    struct place *p = *state;
    struct arena a;
    struct buf keys[64];
    int count = 0;
    arena_init(&a, 8u << 20);
    for (struct view *v; (v = variant(p, &a, count)); count++) {
        keys[count] = key_of(p, "page", "en", v, &a);
        for (int i = 0; i < count; i++)
            if (same_key(keys[i], keys[count])) fail_msg("%d is taken for %d", count, i);
    }
    assert_int_equal(count, 36);
    assert_true(same_key(keys[30], key_of(p, "page", "en", variant(p, &a, 30), &a)));
    assert_true(same_key(keys[27], key_of(p, "page", "en", variant(p, &a, 27), &a)));
    assert_false(same_key(keys[30], key_of(p, "other", "en", variant(p, &a, 30), &a)));
    assert_false(same_key(keys[30], key_of(p, "page", "th", variant(p, &a, 30), &a)));
    /* The same bytes, cut elsewhere between the names. */
    assert_false(same_key(key_of(p, "page", "en", variant(p, &a, 0), &a),
                          key_of(p, "pagee", "n", variant(p, &a, 0), &a)));
    put(p, "templates/page.mustache", "{{x}} changed");
    assert_true(site_refresh(p->site));
    assert_false(same_key(keys[30], key_of(p, "page", "en", variant(p, &a, 30), &a)));
    arena_release(&a);
}

static struct view *signed_in_as(struct arena *a, const char *name, const char *token) {
    struct view *v = view_new(a);
    view_token(v, "csrf", token);
    view_text(v, "title", "My page");
    view_text_apart(view_item(view_list(v, "people")), "name", name);
    return v;
}

static void what_stands_apart_is_listed_not_named(void **state) {
    struct place *p = *state;
    struct arena a;
    struct buf keys[2];
    struct page_aparts apart[2] = {{0}};
    arena_init(&a, 8u << 20);
    for (int i = 0; i < 2; i++) {
        struct view *v = i ? signed_in_as(&a, "Bob", "0123") : signed_in_as(&a, "Ann & co", "abcd");
        buf_init(&keys[i], &a);
        assert_true(page_key(p->site, "page", "en", v, &keys[i], &apart[i]));
        assert_int_equal(apart[i].count, 2);
        struct buf out;
        buf_init(&out, &a);
        for (size_t k = 0; k < 2; k++) page_put_apart(apart[i].at[k], 0, &out);
        assert_string_equal(buf_text(&out), i ? "0123Bob" : "abcdAnn &amp; co");
        assert_null(memmem(keys[i].data, keys[i].len, i ? "Bob" : "Ann", 3));
    }
    assert_true(same_key(keys[0], keys[1]));
    arena_release(&a);
}

/* A large page has no memory to spare: what will not be kept is not copied first. */
static void a_large_text_is_not_copied_for_its_key(void **state) {
    struct place *p = *state;
    struct arena a;
    struct buf key;
    struct page_aparts apart = {0};
    static char large[9 << 20];
    memset(large, 'x', sizeof large - 1);
    arena_init(&a, 64u << 20);
    struct view *v = view_new(&a);
    view_html_borrow(v, "x", large, sizeof large - 1);
    view_text(v, "y", "behind it");
    buf_init(&key, &a);
    size_t before = a.used;
    assert_false(page_key(p->site, "page", "en", v, &key, &apart));
    assert_true(a.used - before < KEY_MEMORY);
    /* Nor many small ones, nor their names. */
    struct view *many = view_new(&a), *list = view_list(many, "list");
    for (int i = 0; i < 40000; i++) view_text(view_item(list), "name", "x");
    buf_init(&key, &a);
    before = a.used;
    assert_false(page_key(p->site, "page", "en", many, &key, &apart));
    assert_true(a.used - before < KEY_MEMORY);
    arena_release(&a);
}

/* Whoever changes what was promised to stay is told at once, not by a page of another time. */
static bool aborts(void (*change)(struct arena *a)) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct arena a;
        arena_init(&a, 1u << 20);
        assert_non_null(freopen("/dev/null", "w", stderr));
        signal(SIGABRT, SIG_DFL);
        change(&a);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
static struct view *frozen_tree(struct arena *a, struct view **inner) {
    struct view *v = view_new(a);
    *inner = view_item(view_list(v, "list"));
    view_freeze(v);
    return v;
}
static void change_itself(struct arena *a) {
    struct view *inner;
    view_text(frozen_tree(a, &inner), "x", "later");
}
static void change_inside(struct arena *a) {
    struct view *inner;
    (void)frozen_tree(a, &inner);
    view_text(inner, "x", "later");
}
static void freeze_a_name(struct arena *a) {
    struct view *v = view_new(a);
    view_text_apart(view_item(view_list(v, "list")), "x", "Ann");
    view_freeze(v);
}
static void change_nothing(struct arena *a) {
    struct view *inner;
    view_put(view_new(a), "x", frozen_tree(a, &inner));
}

static void what_is_frozen_stays(void **state) {
    (void)state;
    assert_true(aborts(change_itself));
    assert_true(aborts(change_inside));
    assert_true(aborts(freeze_a_name));
    assert_false(aborts(change_nothing));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_makes_another_page_makes_another_key, begin, end),
        cmocka_unit_test_setup_teardown(what_stands_apart_is_listed_not_named, begin, end),
        cmocka_unit_test_setup_teardown(a_large_text_is_not_copied_for_its_key, begin, end),
        cmocka_unit_test_setup_teardown(what_is_frozen_stays, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
