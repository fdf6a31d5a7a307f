/* People from tables, as spreadsheets and other systems write them. */
#include "unit/check.h"

#include <jansson.h>
#include <string.h>

#include "account/account_import.h"
#include "base/codec.h"
#include "base/name.h"
#include "base/text.h"

static struct arena arena;

static void test_csv(void **state) {
    (void)state;
    static const char text[] =
        "login,name\r\nana,\"Ruiz, \"\"Ana\"\"\"\n\nbob,\"two\nlines\"\n,,\nlast,x";
    struct csv_row *rows;
    size_t count;
    assert_int_equal(csv_parse(&arena, text, sizeof text - 1, 10, &rows, &count), OK);
    assert_int_equal(count, 4);
    assert_string_equal(rows[0].cells[0], "login");
    assert_string_equal(rows[1].cells[1], "Ruiz, \"Ana\"");
    assert_int_equal(rows[2].line, 4);
    assert_string_equal(rows[2].cells[1], "two\nlines");
    assert_int_equal(rows[3].line, 7);
    for (size_t i = 0; i < count; i++) assert_null(rows[i].problem);
}

static void test_csv_separators(void **state) {
    (void)state;
    static const struct {
        const char *text, *second;
        int line;
    } tables[] = {
        {"a,b;c\n1,2", "b;c", 1},
        {"a;b\n1;2", "b", 1},
        {"a\tb, c\tz\n1\t2", "b, c", 1},
        {"a|b\n", "b", 1},
        {"\"a,a,a\";b\n", "b", 1},
        {"sep=;\r\na;b,c,d\r\n", "b,c,d", 2},
        {"\"sep=|\"\na|b;c;d\n", "b;c;d", 2},
        {"SEP=\t\na\tb,c,d\n", "b,c,d", 2},
        {"sep=,x\na,b\n", "x", 1}, /* a heading like any other */
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct csv_row *rows;
        size_t count;
        assert_int_equal(
            csv_parse(&arena, tables[i].text, strlen(tables[i].text), 10, &rows, &count), OK);
        assert_string_equal(rows[0].cells[1], tables[i].second);
        assert_int_equal(rows[0].line, tables[i].line);
    }
}

static void test_csv_encodings(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *text; /* NULL: refused */
    } files[] = {
        {"\xEF\xBB\xBF"
         "a",
         4, "a"},
        {"\xFF\xFE"
         "a\0\x3D\xD8\x00\xDE",
         8, "a\U0001F600"},
        {"\xFE\xFF\0a\x0E\x01", 6, "a\u0E01"},
        {"\xFF\xFE"
         "a\0\x3D\xD8",
         6, "a\xED\xA0\xBD"}, /* half a pair, for the row to name */
        {"PK\x03\x04rest", 8, NULL},
        {"a\0b", 3, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        size_t len;
        const char *problem, *text = csv_text(&arena, files[i].bytes, files[i].len, &len, &problem);
        if (!files[i].text) assert_true(!text && problem);
        else assert_string_equal(text, files[i].text);
    }
}

/* What is no row takes one line with it, not the rest of the file. */
static void test_csv_broken(void **state) {
    (void)state;
    static const char text[] = "a,\"open\nb,fine\r\nc,\"x\"y\nd,\"fine, too\"\ne,\xFF\nf,\"open";
    static const char *const says[] = {"import_quote_inside", NULL,
                                       "import_quote_inside", NULL,
                                       "import_bytes",        "import_quote_open"};
    struct csv_row *rows;
    size_t count;
    assert_int_equal(csv_parse(&arena, text, sizeof text - 1, 10, &rows, &count), OK);
    assert_int_equal(count, COUNT_OF(says));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].line, i + 1);
        if (!says[i]) assert_null(rows[i].problem);
        else assert_string_equal(rows[i].problem, says[i]);
    }
    assert_string_equal(rows[3].cells[1], "fine, too");
    char *wide = arena_alloc(&arena, 65);
    memset(wide, ',', 64);
    wide[64] = '\n';
    assert_int_equal(csv_parse(&arena, wide, 65, 10, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].problem, "import_wide");
    assert_int_equal(csv_parse(&arena, "a\nb\nc\n", 6, 3, &rows, &count), OK);
    assert_int_equal(csv_parse(&arena, "a\nb\nc\n", 6, 2, &rows, &count), ERR_LIMIT);
}

