/* Compressing pages piece by piece. */
#include "http/pieces.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/codec.h"

#define PIECE_LEAST 192 /* bytes: what is shorter stands uncompressed beside what is apart */
#define BUCKETS 1024
#define SEEN 4096
#define LEVEL_ONCE 4 /* for a text that may never come again */
#define LEVEL_KEPT 8
#define SAMPLE_FROM 4096
#define STORED_MOST 65535 /* bytes in one stored block */
#define PIECE_ROOM(len) ((len) + (len) / 1000 + 64)
#define MEMBER_ROOM 64 /* header, last block and trailer */
#define WINDOW 32768   /* as far back as deflate refers */
#define CHAIN_PARTS 32 /* pieces that one can refer back to */

/* A text and its compressed form; unchanged once it is in the table. */
struct piece {
    atomic_int holders; /* the table, and each thread that copies it */
    uint64_t hash;
    uint64_t serial;         /* of this piece; 0: it is not kept */
    uint64_t before;         /* the serial of the piece that it may refer back to, 0: to none */
    size_t gap;              /* bytes between the two */
    uint32_t crc, crc_shift; /* see crc32_combine_op */
    size_t len, packed_len;
    unsigned char *packed;
    struct piece *chain;         /* of its bucket */
    struct piece *newer, *older; /* by last use */
    char text[];
};

struct pieces {
    pthread_mutex_t lock; /* all below, but not the contents of pieces */
    struct piece *buckets[BUCKETS];
    struct piece *newest, *oldest;
    size_t bytes, bytes_most;
    uint64_t seen[SEEN]; /* texts that came once */
    uint64_t seed, last_serial;
    int64_t hits, misses;
};

/* A gzip member in the making. */
struct member {
    unsigned char *out;
    size_t len, room;
    uint32_t crc;
    bool failed;
    const char *text; /* the page */
    /* the pieces that the next one may refer back to, with nothing but equally long texts between them */
    uint64_t chain; /* the serial of the last of them; 0: there is none */
    struct {
        size_t from, len;
    } parts[CHAIN_PARTS];
    int part_count;
};

/* A piece as it stands in a page. */
struct place {
    const char *text;
    size_t len;
    uint64_t before;
    size_t gap;
};

/* ---- A compressor for each thread: it takes 260 KB, too much to allocate for each page -------------- */

static pthread_key_t zipper_key;
static pthread_once_t zipper_once = PTHREAD_ONCE_INIT;

static void zipper_free(void *z) {
    deflateEnd(z);
    free(z);
}

static void make_zipper_key(void) { BUG_IF(pthread_key_create(&zipper_key, zipper_free) != 0); }

