/* Reports files below content/, exams/ and labs/ that no room reads, for instance because their
 * name ends in something else than their author thought. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/text.h"
#include "content/content_attached.h"
#include "content/content_private.h"

#define WALK_DEPTH 8
/* of a folder that was put there by mistake so many files are reported */
#define STRAYS_MOST 200

struct strays {
    const char *root;
    struct arena *arena;
    struct used_files *used;
    struct diag_list *diags;
    int count;
};

static int by_path(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_used(const struct strays *s, const char *path) {
    return s->used->count &&
           bsearch(&path, s->used->paths, s->used->count, sizeof *s->used->paths, by_path);
}

/* "x.MD", "x.markdown": meant to be read. */
static bool meant_as_text(const char *name) {
    static const char *const endings[] = {".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdx"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < COUNT_OF(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

static bool in_folder(const char *path, const char *folder) {
    const char *slash = strrchr(path, '/');
    size_t len = strlen(folder);
    return slash && (size_t)(slash - path) >= len && memcmp(slash - len, folder, len) == 0;
}

/* What the rooms read, by their endings. */
static bool is_read(const char *path) {
    if (str_has_suffix(path, ".md")) return !content_is_attached(path);
    if (str_has_prefix(path, "content/")) return str_eq(path, "content/vendors.txt");
    if (str_has_suffix(path, ".csv") || str_eq(path, "labs/schema/lab-api.json")) return true;
    return str_has_prefix(path, "labs/") &&
           (str_has_suffix(path, ".xml") || str_has_suffix(path, ".rng"));
}

static const char *sentence(struct strays *s, const char *path, const char *name) {
    bool content = str_has_prefix(path, "content/");
    if (content && (in_folder(path, "/modules/img") || in_folder(path, "/modules/files")))
        return "no module shows this file or links to it";
    if (meant_as_text(name)) {
        int stem = (int)(strrchr(name, '.') - name);
        return arena_printf(s->arena,
                            "nothing reads this file: texts end in .md, so call it “%.*s.md”", stem,
                            name);
    }
    if (content && attached_kind(name))
        return "nothing reads this file here: what a module shows lies in the folder img beside "
               "it, what it plays or offers in the folder files";
    if (content)
        return "nothing reads this file: what is read here are texts that end in .md, and what "
               "modules show, play or offer from the folders img and files";
    return str_has_prefix(path, "exams/")
               ? "nothing reads this file: what is read here are texts that end in .md, and "
                 "readings that end in .csv"
               : "nothing reads this file: what is read here ends in .md, .xml or .csv";
}

static void look_below(struct strays *s, const char *path, int depth) {
    struct open_folder *dir = folder_open(s->arena, arena_printf(s->arena, "%s/%s", s->root, path));
    if (!dir) return;
    for (struct dirent *e; (e = folder_next(dir)) && s->count < STRAYS_MOST;) {
        struct stat st;
        if (content_is_ignored_name(e->d_name) || !utf8_valid(e->d_name, strlen(e->d_name)))
            continue;
        const char *child = arena_printf(s->arena, "%s/%s", path, e->d_name);
        if (lstat(arena_printf(s->arena, "%s/%s", s->root, child), &st) != 0) continue;
        if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH) look_below(s, child, depth + 1);
        if (S_ISDIR(st.st_mode) || is_read(child) || is_used(s, child)) continue;
        s->count++;
        diag_add(s->diags, SEVERITY_WARNING, child, 0, 0, "file-name", "%s",
                 sentence(s, child, e->d_name));
    }
    folder_close(dir);
}

void check_unused_files(const char *root, struct used_files *used, struct diag_list *diags,
                        struct arena *a) {
    static const char *const folders[] = {"content", "exams", "labs"};
    struct strays s = {.root = root, .arena = a, .used = used, .diags = diags};
    if (used->count) qsort(used->paths, used->count, sizeof *used->paths, by_path);
    for (size_t i = 0; i < COUNT_OF(folders); i++) look_below(&s, folders[i], 0);
}
