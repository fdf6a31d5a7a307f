/* The module's page: article, practice questions, progress; and the posts that record facts. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "content/content_attached.h"
#include "content/content_private.h"
#include "content/content_progress.h"
#include "content/content_sql.h"

const char *content_text(struct request *r, const char *key) {
    return page_text(r->app->site, r->locale, key, NULL, r->arena);
}

/* ---- Practice questions
 * ---------------------------------------------------------------------------------- */

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
static void answered_view(struct view *v, const struct rendered_checkpoint *c,
                          const struct given_answer *answer) {
    struct view *options = view_list(v, "options"), *feedback = view_list(v, "feedback");
    view_int(v, "number", c->number);
    view_html_borrow(v, "stem", c->stem, strlen(c->stem));
    view_bool(v, "several", c->keys > 1);
    view_int(v, "keys", c->keys);
    view_bool(v, "says_keys", c->stem_says_count);
    view_bool(v, "answered", true);
    view_bool(v, "is_right", answer->right);
    for (size_t i = 0; i < c->option_count; i++) {
        const struct rendered_option *o = &c->options[i];
        bool taken = chosen(answer->choice, i + 1);
        struct view *item = view_item(options);
        view_int(item, "value", (int64_t)i + 1);
        view_html_borrow(item, "text", o->html, strlen(o->html));
        view_bool(item, "checked", taken);
        view_bool(item, "key", answer->right && o->right);
        if (!o->feedback || !(taken || answer->right)) continue;
        struct view *f = view_item(feedback);
        view_html_borrow(f, "option", o->html, strlen(o->html));
        view_html_borrow(f, "text", o->feedback, strlen(o->feedback));
        view_bool(f, "right", o->right);
        view_bool(f, "taken", taken);
    }
}

static void html_piece(struct view *pieces, const char *html, size_t len, bool token) {
    struct view *item = view_item(pieces);
    view_html_borrow(item, "html", html, len);
    if (token) view_bool(item, "token", true);
}

/* An answer that was not taken: what was chosen, and the sentence that says why. */
struct refused_answer {
    int number;         /* of the question */
    const char *choice; /* "1,4" */
    const char *problem;
};

/* The question as it was sent, with what was chosen. */
static void refused_view(struct view *v, const struct rendered_checkpoint *c,
                         const struct refused_answer *refused) {
    fresh_checkpoint_view(v, c);
    struct view *options = view_list(v, "options");
    for (size_t i = 0; i < c->option_count; i++) {
        struct view *item = view_item(options);
        view_int(item, "value", (int64_t)i + 1);
        view_html_borrow(item, "text", c->options[i].html, strlen(c->options[i].html));
        view_bool(item, "checked", chosen(refused->choice, i + 1));
    }
    view_text(v, "problem", refused->problem);
}

struct module_page {
    const struct content_snapshot *snapshot;
    const struct content_file *file;       /* in the reader's language */
    const struct content_module *original; /* facts name its sections and questions */
    const struct rendered *article;
    bool questions_match; /* the questions of `file` are those of the original, one by one */
    const struct refused_answer *refused; /* NULL: none */
};

/* RULE one-progress: an answer is a fact about the original's question, in whichever language it
 * was given. A translation whose questions, options or keys are others than the original's has none
 * that could be told to be the same. */
static bool same_questions(const struct content_module *a, const struct content_module *b) {
    if (a->checkpoint_count != b->checkpoint_count) return false;
    for (size_t i = 0; i < a->checkpoint_count; i++)
        if (!str_eq(a->checkpoint_shapes[i], b->checkpoint_shapes[i])) return false;
    return true;
}

/* Of a question that this person has answered, or whose answer was just refused. False: it is as
 * everybody sees it. */
static bool own_question_view(struct view *v, const struct module_page *p,
                              const struct rendered_checkpoint *c,
                              const struct given_answer *answer) {
    if (p->refused && p->refused->number == c->number) refused_view(v, c, p->refused);
    else if (answer) answered_view(v, c, answer);
    else return false;
    return true;
}

