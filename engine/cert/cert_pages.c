/* Pages of a learner: what a level asks and what is met, applying, the own certificates. */
#include <string.h>

#include "base/text.h"
#include "cert/cert_private.h"
#include "exam/exam.h"

const char *cert_text(struct request *r, const char *key, struct view *v) {
    return page_text(r->app->site, r->locale, key, v, r->arena);
}

const char *cert_queue_title(struct request *r) {
    bool decides = http_has_role(r, ROLE_ASSESSOR);
    return cert_text(r, decides ? "cert_queue_title" : "cert_queue_title_mark", NULL);
}

const char *cert_origin(struct request *r) { return r->app->origin ? r->app->origin : r->origin; }

void cert_view_state(struct request *r, struct view *v, const char *state) {
    view_text(v, "state", state);
    view_bool(v, arena_printf(r->arena, "is_%s", state), true);
    view_text(v, "state_text", cert_text(r, arena_printf(r->arena, "cert_state_%s", state), NULL));
}

enum err cert_view_summary(struct request *r, struct view *v, struct cert_summary *c) {
    enum err e = cert_show_state(r, c);
    view_text(v, "number", c->number);
    view_text(v, "href", arena_printf(r->arena, "/certificates/%s", c->number));
    view_text(v, "title", c->title);
    view_text(v, "holder", c->holder);
    view_time(v, "issued", c->issued_ms, r->locale, r->zone);
    if (c->valid_until_ms) view_time(v, "until", c->valid_until_ms, r->locale, r->zone);
    cert_view_state(r, v, c->state);
    return e;
}

enum err cert_look_again(struct request *r, const struct cert_look *look) {
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/assess", cert_queue_title(r));
    view_crumb(crumbs, NULL, cert_text(r, "cert_look_title", NULL));
    view_text(v, "name", look->name);
    view_text(v, "level", look->title);
    view_text(v, "number", look->number);
    view_text(v, "title", cert_text(r, "cert_look_title", NULL));
    static const char *const said[] = {"does", "public", "button"};
    for (size_t i = 0; i < COUNT_OF(said); i++)
        view_text(v, said[i],
                  cert_text(r, arena_printf(r->arena, "cert_look_%s_%s", said[i], look->what), v));
    view_text(v, "action", look->action);
    view_text(v, "field", look->field);
    view_text(v, "what", look->what);
    view_text(v, "reason", look->reason);
    view_bool(v, "accepted", http_field(r, "accept_experience") != NULL);
    view_bool(v, "harms", !str_eq(look->what, "granted") && !str_eq(look->what, "reinstated"));
    return http_page(r, "cert_look", v);
}

void cert_view_mark(struct request *r, struct view *v, const struct cert_mark_row *mark) {
    view_text(v, "name", mark->marker_name);
    view_text(v, "comment", mark->comment);
    view_bool(v, "sufficient", str_eq(mark->verdict, "sufficient"));
    view_bool(v, "of_run", str_eq(mark->subject_kind, "lab_run"));
    view_time(v, "at", mark->at_ms, r->locale, r->zone);
}

int cert_refusal_status(enum err refusal) {
    return refusal == ERR_DENIED ? 403 : refusal == ERR_INVALID ? 422 : 409;
}

void cert_view_status(struct request *r, struct view *v, const struct cert_level_status *s) {
    const struct content_snapshot *content = content_of(r);
    struct view *groups = view_list(v, "groups"), *list = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct cert_need_status *n = &s->needs[i];
        if (i == 0 || n->need->kind != s->needs[i - 1].need->kind) {
            struct view *group = view_item(groups);
            view_text(group, "heading", cert_text(r, n->need->kind->heading, NULL));
            view_bool(group, "is_training", n->need->kind->training);
            list = view_list(group, "needs");
        }
        struct view *item = view_item(list);
        cert_need_say(r, item, "title", content, n->need);
        view_text(item, "href", n->need->href);
        view_bool(item, "is_met", n->state == CERT_MET);
        view_bool(item, "is_begun", n->state == CERT_BEGUN);
        view_int(item, "have", n->have);
        view_int(item, "want", n->need->dialects > 1 ? n->need->dialects : 1);
        if (n->at_ms) view_time(item, "at", n->at_ms, r->locale, r->zone);
        if (n->before_ms) view_time(item, "before", n->before_ms, r->locale, r->zone);
        view_text(item, "sentence", cert_text(r, n->sentence, item));
    }
    view_int(v, "met", (int64_t)s->met);
    view_int(v, "total", (int64_t)s->count);
    view_bool(v, "is_complete", s->complete);
    view_bool(v, "may_state_experience", s->only_modules_missing);
    bool exam = s->asks[cert_kind_row(&exam_evidence_kind)],
         lab = s->asks[cert_kind_row(&lab_evidence_kind)];
    view_bool(v, "asks_modules", s->asks[cert_kind_row(&module_evidence)]);
    view_bool(v, "passed_exam", exam);
    view_bool(v, "passed_lab", lab);
    view_bool(v, "passed_both", exam && lab);
}

