/* What a level asks against what a person did; numbers of certificates. */
#include "unit/check.h"

#include "base/clock.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "exam/exam.h"

static const struct cert_need needs[] = {
    {&module_evidence, "one", "One", "/modules/one", NULL, 0},
    {&module_evidence, "two", "Two", "/modules/two", NULL, 0},
    {&exam_evidence_kind, "final", "Final", "/exams/final", NULL, 0},
    {&lab_evidence_kind, "sync", "Sync", "/labs/sync", NULL, 2},
};
#define FACT_MODULE(id, at)                                                                        \
    { &module_evidence, id, true, NULL, NULL, at, false }

/* RULE logged-evidence: a fact that is not what was logged does not count, and is told. */
static void changed_facts(void **state) {
    const struct evidence_fact facts[] = {
        {&exam_evidence_kind, "final", false, NULL, "a1", 30, true},
        {&exam_evidence_kind, "another", false, NULL, "a2", 30, true}};
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, 2, &s);
    assert_true(s.changed);
    assert_true(s.needs[2].changed);
    assert_false(s.needs[0].changed || s.needs[1].changed || s.needs[3].changed);
    assert_int_equal(s.needs[2].state, CERT_BEGUN);
    assert_string_equal(s.needs[2].sentence, "cert_need_changed");
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts + 1, 1, &s);
    assert_false(s.changed); /* of what the level does not ask for */
}

static void nothing_done(void **state) {
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), NULL, 0, &s);
    assert_int_equal(s.count, 4);
    assert_int_equal(s.met, 0);
    assert_false(s.complete);
    assert_false(s.only_modules_missing);
    for (size_t i = 0; i < s.count; i++) assert_int_equal(s.needs[i].at_ms, 0);
    assert_string_equal(s.needs[2].sentence, "cert_need_exam_missing");
    assert_string_equal(s.needs[3].sentence, "cert_need_lab_missing");
}

static void all_done(void **state) {
    const struct evidence_fact facts[] = {
        FACT_MODULE("one", 10),
        FACT_MODULE("two", 20),
        {&exam_evidence_kind, "final", false, NULL, "a1", 30, false},
        {&exam_evidence_kind, "final", true, NULL, "a2", 40, false},
        {&exam_evidence_kind, "final", true, NULL, "a3", 50, false},
        {&lab_evidence_kind, "sync", true, "blue", "r1", 60, false},
        {&lab_evidence_kind, "sync", true, "north", "r2", 70, false},
    };
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_true(s.complete);
    assert_int_equal(s.met, 4);
    assert_string_equal(s.needs[2].record,
                        "a2"); /* the first pass, neither the failure nor the repetition */
    assert_int_equal(s.needs[2].at_ms, 40);
    assert_int_equal(s.needs[3].have, 2);
    cert_level_status(*state, false, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_false(s.complete); /* a closed level is held by nobody */
}

/* RULE lab-dialects. One passed run is the least, whatever the level says of dialects. */
static void a_lab_is_never_met_by_nothing(void **state) {
    static const struct cert_need lab = {&lab_evidence_kind, "l", "L", "/labs/l", NULL, 1},
                                  none_said = {&lab_evidence_kind, "l", "L", "/labs/l", NULL, 0};
    const struct evidence_fact failed[] = {{&lab_evidence_kind, "l", false, NULL, "r", 5, false}},
                               passed[] = {
                                   {&lab_evidence_kind, "l", true, "crm:blue", "r", 5, false}};
    struct cert_level_status s;
    for (int i = 0; i < 2; i++) {
        const struct cert_need *need = i ? &none_said : &lab;
        cert_level_status(*state, true, need, 1, NULL, 0, &s);
        assert_int_equal(s.needs[0].state, CERT_MISSING);
        assert_false(s.complete);
        cert_level_status(*state, true, need, 1, failed, 1, &s);
        assert_int_equal(s.needs[0].state, CERT_BEGUN);
        assert_false(s.complete);
        cert_level_status(*state, true, need, 1, passed, 1, &s);
        assert_true(s.complete);
    }
}

/* RULE lab-dialects. */
static void the_same_dialect_twice_is_one(void **state) {
    const struct evidence_fact facts[] = {
        {&lab_evidence_kind, "sync", true, "blue", "r1", 60, false},
        {&lab_evidence_kind, "sync", true, "blue", "r2", 70, false},
        {&lab_evidence_kind, "other", true, "north", "r3", 80, false},
        {&lab_evidence_kind, "sync", false, "north", "r4", 90, false},
    };
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_int_equal(s.needs[3].have, 1);
    assert_int_equal(s.needs[3].state, CERT_BEGUN);
    assert_string_equal(s.needs[3].sentence, "cert_need_lab_begun");
}

static void failing_is_not_passing(void **state) {
    const struct evidence_fact facts[] = {
        {&exam_evidence_kind, "final", false, NULL, "a1", 30, false},
        {&exam_evidence_kind, "final", false, NULL, "a2", 40, false},
        {&module_evidence, "one", false, NULL, NULL, 5, false},
        {&lab_evidence_kind, "final", true, "x", "r", 1, false}};
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_int_equal(s.met, 0);
    assert_int_equal(s.needs[0].state, CERT_BEGUN);
    assert_int_equal(s.needs[2].state, CERT_BEGUN);
    assert_string_equal(s.needs[2].record, "a2"); /* the newest try */
}

/* RULE experience. */
static void only_modules_may_be_replaced(void **state) {
    const struct evidence_fact facts[] = {{&exam_evidence_kind, "final", true, NULL, "a", 1, false},
                                          {&lab_evidence_kind, "sync", true, "b", "r", 2, false},
                                          {&lab_evidence_kind, "sync", true, "n", "r2", 3, false}};
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_false(s.complete);
    assert_true(s.only_modules_missing);
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, 2, &s);
    assert_false(s.only_modules_missing); /* the lab is missing too */
}

