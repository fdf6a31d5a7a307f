/* Seed data and schemas, broken on purpose: each fault has its cell, and its cause in words. */
#include "unit/lab/lab_fixture.h"

#include <malloc.h>

#include "labmodel/lab_seed.h"
#include "labmodel/lab_xml.h"

#define FOLDER "scenarios/field-mapping-dedupe/"
static struct diag_list diags;

static struct lab_scenario *shipped(void) {
    static struct arena arena;
    static struct lab_scenario *s;
    if (!s) {
        arena_init(&arena, (size_t)64 << 20);
        s = fixture_scenario(&arena);
    }
    return s;
}

static void with_file(struct arena *a, const char *name, const char *text) {
    struct lab_files files = shipped()->files;
    bool found = false;
    for (int i = 0; i < files.count; i++)
        if (str_eq(files.file[i].name, name)) {
            files.file[i].text = text;
            files.file[i].len = strlen(text);
            found = true;
        }
    assert_true(found);
    diag_init(&diags, a);
    lab_seed_check(&shipped()->stack, &files, &diags);
}

/* "line:column [rule] words" of the only fault; "" for none. */
static void expect(struct arena *a, const char *file, const char *rows, int line, int column,
                   const char *rule, const char *words) {
    with_file(a, arena_printf(a, FOLDER "%s", file), rows);
    const struct diag *d = diags.first;
    if (!line) {
        if (d) fail_msg("%d:%d: %s in: %s", d->line, d->column, d->message, rows);
        return;
    }
    if (!d) fail_msg("nothing is found in: %s", rows);
    if (d->line != line || d->column != column || !str_eq(d->rule, rule) ||
        !strstr(d->message, words) || d->next)
        fail_msg("%d:%d: %s [%s]%s", d->line, d->column, d->message, d->rule,
                 d->next ? ", and more" : "");
    assert_string_equal(d->file, arena_printf(a, "labs/" FOLDER "%s", file));
}

#define LEADS "key,email,country,score,unsubscribed,crm_id\n"

/* RULE lab-seed: both sides of each edge. */
static void test_values(void **state) {
    expect(*state, "leads.csv", LEADS "l1,a@x.example,Germany,1,0,\n", 0, 0, "", "");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,germany,1,0,\n", 2, 16, "lab-value",
           "“Germany”, “France”");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,-5,1,\n", 0, 0, "", "");
    /* A row that is too long is reported where files are read; here what else is wrong is found. */
    expect(*state, "leads.csv",
           LEADS "l1,a@x.example,Germany,1,0,,too much\nl2,b@x.example,germany,1,0,\n", 3, 16,
           "lab-value", "“Germany”, “France”");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,1.5,1,\n", 2, 17, "lab-value",
           "whole number");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,1,yes,\n", 2, 19, "lab-value",
           "neither 0 nor 1");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,1,2,\n", 2, 19, "lab-value",
           "neither 0 nor 1");
    expect(*state, "leads.csv", LEADS "l1,,,1,0,\n", 2, 4, "lab-required", "email");
    expect(
        *state, "leads.csv",
        "key,email,first_name\nl1,a@x.example,éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé\n",
        0, 0, "", "");
    expect(
        *state, "leads.csv",
        "key,email,first_name\nl1,a@x.example,éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé1\n",
        2, 16, "lab-value", "81 characters");
    expect(*state, "mappings.csv",
           "key,left_field,right_field,direction,transform\nm1,email,email,both,none\n", 0, 0, "",
           "");
    expect(*state, "mappings.csv",
           "key,left_field,right_field,direction,transform\nm1,email,mail,both,none\n", 2, 10,
           "lab-value", "map.lead has no field “mail”");
    expect(*state, "leads.csv", "key,email,email\nl1,a@x.example,a@x.example\n", 1, 11,
           "lab-duplicate", "“email”");
}

/* RULE lab-seed-time. */
static void test_times(void **state) {
#define TIMES "key,email,created,updated\nl1,a@x.example,"
    expect(*state, "leads.csv", TIMES "2026-03-02T08:00:00Z,2026-03-02T08:00:00Z\n", 0, 0, "", "");
    expect(*state, "leads.csv", TIMES ",\n", 0, 0, "", "");
    expect(*state, "leads.csv", TIMES "2026-03-02T07:00:00Z,2026-03-02T08:00:01Z\n", 2, 37,
           "lab-time", "after the start");
    expect(*state, "leads.csv", TIMES "2026-02-30T08:00:00Z,2026-03-01T08:00:00Z\n", 2, 16,
           "lab-time", "is no time");
    expect(*state, "leads.csv", TIMES "02.03.2026,\n", 2, 16, "lab-time", "is no time");
    expect(*state, "leads.csv", TIMES "2026-03-01T08:00:00Z,2026-03-01T07:59:59Z\n", 2, 37,
           "lab-time", "before created");
}

static void test_keys_and_references(void **state) {
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,1,0,@c1\nl2,b@x.example,,1,0,@gone1\n", 0, 0,
           "", "");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,1,0,@c999\n", 2, 21, "lab-reference",
           "“c999”");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,1,0,c1\n", 2, 21, "lab-reference",
           "write @ and the key");
    expect(*state, "leads.csv", LEADS "l1,a@x.example,,1,0,\nl1,b@x.example,,1,0,\n", 3, 1,
           "lab-key", "line 2");
    expect(*state, "leads.csv", LEADS ",a@x.example,,1,0,\n", 2, 1, "lab-key", "empty");
    /* The accounts stand in the stack before the contacts; turned round, each reference comes too
     * early. */
    struct lab_stack stack = shipped()->stack;
    struct lab_seed turned[] = {stack.seeds[1], stack.seeds[0]};
    stack.seeds = turned;
    stack.seed_count = 2;
    diag_init(&diags, *state);
    lab_seed_check(&stack, &shipped()->files, &diags);
    assert_non_null(diags.first);
    assert_non_null(strstr(diags.first->message, "comes later"));
}

