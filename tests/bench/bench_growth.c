/* growth.*: what pages and a save cost with 1,000 attempts stored, and with --stored of them
 * (1,000,000), with a tenth as many people, applications and certificates. NAME.few is the time
 * with 1,000; NAME the time with all, its ratio the second by the first. What costs more than twice
 * as much reads what it should not. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/academy.h"

#define FEW 1000
#define WAITING 20
/* Forty answers in a row are three milliseconds, and tell of whatever else the server does in
 * these: after a start it looks at the whole file. So pages are asked in rounds that are apart. */
#define ROUNDS 9
#define ROUND_TIMES 5
#define ROUNDS_APART_US 250000
#define TIMES (ROUNDS * ROUND_TIMES)
#define MEASURE "growth.metrics"

enum who { ASSESSOR, ADMIN, CANDIDATE, PEOPLE };
static const char *const logins[PEOPLE] = {"assessor", "admin", "candidate-1"};

static const struct {
    const char *name, *path;
    enum who who;
} pages[] = {
    {"growth.metrics", "/metrics", ADMIN},
    {"growth.start", "/", ASSESSOR},
    {"growth.assess", "/assess", ASSESSOR},
    {"growth.register", "/assess/certificates", ASSESSOR},
    {"growth.register.find", "/assess/certificates?q=grown%20gr-", ASSESSOR},
    {"growth.admin", "/admin", ADMIN},
    {"growth.people", "/admin/people", ADMIN},
    {"growth.people.find", "/admin/people?q=grown%20pers", ADMIN},
};
#define PAGES (sizeof pages / sizeof pages[0])
#define SAVE PAGES

/* Bulk: what the engine's own jobs leave behind, without the reading of content that each of them
 * does. The first decisions are left out: as many cases wait in either size. */
static const char filling[] =
    "PRAGMA synchronous = OFF; BEGIN;\n"
    "CREATE TEMP TABLE big AS WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n;\n"
    "CREATE TEMP TABLE small AS SELECT i, 'g' || i AS person FROM big WHERE i %% 10 = 0;\n"
    "INSERT INTO person (id, login, name, email, created_ms, email_key)\n"
    "SELECT person, 'grown-' || i, 'Grown Person' || i, person || '@bench.example', i, person || '@bench.example' FROM small;\n"
    "INSERT INTO person_unfound (person_id) SELECT person FROM small;\n"
    "INSERT INTO person_role (person_id, role, granted_ms, granted_by) SELECT person, 'learner', i, 'system' FROM small;\n"
    "INSERT INTO session (id, person_id, csrf, created_ms, expires_ms, client)\n"
    "SELECT person, person, '', i, 9000000000000, '' FROM small;\n"
    "INSERT INTO exam_attempt (id, exam_id, exam_version, person_id, practice, review_full, cut_permille, minutes, extra_permille,\n"
    "                          start_ms, deadline_ms, form)\n"
    "SELECT 'g' || i, 'grown', '0', 'g' || (i / 10 * 10), 0, 0, 700, 60, 1000, i, i + 1, '{}'\n"
    "  FROM big WHERE i >= 10;\n"
    "INSERT INTO exam_response (attempt_id, slot, seq, n, client, response, saved_ms)\n"
    "SELECT 'g' || i, 1, 1, 1, '', '1', i FROM big;\n"
    "INSERT INTO exam_end (attempt_id, how, submitted_ms, recorded_ms, deadline_ms)\n"
    "SELECT 'g' || i, 'submitted', i, i, i FROM big WHERE i >= 10;\n"
    "INSERT INTO exam_result (attempt_id, n, scoring_version, computed_ms, correct, total, permille, cut_permille, scaled, passed, domains)\n"
    "SELECT 'g' || i, 1, 1, i, 1, 1, 1000, 700, 1, 1, '[]' FROM big WHERE i >= 10;\n"
    "INSERT INTO cert_application (id, person_id, programme_id, level_id, scheme_version, programme_version, basis, statement, at_ms)\n"
    "SELECT person, person, 'grown', 'grown', '1', '0', 'training', '', i FROM small;\n"
    "INSERT INTO cert_waiting (application_id, person_id, at_ms) SELECT person, person, i FROM small WHERE i <= 10 * %d;\n"
    "INSERT INTO cert_decision (id, application_id, outcome, actor, reason, evidence, at_ms)\n"
    "SELECT person, person, 'granted', (SELECT id FROM person WHERE login = 'assessor'), 'r', '[]', i FROM small WHERE i > 10 * %d;\n"
    "INSERT INTO cert_certificate (id, number, application_id, person_id, programme_id, level_id, level_number, level_count, origin,\n"
    "                              holder_name, body, scheme_version, programme_title, level_title, scope, decided_by,\n"
    "                              decided_by_name, issued_ms)\n"
    "SELECT person, 'GR-' || i, person, person, 'grown', 'grown', 1, 1, 'http://127.0.0.1', 'Grown Person' || i, 'b', '1', 'p', 'l', '',\n"
    "       (SELECT id FROM person WHERE login = 'assessor'), 'a', i FROM small WHERE i > 10 * %d;\n"
    "INSERT INTO cert_unfound (certificate_id) SELECT person FROM small WHERE i > 10 * %d;\n"
    "DROP TABLE big; DROP TABLE small; COMMIT; PRAGMA wal_checkpoint(TRUNCATE);\n";

