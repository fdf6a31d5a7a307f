/* The self-assessment's page: statements as radio groups, the result as a plot and as a table. */
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content_self.h"
#include "content/content_sql.h"

/* The figure persona_figure (site/personas.mjs): its quadrants reach from 34 to 326 and from 24 to
 * 276; technology is left, rational is above. */
#define PLOT_LEFT 34
#define PLOT_WIDTH 292
#define PLOT_TOP 24
#define PLOT_HEIGHT 252

static const char *const answer_keys[] = {"content_self_answer_1", "content_self_answer_2",
                                          "content_self_answer_3", "content_self_answer_4",
                                          "content_self_answer_5"};

static void statements_view(struct request *r, struct view *v, const struct content_self *s,
                            const char *answers, bool complain) {
    struct view *list = view_list(v, "statements"), *errors = NULL;
    for (size_t i = 0; i < s->statement_count; i++) {
        struct view *item = view_item(list), *choices = view_list(item, "choices");
        const char *name = arena_printf(r->arena, "s%zu", i + 1);
        view_int(item, "number", (int64_t)i + 1);
        view_text(item, "name", name);
        view_text(item, "text", s->statements[i].text);
        bool missing = complain && answers[i] == '0';
        for (int n = 1; n <= 5; n++) {
            struct view *choice = view_item(choices);
            view_int(choice, "value", n);
            view_text(choice, "text", content_text(r, answer_keys[n - 1]));
            view_bool(choice, "checked", answers && answers[i] == '0' + n);
            view_bool(choice, "first", n == 1);
        }
        if (!missing) continue;
        if (!errors) errors = view_list(v, "errors");
        view_text(item, "error", content_text(r, "content_self_missing"));
        struct view *error = view_item(errors);
        view_text(error, "field", name);
        view_text(
            error, "text",
            page_text(r->app->site, r->locale, "content_self_missing_number", item, r->arena));
    }
}

static void result_view(struct request *r, struct view *v, const struct content_self *s,
                        const struct content_programme *p, const char *answers) {
    struct self_result result = self_result(s, p, answers);
    struct view *o = view_object(v, "result"), *plot = view_object(o, "plot");
    view_int(plot, "x", PLOT_LEFT + (int64_t)PLOT_WIDTH * (result.x_permille + 1000) / 2000);
    view_int(plot, "y", PLOT_TOP + (int64_t)PLOT_HEIGHT * (1000 - result.y_permille) / 2000);
    view_int(o, "x", result.x_permille / 10);
    view_int(o, "y", result.y_permille / 10);
    view_text(o, "x_side",
              content_text(r, result.x_permille < 0   ? "content_self_technology"
                              : result.x_permille > 0 ? "content_self_art"
                                                      : "content_self_middle"));
    view_text(o, "y_side",
              content_text(r, result.y_permille < 0   ? "content_self_emotional"
                              : result.y_permille > 0 ? "content_self_rational"
                                                      : "content_self_middle"));
    view_bool(o, "is_close", result.is_close);
    if (!result.persona) return;
    view_text(o, "persona", result.persona->id);
    view_text(o, "persona_title", result.persona->title);
    view_text(o, "persona_summary", result.persona->summary);
    view_bool(o, arena_printf(r->arena, "is_%s", result.persona->id), true);
}

static enum err last_answers(struct request *r, const struct content_self *s, const char **answers,
                             int64_t *at_ms) {
    struct stmt *q;
    enum err e;
    *answers = NULL;
    if (!db_one(r->db, &q, &e, SQL_content_self_last, "tt", r->who->person_id, s->id))
        return e == ERR_NOT_FOUND ? OK : e;
    *answers = stmt_text(q, 1, r->arena);
    *at_ms = stmt_int(q, 2);
    return stmt_end(q);
}

static enum err show(struct request *r, const struct content_snapshot *s,
                     const struct content_self *self, const char *given) {
    const char *answers;
    int64_t at_ms = 0;
    enum err e = last_answers(r, self, &answers, &at_ms);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    content_view_text(r, v, "title", self->title, content_lang(s, self->lang, self->programme));
    view_html_borrow(v, "intro", self->html, strlen(self->html));
    view_bool(v, "has_math", doc_has_formula(self->html));
    view_int(v, "statement_count", (int64_t)self->statement_count);
    bool again = http_query(r, "again") != NULL;
    /* An answer to other statements than today's says nothing about these. */
    if (self_answers_valid(self, answers) && !given && !again) {
        result_view(r, v, self, content_programme(s, self->programme), answers);
        view_time(v, "answered", at_ms, r->locale, r->zone);
    } else {
        view_bool(v, "asking", true);
        statements_view(r, v, self,
                        given                               ? given
                        : self_answers_valid(self, answers) ? answers
                                                            : NULL,
                        given != NULL);
    }
    return http_page_status(r, given ? 400 : 200, "content_self", v);
}

static enum err find_self(struct request *r, const struct content_snapshot **s,
                          const struct content_self **self) {
    *s = content_of(r);
    const struct reading reading = reading_of(r);
    *self = snapshot_self(*s, &reading);
    return *self ? OK : http_refuse(r, ERR_NOT_FOUND, "content_self_none", NULL);
}

enum err content_self_page(struct request *r) {
    const struct content_snapshot *s;
    const struct content_self *self;
    enum err e = find_self(r, &s, &self);
    return e == OK ? show(r, s, self, NULL) : e;
}

struct self_job {
    const struct content_self *self;
    const char *person_id, *answers;
};

static enum err record(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct self_job *j = arg;
    return db_run(db, SQL_content_self_add, "ttttti", id_new(a, now_ms), j->person_id, j->self->id,
                  j->self->version, j->answers, now_ms);
}

static enum err recorded(struct request *r, void *arg, enum err result) {
    (void)arg;
    return result == OK ? http_redirect(r, "/self-assessment") : result;
}

enum err content_self_post(struct request *r) {
    const struct content_snapshot *s;
    struct self_job *j = NEW(r->arena, struct self_job);
    enum err e = find_self(r, &s, &j->self);
    if (e != OK) return e;
    size_t n = j->self->statement_count;
    char *answers = arena_alloc(r->arena, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *value = http_field(r, arena_printf(r->arena, "s%zu", i + 1));
        answers[i] = value && value[0] >= '1' && value[0] <= '5' && !value[1] ? value[0] : '0';
    }
    if (!self_answers_valid(j->self, answers)) return show(r, s, j->self, answers);
    j->person_id = r->who->person_id;
    j->answers = answers;
    return http_write(r, record, j, recorded);
}
