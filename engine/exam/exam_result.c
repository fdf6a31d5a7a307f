/* After an exam: passed or not, the profile by domain, and, where the policy allows it,
 * questions with keys and rationales. */
#include <string.h>

#include "base/text.h"
#include "content/content.h"
#include "exam/exam_pages.h"

void exam_view_points(struct request *r, struct view *v, const char *name, int count, int steps) {
    if (count % steps == 0) view_int(v, name, count / steps);
    else
        view_text(v, name,
                  page_hundredths(r->app->site, r->locale,
                                  (200 * (int64_t)count + steps) / (2 * (int64_t)steps), r->arena));
}

void exam_view_least(struct request *r, struct view *v, const char *name, int points, int permille,
                     bool parts) {
    int hundredths = parts ? (points * permille + 9) / 10 : 100 * exam_points_for(points, permille);
    exam_view_points(r, v, name, hundredths, 100);
}

/* Also of an exam that is gone: then as this form has it. */
static bool has_parts(const struct exam_score *score, const struct exam_unit *unit) {
    return score->steps > 1 || (unit && exam_unit_parts(unit));
}

static void view_floor(struct request *r, struct view *row, const struct exam_attempt *t,
                       const struct exam_domain_result *d, int steps, bool parts) {
    exam_view_points(r, row, "correct", d->correct, steps);
    exam_view_points(r, row, "total", d->total, steps);
    exam_view_least(r, row, "floor", d->total / steps, exam_floor_permille(&t->form, d->id), parts);
}

/* The list `domains` for the profile: title, correct, total, share (per mille). */
static void view_domains(struct request *r, struct view *v, const struct exam_attempt *t,
                         const struct exam_score *score, const struct exam_unit *unit) {
    bool parts = has_parts(score, unit);
    struct view *list = view_list(v, "domains");
    for (size_t i = 0; i < score->domain_count; i++) {
        const struct exam_domain_result *d = &score->domains[i];
        const char *title = unit ? exam_domain_title(&unit->course, d->id) : NULL;
        struct view *row = view_item(list);
        view_text(row, "domain", title ? title : d->id);
        view_floor(r, row, t, d, score->steps, parts);
        view_bool(row, "has_floor", d->floor > 0);
        view_int(row, "share", d->total ? (2000 * d->correct + d->total) / (2 * d->total) : 0);
    }
}

/* Why it was not passed: the sum against the least that passes, and each domain whose own floor was
 * missed. */
static void view_floors(struct request *r, struct view *v, const struct exam_attempt *t,
                        const struct exam_score *score, const struct exam_unit *unit) {
    struct view *missed = view_list(v, "missed");
    bool floors = false, parts = has_parts(score, unit);
    for (size_t i = 0; i < score->domain_count; i++) {
        const struct exam_domain_result *d = &score->domains[i];
        floors |= d->floor > 0;
        if (d->correct >= d->floor) continue;
        const char *title = unit ? exam_domain_title(&unit->course, d->id) : NULL;
        struct view *row = view_item(missed);
        view_text(row, "domain", title ? title : d->id);
        view_floor(r, row, t, d, score->steps, parts);
    }
    view_bool(v, "has_floors", floors);
    view_bool(v, "sum_reached", score->correct >= exam_points_for(score->total, t->cut_permille));
    exam_view_least(r, v, "least", score->total / score->steps, t->cut_permille, parts);
}

/* Only reached when the attempt has ended and its review policy is "full". */
static enum err view_items(struct request *r, struct view *v, const struct exam_attempt *t,
                           const struct exam_score *score) {
    struct exam_slot_state *states;
    enum err e = exam_slot_states(r->db, r->arena, t, &states);
    struct view *list = view_list(v, "items");
    bool has_math = false;
    for (int i = 0; i < t->form.slot_count && e == OK; i++) {
        const struct exam_slot *slot = &t->form.slots[i];
        const struct exam_item *item;
        e = exam_slot_item(r->app->exams, r->db, r->arena, t->exam_id, slot, &item);
        if (e != OK) break;
        const struct exam_ask ask = {.slot = slot,
                                     .item = item,
                                     .response = states[i].newest ? states[i].newest->response
                                                                  : EXAM_NO_ANSWER};
        const struct exam_points *p = &score->points[i];
        struct view *row = view_item(list);
        view_int(row, "number", i + 1);
        view_bool(row, "is_right", p->points == p->max);
        view_bool(row, "is_partly", p->points > 0 && p->points < p->max);
        view_int(row, "points", p->points);
        view_int(row, "max", p->max);
        view_bool(row, "is_open", !exam_answered(ask.response));
        /* It was practice when it was sat; now it is asked where it counts. */
        bool live = exams_live_item(r->app->exams, r->arena, slot->item);
        view_bool(row, "is_live", live);
        if (live) continue;
        view_html(row, "stem", item->stem);
        exam_view_lang(r, row, slot);
        struct view *part = view_new(r->arena);
        slot->type->view_key(part, &ask, r->arena);
        has_math = has_math || doc_has_formula(item->stem);
        e = exam_view_part(r, row, "key", &ask, part, &has_math);
    }
    view_bool(v, "has_math", has_math);
    view_bool(v, "has_items", e == OK);
    return e;
}

/* ---- What next ----------------------------------------------------------------------------- */

/* RULE weak-domain: fewer points than the exam's cut would ask of this domain alone, or than its
 * own floor. */
static bool is_weak(const struct exam_domain_result *d, int cut_permille) {
    return d->total > 0 &&
           (d->correct < exam_points_for(d->total, cut_permille) || d->correct < d->floor);
}

