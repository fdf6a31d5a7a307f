/* The module's page: article, practice questions, progress; and the posts that record facts. */
#include <string.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content_private.h"
#include "content/content_progress.h"

#define PICTURE_BYTES ((size_t)4 * 1024 * 1024)

const char *content_text(struct request *r, const char *key) {
    return page_text(r->app->site, r->locale, key, NULL, r->arena);
}

/* ---- Practice questions ---------------------------------------------------------------------------------- */

static bool chosen(const char *choice, size_t option) {
    for (const char *p = choice; p && *p; p += strspn(p, ",")) {
        size_t n = strcspn(p, ",");
        int64_t value = 0;
        for (size_t i = 0; i < n && value < 1000; i++) value = value * 10 + (p[i] - '0');
        if ((size_t)value == option) return true;
        p += n;
    }
    return false;
}

/* After an answer: the feedback of what was chosen, and of every option once it was right. */
static void answered_view(struct view *v, const struct rendered *article,
                          const struct rendered_checkpoint *c, const struct given_answer *answer) {
    struct view *options = view_list(v, "options"), *feedback = view_list(v, "feedback");
    view_int(v, "number", c->number);
    view_html_lasting(v, "stem", c->stem, strlen(c->stem), article->serial);
    view_bool(v, "several", c->keys > 1);
    view_int(v, "keys", c->keys);
    view_bool(v, "answered", true);
    view_bool(v, "is_right", answer->right);
    for (size_t i = 0; i < c->option_count; i++) {
        const struct rendered_option *o = &c->options[i];
        bool taken = chosen(answer->choice, i + 1);
        struct view *item = view_item(options);
        view_int(item, "value", (int64_t)i + 1);
        view_html_lasting(item, "text", o->html, strlen(o->html), article->serial);
        view_bool(item, "checked", taken);
        view_bool(item, "key", answer->right && o->right);
        if (!o->feedback || !(taken || answer->right)) continue;
        struct view *f = view_item(feedback);
        view_html_lasting(f, "option", o->html, strlen(o->html), article->serial);
        view_html_lasting(f, "text", o->feedback, strlen(o->feedback), article->serial);
        view_bool(f, "right", o->right);
        view_bool(f, "taken", taken);
    }
}

static void html_piece(struct view *pieces, const char *html, size_t len, uint64_t serial,
                       bool token) {
    struct view *item = view_item(pieces);
    view_html_lasting(item, "html", html, len, serial);
    if (token) view_bool(item, "token", true);
}

/* The kept article, with the questions that this person has answered in the place of the fresh ones. */
static void article_view(struct view *pieces, const struct article *whole,
                         const struct rendered *article, const struct module_facts *facts) {
    size_t at = 0;
    for (size_t i = 0; i < article->checkpoint_count; i++) {
        const struct article_question *q = &whole->questions[i];
        const struct given_answer *answer = facts_answer(facts, article->checkpoints[i].key);
        if (!answer) {
            html_piece(pieces, whole->html + at, q->token - at, whole->serial, true);
            at = q->token;
            continue;
        }
        if (q->start > at)
            html_piece(pieces, whole->html + at, q->start - at, whole->serial, false);
        answered_view(view_object(view_item(pieces), "checkpoint"), article,
                      &article->checkpoints[i], answer);
        at = q->end;
    }
    if (whole->len > at)
        html_piece(pieces, whole->html + at, whole->len - at, whole->serial, false);
}

static void pieces_view(struct request *r, struct view *v, const struct rendered *article,
                        const char *module_id, const struct module_facts *facts) {
    struct view *pieces = view_list(v, "pieces");
    const struct article *whole = article_of(r, article, module_id);
    if (whole) {
        article_view(pieces, whole, article, facts);
        return;
    }
    for (size_t i = 0; i < article->piece_count; i++) {
        const struct rendered_piece *p = &article->pieces[i];
        if (p->html) {
            html_piece(pieces, p->html, p->len, article->serial, false);
            continue;
        }
        struct view *item = view_item(pieces);
        const struct given_answer *answer = facts_answer(facts, p->checkpoint->key);
        if (answer) answered_view(view_object(item, "checkpoint"), article, p->checkpoint, answer);
        else view_put(item, "checkpoint", p->checkpoint->fresh);
    }
}