static bool fill(struct academy *a, int from, int to) {
    char path[600], sql[sizeof filling + 128], *problem = NULL;
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/gradus.db", a->data);
    snprintf(sql, sizeof sql, filling, from, to, WAITING, WAITING, WAITING, WAITING);
    bool done = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_exec(db, sql, NULL, NULL, &problem) == SQLITE_OK;
    if (!done) bench_failed(MEASURE, "filling: %s", problem ? problem : sqlite3_errmsg(db));
    sqlite3_free(problem);
    sqlite3_close(db);
    return done;
}

/* ---- What is timed --------------------------------------------------------------------------- */

static bool page_times(struct academy *a, size_t page, double ms[ROUND_TIMES]) {
    struct client *c = &a->people[pages[page].who];
    for (int i = 0; i < ROUND_TIMES; i++) {
        if (!client_get(c, pages[page].path, 200)) {
            academy_failed(a, pages[page].path, c);
            return false;
        }
        ms[i] = (double)c->took_us / 1000;
    }
    return true;
}

/* Saves to the first slot that takes one choice. */
static bool save_time(struct academy *a, double *ms) {
    static int seq;
    struct client *c = &a->people[CANDIDATE];
    char attempt[64], path[128], body[64];
    double times[TIMES];
    int count = 0;
    if (!client_get(c, "/exams/mops-associate", 200) ||
        !text_between(c->body, "/attempts/", "\"", attempt, sizeof attempt)) {
        academy_failed(a, "an open attempt", c);
        return false;
    }
    attempt[strcspn(attempt, "/?#")] = '\0';
    snprintf(path, sizeof path, "/attempts/%s/q/1", attempt);
    if (!client_get(c, path, 200)) academy_failed(a, path, c);
    for (int slot = 1; count < TIMES && slot < 10; slot++) {
        snprintf(path, sizeof path, "/attempts/%s/responses/%d", attempt, slot);
        for (; count < TIMES; count++) {
            snprintf(body, sizeof body, "{\"seq\":%d,\"response\":2}", ++seq);
            if (!client_send(c, "PUT", path, "Accept: application/json\r\n", "application/json",
                             body) ||
                c->reply.status != 200)
                break;
            times[count] = (double)c->took_us / 1000;
        }
    }
    if (count < TIMES) {
        academy_failed(a, "saving", c);
        return false;
    }
    *ms = bench_median(times, TIMES);
    return true;
}

static bool time_all(struct academy *a, double ms[PAGES + 1]) {
    static double times[PAGES][TIMES];
    bool ok = true;
    for (int round = 0; ok && round < ROUNDS; round++) {
        usleep(ROUNDS_APART_US);
        for (size_t i = 0; ok && i < PAGES; i++)
            if (bench_wanted(a->bench, pages[i].name))
                ok = page_times(a, i, &times[i][round * ROUND_TIMES]);
    }
    for (size_t i = 0; i < PAGES; i++) ms[i] = bench_median(times[i], TIMES);
    if (bench_wanted(a->bench, "growth.save")) ok = ok && save_time(a, &ms[SAVE]);
    return ok;
}

static bool sign_in(struct academy *a) {
    a->people = calloc(PEOPLE, sizeof *a->people);
    if (!a->people) abort();
    for (; a->people_count < PEOPLE; a->people_count++) {
        struct client *c = &a->people[a->people_count];
        client_init(c, a->port);
        if (client_sign_in(c, logins[a->people_count], ACADEMY_PASSWORD)) continue;
        academy_failed(a, "signing in", c);
        client_release(c);
        return false;
    }
    return true;
}

static bool refill(struct academy *a, int from, int to) {
    if (!academy_stop(a)) {
        academy_failed(a, "stopping", NULL);
        return false;
    }
    int64_t began_us = bench_now_us();
    if (!fill(a, from, to)) return false;
    bench_note(a->bench, "growth: %d rows filled in %.1f s", to - from + 1,
               (double)(bench_now_us() - began_us) / 1e6);
    return academy_serve(a);
}

void bench_growth(const struct bench *b) {
    struct academy a;
    double few[PAGES + 1] = {0}, many[PAGES + 1] = {0};
    char name[64];
    if (academy_open(&a, b, MEASURE, "growth", 1) && sign_in(&a) && refill(&a, 1, FEW) &&
        time_all(&a, few) && refill(&a, FEW + 1, b->stored) && time_all(&a, many)) {
        bench_note(b, "growth: ready after %.0f ms", a.ready_ms);
        for (size_t i = 0; i <= PAGES; i++) {
            const char *measure = i == SAVE ? "growth.save" : pages[i].name;
            if (!bench_wanted(b, measure)) continue;
            snprintf(name, sizeof name, "%s.few", measure);
            bench_line(name, few[i], "ms", -1);
            bench_line(measure, many[i], "ms", many[i] / few[i]);
        }
    }
    academy_close(&a);
}
