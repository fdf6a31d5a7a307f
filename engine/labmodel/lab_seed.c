/* Checks the rows of seed files against the model and reports each fault at its cell: a worker
 * would store wrong values as they are, or fail at the start of every run. */
#include "labmodel/lab_seed.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_known.h"

#define SCRATCH_BYTES ((size_t)128 * 1024 * 1024)
#define FAULTS_MAX 100 /* of one file: a column that is wrong throughout */

struct seed_file {
    const char *file;   /* "labs/scenarios/x/leads.csv" */
    const char *object; /* "map.lead" */
    const struct lab_object *o;
    struct lab_csv csv;
    int key;               /* column, -1 = none */
    struct seed_key *keys; /* of all rows, sorted; equal ones by row */
};

struct seed_key {
    const char *key;
    int row;
};

struct seeds {
    const struct lab_stack *stack;
    struct seed_file *at;
    int count;
    const char **unread; /* objects of which a file cannot be read */
    int unread_count;
    struct arena *a;
    struct diag_list *diags;
};

struct place {
    const struct seeds *all;
    const struct seed_file *f;
    int row, column;
    int *faults;
};

static void fault(const struct place *p, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fault(const struct place *p, const char *rule, const char *format, ...) {
    if (++*p->faults > FAULTS_MAX) return;
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(p->all->diags->arena, format, args);
    va_end(args);
    struct csv_place at = p->f->csv.places[p->row][p->column];
    diag_add(p->all->diags, SEVERITY_ERROR, p->f->file, at.line, at.column, rule, "%s", text);
}

static const char *listed(const struct lab_field *f, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < f->value_count; i++)
        buf_printf(&b, "%s“%s”", !i ? "" : i + 1 < f->value_count ? ", " : " or ", f->values[i]);
    return buf_text(&b);
}

/* ---- Keys and references -------------------------------------------------------------------- */
static int by_key(const void *x, const void *y) {
    return strcmp(((const struct seed_key *)x)->key, ((const struct seed_key *)y)->key);
}
static int by_key_and_row(const void *x, const void *y) {
    const struct seed_key *a = x, *b = y;
    int order = by_key(a, b);
    return order ? order : a->row - b->row;
}

static void sort_keys(struct seed_file *f, struct arena *a) {
    if (f->key < 0 || f->csv.row_count == 0) return;
    f->keys = NEW_ARRAY(a, struct seed_key, (size_t)f->csv.row_count);
    for (int i = 0; i < f->csv.row_count; i++)
        f->keys[i] = (struct seed_key){f->csv.rows[i][f->key], i};
    qsort(f->keys, (size_t)f->csv.row_count, sizeof *f->keys, by_key_and_row);
}

static bool has_key(const struct seed_file *f, const char *key) {
    struct seed_key want = {key, 0};
    return f->keys && bsearch(&want, f->keys, (size_t)f->csv.row_count, sizeof want, by_key);
}

/* "@c17" is the row of that key in a file that the stack names before. A key that begins with
 * "gone" leads nowhere on purpose: to a record that was deleted. */
static void check_reference(const struct place *p, const struct lab_field *f, const char *cell) {
    if (*cell != '@') {
        fault(p, "lab-reference", "“%s” is no reference: write @ and the key of a row of %s.", cell,
              f->of);
        return;
    }
    bool later = false;
    for (int i = 0; i < p->all->unread_count; i++)
        if (str_eq(p->all->unread[i], f->of)) return; /* its keys are not known */
    for (int i = 0; i < p->all->count; i++) {
        const struct seed_file *other = &p->all->at[i];
        bool before = other < p->f;
        if (!str_eq(other->object, f->of) || !has_key(other, cell + 1)) continue;
        if (before) return;
        later = true;
    }
    if (later)
        fault(p, "lab-reference",
              "The row “%s” of %s comes later: name its file before this one in stack.xml.",
              cell + 1, f->of);
    else if (!str_has_prefix(cell + 1, "gone"))
        fault(p, "lab-reference",
              "No row of %s has the key “%s”. A reference that leads nowhere on purpose begins "
              "with @gone.",
              f->of, cell + 1);
}

