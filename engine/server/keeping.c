/* What is kept how long, and the job that deletes the rest. */
#include "server/keeping.h"

#include "base/clock.h"
#include "base/log.h"
#include "server/server_sql.h"

/* Rows that one write job deletes, in a few milliseconds. */
#define SLICE 500

/* RULE keeping: what is kept how long is said for every table, here and in docs/keeping.md. The
 * first row that fits a table counts. */
const struct keeping keepings[] = {
    {"login_attempt", 30, "the attempt",
     "the address is needed to slow down guessing, and to look into an attack",
     SQL_server_forget_attempts},
    {"session", 30, "it ended",
     "known addresses get in when an attack goes on; whoever looks into one sees who was signed in",
     SQL_server_forget_sessions},
    {"session_use", KEPT_WHILE_IN_USE, "", "when a session was used last; it goes with the session",
     0},
    {"second_factor", KEPT_ALWAYS, "",
     "which second factor somebody signed in with, and since when", 0},
    {"recovery_code", KEPT_ALWAYS, "", "which codes of a second factor are used up", 0},
    {"password", KEPT_WHILE_IN_USE, "",
     "the present one; a replaced one is deleted with the change", 0},
    {"person*", KEPT_ALWAYS, "", "records and certificates point at people", 0},
    {"cohort*", KEPT_ALWAYS, "", "who taught whom decides who may certify", 0},
    {"kept_count", KEPT_WHILE_IN_USE, "",
     "how many people, open sessions, cohorts and waiting applications there are", 0},
    {"audit_*", KEPT_ALWAYS, "", "each row of the log carries the one before", 0},
    {"content_place", KEPT_WHILE_IN_USE, "",
     "the newest place in each section, made from the events", 0},
    {"content_s*", KEPT_WHILE_IN_USE, "",
     "self-assessments are always kept; the search index is made anew from the content", 0},
    {"content_*", KEPT_ALWAYS, "", "events and versions are facts of training", 0},
    {"exam_*", KEPT_ALWAYS, "", "a result can be computed again, and an appeal looked into", 0},
    {"lab_note", KEPT_ALWAYS, "", "what assessors noted at a run's steps is part of its case", 0},
    {"lab_*", KEPT_ALWAYS, "", "a run can be replayed by an assessor", 0},
    {"cert_*", KEPT_ALWAYS, "", "the register of who was certified, by whom and why", 0},
    {"clock_*", KEPT_ALWAYS, "", "when the clock was wrong, attempts are judged by what was known",
     0},
    {"schema_migration", KEPT_ALWAYS, "", "how the database came to be as it is", 0},
};
const size_t keeping_count = COUNT_OF(keepings);

struct slice {
    const struct keeping *rule;
    int64_t before_ms, deleted;
};

static enum err forget_slice(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    struct slice *x = arg;
    enum err e = db_run(db, x->rule->forget, "ii", x->before_ms, (int64_t)SLICE);
    x->deleted = e == OK ? db_changed_rows(db) : 0;
    return e;
}

int64_t keeping_forget(struct store *s, int64_t now_ms, bool (*stop)(void *arg), void *arg) {
    int64_t sum = 0;
    struct arena a;
    arena_init(&a, 64 * 1024);
    for (size_t i = 0; i < keeping_count && !stop(arg); i++) {
        struct slice x = {.rule = &keepings[i],
                          .before_ms = now_ms - keepings[i].days * MS_DAY,
                          .deleted = SLICE};
        while (keepings[i].days > 0 && x.deleted == SLICE && !stop(arg)) {
            enum err e = store_write(s, forget_slice, &x, &a);
            if (e != OK) {
                if (e != ERR_BUSY)
                    log_say(LOG_WARN, "keeping", "%s: what is past its time cannot be deleted (%s)",
                            keepings[i].tables, err_name(e));
                break;
            }
            sum += x.deleted;
        }
    }
    arena_release(&a);
    return sum;
}
