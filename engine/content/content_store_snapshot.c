/* Stores a snapshot: each version once, and from when on it is the current one; then updates the
 * search index. */
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "content/content_index_job.h"
#include "content/content_private.h"
#include "content/content_published.h"
#include "content/content_sql.h"

#define FILES_PER_JOB 32 /* in one job: the writer serves others in between */
#define JOB_BYTES ((size_t)512 * 1024 * 1024)
#define RETRY_MS 200

/* ---- What the store knows
 * -------------------------------------------------------------------------------- */

struct known_file {
    const char *file, *version, *kind, *id, *lang; /* version "": withdrawn */
    const char *indexed;                           /* version in the index, NULL = not */
};
struct known {
    struct known_file *slots; /* open addressing by file */
    size_t room, count;
    bool outdated; /* the index was made by other rules */
};

static struct known_file *known_slot(struct known *k, struct arena *a, const char *file) {
    if (a && k->count * 2 >= k->room) { /* without an arena: the file is known to have a slot */
        struct known_file *old = k->slots;
        size_t old_room = k->room;
        k->room = old_room ? old_room * 2 : 256;
        k->slots = NEW_ARRAY(a, struct known_file, k->room);
        for (size_t i = 0; i < old_room; i++) {
            if (!old[i].file) continue;
            size_t at = hash_text(HASH_START, old[i].file) & (k->room - 1);
            while (k->slots[at].file) at = (at + 1) & (k->room - 1);
            k->slots[at] = old[i];
        }
    }
    size_t at = hash_text(HASH_START, file) & (k->room - 1);
    while (k->slots[at].file && !str_eq(k->slots[at].file, file)) at = (at + 1) & (k->room - 1);
    if (!k->slots[at].file) {
        k->slots[at].file = file;
        k->count++;
    }
    return &k->slots[at];
}

static enum err read_known(struct db *db, struct arena *a, void *arg) {
    struct known *k = arg;
    struct stmt *q = db_query(db, SQL_content_publications, "");
    while (stmt_row(q)) {
        struct known_file *f = known_slot(k, a, stmt_text(q, 0, a));
        f->version = stmt_text(q, 1, a);
        f->kind = stmt_text(q, 2, a);
        f->id = stmt_text(q, 3, a);
        f->lang = stmt_text(q, 4, a);
    }
    enum err e = stmt_end(q);
    if (e != OK) return e;
    q = db_query(db, SQL_content_indexed_all, "");
    while (stmt_row(q)) {
        struct known_file *f = known_slot(k, a, stmt_text(q, 0, a));
        f->indexed = stmt_text(q, 1, a);
        k->outdated = k->outdated || !str_eq(stmt_text(q, 2, a), words_version());
    }
    return stmt_end(q);
}

static enum err run_reset(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)arg, (void)now_ms;
    return search_reset(db);
}

/* When the index was made by other rules for words, its entries can no longer be taken out one by
 * one, so all of them are removed. */
static bool reset_outdated(struct content *c, struct known *k, struct arena *a) {
    if (!k->outdated) return true;
    if (store_write(c->store, run_reset, NULL, a) != OK) return false;
    for (size_t i = 0; i < k->room; i++) k->slots[i].indexed = NULL;
    return true;
}

/* ---- Jobs ----------------------------------------------------------------------------------- */

struct store_job {
    const char *langs[FILES_PER_JOB];
    const struct content_file *files[FILES_PER_JOB];
    const struct known_file *known[FILES_PER_JOB]; /* of the same file, may be NULL */
    struct doc docs[FILES_PER_JOB];
    size_t count;
    const struct known_file *removed[FILES_PER_JOB];
    size_t removed_count;
};

/* Practice questions are left out: a search must not show their keys and feedback. */
static void body_parts(struct doc *d, struct arena *a, struct search_entry *entry) {
    content_parts(a, cmark_node_first_child(d->body), NULL, false, &entry->parts,
                  &entry->part_count);
}

/* What a file gives to the search; NULL: nothing. */
static const struct search_entry *entry_of(struct arena *a, const struct content_file *f,
                                           const char *lang, struct doc *d) {
    struct search_entry *entry = NEW(a, struct search_entry);
    if (f->module) {
        *entry = (struct search_entry){"module", f->module->id, f->module->title, lang, NULL, 0};
        body_parts(d, a, entry);
        entry->parts[0].text = arena_printf(a, "%s\n%s", f->module->summary, entry->parts[0].text);
    } else if (f->programme) {
        *entry = (struct search_entry){
            "programme", f->programme->id, f->programme->title, lang, NULL, 0};
        body_parts(d, a, entry);
        for (size_t i = 0; i < entry->part_count; i++)
            if (*entry->parts[i].anchor)
                entry->parts[i].anchor = arena_printf(a, "about-%s", entry->parts[i].anchor);
    } else if (f->glossary) {
        const struct content_glossary *g = f->glossary;
        *entry = (struct search_entry){"term",
                                       g->programme,
                                       g->title,
                                       lang,
                                       NEW_ARRAY(a, struct content_part, g->term_count + 1),
                                       g->term_count};
        for (size_t i = 0; i < g->term_count; i++) {
            const struct glossary_term *t = &g->terms[i];
            entry->parts[i] = (struct content_part){
                arena_printf(a, "page-%s", t->id),
                t->alias ? arena_printf(a, "%s (%s)", t->title, t->alias) : t->title, t->text};
        }
    } else return NULL;
    return entry;
}

