/* Changes of configuration with and without a record, and the intake of work. */
#include "unit/sandbox/kind_fixture.h"

static void start(struct kind_lab *lab, void **state) {
    kind_start(lab, *state, "work=tillerby,crm=aurelia", "", NULL);
}

static void configure(struct kind_lab *lab) {
    kind_make(lab, "crm.routing_rule", "name", "R", "position", "1", "team", "north", NULL);
}

/* How the last change of configuration is told. */
static const char *told(struct kind_lab *lab) {
    configure(lab);
    return kind_cell(lab,
                     "SELECT c.kind || ' ' || c.detail || ' ' || e.kind FROM event c JOIN event "
                     "e ON e.seq = c.cause WHERE c.kind LIKE 'change.%%' ORDER BY c.seq DESC");
}

/* The same for a change in this very millisecond: a call takes its time first. */
static const char *told_at(struct kind_lab *lab, int64_t at_ms) {
    int crm = 0;
    assert_non_null(lab_object_by_path(&lab->stack, "crm.routing_rule", &crm));
    kind_advance(lab, at_ms - lab->dialects[crm]->latency_ms - kind_now(lab));
    const char *kind = told(lab);
    assert_int_equal(kind_now(lab), at_ms);
    return kind;
}

static const char *change(struct kind_lab *lab, const char *risk, const char *state,
                          const char *from, const char *until) {
    return kind_make(lab, "work.change", "title", "T", "system", "crm", "reason", "R", "risk", risk,
                     "changed_by", "me@amberly.example", "state", state, "planned_start", from,
                     "planned_end", until, NULL);
}

static void approval(struct kind_lab *lab, const char *of, const char *who, const char *state) {
    kind_make(lab, "work.approval", "change_id", of, "approver_email", who, "role", "system_owner",
              "state", state, NULL);
}

#define COVERED "change.made crm.routing_rule record.created"
#define UNDOCUMENTED "change.undocumented crm.routing_rule record.created"

