/* Attempts in a real store: starts, saves that come twice, late, out of order or from two
 * devices, ends, scores. */
#include "unit/exam/academy.h"

#include <sqlite3.h>

#include "audit/audit.h"
#include "base/json.h"
#include "exam/exam_sql.h"

/* As somebody who can write the database. */
static void change(const char *text) {
    sqlite3 *sql;
    char *why_not = NULL;
    assert_int_equal(sqlite3_open(data, &sql), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    if (sqlite3_exec(sql, text, NULL, NULL, &why_not)) fail_msg("%s: %s", text, why_not);
    assert_int_equal(sqlite3_changes(sql) > 0, true);
    sqlite3_close(sql);
}

static void write_sample(const char *more) {
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 1; i <= 6; i++)
        sample_item(&b, arena_printf(&arena, "keys-%d", i), "keys", i % 2 ? "apply" : "remember",
                    "data", "");
    for (int i = 1; i <= 2; i++)
        sample_item(&b, arena_printf(&arena, "no-%d", i), "no", "apply", "people", "");
    sample_write(root, "exams/p/bank/small.md", buf_text(&b));
    sample_write(root, "exams/p/small.md",
                 sample_def(&arena, more, "| data | 1 | 2 |\n| people | 0 | 1 |\n"));
}

static void write_exam(void) { write_sample("retake:\n  wait_days: 7\n  attempts_per_year: 3\n"); }

static int open_all(void **state) {
    (void)state;
    return academy_open(write_exam);
}

/* ---- Helpers ------------------------------------------------------------------------------- */

static struct db *reading(void) {
    struct db *db = store_reader(store);
    store_read_begin(db);
    return db;
}

static const char *start(const char *person, int64_t now_ms) {
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = person, .seed = 5};
    assert_int_equal(job(exam_start_job, &s, now_ms), OK);
    return s.id;
}

static enum err save_as(const char *attempt, const char *person, const char *client, int slot,
                        int64_t seq, const char *json, int64_t now_ms, struct exam_saving *out) {
    const char *why, *text = arena_printf(&arena, "[%s]", json);
    json_t *v = json_read(&arena, text, strlen(text), &why);
    *out = (struct exam_saving){.attempt_id = attempt,
                                .person_id = person,
                                .client = client,
                                .slot = slot,
                                .seq = seq,
                                .value = json_array_get(v, 0)};
    return job(exam_save_job, out, now_ms);
}

static struct exam_attempt load(const char *attempt, const char *person) {
    struct exam_attempt t;
    struct db *db = reading();
    assert_int_equal(exam_attempt_load(db, &arena, attempt, person, &t), OK);
    store_read_end(db);
    return t;
}

static const char *counts(const char *attempt, int slot) {
    struct exam_attempt t = load(attempt, NULL);
    struct exam_slot_state *states;
    struct db *db = reading();
    assert_int_equal(exam_slot_states(db, &arena, &t, &states), OK);
    store_read_end(db);
    return states[slot - 1].newest ? states[slot - 1].newest->response : NULL;
}

static void end(const char *attempt, const char *person, int64_t now_ms) {
    struct exam_ending e = {.attempt_id = attempt, .person_id = person};
    assert_int_equal(job(exam_end_job, &e, now_ms), OK);
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void test_start(void **state) {
    (void)state;
    const char *id = start(ana, NOW);
    struct exam_attempt t = load(id, ana);
    assert_true(t.open);
    assert_true(t.deadline_ms == NOW + 10 * MS_MINUTE);
    assert_int_equal(t.form.slot_count, 4);
    assert_int_equal(t.cut_permille, 700);
    assert_string_equal(start(ana, NOW + 1000), id); /* a second click: the same */
    struct db *db = reading();
    assert_int_equal(exam_attempt_load(db, &arena, id, bo, &t), ERR_NOT_FOUND);
    assert_int_equal(exam_attempt_load(db, &arena, "nothing", ana, &t), ERR_NOT_FOUND);
    store_read_end(db);
    end(id, ana, NOW + MS_MINUTE);
    struct exam_starting again = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = ana, .seed = 6};
    assert_int_equal(job(exam_start_job, &again, NOW + MS_DAY), ERR_CONFLICT);
    assert_int_equal(again.state, EXAM_START_WAIT);
    assert_true(again.when_ms == NOW + MS_MINUTE + 7 * MS_DAY);
}

