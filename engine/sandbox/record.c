/* Records of connectors. */
#include "sandbox/record.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/faults.h"
#include "sandbox/hooks.h"
#include "sandbox/people.h"
#include "sandbox/rules.h"

bool record_is_number(enum lab_type t) {
    return t == LAB_INTEGER || t == LAB_BOOLEAN || t == LAB_TIME;
}

bool record_empty(const char *value) { return !value || !*value; }
bool record_same(const char *a, const char *b) {
    return record_empty(a) ? record_empty(b) : str_eq(a, b);
}

struct record record_blank(const struct lab_object *o, struct arena *a) {
    return (struct record){.value = NEW_ARRAY(a, const char *, (size_t)o->field_count)};
}

struct record record_copy(const struct lab_object *o, const struct record *r, struct arena *a) {
    struct record copy = *r;
    copy.value = record_blank(o, a).value;
    memcpy(copy.value, r->value, (size_t)o->field_count * sizeof *copy.value);
    return copy;
}

/* ---- SQL of an object, put together once ---------------------------------------------------- */
static const char *columns_of(const struct lab_object *o, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "id, created_ms, updated_ms");
    for (int i = 0; i < o->field_count; i++) buf_printf(&b, ", %s", o->fields[i].id);
    return buf_text(&b);
}

static const char *insert_of(const struct lab_object *o, const char *columns, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "INSERT INTO %s (%s) VALUES ($1, $2, $3", o->table, columns);
    for (int i = 0; i < o->field_count; i++) buf_printf(&b, ", $%d", 4 + i);
    buf_putc(&b, ')');
    return buf_text(&b);
}

/* The place of the object's SQL: its own, or a free one. */
static struct record_sql *place_of(struct lab_state *s, const struct lab_object *o) {
    size_t at = ((uintptr_t)o / sizeof *o) % s->sql_room;
    while (s->sql[at].of && s->sql[at].of != o) at = (at + 1) % s->sql_room;
    return &s->sql[at];
}

static const struct record_sql *sql_of(struct lab_state *s, const struct lab_object *o) {
    struct record_sql *x = place_of(s, o);
    if (x->of) return x;
    x->of = o;
    x->columns = columns_of(o, &s->pack);
    x->get = arena_printf(&s->pack, "SELECT %s FROM %s WHERE id = $1", x->columns, o->table);
    x->insert = insert_of(o, x->columns, &s->pack);
    return x;
}

void record_open(struct lab_state *s) {
    size_t objects = 0;
    for (int i = 0; i < s->stack.member_count; i++)
        objects += (size_t)s->stack.members[i].connector->object_count;
    s->sql_room = 2 * objects + 1;
    s->sql = NEW_ARRAY(&s->pack, struct record_sql, s->sql_room);
}

const char *record_columns(struct lab_state *s, const struct lab_object *o) {
    return sql_of(s, o)->columns;
}

void record_read(const struct lab_object *o, sqlite3_stmt *q, struct record *out, struct arena *a) {
    *out = record_blank(o, a);
    out->id = state_column(q, 0, a);
    out->created_ms = sqlite3_column_int64(q, 1);
    out->updated_ms = sqlite3_column_int64(q, 2);
    for (int i = 0; i < o->field_count; i++) out->value[i] = state_column(q, 3 + i, a);
}

bool record_get(struct lab_state *s, const struct lab_object *o, const char *id, struct record *out,
                struct arena *a) {
    sqlite3_stmt *q = state_query(s, sql_of(s, o)->get, "t", id);
    bool found = state_row(s, q);
    if (found) record_read(o, q, out, a);
    state_end(q);
    return found;
}

struct record *record_all(struct lab_state *s, const struct lab_object *o, struct arena *a,
                          int *count) {
    int total = (int)record_count(s, o), i = 0;
    struct record *all = NEW_ARRAY(a, struct record, (size_t)total);
    sqlite3_stmt *q = state_query(
        s, arena_printf(a, "SELECT %s FROM %s ORDER BY id", record_columns(s, o), o->table), "");
    while (i < total && state_row(s, q)) record_read(o, q, &all[i++], a);
    state_end(q);
    *count = i;
    s->reads += i;
    return all;
}

