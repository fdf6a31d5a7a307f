/* Seals of rows: what they hold, and what no longer fits. */
#include "unit/store/fixture.h"

#include <sodium.h>
#include <sys/stat.h>

#include "base/text.h"
#include "store/seal.h"

static struct db *open_db(struct store **s) {
    *s = fixture_open();
    return store_reader(*s);
}

static const char *key_path(void) {
    return arena_printf(&fixture_arena, "%s/seal.key", fixture_folder);
}

/* RULE row-seal: whatever of table and facts is otherwise, the seal does not hold. */
static void a_seal_is_of_all_facts(void **state) {
    (void)state;
    struct store *s;
    struct db *db = open_db(&s);
    const char *seal = seal_make(db, &fixture_arena, "note", "titt", "ab", (int64_t)-7,
                                 (const char *)NULL, "c");
    assert_int_equal(strlen(seal), 64);
#define HOLDS(table, one, two, three, four)                                                        \
    seal_holds(db, seal, table, "titt", one, (int64_t)(two), (const char *)(three), four)
    assert_true(HOLDS("note", "ab", -7, NULL, "c"));
    assert_false(HOLDS("notes", "ab", -7, NULL, "c"));
    assert_false(HOLDS("note", "abc", -7, NULL, "c"));
    assert_false(HOLDS("note", "ab", -8, NULL, "c"));
    assert_false(HOLDS("note", "ab", -7, "", "c"));
    assert_false(HOLDS("note", "ab", -7, "-", "c"));
    assert_false(HOLDS("note", "ab", -7, NULL, ""));
    assert_false(seal_holds(db, NULL, "note", "titt", "ab", (int64_t)-7, (const char *)NULL, "c"));
    assert_false(seal_holds(db, "", "note", "titt", "ab", (int64_t)-7, (const char *)NULL, "c"));
    /* Facts are framed by their lengths: none borrows from the next. */
    assert_false(HOLDS("note", "a", -7, NULL, "bc"));
    seal = seal_make(db, &fixture_arena, "note", "tt", "a", "bc");
    assert_true(seal_holds(db, seal, "note", "tt", "a", "bc"));
    assert_false(seal_holds(db, seal, "note", "tt", "ab", "c"));
    assert_false(seal_holds(db, seal, "note", "tt", "a,2:bc", ""));
    assert_false(seal_holds(db, seal, "note", "t", "abc"));
    assert_true(store_close(s, 1000));
}

/* The bytes that are sealed, by hand. */
static void the_format_stays(void **state) {
    (void)state;
    unsigned char key[SEAL_KEY_BYTES], mac[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof mac + 1];
    struct store *s;
    struct db *db = open_db(&s);
    FILE *f = fopen(key_path(), "rb");
    assert_non_null(f);
    assert_int_equal(fread(key, 1, sizeof key, f), sizeof key);
    assert_int_equal(fgetc(f), EOF);
    fclose(f);
    static const char text[] = "12:gradus-row/1,4:note,2:ab,2:-7,-,0:,";
    crypto_auth_hmacsha256(mac, (const unsigned char *)text, sizeof text - 1, key);
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    assert_string_equal(
        seal_make(db, &fixture_arena, "note", "titt", "ab", (int64_t)-7, (const char *)NULL, ""),
        hex);
    assert_true(store_close(s, 1000));
}

/* A key lives as long as its file; another one knows nothing of what was sealed. */
static void another_key_knows_nothing(void **state) {
    (void)state;
    struct store *s;
    struct db *db = open_db(&s);
    const char *seal = seal_make(db, &fixture_arena, "note", "t", "a"),
               *name = arena_dup(&fixture_arena, seal_fingerprint(db));
    assert_int_equal(strlen(name), SEAL_FINGERPRINT_CHARS);
    assert_true(store_close(s, 1000));
    db = open_db(&s);
    assert_true(seal_holds(db, seal, "note", "t", "a"));
    assert_string_equal(seal_fingerprint(db), name);
    seal_begin(db, 7);
    assert_true(seal_begun(db) == 7);
    assert_true(store_close(s, 1000));
    assert_int_equal(remove(key_path()), 0);
    db = open_db(&s);
    assert_false(seal_holds(db, seal, "note", "t", "a"));
    assert_string_not_equal(seal_fingerprint(db), name);
    assert_true(seal_begun(db) == 0);
    assert_true(store_close(s, 1000));
}

