/* Pages that were made before, and putting them together again. */
#include "http/kept.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MOST 2000

/* In the order of the page: a piece; a text of the page's own; a text that stands apart. */
struct part {
    struct piece *piece;
    bool apart, fixed;
    unsigned char place;
    uint32_t number;    /* apart: which one */
    uint32_t from, len; /* text: in `texts`; apart and fixed: its length as it stands in the page */
};

struct kept_page {
    struct shelved shelved;
    struct kept *home;
    size_t len; /* of the page that was rendered */
    char *key, *texts;
    size_t key_len, part_count, texts_len;
    struct part parts[];
};

struct kept {
    struct shelf shelf;
    struct pieces *pieces;
};

static struct kept_page *page_of(struct shelved *thing) { return (struct kept_page *)thing; }

static void release(struct shelved *thing) {
    struct kept_page *page = page_of(thing);
    for (size_t i = 0; i < page->part_count; i++)
        if (page->parts[i].piece) piece_drop(page->home->pieces, page->parts[i].piece);
    free(page->key);
    free(page->texts);
    free(page);
}

struct kept *kept_new(size_t bytes, struct pieces *p) {
    struct kept *k = calloc(1, sizeof *k);
    if (!k) return NULL;
    shelf_init(&k->shelf, bytes, release);
    k->pieces = p;
    return k;
}

void kept_free(struct kept *k) {
    if (!k) return;
    shelf_release(&k->shelf);
    free(k);
}

void kept_drop(struct kept_page *page) { shelf_drop(&page->home->shelf, &page->shelved); }

void kept_stats(struct kept *k, struct shelf_stats *out) { shelf_stats(&k->shelf, out); }

struct kept_page *kept_find(struct kept *k, const struct buf *key, bool *again) {
    uint64_t hash = shelf_hash(k->shelf.seed, key->data, key->len, 32);
    struct shelved *thing = shelf_find(&k->shelf, hash, hash, NULL, NULL, again);
    struct kept_page *page = thing ? page_of(thing) : NULL;
    if (!page || (page->key_len == key->len && memcmp(page->key, key->data, key->len) == 0))
        return page;
    *again = false; /* another key of the same hash */
    kept_drop(page);
    return NULL;
}

/* ---- Keeping ----------------------------------------------------------------------------------- */

struct taking {
    struct part *parts;
    size_t count;
    struct buf texts;
    bool failed;
};

static struct part *more(struct taking *t) {
    if (t->count == PARTS_MOST) {
        t->failed = true;
        return &t->parts[0];
    }
    return &t->parts[t->count++];
}

static void take_text(struct taking *t, const char *text, size_t len) {
    if (!len) return;
    *more(t) = (struct part){.from = (uint32_t)t->texts.len, .len = (uint32_t)len};
    buf_add(&t->texts, text, len);
}

static void take_apart(struct taking *t, const struct page_cut *c,
                       const struct page_aparts *apart) {
    size_t i = 0, behind;
    while (i < apart->count && apart->at[i] != c->value) i++;
    for (behind = i + 1; behind < apart->count && apart->at[behind] != c->value;) behind++;
    /* It came into the page by another way than the view; or it stands in the view twice, where the next person may
     * have two texts: which of them is meant here nobody can tell. */
    t->failed |= i == apart->count || behind < apart->count;
    *more(t) = (struct part){.apart = true,
                             .fixed = c->fixed,
                             .place = c->place,
                             .number = (uint32_t)i,
                             .len = (uint32_t)c->len};
}

/* The page's text from `at` to `end`, with the cuts that stand there; returns how many cuts are behind. */
static size_t take_between(struct taking *t, const char *text, size_t at, size_t end,
                           const struct page_cuts *cuts, size_t i,
                           const struct page_aparts *apart) {
    for (; i < cuts->count && cuts->cut[i].at < end; i++) {
        const struct page_cut *c = &cuts->cut[i];
        if (!c->apart || c->at < at) continue;
        take_text(t, text + at, c->at - at);
        take_apart(t, c, apart);
        at = c->at + c->len;
    }
    take_text(t, text + at, end - at);
    return i;
}

static void take_page(struct taking *t, const char *text, size_t len, const struct page_parts *made,
                      const struct page_cuts *cuts, const struct page_aparts *apart) {
    size_t at = 0, cut = 0;
    for (size_t i = 0; i < made->count; i++) {
        const struct page_part *p = &made->at[i];
        cut = take_between(t, text, at, p->from, cuts, cut, apart);
        *more(t) = (struct part){.piece = p->piece};
        at = p->from + p->len;
    }
    take_between(t, text, at, len, cuts, cut, apart);
}

static void *copy(const void *bytes, size_t len) {
    void *out = malloc(len ? len : 1);
    return out && len ? memcpy(out, bytes, len) : out;
}

