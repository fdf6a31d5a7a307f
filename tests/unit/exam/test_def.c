/* Definitions of exams: what a whole one says, and each thing that may be wrong with one, at its
 * edge, with its place and its sentence. */
#include "unit/exam/sample.h"

static struct arena arena;
static struct diag_list diags;

static int fresh(void **state) {
    (void)state;
    arena_release(&arena);
    arena_init(&arena, 64 * 1024 * 1024);
    return 0;
}

static struct exam_def *parse(const char *text) {
    struct exam_def *def = NEW(&arena, struct exam_def);
    struct doc *d = NEW(&arena, struct doc);
    diag_init(&diags, &arena);
    assert_int_equal(doc_parse(d, "exams/p/small.md", text, strlen(text), &arena, &diags), OK);
    exam_def_parse(def, d, &arena, &diags);
    return def;
}

static const char *problems(void) {
    struct buf b;
    buf_init(&b, &arena);
    for (const struct diag *d = diags.first; d; d = d->next)
        buf_printf(&b, "%s%d:%d: %s [%s]", b.len ? "\n" : "", d->line, d->column, d->message,
                   d->rule);
    return buf_text(&b);
}

/* Its front matter, in the lines 2 to 9. */
static const char *const fields[] = {"id: small",
                                     "title: Small",
                                     "summary: A small exam.",
                                     "programme: p",
                                     "level: associate",
                                     "banks: [small]",
                                     "minutes: 10",
                                     "cut: {method: fixed-percentage, percent: 70}"};

/* With one of the fields said otherwise ("" = not at all), or with one more. */
static struct exam_def *with(const char *field, const char *rows) {
    struct buf b;
    size_t name = strcspn(field, ":") + 1;
    bool said = false;
    buf_init(&b, &arena);
    buf_puts(&b, "---\n");
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        bool same = strncmp(fields[i], field, name) == 0;
        said |= same;
        if (!same) buf_printf(&b, "%s\n", fields[i]);
        else if (field[name]) buf_printf(&b, "%s\n", field);
    }
    if (!said) buf_printf(&b, "%s\n", field);
    buf_printf(&b, "---\nBefore.\n\n## Blueprint\n\n%s\nAfter.\n", rows);
    return parse(buf_text(&b));
}

#define HEAD "| domain | remember | apply |\n|---|---|---|\n"
#define ROWS HEAD "| data | 1 | 2 |\n| people | 0 | 4 |\n"

