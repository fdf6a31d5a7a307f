/* Private to exams.c and exam_live.c: the exams that are open, and who guards what. */
#ifndef GR_EXAM_LIVE_H
#define GR_EXAM_LIVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "exam/exam_store.h"

#define LIVE_LIMIT 500 /* exams of an academy */

/* Shared and immutable, but for the two atomics. */
struct exam_live {
    atomic_int holders;
    struct arena arena;
    struct exam_unit unit;
    const char *file;
    atomic_bool published; /* written to the store, to survive a restart with broken files */
};

struct exams {
    struct app *app;
    char *secret;
    pthread_mutex_t lock; /* live, count */
    struct exam_live *live[LIVE_LIMIT];
    size_t count;
    pthread_mutex_t reload; /* one reads files at a time; mark, looked_ms */
    uint64_t mark;
    int64_t looked_ms;
    pthread_t thread;
    bool running;
    pthread_mutex_t sleep;
    pthread_cond_t wake;
    atomic_bool stop;
    bool awake; /* under `sleep` */
};

/* Looks at the files and reads them again when they have changed. Under `reload`. */
void live_look(struct exams *e);
/* Writes down what is open and was not written yet. On the exams' thread, or while opening. */
void live_publish(struct exams *e, struct arena *a);
void live_close(struct exams *e);

#endif
