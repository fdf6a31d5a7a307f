/* Hashing passwords on two threads of their own: Argon2id takes some 30 ms and 19 MiB on purpose,
 * so no request may wait behind another's hash, and many sign-ins at once may not use up the
 * memory. account_queue.h decides who is next. */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account_private.h"
#include "base/codec.h"

/* OWASP's second choice for Argon2id: 19 MiB, two passes, one lane. */
#define HASH_PASSES 2
#define HASH_MEMORY ((size_t)19 * 1024 * 1024)
/* A password of account_random_password has 99 random bits: trying them all is hopeless even with a
 * quick hash. A slow one only protects passwords that people choose. So an import of two thousand
 * people is quick. */
#define ISSUED_PASSES 1
#define ISSUED_MEMORY ((size_t)64 * 1024)
#define HASH_THREADS 2

struct hashers {
    pthread_t threads[HASH_THREADS];
    int thread_count;
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool closing;
    struct queue queue;
    /* Fits no password. A sign-in with an unknown login is checked against it, so that it takes as
     * long as one with a known login. */
    char decoy[crypto_pwhash_STRBYTES];
};

static char *hash_with(struct arena *a, const char *password, unsigned passes, size_t memory) {
    char *out = arena_alloc(a, crypto_pwhash_STRBYTES);
    return crypto_pwhash_str_alg(out, password, strlen(password), passes, memory,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? out
               : NULL;
}

char *account_hash(struct arena *a, const char *password) {
    return hash_with(a, password, HASH_PASSES, HASH_MEMORY);
}

char *account_hash_issued(struct arena *a, const char *password) {
    return hash_with(a, password, ISSUED_PASSES, ISSUED_MEMORY);
}

static bool verify(const char *hash, const char *password) {
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

/* Takes the same time for everybody, also where there is no hash or a quick one. */
static bool matches(const struct hashers *h, const struct hash_job *job) {
    bool there = job->hash && *job->hash;
    bool quick = there && crypto_pwhash_str_needs_rehash(job->hash, HASH_PASSES, HASH_MEMORY) == 1;
    bool same = there && verify(job->hash, job->password);
    if (!there || quick) (void)verify(h->decoy, job->password);
    return same;
}

static void make(struct hash_job *job) {
    struct arena *a = job->request->arena;
    if (job->new_password) job->made = account_hash(a, job->new_password);
    if (!job->issued_count) return;
    char **made = NEW_ARRAY(a, char *, job->issued_count);
    for (size_t i = 0; i < job->issued_count; i++) {
        made[i] = account_hash_issued(a, job->issued[i]);
        if (!made[i]) return;
    }
    job->issued_made = made;
}

static void run_job(const struct hashers *h, struct hash_job *job) {
    job->matches = job->password && matches(h, job);
    job->made = NULL;
    job->issued_made = NULL;
    if (!job->password || job->matches != job->make_unless) {
        if (ARENA_GUARD(job->request->arena) == 0) make(job);
        job->request->arena->guarded = false;
    }
    http_wake(job->request, OK);
}

static void *work(void *arg) {
    struct hashers *h = arg;
    pthread_mutex_lock(&h->lock);
    while (h->queue.first || !h->closing) {
        struct queue_entry *entry = queue_take(&h->queue);
        if (!entry) {
            pthread_cond_wait(&h->more, &h->lock);
            continue;
        }
        pthread_mutex_unlock(&h->lock);
        run_job(h, (struct hash_job *)entry);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

void account_hash_start(struct request *r, void *arg) {
    struct hash_job *job = arg;
    struct hashers *h = r->app->accounts->hashers;
    struct queue_entry *out = NULL;
    enum queue_answer answer = QUEUE_FULL;
    job->request = r;
    job->entry.client = r->client;
    pthread_mutex_lock(&h->lock);
    if (!h->closing) answer = queue_put(&h->queue, &job->entry, &out);
    if (answer == QUEUE_WAITS) pthread_cond_signal(&h->more);
    pthread_mutex_unlock(&h->lock);
    /* From here on `job` may be gone. */
    if (out) http_wake(((struct hash_job *)out)->request, ERR_BUSY);
    if (answer != QUEUE_WAITS) http_wake(r, answer == QUEUE_FULL ? ERR_BUSY : ERR_LIMIT);
}

/* What a hash looks like, with random bytes in the place of the hash: libsodium computes a hash and
 * compares, as with any other. False when libsodium does not take it for one. */
static bool make_decoy(char decoy[static crypto_pwhash_STRBYTES]) {
    unsigned char bytes[16 + 32];
    char salt[32], hash[64];
    randombytes_buf(bytes, sizeof bytes);
    const int variant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    sodium_bin2base64(salt, sizeof salt, bytes, 16, variant);
    sodium_bin2base64(hash, sizeof hash, bytes + 16, 32, variant);
    snprintf(decoy, crypto_pwhash_STRBYTES, "$argon2id$v=19$m=%zu,t=%d,p=1$%s$%s",
             HASH_MEMORY / 1024, HASH_PASSES, salt, hash);
    return crypto_pwhash_str_needs_rehash(decoy, HASH_PASSES, HASH_MEMORY) == 0;
}

struct hashers *hashers_new(void) {
    struct hashers *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    bool decoy = make_decoy(h->decoy);
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