static void test_saves(void **state) {
    (void)state;
    const char *id = start(bo, NOW);
    struct exam_saving first, s;
    assert_int_equal(save_as(id, bo, "a", 1, 1, "2", NOW + 1000, &first), OK);
    assert_string_equal(first.response, "[2]");
    assert_false(first.stale);
    /* The same again, later: the same time, so the same receipt; nothing new is stored. */
    assert_int_equal(save_as(id, bo, "a", 1, 1, "2", NOW + 9000, &s), OK);
    assert_true(s.saved_ms == first.saved_ms);
    /* Newer wins; older is kept, acknowledged as stale, and does not win. */
    assert_int_equal(save_as(id, bo, "a", 1, 3, "3", NOW + 2000, &s), OK);
    assert_int_equal(save_as(id, bo, "a", 1, 2, "4", NOW + 3000, &s), OK);
    assert_true(s.stale);
    assert_int_equal(s.newest_seq, 3);
    assert_string_equal(s.newest, "[3]");
    assert_string_equal(counts(id, 1), "[3]");
    /* Two devices with the same number: the last to arrive counts, both are kept, a repeat of
     * the first changes nothing. */
    assert_int_equal(save_as(id, bo, "b", 1, 3, "1", NOW + 4000, &s), OK);
    assert_false(s.stale);
    assert_string_equal(counts(id, 1), "[1]");
    assert_int_equal(save_as(id, bo, "a", 1, 3, "3", NOW + 5000, &s), OK);
    assert_true(s.stale);
    assert_true(s.saved_ms == NOW + 2000);
    assert_string_equal(counts(id, 1), "[1]");
    /* Taking an answer back is an answer. */
    assert_int_equal(save_as(id, bo, "b", 1, 4, "null", NOW + 6000, &s), OK);
    assert_string_equal(counts(id, 1), "[]");
    /* RULE exam-seq-step: far ahead, but not out of nothing; what is refused changes nothing. */
    assert_int_equal(save_as(id, bo, "b", 2, 1000001, "1", NOW + 6000, &s), ERR_INVALID);
    assert_string_equal(s.why, "exam_seq_ahead");
    assert_null(counts(id, 2));
    assert_int_equal(save_as(id, bo, "b", 2, 1000000, "1", NOW + 6000, &s), OK);
    assert_int_equal(save_as(id, bo, "b", 2, EXAM_SEQ_MAX, "3", NOW + 6500, &s), ERR_INVALID);
    assert_int_equal(save_as(id, bo, "a", 2, 2000001, "3", NOW + 6500, &s), ERR_INVALID);
    assert_int_equal(save_as(id, bo, "a", 2, 2000000, "2", NOW + 7000, &s), OK);
    assert_false(s.stale);
    assert_string_equal(counts(id, 2), "[2]");
    /* Nobody else's, no such slot, no such option: nothing is stored. */
    assert_int_equal(save_as(id, ana, "a", 1, 9, "1", NOW + 1000, &s), ERR_NOT_FOUND);
    assert_int_equal(save_as(id, bo, "a", 5, 1, "1", NOW + 1000, &s), ERR_NOT_FOUND);
    assert_int_equal(save_as(id, bo, "a", 200, 1, "1", NOW + 1000, &s), ERR_NOT_FOUND);
    assert_int_equal(save_as(id, bo, "a", 3, 1, "5", NOW + 1000, &s), ERR_INVALID);
    assert_int_equal(save_as(id, bo, "a", 3, 1, "[1,2]", NOW + 1000, &s), ERR_INVALID);
    assert_null(counts(id, 3));
    /* Flags. */
    struct exam_flagging f = {.attempt_id = id, .person_id = bo, .slot = 3, .flagged = true};
    assert_int_equal(job(exam_flag_job, &f, NOW), OK);
    f.person_id = ana;
    assert_int_equal(job(exam_flag_job, &f, NOW), ERR_NOT_FOUND);
    f = (struct exam_flagging){.attempt_id = id, .person_id = bo, .slot = 5, .flagged = true};
    assert_int_equal(job(exam_flag_job, &f, NOW), ERR_NOT_FOUND);
}

