/* The exams that are open: read from their files, shared with whoever holds them, written down
 * so that broken files close nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "exam/exam_live.h"

#define LIVE_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)256 * 1024 * 1024)
#define LOOK_EVERY_MS 100 /* requests look for changed files no more often */

/* ---- Holding ------------------------------------------------------------------------------- */

static void let_go(void *held) {
    struct exam_live *l = held;
    if (atomic_fetch_sub(&l->holders, 1) > 1) return;
    arena_release(&l->arena);
    free(l);
}

static struct exam_live *find_live(struct exams *e, const char *exam_id) {
    for (size_t i = 0; i < e->count; i++)
        if (str_eq(e->live[i]->unit.def.id, exam_id)) return e->live[i];
    return NULL;
}

const struct exam_unit *exams_hold(struct exams *e, struct arena *a, const char *exam_id) {
    pthread_mutex_lock(&e->lock);
    struct exam_live *l = find_live(e, exam_id);
    if (l) atomic_fetch_add(&l->holders, 1);
    pthread_mutex_unlock(&e->lock);
    if (!l) return NULL;
    arena_defer(a, let_go, l);
    return &l->unit;
}

static int by_title(const void *a, const void *b) {
    return strcmp((*(const struct exam_unit *const *)a)->def.title,
                  (*(const struct exam_unit *const *)b)->def.title);
}

size_t exams_hold_all(struct exams *e, struct arena *a, const struct exam_unit ***out) {
    struct exam_live *held[LIVE_LIMIT];
    pthread_mutex_lock(&e->lock);
    size_t n = e->count;
    for (size_t i = 0; i < n; i++) {
        held[i] = e->live[i];
        atomic_fetch_add(&held[i]->holders, 1);
    }
    pthread_mutex_unlock(&e->lock);
    *out = NEW_ARRAY(a, const struct exam_unit *, n + 1);
    for (size_t i = 0; i < n; i++) {
        arena_defer(a, let_go, held[i]);
        (*out)[i] = &held[i]->unit;
    }
    if (n) qsort(*out, n, sizeof **out, by_title);
    return n;
}

/* ---- Reading files ------------------------------------------------------------------------- */

static struct exam_live *live_new(const char *file) {
    struct exam_live *volatile l = calloc(1, sizeof *l);
    if (!l) return NULL;
    atomic_init(&l->holders, 1);
    arena_init(&l->arena, LIVE_ARENA_BYTES);
    if (ARENA_GUARD(&l->arena) != 0) {
        let_go(l);
        return NULL;
    }
    l->file = arena_dup(&l->arena, file);
    return l;
}

static void log_problems(const struct diag_list *diags) {
    int told = 0;
    for (const struct diag *d = diags->first; d && told < 20; d = d->next)
        if (d->severity == SEVERITY_ERROR && ++told)
            log_say(LOG_WARN, "exam_file", "%s:%d:%d: %s [%s]", d->file, d->line, d->column,
                    d->message, d->rule);
}

/* The exam as its files say it now; NULL when they are broken (logged) or too large. */
static struct exam_live *load_live(const char *root, const char *file) {
    struct exam_live *volatile l = live_new(file);
    struct arena scratch;
    struct diag_list diags;
    if (!l) return NULL;
    arena_init(&scratch, SCRATCH_BYTES);
    if (ARENA_GUARD(&scratch) != 0 || ARENA_GUARD(&l->arena) != 0) {
        log_say(LOG_WARN, "exam_file", "%s and its banks are too large to be read", file);
        arena_release(&scratch);
        let_go(l);
        return NULL;
    }
    diag_init(&diags, &scratch);
    bool fine = exam_unit_load(&l->unit, root, file, &l->arena, &diags);
    if (!fine) log_problems(&diags);
    arena_release(&scratch);
    if (fine) return l;
    let_go(l);
    return NULL;
}

