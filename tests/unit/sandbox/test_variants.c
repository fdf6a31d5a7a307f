/* What a run begins with: times as authors write them, and data that differ by seed. */
#include "unit/lab/lab_fixture.h"

#define FOLDER "scenarios/field-mapping-dedupe/"

/* The shipped scenario with a time in its seeds, and with scores that are chosen. */
static struct worker begin(struct arena *a, uint64_t seed) {
    static const char more[] =
        "<seed object=\"map.sync_run\" file=\"runs.csv\"/>"
        "<distort object=\"map.lead\" field=\"score\" kind=\"choose\" permille=\"500\">"
        "<value>7777</value></distort>";
    const struct lab_scenario *s = fixture_scenario(a);
    struct lab_files *files = NEW(a, struct lab_files);
    struct buf pack;
    struct worker w;
    const char *why;
    *files = s->files;
    files->file[files->count++] = (struct lab_file){
        FOLDER "runs.csv", "key,started,status\nr1,2026-03-01T08:00:00Z,completed\n", 0};
    for (int i = 0; i < files->count; i++) {
        struct lab_file *f = &files->file[i];
        if (!str_eq(f->name, FOLDER "stack.xml")) continue;
        const char *at = strstr(f->text, "<lookup");
        f->text = arena_printf(a, "%.*s%s%s", (int)(at - f->text), f->text, more, at);
        f->len = strlen(f->text);
    }
    files->file[files->count - 1].len = strlen(files->file[files->count - 1].text);
    buf_init(&pack, a);
    lab_pack_write(files, &pack);
    if (client_start(&w, fixture_zygote(), buf_text(&pack), pack.len, CHOICE, seed, NULL, 0, a,
                     &why))
        fail_msg("%s", why);
    return w;
}

/* RULE lab-variant: about half of the rows, the same with one seed, others with another. */
static void test_rows_differ_by_seed(void **state) {
    static const char rows[] = "SELECT group_concat(e, ' ') FROM (SELECT tidy(email) AS e FROM "
                               "map_lead WHERE score = 7777 ORDER BY 1)";
    struct worker one = begin(*state, 1), again = begin(*state, 1), two = begin(*state, 2);
    const char *first = fixture_cell(*state, &one, rows);
    assert_string_equal(first, fixture_cell(*state, &again, rows));
    assert_string_not_equal(first, fixture_cell(*state, &two, rows));
    int64_t count = 0, all = 0;
    assert_true(
        parse_i64(fixture_cell(*state, &one, "SELECT count(*) FROM map_lead WHERE score = 7777"), 0,
                  1000, &count));
    assert_true(
        parse_i64(fixture_cell(*state, &one, "SELECT count(*) FROM map_lead"), 0, 1000, &all));
    assert_true(count > all * 35 / 100 && count < all * 65 / 100);
    worker_end(&one);
    worker_end(&again);
    worker_end(&two);
}

static void test_times_of_seeds(void **state) {
    struct worker w = begin(*state, 1);
    assert_string_equal(fixture_cell(*state, &w, "SELECT started FROM map_sync_run"),
                        "1772352000000");
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_rows_differ_by_seed), TEST(test_times_of_seeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