/* RULE exam-grace. RULE: until the deadline and five seconds; then refused, but a save that is
 * there is still confirmed. */
static void test_deadline(void **state) {
    (void)state;
    struct db *db = reading();
    struct exam_open_attempt *open;
    size_t n;
    assert_int_equal(exam_open_attempts(db, &arena, bo, &open, &n), OK);
    store_read_end(db);
    assert_int_equal(n, 1);
    assert_int_equal(open[0].total, 4);
    assert_int_equal(open[0].answered, 1); /* slot 2; slot 1 was taken back */
    const char *id = open[0].attempt_id;
    int64_t deadline = NOW + 10 * MS_MINUTE;
    struct exam_saving s;
    assert_int_equal(save_as(id, bo, "a", 3, 1, "1", deadline, &s), OK);
    assert_int_equal(save_as(id, bo, "a", 3, 2, "2", deadline + EXAM_GRACE_MS, &s), OK);
    assert_int_equal(save_as(id, bo, "a", 3, 3, "3", deadline + EXAM_GRACE_MS + 1, &s),
                     ERR_CONFLICT);
    assert_true(s.over);
    assert_int_equal(save_as(id, bo, "a", 3, 2, "2", deadline + MS_DAY, &s), OK);
    assert_true(s.saved_ms == deadline + EXAM_GRACE_MS);
    assert_string_equal(counts(id, 3), "[2]");
    int closed = 0;
    assert_int_equal(job(exam_expire_job, &closed, deadline + EXAM_GRACE_MS), OK);
    assert_int_equal(closed, 0);
    assert_int_equal(job(exam_expire_job, &closed, deadline + MS_DAY), OK);
    assert_int_equal(closed, 1);
    struct exam_attempt t = load(id, bo);
    assert_false(t.open);
    assert_true(t.by_deadline);
    assert_true(t.submitted_ms == deadline); /* not the day after */
    assert_int_equal(save_as(id, bo, "a", 3, 9, "3", deadline + MS_DAY, &s), ERR_CONFLICT);
    assert_true(s.submitted_ms == deadline);
    assert_int_equal(save_as(id, bo, "a", 3, 1, "1", deadline + MS_DAY, &s),
                     OK); /* confirmed, still stale */
    assert_true(s.stale);
    assert_int_equal(save_as(id, ana, "a", 3, 9, "3", deadline + MS_DAY, &s), ERR_NOT_FOUND);
}

static void score_now(const char *attempt, struct exam_score *out) {
    struct exam_attempt t = load(attempt, NULL);
    struct db *db = reading();
    assert_int_equal(exam_attempt_score(exams, db, &arena, &t, out), OK);
    store_read_end(db);
}

static struct exam_result *results(const char *person, size_t *n) {
    struct exam_result *list;
    for (int i = 0; i < 400; i++) { /* the exams' thread scores within a second */
        struct db *db = reading();
        assert_int_equal(exam_results(db, &arena, exams, person, NULL, &list, n), OK);
        store_read_end(db);
        if (*n) return list;
        exams_wake(exams);
        usleep(10000);
    }
    return list;
}

static void test_scored_by_itself(void **state) {
    (void)state;
    size_t n;
    struct exam_result *r = results(bo, &n);
    struct exam_score s;
    assert_int_equal(n, 1);
    assert_true(r->by_deadline);
    score_now(r->attempt_id, &s); /* what is stored is what the facts give */
    assert_int_equal(r->correct, s.correct);
    assert_int_equal(r->total, 4);
    assert_int_equal(r->scaled, s.scaled);
    assert_int_equal(r->domain_count, 2);
    assert_string_equal(r->domains[0].title, "Data");
}

