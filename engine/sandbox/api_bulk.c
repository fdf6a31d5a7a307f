/* Bulk jobs, in a dialect's own words: made, filled in parts, closed, asked after. */
#include <string.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/text.h"
#include "sandbox/api_query.h"
#include "sandbox/bulk.h"

/* ---- Answers -------------------------------------------------------------------------------- */
static void fill_job(struct api *x, const struct bulk_job *job, struct lab_body_fill *fill) {
    fill->id = job->id;
    fill->object = x->d->objects[job->object->index].title;
    fill->operation = x->d->bulk->operations[job->operation];
    if (!fill->operation) fill->operation = ""; /* a dialect that has drifted */
    fill->state = x->d->bulk->states[job->state];
    fill->rows = job->rows;
    fill->done = job->done;
    fill->failed = job->failed;
    fill->call = x->s->step;
}

static void answer_job(struct api *x, const char *id, int status) {
    struct lab_body_fill fill = {.status = status};
    struct bulk_job job;
    if (!bulk_find(x->s, x->member, id, &job)) return;
    fill_job(x, &job, &fill);
    x->out->status = status;
    x->out->type = x->d->bodies[LAB_BODY_JOB].type;
    lab_body_write(&x->d->bodies[LAB_BODY_JOB], &fill, &x->out->body);
}

static bool over_limit(struct api *x, const char *field, int64_t limit) {
    return api_problem(x, LAB_PROBLEM_OVER_LIMIT, field,
                       arena_printf(x->a, "%lld", (long long)limit), 0);
}

/* RULE lab-bulk-closed: rows come before the close, and what became of them after the end. */
static bool in_state(struct api *x, const struct bulk_job *job, enum lab_bulk_state state) {
    return job->state == state ||
           api_problem(x, LAB_PROBLEM_JOB_STATE, NULL, x->d->bulk->states[job->state], 0);
}

/* ---- Lists ---------------------------------------------------------------------------------- */
enum listing { JOBS, DONE_ROWS, FAILED_ROWS };

struct listed {
    struct api *x;
    enum listing what;
    int64_t job;
    struct api_query page;
    int64_t total;
};

static enum lab_problem problem_named(const char *name) {
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++)
        if (str_eq(lab_problem_names[i], name)) return (enum lab_problem)i;
    return LAB_PROBLEM_INVALID_VALUE;
}

static void write_row(struct listed *l, sqlite3_stmt *q, struct buf *out) {
    struct api *x = l->x;
    struct lab_body_fill fill = {.row = sqlite3_column_int64(q, 0)};
    enum lab_body_of of = l->what == DONE_ROWS ? LAB_BODY_JOB_DONE : LAB_BODY_JOB_FAILED;
    if (l->what == DONE_ROWS) fill.id = state_column(q, 1, x->a);
    else {
        enum lab_problem what = problem_named((const char *)sqlite3_column_text(q, 2));
        fill.field = state_column(q, 3, x->a);
        fill.line = state_column(q, 5, x->a);
        fill.code = x->d->errors[what].code;
        fill.message = lab_surface_sentence(x->d, what, fill.field, state_column(q, 4, x->a), 0,
                                            x->a);
    }
    lab_body_write(&x->d->bodies[of], &fill, out);
}

static void write_job(struct listed *l, sqlite3_stmt *q, struct buf *out) {
    struct lab_body_fill fill = {.status = 200};
    struct bulk_job job;
    if (!bulk_find(l->x->s, l->x->member, (const char *)sqlite3_column_text(q, 0), &job)) return;
    fill_job(l->x, &job, &fill);
    lab_body_write(&l->x->d->bodies[LAB_BODY_JOB], &fill, out);
}

static void write_items(void *context, enum lab_slot slot, struct buf *out) {
    struct listed *l = context;
    sqlite3_stmt *q =
        l->what == JOBS
            ? state_query(l->x->s,
                          "SELECT id FROM sim_bulk WHERE member = $1 ORDER BY n LIMIT $2 OFFSET $3",
                          "iii", (int64_t)l->x->member, l->page.size, l->page.offset)
            : state_query(l->x->s,
                          "SELECT n, record_id, problem, field, value, line FROM sim_bulk_row "
                          "WHERE job = $1 AND (problem IS NULL) = $2 ORDER BY n LIMIT $3 OFFSET $4",
                          "iiii", l->job, (int64_t)(l->what == DONE_ROWS), l->page.size,
                          l->page.offset);
    (void)slot;
    for (bool first = true; state_row(l->x->s, q); first = false) {
        if (!first) buf_putc(out, ',');
        if (l->what == JOBS) write_job(l, q, out);
        else write_row(l, q, out);
    }
    state_end(q);
}