/* Names what a renewal asks to be done again, of what the level asks. */
static const char *anew_text(struct request *r, const struct content_level *level) {
    static const char *const keys[] = {NULL,           "cert_anew_m",  "cert_anew_e",
                                       "cert_anew_me", "cert_anew_l",  "cert_anew_ml",
                                       "cert_anew_el", "cert_anew_mel"};
    const struct content_reapply_rules *x = &level->reapply;
    bool modules = x->renew_modules && level->module_count,
         exams = x->renew_exams && level->exam_count, labs = x->renew_labs && level->lab_count;
    const char *key = keys[modules + 2 * exams + 4 * labs];
    return key ? cert_text(r, key, NULL) : "";
}

/* Shows what the programme says of applying again, for everybody; view_standing shows a learner
 * where they stand in it. */
static void view_rules(struct request *r, struct view *v, const struct content_level *level) {
    struct view *rules = view_object(v, "rules");
    view_int(rules, "refusal_days", level->reapply.after_refusal_days);
    view_int(rules, "revocation_days", level->reapply.after_revocation_days);
    view_int(rules, "opens_days", level->reapply.renewal_opens_days);
    view_bool(rules, "renewable", level->valid_months > 0);
    view_text(rules, "anew", anew_text(r, level));
}

static void view_standing(struct request *r, struct view *v, const struct content_level *level,
                          const struct cert_standing *s) {
    static const char *const keys[] = {[CERT_MAY_HELD] = "cert_standing_held",
                                       [CERT_MAY_SUSPENDED] = "cert_refusal_suspended",
                                       [CERT_MAY_REVOKED] = "cert_standing_revoked",
                                       [CERT_MAY_REFUSED] = "cert_standing_refused"};
    bool waits = s->may == CERT_MAY_WAITS, may = s->may == CERT_MAY_APPLY;
    struct view *o = view_object(v, "standing");
    view_bool(v, "may_apply", may);
    if (s->from_ms) view_time(o, "from", s->from_ms, r->locale, r->zone);
    view_text(o, "anew", anew_text(r, level));
    if (!may && !waits && (s->from_ms || s->may != CERT_MAY_HELD))
        view_text(o, "text", cert_text(r, keys[s->may], o));
    bool counts = !cert_is_held(s);
    int64_t since_ms = 0;
    for (int i = 0; i < CERT_KINDS; i++)
        if (s->since_ms[i] > since_ms) since_ms = s->since_ms[i];
    if (counts && since_ms) view_time(o, "since", since_ms, r->locale, r->zone);
    if (counts && since_ms)
        view_text(o, "evidence",
                  cert_text(r, s->revoked ? "cert_evidence_revoked" : "cert_evidence_renewal", o));
}

/* ---- A level -------------------------------------------------------------------------------- */
struct level_form {
    const char *problem, *statement; /* NULL unless an application was just refused */
};

/* The requirements for readers who are no learners, without anybody's facts. */
static enum err plain_status(struct request *r, const struct content_snapshot *content,
                             const struct content_level *level, struct cert_level_status *out) {
    struct cert_need *needs;
    size_t count;
    enum err e = cert_needs(r->app, r->arena, content, level, &needs, &count);
    if (e == OK) cert_level_status(r->arena, level->open, needs, count, NULL, 0, out);
    return e;
}

/* The reader's newest application for this level; NULL when there is none. */
static enum err newest_application(struct request *r, const char *programme_id,
                                   const char *level_id, const struct cert_application **out) {
    struct cert_application *list;
    size_t count;
    enum err e = cert_applications_of(r->db, r->arena, r->who->person_id, &list, &count);
    *out = NULL;
    for (size_t i = 0; e == OK && i < count && !*out; i++) /* newest first */
        if (str_eq(list[i].programme_id, programme_id) && str_eq(list[i].level_id, level_id))
            *out = &list[i];
    return e;
}

/* The person's newest application and certificate for this level: sets `waits`, `refused`, `held`.
 */