static void test_whole(void **state) {
    (void)state;
    const struct exam_def *def = parse(
        "---\nid: small\ntitle: Small\nsummary: A small exam.\nprogramme: p\nlevel: associate\n"
        "kind: practice\nreview: full\nbanks: [small, large]\nminutes: 1440\npilot_items: 50\n"
        "cut:\n  method: fixed-percentage\n  percent: 1\n  floors: {data: 100, people: 50}\n"
        "retake: {wait_days: 3650, attempts_per_year: 365, after_pass_months: 1200}\n"
        "opens: 2027-01-15T09:00:00Z\ncloses: 2027-01-15T09:00:01Z\nessential: [keys, no]\n"
        "lang: de\n---\nBefore *it*.\n\n## Blueprint\n\n"
        "| domain | understand | analyse | remember | apply |\n|---|---|---|---|---|\n"
        "| data | 1 | 0 | 3 | 4 |\n| people | 0 | 5 | 0 | 0 |\n\n## Rules\n\nAfter.\n");
    assert_string_equal(problems(), "");
    assert_string_equal(def->id, "small");
    assert_string_equal(def->title, "Small");
    assert_string_equal(def->summary, "A small exam.");
    assert_string_equal(def->programme, "p");
    assert_string_equal(def->level, "associate");
    assert_string_equal(def->lang, "de");
    assert_string_equal(def->file, "exams/p/small.md");
    assert_true(def->practice && def->review_full);
    assert_int_equal(def->bank_count, 2);
    assert_string_equal(def->banks[0], "small");
    assert_string_equal(def->banks[1], "large");
    assert_int_equal(def->minutes, 1440);
    assert_int_equal(def->pilot_items, 50);
    assert_int_equal(def->cut_permille, 10);
    assert_int_equal(def->floor_count, 2);
    assert_string_equal(def->floors[0].domain, "data");
    assert_int_equal(def->floors[0].permille, 1000);
    assert_string_equal(def->floors[1].domain, "people");
    assert_int_equal(def->floors[1].permille, 500);
    assert_int_equal(def->wait_days, 3650);
    assert_int_equal(def->attempts_per_year, 365);
    assert_int_equal(def->after_pass_months, 1200);
    assert_true(def->closes_ms == def->opens_ms + 1000);
    assert_int_equal(def->essential_count, 2);
    assert_string_equal(def->essential[1], "no");
    assert_int_equal(def->domain_count, 2);
    assert_string_equal(def->domains[0], "data");
    assert_string_equal(def->domains[1], "people");
    static const struct exam_cell cells[] = {
        {"data", 1, 1}, {"data", 0, 3}, {"data", 2, 4}, {"people", 3, 5}};
    assert_int_equal(def->cell_count, COUNT_OF(cells));
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        assert_string_equal(def->cells[i].domain, cells[i].domain);
        assert_int_equal(def->cells[i].level, cells[i].level);
        assert_int_equal(def->cells[i].count, cells[i].count);
    }
    assert_int_equal(def->scored_items, 13);
    assert_int_equal(def->blueprint_line, 26);
    assert_string_equal(def->intro, "<p>Before <em>it</em>.</p>\n");
    assert_non_null(strstr(def->rules, "Rules"));
    assert_non_null(strstr(def->rules, "<p>After.</p>"));
    assert_null(strstr(def->rules, "<table"));
    def = with("kind: live", ROWS);
    assert_string_equal(problems(), "");
    assert_false(def->practice || def->review_full);
    assert_int_equal(def->pilot_items + def->wait_days + def->attempts_per_year, 0);
    assert_true(def->opens_ms == 0 && def->closes_ms == 0);
    (void)with("review: domains", ROWS);
    assert_string_equal(problems(), "");
}

struct wrong {
    const char *field, *problems;
};

