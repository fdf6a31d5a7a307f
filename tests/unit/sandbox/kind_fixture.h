/* Stacks of the real connectors and kinds, whose data stand in the test. Records are made and read
 * in neutral terms, through the API of the chosen dialects. */
#ifndef GR_TEST_KIND_FIXTURE_H
#define GR_TEST_KIND_FIXTURE_H

#include "unit/lab/lab_fixture.h"

#include <dirent.h>
#include <stdarg.h>

#include "base/clock.h"

/* 2026-03-02 is a Monday. */
#define KIND_START 1772438400000
#define KIND_VALUES 16

struct kind_seed {
    const char *object, *csv; /* a NULL object ends a list */
};

struct kind_lab {
    struct arena *a;
    struct lab_stack stack;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct worker w;
};

static inline void kind_add_file(struct arena *a, struct lab_files *files, const char *name) {
    struct lab_file *f = &files->file[files->count++];
    f->name = name;
    f->text = file_read(a, arena_printf(a, "labs/%s", name), LAB_FILE_MAX, &f->len);
    assert_non_null(f->text);
}

static inline void kind_add_text(struct lab_files *files, const char *name, const char *text) {
    files->file[files->count++] = (struct lab_file){name, text, strlen(text)};
}

static inline void kind_add_kinds(struct arena *a, struct lab_files *files) {
    DIR *dir = dir_open(a, "labs/kinds");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        if (str_has_suffix(e->d_name, ".xml"))
            kind_add_file(a, files, arena_printf(a, "kinds/%s", e->d_name));
}

/* The files of a stack of `choice` ("cdp=cairnwell,work=tillerby") with `more` in its XML. */
static inline struct lab_files *kind_files(struct arena *a, const char *choice, const char *more,
                                           const struct kind_seed *seeds) {
    struct lab_files *files = NEW(a, struct lab_files);
    struct buf xml;
    buf_init(&xml, a);
    buf_puts(&xml, "<stack xmlns=\"urn:gradus:lab:1\" start=\"2026-03-02T08:00:00Z\">");
    for (const char *at = choice; *at;) {
        size_t len = strcspn(at, ",");
        const char *id = arena_copy(a, at, strcspn(at, "=")), *dialect = at + strlen(id) + 1;
        dialect = arena_copy(a, dialect, len - strlen(id) - 1);
        kind_add_file(a, files, arena_printf(a, "connectors/%s.xml", id));
        kind_add_file(a, files, arena_printf(a, "connectors/%s/%s.xml", id, dialect));
        buf_printf(&xml, "<connector id=\"%s\"><dialect id=\"%s\"/></connector>", id, dialect);
        at += len + (at[len] == ',');
    }
    kind_add_kinds(a, files);
    buf_puts(&xml, more);
    for (int i = 0; seeds && seeds[i].object; i++) {
        const char *name = arena_printf(a, "s%d.csv", i);
        kind_add_text(files, arena_printf(a, "scenarios/kind/%s", name), seeds[i].csv);
        buf_printf(&xml, "<seed object=\"%s\" file=\"%s\"/>", seeds[i].object, name);
    }
    buf_puts(&xml, "</stack>");
    kind_add_text(files, "scenarios/kind/stack.xml", buf_text(&xml));
    return files;
}

static inline void kind_start(struct kind_lab *lab, struct arena *a, const char *choice,
                              const char *more, const struct kind_seed *seeds) {
    struct lab_scenario s = {.id = "kind"};
    struct diag_list diags;
    struct buf pack;
    struct lab_files *files = kind_files(a, choice, more, seeds);
    diag_init(&diags, a);
    buf_init(&pack, a);
    lab->a = a;
    if (!lab_stack_read(&lab->stack, files, "kind", a, &diags))
        fail_msg("%s:%d: %s", diags.first->file, diags.first->line, diags.first->message);
    for (int i = 0; i < lab->stack.member_count; i++)
        lab->dialects[i] = lab->stack.members[i].dialects[0];
    lab_pack_write(files, &pack);
    s.pack = buf_text(&pack);
    s.pack_len = pack.len;
    lab->w = fixture_worker(a, &s, choice, 1);
}

static inline void kind_end(struct kind_lab *lab) { worker_end(&lab->w); }

/* First cell of a SELECT, as text. */
static inline const char *kind_cell(struct kind_lab *lab, const char *sql, ...) {
    va_list args;
    va_start(args, sql);
    char text[2000];
    vsnprintf(text, sizeof text, sql, args);
    va_end(args);
    const char *cell = fixture_cell(lab->a, &lab->w, arena_dup(lab->a, text));
    return cell ? cell : "";
}

