/* What is found, what never is, and how long it takes on ten thousand modules. run: timeout 300 */
#include "unit/content/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "content/content_sql.h"

static struct search_results find_page(struct store *st, const char *query, int page) {
    struct search_results out;
    assert_int_equal(
        content_search(store_reader(st), &arena, content_words(), query, NULL, page, &out), OK);
    return out;
}

static struct search_results find(struct store *st, const char *query) {
    return find_page(st, query, 1);
}

static bool finds(struct store *st, const char *query, const char *ref, const char *anchor) {
    struct search_results out = find(st, query);
    for (size_t i = 0; i < out.count; i++) {
        if (!str_eq(out.items[i].ref, ref)) continue;
        if (str_eq(out.items[i].anchor, anchor)) return true;
        for (size_t j = 0; j < out.items[i].more_count; j++)
            if (str_eq(out.items[i].more[j].id, anchor)) return true;
    }
    return false;
}

static void test_finding(void **state) {
    (void)state;
    put_file(
        "content/p/modules/t.md", "%s",
        module_text("t", "ภาษาไทย", "การตลาดดิจิทัลและข้อมูลลูกค้า\n\n## العربية\n\nإدارة العُمَلاء\n"));
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    assert_true(finds(st, "first", "a", "first-things"));
    assert_true(finds(st, "FIRST thi", "a", "first-things"));
    assert_true(finds(st, "alpha", "a", ""));
    assert_true(finds(st, "ls", "p", "page-lead-scoring"));
    assert_true(finds(st, "ตลาด", "t", ""));
    assert_true(finds(st, "العملاء", "t", "العربية"));
    assert_true(finds(st, "عملاء", "t", "العربية"));
    assert_true(finds(st, "والعملاء بالإدارة", "t", "العربية"));
    assert_true(finds(st, "العمل", "t", "العربية")); /* an unfinished word */
    assert_non_null(strstr(find(st, "عملاء").items[0].excerpt, "<mark>العُمَلاء</mark>"));
    assert_true(finds(st, "programme", "p", ""));
    /* Keys and feedback are no content for a search, nor is syntax of the index. */
    assert_int_equal(find(st, "SECRETRIGHT").count, 0);
    assert_int_equal(find(st, "secretwrong because").count, 0);
    static const char *const odd[] = {"",
                                      "   ",
                                      "\"",
                                      "*",
                                      "a AND",
                                      "NEAR(",
                                      "title:",
                                      "-first",
                                      "'; DROP TABLE x",
                                      "\xf0\x9f\x98\x80",
                                      "((((",
                                      "^"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) (void)find(st, odd[i]);
    assert_true(find(st, "first nonexistentword").any_word);
    /* Changed and taken away files. */
    put_file("content/p/modules/a.md", "%s", module_text("a", "Alpha", "Quokka.\n"));
    assert_true(content_wait_stored(c, 20000));
    assert_true(finds(st, "quokka", "a", ""));
    assert_false(finds(st, "first", "a", "first-things"));
    drop_file("content/p/modules/a.md");
    assert_true(content_wait_stored(c, 20000));
    assert_int_equal(find(st, "quokka").count, 0);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* Every result stands on one page, and the best of them first. */
static void test_pages(void **state) {
    (void)state;
    for (int i = 0; i < 45; i++)
        put_file(arena_printf(&arena, "content/p/modules/m-%d.md", i), "%s",
                 module_text(arena_printf(&arena, "m-%d", i), i == 30 ? "Numbats" : "Module",
                             "About a numbat.\n\n## More of it\n\nThe numbat again.\n"));
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    static const size_t counts[] = {20, 20, 5};
    bool seen[45] = {false};
    for (int page = 1; page <= 3; page++) {
        struct search_results out = find_page(st, "numbat", page);
        assert_int_equal(out.total, 45);
        assert_int_equal(out.page, page);
        assert_int_equal(out.pages, 3);
        assert_false(out.cut);
        assert_int_equal(out.count, counts[page - 1]);
        for (size_t i = 0; i < out.count; i++) {
            int64_t n;
            assert_true(parse_i64(out.items[i].ref + 2, 0, 44, &n));
            assert_false(seen[n]);
            seen[n] = true;
            assert_int_equal(out.items[i].more_count, 1);
            assert_non_null(strstr(out.items[i].excerpt, "<mark>"));
        }
        if (page == 1) assert_string_equal(out.items[0].ref, "m-30");
    }
    assert_int_equal(find_page(st, "numbat", 9999).page, 3);
    assert_int_equal(find_page(st, "numbat", 9999).count, 5);
    assert_int_equal(find_page(st, "nothingatall", 7).page, 1);
    assert_int_equal(find_page(st, "nothingatall", 7).total, 0);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* RULE spelling, on both sides of its edges. */
static void test_spelling(void **state) {
    (void)state;
    static const int allowed[] = {0, 0, 0, 0, 1, 1, 2, 2};
    for (size_t i = 0; i < COUNT_OF(allowed); i++) assert_int_equal(spelling_allows(i), allowed[i]);
    assert_int_equal(spelling_allows(32), 2);
    assert_int_equal(spelling_allows(33), 0);
    static const struct {
        const char *a, *b;
        size_t distance;
    } apart[] = {{"scoring", "scoring", 0},  {"scoring", "scroing", 1}, {"scoring", "scorin", 1},
                 {"scoring", "scorring", 1}, {"scoring", "skoring", 1}, {"scoring", "skorin", 2},
                 {"scoring", "skorimg", 2},  {"scoring", "xkorimg", 3}, {"การตลาด", "การตลาก", 1},
                 {"w17", "w18", SIZE_MAX}};
    for (size_t i = 0; i < COUNT_OF(apart); i++) {
        assert_int_equal(spelling_distance(apart[i].a, apart[i].b), apart[i].distance);
        assert_int_equal(spelling_distance(apart[i].b, apart[i].a), apart[i].distance);
    }
    put_file("content/p/modules/s.md", "%s",
             module_text("s", "Survivorship of wombats", "Text.\n\n## Quokkas\n\nText.\n"));
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    static const char *const found[][2] = {{"survivorshp", "s"},
                                           {"survivroship", "s"},
                                           {"zurvivorshib", "s"},
                                           {"wonbat", "s"},
                                           {"wombta", "s"},
                                           {"quoka", "s"},
                                           {"surviorship wombta", "s"},
                                           {"lead scroing", "p"},
                                           {"qualifeid lead", "p"},
                                           {"alhpa", "a"}};
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        struct search_results out = find(st, found[i][0]);
        if (out.count == 0) fail_msg("“%s” finds nothing", found[i][0]);
        assert_string_equal(out.items[0].ref, found[i][1]);
        assert_true(out.corrected);
        assert_false(out.any_word);
    }
    /* Three letters wrong, two of a short word: nothing is made up. */
    static const char *const nothing[] = {"xurvivorzhib", "wxmbxx", "bexx", "akpja"};
    for (size_t i = 0; i < COUNT_OF(nothing); i++) assert_int_equal(find(st, nothing[i]).count, 0);
    assert_false(find(st, "wombat").corrected);
    /* What is no longer written anywhere is not offered. */
    put_file("content/p/modules/s.md", "%s", module_text("s", "Numbats", "Text.\n"));
    assert_true(content_wait_stored(c, 20000));
    assert_int_equal(find(st, "quoka").count, 0);
    assert_true(find(st, "nunbat").corrected);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* RULE title-first: by what it is called, then by headings, then by mentions; the index has them in
 * the other order. */
static void test_title_first(void **state) {
    (void)state;
    put_file("content/p/modules/c-1.md", "%s",
             module_text("c-1", "One", "A numbat pouch is mentioned.\n"));
    put_file("content/p/modules/c-2.md", "%s",
             module_text("c-2", "Two", "Text.\n\n## The numbat pouch\n\nText.\n"));
    put_file("content/p/modules/c-3.md", "%s",
             module_text("c-3", "The numbat and its pouch", "Text.\n"));
    put_file("content/p/modules/c-4.md", "%s", module_text("c-4", "Numbat pouch", "Text.\n"));
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    static const char *const order[] = {"c-4", "c-3", "c-2", "c-1"};
    struct search_results out = find(st, "numbat pouch");
    assert_int_equal(out.count, COUNT_OF(order));
    for (size_t i = 0; i < COUNT_OF(order); i++) assert_string_equal(out.items[i].ref, order[i]);
    /* An unfinished word: a title that begins so still comes before headings and mentions. */
    out = find(st, "numbat pou");
    assert_int_equal(out.count, COUNT_OF(order));
    assert_string_equal(out.items[2].ref, "c-2");
    assert_string_equal(out.items[3].ref, "c-1");
    assert_string_equal(find(st, "lead scoring").items[0].kind, "term");
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* A heading that only has a การ, too, is not found; the one that is called so comes first. */
static void test_thai_search(void **state) {
    (void)state;
    put_file("content/p/modules/c-1.md", "%s", module_text("c-1", "การวัดผล", "การตลาดอยู่ที่นี่\n"));
    put_file("content/p/modules/c-2.md", "%s", module_text("c-2", "การจัดการ", "ข้อความ\n"));
    put_file("content/p/modules/c-3.md", "%s", module_text("c-3", "การตลาด", "ข้อความ\n"));
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    static const char *const queries[] = {"การตลาด", "ตลาด", "การ ตลาด", "การตลา"};
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct search_results out = find(st, queries[i]);
        assert_int_equal(out.count, 2);
        assert_string_equal(out.items[0].ref, "c-3");
        assert_string_equal(out.items[1].ref, "c-1");
    }
    assert_int_equal(find(st, "การ").count, 0);
    assert_int_equal(find(st, "ความ").count, 0);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* RULE own-first: a mention in the reader's own course comes before a title in another. */
static void test_own_courses(void **state) {
    (void)state;
    put_file(
        "content/q/programme.md",
        "---\nid: q\ntitle: Other\nbody: Academy\nscheme_version: \"1\"\nsummary: All of it.\ndomains:\n  - {id: d, title: Domain}\n"
        "levels:\n  - id: one\n    title: One\n    summary: First level.\n    scope: Little.\n    requires:\n      modules: [z]\n---\nAbout.\n");
    char *other = arena_dup(&arena, module_text("z", "Numbats", "Text.\n"));
    strstr(other, "programme: p")[strlen("programme: ")] = 'q';
    put_file("content/q/modules/z.md", "%s", other);
    put_file("content/p/modules/c.md", "%s", module_text("c", "One", "A numbat is mentioned.\n"));
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    const struct content_snapshot *s = content_hold(c);
    static const struct {
        const char *own[2];
        size_t count;
        const char *first;
    } cases[] = {{{NULL}, 0, "z"}, {{"p"}, 1, "c"}, {{"q"}, 1, "z"}, {{"p", "q"}, 2, "z"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct search_reader reader = {s, cases[i].own, cases[i].count};
        struct search_results out;
        assert_int_equal(
            content_search(store_reader(st), &arena, content_words(), "numbat", &reader, 1, &out),
            OK);
        assert_int_equal(out.count, 2);
        assert_string_equal(out.items[0].ref, cases[i].first);
    }
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* Names of a term in other languages find it, and are no part of what it says. */
static void test_names_of_terms(void **state) {
    (void)state;
    put_file(
        "content/p/glossary.md",
        "---\nid: g\ntitle: Glossary\nprogramme: p\n---\n## Lead scoring (LS)\nPoints for a person.\n\n```names\nth: การให้คะแนนลูกค้า\nar: تقييم العملاء\n```\n\n## Qualified lead\nGood enough.\n");
    struct store *st = open_store();
    struct content *c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    assert_true(finds(st, "การให้คะแนน", "p", "page-lead-scoring"));
    assert_true(finds(st, "التقييم", "p", "page-lead-scoring"));
    assert_true(finds(st, "عملاء", "p", "page-lead-scoring"));
    assert_false(finds(st, "تقييم", "p", "page-qualified-lead"));
    const struct content_snapshot *s = content_hold(c);
    const struct reading english = reading_in("en");
    const struct glossary_term *t = glossary_find(snapshot_glossary(s, "p", &english),
                                                  "lead-scoring");
    assert_int_equal(t->name_count, 2);
    assert_string_equal(t->names[1].lang, "ar");
    assert_null(strstr(t->html, "names"));
    assert_null(strstr(t->html, "تقييم"));
    assert_null(strstr(t->brief, "تقييم"));
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* ---- What later rooms add
 * ---------------------------------------------------------------------------------------- */

/* A room with up to two labs; each asking for parts is counted. */
struct other_room {
    const char *versions[2], *texts[2];
    size_t count;
    atomic_int read;
};

static void list_other(void *room, struct arena *a, struct content_search_item **out,
                       size_t *count) {
    static const char *const ids[] = {"first-lab", "second-lab"};
    const struct other_room *o = room;
    *count = o->count;
    *out = NEW_ARRAY(a, struct content_search_item, o->count + 1);
    for (size_t i = 0; i < o->count; i++)
        (*out)[i] = (struct content_search_item){.file = arena_printf(a, "labs/%s.md", ids[i]),
                                                 .version = o->versions[i],
                                                 .kind = "lab",
                                                 .id = ids[i],
                                                 .title = "Merging records",
                                                 .summary = "A numbat in short.",
                                                 .lang = "en",
                                                 .own = o->texts[i]};
}

static void read_other(void *room, struct arena *a, struct content_search_item *offer) {
    struct other_room *o = room;
    struct doc d;
    struct diag_list diags;
    diag_init(&diags, a);
    atomic_fetch_add(&o->read, 1);
    assert_int_equal(doc_parse(&d, offer->file, offer->own, strlen(offer->own), a, &diags), OK);
    content_parts(a, cmark_node_first_child(d.body), NULL, true, &offer->parts, &offer->part_count);
}

static enum err outdate(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)arg, (void)now_ms;
    return db_run(db, SQL_content_indexed_put, "ttt", "content/p/modules/a.md", "1", "0/old");
}

static void add_other(struct content *c, struct other_room *room) {
    content_add_search_source(
        c, &(struct content_search_source){"labs/", room, list_other, read_other});
}

static void test_other_rooms(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    struct other_room room = {
        {"1", "1"},
        {"---\nid: x\n---\nTidewell sells gauges.\n\n## Your tasks\n\n- [ ] Merge wombats.\n",
         "---\nid: y\n---\nNothing else.\n"},
        1,
        0};
    add_other(c, &room);
    assert_true(content_wait_stored(c, 20000));
    struct search_results out = find(st, "tidewell gauges");
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0].kind, "lab");
    assert_string_equal(out.items[0].title, "Merging records");
    assert_non_null(strstr(out.items[0].excerpt, "<mark>Tidewell</mark>"));
    assert_true(finds(st, "merging records", "first-lab", ""));
    assert_true(finds(st, "numbat", "first-lab", ""));
    /* Its task lists are tasks, no practice questions. */
    assert_true(finds(st, "wombats", "first-lab", "your-tasks"));
    /* Changed, come, gone; and what belongs to content/ stays meanwhile. */
    room.versions[0] = "2";
    room.texts[0] = "---\nid: x\n---\nDrumlin sells gauges.\n";
    room.count = 2;
    assert_true(content_wait_stored(c, 20000));
    assert_int_equal(find(st, "tidewell").count, 0);
    assert_true(finds(st, "drumlin", "first-lab", ""));
    assert_true(finds(st, "nothing else", "second-lab", ""));
    assert_true(finds(st, "alpha", "a", ""));
    room.count = 1;
    drop_file("content/p/modules/b.md");
    assert_true(content_wait_stored(c, 20000));
    assert_int_equal(find(st, "nothing else").count, 0);
    assert_true(finds(st, "drumlin", "first-lab", ""));
    /* What has not changed is not read again, nor after a restart. */
    assert_int_equal(atomic_load(&room.read), 3);
    content_close(c);
    c = open_content(st);
    assert_true(content_wait_stored(c, 20000));
    assert_true(finds(st, "drumlin", "first-lab", ""));
    add_other(c, &room);
    assert_true(content_wait_stored(c, 20000));
    assert_int_equal(atomic_load(&room.read), 3);
    /* An index that other rules made is built anew, theirs too. */
    content_close(c);
    assert_int_equal(store_write(st, outdate, NULL, &arena), OK);
    c = open_content(st);
    add_other(c, &room);
    assert_true(content_wait_stored(c, 20000));
    assert_int_equal(atomic_load(&room.read), 4);
    assert_true(finds(st, "drumlin", "first-lab", ""));
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* A restart finds the index as it was. */
static void test_index_stays(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct store *st = open_store();
        struct content *c = open_content(st);
        assert_true(content_wait_stored(c, 20000));
        assert_int_equal(find(st, "alpha").count, 1);
        content_close(c);
        assert_true(store_close(st, 5000));
    }
}

/* ---- Ten thousand modules
 * --------------------------------------------------------------------------------------- */

static const char *const vocabulary[] = {
    "campaign", "record", "field",    "segment", "score",  "consent", "report", "team",
    "data",     "system", "customer", "process", "change", "owner",   "query",  "journey",
    "form",     "event",  "sync",     "rule",    "lead",   "market",  "value",  "test"};

static const char *sentence(unsigned *seed, int words) {
    struct buf b;
    buf_init(&b, &arena);
    for (int i = 0; i < words; i++) {
        *seed = *seed * 1103515245u + 12345u;
        unsigned pick = *seed >> 16;
        if (pick % 7 == 0) buf_printf(&b, "%sw%u", i ? " " : "", pick % 5000);
        else buf_printf(&b, "%s%s", i ? " " : "", vocabulary[pick % COUNT_OF(vocabulary)]);
    }
    return buf_text(&b);
}

static void put_many(int count) {
    unsigned seed = 1;
    for (int i = 0; i < count; i++) {
        struct buf b;
        buf_init(&b, &arena);
        for (int s = 0; s < 6; s++)
            buf_printf(&b, "\n## %s\n\n%s.\n\n%s.\n", sentence(&seed, 4), sentence(&seed, 60),
                       sentence(&seed, 60));
        put_file(arena_printf(&arena, "content/p/modules/m-%d.md", i), "%s",
                 module_text(arena_printf(&arena, "m-%d", i), sentence(&seed, 3), buf_text(&b)));
    }
}

/* A sanitized build proves other things than size; how long a search takes is for `make bench`
 * (search.query). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define MODULES 300
#else
#define MODULES 10000
#endif

static int64_t thread_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b) {
    return *(const int64_t *)a < *(const int64_t *)b ? -1
                                                     : *(const int64_t *)a > *(const int64_t *)b;
}

static void test_ten_thousand(void **state) {
    (void)state;
    arena_release(&arena);
    arena_init(&arena, (size_t)2048 * 1024 * 1024);
    put_many(MODULES);
    struct store *st = open_store();
    int64_t begin = clock_monotonic_ms();
    struct content *c = open_content(st);
    int64_t loaded = clock_monotonic_ms();
    assert_true(content_wait_stored(c, 300000));
    print_message("%d modules: read in %lld ms, stored and indexed in %lld ms\n", MODULES,
                  (long long)(loaded - begin), (long long)(clock_monotonic_ms() - loaded));
    static const char *const queries[] = {"campaign",
                                          "data qual",
                                          "consent report",
                                          "w17",
                                          "w4999 lead",
                                          "customer process change owner",
                                          "d",
                                          "ตลาด",
                                          "nothingatall",
                                          "record field segment score con"};
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        int64_t times[9];
        struct search_results found = {0};
        for (size_t t = 0; t < COUNT_OF(times); t++) {
            int64_t start = thread_us();
            found = find_page(st, queries[i], t % 2 ? 1 : 1000);
            times[t] = thread_us() - start;
        }
        qsort(times, COUNT_OF(times), sizeof *times, by_value);
        print_message("search “%s”: %lld us, %zu results%s\n", queries[i],
                      (long long)times[COUNT_OF(times) / 2], found.total,
                      found.cut ? " and more" : "");
    }
    /* One change among ten thousand is seen at once. */
    put_file("content/p/modules/m-77.md", "%s", module_text("m-77", "Quokka", "Text.\n"));
    begin = clock_monotonic_us();
    const struct content_snapshot *s = content_hold(c);
    print_message("a change among them: seen in %lld us\n",
                  (long long)(clock_monotonic_us() - begin));
    assert_string_equal(content_module(s, "m-77")->title, "Quokka");
    content_release(s);
    assert_true(content_wait_stored(c, 60000));
    assert_int_equal(find(st, "quokka").count, 1);
    content_close(c);
    assert_true(store_close(st, 5000));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_thai_search),    CASE(test_finding),
                                       CASE(test_pages),          CASE(test_spelling),
                                       CASE(test_title_first),    CASE(test_own_courses),
                                       CASE(test_names_of_terms), CASE(test_other_rooms),
                                       CASE(test_index_stays),    CASE(test_ten_thousand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
