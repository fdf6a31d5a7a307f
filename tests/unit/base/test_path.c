/* The parts of paths, and whether something has the name. */
#include "unit/check.h"

#include <unistd.h>

#include "base/path.h"

static void test_parts(void **state) {
    static const struct {
        const char *path, *folder, *name;
    } cases[] = {
        {"/var/lib/a.db", "/var/lib", "a.db"},
        {"/a.db", "/", "a.db"},
        {"a.db", ".", "a.db"},
        {"data/a.db", "data", "a.db"},
        {"./a.db", ".", "a.db"},
        {"../é/ü", "../é", "ü"},
        {"folder/", "folder", ""},
        {"/", "/", ""},
        {"", ".", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[32];
        assert_string_equal(path_folder(*state, cases[i].path), cases[i].folder);
        assert_true(path_folder_into(cases[i].path, out, sizeof out));
        assert_string_equal(out, cases[i].folder);
        assert_string_equal(path_name(cases[i].path), cases[i].name);
    }
}

static void test_folder_needs_its_room(void **state) {
    (void)state;
    char out[5];
    assert_true(path_folder_into("/abc/d", out, sizeof out));
    assert_string_equal(out, "/abc");
    assert_false(path_folder_into("/abcd/e", out, sizeof out));
    assert_false(path_folder_into("e", out, 1));
}

static void test_exists(void **state) {
    (void)state;
    char folder[] = "/tmp/gradus-path-XXXXXX", link[64];
    assert_non_null(mkdtemp(folder));
    snprintf(link, sizeof link, "%s/link", folder);
    assert_true(path_exists(folder));
    assert_false(path_exists(link));
    assert_int_equal(symlink("nowhere", link), 0);
    assert_true(path_exists(link));
    unlink(link);
    rmdir(folder);
    assert_false(path_exists(folder));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_parts),
        TEST(test_folder_needs_its_room),
        TEST(test_exists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
