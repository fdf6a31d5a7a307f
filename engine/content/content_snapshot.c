/* Snapshots: what all files said at one moment. A reference to a snapshot keeps its texts, and what
 * was rendered of them, alive. */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "content/content_private.h"

#define BATCH_BYTES ((size_t)1024 * 1024 * 1024)

/* ---- Memory
 * -------------------------------------------------------------------------------------------- */

struct content_batch *batch_new(void) {
    struct content_batch *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    arena_init(&b->arena, BATCH_BYTES);
    atomic_init(&b->refs, 1);
    return b;
}

void batch_release(struct content_batch *b) {
    if (!b || atomic_fetch_sub(&b->refs, 1) != 1) return;
    arena_release(&b->arena);
    free(b);
}

void file_hold(const struct content_file *f) {
    atomic_fetch_add(&f->batch->refs, 1);
    if (f->good_batch) atomic_fetch_add(&f->good_batch->refs, 1);
}

static void file_release(const struct content_file *f) {
    struct content_batch *own = f->batch, *good = f->good_batch; /* f lies in one of them */
    batch_release(good);
    batch_release(own);
}

/* ---- What was rendered
 * ------------------------------------------------------------------------------------- */

void rendered_release(struct rendered *r) {
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1) return;
    if (r->cache) atomic_fetch_sub(r->cache, r->bytes);
    articles_release(&r->articles);
    arena_release(&r->arena);
    free(r);
}

/* ---- Snapshots
 * ------------------------------------------------------------------------------------------- */

bool content_named_after(const char *path, const char *id) {
    const char *name = path_name(path);
    size_t len = strlen(id);
    return strncmp(name, id, len) == 0 && str_eq(name + len, ".md");
}

/* RULE copied-id: of modules with one id that is shown whose file is named after it, else the first
 * by name: a copy takes nothing from its original. */
static int by_module(const void *a, const void *b) {
    const struct content_file *x = *(const struct content_file *const *)a,
                              *y = *(const struct content_file *const *)b;
    int order = strcmp(x->module->id, y->module->id);
    if (order == 0 && x->lang && y->lang) order = strcmp(x->lang, y->lang);
    if (order == 0)
        order = content_named_after(y->path, y->module->id) -
                content_named_after(x->path, x->module->id);
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
    size_t n = 0; /* of modules with one id the first counts; the check reports the others */
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
    articles_release(&s->glossaries);
    arena_release(&s->arena);
    free(s);
}

/* In the snapshot's own memory; false when that ends. */
static bool list_files(struct content_snapshot *s, const struct content_file **files,
                       const struct found_file *found, size_t count) {
    if (ARENA_GUARD(&s->arena) != 0) return false;
    s->files = NEW_ARRAY(&s->arena, const struct content_file *, count + 1);
    s->left_out = NEW_ARRAY(&s->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        if (files[i]) s->files[s->file_count++] = files[i];
        else s->left_out[s->left_out_count++] = arena_dup(&s->arena, found[i].path);
    s->rendered = NEW_ARRAY(&s->arena, _Atomic(struct rendered *), s->file_count + 1);
    sort_files(s);
    index_objectives(s);
    s->arena.guarded = false;
    return true;
}

/* Takes over a hold of each file that is not NULL, also when there is no memory: then NULL. */
struct content_snapshot *snapshot_new(struct content *c, const struct content_file **files,
                                      const struct found_file *found, size_t count) {
    struct content_snapshot *s = calloc(1, sizeof *s);
    if (s) {
        arena_init(&s->arena, BATCH_BYTES);
        atomic_init(&s->refs, 1);
        s->content = c;
        s->serial = ++c->serial;
        s->glossary_serial = c->glossary_serial;
        if (list_files(s, files, found, count)) return s;
        arena_release(&s->arena);
        free(s);
    }
    for (size_t i = 0; i < count; i++)
        if (files[i]) file_release(files[i]);
    return NULL;
}

/* What was rendered stays good while neither its text nor what its text refers to changed. Both
 * lists are by path. */
void carry_rendered(struct content_snapshot *to, const struct content_snapshot *from) {
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

void content_release(const struct content_snapshot *s) {
    struct content_snapshot *own = (struct content_snapshot *)s;
    if (own && atomic_fetch_sub(&own->refs, 1) == 1) snapshot_free(own);
}
