/* Reading site/: folders, catalogues of texts, templates. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "page/site_private.h"

#define FILES_MAX 4096

void problem_add(struct problem_log *log, const char *format, ...) {
    va_list args;
    size_t room = sizeof log->text - log->len;
    va_start(args, format);
    int n = vsnprintf(log->text + log->len, room, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < room) log->len += (size_t)n;
    else log->text[log->len] = '\0';
}

/* ---- Folders -------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct site_file *)a)->name, ((const struct site_file *)b)->name);
}

struct listing {
    struct arena *arena;
    const char *root, *folder;
    struct site_file *at;
    size_t count;
};

bool site_is_temporary(const char *name) {
    static const char *const suffixes[] = {"~", ".tmp", ".dpkg-new", ".dpkg-tmp"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        if (str_has_suffix(name, suffixes[i])) return true;
    return false;
}

static void list_into(struct listing *l, const char *below, int levels) {
    char *path = arena_printf(l->arena, "%s/%s/%s", l->root, l->folder, below);
    DIR *folder = dir_open(l->arena, path);
    for (struct dirent *e; folder && l->count < FILES_MAX && (e = readdir(folder)) != NULL;) {
        if (e->d_name[0] == '.' || site_is_temporary(e->d_name)) continue;
        char *name = arena_printf(l->arena, "%s%s", below, e->d_name);
        char *full = arena_printf(l->arena, "%s/%s", l->folder, name);
        struct stat st;
        if (stat(arena_printf(l->arena, "%s/%s", l->root, full), &st) != 0) continue;
        if (S_ISDIR(st.st_mode) && levels > 1)
            list_into(l, arena_printf(l->arena, "%s/", name), levels - 1);
        else if (S_ISREG(st.st_mode) && l->count < FILES_MAX)
            l->at[l->count++] = (struct site_file){full, name};
    }
}

size_t site_list(struct arena *a, const char *root, const char *folder, struct site_file **out) {
    struct listing l = {a, root, folder, NEW_ARRAY(a, struct site_file, FILES_MAX), 0};
    list_into(&l, "", 2);
    qsort(l.at, l.count, sizeof *l.at, by_name);
    *out = l.at;
    return l.count;
}

char *site_read(struct arena *a, const char *root, const char *path, size_t *len) {
    char *text = file_read(a, arena_printf(a, "%s/%s", root, path), SITE_FILE_BYTES, len);
    if (!text && errno_is_shortage(errno)) arena_starve(a);
    return text;
}

/* ---- Sources -------------------------------------------------------------------------------- */

struct loading {
    struct site *site;
    struct generation *g;
    const struct generation *old;
    struct problem_log *problems;
    bool failed;
};

static const struct source *find_source(const struct generation *g, const char *path) {
    for (uint32_t i = 0; g && i < g->source_count; i++)
        if (strcmp(g->sources[i].path, path) == 0) return &g->sources[i];
    return NULL;
}

static void keep_source(struct generation *g, const char *path, const char *text, size_t len) {
    g->sources = list_more(&g->arena, g->sources, g->source_count, sizeof *g->sources);
    g->sources[g->source_count++] = (struct source){arena_dup(&g->arena, path), text, len};
}

static const char *read_source(struct loading *l, const char *path, size_t *len) {
    const char *text = site_read(&l->g->arena, l->site->root, path, len);
    if (!text)
        problem_add(l->problems, "%s:0:0: error: the file cannot be read: %s [file]\n", path,
                    strerror(errno));
    return text;
}

/* ---- Texts ---------------------------------------------------------------------------------- */

static void place_of(const char *source, const char *key, int *line, int *column) {
    char quoted[200];
    *line = *column = 1;
    int n = snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *hit = n > 0 && (size_t)n < sizeof quoted ? strstr(source, quoted) : NULL;
    for (const char *p = source; hit && p < hit; p++) {
        (*column)++;
        if (*p == '\n') (*line)++, *column = 1;
    }
}

static void text_problem(struct loading *l, const char *path, const char *source, const char *key,
                         const char *severity, const char *sentence) {
    int line, column;
    place_of(source, key, &line, &column);
    problem_add(l->problems, "%s:%d:%d: %s: \"%s\": %s [text]\n", path, line, column, severity, key,
                sentence);
}