static const struct given_answer *answer_to(const struct module_page *p,
                                            const struct module_facts *facts, int number) {
    return p->questions_match ? facts_answer(facts, p->original->checkpoints[number - 1]) : NULL;
}

/* The cached article, in which the questions that this person has answered are replaced. */
static void article_view(struct request *r, struct view *pieces, const struct article *whole,
                         const struct module_page *p, const struct module_facts *facts) {
    const struct rendered *article = p->article;
    size_t at = 0;
    for (size_t i = 0; i < article->checkpoint_count; i++) {
        const struct article_question *q = &whole->questions[i];
        const struct given_answer *answer = answer_to(p, facts, article->checkpoints[i].number);
        struct view *question = view_new(r->arena);
        if (!own_question_view(question, p, &article->checkpoints[i], answer)) {
            html_piece(pieces, whole->html + at, q->token - at, true);
            at = q->token;
            continue;
        }
        if (q->start > at) html_piece(pieces, whole->html + at, q->start - at, false);
        article_words(r, question, article);
        view_put(view_item(pieces), "checkpoint", question);
        at = q->end;
    }
    if (whole->len > at) html_piece(pieces, whole->html + at, whole->len - at, false);
}

static void pieces_view(struct request *r, struct view *v, const struct module_page *page,
                        const struct module_facts *facts) {
    struct view *pieces = view_list(v, "pieces");
    const struct rendered *article = page->article;
    const struct article *whole = article_of(r, article, page->original->id);
    if (whole) {
        article_view(r, pieces, whole, page, facts);
        return;
    }
    article_words(r, v, article);
    for (size_t i = 0; i < article->piece_count; i++) {
        const struct rendered_piece *p = &article->pieces[i];
        if (p->html) {
            html_piece(pieces, p->html, p->len, false);
            continue;
        }
        struct view *question = view_new(r->arena);
        const struct given_answer *answer = answer_to(page, facts, p->checkpoint->number);
        bool own = own_question_view(question, page, p->checkpoint, answer);
        view_put(view_item(pieces), "checkpoint", own ? question : p->checkpoint->fresh);
    }
}

/* ---- The page ------------------------------------------------------------------------------- */

