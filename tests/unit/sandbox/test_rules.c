/* What systems do by themselves: the queue, the event log, and rules that are data. */
#include "unit/lab/lab_fixture.h"

#define HOUR "{\"advance_ms\":3600000,\"kind\":\"clock\"}"

/* RULE lab-human. */
static void test_the_log_tells_people_from_machines(void **state) {
    struct lab_scenario *s = fixture_scenario(*state);
    struct worker w = fixture_worker(*state, s, CHOICE, 1);
    const char *id = fixture_cell(*state, &w, "SELECT id FROM map_sync_setting");
    fixture_call(*state, &w, "map", "POST", arena_printf(*state, "/nest/v2/sync/settings/%s", id),
                 NULL, "{'rows':[{'schedule':'everyHour'}]}");
    for (int i = 0; i < 24; i++) fixture_step(*state, &w, HOUR);
    assert_string_equal(
        fixture_cell(
            *state, &w,
            "SELECT group_concat(actor || ' ' || human, ', ') FROM (SELECT DISTINCT actor, "
            "human FROM event ORDER BY actor)"),
        "api 1, colleague 1, form 1, sync 0, world 0");
    worker_end(&w);
}

/* RULE lab-queue. */
static void test_all_that_is_to_come_is_in_one_queue(void **state) {
    struct lab_scenario *s = fixture_scenario(*state);
    struct worker w = fixture_worker(*state, s, CHOICE, 1);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT group_concat(kind || ' ' || ref, ', ') FROM (SELECT * FROM sim_due "
                     "ORDER BY at_ms, priority, seq)"),
        "arrivals 0, edits 0, outage 0");
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_log_tells_people_from_machines),
        TEST(test_all_that_is_to_come_is_in_one_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
