/* The author's page: courses and their health. What the check finds is kept until a file changes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

#define HEALTH_BYTES ((size_t)512 * 1024 * 1024)
#define SHOWN_PROBLEMS 200

struct content_health {
    struct arena arena;
    struct diag_list diags;
    struct foreign_file *foreign; /* of exams and labs, by path */
    size_t foreign_count;
    int64_t serial;
    atomic_int refs;
};

void health_free(struct content_health *h) {
    if (!h || atomic_fetch_sub(&h->refs, 1) != 1) return;
    arena_release(&h->arena);
    free(h);
}

static void release_health(void *h) { health_free(h); }

void content_add_check(struct content *c,
                       void (*check)(const char *root, struct diag_list *diags)) {
    pthread_mutex_lock(&c->check_lock);
    BUG_IF(c->check_count == COUNT_OF(c->checks)); /* called by serve.c, once a room */
    c->checks[c->check_count++] = check;
    pthread_mutex_unlock(&c->check_lock);
}

/* By file and line, errors first within a line, then by column: an author goes through a file from
 * above. */
static int by_place(const void *a, const void *b) {
    const struct diag *x = *(const struct diag *const *)a, *y = *(const struct diag *const *)b;
    int order = strcmp(x->file, y->file);
    if (!order) order = (x->line > y->line) - (x->line < y->line);
    if (!order) order = (x->severity != SEVERITY_ERROR) - (y->severity != SEVERITY_ERROR);
    return order ? order : (x->column > y->column) - (x->column < y->column);
}

static void put_in_order(struct diag_list *l) {
    size_t count = (size_t)(l->errors + l->warnings), i = 0;
    struct diag **all = NEW_ARRAY(l->arena, struct diag *, count + 1);
    for (struct diag *d = l->first; d; d = d->next) all[i++] = d;
    if (count) qsort(all, count, sizeof *all, by_place);
    for (i = 0; i < count; i++) all[i]->next = all[i + 1];
    l->first = all[0];
}

static bool run_checks(struct content *c, struct content_health *h) {
    arena_init(&h->arena, HEALTH_BYTES);
    diag_init(&h->diags, &h->arena);
    volatile bool ok = false;
    if (ARENA_GUARD(&h->arena) == 0) {
        content_check_tree(c->root, &h->diags);
        for (size_t i = 0; i < c->check_count; i++) c->checks[i](c->root, &h->diags);
        put_in_order(&h->diags);
        author_foreign_find(c->root, &h->diags, &h->arena, &h->foreign, &h->foreign_count);
        ok = true;
    }
    h->arena.guarded = false;
    return ok;
}

/* What the last check found, when the files have not changed since; else NULL. The caller releases
 * it. */
static struct content_health *found_before(struct content *c, int64_t serial) {
    pthread_mutex_lock(&c->check_lock);
    struct content_health *h = c->health && c->health->serial == serial ? c->health : NULL;
    if (h) atomic_fetch_add(&h->refs, 1);
    pthread_mutex_unlock(&c->check_lock);
    return h;
}

struct check_request {
    const char *folder, *id, *missing; /* of content_hidden_page */
    const char *file;                  /* out: that file; NULL: there is none */
    int64_t serial;
    bool again; /* check again although content/ is unchanged: other rooms' files are not watched */
    struct content_health *health;
};

/* RULE author-check: the time of a check grows with the number of files. One thread does it for all
 * who ask, so that it blocks no other request. */
static enum err check_all(struct request *r, void *arg) {
    struct content *c = r->app->content;
    struct check_request *x = arg;
    if (!x->again) x->health = found_before(c, x->serial); /* for whoever asked before */
    if (x->health) return OK;
    struct content_health *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return ERR_BUSY;
    fresh->serial = x->serial;
    atomic_init(&fresh->refs, 2); /* this request's, and the one that is kept */
    if (!run_checks(c, fresh)) {
        atomic_store(&fresh->refs, 1);
        health_free(fresh);
        return ERR_BUSY;
    }
    pthread_mutex_lock(&c->check_lock);
    struct content_health *old = c->health;
    c->health = fresh;
    pthread_mutex_unlock(&c->check_lock);
    health_free(old);
    x->health = fresh;
    return OK;
}

