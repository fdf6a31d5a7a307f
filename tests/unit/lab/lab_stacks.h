/* Stacks of one connector with all of its dialects, and workers to run them. */
#ifndef GR_TEST_LAB_STACKS_H
#define GR_TEST_LAB_STACKS_H

#include "unit/lab/lab_fixture.h"

#include <dirent.h>

#define KINDS_MAX 64
#define STACK                                                                                      \
    "<stack xmlns=\"urn:gradus:lab:1\" start=\"2026-03-02T08:00:00Z\"><connector id=\"%s\">%s"     \
    "</connector></stack>"

/* ---- The files ------------------------------------------------------------------------------- */
static inline void add_file(struct arena *a, struct lab_files *files, const char *name) {
    struct lab_file *f = &files->file[files->count++];
    f->name = name;
    f->text = file_read(a, arena_printf(a, "labs/%s", name), LAB_FILE_MAX, &f->len);
    assert_non_null(f->text);
}

/* Names of the XML files in a folder below labs/, without their ending. */
static inline int names_in(struct arena *a, const char *folder, const char **out) {
    int count = 0;
    DIR *dir = dir_open(a, arena_printf(a, "labs/%s", folder));
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (!str_has_suffix(e->d_name, ".xml")) continue;
        assert_true(count < KINDS_MAX);
        out[count++] = arena_copy(a, e->d_name, strlen(e->d_name) - 4);
    }
    return count;
}

/* The files of a scenario with one connector, which allows all of its dialects. */
static inline const struct lab_files *files_of(struct arena *a, const char *id) {
    struct lab_files *files = NEW(a, struct lab_files);
    const char *names[KINDS_MAX];
    struct buf dialects;
    buf_init(&dialects, a);
    add_file(a, files, arena_printf(a, "connectors/%s.xml", id));
    int count = names_in(a, arena_printf(a, "connectors/%s", id), names);
    for (int i = 0; i < count; i++) {
        add_file(a, files, arena_printf(a, "connectors/%s/%s.xml", id, names[i]));
        buf_printf(&dialects, "<dialect id=\"%s\"/>", names[i]);
    }
    count = names_in(a, "kinds", names);
    for (int i = 0; i < count; i++) add_file(a, files, arena_printf(a, "kinds/%s.xml", names[i]));
    const char *text = arena_printf(a, STACK, id, buf_text(&dialects));
    files->file[files->count++] = (struct lab_file){"scenarios/all/stack.xml", text, strlen(text)};
    return files;
}

static inline const struct lab_stack *stack_of(struct arena *a, const char *id) {
    struct lab_stack *stack = NEW(a, struct lab_stack);
    struct diag_list diags;
    diag_init(&diags, a);
    if (!lab_stack_read(stack, files_of(a, id), "all", a, &diags))
        fail_msg("%s:%d: %s", diags.first->file, diags.first->line, diags.first->message);
    return stack;
}

/* A run of one connector, without data. */
static inline struct worker worker_of_dialect(struct arena *a, const char *connector,
                                              const char *dialect) {
    struct lab_scenario s = {.id = "all"};
    struct buf pack;
    buf_init(&pack, a);
    lab_pack_write(files_of(a, connector), &pack);
    s.pack = buf_text(&pack);
    s.pack_len = pack.len;
    return fixture_worker(a, &s, arena_printf(a, "%s=%s", connector, dialect), 1);
}

/* The dialect itself. */
static inline const struct lab_dialect *dialect_of(struct arena *a, const char *connector,
                                                   const char *dialect) {
    const struct lab_dialect *d = lab_dialect_find(&stack_of(a, connector)->members[0], dialect);
    assert_non_null(d);
    return d;
}

#endif