static inline void kind_advance(struct kind_lab *lab, int64_t ms) {
    fixture_step(lab->a, &lab->w,
                 arena_printf(lab->a, "{\"advance_ms\":%lld,\"kind\":\"clock\"}", (long long)ms));
}

static inline int64_t kind_now(struct kind_lab *lab) {
    return strtoll(kind_cell(lab, "SELECT value FROM sim_meta WHERE key = 'now_ms'"), NULL, 10);
}

/* Calls an operation with field, value, …, NULL. */
static inline struct lab_answer kind_call(struct kind_lab *lab, enum lab_operation operation,
                                          const char *path, const char *id, va_list args) {
    const char *names[KIND_VALUES], *values[KIND_VALUES], *name;
    size_t count = 0;
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&lab->stack, path, &member);
    const struct lab_surface surface = {&lab->stack, lab->dialects, member};
    assert_non_null(o);
    while ((name = va_arg(args, const char *))) {
        assert_true(count < KIND_VALUES);
        if (!lab_field_find(o, name)) fail_msg("%s has no field %s", path, name);
        names[count] = name;
        values[count++] = va_arg(args, const char *);
    }
    struct lab_call call = lab_surface_call(&surface, o, operation, id, names, values, count,
                                            lab->a);
    struct lab_answer answer = fixture_call(lab->a, &lab->w,
                                            lab->stack.members[member].connector->id, call.method,
                                            call.path, "", call.body);
    if (answer.status == 429) { /* the vendor asks us to slow down */
        kind_advance(lab, 60000);
        answer = fixture_call(lab->a, &lab->w, lab->stack.members[member].connector->id,
                              call.method, call.path, "", call.body);
    }
    return answer;
}

/* Makes a record; its id. */
static inline const char *kind_make(struct kind_lab *lab, const char *path, ...) {
    va_list args;
    const struct lab_object *o = lab_object_by_path(&lab->stack, path, NULL);
    va_start(args, path);
    struct lab_answer answer = kind_call(lab, LAB_CREATE, path, NULL, args);
    va_end(args);
    if (answer.refused || answer.status >= 300) fail_msg("%d %s", answer.status, answer.body);
    return kind_cell(lab, "SELECT id FROM %s ORDER BY rowid DESC LIMIT 1", o->table);
}

static inline struct lab_answer kind_try_make(struct kind_lab *lab, const char *path, ...) {
    va_list args;
    va_start(args, path);
    struct lab_answer answer = kind_call(lab, LAB_CREATE, path, NULL, args);
    va_end(args);
    return answer;
}

static inline void kind_change(struct kind_lab *lab, const char *path, const char *id, ...) {
    va_list args;
    va_start(args, id);
    struct lab_answer answer = kind_call(lab, LAB_UPDATE, path, id, args);
    va_end(args);
    if (answer.refused || answer.status >= 300) fail_msg("%d %s", answer.status, answer.body);
}

static inline struct lab_answer kind_try_change(struct kind_lab *lab, const char *path,
                                                const char *id, ...) {
    va_list args;
    va_start(args, id);
    struct lab_answer answer = kind_call(lab, LAB_UPDATE, path, id, args);
    va_end(args);
    return answer;
}

static inline void kind_delete(struct kind_lab *lab, const char *path, const char *id, ...) {
    va_list args;
    va_start(args, id);
    struct lab_answer answer = kind_call(lab, LAB_DELETE, path, id, args);
    va_end(args);
    if (answer.refused || answer.status >= 300) fail_msg("%d %s", answer.status, answer.body);
}

/* The id of a record that a seed made, by one of its values. */
static inline const char *kind_id(struct kind_lab *lab, const char *table, const char *field,
                                  const char *value) {
    const char *id = kind_cell(lab, "SELECT id FROM %s WHERE %s = '%s'", table, field, value);
    if (!*id) fail_msg("%s has no %s %s", table, field, value);
    return id;
}

/* "kind count, kind count" of the events that begin with `prefix`. */
static inline const char *kind_events(struct kind_lab *lab, const char *prefix) {
    return kind_cell(lab,
                     "SELECT group_concat(kind || ' ' || n, ', ') FROM (SELECT kind, count(*) AS n "
                     "FROM event WHERE kind LIKE '%s%%' GROUP BY kind ORDER BY kind)",
                     prefix);
}

/* No rule was stopped or failed. */
static inline void kind_assert_quiet(struct kind_lab *lab) {
    assert_string_equal(kind_cell(lab, "SELECT kind || ' ' || detail FROM event WHERE kind IN "
                                       "('rule.stopped', 'rule.failed', 'record.refused') LIMIT 1"),
                        "");
}

#endif
