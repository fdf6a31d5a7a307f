/* Connections by address, in the order in which they began to wait, and the thread that shuts down
 * late ones. libmicrohttpd's own timeout starts again with each byte; these deadlines do not. */
#include "http/peers.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/wait.h"

#define HOST_BUCKETS 4096
#define DESCRIPTORS (1 << 20) /* more than a process may have (http.c) */

struct host {
    unsigned char address[16];
    long count, closing;                /* connections */
    struct peer *oldest[2], *newest[2]; /* by enum peer_state */
    struct host *next;
};

struct peers {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
    int64_t deadline_ms;
    long share;   /* of one address */
    long closing; /* shut down, but not closed yet */
    struct peer *all;
    struct hash_key key; /* for hashing addresses, which whoever has a network can choose */
    struct host *hosts[HOST_BUCKETS];
    struct peers_stats stats;
};

/* recv() knows only the descriptor. Each is used by one thread at a time. */
static _Atomic(struct peer *) by_descriptor[DESCRIPTORS];

struct peer *peer_of_descriptor(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? atomic_load(&by_descriptor[fd]) : NULL;
}

/* ---- Hosts ----------------------------------------------------------------------------------- */

static void address_of(const struct sockaddr *from, unsigned char out[16]) {
    memset(out, 0, 16);
    if (from && from->sa_family == AF_INET)
        memcpy(out + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
    if (!from || from->sa_family != AF_INET6) return;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)from)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(six)) memcpy(out + 12, six->s6_addr + 12, 4);
    else memcpy(out, six->s6_addr, 8);
}

static struct host **bucket_of(struct peers *s, const unsigned char address[16]) {
    return &s->hosts[hash_keyed(&s->key, address, 16) % HOST_BUCKETS];
}

static struct host *host_find(struct peers *s, const unsigned char address[16]) {
    struct host **bucket = bucket_of(s, address), *h = *bucket;
    while (h && memcmp(h->address, address, 16) != 0) h = h->next;
    if (h || !(h = calloc(1, sizeof *h))) return h;
    memcpy(h->address, address, 16);
    h->next = *bucket;
    return *bucket = h;
}

static void host_drop(struct peers *s, struct host *h) {
    struct host **at = bucket_of(s, h->address);
    while (*at != h) at = &(*at)->next;
    *at = h->next;
    free(h);
}

/* ---- Queues by state ------------------------------------------------------------------------ */

static void queue_leave(struct peer *p) {
    if (p->state == PEER_SERVED || p->closing) return;
    struct host *h = p->host;
    if (p->older) p->older->newer = p->newer;
    else h->oldest[p->state] = p->newer;
    if (p->newer) p->newer->older = p->older;
    else h->newest[p->state] = p->older;
    p->older = p->newer = NULL;
}

/* At the end of the queue, since it begins to wait now. */
static void queue_join(struct peer *p, enum peer_state state) {
    p->state = state;
    if (state == PEER_SERVED || p->closing) return;
    struct host *h = p->host;
    p->older = h->newest[state];
    p->newer = NULL;
    if (p->older) p->older->newer = p;
    else h->oldest[state] = p;
    h->newest[state] = p;
}

static void move(struct peers *s, struct peer *p, enum peer_state state) {
    if (p->state == state) return;
    pthread_mutex_lock(&s->lock);
    queue_leave(p);
    queue_join(p, state);
    pthread_mutex_unlock(&s->lock);
}

/* Shuts the socket down; its thread then reads the end of the stream and closes it. */
static void shut_down(struct peers *s, struct peer *p) {
    queue_leave(p);
    p->closing = true;
    s->closing++;
    p->host->count--;
    p->host->closing++;
    shutdown(p->fd, SHUT_RDWR);
}

/* Connections with a half-sent request go first, idle ones after them. */
static bool shut_down_oldest(struct peers *s, struct host *h) {
    struct peer *p = h->oldest[PEER_RECEIVING] ? h->oldest[PEER_RECEIVING] : h->oldest[PEER_IDLE];
    if (!p) return false;
    shut_down(s, p);
    s->stats.evicted++;
    return true;
}

long peers_make_room(struct peers *s, int count) {
    pthread_mutex_lock(&s->lock);
    struct host *most = NULL;
    for (size_t i = 0; i < HOST_BUCKETS; i++)
        for (struct host *h = s->hosts[i]; h; h = h->next)
            if ((h->oldest[PEER_RECEIVING] || h->oldest[PEER_IDLE]) &&
                (!most || h->count > most->count))
                most = h;
    while (most && s->closing < count && shut_down_oldest(s, most)) continue;
    long closing = s->closing;
    pthread_mutex_unlock(&s->lock);
    return closing;
}

