/* Who may apply when, at both sides of each edge; and what counts as evidence then. */
#include "unit/check.h"

#include "base/clock.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "cert/cert_standing.h"
#include "exam/exam.h"

#define T0 ((int64_t)1795320651000)
#define YEAR (365 * MS_DAY)

static const struct cert_rules rules = {
    .refusal_days = 14, .revocation_days = 365, .renewal_days = 90, .anew = {false, true, true}};

static struct cert_standing stand(const struct cert_past *past, int64_t now_ms) {
    struct cert_standing s;
    cert_standing(&rules, past, now_ms, &s);
    assert_ptr_equal(s.newest, past->held_count ? &past->held[past->held_count - 1] : NULL);
    return s;
}

static struct cert_past with(struct cert_held *held, size_t count) {
    return (struct cert_past){.held = held, .held_count = count};
}

/* RULE may-apply, RULE one-valid. */
static void who_may_apply_when(void **state) {
    (void)state;
    struct cert_held valid = {"valid", T0, T0 + YEAR, 0, NULL, NULL},
                     brief = {"valid", T0, T0 + 10 * MS_DAY, 0, NULL, NULL},
                     endless = {"valid", T0, 0, 0, NULL, NULL},
                     expired = {"expired", T0, T0 + YEAR, 0, NULL, NULL},
                     suspended = {"suspended", T0, T0 + YEAR, T0 + MS_DAY, NULL, NULL},
                     revoked = {"revoked", T0, T0 + YEAR, T0 + 5 * MS_DAY, NULL, NULL},
                     replaced = {"replaced", T0, T0 + YEAR, T0 + 300 * MS_DAY, NULL, NULL},
                     again[] = {revoked, valid}, both[] = {replaced, suspended},
                     turned[] = {suspended, valid};
    again[1].issued_ms = T0 + 2 * YEAR;
    again[1].until_ms = T0 + 3 * YEAR;
    struct cert_past refused = {.refusals = 1, .refused_ms = T0},
                     waits = {.waits = true, .refusals = 1, .refused_ms = T0},
                     refused_long_ago = {.refusals = 2, .refused_ms = T0 - YEAR};
    const struct {
        struct cert_past past;
        int64_t now_ms;
        enum cert_may may;
        int64_t from_ms;
    } cases[] = {
        {{0}, T0, CERT_MAY_APPLY, 0},
        /* after a refusal */
        {refused, T0 + 14 * MS_DAY - 1, CERT_MAY_REFUSED, T0 + 14 * MS_DAY},
        {refused, T0 + 14 * MS_DAY, CERT_MAY_APPLY, 0},
        {refused_long_ago, T0, CERT_MAY_APPLY, 0},
        {waits, T0 + YEAR, CERT_MAY_WAITS, 0},
        /* while one is held, and in its last 90 days */
        {with(&valid, 1), T0, CERT_MAY_HELD, T0 + YEAR - 90 * MS_DAY},
        {with(&valid, 1), T0 + YEAR - 90 * MS_DAY - 1, CERT_MAY_HELD, T0 + YEAR - 90 * MS_DAY},
        {with(&valid, 1), T0 + YEAR - 90 * MS_DAY, CERT_MAY_APPLY, 0},
        {with(&expired, 1), T0 + YEAR, CERT_MAY_APPLY, 0},
        {with(&replaced, 1), T0 + YEAR, CERT_MAY_APPLY, 0},
        /* a short one is not renewed in its first half */
        {with(&brief, 1), T0 + 5 * MS_DAY - 1, CERT_MAY_HELD, T0 + 5 * MS_DAY},
        {with(&brief, 1), T0 + 5 * MS_DAY, CERT_MAY_APPLY, 0},
        {with(&endless, 1), T0 + 50 * YEAR, CERT_MAY_HELD, 0},
        /* suspended: also when there was another one */
        {with(&suspended, 1), T0 + YEAR - MS_DAY, CERT_MAY_SUSPENDED, 0},
        {with(both, 2), T0 + YEAR - MS_DAY, CERT_MAY_SUSPENDED, 0},
        {with(turned, 2), T0 + MS_DAY, CERT_MAY_SUSPENDED, 0},
        /* what holds no more keeps nobody from applying, however early that is */
        {with(&replaced, 1), T0 + 10 * MS_DAY, CERT_MAY_APPLY, 0},
        /* after a revocation: counted from it, not from the grant */
        {with(&revoked, 1), T0 + 5 * MS_DAY + YEAR - 1, CERT_MAY_REVOKED, T0 + 5 * MS_DAY + YEAR},
        {with(&revoked, 1), T0 + 5 * MS_DAY + YEAR, CERT_MAY_APPLY, 0},
        /* both refused and revoked: the later of the two ends */
        {{.refusals = 1, .refused_ms = T0, .held = &revoked, .held_count = 1},
         T0 + 10 * MS_DAY,
         CERT_MAY_REVOKED,
         T0 + 5 * MS_DAY + YEAR},
        {{.refusals = 1, .refused_ms = T0 + 4 * MS_DAY + YEAR, .held = &revoked, .held_count = 1},
         T0 + 4 * MS_DAY + YEAR,
         CERT_MAY_REFUSED,
         T0 + 18 * MS_DAY + YEAR},
        {{.refusals = 1, .refused_ms = T0 - 9 * MS_DAY + YEAR, .held = &revoked, .held_count = 1},
         T0 + YEAR,
         CERT_MAY_REVOKED,
         T0 + 5 * MS_DAY + YEAR},
        {{.refusals = 1, .refused_ms = T0, .held = &valid, .held_count = 1},
         T0 + MS_DAY,
         CERT_MAY_HELD,
         T0 + YEAR - 90 * MS_DAY},
        {with(again, 2), T0 + 2 * YEAR, CERT_MAY_HELD, T0 + 3 * YEAR - 90 * MS_DAY},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cert_standing s = stand(&cases[i].past, cases[i].now_ms);
        if (s.may != cases[i].may || s.from_ms != cases[i].from_ms)
            fail_msg("case %zu: may %d from %lld", i, s.may, (long long)s.from_ms);
    }
}