/* The edge of each number, on both sides, and each field that is no such thing. */
static void test_fields(void **state) {
    (void)state;
    static const struct wrong cases[] = {
        {"minutes: 1", ""},
        {"minutes: 0", "8:10: “minutes” must be a whole number from 1 to 1440 [field-type]"},
        {"minutes: 1441", "8:10: “minutes” must be a whole number from 1 to 1440 [field-type]"},
        {"minutes:", "2:1: the field “minutes” is missing [missing-field]"},
        {"pilot_items: 0", ""},
        {"pilot_items: 51",
         "10:14: “pilot_items” must be a whole number from 0 to 50 [field-type]"},
        {"pilot_items: -1",
         "10:14: “pilot_items” must be a whole number from 0 to 50 [field-type]"},
        {"cut:", "2:1: “cut” must say method and percent [missing-field]"},
        {"cut: 70", "9:6: “cut” must say method and percent [missing-field]"},
        {"cut: {method: fixed-percentage, percent: 100}", ""},
        {"cut: {method: fixed-percentage, percent: 101}",
         "9:42: “percent” must be a whole number from 1 to 100 [field-type]"},
        {"cut: {method: fixed-percentage, percent: 0}",
         "9:42: “percent” must be a whole number from 1 to 100 [field-type]"},
        {"cut: {method: fixed-percentage}", "9:6: the field “percent” is missing [missing-field]"},
        {"cut: {percent: 70}", "9:6: the field “method” is missing [missing-field]"},
        {"cut: {method: angoff, percent: 70}",
         "9:15: the method of the cut score must be fixed-percentage [field-type]"},
        {"cut: {method: fixed-percentage, percent: 70, more: 1}",
         "9:46: there is no field “more” here [unknown-field]"},
        {"cut: {method: fixed-percentage, percent: 70, floors: {data: 1, people: 100}}", ""},
        {"cut: {method: fixed-percentage, percent: 70, floors: {data: 0, people: 101}}",
         "9:61: “data” must be a whole number from 1 to 100 [field-type]\n9:72: “people” must be a whole number from 1 to 100 [field-type]"},
        {"cut: {method: fixed-percentage, percent: 70, floors: 50}",
         "9:54: “floors” must name domains with a percentage, for instance “{privacy: 50}” [field-type]"},
        {"cut: {method: fixed-percentage, percent: 70, floors: {}}",
         "9:54: “floors” must name domains with a percentage, for instance “{privacy: 50}” [field-type]"},
        {"cut: {method: fixed-percentage, percent: 70, floors: {data: 50, moon: 50}}",
         "9:71: the domain “moon” has a floor, and the blueprint asks for no items of it [blueprint]"},
        {"retake: {}", ""},
        {"retake: 7", "10:9: “retake” must be fields of the form “name: value” [field-type]"},
        {"retake: {wait_days: 0, attempts_per_year: 1, after_pass_months: 1}", ""},
        {"retake: {wait_days: 3651}",
         "10:21: “wait_days” must be a whole number from 0 to 3650 [field-type]"},
        {"retake: {wait_days: -1}",
         "10:21: “wait_days” must be a whole number from 0 to 3650 [field-type]"},
        {"retake: {attempts_per_year: 0}",
         "10:29: “attempts_per_year” must be a whole number from 1 to 365 [field-type]"},
        {"retake: {attempts_per_year: 366}",
         "10:29: “attempts_per_year” must be a whole number from 1 to 365 [field-type]"},
        {"retake: {after_pass_months: 0}",
         "10:29: “after_pass_months” must be a whole number from 1 to 1200 [field-type]"},
        {"retake: {after_pass_months: 1201}",
         "10:29: “after_pass_months” must be a whole number from 1 to 1200 [field-type]"},
        {"retake: {more: 1}", "10:10: there is no field “more” here [unknown-field]"},
        {"opens: tomorrow",
         "10:8: “opens” must be a time with zone, for instance 2027-01-15T09:00:00Z [field-type]"},
        {"closes: [1]",
         "10:9: “closes” must be a time with zone, for instance 2027-01-15T09:00:00Z [field-type]"},
        {"kind: exam", "10:7: “kind” must be live or practice [field-type]"},
        {"kind: [live]", "10:7: “kind” must be live or practice [field-type]"},
        {"review: keys", "10:9: “review” must be domains or full [field-type]"},
        {"review: full",
         "10:9: only an exam of kind practice may show keys and rationales: items of a live exam are used again [review-policy]"},
        {"kind: exam\nreview: full", "10:7: “kind” must be live or practice [field-type]"},
        {"banks:", "2:1: “banks” must list the banks that the items come from [missing-field]"},
        {"banks: small",
         "7:8: “banks” must list the banks that the items come from [missing-field]"},
        {"banks: []", "7:8: “banks” must list the banks that the items come from [missing-field]"},
        {"banks: [small, Not an id, [a]]",
         "7:16: a bank must be named by its id [field-id]\n7:27: a bank must be named by its id [field-id]"},
        {"essential: keys", "10:12: “essential” must list objectives [field-type]"},
        {"essential: []", ""},
        {"essential: [keys, Not an id, [a]]",
         "10:19: an essential objective must be named by its id [field-id]\n10:30: an essential objective must be named by its id [field-id]"},
        {"essential: [keys, no, keys]",
         "10:23: this objective stands twice in “essential” [field-id]"},
        {"id:", "2:1: the field “id” is missing [missing-field]"},
        {"title:", "2:1: the field “title” is missing [missing-field]"},
        {"summary:", "2:1: the field “summary” is missing [missing-field]"},
        {"programme:", "2:1: the field “programme” is missing [missing-field]"},
        {"level:", "2:1: the field “level” is missing [missing-field]"},
        {"unheard: 1", "10:1: there is no field “unheard” here [unknown-field]"},
        {"opens: 2027-01-15T09:00:00Z\ncloses: 2027-01-15T09:00:00Z",
         "11:9: “closes” is not after “opens” [field-type]"},
        {"opens: 2027-01-15T09:00:00Z", ""},
        {"closes: 2027-01-15T09:00:00Z", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)with(cases[i].field, ROWS);
        assert_string_equal(problems(), cases[i].problems);
    }
}

