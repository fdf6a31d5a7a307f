/* The registry: reads files into snapshots, exchanges the snapshot when files change, hands it out. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "content/content_private.h"

#define SCRATCH_BYTES ((size_t)128 * 1024 * 1024)
#define LOAD_THREADS 4
#define FILES_PER_THREAD 32

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
    if (fresh) snapshot_exchange(c, fresh);
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

void content_wake(struct content *c) {
    uint64_t one = 1;
    if (c->wake_fd >= 0) (void)!write(c->wake_fd, &one, sizeof one);
}

void content_refresh(struct content *c) {
    if (!watch_pending(c->watch) && !atomic_load(&c->refreshing)) return;
    pthread_mutex_lock(&c->refresh);
    if (watch_pending(c->watch)) {
        read_now(c);
        content_wake(c);
    }
    pthread_mutex_unlock(&c->refresh);
}

/* Without inotify: the keeper calls this now and then. */
void content_look(struct content *c) {
    pthread_mutex_lock(&c->refresh);
    read_now(c);
    pthread_mutex_unlock(&c->refresh);
}

/* ---- Holding ----------------------------------------------------------------------------------------------- */

const struct content_snapshot *content_hold(struct content *c) {
    content_refresh(c);
    pthread_mutex_lock(&c->lock);
    struct content_snapshot *s = c->current;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&c->lock);
    return s;
}

static void release_held(void *s) { content_release(s); }

const struct content_snapshot *content_of(struct request *r) {
    const struct content_snapshot *s = content_hold(r->app->content);
    arena_defer(r->arena, release_held, (void *)s);
    return s;
}