/* RULE new-evidence. */
static void what_counts_then(void **state) {
    (void)state;
    struct cert_held valid = {"expired", T0, T0 + YEAR, 0, NULL, NULL},
                     revoked = {"revoked", T0, T0 + YEAR, T0 + MS_DAY, NULL, NULL},
                     all[] = {revoked, {"expired", T0 + 2 * YEAR, T0 + 3 * YEAR, 0, NULL, NULL}};
    struct cert_past past = with(&valid, 1);
    struct cert_standing s = stand(&past, T0 + YEAR);
    assert_true(s.renewal);
    assert_false(s.revoked);
    assert_int_equal(s.since_ms[0], 0); /* the programme does not ask for them anew */
    assert_int_equal(s.since_ms[1], T0);
    assert_int_equal(s.since_ms[2], T0);
    past = with(&revoked, 1); /* then everything, whatever the programme says of renewals */
    s = stand(&past, T0 + 2 * YEAR);
    assert_true(s.revoked);
    assert_false(s.renewal);
    for (int kind = 0; kind < CERT_KINDS; kind++) assert_int_equal(s.since_ms[kind], T0 + MS_DAY);
    past = with(all, 2);
    s = stand(&past, T0 + 3 * YEAR);
    assert_true(s.revoked && s.renewal);
    assert_int_equal(s.since_ms[0], T0 + MS_DAY);
    assert_int_equal(s.since_ms[1], T0 + 2 * YEAR);
    past = (struct cert_past){.refusals = 1, .refused_ms = T0};
    s = stand(&past, T0 + YEAR); /* a refusal takes no evidence away */
    for (int kind = 0; kind < CERT_KINDS; kind++) assert_int_equal(s.since_ms[kind], 0);
}

static void newer_means_later(void **state) {
    (void)state;
    const int64_t since[CERT_KINDS] = {0, T0, 0};
    struct evidence_fact facts[] = {{&module_evidence, "m", true, NULL, NULL, 1, false},
                                    {&exam_evidence_kind, "e", true, NULL, "before", T0 - 1, false},
                                    {&exam_evidence_kind, "e", true, NULL, "same", T0, false},
                                    {&exam_evidence_kind, "e", true, NULL, "after", T0 + 1, false},
                                    {&lab_evidence_kind, "l", true, "x", "run", 2, false}};
    assert_int_equal(cert_facts_since(facts, COUNT_OF(facts), since), 3);
    assert_string_equal(facts[0].id, "m");
    assert_string_equal(facts[1].record, "after");
    assert_string_equal(facts[2].record, "run");
}