/* RULE seal-once: that a key was used stands in its file, and changes no seal. */
static void a_used_key_says_so(void **state) {
    (void)state;
    struct store *s;
    struct db *db = open_db(&s);
    const char *seal = seal_make(db, &fixture_arena, "note", "t", "a");
    assert_false(seal_key_used(db));
    assert_true(store_close(s, 1000));
    db = open_db(&s);
    assert_false(seal_key_used(db));
    for (int i = 0; i < 2; i++) { /* the second time there is nothing to do */
        assert_true(store_seal_key_use(s));
        assert_true(seal_key_used(db));
    }
    assert_true(store_close(s, 1000));
    struct stat file;
    assert_int_equal(stat(key_path(), &file), 0);
    assert_int_equal(file.st_size, SEAL_KEY_BYTES + 1);
    assert_int_equal(file.st_mode & 0777, 0600);
    db = open_db(&s);
    assert_true(seal_key_used(db));
    assert_true(seal_holds(db, seal, "note", "t", "a"));
    assert_true(store_close(s, 1000));
    /* Another byte, or one more, is no key. */
    static const char *const tails[] = {"++", "-"};
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        struct store_options options = {.path = fixture_db};
        const char *why = NULL;
        assert_int_equal(truncate(key_path(), SEAL_KEY_BYTES), 0);
        FILE *f = fopen(key_path(), "ab");
        assert_non_null(f);
        fputs(tails[i], f);
        fclose(f);
        assert_int_equal(store_open(&s, &options, &fixture_arena, &why), ERR_IO);
        assert_non_null(strstr(why, "seal.key, cannot be read or written"));
    }
}

/* Who only reads makes no key, and believes no seal without one. */
static void readers_make_no_key(void **state) {
    (void)state;
    struct store *s;
    const char *why = NULL;
    struct db *db = open_db(&s);
    const char *seal = seal_make(db, &fixture_arena, "note", "t", "a");
    assert_true(store_close(s, 1000));
    struct store_options reading = {.path = fixture_db, .read_only = true};
    assert_int_equal(store_open(&s, &reading, &fixture_arena, &why), OK);
    assert_true(seal_holds(store_reader(s), seal, "note", "t", "a"));
    assert_true(store_close(s, 1000));
    assert_int_equal(remove(key_path()), 0);
    assert_int_equal(store_open(&s, &reading, &fixture_arena, &why), OK);
    db = store_reader(s);
    assert_null(seal_fingerprint(db));
    assert_null(seal_make(db, &fixture_arena, "note", "t", "a"));
    assert_false(seal_holds(db, seal, "note", "t", "a"));
    assert_true(store_close(s, 1000));
    assert_int_not_equal(access(key_path(), F_OK), 0);
}

/* A file that is no key is told, and not replaced. */
static void a_file_that_is_no_key(void **state) {
    (void)state;
    struct store *s;
    const char *why = NULL;
    FILE *f = fopen(key_path(), "wb");
    assert_non_null(f);
    fputs("short", f);
    fclose(f);
    struct store_options options = {.path = fixture_db};
    assert_int_equal(store_open(&s, &options, &fixture_arena, &why), ERR_IO);
    assert_non_null(strstr(why, "seal.key, cannot be read or written"));
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        fixture_test(a_seal_is_of_all_facts),    fixture_test(the_format_stays),
        fixture_test(another_key_knows_nothing), fixture_test(readers_make_no_key),
        fixture_test(a_used_key_says_so),        fixture_test(a_file_that_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
