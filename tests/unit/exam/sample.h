/* Small exams for the tests of this room: files in a folder of their own. Include it first. */
#ifndef GR_TEST_EXAM_SAMPLE_H
#define GR_TEST_EXAM_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "exam/exam_store.h"

static inline int sample_remove(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void sample_drop(const char *folder) {
    nftw(folder, sample_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline char *sample_folder(void) {
    static char name[64];
    snprintf(name, sizeof name, "/tmp/gradus-exam-XXXXXX");
    assert_non_null(mkdtemp(name));
    return name;
}

static inline void sample_write(const char *root, const char *file, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, file);
    for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *p = '/';
    }
    assert_true(file_write(path, text, strlen(text), 0600));
}

static const char sample_programme[] =
    "---\nid: p\ntitle: Programme\nbody: B\nscheme_version: \"1\"\nsummary: S\n"
    "domains:\n  - {id: data, title: Data}\n  - {id: people, title: People}\n"
    "levels:\n  - id: associate\n    title: Associate\n---\nText.\n";

static const char sample_module[] =
    "---\nid: m\ntitle: M\nobjectives:\n  - id: keys\n    text: Choose a key\n  - id: no\n    text: Say no\n---\nText.\n";

/* `cells`: the rows of the blueprint. */
static inline const char *sample_def(struct arena *a, const char *more, const char *rows) {
    return arena_printf(
        a,
        "---\nid: small\ntitle: Small\nsummary: A small exam.\nprogramme: p\nlevel: associate\nbanks: [small]\nminutes: 10\n"
        "cut:\n  method: fixed-percentage\n  percent: 70\n%s---\nBefore.\n\n## Blueprint\n\n"
        "| domain | remember | apply |\n|---|---|---|\n%s\n## Rules\n\nAfter.\n",
        more, rows);
}

static inline void sample_item(struct buf *b, const char *id, const char *objective,
                               const char *level, const char *domain, const char *more) {
    buf_printf(
        b,
        "## %s\n\n```item\nobjective: %s\nlevel: %s\ndomain: %s\n%s```\n\nStem of %s?\n\n"
        "- [ ] First of %s\n  > Why not first.\n- [x] Second of %s\n  > KEY-SECRET why second.\n- [ ] Third of %s\n  > Why not third.\n"
        "- [ ] Fourth of %s\n  > Why not fourth.\n\n",
        id, objective, level, domain, more, id, id, id, id, id);
}

#define SAMPLE_BANK_HEAD "---\nid: small\ntitle: Small\nprogramme: p\ndomain: data\n---\n"

static inline bool sample_has(const struct diag_list *l, const char *rule) {
    for (const struct diag *d = l->first; d; d = d->next)
        if (strcmp(d->rule, rule) == 0) return true;
    return false;
}

static inline void sample_print(const struct diag_list *l) {
    for (const struct diag *d = l->first; d; d = d->next)
        print_message("%s:%d:%d: %s [%s]\n", d->file, d->line, d->column, d->message, d->rule);
}

#endif