static void list(struct api *x, enum listing what, const struct bulk_job *job) {
    struct listed l = {.x = x, .what = what, .job = job ? job->n : 0};
    const struct lab_body *body = &x->d->bodies[LAB_BODY_PAGE];
    if (!api_query_page(x, &l.page, NULL, NULL)) return;
    l.total = what == DONE_ROWS     ? job->done
              : what == FAILED_ROWS ? job->failed
                                    : state_number(x->s,
                                                   "SELECT count(*) FROM sim_bulk WHERE member = "
                                                   "$1",
                                                   "i", (int64_t)x->member);
    struct lab_body_fill fill = {
        .call = x->s->step, .status = 200, .total = l.total, .write = write_items, .context = &l};
    fill.next = api_next_position(x, &l.page, "", l.page.offset + l.page.size < l.total);
    x->out->status = 200;
    x->out->type = body->type;
    lab_body_write(body, &fill, &x->out->body);
}

/* ---- Making --------------------------------------------------------------------------------- */
static const struct lab_object *object_titled(struct api *x, const char *title) {
    const struct lab_connector *c = x->s->stack.members[x->member].connector;
    for (int i = 0; i < c->object_count; i++)
        if (str_eq(x->d->objects[i].title, title)) return &c->objects[i];
    return NULL;
}

/* The operation of this name, if the object has it; -1: none. */
static int operation_named(struct api *x, const char *name) {
    static const unsigned operations[] = {LAB_CREATE, LAB_UPDATE, LAB_DELETE};
    for (int i = 0; i < LAB_BULK_OPERATIONS; i++)
        if (str_eq(x->d->bulk->operations[i], name) && x->names->operations & operations[i])
            return i;
    return -1;
}

/* A text member of the request; false: a problem was answered. */
static bool take_text(struct api *x, json_t *body, const char *name, const char **out) {
    json_t *value = json_object_get(body, name);
    if (!value) return api_problem(x, LAB_PROBLEM_REQUIRED, name, NULL, 0);
    *out = json_string_value(value);
    return *out || api_problem(x, LAB_PROBLEM_INVALID_VALUE, name, json_text(x->a, value), 0);
}

static bool take_request(struct api *x, const char **object, const char **operation) {
    const struct lab_bulk *b = x->d->bulk;
    const char *why = "the body is empty", *key;
    json_t *body = x->body && *x->body ? json_read(x->a, x->body, strlen(x->body), &why) : NULL,
           *value;
    if (body && !json_is_object(body)) why = "an object is expected";
    if (!json_is_object(body)) return api_problem(x, LAB_PROBLEM_BAD_JSON, NULL, why, 0);
    json_object_foreach (body, key, value)
        if (!str_eq(key, b->object_as) && !str_eq(key, b->operation_as))
            return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, key, NULL, 0);
    return take_text(x, body, b->object_as, object) &&
           take_text(x, body, b->operation_as, operation);
}

static void create(struct api *x) {
    const struct lab_bulk *b = x->d->bulk;
    const char *object, *word;
    if (!take_request(x, &object, &word)) return;
    const struct lab_object *o = object_titled(x, object);
    if (!o) {
        api_problem(x, LAB_PROBLEM_INVALID_VALUE, b->object_as, object, 0);
        return;
    }
    api_set_object(x, o);
    int operation = operation_named(x, word);
    if (operation < 0) {
        api_problem(x, LAB_PROBLEM_INVALID_VALUE, b->operation_as, word, 0);
        return;
    }
    if (!api_in_scope(x, true)) return;
    int64_t open = state_number(x->s,
                                "SELECT count(*) FROM sim_bulk WHERE member = $1 AND state <> $2",
                                "ii", (int64_t)x->member, (int64_t)LAB_BULK_FINISHED);
    if (open >= b->max_open || !bulk_make_room(x->s, BULK_JOB_BYTES)) {
        over_limit(x, b->object_as, b->max_open);
        return;
    }
    answer_job(x, bulk_open(x->s, x->member, o, (enum lab_bulk_operation)operation), 201);
}

