/* Looking things up in a snapshot. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

size_t content_programme_count(const struct content_snapshot *s) { return s->programme_count; }
const struct content_programme *content_programme_at(const struct content_snapshot *s, size_t i) {
    return s->programmes[i];
}
size_t content_module_count(const struct content_snapshot *s) { return s->module_count; }
const struct content_module *content_module_at(const struct content_snapshot *s, size_t i) {
    return s->modules[i]->module;
}

const struct content_programme *content_programme(const struct content_snapshot *s,
                                                  const char *id) {
    for (size_t i = 0; i < s->programme_count; i++)
        if (str_eq(s->programmes[i]->id, id)) return s->programmes[i];
    return NULL;
}

const struct content_level *content_level(const struct content_programme *p, const char *id) {
    for (size_t i = 0; p && i < p->level_count; i++)
        if (str_eq(p->levels[i].id, id)) return &p->levels[i];
    return NULL;
}

const char *content_domain_title(const struct content_programme *p, const char *id) {
    for (size_t i = 0; p && i < p->domain_count; i++)
        if (str_eq(p->domains[i].id, id)) return p->domains[i].title;
    return id;
}

static int compare_module(const void *key, const void *at) {
    return strcmp(key, (*(const struct content_file *const *)at)->module->id);
}

const struct content_file *snapshot_module(const struct content_snapshot *s, const char *id) {
    if (!id || !s->module_count) return NULL;
    const struct content_file *const *found = bsearch(id, s->modules, s->module_count,
                                                      sizeof *s->modules, compare_module);
    return found ? *found : NULL;
}

const struct content_module *content_module(const struct content_snapshot *s, const char *id) {
    const struct content_file *f = snapshot_module(s, id);
    return f ? f->module : NULL;
}

/* "pt-BR" is served by a file in "pt", and the other way round. */
static bool same_language(const char *a, const char *b) {
    size_t n = strcspn(a, "-");
    return n == strcspn(b, "-") && strncmp(a, b, n) == 0;
}

const struct content_file *snapshot_module_in(const struct content_snapshot *s, const char *id,
                                              const char *locale) {
    const struct content_file *original = snapshot_module(s, id);
    if (!original || !locale || same_language(original->lang, locale)) return original;
    for (size_t i = 0; i < s->translation_count; i++) { /* translations are few */
        const struct content_file *t = s->translations[i];
        if (str_eq(t->module->id, id) && same_language(t->lang, locale)) return t;
    }
    return original;
}

const struct content_module *content_module_in(const struct content_snapshot *s, const char *id,
                                               const char *locale) {
    const struct content_file *f = snapshot_module_in(s, id, locale);
    return f ? f->module : NULL;
}

const struct content_objective *content_objective(const struct content_snapshot *s, const char *id,
                                                  const struct content_module **module) {
    size_t low = 0, high = s->objective_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(s->objectives[middle]->id, id);
        if (order == 0) {
            if (module) *module = s->objective_modules[middle];
            return s->objectives[middle];
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

const struct content_glossary *snapshot_glossary(const struct content_snapshot *s,
                                                 const char *programme, const char *locale) {
    const struct content_glossary *found = NULL;
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_glossary *g = s->files[i]->glossary;
        if (!g || (programme && !str_eq(g->programme, programme))) continue;
        if (locale && same_language(g->lang, locale)) return g;
        if (!found || !g->translates) found = g;
    }
    return found;
}

const struct content_self *snapshot_self(const struct content_snapshot *s, const char *locale) {
    const struct content_self *found = NULL;
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_self *one = s->files[i]->self;
        if (!one) continue;
        if (locale && same_language(one->lang, locale)) return one;
        if (!found || !one->translates) found = one;
    }
    return found;
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

size_t snapshot_file_index(const struct content_snapshot *s, const struct content_file *f) {
    size_t low = 0, high = s->file_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(s->files[middle]->path, f->path);
        if (order == 0) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    BUG("a file that is not of this snapshot");
}

static int compare_id(const void *key, const void *at) {
    return strcmp(key, *(const char *const *)at);
}

const struct glossary_term *glossary_find(const struct content_glossary *g, const char *id) {
    if (!g || !g->id_count) return NULL;
    const char **found = bsearch(id, g->ids, g->id_count, sizeof *g->ids, compare_id);
    return found ? g->by_id[found - g->ids] : NULL;
}