/* Two years later the item says something else, and the file is gone: the attempt scores and
 * reads as it did. */
static void test_old_versions(void **state) {
    (void)state;
    struct exam_demo_attempt r = {.exams = exams,
                                  .person_id = ana,
                                  .exam_id = "small",
                                  .seed = 77,
                                  .start_ms = NOW + 30 * MS_DAY,
                                  .submit_ms = NOW + 30 * MS_DAY + 5 * MS_MINUTE,
                                  .answers = -1,
                                  .ability_permille = 1000};
    assert_int_equal(job(exam_demo_attempt_job, &r, NOW + 31 * MS_DAY), OK);
    struct exam_score before, after;
    score_now(r.id, &before);
    assert_int_equal(before.correct, 4);
    assert_true(before.passed);
    size_t length;
    char path[200];
    snprintf(path, sizeof path, "%s/exams/p/bank/small.md", root);
    char *bank = arena_dup(&arena, file_read(&arena, path, 1 << 20, &length));
    char *key = strstr(bank, "- [ ] First"); /* another key, everywhere */
    for (char *p = bank; (p = strstr(p, "- [x] Second")); p++) p[3] = ' ';
    for (; key; key = strstr(key + 1, "- [ ] First")) key[3] = 'x';
    assert_true(file_write(path, bank, length, 0600));
    struct exam_attempt t = load(r.id, ana);
    const struct exam_unit *u = exams_hold(exams, &arena, "small");
    assert_null(exam_unit_item(u, t.form.slots[0].item, t.form.slots[0].version));
    score_now(r.id, &after);
    assert_int_equal(after.correct, 4);
    const struct exam_item *item;
    struct db *db = reading();
    assert_int_equal(exam_slot_item(exams, db, &arena, "small", &t.form.slots[0], &item), OK);
    store_read_end(db);
    assert_true(item->options[1].key);
    usleep(400000); /* the exams' thread writes down what is open now */
    /* A broken file closes nothing. */
    assert_true(file_write(path, "---\nid: small\n", 14, 0600));
    assert_non_null(exams_hold(exams, &arena, "small"));
    /* Nor does it after a restart. */
    struct exams *second;
    const char *why;
    assert_int_equal(exams_open(&second, &app, &arena, &why), OK);
    u = exams_hold(second, &arena, "small");
    assert_non_null(u);
    assert_int_equal(u->item_count, 8);
    assert_true(u->items[0].options[0].key); /* the last good one, not an older one */
    arena_release(&arena);
    arena_init(&arena, 256 * 1024 * 1024);
    exams_close(second);
    /* RULE kept-source: nor is a kept definition used that is not what was published. */
    change("UPDATE exam_publication SET source = replace(source, 'minutes: ', 'minutes: 1')");
    assert_int_equal(exams_open(&second, &app, &arena, &why), OK);
    assert_null(exams_hold(second, &arena, "small"));
    exams_close(second);
    write_sample("retake:\n  wait_days: 7\n  attempts_per_year: 3\n");
}

static enum err accommodate(struct db *db, struct arena *a, void *person, int64_t now_ms) {
    return exam_accommodate(db, a, now_ms, person, NULL, 1500, "dyslexia", "system");
}

static enum err accommodate_by(struct db *db, struct arena *a, void *factor, int64_t now_ms) {
    return exam_accommodate(db, a, now_ms, bo, NULL, *(int *)factor, "an edge", "system");
}

static enum err find_people(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct person p;
    (void)arg;
    (void)now_ms;
    enum err e = account_find_login(db, a, "ana", &p);
    ana = p.id;
    if (e == OK) e = account_find_login(db, a, "bo", &p);
    bo = p.id;
    return e;
}

