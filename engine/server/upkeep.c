/* The thread of an academy's maintenance. */
#include "server/upkeep.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "cert/cert.h"
#include "base/wait.h"
#include "server/keeping.h"
#include "server/server.h"

#define TICK_MS MS_MINUTE
#define FORGET_EVERY_MS MS_HOUR
/* One check a day: a damaged page is found while there still are backups that hold it whole. */
#define CHECK_EVERY_MS MS_DAY
/* The check may use a quarter of the time: after each table it pauses for three times what that
 * took. */
#define REST_FACTOR 3
#define REST_MAX_MS (30 * MS_SECOND)

struct upkeep {
    struct app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* by the monotonic clock */
    atomic_bool stop;
    struct upkeep_report reports[UPKEEP_CHECKS]; /* under the lock; each `problem` is malloc's */
};

/* Waits until the time has passed or the thread is to stop. */
static void wait_ms(struct upkeep *u, int64_t ms) {
    const struct timespec until = wait_until(ms);
    pthread_mutex_lock(&u->lock);
    while (!atomic_load(&u->stop) && wait_for(&u->wake, &u->lock, &until)) continue;
    pthread_mutex_unlock(&u->lock);
}

static bool stopped(void *arg) { return atomic_load(&((struct upkeep *)arg)->stop); }

/* ---- The file -------------------------------------------------------------------------------- */

static bool pause_after_table(void *arg, int64_t worked_ms) {
    struct upkeep *u = arg;
    int64_t ms = worked_ms * REST_FACTOR;
    if (worked_ms) wait_ms(u, ms < REST_MAX_MS ? ms : REST_MAX_MS);
    return stopped(u);
}

static void publish(struct upkeep *u, enum upkeep_check check, enum upkeep_state state,
                    int64_t took_ms, const char *problem) {
    const char *copy = problem ? strdup(problem) : NULL;
    pthread_mutex_lock(&u->lock);
    const char *old = u->reports[check].problem;
    u->reports[check] = (struct upkeep_report){
        .state = state, .at_ms = clock_now_ms(), .took_ms = took_ms, .problem = copy};
    pthread_mutex_unlock(&u->lock);
    free((char *)old);
}

