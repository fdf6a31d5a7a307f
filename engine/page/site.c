/* The running site: its current generation of files, threads that still read an older one, and
 * rendering. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"
#include "page/site_private.h"
#include "tree/tree.h"

/* ---- Generations ---------------------------------------------------------------------------- */

/* Hazard pointers: each reading thread publishes the generation that it holds, and a retired one is
 * freed only when no thread holds it. */

static void release_reader(void *thing) {
    struct reader *r = thing;
    atomic_store(&r->holds, NULL);
    atomic_store(&r->taken, false);
}

static struct reader *reader_of_thread(struct site *s) {
    struct reader *r = pthread_getspecific(s->reader_key);
    if (r) return r;
    for (r = atomic_load(&s->readers); r; r = r->next) {
        bool free_one = false;
        if (atomic_compare_exchange_strong(&r->taken, &free_one, true)) break;
    }
    if (!r) {
        r = calloc(1, sizeof *r);
        if (!r) return NULL;
        atomic_store(&r->taken, true);
        r->next = atomic_load(&s->readers);
        while (!atomic_compare_exchange_weak(&s->readers, &r->next, r)) continue;
    }
    if (pthread_setspecific(s->reader_key, r) == 0) return r;
    release_reader(r);
    return NULL;
}

static bool is_held(struct site *s, const struct generation *g) {
    bool held = false;
    for (struct reader *r = atomic_load(&s->readers); r && !held; r = r->next)
        held = atomic_load(&r->holds) == g;
    return held;
}

/* Frees retired generations that no thread holds. Call it with s->lock locked. */
static void free_retired(struct site *s) {
    struct generation *kept = NULL;
    for (struct generation *g = atomic_load(&s->retired), *next; g; g = next) {
        next = g->next;
        if (is_held(s, g)) {
            g->next = kept;
            kept = g;
        } else generation_free(g);
    }
    atomic_store(&s->retired, kept);
}

/* The tree calls it when it releases a generation, which is no longer the current one then. */
static void retire(void *generation) {
    struct generation *g = generation;
    struct site *s = g->site;
    pthread_mutex_lock(&s->lock);
    g->next = atomic_load(&s->retired);
    atomic_store(&s->retired, g);
    free_retired(s);
    pthread_mutex_unlock(&s->lock);
}

/* NULL: this thread has no reader yet, and there is no memory for one. */
static struct reader *hold_generation(struct site *s, struct generation **out) {
    struct reader *r = reader_of_thread(s);
    struct generation *g;
    if (!r) return NULL;
    do {
        g = atomic_load(&s->current);
        atomic_store(&r->holds, g);
    } while (
        g !=
        atomic_load(
            &s->current)); /* it may have been retired before `holds` was set: take the newer one */
    *out = g;
    return r;
}

/* A thread that leaves through its arena's guard holds its generation until it renders again, which
 * only delays freeing it. */
static void release_generation(struct site *s, struct reader *r) {
    atomic_store(&r->holds, NULL);
    if (!atomic_load_explicit(&s->retired, memory_order_relaxed) ||
        pthread_mutex_trylock(&s->lock) != 0)
        return;
    free_retired(s);
    pthread_mutex_unlock(&s->lock);
}

/* ---- Reading: by the tree -------------------------------------------------------------------- */

