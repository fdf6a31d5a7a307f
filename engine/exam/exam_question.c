/* During an exam: questions, the review, the submission. Works without a script: each answer is
 * then sent with the form. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "content/content.h"
#include "exam/exam_pages.h"

/* ---- What all of them need ----------------------------------------------------------------- */

enum err exam_own_attempt(struct request *r, struct exam_attempt *out) {
    enum err e = exam_attempt_load(r->db, r->arena, r->param[0], r->who->person_id, out);
    return e == ERR_NOT_FOUND ? http_refuse(r, e, "exam_attempt_unknown", NULL) : e;
}

const char *exam_title_of(struct request *r, const char *exam_id) {
    const struct exam_unit *u = exams_hold(r->app->exams, r->arena, exam_id);
    return u ? u->def.title : exam_id;
}

void exam_view_title(struct request *r, struct view *v, const char *exam_id) {
    const struct exam_unit *u = exams_hold(r->app->exams, r->arena, exam_id);
    content_view_text(r, v, "exam_title", u ? u->def.title : exam_id, u ? exam_unit_lang(u) : NULL);
}

void exam_view_lang(struct request *r, struct view *v, const struct exam_slot *slot) {
    content_view_text(r, v, "item", NULL, slot->lang ? slot->lang : "en");
}

void exam_view_timer(struct request *r, struct view *v, const struct exam_attempt *t) {
    int64_t left_ms = t->deadline_ms > r->now_ms ? t->deadline_ms - r->now_ms : 0;
    view_text(v, "deadline_iso", time_iso(r->arena, t->deadline_ms));
    view_text(v, "now_iso", time_iso(r->arena, r->now_ms));
    view_int(v, "minutes_left", (left_ms + MS_MINUTE - 1) / MS_MINUTE);
}

static const char *question_href(struct request *r, const struct exam_attempt *t, int slot) {
    return arena_printf(r->arena, "/attempts/%s/q/%d", t->id, slot);
}

/* Not 0: answered, but not with what is asked for. An item that cannot be read is no case of it:
 * its own page says so. */
static int surplus_of(struct request *r, const struct exam_attempt *t, const struct exam_slot *slot,
                      const struct exam_slot_state *mark) {
    const struct exam_item *item;
    if (!slot->type->surplus || !exam_slot_answered(mark)) return 0;
    if (exam_slot_item(r->app->exams, r->db, r->arena, t->exam_id, slot, &item) != OK) return 0;
    return slot->type->surplus(
        &(struct exam_ask){.slot = slot, .item = item, .response = mark->newest->response});
}

static void view_map(struct request *r, struct view *v, const struct exam_attempt *t,
                     const struct exam_slot_state *states, int current) {
    struct view *map = view_list(v, "map"), *list = view_list(v, "incomplete");
    int answered = 0, flagged = 0, incomplete = 0;
    for (int i = 0; i < t->form.slot_count; i++) {
        struct view *m = view_item(map);
        bool done = exam_slot_answered(&states[i]);
        view_int(m, "number", i + 1);
        view_text(m, "href", question_href(r, t, i + 1));
        view_bool(m, "is_answered", done);
        view_bool(m, "is_flagged", states[i].flagged);
        int surplus = surplus_of(r, t, &t->form.slots[i], &states[i]);
        view_bool(m, "is_incomplete", surplus < 0);
        view_bool(m, "is_over", surplus > 0);
        if (surplus) {
            struct view *row = view_item(list);
            view_bool(row, "is_over", surplus > 0);
            view_int(row, "number", i + 1);
            view_text(row, "href", question_href(r, t, i + 1));
            incomplete++;
        }
        view_bool(m, "is_current", i + 1 == current);
        answered += done;
        flagged += states[i].flagged;
    }
    view_int(v, "total", t->form.slot_count);
    view_int(v, "answered", answered);
    view_int(v, "unanswered", t->form.slot_count - answered);
    view_bool(v, "has_unanswered", answered < t->form.slot_count);
    view_bool(v, "has_incomplete", incomplete > 0);
    view_int(v, "flagged", flagged);
    view_bool(v, "has_flagged", flagged > 0);
    view_text(v, "attempt", t->id);
    view_text(v, "attempt_href", arena_printf(r->arena, "/attempts/%s", t->id));
    exam_view_title(r, v, t->exam_id);
    view_bool(v, "layout_focus", true);
    exam_view_timer(r, v, t);
}

