/* Live runs and the threads that talk to their workers. */
#include "lab/lab_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wait.h"

/* ---- Threads -------------------------------------------------------------------------------- */
static void wait_a_while(struct labs *l, pthread_cond_t *cond) {
    struct timespec until = wait_until(5 * MS_SECOND);
    (void)wait_for(cond, &l->lock, &until);
}

/* Takes the first ask of a run, with the lock held. */
static struct lab_ask *take(struct labs *l, struct lab_live *live) {
    struct lab_ask *ask = live->first;
    live->first = ask->next;
    if (!live->first) live->last = NULL;
    live->busy = true;
    live->used_ms = clock_monotonic_ms();
    lab_queue_take(l, ask);
    if (lab_queue_next(l)) pthread_cond_signal(&l->work);
    return ask;
}

static void *work(void *arg) {
    struct labs *l = arg;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        struct lab_live *live = lab_queue_next(l);
        if (!live) {
            if (l->closing && !l->person_queues) break;
            live = l->closing ? NULL : live_longest_unused(l, LAB_IDLE_MS);
            if (live) live_evict_locked(l, live);
            else wait_a_while(l, &l->work);
            continue;
        }
        struct lab_ask *ask = take(l, live);
        struct lab_person_queue *queue = ask->person_queue;
        bool heavy = ask->heavy;
        pthread_mutex_unlock(&l->lock);
        bool again = live_answer(l, live, ask); /* when false, the ask may be gone after this */
        pthread_mutex_lock(&l->lock);
        live->busy = false;
        if (again) lab_queue_again(l, live, ask);
        lab_queue_leave(l, queue, heavy);
        if (!live->first) live_forget_if_done(l, live);
        if (l->closing) pthread_cond_broadcast(&l->work);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

void lab_ask_init(struct lab_ask *ask, struct arena *a, int64_t now_ms) {
    memset(ask, 0, sizeof *ask);
    ask->arena = a;
    ask->now_ms = now_ms;
    ask->rewind_to = ask->replay_to = -1;
    ask->actor_id = "system";
}

/* With the lock held; NULL: no memory. */
static struct lab_live *find_or_add(struct labs *l, const char *run_id) {
    struct lab_live *live = live_find(l, run_id);
    if (live || !(live = calloc(1, sizeof *live))) return live;
    live->w = WORKER_NONE;
    snprintf(live->run_id, sizeof live->run_id, "%s", run_id);
    live->next = l->live;
    l->live = live;
    return live;
}

void labs_ask(struct labs *l, struct lab_ask *ask) {
    pthread_mutex_lock(&l->lock);
    bool closing = l->closing;
    struct lab_live *live = closing ? NULL : find_or_add(l, ask->run.id);
    bool queued = live && lab_queue_enter(l, live, ask);
    if (queued) pthread_cond_signal(&l->work);
    else if (live) live_forget_if_done(l, live);
    pthread_mutex_unlock(&l->lock);
    if (queued) return;
    ask->result = ERR_BUSY;
    ask->error = closing ? "lab_error_closing" : "lab_error_many";
    ask->done(ask);
}

static void post(struct lab_ask *ask) { sem_post(ask->context); }

enum err labs_ask_now(struct labs *l, struct lab_ask *ask) {
    sem_t told;
    sem_init(&told, 0, 0);
    ask->done = post;
    /* cppcheck-suppress autoVariables; nobody looks at it after `done` */
    ask->context = &told;
    labs_ask(l, ask);
    while (sem_wait(&told) != 0) continue;
    sem_destroy(&told);
    return ask->result;
}

/* ---- Opening and closing -------------------------------------------------------------------- */
enum err labs_prepare(struct zygote **out, const char *program, struct arena *a, const char **why) {
    codec_start();
    return zygote_start(out, program, a, why);
}

void labs_unprepare(struct zygote *z) { zygote_stop(z); }

/* 32 random bytes in the data folder: seals of images, tokens of runs. */
static bool read_key(struct labs *l, struct arena *a, const char **why) {
    const char *path = arena_printf(a, "%s/lab.key", l->app->data);
    if (key_file(a, path, l->key, sizeof l->key)) return true;
    *why = arena_printf(a, "The key of the labs, %s, cannot be read or written.", path);
    return false;
}

enum err labs_open(struct labs **out, struct app *app, struct zygote *z, int live_limit,
                   struct arena *a, const char **why) {
    struct labs *l = calloc(1, sizeof *l);
    *why = "There is no memory for the labs.";
    if (!l) return ERR_IO;
    l->app = app;
    l->zygote = z;
    l->live_limit = live_limit > 0 ? live_limit : LAB_LIVE_DEFAULT;
    if (!read_key(l, a, why)) {
        free(l);
        return ERR_IO;
    }
    signal(SIGPIPE,
           SIG_IGN); /* writing to a worker that died is an error, and must not end the server */
    pthread_mutex_init(&l->lock, NULL);
    wait_init(&l->work);
    wait_init(&l->written);
    while (l->thread_count < LAB_THREADS &&
           pthread_create(&l->threads[l->thread_count], NULL, work, l) == 0)
        l->thread_count++;
    *out = l;
    *why = "There is no memory, or no thread, for the files of the labs.";
    if (l->thread_count > 0 && registry_open(&l->registry, app->root) == OK) return OK;
    if (l->thread_count == 0) *why = "No thread can be started for the labs.";
    l->zygote = NULL;
    labs_close(l);
    *out = NULL;
    return ERR_IO;
}

void labs_close(struct labs *l) {
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->closing = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->thread_count; i++) pthread_join(l->threads[i], NULL);
    pthread_mutex_lock(&l->lock);
    for (struct lab_live *live; (live = live_longest_unused(l, 0));) live_evict_locked(l, live);
    /* Waits for the write jobs of images and actions, which refer to `l`. */
    while (l->writes > 0) wait_a_while(l, &l->written);
    while (l->live) live_forget(l, l->live);
    pthread_mutex_unlock(&l->lock);
    zygote_stop(l->zygote);
    registry_close(l->registry);
    history_people_free(l);
    pthread_cond_destroy(&l->work);
    pthread_cond_destroy(&l->written);
    pthread_mutex_destroy(&l->lock);
    sodium_memzero(l->key, sizeof l->key);
    free(l);
}

