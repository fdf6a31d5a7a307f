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
    return NULL;
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

/* ---- By language
 * ----------------------------------------------------------------------------------------- */

const char *content_lang(const struct content_snapshot *s, const char *stated,
                         const char *programme) {
    const struct content_programme *p = stated ? NULL : content_programme(s, programme);
    return stated ? stated : p && p->lang ? p->lang : "en";
}

const char *content_module_lang(const struct content_snapshot *s, const struct content_module *m) {
    return content_lang(s, m->lang, m->programme);
}

const char *snapshot_lang(const struct content_snapshot *s, const struct content_file *f) {
    if (f->lang) return f->lang;
    return f->module      ? content_module_lang(s, f->module)
           : f->glossary  ? content_lang(s, f->glossary->lang, f->glossary->programme)
           : f->self      ? content_lang(s, f->self->lang, f->self->programme)
           : f->programme ? content_lang(s, f->programme->lang, f->programme->id)
                          : "en";
}

struct reading reading_of(struct request *r) {
    const struct identity *who = r->who;
    return (struct reading){
        .wanted = {http_query(r, "lang"), who ? who->reading : NULL,
                   who && who->locale ? who->locale : http_cookie_in(r, "lang")},
        .accept = http_header_in(r, "Accept-Language")};
}

struct reading reading_in(const char *lang) {
    return (struct reading){.wanted = {lang}};
}

static size_t choose(const struct reading *reading, const char *const *names, size_t count) {
    return page_language_choose(reading->wanted, COUNT_OF(reading->wanted), reading->accept, names,
                                count);
}

/* The first translation of this module, by the order of the snapshot. */
static size_t first_translation(const struct content_snapshot *s, const char *id) {
    size_t low = 0, high = s->translation_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(s->translations[middle]->module->id, id) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

const struct content_file *const *snapshot_translations(const struct content_snapshot *s,
                                                        const char *id, size_t *count) {
    size_t first = first_translation(s, id), end = first;
    while (end < s->translation_count && str_eq(s->translations[end]->module->id, id)) end++;
    *count = end - first;
    return s->translations + first;
}

const struct content_file *snapshot_module_for(const struct content_snapshot *s, const char *id,
                                               const struct reading *reading) {
    const char *names[LANGUAGES_MAX + 1];
    size_t count;
    const struct content_file *original = snapshot_module(s, id);
    if (!original) return NULL;
    const struct content_file *const *others = snapshot_translations(s, id, &count);
    if (count == 0) return original;
    if (count > LANGUAGES_MAX) count = LANGUAGES_MAX;
    names[0] = snapshot_lang(s, original);
    for (size_t i = 0; i < count; i++) names[i + 1] = others[i]->lang;
    size_t chosen = choose(reading, names, count + 1);
    return chosen ? others[chosen - 1] : original;
}

const struct content_module *content_module_for(struct request *r, const struct content_snapshot *s,
                                                const char *id) {
    struct reading reading = reading_of(r);
    reading.wanted[0] = NULL; /* the `lang` of an address is for its own text, not for others */
    const struct content_file *f = snapshot_module_for(s, id, &reading);
    return f ? f->module : NULL;
}

void content_view_text(struct request *r, struct view *v, const char *name, const char *text,
                       const char *lang) {
    const char *lang_name = arena_printf(r->arena, "%s_lang", name),
               *dir_name = arena_printf(r->arena, "%s_dir", name);
    view_text(v, name, text);
    if (lang && !str_eq(lang, r->locale)) {
        view_text(v, lang_name, lang);
        view_text(v, dir_name, page_direction(lang));
    } else {
        view_bool(v, lang_name, false);
        view_bool(v, dir_name, false);
    }
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
                                                 const char *programme,
                                                 const struct reading *reading) {
    const struct content_glossary *found[LANGUAGES_MAX + 1] = {NULL};
    const char *names[LANGUAGES_MAX + 1];
    size_t count = 1;
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_glossary *g = s->files[i]->glossary;
        if (!g || g->translates || (programme && !str_eq(g->programme, programme))) continue;
        found[0] = g;
        names[0] = snapshot_lang(s, s->files[i]);
        break;
    }
    if (!found[0]) return NULL;
    for (size_t i = 0; i < s->file_count && count <= LANGUAGES_MAX; i++) {
        const struct content_glossary *g = s->files[i]->glossary;
        if (!g || !g->translates || !str_eq(g->programme, found[0]->programme)) continue;
        found[count] = g;
        names[count++] = s->files[i]->lang;
    }
    return found[choose(reading, names, count)];
}

const struct content_self *snapshot_self(const struct content_snapshot *s,
                                         const struct reading *reading) {
    const struct content_self *found[LANGUAGES_MAX + 1] = {NULL};
    const char *names[LANGUAGES_MAX + 1];
    size_t count = 1;
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_self *one = s->files[i]->self;
        if (!one) continue;
        size_t at = one->translates ? count : 0;
        if (at > LANGUAGES_MAX || (at == 0 && found[0])) continue;
        found[at] = one;
        names[at] = snapshot_lang(s, s->files[i]);
        count += at != 0;
    }
    return found[0] ? found[choose(reading, names, count)] : NULL;
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
