/* What later rooms add to the search: their lists are compared with the index once a second, and
 * what is new in them is put into it. On the keeper's thread. */
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "content/content_private.h"
#include "content/content_sql.h"

#define OFFERS_BYTES ((size_t)512 * 1024 * 1024)
#define OFFERS_AT_ONCE 32 /* in one job: the writer serves others in between */

void content_add_source(struct content *c, const struct content_source *source) {
    size_t n = atomic_load(&c->source_count);
    BUG_IF(n == CONTENT_SOURCES); /* called by serve.c, once a room */
    c->sources[n] = *source;
    atomic_store(&c->source_count, n + 1); /* the keeper looks no further than this */
    content_wake(c);
}

/* ---- What is offered, what is there
 * ---------------------------------------------------------------------- */

struct offered {
    const struct content_source *source;
    struct content_offer *offer;
};
struct indexed {
    const char *file, *version;
};
struct round {
    struct content *content;
    struct words *words;
    struct arena *arena;
    size_t source_count;
    struct offered *offered;
    size_t offered_count;
    struct indexed *indexed; /* of the sources' folders */
    size_t indexed_count;
};

/* The mark of all lists together; never 0. */
static uint64_t ask_all(struct round *r) {
    uint64_t mark = HASH_START;
    for (size_t i = 0; i < r->source_count; i++) {
        const struct content_source *source = &r->content->sources[i];
        struct content_offer *offers = NULL;
        size_t count = 0;
        source->list(source->room, r->arena, &offers, &count);
        mark = hash_text(mark, source->folder);
        for (size_t k = 0; k < count; k++) {
            mark = hash_text(hash_text(hash_text(mark, offers[k].file), offers[k].version),
                             offers[k].lang);
            r->offered = list_more(r->arena, r->offered, r->offered_count, sizeof *r->offered);
            r->offered[r->offered_count++] = (struct offered){source, &offers[k]};
        }
    }
    return mark | 1;
}

static bool of_a_source(const struct round *r, const char *file) {
    for (size_t i = 0; i < r->source_count; i++)
        if (str_has_prefix(file, r->content->sources[i].folder)) return true;
    return false;
}

static enum err read_indexed(struct db *db, struct arena *a, void *arg) {
    struct round *r = arg;
    (void)a;
    struct stmt *q = db_query(db, SQL_content_indexed_all, "");
    while (stmt_row(q)) {
        struct indexed row = {stmt_text(q, 0, r->arena), stmt_text(q, 1, r->arena)};
        if (!of_a_source(r, row.file)) continue;
        r->indexed = list_more(r->arena, r->indexed, r->indexed_count, sizeof *r->indexed);
        r->indexed[r->indexed_count++] = row;
    }
    return stmt_end(q);
}

static bool is_indexed(const struct round *r, const struct content_offer *offer) {
    for (size_t i = 0; i < r->indexed_count; i++)
        if (str_eq(r->indexed[i].file, offer->file))
            return str_eq(r->indexed[i].version, offer->version);
    return false;
}

static bool is_offered(const struct round *r, const char *file) {
    for (size_t i = 0; i < r->offered_count; i++)
        if (str_eq(r->offered[i].offer->file, file)) return true;
    return false;
}

/* ---- Jobs ----------------------------------------------------------------------------------- */

struct offers_job {
    struct words *words;
    const struct content_offer *put[OFFERS_AT_ONCE];
    size_t put_count;
    const char *gone[OFFERS_AT_ONCE];
    size_t gone_count;
};

static enum err run_offers(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct offers_job *j = arg;
    enum err e = OK;
    (void)now_ms;
    for (size_t i = 0; e == OK && i < j->gone_count; i++)
        e = search_drop(db, a, j->words, j->gone[i]);
    for (size_t i = 0; e == OK && i < j->put_count; i++) {
        const struct content_offer *o = j->put[i];
        struct search_entry entry = {o->kind, o->id, o->title, o->lang, o->parts, o->part_count};
        e = search_put(db, a, j->words, o->file, o->version, &entry);
    }
    return e;
}

static bool send(struct round *r, struct offers_job *j) {
    bool ok = keeper_write(r->content, run_offers, j, r->arena);
    j->put_count = j->gone_count = 0;
    return ok;
}

/* The summary is found with what stands before the first heading, as on the page. */
static void read_parts(struct round *r, const struct offered *o) {
    struct content_offer *offer = o->offer;
    o->source->read(o->source->room, r->arena, offer);
    BUG_IF(offer->part_count == 0); /* content_parts promises one, of an empty or broken text too */
    offer->parts[0].text = arena_printf(r->arena, "%s\n%s", offer->summary, offer->parts[0].text);
}

static bool bring_up(struct round *r) {
    struct offers_job *j = NEW(r->arena, struct offers_job);
    bool ok = true;
    j->words = r->words;
    for (size_t i = 0; ok && i < r->indexed_count; i++) {
        if (is_offered(r, r->indexed[i].file)) continue;
        j->gone[j->gone_count++] = r->indexed[i].file;
        if (j->gone_count == OFFERS_AT_ONCE) ok = send(r, j);
    }
    for (size_t i = 0; ok && i < r->offered_count; i++) {
        if (is_indexed(r, r->offered[i].offer)) continue;
        read_parts(r, &r->offered[i]);
        j->put[j->put_count++] = r->offered[i].offer;
        if (j->put_count == OFFERS_AT_ONCE) ok = send(r, j);
    }
    return ok && (j->put_count + j->gone_count == 0 || send(r, j));
}

bool offers_keep(struct content *c, struct words *w, struct offers *o) {
    struct arena a;
    arena_init(&a, OFFERS_BYTES);
    volatile bool ok = false;
    if (ARENA_GUARD(&a) == 0) {
        struct round r = {c, w, &a, atomic_load(&c->source_count), NULL, 0, NULL, 0};
        uint64_t mark = ask_all(&r);
        ok = mark == o->mark ||
             (store_read(c->store, read_indexed, &r, r.arena) == OK && bring_up(&r));
        if (ok) o->mark = mark;
    }
    arena_release(&a);
    return ok;
}
