/* Pages put together again: whatever is found for a view is what rendering that view gives, to the byte, and nothing of
 * an earlier person's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/codec.h"
#include "base/text.h"
#include "http/kept.h"

#define KEEP ((size_t)1024 * 1024)

/* The name stands apart in every kind of place; `kind` chooses a word; items come and go; a long text makes pieces. */
static const char page_template[] =
    "<title>{{title}} {{me.name}}</title><a href=\"{{me.link}}\" title=\"{{me.name}}\">{{t.hello}}</a>\n"
    "{{#me.name}}<p>signed in as {{me.name}} {{me.name}}</p>{{/me.name}}{{^me.name}}<p>nobody</p>{{/me.name}}\n"
    "{{long}}<form><input value=\"{{token}}\"></form>{{long}}{{#items}}<li>{{name}} {{count.local}} "
    "<input value=\"{{token}}\"></li>{{^last}}, {{/last}}{{/items}}{{long}}<p>{{t.chosen}}</p>{{html}}\n";

struct place {
    char root[64];
    struct arena arena;
    struct site *site;
    struct pieces *pieces;
    struct kept *kept;
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
    arena_init(&p->arena, 64u << 20);
    snprintf(p->root, sizeof p->root, "/tmp/gradus-kept-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        assert_int_equal(mkdir(arena_printf(&p->arena, "%s/site%s", p->root, folders[i]), 0755), 0);
    put(p, "templates/page.mustache", page_template);
    put(p, "templates/other.mustache", "<i>{{me.name}}</i>{{title}}");
    put(p, "templates/asks.mustache", "<i>{{t.asks}}</i>");
    put(p, "templates/pair.mustache", "<i>{{owner.name}}</i> of <i>{{buyer.name}}</i>{{title}}");
    put(p, "templates/deep.mustache",
        "{{#rows}}<ul>{{#cells}}<li>{{.}}</li>{{/cells}}{{cells.count}}</ul>{{who}}{{/rows}}"
        "{{#frozen}}<b>{{a}} {{b}}</b>{{/frozen}}{{part}}{{borrowed}}{{^who}}nobody{{/who}}");
    put(p, "locale/en/a.json",
        "{\"hello\": \"Hello {me.name} and {n, plural, one {# friend} other {# friends}}\","
        "\"chosen\": \"{kind, select, a {first {me.name}} other {second}}\","
        "\"asks\": \"{me.name, select, Ann {is Ann} other {is not}}\"}");
    enum err e = site_open(&p->site, p->root, &p->arena, &why);
    if (why) print_message("%s", why);
    assert_int_equal(e, OK);
    assert_null(why);
    p->pieces = pieces_new(KEEP);
    p->kept = kept_new(16 * KEEP, p->pieces);
    p->long_text = arena_alloc(&p->arena, 6001);
    for (size_t i = 0; i < 6000; i++) p->long_text[i] = (char)('a' + random_below(26));
    p->long_serial = view_serial();
    for (size_t i = 0; i < 2; i++) {
        p->frozen[i] = view_new(&p->arena);
        view_text(p->frozen[i], "a", i ? "x" : "xy");
        view_text(p->frozen[i], "b", i ? "yz" : "z");
        view_freeze(p->frozen[i]);
    }
    *state = p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    kept_free(p->kept);
    pieces_free(p->pieces);
    site_close(p->site);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", p->root);
    assert_int_equal(system(command), 0);
    arena_release(&p->arena);
    free(p);
    return 0;
}

/* From few choices, so that views often are equal and often differ in one thing. */
static struct view *some_view(struct place *p, struct arena *a) {
    static const char *const names[] = {"Ann", "<b>Björn & Åsa</b>", "สมชาย ใจดี", "\"'", "", NULL},
                             *const links[] = {"/me", "javascript:alert(1)",
                                               "https://x.example/?a&b"};
    struct view *v = view_new(a), *me = view_object(v, "me");
    view_text(v, "title", random_below(2) ? "One" : "Two <");
    view_text_apart(me, "name", names[random_below(COUNT_OF(names))]);
    view_text_apart(me, "link", links[random_below(COUNT_OF(links))]);
    view_int(v, "n", (int64_t)random_below(3));
    view_text(v, "kind", random_below(2) ? "a" : "b");
    view_html_lasting(v, "long", p->long_text, random_below(2) ? 6000 : 5000, p->long_serial);
    view_token(v, "token", random_below(8) ? random_token(a, 32) : "short");
    if (random_below(2)) view_html(v, "html", random_below(2) ? "<hr>" : "<br>");
    struct view *items = view_list(v, "items");
    for (size_t i = random_below(3); i; i--) {
        struct view *item = view_item(items);
        view_text(item, "name", i == 1 ? "last & least" : "x");
        view_int(item, "count", 1234567);
        view_bool(item, "last", i == 1);
    }
    return v;
}

/* Lists in lists, shared values, parts of texts that last, names that an inner scope hides. */
static struct view *deep_view(struct place *p, struct arena *a) {
    static const char *const words[] = {"", "a", "ab", "b", "<a>"};
    struct view *v = view_new(a), *rows = view_list(v, "rows");
    for (size_t i = random_below(3); i; i--) {
        struct view *row = view_item(rows), *cells = view_list(row, "cells");
        for (size_t k = random_below(3); k; k--)
            view_item_text(cells, words[random_below(COUNT_OF(words))]);
        if (random_below(3) == 0) view_text_apart(row, "who", words[random_below(COUNT_OF(words))]);
        if (random_below(8) == 0) view_text(row, "who", "taken back");
    }
    if (random_below(2)) view_text_apart(v, "who", words[random_below(COUNT_OF(words))]);
    if (random_below(2)) view_put(v, "frozen", p->frozen[random_below(2)]);
    size_t at = random_below(4) * 1000;
    if (random_below(2))
        view_html_lasting(v, "part", p->long_text + at, random_below(3) * 1000 % (6000 - at),
                          p->long_serial);
    view_html_borrow(v, "borrowed", p->long_text + at, random_below(2) ? 1500 : 10);
    return v;
}

static const char *rendered(struct place *p, const char *name, struct view *v, struct arena *a,
                            size_t *len, struct page_cuts *cuts) {
    struct buf out;
    buf_init(&out, a);
    assert_int_equal(page_render_cuts(p->site, name, "en", v, &out, cuts), OK);
    *len = out.len;
    return buf_text(&out);
}

static void same_unzipped(const unsigned char *gz, size_t gz_len, const char *text, size_t len) {
    z_stream z = {0};
    unsigned char *out = malloc(len + 1);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (Bytef *)gz;
    z.avail_in = (uInt)gz_len;
    z.next_out = out;
    z.avail_out = (uInt)len + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, len);
    assert_int_equal(z.avail_in, 0);
    assert_memory_equal(out, text, len);
    inflateEnd(&z);
    free(out);
}

