/* Scenario versions in memory: what the tree holds now, and what old runs were made of. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "lab/lab_manager.h"

#define HELD_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define LOOK_EVERY_MS 2000

static struct lab_held *new_held(void) {
    struct lab_held *h = calloc(1, sizeof *h);
    if (h) arena_init(&h->arena, HELD_ARENA_BYTES);
    return h;
}

static void free_held(struct lab_held *h) {
    arena_release(&h->arena);
    free(h);
}

static void render_brief(struct lab_held *h) {
    struct buf b;
    buf_init(&b, &h->arena);
    doc_render_node(&h->scenario.doc, h->scenario.doc.body, NULL, &b);
    h->brief = buf_text(&b);
}

/* With the lock held. An equal version that is there already wins. */
static const struct lab_held *put(struct labs *l, struct lab_held *h) {
    for (struct lab_held *k = l->shelf; k; k = k->next)
        if (str_eq(k->scenario.version, h->scenario.version)) {
            free_held(h);
            return k;
        }
    h->next = l->shelf;
    l->shelf = h;
    return h;
}

static bool read_pack(struct lab_held *h, const char *bytes, size_t len) {
    if (ARENA_GUARD(&h->arena) != 0) return false;
    struct diag_list diags;
    diag_init(&diags, &h->arena);
    if (lab_scenario_from_pack(&h->scenario, arena_copy(&h->arena, bytes, len), len, &h->arena,
                               &diags))
        return false;
    render_brief(h);
    h->arena.guarded = false;
    return true;
}

const struct lab_held *shelf_version(struct labs *l, struct db *db, const char *version,
                                     struct arena *a) {
    pthread_mutex_lock(&l->shelf_lock);
    const struct lab_held *found = l->shelf;
    while (found && !str_eq(found->scenario.version, version)) found = found->next;
    pthread_mutex_unlock(&l->shelf_lock);
    if (found) return found;
    const char *bytes;
    size_t len;
    if (lab_store_pack(db, a, version, &bytes, &len)) return NULL;
    struct lab_held *h = new_held();
    if (!h) return NULL;
    if (!read_pack(h, bytes, len)) {
        log_say(LOG_ERROR, "lab_pack", "version %s cannot be read any more", version);
        free_held(h);
        return NULL;
    }
    pthread_mutex_lock(&l->shelf_lock);
    found = put(l, h);
    pthread_mutex_unlock(&l->shelf_lock);
    return found;
}

