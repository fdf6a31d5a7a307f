/* After an exam: passed or not, the profile by domain, and, where the policy allows it,
 * questions with keys and rationales. */
#include <string.h>

#include "base/text.h"
#include "exam/exam_pages.h"

void exam_view_domains(struct view *v, const struct exam_domain_result *domains, size_t count,
                       const struct exam_unit *unit) {
    struct view *list = view_list(v, "domains");
    for (size_t i = 0; i < count; i++) {
        const char *title = unit ? exam_course_title(&unit->course, domains[i].id) : NULL;
        struct view *row = view_item(list);
        view_text(row, "domain", title ? title : domains[i].id);
        view_int(row, "correct", domains[i].correct);
        view_int(row, "total", domains[i].total);
        view_int(row, "share",
                 domains[i].total
                     ? (2000 * domains[i].correct + domains[i].total) / (2 * domains[i].total)
                     : 0);
    }
}

static void view_review_option(struct view *list, const struct exam_item *item, int written,
                               bool chosen) {
    const struct exam_option *option = &item->options[written];
    struct view *o = view_item(list);
    view_html(o, "option", option->html);
    view_html(o, "rationale", option->rationale);
    view_bool(o, "is_key", option->key);
    view_bool(o, "is_chosen", chosen);
}

/* Only reached when the attempt has ended and its review policy is "full". */
static enum err view_items(struct request *r, struct view *v, const struct exam_attempt *t,
                           const struct exam_score *score) {
    struct exam_mark *marks;
    enum err e = exam_attempt_marks(r->db, r->arena, t, &marks);
    struct view *list = view_list(v, "items");
    for (int i = 0; i < t->form.slot_count && e == OK; i++) {
        const struct exam_slot *slot = &t->form.slots[i];
        const struct exam_item *item;
        e = exam_slot_item(r->app->exams, r->db, r->arena, t->exam_id, slot, &item);
        if (e != OK) break;
        unsigned chosen = marks[i].newest ? exam_response_bits(marks[i].newest->response) : 0;
        struct view *row = view_item(list);
        view_int(row, "number", i + 1);
        view_html(row, "stem", item->stem);
        view_bool(row, "is_right", score->points[i]);
        view_bool(row, "is_open", !chosen);
        struct view *options = view_list(row, "options");
        for (int k = 0; k < slot->option_count; k++)
            view_review_option(options, item, slot->order[k], chosen & 1u << k);
    }
    view_bool(v, "has_items", e == OK);
    return e;
}

static enum err result_page(struct request *r, const struct exam_attempt *t) {
    struct exam_score score;
    const struct exam_unit *unit = exams_hold(r->app->exams, r->arena, t->exam_id);
    /* From the facts: the same as what is stored, and there before it is. */
    enum err e = exam_attempt_score(r->app->exams, r->db, r->arena, t, &score);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    view_text(v, "title", exam_text(r, "exam_result_title", NULL));
    view_text(v, "exam_title", exam_view_title(r, t->exam_id));
    view_text(v, "attempt", t->id);
    view_text(v, "exam_href", arena_printf(r->arena, "/exams/%s", t->exam_id));
    view_bool(v, "passed", score.passed);
    view_bool(v, "is_practice", t->practice);
    view_bool(v, "by_deadline", t->by_deadline);
    view_bool(v, "has_exam", unit != NULL);
    view_time(v, "submitted", t->submitted_ms, r->locale, r->zone);
    view_int(v, "correct", score.correct);
    view_int(v, "total", score.total);
    view_int(v, "permille", score.permille);
    view_int(v, "cut_permille", t->cut_permille);
    view_int(v, "cut", t->cut_permille / 10);
    view_int(v, "scaled", score.scaled);
    exam_view_domains(v, score.domains, score.domain_count, unit);
    if (t->review_full) e = view_items(r, v, t, &score);
    if (e != OK) return e;
    struct view *crumbs = view_list(v, "crumbs"), *c = view_item(crumbs);
    view_text(c, "href", arena_printf(r->arena, "/exams/%s", t->exam_id));
    view_text(c, "text", exam_view_title(r, t->exam_id));
    view_text(view_item(crumbs), "text", exam_text(r, "exam_result_title", NULL));
    return http_page(r, "exam_result", v);
}

static enum err closed(struct request *r, void *arg, enum err result) {
    struct exam_ending *end = arg;
    struct exam_attempt t;
    if (result == OK)
        result = exam_attempt_load(r->db, r->arena, end->attempt_id, r->who->person_id, &t);
    if (result != OK) return result;
    exams_wake(r->app->exams);
    return result_page(r, &t);
}

enum err exam_result_page(struct request *r) {
    struct exam_attempt t;
    enum err e = exam_own_attempt(r, &t);
    if (e != OK) return e;
    if (!t.open) return result_page(r, &t);
    if (!exam_attempt_over(&t, r->now_ms)) return exam_go(r, t.id, "");
    /* Time is over and the exams' thread has not come by yet. */
    struct exam_ending *end = NEW(r->arena, struct exam_ending);
    end->attempt_id = t.id;
    return http_write(r, exam_end_job, end, closed);
}
