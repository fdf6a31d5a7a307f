/* Threads for work that takes long: a bounded queue in which nobody has more than a share. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/http.h"

#define OFFLOAD_THREADS 8

struct offload_job {
    struct offload *offload;
    offload_fn work;
    void *arg;
    then_fn then;
    struct request *request;
    struct offload_job *next;
};

struct offload {
    pthread_mutex_t lock; /* guards what follows, except the threads */
    pthread_cond_t more;
    struct offload_job *first, **tail;
    int length, queue, share;
    bool closing;
    pthread_t threads[OFFLOAD_THREADS];
    int thread_count;
};

static void run(struct offload_job *job) {
    struct request *r = job->request;
    volatile enum err e = ERR_BUSY;
    /* The job's memory is the request's, whose step waits meanwhile. */
    if (ARENA_GUARD(r->arena) == 0) e = job->work(r, job->arg);
    r->arena->guarded = false;
    http_wake(r, e);
}

static void *serve(void *arg) {
    struct offload *o = arg;
    pthread_mutex_lock(&o->lock);
    while (o->first || !o->closing) {
        struct offload_job *job = o->first;
        if (!job) {
            pthread_cond_wait(&o->more, &o->lock);
            continue;
        }
        o->first = job->next;
        if (!o->first) o->tail = &o->first;
        o->length--;
        pthread_mutex_unlock(&o->lock);
        run(job);
        pthread_mutex_lock(&o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

static void enqueue(struct request *r, void *arg) {
    struct offload_job *job = arg;
    struct offload *o = job->offload;
    int same = 0;
    job->next = NULL;
    job->request = r;
    pthread_mutex_lock(&o->lock);
    for (const struct offload_job *j = o->first; j; j = j->next)
        same += str_eq(j->request->client, r->client);
    bool full = o->length >= o->queue || same >= o->share || o->closing;
    if (!full) {
        *o->tail = job;
        o->tail = &job->next;
        o->length++;
        pthread_cond_signal(&o->more);
    }
    pthread_mutex_unlock(&o->lock);
    if (full) http_wake(r, ERR_BUSY);
}

static enum err job_done(struct request *r, void *arg, enum err result) {
    struct offload_job *job = arg;
    return job->then(r, job->arg, result);
}

enum err http_offload(struct request *r, struct offload *o, offload_fn work, void *arg,
                      then_fn then) {
    struct offload_job *job = NEW(r->arena, struct offload_job);
    *job = (struct offload_job){.offload = o, .work = work, .arg = arg, .then = then};
    return http_wait(r, enqueue, job, job_done);
}

struct offload *offload_new(int threads, int queue, int share) {
    struct offload *o = calloc(1, sizeof *o);
    if (!o) return NULL;
    o->tail = &o->first;
    o->queue = queue;
    o->share = share;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->more, NULL);
    while (o->thread_count < threads && o->thread_count < OFFLOAD_THREADS &&
           pthread_create(&o->threads[o->thread_count], NULL, serve, o) == 0)
        o->thread_count++;
    if (o->thread_count) return o;
    offload_free(o);
    return NULL;
}

void offload_free(struct offload *o) {
    if (!o) return;
    pthread_mutex_lock(&o->lock);
    o->closing = true;
    pthread_cond_broadcast(&o->more);
    pthread_mutex_unlock(&o->lock);
    for (int i = 0; i < o->thread_count; i++) pthread_join(o->threads[i], NULL);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->more);
    free(o);
}