/* ---- The page ------------------------------------------------------------------------------------------------ */

struct module_page {
    const struct content_snapshot *snapshot;
    const struct content_file *file;       /* in the reader's language */
    const struct content_module *original; /* facts name its sections */
    const struct rendered *article;
};

static enum err find_page(struct request *r, struct module_page *p) {
    /* The text may have changed again since the snapshot: then the newer one is taken. */
    for (int tries = 0; tries < 3; tries++) {
        p->snapshot = content_of(r);
        p->original = content_module(p->snapshot, r->param[0]);
        if (!p->original) return http_refuse(r, ERR_NOT_FOUND, "content_no_module", NULL);
        const char *lang = http_query(r, "lang");
        p->file = snapshot_module_in(p->snapshot, p->original->id, lang ? lang : r->locale);
        p->article = content_rendered(p->snapshot, p->file, r->db, r->arena);
        if (p->article) return OK;
    }
    return http_refuse(r, ERR_BUSY, "content_changing", NULL);
}

static void level_view(struct view *v, const struct content_programme *programme,
                       const char *level_id) {
    const struct content_level *level = content_level(programme, level_id);
    if (!level) return;
    view_text(v, "level", level->title);
    view_bool(v,
              level->number <= 1   ? "level_1"
              : level->number == 2 ? "level_2"
              : level->number == 3 ? "level_3"
                                   : "level_4",
              true);
}

static void link_view(struct request *r, struct view *v, const char *name,
                      const struct content_module *m) {
    if (!m) return;
    struct view *link = view_object(v, name);
    view_text(link, "href", arena_printf(r->arena, "/modules/%s", m->id));
    view_text(link, "title", m->title);
}

/* Before and after in the order that the level gives. */
static void neighbours_view(struct request *r, struct view *v, const struct content_snapshot *s,
                            const struct content_programme *programme,
                            const struct content_module *m) {
    const struct content_level *level = content_level(programme, m->level);
    for (size_t i = 0; level && i < level->module_count; i++) {
        if (!str_eq(level->modules[i], m->id)) continue;
        if (i > 0)
            link_view(r, v, "previous", content_module_in(s, level->modules[i - 1], r->locale));
        if (i + 1 < level->module_count)
            link_view(r, v, "next", content_module_in(s, level->modules[i + 1], r->locale));
        return;
    }
}

