/* Words by which people are found: how they are cut, and what a search over many of them reads and
 * returns. */
#include "unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

#include "account/account_private.h"
#include "base/log.h"
#include "base/text.h"
#include "store/find.h"

static struct arena arena;
static struct store *store;
static char folder[64];

/* ---- Words
 * --------------------------------------------------------------------------------------- */
static void words_of(const char *text, const char *expected) {
    const char *const texts[] = {text, NULL};
    const char *const *words;
    size_t count;
    struct buf b;
    assert_int_equal(find_words(&arena, texts, 2, &words, &count), OK);
    buf_init(&b, &arena);
    for (size_t i = 0; i < count; i++) buf_printf(&b, "%s%s", i ? "|" : "", words[i]);
    assert_string_equal(buf_text(&b), expected);
}

static void words_are_folded_and_cut(void **state) {
    (void)state;
    words_of("Ada  Lovelace", "ada|lovelace");
    words_of("Ana-Luz O'Brien", "ana-luz|luz|o'brien|brien");
    words_of("ada.l@x.example", "ada.l@x.example|l@x.example|x.example|example");
    words_of("GR-2026-7K3Q", "gr-2026-7k3q|2026-7k3q|7k3q");
    words_of("Élise E\u0301lise STRASSE Straße", "elise|strasse");
    words_of("ada Ada", "ada");
    words_of("1 x yz y", "1|x|yz|y");   /* to the last letter */
    words_of("สมชาย ใจดี", "สมชาย|ใจด"); /* marks above are no letters of their own */
    words_of("中文", "中文");
    words_of(" . - ", "");
    words_of("", "");
    char longest[FIND_WORD_BYTES + 11];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    char cut[FIND_WORD_BYTES + 1];
    memset(cut, 'a', sizeof cut);
    cut[sizeof cut - 1] = '\0';
    words_of(longest, cut);
    /* Never in the middle of a character, of which as many are kept as fit: FIND_WORD_BYTES is 120.
     */
    static const struct {
        const char *first, *many; /* once, and seventy times */
        size_t bytes;
    } wide[] = {{"", "ĳ", 120}, {"", "あ", 120}, {"a", "あ", 118}, {"", "𐐨", 120}, {"a", "𐐨", 117}};
    for (size_t i = 0; i < COUNT_OF(wide); i++) {
        struct buf b;
        buf_init(&b, &arena);
        buf_puts(&b, wide[i].first);
        for (int k = 0; k < 70; k++) buf_puts(&b, wide[i].many);
        const char *const texts[] = {buf_text(&b)};
        const char *const *words;
        size_t count;
        assert_int_equal(find_words(&arena, texts, 1, &words, &count), OK);
        assert_int_equal(strlen(words[0]), wide[i].bytes);
        assert_memory_equal(words[0], buf_text(&b), wide[i].bytes);
    }
}

/* ---- Rows
 * ---------------------------------------------------------------------------------------- */
static enum err add_people(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const int *range = arg;
    enum err e = OK;
    for (int i = range[0]; e == OK && i < range[1]; i++) {
        const char *id, *login = arena_printf(a, "person-%04d", i);
        const char *name = i == 7 ? "Zoe Common Rarest" : arena_printf(a, "Common%d Commoner", i);
        e = account_add(db, a, now_ms, "system", login, name,
                        arena_printf(a, "%s@x.example", login), ROLE_LEARNER, NULL, &id);
    }
    return e;
}

/* All pages; how many there were. Each person must come once. */
static int all_pages(const char *match, size_t limit, size_t *found) {
    struct people people = {0};
    int pages = 0;
    const char **seen = NEW_ARRAY(&arena, const char *, 4000);
    *found = 0;
    do {
        struct db *db = store_reader(store);
        store_read_begin(db);
        assert_int_equal(account_list(db, &arena, match, people.next, limit, &people), OK);
        store_read_end(db);
        assert_true(people.count <= limit);
        for (size_t i = 0; i < people.count; i++) {
            for (size_t k = 0; k < *found; k++) assert_string_not_equal(seen[k], people.list[i].id);
            seen[(*found)++] = people.list[i].id;
        }
        pages++;
        assert_true(pages < 100);
    } while (people.next);
    return pages;
}

static size_t found(const char *match) {
    size_t count;
    all_pages(match, 50, &count);
    return count;
}

static void people_are_found(void **state) {
    (void)state;
    int range[] = {0, 150};
    assert_int_equal(store_write(store, add_people, range, &arena), OK);
    size_t count;
    /* By name: 150 of 50 are three pages, not a fourth empty one. */
    assert_int_equal(all_pages(NULL, 50, &count), 3);
    assert_int_equal(count, 150);
    assert_int_equal(all_pages(NULL, 149, &count), 2);
    assert_int_equal(all_pages(NULL, 150, &count), 1);
    /* Two words of a person begin so, and still each person comes once. */
    assert_int_equal(found("COMM"), 150);
    assert_int_equal(found("common"), 150);
    assert_int_equal(found("commoner"), 149);
    assert_int_equal(found("commonest"), 0);
    assert_int_equal(found("x.example"), 150);
    assert_int_equal(found("example"), 150); /* the last word of all that they are found by */
    /* RULE find-all: both words, in any order; one of them alone is not enough. */
    assert_int_equal(found("common rar"), 1);
    assert_int_equal(found("rar common"), 1);
    assert_int_equal(found("rar commoner"), 0);
    assert_int_equal(found("person-0007"), 1);
    assert_int_equal(found("Person-0007@X.example"), 1);
    assert_int_equal(found("@x.ex"), 150);
    assert_int_equal(found("ommon"), 0); /* the beginning of a word, not its middle */
    assert_int_equal(found("%"), 0);
    assert_int_equal(found(" "), 0);
    assert_int_equal(found("  person-0007 \t . "), 1);
    assert_int_equal(found("c o m . - e"),
                     0); /* each piece begins a word, or there is no such person */
    /* Six words count; further ones are passed over. */
    assert_int_equal(found("zoe common rarest person example x.ex"), 1);
    assert_int_equal(found("zoe common rarest person example nobody"), 0);
    assert_int_equal(found("zoe common rarest person example x.ex nobody"), 1);
    assert_int_equal(found("\xf4\x8f\xbf\xbf"), 0);
}

