/* What else is on record about the candidate of a case: earlier applications and decisions,
 * certificates with what became of them, marks. The exams and lab runs of the level stand in the
 * case itself. */
#include "base/text.h"
#include "cert/cert_private.h"

#define CERTIFICATES_LIMIT 100

static enum err past_applications(struct request *r, struct view *v,
                                  const struct cert_application *app) {
    struct cert_application *all;
    size_t count;
    struct view *list = view_list(v, "past_applications");
    enum err e = cert_applications_of(r->db, r->arena, app->person_id, &all, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        struct person decider;
        if (str_eq(all[i].id, app->id)) continue;
        struct view *item = view_item(list);
        view_text(item, "title", cert_level_title(r, &all[i]));
        view_text(item, "href", arena_printf(r->arena, "/assess/cases/%s", all[i].id));
        view_time(item, "at", all[i].at_ms, r->locale, r->zone);
        view_bool(item, "experience", str_eq(all[i].basis, "experience"));
        view_bool(item, "is_waiting", !all[i].outcome);
        view_bool(item, "is_granted", str_eq(all[i].outcome, "granted"));
        view_bool(item, "is_refused", str_eq(all[i].outcome, "refused"));
        view_text(item, "number", all[i].number);
        view_text(item, "reason", all[i].decided_reason);
        if (!all[i].outcome) continue;
        view_time(item, "decided", all[i].decided_ms, r->locale, r->zone);
        e = account_find(r->db, r->arena, all[i].decided_by, &decider);
        if (e == OK) view_text(item, "who", decider.name);
        else if (e == ERR_NOT_FOUND) e = OK; /* the decider is no longer on record */
    }
    return e;
}

static enum err view_changes(struct request *r, struct view *item, const char *number) {
    struct cert_certificate c;
    struct cert_status_row *changes;
    size_t count;
    struct view *list = view_list(item, "changes");
    enum err e = cert_certificate_find(r->db, r->arena, number, &c);
    if (e == OK) e = cert_statuses(r->db, r->arena, c.id, &changes, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        struct view *change = view_item(list);
        view_text(change, "what",
                  cert_text(r, arena_printf(r->arena, "cert_change_%s", changes[i].kind), NULL));
        view_text(change, "reason", changes[i].reason);
        view_text(change, "who", changes[i].actor_name);
        view_time(change, "at", changes[i].at_ms, r->locale, r->zone);
    }
    return e;
}

static enum err past_certificates(struct request *r, struct view *v, const char *person_id) {
    struct cert_summary *held;
    size_t count;
    struct view *list = view_list(v, "past_certificates");
    enum err e = cert_list(r->db, r->arena, person_id, r->now_ms, CERTIFICATES_LIMIT, &held,
                           &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        struct view *item = view_item(list);
        view_text(item, "number", held[i].number);
        view_text(item, "href", arena_printf(r->arena, "/certificates/%s", held[i].number));
        view_text(item, "title", held[i].title);
        view_time(item, "issued", held[i].issued_ms, r->locale, r->zone);
        if (held[i].valid_until_ms)
            view_time(item, "until", held[i].valid_until_ms, r->locale, r->zone);
        e = cert_show_state(r, &held[i]);
        cert_view_state(r, item, held[i].state);
        if (e == OK) e = view_changes(r, item, held[i].number);
    }
    return e;
}

static enum err past_marks(struct request *r, struct view *v, const struct cert_application *app) {
    struct cert_mark_row *marks;
    size_t count;
    struct view *list = view_list(v, "past_marks");
    enum err e = cert_marks_on(r->db, r->arena, app->person_id, app->id, &marks, &count);
    for (size_t i = 0; e == OK && i < count; i++) cert_view_mark(r, view_item(list), &marks[i]);
    return e;
}

enum err cert_view_past(struct request *r, struct view *v, const struct cert_application *app) {
    enum err e = past_applications(r, v, app);
    if (e == OK) e = past_certificates(r, v, app->person_id);
    return e == OK ? past_marks(r, v, app) : e;
}
