/* Accounting for the memory of request bodies. Only addresses with a large body under way are
 * stored, in a hash table. */
#include "http/body_memory.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS 256

struct share {
    unsigned char address[16];
    size_t bytes; /* of large bodies */
    struct share *next;
};

struct body_memory {
    pthread_mutex_t lock;
    size_t all;
    struct hash_key key; /* for hashing addresses, which whoever has a network can choose */
    struct share *shares[BUCKETS];
};

struct body_memory *body_memory_new(void) {
    struct body_memory *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    pthread_mutex_init(&b->lock, NULL);
    hash_key_new(&b->key);
    return b;
}

void body_memory_free(struct body_memory *b) {
    if (!b) return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct share *s = b->shares[i], *next; s; s = next) {
            next = s->next;
            free(s);
        }
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static void address_of(const char *client, unsigned char out[16]) {
    memset(out, 0, 16);
    if (inet_pton(AF_INET, client, out + 12) == 1) return;
    if (inet_pton(AF_INET6, client, out) == 1) memset(out + 8, 0, 8);
    else memset(out, 0, 16);
}

/* Where this address is, or would be, in its list. */
static struct share **place_of(struct body_memory *b, const unsigned char address[16]) {
    struct share **at = &b->shares[hash_keyed(&b->key, address, 16) % BUCKETS];
    while (*at && memcmp((*at)->address, address, 16) != 0) at = &(*at)->next;
    return at;
}

static size_t large(size_t bytes) { return bytes > BODY_SMALL ? bytes : 0; }

static bool share_grow(struct body_memory *b, const char *client, size_t had, size_t wants) {
    unsigned char address[16];
    address_of(client, address);
    struct share **at = place_of(b, address);
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at) return false;
        memcpy((*at)->address, address, 16);
    }
    bool fits = (*at)->bytes - had + wants <= BODY_MEMORY_SHARE;
    if (fits) (*at)->bytes += wants - had;
    return fits;
}

static void share_end(struct body_memory *b, const char *client, size_t had) {
    unsigned char address[16];
    address_of(client, address);
    struct share **at = place_of(b, address), *s = *at;
    s->bytes -= had;
    if (s->bytes) return;
    *at = s->next;
    free(s);
}

bool body_memory_grow(struct body_memory *b, const char *client, size_t had, size_t wants) {
    size_t most = large(wants) ? BODY_MEMORY_LIMIT / 2 : BODY_MEMORY_LIMIT;
    pthread_mutex_lock(&b->lock);
    bool fits = b->all - had + wants <= most &&
                (!large(wants) || share_grow(b, client, large(had), wants));
    if (fits) b->all += wants - had;
    pthread_mutex_unlock(&b->lock);
    return fits;
}

void body_memory_release(struct body_memory *b, const char *client, size_t had) {
    if (!had) return;
    pthread_mutex_lock(&b->lock);
    b->all -= had;
    if (large(had)) share_end(b, client, had);
    pthread_mutex_unlock(&b->lock);
}
