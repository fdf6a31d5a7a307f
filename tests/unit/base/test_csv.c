/* Tables as spreadsheets and other systems write them. */
#include "unit/check.h"

#include "base/csv.h"
#include "base/err.h"
#include "base/text.h"

#define ROWS 16

/* All rows of a text, with its separator found out. */
static size_t rows_of(struct arena *a, const char *text, struct csv_row *rows) {
    struct csv c;
    size_t n = 0;
    csv_begin_any(&c, a, text, strlen(text));
    while (n < ROWS && csv_next(&c, &rows[n])) n++;
    return n;
}

static void test_rows(void **state) {
    struct csv_row rows[ROWS];
    assert_int_equal(rows_of(*state,
                             "login,name\r\nana,\"Ruiz, \"\"Ana\"\"\"\n\nbob,\"two\nlines\"\n"
                             " ,\t,\nlast,x\ry,",
                             rows),
                     7);
    static const struct {
        int line;
        size_t count;
        const char *last;
    } want[ROWS] = {{1, 2, "name"}, {2, 2, "Ruiz, \"Ana\""},
                    {3, 1, ""},     {4, 2, "two\nlines"},
                    {6, 3, ""},     {7, 2, "x"},
                    {8, 2, ""}};
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(rows[i].fault, CSV_FINE);
        assert_int_equal(rows[i].line, want[i].line);
        assert_int_equal(rows[i].count, want[i].count);
        assert_string_equal(rows[i].cells[want[i].count - 1], want[i].last);
        assert_int_equal(csv_row_empty(&rows[i]), i == 2 || i == 4);
    }
    assert_int_equal(rows_of(*state, "", rows), 0);
    assert_int_equal(rows_of(*state, "a \"b\" c\n", rows), 1);
    assert_string_equal(rows[0].cells[0], "a \"b\" c");
    assert_int_equal(rows_of(*state, "\"\"\n", rows), 1);
    assert_true(csv_row_empty(&rows[0]));
}

static void test_places(void **state) {
    struct csv_row rows[ROWS];
    assert_int_equal(rows_of(*state, "a,b,c\n\xc3\xa9,\"x\ny\",z\n1,2,3\n", rows), 3);
    static const struct csv_place want[3][3] = {
        {{1, 1}, {1, 3}, {1, 5}},
        {{2, 1}, {2, 3}, {3, 4}}, /* in characters, of the line on which it stands */
        {{4, 1}, {4, 3}, {4, 5}},
    };
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(rows[i].places[k].line, want[i][k].line);
            assert_int_equal(rows[i].places[k].column, want[i][k].column);
        }
}

static void test_separators(void **state) {
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
    struct csv_row rows[ROWS];
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        assert_true(rows_of(*state, tables[i].text, rows) > 0);
        assert_string_equal(rows[0].cells[1], tables[i].second);
        assert_int_equal(rows[0].line, tables[i].line);
    }
    assert_int_equal(rows_of(*state, "sep=;", rows), 0);
    /* One that the caller says. */
    struct csv c;
    csv_begin(&c, *state, "sep=;\na;b", 9, ',');
    assert_true(csv_next(&c, &rows[0]));
    assert_string_equal(rows[0].cells[0], "sep=;");
    assert_true(csv_next(&c, &rows[0]));
    assert_string_equal(rows[0].cells[0], "a;b");
    assert_false(csv_next(&c, &rows[0]));
}

static void test_encodings(void **state) {
    static const struct {
        const char *bytes;
        size_t len;
        const char *text; /* NULL: refused */
        enum csv_fault fault;
    } files[] = {
        {"\xEF\xBB\xBF"
         "a",
         4, "a", CSV_FINE},
        {"\xFF\xFE"
         "a\0\x3D\xD8\x00\xDE",
         8, "a\U0001F600", CSV_FINE},
        {"\xFE\xFF\0a\x0E\x01", 6, "a\u0E01", CSV_FINE},
        {"\xFF\xFE"
         "a\0\x3D\xD8",
         6, "a\xED\xA0\xBD", CSV_FINE}, /* half a pair, for the row to name */
        {"\xFF\xFE"
         "a\0b",
         5, "a\uFFFE", CSV_FINE}, /* cut within a character */
        {"caf\xE9", 4, "caf\xE9", CSV_FINE},
        {"", 0, "", CSV_FINE},
        {"PK\x03\x04rest", 8, NULL, CSV_WORKBOOK},
        {"a\0b", 3, NULL, CSV_NOT_TEXT},
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        size_t len;
        enum csv_fault fault;
        const char *text = csv_text(*state, files[i].bytes, files[i].len, &len, &fault);
        assert_int_equal(fault, files[i].fault);
        if (!files[i].text) assert_null(text);
        else {
            assert_string_equal(text, files[i].text);
            assert_int_equal(len, strlen(text));
        }
    }
}

/* What is no row takes one line with it, not the rest of the file, and is told with its place. */
static void test_faults(void **state) {
    static const struct {
        enum csv_fault fault;
        struct csv_place at;
    } want[] = {
        {CSV_QUOTE_INSIDE, {3, 4}}, {CSV_FINE, {0}},
        {CSV_QUOTE_INSIDE, {3, 6}}, {CSV_FINE, {0}},
        {CSV_BYTES, {5, 3}},        {CSV_QUOTE_OPEN, {6, 3}},
    };
    struct csv_row rows[ROWS];
    assert_int_equal(
        rows_of(*state, "a,\"open\nb,fine\r\nc,\"x\"y\nd,\"fine, too\"\ne,\xFF\nf,\"open", rows),
        COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(rows[i].line, i + 1);
        assert_int_equal(rows[i].fault, want[i].fault);
        if (!want[i].fault) continue;
        assert_int_equal(rows[i].at.line, want[i].at.line);
        assert_int_equal(rows[i].at.column, want[i].at.column);
        assert_false(csv_row_empty(&rows[i]));
    }
    assert_string_equal(rows[3].cells[1], "fine, too");
    assert_string_equal(rows[4].broken, "\xFF");
}

static void test_cells_limit(void **state) {
    struct csv_row rows[ROWS];
    char text[CSV_CELLS + 3];
    for (int more = 0; more <= 1; more++) {
        int separators = CSV_CELLS - 1 + more;
        memset(text, ',', (size_t)separators);
        strcpy(text + separators, "\n");
        assert_int_equal(rows_of(*state, text, rows), 1);
        assert_int_equal(rows[0].fault, more ? CSV_WIDE : CSV_FINE);
        if (more) assert_int_equal(rows[0].at.column, CSV_CELLS + 1);
        else assert_int_equal(rows[0].count, CSV_CELLS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rows),      TEST(test_places), TEST(test_separators),
        TEST(test_encodings), TEST(test_faults), TEST(test_cells_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
