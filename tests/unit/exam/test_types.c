/* Choices, orders and numbers: what authors write, what candidates answer, and what it earns, at
 * its boundaries. */
#include "unit/exam/sample.h"

#include "base/json.h"
#include "unit/page/view_text.h"

static struct arena arena;
static struct diag_list diags;

static int fresh(void **state) {
    (void)state;
    arena_release(&arena);
    arena_init(&arena, 64 * 1024 * 1024);
    diag_init(&diags, &arena);
    return 0;
}

/* One item; `fields` of its block, and what stands behind its stem. */
static const struct exam_item *item_of(const char *fields, const char *body) {
    struct exam_bank *bank = NEW(&arena, struct exam_bank);
    struct doc *d = NEW(&arena, struct doc);
    const char *text = arena_printf(
        &arena, "%s## keys-1\n\n```item\nobjective: keys\nlevel: apply\n%s```\n\nWhat?\n\n%s",
        SAMPLE_BANK_HEAD, fields, body);
    diag_init(&diags, &arena);
    assert_int_equal(doc_parse(d, "exams/p/bank/small.md", text, strlen(text), &arena, &diags), OK);
    exam_bank_parse(bank, d, &arena, &diags);
    assert_int_equal(bank->item_count, 1);
    return &bank->items[0];
}

/* "line:column: sentence [rule]" of the first problem. */
static const char *problem(const char *fields, const char *body) {
    (void)item_of(fields, body);
    const struct diag *d = diags.first;
    return d ? arena_printf(&arena, "%d:%d: %s [%s]", d->line, d->column, d->message, d->rule) : "";
}

static const char *canonical_of(const struct exam_type *type, int options, const char *json) {
    const char *why = NULL, *list = arena_printf(&arena, "[%s]", json);
    const json_t *v = json_read(&arena, list, strlen(list), &why);
    if (!v) fail_msg("%s", json);
    why = NULL;
    const char *text = type->canonical(json_array_get(v, 0), options, &arena, &why);
    assert_true(!text == (why != NULL));
    return text ? text : why;
}

static int points_of(const struct exam_item *item, const unsigned char *order, const char *response,
                     int *max) {
    struct exam_slot slot = {.type = item->type,
                             .option_count = item->type->shuffled ? item->option_count : 0};
    const struct exam_ask ask = {.slot = &slot, .item = item, .response = response};
    for (int i = 0; i < slot.option_count; i++) slot.order[i] = order ? order[i] : (unsigned char)i;
    return item->type->points(&ask, max);
}

/* ---- Numeric items ------------------------------------------------------------------------- */

#define NUMERIC "type: numeric\n"