static void test_accommodation(void **state) {
    (void)state;
    assert_int_equal(job(find_people, NULL, 0), OK);
    int64_t now = NOW + 100 * MS_DAY;
    const char *id = start(bo, now);
    assert_true(load(id, bo).deadline_ms == now + 10 * MS_MINUTE);
    assert_int_equal(job(accommodate, (void *)bo, now + MS_MINUTE), OK);
    assert_true(load(id, bo).deadline_ms == now + 15 * MS_MINUTE); /* at once */
    struct exam_saving s;
    assert_int_equal(save_as(id, bo, "a", 1, 1, "1", now + 14 * MS_MINUTE, &s), OK);
    assert_true(s.deadline_ms == now + 15 * MS_MINUTE);
    end(id, bo, now + 14 * MS_MINUTE);
    end(id, bo, now + 15 * MS_MINUTE); /* twice is once */
    struct exam_attempt t = load(id, bo);
    assert_true(t.submitted_ms == now + 14 * MS_MINUTE);
    id = start(bo, now + 10 * MS_DAY);
    t = load(id, bo);
    assert_int_equal(t.extra_permille, 1500);
    assert_true(t.deadline_ms == now + 10 * MS_DAY + 15 * MS_MINUTE);
    /* From as much time as all have to four times as much. */
    int below = 999, least = 1000, most = 4000, above = 4001;
    now += 10 * MS_DAY + MS_MINUTE;
    assert_int_equal(job(accommodate_by, &below, now), ERR_INVALID);
    assert_int_equal(job(accommodate_by, &above, now), ERR_INVALID);
    assert_int_equal(job(accommodate_by, &least, now), OK);
    assert_int_equal(job(accommodate_by, &most, now + 1), OK);
    assert_true(load(id, bo).deadline_ms == now - MS_MINUTE + 40 * MS_MINUTE);
}

static enum err change_response(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    (void)arg;
    return db_run(db, SQL_exam_item_add, "ttti", "keys-1", "0123456789abcdef", "other", now_ms);
}

/* Six hundred sittings of an exam that may be sat without end, one a minute. */
static enum err sit_often(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    static const char form[] =
        "{\"form\":1,\"seed\":\"1\",\"slots\":[{\"item\":\"keys-1\",\"version\":\"v\",\"domain\":\"data\","
        "\"level\":\"apply\",\"scored\":true,\"multiple\":false,\"order\":[0,1]}]}";
    enum err e = OK;
    (void)arg;
    for (int i = 0; i < 600 && e == OK; i++) {
        int64_t at_ms = now_ms + i * MS_MINUTE;
        e = db_run(db, SQL_exam_attempt_add, "ttttiiiiiiit", id_new(a, at_ms), "endless", "v", bo,
                   (int64_t)1, (int64_t)1, (int64_t)700, (int64_t)1, (int64_t)1000, at_ms,
                   at_ms + MS_MINUTE, form);
    }
    return e;
}

static void test_endless_practice(void **state) {
    (void)state;
    struct exam_past *past;
    struct exam_seen seen;
    size_t count;
    assert_int_equal(job(sit_often, NULL, NOW), OK);
    struct db *db = reading();
    assert_int_equal(exam_past_list(db, &arena, bo, "endless", &past, &count, &seen), OK);
    store_read_end(db);
    assert_int_equal(count, 512); /* a start costs no more, however often somebody has sat it */
    assert_int_equal(seen.count, 20);
    assert_true(past[511].start_ms == NOW + 599 * MS_MINUTE);
    assert_true(past[0].start_ms == NOW + 88 * MS_MINUTE);
}

/* Every step is in the audit log, and its chain holds. */
/* Somebody's script saves each question four thousand times: pages and scores cost what they cost
 * anybody. */
static enum err save_often(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char *attempt = arg;
    enum err e = OK;
    (void)a;
    for (int slot = 1; slot <= 4 && e == OK; slot++)
        for (int64_t seq = 1; seq <= 4000 && e == OK; seq++)
            e = db_run(db, SQL_exam_save_add, "tiiittiit", attempt, (int64_t)slot, seq, (int64_t)1,
                       "script", seq == 4000 ? "[2]" : "[1]", now_ms, (int64_t)0, "");
    return e;
}

