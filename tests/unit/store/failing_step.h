/* The nth step that SQLite makes for a job fails, each in turn: a job says so itself, whatever the
 * store makes of a disk that fails, and leaves nothing behind. Include it after cmocka.h. */
#ifndef GR_TEST_STORE_FAILING_STEP_H
#define GR_TEST_STORE_FAILING_STEP_H

#include <dlfcn.h>
#include <sqlite3.h>
#include <string.h>

#include "store/store.h"

/* Of this thread, which is the writer's while a job runs; 0: none fails. */
static _Thread_local int failing_step;
/* SQLite steps itself when it reads what tables there are: that is nobody's query. */
static _Thread_local bool failing_inside;

static inline void *failing_real(const char *name) { return dlsym(RTLD_NEXT, name); }

/* These take the place of SQLite's own in this program. */
int sqlite3_step(sqlite3_stmt *q);
int sqlite3_step(sqlite3_stmt *q) {
    int (*real)(sqlite3_stmt *);
    *(void **)&real = failing_real("sqlite3_step");
    if (failing_inside) return real(q);
    if (failing_step && --failing_step == 0) return SQLITE_IOERR;
    failing_inside = true;
    int rc = real(q);
    failing_inside = false;
    return rc;
}

int sqlite3_prepare_v3(sqlite3 *sql, const char *text, int len, unsigned flags, sqlite3_stmt **out,
                       const char **rest);
int sqlite3_prepare_v3(sqlite3 *sql, const char *text, int len, unsigned flags, sqlite3_stmt **out,
                       const char **rest) {
    int (*real)(sqlite3 *, const char *, int, unsigned, sqlite3_stmt **, const char **);
    *(void **)&real = failing_real("sqlite3_prepare_v3");
    bool inside = failing_inside;
    failing_inside = true;
    int rc = real(sql, text, len, flags, out, rest);
    failing_inside = inside;
    return rc;
}

struct failing_job {
    write_fn run;
    void *arg;
    int64_t now_ms;
    int nth;
    enum err said; /* by the job itself */
    bool failed;   /* the job came as far as the nth step */
};

static inline enum err failing_run(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct failing_job *f = arg;
    (void)now_ms;
    failing_step = f->nth;
    f->said = f->run(db, a, f->arg, f->now_ms);
    f->failed = failing_step == 0;
    failing_step = 0;
    return f->said;
}

/* Runs a job until it comes through; how many of its steps failed before. `arg` (`size` bytes) is
 * the same each time. */
static inline int fail_each_step(struct store *s, struct arena *a, write_fn run, void *arg,
                                 size_t size, int64_t now_ms) {
    char before[256];
    assert_true(size <= sizeof before);
    memcpy(before, arg, size);
    for (int nth = 1; nth < 1000; nth++) {
        struct failing_job f = {run, arg, now_ms, nth, OK, false};
        memcpy(arg, before, size);
        enum err e = store_write(s, failing_run, &f, a);
        if (!f.failed) {
            assert_int_equal(e, OK);
            return nth - 1;
        }
        if (f.said != ERR_IO) fail_msg("step %d failed, and the job said %d", nth, f.said);
        assert_int_equal(e, ERR_IO);
    }
    fail_msg("the job has no end");
    return 0;
}

#endif