static size_t add_modules(struct request *r, struct view *list, const struct content_snapshot *s,
                          const char *programme, const char *level, const char *domain) {
    size_t n = 0;
    for (size_t i = 0; i < content_module_count(s); i++) {
        const struct content_module *m = content_module_at(s, i);
        if (!str_eq(m->programme, programme) || !str_eq(m->domain, domain) ||
            (level && !str_eq(m->level, level)))
            continue;
        struct view *item = view_item(list);
        view_text(item, "href", arena_printf(r->arena, "/modules/%s", m->id));
        const struct content_module *shown = content_module_for(r, s, m->id);
        content_view_text(r, item, "title", shown->title, content_module_lang(s, shown));
        view_int(item, "minutes", m->minutes);
        n++;
    }
    return n;
}

/* The weak domains with their modules: those of the exam's level, or where it has none those of the
 * whole programme. */
static void view_weak(struct request *r, struct view *v, const struct exam_score *score,
                      int cut_permille, const struct exam_unit *unit) {
    const struct content_snapshot *s = content_of(r);
    struct view *list = view_list(v, "weak");
    for (size_t i = 0; i < score->domain_count; i++) {
        const struct exam_domain_result *d = &score->domains[i];
        if (!is_weak(d, cut_permille)) continue;
        const char *title = exam_domain_title(&unit->course, d->id);
        struct view *item = view_item(list), *modules = view_list(item, "modules");
        view_text(item, "domain", title ? title : d->id);
        if (!add_modules(r, modules, s, unit->def.programme, unit->def.level, d->id))
            add_modules(r, modules, s, unit->def.programme, NULL, d->id);
    }
}

/* From when on the exam can be sat again: one flag, and `when`. */
static enum err view_again(struct request *r, struct view *v, const struct exam_unit *unit) {
    static const char *const flags[] = {
        [EXAM_START_FREE] = "again_now",      [EXAM_START_OPEN] = "again_open",
        [EXAM_START_EARLY] = "again_from",    [EXAM_START_CLOSED] = "again_closed",
        [EXAM_START_WAIT] = "again_from",     [EXAM_START_YEAR] = "again_from",
        [EXAM_START_PASSED] = "again_passed", [EXAM_START_CHANGED] = "again_changed"};
    struct exam_entry entry = exam_own_entry(r, unit);
    enum err e = exam_entry(r->db, r->arena, &entry, r->now_ms, NULL);
    if (e != OK) return e;
    bool dated = str_eq(flags[entry.state], "again_from");
    if (dated && entry.when_ms <= r->now_ms) return OK; /* never, as things are */
    view_bool(v, flags[entry.state], true);
    if (dated) view_time(v, "again", entry.when_ms, r->locale, r->zone);
    return OK;
}

static enum err result_page(struct request *r, const struct exam_attempt *t) {
    struct exam_score score;
    const struct exam_unit *unit = exams_hold(r->app->exams, r->arena, t->exam_id);
    /* From the facts: the same as what is stored, and there before it is. */
    enum err e = exam_attempt_score(r->app->exams, r->db, r->arena, t, &score);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    view_text(v, "title", exam_text(r, "exam_result_title", NULL));
    exam_view_title(r, v, t->exam_id);
    view_text(v, "attempt", t->id);
    view_text(v, "exam_href", arena_printf(r->arena, "/exams/%s", t->exam_id));
    view_bool(v, "passed", score.passed);
    view_bool(v, "is_practice", t->practice);
    view_bool(v, "by_deadline", t->by_deadline);
    view_bool(v, "has_exam", unit != NULL);
    view_time(v, "submitted", t->submitted_ms, r->locale, r->zone);
    exam_view_points(r, v, "correct", score.correct, score.steps);
    exam_view_points(r, v, "total", score.total, score.steps);
    view_int(v, "permille", score.permille);
    view_int(v, "cut_permille", t->cut_permille);
    view_int(v, "cut", t->cut_permille);
    view_int(v, "scaled", score.scaled);
    view_domains(r, v, t, &score, unit);
    view_floors(r, v, t, &score, unit);
    if (unit && !score.passed) view_weak(r, v, &score, t->cut_permille, unit);
    if (unit && !score.passed && !t->practice) e = view_again(r, v, unit);
    if (e == OK && t->review_full) e = view_items(r, v, t, &score);
    if (e != OK) return e;
    struct view *crumbs = view_list(v, "crumbs"), *c = view_item(crumbs);
    view_text(c, "href", arena_printf(r->arena, "/exams/%s", t->exam_id));
    view_text(c, "text", exam_title_of(r, t->exam_id));
    view_text(view_item(crumbs), "text", exam_text(r, "exam_result_title", NULL));
    return http_page(r, "exam_result", v);
}

static enum err closed(struct request *r, void *arg, enum err result) {
    struct exam_ending *end = arg;
    struct exam_attempt t;
    if (result == OK)
        result = exam_attempt_load(r->db, r->arena, end->attempt_id, r->who->person_id, &t);
    if (result != OK) return result;
    if (t.open) return exam_redirect(r, t.id, ""); /* the clock was put back meanwhile */
    exams_wake(r->app->exams);
    return result_page(r, &t);
}

enum err exam_result_page(struct request *r) {
    struct exam_attempt t;
    enum err e = exam_own_attempt(r, &t);
    if (e != OK) return e;
    if (!t.open) return result_page(r, &t);
    if (!exam_attempt_over(&t, r->now_ms)) return exam_redirect(r, t.id, "");
    if (exam_clock_settling(r->app->exams))
        return http_refuse(r, ERR_BUSY, "exam_clock_settling", NULL);
    /* Time is over and the exams' thread has not come by yet. */
    struct exam_ending *end = NEW(r->arena, struct exam_ending);
    end->attempt_id = t.id;
    return http_write(r, exam_end_job, end, closed);
}
