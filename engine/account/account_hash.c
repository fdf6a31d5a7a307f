/* Passwords are hashed on two threads of their own: Argon2id takes some 30 ms and 19 MiB on purpose, and a request
 * must neither wait behind another's nor let a crowd of sign-ins take all memory. */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "account/account_private.h"
#include "base/codec.h"
#include "base/text.h"

/* OWASP's second choice for Argon2id: 19 MiB, two passes, one lane. */
#define HASH_PASSES 2
#define HASH_MEMORY ((size_t)19 * 1024 * 1024)
#define HASH_THREADS 2
#define HASH_QUEUE 256
#define HASH_QUEUE_CLIENT 64 /* of one address: a room full of people, and never all the places */

struct hashers {
    pthread_t threads[HASH_THREADS];
    int thread_count;
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool closing;
    struct hash_job *first, **tail;
    int length;
    /* Hash of a random text: what a sign-in with an unknown login is checked against, so that its answer takes as
     * long as that of a known one. */
    char decoy[crypto_pwhash_STRBYTES];
};

char *account_hash(struct arena *a, const char *password) {
    char *out = arena_alloc(a, crypto_pwhash_STRBYTES);
    return crypto_pwhash_str_alg(out, password, strlen(password), HASH_PASSES, HASH_MEMORY,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? out
               : NULL;
}

static void run_job(const struct hashers *h, struct hash_job *job) {
    job->matches = false;
    job->made = NULL;
    if (job->password) {
        bool known = job->hash && *job->hash;
        bool same = crypto_pwhash_str_verify(known ? job->hash : h->decoy, job->password,
                                             strlen(job->password)) == 0;
        job->matches = known && same;
    }
    if (job->new_password && (job->matches || !job->password)) {
        if (ARENA_GUARD(job->request->arena) == 0)
            job->made = account_hash(job->request->arena, job->new_password);
        job->request->arena->guarded = false;
    }
    http_wake(job->request, OK);
}

static void *work(void *arg) {
    struct hashers *h = arg;
    pthread_mutex_lock(&h->lock);
    while (h->first || !h->closing) {
        struct hash_job *job = h->first;
        if (!job) {
            pthread_cond_wait(&h->more, &h->lock);
            continue;
        }
        h->first = job->next;
        if (!h->first) h->tail = &h->first;
        h->length--;
        pthread_mutex_unlock(&h->lock);
        run_job(h, job);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

void account_hash_start(struct request *r, void *arg) {
    struct hash_job *job = arg;
    struct hashers *h = r->app->accounts->hashers;
    job->next = NULL;
    job->request = r;
    int same = 0;
    pthread_mutex_lock(&h->lock);
    for (const struct hash_job *j = h->first; j; j = j->next)
        same += str_eq(j->request->client, r->client);
    bool full = h->length >= HASH_QUEUE || same >= HASH_QUEUE_CLIENT || h->closing;
    if (!full) {
        *h->tail = job;
        h->tail = &job->next;
        h->length++;
        pthread_cond_signal(&h->more);
    }
    pthread_mutex_unlock(&h->lock);
    if (full) http_wake(r, ERR_BUSY);
}

struct hashers *hashers_new(void) {
    struct hashers *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    h->tail = &h->first;
    struct arena scratch;
    arena_init(&scratch, 64 * 1024);
    char *decoy = account_hash(&scratch, random_token(&scratch, 16));
    if (decoy) memcpy(h->decoy, decoy, sizeof h->decoy);
    arena_release(&scratch);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->more, NULL);
    while (decoy && h->thread_count < HASH_THREADS &&
           pthread_create(&h->threads[h->thread_count], NULL, work, h) == 0)
        h->thread_count++;
    if (h->thread_count) return h;
    hashers_free(h);
    return NULL;
}

void hashers_free(struct hashers *h) {
    if (!h) return;
    pthread_mutex_lock(&h->lock);
    h->closing = true;
    pthread_cond_broadcast(&h->more);
    pthread_mutex_unlock(&h->lock);
    for (int i = 0; i < h->thread_count; i++) pthread_join(h->threads[i], NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->more);
    free(h);
}
