/* What screens show of a state, without changing it. */
#include "sandbox/view.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/console.h"
#include "sandbox/conversation.h"
#include "sandbox/faults.h"
#include "sandbox/vfs.h"

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

static void summary(struct lab_state *s, struct buf *out) {
    buf_printf(out, "{\"now_ms\":%lld,\"step\":%lld,\"start_ms\":%lld", (long long)s->now_ms,
               (long long)s->step, (long long)s->stack.start_ms);
    buf_printf(out, ",\"events\":%lld,\"next_run_ms\":%lld,\"members\":[",
               (long long)state_number(s, "SELECT count(*) FROM event", ""),
               (long long)due_first_ms(s, DUE_SCHEDULE));
    for (int m = 0; m < s->stack.member_count; m++) {
        const struct lab_connector *c = s->stack.members[m].connector;
        buf_printf(out, "%s{\"outage_ms\":%lld,\"day_used\":%lld,\"objects\":[", m ? "," : "",
                   (long long)faults_outage(s, m),
                   (long long)state_number(s,
                                           "SELECT CASE WHEN day = $2 THEN day_used ELSE 0 END "
                                           "FROM sim_quota WHERE member = $1",
                                           "ii", (int64_t)m, s->now_ms / 86400000));
        for (int i = 0; i < c->object_count; i++)
            buf_printf(out, "%s%lld", i ? "," : "", (long long)record_count(s, &c->objects[i]));
        buf_puts(out, "]}");
    }
    buf_puts(out, "]}");
}

static void row(struct api *x, const struct lab_object *o, const struct record *r,
                struct buf *out) {
    buf_puts(out, "{\"id\":");
    buf_json(out, r->id);
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
    buf_puts(out, "]}");
}

/* The WHERE clause for rows in which any field contains the text $1, without regard to case. */
static const char *find_clause(const struct lab_object *o, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, " WHERE $1 = '' OR instr(lower(id), $1) > 0");
    for (int i = 0; i < o->field_count; i++)
        buf_printf(&b, " OR instr(lower(%s), $1) > 0", o->fields[i].id);
    return buf_text(&b);
}

/* As SQL's lower() has it: A to Z only. */
static const char *small_letters(struct arena *a, const char *text) {
    char *out = arena_dup(a, text);
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
    return out;
}

static void list(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&s->stack, text_of(q, "object"), &member);
    if (!o) {
        buf_puts(out, "{\"error\":\"There is no such object.\"}");
        return;
    }
    struct api x;
    api_bind(&x, s, member, a);
    const char *find = text_of(q, "find") ? small_letters(a, str_trim(a, text_of(q, "find"))) : "",
               *clause = find_clause(o, a);
    int64_t limit = number_of(q, "limit");
    if (limit < 1 || limit > 1000) limit = 25;
    buf_printf(out, "{\"total\":%lld,\"rows\":[",
               (long long)state_number(
                   s, arena_printf(a, "SELECT count(*) FROM %s%s", o->table, clause), "t", find));
    sqlite3_stmt *rows = state_query(
        s,
        arena_printf(a, "SELECT %s FROM %s%s ORDER BY id LIMIT $2 OFFSET $3", record_columns(o, a),
                     o->table, clause),
        "tii", find, limit, number_of(q, "offset"));
    struct record *r = NEW_ARRAY(a, struct record, (size_t)limit);
    int count = 0;
    while (count < limit && state_row(s, rows)) record_read(o, rows, &r[count++], a);
    state_end(rows);
    for (int i = 0; i < count; i++) {
        if (i) buf_putc(out, ',');
        row(&x, o, &r[i], out);
    }
    buf_puts(out, "]}");
}

