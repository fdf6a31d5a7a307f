/* Cuts clients that keep a request open by sending a byte now and then, or an answer by reading one. libmicrohttpd's
 * timeout starts again with each byte; this one does not. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "http/connection.h"

#define SCAN_EVERY_MS MS_SECOND

struct reaper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
    int64_t deadline_ms;
    struct peer *peers;
};

void reaper_expect(struct reaper *r, struct peer *p, int deadlines) {
    p->until_ms = clock_monotonic_ms() + deadlines * r->deadline_ms;
}

void reaper_leave(struct peer *p) { p->until_ms = 0; }

static void *run(void *arg) {
    struct reaper *r = arg;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        int64_t now = clock_monotonic_ms();
        for (struct peer *p = r->peers; p; p = p->next) {
            int64_t until = p->until_ms;
            if (until && now > until) shutdown(p->fd, SHUT_RDWR);
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += SCAN_EVERY_MS / MS_SECOND;
        pthread_cond_timedwait(&r->stop, &r->lock, &until);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct reaper *reaper_start(int64_t deadline_ms) {
    struct reaper *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->deadline_ms = deadline_ms;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->stop, NULL);
    if (pthread_create(&r->thread, NULL, run, r) != 0) {
        free(r);
        return NULL;
    }
    return r;
}

void reaper_stop(struct reaper *r) {
    if (!r) return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->stop);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->stop);
    free(r);
}

void reaper_add(struct reaper *r, struct peer *p) {
    pthread_mutex_lock(&r->lock);
    p->prev = NULL;
    p->next = r->peers;
    if (p->next) p->next->prev = p;
    r->peers = p;
    pthread_mutex_unlock(&r->lock);
}

void reaper_remove(struct reaper *r, struct peer *p) {
    pthread_mutex_lock(&r->lock);
    if (p->prev) p->prev->next = p->next;
    else r->peers = p->next;
    if (p->next) p->next->prev = p->prev;
    pthread_mutex_unlock(&r->lock);
}
