/* Private to exams.c, exam_loaded.c and exam_clock.c: the exams that are loaded and open, and which
 * lock guards what. */
#ifndef GR_EXAM_LOADED_H
#define GR_EXAM_LOADED_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock_watch.h"
#include "exam/exam_store.h"
#include "tree/tree.h"

#define EXAMS_MAX 500 /* exams of an academy */

/* An exam as it was loaded from its files. Shared, and immutable except for the atomics. */
struct loaded_exam {
    atomic_int refs;
    struct arena arena;
    struct exam_unit unit;
    const char *file;
    atomic_bool published; /* written to the store, to survive a restart with broken files */
    atomic_bool last_good; /* the last good version of what is broken now */
};

/* One generation of the files: the exams that are open at one moment. */
struct loaded_exams {
    struct loaded_exam *at[EXAMS_MAX];
    size_t count;
};

struct exams {
    struct app *app;
    exam_anew_fn anew; /* NULL: nobody answers */
    char *secret;
    struct tree *tree; /* of loaded_exams */
    pthread_t thread;
    bool running;
    pthread_mutex_t sleep;
    pthread_cond_t wake;
    atomic_bool stop;
    bool awake;                 /* under `sleep` */
    pthread_mutex_t clock_lock; /* watch, which the exams' thread alone changes */
    struct clock_watch watch;
    char boot_id[CLOCK_BOOT_ID_BYTES];
    int64_t marked_boot_ms;
    unsigned char clock_key[EXAM_CLOCK_KEY_BYTES];
};

/* Reads the files for the first time; tree_start is still to be called. ERR_BUSY: no memory. */
enum err loaded_open(struct exams *e) MUST_USE;
/* Stores the exams that are open and not stored yet, see `published`. On the exams' thread. */
void loaded_publish(struct exams *e, struct arena *a);

/* ---- The clock (exam_clock.c) ---------------------------------------------------------------- */
/* Sets the academy's clock: where it stood when the last process ended, and what has passed since.
 * RULE clock-seal: a mark counts when it is sealed with the key of the data folder, clock.key;
 * another was written past the program, or is of one that sealed none. Then the clock begins as
 * after a start of the machine, by the wall clock, and "clock.unsealed" enters the log (unless
 * the key was missing: after a restore, or of an older program). `*why`: a
 * sentence. */
enum err exam_clock_begin(struct exams *e, struct arena *a, const char **why) MUST_USE;
/* Compares it with the machine's, tells and follows. On the exams' thread. */
void exam_clock_check(struct exams *e, struct arena *a);
void exam_clock_end(struct exams *e);

#endif
