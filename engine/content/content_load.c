/* The registry: reads files into snapshots, exchanges the snapshot when files change. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "content/content_private.h"

#define BATCH_BYTES ((size_t)1024 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)128 * 1024 * 1024)
#define LOAD_THREADS 4
#define FILES_PER_THREAD 32

/* ---- Memory -------------------------------------------------------------------------------------------- */

static struct content_batch *batch_new(void) {
    struct content_batch *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    arena_init(&b->arena, BATCH_BYTES);
    atomic_init(&b->refs, 1);
    return b;
}

static void batch_release(struct content_batch *b) {
    if (!b || atomic_fetch_sub(&b->refs, 1) != 1) return;
    arena_release(&b->arena);
    free(b);
}

static void file_hold(const struct content_file *f) {
    atomic_fetch_add(&f->batch->refs, 1);
    if (f->good_batch) atomic_fetch_add(&f->good_batch->refs, 1);
}

static void file_release(const struct content_file *f) {
    struct content_batch *own = f->batch, *good = f->good_batch; /* f lies in one of them */
    batch_release(good);
    batch_release(own);
}

/* ---- One file -------------------------------------------------------------------------------------------- */

static bool read_kind(struct doc *d, struct content_file *f, struct arena *a,
                      struct diag_list *diags) {
    switch (f->kind) {
    case FILE_MODULE:
        f->module = content_read_module(d, f->lang, a, diags, NULL);
        return f->module != NULL;
    case FILE_PROGRAMME:
        f->programme = content_read_programme(d, a, diags, NULL);
        return f->programme != NULL;
    case FILE_GLOSSARY:
        f->glossary = content_read_glossary(d, f->lang, a, diags, NULL);
        return f->glossary != NULL;
    case FILE_SELF: f->self = content_read_self(d, f->lang, a, diags, NULL); return f->self != NULL;
    case FILE_OTHER: break;
    }
    return false;
}

static void keep_good(struct content_file *f, const struct content_file *old) {
    f->broken = true;
    if (!old || !old->version || old->kind != f->kind) return;
    f->good_batch = old->good_batch;
    f->version = old->version;
    f->source = old->source;
    f->module = old->module;
    f->programme = old->programme;
    f->glossary = old->glossary;
    f->self = old->self;
}

/* What the store last showed for this path: a restart must not take from learners what they had. */
static bool recover(struct content *c, struct content_file *f, struct arena *scratch,
                    struct content_batch *batch) {
    struct db *db = c->store ? store_reader(c->store) : NULL;
    struct stmt *q;
    enum err e;
    if (!db || !db_one(db, &q, &e, SQL_content_last_good, "t", f->path)) return false;
    const char *source = stmt_text(q, 1, scratch);
    if (stmt_end(q) != OK) return false;
    struct diag_list diags;
    struct doc d;
    diag_init(&diags, scratch);
    if (doc_parse(&d, f->path, source, strlen(source), scratch, &diags) != OK ||
        !read_kind(&d, f, &batch->arena, &diags))
        return false;
    f->version = arena_dup(&batch->arena, d.version);
    f->good_batch = batch;
    return true;
}

/* In `batch`, which gains no references here. */
static struct content_file *load_file(struct content *c, const struct found_file *found,
                                      const struct content_file *old, struct content_batch *batch,
                                      struct arena *scratch) {
    struct arena *a = &batch->arena;
    struct content_file *f = NEW(a, struct content_file);
    f->batch = batch;
    f->path = arena_dup(a, found->path);
    f->kind = content_classify(a, f->path, &f->lang);
    f->mtime_ns = found->mtime_ns;
    f->size = found->size;
    f->inode = found->inode;
    if (f->kind == FILE_OTHER) return f;
    struct diag_list diags;
    struct doc d;
    diag_init(&diags, scratch);
    bool good = doc_load(&d, c->root, f->path, scratch, &diags) == OK &&
                read_kind(&d, f, a, &diags);
    if (good) {
        f->version = arena_dup(a, d.version);
        if (c->current) f->source = arena_copy(a, d.source, d.source_len);
        f->good_batch = batch;
        return f;
    }
    keep_good(f, old);
    if (!f->version) (void)recover(c, f, scratch, batch);
    log_say(LOG_WARN, "content", "%s:%d: %s%s", f->path, diags.first ? diags.first->line : 0,
            diags.first ? diags.first->message : "cannot be read",
            f->version ? " (its last good version is shown)" : "");
    return f;
}

