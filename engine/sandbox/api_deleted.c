/* What was deleted since a time: for who keeps a copy, and reads with "changed since" what changed.
 * A record that went into another one is gone as well. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/api_query.h"
#include "sandbox/faults.h"

struct feed {
    struct api *x;
    struct api_query page;
    int64_t since_ms;
};

static void write_items(void *context, enum lab_slot slot, struct buf *out) {
    struct feed *f = context;
    struct api *x = f->x;
    sqlite3_stmt *q = state_query(
        x->s,
        "SELECT record_id, at_ms FROM sim_deleted WHERE object = $1 AND at_ms >= $2 ORDER BY "
        "at_ms, n LIMIT $3 OFFSET $4",
        "tiii", x->object->table, f->since_ms, f->page.size, f->page.offset);
    (void)slot;
    for (bool first = true; state_row(x->s, q); first = false) {
        struct buf at;
        buf_init(&at, x->a);
        lab_surface_time(x->d, sqlite3_column_int64(q, 1), &at);
        struct lab_body_fill fill = {
            .id = state_column(q, 0, x->a), .id_name = x->names->id_as, .at = buf_text(&at)};
        if (!first) buf_putc(out, ',');
        lab_body_write(&x->d->bodies[LAB_BODY_DELETED], &fill, out);
    }
    state_end(q);
}

/* The time that is asked for, on the system's own clock; without one all that it remembers. */
static bool read_since(struct api *x, const char *value, int64_t *out) {
    int64_t now_ms = faults_clock(x->s, x->member),
            oldest_ms = now_ms - x->d->deleted->days * MS_DAY;
    const char *ms = value ? api_time_value(x, value) : NULL;
    *out = oldest_ms;
    if (!value) return true;
    return (ms && parse_i64(ms, oldest_ms, now_ms, out)) ||
           api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->deleted->since_param, value, 0);
}

void api_deleted(struct api *x, const char *path) {
    struct feed f = {.x = x};
    const char *since;
    if (!api_object_at(x, path) || !(x->names->operations & LAB_LIST)) {
        api_problem(x, LAB_PROBLEM_UNKNOWN_PATH, NULL, x->path, 0);
        return;
    }
    if (!str_eq(x->method, "GET")) {
        api_bad_method(x, "GET");
        return;
    }
    if (!api_in_scope(x, false)) return;
    if (!api_query_page(x, &f.page, x->d->deleted->since_param, &since) ||
        !read_since(x, since, &f.since_ms))
        return;
    int64_t total = state_number(
        x->s, "SELECT count(*) FROM sim_deleted WHERE object = $1 AND at_ms >= $2", "ti",
        x->object->table, f.since_ms);
    const struct lab_body *body = &x->d->bodies[LAB_BODY_PAGE];
    struct lab_body_fill fill = {
        .call = x->s->step, .status = 200, .total = total, .write = write_items, .context = &f};
    fill.next = api_next_position(x, &f.page, "", f.page.offset + f.page.size < total);
    x->out->status = 200;
    x->out->type = body->type;
    lab_body_write(body, &fill, &x->out->body);
}
