/* Finds the exams and labs that the content names or that name the content, and reads ids from
 * files that do not parse. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "content/content_private.h"

#define FOREIGN_FILES 5000
#define HEAD_MEMORY ((size_t)512 * 1024 * 1024)
#define HEAD_BYTES ((size_t)16 * 1024)

/* ---- Definitions of exams, briefs of labs
 * --------------------------------------------------------------------- */

struct foreign {
    struct arena *arena;
    bool banks;
    const char *root;
    struct found_file *files;
    size_t count;
};

static bool is_there(struct foreign *x, const char *path, bool folder) {
    struct stat st;
    if (stat(arena_printf(x->arena, "%s/%s", x->root, path), &st) != 0) return false;
    return folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode);
}

static void add(struct foreign *x, const char *path) {
    if (x->count == FOREIGN_FILES || !is_there(x, path, false)) return;
    x->files = list_more(x->arena, x->files, x->count, sizeof *x->files);
    x->files[x->count++] = (struct found_file){.path = path};
}

/* As exams have it: "name.md", and neither hidden nor a translation. */
static bool is_definition(const char *name) {
    const char *dot = strchr(name, '.');
    return dot && dot != name && str_eq(dot, ".md") && !content_is_ignored_name(name);
}

/* Each entry of a folder of folders; in exams their files (depth 1) and those of `bank` (2). */
static void look(struct foreign *x, const char *folder, bool exams, int depth) {
    DIR *dir = dir_open(x->arena, arena_printf(x->arena, "%s/%s", x->root, folder));
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.' || !utf8_valid(e->d_name, strlen(e->d_name))) continue;
        const char *path = arena_printf(x->arena, "%s/%s", folder, e->d_name);
        bool deeper = depth == 0 || (depth == 1 && x->banks && str_eq(e->d_name, "bank"));
        if (exams && depth > 0 && is_definition(e->d_name)) add(x, path);
        if (!deeper || !is_there(x, path, true)) continue;
        if (exams) look(x, path, true, depth + 1);
        else add(x, arena_printf(x->arena, "%s/scenario.md", path));
    }
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct found_file *)a)->path, ((const struct found_file *)b)->path);
}

void content_find_foreign(const char *root, bool banks, struct arena *a, struct found_file **files,
                          size_t *count) {
    struct foreign x = {.arena = a, .banks = banks, .root = root};
    look(&x, "exams", true, 0);
    look(&x, "labs/scenarios", false, 0);
    if (x.count) qsort(x.files, x.count, sizeof *x.files, by_path);
    *files = x.files;
    *count = x.count;
}

bool content_lab_exists(const char *root, struct arena *a, const char *id) {
    struct stat st;
    return stat(arena_printf(a, "%s/labs/scenarios/%s", root, id), &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- Files that do not parse
 * ------------------------------------------------------------------------------------ */

const char *content_head(const char *root, const char *path, struct arena *a) {
    char text[HEAD_BYTES + 1];
    size_t len = file_start(arena_printf(a, "%s/%s", root, path), text, HEAD_BYTES);
    for (size_t i = 0; i < len; i++)
        if (!text[i]) text[i] = ' ';
    text[len] = '\0';
    char *end = len > 4 ? strstr(text + 4, "\n---\n") : NULL;
    if (end) *end = '\0';
    return arena_dup(a, text);
}

static bool of_a_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool content_head_has_field(const char *head, const char *key, const char *value) {
    size_t key_len = strlen(key), value_len = strlen(value);
    for (const char *at = head; (at = strstr(at, key)); at += key_len) {
        if ((at > head && of_a_name(at[-1])) || at[key_len] != ':') continue;
        const char *said = at + key_len + 1;
        said += strspn(said, " \t\"'");
        if (strncmp(said, value, value_len) == 0 && !of_a_name(said[value_len])) return true;
    }
    return false;
}

bool content_file_has_field(const char *root, const char *path, const char *key, const char *value,
                            struct arena *a) {
    return content_head_has_field(content_head(root, path, a), key, value);
}

static bool folder_has_objective(const char *root, const char *folder, const char *objective,
                                 struct arena *a) {
    DIR *dir = dir_open(a, arena_printf(a, "%s/%s", root, folder));
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.' && str_has_suffix(e->d_name, ".md") &&
            content_file_has_field(root, arena_printf(a, "%s/%s", folder, e->d_name), "id",
                                   objective, a))
            return true;
    return false;
}

bool content_objective_claimed(const char *root, const char *programme, const char *objective) {
    struct arena own; /* asked for each objective that is not found: nothing of it stays */
    volatile bool says = false;
    arena_init(&own, HEAD_MEMORY);
    if (ARENA_GUARD(&own) == 0)
        says = folder_has_objective(root, arena_printf(&own, "content/%s/modules", programme),
                                    objective, &own);
    arena_release(&own);
    return says;
}