static void test_blueprint(void **state) {
    (void)state;
    static const struct wrong cases[] = {
        {"Nothing.\n",
         "14:1: an exam has a section “Blueprint” that begins with a table: a row for each domain, a column for each level [blueprint]"},
        {"| domain |\n|---|\n| data |\n",
         "16:1: the blueprint has no columns for levels [blueprint]"},
        {"| domain | remember | think |\n|---|---|---|\n| data | 1 | 1 |\n",
         "16:22: a column of the blueprint is remember, understand, apply or analyse, not “think” [blueprint]"},
        {"| domain | apply | apply |\n|---|---|---|\n| data | 1 | 1 |\n",
         "16:19: the level “apply” has two columns [blueprint]"},
        {"| domain | apply | analyse | remember | understand | apply |\n|---|---|---|---|---|---|\n",
         "16:53: the level “apply” has two columns [blueprint]"},
        {HEAD, "16:1: the blueprint asks for no items [blueprint]"},
        {HEAD "| data | 0 | 0 |\n", "16:1: the blueprint asks for no items [blueprint]"},
        {HEAD "| Not an id | 1 | 1 |\n| data | 1 | 1 |\n",
         "18:1: a row of the blueprint begins with the id of a domain, not “Not an id” [blueprint]"},
        {HEAD "| data | 1 | 1 |\n| people | 1 | 1 |\n| data | 2 | 2 |\n",
         "20:1: the domain “data” has two rows [blueprint]"},
        {HEAD "| data | x | 1 |\n",
         "18:9: a cell of the blueprint is a number from 0 to 200 (data, remember) [blueprint]"},
        {HEAD "| data | 1 |\n",
         "18:1: a cell of the blueprint is a number from 0 to 200 (data, apply) [blueprint]"},
        {HEAD "| data | -1 | 1 |\n",
         "18:9: a cell of the blueprint is a number from 0 to 200 (data, remember) [blueprint]"},
        {HEAD "| data | 0 | 200 |\n", ""},
        {HEAD "| data | 1 | 201 |\n",
         "18:13: a cell of the blueprint is a number from 0 to 200 (data, apply) [blueprint]"},
        {HEAD "| data | 1 | 200 |\n",
         "16:1: a form of 201 items is more than the 200 that are possible [blueprint]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)with("kind: live", cases[i].field);
        assert_string_equal(problems(), cases[i].problems);
    }
    (void)with("pilot_items: 1", HEAD "| data | 0 | 199 |\n");
    assert_string_equal(problems(), "");
    (void)with("pilot_items: 2", HEAD "| data | 0 | 199 |\n");
    assert_string_equal(
        problems(), "16:1: a form of 201 items is more than the 200 that are possible [blueprint]");
    /* The section is found by its title; without it the whole text stands before it. */
    const struct exam_def *def = parse("---\nid: small\n---\nBefore.\n\n## Other\n\n" ROWS);
    assert_int_equal(def->blueprint_line, 1);
    assert_non_null(strstr(def->intro, "<table"));
    assert_string_equal(def->rules, "");
}

/* RULE live-bank: of a practice exam and one that counts, whichever banks they share. */
static void test_shared_bank(void **state) {
    (void)state;
    const struct exam_def *live = with("banks: [one, two]", ROWS),
                          *practice = with("banks: [three, two]\nkind: practice", ROWS),
                          *other = with("banks: [three]\nkind: practice", ROWS);
    assert_string_equal(exam_def_shared_bank(practice, live), "two");
    assert_null(exam_def_shared_bank(live, practice));
    assert_null(exam_def_shared_bank(live, live));
    assert_null(exam_def_shared_bank(practice, other));
    assert_null(exam_def_shared_bank(other, live));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_whole, fresh),
        cmocka_unit_test_setup(test_fields, fresh),
        cmocka_unit_test_setup(test_blueprint, fresh),
        cmocka_unit_test_setup(test_shared_bank, fresh),
    };
    arena_init(&arena, 64 * 1024 * 1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
