/* The registry: the tree (tree/tree.h) watches content/, here its files are read into snapshots,
 * and handed out. Either every file that there is has been read, or there is no new snapshot: what
 * ends for want of memory is tried again by the tree. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "content/content_private.h"
#include "content/content_sql.h"
#include "tree/tree.h"

#define SCRATCH_BYTES ((size_t)128 * 1024 * 1024)
#define LOAD_THREADS 4
#define FILES_PER_THREAD 32
#define PATHS_AT_MOST 200 /* that changed: of more, all files are looked at */

/* ---- One file
 * -------------------------------------------------------------------------------------------- */

static bool read_kind(struct doc *d, struct content_file *f, struct arena *a,
                      struct diag_list *diags) {
    switch (f->kind) {
    case FILE_MODULE:
        content_fold_title(d);
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

static void use_last_good(struct content_file *f, const struct content_file *old) {
    f->broken = true;
    if (!old || !old->version || old->kind != f->kind) return;
    f->good_batch = old->good_batch;
    f->kept = old->kept;
    f->version = old->version;
    f->source = old->source;
    f->module = old->module;
    f->programme = old->programme;
    f->glossary = old->glossary;
    f->self = old->self;
}

struct last_good {
    const char *path, *version, *source; /* out: arena */
};

static enum err read_last_good(struct db *db, struct arena *a, void *arg) {
    struct last_good *last = arg;
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_content_last_good, "t", last->path)) return e;
    last->version = stmt_text(q, 0, a);
    last->source = stmt_text(q, 1, a);
    return stmt_end(q);
}

/* What the store last showed for this path: a restart must not take from learners what they had.
 * RULE kept-source: a source that was kept is used when its digest is the version that it is kept
 * under; another was put there past the program. */
static void recover(struct content *c, struct content_file *f, struct arena *scratch,
                    struct content_batch *batch) {
    struct last_good last = {.path = f->path};
    enum err e = c->store ? store_read(c->store, read_last_good, &last, scratch) : ERR_NOT_FOUND;
    if (e == ERR_BUSY) arena_starve(scratch);
    if (e != OK) return;
    struct diag_list diags;
    struct doc d;
    diag_init(&diags, scratch);
    if (doc_parse(&d, f->path, last.source, strlen(last.source), scratch, &diags) != OK) return;
    if (!str_eq(d.version, last.version)) {
        log_say(LOG_ERROR, "content_version",
                "%s: what is kept of its last version is not what was published (its digest is not "
                "%s), so that it is not shown",
                f->path, last.version);
        return;
    }
    if (!read_kind(&d, f, &batch->arena, &diags)) return;
    f->version = arena_dup(&batch->arena, d.version);
    f->good_batch = batch;
    f->kept = true;
}

/* The state of one load: the files of the next snapshot, and which of them have to be read. */
struct loading {
    struct content *content;
    const struct content_snapshot *old; /* NULL: the first one is read */
    const struct tree_changes *news;
    struct arena *arena;
    struct found_file *files; /* all there will be, by path */
    size_t count;
    bool more;                                 /* there are others, beyond CONTENT_FILE_LIMIT */
    const struct content_file **before, **out; /* by index of files; out: NULL until it is read */
    bool *wanted;                              /* by index of files: it has to be read */
    size_t wanted_count;
};

/* Some of the files that are wanted. */
struct load_job {
    struct loading *loading;
    size_t first, step;
    struct content_batch *batch; /* gains no references here */
    bool starved;
};

static struct content_file *load_file(struct load_job *j, size_t i, struct arena *scratch) {
    const struct loading *l = j->loading;
    const struct found_file *found = &l->files[i];
    struct arena *a = &j->batch->arena;
    struct content_file *f = NEW(a, struct content_file);
    f->batch = j->batch;
    f->path = arena_dup(a, found->path);
    f->kind = content_classify(a, f->path, &f->lang);
    f->mtime_ns = found->mtime_ns;
    f->size = found->size;
    f->inode = found->inode;
    if (f->kind == FILE_OTHER) return f;
    struct diag_list diags;
    struct doc d;
    diag_init(&diags, scratch);
    bool good = doc_load(&d, l->content->root, f->path, scratch, &diags) == OK &&
                read_kind(&d, f, a, &diags);
    if (good) {
        f->version = arena_dup(a, d.version);
        if (l->old) f->source = arena_copy(a, d.source, d.source_len);
        f->good_batch = j->batch;
        return f;
    }
    use_last_good(f, l->before[i]);
    if (!f->version) recover(l->content, f, scratch, j->batch);
    f->problem = arena_printf(a, "%s:%d: %s%s", f->path, diags.first ? diags.first->line : 0,
                              diags.first ? diags.first->message : "cannot be read",
                              f->version ? " (its last good version is shown)" : "");
    return f;
}