struct load_job {
    struct content *content;
    const struct found_file *files;
    const struct content_file **out; /* NULL where a file is to be read */
    const struct content_file *const *old;
    size_t count, first, step;
    struct content_batch *batch;
};

/* A file that does not fit into memory is left out. */
static void load_one(struct load_job *j, size_t i) {
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES);
    if (ARENA_GUARD(&scratch) == 0 && ARENA_GUARD(&j->batch->arena) == 0)
        j->out[i] = load_file(j->content, &j->files[i], j->old[i], j->batch, &scratch);
    j->batch->arena.guarded = false;
    arena_release(&scratch);
}

static void *load_some(void *arg) {
    struct load_job *j = arg;
    for (size_t i = j->first; i < j->count; i += j->step)
        if (!j->out[i]) load_one(j, i);
    return NULL;
}

/* Fills what is NULL in `out`; holds what it fills. */
static void load_files(struct content *c, const struct found_file *files,
                       const struct content_file **out, const struct content_file *const *old,
                       size_t count, size_t wanted) {
    size_t threads = wanted / FILES_PER_THREAD + 1;
    if (threads > LOAD_THREADS) threads = LOAD_THREADS;
    struct load_job jobs[LOAD_THREADS];
    pthread_t ids[LOAD_THREADS];
    bool started[LOAD_THREADS] = {false}, filled = false;
    bool *mine = calloc(count + 1, sizeof *mine);
    for (size_t i = 0; mine && i < count; i++) mine[i] = !out[i];
    for (size_t t = 0; t < threads; t++)
        jobs[t] = (struct load_job){c, files, out, old, count, t, threads, batch_new()};
    for (size_t t = 1; t < threads; t++)
        started[t] = jobs[t].batch && pthread_create(&ids[t], NULL, load_some, &jobs[t]) == 0;
    if (jobs[0].batch) filled = load_some(&jobs[0]) == NULL;
    for (size_t t = 1; t < threads; t++) {
        if (started[t]) pthread_join(ids[t], NULL);
        else if (jobs[t].batch) load_some(&jobs[t]);
    }
    for (size_t i = 0; filled && mine && i < count; i++)
        if (mine[i] && out[i]) file_hold(out[i]);
    for (size_t t = 0; t < threads; t++) batch_release(jobs[t].batch);
    free(mine);
}

/* ---- Snapshots ------------------------------------------------------------------------------------------- */

static int by_module(const void *a, const void *b) {
    const struct content_file *x = *(const struct content_file *const *)a,
                              *y = *(const struct content_file *const *)b;
    int order = strcmp(x->module->id, y->module->id);
    if (order == 0) order = strcmp(x->module->lang, y->module->lang);
    return order ? order : strcmp(x->path, y->path);
}

static int by_programme(const void *a, const void *b) {
    const struct content_programme *x = *(const struct content_programme *const *)a,
                                   *y = *(const struct content_programme *const *)b;
    int order = x->order != y->order ? (x->order < y->order ? -1 : 1) : strcmp(x->id, y->id);
    return order ? order : strcmp(x->file, y->file);
}

struct objective_at {
    const struct content_objective *objective;
    const struct content_module *module;
};
static int by_objective(const void *a, const void *b) {
    return strcmp(((const struct objective_at *)a)->objective->id,
                  ((const struct objective_at *)b)->objective->id);
}

