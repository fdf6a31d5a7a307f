/* Moving the clock: it takes as long as what falls due, in slices, so that others are served
 * meanwhile; what a run's systems and its syncs may come to has an end, which is told. */
#include "unit/lab/lab_runs.h"

#include <sqlite3.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "sandbox/state.h"

#define WEEK "{\"advance_ms\":604800000,\"kind\":\"clock\"}"
#define MINUTE "{\"advance_ms\":60000,\"kind\":\"clock\"}"
#define FIVE_HOURS "{\"advance_ms\":18000000,\"kind\":\"clock\"}"
#define HOUR "{\"advance_ms\":3600000,\"kind\":\"clock\"}"

/* ---- A run with many leads and a sync every hour -------------------------------------------- */
static const char *call_text(struct arena *a, const char *path, const char *body) {
    char *text = arena_dup(a, body);
    for (char *p = text; *p; p++)
        if (*p == '\'') *p = '"';
    return json_text(a, json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", "api",
                                                "via", "screen", "connector", "map", "method",
                                                "POST", "path", path, "body", text)));
}

static const char *hundred_leads(struct arena *a, int from) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "{'rows':[");
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "%s{'email':'p%d@x.example','firstName':'A','lastName':'B'}", i ? "," : "",
                   from + i);
    buf_puts(&b, "]}");
    return call_text(a, "/nest/v2/leads", buf_text(&b));
}

static const char *sync_often(struct arena *a, const char *id) {
    return call_text(a, arena_printf(a, "/nest/v2/sync/settings/%s", id),
                     "{'rows':[{'matchOn':'cleanEmail','createContacts':true,'createLeads':true,"
                     "'schedule':'everyHour'}]}");
}

static const char *first_id(struct arena *a, const char *list) {
    const char *why;
    return json_string_value(json_object_get(
        json_array_get(json_object_get(json_read(a, list, strlen(list), &why), "rows"), 0), "id"));
}

static struct lab_run_row busy_run(struct arena *a, int leads) {
    struct lab_run_row run = new_run(a);
    for (int n = 0; n < leads; n += 100) act(a, &run, hundred_leads(a, n));
    act(a, &run,
        sync_often(a, first_id(a, view(a, &run,
                                       "{\"limit\":1,\"object\":\"map.sync_setting\",\"view\":"
                                       "\"list\"}"))));
    return run;
}

static struct lab_live *live_run(const struct lab_run_row *run) {
    pthread_mutex_lock(&app.labs->lock);
    struct lab_live *v = app.labs->live;
    while (v && strcmp(v->run_id, run->id) != 0) v = v->next;
    pthread_mutex_unlock(&app.labs->lock);
    assert_non_null(v);
    return v;
}

static void tell_worker(const struct lab_run_row *run, int signal) {
    struct lab_live *live = live_run(run);
    if (live->w.pid_fd < 0) skip();
    assert_int_equal(syscall(SYS_pidfd_send_signal, live->w.pid_fd, signal, NULL, 0), 0);
}

/* ---- Asks that are not waited for ----------------------------------------------------------- */
static void send_action(struct sent *s, const struct lab_run_row *run, const char *action,
                        const char *who) {
    arena_init(&s->arena, (size_t)8 << 20);
    struct lab_ask *ask = ask_of(&s->arena, run);
    ask->action = action;
    if (!action) ask->question[ask->questions++] = "{\"view\":\"summary\"}";
    send_ask(s, ask, who);
}

/* The first slice of a long action is done, others are to come. */
static void wait_begun(const struct sent *s) {
    for (int i = 0; i < 60000 && !s->ask->begun && !s->turn; i++) usleep(1000);
    assert_true(s->ask->begun);
    assert_int_equal(s->turn, 0);
}

/* RULE lab-slice: two people move the clocks of two runs each by a week of syncs, which takes
 * seconds a run. A third person's page, and a minute of the clock, are answered before any of that
 * is done. The weeks are what they are in one piece. */
static void test_others_are_served(void **state) {
    struct lab_run_row busy[4], other = new_run(*state);
    static struct sent weeks[4], page, minute;
    turn = 0;
    first_contact(*state, &other);
    for (int i = 0; i < 4; i++) busy[i] = busy_run(*state, 1000);
    for (int i = 0; i < 4; i++) send_action(&weeks[i], &busy[i], WEEK, i < 2 ? "one" : "two");
    usleep(300000); /* they are at it */
    send_action(&page, &other, NULL, "other");
    wait_answer(&page);
    send_action(&minute, &other, MINUTE, "other");
    wait_answer(&minute);
    assert_int_equal(page.turn, 1);
    assert_int_equal(minute.turn, 2);
    assert_int_equal(minute.ask->answer.status, 200);
    for (int i = 0; i < 4; i++) {
        wait_answer(&weeks[i]);
        assert_int_equal(weeks[i].ask->result, OK);
        assert_int_equal(weeks[i].ask->answer.status, 200);
        arena_release(&weeks[i].arena);
    }
    arena_release(&page.arena);
    arena_release(&minute.arena);
    verified(*state, &busy[0]); /* sliced elsewhere */
    assert_int_equal(app.labs->died, 0);
    bool idle = false; /* whoever was told may be so before the thread that told it is done */
    for (int i = 0; i < 1000 && !idle; i++) {
        usleep(10000);
        pthread_mutex_lock(&app.labs->lock);
        idle = !app.labs->person_queues && app.labs->heavy == 0;
        pthread_mutex_unlock(&app.labs->lock);
    }
    assert_true(idle);
}