static void report_problems(const struct problem_log *problems, struct tree_problems *out) {
    for (const char *line = problems->text; *line;) {
        size_t n = strcspn(line, "\n");
        tree_problem(out, "%.*s", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

static bool concerns_site(const struct tree_changes *news) {
    bool yes = news->all || news->retry_broken;
    for (size_t i = 0; i < news->count && !yes; i++) yes = !site_is_temporary(news->paths[i]);
    return yes;
}

static enum err read_site(struct site *s, const struct generation *old, struct generation **out) {
    s->problems->len = 0;
    s->problems->text[0] = '\0';
    enum err e = generation_load(s, old, s->problems, out);
    if (e == OK && !old && (*out)->templates.count == 0) {
        problem_add(s->problems, "%s/site/templates: there are no templates in this folder\n",
                    s->root);
        generation_free(*out);
        e = ERR_INVALID;
    } else if (e == ERR_LIMIT)
        problem_add(s->problems, "site: its files do not fit into memory%s\n",
                    old ? "; what was read before stays" : "");
    return e;
}

static enum err load_site(void *site, void *old, const struct tree_changes *news, void **fresh) {
    struct site *s = site;
    struct generation *g = NULL;
    bool concerned = !old || concerns_site(news);
    *fresh = old;
    enum err e = concerned ? read_site(s, old, &g) : OK;
    if (e != ERR_BUSY && (old || e == OK)) /* at the start site_open reports the problems itself */
        report_problems(s->problems, news->problems);
    if (e || !concerned) return e;
    /* Set before the tree releases `old`. */
    atomic_store(&s->current, g);
    if (old) atomic_fetch_add(&s->edition, 1);
    *fresh = g;
    return OK;
}

unsigned page_edition(struct site *s) { return atomic_load(&s->edition); }

bool site_refresh(struct site *s) {
    tree_release(tree_hold(s->tree)); /* waits while changed files are read */
    unsigned edition = page_edition(s);
    return atomic_exchange(&s->seen, edition) != edition;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static struct site *site_new(const char *root) {
    struct site *s = calloc(1, sizeof *s);
    if (s) s->root = strdup(root);
    if (s && s->root && pthread_key_create(&s->reader_key, release_reader) == 0) {
        pthread_mutex_init(&s->lock, NULL);
        return s;
    }
    if (s) free(s->root);
    free(s);
    return NULL;
}

static enum err open_tree(struct site *s) {
    const struct tree_source source = {.name = "site_problem",
                                       .folders = {"site/templates", "site/locale", "site/static"},
                                       .load = load_site,
                                       .free = retire,
                                       .context = s};
    return tree_open(&s->tree, s->root, &source);
}

enum err site_open(struct site **out, const char *root, struct arena *a, const char **why) {
    *out = NULL;
    *why = NULL;
    struct problem_log *opening = calloc(1, sizeof *opening), *later;
    if (!opening) arena_starve(a);
    arena_defer(a, free, opening);
    struct site *s = site_new(root);
    if (!s) arena_starve(a);
    s->problems = opening;
    enum err e = open_tree(s);
    if (e == ERR_BUSY) problem_add(opening, "site: the files could not be read: memory is short\n");
    s->problems = later = malloc(sizeof *later);
    if (later) *later = *opening;
    if (e == OK && (!later || !tree_start(s->tree))) {
        problem_add(opening, "site: no thread could be started\n");
        e = ERR_BUSY;
    }
    if (opening->len) *why = opening->text;
    if (e) site_close(s);
    else *out = s;
    return e;
}

void site_close(struct site *s) {
    if (!s) return;
    pthread_key_delete(s->reader_key);
    tree_close(s->tree);
    for (struct generation *g = atomic_load(&s->retired), *next; g; g = next) {
        next = g->next;
        generation_free(g);
    }
    for (struct reader *r = atomic_load(&s->readers); r;) {
        struct reader *next = r->next;
        free(r);
        r = next;
    }
    blobs_free(s->blobs);
    for (size_t i = 0; i < s->locale_count; i++) locale_free(s->locales[i]);
    pthread_mutex_destroy(&s->lock);
    free(s->problems);
    free(s->root);
    free(s);
}

/* ---- Rendering ------------------------------------------------------------------------------- */

/* The nearest language of the site: the locale itself, a shorter form of it, or English. */
static size_t locale_index(const struct generation *g, const char *locale) {
    if (!locale) return 0;
    for (size_t len = strlen(locale); len;) {
        for (size_t i = 0; i < g->locale_count; i++)
            if (strlen(g->locale_names[i]) == len &&
                strncasecmp(g->locale_names[i], locale, len) == 0)
                return i;
        while (len && locale[--len] != '-') continue;
    }
    return 0;
}

enum err page_render(struct site *s, const char *name, const char *locale, struct view *v,
                     struct buf *out) {
    return page_render_cuts(s, name, locale, v, out, NULL);
}

enum err page_render_cuts(struct site *s, const char *name, const char *locale, struct view *v,
                          struct buf *out, struct page_cuts *cuts) {
    struct generation *g;
    struct reader *r = hold_generation(s, &g);
    if (!r) arena_starve(out->arena);
    int index = name_table_find(&g->templates, name);
    if (index < 0 || !g->parsed[index]) {
        release_generation(s, r);
        return ERR_NOT_FOUND;
    }
    /* Reserves the size of the last rendering and an eighth more, so that the text is rarely moved.
     */
    uint32_t hint = atomic_load_explicit(&g->size_hint[index], memory_order_relaxed);
    size_t before = out->len;
    buf_reserve(out, hint + hint / 8 + 512);
    if (!mustache_render_cuts(g->parsed[index], &g->env[locale_index(g, locale)], v, out, cuts))
        log_say(LOG_WARN, "page_cut",
                "the template %s nests or repeats too much; its page was cut off", name);
    size_t size = out->len - before;
    atomic_store_explicit(&g->size_hint[index], size > UINT32_MAX / 4 ? 0 : (uint32_t)size,
                          memory_order_relaxed);
    release_generation(s, r);
    return OK;
}

const char *page_text(struct site *s, const char *locale, const char *key, struct view *v,
                      struct arena *a) {
    struct generation *g;
    struct reader *r = hold_generation(s, &g);
    if (!r) arena_starve(a);
    struct buf out;
    buf_init(&out, a);
    int index = name_table_find(&g->texts, key);
    if (index >= 0 && g->messages[0][index])
        mustache_text(&g->env[locale_index(g, locale)], index, v, false, &out);
    else buf_puts(&out, key);
    release_generation(s, r);
    return buf_text(&out);
}

const char *page_hundredths(struct site *s, const char *locale, int64_t hundredths,
                            struct arena *a) {
    struct generation *g;
    struct reader *r = hold_generation(s, &g);
    if (!r) arena_starve(a);
    struct buf out;
    buf_init(&out, a);
    locale_hundredths(g->env[locale_index(g, locale)].locale, hundredths, &out);
    release_generation(s, r);
    return buf_text(&out);
}

const char *page_negotiate(struct site *s, const char *accept_language) {
    struct generation *g;
    struct reader *r = hold_generation(s, &g);
    if (!r) return "en";
    int best = locale_negotiate(accept_language, g->locale_names, g->locale_count);
    const char *name = g->locale_names[best < 0 ? 0 : best]; /* owned by the site */
    release_generation(s, r);
    return name;
}

bool page_locale_known(struct site *s, const char *locale) {
    struct generation *g;
    struct reader *r = hold_generation(s, &g);
    if (!r) return false;
    bool known = false;
    for (size_t i = 0; i < g->locale_count; i++) known |= str_eq(g->locale_names[i], locale);
    release_generation(s, r);
    return known;
}

size_t page_locales(struct site *s, const char *const **names, struct arena *a) {
    struct generation *g;
    struct reader *r = hold_generation(s, &g);
    if (!r) arena_starve(a);
    const char **copy = NEW_ARRAY(a, const char *, g->locale_count);
    memcpy(copy, g->locale_names, g->locale_count * sizeof *copy);
    size_t count = g->locale_count;
    release_generation(s, r);
    *names = copy;
    return count;
}

bool site_static(struct site *s, const char *path, struct static_file *out, bool *immutable) {
    struct generation *g;
    struct reader *r = hold_generation(s, &g);
    if (!r) return false;
    int index = path ? name_table_find(&g->statics, path) : -1;
    if (index >= 0) {
        const struct blob *b = g->files[index];
        *out = (struct static_file){b->type, b->etag, b->bytes, b->gzip, b->len, b->gzip_len};
        *immutable = g->immutable[index];
    }
    release_generation(s, r);
    return index >= 0;
}
