/* Declaring an interest in a person: on a page of one's own, and in a case. */
#include <string.h>

#include "base/text.h"
#include "cert/cert_private.h"

#define MATCHES_MOST 10

struct interest_form {
    const char *problem, *person, *note; /* without a problem: to be confirmed */
    const struct person *matches;
    size_t match_count;
    bool more;
};

/* Lists the people whom the words may mean: nothing is recorded before one of them is chosen. */
static void confirm_view(struct view *v, const struct interest_form *form) {
    struct view *confirm = view_object(v, "confirm"), *list = view_list(confirm, "matches");
    for (size_t i = 0; i < form->match_count; i++) {
        struct view *item = view_item(list);
        view_text(item, "id", form->matches[i].id);
        view_text(item, "name", form->matches[i].name);
        view_text(item, "login", form->matches[i].login);
        view_bool(item, "only", form->match_count == 1);
    }
    view_bool(confirm, "more", form->more);
    view_text(v, "person", form->person);
    view_text(v, "note", form->note);
}

static enum err show(struct request *r, int status, const struct interest_form *form) {
    struct cert_interest *mine;
    size_t count;
    enum err e = cert_interests(r->db, r->arena, r->who->person_id, &mine, &count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *list = view_list(v, "interests");
    for (size_t i = 0; i < count; i++) {
        struct view *item = view_item(list);
        view_text(item, "name", mine[i].name);
        view_text(item, "login", mine[i].login);
        view_text(item, "note", mine[i].note);
        view_time(item, "at", mine[i].at_ms, r->locale, r->zone);
    }
    struct view *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/assess", cert_queue_title(r));
    view_crumb(crumbs, NULL, cert_text(r, "cert_interests_title", NULL));
    view_text(v, "title", cert_text(r, "cert_interests_title", NULL));
    if (form && !form->problem) confirm_view(v, form);
    else if (form) {
        struct view *problem = view_item(view_list(v, "errors"));
        view_text(problem, "field", "person");
        view_text(problem, "text", form->problem);
        view_text(v, "person", form->person);
        view_text(v, "note", form->note);
    } else if (http_query(r, "declared")) {
        view_text(v, "notice", cert_text(r, "cert_declared", NULL));
    }
    http_header_out(r, "Cache-Control", "no-store");
    return http_page_status(r, status, "cert_interests", v);
}

enum err cert_interests_page(struct request *r) { return show(r, 200, NULL); }

static enum err declared(struct request *r, void *arg, enum err result) {
    struct cert_declare *d = arg;
    const char *back = r->param[0]
                           ? arena_printf(r->arena, "/assess/cases/%s?declared=1", r->param[0])
                           : "/assess/interests?declared=1";
    if (result == OK) return http_redirect(r, back);
    if (!d->refusal) return result;
    struct interest_form form = {.problem = cert_text(r, d->refusal, NULL),
                                 .person = http_field(r, "person"),
                                 .note = d->note};
    return show(r, cert_refusal_status(result), &form);
}

static enum err declare(struct request *r, const char *person_id) {
    struct cert_declare *d = NEW(r->arena, struct cert_declare);
    d->actor_id = r->who->person_id;
    d->person_id = person_id;
    d->note = http_field(r, "note");
    return http_write(r, cert_declare, d, declared);
}

/* Finds people by login or e-mail address, and by words of the name. */
static enum err find_matches(struct request *r, const char *typed, struct interest_form *form) {
    struct person *all = NEW_ARRAY(r->arena, struct person, MATCHES_MOST + 2);
    struct people people = {0};
    enum err e = account_find_login(r->db, r->arena, typed, &all[0]);
    if (e == OK) form->match_count = 1;
    if (e == OK || e == ERR_NOT_FOUND)
        e = account_list(r->db, r->arena, typed, NULL, MATCHES_MOST, &people);
    for (size_t i = 0; e == OK && i < people.count; i++)
        if (!form->match_count || !str_eq(people.list[i].id, all[0].id))
            all[form->match_count++] = people.list[i];
    form->matches = all;
    form->more = people.next != NULL;
    return e;
}

enum err cert_interests_post(struct request *r) {
    const char *chosen = http_field(r, "chosen"), *typed = http_field(r, "person");
    struct interest_form form = {.person = typed, .note = http_field(r, "note")};
    struct person person;
    enum err e = chosen ? account_find(r->db, r->arena, chosen, &person) : OK;
    if (chosen && e == OK) return declare(r, person.id);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    const char *words = typed ? str_trim(r->arena, typed) : "";
    e = *words ? find_matches(r, words, &form) : OK;
    if (e != OK) return e;
    if (!form.match_count) form.problem = cert_text(r, "cert_refusal_nobody", NULL);
    return show(r, form.problem ? 422 : 200, &form);
}

enum err cert_case_interest_post(struct request *r) {
    struct cert_application app;
    enum err e = cert_application_find(r->db, r->arena, r->param[0], &app);
    if (e == ERR_NOT_FOUND) return http_refuse(r, e, "cert_error_no_case", NULL);
    if (e == OK) e = cert_may_see(r, &app);
    return e == OK ? declare(r, app.person_id) : e;
}