/* What was last written to the store about a file that is broken now. */
static bool read_publication(struct exam_live *l, struct db *db, struct arena *scratch) {
    struct stmt *q;
    enum err e;
    struct doc d;
    struct diag_list diags;
    const char *why;
    if (!db_one(db, &q, &e, SQL_exam_publication_last, "t", l->file)) return false;
    const char *source = stmt_text(q, 3, scratch), *items = stmt_text(q, 4, scratch);
    if (stmt_end(q) != OK) return false;
    diag_init(&diags, scratch);
    if (doc_parse(&d, l->file, source, strlen(source), scratch, &diags) != OK) return false;
    exam_def_parse(&l->unit.def, &d, &l->arena, &diags);
    const json_t *list = json_read(scratch, items, strlen(items), &why);
    l->unit.items = NEW_ARRAY(&l->arena, struct exam_item, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        const char *id = json_string_value(json_array_get(row, 0)),
                   *version = json_string_value(json_array_get(row, 1));
        if (!id || !version || !db_one(db, &q, &e, SQL_exam_item_source, "tt", id, version))
            return false;
        const char *text = stmt_text(q, 0, scratch);
        if (stmt_end(q) != OK) return false;
        if (exam_item_parse(&l->unit.items[l->unit.item_count++], text,
                            json_string_value(json_array_get(row, 2)), &l->arena) != OK)
            return false;
    }
    return exam_unit_check(&l->unit, scratch, &diags) && !diags.errors;
}

static struct exam_live *load_published(struct exams *e, const char *file) {
    struct exam_live *volatile l = live_new(file);
    struct db *db = store_reader(e->app->store);
    struct arena scratch;
    volatile bool fine = false;
    if (!l || !db) {
        if (l) let_go(l);
        return NULL;
    }
    store_read_begin(db);
    arena_init(&scratch, SCRATCH_BYTES);
    if (ARENA_GUARD(&scratch) == 0 && ARENA_GUARD(&l->arena) == 0) {
        fine = read_publication(l, db, &scratch);
        if (fine && l->unit.def.programme)
            (void)exam_course_read(&l->unit.course, e->app->root, l->unit.def.programme, &l->arena);
    }
    arena_release(&scratch);
    store_read_end(db);
    if (fine) {
        atomic_store(&l->published, true);
        log_say(LOG_WARN, "exam_file",
                "%s is broken: the version that was published last stays open", file);
        return l;
    }
    let_go(l);
    return NULL;
}

static struct exam_live *keep_old(struct exams *e, const char *file) {
    for (size_t i = 0; i < e->count; i++)
        if (str_eq(e->live[i]->file, file)) {
            atomic_fetch_add(&e->live[i]->holders, 1);
            return e->live[i];
        }
    return NULL;
}

static bool same_unit(const struct exam_unit *a, const struct exam_unit *b) {
    if (!str_eq(a->def.version, b->def.version) || a->item_count != b->item_count) return false;
    for (size_t i = 0; i < a->item_count; i++)
        if (!str_eq(a->items[i].id, b->items[i].id) ||
            !str_eq(a->items[i].version, b->items[i].version) ||
            !str_eq(a->items[i].domain, b->items[i].domain))
            return false;
    return true;
}

/* Reads all definitions again and puts them in place at once. Under `reload`; only here do live
 * and count change. */
static void reload(struct exams *e, struct arena *a) {
    struct exam_file *files;
    struct exam_live *fresh[LIVE_LIMIT], *old[LIVE_LIMIT];
    size_t n = 0, count = exam_files(e->app->root, a, &files), old_count;
    for (size_t i = 0; i < count && n < LIVE_LIMIT; i++) {
        if (files[i].bank) continue;
        struct exam_live *l = load_live(e->app->root, files[i].path),
                         *before = keep_old(e, files[i].path);
        if (l && before && same_unit(&l->unit, &before->unit))
            atomic_store(&l->published, atomic_load(&before->published));
        if (!l && before) {
            l = before;
            before = NULL;
        }
        if (before) let_go(before);
        if (!l) l = load_published(e, files[i].path);
        bool twice = false;
        for (size_t k = 0; l && k < n; k++) twice |= str_eq(fresh[k]->unit.def.id, l->unit.def.id);
        if (l && twice) {
            log_say(LOG_WARN, "exam_file",
                    "%s: the id %s is taken by another exam, this one is not open", files[i].path,
                    l->unit.def.id);
            let_go(l);
        } else if (l) fresh[n++] = l;
    }
    pthread_mutex_lock(&e->lock);
    old_count = e->count;
    memcpy(old, e->live, old_count * sizeof *old);
    memcpy(e->live, fresh, n * sizeof *fresh);
    e->count = n;
    pthread_mutex_unlock(&e->lock);
    for (size_t i = 0; i < old_count; i++) let_go(old[i]);
}

void exams_wake(struct exams *e) {
    pthread_mutex_lock(&e->sleep);
    e->awake = true;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->sleep);
}

