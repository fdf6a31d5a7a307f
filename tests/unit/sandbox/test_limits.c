/* An object with as many fields as it may have: the last of them does all that the first one does,
 * where sets of fields are made of words of 64 bits. One beyond each limit of a stack is refused,
 * with its place. (Connectors and rules: test_kind_scale.c.) */
#include "unit/sandbox/kind_fixture.h"

#include "labmodel/lab_fields.h"

/* Connector and dialect "wide" with `objects` objects "row", "row1", … of so many fields f1, f2, …;
 * one a line. Two more bind what the last field plays a role in. */
static const char *wide_connector(struct arena *a, int objects, int fields) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(
        &b,
        "<connector xmlns=\"urn:gradus:lab:1\" id=\"wide\" title=\"Wide\">\n<about>x</about>\n");
    for (int o = 0; o < objects; o++) {
        buf_printf(
            &b,
            "<object id=\"row%d\" title=\"Row\" plural=\"Rows\" operations=\"list get create "
            "update delete merge\"><about>x</about><key id=\"last\" sql=\"f%d\"/>\n",
            o, fields);
        for (int i = 1; i <= fields; i++)
            buf_printf(&b, "<field id=\"f%d\" title=\"F\" type=\"text\"/>\n", i);
        buf_puts(&b, "</object>\n");
    }
    buf_puts(&b, "</connector>");
    return buf_text(&b);
}

static const char *wide_dialect(struct arena *a, int objects, int fields) {
    size_t len;
    const char *text = file_read(a, "labs/connectors/intent/augurell.xml", LAB_FILE_MAX, &len);
    struct buf b;
    assert_non_null(text);
    const char *own = strstr(text, " connector=\"intent\""), *from = strstr(text, "<object");
    buf_init(&b, a);
    buf_add(&b, text, (size_t)(own - text));
    own += strlen(" connector=\"intent\"");
    buf_puts(&b, " connector=\"wide\"");
    buf_add(&b, own, (size_t)(from - own));
    for (int o = 0; o < objects; o++) {
        buf_printf(
            &b,
            "<object id=\"row%d\" path=\"/rows%d\" title=\"Row\" plural=\"Rows\" id-as=\"ID\" "
            "created-as=\"MADE\" updated-as=\"CHANGED\">",
            o, o);
        for (int i = 1; i <= fields; i++) buf_printf(&b, "<field id=\"f%d\" as=\"F%d\"/>", i, i);
        buf_puts(&b, "</object>");
    }
    buf_puts(&b, "</dialect>");
    return buf_text(&b);
}

static const char wide_kind[] =
    "<kind xmlns=\"urn:gradus:lab:1\" id=\"wide\" title=\"Wide\"><about>x</about>"
    "<role id=\"left\"><part id=\"last\"/></role><role id=\"right\"><part id=\"link\"/></role>"
    "<on event=\"record.changed\" object=\"left\" field=\"last\">"
    "<match as=\"m\" left=\"left\" right=\"right\" link=\"link\" transforms=\"left\""
    " mappings=\"SELECT 1, 'f%1$d', 'f%1$d', 1, 0, NULL\" key=\"'last'\" overwrite=\"1\""
    " create-left=\"0\" create-right=\"1\" winner=\"1\" rejected=\"w.rejected\" full=\"w.full\"/>"
    "</on>"
    "<on update=\"right\" if=\":row_f2 = 'copy'\">"
    "<create object=\"right\" from=\"row\" except=\"link\"><set field=\"link\" sql=\"'copied'\"/>"
    "</create></on></kind>";

static struct lab_files *wide_files(struct arena *a, int objects, int fields) {
    struct lab_files *files = NEW(a, struct lab_files);
    struct buf csv;
    kind_add_text(files, "connectors/wide.xml", wide_connector(a, objects, fields));
    kind_add_text(files, "connectors/wide/augurell.xml", wide_dialect(a, objects, fields));
    kind_add_text(files, "kinds/wide.xml", arena_printf(a, wide_kind, fields));
    buf_init(&csv, a);
    buf_puts(&csv, "key,created,updated,person");
    for (int i = 1; i <= fields; i++) buf_printf(&csv, ",f%d", i);
    buf_puts(&csv, "\nk1,,,1");
    for (int i = 1; i <= fields; i++) buf_printf(&csv, ",seed%d", i);
    buf_puts(&csv, "\n");
    kind_add_text(files, "scenarios/kind/s0.csv", buf_text(&csv));
    kind_add_text(
        files, "scenarios/kind/stack.xml",
        arena_printf(a,
                     "<stack xmlns=\"urn:gradus:lab:1\" start=\"2026-03-02T08:00:00Z\"><connector "
                     "id=\"wide\"><dialect id=\"augurell\"/></connector><bind kind=\"wide\" "
                     "id=\"w\"><role id=\"left\" is=\"wide.row0\"><part id=\"last\" "
                     "is=\"f%d\"/></role><role id=\"right\" is=\"wide.row1\"><part id=\"link\" "
                     "is=\"f1\"/></role></bind><seed object=\"wide.row0\" file=\"s0.csv\"/>"
                     "</stack>",
                     fields));
    return files;
}

static bool reads(struct arena *a, struct lab_stack *out, const struct lab_files *files,
                  struct diag_list *diags) {
    diag_init(diags, a);
    return lab_stack_read(out, files, "kind", a, diags);
}