static enum err run_store(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct store_job *j = arg;
    enum err e = OK;
    for (size_t i = 0; e == OK && i < j->count; i++) {
        const struct content_file *f = j->files[i];
        const struct known_file *k = j->known[i];
        const char *kind = content_kind_name(f->kind), *id = file_id(f), *lang = j->langs[i];
        bool same = k && str_eq(k->lang, lang);
        e = content_version_add(db, now_ms, kind, id, f->version, lang, f->path, j->docs[i].source);
        if (e == OK && f->programme && !f->kept)
            e = content_publish(db, a, id, f->version, j->docs[i].source, now_ms);
        if (e == OK && !(same && str_eq(k->version, f->version) && str_eq(k->id, id)))
            e = db_run(db, SQL_content_publication_add, "ttttti", f->path, kind, id, lang,
                       f->version, now_ms);
    }
    for (size_t i = 0; e == OK && i < j->removed_count; i++) {
        const struct known_file *k = j->removed[i];
        if (k->version && *k->version)
            e = db_run(db, SQL_content_publication_add, "ttttti", k->file, k->kind, k->id, k->lang,
                       "", now_ms);
    }
    return e;
}

/* Of the files that a job has stored, those of which the index has another version. */
static bool index_files(struct content *c, struct words *w, struct store_job *j, struct arena *a) {
    struct index_change changes[FILES_PER_JOB];
    size_t count = 0;
    for (size_t i = 0; i < j->count; i++) {
        const struct content_file *f = j->files[i];
        const struct known_file *k = j->known[i];
        if (k && str_eq(k->lang, j->langs[i]) && k->indexed && str_eq(k->indexed, f->version))
            continue;
        const struct search_entry *entry = entry_of(a, f, j->langs[i], &j->docs[i]);
        if (entry) changes[count++] = (struct index_change){f->path, f->version, entry};
    }
    for (size_t i = 0; i < j->removed_count; i++)
        if (j->removed[i]->indexed)
            changes[count++] = (struct index_change){j->removed[i]->file, NULL, NULL};
    return index_changes(c, w, changes, count);
}

bool indexer_write(struct content *c, write_fn run, void *arg, struct arena *a) {
    while (!atomic_load(&c->stop)) {
        enum err e = store_write(c->store, run, arg, a);
        if (e == OK) return true;
        if (e != ERR_BUSY) {
            log_say(LOG_ERROR, "content",
                    "Versions of content or what the search finds of them could not be stored: %s",
                    err_name(e));
            return false;
        }
        usleep(RETRY_MS * 1000);
    }
    return false;
}

/* A programme that states another language moves its modules into it, though their files stay as
 * they are. */
static bool is_stored(const struct content_file *f, const char *lang, const struct known_file *k) {
    return k && str_eq(k->version, f->version) && str_eq(k->id, file_id(f)) &&
           str_eq(k->lang, lang) && (f->self || (k->indexed && str_eq(k->indexed, f->version)));
}

/* One job of files from `*next` on; every file has its slot in `k`. False when it failed. */
static bool store_some(struct content *c, struct words *w, const struct content_snapshot *s,
                       struct known *k, size_t *next) {
    struct arena a;
    arena_init(&a, JOB_BYTES);
    volatile bool ok = false;
    volatile size_t at = *next;
    if (ARENA_GUARD(&a) == 0) {
        struct store_job *j = NEW(&a, struct store_job);
        for (; at < s->file_count && j->count < FILES_PER_JOB; at++) {
            const struct content_file *f = s->files[at];
            if (!f->version) continue;
            struct known_file *known = known_slot(k, NULL, f->path);
            const char *lang = snapshot_lang(s, f);
            if (is_stored(f, lang, known)) continue;
            j->files[j->count] = f;
            j->langs[j->count] = lang;
            j->known[j->count] = known->version || known->indexed ? known : NULL;
            /* No document: the file has changed again, or shows what the store already has. */
            if (content_document(c, NULL, f, &a, &j->docs[j->count])) j->count++;
        }
        ok = j->count == 0 || (indexer_write(c, run_store, j, &a) && index_files(c, w, j, &a));
    }
    arena_release(&a);
    *next = at;
    return ok;
}

static bool drop_removed(struct content *c, struct words *w, const struct content_snapshot *s,
                         struct known *k) {
    struct arena a;
    arena_init(&a, JOB_BYTES);
    volatile bool ok = false;
    if (ARENA_GUARD(&a) == 0) {
        struct store_job *j = NEW(&a, struct store_job);
        ok = true;
        for (size_t i = 0; i < k->room; i++) {
            struct known_file *f = &k->slots[i];
            if (!f->file || !str_has_prefix(f->file, "content/") || snapshot_file(s, f->file) ||
                (!(f->version && *f->version) && !f->indexed))
                continue;
            j->removed[j->removed_count++] = f;
            if (j->removed_count < FILES_PER_JOB) continue;
            ok = ok && indexer_write(c, run_store, j, &a) && index_files(c, w, j, &a);
            j->removed_count = 0;
        }
        if (j->removed_count)
            ok = ok && indexer_write(c, run_store, j, &a) && index_files(c, w, j, &a);
    }
    arena_release(&a);
    return ok;
}

bool store_snapshot(struct content *c, struct words *w, const struct content_snapshot *s) {
    struct arena a;
    arena_init(&a, JOB_BYTES);
    volatile bool ok = false;
    if (ARENA_GUARD(&a) == 0) {
        struct known k = {0};
        ok = store_read(c->store, read_known, &k, &a) == OK && reset_outdated(c, &k, &a);
        /* All slots are made here, so that the jobs' arenas need not outlive them. */
        for (size_t i = 0; i < s->file_count; i++) (void)known_slot(&k, &a, s->files[i]->path);
        for (size_t next = 0; ok && next < s->file_count && !atomic_load(&c->stop);)
            ok = store_some(c, w, s, &k, &next);
        ok = ok && drop_removed(c, w, s, &k);
    }
    arena_release(&a);
    return ok;
}
