/* The exams that are open: loaded from their files, shared by reference count, and stored, so that
 * a broken file does not close its exam. */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "exam/exam_loaded.h"
#include "exam/exam_sql.h"

#define EXAM_BYTES ((size_t)64 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)256 * 1024 * 1024)

/* ---- Holding ------------------------------------------------------------------------------- */

static void loaded_release(void *held) {
    struct loaded_exam *l = held;
    if (atomic_fetch_sub(&l->refs, 1) > 1) return;
    arena_release(&l->arena);
    free(l);
}

static void loaded_release_all(void *generation) {
    struct loaded_exams *g = generation;
    for (size_t i = 0; i < g->count; i++) loaded_release(g->at[i]);
    free(g);
}

static struct loaded_exam *loaded_find(struct exams *e, struct arena *a, const char *exam_id) {
    const struct loaded_exams *g = tree_data(e->tree, a);
    for (size_t i = 0; i < g->count; i++)
        if (str_eq(g->at[i]->unit.def.id, exam_id)) return g->at[i];
    return NULL;
}

const struct exam_unit *exams_hold(struct exams *e, struct arena *a, const char *exam_id) {
    const struct loaded_exam *l = loaded_find(e, a, exam_id);
    return l ? &l->unit : NULL;
}

bool exams_shows_last_good(struct exams *e, struct arena *a, const char *exam_id) {
    const struct loaded_exam *l = loaded_find(e, a, exam_id);
    return l && atomic_load(&l->last_good);
}

static int by_title(const void *a, const void *b) {
    return strcmp((*(const struct exam_unit *const *)a)->def.title,
                  (*(const struct exam_unit *const *)b)->def.title);
}

size_t exams_hold_all(struct exams *e, struct arena *a, const struct exam_unit ***out) {
    const struct loaded_exams *g = tree_data(e->tree, a);
    *out = NEW_ARRAY(a, const struct exam_unit *, g->count + 1);
    for (size_t i = 0; i < g->count; i++) (*out)[i] = &g->at[i]->unit;
    if (g->count) qsort(*out, g->count, sizeof **out, by_title);
    return g->count;
}

/* ---- Reading files ------------------------------------------------------------------------- */

static struct loaded_exam *loaded_new(const char *file) {
    struct loaded_exam *volatile l = calloc(1, sizeof *l);
    if (!l) return NULL;
    atomic_init(&l->refs, 1);
    arena_init(&l->arena, EXAM_BYTES);
    if (ARENA_GUARD(&l->arena) != 0) {
        loaded_release(l);
        return NULL;
    }
    l->file = arena_dup(&l->arena, file);
    return l;
}

static void tell_problems(const struct diag_list *diags, struct tree_problems *problems) {
    for (const struct diag *d = diags->first; d; d = d->next)
        if (d->severity == SEVERITY_ERROR)
            tree_problem(problems, "%s: %s [%s]", diag_place(diags->arena, d), d->message, d->rule);
}

/* The exam as its files say it now; OK with NULL when they are broken or too large, which is told.
 * ERR_BUSY: no memory. */
static enum err load_exam(const char *root, const char *file, struct tree_problems *problems,
                          struct loaded_exam **out) {
    struct loaded_exam *volatile l = loaded_new(file);
    struct arena scratch;
    struct diag_list diags;
    *out = NULL;
    if (!l) return ERR_BUSY;
    arena_init(&scratch, SCRATCH_BYTES);
    if (ARENA_GUARD(&scratch) != 0 || ARENA_GUARD(&l->arena) != 0) {
        bool starved = scratch.starved || l->arena.starved;
        if (!starved) tree_problem(problems, "%s and its banks are too large to be read", file);
        arena_release(&scratch);
        loaded_release(l);
        return starved ? ERR_BUSY : OK;
    }
    diag_init(&diags, &scratch);
    bool fine = exam_unit_load(&l->unit, root, file, &l->arena, &diags);
    if (!fine) tell_problems(&diags, problems);
    else if (l->unit.def.programme && !l->unit.course.id)
        tree_problem(problems, "%s: its programme, %s, cannot be read", file,
                     l->unit.def.programme);
    arena_release(&scratch);
    if (fine) *out = l;
    else loaded_release(l);
    return OK;
}

static bool changed(const char *file, const char *version) {
    log_say(LOG_ERROR, "exam_version",
            "%s is broken, and what is kept of its version %s is not what was published: it stays "
            "closed until the file is right",
            file, version);
    return false;
}

/* What was last written to the store about a file that is broken now, when it still is what was
 * published (RULE kept-source). */