bool record_exists(struct lab_state *s, const struct lab_object *o, const char *id) {
    return state_number(s,
                        arena_printf(s->scratch, "SELECT count(*) FROM %s WHERE id = $1", o->table),
                        "t", id) > 0;
}

int64_t record_count(struct lab_state *s, const struct lab_object *o) {
    return state_number(s, arena_printf(s->scratch, "SELECT count(*) FROM %s", o->table), "");
}

/* One @ with something before it and a dot with something on both sides behind it. No blanks
 * inside: systems do accept them at the ends, which is one of the things that a learner has to
 * mend. */
static bool email_plausible(const char *v) {
    size_t len = strlen(v);
    while (len && v[len - 1] == ' ') len--;
    while (len && *v == ' ') v++, len--;
    const char *at = memchr(v, '@', len);
    if (!at || at == v || memchr(v, ' ', len)) return false;
    size_t rest = len - (size_t)(at + 1 - v);
    if (memchr(at + 1, '@', rest)) return false;
    const char *dot = memchr(at + 1, '.', rest);
    return dot && dot > at + 1 && dot < v + len - 1;
}

static bool field_is_of(struct lab_state *s, const struct lab_field *f, const char *value) {
    const struct lab_object *o = lab_object_by_path(&s->stack, f->of, NULL);
    return o && lab_field_find(o, value);
}

static enum lab_problem check(struct lab_state *s, const struct lab_field *f, const char *v) {
    int64_t n;
    if (record_empty(v)) return f->required ? LAB_PROBLEM_REQUIRED : LAB_PROBLEM_NONE;
    switch (f->type) {
    case LAB_EMAIL:
        if (!email_plausible(v)) return LAB_PROBLEM_INVALID_VALUE;
        break;
    case LAB_INTEGER:
        if (!parse_i64(v, -1000000000000, 1000000000000, &n)) return LAB_PROBLEM_INVALID_VALUE;
        break;
    case LAB_BOOLEAN:
        if (strcmp(v, "0") != 0 && strcmp(v, "1") != 0) return LAB_PROBLEM_INVALID_VALUE;
        break;
    case LAB_TIME:
        if (!parse_i64(v, -62135596800000, 253402300799999, &n)) return LAB_PROBLEM_INVALID_VALUE;
        break;
    case LAB_PICKLIST:
        if (!lab_value_known(f, v)) return LAB_PROBLEM_INVALID_VALUE;
        break;
    case LAB_REFERENCE: {
        const struct lab_object *o = lab_object_by_path(&s->stack, f->of, NULL);
        if (!o || !record_exists(s, o, v)) return LAB_PROBLEM_INVALID_VALUE;
        break;
    }
    case LAB_FIELD_NAME:
        if (!field_is_of(s, f, v)) return LAB_PROBLEM_INVALID_VALUE;
        break;
    case LAB_TEXT:
    case LAB_VALUE_NAME: break;
    }
    return utf8_count(v) > (size_t)f->max ? LAB_PROBLEM_INVALID_VALUE : LAB_PROBLEM_NONE;
}

struct record_problem record_validate(struct lab_state *s, const struct lab_object *o,
                                      const struct record *r, const struct lab_fields *fields) {
    for (int i = 0; i < o->field_count; i++) {
        if (!lab_fields_has(fields, i)) continue;
        enum lab_problem what = check(s, &o->fields[i], r->value[i]);
        if (what) return (struct record_problem){what, &o->fields[i], r->value[i]};
    }
    return (struct record_problem){LAB_PROBLEM_NONE, NULL, NULL};
}

const char *record_new_id(struct lab_state *s, int member, struct arena *a) {
    int64_t n = state_next(s, "id");
    /* Ids have random gaps, so that nobody can guess them, but ascend in the order of creation. */
    int64_t number = 100000 + n * 7 + state_draw(s, "id", "", n, 7);
    const char *prefix = s->dialect[member]->id_prefix;
    return arena_printf(a, "%s%lld", prefix ? prefix : "", (long long)number);
}

