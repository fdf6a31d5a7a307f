/* Scenarios in memory: the current versions of the files, and versions that older runs began with.
 */
#include "labmodel/lab_registry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tree/tree.h"

#define VERSION_ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct lab_registry {
    const char *root;
    struct tree *tree;
    pthread_mutex_t versions_lock;
    const struct lab_version
        *versions[REGISTRY_VERSIONS_KEPT]; /* of older runs, the newest first */
    size_t version_count;
};

/* ---- Holding -------------------------------------------------------------------------------- */

static struct lab_version *new_version(void) {
    struct lab_version *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    arena_init(&h->arena, VERSION_ARENA_BYTES);
    atomic_init(&h->references, 1);
    return h;
}

const struct lab_version *registry_hold(const struct lab_version *version) {
    struct lab_version *h = (struct lab_version *)(uintptr_t)version;
    atomic_fetch_add(&h->references, 1);
    return version;
}

void registry_release(const struct lab_version *version) {
    struct lab_version *h = (struct lab_version *)(uintptr_t)version;
    if (!h || atomic_fetch_sub(&h->references, 1) != 1) return;
    arena_release(&h->arena);
    free(h);
}

static void drop_version(void *version) { registry_release(version); }

static void render_brief(struct lab_version *h) {
    struct buf b;
    buf_init(&b, &h->arena);
    doc_render_node(&h->scenario.doc, h->scenario.doc.body, NULL, &b);
    h->brief = buf_text(&b);
    cmark_node *n = cmark_node_first_child(h->scenario.doc.body);
    while (n && !(cmark_node_get_type(n) == CMARK_NODE_LIST &&
                  cmark_node_get_list_type(n) == CMARK_ORDERED_LIST))
        n = cmark_node_next(n);
    if (!n) return;
    buf_init(&b, &h->arena);
    doc_render_node(&h->scenario.doc, n, NULL, &b);
    h->tasks = buf_text(&b);
}

/* ---- The files: one generation of all scenarios ---------------------------------------------- */

struct lab_entry {
    char *id;
    uint64_t mark;                     /* of its files and of the connectors: names, sizes, times */
    const struct lab_version *version; /* the last version that was good; NULL: there was none */
    char *problem;                     /* why the present files are not shown; NULL: they are */
};
struct lab_entries {
    struct lab_entry *at;
    size_t count;
};

static void free_entries(void *generation) {
    struct lab_entries *g = generation;
    for (size_t i = 0; i < g->count; i++) {
        free(g->at[i].id);
        free(g->at[i].problem);
        registry_release(g->at[i].version);
    }
    free(g->at);
    free(g);
}

static const struct lab_entry *find_entry(const struct lab_entries *g, const char *id) {
    for (size_t i = 0; g && i < g->count; i++)
        if (str_eq(g->at[i].id, id)) return &g->at[i];
    return NULL;
}

static uint64_t mark_of(const char *root, const char *id) {
    char scenario[256];
    const char *folders[TREE_FOLDERS] = {"labs/connectors", "labs/kinds", "labs/worlds",
                                         "labs/schema", scenario};
    snprintf(scenario, sizeof scenario, "labs/scenarios/%s", id);
    return tree_fingerprint(root, folders);
}

static enum err read_scenario(struct lab_version *h, const char *root, const char *id,
                              char **problem) {
    struct diag_list diags;
    if (ARENA_GUARD(&h->arena) != 0) {
        if (h->arena.starved) return ERR_BUSY;
        *problem = strdup("labs: the scenario does not fit into memory");
        return *problem ? ERR_LIMIT : ERR_BUSY;
    }
    diag_init(&diags, &h->arena);
    enum err e = lab_scenario_load(&h->scenario, root, id, &h->arena, &diags);
    if (e == OK) {
        render_brief(h);
        h->shown_task_count = lab_solution_tasks(root, id, h->shown_tasks, &h->arena);
    }
    const struct diag *d = diags.first;
    const char *place = e != OK && d ? diag_place(&h->arena, d) : NULL;
    h->arena.guarded = false;
    if (place && asprintf(problem, "%s: %s", place, d->message) < 0) return ERR_BUSY;
    return e;
}

/* Fills an entry, from `old` when its files have not changed. ERR_BUSY: no memory; else the entry
 * is complete. */
static enum err fill_entry(struct lab_entry *entry, const char *root, const char *id,
                           const struct lab_entry *old, const struct tree_changes *news) {
    *entry = (struct lab_entry){.id = strdup(id), .mark = mark_of(root, id)};
    if (!entry->id) return ERR_BUSY;
    bool same = old && old->mark == entry->mark && !(news->retry_broken && old->problem);
    enum err e = OK;
    if (!same) {
        struct lab_version *h = new_version();
        e = h ? read_scenario(h, root, id, &entry->problem) : ERR_BUSY;
        if (e == OK) entry->version = h;
        else registry_release(h);
        if (e == ERR_BUSY) return e;
    } else if (old->problem && !(entry->problem = strdup(old->problem))) return ERR_BUSY;
    if (!entry->version && old && old->version) entry->version = registry_hold(old->version);
    if (entry->problem) tree_problem(news->problems, "%s", entry->problem);
    return OK;
}

