/* Live runs that are put to rest: nobody uses them, or another needs their place. */
#include "lab/lab_manager.h"

void live_rest(struct labs *l, struct lab_live *live) {
    if (!live->held) return;
    if (!live->poisoned) history_image(l, live);
    live_end(l, live);
}

void live_put_to_rest(struct labs *l, struct lab_live *live) {
    live->busy = true;
    pthread_mutex_unlock(&l->lock);
    live_rest(l, live);
    pthread_mutex_lock(&l->lock);
    live->busy = false;
    if (live->first) pthread_cond_signal(&l->work); /* somebody came meanwhile */
    live_forget_if_done(l, live);
}

void labs_make_room(struct labs *l) {
    pthread_mutex_lock(&l->lock);
    while (l->workers >= l->live_limit) {
        struct lab_live *unused = live_longest_unused(l, 0);
        if (!unused) break; /* all are at work: at most one a thread */
        live_put_to_rest(l, unused);
    }
    pthread_mutex_unlock(&l->lock);
}
