/* What a level asks for beyond modules: that its exams and labs exist. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "content/content_private.h"

#define EXAM_DEPTH 4
#define EXAM_FILES 500

struct exam_ids {
    struct arena *arena;
    const char **ids;
    size_t count, files;
};

static void close_folder(void *dir) { closedir(dir); }

/* Of every document below a folder: the rooms of exams say what is wrong with them, here only their ids count. */
static void read_ids(struct exam_ids *x, const char *root, const char *folder, int depth) {
    DIR *dir = opendir(arena_printf(x->arena, "%s/%s", root, folder));
    if (!dir) return;
    arena_defer(x->arena, close_folder, dir);
    for (struct dirent *e; (e = readdir(dir)) && x->files < EXAM_FILES;) {
        const char *path = arena_printf(x->arena, "%s/%s", folder, e->d_name);
        struct stat st;
        if (e->d_name[0] == '.' || lstat(arena_printf(x->arena, "%s/%s", root, path), &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < EXAM_DEPTH) read_ids(x, root, path, depth + 1);
        if (!S_ISREG(st.st_mode) || !str_has_suffix(path, ".md")) continue;
        struct diag_list ignored;
        struct doc d;
        diag_init(&ignored, x->arena);
        x->files++;
        if (doc_load(&d, root, path, x->arena, &ignored) != OK) continue;
        const char *id = field_scalar(field_get(d.meta, "id"));
        if (!id) continue;
        x->ids = list_more(x->arena, x->ids, x->count, sizeof *x->ids);
        x->ids[x->count++] = id;
    }
}

void content_exam_ids(const char *root, struct arena *a, const char *const **ids, size_t *count) {
    struct exam_ids x = {.arena = a};
    read_ids(&x, root, "exams", 0);
    *ids = x.ids;
    *count = x.count;
}

bool content_lab_exists(const char *root, struct arena *a, const char *id) {
    struct stat st;
    return stat(arena_printf(a, "%s/labs/scenarios/%s", root, id), &st) == 0 && S_ISDIR(st.st_mode);
}
