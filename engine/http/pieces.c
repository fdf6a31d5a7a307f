/* Compressing pages piece by piece. */
#include "http/pieces.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/codec.h"

#define PIECE_MIN 192 /* bytes; shorter text is stored uncompressed, with the personal text */
#define LEVEL_ONCE 4  /* for a text that may not come again */
#define LEVEL_CACHED 8
#define STORED_MAX 65535 /* bytes in one stored block */
#define PIECE_ROOM(len) ((len) + (len) / 1000 + 64)
#define WINDOW 32768   /* as far back as deflate refers */
#define CHAIN_PARTS 32 /* pieces that one can refer back to */

/* A text and its compressed form; unchanged once it is in the cache. */
struct piece {
    struct lru_entry entry;
    uint64_t serial;         /* of this piece; 0: it is not in the cache */
    uint64_t before;         /* the serial of the piece that it may refer back to, 0: to none */
    size_t gap;              /* bytes between the two */
    uint32_t crc, crc_shift; /* see crc32_combine_op */
    size_t len, packed_len;
    unsigned char *packed;
    char text[];
};

struct pieces {
    struct lru_cache cache;
    atomic_uint_least64_t last_serial;
};

/* A gzip member of pieces and uncompressed texts, in the order of the page. */
struct gzip_member {
    unsigned char *out; /* arena */
    size_t len, room, text_len;
    uint32_t crc;
    bool failed; /* there was no room */
};
#define MEMBER_ROOM 64 /* header, last block and trailer */

/* A page that is being written into a gzip member. */
struct packing {
    struct gzip_member member;
    const char *text; /* the page */
    /* the pieces that the next one may refer back to, with nothing but equally long texts between
     * them */
    uint64_t chain; /* the serial of the last of them; 0: there is none */
    struct {
        size_t from, len;
    } parts[CHAIN_PARTS];
    int part_count;
};

/* A piece as it stands in a page. */
struct piece_position {
    const char *text;
    size_t len;
    uint64_t before;
    size_t gap;
};

/* ---- Compressor ------------------------------------------------------------------------------ */

/* One for each thread: it takes 260 KB, too much to allocate for each page. */

static pthread_key_t compressor_key;
static pthread_once_t compressor_once = PTHREAD_ONCE_INIT;

static void compressor_free(void *z) {
    deflateEnd(z);
    free(z);
}

static void make_compressor_key(void) {
    BUG_IF(pthread_key_create(&compressor_key, compressor_free) !=
           0); /* cannot fail: see arena.c */
}