/* Reads one catalogue into the `messages` of its language; false when it has an error. */
static bool read_catalogue(struct loading *l, size_t locale, const char *path, const char *source,
                           size_t len, struct name_table *seen) {
    struct generation *g = l->g;
    const char *why, *key;
    json_t *value, *catalogue = json_read(&g->arena, source, len, &why);
    if (!catalogue || !json_is_object(catalogue)) {
        problem_add(l->problems, "%s:0:0: error: %s [text]\n", path,
                    catalogue ? "a catalogue is one flat object of texts" : why);
        return false;
    }
    bool good = true;
    json_object_foreach (catalogue, key, value) {
        const char *text = json_string_value(value), *wrong = NULL;
        struct message *m = text ? message_parse(&g->arena, text, &wrong) : NULL;
        if (!text) wrong = "is not a text";
        if (wrong) {
            text_problem(l, path, source, key, "error", wrong);
            good = false;
            continue;
        }
        if (name_table_find(seen, key) >= 0)
            text_problem(l, path, source, key, "warning", "another file has this text too");
        name_table_add(seen, key);
        if (locale > 0 && name_table_find(&g->texts, key) < 0) {
            text_problem(l, path, source, key, "warning", "site/locale/en does not have this text");
            continue;
        }
        uint32_t index = (uint32_t)name_table_add(&g->texts, key);
        if (index >= FILES_MAX * 4) return false;
        g->messages[locale][index] = m;
    }
    return good;
}

static size_t add_locale(struct loading *l, const char *name, size_t name_len) {
    struct generation *g = l->g;
    char *tag = arena_copy(&g->arena, name, name_len);
    for (size_t i = 0; i < g->locale_count; i++)
        if (strcmp(g->locale_names[i], tag) == 0) return i;
    size_t known = 0;
    struct site *s = l->site;
    while (known < s->locale_count && strcmp(locale_name(s->locales[known]), tag) != 0) known++;
    if (known == s->locale_count && known < SITE_LOCALES &&
        (s->locales[known] = locale_new(&g->arena, tag)) != NULL)
        s->locale_count++;
    if (known == s->locale_count || g->locale_count == SITE_LOCALES) return SIZE_MAX;
    g->locale_names[g->locale_count] = locale_name(s->locales[known]);
    g->env[g->locale_count].locale = s->locales[known];
    g->messages[g->locale_count] = NEW_ARRAY(&g->arena, const struct message *, FILES_MAX * 4);
    return g->locale_count++;
}

static void load_texts(struct loading *l) {
    struct generation *g = l->g;
    struct site_file *files;
    size_t count = site_list(&g->arena, l->site->root, "site/locale", &files);
    struct name_table seen[SITE_LOCALES];
    for (size_t i = 0; i < SITE_LOCALES; i++) name_table_init(&seen[i], &g->arena);
    add_locale(l, "en", 2);
    for (int english = 1; english >= 0; english--) {
        for (size_t i = 0; i < count; i++) {
            const char *slash = strchr(files[i].name, '/'), *path = files[i].path;
            if (!slash || !str_has_suffix(files[i].name, ".json")) continue;
            if (str_has_prefix(files[i].name, "en/") != english) continue;
            size_t locale = add_locale(l, files[i].name, (size_t)(slash - files[i].name)), len = 0;
            if (locale == SIZE_MAX) {
                problem_add(l->problems,
                            "%s:0:0: warning: the folder is no language that is known [text]\n",
                            path);
                continue;
            }
            const char *source = read_source(l, path, &len);
            bool good = source && read_catalogue(l, locale, path, source, len, &seen[locale]);
            const struct source *before = good ? NULL : find_source(l->old, path);
            if (before) {
                len = before->len;
                source = arena_copy(&g->arena, before->text, len);
                name_table_init(&seen[locale],
                                &g->arena); /* reset, since the texts are read a second time */
                good = read_catalogue(l, locale, path, source, len, &seen[locale]);
            }
            if (good) keep_source(g, path, source, len);
            else l->failed = true;
        }
    }
}