static enum err show(struct request *r, void *arg, enum err result) {
    const struct content_snapshot *s = content_of(r);
    struct check_request *x = arg;
    struct content_health *h = x->health;
    if (h) arena_defer(r->arena, release_health, h);
    if (result != OK) return result;
    struct view *v = view_new(r->arena);
    const char *only = http_query(r, "file");
    struct author_file *files = author_files(s, &h->diags, r->arena);
    size_t shown = author_problems(r, s, files, &h->diags, only, SHOWN_PROBLEMS,
                                   view_list(v, "problems"));
    view_text(v, "title", content_text(r, "content_author_title"));
    view_text(v, "only", only);
    view_int(v, "errors", h->diags.errors);
    view_int(v, "warnings", h->diags.warnings);
    view_bool(v, "healthy", h->diags.errors == 0 && h->diags.warnings == 0);
    view_bool(v, "cut", shown == SHOWN_PROBLEMS);
    author_courses(r, s, files,
                   author_foreign_files(h->foreign, h->foreign_count, &h->diags, r->arena),
                   h->foreign_count, v);
    return http_page(r, "content_author", v);
}

enum err content_author_page(struct request *r) {
    struct content *c = r->app->content;
    struct check_request *x = NEW(r->arena, struct check_request);
    x->serial = content_of(r)->serial;
    x->again = http_query(r, "again") != NULL;
    if (!x->again) x->health = found_before(c, x->serial);
    return x->health ? show(r, x, OK) : http_offload(r, c->checker, check_all, x, show);
}

/* ---- What is hidden ------------------------------------------------------------------------- */

static bool is_called(struct request *r, const struct check_request *x, const char *file) {
    return content_named_after(file, x->id) ||
           content_file_has_field(r->app->content->root, file, "id", x->id, r->arena);
}

static enum err find_hidden(struct request *r, void *arg) {
    struct check_request *x = arg;
    enum err e = check_all(r, x);
    const char *last = NULL;
    for (const struct diag *d = e == OK ? x->health->diags.first : NULL; d && !x->file;
         d = d->next) {
        if (d->severity != SEVERITY_ERROR || !str_has_prefix(d->file, x->folder) ||
            (last && str_eq(last, d->file)))
            continue;
        last = d->file;
        if (is_called(r, x, d->file)) x->file = d->file;
    }
    return e;
}

static enum err show_hidden(struct request *r, void *arg, enum err result) {
    struct check_request *x = arg;
    if (x->health) arena_defer(r->arena, release_health, x->health);
    if (result != OK) return result;
    if (!x->file) return http_refuse(r, ERR_NOT_FOUND, x->missing, NULL);
    const struct content_snapshot *s = content_of(r);
    struct view *v = view_new(r->arena);
    const struct diag_list *found = &x->health->diags;
    author_problems(r, s, author_files(s, found, r->arena), found, x->file, SHOWN_PROBLEMS,
                    view_list(v, "problems"));
    view_text(v, "title", content_text(r, "content_hidden_title"));
    view_text(v, "file", x->file);
    view_text(v, "name", author_title(r->app->content->root, x->file, r->arena));
    return http_page_status(r, 404, "content_hidden", v);
}

enum err content_hidden_page(struct request *r, const char *folder, const char *id,
                             const char *missing) {
    if (!http_has_role(r, ROLE_INSTRUCTOR | ROLE_ADMIN))
        return http_refuse(r, ERR_NOT_FOUND, missing, NULL);
    struct content *c = r->app->content;
    struct check_request *x = NEW(r->arena, struct check_request);
    *x = (struct check_request){
        .folder = folder, .id = id, .missing = missing, .serial = content_of(r)->serial};
    return http_offload(r, c->checker, find_hidden, x, show_hidden);
}