static void check_file(struct upkeep *u) {
    struct arena a;
    struct store_check found = {0};
    const char *why = NULL;
    const int64_t start_ms = clock_monotonic_ms();
    volatile enum err e = ERR_BUSY;
    arena_init(&a, (size_t)8 * 1024 * 1024);
    if (ARENA_GUARD(&a) == 0)
        e = store_check_file(arena_printf(&a, "%s/gradus.db", u->app->data), pause_after_table, u,
                             &a, &found, &why);
    else why = "memory is short"; /* also where `why` was set before the guard was taken */
    int64_t took_ms = clock_monotonic_ms() - start_ms;
    if (e == OK && found.problem) {
        log_say(LOG_ERROR, "database_damaged", "%s", found.problem);
        publish(u, UPKEEP_FILE, UPKEEP_DAMAGED, took_ms, found.problem);
    } else if (e == OK && found.whole) {
        log_say(LOG_INFO, "database_checked", "%lld tables of the database are whole (%lld ms)",
                (long long)found.tables, (long long)took_ms);
        publish(u, UPKEEP_FILE, UPKEEP_GOOD, took_ms, NULL);
    } else if (e != OK) {
        log_say(LOG_WARN, "database_check", "the database could not be checked: %s", why);
        publish(u, UPKEEP_FILE, UPKEEP_UNKNOWN, took_ms, why);
    }
    arena_release(&a);
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void sign_head(struct upkeep *u) {
    struct db *db = store_reader(u->app->store);
    struct arena a;
    if (!db) return;
    store_read_begin(db); /* audit_sign_due has a guard of its own: it may leave a statement open */
    audit_head_catch_up(db);
    bool due = audit_sign_due(db, clock_now_ms());
    store_read_end(db);
    if (!due) return;
    arena_init(&a, 256 * 1024);
    enum err e = store_write(u->app->store, audit_sign, NULL, &a);
    if (e != OK)
        log_say(LOG_WARN, "audit_sign", "the head of the audit log could not be signed (%s)",
                err_name(e));
    arena_release(&a);
}

/* RULE audit-read: before anybody is served, and once a day, the log is read, as `gradus audit
 * verify` does. Without it a row that was taken out, and with it the end of a certificate, would
 * not be missed: nobody looks for a row that is not there. False: it does not hold, or could not be
 * read, and `*problem` says so. */
static bool read_log(struct upkeep *u, struct arena *a, bool newest_only, const char **problem) {
    struct db *db = store_reader(u->app->store);
    struct audit_report report = {0};
    volatile enum err e = ERR_BUSY;
    const char *volatile found = NULL;
    if (db && ARENA_GUARD(a) == 0) {
        e = newest_only ? audit_verify_newest(db, a, &report)
                        : audit_verify_until(db, a, &u->stop, &report);
        if (e == ERR_INVALID)
            found = arena_printf(a,
                                 "%s Nothing is certified, decided or shown as valid until it "
                                 "is known what happened: see gradus audit verify",
                                 report.problem);
    }
    if (e == OK || e == ERR_INVALID) audit_found(e == OK, e == OK ? report.rows : 0);
    if (e == ERR_INVALID) log_say(LOG_ERROR, "audit_broken", "%s", found ? found : "");
    else if (e != OK && !stopped(u))
        log_say(LOG_WARN, "audit_unread", "the audit log could not be read whole (%s)",
                err_name(e));
    *problem = found ? found : e == OK ? NULL : "the audit log could not be read whole";
    return e == OK;
}

/* RULE seal-once: the key of seals may have been lost, or put in another's place, after the start
 * or before. */
static const char *read_seals(struct db *db, struct arena *a) {
    const char *volatile problem = NULL, *found = NULL;
    if (ARENA_GUARD(a) == 0 && audit_seal_problem(db, a, &found) == OK) problem = found;
    if (problem) log_say(LOG_ERROR, "seals", "%s", problem);
    return problem;
}

/* What is on record, by a log that holds. */
static enum err read_records(struct upkeep *u, struct db *db, struct arena *a,
                             const char **problem) {
    struct cert_records records;
    enum err e = cert_records_check(db, a, u->app->data, &u->stop, &records);
    if (e == ERR_BUSY && stopped(u)) return e;
    for (size_t i = 0; e == ERR_INVALID && i < records.listed_count; i++)
        log_say(LOG_ERROR, "record_changed", "%s", records.listed[i]);
    if (e == ERR_INVALID)
        *problem = arena_printf(a,
                                "%s In %lld cases the records are not what was signed and logged: "
                                "see gradus audit verify",
                                records.problem, (long long)records.bad);
    else if (e == OK && records.unchecked)
        *problem = arena_printf(a, "%s In %lld cases a signature cannot be checked",
                                records.problem, (long long)records.unchecked);
    else if (e != OK)
        *problem = arena_printf(a, "the certificates could not be compared with the log (%s)",
                                err_name(e));
    if (*problem)
        log_say(e == ERR_INVALID ? LOG_ERROR : LOG_WARN, "records_changed", "%s", *problem);
    return e;
}

/* RULE records: somebody with access to the folder may have changed what is certified.
 * RULE stop-soon: a server that is asked to stop waits for no more than one record: whatever looks
 * at all that is on record, or at the whole log, looks at the flag before each. */
static void compare_records(struct upkeep *u) {
    struct db *db = store_reader(u->app->store);
    struct arena a, of_log;
    const int64_t start_ms = clock_monotonic_ms();
    const char *broken = NULL, *changed = NULL;
    if (!db) return;
    arena_init(&of_log, (size_t)8 * 1024 * 1024);
    arena_init(&a, (size_t)8 * 1024 * 1024);
    bool holds = read_log(u, &of_log, false, &broken);
    const char *sealed = read_seals(db, &of_log);
    if (!broken) broken = sealed;
    volatile enum err e = ERR_BUSY;
    if (ARENA_GUARD(&a) == 0) e = read_records(u, db, &a, &changed);
    else {
        e = ERR_BUSY;
        changed = "memory is short";
        log_say(LOG_WARN, "records_changed", "%s", changed);
    }
    if (!stopped(u) || e != ERR_BUSY)
        publish(u, UPKEEP_RECORDS,
                e == ERR_INVALID || !audit_holds() || sealed ? UPKEEP_DAMAGED
                : e == OK && holds && !changed               ? UPKEEP_GOOD
                                                             : UPKEEP_UNKNOWN,
                clock_monotonic_ms() - start_ms, broken ? broken : changed);
    arena_release(&a);
    arena_release(&of_log);
}

/* Of its signatures the newest alone: whoever starts a server waits for it. */
static void read_log_first(struct upkeep *u) {
    struct arena a;
    const int64_t start_ms = clock_monotonic_ms();
    const char *problem = NULL;
    audit_found(false, 0);
    arena_init(&a, (size_t)8 * 1024 * 1024);
    if (!read_log(u, &a, true, &problem))
        publish(u, UPKEEP_RECORDS, UPKEEP_DAMAGED, clock_monotonic_ms() - start_ms, problem);
    arena_release(&a);
}

static void forget(struct upkeep *u) {
    int64_t rows = keeping_forget(u->app->store, clock_now_ms(), stopped, u);
    if (rows)
        log_say(LOG_INFO, "keeping", "%lld rows were past their time and are deleted",
                (long long)rows);
}

static void *upkeep_thread(void *arg) {
    struct upkeep *u = arg;
    /* Requests come first: this thread has the lowest priority. */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
    int64_t forgotten_ms = 0, checked_ms = 0;
    for (bool first = true; !stopped(u); first = false) {
        int64_t now_ms = clock_monotonic_ms();
        if (first || now_ms - forgotten_ms >= FORGET_EVERY_MS) {
            forget(u);
            forgotten_ms = now_ms;
        }
        sign_head(u);
        if (first || now_ms - checked_ms >= CHECK_EVERY_MS) {
            check_file(u);
            compare_records(u);
            checked_ms = now_ms;
        }
        wait_ms(u, TICK_MS);
    }
    return NULL;
}

void upkeep_report(struct upkeep *u, enum upkeep_check check, struct arena *a,
                   struct upkeep_report *out) {
    *out = (struct upkeep_report){.state = UPKEEP_CHECKING};
    if (!u) return;
    char words[1024]; /* an arena may leave through its guard, so it is not used under the lock */
    pthread_mutex_lock(&u->lock);
    *out = u->reports[check];
    bool problem = out->problem != NULL;
    size_t len = problem ? strnlen(out->problem, sizeof words - 1) : 0;
    if (problem) memcpy(words, out->problem, len);
    pthread_mutex_unlock(&u->lock);
    out->problem = problem && a ? arena_copy(a, words, len) : NULL;
}

enum err upkeep_open(struct upkeep **out, struct app *app, const char **why) {
    struct upkeep *u = calloc(1, sizeof *u);
    *why = "the thread that looks after the database cannot start";
    if (!u) return ERR_IO;
    u->app = app;
    pthread_mutex_init(&u->lock, NULL);
    if (wait_init(&u->wake) != 0) {
        pthread_mutex_destroy(&u->lock);
        free(u);
        return ERR_IO;
    }
    read_log_first(u);
    if (pthread_create(&u->thread, NULL, upkeep_thread, u) == 0) {
        *out = u;
        return OK;
    }
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->lock);
    free(u);
    return ERR_IO;
}

void upkeep_close(struct upkeep *u) {
    if (!u) return;
    pthread_mutex_lock(&u->lock);
    atomic_store(&u->stop, true);
    pthread_cond_signal(&u->wake);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->thread, NULL);
    audit_found(true, 0); /* nobody serves any more */
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->lock);
    for (size_t i = 0; i < UPKEEP_CHECKS; i++) free((char *)u->reports[i].problem);
    free(u);
}
