/* Throttling guesses: reads earlier guesses from the store, and delays requests. */
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
                now_ms - THROTTLE_KNOWN_MS))
        return e == ERR_NOT_FOUND ? OK : e;
    *known = true;
    return stmt_end(q);
}

/* Rows come newest first. Failures of this pair (account, client) count back to its last successful
 * sign-in. */
static enum err read_guesses(struct db *db, const struct guess *g, int64_t now_ms,
                             struct login_history *h) {
    bool let_in = false;
    struct stmt *q = db_query(db, SQL_account_guesses, "tti", g->login, g->client_key,
                              now_ms - THROTTLE_WINDOW_MS);
    while (stmt_row(q)) {
        int64_t at_ms = stmt_int(q, 0);
        bool pair = stmt_int(q, 1) != 0, recent = at_ms > now_ms - THROTTLE_MINUTE_MS;
        let_in = let_in || (pair && stmt_int(q, 2) != 0);
        if (stmt_int(q, 2) != 0) continue;
        if (recent) account_throttle_add(&h->login, at_ms);
        if (recent && pair) account_throttle_add(&h->pair, at_ms);
        if (!pair || let_in) continue;
        if (h->pair_failures++ == 0) h->pair_last_ms = at_ms;
    }
    return stmt_end(q);
}

enum err account_throttle_of(struct db *db, const struct guess *g, int64_t now_ms,
                             struct login_throttle *out) {
    struct login_history h = {0};
    struct stmt *q;
    enum err e = known_here(db, g, now_ms, &h.known_client);
    if (e == OK) e = read_guesses(db, g, now_ms, &h);
    if (e == OK && db_one(db, &q, &e, SQL_account_client_failures, "tii", g->client_key,
                          now_ms - THROTTLE_WINDOW_MS, (int64_t)THROTTLE_CLIENT_COUNTED)) {
        h.client_failures = stmt_int(q, 0);
        e = stmt_end(q);
    }
    *out = (struct login_throttle){0};
    if (e == OK) *out = account_throttle(&h, now_ms);
    out->known = h.known_client;
    return e;
}

enum err account_note_guess(struct db *db, struct arena *a, const struct guess *g, int64_t now_ms,
                            bool right) {
    return db_run(db, SQL_account_attempt_add, "tttii", id_new(a, now_ms), g->login, g->client_key,
                  now_ms, (int64_t)right);
}

/* ---- Delays -------------------------------------------------------------------------------- */

/* One thread for all delayed requests, a list in the order of `due_ms`. */
struct delay_queue {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct delay *first;
    int length;
    bool closing;
};

static void wake_due_now(struct delay_queue *h, int64_t now_ms) {
    while (h->first && (h->closing || h->first->due_ms <= now_ms)) {
        struct delay *due = h->first;
        h->first = due->next;
        h->length--;
        http_wake(due->request, h->closing ? ERR_BUSY : OK);
    }
}

static void *wake_due(void *arg) {
    struct delay_queue *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->closing || h->first) {
        wake_due_now(h, clock_monotonic_ms());
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

void account_delay_start(struct request *r, void *arg) {
    struct delay *delay = arg;
    struct delay_queue *h = r->app->accounts->delays;
    delay->request = r;
    delay->due_ms = clock_monotonic_ms() + delay->wait_ms;
    pthread_mutex_lock(&h->lock);
    bool waits = !h->closing && h->length < DELAYS_MAX;
    if (waits) {
        struct delay **at = &h->first;
        while (*at && (*at)->due_ms <= delay->due_ms) at = &(*at)->next;
        delay->next = *at;
        *at = delay;
        h->length++;
        pthread_cond_signal(&h->changed);
    }
    pthread_mutex_unlock(&h->lock);
    /* When too many are delayed, this one goes on at once: the queue of the hashing threads has
     * limits of its own. */
    if (!waits) http_wake(r, OK);
}

struct delay_queue *delay_queue_new(void) {
    struct delay_queue *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    if (wait_init(&h->changed) != 0) {
        free(h);
        return NULL;
    }
    pthread_mutex_init(&h->lock, NULL);
    if (pthread_create(&h->thread, NULL, wake_due, h) == 0) return h;
    pthread_cond_destroy(&h->changed);
    free(h);
    return NULL;
}

void delay_queue_free(struct delay_queue *h) {
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