static void check_keys(struct place *p) {
    const struct seed_file *f = p->f;
    const struct seed_key *first = f->keys;
    p->column = f->key;
    for (int i = 0; f->keys && i < f->csv.row_count; i++) {
        const struct seed_key *k = &f->keys[i];
        p->row = k->row;
        if (!str_eq(first->key, k->key)) first = k;
        if (!*k->key) fault(p, "lab-key", "The key of this row is empty.");
        else if (first != k)
            fault(p, "lab-key", "The key “%s” stands in line %d already.", k->key,
                  f->csv.lines[first->row]);
    }
}

/* ---- Values --------------------------------------------------------------------------------- */
static void check_field_name(const struct place *p, const struct lab_field *f, const char *cell) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(p->all->stack, f->of, &member);
    if (o && !lab_field_find(o, cell))
        fault(p, "lab-value", "%s has no field “%s”; it has %s.", f->of, cell,
              lab_known_fields(o, p->all->a));
}

static void check_value(const struct place *p, const struct lab_field *f, const char *cell) {
    int64_t n;
    if (!*cell) {
        if (f->required) fault(p, "lab-required", "The field “%s” must not be empty.", f->id);
        return;
    }
    switch (f->type) {
    case LAB_PICKLIST:
        if (!lab_value_known(f, cell))
            fault(p, "lab-value", "“%s” is no value of “%s”: write %s.", cell, f->id,
                  listed(f, p->all->a));
        break;
    case LAB_INTEGER:
        if (!parse_i64(cell, INT64_MIN, INT64_MAX, &n))
            fault(p, "lab-value", "“%s” is no whole number, as the field “%s” needs it.", cell,
                  f->id);
        break;
    case LAB_BOOLEAN:
        if (!str_eq(cell, "0") && !str_eq(cell, "1"))
            fault(p, "lab-value", "“%s” is neither 0 nor 1, as the field “%s” needs it.", cell,
                  f->id);
        break;
    case LAB_TIME:
        if (!time_parse_iso(cell, &n) && !parse_i64(cell, 0, INT64_MAX, &n))
            fault(p, "lab-value",
                  "“%s” is no time, as the field “%s” needs it: write it as 2026-03-02T08:00:00Z.",
                  cell, f->id);
        break;
    case LAB_REFERENCE: check_reference(p, f, cell); break;
    case LAB_FIELD_NAME: check_field_name(p, f, cell); break;
    case LAB_EMAIL:
    case LAB_TEXT:
    case LAB_VALUE_NAME: break; /* their faults are what labs are about */
    }
    bool text = f->type == LAB_TEXT || f->type == LAB_EMAIL || f->type == LAB_VALUE_NAME;
    if (text && utf8_count(cell) > (size_t)f->max)
        fault(p, "lab-value", "The text has %zu characters; the field “%s” takes %d at most.",
              utf8_count(cell), f->id, f->max);
}

/* RULE lab-seed-time: a record that was there when the run began is not younger than the run. */
static void check_time(const struct place *p, const char *column, const char *cell) {
    int64_t ms;
    if (!*cell) return; /* the start of the run */
    if (!time_parse_iso(cell, &ms))
        fault(p, "lab-time", "“%s” is no time: write it as 2026-03-02T08:00:00Z.", cell);
    else if (ms > p->all->stack->start_ms)
        fault(p, "lab-time", "%s lies after the start of the stack, %s.", column,
              time_iso(p->all->a, p->all->stack->start_ms));
}

