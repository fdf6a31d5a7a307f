/* Reading through the API: one record, lists, paging, filters. */
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "sandbox/api.h"

static void key(struct buf *out, const char *name, bool *first) {
    if (!*first) buf_putc(out, ',');
    *first = false;
    buf_json(out, name);
    buf_putc(out, ':');
}

const struct lab_field *api_named_field(struct api *x, const struct lab_object *o,
                                        const struct record *r, int field,
                                        struct lab_value_path *path) {
    struct record naming;
    if (!lab_value_path(&x->s->stack, o, &o->fields[field], path)) return NULL;
    const char *id = r->value[path->reference->index];
    if (record_empty(id) || !record_get(x->s, path->naming, id, &naming, x->a)) return NULL;
    return lab_field_find(path->of, naming.value[path->names->index]);
}

const char *api_text(struct api *x, const struct lab_object *o, const struct record *r, int field) {
    const struct lab_field *f = &o->fields[field];
    if (f->type != LAB_VALUE_NAME)
        return lab_surface_text(&x->surface, o, f, r->value[field], x->a);
    struct lab_value_path path;
    const struct lab_field *of = api_named_field(x, o, r, field, &path);
    if (!of || of->type != LAB_PICKLIST || record_empty(r->value[field])) return r->value[field];
    return lab_surface_value(x->s->dialect[path.of_member], path.of, of, r->value[field]);
}

void api_record(struct api *x, const struct lab_object *o, const struct record *r,
                struct buf *out) {
    const struct lab_object_name *names = &x->d->objects[o->index];
    bool first = true;
    buf_putc(out, '{');
    key(out, names->id_as, &first);
    buf_json(out, r->id);
    for (int i = 0; i < o->field_count; i++) {
        if (x->d->empty == LAB_EMPTY_OMIT && record_empty(r->value[i])) continue;
        key(out, names->fields[i].as, &first);
        if (o->fields[i].type == LAB_VALUE_NAME && !record_empty(r->value[i]))
            buf_json(out, api_text(x, o, r, i));
        else lab_surface_json(&x->surface, o, &o->fields[i], r->value[i], out);
    }
    key(out, names->created_as, &first);
    lab_surface_time(x->d, r->created_ms, out);
    key(out, names->updated_as, &first);
    lab_surface_time(x->d, r->updated_ms, out);
    buf_putc(out, '}');
}

struct shown {
    struct api *x;
    const struct record *r;
};

static void write_record(void *context, enum lab_slot slot, struct buf *out) {
    const struct shown *shown = context;
    (void)slot;
    api_record(shown->x, shown->x->object, shown->r, out);
}

void api_body(struct api *x, enum lab_body_of of, const struct record *r) {
    struct shown shown = {x, r};
    struct lab_body_fill fill = {.call = x->s->step,
                                 .id = r->id,
                                 .id_name = x->names->id_as,
                                 .write = write_record,
                                 .context = &shown};
    lab_body_write(&x->d->bodies[of], &fill, &x->out->body);
}

void api_answer(struct api *x, enum lab_body_of of, int status, const struct record *r) {
    x->out->status = status;
    x->out->type = x->d->bodies[of].type;
    if (status != 204) api_body(x, of, r);
}

void api_get(struct api *x, const char *id) {
    struct record r;
    if (!record_get(x->s, x->object, id, &r, x->a)) {
        api_problem(x, LAB_PROBLEM_UNKNOWN_RECORD, NULL, id, 0);
        return;
    }
    api_answer(x, LAB_BODY_ONE, 200, &r);
}

/* ---- Lists ---------------------------------------------------------------------------------- */
/* RULE lab-filters: a list takes 32 filters; one more is refused in the dialect's words. */
#define FILTERS_MAX 32
/* Behind the values of the filters and the cursor. */
#define AT_SIZE (FILTERS_MAX + 2)
#define AT_OFFSET (FILTERS_MAX + 3)

struct list {
    int64_t size, offset;
    const char *after; /* id, for cursors */
    struct buf where;
    const char *values[FILTERS_MAX + 1]; /* the last one is for the cursor */
    int value_count;
};

/* What a filter looks for, in neutral terms; NULL: the dialect has no such value. Words that are in
 * no picklist are looked for as they are: old records have some. */
static const char *filter_value(struct api *x, const struct lab_field *f, const char *value) {
    const char *neutral = value;
    if (f->type == LAB_PICKLIST) {
        if (lab_surface_hidden(x->d, x->object, f, value)) return NULL;
        neutral = lab_surface_neutral(x->d, x->object, f, value);
        return neutral ? neutral : value;
    }
    if (f->type == LAB_BOOLEAN) {
        for (neutral = "1"; neutral; neutral = *neutral == '1' ? "0" : NULL)
            if (str_eq(lab_surface_text(&x->surface, x->object, f, neutral, x->a), value)) break;
        return neutral;
    }
    if (f->type != LAB_FIELD_NAME) return value;
    json_t *given = json_string(value);
    if (!lab_surface_read(&x->surface, x->object, f, given, x->a, &neutral)) neutral = NULL;
    json_decref(given);
    return neutral;
}

static bool add_filter(struct api *x, struct list *l, const char *name, const char *value) {
    const struct lab_field *f = lab_field_named(x->object, x->d, name);
    bool by_id = str_eq(name, x->names->id_as);
    if (!f && !by_id) return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, name, NULL, 0);
    if (l->value_count == FILTERS_MAX)
        return api_problem(x, LAB_PROBLEM_TOO_MANY_FILTERS, name,
                           arena_printf(x->a, "%d", FILTERS_MAX), 0);
    const char *neutral = f && *value ? filter_value(x, f, value) : value;
    if (!neutral) return api_problem(x, LAB_PROBLEM_INVALID_VALUE, name, value, 0);
    l->values[l->value_count++] = neutral;
    buf_printf(&l->where, "%s%s = $%d", l->where.len ? " AND " : " WHERE ", by_id ? "id" : f->id,
               l->value_count);
    return true;
}

