/* How fast somebody may guess: what the store knows about earlier guesses, and a place where
 * requests wait their turn. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "account/account_private.h"
#include "account/account_sql.h"
#include "base/clock.h"
#include "base/wait.h"
#include "base/codec.h"
#include "base/text.h"

/* ---- History -------------------------------------------------------------------------------- */

/* Has this person signed in from here lately? */
static enum err known_here(struct db *db, const struct guess *g, int64_t now_ms, bool *known) {
    struct stmt *q;
    enum err e;
    *known = false;
    if (!db_one(db, &q, &e, SQL_account_known_client, "tti", g->login, g->client,
                now_ms - PACE_KNOWN_MS))
        return e == ERR_NOT_FOUND ? OK : e;
    *known = true;
    return stmt_end(q);
}

/* Newest first; rows of this pair count until it was last let in. */
static enum err read_guesses(struct db *db, const struct guess *g, int64_t now_ms,
                             struct login_history *h) {
    bool let_in = false;
    struct stmt *q = db_query(db, SQL_account_guesses, "tti", g->login, g->client_key,
                              now_ms - PACE_WINDOW_MS);
    while (stmt_row(q)) {
        int64_t at_ms = stmt_int(q, 0);
        bool pair = stmt_int(q, 1) != 0, recent = at_ms > now_ms - PACE_MINUTE_MS;
        let_in = let_in || (pair && stmt_int(q, 2) != 0);
        if (stmt_int(q, 2) != 0) continue;
        if (recent) account_pace_add(&h->login, at_ms);
        if (recent && pair) account_pace_add(&h->pair, at_ms);
        if (!pair || let_in) continue;
        if (h->pair_failures++ == 0) h->pair_last_ms = at_ms;
    }
    return stmt_end(q);
}

enum err account_pace_of(struct db *db, const struct guess *g, int64_t now_ms,
                         struct login_pace *out) {
    struct login_history h = {0};
    struct stmt *q;
    enum err e = known_here(db, g, now_ms, &h.known_client);
    if (e == OK) e = read_guesses(db, g, now_ms, &h);
    if (e == OK && db_one(db, &q, &e, SQL_account_client_failures, "tii", g->client_key,
                          now_ms - PACE_WINDOW_MS, (int64_t)PACE_CLIENT_COUNTED)) {
        h.client_failures = stmt_int(q, 0);
        e = stmt_end(q);
    }
    *out = (struct login_pace){0};
    if (e == OK) *out = account_pace(&h, now_ms);
    out->known = h.known_client;
    return e;
}

enum err account_note_guess(struct db *db, struct arena *a, const struct guess *g, int64_t now_ms,
                            bool right) {
    return db_run(db, SQL_account_attempt_add, "tttii", id_new(a, now_ms), g->login, g->client_key,
                  now_ms, (int64_t)right);
}

/* ---- Waiting -------------------------------------------------------------------------------- */

/* One thread for all who wait. In the order of `due_ms`. */
struct holder {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct hold *first;
    int length;
    bool closing;
};

static void take_due(struct holder *h, int64_t now_ms) {
    while (h->first && (h->closing || h->first->due_ms <= now_ms)) {
        struct hold *due = h->first;
        h->first = due->next;
        h->length--;
        http_wake(due->request, h->closing ? ERR_BUSY : OK);
    }
}

static void *hold_all(void *arg) {
    struct holder *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->closing || h->first) {
        take_due(h, clock_monotonic_ms());
        if (h->closing) continue;
        if (!h->first) {
            pthread_cond_wait(&h->changed, &h->lock);
            continue;
        }
        struct timespec until = wait_until(h->first->due_ms - clock_monotonic_ms());
        (void)wait_for(&h->changed, &h->lock, &until);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

void account_hold_start(struct request *r, void *arg) {
    struct hold *hold = arg;
    struct holder *h = r->app->accounts->holder;
    hold->request = r;
    hold->due_ms = clock_monotonic_ms() + hold->wait_ms;
    pthread_mutex_lock(&h->lock);
    bool waits = !h->closing && h->length < HOLDS;
    if (waits) {
        struct hold **at = &h->first;
        while (*at && (*at)->due_ms <= hold->due_ms) at = &(*at)->next;
        hold->next = *at;
        *at = hold;
        h->length++;
        pthread_cond_signal(&h->changed);
    }
    pthread_mutex_unlock(&h->lock);
    /* The queue of the hashing threads has bounds of its own: a full house does not keep people
     * out. */
    if (!waits) http_wake(r, OK);
}

struct holder *holder_new(void) {
    struct holder *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    if (wait_init(&h->changed) != 0) {
        free(h);
        return NULL;
    }
    pthread_mutex_init(&h->lock, NULL);
    if (pthread_create(&h->thread, NULL, hold_all, h) == 0) return h;
    pthread_cond_destroy(&h->changed);
    free(h);
    return NULL;
}

void holder_free(struct holder *h) {
    if (!h) return;
    pthread_mutex_lock(&h->lock);
    h->closing = true;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->changed);
    free(h);
}
