/* gradus check: every problem of content, exams and labs in one run. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "content/content.h"
#include "exam/exam.h"
#include "lab/lab.h"
#include "server/server.h"

#define CHECK_BYTES ((size_t)1024 * 1024 * 1024)
#define PATHS_MAX 64

static const char help[] =
    "usage: gradus check [PATH…] [--format text|json|sarif] [--root DIR]\n\n"
    "Reads content, exams and labs and reports every problem as file:line:column: error|warning: "
    "sentence [rule].\n"
    "A PATH is a folder that holds content/, or a folder or file in one; without any, everything "
    "is checked.\n\n"
    "  --format text|json|sarif   how to print (text)\n"
    "  --root DIR                 folder with content, exams, labs\n\n"
    "Exit status: 0 no errors (warnings do not count), 1 errors were found, 2 could not run.\n";

struct check_target {
    const char *root; /* the folder that holds content/ */
    const char *part; /* the path below it that is to be checked; "" = everything */
};

struct options {
    enum report_format format;
    const char *root;
    const char *paths[PATHS_MAX];
    size_t path_count;
};

static bool read_format(const char *text, enum report_format *out) {
    static const char *const names[] = {"text", "json", "sarif"};
    for (size_t i = 0; text && i < COUNT_OF(names); i++)
        if (str_eq(names[i], text)) {
            *out = (enum report_format)i;
            return true;
        }
    return false;
}

/* Returns -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct options *o) {
    for (int i = 1; i < argc; i++) {
        if (str_eq(argv[i], "--help")) return fputs(help, stdout), 0;
        if (str_eq(argv[i], "--format")) {
            if (i + 1 < argc && read_format(argv[++i], &o->format)) continue;
            return fputs("gradus check: --format is text, json or sarif\n", stderr), 2;
        }
        if (str_eq(argv[i], "--root")) {
            if (i + 1 == argc) return fputs("gradus check: --root needs a folder\n", stderr), 2;
            o->root = argv[++i];
        } else if (argv[i][0] == '-' && argv[i][1]) {
            return fprintf(stderr, "gradus check: there is no option %s\n\n%s", argv[i], help), 2;
        } else if (o->path_count == PATHS_MAX) {
            return fputs("gradus check: at most 64 paths at once\n", stderr), 2;
        } else o->paths[o->path_count++] = argv[i];
    }
    return -1;
}

static bool holds_content(struct arena *a, const char *folder) {
    struct stat st;
    return stat(arena_printf(a, "%s/content", folder), &st) == 0 && S_ISDIR(st.st_mode);
}

/* The folder that holds content/ is the path itself or the nearest one above it. */
static bool find_target(struct arena *a, const char *path, struct check_target *out) {
    char real[PATH_MAX];
    if (!realpath(path, real)) return false;
    char *folder = arena_dup(a, real);
    size_t whole = strlen(folder);
    for (;;) {
        if (holds_content(a, *folder ? folder : "/")) {
            size_t n = strlen(folder);
            out->root = *folder ? arena_dup(a, folder) : "/";
            out->part = n == whole ? "" : arena_dup(a, real + n + 1);
            return true;
        }
        char *slash = strrchr(folder, '/');
        if (!slash || !*folder) return false;
        *slash = '\0';
    }
}

static bool asked_for(const char *part, const char *file) {
    size_t n = strlen(part);
    return n == 0 || (strncmp(part, file, n) == 0 && (file[n] == '/' || file[n] == '\0'));
}

static void check_root(const char *root, struct diag_list *diags) {
    content_check_tree(root, diags);
    exam_check_tree(root, diags);
    lab_check_tree(root, diags);
}

/* Paths of one root are checked together: what a file refers to may lie outside of what was asked
 * for. */
static void check_targets(const struct check_target *targets, size_t count, struct arena *a,
                          struct diag_list *out) {
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++) seen = seen || str_eq(targets[j].root, targets[i].root);
        if (seen) continue;
        struct diag_list all;
        diag_init(&all, a);
        check_root(targets[i].root, &all);
        for (const struct diag *d = all.first; d; d = d->next) {
            bool wanted = false;
            for (size_t j = i; j < count; j++)
                wanted = wanted || (str_eq(targets[j].root, targets[i].root) &&
                                    asked_for(targets[j].part, d->file));
            if (wanted) diag_copy(out, d);
        }
    }
}

static int check(const struct options *o, struct arena *a) {
    struct check_target targets[PATHS_MAX];
    size_t count = 0;
    const char *root = o->root ? o->root : default_root();
    for (size_t i = 0; i < o->path_count; i++) {
        if (find_target(a, o->paths[i], &targets[count++])) continue;
        fprintf(stderr,
                "gradus check: %s is in no folder that holds content/. Nothing was checked.\n",
                o->paths[i]);
        return 2;
    }
    if (count == 0) {
        if (!root || !holds_content(a, root)) {
            fprintf(
                stderr,
                "gradus check: there is no folder content/ in %s. Name the folder that holds it.\n",
                root ? root : ".");
            return 2;
        }
        targets[count++] = (struct check_target){root, ""};
    }
    struct diag_list found;
    struct buf out;
    diag_init(&found, a);
    check_targets(targets, count, a, &found);
    buf_init(&out, a);
    content_report(&found, o->format, &out);
    if (fwrite(buf_text(&out), 1, out.len, stdout) != out.len || fflush(stdout) != 0) {
        perror("gradus check");
        return 2;
    }
    return found.errors ? 1 : 0;
}

int check_command(int argc, char **argv) {
    struct options o = {.format = REPORT_TEXT};
    int status = read_options(argc, argv, &o);
    if (status >= 0) return status;
    struct arena a;
    arena_init(&a, CHECK_BYTES);
    status = check(&o, &a);
    arena_release(&a);
    return status;
}