static void sort_files(struct content_snapshot *s) {
    s->modules = NEW_ARRAY(&s->arena, const struct content_file *, s->file_count + 1);
    s->translations = NEW_ARRAY(&s->arena, const struct content_file *, s->file_count + 1);
    s->programmes = NEW_ARRAY(&s->arena, const struct content_programme *, s->file_count + 1);
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_file *f = s->files[i];
        if (f->module && f->module->translates) s->translations[s->translation_count++] = f;
        else if (f->module) s->modules[s->module_count++] = f;
        else if (f->programme) s->programmes[s->programme_count++] = f->programme;
    }
    qsort(s->modules, s->module_count, sizeof *s->modules, by_module);
    qsort(s->translations, s->translation_count, sizeof *s->translations, by_module);
    qsort(s->programmes, s->programme_count, sizeof *s->programmes, by_programme);
    size_t n = 0; /* of modules with one id the first path counts; the check reports the others */
    for (size_t i = 0; i < s->module_count; i++)
        if (n == 0 || !str_eq(s->modules[n - 1]->module->id, s->modules[i]->module->id))
            s->modules[n++] = s->modules[i];
    s->module_count = n;
}

static void index_objectives(struct content_snapshot *s) {
    size_t count = 0, n = 0;
    for (size_t i = 0; i < s->module_count; i++) count += s->modules[i]->module->objective_count;
    struct objective_at *all = NEW_ARRAY(&s->arena, struct objective_at, count + 1);
    for (size_t i = 0; i < s->module_count; i++) {
        const struct content_module *m = s->modules[i]->module;
        for (size_t j = 0; j < m->objective_count; j++)
            all[n++] = (struct objective_at){&m->objectives[j], m};
    }
    qsort(all, count, sizeof *all, by_objective);
    s->objectives = NEW_ARRAY(&s->arena, const struct content_objective *, count + 1);
    s->objective_modules = NEW_ARRAY(&s->arena, const struct content_module *, count + 1);
    for (size_t i = 0; i < count; i++) {
        s->objectives[i] = all[i].objective;
        s->objective_modules[i] = all[i].module;
    }
    s->objective_count = count;
}

static void snapshot_free(struct content_snapshot *s) {
    for (size_t i = 0; i < s->file_count; i++) {
        rendered_release(atomic_load(&s->rendered[i]));
        file_release(s->files[i]);
    }
    arena_release(&s->arena);
    free(s);
}

/* Takes over a hold of each file that is not NULL. */
static struct content_snapshot *snapshot_new(struct content *c, const struct content_file **files,
                                             size_t count) {
    struct content_snapshot *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    arena_init(&s->arena, BATCH_BYTES);
    atomic_init(&s->refs, 1);
    s->content = c;
    s->serial = ++c->serial;
    s->glossary_serial = c->glossary_serial;
    s->files = NEW_ARRAY(&s->arena, const struct content_file *, count + 1);
    for (size_t i = 0; i < count; i++)
        if (files[i]) s->files[s->file_count++] = files[i];
    s->rendered = NEW_ARRAY(&s->arena, _Atomic(struct rendered *), s->file_count + 1);
    sort_files(s);
    index_objectives(s);
    return s;
}

/* What was rendered stays good while neither its text nor what its text refers to changed. Both lists are by path. */
static void carry_rendered(struct content_snapshot *to, const struct content_snapshot *from) {
    if (!from || from->glossary_serial != to->glossary_serial) return;
    size_t j = 0;
    for (size_t i = 0; i < to->file_count; i++) {
        while (j < from->file_count && strcmp(from->files[j]->path, to->files[i]->path) < 0) j++;
        if (j == from->file_count) return;
        if (from->files[j]->module != to->files[i]->module || !to->files[i]->module) continue;
        struct rendered *r = atomic_load(&from->rendered[j]);
        if (!r) continue;
        atomic_fetch_add(&r->refs, 1);
        atomic_store(&to->rendered[i], r);
    }
}

static void exchange(struct content *c, struct content_snapshot *fresh) {
    carry_rendered(fresh, c->current);
    pthread_mutex_lock(&c->lock);
    struct content_snapshot *old = c->current;
    c->current = fresh;
    pthread_mutex_unlock(&c->lock);
    if (old) content_release(old);
}

