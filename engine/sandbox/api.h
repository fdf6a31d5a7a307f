/* The HTTP API of a connector, as its dialect speaks it. */
#ifndef GR_SANDBOX_API_H
#define GR_SANDBOX_API_H

#include "labmodel/lab_surface.h"
#include "sandbox/record.h"
#include "sandbox/step.h"

struct api {
    struct lab_state *s;
    struct step_answer *out;
    struct arena *a;
    int member;
    const struct lab_dialect *d;
    struct lab_surface surface;
    const char *method, *path, *query, *body;
    /* Headers; NULL: not sent, or not read by the dialect. */
    const char *if_match, *if_none_match, *once;
    bool screen;
    bool nested;    /* an operation of a composite call */
    int64_t scopes; /* of the token, by their index; all where there is none */
    const struct lab_object *object;
    const struct lab_object_name *names;
    /* Which fields are shown, beside the id: those chosen, or all. */
    bool chosen, choice[LAB_FIELDS_MAX], choose_created, choose_updated;
};

/* Writes the dialect's answer to a problem and returns false, so that callers can `return
 * api_problem(…)`. */
bool api_problem(struct api *x, enum lab_problem what, const char *field, const char *value,
                 int64_t seconds);
/* The answer about one record, in the body that the dialect has for it; without a body when the
 * status is 204. */
void api_answer(struct api *x, enum lab_body_of of, int status, const struct record *r);
/* Only the body. */
void api_body(struct api *x, enum lab_body_of of, const struct record *r);
/* The record as the dialect shows it. */
void api_record(struct api *x, const struct lab_object *o, const struct record *r, struct buf *out);
/* The field that a value of type value-name belongs to in this row; NULL: none yet. */
const struct lab_field *api_named_field(struct api *x, const struct lab_object *o,
                                        const struct record *r, int field,
                                        struct lab_value_path *path);
/* A field's value for a screen or a body. */
const char *api_text(struct api *x, const struct lab_object *o, const struct record *r, int field);

/* Leads a call to what does it. */
void api_call(struct api *x);
void api_set_object(struct api *x, const struct lab_object *o);
/* Sets the object that has this path; false: there is none. */
bool api_object_at(struct api *x, const char *path);
/* The answer to a method that is none of these: "GET, POST". */
void api_bad_method(struct api *x, const char *allowed);

void api_list(struct api *x);
void api_get(struct api *x, const char *id);
void api_create(struct api *x);
void api_update(struct api *x, const char *id);
void api_delete(struct api *x, const char *id);
void api_merge(struct api *x, const char *id);

/* Why a record was not written: field and value as the client wrote them. */
struct refusal {
    enum lab_problem what;
    const char *field, *value;
};
/* Writes one record, for a call or a row of a bulk job; `r` is the record as it is then. */
struct refusal api_create_one(struct api *x, json_t *body, struct record *r);
struct refusal api_update_one(struct api *x, const char *id, json_t *body, struct record *r);
struct refusal api_delete_one(struct api *x, const char *id);

/* api_tags.c. RULE lab-tag: a record's tag is another one after every change of it, and the same as
 * long as there is none. Sets the answer's header, where the dialect has tags. */
void api_tag(struct api *x, const struct record *r);
/* RULE lab-if-match: who names an older state of a record changes nothing. False: the answer is
 * there, since a condition of the request does not hold. */
bool api_conditions(struct api *x, enum lab_operation operation, const char *id);

/* api_once.c. RULE lab-once: a call with the key of an earlier one, and the same in all else, is
 * answered as that was and does nothing; for 24 simulated hours. RULE lab-once-refused: a call that
 * was refused has used no key up. */
#define ONCE_MS (24 * MS_HOUR)
/* RULE lab-once-room: a system keeps 1,000 answers, and 4 MB of them; the oldest go first. */
#define ONCE_MAX 1000
#define ONCE_BYTES (4 * 1024 * 1024)
#define ONCE_KEY_BYTES 100
/* True: the answer is there. */
bool api_once_answered(struct api *x);
/* Keeps the answer, when there is a key. */
void api_once_keep(struct api *x);

/* api_hooks.c. A call below the path of the subscriptions; `rest` is what follows it. */
void api_hooks(struct api *x, const char *rest);

/* api_bulk.c. A call below the path of the bulk jobs. */
void api_bulk(struct api *x, const char *rest);
/* api_composite.c. RULE lab-composite-all: where all or none are done, nothing is left of the
 * others when one fails. */
void api_composite(struct api *x);
/* api_deleted.c. RULE lab-deleted-since: a feed is not asked about the future, nor about a time
 * that it does not remember; `path` is the object's. */
void api_deleted(struct api *x, const char *path);

/* ---- Keys and tokens (api_keys.c) ----------------------------------------------------------- */
/* RULE lab-key-overlap: after a rotation the old key is good as long as the dialect says, and then
 * no more. False: the key or token of the call is at its end, and that was answered. */
bool api_key_alive(struct api *x, json_t *action);
/* Gives a new key. */
void api_rotate_key(struct api *x);
/* RULE lab-scope: a token does what one of its scopes says, and nothing else. */
bool api_in_scope(struct api *x, bool writes);
/* The same of an object, without an answer. */
bool api_may(struct api *x, const struct lab_object *o, bool writes);
/* RULE lab-scope-hooks: calls of subscriptions need a scope that is for them. */
bool api_in_scope_of_hooks(struct api *x);
/* Gives an access token, for the client's credentials or for a refresh token. RULE lab-refresh: a
 * refresh token is good once; who uses it again ends it, what came of it, and what that came of. */
void api_give_token(struct api *x, json_t *action);

/* Decodes the query parameter at `index`; false at the end. */
bool api_param(struct api *x, int index, const char **name, const char **value);

/* Binds an api to a member without a request: for views, which only show records. */
void api_bind(struct api *x, struct lab_state *s, int member, struct arena *a);

#endif