static enum err completed(struct request *r, const char *module_id, bool *done) {
    struct stmt *q;
    enum err e;
    *done = db_one(r->db, &q, &e, SQL_content_completed, "tt", r->who->person_id, module_id);
    if (*done) return stmt_end(q);
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err prerequisites_view(struct request *r, struct view *v,
                                   const struct content_snapshot *s,
                                   const struct content_module *m) {
    struct view *list = m->prerequisite_count ? view_list(v, "prerequisites") : NULL;
    for (size_t i = 0; i < m->prerequisite_count; i++) {
        const struct content_module *before = content_module_in(s, m->prerequisites[i], r->locale);
        bool done = true;
        enum err e = before ? completed(r, before->id, &done) : OK;
        if (e != OK) return e;
        if (done) continue;
        struct view *item = view_item(list);
        view_text(item, "href", arena_printf(r->arena, "/modules/%s", before->id));
        view_text(item, "title", before->title);
    }
    return OK;
}

static void sections_view(struct view *v, const struct module_page *p,
                          const struct module_facts *facts) {
    const struct content_module *m = p->original, *shown = p->file->module;
    struct view *list = view_list(v, "sections");
    bool same = shown->section_count == m->section_count;
    for (size_t i = 0; i < m->section_count; i++) {
        struct view *item = view_item(list);
        const struct content_named *section = same ? &shown->sections[i] : &m->sections[i];
        view_text(item, "id", m->sections[i].id);
        view_text(item, "anchor", section->id);
        view_text(item, "title", section->title);
        view_bool(item, "done", facts->state.done[i]);
    }
}

static void progress_view(struct request *r, struct view *v, const struct module_page *p,
                          const struct module_facts *facts) {
    struct content_module_progress progress = progress_end(&facts->state);
    struct view *o = view_object(v, "progress");
    view_int(o, "done", progress.sections_done);
    view_int(o, "total", progress.sections_total);
    view_int(o, "minutes_left", progress.minutes_left);
    view_int(o, "questions_answered", progress.checkpoints_answered);
    view_int(o, "questions", progress.checkpoints_total);
    view_int(o, "questions_left", progress.checkpoints_total - progress.checkpoints_answered);
    view_bool(o, "all_read", progress.sections_done == progress.sections_total);
    view_bool(o, "completed", progress.completed_ms != 0);
    if (progress.completed_ms)
        view_time(o, "completed_at", progress.completed_ms, r->locale, r->zone);
    if (progress.last_section && !progress.completed_ms) {
        /* In a translation the same section has another anchor. */
        const struct content_module *shown = p->file->module;
        bool same = shown->section_count == p->original->section_count;
        view_text(o, "last_section",
                  same ? shown->sections[facts->state.last_section].id : progress.last_section);
    }
    sections_view(v, p, facts);
}

static void languages_view(struct request *r, struct view *v, const struct module_page *p) {
    const struct content_module *shown = p->file->module;
    view_bool(v, "stale", shown->translates && !str_eq(shown->translates, p->original->version));
    struct view *list = NULL;
    for (size_t i = 0; i < p->snapshot->translation_count; i++) {
        const struct content_file *t = p->snapshot->translations[i];
        if (!str_eq(t->module->id, p->original->id)) continue;
        if (!list) list = view_list(v, "languages");
        struct view *item = view_item(list);
        view_text(item, "lang", t->lang);
        view_text(item, "href",
                  arena_printf(r->arena, "/modules/%s?lang=%s", p->original->id, t->lang));
        view_bool(item, "current", t == p->file);
    }
    if (!list) return;
    struct view *item = view_item(list);
    view_text(item, "lang", p->original->lang);
    view_text(item, "href",
              arena_printf(r->arena, "/modules/%s?lang=%s", p->original->id, p->original->lang));
    view_bool(item, "current", p->file->module == p->original);
}

static void crumbs_view(struct request *r, struct view *v,
                        const struct content_programme *programme, const char *title) {
    if (!programme) return;
    struct view *crumbs = view_list(v, "crumbs"), *item = view_item(crumbs);
    view_text(item, "href", arena_printf(r->arena, "/programmes/%s", programme->id));
    view_text(item, "text", programme->title);
    view_text(view_item(crumbs), "text", title);
}

static enum err show_module(struct request *r, struct module_page *p) {
    const struct content_module *m = p->file->module;
    const struct content_programme *programme = content_programme(p->snapshot, m->programme);
    struct module_facts facts;
    enum err e = content_facts(r->db, r->arena, r->who->person_id, p->original, &facts);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    view_text(v, "title", m->title);
    view_text(v, "summary", m->summary);
    view_text(v, "module_id", m->id);
    view_text(v, "module_lang", m->lang);
    view_text(v, "module_dir", page_direction(m->lang));
    view_int(v, "minutes", m->minutes);
    view_text(v, "domain", content_domain_title(programme, m->domain));
    if (!str_eq(m->persona, "all")) view_text(v, "persona", m->persona);
    level_view(v, programme, m->level);
    view_put(v, "toc", p->article->toc);
    view_put(v, "objectives", p->article->objectives);
    view_bool(v, "has_toc", p->article->heading_count > 0);
    pieces_view(r, v, p->article, m->id, &facts);
    progress_view(r, v, p, &facts);
    languages_view(r, v, p);
    neighbours_view(r, v, p->snapshot, programme, p->original);
    crumbs_view(r, v, programme, m->title);
    view_bool(v, "broken", p->file->broken && http_has_role(r, ROLE_INSTRUCTOR | ROLE_ADMIN));
    e = prerequisites_view(r, v, p->snapshot, p->original);
    return e == OK ? http_page(r, "content_module", v) : e;
}

enum err content_module_page(struct request *r) {
    struct module_page p;
    enum err e = find_page(r, &p);
    return e == OK ? show_module(r, &p) : e;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

struct answer_job {
    struct module_page page;
    const struct rendered_checkpoint *checkpoint;
    struct given_answer given;
    const char *person_id;
};

static enum err record_answer(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct answer_job *j = arg;
    return content_record_answer(db, a, now_ms, j->person_id, j->page.original,
                                 j->checkpoint->number, j->given.choice, j->given.right);
}

static enum err answer_recorded(struct request *r, void *arg, enum err result) {
    struct answer_job *j = arg;
    if (result == ERR_LIMIT) return http_refuse(r, result, "content_answers_many", NULL);
    if (result != OK) return result;
    if (!r->fragment)
        return http_redirect(r, arena_printf(r->arena, "/modules/%s#checkpoint-%d",
                                             j->page.original->id, j->checkpoint->number));
    struct view *v = view_new(r->arena);
    view_text(v, "module_id", j->page.original->id);
    answered_view(v, j->page.article, j->checkpoint, &j->given);
    return http_page(r, "content_checkpoint", v);
}

/* Reads option numbers; all keys and nothing else is right. */
static bool read_choice(struct request *r, const struct rendered_checkpoint *c,
                        struct given_answer *out) {
    const char *const *values;
    size_t count = http_fields(r, "choice[]", &values);
    bool taken[CHECKPOINT_OPTIONS + 1] = {false};
    for (size_t i = 0; i < count; i++) {
        int64_t n;
        if (!parse_i64(values[i], 1, (int64_t)c->option_count, &n)) return false;
        taken[n] = true;
    }
    if (count == 0 || (c->keys == 1 && count > 1)) return false;
    struct buf b;
    buf_init(&b, r->arena);
    out->right = true;
    for (size_t i = 0; i < c->option_count; i++) {
        if (taken[i + 1]) buf_printf(&b, "%s%zu", b.len ? "," : "", i + 1);
        out->right = out->right && taken[i + 1] == c->options[i].right;
    }
    out->choice = buf_text(&b);
    return true;
}

enum err content_checkpoint_post(struct request *r) {
    struct answer_job *j = NEW(r->arena, struct answer_job);
    enum err e = find_page(r, &j->page);
    if (e != OK) return e;
    int64_t n;
    if (!parse_i64(r->param[1], 1, (int64_t)j->page.article->checkpoint_count, &n))
        return http_refuse(r, ERR_NOT_FOUND, "content_no_checkpoint", NULL);
    j->checkpoint = &j->page.article->checkpoints[n - 1];
    j->person_id = r->who->person_id;
    if (!read_choice(r, j->checkpoint, &j->given)) {
        if (!r->fragment)
            return http_redirect(r, arena_printf(r->arena, "/modules/%s#checkpoint-%lld",
                                                 j->page.original->id, (long long)n));
        return http_refuse(r, ERR_INVALID, "content_no_choice", NULL);
    }
    j->given.checkpoint = j->checkpoint->key;
    return http_write(r, record_answer, j, answer_recorded);
}

/* ---- Progress ------------------------------------------------------------------------------------------------------ */

struct reading_job {
    const struct content_module *module;
    const char *person_id, *section; /* "*": all that are left */
    int position_permille;
    bool done, quiet;
};

static enum err record_reading(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct reading_job *j = arg;
    struct module_facts facts;
    bool all = str_eq(j->section, "*");
    enum err e = all || j->done ? content_facts(db, a, j->person_id, j->module, &facts) : OK;
    if (e != OK) return e;
    if (!all) {
        int i = progress_section(j->module, j->section);
        /* Said before: nothing new to keep. */
        if (j->done && i >= 0 && facts.state.done[i] && facts.state.completed_ms) return OK;
        return content_record_reading(db, a, now_ms, j->person_id, j->module, j->section,
                                      j->position_permille, j->done);
    }
    for (size_t i = 0; e == OK && i < j->module->section_count; i++)
        if (!facts.state.done[i])
            e = content_record_reading(db, a, now_ms, j->person_id, j->module,
                                       j->module->sections[i].id, 1000, true);
    return e;
}

static enum err reading_recorded(struct request *r, void *arg, enum err result) {
    struct reading_job *j = arg;
    if (result != OK) return result;
    if (j->quiet) return http_bytes(r, 204, NULL, "", 0, true);
    return http_redirect(r,
                         arena_printf(r->arena, "/modules/%s#%s", j->module->id, "page-progress"));
}

enum err content_progress_post(struct request *r) {
    struct reading_job *j = NEW(r->arena, struct reading_job);
    const struct content_snapshot *s = content_of(r);
    j->module = content_module(s, r->param[0]);
    if (!j->module) return http_refuse(r, ERR_NOT_FOUND, "content_no_module", NULL);
    j->person_id = r->who->person_id;
    j->section = http_field(r, "section");
    j->quiet = http_field(r, "quiet") != NULL;
    const char *done = http_field(r, "done"), *position = http_field(r, "position");
    j->done = done && str_eq(done, "1");
    int64_t permille = j->done ? 1000 : 0;
    if (!j->section || (!str_eq(j->section, "*") && progress_section(j->module, j->section) < 0))
        return http_refuse(r, ERR_INVALID, "content_no_section", NULL);
    if (position && !parse_i64(position, 0, 1000, &permille)) {
        struct view *v = view_new(r->arena);
        view_int(v, "limit", 1000);
        return http_refuse(r, ERR_INVALID, "content_no_position", v);
    }
    j->position_permille = (int)permille;
    return http_write(r, record_reading, j, reading_recorded);
}

/* ---- Pictures ------------------------------------------------------------------------------------------------------- */

static const char *picture_type(const char *name) {
    static const struct {
        const char *suffix, *type;
    } types[] = {{".svg", "image/svg+xml"},
                 {".png", "image/png"},
                 {".jpg", "image/jpeg"},
                 {".webp", "image/webp"},
                 {".gif", "image/gif"}};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_has_suffix(name, types[i].suffix)) return types[i].type;
    return NULL;
}

static bool name_safe(const char *name) {
    return name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               strlen(name) &&
           strlen(name) < 128;
}

enum err content_file_page(struct request *r) {
    const struct content_file *f = snapshot_module(content_of(r), r->param[0]);
    const char *name = r->param[1], *type = picture_type(name);
    size_t len = 0;
    char *bytes = NULL;
    if (f && type && name_safe(name)) {
        const char *slash = strrchr(f->path, '/');
        bytes = file_read(r->arena,
                          arena_printf(r->arena, "%s/%.*s/img/%s", r->app->root,
                                       (int)(slash - f->path), f->path, name),
                          PICTURE_BYTES, &len);
    }
    if (!bytes) return http_refuse(r, ERR_NOT_FOUND, "content_no_picture", NULL);
    /* A drawing is a document when it is opened on its own: it may show itself and do nothing else. */
    http_header_out(r, "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    if (http_etag(r, version_of(r->arena, bytes, len))) return OK;
    return http_bytes(r, 200, type, bytes, len, true);
}
