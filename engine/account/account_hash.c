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

struct accounts {
    pthread_t threads[HASH_THREADS];
    int thread_count;
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool closing;
    struct hash_job *first, **tail;
    int length;
    struct sessions *sessions;
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

static void run_job(const struct accounts *a, struct hash_job *job) {
    job->matches = false;
    job->made = NULL;
    if (job->password) {
        bool known = job->hash && *job->hash;
        bool same = crypto_pwhash_str_verify(known ? job->hash : a->decoy, job->password,
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
    struct accounts *a = arg;
    pthread_mutex_lock(&a->lock);
    while (a->first || !a->closing) {
        struct hash_job *job = a->first;
        if (!job) {
            pthread_cond_wait(&a->more, &a->lock);
            continue;
        }
        a->first = job->next;
        if (!a->first) a->tail = &a->first;
        a->length--;
        pthread_mutex_unlock(&a->lock);
        run_job(a, job);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

void account_hash_start(struct request *r, void *arg) {
    struct hash_job *job = arg;
    struct accounts *a = r->app->accounts;
    job->next = NULL;
    job->request = r;
    int same = 0;
    pthread_mutex_lock(&a->lock);
    for (const struct hash_job *j = a->first; j; j = j->next)
        same += str_eq(j->request->client, r->client);
    bool full = a->length >= HASH_QUEUE || same >= HASH_QUEUE_CLIENT || a->closing;
    if (!full) {
        *a->tail = job;
        a->tail = &job->next;
        a->length++;
        pthread_cond_signal(&a->more);
    }
    pthread_mutex_unlock(&a->lock);
    if (full) http_wake(r, ERR_BUSY);
}

enum err accounts_open(struct accounts **out) {
    struct accounts *a = calloc(1, sizeof *a);
    if (!a) return ERR_IO;
    a->tail = &a->first;
    struct arena scratch;
    arena_init(&scratch, 64 * 1024);
    char *decoy = account_hash(&scratch, random_token(&scratch, 16));
    if (decoy) memcpy(a->decoy, decoy, sizeof a->decoy);
    arena_release(&scratch);
    a->sessions = decoy ? sessions_new() : NULL;
    if (!a->sessions) {
        free(a);
        return ERR_IO;
    }
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->more, NULL);
    while (a->thread_count < HASH_THREADS &&
           pthread_create(&a->threads[a->thread_count], NULL, work, a) == 0)
        a->thread_count++;
    *out = a;
    if (a->thread_count) return OK;
    accounts_close(a);
    *out = NULL;
    return ERR_IO;
}

void accounts_close(struct accounts *a) {
    if (!a) return;
    pthread_mutex_lock(&a->lock);
    a->closing = true;
    pthread_cond_broadcast(&a->more);
    pthread_mutex_unlock(&a->lock);
    for (int i = 0; i < a->thread_count; i++) pthread_join(a->threads[i], NULL);
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->more);
    sessions_free(a->sessions);
    free(a);
}

struct sessions *accounts_sessions(struct accounts *a) {
    return a->sessions;
}