/* Page tokens and cursors are opaque on purpose: base64url of "o:40" or "a:003c1042". */
static bool read_position(struct api *x, struct list *l, const char *value) {
    if (x->d->paging == LAB_PAGE_OFFSET)
        return parse_i64(value, 0, 1000000, &l->offset) ||
               api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->position_param, value, 0);
    size_t len = 0;
    char *text = strlen(value) > 200 ? NULL : (char *)base64url_decode(x->a, value, &len);
    if (text) text = arena_copy(x->a, text, len);
    if (text && x->d->paging == LAB_PAGE_TOKEN && str_has_prefix(text, "o:") &&
        parse_i64(text + 2, 0, 1000000, &l->offset))
        return true;
    if (text && x->d->paging == LAB_PAGE_CURSOR && str_has_prefix(text, "a:")) {
        l->after = text + 2;
        return true;
    }
    return api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->position_param, value, 0);
}

static bool read_params(struct api *x, struct list *l) {
    const char *name, *value;
    for (int i = 0; api_param(x, i, &name, &value); i++) {
        if (!utf8_valid(value, strlen(value)) || !utf8_valid(name, strlen(name)))
            return api_problem(x, LAB_PROBLEM_INVALID_VALUE, NULL, NULL, 0);
        if (str_eq(name, x->d->size_param)) {
            if (!parse_i64(value, 1, x->d->page_max, &l->size))
                return api_problem(x, LAB_PROBLEM_INVALID_VALUE, name, value, 0);
        } else if (str_eq(name, x->d->position_param)) {
            if (!read_position(x, l, value)) return false;
        } else if (*name && !add_filter(x, l, name, value)) return false;
    }
    return true;
}

static sqlite3_stmt *run_query(struct api *x, struct list *l, const char *sql) {
    /* Text compares with the integer columns too: SQLite applies the column's affinity. */
    sqlite3_stmt *q = state_query(x->s, sql, "");
    for (int i = 0; i < l->value_count; i++)
        sqlite3_bind_text(q, i + 1, l->values[i], -1, SQLITE_TRANSIENT);
    return q;
}

/* Where the next page begins; NULL: nowhere. */
static const char *next_position(struct api *x, struct list *l, const char *last_id, bool more) {
    int64_t next = l->offset + l->size;
    if (!more) return NULL;
    if (x->d->paging == LAB_PAGE_OFFSET)
        return arena_printf(x->a, "%s%s?%s=%lld&%s=%lld", x->d->base, x->names->path,
                            x->d->size_param, (long long)l->size, x->d->position_param,
                            (long long)next);
    const char *text = x->d->paging == LAB_PAGE_TOKEN
                           ? arena_printf(x->a, "o:%lld", (long long)next)
                           : arena_printf(x->a, "a:%s", last_id);
    return base64url_encode(x->a, text, strlen(text));
}

static int64_t count_all(struct api *x, struct list *l) {
    const char *sql = arena_printf(x->a, "SELECT count(*) FROM %s%s", x->object->table,
                                   buf_text(&l->where));
    sqlite3_stmt *q = run_query(x, l, sql);
    state_row(x->s, q);
    int64_t count = sqlite3_column_int64(q, 0);
    state_end(q);
    return count;
}

struct page {
    struct api *x;
    struct record *rows;
    int count;
};

static void write_items(void *context, enum lab_slot slot, struct buf *out) {
    const struct page *page = context;
    (void)slot;
    for (int i = 0; i < page->count; i++) {
        if (i) buf_putc(out, ',');
        api_record(page->x, page->x->object, &page->rows[i], out);
    }
}

void api_list(struct api *x) {
    struct list l = {.size = x->d->page_default};
    buf_init(&l.where, x->a);
    if (!read_params(x, &l)) return;
    const struct lab_body *body = &x->d->bodies[LAB_BODY_PAGE];
    struct lab_body_fill fill = {.call = x->s->step, .status = 200, .write = write_items};
    if (lab_body_has(body, LAB_SLOT_TOTAL)) fill.total = count_all(x, &l);
    if (l.after) {
        l.values[l.value_count++] = l.after;
        buf_printf(&l.where, "%sid > $%d", l.where.len ? " AND " : " WHERE ", l.value_count);
    }
    sqlite3_stmt *q = run_query(x, &l,
                                arena_printf(x->a,
                                             "SELECT %s FROM %s%s ORDER BY id LIMIT $%d OFFSET $%d",
                                             record_columns(x->object, x->a), x->object->table,
                                             buf_text(&l.where), AT_SIZE, AT_OFFSET));
    sqlite3_bind_int64(q, AT_SIZE, l.size + 1);
    sqlite3_bind_int64(q, AT_OFFSET, l.offset);
    struct page page = {x, NEW_ARRAY(x->a, struct record, (size_t)l.size + 1), 0};
    while (state_row(x->s, q)) record_read(x->object, q, &page.rows[page.count++], x->a);
    state_end(q);
    bool more = page.count > l.size;
    if (more) page.count--;
    fill.context = &page;
    fill.next = next_position(x, &l, page.count ? page.rows[page.count - 1].id : "", more);
    x->out->status = 200;
    x->out->type = body->type;
    lab_body_write(body, &fill, &x->out->body);
}