static enum err view_own(struct request *r, struct view *v, const char *programme_id,
                         const char *level_id, const struct cert_standing *standing) {
    const struct cert_application *app;
    struct cert_summary *held;
    size_t count;
    enum err e = newest_application(r, programme_id, level_id, &app);
    if (app && !app->outcome) {
        view_time(view_object(v, "waits"), "at", app->at_ms, r->locale, r->zone);
    } else if (app && str_eq(app->outcome, "refused")) {
        struct view *refused = view_object(v, "refused");
        view_text(refused, "reason", app->decided_reason);
        view_time(refused, "at", app->decided_ms, r->locale, r->zone);
    }
    if (e != OK) return e;
    e = cert_list(r->db, r->arena, r->who->person_id, r->now_ms, 100, &held, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        if (!str_eq(held[i].programme_id, programme_id) || !str_eq(held[i].level_id, level_id))
            continue;
        struct view *certificate = view_object(v, "held");
        e = cert_show_state(r, &held[i]);
        view_text(certificate, "number", held[i].number);
        view_text(certificate, "href", arena_printf(r->arena, "/certificates/%s", held[i].number));
        cert_view_state(r, certificate, held[i].state);
        bool unchecked = str_eq(held[i].state, "unchecked");
        view_bool(certificate, "holds",
                  !unchecked && (cert_is_held(standing) || str_eq(held[i].state, "valid")));
        if (!str_eq(held[i].state, "revoked") || !standing->newest) break;
        struct view *revoked = view_object(certificate, "revoked");
        view_text(revoked, "reason", standing->newest->reason);
        view_time(revoked, "at", standing->newest->changed_ms, r->locale, r->zone);
        break;
    }
    return e;
}

static enum err show_level(struct request *r, int status_code, const struct level_form *form) {
    const struct content_snapshot *content = content_of(r);
    const struct content_programme *p = content_programme(content, r->param[0]);
    const struct content_level *level = p ? content_level(p, r->param[1]) : NULL;
    if (!level) return http_refuse(r, ERR_NOT_FOUND, "cert_error_no_level", NULL);
    struct cert_level_status status;
    bool learner = http_has_role(r, ROLE_LEARNER);
    struct cert_standing standing;
    struct cert_standing_query asked = {learner ? r->who->person_id : NULL, p->id, level, NULL, 0};
    enum err e = learner ? cert_standing_of(r->app, r->db, r->arena, content, &asked, r->now_ms,
                                            &standing, &status)
                         : plain_status(r, content, level, &status);
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs"),
                *crumb = view_item(crumbs);
    const char *problem = NULL;
    if (e == OK) e = content_programme_problem(r->db, r->arena, content, p->id, &problem);
    if (e == OK && learner) e = view_own(r, v, p->id, level->id, &standing);
    if (e != OK) return e;
    view_text(crumb, "href", arena_printf(r->arena, "/programmes/%s", p->id));
    view_text(crumb, "text", p->title);
    view_text(view_item(crumbs), "text", level->title);
    view_text(v, "title", arena_printf(r->arena, "%s: %s", p->title, level->title));
    view_text(v, "programme", p->title);
    view_text(v, "level", level->title);
    view_text(v, "summary", level->summary);
    view_text(v, "scope", level->scope);
    view_text(v, "scheme_version", p->scheme_version);
    view_int(v, "valid_months", level->valid_months);
    view_bool(v, arena_printf(r->arena, "is_level_%d", level->number), true);
    view_bool(v, "open", level->open);
    view_bool(v, "learner", learner);
    cert_view_status(r, v, &status);
    view_rules(r, v, level);
    if (learner) view_standing(r, v, level, &standing);
    view_bool(v, "programme_changed", problem);
    if (form) {
        view_text(v, "problem", form->problem);
        view_text(v, "statement", form->statement ? form->statement : "");
    } else if (http_query(r, "applied")) {
        view_text(v, "notice", cert_text(r, "cert_applied", NULL));
    }
    return http_page_status(r, status_code, "cert_level", v);
}

enum err cert_level_page(struct request *r) { return show_level(r, 200, NULL); }

static enum err after_apply(struct request *r, void *arg, enum err result) {
    struct cert_apply *apply = arg;
    if (result == OK)
        return http_redirect(r, arena_printf(r->arena, "/programmes/%s/levels/%s?applied=1",
                                             apply->programme_id, apply->level_id));
    if (!apply->refusal) return result;
    struct level_form form = {cert_text(r, apply->refusal, NULL), apply->statement};
    return show_level(r, cert_refusal_status(result), &form);
}

