/* The list of live runs: which there are, which has been unused for longest, and which have actions
 * that are not written yet. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/wait.h"
#include "lab/lab_manager.h"

/* ---- With the lock held --------------------------------------------------------------------- */
struct lab_live *live_find(struct labs *l, const char *run_id) {
    for (struct lab_live *v = l->live; v; v = v->next)
        if (str_eq(v->run_id, run_id)) return v;
    return NULL;
}

void live_forget(struct labs *l, struct lab_live *gone) {
    for (struct lab_live **p = &l->live; *p; p = &(*p)->next)
        if (*p == gone) {
            *p = gone->next;
            break;
        }
    for (int i = 0; i < LAB_CALLS_KEPT; i++) {
        free(gone->calls[i].method);
        free(gone->calls[i].path);
        free(gone->calls[i].body);
        free(gone->calls[i].answer);
    }
    free(gone);
}

struct lab_live *live_longest_unused(struct labs *l, int64_t idle_ms) {
    struct lab_live *oldest = NULL;
    int64_t now = clock_monotonic_ms();
    for (struct lab_live *v = l->live; v; v = v->next)
        if (!v->busy && v->version && !v->first && now - v->used_ms >= idle_ms &&
            (!oldest || v->used_ms < oldest->used_ms))
            oldest = v;
    return oldest;
}

static int workers_of(const struct labs *l, const struct lab_person *who) {
    int count = 0;
    for (const struct lab_live *v = l->live; v; v = v->next)
        count += v->version && v->person == who;
    return count;
}

/* The longest unused run of `who`; NULL: none is unused. */
static struct lab_live *longest_unused_of(const struct labs *l, const struct lab_person *who) {
    struct lab_live *oldest = NULL;
    for (struct lab_live *v = l->live; v; v = v->next)
        if (v->person == who && !v->busy && v->version && !v->first &&
            (!oldest || v->used_ms < oldest->used_ms))
            oldest = v;
    return oldest;
}

/* RULE lab-places: a run that was used a moment ago keeps its worker, so that runs do not throw
 * each other out with each call. But it makes room for another one of the same person, and one of
 * whoever has two more than who asks makes room for that. */
struct lab_live *live_to_make_room(struct labs *l, const struct lab_person *who) {
    struct lab_live *out = live_longest_unused(l, LAB_KEEP_MS);
    const struct lab_person *most = NULL;
    int own = workers_of(l, who), count = own + 1;
    if (!out) out = longest_unused_of(l, who);
    for (const struct lab_live *v = l->live; !out && v; v = v->next) {
        int theirs = v->version ? workers_of(l, v->person) : 0;
        if (theirs <= count) continue;
        most = v->person;
        count = theirs;
    }
    return out || !most ? out : longest_unused_of(l, most);
}

void live_forget_if_done(struct labs *l, struct lab_live *live) {
    if (!live->busy && !live->first && !live->version && live->unwritten == 0) live_forget(l, live);
}

/* ---- Of one run ----------------------------------------------------------------------------- */
void live_count_unwritten(struct labs *l, const char *run_id, int change, bool poison) {
    pthread_mutex_lock(&l->lock);
    struct lab_live *live = live_find(l, run_id);
    if (live) {
        live->unwritten += change;
        if (poison) live->poisoned = true;
        if (change < 0) {
            live_forget_if_done(l, live);
            pthread_cond_broadcast(&l->written);
        }
    }
    pthread_mutex_unlock(&l->lock);
}

bool live_wait_written(struct labs *l, struct lab_live *live) {
    const struct timespec until = wait_until(LAB_WRITTEN_WAIT_MS);
    pthread_mutex_lock(&l->lock);
    while (live->unwritten > 0 && wait_for(&l->written, &l->lock, &until)) continue;
    bool settled = live->unwritten == 0;
    pthread_mutex_unlock(&l->lock);
    return settled;
}

enum err live_fail(struct lab_ask *ask, enum err e, const char *key) {
    if (!ask->error) ask->error = key;
    return e;
}

void live_end(struct labs *l, struct lab_live *live) {
    if (live->w.fd < 0 && live->w.pid_fd < 0 && !live->version) return;
    worker_end(&live->w);
    registry_release(live->version);
    live->version = NULL;
    pthread_mutex_lock(&l->lock);
    l->workers--;
    pthread_mutex_unlock(&l->lock);
}