static void test_changes_need_a_record(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    assert_string_equal(told(&lab), UNDOCUMENTED);
    const char *id = change(&lab, "high", "waiting", NULL, NULL);
    assert_string_equal(told(&lab), UNDOCUMENTED);
    approval(&lab, id, "owner@amberly.example", "given");
    assert_string_equal(kind_cell(&lab, "SELECT state FROM work_change"), "approved");
    assert_string_equal(told(&lab), COVERED);
    /* What is no setup needs none, and neither does what a rule does. */
    kind_make(&lab, "crm.contact", "last_name", "Ada", NULL);
    assert_string_equal(kind_events(&lab, "change.undoc"), "change.undocumented 2");
    kind_change(&lab, "work.change", id, "state", "done", NULL);
    assert_string_equal(kind_events(&lab, "change.done"), "change.done 1");
    assert_true(atoll(kind_cell(&lab, "SELECT done_time FROM work_change")) >= KIND_START);
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* On both sides of the beginning and of the end. */
static void test_changes_have_a_time(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    char from[32], until[32];
    snprintf(from, sizeof from, "%lld", (long long)(KIND_START + MS_HOUR));
    snprintf(until, sizeof until, "%lld", (long long)(KIND_START + 2 * MS_HOUR));
    const char *id = change(&lab, "low", "approved", from, until);
    kind_advance(&lab, KIND_START + MS_HOUR - 30000 - kind_now(&lab));
    assert_string_equal(told(&lab), UNDOCUMENTED);
    kind_advance(&lab, KIND_START + MS_HOUR - kind_now(&lab));
    assert_string_equal(told(&lab), COVERED);
    kind_advance(&lab, KIND_START + 2 * MS_HOUR - 30000 - kind_now(&lab));
    assert_string_equal(told(&lab), COVERED);
    kind_advance(&lab, KIND_START + 2 * MS_HOUR + 1 - kind_now(&lab));
    assert_string_equal(told(&lab), UNDOCUMENTED);
    kind_change(&lab, "work.change", id, "state", "draft", "emergency", "1", "planned_end", NULL,
                NULL);
    assert_string_equal(told(&lab), COVERED);
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* Up to the millisecond in which it is done, and after it only within its planned time. */
static void test_done_covers_nothing_later(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const int64_t hour = KIND_START + MS_HOUR;
    const char *first = arena_printf(lab.a, "%lld", (long long)hour),
               *second = arena_printf(lab.a, "%lld", (long long)(hour + MS_HOUR)),
               *third = arena_printf(lab.a, "%lld", (long long)(hour + 2 * MS_HOUR));
    const char *id = change(&lab, "low", "approved", NULL, NULL);
    kind_change(&lab, "work.change", id, "done_time", first, "state", "done", NULL);
    assert_string_equal(told_at(&lab, hour), COVERED);
    kind_change(&lab, "work.change", id, "done_time", second, NULL);
    assert_string_equal(told_at(&lab, hour + MS_HOUR + 1), UNDOCUMENTED);
    kind_change(&lab, "work.change", id, "planned_end", third, NULL);
    assert_string_equal(told_at(&lab, hour + 2 * MS_HOUR), COVERED);
    /* Nobody knows when it was done. */
    kind_change(&lab, "work.change", id, "planned_end", NULL, "done_time", NULL, NULL);
    assert_string_equal(told(&lab), UNDOCUMENTED);
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_nobody_approves_alone(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = change(&lab, "medium", "waiting", NULL, NULL);
    kind_try_change(&lab, "work.change", id, "state", "approved", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT state FROM work_change"), "waiting");
    kind_try_make(&lab, "work.approval", "change_id", id, "approver_email", " ME@amberly.example",
                  "role", "system_owner", "state", "given", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM work_approval"), "0");
    approval(&lab, id, "one@amberly.example", "asked");
    approval(&lab, id, "two@amberly.example", "given");
    assert_string_equal(kind_cell(&lab, "SELECT state FROM work_change"), "waiting");
    kind_change(&lab, "work.approval", kind_id(&lab, "work_approval", "state", "asked"), "state",
                "given", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT state FROM work_change"), "approved");
    id = change(&lab, "high", "waiting", NULL, NULL);
    approval(&lab, id, "one@amberly.example", "refused");
    assert_string_equal(kind_cell(&lab, "SELECT state FROM work_change ORDER BY id DESC"),
                        "refused");
    assert_string_equal(kind_events(&lab, "approval."), "approval.given 2, approval.refused 1");
    kind_end(&lab);
}

/* Two in a lane for two; the third is told, and counted. */
static void test_lanes_have_limits(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *doing = kind_make(&lab, "work.lane", "name", "Doing", "position", "1", "wip_limit",
                                  "2", NULL);
    const char *done = kind_make(&lab, "work.lane", "name", "Done", "position", "2", NULL);
    const char *task = NULL;
    for (int i = 0; i < 3; i++) {
        task = kind_make(&lab, "work.task", "title", "T", "priority", "normal", "lane_id", doing,
                         NULL);
        assert_string_equal(kind_events(&lab, "lane."), i < 2 ? "" : "lane.full 1");
    }
    assert_string_equal(kind_cell(&lab, "SELECT tasks FROM work_lane WHERE name = 'Doing'"), "3");
    kind_change(&lab, "work.task", task, "lane_id", done, NULL);
    assert_string_equal(
        kind_cell(
            &lab,
            "SELECT group_concat(tasks, ' ') FROM (SELECT tasks FROM work_lane ORDER BY position)"),
        "2 1");
    assert_string_equal(kind_events(&lab, "task."), "task.moved 1");
    kind_delete(&lab, "work.task", task, NULL);
    assert_string_equal(kind_cell(&lab, "SELECT tasks FROM work_lane WHERE name = 'Done'"), "0");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_requests_get_an_answer(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = kind_make(&lab, "work.request", "title", "T", "kind", "list",
                               "requester_email", "boss@amberly.example", "state", "new", NULL);
    kind_try_change(&lab, "work.request", id, "state", "refused", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT state FROM work_request"), "new");
    kind_change(&lab, "work.request", id, "state", "refused", "reason", "No consent", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT detail FROM event WHERE kind = 'request.decided'"),
                        "No consent");
    assert_string_equal(kind_events(&lab, "request."), "request.decided 1, request.received 1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_changes_need_a_record),     TEST(test_changes_have_a_time),
        TEST(test_done_covers_nothing_later), TEST(test_nobody_approves_alone),
        TEST(test_lanes_have_limits),         TEST(test_requests_get_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
