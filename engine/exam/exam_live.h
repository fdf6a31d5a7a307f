/* Private to exams.c and exam_live.c: the exams that are open, and who guards what. */
#ifndef GR_EXAM_LIVE_H
#define GR_EXAM_LIVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock_watch.h"
#include "exam/exam_store.h"
#include "tree/tree.h"

#define LIVE_LIMIT 500 /* exams of an academy */

/* Shared and immutable, but for the atomics. */
struct exam_live {
    atomic_int holders;
    struct arena arena;
    struct exam_unit unit;
    const char *file;
    atomic_bool published; /* written to the store, to survive a restart with broken files */
    atomic_bool kept;      /* the last good version of what is broken now */
};

/* One generation of the files: what is open at one moment. */
struct exam_lives {
    struct exam_live *at[LIVE_LIMIT];
    size_t count;
};

struct exams {
    struct app *app;
    exam_anew_fn anew; /* NULL: nobody answers */
    char *secret;
    struct tree *tree; /* of exam_lives */
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
enum err live_open(struct exams *e) MUST_USE;
/* Writes down what is open and was not written yet. On the exams' thread, or while opening. */
void live_publish(struct exams *e, struct arena *a);

/* ---- The clock (exam_clock.c) ---------------------------------------------------------------- */
/* Sets the academy's clock: where it stood when the last process ended, and what has passed since.
 * RULE clock-seal: a mark counts when it is sealed with the key of the data folder, clock.key;
 * another was written past the program, or is of one that sealed none. Then the clock begins as
 * after a start of the machine, by the wall clock, and "clock.unsealed" enters the log (unless
 * the key was missing: after a restore, or of an older program). `*why`: a
 * sentence. */
enum err exam_clock_begin(struct exams *e, struct arena *a, const char **why) MUST_USE;
/* Compares it with the machine's, tells and follows. On the exams' thread. */
void exam_clock_look(struct exams *e, struct arena *a);
void exam_clock_end(struct exams *e);

#endif