/* ---- Resuming ---------------------------------------------------------------------- */

/* The question to go on with: the first one without an answer, counted from the last one that was
 * saved; 0 (the review) when all have one. */
static int resume_slot(const struct exam_attempt *t, const struct exam_slot_state *states) {
    int last = 0;
    for (int i = 0; i < t->form.slot_count; i++)
        if (states[i].newest &&
            (!states[last].newest || states[i].newest->saved_ms >= states[last].newest->saved_ms))
            last = i;
    for (int k = 0; k < t->form.slot_count; k++)
        if (!exam_slot_answered(&states[(last + k) % t->form.slot_count]))
            return (last + k) % t->form.slot_count + 1;
    return 0;
}

/* The attempt of this request, while it runs. Not OK, or answered already (`*over`): there is
 * nothing more to do. */
static enum err running_attempt(struct request *r, struct exam_attempt *t,
                                struct exam_slot_state **states, bool *over) {
    enum err e = exam_own_attempt(r, t);
    if (e != OK) return e;
    *over = exam_attempt_over(t, r->now_ms);
    return *over ? exam_redirect(r, t->id, "/result")
                 : exam_slot_states(r->db, r->arena, t, states);
}

enum err exam_attempt_page(struct request *r) {
    struct exam_attempt t;
    struct exam_slot_state *states;
    bool over = false;
    enum err e = running_attempt(r, &t, &states, &over);
    if (e != OK || over) return e;
    int slot = resume_slot(&t, states);
    return slot ? http_redirect(r, question_href(r, &t, slot)) : exam_redirect(r, t.id, "/review");
}

/* ---- A question ---------------------------------------------------------------------------- */

/* Renders the part of the page that depends on the type, with the template of its `face`. */
enum err exam_view_part(struct request *r, struct view *v, const char *what,
                        const struct exam_ask *ask, struct view *part, bool *has_math) {
    struct buf html;
    buf_init(&html, r->arena);
    exam_view_lang(r, part, ask->slot);
    enum err e = page_render(r->app->site,
                             arena_printf(r->arena, "exam_%s_%s", what, ask->slot->type->face),
                             r->locale, part, &html);
    if (e != OK) return e;
    view_html_borrow(v, what, buf_text(&html), html.len);
    *has_math = *has_math || doc_has_formula(buf_text(&html));
    return OK;
}

/* What a form that was refused shows at its field: `why`, what counts meanwhile, and the way on
 * without what was given (go on `way`). */
static void view_refusal(struct request *r, struct view *part, const struct exam_ask *ask,
                         const char *why, const char *way) {
    const char *before = ask->slot->type->say(ask->response, r->arena);
    view_text(part, "why", why);
    view_bool(part, "is_refused", why != NULL);
    view_text(part, "before", *before ? before : NULL);
    view_text(part, "way", way && !str_eq(way, "stay") ? way : "next");
}

/* `given`: the fields of a form that was refused, with what is wrong with them in `problem`. */
static enum err question(struct request *r, const struct exam_attempt *t, int number,
                         const struct exam_slot_state *states, const char *problem,
                         const struct exam_ask *given) {
    const struct exam_slot *slot = &t->form.slots[number - 1];
    const struct exam_slot_state *state = &states[number - 1];
    const struct exam_item *item;
    if (t->practice && exams_live_item(r->app->exams, r->arena, slot->item))
        return http_refuse(r, ERR_CONFLICT, "exam_item_live", NULL);
    enum err e = exam_slot_item(r->app->exams, r->db, r->arena, t->exam_id, slot, &item);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    view_map(r, v, t, states, number);
    view_int(v, "number", number);
    view_text(v, "title", exam_text(r, "exam_question_title", v));
    view_html(v, "stem", item->stem);
    exam_view_lang(r, v, slot);
    const struct exam_ask ask = {.slot = slot,
                                 .item = item,
                                 .response = state->newest ? state->newest->response
                                                           : EXAM_NO_ANSWER,
                                 .given = given ? given->given : NULL,
                                 .given_count = given ? given->given_count : 0};
    struct view *part = view_new(r->arena);
    slot->type->view(part, &ask, r->arena);
    view_refusal(r, part, &ask, given ? problem : NULL, http_field(r, "go"));
    bool has_math = doc_has_formula(item->stem);
    e = exam_view_part(r, v, "ask", &ask, part, &has_math);
    if (e != OK) return e;
    view_bool(v, "has_math", has_math);
    view_text(v, "face", slot->type->face);
    view_text(v, "was", ask.response);
    view_text(v, "seq",
              arena_printf(r->arena, "%lld", (long long)(state->newest ? state->newest->seq : 0)));
    view_bool(v, "is_flagged", state->flagged);
    view_bool(v, "is_first", number == 1);
    view_bool(v, "is_last", number == t->form.slot_count);
    view_text(v, "problem", given ? NULL : problem);
    if (state->newest) {
        view_bool(v, "is_saved", true);
        view_time(v, "saved", state->newest->saved_ms, r->locale, r->zone);
    }
    http_header_out(r, "Cache-Control", "no-store");
    return http_page_status(r, given ? 422 : 200, "exam_question", v);
}