static void a_search_reads_a_bounded_number(void **state) {
    (void)state;
    int range[] = {0, FIND_WORK + 250};
    assert_int_equal(store_write(store, add_people, range, &arena), OK);
    /* Many begin with either, one holds both: what is read at a time has an end, and the next page
     * goes on from there. */
    struct people people;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(account_list(db, &arena, "common zo", NULL, 50, &people), OK);
    assert_int_equal(people.count, 1); /* the rarer word is the one that is gone through */
    assert_int_equal(account_list(db, &arena, "common example person rarest0", NULL, 50, &people),
                     OK);
    assert_true(people.count == 0 && !people.next);
    assert_int_equal(account_list(db, &arena, "common x.example person", NULL, 3000, &people), OK);
    assert_int_equal(people.count, FIND_WORK);
    assert_non_null(people.next);
    store_read_end(db);
    size_t count;
    /* Each of them has two words that begin so; three pages read all of those, one gives each
     * person. */
    assert_int_equal(all_pages("common x.example person", 3000, &count), 3);
    assert_int_equal(count, FIND_WORK + 250);
    /* What a browser brings back may be anything. */
    static const char *const odd[] = {"", " ", "zzz zzz", "a", "common ", "common0 \xff", "  x"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        store_read_begin(db);
        assert_int_equal(account_list(db, &arena, "common", odd[i], 5, &people), OK);
        assert_int_equal(account_list(db, &arena, NULL, odd[i], 5, &people), OK);
        store_read_end(db);
    }
}

static enum err rename_first(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct person p;
    (void)arg;
    enum err e = account_find_login(db, a, "person-0000", &p);
    return e == OK ? account_set_fields(db, a, now_ms, "system", &p, "Ánh Nguyễn", "new@y.example")
                   : e;
}

static void a_new_name_is_found_and_the_old_one_is_not(void **state) {
    (void)state;
    int range[] = {0, 3};
    assert_int_equal(store_write(store, add_people, range, &arena), OK);
    assert_int_equal(found("common"), 3);
    assert_int_equal(store_write(store, rename_first, NULL, &arena), OK);
    assert_int_equal(found("common"), 2);
    assert_int_equal(found("nguyen anh"), 1);
    assert_int_equal(found("y.example"), 1);
    assert_int_equal(found("person-0000"), 1); /* the login stayed */
    assert_int_equal(found("person-0000@x"), 0);
}

static void change(const char *text) {
    sqlite3 *sql;
    char *problem = NULL;
    assert_int_equal(sqlite3_open(arena_printf(&arena, "%s/f.db", folder), &sql), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    if (sqlite3_exec(sql, text, NULL, NULL, &problem)) fail_msg("%s: %s", text, problem);
    sqlite3_close(sql);
}

/* What a migration could not index is indexed afterwards, all of it, and once. */
static void rows_without_words_are_filled(void **state) {
    (void)state;
    int range[] = {0, 610}; /* more than two jobs take */
    assert_int_equal(store_write(store, add_people, range, &arena), OK);
    change("DELETE FROM person_word; INSERT INTO person_unfound SELECT id FROM person");
    assert_int_equal(found("common"), 0);
    assert_int_equal(find_fill(store, &account_word_index), OK);
    assert_int_equal(found("common"), 610);
    assert_int_equal(found("person-0609"), 1);
    assert_int_equal(found("x.example"), 610);
    change("DELETE FROM person_word");
    assert_int_equal(find_fill(store, &account_word_index), OK); /* nothing is left to do */
    assert_int_equal(found("common"), 0);
    change("INSERT INTO person_unfound SELECT id FROM person LIMIT 300");
    assert_int_equal(find_fill(store, &account_word_index), OK);
    assert_int_equal(found("common"), 300);
}

/* ---- Around them
 * ----------------------------------------------------------------------------------- */
static int setup(void **state) {
    (void)state;
    const char *why;
    log_threshold((enum log_level)(LOG_ERROR + 1));
    arena_init(&arena, (size_t)256 * 1024 * 1024);
    strcpy(folder, "/tmp/gradus-find-XXXXXX");
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(&arena, "%s/f.db", folder);
    return store_open(&store, &(struct store_options){.path = path}, &arena, &why) == OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", ".audit-head"};
    bool closed = store_close(store, 1000);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        unlink(arena_printf(&arena, "%s/f.db%s", folder, suffixes[i]));
    rmdir(folder);
    arena_release(&arena);
    return closed ? 0 : -1;
}

int main(void) {
#define FIND(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {FIND(words_are_folded_and_cut), FIND(people_are_found),
                                       FIND(a_search_reads_a_bounded_number),
                                       FIND(a_new_name_is_found_and_the_old_one_is_not),
                                       FIND(rows_without_words_are_filled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