static void bind_value(sqlite3_stmt *q, int at, const struct lab_field *f, const char *v) {
    if (record_empty(v)) sqlite3_bind_null(q, at);
    else if (record_is_number(f->type)) {
        int64_t n = 0;
        parse_i64(v, INT64_MIN / 2, INT64_MAX / 2, &n);
        sqlite3_bind_int64(q, at, n);
    } else sqlite3_bind_text(q, at, v, -1, SQLITE_TRANSIENT);
}

void record_insert(struct lab_state *s, int member, const struct lab_object *o,
                   const struct record *r) {
    sqlite3_stmt *q = state_query(s, sql_of(s, o)->insert, "tii", r->id, r->created_ms,
                                  r->updated_ms);
    for (int i = 0; i < o->field_count; i++) bind_value(q, 4 + i, &o->fields[i], r->value[i]);
    state_row(s, q);
    state_end(q);
    int64_t seq = state_event(
        s, &(struct state_event){.kind = "record.created",
                                 .connector = s->stack.members[member].connector->id,
                                 .object = o->id,
                                 .record_id = r->id});
    struct lab_place at = {o, member};
    if (s->stack.world) people_notice(s, at, r);
    rules_record(s, LAB_ON_CREATE, at, r, seq);
    hooks_record(s, LAB_ON_CREATE, at, r->id, seq);
}

struct lab_fields record_differing(const struct lab_object *o, const struct record *a,
                                   const struct record *b, const struct lab_fields *fields) {
    struct lab_fields changed = {0};
    for (int i = 0; i < o->field_count; i++)
        if (lab_fields_has(fields, i) && !record_same(a->value[i], b->value[i]))
            lab_fields_add(&changed, i);
    return changed;
}

static void write_field(struct lab_state *s, const struct lab_object *o, const char *id,
                        const struct lab_field *f, const char *value) {
    const char *sql = arena_printf(s->scratch, "UPDATE %s SET %s = $2 WHERE id = $1", o->table,
                                   f->id);
    sqlite3_stmt *q = state_query(s, sql, "t", id);
    bind_value(q, 2, f, value);
    state_row(s, q);
    state_end(q);
}

void record_fill_in(struct lab_state *s, const struct lab_object *o, const char *id,
                    const struct lab_field *f, const char *value) {
    write_field(s, o, id, f, value);
}

int record_update(struct lab_state *s, int member, const struct lab_object *o, const char *id,
                  const struct record *r, const struct lab_fields *fields, bool touch) {
    struct record old;
    if (!record_get(s, o, id, &old, s->scratch)) return 0;
    const char *connector = s->stack.members[member].connector->id;
    int64_t seq = 0;
    int changed = 0;
    for (int i = 0; i < o->field_count; i++) {
        if (!lab_fields_has(fields, i) || record_same(old.value[i], r->value[i])) continue;
        write_field(s, o, id, &o->fields[i], r->value[i]);
        seq = state_event(
            s, &(struct state_event){.kind = "record.changed",
                                     .connector = connector,
                                     .object = o->id,
                                     .record_id = id,
                                     .field = o->fields[i].id,
                                     .old_value = old.value[i],
                                     .new_value = record_empty(r->value[i]) ? NULL : r->value[i]});
        old.value[i] = r->value[i];
        changed++;
    }
    if (changed && touch)
        state_run(s,
                  arena_printf(s->scratch, "UPDATE %s SET updated_ms = $2 WHERE id = $1", o->table),
                  "ti", id, faults_clock(s, member));
    if (changed) rules_record(s, LAB_ON_UPDATE, (struct lab_place){o, member}, &old, seq);
    if (changed) hooks_record(s, LAB_ON_UPDATE, (struct lab_place){o, member}, id, seq);
    return changed;
}

/* For the feed of deleted records, where the dialect has one (api_deleted.c). */
static void note_deleted(struct lab_state *s, int member, const struct lab_object *o,
                         const char *id, int64_t seq) {
    if (s->dialect[member]->deleted)
        state_run(s,
                  "INSERT INTO sim_deleted (n, object, record_id, at_ms) VALUES ($1, $2, $3, $4)",
                  "itti", seq, o->table, id, faults_clock(s, member));
}