static void event_rows(struct lab_state *s, sqlite3_stmt *q, struct arena *a, struct buf *out) {
    static const char *const keys[] = {"actor",     "kind",  "connector", "object",
                                       "record_id", "field", "old_value", "new_value",
                                       "detail",    "human", "cause"};
    buf_putc(out, '[');
    for (int n = 0; state_row(s, q); n++) {
        buf_printf(out, "%s{\"seq\":%lld,\"at_ms\":%lld", n ? "," : "",
                   (long long)sqlite3_column_int64(q, 0), (long long)sqlite3_column_int64(q, 1));
        for (size_t i = 0; i < COUNT_OF(keys); i++) {
            const char *text = state_column(q, 2 + (int)i, a);
            if (!text) continue;
            buf_printf(out, ",\"%s\":", keys[i]);
            buf_json(out, text);
        }
        buf_putc(out, '}');
    }
    state_end(q);
    buf_putc(out, ']');
}

#define EVENT_COLUMNS                                                                              \
    "seq, at_ms, actor, kind, connector, object, record_id, field, old_value, new_value, detail, " \
    "human, "                                                                                      \
    "cause"

static void events(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    int64_t before = number_of(q, "before"), limit = number_of(q, "limit");
    const char *kind = text_of(q, "find") ? text_of(q, "find") : "";
    if (limit < 1 || limit > 500) limit = 50;
    buf_puts(out, "{\"rows\":");
    event_rows(
        s,
        state_query(
            s,
            "SELECT " EVENT_COLUMNS
            " FROM event WHERE seq < $1 AND ($2 = '' OR kind = $2 OR record_id = $2 OR actor = $2) "
            "ORDER BY seq DESC LIMIT $3",
            "iti", before > 0 ? before : INT64_MAX, kind, limit),
        a, out);
    buf_putc(out, '}');
}

static void record(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
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
    buf_puts(out, "{\"row\":");
    row(&x, o, &r, out);
    buf_puts(out, ",\"events\":");
    event_rows(s,
               state_query(
                   s,
                   "SELECT " EVENT_COLUMNS
                   " FROM event WHERE record_id = $1 AND connector = $2 ORDER BY seq DESC LIMIT 30",
                   "tt", id, s->stack.members[member].connector->id),
               a, out);
    buf_putc(out, '}');
}

/* A check's query gives one row: `ok` (0 or 1) and any columns that its sentences quote. */
static void checks(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    json_t *each;
    size_t i;
    state_write_out(s);
    buf_puts(out, "{\"results\":[");
    json_array_foreach (json_object_get(q, "checks"), i, each) {
        const char *why, *cut;
        struct buf rows;
        buf_init(&rows, a);
        buf_puts(out, i ? ",{\"id\":" : "{\"id\":");
        string_or_null(out, text_of(each, "id"));
        vfs_set(s->seed, s->step, s->now_ms);
        if (console_query(s, text_of(each, "sql"), false, CHECK_OPERATIONS, &rows, &why, &cut))
            buf_printf(out, ",\"result\":%s}", buf_text(&rows));
        else {
            buf_puts(out, ",\"error\":");
            buf_json(out, why);
            buf_putc(out, '}');
        }
    }
    buf_puts(out, "]}");
}

void view_answer(struct lab_state *s, json_t *question, struct arena *a, struct buf *out) {
    const char *view = text_of(question, "view");
    s->scratch = a;
    if (str_eq(view, "summary")) summary(s, out);
    else if (str_eq(view, "list")) list(s, question, a, out);
    else if (str_eq(view, "record")) record(s, question, a, out);
    else if (str_eq(view, "events")) events(s, question, a, out);
    else if (str_eq(view, "messages")) conversation_view(s, number_of(question, "limit"), a, out);
    else if (str_eq(view, "checks")) checks(s, question, a, out);
    else if (str_eq(view, "rows")) {
        const char *why, *cut;
        struct buf rows;
        buf_init(&rows, a);
        state_write_out(s);
        if (console_query(s, text_of(question, "sql"), false, CHECK_OPERATIONS, &rows, &why, &cut))
            buf_add(out, buf_text(&rows), rows.len);
        else {
            buf_puts(out, "{\"error\":");
            buf_json(out, why);
            buf_putc(out, '}');
        }
    } else buf_puts(out, "{\"error\":\"There is no such view.\"}");
}