static struct kept_page *page_new(struct kept *k, const struct buf *key, const struct taking *t,
                                  size_t len) {
    struct kept_page *page = calloc(1, sizeof *page + t->count * sizeof *t->parts);
    if (!page) return NULL;
    page->home = k;
    page->shelved.holders = 1;
    page->key = copy(key->data, key->len);
    page->texts = copy(t->texts.data, t->texts.len);
    if (!page->key || !page->texts) {
        release(&page->shelved);
        return NULL;
    }
    page->shelved.hash = shelf_hash(k->shelf.seed, key->data, key->len, 32);
    page->key_len = key->len;
    page->texts_len = t->texts.len;
    page->len = len;
    page->part_count = t->count;
    memcpy(page->parts, t->parts, t->count * sizeof *t->parts);
    page->shelved.weight = sizeof *page + t->count * sizeof *t->parts + key->len + t->texts.len;
    /* Most pieces are shared; but the shelf's limit must hold when none is. */
    for (size_t i = 0; i < t->count; i++) {
        if (!t->parts[i].piece) continue;
        piece_hold(t->parts[i].piece);
        page->shelved.weight += piece_weight(t->parts[i].piece);
    }
    return page;
}

struct held_parts {
    struct pieces *pieces;
    struct page_parts made;
};

static void drop_parts(void *thing) {
    const struct held_parts *held = thing;
    for (size_t i = 0; i < held->made.count; i++)
        if (held->made.at[i].piece) piece_drop(held->pieces, held->made.at[i].piece);
}

void kept_add(struct kept *k, const struct buf *key, const struct page_aparts *apart,
              const char *text, size_t len, const struct page_cuts *cuts) {
    if (cuts->entangled || len > UINT32_MAX / 2 || apart->count > PARTS_MOST) return;
    struct held_parts *held = NEW(key->arena, struct held_parts);
    const struct page_parts *made = &held->made;
    const unsigned char *unused;
    held->pieces = k->pieces;
    arena_defer(key->arena, drop_parts, held);
    (void)pieces_gzip(k->pieces, key->arena, text, len, cuts->cut, cuts->count, &held->made,
                      &unused);
    if (made->incomplete) return;
    struct taking t = {.parts = NEW_ARRAY(key->arena, struct part, PARTS_MOST)};
    buf_init(&t.texts, key->arena);
    take_page(&t, text, len, made, cuts, apart);
    struct kept_page *page = t.failed ? NULL : page_new(k, key, &t, len);
    if (!page) return;
    (void)shelf_put(&k->shelf, &page->shelved, NULL, NULL);
    kept_drop(page);
}

/* ---- Putting together -------------------------------------------------------------------------- */

static void put_own(const struct kept_page *page, const struct part *p,
                    const struct page_aparts *apart, struct buf *out) {
    if (p->apart) page_put_apart(apart->at[p->number], p->place, out);
    else buf_add(out, page->texts + p->from, p->len);
}

void kept_text(const struct kept_page *page, const struct page_aparts *apart, struct buf *out) {
    buf_reserve(out, page->len + page->len / 8 + 512);
    for (size_t i = 0; i < page->part_count; i++) {
        const struct part *p = &page->parts[i];
        size_t len;
        const char *text = p->piece ? piece_text(p->piece, &len) : NULL;
        if (text) buf_add(out, text, len);
        else put_own(page, p, apart, out);
    }
}

size_t kept_gzip(const struct kept_page *page, const struct page_aparts *apart, struct arena *a,
                 const unsigned char **out) {
    struct buf own;
    struct gzip_member m;
    buf_init(&own, a);
    buf_reserve(&own, page->texts_len + 4096);
    /* Where in `own` each part begins; then the room is known before anything is written. */
    size_t *begins = NEW_ARRAY(a, size_t, page->part_count + 1), room = 0;
    for (size_t i = 0; i < page->part_count; i++) {
        const struct part *p = &page->parts[i];
        begins[i] = own.len;
        room += MEMBER_TEXT;
        if (p->piece) {
            room += piece_packed(p->piece);
            continue;
        }
        put_own(page, p, apart, &own);
        /* Pieces behind it refer to what stands before it: it must take its place exactly. */
        if (p->fixed && own.len - begins[i] != p->len) return 0;
    }
    begins[page->part_count] = own.len;
    member_begin(&m, a, room + own.len + own.len / 1000);
    for (size_t i = 0, from = 0; i <= page->part_count; i++) {
        const struct piece *piece = i < page->part_count ? page->parts[i].piece : NULL;
        if (!piece && i < page->part_count) continue;
        if (begins[i] > from) member_text(&m, own.data + from, begins[i] - from);
        from = begins[i];
        if (piece) member_piece(&m, piece);
    }
    *out = m.out;
    return member_end(&m);
}