/* The deadline is a slice's: a week takes longer than who asks for it waits for any answer. After
 * so much work an image is kept. */
static void test_a_week_in_slices(void **state) {
    int64_t took_ms = 0;
    int rows = 750;
    while (took_ms < 800 && rows < 48000) { /* what takes long on this machine, today */
        rows *= 2;
        struct lab_run_row twin = busy_run(*state, rows);
        int64_t began_ms = clock_monotonic_ms();
        act(*state, &twin, WEEK);
        took_ms = clock_monotonic_ms() - began_ms;
    }
    struct lab_run_row run = busy_run(*state, rows);
    live_run(&run)->w.deadline_ms = (int)(took_ms / 2);
    act(*state, &run, WEEK);
    assert_int_equal(app.labs->died, 0);
    int before = rows / 100 + 1; /* the leads, and the schedule */
    assert_int_equal(effective(*state, &run), before + 1);
    int weeks = 1;
    while (live_run(&run)->image_at == 0 && weeks++ < 10) {
        act(*state, &run, WEEK);
        assert_int_equal(effective(*state, &run), before + weeks); /* and what follows it is done */
    }
    assert_true(weeks < 10);
}

/* RULE lab-cut-off: a worker that does not answer a step of the clock is ended, and the step is not
 * tried again. */
static void test_a_late_clock(void **state) {
    struct lab_run_row run = busy_run(*state, 100);
    int64_t before = effective(*state, &run);
    live_run(&run)->w.deadline_ms = 500;
    tell_worker(&run, SIGSTOP);
    struct lab_ask *ask = ask_of(*state, &run);
    ask->action = MINUTE;
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_LIMIT);
    assert_string_equal(ask->error, "lab_error_stopped_time");
    assert_int_equal(app.labs->died, 1);
    assert_int_equal(effective(*state, &run), before);
    act(*state, &run, MINUTE);
    assert_int_equal(effective(*state, &run), before + 1);
}

/* One that dies on the way is replaced: the step is done from its beginning. */
static void test_a_worker_that_dies_between_slices(void **state) {
    struct lab_run_row run = busy_run(*state, 1000);
    static struct sent week;
    send_action(&week, &run, WEEK, "one");
    wait_begun(&week);
    tell_worker(&run, SIGKILL);
    wait_answer(&week);
    assert_int_equal(week.ask->result, OK);
    assert_int_equal(week.ask->answer.status, 200);
    assert_int_equal(app.labs->died, 1);
    verified(*state, &run);
    arena_release(&week.arena);
}

/* The server stops: nobody waits for a week, of which nothing is kept. */
static void test_closing_between_slices(void **state) {
    struct lab_run_row run = busy_run(*state, 1000);
    int64_t before = effective(*state, &run);
    static struct sent week;
    send_action(&week, &run, WEEK, "one");
    wait_begun(&week);
    close_labs();
    assert_int_equal(week.ask->result, ERR_BUSY);
    assert_string_equal(week.ask->error, "lab_error_closing");
    open_labs(*state, 8);
    assert_int_equal(effective(*state, &run), before);
    arena_release(&week.arena);
}

/* ---- Ends ----------------------------------------------------------------------------------- */
/* The worker's state with a number set in it; a new worker goes on from there. */
static void set_meta(struct arena *a, struct worker *w, const struct lab_scenario *s,
                     const char *sql) {
    const unsigned char *image;
    size_t len;
    const char *why;
    sqlite3 *db;
    sqlite3_int64 size;
    assert_int_equal(client_save(w, a, &image, &len), OK);
    worker_end(w);
    unsigned char *copy = sqlite3_malloc64(len), *changed;
    memcpy(copy, image, len);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_deserialize(db, "main", copy, (sqlite3_int64)len, (sqlite3_int64)len,
                                         SQLITE_DESERIALIZE_FREEONCLOSE),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    changed = sqlite3_serialize(db, "main", &size, 0);
    assert_int_equal(client_start(w, fixture_zygote(), s->pack, s->pack_len, CHOICE, 11, changed,
                                  (size_t)size, a, &why),
                     OK);
    sqlite3_free(changed);
    sqlite3_close(db);
}

