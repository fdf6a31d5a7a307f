/* The register as a file for spreadsheets: no name is a formula, wherever a spreadsheet splits. */
#include "unit/check.h"

#include "base/buf.h"
#include "cert/cert_private.h"

static const struct {
    const char *text, *cell;
} cells[] = {
    {"Ada Lovelace", "\"Ada Lovelace\""},
    {"", "\"\""},
    {"a \"b\" c", "\"a \"\"b\"\" c\""},
    {"=1+1", "\"'=1+1\""},
    {"-1", "\"'-1\""},
    {"@A1", "\"'@A1\""},
    {"+1", "\"'+1\""},
    {"a=1 b-c", "\"a=1 b-c\""},
    {"a;=1+1", "\"a;'=1+1\""},
    {"a; =1+1", "\"a; '=1+1\""},
    {"a;\"=1+1", "\"a;\"\"'=1+1\""},
    {"a,@B;+1|-2\t=3", "\"a,'@B;'+1|'-2\t'=3\""},
    {" =1", "\" '=1\""},
    {"a\n=1", "\"a\n'=1\""},
};

static void test_cells(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 64 * 1024);
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        struct buf b;
        buf_init(&b, &a);
        cert_csv_field(&b, cells[i].text, "");
        assert_string_equal(buf_text(&b), cells[i].cell);
    }
    arena_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_cells)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