/* A file that is wrong throughout does not fill the screen. */
static void test_many_faults(void **state) {
    struct buf b;
    buf_init(&b, *state);
    buf_puts(&b, LEADS);
    for (int i = 0; i < 150; i++) buf_printf(&b, "l%d,a@x.example,Nowhere,1,0,\n", i);
    with_file(*state, FOLDER "leads.csv", buf_text(&b));
    assert_int_equal(diags.errors, 101);
    const struct diag *last = diags.first;
    while (last->next) last = last->next;
    assert_non_null(strstr(last->message, "50 more"));
}

/* ---- Schemas -------------------------------------------------------------------------------- */
static void told(struct arena *a, const char *schema, const char *file, const char *from,
                 const char *to, const char *words) {
    size_t len, size;
    char *rules = file_read(a, arena_printf(a, "labs/schema/%s.rng", schema), LAB_FILE_MAX, &len),
         *text = file_read(a, file, LAB_FILE_MAX, &size);
    assert_non_null(rules);
    assert_non_null(text);
    const char *at = strstr(text, from);
    if (!at) fail_msg("“%s” is not in %s any more", from, file);
    int line = 1;
    for (const char *p = text; p < at; p++) line += *p == '\n';
    text = arena_printf(a, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    diag_init(&diags, a);
    xmlDoc *doc = lab_xml_parse(file, text, strlen(text), a, &diags);
    assert_non_null(doc);
    assert_false(lab_xml_validate(doc, file, rules, len, a, &diags));
    if (!strstr(diags.first->message, words) || diags.first->line != line || diags.errors != 1)
        fail_msg("line %d of %d, %d errors: %s", diags.first->line, line, diags.errors,
                 diags.first->message);
}

static void test_attributes_in_words(void **state) {
    static const char quillon[] = "labs/connectors/map/quillon.xml",
                      boreal[] = "labs/connectors/crm/boreal.xml",
                      stack[] = "labs/scenarios/field-mapping-dedupe/stack.xml";
    told(*state, "dialect", quillon, "<auth kind=\"basic\"/>", "<auth kind=\"oauth2\"/>",
         "kind=\"oauth2\" is not known in <auth>: write basic, bearer, key, query or oauth.");
    told(*state, "dialect", quillon, "<auth kind=\"basic\"/>", "<auth kind=\"oauth\" path=\"/t\"/>",
         "<auth> with kind=\"oauth\" needs the attribute “minutes” too.");
    told(*state, "dialect", quillon, "<auth kind=\"basic\"/>",
         "<auth kind=\"basic\" header=\"X-Key\"/>",
         "<auth> with kind=\"basic\" has no attribute “header”.");
    told(*state, "dialect", quillon, "<auth kind=\"basic\"/>", "<auth/>",
         "<auth> needs the attribute “kind”.");
    told(*state, "dialect", quillon, "<auth kind=\"basic\"/>",
         "<auth type=\"basic\" kind=\"basic\"/>",
         "<auth> has no attribute “type”; it may have kind, rotate, overlap, header, param, path, "
         "minutes and refresh-days.");
    told(*state, "dialect", boreal, "retry-after=\"true\"", "retry-after=\"yes\"",
         "write true or false");
    told(*state, "dialect", boreal, "burst=\"20\"", "burst=\"0\"",
         "write a whole number from 1 to 1000000");
    told(*state, "dialect", boreal, "limit-header=\"RateLimit-Limit\"",
         "limit-header=\"Set-Cookie\"", "a header that tells of a limit");
    told(*state, "dialect", boreal, "base=\"/v1\"", "base=\"v1\"", "write a path such as");
    told(*state, "stack", stack, "kind=\"pad\"", "kind=\"padding\"",
         "write case, pad, blank, drift or choose");
    told(*state, "stack", stack, "<edits object=\"crm.contact\"", "<edits object=\"contact\"",
         "write a connector and an object with a dot between");
    told(*state, "stack", stack, "<outage connector=\"crm\" after-hours=\"20\" minutes=\"45\"/>",
         "<outtage connector=\"crm\"/>", "<outtage> is not known inside <stack>; it may hold");
}

/* Faults are told in the caller's memory: when that ends in between, the rows that were read must
 * not stay behind. */
static void test_the_caller_runs_out_of_memory(void **state) {
    struct buf rows;
    volatile int left = 0;
    buf_init(&rows, *state);
    buf_puts(&rows, LEADS);
    for (int i = 0; i < 5000; i++) buf_printf(&rows, "l%d,a@x.example,nowhere,1,0,\n", i);
    size_t before = 0;
    shipped();
    for (int round = 0; round < 12; round++) {
        struct arena a;
        arena_init(&a, 48 * 1024);
        if (ARENA_GUARD(&a) == 0) with_file(&a, FOLDER "leads.csv", buf_text(&rows));
        else left++;
        arena_release(&a);
        if (round == 1)
            before = mallinfo2().uordblks; /* the arena's spare chunks are kept by now */
    }
    assert_int_equal(left, 12);
    assert_true(mallinfo2().uordblks < before + 256 * 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_values),      TEST(test_the_caller_runs_out_of_memory),
        TEST(test_times),       TEST(test_keys_and_references),
        TEST(test_many_faults), TEST(test_attributes_in_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