static void load_one(struct load_job *j, size_t i) {
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES);
    if (ARENA_GUARD(&scratch) == 0 && ARENA_GUARD(&j->batch->arena) == 0)
        j->loading->out[i] = load_file(j, i, &scratch);
    else j->starved = scratch.starved || j->batch->arena.starved;
    j->batch->arena.guarded = false;
    arena_release(&scratch);
}

static void *load_some(void *arg) {
    struct load_job *j = arg;
    for (size_t i = j->first; i < j->loading->count && !j->starved; i += j->step)
        if (j->loading->wanted[i]) load_one(j, i);
    return NULL;
}

/* Reads what is wanted, and holds every file in `out`. What is still NULL there does not fit.
 * ERR_BUSY: nothing is held. */
static enum err load_files(struct loading *l) {
    size_t threads = l->wanted_count / FILES_PER_THREAD + 1;
    if (threads > LOAD_THREADS) threads = LOAD_THREADS;
    struct load_job jobs[LOAD_THREADS];
    pthread_t ids[LOAD_THREADS];
    bool started[LOAD_THREADS] = {false}, starved = false;
    for (size_t t = 0; t < threads; t++) {
        jobs[t] = (struct load_job){l, t, threads, batch_new(), false};
        jobs[t].starved = !jobs[t].batch;
    }
    for (size_t t = 1; t < threads; t++)
        started[t] = !jobs[t].starved && pthread_create(&ids[t], NULL, load_some, &jobs[t]) == 0;
    for (size_t t = 0; t < threads; t++) {
        if (started[t]) pthread_join(ids[t], NULL);
        else load_some(&jobs[t]);
        starved = starved || jobs[t].starved;
    }
    for (size_t i = 0; !starved && i < l->count; i++)
        if (l->out[i]) file_hold(l->out[i]);
    for (size_t t = 0; t < threads; t++) batch_release(jobs[t].batch);
    return starved ? ERR_BUSY : OK;
}

/* ---- Changes -------------------------------------------------------------------------------- */

static bool stat_file(const struct loading *l, const char *path, struct found_file *out) {
    struct stat st;
    if (stat(arena_printf(l->arena, "%s/%s", l->content->root, path), &st) != 0 ||
        !S_ISREG(st.st_mode))
        return false;
    *out = (struct found_file){path, (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                               st.st_size, st.st_ino};
    return true;
}

static bool unchanged(const struct content_file *f, const struct found_file *now) {
    return f && f->mtime_ns == now->mtime_ns && f->size == now->size && f->inode == now->inode;
}

static bool listed(const char *const *paths, size_t count, const char *path) {
    for (size_t i = 0; i < count; i++)
        if (str_eq(paths[i], path)) return true;
    return false;
}

static int found_by_path(const void *a, const void *b) {
    return strcmp(((const struct found_file *)a)->path, ((const struct found_file *)b)->path);
}

/* A walk compares times and sizes. A file that inotify named is read whatever they are, since it
 * may have changed twice within one tick of the clock. */
static void find_all(struct loading *l) {
    l->more = !content_find_files(l->content->root, l->arena, &l->files, &l->count);
    for (size_t i = 0; l->news->count && i < l->count; i++)
        if (listed(l->news->paths, l->news->count, l->files[i].path)) l->files[i].inode = 0;
}

static void add_path(struct loading *l, const char *path) {
    struct found_file found;
    if (!str_has_suffix(path, ".md") || content_is_attached(path) || !stat_file(l, path, &found))
        return;
    found.inode = 0; /* differs from what is known */
    l->files[l->count++] = found;
}

/* From the files of the snapshot and single paths that changed: few files, no walk over the others.
 */
static void find_some(struct loading *l) {
    const struct content_snapshot *s = l->old;
    const struct tree_changes *n = l->news;
    l->files = NEW_ARRAY(l->arena, struct found_file,
                         s->file_count + s->left_out_count + n->count + 1);
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_file *f = s->files[i];
        if (!listed(n->paths, n->count, f->path))
            l->files[l->count++] = (struct found_file){f->path, f->mtime_ns, f->size, f->inode};
    }
    size_t kept = l->count;
    for (size_t i = 0; i < s->left_out_count; i++)
        if (!listed(n->paths, n->count, s->left_out[i])) add_path(l, s->left_out[i]);
    for (size_t i = 0; i < n->count; i++)
        if (!listed(n->paths, i, n->paths[i])) add_path(l, n->paths[i]);
    if (l->count > kept) qsort(l->files, l->count, sizeof *l->files, found_by_path);
}