enum labs_state labs_state(const struct labs *l) {
    if (!l || !l->zygote) return LABS_NONE;
    return zygote_failing(l->zygote) ? LABS_FAILING : LABS_OK;
}

void labs_metrics(struct labs *l, struct buf *out) {
    if (!l) return;
    metrics_sample(out, "gradus_lab_failing", "gauge", "1 while no worker can be started.",
                   labs_state(l) != LABS_OK);
    pthread_mutex_lock(&l->lock);
    metrics_sample(out, "gradus_lab_workers", "gauge", "Workers that are alive.", l->workers);
    metrics_sample(out, "gradus_lab_started_total", "counter", "Runs that got a worker.",
                   l->started);
    metrics_sample(out, "gradus_lab_resumed_total", "counter",
                   "Runs that were taken up again from their record.", l->resumed);
    metrics_sample(out, "gradus_lab_replayed_actions_total", "counter",
                   "Actions that were replayed.", l->replayed);
    metrics_sample(out, "gradus_lab_workers_died_total", "counter",
                   "Workers that ended against their will.", l->died);
    metrics_sample(out, "gradus_lab_refused_total", "counter",
                   "Runs that got no worker, as all were in use.", l->refused);
    metrics_sample(out, "gradus_lab_incidents_total", "counter",
                   "Replays that did not give the recorded state, and actions that ended "
                   "two workers.",
                   l->incidents);
    pthread_mutex_unlock(&l->lock);
}