enum err cert_apply_post(struct request *r) {
    struct cert_apply *apply = NEW(r->arena, struct cert_apply);
    apply->app = r->app;
    apply->content = content_of(r);
    apply->person_id = r->who->person_id;
    apply->programme_id = r->param[0];
    apply->level_id = r->param[1];
    apply->statement = http_field(r, "statement");
    return http_write(r, cert_apply, apply, after_apply);
}

/* ---- The own certificates ------------------------------------------------------------------- */
static enum err view_certificates(struct request *r, struct view *v, struct cert_summary *list,
                                  size_t count) {
    struct view *items = view_list(v, "certificates");
    enum err e = OK;
    for (size_t i = 0; e == OK && i < count; i++)
        e = cert_view_summary(r, view_item(items), &list[i]);
    return e;
}

const char *cert_level_title(struct request *r, const struct cert_application *app) {
    const struct content_programme *p = content_programme(content_of(r), app->programme_id);
    const struct content_level *level = p ? content_level(p, app->level_id) : NULL;
    return level ? arena_printf(r->arena, "%s: %s", p->title, level->title)
                 : arena_printf(r->arena, "%s: %s", app->programme_id, app->level_id);
}

static void view_applications(struct request *r, struct view *v,
                              const struct cert_application *list, size_t count,
                              bool waiting_only) {
    struct view *items = view_list(v, "applications");
    for (size_t i = 0; i < count; i++) {
        if (waiting_only && list[i].outcome) continue;
        struct view *item = view_item(items);
        view_text(item, "title", cert_level_title(r, &list[i]));
        view_text(item, "href",
                  arena_printf(r->arena, "/programmes/%s/levels/%s", list[i].programme_id,
                               list[i].level_id));
        view_time(item, "at", list[i].at_ms, r->locale, r->zone);
        view_bool(item, "is_waiting", !list[i].outcome);
        view_bool(item, "is_granted", str_eq(list[i].outcome, "granted"));
        view_bool(item, "is_refused", str_eq(list[i].outcome, "refused"));
        view_text(item, "reason", list[i].decided_reason);
    }
}

enum err cert_mine_page(struct request *r) {
    struct cert_summary *held;
    struct cert_application *applications;
    size_t held_count, count;
    enum err e = cert_list(r->db, r->arena, r->who->person_id, r->now_ms, 100, &held, &held_count);
    if (e == OK)
        e = cert_applications_of(r->db, r->arena, r->who->person_id, &applications, &count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    view_text(v, "title", cert_text(r, "cert_mine_title", NULL));
    e = view_certificates(r, v, held, held_count);
    if (e != OK) return e;
    view_applications(r, v, applications, count, false);
    return http_page(r, "cert_mine", v);
}

enum err cert_application_of(struct request *r, const struct content_snapshot *content,
                             const char *programme_id, const struct content_level *level,
                             struct cert_own *out) {
    struct cert_standing_query asked = {r->who->person_id, programme_id, level, NULL, 0};
    const struct cert_application *newest = NULL;
    struct cert_standing standing;
    *out = (struct cert_own){0};
    enum err e = cert_standing_of(r->app, r->db, r->arena, content, &asked, r->now_ms, &standing,
                                  &out->status);
    if (e == OK) e = newest_application(r, programme_id, level->id, &newest);
    if (e != OK) return e;
    out->waits = standing.may == CERT_MAY_WAITS;
    out->may_apply = standing.may == CERT_MAY_APPLY && out->status.complete;
    if (!cert_is_held(&standing))
        out->modules_since_ms = standing.since_ms[cert_kind_row(&module_evidence)];
    const struct cert_held *held = standing.newest;
    if (held) {
        out->number = held->number;
        out->holds = str_eq(held->state, "valid");
    }
    if (held && str_eq(held->state, "revoked")) {
        out->revoked_reason = held->reason;
        out->revoked_ms = held->changed_ms;
    }
    if (standing.may == CERT_MAY_REFUSED || standing.may == CERT_MAY_REVOKED)
        out->from_ms = standing.from_ms;
    if (!newest || !str_eq(newest->outcome, "refused")) return OK;
    out->refused_reason = newest->decided_reason;
    out->refused_ms = newest->decided_ms;
    return OK;
}

enum err cert_home(struct request *r, struct view *v) {
    struct cert_summary *held;
    struct cert_application *applications;
    size_t held_count, count;
    enum err e = cert_list(r->db, r->arena, r->who->person_id, r->now_ms, 20, &held, &held_count);
    if (e == OK)
        e = cert_applications_of(r->db, r->arena, r->who->person_id, &applications, &count);
    if (e != OK) return e;
    e = view_certificates(r, v, held, held_count);
    view_applications(r, v, applications, count, true);
    return e;
}