void live_look(struct exams *e) {
    struct arena a;
    arena_init(&a, SCRATCH_BYTES);
    if (ARENA_GUARD(&a) == 0) {
        uint64_t mark = exam_files_mark(e->app->root, &a);
        if (mark != e->mark) {
            reload(e, &a);
            e->mark = mark;
            if (e->running) exams_wake(e); /* to write it down */
        }
    }
    arena_release(&a);
    e->looked_ms = clock_monotonic_ms();
}

void exams_refresh(struct exams *e) {
    if (pthread_mutex_trylock(&e->reload) != 0) return; /* somebody is at it */
    if (clock_monotonic_ms() - e->looked_ms >= LOOK_EVERY_MS) live_look(e);
    pthread_mutex_unlock(&e->reload);
}

/* ---- Publishing ---------------------------------------------------------------------------- */

static enum err publish_job(struct db *db, struct arena *a, void *unit_and_file, int64_t now_ms) {
    const struct exam_live *l = unit_and_file;
    struct stmt *q;
    struct buf items;
    enum err e;
    int64_t n = 0;
    bool same = false;
    buf_init(&items, a);
    buf_putc(&items, '[');
    for (size_t i = 0; i < l->unit.item_count; i++)
        buf_printf(&items, "%s[\"%s\",\"%s\",\"%s\"]", i ? "," : "", l->unit.items[i].id,
                   l->unit.items[i].version, l->unit.items[i].domain);
    buf_putc(&items, ']');
    if (db_one(db, &q, &e, SQL_exam_publication_last, "t", l->file)) {
        n = stmt_int(q, 0);
        same = str_eq(stmt_text(q, 2, a), l->unit.def.version) &&
               str_eq(stmt_text(q, 4, a), buf_text(&items));
        e = stmt_end(q);
    } else if (e == ERR_NOT_FOUND) e = OK;
    if (e != OK || same) return e;
    for (size_t i = 0; i < l->unit.item_count && e == OK; i++)
        e = db_run(db, SQL_exam_item_add, "ttti", l->unit.items[i].id, l->unit.items[i].version,
                   l->unit.items[i].source, now_ms);
    if (e != OK) return e;
    return db_run(db, SQL_exam_publication_add, "titttti", l->file, n + 1, l->unit.def.id,
                  l->unit.def.version, l->unit.def.source, buf_text(&items), now_ms);
}

void live_publish(struct exams *e, struct arena *a) {
    struct exam_live *held[LIVE_LIMIT];
    pthread_mutex_lock(&e->lock);
    size_t n = 0;
    for (size_t i = 0; i < e->count; i++)
        if (!atomic_load(&e->live[i]->published)) {
            atomic_fetch_add(&e->live[i]->holders, 1);
            held[n++] = e->live[i];
        }
    pthread_mutex_unlock(&e->lock);
    for (size_t i = 0; i < n; i++) {
        if (store_write(e->app->store, publish_job, held[i], a) == OK)
            atomic_store(&held[i]->published, true);
        let_go(held[i]);
    }
}

void live_close(struct exams *e) {
    for (size_t i = 0; i < e->count; i++) let_go(e->live[i]);
    e->count = 0;
}

/* ---- For others ---------------------------------------------------------------------------- */

static void summarise(const struct exam_unit *u, struct arena *a, struct exam_summary *out) {
    const struct exam_def *d = &u->def;
    *out = (struct exam_summary){.id = arena_dup(a, d->id),
                                 .version = arena_dup(a, d->version),
                                 .title = arena_dup(a, d->title),
                                 .summary = arena_dup(a, d->summary),
                                 .programme = arena_dup(a, d->programme),
                                 .level = arena_dup(a, d->level),
                                 .minutes = d->minutes,
                                 .items = d->scored_items + d->pilot_items,
                                 .practice = d->practice};
}

enum err exam_find(struct exams *e, struct arena *a, const char *exam_id,
                   struct exam_summary *out) {
    const struct exam_unit *u = exams_hold(e, a, exam_id);
    if (!u) return ERR_NOT_FOUND;
    summarise(u, a, out);
    return OK;
}

enum err exam_list(struct exams *e, struct arena *a, struct exam_summary **out, size_t *count) {
    const struct exam_unit **units;
    *count = exams_hold_all(e, a, &units);
    *out = NEW_ARRAY(a, struct exam_summary, *count + 1);
    for (size_t i = 0; i < *count; i++) summarise(units[i], a, &(*out)[i]);
    return OK;
}