static bool read_publication(struct loaded_exam *l, struct db *db, struct arena *scratch) {
    struct stmt *q;
    enum err e;
    struct doc d;
    struct diag_list diags;
    const char *why;
    if (!db_one(db, &q, &e, SQL_exam_publication_last, "t", l->file)) return false;
    const char *published = stmt_text(q, 2, scratch), *source = stmt_text(q, 3, scratch),
               *items = stmt_text(q, 4, scratch);
    if (stmt_end(q) != OK) return false;
    diag_init(&diags, scratch);
    if (doc_parse(&d, l->file, source, strlen(source), scratch, &diags) != OK) return false;
    if (!str_eq(d.version, published)) return changed(l->file, published);
    exam_def_parse(&l->unit.def, &d, &l->arena, &diags);
    l->unit.file = l->file;
    l->unit.kept = true;
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
        if (!str_eq(version_of(scratch, text, strlen(text)), version))
            return changed(l->file, version);
        if (exam_item_parse(&l->unit.items[l->unit.item_count++], text,
                            json_string_value(json_array_get(row, 2)), &l->arena) != OK)
            return false;
    }
    return exam_unit_check(&l->unit, scratch, &diags) && !diags.errors;
}

static struct loaded_exam *load_published(struct exams *e, const char *file) {
    struct loaded_exam *volatile l = loaded_new(file);
    struct db *db = store_reader(e->app->store);
    struct arena scratch;
    volatile bool fine = false;
    if (!l || !db) {
        if (l) loaded_release(l);
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
    loaded_release(l);
    return NULL;
}

static struct loaded_exam *find_file(const struct loaded_exams *g, const char *file) {
    for (size_t i = 0; g && i < g->count; i++)
        if (str_eq(g->at[i]->file, file)) return g->at[i];
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

#define LEAK_BYTES ((size_t)64 << 20) /* to compare two exams */

/* Why the practice exam must not be open beside the live one; NULL: it may. */
static const char *leak(const struct exam_unit *practised, const struct exam_unit *live,
                        struct arena *a) {
    const char *bank = exam_def_shared_bank(&practised->def, &live->def);
    const struct exam_item *of, *item;
    if (bank)
        return arena_printf(a, "draws on the bank %s, which the live exam %s uses", bank,
                            live->def.id);
    item = exam_items_shared(practised->items, practised->item_count, live->items, live->item_count,
                             &of, a);
    return item ? arena_printf(a, "asks with %s what %s of the live exam %s asks", item->id, of->id,
                               live->def.id)
                : NULL;
}

/* Whether the practice exam must not be open, which is reported; also when memory is short. */
static bool leaks(const struct loaded_exam *practised, const struct loaded_exam *live,
                  struct tree_problems *problems) {
    if (!practised->unit.def.practice || live->unit.def.practice) return false;
    struct arena scratch;
    const char *volatile why = "could not be compared, for memory is short";
    arena_init(&scratch, LEAK_BYTES);
    if (ARENA_GUARD(&scratch) == 0) why = leak(&practised->unit, &live->unit, &scratch);
    if (why)
        tree_problem(problems, "%s: this practice exam %s: it is not open", practised->file, why);
    arena_release(&scratch);
    return why != NULL;
}

/* RULE live-bank, RULE live-copy: a practice exam that draws on a bank of an exam that counts, or
 * holds a copy of one of its questions, is not open, whatever it was before: these items are in
 * use. Gives how many stay. */
static size_t drop_leaks(struct loaded_exam **units, size_t count, struct tree_problems *problems) {
    bool leak_of[EXAMS_MAX] = {false};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count && !leak_of[i]; k++)
            leak_of[i] = leaks(units[i], units[k], problems);
    for (size_t i = 0; i < count; i++)
        if (leak_of[i]) loaded_release(units[i]);
        else units[kept++] = units[i];
    return kept;
}

static bool is_taken(const struct loaded_exams *g, const char *id) {
    for (size_t i = 0; i < g->count; i++)
        if (str_eq(g->at[i]->unit.def.id, id)) return true;
    return false;
}

/* One definition: as its file says it, else as it was, else as it was published last. */
static enum err add_exam(struct exams *e, struct loaded_exams *g, struct loaded_exam *before,
                         const char *file, struct tree_problems *problems) {
    struct loaded_exam *l;
    enum err result = load_exam(e->app->root, file, problems, &l);
    if (result != OK) return result;
    bool broken = !l;
    if (l && before && same_unit(&l->unit, &before->unit))
        atomic_store(&l->published, atomic_load(&before->published));
    if (!l && before) {
        atomic_fetch_add(&before->refs, 1);
        l = before;
    }
    if (!l) l = load_published(e, file);
    if (!l) return OK;
    if (broken) atomic_store(&l->last_good, true);
    if (is_taken(g, l->unit.def.id)) {
        tree_problem(problems, "%s: the id %s is taken by another exam, this one is not open", file,
                     l->unit.def.id);
        loaded_release(l);
    } else g->at[g->count++] = l;
    return OK;
}

static enum err add_exams(struct exams *e, struct loaded_exams *g, const struct loaded_exams *old,
                          const struct tree_changes *news) {
    struct arena a;
    volatile enum err result = ERR_BUSY;
    arena_init(&a, SCRATCH_BYTES);
    if (ARENA_GUARD(&a) == 0) {
        struct exam_file *files;
        size_t count = exam_files(e->app->root, &a, &files);
        result = OK;
        for (size_t i = 0; result == OK && i < count; i++) {
            if (files[i].bank) continue;
            if (g->count < EXAMS_MAX)
                result = add_exam(e, g, find_file(old, files[i].path), files[i].path,
                                  news->problems);
            else
                tree_problem(news->problems,
                             "%s: an academy has at most %d exams, this one is not open",
                             files[i].path, EXAMS_MAX);
        }
    }
    arena_release(&a);
    g->count = drop_leaks(g->at, g->count, news->problems);
    return result;
}

/* Of what changes below content/ the exams read programmes and modules, no pictures. */
static bool concerns_exams(const struct tree_changes *news) {
    bool yes = news->all || news->retry_broken;
    for (size_t i = 0; i < news->count && !yes; i++) yes = str_has_suffix(news->paths[i], ".md");
    return yes;
}

static enum err load_exams(void *exams, void *old, const struct tree_changes *news, void **fresh) {
    *fresh = old;
    if (old && !concerns_exams(news)) return OK;
    struct loaded_exams *g = calloc(1, sizeof *g);
    if (!g) return ERR_BUSY;
    enum err e = add_exams(exams, g, old, news);
    if (e == OK) *fresh = g;
    else loaded_release_all(g);
    return e;
}

void exams_wake(struct exams *e) {
    pthread_mutex_lock(&e->sleep);
    e->awake = true;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->sleep);
}

