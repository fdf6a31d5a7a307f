/* What other rooms add to the search: their lists are compared with the index once a second, and
 * what is new or gone is updated. On the indexer's thread. */
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "content/content_index_job.h"
#include "content/content_private.h"
#include "content/content_sql.h"

#define ROUND_BYTES ((size_t)512 * 1024 * 1024)

void content_add_search_source(struct content *c, const struct content_search_source *source) {
    size_t n = atomic_load(&c->source_count);
    BUG_IF(n == CONTENT_SOURCES); /* called by serve.c, once a room */
    c->sources[n] = *source;
    atomic_store(&c->source_count, n + 1); /* the indexer reads sources only up to this count */
    content_wake(c);
}

/* ---- What is offered, what is there
 * ---------------------------------------------------------------------- */

struct source_item {
    const struct content_search_source *source;
    struct content_search_item *item;
};
struct indexed {
    const char *file, *version;
};
struct round {
    struct content *content;
    struct words *words;
    struct arena *arena;
    size_t source_count;
    struct source_item *items;
    size_t item_count;
    struct indexed *indexed; /* of the sources' folders */
    size_t indexed_count;
};

/* Asks all sources for their lists. Gives a hash of them, never 0. */
static uint64_t list_items(struct round *r) {
    uint64_t mark = HASH_START;
    for (size_t i = 0; i < r->source_count; i++) {
        const struct content_search_source *source = &r->content->sources[i];
        struct content_search_item *items = NULL;
        size_t count = 0;
        source->list(source->room, r->arena, &items, &count);
        mark = hash_text(mark, source->folder);
        for (size_t k = 0; k < count; k++) {
            mark = hash_text(hash_text(hash_text(mark, items[k].file), items[k].version),
                             items[k].lang);
            r->items = list_more(r->arena, r->items, r->item_count, sizeof *r->items);
            r->items[r->item_count++] = (struct source_item){source, &items[k]};
        }
    }
    return mark | 1;
}

static bool is_from_source(const struct round *r, const char *file) {
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
        if (!is_from_source(r, row.file)) continue;
        r->indexed = list_more(r->arena, r->indexed, r->indexed_count, sizeof *r->indexed);
        r->indexed[r->indexed_count++] = row;
    }
    return stmt_end(q);
}

static bool is_indexed(const struct round *r, const struct content_search_item *item) {
    for (size_t i = 0; i < r->indexed_count; i++)
        if (str_eq(r->indexed[i].file, item->file))
            return str_eq(r->indexed[i].version, item->version);
    return false;
}

static bool is_listed(const struct round *r, const char *file) {
    for (size_t i = 0; i < r->item_count; i++)
        if (str_eq(r->items[i].item->file, file)) return true;
    return false;
}

/* ---- Jobs ----------------------------------------------------------------------------------- */

/* The summary is found with what stands before the first heading, as on the page. */
static void read_parts(struct round *r, const struct source_item *o) {
    struct content_search_item *item = o->item;
    o->source->read(o->source->room, r->arena, item);
    BUG_IF(item->part_count == 0); /* content_parts promises one, of an empty or broken text too */
    item->parts[0].text = arena_printf(r->arena, "%s\n%s", item->summary, item->parts[0].text);
}

static bool update_index(struct round *r) {
    struct index_change *changes = NULL;
    size_t count = 0;
    for (size_t i = 0; i < r->indexed_count; i++) {
        if (is_listed(r, r->indexed[i].file)) continue;
        changes = list_more(r->arena, changes, count, sizeof *changes);
        changes[count++] = (struct index_change){r->indexed[i].file, NULL, NULL};
    }
    for (size_t i = 0; i < r->item_count; i++) {
        const struct content_search_item *o = r->items[i].item;
        if (is_indexed(r, o)) continue;
        read_parts(r, &r->items[i]);
        struct search_entry *entry = NEW(r->arena, struct search_entry);
        *entry = (struct search_entry){o->kind, o->id, o->title, o->lang, o->parts, o->part_count};
        changes = list_more(r->arena, changes, count, sizeof *changes);
        changes[count++] = (struct index_change){o->file, o->version, entry};
    }
    return index_changes(r->content, r->words, changes, count);
}

bool index_sources(struct content *c, struct words *w, struct indexed_sources *o) {
    struct arena a;
    arena_init(&a, ROUND_BYTES);
    volatile bool ok = false;
    if (ARENA_GUARD(&a) == 0) {
        struct round r = {c, w, &a, atomic_load(&c->source_count), NULL, 0, NULL, 0};
        uint64_t mark = list_items(&r);
        ok = mark == o->mark ||
             (store_read(c->store, read_indexed, &r, r.arena) == OK && update_index(&r));
        if (ok) o->mark = mark;
    }
    arena_release(&a);
    return ok;
}