static z_stream *compressor(void) {
    pthread_once(&compressor_once, make_compressor_key);
    z_stream *z = pthread_getspecific(compressor_key);
    if (z) return deflateReset(z) == Z_OK ? z : NULL;
    z = calloc(1, sizeof *z);
    if (!z) return NULL;
    if (deflateInit2(z, LEVEL_ONCE, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        return NULL;
    }
    if (pthread_setspecific(compressor_key, z) == 0) return z;
    compressor_free(z);
    return NULL;
}

/* Compresses into whole deflate blocks that end at a byte's boundary and are not the last; they may
 * refer back to `window`. 0 when there is no memory. */
static size_t pack(const char *text, size_t len, const unsigned char *window, size_t window_len,
                   int level, unsigned char *out, size_t room) {
    z_stream *z = compressor();
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

/* ---- In the cache --------------------------------------------------------------------------- */

static struct piece *piece_of(struct lru_entry *thing) { return (struct piece *)thing; }

static void release(struct lru_entry *thing) {
    struct piece *e = piece_of(thing);
    free(e->packed);
    free(e);
}

static bool same_position(const struct lru_entry *thing, const void *what) {
    const struct piece *e = (const struct piece *)thing;
    const struct piece_position *at = what;
    return e->len == at->len && e->before == at->before && e->gap == at->gap;
}

/* The same text behind another piece, or at another distance, is another entry. */
static uint64_t position_hash(uint64_t text_hash, const struct piece_position *at) {
    return at->before ? (text_hash ^ at->before) * 0x9e3779b185ebca87u + at->gap : text_hash;
}

/* A piece with a reference, or NULL; then `*again` says whether this text was asked for before.
 * When another text with this hash is in the cache, this one is compressed each time. */
static struct piece *find(struct pieces *p, uint64_t hash, uint64_t text_hash,
                          const struct piece_position *at, bool *again) {
    struct lru_entry *thing = lru_cache_find(&p->cache, hash, text_hash, same_position, at, again);
    if (!thing) return NULL;
    if (memcmp(piece_of(thing)->text, at->text, at->len) == 0) return piece_of(thing);
    lru_cache_drop(&p->cache, thing);
    *again = false;
    return NULL;
}

/* The window before a position: what its chain knows of the page; the rest is zeros, which no page
 * contains. */
static size_t window_before(const struct packing *m, const char *at, unsigned char window[WINDOW]) {
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

/* Compresses at the higher level and caches the result. With a reference, or NULL. */
static struct piece *make(struct pieces *p, const struct packing *m, uint64_t hash,
                          const struct piece_position *at) {
    const size_t room = PIECE_ROOM(at->len);
    struct piece *e = calloc(1, sizeof *e + at->len);
    unsigned char *packed = malloc(room), *window = at->before ? malloc(WINDOW) : NULL;
    size_t window_len = window ? window_before(m, at->text, window) : 0;
    /* A zero in the text could match the zeros of the window, which stand for other text. */
    bool ready = e && packed && (!at->before || (window && !memchr(at->text, '\0', at->len)));
    size_t n = ready ? pack(at->text, at->len, window, window_len, LEVEL_CACHED, packed, room) : 0;
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
    e->entry.hash = hash;
    e->entry.weight = sizeof *e + at->len + n;
    e->entry.holders = 1;
    e->before = at->before;
    e->gap = at->gap;
    e->len = at->len;
    e->crc = (uint32_t)crc32_z(0, (const Bytef *)at->text, at->len);
    e->crc_shift = (uint32_t)crc32_combine_gen((z_off_t)at->len);
    memcpy(e->text, at->text, at->len);
    e->serial = atomic_fetch_add(&p->last_serial, 1) + 1;
    /* A piece that is not in the cache is never found again: nothing may refer back to it. */
    if (!lru_cache_put(&p->cache, &e->entry, same_position, at)) e->serial = 0;
    return e;
}

struct pieces *pieces_new(size_t bytes) {
    struct pieces *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    lru_cache_init(&p->cache, bytes, release);
    return p;
}

void pieces_free(struct pieces *p) {
    if (!p) return;
    lru_cache_release(&p->cache);
    free(p);
}

void pieces_stats(struct pieces *p, struct lru_cache_stats *out) {
    lru_cache_stats(&p->cache, out);
}

/* ---- One gzip member ------------------------------------------------------------------------ */

static void member_begin(struct gzip_member *m, struct arena *a, size_t room) {
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    *m = (struct gzip_member){.out = arena_raw(a, room + MEMBER_ROOM), .room = room + sizeof head};
    memcpy(m->out, head, sizeof head);
    m->len = sizeof head;
}

static void member_text(struct gzip_member *m, const char *text, size_t len) {
    m->crc = (uint32_t)crc32_z(m->crc, (const Bytef *)text, len);
    m->text_len += len;
    while (len && !m->failed) {
        size_t n = len < STORED_MAX ? len : STORED_MAX;
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

/* A piece that refers back must stand behind the same pieces, at the same distance, as in the page
 * that it was made for. */
static void member_piece(struct gzip_member *m, const struct piece *e) {
    m->failed |= m->room - m->len < e->packed_len;
    if (m->failed) return;
    memcpy(m->out + m->len, e->packed, e->packed_len);
    m->len += e->packed_len;
    m->crc = (uint32_t)crc32_combine_op(m->crc, e->crc, e->crc_shift);
    m->text_len += e->len;
}

static void put_little_endian(struct gzip_member *m, uint32_t value) {
    for (int i = 0; i < 4; i++) m->out[m->len++] = (unsigned char)(value >> 8 * i);
}

/* Ends the member and returns its length; 0 when it failed or is no shorter than the text. */
static size_t member_end(struct gzip_member *m) {
    static const unsigned char last[] = {1, 0, 0, 0xff, 0xff};
    if (m->failed || m->len + sizeof last + 8 >= m->text_len) return 0;
    memcpy(m->out + m->len, last, sizeof last);
    m->len += sizeof last;
    put_little_endian(m, m->crc);
    put_little_endian(m, (uint32_t)m->text_len);
    return m->len;
}

/* ---- A page into a member ------------------------------------------------------------------- */

/* NULL when there is no such piece and it is not worth caching. */
static struct piece *find_or_make(struct pieces *p, const struct packing *m,
                                  const struct piece_position *at) {
    bool again = false;
    if (at->len > LRU_CACHE_MOST(&p->cache)) return NULL; /* too large for the cache */
    const uint64_t text_hash = lru_cache_hash(p->cache.seed, at->text, at->len),
                   hash = position_hash(text_hash, at);
    struct piece *e = find(p, hash, text_hash, at, &again);
    return e || !again ? e : make(p, m, hash, at);
}

static void extend_chain(struct packing *m, const struct piece *e, size_t from) {
    if (m->chain == 0 || m->part_count == CHAIN_PARTS) m->part_count = 0;
    m->parts[m->part_count].from = from;
    m->parts[m->part_count++].len = e->len;
    m->chain = e->serial;
}

/* Adds text that is the same on many pages. */
static void put_piece(struct packing *m, struct pieces *p, size_t from, size_t len) {
    struct piece_position at = {.text = m->text + from, .len = len};
    struct gzip_member *g = &m->member;
    if (m->chain && m->part_count < CHAIN_PARTS) {
        at.before = m->chain;
        at.gap = from - m->parts[m->part_count - 1].from - m->parts[m->part_count - 1].len;
    } else m->chain = 0;
    struct piece *e = find_or_make(p, m, &at);
    if (!e) {
        size_t n = pack(at.text, len, NULL, 0, LEVEL_ONCE, g->out + g->len, g->room - g->len);
        g->failed |= n == 0;
        g->len += n;
        g->text_len += len;
        g->crc = (uint32_t)crc32_z(g->crc, (const Bytef *)at.text, len);
        m->chain = 0;
        return;
    }
    member_piece(g, e);
    extend_chain(m, e, from);
    lru_cache_drop(&p->cache, &e->entry);
}

size_t pieces_gzip(struct pieces *p, struct arena *a, const char *text, size_t len,
                   const struct page_cut *cuts, size_t count, const unsigned char **out) {
    struct packing m = {.text = text};
    member_begin(&m.member, a, PIECE_ROOM(len) + (2 * count + 1) * 64);
    /* `plain`: where the text begins that is too short to be a piece or is personal; it goes out
     * when a piece comes. */
    size_t plain = 0, at = 0;
    for (size_t i = 0; i <= count && !m.member.failed; i++) {
        struct page_cut c = i < count ? cuts[i] : (struct page_cut){.at = len};
        BUG_IF(c.at < at ||
               c.len >
                   len - c.at); /* the renderer notes its cuts in the order in which it writes */
        for (int part = 0; part < 2; part++) { /* the text before the cut, then what is cut out */
            size_t from = part ? c.at : at, n = part ? c.len : c.at - at;
            if (n < PIECE_MIN || (part && c.personal)) continue;
            member_text(&m.member, text + plain, from - plain);
            if (!m.member.failed) put_piece(&m, p, from, n);
            plain = from + n;
        }
        at = c.at + c.len;
        /* The distance would differ from person to person, so nothing may refer back over it. */
        if (c.personal && !c.fixed) m.chain = 0;
    }
    member_text(&m.member, text + plain, len - plain);
    *out = m.member.out;
    return member_end(&m.member);
}