/* ---- Rows ----------------------------------------------------------------------------------- */
struct part {
    const char **lines;
    size_t count, room;
};

static void add_line(struct api *x, struct part *p, const char *line) {
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 256;
        const char **more = NEW_ARRAY(x->a, const char *, room);
        for (size_t i = 0; i < p->count; i++) more[i] = p->lines[i];
        p->lines = more;
        p->room = room;
    }
    p->lines[p->count++] = line;
}

static void read_lines(struct api *x, struct part *p) {
    for (const char *at = x->body; *at;) {
        size_t len = strcspn(at, "\n"), used = len && at[len - 1] == '\r' ? len - 1 : len;
        const char *line = arena_copy(x->a, at, used);
        if (line[strspn(line, " \t")]) add_line(x, p, line);
        at += len + (at[len] == '\n');
    }
}

/* A cell as JSON of the type that calls bring; what does not fit goes as text, so that the row is
 * refused for it. An empty cell empties the field. */
static json_t *cell_json(struct api *x, const struct lab_field *f, const char *cell) {
    const struct lab_dialect *d = x->d;
    int64_t n;
    bool number = f && (f->type == LAB_INTEGER ||
                        (f->type == LAB_BOOLEAN && d->truth == LAB_TRUTH_ONE_ZERO) ||
                        (f->type == LAB_TIME &&
                         (d->date == LAB_DATE_SECONDS || d->date == LAB_DATE_MILLISECONDS)));
    if (!*cell) return json_null();
    if (number && parse_i64(cell, INT64_MIN, INT64_MAX, &n)) return json_integer(n);
    if (f && f->type == LAB_BOOLEAN && d->truth == LAB_TRUTH_JSON) {
        if (str_eq(cell, "true")) return json_true();
        if (str_eq(cell, "false")) return json_false();
    }
    return json_string(cell);
}

/* What a part's first row may name: fields, and the id where there is one already. */
static bool header_is_known(struct api *x, const struct bulk_job *job, const struct csv_row *h) {
    bool by_id = job->operation != LAB_BULK_CREATE, has_id = false;
    for (size_t i = 0; i < h->count; i++) {
        bool id = by_id && str_eq(h->cells[i], x->names->id_as);
        if (!id && !lab_field_named(x->object, x->d, h->cells[i]))
            return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, h->cells[i], NULL, 0);
        for (size_t k = 0; k < i; k++)
            if (str_eq(h->cells[i], h->cells[k]))
                return api_problem(x, LAB_PROBLEM_INVALID_VALUE, h->cells[i], "twice", 0);
        has_id = has_id || id;
    }
    return has_id || !by_id || api_problem(x, LAB_PROBLEM_REQUIRED, x->names->id_as, NULL, 0);
}

static bool bad_row(struct api *x, const struct csv_row *row) {
    return api_problem(x, LAB_PROBLEM_BAD_JSON, NULL,
                       arena_printf(x->a, "row in line %d", row->line), 0);
}

static bool read_csv(struct api *x, const struct bulk_job *job, struct part *p) {
    struct csv csv;
    struct csv_row header, row;
    csv_begin(&csv, x->a, x->body, strlen(x->body), ',');
    if (!csv_next(&csv, &header) || header.fault) return bad_row(x, &header);
    if (!header_is_known(x, job, &header)) return false;
    while (csv_next(&csv, &row)) {
        if (!row.fault && csv_row_empty(&row)) continue;
        if (row.fault || row.count != header.count) return bad_row(x, &row);
        json_t *object = json_adopt(x->a, json_object());
        for (size_t i = 0; i < row.count; i++)
            json_object_set_new(
                object, header.cells[i],
                cell_json(x, lab_field_named(x->object, x->d, header.cells[i]), row.cells[i]));
        add_line(x, p, json_text_as_built(x->a, object));
    }
    return true;
}

/* RULE lab-bulk-limit: a part has so many bytes, a job so many parts and rows; of a part that goes
 * beyond, no row is taken. */
