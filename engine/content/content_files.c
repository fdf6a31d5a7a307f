/* Which files there are below content/, and what each is by its name and folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"
#include "content/content_private.h"

#define FOLDER_DEPTH 8

struct finder {
    struct arena *arena;
    struct found_file *files;
    size_t count;
    bool more; /* than are listed */
};

/* The part of "x.ar.md" between the name and the ending of all files; NULL when there is none. */
static const char *middle_of(struct arena *a, const char *name) {
    size_t stem = strcspn(name, "."), len = strlen(name);
    return len > stem + 3 ? arena_copy(a, name + stem + 1, len - stem - 4) : NULL;
}

struct open_folder {
    DIR *dir; /* NULL: closed */
};

void folder_close(struct open_folder *f) {
    if (f->dir) closedir(f->dir);
    f->dir = NULL;
}

static void release_folder(void *f) { folder_close(f); }

struct open_folder *folder_open(struct arena *a, const char *path) {
    struct open_folder *f = NEW(a, struct open_folder);
    arena_defer(a, release_folder, f);
    f->dir = opendir(path);
    return f->dir ? f : NULL;
}

struct dirent *folder_next(struct open_folder *f) {
    return readdir(f->dir);
}

bool content_is_attached(const char *path) { return strstr(path, "/modules/files/") != NULL; }

bool content_is_ignored_name(const char *name) {
    static const char *const names[] = {
        "README",  "LICENSE",     "LICENCE",      "COPYING",    "NOTICE",   "AUTHORS", "CHANGELOG",
        "CHANGES", "MAINTAINERS", "CONTRIBUTING", "CODEOWNERS", "Makefile", "Thumbs",  "desktop"};
    static const char *const suffixes[] = {"~", ".swp", ".swo", ".bak", ".orig", ".rej", ".tmp"};
    size_t stem = strcspn(name, ".");
    if (name[0] == '.' || name[0] == '#') return true;
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        if (str_has_suffix(name, suffixes[i])) return true;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i]) == stem &&
            (str_has_suffix(name, ".md") ? strncmp(names[i], name, stem) == 0
                                         : strncasecmp(names[i], name, stem) == 0))
            return true; /* notice.md may be a module */
    return false;
}

/* By its folder and the first part of its name. */
static enum file_kind kind_of(const char *path) {
    static const struct {
        const char *name;
        enum file_kind kind;
    } names[] = {
        {"programme", FILE_PROGRAMME}, {"glossary", FILE_GLOSSARY}, {"self-assessment", FILE_SELF}};
    const char *name = path_name(path);
    size_t stem = strcspn(name, ".");
    if (content_is_ignored_name(name) || content_is_attached(path)) return FILE_OTHER;
    if (name - path >= 9 && memcmp(name - 9, "/modules/", 9) == 0) return FILE_MODULE;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i].name) == stem && memcmp(names[i].name, name, stem) == 0)
            return names[i].kind;
    return FILE_OTHER;
}

enum file_kind content_classify(struct arena *a, const char *path, const char **lang) {
    const char *middle = middle_of(a, path_name(path));
    enum file_kind kind = kind_of(path);
    *lang = middle && kind != FILE_OTHER ? page_language(a, middle) : NULL;
    /* A programme has one text, in the language that it states. */
    if (middle && (!*lang || kind == FILE_PROGRAMME)) return FILE_OTHER;
    return kind;
}

const char *content_unknown_language(struct arena *a, const char *path) {
    const char *middle = middle_of(a, path_name(path));
    return middle && kind_of(path) != FILE_OTHER && !page_language(a, middle) ? middle : NULL;
}

const char *content_kind_name(enum file_kind kind) {
    static const char *const names[] = {"programme", "module", "glossary", "self-assessment",
                                        "other"};
    return names[kind];
}

static void add_file(struct finder *f, const char *path, const struct stat *st) {
    f->more = f->count == CONTENT_FILE_LIMIT;
    if (f->more) return;
    f->files = list_more(f->arena, f->files, f->count, sizeof *f->files);
    f->files[f->count++] = (struct found_file){
        path, (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec, st->st_size,
        st->st_ino};
}

/* When memory or descriptors are short, the whole walk fails: no file may be left out for that. */
static DIR *open_below(struct finder *f, int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int why = errno;
    if (fd >= 0 && !dir) close(fd);
    if (!dir && errno_is_shortage(why)) arena_starve(f->arena);
    return dir;
}

static void walk(struct finder *f, int parent, const char *name, const char *path, int depth) {
    struct open_folder *folder = NEW(f->arena, struct open_folder);
    arena_defer(f->arena, release_folder, folder);
    folder->dir = open_below(f, parent, name);
    for (struct dirent *e; folder->dir && (e = readdir(folder->dir));) {
        struct stat st;
        int fd = dirfd(folder->dir);
        if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st, 0) != 0) continue;
        const char *child = arena_printf(f->arena, "%s/%s", path, e->d_name);
        if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH) walk(f, fd, e->d_name, child, depth + 1);
        else if (S_ISREG(st.st_mode) && str_has_suffix(e->d_name, ".md") &&
                 !content_is_attached(child) && utf8_valid(e->d_name, strlen(e->d_name)))
            add_file(f, child, &st);
    }
    folder_close(folder);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct found_file *)a)->path, ((const struct found_file *)b)->path);
}

bool content_find_files(const char *root, struct arena *a, struct found_file **files,
                        size_t *count) {
    struct finder f = {.arena = a};
    walk(&f, AT_FDCWD, arena_printf(a, "%s/content", root), "content", 0);
    if (f.count) qsort(f.files, f.count, sizeof *f.files, by_path);
    *files = f.files;
    *count = f.count;
    return !f.more;
}