/* ---- Changes ----------------------------------------------------------------------------------------------- */

static bool stat_file(const struct content *c, struct arena *a, const char *path,
                      struct found_file *out) {
    struct stat st;
    if (stat(arena_printf(a, "%s/%s", c->root, path), &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    *out = (struct found_file){path, (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                               st.st_size, st.st_ino};
    return true;
}

static int compare_path(const void *key, const void *at) {
    return strcmp(key, (*(const struct content_file *const *)at)->path);
}

const struct content_file *snapshot_file(const struct content_snapshot *s, const char *path) {
    if (!s || !s->file_count) return NULL;
    const struct content_file *const *found = bsearch(path, s->files, s->file_count,
                                                      sizeof *s->files, compare_path);
    return found ? *found : NULL;
}

static bool unchanged(const struct content_file *f, const struct found_file *now) {
    return f && f->mtime_ns == now->mtime_ns && f->size == now->size && f->inode == now->inode;
}

struct changes {
    struct found_file *files; /* all there will be, by path */
    size_t count;
};

static bool listed(const char *const *paths, size_t count, const char *path) {
    for (size_t i = 0; i < count; i++)
        if (str_eq(paths[i], path)) return true;
    return false;
}

static int found_by_path(const void *a, const void *b) {
    return strcmp(((const struct found_file *)a)->path, ((const struct found_file *)b)->path);
}

/* From the files of the snapshot and single paths that changed: few files, no walk over the others. */
static void merge_paths(struct content *c, struct arena *a, const char *const *paths, size_t count,
                        struct changes *out) {
    const struct content_snapshot *s = c->current;
    size_t n = 0;
    out->files = NEW_ARRAY(a, struct found_file, s->file_count + count + 1);
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_file *f = s->files[i];
        if (!listed(paths, count, f->path))
            out->files[n++] = (struct found_file){f->path, f->mtime_ns, f->size, f->inode};
    }
    size_t kept = n;
    for (size_t i = 0; i < count; i++) {
        struct found_file found;
        if (!str_has_suffix(paths[i], ".md") || listed(paths, i, paths[i]) ||
            !stat_file(c, a, paths[i], &found))
            continue;
        found.inode =
            0; /* differs from what is known: it is read again even within one tick of the clock */
        out->files[n++] = found;
    }
    if (n > kept) qsort(out->files, n, sizeof *out->files, found_by_path);
    out->count = n;
}

static bool affects_others(const struct content_file *f) {
    return f && (f->kind == FILE_GLOSSARY || f->kind == FILE_PROGRAMME);
}

static void apply(struct content *c, struct arena *a, struct changes *ch, bool pictures) {
    const struct content_snapshot *s = c->current;
    const struct content_file **out = NEW_ARRAY(a, const struct content_file *, ch->count + 1);
    const struct content_file **old = NEW_ARRAY(a, const struct content_file *, ch->count + 1);
    size_t wanted = 0;
    for (size_t i = 0; i < ch->count; i++) {
        old[i] = snapshot_file(s, ch->files[i].path);
        if (unchanged(old[i], &ch->files[i])) out[i] = old[i];
        else wanted++;
    }
    if (s && wanted == 0 && ch->count == s->file_count && !pictures) return;
    for (size_t i = 0; i < ch->count; i++)
        if (out[i]) file_hold(out[i]);
    load_files(c, ch->files, out, old, ch->count, wanted);
    bool others = pictures;
    for (size_t i = 0; i < ch->count; i++)
        others = others || (out[i] != old[i] && (affects_others(out[i]) || affects_others(old[i])));
    if (others || !s || ch->count != s->file_count) c->glossary_serial++;
    struct content_snapshot *fresh = snapshot_new(c, out, ch->count);
    if (fresh) exchange(c, fresh);
}

static void read_changes(struct content *c) {
    struct arena a;
    arena_init(&a, SCRATCH_BYTES);
    if (ARENA_GUARD(&a) == 0) {
        const char *const *paths;
        size_t count;
        bool all, pictures = false;
        struct changes ch = {0};
        watch_take(c->watch, &a, &paths, &count, &all);
        for (size_t i = 0; i < count; i++) pictures = pictures || !str_has_suffix(paths[i], ".md");
        if (all || !c->current || count > 200)
            content_find_files(c->root, &a, &ch.files, &ch.count);
        else merge_paths(c, &a, paths, count, &ch);
        /* A walk trusts times and sizes; what the kernel named is read whatever they say. */
        for (size_t i = 0; (all || count > 200) && i < ch.count; i++)
            if (listed(paths, count, ch.files[i].path)) ch.files[i].inode = 0;
        apply(c, &a, &ch, pictures);
    }
    arena_release(&a);
}

/* Under the lock. `refreshing` is set before the events leave the kernel's queue: whoever finds the queue empty and then
 * nobody refreshing has the newest snapshot before them. */
static void read_now(struct content *c) {
    atomic_store(&c->refreshing, true);
    read_changes(c);
    atomic_store(&c->refreshing, false);
}

void content_refresh(struct content *c) {
    if (!watch_pending(c->watch) && !atomic_load(&c->refreshing)) return;
    pthread_mutex_lock(&c->refresh);
    if (watch_pending(c->watch)) {
        read_now(c);
        keeper_wake(c);
    }
    pthread_mutex_unlock(&c->refresh);
}

/* Without inotify: the keeper calls this now and then. */
void content_look(struct content *c) {
    pthread_mutex_lock(&c->refresh);
    read_now(c);
    pthread_mutex_unlock(&c->refresh);
}

/* ---- Opening, holding ---------------------------------------------------------------------------------------- */

enum err content_open(struct content **out, const char *root, struct store *store,
                      struct site *site, struct arena *a, const char **why) {
    *out = NULL;
    struct stat st;
    if (stat(arena_printf(a, "%s/content", root), &st) != 0 || !S_ISDIR(st.st_mode)) {
        *why = arena_printf(
            a,
            "%s/content cannot be read: %s. Start with --root and the folder that holds content/.",
            root, errno == 0 || S_ISREG(st.st_mode) ? "it is no folder" : strerror(errno));
        return ERR_NOT_FOUND;
    }
    struct content *c = calloc(1, sizeof *c);
    if (c) c->root = strdup(root);
    if (!c || !c->root) {
        free(c);
        *why = "memory is short";
        return ERR_IO;
    }
    c->store = store;
    c->site = site;
    c->wake_fd = -1;
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->refresh, NULL);
    pthread_mutex_init(&c->check_lock, NULL);
    c->watch = watch_open(root); /* before reading: nothing falls between */
    content_look(c);
    if (!c->current) {
        content_close(c);
        *why = arena_printf(a, "%s/content does not fit into memory", root);
        return ERR_LIMIT;
    }
    if (!keeper_start(c)) {
        content_close(c);
        *why = "no thread could be started";
        return ERR_IO;
    }
    *out = c;
    return OK;
}

void content_close(struct content *c) {
    if (!c) return;
    keeper_stop(c);
    if (c->current) content_release(c->current);
    watch_close(c->watch);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->refresh);
    pthread_mutex_destroy(&c->check_lock);
    health_free(c->health);
    free(c->root);
    free(c);
}

void content_set_steps(struct content *c, content_steps_fn ask) { c->steps = ask; }

const struct content_snapshot *content_hold(struct content *c) {
    content_refresh(c);
    pthread_mutex_lock(&c->lock);
    struct content_snapshot *s = c->current;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&c->lock);
    return s;
}

void content_release(const struct content_snapshot *s) {
    struct content_snapshot *own = (struct content_snapshot *)s;
    if (own && atomic_fetch_sub(&own->refs, 1) == 1) snapshot_free(own);
}

static void release_held(void *s) { content_release(s); }

const struct content_snapshot *content_of(struct request *r) {
    const struct content_snapshot *s = content_hold(r->app->content);
    arena_defer(r->arena, release_held, (void *)s);
    return s;
}
