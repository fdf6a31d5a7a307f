/* The run of tests/unit/sandbox/weekend: a weekend on which everything goes wrong. */
#ifndef GR_TEST_WEEKEND_H
#define GR_TEST_WEEKEND_H

#include "unit/sandbox/lab_scratch.h"

#include "base/clock.h"
#include "sandbox/faults.h"

#define START 1772805600000 /* Friday, 2026-03-06T14:00:00Z */
#define DAY1 (START - 14 * MS_HOUR)
#define AT(day, hour) (DAY1 + ((day)-1) * MS_DAY + (hour)*MS_HOUR)
#define HALF (30 * MS_MINUTE)
#define LATENCY 140 /* of a call of map */
#define LEADS "/nest/v2/leads"
#define CONTACTS "/desk/v3/tables/Contact"

static inline int make_scratch(void **state) {
    (void)state;
    return scratch_make("tests/unit/sandbox/weekend/labs") ? 0 : -1;
}

static inline struct worker begin(struct arena *a) {
    return fixture_worker(a, scratch_scenario(a, "weekend"), CHOICE, 5);
}

/* Moves the clock, by parts where it must. */
static inline void go(struct arena *a, struct worker *w, int64_t to_ms) {
    struct lab_answer answer = fixture_sql(a, w, "SELECT 1");
    while (answer.now_ms < to_ms) {
        answer = fixture_step(
            a, w, arena_printf(a, "{\"kind\":\"clock\",\"to_ms\":%lld}", (long long)to_ms));
        assert_int_equal(answer.status, 200);
    }
}

static inline struct lab_answer list(struct arena *a, struct worker *w) {
    return fixture_call(a, w, "map", "GET", LEADS, "perPage=1", NULL);
}
static inline struct lab_answer make(struct arena *a, struct worker *w) {
    return fixture_call(a, w, "map", "POST", LEADS, NULL,
                        "{'rows':[{'email':'x@quarrybank.example','lastName':'X'}]}");
}
static inline struct lab_answer screen(struct arena *a, struct worker *w, const char *connector,
                                       const char *method, const char *path, const char *body) {
    return fixture_step(
        a, w,
        json_text(a, json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "kind", "api",
                                             "via", "screen", "connector", connector, "method",
                                             method, "path", path, "body", body))));
}

/* Statuses of a call just before a time, and at it: of map, whose calls take their time. */
static inline void edge(struct arena *a, struct worker *w, int64_t at_ms,
                        struct lab_answer (*call)(struct arena *, struct worker *), int before,
                        int then) {
    go(a, w, at_ms - LATENCY - 1);
    struct lab_answer answer = call(a, w);
    assert_int_equal(answer.now_ms, at_ms - 1);
    if (answer.status != before) fail_msg("before: %d %s", answer.status, answer.body);
    answer = call(a, w);
    if (answer.status != then) fail_msg("then: %d %s", answer.status, answer.body);
}

static inline struct lab_answer answer_it(struct arena *a, struct worker *w, const char *what) {
    char *text = arena_printf(a, "{%s,'kind':'answer'}", what);
    for (char *p = text; *p; p++)
        if (*p == '\'') *p = '"';
    return fixture_step(a, w, text);
}

#endif
