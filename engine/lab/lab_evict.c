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

bool labs_make_room(struct labs *l, const struct lab_person *who) {
    bool room = true;
    pthread_mutex_lock(&l->lock);
    while (room && l->workers >= l->live_limit) {
        struct lab_live *unused = live_to_make_room(l, who);
        if (unused) live_evict_locked(l, unused);
        else room = false;
    }
    if (!room) l->refused++;
    pthread_mutex_unlock(&l->lock);
    return room;
}