/* RULE level-met. */
static void a_level_that_asks_nothing_is_met_by_nobody(void **state) {
    struct cert_level_status s;
    cert_level_status(*state, true, NULL, 0, NULL, 0, &s);
    assert_false(s.complete);
    assert_false(s.only_modules_missing);
}

/* RULE level-met. RULE experience, and "all of nothing": every level of up to two modules, exams
 * and labs, with every share of them met, against what a person would say. */
static void no_rule_is_met_by_nothing(void **state) {
    static const char *const ids[] = {"a", "b"};
    for (int code = 0; code < 6 * 6 * 6; code++) {
        const int shape[] = {code % 6, code / 6 % 6, code / 36};
        /* 0: none asked; 1, 2: one asked, 0 or 1 met; 3 to 5: two asked, 0 to 2 met */
        static const int asked[] = {0, 1, 1, 2, 2, 2}, met[] = {0, 0, 1, 0, 1, 2};
        struct cert_need list[6];
        struct evidence_fact facts[6];
        struct cert_level_status s;
        size_t needs_count = 0, facts_count = 0;
        for (int kind = 0; kind < 3; kind++)
            for (int i = 0; i < asked[shape[kind]]; i++) {
                list[needs_count++] = (struct cert_need){cert_kinds[kind],
                                                         ids[i],
                                                         ids[i],
                                                         "/",
                                                         NULL,
                                                         cert_kinds[kind] == &lab_evidence_kind};
                if (i < met[shape[kind]])
                    facts[facts_count++] = (struct evidence_fact){
                        cert_kinds[kind], ids[i], true, "x", "r", 1, false};
            }
        cert_level_status(*state, true, list, needs_count, facts, facts_count, &s);
        bool work = asked[shape[1]] + asked[shape[2]] > 0;
        bool work_done = met[shape[1]] == asked[shape[1]] && met[shape[2]] == asked[shape[2]];
        bool modules_done = met[shape[0]] == asked[shape[0]];
        bool complete = needs_count > 0 && work_done && modules_done;
        bool experience = work && work_done && !modules_done;
        if (s.complete != complete || s.only_modules_missing != experience)
            fail_msg("level %d: complete %d, experience %d", code, s.complete,
                     s.only_modules_missing);
        cert_level_status(*state, false, list, needs_count, facts, facts_count, &s);
        assert_false(s.complete || s.only_modules_missing);
    }
}

/* RULE brief-exam: at both sides of a tenth of 90 minutes. */
static void a_brief_exam(void **state) {
    (void)state;
    assert_true(cert_is_brief(9000, 90));
    assert_true(cert_is_brief(9 * MS_MINUTE - 1, 90));
    assert_false(cert_is_brief(9 * MS_MINUTE, 90));
    assert_false(cert_is_brief(90 * MS_MINUTE, 90));
}