/* ---- Coming and going ----------------------------------------------------------------------- */

struct peer *peers_join(struct peers *s, struct http *h, int fd, const struct sockaddr *address) {
    unsigned char key[16];
    if (fd < 0 || fd >= DESCRIPTORS) return NULL;
    struct peer *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    address_of(address, key);
    p->fd = fd;
    p->http = h;
    p->until_ms = clock_monotonic_ms() + s->deadline_ms;
    pthread_mutex_lock(&s->lock);
    p->host = host_find(s, key);
    if (!p->host) {
        pthread_mutex_unlock(&s->lock);
        free(p);
        return NULL;
    }
    p->next = s->all;
    if (p->next) p->next->prev = p;
    s->all = p;
    /* RULE share-of-one-address. When all connections of the address are being answered, the new
     * one is shut down. */
    bool room = p->host->count < s->share || shut_down_oldest(s, p->host);
    p->host->count++;
    queue_join(p, PEER_RECEIVING);
    if (!room) {
        shut_down(s, p);
        s->stats.evicted++;
    }
    pthread_mutex_unlock(&s->lock);
    atomic_store(&by_descriptor[fd], p);
    return p;
}

void peers_leave(struct peers *s, struct peer *p) {
    atomic_store(&by_descriptor[p->fd], NULL);
    pthread_mutex_lock(&s->lock);
    queue_leave(p);
    if (p->prev) p->prev->next = p->next;
    else s->all = p->next;
    if (p->next) p->next->prev = p->prev;
    if (p->closing) {
        s->closing--;
        p->host->closing--;
    } else p->host->count--;
    if (p->host->count + p->host->closing == 0) host_drop(s, p->host);
    pthread_mutex_unlock(&s->lock);
    free(p);
}

/* ---- Deadlines ---------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

void peers_received(struct peers *s, struct peer *p) {
    enum framing_phase phase = framing_phase(&p->framing);
    if (p->state == PEER_SERVED || phase == FRAMING_BETWEEN) return;
    int64_t now = clock_monotonic_ms();
    if (!p->began_ms) p->began_ms = now;
    int64_t last = p->began_ms + s->deadline_ms;
    move(s, p, PEER_RECEIVING);
    if (phase == FRAMING_HEAD) p->until_ms = earlier(last, p->began_ms + HEAD_DEADLINE_MS);
    else {
        if (!p->body_ms) p->body_ms = now;
        int64_t earned = (int64_t)(p->framing.body * MS_SECOND / BODY_BYTES_PER_S);
        p->until_ms = earlier(last, p->body_ms + BODY_GRACE_MS + earned);
    }
}

void peers_working(struct peers *s, struct peer *p) {
    move(s, p, PEER_SERVED);
    p->until_ms = 0;
}

void peers_answering(struct peers *s, struct peer *p) {
    p->until_ms = clock_monotonic_ms() + ANSWER_DEADLINES * s->deadline_ms;
}

void peers_answered(struct peers *s, struct peer *p) {
    p->began_ms = p->body_ms = 0;
    /* The next request may have begun in the bytes of the last. */
    move(s, p, framing_phase(&p->framing) == FRAMING_BETWEEN ? PEER_IDLE : PEER_RECEIVING);
    p->until_ms = clock_monotonic_ms() + s->deadline_ms;
    peers_received(s, p);
}

void peers_stats(struct peers *s, struct peers_stats *out) {
    pthread_mutex_lock(&s->lock);
    *out = s->stats;
    pthread_mutex_unlock(&s->lock);
}

static void *run(void *arg) {
    struct peers *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        int64_t now = clock_monotonic_ms();
        for (struct peer *p = s->all; p; p = p->next) {
            int64_t until = p->until_ms;
            if (!until || now <= until || p->closing) continue;
            shut_down(s, p);
            s->stats.late++;
        }
        struct timespec until = wait_until(MS_SECOND);
        (void)wait_for(&s->stop, &s->lock, &until);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct peers *peers_start(int64_t request_deadline_ms, long most) {
    struct peers *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->deadline_ms = request_deadline_ms;
    s->share = most - most / 8;
    hash_key_new(&s->key);
    pthread_mutex_init(&s->lock, NULL);
    wait_init(&s->stop);
    if (pthread_create(&s->thread, NULL, run, s) == 0) return s;
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->stop);
    free(s);
    return NULL;
}

void peers_stop(struct peers *s) {
    if (!s) return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->stop);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->stop);
    free(s);
}