static void wake_to_publish(void *exams) {
    struct exams *e = exams;
    if (e->running) exams_wake(e);
}

enum err loaded_open(struct exams *e) {
    const struct tree_source source = {.name = "exam_file",
                                       .folders = {"exams", "content"},
                                       .load = load_exams,
                                       .free = loaded_release_all,
                                       .published = wake_to_publish,
                                       .context = e};
    return tree_open(&e->tree, e->app->root, &source);
}

/* ---- Publishing ---------------------------------------------------------------------------- */

static enum err publish_job(struct db *db, struct arena *a, void *unit, int64_t now_ms) {
    return exam_publish(db, a, unit, now_ms);
}

void loaded_publish(struct exams *e, struct arena *a) {
    const struct loaded_exams *g = tree_data(e->tree, a);
    for (size_t i = 0; i < g->count; i++)
        if (!atomic_load(&g->at[i]->published) &&
            store_write(e->app->store, publish_job, &g->at[i]->unit, a) == OK)
            atomic_store(&g->at[i]->published, true);
}

/* ---- For others ---------------------------------------------------------------------------- */

bool exams_live_item(struct exams *e, struct arena *a, const char *item_id) {
    const struct exam_unit **units;
    size_t count = e ? exams_hold_all(e, a, &units) : 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; !units[i]->def.practice && k < units[i]->item_count; k++)
            if (str_eq(units[i]->items[k].id, item_id)) return true;
    return false;
}

static void summarise(const struct exam_unit *u, struct arena *a, struct exam_summary *out) {
    const struct exam_def *d = &u->def;
    *out = (struct exam_summary){.id = arena_dup(a, d->id),
                                 .version = arena_dup(a, d->version),
                                 .title = arena_dup(a, d->title),
                                 .lang = arena_dup(a, exam_unit_lang(u)),
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

bool exam_is_open(struct request *r, const char *exam_id) {
    return exams_hold(r->app->exams, r->arena, exam_id) != NULL;
}

bool exam_has_practice(struct exams *e, struct arena *a) {
    const struct loaded_exams *g = tree_data(e->tree, a);
    for (size_t i = 0; i < g->count; i++)
        if (g->at[i]->unit.def.practice) return true;
    return false;
}

enum err exam_list(struct exams *e, struct arena *a, struct exam_summary **out, size_t *count) {
    const struct exam_unit **units;
    *count = exams_hold_all(e, a, &units);
    *out = NEW_ARRAY(a, struct exam_summary, *count + 1);
    for (size_t i = 0; i < *count; i++) summarise(units[i], a, &(*out)[i]);
    return OK;
}