/* As a page is answered; true when it was put together, and then it was compared with what rendering gives. */
static bool ask(struct place *p, const char *name, struct view *v, struct arena *a) {
    struct buf key, again_text;
    struct page_aparts apart = {0};
    struct page_cuts cuts = {0};
    bool again = false;
    size_t len;
    buf_init(&key, a);
    buf_init(&again_text, a);
    assert_true(page_key(p->site, name, "en", v, &key, &apart));
    struct kept_page *page = kept_find(p->kept, &key, &again);
    const char *text = rendered(p, name, v, a, &len, &cuts);
    if (!page) {
        if (again) kept_add(p->kept, &key, &apart, text, len, &cuts);
        return false;
    }
    kept_text(page, &apart, &again_text);
    assert_string_equal(buf_text(&again_text), text);
    const unsigned char *gz;
    size_t gz_len = kept_gzip(page, &apart, a, &gz);
    if (gz_len) same_unzipped(gz, gz_len, text, len);
    kept_drop(page);
    return true;
}

static void what_is_found_is_what_rendering_gives(void **state) {
    struct place *p = *state;
    int found = 0;
    for (int i = 0; i < 6000; i++) {
        struct arena a;
        arena_init(&a, 8u << 20);
        found += ask(p, random_below(5) ? "page" : "other", some_view(p, &a), &a);
        arena_release(&a);
    }
    assert_true(found > 1000);
}

static void what_lies_deep_is_told_apart(void **state) {
    struct place *p = *state;
    int found = 0;
    for (int i = 0; i < 12000; i++) {
        struct arena a;
        arena_init(&a, 8u << 20);
        found += ask(p, "deep", deep_view(p, &a), &a);
        arena_release(&a);
    }
    assert_true(found > 1000);
}

static void drop_page(void *page) { kept_drop(page); }

static struct view *signed_in_as(struct arena *a, const char *name) {
    struct view *v = view_new(a);
    view_text(v, "title", "My page");
    view_text_apart(view_object(v, "me"), "name", name);
    return v;
}