static enum err fill_entries(const struct lab_registry *l, struct lab_entries *g,
                             const struct lab_entries *old, const struct tree_changes *news) {
    struct arena a;
    volatile enum err e = ERR_BUSY;
    arena_init(&a, (size_t)4 * 1024 * 1024);
    if (ARENA_GUARD(&a) == 0) {
        const char **ids;
        size_t count = lab_scenario_ids(l->root, &ids, &a);
        g->at = calloc(count + 1, sizeof *g->at);
        e = g->at ? OK : ERR_BUSY;
        for (size_t i = 0; e == OK && i < count; i++) {
            g->count = i + 1; /* free_entries also frees an entry that is half filled */
            e = fill_entry(&g->at[i], l->root, ids[i], find_entry(old, ids[i]), news);
        }
    }
    arena_release(&a);
    return e;
}

static enum err load_entries(void *registry, void *old, const struct tree_changes *news,
                             void **fresh) {
    struct lab_entries *g = calloc(1, sizeof *g);
    if (!g) return ERR_BUSY;
    enum err e = fill_entries(registry, g, old, news);
    if (e) free_entries(g);
    else *fresh = g;
    return e;
}

enum err registry_open(struct lab_registry **out, const char *root) {
    struct lab_registry *l = calloc(1, sizeof *l);
    const struct tree_source source = {.name = "lab_tree",
                                       .folders = {"labs"},
                                       .load = load_entries,
                                       .free = free_entries,
                                       .context = l};
    *out = l;
    if (!l) return ERR_BUSY;
    l->root = root;
    pthread_mutex_init(&l->versions_lock, NULL);
    enum err e = tree_open(&l->tree, root, &source);
    if (!e && !tree_start(l->tree)) e = ERR_BUSY;
    if (!e) return OK;
    registry_close(l);
    *out = NULL;
    return e;
}

void registry_close(struct lab_registry *l) {
    if (!l) return;
    tree_close(l->tree);
    for (size_t i = 0; i < l->version_count; i++) registry_release(l->versions[i]);
    pthread_mutex_destroy(&l->versions_lock);
    free(l);
}

const struct lab_version *registry_current(struct lab_registry *l, struct arena *a, const char *id,
                                           const char **problem) {
    const struct lab_entry *entry = find_entry(tree_data(l->tree, a), id);
    if (problem) *problem = entry ? entry->problem : NULL;
    return entry ? entry->version : NULL;
}

size_t registry_all(struct lab_registry *l, struct arena *a, const struct lab_version ***out) {
    const struct lab_entries *g = tree_data(l->tree, a);
    size_t count = 0;
    *out = NEW_ARRAY(a, const struct lab_version *, g->count + 1);
    for (size_t i = 0; i < g->count; i++)
        if (g->at[i].version) (*out)[count++] = g->at[i].version;
    return count;
}

/* ---- Versions of older runs ------------------------------------------------------------------ */

static bool read_pack(struct lab_version *h, const char *bytes, size_t len) {
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

/* Adds a version in front; the oldest is dropped from the full list, and freed when no run holds
 * it. Call with the lock held. */
static void remember(struct lab_registry *l, const struct lab_version *h) {
    size_t room = COUNT_OF(l->versions);
    if (l->version_count == room) registry_release(l->versions[--l->version_count]);
    memmove(l->versions + 1, l->versions, l->version_count * sizeof *l->versions);
    l->versions[0] = registry_hold(h);
    l->version_count++;
}

const struct lab_version *registry_version(struct lab_registry *l, struct arena *a,
                                           const char *version) {
    const struct lab_version *found = NULL;
    const struct lab_entries *g = tree_data(l->tree, a);
    for (size_t i = 0; i < g->count; i++)
        if (g->at[i].version && str_eq(g->at[i].version->scenario.version, version))
            return g->at[i].version;
    pthread_mutex_lock(&l->versions_lock);
    for (size_t i = 0; !found && i < l->version_count; i++)
        if (str_eq(l->versions[i]->scenario.version, version))
            found = registry_hold(l->versions[i]);
    pthread_mutex_unlock(&l->versions_lock);
    if (found) arena_defer(a, drop_version, (void *)(uintptr_t)found);
    return found;
}

enum err registry_add(struct lab_registry *l, const char *bytes, size_t len, struct arena *a,
                      const struct lab_version **out) {
    struct lab_version *h = new_version();
    if (!h) return ERR_BUSY;
    arena_defer(a, drop_version, h);
    if (!read_pack(h, bytes, len)) return h->arena.starved ? ERR_BUSY : ERR_IO;
    pthread_mutex_lock(&l->versions_lock);
    remember(l, h);
    pthread_mutex_unlock(&l->versions_lock);
    *out = h;
    return OK;
}

int registry_minutes(struct lab_registry *l, const char *id) {
    const struct tree_generation *g = tree_hold(l->tree);
    const struct lab_entry *entry = find_entry(g->data, id);
    int minutes = entry && entry->version ? (int)entry->version->scenario.minutes : 0;
    tree_release(g);
    return minutes;
}
