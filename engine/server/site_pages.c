/* Pages that belong to no single domain (the style guide, health, administration), and what every
 * page shows: the navigation. */
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "exam/exam.h"
#include "lab/lab.h"
#include "server/server.h"
#include "server/server_sql.h"
#include "server/upkeep.h"

static const char *text(struct request *r, const char *key) {
    return page_text(r->app->site, r->locale, key, NULL, r->arena);
}

/* ---- Every page ------------------------------------------------------------------------------ */

/* Which part of the site a path belongs to; the first that fits. */
static const struct {
    const char *prefix, *section;
} sections[] = {{"/programmes", "programmes"},
                {"/modules", "programmes"},
                {"/glossary", "glossary"},
                {"/self-assessment", "programmes"},
                {"/exams", "exams"},
                {"/attempts", "exams"},
                {"/labs", "labs"},
                {"/runs", "labs"},
                {"/search", "search"},
                {"/author", "author"},
                {"/assess", "assess"},
                {"/admin", "admin"},
                {"/certificates", "home"}};

void decorate_page(struct request *r, struct view *v) {
    struct view *nav = view_object(v, "nav");
    if (str_eq(r->path, "/")) view_bool(nav, "home", true);
    if (r->app->demo && str_eq(r->path, "/login")) demo_accounts(r->arena, r->app->data, v);
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        if (!str_has_prefix(r->path, sections[i].prefix)) continue;
        view_bool(nav, sections[i].section, true);
        break;
    }
}

/* ---- Administration -------------------------------------------------------------------------- */

enum err guide_page(struct request *r) {
    struct view *v = view_new(r->arena);
    view_text(v, "title", text(r, "site_guide_title"));
    return http_page(r, "site_guide", v);
}

static const char *const count_keys[] = {"admin_count_people", "admin_count_sessions",
                                         "admin_count_cohorts", "admin_count_audit"};

/* What the last check of the whole file, and of the records, found. */
static void add_check(struct request *r, struct view *v, const char *name,
                      enum upkeep_check check) {
    struct upkeep_report report;
    struct view *c = view_object(v, name);
    upkeep_report(r->app->upkeep, check, r->arena, &report);
    static const char *const flags[] = {"running", "good", "damaged", "unknown"};
    view_bool(c, flags[report.state], true);
    if (report.problem) view_text(c, "problem", report.problem);
    if (report.at_ms) view_time(c, "at", report.at_ms, r->locale, r->zone);
    if (report.state == UPKEEP_DAMAGED) view_bool(v, "damaged", true);
}

/* Answers 200 while the academy can be used: a damaged page of the database is for the operator to
 * mend, and no reason to send everybody away. */
enum err health_page(struct request *r) {
    static const char *const states[] = {"checking", "ok", "damaged", "unknown"};
    static const char *const lab_states[] = {
        [LABS_OK] = "ok", [LABS_FAILING] = "failing", [LABS_NONE] = "unavailable"};
    enum labs_state labs = labs_state(r->app->labs);
    struct upkeep_report report, records;
    upkeep_report(r->app->upkeep, UPKEEP_FILE, NULL, &report);
    upkeep_report(r->app->upkeep, UPKEEP_RECORDS, NULL, &records);
    bool healthy = store_healthy(r->app->store);
    const char *status = !healthy ? "cannot save: the disk is full or read-only"
                         : report.state == UPKEEP_DAMAGED ? "the database is damaged: see the log"
                         : !audit_holds() ? "the audit log does not hold: see the log"
                         : records.state == UPKEEP_DAMAGED ? "records were changed: see the log"
                         : records.state == UPKEEP_UNKNOWN
                             ? "the records could not be compared: see the log"
                         : labs == LABS_FAILING ? "no lab can be started: see the log"
                                                : "ok";
    const char *text = arena_printf(
        r->arena,
        "{\"status\":\"%s\",\"database\":\"%s\",\"records\":\"%s\",\"labs\":\"%s\",\"checked_at\":%"
        "s}\n",
        status, states[report.state],
        records.state == UPKEEP_DAMAGED ? "changed" : states[records.state], lab_states[labs],
        report.at_ms ? arena_printf(r->arena, "\"%s\"", time_iso(r->arena, report.at_ms)) : "null");
    http_header_out(r, "Cache-Control", "no-store");
    return http_bytes(r, healthy ? 200 : 503, "application/json", text, strlen(text), true);
}

enum err admin_page(struct request *r) {
    struct view *v = view_new(r->arena), *counts = view_list(v, "counts");
    struct stmt *q = db_query(r->db, SQL_server_counts, "");
    for (size_t i = 0; stmt_row(q) && i < COUNT_OF(count_keys); i++) {
        struct view *item = view_item(counts);
        view_text(item, "label", text(r, count_keys[i]));
        view_int(item, "value", stmt_int(q, 1));
    }
    enum err e = stmt_end(q);
    if (e != OK) return e;
    struct store_stats s;
    store_stats(r->app->store, &s);
    view_text(v, "title", text(r, "admin_title"));
    view_bool(v, "healthy", store_healthy(r->app->store));
    view_int(v, "file_kb", s.file_bytes / 1024);
    view_int(v, "wal_kb", s.wal_bytes / 1024);
    view_int(v, "commits", s.commits);
    view_int(v, "queue", s.queue_length);
    view_int(v, "queue_capacity", s.queue_capacity);
    view_text(v, "data", r->app->data);
    exam_clock_view(r, v);
    add_check(r, v, "file", UPKEEP_FILE);
    add_check(r, v, "records", UPKEEP_RECORDS);
    enum labs_state labs = labs_state(r->app->labs);
    view_bool(v, "labs_ok", labs == LABS_OK);
    view_bool(v, "labs_failing", labs == LABS_FAILING);
    if (labs == LABS_FAILING) view_bool(v, "damaged", true);
    return http_page(r, "admin_home", v);
}

#define AUDIT_PAGE 100

enum err admin_audit_page(struct request *r) {
    int64_t before = 0;
    if (http_query(r, "before") && !parse_i64(http_query(r, "before"), 1, INT64_MAX, &before))
        before = 0;
    struct audit_row *rows;
    size_t count;
    enum err e = audit_list(r->db, r->arena, NULL, before, AUDIT_PAGE, &rows, &count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *list = view_list(v, "rows");
    for (size_t i = 0; i < count; i++) {
        struct view *item = view_item(list);
        struct person who;
        bool known = account_find(r->db, r->arena, rows[i].actor, &who) == OK;
        view_int(item, "seq", rows[i].seq);
        view_time(item, "at", rows[i].at_ms, r->locale, r->zone);
        view_text(item, "actor", known ? who.name : rows[i].actor);
        view_text(item, "action", rows[i].action);
        view_text(item, "subject", rows[i].subject);
        view_text(item, "detail", rows[i].detail ? rows[i].detail : "");
    }
    if (count == AUDIT_PAGE) view_int(v, "older", rows[count - 1].seq);
    struct view *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/admin", text(r, "admin_title"));
    view_crumb(crumbs, NULL, text(r, "admin_audit_title"));
    view_text(v, "title", text(r, "admin_audit_title"));
    view_text(v, "data", r->app->data);
    view_bool(v, "layout_wide", true);
    return http_page(r, "admin_audit", v);
}