/* RULE done-before: the newest pass that counts no more, of what nothing is on record of since. */
static void what_was_done_before(void **state) {
    (void)state;
    const int64_t since[CERT_KINDS] = {0, T0, T0};
    const struct cert_need needs[] = {{.kind = &module_evidence, .id = "m"},
                                      {.kind = &exam_evidence_kind, .id = "e"},
                                      {.kind = &exam_evidence_kind, .id = "tried"},
                                      {.kind = &exam_evidence_kind, .id = "failed"},
                                      {.kind = &lab_evidence_kind, .id = "l"}};
    const struct evidence_fact facts[] = {
        {&exam_evidence_kind, "e", true, NULL, "first", T0 - 9, false},
        {&exam_evidence_kind, "e", true, NULL, "last", T0, false},
        {&exam_evidence_kind, "failed", false, NULL, "no", T0 - 1, false},
        {&exam_evidence_kind, "tried", true, NULL, "before", T0 - 1, false},
        {&lab_evidence_kind, "l", true, "x", "run", T0 - 5, false}};
    const struct evidence_fact now[] = {
        {&exam_evidence_kind, "tried", false, NULL, "again", T0 + 1, false}};
    struct arena a;
    struct cert_level_status s;
    arena_init(&a, 1 << 20);
    cert_level_status(&a, true, needs, COUNT_OF(needs), now, COUNT_OF(now), &s);
    cert_level_before(&s, facts, COUNT_OF(facts), since);
    assert_int_equal(s.needs[0].before_ms, 0);
    assert_int_equal(s.needs[1].before_ms, T0);
    assert_string_equal(s.needs[1].sentence, "cert_need_before");
    assert_int_equal(s.needs[2].before_ms, 0); /* it was tried since: that is said */
    assert_int_equal(s.needs[3].before_ms, 0);
    assert_int_equal(s.needs[4].before_ms, T0 - 5);
    const int64_t all[CERT_KINDS] = {0, T0 - 1, 0}; /* what counts is not said to count no more */
    cert_level_status(&a, true, needs, COUNT_OF(needs), NULL, 0, &s);
    cert_level_before(&s, facts, COUNT_OF(facts), all);
    assert_int_equal(s.needs[1].before_ms, T0 - 9);
    assert_int_equal(s.needs[2].before_ms, T0 - 1);
    assert_int_equal(s.needs[4].before_ms, 0);
    arena_release(&a);
}

/* RULE status-step: all steps there are, and which of them are possible. */
static void a_change_follows_only_what_it_can_follow(void **state) {
    static const char *const befores[] = {NULL, "suspended", "reinstated", "revoked", "replaced"};
    static const struct {
        const char *kind;
        bool can[COUNT_OF(befores)];
    } steps[] = {{"suspended", {true, false, true, false, false}},
                 {"reinstated", {false, true, false, false, false}},
                 {"revoked", {true, true, true, false, false}},
                 {"replaced", {true, false, true, false, false}}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        for (size_t k = 0; k < COUNT_OF(befores); k++)
            if (!cert_step_problem(befores[k], steps[i].kind) != steps[i].can[k])
                fail_msg("%s after %s", steps[i].kind, befores[k] ? befores[k] : "the issue");
}

/* RULE status-step, each step; and what a certificate is called at a time. */
static void steps_and_states(void **state) {
    (void)state;
    static const struct {
        const char *before, *kind, *problem;
    } steps[] = {
        {NULL, "suspended", NULL},
        {NULL, "revoked", NULL},
        {NULL, "replaced", NULL},
        {NULL, "reinstated", "cert_refusal_not_suspended"},
        {"suspended", "reinstated", NULL},
        {"suspended", "revoked", NULL},
        {"suspended", "suspended", "cert_refusal_is_suspended"},
        {"suspended", "replaced", "cert_refusal_is_suspended"},
        {"reinstated", "suspended", NULL},
        {"reinstated", "replaced", NULL},
        {"reinstated", "reinstated", "cert_refusal_not_suspended"},
        {"revoked", "reinstated", "cert_refusal_revoked"},
        {"revoked", "suspended", "cert_refusal_revoked"},
        {"replaced", "reinstated", "cert_refusal_replaced"},
        {"replaced", "revoked", "cert_refusal_replaced"},
    };
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        assert_true(str_eq(cert_step_problem(steps[i].before, steps[i].kind), steps[i].problem) ||
                    (!steps[i].problem && !cert_step_problem(steps[i].before, steps[i].kind)));
    static const struct {
        const char *last;
        int64_t until_ms;
        const char *state;
    } ends[] = {
        {NULL, 0, "valid"},           {NULL, 101, "valid"},          {NULL, 100, "expired"},
        {"reinstated", 101, "valid"}, {"reinstated", 99, "expired"}, {"suspended", 99, "suspended"},
        {"revoked", 0, "revoked"},    {"replaced", 101, "replaced"}};
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        assert_string_equal(cert_state_at(ends[i].last, ends[i].until_ms, 100), ends[i].state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_follows_only_what_it_can_follow),
        cmocka_unit_test(steps_and_states),
        cmocka_unit_test(who_may_apply_when),
        cmocka_unit_test(what_counts_then),
        cmocka_unit_test(newer_means_later),
        cmocka_unit_test(what_was_done_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