/* One slot is marked and taken back more often than is shown; another is marked last. */
static enum err flag_often(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char *attempt = arg;
    enum err e = OK;
    (void)a;
    for (int64_t n = 1; n <= EXAM_EVENTS_SHOWN + 2 && e == OK; n++)
        e = db_run(db, SQL_exam_flag_add, "tiiii", attempt, n,
                   (int64_t)(n > EXAM_EVENTS_SHOWN ? 2 : 1), (int64_t)(n % 2 == 0), now_ms + n);
    return e;
}

/* How often, when, and what is marked at the end is told of all, also of what the time line leaves
 * out. */
static void check_evidence(const char *id, int64_t saved_ms) {
    struct exam_evidence x;
    struct db *db = reading();
    assert_int_equal(exam_evidence(db, &arena, exams, id, &x), OK);
    store_read_end(db);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(x.slots[i].saves, 4000);
        assert_true(x.slots[i].first_ms == saved_ms && x.slots[i].last_ms == saved_ms);
        assert_int_equal(x.slots[i].flagged, i <= 1);
    }
    assert_int_equal(x.left_out, 4 * 4000 - EXAM_EVENTS_SHOWN);
    /* Start, end, saves, flags; the newest save, which counts, is among them. */
    assert_int_equal(x.event_count, 2 + 2 * EXAM_EVENTS_SHOWN);
    bool counts = false;
    for (size_t i = 0; i < x.event_count; i++) counts = counts || x.events[i].counts;
    assert_true(counts);
}

static void test_many_saves(void **state) {
    (void)state;
    const int64_t later = NOW + 400 * MS_DAY;
    const char *id = start(bo, later);
    assert_int_equal(job(save_often, (void *)id, later), OK);
    assert_int_equal(job(flag_often, (void *)id, later), OK);
    struct exam_attempt t = load(id, bo);
    struct exam_slot_state *states;
    struct exam_score score;
    struct arena small;
    struct db *db = reading();
    arena_init(&small, (size_t)512 * 1024);
    bool enough = ARENA_GUARD(&small) == 0;
    if (enough) {
        assert_int_equal(exam_slot_states(db, &small, &t, &states), OK);
        assert_int_equal(states[3].newest->seq, 4000);
        assert_string_equal(states[3].newest->response, "[2]");
        assert_int_equal(exam_attempt_score(exams, db, &small, &t, &score), OK);
    }
    store_read_end(db);
    arena_release(&small);
    assert_true(enough);
    end(id, bo, later + MS_MINUTE);
    check_evidence(id, later);
}

static void test_audited(void **state) {
    (void)state;
    assert_int_equal(job(change_response, NULL, NOW), OK);
    struct audit_report report;
    struct audit_row *rows;
    size_t n, starts = 0, ends = 0, scores = 0;
    struct db *db = reading();
    assert_int_equal(audit_verify(db, &arena, &report), OK);
    assert_int_equal(audit_list(db, &arena, NULL, 0, 1000, &rows, &n), OK);
    store_read_end(db);
    for (size_t i = 0; i < n; i++) {
        starts += str_eq(rows[i].action, "exam.start");
        ends += str_eq(rows[i].action, "exam.submit") || str_eq(rows[i].action, "exam.deadline");
        scores += str_eq(rows[i].action, "exam.result");
    }
    assert_true(starts >= 5);
    assert_true(ends >= 4);
    assert_true(scores >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),        cmocka_unit_test(test_saves),
        cmocka_unit_test(test_deadline),     cmocka_unit_test(test_scored_by_itself),
        cmocka_unit_test(test_old_versions), cmocka_unit_test(test_accommodation),
        cmocka_unit_test(test_audited),      cmocka_unit_test(test_endless_practice),
        cmocka_unit_test(test_many_saves),
    };
    return cmocka_run_group_tests(tests, open_all, academy_close);
}