void record_delete(struct lab_state *s, int member, const struct lab_object *o, const char *id) {
    struct record old;
    if (!record_get(s, o, id, &old, s->scratch)) return;
    state_run(s, arena_printf(s->scratch, "DELETE FROM %s WHERE id = $1", o->table), "t", id);
    int64_t seq = state_event(
        s, &(struct state_event){.kind = "record.deleted",
                                 .connector = s->stack.members[member].connector->id,
                                 .object = o->id,
                                 .record_id = id});
    note_deleted(s, member, o, id, seq);
    rules_record(s, LAB_ON_DELETE, (struct lab_place){o, member}, &old, seq);
    hooks_record(s, LAB_ON_DELETE, (struct lab_place){o, member}, id, seq);
}

/* References that stay inside one connector follow a merge, as they do in real systems; links
 * between systems do not, which is why they break. */
static void move_references(struct lab_state *s, int member, const struct lab_object *o,
                            const char *survivor, const char *loser) {
    const struct lab_connector *c = s->stack.members[member].connector;
    const char *path = arena_printf(s->scratch, "%s.%s", c->id, o->id);
    for (int i = 0; i < c->object_count; i++)
        for (int k = 0; k < c->objects[i].field_count; k++) {
            const struct lab_field *f = &c->objects[i].fields[k];
            if (f->type == LAB_REFERENCE && str_eq(f->of, path))
                state_run(s,
                          arena_printf(s->scratch, "UPDATE %s SET %s = $1 WHERE %s = $2",
                                       c->objects[i].table, f->id, f->id),
                          "tt", survivor, loser);
        }
    state_run(s,
              "INSERT INTO sim_person (object, record_id, person) SELECT object, $1, person FROM "
              "sim_person WHERE object = $2 AND record_id = $3 ON CONFLICT DO NOTHING",
              "ttt", survivor, path, loser);
}

/* What people call a record by: an object begins with such fields. */
static const char *first_filled(const struct lab_object *o, const struct record *r) {
    for (int i = 0; i < o->field_count; i++)
        if (!record_empty(r->value[i])) return r->value[i];
    return NULL;
}

void record_merge(struct lab_state *s, int member, const struct lab_object *o, const char *survivor,
                  const char *loser, bool fill) {
    struct record keep, lose;
    if (!record_get(s, o, survivor, &keep, s->scratch) ||
        !record_get(s, o, loser, &lose, s->scratch))
        return;
    const char *connector = s->stack.members[member].connector->id;
    struct lab_fields filled = {0};
    for (int i = 0; i < o->field_count; i++) {
        const struct lab_field *f = &o->fields[i];
        bool want = f->sticky ? str_eq(lose.value[i], "1") && !str_eq(keep.value[i], "1")
                              : record_empty(keep.value[i]) && !record_empty(lose.value[i]);
        if (!want) continue;
        if (!fill && !f->sticky) {
            state_event(s, &(struct state_event){.kind = "value.lost",
                                                 .connector = connector,
                                                 .object = o->id,
                                                 .record_id = survivor,
                                                 .field = f->id,
                                                 .old_value = lose.value[i],
                                                 .detail = "merge"});
            continue;
        }
        keep.value[i] = lose.value[i];
        lab_fields_add(&filled, i);
    }
    record_update(s, member, o, survivor, &keep, &filled, true);
    move_references(s, member, o, survivor, loser);
    state_run(s, arena_printf(s->scratch, "DELETE FROM %s WHERE id = $1", o->table), "t", loser);
    int64_t seq = state_event(s, &(struct state_event){.kind = "record.merged",
                                                       .connector = connector,
                                                       .object = o->id,
                                                       .record_id = survivor,
                                                       .old_value = loser,
                                                       .detail = first_filled(o, &lose)});
    note_deleted(s, member, o, loser, seq);
    hooks_record(s, LAB_ON_DELETE, (struct lab_place){o, member}, loser, seq);
}

const char *record_value(const struct lab_object *o, const struct record *r, const char *field) {
    const struct lab_field *f = lab_field_find(o, field);
    return f ? r->value[f->index] : NULL;
}