static void wide_start(struct kind_lab *lab, struct arena *a, int fields) {
    struct lab_scenario s = {.id = "kind"};
    struct diag_list diags;
    struct buf pack;
    struct lab_files *files = wide_files(a, 2, fields);
    lab->a = a;
    if (!reads(a, &lab->stack, files, &diags))
        fail_msg("%s:%d: %s", diags.first->file, diags.first->line, diags.first->message);
    lab->dialects[0] = lab->stack.members[0].dialects[0];
    buf_init(&pack, a);
    lab_pack_write(files, &pack);
    s.pack = buf_text(&pack);
    s.pack_len = pack.len;
    lab->w = fixture_worker(a, &s, "wide=augurell", 1);
}

static const char *found_by(struct kind_lab *lab, const char *what) {
    const char *answer;
    size_t len;
    json_t *question = json_adopt(
        lab->a, json_pack("{s:s, s:s, s:s}", "view", "list", "object", "wide.row0", "find", what));
    assert_int_equal(client_view(&lab->w, json_text(lab->a, question), lab->a, &answer, &len), OK);
    return answer;
}

/* The field `last` is the last one of `fields`; f1 and f2 are the first. */
static void try_last_field(struct arena *a, int fields) {
    struct kind_lab lab;
    char last[8];
    snprintf(last, sizeof last, "f%d", fields);
    wide_start(&lab, a, fields);
    /* A seed, a list's search over all fields, a filter, and a record with a value of its own. */
    assert_string_equal(kind_cell(&lab, "SELECT %s FROM wide_row0", last),
                        arena_printf(a, "seed%d", fields));
    assert_non_null(strstr(found_by(&lab, last), "\"total\":0"));
    assert_non_null(strstr(found_by(&lab, arena_printf(a, "SEED%d", fields)), "\"total\":1"));
    kind_make(&lab, "wide.row0", "f1", "one", last, "x", NULL);
    const char *id = kind_id(&lab, "wide_row0", last, "x");
    /* One field alone is changed, and told; <match> makes its partner with it, and keeps it. */
    kind_change(&lab, "wide.row0", id, last, "y", NULL);
    assert_string_equal(kind_cell(&lab,
                                  "SELECT count(*) || ' ' || min(field) || ' ' || min(old_value) "
                                  "FROM event WHERE record_id = '%s' AND kind = 'record.changed'",
                                  id),
                        arena_printf(a, "1 %s x", last));
    assert_string_equal(kind_cell(&lab, "SELECT %s FROM wide_row1 WHERE f1 = '%s'", last, id), "y");
    kind_change(&lab, "wide.row0", id, last, "z", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT %s FROM wide_row1 WHERE f1 = '%s'", last, id), "z");
    /* A rule takes over the record in hand, but for one field. */
    kind_change(&lab, "wide.row1", kind_id(&lab, "wide_row1", last, "z"), "f2", "copy", NULL);
    assert_string_equal(
        kind_cell(&lab, "SELECT f2 || ' ' || %s FROM wide_row1 WHERE f1 = 'copied'", last),
        "copy z");
    /* A merge keeps what the survivor has. */
    const char *seed = kind_id(&lab, "wide_row0", "f1", "seed1");
    struct lab_answer merged = fixture_call(
        a, &lab.w, "wide", "POST", arena_printf(a, "/augurell/extract/8/rows0/%s/alias", id), NULL,
        arena_printf(a, "{'ALIAS.OF':'%s'}", seed));
    assert_int_equal(merged.status, 200);
    assert_string_equal(kind_cell(&lab, "SELECT f1 || ' ' || %s FROM wide_row0", last), "one z");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_the_last_field_is_as_good_as_the_first(void **state) {
    static const int counts[] = {64, 65, 128, 129, LAB_FIELDS_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct arena a;
        arena_init(&a, (size_t)64 * 1024 * 1024);
        try_last_field(&a, counts[i]);
        arena_release(&a);
    }
}

static void expect_refusal(struct arena *a, const struct lab_files *files, int line,
                           const char *words) {
    struct lab_stack *stack = NEW(a, struct lab_stack);
    struct diag_list diags;
    assert_false(reads(a, stack, files, &diags));
    assert_string_equal(diags.first->message, words);
    assert_string_equal(diags.first->file, "labs/connectors/wide.xml");
    assert_int_equal(diags.first->line, line);
    assert_int_equal(diags.first->column, 1);
}

/* RULE lab-fields. */
static void test_one_field_too_many(void **state) {
    expect_refusal(*state, wide_files(*state, 2, LAB_FIELDS_MAX + 1), 4 + LAB_FIELDS_MAX,
                   "An object may have 200 fields at most; this is one more.");
}

/* RULE lab-objects. */
static void test_objects_of_a_connector(void **state) {
    struct lab_stack *stack = NEW((struct arena *)*state, struct lab_stack);
    struct diag_list diags;
    assert_true(reads(*state, stack, wide_files(*state, LAB_OBJECTS_MAX, 2), &diags));
    expect_refusal(*state, wide_files(*state, LAB_OBJECTS_MAX + 1, 2), 3 + 4 * LAB_OBJECTS_MAX,
                   "A connector may have 64 objects at most; this is one more.");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_last_field_is_as_good_as_the_first),
        TEST(test_one_field_too_many),
        TEST(test_objects_of_a_connector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