/* Each language falls back to its base language and then to English. */
static void fill_fallbacks(struct generation *g) {
    for (size_t i = 0; i < g->locale_count; i++) {
        const char *dash = strchr(g->locale_names[i], '-');
        size_t base = 0;
        for (size_t k = 0; dash && k < g->locale_count; k++)
            if (strlen(g->locale_names[k]) == (size_t)(dash - g->locale_names[i]) &&
                str_has_prefix(g->locale_names[i], g->locale_names[k]))
                base = k;
        for (uint32_t t = 0; t < g->texts.count; t++) {
            const struct message **m = &g->messages[i][t];
            if (!*m) *m = g->messages[base][t];
            if (!*m) *m = g->messages[0][t];
        }
        g->env[i].partials = g->parsed;
        g->env[i].texts = g->messages[i];
        g->env[i].text_keys = g->texts.at;
        g->env[i].assets = g->asset_urls;
    }
}

/* ---- Templates ------------------------------------------------------------------------------ */

static int find_name(void *context, enum mustache_ref kind, const char *name) {
    struct loading *l = context;
    switch (kind) {
    case REF_PARTIAL: return name_table_find(&l->g->templates, name);
    case REF_ASSET: return name_table_find(&l->g->assets, name);
    case REF_TEXT: break;
    }
    int known = name_table_find(&l->g->texts, name);
    if (known >= 0 || l->g->texts.count >= FILES_MAX * 4) return known;
    /* The page shows the key instead: a missing label must not cost the page. */
    problem_add(l->problems,
                "site/locale/en:0:0: warning: the text \"%.80s\" is used but missing [text]\n",
                name);
    return name_table_add(&l->g->texts, name);
}

static void load_template(struct loading *l, const char *path, int index) {
    struct generation *g = l->g;
    struct mustache_names names = {find_name, l};
    size_t len = 0;
    const char *text = read_source(l, path, &len);
    struct buf errors;
    buf_init(&errors, &g->arena);
    if (text) {
        g->parsed[index] = mustache_parse(&g->arena, path, text, len, MUSTACHE_PAGE, &names,
                                          &errors);
        if (errors.len == 0) {
            keep_source(g, path, text, len);
            return;
        }
        problem_add(l->problems, "%s", errors.data);
    }
    const struct source *before = find_source(l->old, path);
    g->parsed[index] = NULL;
    if (!before) {
        l->failed = true;
        return;
    }
    text = arena_copy(&g->arena, before->text, before->len);
    g->parsed[index] = mustache_parse(&g->arena, path, text, before->len, MUSTACHE_PAGE, &names,
                                      &errors);
    keep_source(g, path, text, before->len);
}

static void load_templates(struct loading *l) {
    static const char suffix[] = ".mustache";
    struct generation *g = l->g;
    struct site_file *files;
    size_t count = site_list(&g->arena, l->site->root, "site/templates", &files);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(files[i].name);
        if (!str_has_suffix(files[i].name, suffix)) files[i].name = NULL;
        else
            name_table_add(&g->templates,
                           arena_copy(&g->arena, files[i].name, len - (sizeof suffix - 1)));
    }
    g->parsed = NEW_ARRAY(&g->arena, const struct mustache *, g->templates.count + 1);
    g->size_hint = NEW_ARRAY(&g->arena, _Atomic uint32_t, g->templates.count + 1);
    int index = 0;
    for (size_t i = 0; i < count; i++)
        if (files[i].name) load_template(l, files[i].path, index++);
}

static enum err load_all(struct loading *l) {
    struct generation *g = l->g;
    if (ARENA_GUARD(&g->arena) != 0) return g->arena.starved ? ERR_BUSY : ERR_LIMIT;
    name_table_init(&g->templates, &g->arena);
    name_table_init(&g->texts, &g->arena);
    name_table_init(&g->assets, &g->arena);
    name_table_init(&g->statics, &g->arena);
    statics_load(l->site, g, l->problems);
    load_texts(l);
    load_templates(l);
    fill_fallbacks(g);
    g->arena.guarded = false;
    return l->failed && !l->old ? ERR_INVALID : OK;
}

enum err generation_load(struct site *s, const struct generation *old, struct problem_log *problems,
                         struct generation **out) {
    struct generation *g = calloc(1, sizeof *g);
    *out = NULL;
    if (!g) return ERR_BUSY;
    g->site = s;
    arena_init(&g->arena, GENERATION_BYTES);
    struct loading l = {.site = s, .g = g, .old = old, .problems = problems};
    enum err e = load_all(&l);
    if (e) generation_free(g);
    else *out = g;
    return e;
}

void generation_free(struct generation *g) {
    if (!g) return;
    arena_release(&g->arena);
    free(g);
}