static void check_row(struct place *p) {
    const struct lab_csv *c = &p->f->csv;
    int created = lab_csv_column(c, "created"), updated = lab_csv_column(c, "updated");
    int64_t n, from, to;
    for (p->column = 0; p->column < c->columns; p->column++) {
        const char *name = c->header[p->column], *cell = c->rows[p->row][p->column];
        const struct lab_field *f = lab_field_find(p->f->o, name);
        if (f) check_value(p, f, cell);
        else if (str_eq(name, "created") || str_eq(name, "updated")) check_time(p, name, cell);
        else if (str_eq(name, "person") && *cell && !parse_i64(cell, 1, 1000000000, &n))
            fault(p, "lab-value", "“%s” is no number of a person (1, 2, …).", cell);
    }
    p->column = updated;
    if (created >= 0 && updated >= 0 && time_parse_iso(c->rows[p->row][created], &from) &&
        time_parse_iso(c->rows[p->row][updated], &to) && to < from)
        fault(p, "lab-time", "updated lies before created.");
}

/* ---- Files ---------------------------------------------------------------------------------- */
static void check_header(const struct seeds *all, const struct seed_file *f) {
    for (int i = 0; i < f->csv.columns; i++)
        for (int k = 0; k < i; k++)
            if (str_eq(f->csv.header[i], f->csv.header[k]))
                diag_add(all->diags, SEVERITY_ERROR, f->file, f->csv.header_places[i].line,
                         f->csv.header_places[i].column, "lab-duplicate",
                         "The column “%s” stands here twice.", f->csv.header[i]);
}

static void check_file(const struct seeds *all, const struct seed_file *f) {
    int faults = 0;
    struct place p = {all, f, 0, 0, &faults};
    check_header(all, f);
    check_keys(&p);
    for (p.row = 0; p.row < f->csv.row_count; p.row++)
        if (!f->csv.cut[p.row]) check_row(&p);
    if (faults > FAULTS_MAX)
        diag_add(all->diags, SEVERITY_ERROR, f->file, 0, 0, "lab-value",
                 "%d more faults in this file are not listed.", faults - FAULTS_MAX);
}

static void add(struct seeds *all, const struct lab_files *files, const char *object,
                const char *name) {
    struct seed_file *f = &all->at[all->count];
    struct diag_list known; /* lab_stack_read has told of these */
    const struct lab_file *file = lab_file_find(files, name);
    *f = (struct seed_file){.file = arena_printf(all->diags->arena, "labs/%s", name),
                            .object = object};
    diag_init(&known, all->a);
    f->o = lab_object_by_path(all->stack, object, NULL);
    if (!f->o || !file || !lab_csv_read(&f->csv, f->file, file->text, file->len, all->a, &known)) {
        all->unread[all->unread_count++] = object;
        return;
    }
    f->key = lab_csv_column(&f->csv, "key");
    sort_keys(f, all->a);
    all->count++;
}

static void check_all(struct seeds *all, const struct lab_files *files) {
    const struct lab_stack *s = all->stack;
    size_t files_count = (size_t)(s->seed_count + s->arrivals_count);
    all->at = NEW_ARRAY(all->a, struct seed_file, files_count);
    all->unread = NEW_ARRAY(all->a, const char *, files_count);
    for (int i = 0; i < s->seed_count; i++) add(all, files, s->seeds[i].object, s->seeds[i].file);
    for (int i = 0; i < s->arrivals_count; i++)
        add(all, files, s->arrivals[i].object, s->arrivals[i].file);
    for (int i = 0; i < all->count; i++) check_file(all, &all->at[i]);
}

void lab_seed_check(const struct lab_stack *stack, const struct lab_files *files,
                    struct diag_list *diags) {
    /* The rows are read into scratch memory. Faults are reported in the caller's memory, which may
     * end in between. */
    struct arena *scratch = arena_scratch(diags->arena, SCRATCH_BYTES);
    struct seeds all = {.stack = stack, .a = scratch, .diags = diags};
    if (ARENA_GUARD(scratch) == 0) check_all(&all, files);
    else
        diag_add(diags, SEVERITY_ERROR, "labs", 0, 0, "lab-limit",
                 "The data of a scenario is too large to be checked.");
    arena_release(scratch);
}