static void set_reads(struct arena *a, struct worker *w, const struct lab_scenario *s, int reads) {
    set_meta(a, w, s, arena_printf(a, "UPDATE sim_meta SET value = %d WHERE key = 'reads'", reads));
}

static struct worker syncing_worker(struct arena *a, const struct lab_scenario **s) {
    *s = fixture_scenario(a);
    struct worker w = fixture_worker(a, *s, CHOICE, 11);
    fixture_step(a, &w, sync_often(a, fixture_cell(a, &w, "SELECT id FROM map_sync_setting")));
    return w;
}

/* RULE lab-reads, on both sides of its edge. At the edge nothing is done; one before it a sync is,
 * after which the clock stands. */
static void test_reads_have_an_end(void **state) {
    const struct lab_scenario *s;
    struct worker w = syncing_worker(*state, &s);
    fixture_step(*state, &w, HOUR);
    int64_t reads = 0;
    assert_true(
        parse_i64(fixture_cell(*state, &w, "SELECT value FROM sim_meta WHERE key = 'reads'"), 0,
                  INT64_MAX, &reads));
    assert_true(reads >= 220 + 232 && reads < 1000); /* both systems, and a few settings */
    set_reads(*state, &w, s, LAB_READS_MAX - 100);
    struct lab_answer answer = fixture_step(*state, &w, FIVE_HOURS);
    assert_int_equal(answer.status, 200);
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM map_sync_run"), "2");
    assert_string_equal(fixture_cell(*state, &w, "SELECT value FROM sim_meta WHERE key = 'now_ms'"),
                        fixture_cell(*state, &w, "SELECT max(started) FROM map_sync_run"));
    answer = fixture_step(*state, &w, MINUTE);
    assert_int_equal(answer.status, 507);
    assert_true(answer.refused);
    assert_non_null(strstr(answer.body, "eight million records"));
    set_reads(*state, &w, s, LAB_READS_MAX);
    assert_int_equal(fixture_step(*state, &w, MINUTE).status, 507);
    set_reads(*state, &w, s, LAB_READS_MAX - 1);
    assert_int_equal(fixture_step(*state, &w, MINUTE).status, 200);
    worker_end(&w);
}

/* RULE lab-full: the event log fills up on the way. The clock stands where that was. */
static void test_events_have_an_end(void **state) {
    const struct lab_scenario *s;
    struct worker w = syncing_worker(*state, &s);
    set_meta(
        *state, &w, s,
        arena_printf(
            *state,
            "INSERT INTO event (seq, at_ms, actor, human, kind) VALUES (%d, 0, 'world', 0, 'x')",
            LAB_EVENTS_MAX - 1));
    assert_int_equal(fixture_step(*state, &w, MINUTE).status, 200); /* nothing comes of it */
    int64_t began_ms = fixture_sql(*state, &w, "SELECT 1").now_ms;
    struct lab_answer answer = fixture_step(*state, &w, WEEK);
    assert_int_equal(answer.status, 200);
    assert_true(answer.now_ms > began_ms && answer.now_ms <= began_ms + 24 * MS_HOUR);
    assert_int_equal(fixture_step(*state, &w, MINUTE).status, 507);
    worker_end(&w);
}

/* RULE lab-room: a system holds 20,000 records. What a sync or a form brings beyond them is told in
 * the events. */
static void test_a_full_system_is_told(void **state) {
    const struct lab_scenario *s;
    struct worker w = syncing_worker(*state, &s);
    for (int n = 0; n < 19700; n += 100) fixture_step(*state, &w, hundred_leads(*state, n));
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM map_lead"), "19932");
    for (int n = 0; n < 100; n += 100) fixture_step(*state, &w, hundred_leads(*state, 20000));
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM map_lead"), "20000");
    /* Of contacts with the same address, a lead finds the first. */
    const char *alone = fixture_cell(
        *state, &w,
        "SELECT count(*) FROM crm_contact WHERE email IS NOT NULL AND id NOT IN (SELECT min(id) "
        "FROM crm_contact WHERE lower(trim(email)) IN (SELECT lower(trim(email)) FROM map_lead) "
        "GROUP BY lower(trim(email))) AND id NOT IN (SELECT coalesce(crm_id, '') FROM map_lead)");
    fixture_step(*state, &w, HOUR);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT connector || ' ' || object || ': ' || detail FROM "
                     "event WHERE kind = 'sync.full' AND connector = 'map'"),
        arena_printf(*state, "map lead: %s not created: there is room for 20000 records", alone));
    assert_string_equal(fixture_cell(*state, &w, "SELECT status FROM map_sync_run"),
                        "completed_with_errors");
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM map_lead"), "20000");
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LABS(test_others_are_served),      LABS(test_a_week_in_slices),
        LABS(test_a_late_clock),           LABS(test_a_worker_that_dies_between_slices),
        LABS(test_closing_between_slices), TEST(test_reads_have_an_end),
        TEST(test_events_have_an_end),     TEST(test_a_full_system_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
