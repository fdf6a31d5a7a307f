/* Kinds at the sizes that a lab may have. */
#include "unit/sandbox/kind_fixture.h"

#define PROFILES 5000
#define AUDIENCES 20

/* Five thousand profiles and twenty audiences that ask for the same fields. */
static const struct kind_seed *many(struct arena *a) {
    struct kind_seed *seeds = NEW_ARRAY(a, struct kind_seed, 4);
    struct buf profiles, audiences, rows;
    buf_init(&profiles, a);
    buf_init(&audiences, a);
    buf_init(&rows, a);
    buf_puts(&profiles, "key,first_name,lifecycle,zone_minutes\n");
    for (int i = 0; i < PROFILES; i++)
        buf_printf(&profiles, "p%d,N%d,%s,%d\n", i, i, i % 2 ? "known" : "customer", i);
    buf_puts(&audiences, "key,name,definition,refresh\n");
    buf_puts(&rows, "audience_id,any,field,operator,value\n");
    for (int i = 0; i < AUDIENCES; i++) {
        buf_printf(&audiences, "s%d,S%d,by number,live\n", i, i);
        buf_printf(&rows, "@s%d,1,zone_minutes,greater,%d\n@s%d,1,lifecycle,is,customer\n", i,
                   PROFILES - 1001, i);
    }
    seeds[0] = (struct kind_seed){"cdp.profile", buf_text(&profiles)};
    seeds[1] = (struct kind_seed){"cdp.audience", buf_text(&audiences)};
    seeds[2] = (struct kind_seed){"cdp.audience_rule", buf_text(&rows)};
    return seeds;
}

static void test_many_segments_of_many_records(void **state) {
    struct arena a;
    struct kind_lab lab;
    (void)state;
    arena_init(&a, (size_t)64 * 1024 * 1024);
    kind_start(&lab, &a, "cdp=cairnwell", "", many(&a));
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_audience_member"), "10000");
    const char *id = kind_id(&lab, "cdp_profile", "first_name", "N4990");
    kind_change(&lab, "cdp.profile", id, "lifecycle", "known", NULL);
    kind_change(&lab, "cdp.profile", id, "lifecycle", "customer", NULL);
    assert_string_equal(kind_events(&lab, "segment."), "segment.entered 20, segment.left 20");
    assert_string_equal(
        kind_cell(&lab, "SELECT min(profiles) || ' ' || max(profiles) FROM cdp_audience"),
        "500 500");
    kind_assert_quiet(&lab);
    kind_end(&lab);
    arena_release(&a);
}

/* ---- Limits of a stack ------------------------------------------------------------------------
 */
static const char *replaced(struct arena *a, const char *text, const char *what, const char *by) {
    struct buf b;
    buf_init(&b, a);
    for (const char *at; (at = strstr(text, what)); text = at + strlen(what)) {
        buf_add(&b, text, (size_t)(at - text));
        buf_puts(&b, by);
    }
    buf_puts(&b, text);
    return buf_text(&b);
}

/* The intent connector or its dialect under another id. */
static const char *renamed(struct arena *a, const char *file, const char *id) {
    size_t len;
    const char *text = file_read(a, file, LAB_FILE_MAX, &len);
    assert_non_null(text);
    text = replaced(a, text, "id=\"intent\" title", arena_printf(a, "id=\"%s\" title", id));
    text = replaced(a, text, "connector=\"intent\"", arena_printf(a, "connector=\"%s\"", id));
    return replaced(a, text, "of=\"intent.", arena_printf(a, "of=\"%s.", id));
}

static bool reads(struct arena *a, const struct lab_files *files, struct diag_list *diags) {
    diag_init(diags, a);
    return lab_stack_read(NEW(a, struct lab_stack), files, "kind", a, diags);
}

static bool with_connectors(struct arena *a, int count, struct diag_list *diags) {
    struct lab_files *files = NEW(a, struct lab_files);
    struct buf xml;
    buf_init(&xml, a);
    buf_puts(&xml, "<stack xmlns=\"urn:gradus:lab:1\" start=\"2026-03-02T08:00:00Z\">");
    for (int i = 0; i < count; i++) {
        const char *id = arena_printf(a, "c%d", i);
        kind_add_text(files, arena_printf(a, "connectors/%s.xml", id),
                      renamed(a, "labs/connectors/intent.xml", id));
        kind_add_text(files, arena_printf(a, "connectors/%s/augurell.xml", id),
                      renamed(a, "labs/connectors/intent/augurell.xml", id));
        buf_printf(&xml, "<connector id=\"%s\"><dialect id=\"augurell\"/></connector>", id);
    }
    buf_puts(&xml, "</stack>");
    kind_add_text(files, "scenarios/kind/stack.xml", buf_text(&xml));
    return reads(a, files, diags);
}

/* RULE lab-connectors. */
static void test_sixteen_connectors(void **state) {
    struct diag_list diags;
    assert_true(with_connectors(*state, 16, &diags));
    assert_false(with_connectors(*state, 17, &diags));
    assert_string_equal(diags.first->message,
                        "A stack has 16 connectors at most; this is one more.");
}

/* A kind of a hundred rules, bound so often. */
static struct lab_files *with_rules(struct arena *a, int bindings, bool one_more) {
    struct buf kind, more;
    buf_init(&kind, a);
    buf_init(&more, a);
    buf_puts(&kind, "<kind xmlns=\"urn:gradus:lab:1\" id=\"many\" title=\"Many\"><about>x</about>"
                    "<role id=\"record\"/>");
    for (int i = 0; i < 100; i++)
        buf_puts(&kind, "<on create=\"record\"><raise event=\"many.heard\"/></on>");
    buf_puts(&kind, "</kind>");
    for (int i = 0; i < bindings; i++)
        buf_printf(
            &more,
            "<bind kind=\"many\" id=\"b%d\"><role id=\"record\" is=\"intent.topic\"/></bind>", i);
    if (one_more)
        buf_puts(&more,
                 "<bind kind=\"one\" id=\"one\"><role id=\"record\" is=\"intent.topic\"/></bind>");
    struct lab_files *files = kind_files(a, "intent=augurell", buf_text(&more), NULL);
    kind_add_text(files, "kinds/many.xml", buf_text(&kind));
    kind_add_text(files, "kinds/one.xml",
                  "<kind xmlns=\"urn:gradus:lab:1\" id=\"one\" title=\"One\"><about>x</about><role "
                  "id=\"record\"/><on delete=\"record\"><raise event=\"one.heard\"/></on></kind>");
    return files;
}

/* RULE lab-rules. */
static void test_ten_thousand_rules(void **state) {
    struct diag_list diags;
    struct arena a;
    (void)state;
    arena_init(&a, (size_t)256 * 1024 * 1024);
    assert_true(reads(&a, with_rules(&a, 100, false), &diags));
    assert_false(reads(&a, with_rules(&a, 100, true), &diags));
    assert_string_equal(
        diags.first->message,
        "A stack has 10000 rules at most, with all its bindings; this is one more, of “one”.");
    arena_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_many_segments_of_many_records),
        TEST(test_sixteen_connectors),
        TEST(test_ten_thousand_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
