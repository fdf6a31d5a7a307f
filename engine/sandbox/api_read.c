/* Reading through the API: one record, lists, paging, filters. */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "sandbox/api_query.h"
#include "sandbox/wire.h"

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
        if (x->chosen && !x->choice[i]) continue;
        if (x->d->empty == LAB_EMPTY_OMIT && record_empty(r->value[i])) continue;
        key(out, names->fields[i].as, &first);
        if (o->fields[i].type == LAB_VALUE_NAME && !record_empty(r->value[i]))
            buf_json(out, api_text(x, o, r, i));
        else lab_surface_json(&x->surface, o, &o->fields[i], r->value[i], out);
    }
    if (!x->chosen || x->choose_created) {
        key(out, names->created_as, &first);
        lab_surface_time(x->d, r->created_ms, out);
    }
    if (!x->chosen || x->choose_updated) {
        key(out, names->updated_as, &first);
        lab_surface_time(x->d, r->updated_ms, out);
    }
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
    api_tag(x, r);
    if (status != 204) api_body(x, of, r);
}

void api_get(struct api *x, const char *id) {
    struct record r;
    if (!api_query_shown(x)) return;
    if (!record_get(x->s, x->object, id, &r, x->a)) {
        api_problem(x, LAB_PROBLEM_UNKNOWN_RECORD, NULL, id, 0);
        return;
    }
    api_answer(x, LAB_BODY_ONE, 200, &r);
}

/* ---- Lists ---------------------------------------------------------------------------------- */
static sqlite3_stmt *run_query(struct api *x, struct api_query *l, const char *sql) {
    /* Text compares with the integer columns too: SQLite applies the column's affinity. */
    sqlite3_stmt *q = state_query(x->s, sql, "");
    for (int i = 0; i < l->value_count; i++)
        if (l->number[i]) sqlite3_bind_int64(q, i + 1, strtoll(l->values[i], NULL, 10));
        else sqlite3_bind_text(q, i + 1, l->values[i], -1, SQLITE_TRANSIENT);
    return q;
}

/* The query of the next page: what else was asked for stays as it was. */
static const char *next_query(struct api *x, struct api_query *l, const char *place) {
    struct buf b;
    const char *name, *value;
    buf_init(&b, x->a);
    buf_printf(&b, "?%s=%lld&%s=%s", percent_encode(x->a, x->d->size_param, ""), (long long)l->size,
               percent_encode(x->a, x->d->position_param, ""), place);
    for (int i = 0; api_param(x, i, &name, &value); i++)
        if (*name && !str_eq(name, x->d->size_param) && !str_eq(name, x->d->position_param))
            buf_printf(&b, "&%s=%s", percent_encode(x->a, name, ""),
                       percent_encode(x->a, value, ""));
    return buf_text(&b);
}

/* Relative to the address that was asked, so that it holds wherever the server is reached. */
static void tell_next(struct api *x, const char *query) {
    const char *link = arena_printf(x->a, "<%s>; rel=\"next\"", query);
    if (x->d->link && strlen(link) <= WIRE_LINK_BYTES) step_header(x->out, "Link", link);
}

const char *api_next_position(struct api *x, struct api_query *l, const char *last_id, bool more) {
    int64_t next = l->offset + l->size;
    if (!more) return NULL;
    if (x->d->paging == LAB_PAGE_OFFSET) {
        const char *query = next_query(x, l, arena_printf(x->a, "%lld", (long long)next));
        tell_next(x, query);
        return arena_printf(x->a, "%s%s", x->path, query);
    }
    const char *text = x->d->paging == LAB_PAGE_TOKEN || l->sort_keys || l->counts
                           ? arena_printf(x->a, "o:%lld", (long long)next)
                           : arena_printf(x->a, "a:%s", last_id);
    const char *place = base64url_encode(x->a, text, strlen(text));
    tell_next(x, next_query(x, l, place));
    return place;
}

static int64_t count_all(struct api *x, struct api_query *l) {
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
    struct api_query l;
    if (!api_query_read(x, &l)) return;
    const struct lab_body *body = &x->d->bodies[LAB_BODY_PAGE];
    struct lab_body_fill fill = {.call = x->s->step, .status = 200, .write = write_items};
    if (lab_body_has(body, LAB_SLOT_TOTAL)) fill.total = count_all(x, &l);
    if (l.after) {
        l.values[l.value_count++] = l.after;
        buf_printf(&l.where, "%sid > $%d", l.where.len ? " AND " : " WHERE ", l.value_count);
    }
    sqlite3_stmt *q = run_query(
        x, &l,
        arena_printf(x->a, "SELECT %s FROM %s%s ORDER BY %sid LIMIT $%d OFFSET $%d",
                     record_columns(x->s, x->object), x->object->table, buf_text(&l.where),
                     buf_text(&l.order), AT_SIZE, AT_OFFSET));
    sqlite3_bind_int64(q, AT_SIZE, l.size + 1);
    sqlite3_bind_int64(q, AT_OFFSET, l.offset);
    struct page page = {x, NEW_ARRAY(x->a, struct record, (size_t)l.size + 1), 0};
    while (state_row(x->s, q)) record_read(x->object, q, &page.rows[page.count++], x->a);
    state_end(q);
    bool more = page.count > l.size;
    if (more) page.count--;
    fill.context = &page;
    fill.next = api_next_position(x, &l, page.count ? page.rows[page.count - 1].id : "", more);
    x->out->status = 200;
    x->out->type = body->type;
    lab_body_write(body, &fill, &x->out->body);
}