static void numbers(void **state) {
    struct arena *a = *state;
    /* The check is a sum with the weights 1 to 14 modulo 31, worked out by another program. */
    assert_non_null(cert_number_read(a, "GR-2026-K7PWQX3MTAD"));
    assert_null(cert_number_read(a, "GR-3026-K7PWQX3MTAD"));
    assert_null(cert_number_read(a, "GX-2026-K7PWQX3MTAD"));
    assert_null(cert_number_read(a, "XR-2026-K7PWQX3MTAD"));
    /* Each of the ten places is drawn: whoever tries numbers has all of them to try. */
    bool seen[10][128] = {{false}};
    for (int i = 0; i < 500; i++) {
        const char *drawn = cert_number_new(a, 2026);
        for (int k = 0; k < 10; k++) seen[k][(unsigned char)drawn[8 + k]] = true;
    }
    for (int k = 0; k < 10; k++) {
        int different = 0;
        for (int c = 0; c < 128; c++) different += seen[k][c];
        assert_in_range(different, 25, 31);
    }
    for (int i = 0; i < 500; i++) {
        const char *number = cert_number_new(a, 2026);
        char *lower = arena_dup(a, number);
        for (char *c = lower; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
        assert_string_equal(cert_number_read(a, number), number);
        assert_string_equal(cert_number_read(a, arena_printf(a, "  %s\n", lower)), number);
        /* RULE short-number */
        assert_string_equal(cert_number_of_year(a, lower + 8, 2026), number);
        assert_string_equal(cert_number_of_year(a, lower + 3, 2026), number);
        assert_null(cert_number_of_year(a, lower + 3, 2025));
        assert_null(cert_number_of_year(a, lower + 9, 2026));
        assert_null(strpbrk(number + 8, "01ILO"));
        assert_int_equal(strlen(number), strlen("GR-2026-") + 11); /* too many to be tried */
    }
}

/* As people and papers write it. */
static void numbers_as_they_are_typed(void **state) {
    struct arena *a = *state;
    const char *number = cert_number_new(a, 2016), *tail = number + 8;
    const char *const same[] = {
        arena_printf(a, "GR2016%s", tail),
        arena_printf(a, "gr 2016 %.4s %s", tail, tail + 4),
        arena_printf(a, " GR - 2016 - %s\r\n", tail),
        arena_printf(a, "GR\u20132016\u2013%s", tail),
        arena_printf(a, "GR-2O16-%s", tail),
        arena_printf(a, "GR-20I6-%s", tail),
        arena_printf(a, "gr-2ol6-%s", tail),
        arena_printf(a, "GR.2016/%s", tail),
        arena_printf(a, "GR\u20102016\u2011%s", tail),
        arena_printf(a, "GR\u20122016\u2014%s", tail),
        arena_printf(a, "GR\u20152016\u2212%s", tail),
        arena_printf(a, "GR\u00a02016\u202f%s", tail),
    };
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        if (!cert_number_meant(same[i])) fail_msg("no number: %s", same[i]);
        const char *read = cert_number_read(a, same[i]);
        if (!str_eq(read, number)) fail_msg("%s is read as %s", same[i], read ? read : "none");
    }
    static const char *const numbers[] = {"GR-2026-AAAAAAAAAAA",
                                          "GR2026AAAAAAAA",
                                          "gr 2026 0O1IL",
                                          "XY-2026-123456",
                                          "12345A",
                                          "RQFWJFZZUNA",
                                          "rqfwj-fzzuna",
                                          "GR2026AAAAAAAAAAAAAAAAAA"},
                             *const others[] = {"",
                                                "{",
                                                "{\"a\":1}",
                                                "hello",
                                                "GR",
                                                "12345",
                                                "GR2026AAAAAAAAAAAAAAAAAAA",
                                                "abcdef",
                                                "certificate",
                                                "rqfwjfzzun",
                                                "rqfwjfzzunrr",
                                                "eyJhbGciOiJub25lIn0.eyJ2YyI6e319.c2ln",
                                                "a@b.example"};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        assert_true(cert_number_meant(numbers[i]));
        assert_null(cert_number_read(a, numbers[i]));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (cert_number_meant(others[i])) fail_msg("a number: %s", others[i]);
    assert_null(cert_number_read(a, arena_printf(a, "%sA", number)));
}

