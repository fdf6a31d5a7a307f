/* The site that runs: the current generation of files, who still reads an older one, and rendering. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "page/site_inside.h"

/* ---- Generations: a reader publishes which one it holds, and that one is not freed --------------- */

static void leave_reader(void *thing) {
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
        if (!r) BUG("no memory for a reader of the site");
        atomic_store(&r->taken, true);
        r->next = atomic_load(&s->readers);
        while (!atomic_compare_exchange_weak(&s->readers, &r->next, r)) continue;
    }
    if (pthread_setspecific(s->reader_key, r) != 0) BUG("no memory for a reader of the site");
    return r;
}

/* Frees old generations that no thread holds. With s->reload locked. */
static void free_retired(struct site *s) {
    struct generation **at = &s->retired;
    while (*at) {
        struct generation *g = *at;
        bool held = false;
        for (struct reader *r = atomic_load(&s->readers); r && !held; r = r->next)
            held = atomic_load(&r->holds) == g;
        if (held) at = &g->next;
        else {
            *at = g->next;
            generation_free(g);
        }
    }
}

static void log_problems(const char *problems) {
    for (const char *line = problems; *line;) {
        size_t n = strcspn(line, "\n");
        log_say(LOG_WARN, "site_problem", "%.*s", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

/* With s->reload locked. */
static void read_again(struct site *s) {
    struct problem_log *problems = calloc(1, sizeof *problems);
    struct generation *old = atomic_load(&s->current),
                      *fresh = problems ? generation_load(s, old, problems) : NULL;
    if (problems) log_problems(problems->text);
    free(problems);
    if (!fresh) {
        log_say(LOG_ERROR, "site_reload",
                "the changed files of site/ could not be read; the earlier ones stay");
        return;
    }
    atomic_store(&s->current, fresh);
    atomic_fetch_add(&s->edition, 1);
    old->next = s->retired;
    s->retired = old;
}

unsigned page_edition(struct site *s) { return atomic_load(&s->edition); }

bool site_refresh(struct site *s) {
    if (pthread_mutex_trylock(&s->reload) != 0) return false; /* another thread is at it */
    uint64_t signature = site_signature(s->root);
    bool changed = signature != s->signature;
    if (changed) {
        read_again(s);
        s->signature = signature;
    }
    free_retired(s);
    pthread_mutex_unlock(&s->reload);
    return changed;
}

static struct reader *hold(struct site *s, struct generation **out) {
    int64_t now = clock_monotonic_ms(),
            due = atomic_load_explicit(&s->next_check_ms, memory_order_relaxed);
    if (now >= due && atomic_compare_exchange_strong(&s->next_check_ms, &due, now + CHECK_EVERY_MS))
        (void)site_refresh(s);
    struct reader *r = reader_of_thread(s);
    struct generation *g;
    do {
        g = atomic_load(&s->current);
        atomic_store(&r->holds, g);
    } while (g !=
             atomic_load(&s->current)); /* retired before it was published: take the newer one */
    *out = g;
    return r;
}

/* A thread that leaves through its arena's guard holds on until it renders again: that delays a release, no more. */
static void let_go(struct reader *r) { atomic_store(&r->holds, NULL); }

/* ---- Opening ------------------------------------------------------------------------------------- */

enum err site_open(struct site **out, const char *root, struct arena *a, const char **why) {
    *out = NULL;
    *why = NULL;
    struct problem_log *problems = calloc(1, sizeof *problems);
    arena_defer(a, free, problems);
    struct site *s = calloc(1, sizeof *s);
    if (!problems || !s) {
        free(s);
        arena_fail(a);
    }
    s->root = strdup(root);
    if (!s->root || pthread_key_create(&s->reader_key, leave_reader) != 0) {
        free(s->root);
        free(s);
        arena_fail(a);
    }
    pthread_mutex_init(&s->reload, NULL);
    s->signature = site_signature(root);
    struct generation *g = generation_load(s, NULL, problems);
    atomic_store(&s->current, g);
    if (g && g->templates.count == 0)
        problem_add(problems, "%s/site/templates: there are no templates in this folder\n", root);
    if (!g && problems->len == 0)
        problem_add(problems, "site: the files could not be read: out of memory\n");
    if (problems->len) *why = problems->text;
    if (!g || g->templates.count == 0) {
        site_close(s);
        return ERR_INVALID;
    }
    log_problems(problems->text);
    atomic_store(&s->next_check_ms, clock_monotonic_ms() + CHECK_EVERY_MS);
    *out = s;
    return OK;
}

void site_close(struct site *s) {
    if (!s) return;
    pthread_key_delete(s->reader_key);
    generation_free(atomic_load(&s->current));
    while (s->retired) {
        struct generation *g = s->retired;
        s->retired = g->next;
        generation_free(g);
    }
    for (struct reader *r = atomic_load(&s->readers); r;) {
        struct reader *next = r->next;
        free(r);
        r = next;
    }
    blobs_free(s->blobs);
    for (size_t i = 0; i < s->locale_count; i++) locale_free(s->locales[i]);
    pthread_mutex_destroy(&s->reload);
    free(s->root);
    free(s);
}

/* ---- Rendering ------------------------------------------------------------------------------------- */

/* The nearest language that there is: itself, a shorter form of it, English. */
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
    struct reader *r = hold(s, &g);
    int index = names_find(&g->templates, name);
    if (index < 0 || !g->parsed[index]) {
        let_go(r);
        return ERR_NOT_FOUND;
    }
    /* As large as last time and an eighth: then the text is written once and never moved. */
    uint32_t hint = atomic_load_explicit(&g->size_hint[index], memory_order_relaxed);
    size_t before = out->len;
    buf_reserve(out, hint + hint / 8 + 512);
    if (!mustache_render_cuts(g->parsed[index], &g->env[locale_index(g, locale)], v, out, cuts))
        log_say(LOG_WARN, "page_cut",
                "the template %s nests or repeats too much; its page was cut off", name);
    size_t size = out->len - before;
    atomic_store_explicit(&g->size_hint[index], size > UINT32_MAX / 4 ? 0 : (uint32_t)size,
                          memory_order_relaxed);
    let_go(r);
    return OK;
}

bool page_key(struct site *s, const char *name, const char *locale, const struct view *v,
              struct buf *key, struct page_aparts *aparts) {
    /* Read before what it counts: a page that is made meanwhile of newer files is never found under the newer number. */
    unsigned edition = page_edition(s);
    buf_add(key, (const char *)&edition, sizeof edition);
    buf_add(key, name, strlen(name) + 1);
    if (locale) buf_add(key, locale, strlen(locale) + 1);
    return view_key(v, key, aparts);
}

const char *page_text(struct site *s, const char *locale, const char *key, struct view *v,
                      struct arena *a) {
    struct generation *g;
    struct reader *r = hold(s, &g);
    struct buf out;
    buf_init(&out, a);
    int index = names_find(&g->texts, key);
    if (index >= 0 && g->messages[0][index])
        mustache_text(&g->env[locale_index(g, locale)], index, v, false, &out);
    else buf_puts(&out, key);
    let_go(r);
    return buf_text(&out);
}

const char *page_negotiate(struct site *s, const char *accept_language) {
    struct generation *g;
    struct reader *r = hold(s, &g);
    int best = locale_negotiate(accept_language, g->locale_names, g->locale_count);
    const char *name = g->locale_names[best < 0 ? 0 : best]; /* owned by the site */
    let_go(r);
    return name;
}

bool page_locale_known(struct site *s, const char *locale) {
    struct generation *g;
    struct reader *r = hold(s, &g);
    bool known = false;
    for (size_t i = 0; i < g->locale_count; i++) known |= str_eq(g->locale_names[i], locale);
    let_go(r);
    return known;
}

size_t page_locales(struct site *s, const char *const **names, struct arena *a) {
    struct generation *g;
    struct reader *r = hold(s, &g);
    const char **copy = NEW_ARRAY(a, const char *, g->locale_count);
    memcpy(copy, g->locale_names, g->locale_count * sizeof *copy);
    size_t count = g->locale_count;
    let_go(r);
    *names = copy;
    return count;
}

bool site_static(struct site *s, const char *path, struct static_file *out, bool *immutable) {
    struct generation *g;
    struct reader *r = hold(s, &g);
    int index = path ? names_find(&g->statics, path) : -1;
    if (index >= 0) {
        const struct blob *b = g->files[index];
        *out = (struct static_file){b->type, b->etag, b->bytes, b->gzip, b->len, b->gzip_len};
        *immutable = g->immutable[index];
    }
    let_go(r);
    return index >= 0;
}