enum err exam_question_page(struct request *r) {
    struct exam_attempt t;
    struct exam_slot_state *states;
    int number;
    enum err e = exam_own_attempt(r, &t);
    if (e != OK) return e;
    if (!exam_slot_param(r->param[1], &number) || number > t.form.slot_count)
        return http_refuse(r, ERR_NOT_FOUND, "exam_question_unknown", NULL);
    if (exam_attempt_over(&t, r->now_ms)) return exam_redirect(r, t.id, "/result");
    e = exam_slot_states(r->db, r->arena, &t, &states);
    if (e != OK) return e;
    return question(r, &t, number, states,
                    http_query(r, "elsewhere") ? exam_text(r, "exam_elsewhere", NULL) : NULL, NULL);
}

/* ---- Without a script: the form ------------------------------------------------------------ */

struct posting {
    struct exam_saving save;
    struct exam_flagging flag;
    bool saves, flags;
    int number, total;
    const char *go;
};

static enum err posting_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct posting *p = arg;
    enum err e = p->saves ? exam_save_job(db, a, &p->save, now_ms) : OK;
    return e == OK && p->flags ? exam_flag_job(db, a, &p->flag, now_ms) : e;
}

static enum err go_on(struct request *r, const struct posting *p) {
    const char *id = p->save.attempt_id;
    int64_t to;
    if (p->go && str_has_prefix(p->go, "to-") && parse_i64(p->go + 3, 1, p->total, &to))
        return exam_redirect(r, id, arena_printf(r->arena, "/q/%d", (int)to));
    if (str_eq(p->go, "previous") && p->number > 1)
        return exam_redirect(r, id, arena_printf(r->arena, "/q/%d", p->number - 1));
    if (str_eq(p->go, "review") || (str_eq(p->go, "next") && p->number == p->total))
        return exam_redirect(r, id, "/review");
    if (str_eq(p->go, "next"))
        return exam_redirect(r, id, arena_printf(r->arena, "/q/%d", p->number + 1));
    return exam_redirect(r, id, arena_printf(r->arena, "/q/%d", p->number));
}

static enum err posted(struct request *r, void *arg, enum err result) {
    struct posting *p = arg;
    if (result == ERR_CONFLICT && (p->save.over || p->flag.over))
        return exam_redirect(r, p->save.attempt_id, "/result");
    if (result == ERR_INVALID && p->save.why) return exam_refuse_response(r, &p->save);
    if (result != OK) return result;
    /* Another tab or device has saved a newer answer: the page shows it, and says so. */
    if (p->saves && p->save.stale && !str_eq(p->save.newest, p->save.response))
        return exam_redirect(r, p->save.attempt_id,
                             arena_printf(r->arena, "/q/%d?elsewhere=1", p->number));
    return go_on(r, p);
}

/* The same page again, with what was given and why it is no answer. */
static enum err ask_again(struct request *r, const struct exam_attempt *t, int number,
                          const char *why, const struct exam_ask *given) {
    struct exam_slot_state *states;
    struct view *v = view_new(r->arena);
    enum err e = exam_slot_states(r->db, r->arena, t, &states);
    view_int(v, "options", given->slot->option_count);
    return e == OK ? question(r, t, number, states, exam_text(r, why, v), given) : e;
}

