/* The proof of scenarios: what it lets through, and what it does not. Few solutions of the shipped
 * scenario, with what they say of themselves bent. */
#include "unit/lab/lab_fixture.h"

#include <libxml/parser.h>
#include <string.h>

#include "lab/lab_play.h"
#include "lab/lab_prove.h"
#include "lab/lab_prove_round.h"
#include "labmodel/lab_xml.h"

static struct lab_scenario *shipped(void) {
    static struct arena arena;
    static struct lab_scenario *s;
    if (!s) {
        arena_init(&arena, (size_t)64 << 20);
        s = fixture_scenario(&arena);
    }
    return s;
}

static const struct lab_solutions *all_solutions(void) {
    static struct arena arena;
    static struct lab_solutions *all;
    struct diag_list diags;
    if (all) return all;
    arena_init(&arena, (size_t)64 << 20);
    diag_init(&diags, &arena);
    all = NEW(&arena, struct lab_solutions);
    if (!lab_solutions_load(all, ".", shipped(), &arena, &diags))
        fail_msg("%s", diags.first->message);
    return all;
}

/* A copy of a solution that says to fail these checks (in `fails`, at most three). */
static struct lab_solution saying(const char *name, const char *const *fails, int count) {
    static const char *kept[8][3];
    static int next;
    const struct lab_solution *found = lab_solution_find(all_solutions(), name);
    assert_non_null(found);
    struct lab_solution out = *found;
    out.fails = kept[next++ % 8];
    out.fail_count = count;
    for (int i = 0; i < count; i++) out.fails[i] = fails[i];
    return out;
}

/* Proves them on one seed with one choice; what was found is in *out. */
static struct proof_round prove(struct arena *a, const struct lab_scenario *s,
                                const struct lab_solution *one, const struct lab_solution *two,
                                struct buf *out) {
    struct lab_solutions *few = NEW(a, struct lab_solutions);
    few->solution[few->count++] = *one;
    if (two) few->solution[few->count++] = *two;
    buf_init(out, a);
    struct proof_round r = {.s = s,
                            .solutions = few,
                            .z = fixture_zygote(),
                            .choice = CHOICE,
                            .seed = 7919,
                            .out = out};
    prove_round(&r);
    return r;
}

static const char *const schedule[] = {"sync-keeps-running"};
static const char *const two_checks[] = {"sync-keeps-running", "mapping-complete"};
static const char *const another[] = {"mapping-complete"};

static void expect_problems(const struct proof_round *r, int count, const char *words) {
    if (r->problems != count || !strstr(buf_text(r->out), words))
        fail_msg("%d problems, not %d with “%s”: %s", r->problems, count, words, buf_text(r->out));
}

/* RULE lab-proof-exact: of what it names and what it does not name, one too many each. */
static void test_a_solution_fails_what_it_names(void **state) {
    struct buf out;
    struct lab_solution reference = saying("reference", NULL, 0),
                        fine = saying("never-scheduled", schedule, 1),
                        more = saying("never-scheduled", two_checks, 2),
                        other = saying("never-scheduled", another, 1);
    struct proof_round r = prove(*state, shipped(), &reference, &fine, &out);
    expect_problems(&r, 0, "");
    assert_int_equal(r.runs, 2);
    r = prove(*state, shipped(), &reference, &more, &out);
    expect_problems(&r, 1, "“never-scheduled” should fail, but passes: mapping-complete");
    r = prove(*state, shipped(), &reference, &other, &out);
    expect_problems(&r, 2, "“never-scheduled” does not pass “sync-keeps-running”: 0 scheduled");
}

/* RULE lab-proof-effect: the same under another name. */
static void test_solutions_differ(void **state) {
    struct buf out;
    struct lab_solution reference = saying("reference", NULL, 0), twin = reference;
    twin.name = "twin";
    struct proof_round r = prove(*state, shipped(), &reference, &twin, &out);
    expect_problems(&r, 1, "“twin” has the same effect as: reference");
}