static struct import read_people(const char *text) {
    struct import x = {.arena = &arena};
    import_read(&x, text, strlen(text), 100);
    return x;
}

static void test_import_columns(void **state) {
    (void)state;
    struct import x = read_people("First Name;Surname;E-Mail Address;User-Name;Department;;\n"
                                  "Ana;Ruiz;Ana@Example.org;ANA;Sales;;\n");
    assert_int_equal(x.faulty, 0);
    assert_int_equal(x.count, 1);
    assert_string_equal(x.rows[0].login, "ana");
    assert_string_equal(x.rows[0].name, "Ana Ruiz");
    assert_string_equal(x.rows[0].email, "Ana@Example.org");
    assert_int_equal(x.rows[0].roles, 0);
    assert_int_equal(x.finding_count, 1);
    assert_true(x.findings[0].warning);
    assert_string_equal(x.findings[0].found, "“Department”");
    x = read_people(
        "Vorname,Given name,Name,LOGIN,mail,Roles\n-,Ana,Ruiz,ana,a@b.c,\"Learner; ASSESSOR\"\n");
    assert_string_equal(x.rows[0].name, "Ana Ruiz");
    assert_int_equal(x.rows[0].roles, ROLE_LEARNER | ROLE_ASSESSOR);
    x = read_people("full name,first name,last name,login,email\nDr Ana Ruiz,Ana,Ruiz,ana,a@b.c\n");
    assert_string_equal(x.rows[0].name, "Dr Ana Ruiz");
    assert_string_equal(x.findings[0].found, "“first name”, “last name”");
    static const struct {
        const char *text, *key;
    } refused[] = {
        {"", "import_empty"},
        {"\n ,\n", "import_empty"},
        {"login,name,telephone\na,b,c\n", "import_columns"},
        {"login,first name,email\na,b,c\n", "import_columns"},
        {"login,name,email,E-mail\na,b,c,d\n", "import_column_twice"},
        {"login,name,email\n", "import_nobody"},
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        x = read_people(refused[i].text);
        assert_true(x.faulty == SIZE_MAX);
        assert_string_equal(x.findings[x.finding_count - 1].key, refused[i].key);
    }
    x = read_people("login,name,email\nana,Ana,a@b.c\nbo,Bo,A@B.C\nANA,Ana,c@b.c\n");
    assert_int_equal(x.faulty, 2);
    assert_int_equal(x.findings[0].other_line, 2);
}

/* The command line and the pages say the same. */
static void test_words(void **state) {
    (void)state;
    static const char *const files[] = {"site/locale/en/import.json",
                                        "site/locale/en/account.json"};
    int compared = 0;
    for (size_t f = 0; f < COUNT_OF(files); f++) {
        json_t *texts = json_load_file(files[f], 0, NULL), *text;
        const char *key;
        assert_non_null(texts);
        json_object_foreach (texts, key, text) {
            const char *said = account_english(&arena, key, "{found}", "{expected}", 7);
            if (str_eq(said, key) || strstr(json_string_value(text), "plural")) continue;
            const char *line = strstr(said, " 7 ");
            if (line)
                said = arena_printf(&arena, "%.*s {line} %s", (int)(line - said), said, line + 3);
            if (strstr(json_string_value(text), "{login_min}")) continue;
            assert_string_equal(said, json_string_value(text));
            compared++;
        }
        json_decref(texts);
    }
    assert_true(compared >= 20);
}

static int setup(void **state) {
    (void)state;
    codec_start();
    arena_init(&arena, 64 * 1024 * 1024);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_broken),
        cmocka_unit_test(test_csv_separators),
        cmocka_unit_test(test_csv_encodings),
        cmocka_unit_test(test_import_columns),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
