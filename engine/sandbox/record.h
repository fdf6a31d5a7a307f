/* Records of connectors: reading, validating, writing with events, merging. Values are text or NULL
 * (empty); integers, truths and times are decimal text. */
#ifndef GR_SANDBOX_RECORD_H
#define GR_SANDBOX_RECORD_H

#include "sandbox/state.h"

struct record {
    const char *id;
    int64_t created_ms, updated_ms;
    const char **value; /* by the field's index; NULL: none was read */
};

struct record_problem {
    enum lab_problem what;
    const struct lab_field *field;
    const char *value;
};

/* A record of the object, all fields empty; and a copy whose values may be changed. Arena. */
struct record record_blank(const struct lab_object *o, struct arena *a);
struct record record_copy(const struct lab_object *o, const struct record *r, struct arena *a);

/* Column list of an object's table: "id, created_ms, updated_ms, email, …". */
const char *record_columns(struct lab_state *s, const struct lab_object *o);
/* Once, when the stack is read. */
void record_open(struct lab_state *s);
void record_read(const struct lab_object *o, sqlite3_stmt *q, struct record *out, struct arena *a);
bool record_get(struct lab_state *s, const struct lab_object *o, const char *id, struct record *out,
                struct arena *a);
/* All records in the order of their ids; they count as reads (RULE lab-reads). */
struct record *record_all(struct lab_state *s, const struct lab_object *o, struct arena *a,
                          int *count);
bool record_exists(struct lab_state *s, const struct lab_object *o, const char *id);

/* Checks these fields. */
struct record_problem record_validate(struct lab_state *s, const struct lab_object *o,
                                      const struct record *r, const struct lab_fields *fields);
const char *record_new_id(struct lab_state *s, int member, struct arena *a);
/* Stores r (with its id and times) and logs an event for it. */
void record_insert(struct lab_state *s, int member, const struct lab_object *o,
                   const struct record *r);
/* Writes those of these fields that differ, an event for each; returns how many differed. */
int record_update(struct lab_state *s, int member, const struct lab_object *o, const char *id,
                  const struct record *r, const struct lab_fields *fields, bool touch);
/* Completes a record that is just being made: no event, and its times stay. */
void record_fill_in(struct lab_state *s, const struct lab_object *o, const char *id,
                    const struct lab_field *f, const char *value);
void record_delete(struct lab_state *s, int member, const struct lab_object *o, const char *id);
/* `loser` goes into `survivor`. `fill`: empty fields of the survivor take the loser's value;
 * otherwise such a value is lost, and the log says so. Sticky truths stay true. References inside
 * the connector follow. */
void record_merge(struct lab_state *s, int member, const struct lab_object *o, const char *survivor,
                  const char *loser, bool fill);
int64_t record_count(struct lab_state *s, const struct lab_object *o);

bool record_same(const char *a, const char *b);
bool record_empty(const char *value);

const char *record_value(const struct lab_object *o, const struct record *r, const char *field);
/* Values of this type are numbers in the table. */
bool record_is_number(enum lab_type t);
/* Those of these fields in which the two differ. */
struct lab_fields record_differing(const struct lab_object *o, const struct record *a,
                                   const struct record *b, const struct lab_fields *fields);

#endif