static void one_persons_name_never_reaches_another(void **state) {
    struct place *p = *state;
    struct arena a;
    arena_init(&a, 8u << 20);
    for (int i = 0; i < 4; i++) (void)ask(p, "other", signed_in_as(&a, "Ann"), &a);
    assert_true(ask(p, "other", signed_in_as(&a, "Ann"), &a));
    assert_true(
        ask(p, "other", signed_in_as(&a, "Bob"), &a)); /* compared there with Bob's own page */
    arena_release(&a);
}

/* A text that says another thing for one name cannot be kept for the others. */
static void a_name_that_decides_is_not_kept(void **state) {
    struct place *p = *state;
    struct arena a;
    arena_init(&a, 8u << 20);
    for (int i = 0; i < 6; i++)
        assert_false(ask(p, "asks", signed_in_as(&a, i % 2 ? "Ann" : "Bob"), &a));
    arena_release(&a);
}

static void *ask_often(void *place) {
    for (int i = 0; i < 1500; i++) {
        struct arena a;
        arena_init(&a, 8u << 20);
        (void)ask(place, "page", some_view(place, &a), &a);
        arena_release(&a);
    }
    return NULL;
}

/* The shelf is so small here that pages go while others are put together from them. */
static void threads_share_a_small_shelf(void **state) {
    struct place *p = *state;
    kept_free(p->kept);
    p->kept = kept_new(96 * 1024, p->pieces);
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, p), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) pthread_join(threads[i], NULL);
    struct shelf_stats stats;
    kept_stats(p->kept, &stats);
    assert_true(stats.hits > 0 && stats.bytes <= 96 * 1024);
}

/* Keeping is given up, nothing more: pieces are let go of, and the next one may try. */
static void memory_ends_while_a_page_is_kept(void **state) {
    struct place *p = *state;
    for (volatile long nth = 1;; nth++) {
        struct arena a;
        volatile bool through = false;
        arena_init(&a, 8u << 20);
        if (ARENA_GUARD(&a) == 0) {
            struct view *v = some_view(p, &a);
            struct page_aparts apart = {0};
            struct page_cuts cuts = {0};
            struct buf key;
            size_t len;
            buf_init(&key, &a);
            (void)page_key(p->site, "page", "en", v, &key, &apart);
            const char *text = rendered(p, "page", v, &a, &len, &cuts);
            arena_fail_at(nth);
            for (int i = 0; i < 3; i++) kept_add(p->kept, &key, &apart, text, len, &cuts);
            through = true;
        }
        bool failed = arena_failed_as_asked();
        arena_fail_at(0);
        arena_release(&a);
        assert_true(failed != through);
        if (!failed) break;
    }
}

/* In the page of the one both texts are one value; for the next they are two: each must stand in its own place. */
static void a_text_that_stands_twice_is_not_mistaken(void **state) {
    struct place *p = *state;
    for (int shared_first = 0; shared_first < 2; shared_first++)
        for (int i = 0; i < 8; i++) {
            struct arena a;
            arena_init(&a, 8u << 20);
            struct view *v = view_new(&a), *owner = view_object(v, "owner");
            view_text_apart(owner, "name", "Ann");
            view_text(v, "title", shared_first ? "one" : "two");
            bool shared = (i < 4) == shared_first;
            if (shared) view_put(v, "buyer", owner);
            else view_text_apart(view_object(v, "buyer"), "name", "Bob");
            (void)ask(p, "pair", v, &a); /* compares */
            arena_release(&a);
        }
}

/* Found and in use, while others push it, and the pieces that it consists of, from the shelf. */
static void a_page_in_use_outlives_its_place(void **state) {
    struct place *p = *state;
    struct arena a;
    struct buf key, text;
    struct page_aparts apart = {0};
    struct page_cuts cuts = {0};
    bool again;
    size_t len;
    kept_free(p->kept);
    pieces_free(p->pieces);
    p->pieces = pieces_new(64 * 1024);
    p->kept = kept_new(128 * 1024, p->pieces);
    arena_init(&a, 32u << 20);
    buf_init(&key, &a);
    buf_init(&text, &a);
    struct view *v = signed_in_as(&a, "Ann");
    view_html_lasting(v, "long", p->long_text, 6000, p->long_serial);
    assert_true(page_key(p->site, "page", "en", v, &key, &apart));
    const char *want = rendered(p, "page", v, &a, &len, &cuts);
    for (int i = 0; i < 4; i++) kept_add(p->kept, &key, &apart, want, len, &cuts);
    struct kept_page *page = kept_find(p->kept, &key, &again), *other;
    assert_non_null(page);
    for (int i = 0; i < 2000; i++) {
        struct arena b;
        arena_init(&b, 8u << 20);
        (void)ask(p, "page", some_view(p, &b), &b);
        arena_release(&b);
    }
    other = kept_find(p->kept, &key, &again);
    assert_null(other);
    kept_text(page, &apart, &text);
    assert_string_equal(buf_text(&text), want);
    const unsigned char *gz;
    size_t gz_len = kept_gzip(page, &apart, &a, &gz);
    assert_true(gz_len > 0);
    same_unzipped(gz, gz_len, want, len);
    kept_drop(page);
    arena_release(&a);
}