/* RULE lab-proof-untouched: a check that needs nothing to be done, and one that cannot be asked. */
static void test_nothing_done_passes_nothing(void **state) {
    struct buf out;
    struct lab_scenario *s = NEW((struct arena *)*state, struct lab_scenario);
    struct lab_solution reference = saying("reference", NULL, 0);
    *s = *shipped();
    s->checks[0].sql = "SELECT 1 AS ok";
    struct proof_round r = prove(*state, s, &reference, NULL, &out);
    expect_problems(&r, 1, "the untouched stack passes: mapping-complete");
    s->checks[0].sql = "SELECT 1 AS ok FROM nowhere";
    r = prove(*state, s, &reference, NULL, &out);
    expect_problems(&r, 2, "after “reference” “mapping-complete”: no such table: nowhere");
}

/* RULE lab-proof-replay: one answer that differs, and a state that differs. */
static void test_a_replay_differs(void **state) {
    struct arena *a = *state;
    struct buf out;
    struct proof_bench first, second;
    struct proof_run run = {.which = lab_solution_find(all_solutions(), "reference")};
    struct proof_round r = {.s = shipped(),
                            .solutions = all_solutions(),
                            .z = fixture_zygote(),
                            .choice = CHOICE,
                            .seed = 7919,
                            .out = &out};
    buf_init(&out, a);
    arena_init(&run.arena, (size_t)128 << 20);
    assert_true(prove_open(&r, &first, a) && prove_open(&r, &second, a));
    prove_play(&r, &first, &run);
    prove_replay(&r, &second, &run);
    prove_replay(&r, &first, &run); /* the state of the run before is gone */
    expect_problems(&r, 0, "");
    const char *answer = run.played.answers[2], *hash = run.hash;
    run.played.answers[2] = hash;
    prove_replay(&r, &second, &run);
    expect_problems(&r, 1 + 1, "a replay of “reference” differs at action 3");
    run.played.answers[2] = answer;
    run.hash = answer;
    r.problems = 0;
    prove_replay(&r, &second, &run);
    expect_problems(&r, 1, "a replay ends in another state: reference");
    arena_release(&run.arena);
    worker_end(&first.w);
    worker_end(&second.w);
}

/* RULE lab-proof-copy, RULE lab-variant: the shipped scenario has other data for each seed;
 * and a check that passes whatever was done. */
static void test_an_answer_cannot_be_copied(void **state) {
    struct arena *a = *state;
    struct buf out;
    struct proof_bench bench;
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    struct proof_round r = {.s = s,
                            .solutions = all_solutions(),
                            .z = fixture_zygote(),
                            .choice = CHOICE,
                            .seed = 7919,
                            .out = &out};
    *s = *shipped();
    buf_init(&out, a);
    assert_true(prove_open(&r, &bench, a));
    prove_copy(&r, &bench, a);
    expect_problems(&r, 0, "");
    for (int i = 0; i < s->check_count; i++) s->checks[i].sql = "SELECT 1 AS ok";
    prove_copy(&r, &bench, a);
    expect_problems(
        &r, 1,
        "what the reference does with another seed passes here as well: an answer can be copied");
    worker_end(&bench.w);
}