static void find(struct loading *l) {
    const struct tree_changes *n = l->news;
    bool all = n->all || n->retry_broken || !l->old || l->old->more || n->count > PATHS_AT_MOST;
    if (!all) find_some(l);
    if (all || l->count > CONTENT_FILE_LIMIT) find_all(l);
}

static void compare(struct loading *l) {
    l->before = NEW_ARRAY(l->arena, const struct content_file *, l->count + 1);
    l->out = NEW_ARRAY(l->arena, const struct content_file *, l->count + 1);
    l->wanted = NEW_ARRAY(l->arena, bool, l->count + 1);
    for (size_t i = 0; i < l->count; i++) {
        const struct content_file *f = l->old ? snapshot_file(l->old, l->files[i].path) : NULL;
        l->before[i] = f;
        l->wanted[i] = !unchanged(f, &l->files[i]) || (f->broken && l->news->retry_broken);
        if (l->wanted[i]) l->wanted_count++;
        else l->out[i] = f;
    }
}

/* Pictures and what else lies beside texts are in no snapshot; what is rendered says their sizes.
 */
static bool others_changed(const struct tree_changes *n) {
    bool yes = n->all;
    for (size_t i = 0; i < n->count && !yes; i++)
        yes = !str_has_suffix(n->paths[i], ".md") || content_is_attached(n->paths[i]);
    return yes;
}

static bool affects_others(const struct content_file *f) {
    return f && (f->kind == FILE_GLOSSARY || f->kind == FILE_PROGRAMME || f->lang);
}

/* Whether texts that are the same must be rendered anew. */
static bool affects_rendered(const struct loading *l) {
    bool yes = others_changed(l->news) || !l->old || l->count != l->old->file_count;
    for (size_t i = 0; i < l->count && !yes; i++)
        yes = !l->before[i] || (l->out[i] != l->before[i] &&
                                (affects_others(l->out[i]) || affects_others(l->before[i])));
    return yes;
}

static void tell_problems(const struct content_snapshot *s, struct tree_problems *problems) {
    for (size_t i = 0; i < s->file_count; i++)
        if (s->files[i]->problem) tree_problem(problems, "%s", s->files[i]->problem);
    for (size_t i = 0; i < s->left_out_count; i++)
        tree_problem(problems, "%s: it is too large to be read, and left out", s->left_out[i]);
    if (s->more)
        tree_problem(problems, "content: an academy has at most %d files, the others are left out",
                     CONTENT_FILE_LIMIT);
}

/* After load_files holds the files, nothing is allocated from the arena: control could leave
 * through its guard and the references would be lost. */
static enum err load_snapshot(struct loading *l, void **fresh) {
    struct content *c = l->content;
    find(l);
    compare(l);
    if (l->old && l->wanted_count == 0 && l->count == l->old->file_count &&
        l->more == l->old->more && !others_changed(l->news)) {
        tell_problems(l->old, l->news->problems);
        return OK;
    }
    enum err e = load_files(l);
    if (e) return e;
    if (affects_rendered(l)) c->glossary_serial++;
    struct content_snapshot *s = snapshot_new(c, l->out, l->files, l->count);
    if (!s) return ERR_BUSY;
    s->more = l->more;
    carry_rendered(s, l->old);
    tell_problems(s, l->news->problems);
    *fresh = s;
    return OK;
}

enum err content_load(void *content, void *old, const struct tree_changes *news, void **fresh) {
    struct arena a;
    struct loading l = {.content = content, .old = old, .news = news, .arena = &a};
    volatile enum err e = ERR_BUSY;
    *fresh = old;
    arena_init(&a, SCRATCH_BYTES);
    if (ARENA_GUARD(&a) == 0) e = load_snapshot(&l, fresh);
    else if (!a.starved) {
        e = ERR_LIMIT;
        tree_problem(news->problems,
                     "content: its files do not fit into memory; what was read before stays");
    }
    arena_release(&a);
    return e;
}

void content_wake(struct content *c) {
    uint64_t one = 1;
    if (c->wake_fd >= 0) (void)!write(c->wake_fd, &one, sizeof one);
}

/* ---- Holding -------------------------------------------------------------------------------- */

const struct content_snapshot *content_hold(struct content *c) {
    const struct tree_generation *g = tree_hold(c->tree);
    struct content_snapshot *s = g->data;
    atomic_fetch_add(&s->refs, 1);
    tree_release(g);
    return s;
}

static void release_held(void *s) { content_release(s); }

const struct content_snapshot *content_of(struct request *r) {
    const struct content_snapshot *s = content_hold(r->app->content);
    arena_defer(r->arena, release_held, (void *)s);
    return s;
}