/* RULE certificate-number. Every wrong character and every exchange of neighbours is noticed. */
static void typing_errors(void **state) {
    static const char digits[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
    struct arena *a = *state;
    const char *number = cert_number_new(a, 2026);
    for (int i = 8; i < 19; i++)
        for (const char *d = digits; *d; d++) {
            char *wrong = arena_dup(a, number);
            if (wrong[i] == *d) continue;
            wrong[i] = *d;
            assert_null(cert_number_read(a, wrong));
        }
    for (int i = 8; i < 18; i++) {
        char *wrong = arena_dup(a, number);
        if (wrong[i] == wrong[i + 1]) continue;
        wrong[i] = number[i + 1];
        wrong[i + 1] = number[i];
        assert_null(cert_number_read(a, wrong));
    }
    static const char *const others[] = {"",
                                         "GR",
                                         "GR-2026-",
                                         "XX-2026-AAAAAAAA",
                                         "GR-20O6-AAAAAAAA",
                                         "GR-2026-AAAAAAA\xc3",
                                         "GR-2026-K7MQ2XWD.json",
                                         "GR_2026_K7MQ2XWD"};
    for (size_t i = 0; i < COUNT_OF(others); i++) assert_null(cert_number_read(a, others[i]));
}

static void a_refusal_has_its_status(void **state) {
    (void)state;
    assert_int_equal(cert_refusal_status(ERR_DENIED), 403);
    assert_int_equal(cert_refusal_status(ERR_INVALID), 422);
    assert_int_equal(cert_refusal_status(ERR_CONFLICT), 409);
    assert_int_equal(cert_refusal_status(ERR_NOT_FOUND), 409);
}

/* What a credential says: all that was asked for, and of that what was met; one line for all
 * modules, none where there are none. */
static void what_a_credential_says(void **state) {
    struct arena *a = *state;
    static const struct cert_need one = {&lab_evidence_kind, "one", "One dialect", "/", NULL, 1};
    const int64_t day_ms = 1795320651000LL;
    struct cert_need_status asked[] = {{.need = &needs[0], .state = CERT_MET, .at_ms = 1},
                                       {.need = &needs[1], .state = CERT_BEGUN},
                                       {.need = &needs[2], .state = CERT_MET, .at_ms = day_ms},
                                       {.need = &needs[3], .state = CERT_MET, .at_ms = day_ms},
                                       {.need = &one, .state = CERT_MISSING}};
    struct cert_level_status s = {.needs = asked, .count = COUNT_OF(asked)};
    assert_string_equal(cert_criteria_text(a, &s, "The Body"),
                        "Granted by an independent decision of The Body on evidence of:\n"
                        "\n- module: One\n- module: Two\n- exam: Final"
                        "\n- lab: Sync, in 2 dialects\n- lab: One dialect");
    static const struct cert_evidence all[] = {
        {"modules", NULL, "Modules of the level", "1 of 2 modules were completed.", false},
        {"experience", NULL, "Stated experience",
         "Experience was stated and accepted in place of modules.", false},
        {"exam", "final", "Final", "Passed on 2026-11-22.", true},
        {"lab", "sync", "Sync", "Passed on 2026-11-22: every check of the scenario held.", true},
    };
    size_t count;
    const struct cert_evidence *list = cert_evidence_of(a, &s, "experience", &count);
    assert_int_equal(count, COUNT_OF(all));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(list[i].kind, all[i].kind);
        assert_true(all[i].id ? str_eq(list[i].id, all[i].id) : !list[i].id);
        assert_string_equal(list[i].name, all[i].name);
        assert_string_equal(list[i].narrative, all[i].narrative);
        assert_int_equal(list[i].passed, all[i].passed);
    }
    s.needs += 2;
    s.count = 1;
    list = cert_evidence_of(a, &s, "evidence", &count);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].kind, "exam");
    s.needs -= 2;
    list = cert_evidence_of(a, &s, "evidence", &count);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].narrative, "1 of 1 modules were completed.");
    s.count = 0;
    (void)cert_evidence_of(a, &s, "evidence", &count);
    assert_int_equal(count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(changed_facts),
        TEST(nothing_done),
        TEST(all_done),
        TEST(the_same_dialect_twice_is_one),
        TEST(a_lab_is_never_met_by_nothing),
        TEST(failing_is_not_passing),
        TEST(only_modules_may_be_replaced),
        TEST(a_level_that_asks_nothing_is_met_by_nobody),
        TEST(no_rule_is_met_by_nothing),
        TEST(numbers_as_they_are_typed),
        TEST(a_brief_exam),
        TEST(numbers),
        TEST(typing_errors),
        TEST(a_refusal_has_its_status),
        TEST(what_a_credential_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