/* RULE number-tolerance: at the bound it is right, the smallest step beyond it is wrong. */
static void test_tolerance(void **state) {
    (void)state;
    const struct exam_item *item = item_of(
        NUMERIC, "- [x] 12.5 ± 0.5 km\n  > Right.\n- [ ] 125 km\n  > No.\n");
    sample_print(&diags);
    assert_int_equal(diags.errors + diags.warnings, 0);
    static const struct {
        const char *response;
        int points;
    } cases[] = {{"\"12\"", 1},
                 {"\"13\"", 1},
                 {"\"12.5\"", 1},
                 {"\"11.999999999999999999999999999999\"", 0},
                 {"\"13.000000000000000000000000000001\"", 0},
                 {"\"11.9\"", 0},
                 {"\"125\"", 0},
                 {"\"-12.5\"", 0},
                 {"[]", 0},
                 {"null", 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int max = 0;
        assert_int_equal(points_of(item, NULL, cases[i].response, &max), cases[i].points);
        assert_int_equal(max, 1);
    }
    /* Without a tolerance: the number itself, however it is written. */
    item = item_of(NUMERIC, "- [x] -0,3\n  > Right.\n");
    int max;
    assert_int_equal(points_of(item, NULL, "\"-0.3\"", &max), 1);
    assert_int_equal(points_of(item, NULL, "\"-0.300001\"", &max), 0);
    assert_int_equal(points_of(item, NULL, "\"0.3\"", &max), 0);
}

static void test_numeric_answers(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"\"12,50\"", "\"12.5\""},
                                           {"\"๑๒\"", "\"12\""},
                                           {"12", "\"12\""},
                                           {"null", EXAM_NO_ANSWER},
                                           {"\"\"", EXAM_NO_ANSWER},
                                           {"\"  \"", EXAM_NO_ANSWER},
                                           {"[]", EXAM_NO_ANSWER},
                                           {"12.5", "exam_number_shape"},
                                           {"[12]", "exam_number_shape"},
                                           {"{}", "exam_number_shape"},
                                           {"true", "exam_number_shape"},
                                           {"\"a\"", "exam_number_none"},
                                           {"\"1,234\"", "exam_number_two_ways"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(canonical_of(&exam_type_numeric, 0, cases[i][0]), cases[i][1]);
    char *essay = arena_alloc(&arena, 100003);
    memset(essay, '1', 100002);
    essay[0] = essay[100001] = '"';
    essay[100002] = '\0';
    assert_string_equal(canonical_of(&exam_type_numeric, 0, essay), "exam_number_long");
    /* 200 bytes are read, 201 are not. */
    const char *blanks = arena_printf(&arena, "\"%199s7\"", ""),
               *more = arena_printf(&arena, "\"%200s7\"", "");
    assert_string_equal(canonical_of(&exam_type_numeric, 0, blanks), "\"7\"");
    assert_string_equal(canonical_of(&exam_type_numeric, 0, more), "exam_number_long");
    assert_string_equal(exam_type_numeric.say("null", &arena), "");
    assert_string_equal(exam_type_numeric.say("\"-12.5\"", &arena), "-12.5");
    assert_string_equal(exam_type_numeric.say("[]", &arena), "");
}

/* Each fault of a numeric item at its place. */
static void test_numeric_faults(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"- [x] twelve\n  > R.\n",
         "17:1: keys-1: “twelve” does not begin with a number, for instance 12.5 ± 0.5 km [item-number]"},
        {"- [x] 1,234\n  > R.\n",
         "17:1: keys-1: “1,234” can be read as thousands or as a decimal: write 1234 or 1.234 [item-number]"},
        {"- [x] 12 ± km\n  > R.\n",
         "17:1: keys-1: behind “±” of “12 ± km” stands the tolerance, a number that can be read in one way [item-number]"},
        {"- [x] 12 ± -1\n  > R.\n",
         "17:1: keys-1: the tolerance of “12 ± -1” is below 0 [item-number]"},
        {"- [x] 0.1234567\n  > R.\n",
         "17:1: keys-1: “0.1234567” has more than 12 digits before or 6 digits behind its decimal sign [item-number]"},
        {"- [x] 12 km\n  > R.\n- [ ] 13 m\n  > W.\n",
         "19:1: the unit of keys-1 is “m” here and “km” before [item-number]"},
        {"- [x] 12 ± 1\n  > R.\n- [ ] 13\n  > W.\n",
         "19:1: answers 1 and 2 of keys-1 overlap: a number would be both [item-options]"},
        {"- [x] 12\n  > R.\n- [x] 13\n  > W.\n",
         "17:1: keys-1 has 2 keys: mark the one right number with [x] [item-key]"},
        {"- [ ] 12\n  > R.\n",
         "17:1: keys-1 has 0 keys: mark the one right number with [x] [item-key]"},
        {"Nothing.\n", "7:1: keys-1 has no options: a list with [ ] and [x] [item-options]"},
        {"- [x] 12\n",
         "17:1: this option of keys-1 has no rationale: put a quote under it that says why [item-rationale]"},
        {"- [x] 13\n  > R.\n- [ ] 12 ± 1\n  > W.\n",
         "19:1: answers 1 and 2 of keys-1 overlap: a number would be both [item-options]"},
        {"- [x] 12 of those pieces that was, 25\n  > R.\n",
         "17:1: keys-1: the unit “of those pieces that was, 25” is longer than 24 bytes [item-number]"},
        {"- [x] 12 of those pieces that were counted\n  > R.\n",
         "17:1: keys-1: the unit “of those pieces that were counted” is longer than 24 bytes [item-number]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(problem(NUMERIC, cases[i][0]), cases[i][1]);
    /* A unit of 24 bytes is none, nor a tolerance in any of its ways. */
    (void)item_of(NUMERIC, "- [x] 12 of those pieces that, 24\n  > R.\n");
    assert_int_equal(diags.errors, 0);
    (void)item_of(NUMERIC, "- [x] 12 +- 1\n  > R.\n- [ ] 10 +/- 0.5\n  > W.\n");
    assert_int_equal(diags.errors, 0);
    /* A number beside the range is no fault. */
    (void)item_of(NUMERIC,
                  "- [x] 12 ± 1\n  > R.\n- [ ] 13.000001\n  > W.\n- [ ] 10.999999\n  > W.\n");
    assert_int_equal(diags.errors, 0);
}

/* ---- Ordering items ------------------------------------------------------------------------ */

#define ORDER "type: ordering\n"
#define FOUR "1. First\n2. Second\n3. Third\n4. Fourth\n\n> As they come.\n"

/* RULE order-whole: all in their places, or nothing. */
static void test_order_whole(void **state) {
    (void)state;
    const struct exam_item *item = item_of(ORDER, FOUR);
    sample_print(&diags);
    assert_int_equal(diags.errors + diags.warnings, 0);
    assert_non_null(strstr(item->rationale, "As they come"));
    assert_string_equal(item->asked, "What?\n");
    const unsigned char order[] = {2, 0, 3, 1}; /* shown: third, first, fourth, second */
    int max;
    assert_int_equal(points_of(item, order, "[2,4,1,3]", &max), 1);
    assert_int_equal(max, 1);
    assert_int_equal(points_of(item, order, "[2,4,3,1]", &max), 0);
    assert_int_equal(points_of(item, order, "[1,2,3,4]", &max), 0);
    assert_int_equal(points_of(item, order, "[2,4,1,0]", &max), 0); /* the last is not placed */
    assert_int_equal(points_of(item, order, "[0,4,1,3]", &max), 0); /* nor the first */
    assert_int_equal(points_of(item, order, "[]", &max), 0);
}

/* RULE order-neighbours: a part for each that directly follows the one before it. */
static void test_order_neighbours(void **state) {
    (void)state;
    const struct exam_item *item = item_of(ORDER "scoring: neighbours\n", FOUR);
    static const struct {
        const char *response;
        int points;
    } cases[] = {{"[1,2,3,4]", 3}, {"[2,3,4,1]", 2}, {"[1,2,4,3]", 1}, {"[3,4,1,2]", 2},
                 {"[1,3,2,4]", 0}, {"[4,3,2,1]", 0}, {"[1,2,3,0]", 2}, {"[0,1,2,0]", 1},
                 {"[1,0,3,4]", 1}, {"[]", 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int max = 0;
        assert_int_equal(points_of(item, NULL, cases[i].response, &max), cases[i].points);
        assert_int_equal(max, 3);
    }
}

static void test_order_answers(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"[3,1,2]", "[3,1,2]"},
                                           {"[3,0,2]", "[3,0,2]"},
                                           {"[0,0,0]", EXAM_NO_ANSWER},
                                           {"[]", EXAM_NO_ANSWER},
                                           {"null", EXAM_NO_ANSWER},
                                           {"{\"places\":[2,3,1]}", "[3,1,2]"},
                                           {"{\"places\":[2,0,1]}", "[3,1,0]"},
                                           {"{\"places\":[0,0,0]}", EXAM_NO_ANSWER},
                                           {"{\"places\":[2,2,1]}", "exam_order_twice"},
                                           {"{\"places\":2}", "exam_order_shape"},
                                           {"[1,1,2]", "exam_order_twice"},
                                           {"[1,2]", "exam_order_shape"},
                                           {"[1,2,3,0]", "exam_order_shape"},
                                           {"[1,2,4]", "exam_response_no_option"},
                                           {"[1,2,-1]", "exam_response_no_option"},
                                           {"[1,2,\"3\"]", "exam_response_no_option"},
                                           {"2", "exam_order_shape"},
                                           {"\"abc\"", "exam_order_shape"},
                                           {"{}", "exam_order_shape"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(canonical_of(&exam_type_ordering, 3, cases[i][0]), cases[i][1]);
    static const char *const fields[] = {"2", "", "1"};
    const char *why = NULL;
    assert_string_equal(exam_type_ordering.canonical(
                            exam_type_ordering.from_form(fields, 3, &arena), 3, &arena, &why),
                        "[3,1,0]");
    assert_string_equal(exam_type_ordering.say("[3,0,2]", &arena), "C, –, B");
}

/* RULE answer-whole. */
static int surplus(const struct exam_item *item, const char *response) {
    struct exam_slot slot = {.type = item->type, .option_count = item->option_count};
    return item->type->surplus(
        &(struct exam_ask){.slot = &slot, .item = item, .response = response});
}

static void test_whole(void **state) {
    (void)state;
    const struct exam_item *two = item_of(
        "", "- [x] A\n  > R.\n- [ ] B\n  > R.\n- [x] C\n  > R.\n- [ ] D\n  > R.\n");
    assert_ptr_equal(two->type, &exam_type_multiple);
    assert_int_equal(surplus(two, "[2]"), -1);
    assert_int_equal(surplus(two, "[2,4]"), 0); /* so many as are asked for, right or wrong */
    assert_int_equal(surplus(two, "[1,2,3]"), 1);
    const struct exam_item *order = item_of("type: ordering\n", "1. A\n2. B\n3. C\n\n> R.\n");
    assert_true(surplus(order, "[3,0,1]") < 0);
    assert_true(surplus(order, "[0,3,1]") < 0);
    assert_true(surplus(order, "[3,1,0]") < 0);
    assert_int_equal(surplus(order, "[3,2,1]"), 0);
    assert_null(exam_type_single.surplus);
    assert_null(exam_type_numeric.surplus);
}

static void test_order_faults(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {ORDER, "1. A\n2. B\n\n> R.\n", "17:1: keys-1 needs at least three options [item-options]"},
        {ORDER, "1. A\n2. B\n3. a\n\n> R.\n",
         "19:1: options 1 and 3 of keys-1 are equal [item-options]"},
        {ORDER, "- A\n- B\n- C\n",
         "7:1: keys-1 has nothing to put in order: a list 1. 2. 3. in its right order [item-options]"},
        {ORDER, "1. [ ] A\n2. [x] B\n3. [ ] C\n\n> R.\n",
         "17:1: the entries of keys-1 are put in order: none of them is ticked [item-options]"},
        {ORDER, "1. A\n2. B\n3. C\n",
         "17:1: the order of keys-1 has no rationale: put a quote under the list that says why [item-rationale]"},
        {ORDER, "1. A\n2. B\n3. C\n\n> R.\n\nMore.\n",
         "23:1: this comes after the options of keys-1; a stem stands before them [item-tail]"},
        {ORDER "scoring: half\n", FOUR,
         "13:10: an order is scored as “whole” (all or nothing) or by “neighbours” [item-scoring]"},
        {NUMERIC "scoring: whole\n", "- [x] 1\n  > R.\n",
         "13:1: there is no field “scoring” here [unknown-field]"},
        {"type: order\n", "- [x] 1\n  > R.\n- [ ] 2\n  > W.\n",
         "12:7: there is no type “order”; use single, multiple, ordering or numeric [item-type]"},
        {"type: multiple\n", "- [x] 1\n  > R.\n- [ ] 2\n  > W.\n",
         "12:7: keys-1 is said to be multiple choice, and has 1 key [item-type]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(problem(cases[i][0], cases[i][1]), cases[i][2]);
    /* What is scored in no way that there is, is scored as a whole. */
    int max = 0;
    points_of(item_of(ORDER "scoring: half\n", FOUR), NULL, "[]", &max);
    assert_int_equal(max, 1);
    /* What comes after the list is its reasons only when it is a quote. */
    assert_null(item_of(ORDER, "1. A\n2. B\n3. C\n   > Last.\n\nMore.\n")->rationale);
    assert_false(sample_has(&diags, "item-rationale"));
    /* Reasons may stand with the entries, and a list of the stem is none to be ordered. */
    const struct exam_item *item = item_of(
        ORDER, "1. One\n2. Two\n\nSo?\n\n1. A\n   > First.\n2. B\n3. C\n");
    sample_print(&diags);
    assert_int_equal(diags.errors + diags.warnings, 0);
    assert_int_equal(item->option_count, 3);
    assert_non_null(strstr(item->stem, "Two"));
}

/* ---- What is shown ------------------------------------------------------------------------- */

/* What a page is told of a question (`key`: afterwards, with the key), to the letter. `order`: the
 * options as they are shown; `given`: what a form that was refused held. */
static const char *shown(const struct exam_item *item, const unsigned char *order,
                         const char *response, const char *const *given, size_t given_count,
                         bool key) {
    struct exam_slot slot = {.type = item->type,
                             .option_count = item->type->shuffled ? item->option_count : 0};
    const struct exam_ask ask = {.slot = &slot,
                                 .item = item,
                                 .response = response,
                                 .given = given,
                                 .given_count = given_count};
    struct view *v = view_new(&arena);
    for (int i = 0; i < slot.option_count; i++) slot.order[i] = order[i];
    (key ? item->type->view_key : item->type->view)(v, &ask, &arena);
    return view_said(v, &arena);
}

#define O(text) "<" text ">"          /* an option */
#define P(text) "<<p>" text "</p>\n>" /* reasons */

/* RULE option-order: the letters are those of the page, not of the author. */
static void test_choice_shown(void **state) {
    (void)state;
    static const unsigned char order[] = {2, 0, 1};
    const struct exam_item *one = item_of(
        "", "- [ ] A\n  > Not a.\n- [x] B\n  > So.\n- [ ] C\n  > Not c.\n");
    assert_string_equal(
        shown(one, order, "[3]", NULL, 0, false),
        "{options: [{value: 1, letter: \"A\", option: " O(
            "C") ", is_chosen: false}, "
                 "{value: 2, letter: \"B\", option: " O(
                     "A") ", is_chosen: false}, "
                          "{value: 3, letter: \"C\", option: " O(
                              "B") ", is_chosen: true}], "
                                   "is_multiple: false, choose: 1, chosen: 1, is_over: false, stem_says: false}");
    assert_string_equal(
        shown(one, order, "[1]", NULL, 0, true),
        "{options: [{option: " O("C") ", rationale: " P(
            "Not c.") ", is_key: false, is_chosen: true}, "
                      "{option: " O("A") ", rationale: " P(
                          "Not a.") ", is_key: false, is_chosen: false}, "
                                    "{option: " O("B") ", rationale: " P(
                                        "So.") ", is_key: true, is_chosen: false}]}");
    const struct exam_item *two = item_of(
        "", "Choose two.\n\n- [x] A\n  > R.\n- [ ] B\n  > R.\n- [x] C\n  > R.\n");
    assert_string_equal(
        shown(two, order, "[1]", NULL, 0, false),
        "{options: [{value: 1, letter: \"A\", option: " O(
            "C") ", is_chosen: true}, "
                 "{value: 2, letter: \"B\", option: " O(
                     "A") ", is_chosen: false}, "
                          "{value: 3, letter: \"C\", option: " O(
                              "B") ", is_chosen: false}], "
                                   "is_multiple: true, choose: 2, chosen: 1, is_over: false, stem_says: true}");
}

static void test_order_shown(void **state) {
    (void)state;
    static const unsigned char order[] = {2, 0, 1};
    static const char *const given[] = {"3", "x", "4"};
#define OPTION(value, letter, text, first, second, third)                                          \
    "{places: [{place: 1, here: " first "}, {place: 2, here: " second "}, {place: 3, here: " third \
    "}], value: " value ", letter: \"" letter "\", option: " O(text) "}"
    const struct exam_item *item = item_of(ORDER "scoring: neighbours\n",
                                           "1. A\n   > First.\n2. B\n3. C\n\n> So.\n");
    assert_string_equal(
        shown(item, order, "[2,1,0]", NULL, 0, false),
        "{options: [" OPTION("1", "A", "C", "false", "true", "false") ", " OPTION(
            "2", "B", "A", "true", "false",
            "false") ", " OPTION("3", "C", "B", "false", "false",
                                 "false") "], option_count: 3, by_neighbours: true}");
    /* What was refused stands where it was written; what is no place, nowhere. */
    assert_string_equal(
        shown(item, order, "[2,1,3]", given, 3, false),
        "{options: [" OPTION("1", "A", "C", "false", "false", "true") ", " OPTION(
            "2", "B", "A", "false", "false",
            "false") ", " OPTION("3", "C", "B", "false", "false",
                                 "false") "], option_count: 3, by_neighbours: true}");
    assert_string_equal(
        shown(item, order, "[2,1,3]", given, 1, false),
        "{options: [" OPTION("1", "A", "C", "false", "false", "true") ", " OPTION(
            "2", "B", "A", "true", "false",
            "false") ", " OPTION("3", "C", "B", "false", "false",
                                 "true") "], option_count: 3, by_neighbours: true}");
    item = item_of(ORDER, "1. A\n   > First.\n2. B\n3. C\n\n> So.\n");
    assert_non_null(strstr(shown(item, order, "[2,3,1]", NULL, 0, true),
                           "rationale: -, place: 3, is_placed: true, is_here: true}], why"));
    /* A stands first, C second, and B nowhere. */
    assert_string_equal(
        shown(item, order, "[2,1,0]", NULL, 0, true),
        "{options: [{right_place: 1, option: " O("A") ", rationale: " P("First.") ", place: 1, is_placed: true, is_here: true}, {right_place: 2, option: " O(
            "B") ", rationale: -}, {right_place: 3, option: " O("C") ", rationale: -, place: 2, is_placed: true, is_here: false}], why: " P("So.") ", by_neighbours: false}");
}

static void test_number_shown(void **state) {
    (void)state;
    static const char *const given[] = {"twelve"};
    const struct exam_item *item = item_of(
        NUMERIC, "- [ ] 1 km\n  > Far.\n- [x] 12 km\n  > So.\n- [ ] 13 km\n  > Near.\n");
    assert_string_equal(shown(item, NULL, "\"13\"", NULL, 0, false),
                        "{number: \"13\", field: \"13\", unit: \"km\"}");
    assert_string_equal(shown(item, NULL, "[]", given, 1, false),
                        "{number: -, field: \"twelve\", unit: \"km\"}");
    assert_string_equal(shown(item, NULL, "\"13\"", NULL, 0, true),
                        "{options: [{option: " O("12 km") ", rationale: " P(
                            "So.") ", is_key: true, is_chosen: false}, "
                                   "{option: " O("13 km") ", rationale: " P(
                                       "Near.") ", is_key: false, is_chosen: true}], "
                                                "number: \"13\", field: \"13\", unit: \"km\"}");
    assert_non_null(strstr(shown(item, NULL, "\"1\"", NULL, 0, true), "Far."));
    assert_string_equal(shown(item_of(NUMERIC, "- [x] 3\n  > R.\n"), NULL, "[]", NULL, 0, false),
                        "{number: -, field: \"\", unit: -}");
}

/* ---- Forms without scripts, demo answers --------------------------------------------------- */

static const char *form_of(const struct exam_type *type, const char *const *values, size_t count) {
    char *text = json_dumps(type->from_form(values, count, &arena), JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = arena_dup(&arena, text);
    free(text);
    return copy;
}

/* ---- Choices --------------------------------------------------------------------------------- */
static const char *nine(const char *keys) {
    struct buf b;
    buf_init(&b, &arena);
    for (int i = 1; i <= EXAM_OPTIONS; i++)
        buf_printf(&b, "- [%s] Option %d\n  > R.\n", strchr(keys, '0' + i) ? "x" : " ", i);
    return buf_text(&b);
}

/* RULE choice-all: exactly the keys, of the options that are shown. */
static void test_choice(void **state) {
    (void)state;
    int max = 0;
    const struct exam_item *last = item_of("", nine("9"));
    assert_int_equal(points_of(last, NULL, "[9]", &max), 1);
    assert_int_equal(max, 1);
    assert_int_equal(points_of(last, NULL, "[8]", &max), 0);
    assert_int_equal(points_of(last, NULL, "[]", &max), 0);
    const struct exam_item *three = item_of("",
                                            "- [ ] A\n  > R.\n- [x] B\n  > R.\n- [x] C\n  > R.\n");
    assert_int_equal(points_of(three, NULL, "[2,3]", &max), 1);
    assert_int_equal(points_of(three, NULL, "[2]", &max), 0);
    assert_int_equal(points_of(three, NULL, "[1,2,3]", &max), 0);
    assert_int_equal(points_of(three, NULL, "[2,3,4]", &max),
                     1); /* of a fourth that is not there */
    assert_int_equal(points_of(three, NULL, "[2,3,5]", &max), 1);
    static const char *const cases[][2] = {{"[1,2,3]", "[1,2,3]"},
                                           {"[3,1]", "[1,3]"},
                                           {"3", "[3]"},
                                           {"null", EXAM_NO_ANSWER},
                                           {"[]", EXAM_NO_ANSWER},
                                           {"[1,2,3,3]", "exam_response_too_many"},
                                           {"[1,1]", "exam_response_twice"},
                                           {"[0]", "exam_response_no_option"},
                                           {"4", "exam_response_no_option"},
                                           {"[\"1\"]", "exam_response_no_option"},
                                           {"\"1\"", "exam_response_shape"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(canonical_of(&exam_type_multiple, 3, cases[i][0]), cases[i][1]);
    assert_string_equal(canonical_of(&exam_type_single, 9, "[9]"), "[9]");
    assert_string_equal(canonical_of(&exam_type_single, 9, "[1,2]"), "exam_response_one");
    int numbers[2];
    assert_int_equal(exam_numbers_read("[12,9,3]", numbers, 2), 2);
    assert_int_equal(numbers[0], 12);
    assert_int_equal(numbers[1], 9);
    assert_string_equal(exam_letters_say("[9,1,0,10]", &arena), "I, A, –, –");
}

/* Rehearsed answers: who knows scores all, who errs does not, and both answer as one can. */
static const char *demo_answer_of(const struct exam_item *item, bool right, uint64_t n) {
    const char *why = "";
    struct exam_slot slot = {.type = item->type,
                             .option_count = item->type->shuffled ? item->option_count : 0};
    const struct exam_ask ask = {.slot = &slot, .item = item, .response = EXAM_NO_ANSWER};
    for (int i = 0; i < slot.option_count; i++) slot.order[i] = (unsigned char)i;
    const json_t *answer = item->type->demo_answer(&ask, right, 7, n, &arena);
    const char *text = item->type->canonical(answer, slot.option_count, &arena, &why);
    if (!text) fail_msg("%s", why);
    return text;
}

static void check_demo_answers(const struct exam_item *item, int answers,
                               const char *const *mistakes) {
    bool seen[9] = {false};
    int max = 0;
    for (uint64_t n = 0; n < 60; n++) {
        const char *text = demo_answer_of(item, true, n);
        int points = points_of(item, NULL, text, &max);
        assert_int_equal(points, max);
        text = demo_answer_of(item, false, n);
        points = points_of(item, NULL, text, &max);
        assert_true(points < max);
        int i = 0;
        while (i < answers && !str_eq(mistakes[i], text)) i++;
        if (i == answers) fail_msg("%s", text);
        seen[i] = true;
    }
    for (int i = 0; i < answers; i++)
        if (!seen[i]) fail_msg("never %s", mistakes[i]);
}

static void test_demo_answers(void **state) {
    (void)state;
    static const char *const one[] = {"[1]", "[3]"}, *const two[] = {"[1,2]", "[2,4]"},
                             *const order[] = {"[2,1,3]", "[1,3,2]"}, *const beside[] = {"\"14\""},
                             *const numbers[] = {"\"1\"", "\"3\""};
    check_demo_answers(item_of("", "- [ ] A\n  > R.\n- [x] B\n  > R.\n- [ ] C\n  > R.\n"), 2, one);
    check_demo_answers(
        item_of("", "- [ ] A\n  > R.\n- [x] B\n  > R.\n- [x] C\n  > R.\n- [ ] D\n  > R.\n"), 2,
        two);
    check_demo_answers(item_of(ORDER, "1. A\n2. B\n3. C\n\n> R.\n"), 2, order);
    check_demo_answers(item_of(NUMERIC, "- [ ] 1\n  > W.\n- [ ] 3\n  > W.\n- [x] 12\n  > R.\n"), 2,
                       numbers);
    check_demo_answers(item_of(NUMERIC, "- [x] 12 ± 1\n  > R.\n"), 1, beside);
}

static void test_forms(void **state) {
    (void)state;
    static const char *const values[] = {"3", "x", "1", "0", "9", "10"};
    const char *many[EXAM_OPTIONS + 3];
    for (size_t i = 0; i < COUNT_OF(many); i++) many[i] = "1";
    assert_string_equal(form_of(&exam_type_single, values, 6), "[3,0,1,0,9,0]");
    assert_string_equal(form_of(&exam_type_multiple, values, 0), "[]");
    assert_int_equal(strlen(form_of(&exam_type_single, many, COUNT_OF(many))),
                     2 * (EXAM_OPTIONS + 1) + 1); /* one too many is enough to be refused */
    static const char *const places[] = {"3", "", "x", "0", "9", "10"};
    assert_string_equal(form_of(&exam_type_ordering, places, 6), "{\"places\":[3,0,-1,-1,9,-1]}");
    assert_int_equal(strlen(form_of(&exam_type_ordering, many, COUNT_OF(many))),
                     strlen("{\"places\":}") + 2 * (EXAM_OPTIONS + 1) + 1);
    assert_string_equal(form_of(&exam_type_numeric, values, 2), "\"3\"");
    assert_string_equal(form_of(&exam_type_numeric, values, 0), "null");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_choice_shown, fresh),
        cmocka_unit_test_setup(test_order_shown, fresh),
        cmocka_unit_test_setup(test_number_shown, fresh),
        cmocka_unit_test_setup(test_forms, fresh),
        cmocka_unit_test_setup(test_choice, fresh),
        cmocka_unit_test_setup(test_demo_answers, fresh),
        cmocka_unit_test_setup(test_tolerance, fresh),
        cmocka_unit_test_setup(test_numeric_answers, fresh),
        cmocka_unit_test_setup(test_numeric_faults, fresh),
        cmocka_unit_test_setup(test_order_whole, fresh),
        cmocka_unit_test_setup(test_order_neighbours, fresh),
        cmocka_unit_test_setup(test_order_answers, fresh),
        cmocka_unit_test_setup(test_whole, fresh),
        cmocka_unit_test_setup(test_order_faults, fresh),
    };
    arena_init(&arena, 64 * 1024 * 1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