/* ---- The tree --------------------------------------------------------------------------------- */
static void sign_folder(const char *path, uint64_t *signature, int depth) {
    DIR *dir = opendir(path);
    struct dirent *e;
    uint64_t sum = 0; /* readdir's order is nobody's */
    while (dir && (e = readdir(dir))) {
        char file[1024];
        struct stat st;
        if (e->d_name[0] == '.' ||
            snprintf(file, sizeof file, "%s/%s", path, e->d_name) >= (int)sizeof file ||
            stat(file, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            if (depth < 3) sign_folder(file, &sum, depth + 1);
            continue;
        }
        uint64_t h = 1469598103934665603u;
        for (const char *p = file; *p; p++) h = (h ^ (unsigned char)*p) * 1099511628211u;
        h = (h ^ (uint64_t)st.st_size) * 1099511628211u;
        h = (h ^ (uint64_t)st.st_mtim.tv_sec) * 1099511628211u;
        sum += (h ^ (uint64_t)st.st_mtim.tv_nsec) * 1099511628211u;
    }
    if (dir) closedir(dir);
    *signature = *signature * 31 + sum;
}

static uint64_t signature_of(const char *root, const char *id) {
    char path[1024];
    uint64_t signature = 1;
    snprintf(path, sizeof path, "%s/labs/connectors", root);
    sign_folder(path, &signature, 0);
    snprintf(path, sizeof path, "%s/labs/schema", root);
    sign_folder(path, &signature, 0);
    snprintf(path, sizeof path, "%s/labs/scenarios/%s", root, id);
    sign_folder(path, &signature, 0);
    return signature;
}

static void keep_problem(struct lab_entry *e, const struct diag_list *diags) {
    const struct diag *d = diags->first;
    free(e->problem);
    e->problem = NULL;
    if (d && asprintf(&e->problem, "%s:%d:%d: %s", d->file, d->line, d->column, d->message) < 0)
        e->problem = NULL;
}

static bool read_tree(struct labs *l, struct lab_entry *e, struct lab_held *h) {
    if (ARENA_GUARD(&h->arena) != 0) return false;
    struct diag_list diags;
    diag_init(&diags, &h->arena);
    enum err err = lab_scenario_load(&h->scenario, l->app->root, e->id, &h->arena, &diags);
    keep_problem(e, &diags);
    if (err) return false;
    render_brief(h);
    h->arena.guarded = false;
    return true;
}

/* With the lock held: reads a scenario whose files changed; a broken one keeps its last good version. */
static void refresh(struct labs *l, struct lab_entry *e) {
    uint64_t signature = signature_of(l->app->root, e->id);
    if (signature == e->signature) return;
    e->signature = signature;
    struct lab_held *h = new_held();
    if (!h) return;
    if (read_tree(l, e, h)) {
        e->held = put(l, h);
        return;
    }
    if (e->problem) log_say(LOG_WARN, "lab_tree", "%s", e->problem);
    free_held(h);
}

static void look(struct labs *l) {
    int64_t now = clock_monotonic_ms();
    struct arena a;
    const char **ids;
    if (l->looked_ms && now - l->looked_ms < LOOK_EVERY_MS) return;
    l->looked_ms = now;
    arena_init(&a, (size_t)4 * 1024 * 1024);
    if (ARENA_GUARD(&a) == 0) {
        size_t count = lab_scenario_ids(l->app->root, &ids, &a);
        for (size_t i = 0; i < count; i++) {
            struct lab_entry *e = l->entries;
            while (e && !str_eq(e->id, ids[i])) e = e->next;
            if (!e && (e = calloc(1, sizeof *e))) {
                e->id = strdup(ids[i]);
                e->next = l->entries;
                l->entries = e;
            }
            if (e && e->id) refresh(l, e);
        }
    }
    arena_release(&a);
}

const struct lab_held *shelf_current(struct labs *l, const char *id, const char **problem) {
    pthread_mutex_lock(&l->shelf_lock);
    look(l);
    struct lab_entry *e = l->entries;
    while (e && !str_eq(e->id, id)) e = e->next;
    const struct lab_held *held = e ? e->held : NULL;
    if (problem) *problem = e ? e->problem : NULL;
    pthread_mutex_unlock(&l->shelf_lock);
    return held;
}

static int by_id(const void *x, const void *y) {
    const struct lab_held *const *a = x, *const *b = y;
    return strcmp((*a)->scenario.id, (*b)->scenario.id);
}

size_t shelf_all(struct labs *l, const struct lab_held ***out, struct arena *a) {
    size_t count = 0;
    *out = NEW_ARRAY(a, const struct lab_held *, 256);
    pthread_mutex_lock(&l->shelf_lock);
    look(l);
    for (struct lab_entry *e = l->entries; e && count < 256; e = e->next)
        if (e->held) (*out)[count++] = e->held;
    pthread_mutex_unlock(&l->shelf_lock);
    qsort(*out, count, sizeof **out, by_id);
    return count;
}

void shelf_free(struct labs *l) {
    while (l->shelf) {
        struct lab_held *next = l->shelf->next;
        free_held(l->shelf);
        l->shelf = next;
    }
    while (l->entries) {
        struct lab_entry *next = l->entries->next;
        free((char *)(uintptr_t)l->entries->id);
        free(l->entries->problem);
        free(l->entries);
        l->entries = next;
    }
}

/* ---- For other rooms ---------------------------------------------------------------------------- */
enum err lab_list(struct labs *l, struct arena *a, struct lab_about **out, size_t *count) {
    const struct lab_held **all;
    *count = l ? shelf_all(l, &all, a) : 0;
    *out = NEW_ARRAY(a, struct lab_about, *count);
    for (size_t i = 0; i < *count; i++) {
        const struct lab_scenario *s = &all[i]->scenario;
        int dialects = 1;
        for (int m = 0; m < s->stack.member_count; m++)
            dialects *= s->stack.members[m].dialect_count;
        (*out)[i] = (struct lab_about){s->id,        s->title,   s->summary,      s->level,
                                       s->programme, s->persona, (int)s->minutes, dialects};
    }
    return OK;
}

const char *lab_title(struct labs *l, struct arena *a, const char *lab_id) {
    const struct lab_held *h = l ? shelf_current(l, lab_id, NULL) : NULL;
    return h ? arena_dup(a, h->scenario.title) : NULL;
}