enum err exam_question_post(struct request *r) {
    struct exam_attempt t;
    struct posting *p = NEW(r->arena, struct posting);
    int64_t seen_seq;
    enum err e = exam_own_attempt(r, &t);
    if (e != OK) return e;
    if (!exam_slot_param(r->param[1], &p->number) || p->number > t.form.slot_count)
        return http_refuse(r, ERR_NOT_FOUND, "exam_question_unknown", NULL);
    if (exam_attempt_over(&t, r->now_ms)) return exam_redirect(r, t.id, "/result");
    if (!parse_i64(http_field(r, "seq"), 0, EXAM_SEQ_MAX, &seen_seq))
        return http_refuse(r, ERR_INVALID, "exam_form_broken", NULL);
    const struct exam_slot *slot = &t.form.slots[p->number - 1];
    struct exam_ask given = {.slot = slot};
    given.given_count = http_fields(r, "response[]", &given.given);
    p->total = t.form.slot_count;
    /* After a refusal: on, with the answer that was saved before. */
    const char *keep = http_field(r, "keep");
    p->go = keep ? keep : http_field(r, "go");
    p->save = (struct exam_saving){
        .attempt_id = t.id,
        .person_id = r->who->person_id,
        .client = "form",
        .slot = p->number,
        .options = slot->option_count,
        .seq = seen_seq < EXAM_SEQ_MAX ? seen_seq + 1 : seen_seq,
        .value = slot->type->from_form(given.given, given.given_count, r->arena)};
    const char *canonical = slot->type->canonical(p->save.value, slot->option_count, r->arena,
                                                  &p->save.why);
    if (!canonical && !keep) return ask_again(r, &t, p->number, p->save.why, &given);
    /* A form that was only looked at saves nothing: it must not overwrite what another tab has
     * saved meanwhile. */
    p->saves = !keep && !str_eq(canonical, http_field(r, "was"));
    p->flag = (struct exam_flagging){.attempt_id = t.id,
                                     .person_id = r->who->person_id,
                                     .slot = p->number,
                                     .flagged = http_field(r, "flag") != NULL};
    p->flags = p->flag.flagged != str_eq(http_field(r, "flag_was"), "1");
    if (!p->saves && !p->flags) return go_on(r, p);
    return http_write(r, posting_job, p, posted);
}

/* ---- Review and submission ----------------------------------------------------------------- */

enum err exam_review_page(struct request *r) {
    struct exam_attempt t;
    struct exam_slot_state *states;
    bool over = false;
    const char *problem = NULL;
    enum err e = running_attempt(r, &t, &states, &over);
    if (e != OK || over) return e;
    e = exam_saves_problem(r->db, r->arena, t.id, &problem);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    if (problem) view_text(v, "problem", exam_text(r, "exam_saves_missing", NULL));
    view_map(r, v, &t, states, 0);
    view_text(v, "title", exam_text(r, "exam_review_title", NULL));
    int slot = resume_slot(&t, states);
    view_text(v, "back_href", question_href(r, &t, slot ? slot : t.form.slot_count));
    http_header_out(r, "Cache-Control", "no-store");
    return http_page(r, "exam_review", v);
}

struct submitting {
    struct exam_ending end;
    struct exam_scored scored;
    struct exam_scored_list list;
};

static enum err result_stored(struct request *r, void *arg, enum err result) {
    struct exam_scored_list *list = arg;
    return result == OK ? exam_redirect(r, list->scored->attempt_id, "/result") : result;
}

/* The end is on disk. The score is computed here and not on the writer's thread; should anything
 * fail now, the exams' thread scores it later. */
static enum err ended(struct request *r, void *arg, enum err result) {
    struct submitting *s = arg;
    struct exam_attempt t;
    if (result == ERR_NOT_FOUND) return http_refuse(r, result, "exam_attempt_unknown", NULL);
    if (result == ERR_CONFLICT) return http_refuse(r, result, "exam_ended_logged", NULL);
    if (result == OK)
        result = exam_attempt_load(r->db, r->arena, s->end.attempt_id, s->end.person_id, &t);
    if (result == OK)
        result = exam_attempt_score(r->app->exams, r->db, r->arena, &t, &s->scored.score);
    if (result != OK) return result;
    s->scored.attempt_id = t.id;
    s->scored.cut_permille = t.cut_permille;
    s->list = (struct exam_scored_list){&s->scored, 1};
    return http_write(r, exam_result_job, &s->list, result_stored);
}

enum err exam_submit_post(struct request *r) {
    struct submitting *s = NEW(r->arena, struct submitting);
    s->end.attempt_id = r->param[0];
    s->end.person_id = r->who->person_id;
    return http_write(r, exam_end_job, &s->end, ended);
}