static z_stream *zipper(void) {
    pthread_once(&zipper_once, make_zipper_key);
    z_stream *z = pthread_getspecific(zipper_key);
    if (z) return deflateReset(z) == Z_OK ? z : NULL;
    z = calloc(1, sizeof *z);
    if (!z) return NULL;
    if (deflateInit2(z, LEVEL_ONCE, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        return NULL;
    }
    if (pthread_setspecific(zipper_key, z) == 0) return z;
    zipper_free(z);
    return NULL;
}

/* Whole blocks up to a byte's end, none of them the last one; they may refer back to `window`. 0 when there is no
 * memory. */
static size_t pack(const char *text, size_t len, const unsigned char *window, size_t window_len,
                   int level, unsigned char *out, size_t room) {
    z_stream *z = zipper();
    if (!z || len > UINT32_MAX || room > UINT32_MAX ||
        deflateParams(z, level, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    if (window_len && deflateSetDictionary(z, window, (uInt)window_len) != Z_OK) return 0;
    z->next_in = (Bytef *)text;
    z->avail_in = (uInt)len;
    z->next_out = out;
    z->avail_out = (uInt)room;
    if (deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in || !z->avail_out) return 0;
    return room - z->avail_out;
}

/* ---- The table --------------------------------------------------------------------------------- */

/* Four lanes of multiply and shift, over 32 bytes in each `stride`: it only has to spread; equality is decided by
 * comparing the texts. */
static uint64_t spread(uint64_t seed, const char *text, size_t len, size_t stride) {
    const uint64_t prime = 0x9e3779b185ebca87u;
    uint64_t lane[4] = {seed, seed ^ prime, seed + len, ~seed}, word;
    size_t i = 0;
    for (; i + stride <= len; i += stride)
        for (size_t k = 0; k < 4; k++) {
            memcpy(&word, text + i + 8 * k, 8);
            lane[k] = (lane[k] ^ word) * prime;
            lane[k] ^= lane[k] >> 29;
        }
    uint64_t hash = lane[0] ^ (lane[1] << 7 | lane[1] >> 57) ^ (lane[2] << 19 | lane[2] >> 45) ^
                    (lane[3] << 41 | lane[3] >> 23);
    for (; i < len; i++) hash = (hash ^ (unsigned char)text[i]) * prime;
    hash ^= hash >> 32;
    hash *= prime;
    return hash ^ hash >> 29;
}

static void drop(struct piece *e) {
    if (atomic_fetch_sub(&e->holders, 1) != 1) return;
    free(e->packed);
    free(e);
}

static size_t weight(const struct piece *e) { return sizeof *e + e->len + e->packed_len; }

static void unlink_age(struct pieces *p, struct piece *e) {
    *(e->newer ? &e->newer->older : &p->newest) = e->older;
    *(e->older ? &e->older->newer : &p->oldest) = e->newer;
}

static void link_newest(struct pieces *p, struct piece *e) {
    e->newer = NULL;
    e->older = p->newest;
    *(p->newest ? &p->newest->newer : &p->oldest) = e;
    p->newest = e;
}

static void evict(struct pieces *p, struct piece *e) {
    struct piece **at = &p->buckets[e->hash % BUCKETS];
    while (*at != e) at = &(*at)->chain;
    *at = e->chain;
    unlink_age(p, e);
    p->bytes -= weight(e);
    drop(e);
}

static uint64_t place_hash(uint64_t seed, const struct place *at, size_t stride) {
    uint64_t hash = spread(seed, at->text, at->len, stride);
    return at->before ? (hash ^ at->before) * 0x9e3779b185ebca87u + at->gap : hash;
}

static struct piece *in_bucket(struct pieces *p, uint64_t hash, const struct place *at) {
    struct piece *e = p->buckets[hash % BUCKETS];
    while (e &&
           (e->hash != hash || e->len != at->len || e->before != at->before || e->gap != at->gap))
        e = e->chain;
    return e;
}

/* A held piece, or NULL; then `*again` tells whether this text has come before, `*taken` whether another text
 * has this hash. */
static struct piece *find(struct pieces *p, uint64_t hash, uint64_t text_hash,
                          const struct place *at, bool *again, bool *taken) {
    pthread_mutex_lock(&p->lock);
    struct piece *e = in_bucket(p, hash, at);
    if (e) {
        atomic_fetch_add(&e->holders, 1);
        if (p->newest != e) {
            unlink_age(p, e);
            link_newest(p, e);
        }
        p->hits++;
    } else {
        *again = p->seen[text_hash % SEEN] == text_hash;
        p->seen[text_hash % SEEN] = text_hash;
        p->misses++;
    }
    pthread_mutex_unlock(&p->lock);
    *taken = e && memcmp(e->text, at->text, at->len) != 0;
    if (*taken) {
        drop(e);
        e = NULL;
    }
    return e;
}

static void keep(struct pieces *p, struct piece *e, const struct place *at) {
    pthread_mutex_lock(&p->lock);
    if (!in_bucket(p, e->hash, at) && weight(e) <= p->bytes_most / 4) {
        atomic_fetch_add(&e->holders, 1);
        e->serial = ++p->last_serial;
        e->chain = p->buckets[e->hash % BUCKETS];
        p->buckets[e->hash % BUCKETS] = e;
        link_newest(p, e);
        p->bytes += weight(e);
        while (p->bytes > p->bytes_most) evict(p, p->oldest);
    }
    pthread_mutex_unlock(&p->lock);
}

/* What stands before a place, as far as its chain knows it; the rest is zeros, which no page holds. */
static size_t window_before(const struct member *m, const char *at, unsigned char window[WINDOW]) {
    size_t end = (size_t)(at - m->text), start = m->parts[0].from;
    if (end - start > WINDOW) start = end - WINDOW;
    memset(window, 0, end - start);
    for (int i = 0; i < m->part_count; i++) {
        size_t from = m->parts[i].from, to = from + m->parts[i].len;
        if (from < start) from = start;
        if (to > from) memcpy(window + (from - start), m->text + from, to - from);
    }
    return end - start;
}

/* Compresses well and keeps the result. Held, or NULL. */
static struct piece *make(struct pieces *p, const struct member *m, uint64_t hash,
                          const struct place *at) {
    const size_t room = PIECE_ROOM(at->len);
    struct piece *e = calloc(1, sizeof *e + at->len);
    unsigned char *packed = malloc(room), *window = at->before ? malloc(WINDOW) : NULL;
    size_t window_len = window ? window_before(m, at->text, window) : 0;
    /* A zero could be taken for what the window leaves out. */
    bool ready = e && packed && (!at->before || (window && !memchr(at->text, '\0', at->len)));
    size_t n = ready ? pack(at->text, at->len, window, window_len, LEVEL_KEPT, packed, room) : 0;
    free(window);
    if (!n) {
        free(e);
        free(packed);
        return NULL;
    }
    e->packed = packed;
    unsigned char *fitting = realloc(e->packed, n);
    if (fitting) e->packed = fitting;
    e->packed_len = n;
    e->hash = hash;
    e->before = at->before;
    e->gap = at->gap;
    e->len = at->len;
    e->crc = (uint32_t)crc32_z(0, (const Bytef *)at->text, at->len);
    e->crc_shift = (uint32_t)crc32_combine_gen((z_off_t)at->len);
    memcpy(e->text, at->text, at->len);
    e->holders = 1;
    keep(p, e, at);
    return e;
}

struct pieces *pieces_new(size_t bytes) {
    struct pieces *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    pthread_mutexattr_t spinning; /* what it guards takes less than going to sleep */
    pthread_mutexattr_init(&spinning);
    pthread_mutexattr_settype(&spinning, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&p->lock, &spinning);
    pthread_mutexattr_destroy(&spinning);
    p->bytes_most = bytes;
    p->seed = random_u64();
    return p;
}

void pieces_free(struct pieces *p) {
    if (!p) return;
    while (p->oldest) evict(p, p->oldest);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void pieces_stats(struct pieces *p, struct pieces_stats *out) {
    pthread_mutex_lock(&p->lock);
    *out = (struct pieces_stats){.hits = p->hits, .misses = p->misses, .bytes = (int64_t)p->bytes};
    pthread_mutex_unlock(&p->lock);
}

/* ---- One gzip member --------------------------------------------------------------------------- */

static void put_uncompressed(struct member *m, const char *text, size_t len) {
    m->crc = (uint32_t)crc32_z(m->crc, (const Bytef *)text, len);
    while (len && !m->failed) {
        size_t n = len < STORED_MOST ? len : STORED_MOST;
        m->failed = m->room - m->len < n + 5;
        if (m->failed) return;
        unsigned char *to = m->out + m->len;
        to[0] = 0; /* not the last block, stored */
        to[1] = (unsigned char)n;
        to[2] = (unsigned char)(n >> 8);
        to[3] = (unsigned char)~to[1];
        to[4] = (unsigned char)~to[2];
        memcpy(to + 5, text, n);
        m->len += n + 5;
        text += n;
        len -= n;
    }
}

/* Also NULL when it is worth nothing to keep. */
static struct piece *find_or_make(struct pieces *p, const struct member *m,
                                  const struct place *at) {
    bool again = false, taken = false;
    /* A long text is told by samples of it, unless another one looks the same by them. */
    const size_t stride = at->len > SAMPLE_FROM ? 256 : 32;
    const struct place alone = {.text = at->text, .len = at->len};
    uint64_t hash = place_hash(p->seed, at, stride),
             text_hash = place_hash(p->seed, &alone, stride);
    struct piece *e = find(p, hash, text_hash, at, &again, &taken);
    if (taken) {
        hash = place_hash(~p->seed, at, 32);
        e = find(p, hash, place_hash(~p->seed, &alone, 32), at, &again, &taken);
        again &= !taken;
    }
    return e || !again ? e : make(p, m, hash, at);
}

static void chain_on(struct member *m, const struct piece *e, size_t from) {
    if (m->chain == 0 || m->part_count == CHAIN_PARTS) m->part_count = 0;
    m->parts[m->part_count].from = from;
    m->parts[m->part_count++].len = e->len;
    m->chain = e->serial;
}

/* What is the same on many pages. */
static void put_piece(struct member *m, struct pieces *p, size_t from, size_t len) {
    struct place at = {.text = m->text + from, .len = len};
    if (m->chain && m->part_count < CHAIN_PARTS) {
        at.before = m->chain;
        at.gap = from - m->parts[m->part_count - 1].from - m->parts[m->part_count - 1].len;
    } else m->chain = 0;
    struct piece *e = find_or_make(p, m, &at);
    if (!e) {
        size_t n = pack(at.text, len, NULL, 0, LEVEL_ONCE, m->out + m->len, m->room - m->len);
        m->failed |= n == 0;
        m->len += n;
        m->crc = (uint32_t)crc32_z(m->crc, (const Bytef *)at.text, len);
        m->chain = 0;
        return;
    }
    m->failed |= m->room - m->len < e->packed_len;
    if (!m->failed) {
        memcpy(m->out + m->len, e->packed, e->packed_len);
        m->len += e->packed_len;
        m->crc = (uint32_t)crc32_combine_op(m->crc, e->crc, e->crc_shift);
    }
    chain_on(m, e, from);
    drop(e);
}

static void put_little_endian(struct member *m, uint32_t value) {
    for (int i = 0; i < 4; i++) m->out[m->len++] = (unsigned char)(value >> 8 * i);
}

size_t pieces_gzip(struct pieces *p, struct arena *a, const char *text, size_t len,
                   const struct page_cut *cuts, size_t count, const unsigned char **out) {
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255},
                               last[] = {1, 0, 0, 0xff, 0xff};
    struct member m = {.text = text, .room = PIECE_ROOM(len) + (2 * count + 1) * 64 + MEMBER_ROOM};
    m.out = arena_raw(a, m.room);
    m.room -= sizeof last + 8; /* for the end, whatever comes before it */
    memcpy(m.out, head, sizeof head);
    m.len = sizeof head;
    /* `plain`: where the text begins that is too short to be a piece or stands apart; it goes out when a piece comes. */
    size_t plain = 0, at = 0;
    for (size_t i = 0; i <= count && !m.failed; i++) {
        struct page_cut c = i < count ? cuts[i] : (struct page_cut){.at = len};
        BUG_IF(c.at < at || c.len > len - c.at);
        for (int part = 0; part < 2; part++) { /* the text before the cut, then what is cut out */
            size_t from = part ? c.at : at, n = part ? c.len : c.at - at;
            if (n < PIECE_LEAST || (part && c.apart)) continue;
            put_uncompressed(&m, text + plain, from - plain);
            if (!m.failed) put_piece(&m, p, from, n);
            plain = from + n;
        }
        at = c.at + c.len;
        /* How far back something stands would be another thing for each person. */
        if (c.apart && !c.fixed) m.chain = 0;
    }
    put_uncompressed(&m, text + plain, len - plain);
    if (m.failed || m.len + sizeof last + 8 >= len) return 0;
    memcpy(m.out + m.len, last, sizeof last);
    m.len += sizeof last;
    put_little_endian(&m, m.crc);
    put_little_endian(&m, (uint32_t)len);
    *out = m.out;
    return m.len;
}
