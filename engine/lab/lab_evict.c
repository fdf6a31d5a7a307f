/* Evicts live runs from their workers: nobody uses them, or another run needs the place. */
#include "lab/lab_manager.h"

void live_evict(struct labs *l, struct lab_live *live) {
    if (!live->version) return;
    if (!live->poisoned) history_image(l, live);
    live_end(l, live);
}

void live_evict_locked(struct labs *l, struct lab_live *live) {
    live->busy = true;
    pthread_mutex_unlock(&l->lock);
    live_evict(l, live);
    pthread_mutex_lock(&l->lock);
    live->busy = false;
    if (live->first) pthread_cond_signal(&l->work); /* somebody came meanwhile */
    live_forget_if_done(l, live);
}

void labs_make_room(struct labs *l) {
    pthread_mutex_lock(&l->lock);
    while (l->workers >= l->live_limit) {
        struct lab_live *unused = live_longest_unused(l, 0);
        if (!unused) break; /* all are at work: at most one for each thread */
        live_evict_locked(l, unused);
    }
    pthread_mutex_unlock(&l->lock);
}
