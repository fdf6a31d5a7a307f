/* Records for screens. */
#include "sandbox/view_record.h"

#include "base/text.h"

#define NAMES_SHOWN 200
#define NAME_BYTES 120
#define HISTORY_SHOWN 30

static const char *text_of(json_t *q, const char *key) {
    return json_string_value(json_object_get(q, key));
}
static int64_t number_of(json_t *q, const char *key) {
    return json_integer_value(json_object_get(q, key));
}

static void string_or_null(struct buf *out, const char *text) {
    if (text) buf_json(out, text);
    else buf_puts(out, "null");
}

/* ---- Names ---------------------------------------------------------------------------------- */
/* What the record of this id is called; NULL: it is not there, or its object has no names. */
static const char *name_of(struct lab_state *s, const struct lab_object *o, const char *id,
                           struct arena *a) {
    const struct lab_field *f = lab_object_name(o);
    if (!f || record_empty(id)) return NULL;
    sqlite3_stmt *q = state_query(s,
                                  arena_printf(a, "SELECT substr(%s, 1, %d) FROM %s WHERE id = $1",
                                               f->id, NAME_BYTES, o->table),
                                  "t", id);
    const char *name = state_row(s, q) ? state_column(q, 0, a) : NULL;
    state_end(q);
    return record_empty(name) ? NULL : name;
}

void view_names(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    json_t *path;
    size_t i;
    buf_puts(out, "{\"objects\":[");
    json_array_foreach (json_object_get(q, "objects"), i, path) {
        const struct lab_object *o = lab_object_by_path(&s->stack, json_string_value(path), NULL);
        const struct lab_field *f = o ? lab_object_name(o) : NULL;
        buf_puts(out, i ? ",[" : "[");
        sqlite3_stmt *rows =
            o ? state_query(
                    s,
                    arena_printf(a, "SELECT id, substr(%s, 1, %d) FROM %s ORDER BY 2, 1 LIMIT %d",
                                 f ? f->id : "''", NAME_BYTES, o->table, NAMES_SHOWN),
                    "")
              : NULL;
        for (int n = 0; rows && state_row(s, rows); n++) {
            buf_puts(out, n ? ",{\"id\":" : "{\"id\":");
            buf_json(out, state_column(rows, 0, a));
            buf_puts(out, ",\"name\":");
            string_or_null(out, state_column(rows, 1, a));
            buf_putc(out, '}');
        }
        if (rows) state_end(rows);
        buf_putc(out, ']');
    }
    buf_puts(out, "]}");
}

/* ---- Rows ----------------------------------------------------------------------------------- */
void view_row(struct api *x, const struct lab_object *o, const struct record *r, const char *key,
              struct buf *out) {
    buf_puts(out, "{\"id\":");
    buf_json(out, r->id);
    buf_puts(out, ",\"key\":");
    string_or_null(out, key);
    buf_printf(out, ",\"created_ms\":%lld,\"updated_ms\":%lld,\"shown\":[",
               (long long)r->created_ms, (long long)r->updated_ms);
    for (int i = 0; i < o->field_count; i++) {
        if (i) buf_putc(out, ',');
        string_or_null(out, record_empty(r->value[i]) ? NULL : api_text(x, o, r, i));
    }
    buf_puts(out, "],\"neutral\":[");
    for (int i = 0; i < o->field_count; i++) {
        if (i) buf_putc(out, ',');
        string_or_null(out, r->value[i]);
    }
    buf_puts(out, "],\"named\":[");
    for (int i = 0; i < o->field_count; i++) {
        const struct lab_object *of = o->fields[i].type == LAB_REFERENCE
                                          ? lab_object_by_path(&x->s->stack, o->fields[i].of, NULL)
                                          : NULL;
        if (i) buf_putc(out, ',');
        string_or_null(out, of ? name_of(x->s, of, r->value[i], x->a) : NULL);
    }
    buf_puts(out, "]}");
}

/* ---- Events --------------------------------------------------------------------------------- */
#define EVENT_ROWS                                                                                 \
    "SELECT e.seq, e.at_ms, e.human, e.cause, e.actor, e.kind, e.connector, e.object, "            \
    "e.record_id, e.field, e.old_value, e.new_value, e.detail, c.actor, c.kind, c.connector, "     \
    "c.object, c.record_id, c.human FROM event e LEFT JOIN event c ON c.seq = e.cause "