static void upload(struct api *x, const struct bulk_job *job) {
    const struct lab_bulk *b = x->d->bulk;
    struct part p = {NULL, 0, 0};
    int64_t bytes = 0;
    if (!in_state(x, job, LAB_BULK_OPEN)) return;
    if (!x->body || !*x->body) {
        api_problem(x, LAB_PROBLEM_BAD_JSON, NULL, "the body is empty", 0);
        return;
    }
    if (strlen(x->body) > (size_t)b->part_bytes) {
        over_limit(x, NULL, b->part_bytes);
        return;
    }
    if (job->parts >= b->max_parts) {
        over_limit(x, NULL, b->max_parts);
        return;
    }
    if (!b->csv) read_lines(x, &p);
    else if (!read_csv(x, job, &p)) return;
    for (size_t i = 0; i < p.count; i++) bytes += (int64_t)strlen(p.lines[i]) + BULK_ROW_BYTES;
    if (job->rows + (int64_t)p.count > b->max_rows || !bulk_make_room(x->s, bytes)) {
        over_limit(x, NULL, b->max_rows);
        return;
    }
    bulk_add(x->s, job, p.lines, p.count);
    answer_job(x, job->id, 200);
}

/* ---- Calls ---------------------------------------------------------------------------------- */
/* Ends a job that is not at work. */
static void end(struct api *x, const struct bulk_job *job) {
    if (job->state != LAB_BULK_OPEN && !in_state(x, job, LAB_BULK_FINISHED)) return;
    bulk_drop(x->s, job->n);
    x->out->status = 204;
    x->out->type = "application/json";
}

static void close_job(struct api *x, const struct bulk_job *job) {
    if (!in_state(x, job, LAB_BULK_OPEN)) return;
    bulk_close(x->s, x->member, job);
    answer_job(x, job->id, 200);
}

static void rows_of(struct api *x, const struct bulk_job *job, enum listing what) {
    if (in_state(x, job, LAB_BULK_FINISHED)) list(x, what, job);
}

/* The methods of a path below a job; NULL: there is no such path. */
static const char *methods_of(const struct lab_bulk *b, const char *rest) {
    if (!*rest) return "GET, DELETE";
    if (str_eq(rest, b->rows)) return b->method;
    if (str_eq(rest, b->close)) return "POST";
    return str_eq(rest, b->done) || str_eq(rest, b->failed) ? "GET" : NULL;
}

/* The method stands in the list as one word. */
static bool has_method(const char *list, const char *method) {
    size_t len = strlen(method);
    for (const char *at = list; *at;) {
        size_t word = strcspn(at, ",");
        if (word == len && strncmp(at, method, len) == 0) return true;
        at += word;
        at += strspn(at, ", ");
    }
    return false;
}

static void of_job(struct api *x, const char *id, const char *rest) {
    const struct lab_bulk *b = x->d->bulk;
    const char *methods = methods_of(b, rest);
    struct bulk_job job;
    if (!methods) {
        api_problem(x, LAB_PROBLEM_UNKNOWN_PATH, NULL, x->path, 0);
        return;
    }
    if (!has_method(methods, x->method)) {
        api_bad_method(x, methods);
        return;
    }
    if (!bulk_find(x->s, x->member, id, &job)) {
        api_problem(x, LAB_PROBLEM_UNKNOWN_RECORD, NULL, id, 0);
        return;
    }
    bool writes = !str_eq(x->method, "GET");
    api_set_object(x, job.object);
    if (!api_in_scope(x, writes)) return;
    if (!*rest && writes) end(x, &job);
    else if (!*rest) answer_job(x, job.id, 200);
    else if (str_eq(rest, b->rows)) upload(x, &job);
    else if (str_eq(rest, b->close)) close_job(x, &job);
    else rows_of(x, &job, str_eq(rest, b->done) ? DONE_ROWS : FAILED_ROWS);
}

static void lead(struct api *x, const char *rest) {
    if (*rest) {
        size_t len = strcspn(rest + 1, "/");
        const char *id = arena_copy(x->a, rest + 1, len), *tail = rest + 1 + len;
        of_job(x, id, *tail ? tail + 1 : tail);
    } else if (str_eq(x->method, "GET")) list(x, JOBS, NULL);
    else if (str_eq(x->method, "POST")) create(x);
    else api_bad_method(x, "GET, POST");
}

void api_bulk(struct api *x, const char *rest) {
    bool writes = !str_eq(x->method, "GET");
    if (writes && api_once_answered(x)) return;
    lead(x, rest);
    if (writes) api_once_keep(x);
}