static enum err find_page(struct request *r, struct module_page *p) {
    /* The text may have changed again since the snapshot: then the newer one is taken. */
    for (int tries = 0; tries < 3; tries++) {
        p->snapshot = content_of(r);
        p->original = content_module(p->snapshot, r->param[0]);
        if (!p->original) return http_refuse(r, ERR_NOT_FOUND, "content_no_module", NULL);
        const struct reading reading = reading_of(r);
        p->file = snapshot_module_for(p->snapshot, p->original->id, &reading);
        p->questions_match = same_questions(p->file->module, p->original);
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

static void link_view(struct request *r, struct view *link, const struct content_snapshot *s,
                      const struct content_module *m) {
    view_text(link, "href", arena_printf(r->arena, "/modules/%s", m->id));
    content_view_text(r, link, "title", m->title, content_module_lang(s, m));
}

static void neighbour_view(struct request *r, struct view *v, const char *name,
                           const struct content_snapshot *s, const char *id) {
    const struct content_module *m = content_module_for(r, s, id);
    if (m) link_view(r, view_object(v, name), s, m);
}

/* Before and after in the order that the level gives; behind its last module, what else it asks. */
static enum err neighbours_view(struct request *r, struct view *v, const struct content_snapshot *s,
                                const struct content_programme *programme,
                                const struct content_module *m) {
    const struct content_level *level = content_level(programme, m->level);
    for (size_t i = 0; level && i < level->module_count; i++) {
        if (!str_eq(level->modules[i], m->id)) continue;
        if (i > 0) neighbour_view(r, v, "previous", s, level->modules[i - 1]);
        if (i + 1 == level->module_count) return content_after_modules(r, s, programme, level, v);
        neighbour_view(r, v, "next", s, level->modules[i + 1]);
        return OK;
    }
    return OK;
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
        const struct content_module *before = content_module_for(r, s, m->prerequisites[i]);
        bool done = true;
        enum err e = before ? completed(r, before->id, &done) : OK;
        if (e != OK) return e;
        if (done) continue;
        link_view(r, view_item(list), s, before);
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

/* What the page's parts need that an answer can change: they are sent again with it. */
static struct view *standing_view(struct request *r, struct view *v,
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
    view_bool(o, "may_read_again", progress_may_read_again(&facts->state, r->now_ms));
    if (progress.completed_ms)
        view_time(o, "completed_at", progress.completed_ms, r->locale, r->zone);
    return o;
}

static void progress_view(struct request *r, struct view *v, const struct module_page *p,
                          const struct module_facts *facts) {
    struct content_module_progress progress = progress_end(&facts->state);
    struct view *o = standing_view(r, v, facts);
    if (progress.last_section && !progress.completed_ms) {
        /* In a translation the same section has another anchor. */
        const struct content_module *shown = p->file->module;
        bool same = shown->section_count == p->original->section_count;
        view_text(o, "last_section",
                  same ? shown->sections[facts->state.last_section].id : progress.last_section);
    }
    sections_view(v, p, facts);
}

static void language_view(struct request *r, struct view *list, const char *lang, bool current) {
    struct view *item = view_item(list);
    view_text(item, "lang", lang);
    view_text(item, "dir", page_direction(lang));
    view_text(item, "name", page_language_name(r->arena, lang));
    view_bool(item, "current", current);
}

/* A choice only where there is one; and what a translation has to say about itself. */
static void languages_view(struct request *r, struct view *v, const struct module_page *p) {
    const struct content_module *shown = p->file->module;
    const char *own = content_module_lang(p->snapshot, p->original);
    size_t count;
    const struct content_file *const *all = snapshot_translations(p->snapshot, p->original->id,
                                                                  &count);
    view_bool(v, "stale", shown->translates && !str_eq(shown->translates, p->original->version));
    view_bool(v, "apart", !p->questions_match);
    if (count == 0) return;
    view_text(v, "original_href", arena_printf(r->arena, "/modules/%s?lang=%s", shown->id, own));
    view_text(v, "original_lang", own);
    view_text(v, "original_dir", page_direction(own));
    view_text(v, "original_title", p->original->title);
    struct view *list = view_list(v, "languages");
    language_view(r, list, own, shown == p->original);
    for (size_t i = 0; i < count && i < LANGUAGES_MAX; i++)
        language_view(r, list, all[i]->lang, all[i] == p->file);
}

static void crumbs_view(struct request *r, struct view *v,
                        const struct content_programme *programme, const char *title,
                        const char *lang) {
    if (!programme) return;
    struct view *crumbs = view_list(v, "crumbs"), *item = view_item(crumbs);
    view_text(item, "href", arena_printf(r->arena, "/programmes/%s", programme->id));
    content_view_text(r, item, "text", programme->title, programme->lang ? programme->lang : "en");
    content_view_text(r, view_item(crumbs), "text", title, lang);
}

static enum err show_module(struct request *r, struct module_page *p) {
    const struct content_module *m = p->file->module;
    const struct content_programme *programme = content_programme(p->snapshot, m->programme);
    struct module_facts facts;
    enum err e = content_facts(r->db, r->arena, r->who->person_id, p->original, &facts);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    const char *lang = p->article->lang;
    content_view_text(r, v, "title", m->title, lang);
    content_view_text(r, v, "own", NULL,
                      lang); /* all that the lists of sections and objectives hold */
    view_text(v, "summary", m->summary);
    view_text(v, "module_id", m->id);
    view_text(v, "module_lang", lang);
    view_text(v, "module_dir", page_direction(lang));
    view_int(v, "minutes", m->minutes);
    view_text(v, "domain", content_domain_title(programme, m->domain));
    if (!str_eq(m->persona, "all")) view_text(v, "persona", m->persona);
    level_view(v, programme, m->level);
    view_put(v, "toc", p->article->toc);
    view_put(v, "objectives", p->article->objectives);
    view_bool(v, "has_math", p->article->has_math);
    view_bool(v, "has_toc", p->article->heading_count > 0);
    pieces_view(r, v, p, &facts);
    progress_view(r, v, p, &facts);
    languages_view(r, v, p);
    crumbs_view(r, v, programme, m->title, lang);
    view_bool(v, "broken", p->file->broken && http_has_role(r, ROLE_INSTRUCTOR | ROLE_ADMIN));
    e = neighbours_view(r, v, p->snapshot, programme, p->original);
    if (e == OK) e = prerequisites_view(r, v, p->snapshot, p->original);
    if (p->refused) {
        struct view *error = view_item(view_list(v, "errors"));
        view_text(error, "field", arena_printf(r->arena, "checkpoint-%d", p->refused->number));
        view_text(error, "text", p->refused->problem);
    }
    return e == OK ? http_page_status(r, p->refused ? 400 : 200, "content_module", v) : e;
}

enum err content_module_page(struct request *r) {
    struct module_page p = {0};
    if (!content_module(content_of(r), r->param[0]))
        return content_hidden_page(r, "content/", r->param[0], "content_no_module");
    enum err e = find_page(r, &p);
    return e == OK ? show_module(r, &p) : e;
}

/* ---- Answers -------------------------------------------------------------------------------- */

struct answer_job {
    struct module_page page;
    const struct rendered_checkpoint *checkpoint;
    struct given_answer given;
    const char *person_id;
    int64_t waited_ms; /* in the browser, for want of a connection */
};

/* The longest wait that is accepted, since the browser tells it. */
#define WAITED_MOST_MS (30 * MS_DAY)

static int64_t waited_ms(struct request *r) {
    int64_t ms = 0;
    return parse_i64(http_field(r, "waited"), 0, WAITED_MOST_MS, &ms) ? ms : 0;
}

static enum err record_answer(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct answer_job *j = arg;
    return content_record_answer(db, a, now_ms - j->waited_ms, j->person_id, j->page.original,
                                 j->checkpoint->number, j->given.choice, j->given.right);
}

/* Sends a part of the page, with the progress that the fact just recorded has changed. */
static enum err show_standing(struct request *r, struct view *v, const char *name,
                              const struct content_module *m) {
    struct module_facts facts;
    enum err e = content_facts(r->db, r->arena, r->who->person_id, m, &facts);
    if (e != OK) return e;
    standing_view(r, v, &facts);
    return http_page(r, name, v);
}

/* In the language that the question was answered in. */
static enum err back_to(struct request *r, const struct module_page *p, int number) {
    const char *lang = http_query(r, "lang") ? p->article->lang : NULL;
    return http_redirect(r, arena_printf(r->arena, "/modules/%s%s%s#checkpoint-%d", p->original->id,
                                         lang ? "?lang=" : "", lang ? lang : "", number));
}

static enum err answer_recorded(struct request *r, void *arg, enum err result) {
    struct answer_job *j = arg;
    if (result == ERR_LIMIT) return http_refuse(r, result, "content_answers_many", NULL);
    if (result != OK) return result;
    if (!r->fragment) return back_to(r, &j->page, j->checkpoint->number);
    struct view *v = view_new(r->arena);
    article_words(r, v, j->page.article);
    view_text(v, "module_id", j->page.original->id);
    answered_view(v, j->checkpoint, &j->given);
    return show_standing(r, v, "content_answered", j->page.original);
}

/* Reads option numbers, and gives how many there are; all keys and nothing else is right. */
static int read_choice(struct request *r, const struct rendered_checkpoint *c,
                       struct given_answer *out) {
    const char *const *values;
    size_t count = http_fields(r, "choice[]", &values);
    bool taken[CHECKPOINT_OPTIONS + 1] = {false};
    for (size_t i = 0; i < count; i++) {
        int64_t n;
        if (parse_i64(values[i], 1, (int64_t)c->option_count, &n)) taken[n] = true;
    }
    struct buf b;
    int chosen_count = 0;
    buf_init(&b, r->arena);
    out->right = true;
    for (size_t i = 0; i < c->option_count; i++) {
        if (taken[i + 1]) buf_printf(&b, "%s%zu", chosen_count++ ? "," : "", i + 1);
        out->right = out->right && taken[i + 1] == c->options[i].right;
    }
    out->choice = buf_text(&b);
    return chosen_count;
}

/* RULE checkpoint-count: an answer has as many options as the question asks for; another number is
 * told, kept in the form, and not recorded. */
static enum err refuse_count(struct request *r, struct answer_job *j, int chosen_count) {
    const char *key = chosen_count > j->checkpoint->keys ? "content_checkpoint_over"
                                                         : "content_checkpoint_under";
    struct view *v = view_new(r->arena);
    view_int(v, "keys", j->checkpoint->keys);
    if (r->fragment) return http_refuse(r, ERR_INVALID, key, v);
    const struct refused_answer refused = {j->checkpoint->number, j->given.choice,
                                           page_text(r->app->site, r->locale, key, v, r->arena)};
    j->page.refused = &refused;
    return show_module(r, &j->page);
}

enum err content_checkpoint_post(struct request *r) {
    struct answer_job *j = NEW(r->arena, struct answer_job);
    enum err e = find_page(r, &j->page);
    if (e != OK) return e;
    int64_t n;
    if (!parse_i64(r->param[1], 1, (int64_t)j->page.article->checkpoint_count, &n))
        return http_refuse(r, ERR_NOT_FOUND, "content_no_checkpoint", NULL);
    if (!j->page.questions_match)
        return http_refuse(r, ERR_INVALID, "content_questions_apart", NULL);
    j->checkpoint = &j->page.article->checkpoints[n - 1];
    j->person_id = r->who->person_id;
    int chosen_count = read_choice(r, j->checkpoint, &j->given);
    if (chosen_count != j->checkpoint->keys) return refuse_count(r, j, chosen_count);
    j->given.checkpoint = j->checkpoint->key;
    j->waited_ms = waited_ms(r);
    return http_write(r, record_answer, j, answer_recorded);
}

/* ---- Progress ------------------------------------------------------------------------------- */

struct reading_job {
    const struct content_module *module;
    const char *person_id, *section; /* "*": all that are left; "**": all, read again */
    int position_permille;
    int64_t waited_ms; /* in the browser, for want of a connection */
    bool done, quiet;
};

#define AGAIN_MS MS_MINUTE /* a section that was read within this is not read again */

static enum err record_reading(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct reading_job *j = arg;
    struct module_facts facts;
    bool again = str_eq(j->section, "**"), all = again || str_eq(j->section, "*");
    enum err e = all || j->done ? content_facts(db, a, j->person_id, j->module, &facts) : OK;
    if (e != OK) return e;
    if (!all) {
        int i = progress_section(j->module, j->section);
        /* It was recorded before. */
        if (j->done && i >= 0 && facts.state.done[i] && facts.state.completed_ms) return OK;
        return content_record_reading(db, a, now_ms - j->waited_ms, j->person_id, j->module,
                                      j->section, j->position_permille, j->done);
    }
    for (size_t i = 0; e == OK && i < j->module->section_count; i++)
        if (!facts.state.done[i] || (again && now_ms - facts.state.done_ms[i] >= AGAIN_MS))
            e = content_record_reading(db, a, now_ms, j->person_id, j->module,
                                       j->module->sections[i].id, 1000, true);
    return e;
}

static enum err reading_recorded(struct request *r, void *arg, enum err result) {
    struct reading_job *j = arg;
    if (result != OK) return result;
    if (j->quiet && j->done && r->fragment)
        return show_standing(r, view_new(r->arena), "content_standing", j->module);
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
    j->waited_ms = waited_ms(r);
    int64_t permille = j->done ? 1000 : 0;
    bool all = str_eq(j->section, "*") || str_eq(j->section, "**");
    if (!j->section || (!all && progress_section(j->module, j->section) < 0))
        return http_refuse(r, ERR_INVALID, "content_no_section", NULL);
    if (position && !parse_i64(position, 0, 1000, &permille)) {
        struct view *v = view_new(r->arena);
        view_int(v, "limit", 1000);
        return http_refuse(r, ERR_INVALID, "content_no_position", v);
    }
    j->position_permille = (int)permille;
    return http_write(r, record_reading, j, reading_recorded);
}