/* The rows of an EVENT_ROWS query, each with the event that led to it. */
static void event_rows(struct lab_state *s, sqlite3_stmt *q, struct arena *a, struct buf *out) {
    static const char *const keys[] = {"actor",        "kind",           "connector",
                                       "object",       "record_id",      "field",
                                       "old_value",    "new_value",      "detail",
                                       "cause_actor",  "cause_kind",     "cause_connector",
                                       "cause_object", "cause_record_id"};
    const int first = 4, cause_human = first + (int)COUNT_OF(keys);
    buf_putc(out, '[');
    for (int n = 0; state_row(s, q); n++) {
        buf_printf(
            out, "%s{\"seq\":%lld,\"at_ms\":%lld,\"human\":%s,\"cause\":%lld,\"cause_human\":%s",
            n ? "," : "", (long long)sqlite3_column_int64(q, 0),
            (long long)sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2) ? "true" : "false",
            (long long)sqlite3_column_int64(q, 3),
            sqlite3_column_int64(q, cause_human) ? "true" : "false");
        for (int i = 0; i < (int)COUNT_OF(keys); i++) {
            const char *text = state_column(q, first + i, a);
            if (!text) continue;
            buf_printf(out, ",\"%s\":", keys[i]);
            buf_json(out, text);
        }
        buf_putc(out, '}');
    }
    state_end(q);
    buf_putc(out, ']');
}

void view_events(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    int64_t before = number_of(q, "before"), limit = number_of(q, "limit");
    const char *find = text_of(q, "find") ? text_of(q, "find") : "";
    if (limit < 1 || limit > 500) limit = 50;
    buf_puts(out, "{\"rows\":");
    event_rows(s,
               state_query(s,
                           EVENT_ROWS "WHERE e.seq < $1 AND ($2 = '' OR e.kind = $2 OR "
                                      "e.record_id = $2 OR e.actor = $2) "
                                      "ORDER BY e.seq DESC LIMIT $3",
                           "iti", before > 0 ? before : INT64_MAX, find, limit),
               a, out);
    buf_putc(out, '}');
}

void view_since(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    int64_t after = number_of(q, "after"), limit = number_of(q, "limit");
    sqlite3_stmt *rows = state_query(s,
                                     "SELECT kind, connector, count(*) FROM event WHERE seq > $1 "
                                     "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT $2",
                                     "ii", after, limit > 0 && limit < 100 ? limit : 10);
    buf_puts(out, "{\"rows\":[");
    for (int n = 0; state_row(s, rows); n++) {
        buf_puts(out, n ? ",{\"kind\":" : "{\"kind\":");
        buf_json(out, state_column(rows, 0, a));
        buf_puts(out, ",\"connector\":");
        string_or_null(out, state_column(rows, 1, a));
        buf_printf(out, ",\"count\":%lld}", (long long)sqlite3_column_int64(rows, 2));
    }
    state_end(rows);
    buf_printf(out, "],\"total\":%lld}",
               (long long)state_number(s, "SELECT count(*) FROM event WHERE seq > $1", "i", after));
}

/* ---- One record ----------------------------------------------------------------------------- */
/* How many records of each object lead to this one, and by which field. */
static void related(struct lab_state *s, const char *path, const char *id, struct arena *a,
                    struct buf *out) {
    bool first = true;
    buf_puts(out, ",\"related\":[");
    for (int m = 0; m < s->stack.member_count; m++) {
        const struct lab_connector *c = s->stack.members[m].connector;
        for (int i = 0; i < c->object_count; i++)
            for (int k = 0; k < c->objects[i].field_count; k++) {
                const struct lab_field *f = &c->objects[i].fields[k];
                if (f->type != LAB_REFERENCE || !str_eq(f->of, path)) continue;
                buf_printf(
                    out,
                    "%s{\"connector\":\"%s\",\"object\":\"%s\",\"field\":\"%s\",\"count\":%lld}",
                    first ? "" : ",", c->id, c->objects[i].id, f->id,
                    (long long)state_number(s,
                                            arena_printf(a, "SELECT count(*) FROM %s WHERE %s = $1",
                                                         c->objects[i].table, f->id),
                                            "t", id));
                first = false;
            }
    }
    buf_putc(out, ']');
}

void view_record(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&s->stack, text_of(q, "object"), &member);
    const char *id = text_of(q, "id");
    struct record r;
    if (!o || !id || !record_get(s, o, id, &r, a)) {
        buf_puts(out, "{\"error\":\"There is no such record.\"}");
        return;
    }
    struct api x;
    api_bind(&x, s, member, a);
    buf_puts(out, "{\"name\":");
    string_or_null(out, name_of(s, o, id, a));
    buf_puts(out, ",\"row\":");
    view_row(&x, o, &r, NULL, out);
    related(s, text_of(q, "object"), id, a, out);
    buf_puts(out, ",\"events\":");
    event_rows(s,
               state_query(s,
                           EVENT_ROWS
                           "WHERE e.record_id = $1 AND e.connector = $2 AND e.object = $3 "
                           "ORDER BY e.seq DESC LIMIT $4",
                           "ttti", id, s->stack.members[member].connector->id, o->id,
                           (int64_t)HISTORY_SHOWN),
               a, out);
    buf_putc(out, '}');
}