/* RULE lab-proof-choices: three connectors of two, three and one dialect. */
static void test_choices(void **state) {
    struct arena *a = *state;
    static const struct lab_dialect a1 = {.id = "a1"}, a2 = {.id = "a2"}, b1 = {.id = "b1"},
                                    b2 = {.id = "b2"}, b3 = {.id = "b3"}, c1 = {.id = "c1"};
    static const struct lab_connector a0 = {.id = "a"}, b0 = {.id = "b"}, c0 = {.id = "c"};
    static const struct lab_dialect *as[] = {&a1, &a2}, *bs[] = {&b1, &b2, &b3}, *cs[] = {&c1};
    struct lab_stack *s = NEW(a, struct lab_stack);
    s->members[0] = (struct lab_member){.connector = &a0, .dialects = as, .dialect_count = 2};
    s->members[1] = (struct lab_member){.connector = &b0, .dialects = bs, .dialect_count = 3};
    s->members[2] = (struct lab_member){.connector = &c0, .dialects = cs, .dialect_count = 1};
    s->member_count = 3;
    assert_int_equal(lab_proof_choices(s), 3);
    assert_string_equal(lab_proof_choice(s, 0, 0, a), "a=a1,b=b1,c=c1");
    assert_string_equal(lab_proof_choice(s, 0, 1, a), "a=a2,b=b2,c=c1");
    assert_string_equal(lab_proof_choice(s, 0, 2, a), "a=a1,b=b3,c=c1");
    assert_string_equal(lab_proof_choice(s, 1, 0, a), "a=a1,b=b2,c=c1");
    assert_string_equal(lab_proof_choice(s, 1, 1, a), "a=a2,b=b3,c=c1");
    s->member_count = 1;
    assert_int_equal(lab_proof_choices(s), 2);
}

/* Rounds of several scenarios are shared among threads, and each is done once. */
static void test_counts(void **state) {
    struct lab_solutions *few = NEW((struct arena *)*state, struct lab_solutions);
    *few = *all_solutions();
    few->count = 1;
    few->solution[0] = saying("never-scheduled", schedule, 1);
    few->solution[0].root = few->solution[0].root->children; /* a text: nothing is done */
    struct lab_proof proofs[2] = {{.s = shipped(), .solutions = few},
                                  {.s = shipped(), .solutions = few}};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(lab_prove(proofs, 2, fixture_zygote(), 2, out, NULL), ERR_INVALID);
    fclose(out);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(proofs[i].rounds, 4);
        assert_int_equal(proofs[i].runs, 4);
        assert_int_equal(proofs[i].problems, 4 * (shipped()->check_count - 1));
    }
    assert_non_null(strstr(text, "field-mapping-dedupe: 2 seeds, 2 choices of dialects each, 4 runs"
                                 " of 1 solutions, 0 actions, "));
    free(text);
}

#define SLOW "crm=boreal,map=quillon" /* 20 calls in five seconds */
/* The 22 calls of `patience` on one worker, of which two are more than five seconds take. */
static struct lab_played played_with(struct arena *a, const char *patience) {
    struct lab_played out;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    const char *text = arena_printf(
        a,
        "<solution xmlns=\"urn:gradus:lab:1\" title=\"x\"><each sql=\"SELECT id FROM crm_contact "
        "LIMIT 22\"><call object=\"crm.contact\" operation=\"get\" id=\"{id}\"%s/></each>"
        "</solution>",
        patience);
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, 0);
    struct lab_solution one = {.name = "one", .root = xmlDocGetRootElement(doc)};
    struct worker w = fixture_worker(a, shipped(), SLOW, 7919);
    assert_true(lab_choice_read(&shipped()->stack, SLOW, dialects, a));
    assert_int_equal(lab_solution_play(all_solutions(), &one, shipped(), dialects, &w, a, &out),
                     OK);
    worker_end(&w);
    xmlFreeDoc(doc);
    return out;
}

/* RULE lab-retry: without patience, with patience that is too short, and with enough. */
static void test_a_refused_call_is_made_again(void **state) {
    struct lab_played out = played_with(*state, "");
    assert_int_equal(out.count, 22);
    assert_int_equal(out.refused, 2);
    assert_non_null(out.first_refusal);
    out = played_with(*state, " retry=\"1\" wait=\"0\"");
    assert_int_equal(out.count, 24);
    assert_int_equal(out.refused, 2);
    out = played_with(*state, " retry=\"1\" wait=\"5\"");
    assert_int_equal(out.count, 24);
    assert_int_equal(out.refused, 0);
    assert_null(out.first_refusal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_solution_fails_what_it_names), TEST(test_solutions_differ),
        TEST(test_nothing_done_passes_nothing),    TEST(test_a_replay_differs),
        TEST(test_an_answer_cannot_be_copied),     TEST(test_choices),
        TEST(test_a_refused_call_is_made_again),   TEST(test_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
