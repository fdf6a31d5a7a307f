/* What one job of the search's index does, and how many headings a page may have. */
#include "unit/content/fixture.h"

#include <string.h>

#include "base/text.h"
#include "content/content_index_job.h"
#include "content/content_sql.h"

static struct search_results find(struct store *st, const char *query) {
    struct search_results out;
    assert_int_equal(
        content_search(store_reader(st), &arena, content_words(), query, NULL, 1, &out), OK);
    return out;
}

static bool finds(struct store *st, const char *query, const char *anchor) {
    struct search_results out = find(st, query);
    return out.count > 0 && str_eq(out.items[0].anchor, anchor);
}

/* RULE headings: a thousand are a page, one more hides it, at its place. */
static void test_headings(void **state) {
    (void)state;
    for (int count = CONTENT_HEADINGS_MAX; count <= CONTENT_HEADINGS_MAX + 1; count++) {
        struct buf body;
        buf_init(&body, &arena);
        for (int i = 1; i < count; i++) buf_printf(&body, "## H %d\n", i);
        buf_puts(&body, "> # Last\n");
        const char *text = module_text("c", "Many", buf_text(&body));
        struct diag_list l;
        struct doc d;
        diag_init(&l, &arena);
        assert_int_equal(doc_parse(&d, "c.md", text, strlen(text), &arena, &l), OK);
        bool shown = content_read_module(&d, "en", &arena, &l, NULL) != NULL;
        assert_int_equal(shown, count <= CONTENT_HEADINGS_MAX);
        if (shown) continue;
        assert_string_equal(l.last->rule, "headings");
        assert_true(l.last->hides);
        assert_int_equal(l.last->line, 14 + CONTENT_HEADINGS_MAX + 1); /* fields have 14 */
        assert_int_equal(l.last->column, 3);
    }
}

static size_t sections_of(struct store *st, const char *file) {
    size_t n = 0;
    struct db *db = store_reader(st);
    struct stmt *q = db_query(db, SQL_content_sections_of_file, "ti", file, (int64_t)100000);
    while (stmt_row(q)) n++;
    assert_int_equal(stmt_end(q), OK);
    return n;
}

#define SLICED "content/p/modules/sliced.md"

/* Runs the index's jobs, of which each may add or drop so many sections; how many they were. */
static size_t run_slices(struct store *st, struct index_job *j, size_t most) {
    size_t jobs = 0, before = sections_of(st, SLICED), after;
    for (; j->begins.change < j->count; before = after, jobs++) {
        assert_int_equal(store_write(st, index_run, j, &arena), OK);
        after = sections_of(st, SLICED);
        assert_true((after > before ? after - before : before - after) <= most);
        j->begins = j->ends;
    }
    return jobs;
}

/* RULE index-slices: one job does so much work and no more, in adding and in taking out; a job that
 * was taken back is done again; a file that was interrupted is begun anew and found once. */
static void test_slices(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content_part parts[2 * INDEX_UNITS + 1];
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        parts[i] = (struct content_part){arena_printf(&arena, "h-%zu", i), "Wombat", "Text."};
    parts[2 * INDEX_UNITS].heading = "Kookaburra";
    struct search_entry entry = {"module", "sliced", "Quokka", "en", parts, COUNT_OF(parts)};
    struct index_change change = {SLICED, "1", &entry};
    struct index_job j = {.words = content_words(), .changes = &change, .count = 1};
    /* The first job pays one unit for looking what is there from before. */
    assert_int_equal(store_write(st, index_run, &j, &arena), OK);
    assert_int_equal(sections_of(st, SLICED), INDEX_UNITS - 1);
    assert_false(finds(st, "kookaburra", "h-400"));
    /* Interrupted here, it is begun anew: nothing is there twice. */
    j.ends = (struct index_place){0};
    assert_int_equal(run_slices(st, &j, INDEX_UNITS), 4);
    assert_int_equal(sections_of(st, SLICED), COUNT_OF(parts));
    assert_true(finds(st, "kookaburra", "h-400"));
    assert_true(finds(st, "quokka", "h-0"));
    assert_true(finds(st, "quoka", "h-0")); /* with a letter missing */
    /* A long text is a job of its own. */
    char *text = arena_alloc(&arena, INDEX_UNITS * INDEX_UNIT_BYTES + 1);
    memset(text, ' ', INDEX_UNITS * INDEX_UNIT_BYTES);
    text[INDEX_UNITS * INDEX_UNIT_BYTES] = '\0';
    parts[0].text = text;
    change.version = "2";
    j = (struct index_job){.words = content_words(), .changes = &change, .count = 1};
    assert_int_equal(run_slices(st, &j, INDEX_UNITS), 6);
    /* Taken out, its words and its title are known no more. */
    change = (struct index_change){SLICED, NULL, NULL};
    j = (struct index_job){.words = content_words(), .changes = &change, .count = 1};
    assert_int_equal(run_slices(st, &j, INDEX_UNITS), 3);
    assert_int_equal(sections_of(st, SLICED), 0);
    assert_int_equal(find(st, "quokka").count, 0);
    assert_int_equal(find(st, "quoka").count, 0);
    assert_true(store_close(st, 5000));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_headings), CASE(test_slices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
