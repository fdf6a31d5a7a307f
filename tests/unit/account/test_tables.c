/* People from tables, as spreadsheets and other systems write them. */
#include "unit/account/fixture.h"

#include <jansson.h>

#include "account/account_import.h"
#include "base/name.h"
#include "base/text.h"

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
    x = read_people("first name,name,login,email\nAna,Ruiz,ana,a@b.c\n");
    assert_string_equal(x.rows[0].name, "Ana Ruiz");
    x = read_people("email,login,name\na@b.c,ana,Ana\n");
    assert_int_equal(x.faulty, 0);
    x = read_people("last name,first name,name,login,email\nRuiz,Ana,Dr Ana Ruiz,ana,a@b.c\n");
    assert_string_equal(x.rows[0].name, "Dr Ana Ruiz");
    assert_string_equal(x.findings[0].found, "“last name”, “first name”");
    static const struct {
        const char *text, *key;
    } refused[] = {
        {"", "import_empty"},
        {"\n ,\n", "import_empty"},
        {"login,name,telephone\na,b,c\n", "import_columns"},
        {"loginz,name,email\na,b,c\n", "import_columns"},
        {"login\u0100,name,email\na,b,c\n", "import_columns"},
        {"login,first name,email\na,b,c\n", "import_columns"},
        {"login,name,email,E-mail\na,b,c,d\n", "import_column_twice"},
        {"login,name,email\n", "import_nobody"},
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        x = read_people(refused[i].text);
        assert_true(x.faulty == SIZE_MAX);
        assert_string_equal(x.findings[x.finding_count - 1].key, refused[i].key);
    }
    /* RULE import-lacks: what is there is not asked for again. */
    static const struct {
        const char *text, *lacks;
    } lacking[] = {
        {"login,name\n", "email"},
        {"name,email\n", "login"},
        {"login,last name\n", "name (or first name and last name), email"},
        {"Login,E-mail,roles\n", "name (or first name and last name)"},
    };
    for (size_t i = 0; i < COUNT_OF(lacking); i++) {
        x = read_people(lacking[i].text);
        assert_string_equal(x.findings[x.finding_count - 1].key, "import_columns");
        assert_string_equal(x.findings[x.finding_count - 1].expected, lacking[i].lacks);
    }
    /* Of a long heading the beginning is told, and no part of a character. */
    static const char *const ends[][2] = {{"y", "y"}, {"yz", "y"}, {"é", "é"}, {"éz", "é"}};
    char start[60];
    memset(start, 'x', 59);
    start[59] = '\0';
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        x = read_people(arena_printf(&arena, "login,name,email,%s%s\n", start, ends[i][0]));
        assert_string_equal(x.findings[0].key, "import_column_unused");
        assert_string_equal(x.findings[0].found, arena_printf(&arena, "“%s%s”", start, ends[i][1]));
    }
    /* Of two halves of a name one is none. */
    x = read_people("login,email,first name,last name\nana,a@b.c,Ana,Ruiz\nbo,b@b.c,Bo\n");
    assert_string_equal(x.rows[0].name, "Ana Ruiz");
    assert_null(x.rows[1].name);
    assert_int_equal(x.faulty, 1);
    x = read_people("login,name,email\nana,Ana,a@b.c\nbo,Bo,A@B.C\nANA,Ana,c@b.c\n");
    assert_int_equal(x.faulty, 2);
    assert_int_equal(x.findings[0].other_line, 2);
}

/* A faulty row is told by its line, with the words of this room; the others are taken. */
static void test_faults(void **state) {
    (void)state;
    struct import x = read_people("login,name,email\nana,\"Ana\"x,a@b.c\nbo,Bo,b@b.c\n\n"
                                  "cy,C\xFF,c@b.c\ndi,\"open");
    static const struct {
        int line;
        const char *key, *found;
    } want[] = {{2, "import_quote_inside", NULL},
                {5, "import_bytes", "byte FF"},
                {6, "import_quote_open", NULL}};
    assert_int_equal(x.finding_count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(x.findings[i].line, want[i].line);
        assert_string_equal(x.findings[i].key, want[i].key);
        if (!want[i].found) assert_null(x.findings[i].found);
        else assert_string_equal(x.findings[i].found, want[i].found);
    }
    assert_string_equal(x.rows[1].login, "bo");
    char wide[CSV_CELLS]; /* a cell more than a row may have */
    memset(wide, ',', sizeof wide);
    const struct {
        const char *bytes;
        size_t len;
        const char *key;
    } files[] = {{"PK\x03\x04rest", 8, "import_workbook"},
                 {"a\0b", 3, "import_not_text"},
                 {"login,\"name", 11, "import_quote_open"},
                 {wide, CSV_CELLS, "import_wide"}};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        x = (struct import){.arena = &arena};
        import_read(&x, files[i].bytes, files[i].len, 100);
        assert_true(x.faulty == SIZE_MAX);
        assert_string_equal(x.findings[0].key, files[i].key);
    }
}

/* Headings and empty rows do not count. */
static void test_row_limit(void **state) {
    (void)state;
    static const char text[] = "login,name,email\nana,Ana,a@b.c\n\nbo,Bo,b@b.c\n";
    for (size_t limit = 1; limit <= 2; limit++) {
        struct import x = {.arena = &arena};
        import_read(&x, text, sizeof text - 1, limit);
        assert_int_equal(x.faulty, limit == 1 ? SIZE_MAX : 0);
        if (limit == 1) assert_string_equal(x.findings[0].key, "import_rows");
    }
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

static void test_problems(void **state) {
    (void)state;
    static const struct account_problem hidden = {"account_problem_name_hidden", 0xFFFE},
                                        email = {"account_problem_email", 0};
    assert_string_equal(account_problem_english(&arena, &hidden),
                        "The name holds a character that cannot be printed (U+FFFE). Type the name "
                        "again, without copying it.");
    assert_string_equal(account_problem_english(&arena, &email), "The email address is not valid.");
    assert_string_equal(account_english(&arena, "import_role", NULL, NULL, 0),
                        "“” is no role. The roles are learner, instructor, assessor, admin.");
    assert_string_equal(account_english(&arena, "unheard", NULL, NULL, 0), "unheard");
    assert_string_equal(account_english(&arena, "{found}", "x", NULL, 0), "x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),         cmocka_unit_test(test_row_limit),
        cmocka_unit_test(test_import_columns), cmocka_unit_test(test_words),
        cmocka_unit_test(test_problems),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