/* A request leaves in the middle: what it held is let go of by its arena, once. */
static void memory_ends_while_a_page_is_put_together(void **state) {
    struct place *p = *state;
    for (volatile long nth = 1;; nth++) {
        struct arena a;
        volatile bool through = false;
        arena_init(&a, 8u << 20);
        if (ARENA_GUARD(&a) == 0) {
            struct view *v = signed_in_as(&a, "Ann");
            struct page_aparts apart = {0};
            const unsigned char *gz;
            struct buf out;
            bool again;
            for (int i = 0; i < 4; i++) (void)ask(p, "page", v, &a);
            struct buf key;
            buf_init(&key, &a);
            assert_true(page_key(p->site, "page", "en", v, &key, &apart));
            struct kept_page *page = kept_find(p->kept, &key, &again);
            assert_non_null(page);
            arena_fail_at(nth);
            arena_defer(&a, drop_page, page);
            (void)kept_gzip(page, &apart, &a, &gz);
            buf_init(&out, &a);
            kept_text(page, &apart, &out);
            through = true;
        }
        bool failed = arena_failed_as_asked();
        arena_fail_at(0);
        arena_release(&a);
        assert_true(failed != through);
        if (!failed) break;
    }
}

/* Files change while pages are asked for: nothing of the old ones is found under the new number. */
static void *ask_while_it_changes(void *place) {
    for (int i = 0; i < 400; i++) {
        struct arena a;
        arena_init(&a, 8u << 20);
        struct page_aparts apart = {0};
        struct page_cuts cuts = {0};
        struct buf key, text;
        struct place *p = place;
        bool again = false;
        size_t len;
        buf_init(&key, &a);
        buf_init(&text, &a);
        struct view *v = signed_in_as(&a, "Ann");
        assert_true(page_key(p->site, "other", "en", v, &key, &apart));
        struct kept_page *page = kept_find(p->kept, &key, &again);
        if (page) {
            kept_text(page, &apart, &text);
            kept_drop(page);
        } else {
            const char *made = rendered(p, "other", v, &a, &len, &cuts);
            if (again) kept_add(p->kept, &key, &apart, made, len, &cuts);
        }
        arena_release(&a);
    }
    return NULL;
}

static void changed_files_are_seen_at_once(void **state) {
    struct place *p = *state;
    pthread_t threads[3];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_while_it_changes, p), 0);
    for (int i = 0; i < 30; i++) {
        struct arena a;
        arena_init(&a, 8u << 20);
        put(p, "templates/other.mustache",
            arena_printf(&a, "%.*s<i>{{me.name}}</i> {{title}}", i + 1,
                         "------------------------------"));
        while (!site_refresh(p->site)) continue;
        for (int k = 0; k < 3; k++) (void)ask(p, "other", signed_in_as(&a, "Bob"), &a);
        arena_release(&a);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) pthread_join(threads[i], NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_found_is_what_rendering_gives, begin, end),
        cmocka_unit_test_setup_teardown(one_persons_name_never_reaches_another, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_decides_is_not_kept, begin, end),
        cmocka_unit_test_setup_teardown(threads_share_a_small_shelf, begin, end),
        cmocka_unit_test_setup_teardown(memory_ends_while_a_page_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(what_lies_deep_is_told_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_text_that_stands_twice_is_not_mistaken, begin, end),
        cmocka_unit_test_setup_teardown(a_page_in_use_outlives_its_place, begin, end),
        cmocka_unit_test_setup_teardown(memory_ends_while_a_page_is_put_together, begin, end),
        cmocka_unit_test_setup_teardown(changed_files_are_seen_at_once, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
