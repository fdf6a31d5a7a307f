/* Which files there are below content/, and what each is by its name and folder. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "content/content_private.h"

#define FOLDER_DEPTH 8

struct finder {
    struct arena *arena;
    struct found_file *files;
    size_t count;
    const char **folders;
    size_t folder_count;
};

/* "ar", "pt-BR": the part of "x.ar.md" that names a language. */
static bool is_language(const char *text, size_t len) {
    if (len < 2 || len > 11) return false;
    for (size_t i = 0; i < len; i++) {
        bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
        if (!letter && !(i >= 2 && text[i] == '-')) return false;
    }
    return len == 2 || len == 3 || text[2] == '-' || text[3] == '-';
}

enum file_kind content_classify(struct arena *a, const char *path, const char **lang) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t stem = strcspn(name, "."), len = strlen(name);
    *lang = "en";
    if (len > stem + 4 && is_language(name + stem + 1, len - stem - 4))
        *lang = arena_copy(a, name + stem + 1, len - stem - 4);
    else if (len != stem + 3) return FILE_OTHER;
    static const struct {
        const char *name;
        enum file_kind kind;
    } names[] = {
        {"programme", FILE_PROGRAMME}, {"glossary", FILE_GLOSSARY}, {"self-assessment", FILE_SELF}};
    bool in_modules = slash && slash - path >= 8 && memcmp(slash - 8, "/modules", 8) == 0;
    if (in_modules) return FILE_MODULE;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i].name) == stem && memcmp(names[i].name, name, stem) == 0)
            return names[i].kind;
    return FILE_OTHER;
}

const char *content_kind_name(enum file_kind kind) {
    static const char *const names[] = {"programme", "module", "glossary", "self-assessment",
                                        "other"};
    return names[kind];
}

static void add_file(struct finder *f, const char *path, const struct stat *st) {
    if (f->count == CONTENT_FILE_LIMIT) return;
    f->files = list_more(f->arena, f->files, f->count, sizeof *f->files);
    f->files[f->count++] = (struct found_file){
        path, (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec, st->st_size,
        st->st_ino};
}

static void add_folder(struct finder *f, const char *path) {
    f->folders = list_more(f->arena, f->folders, f->folder_count, sizeof *f->folders);
    f->folders[f->folder_count++] = path;
}

/* The arena may leave through its guard: descriptors are closed by it. */
static void close_folder(void *dir) { closedir(dir); }

static void walk(struct finder *f, int parent, const char *name, const char *path, int depth) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return;
    }
    arena_defer(f->arena, close_folder, dir);
    add_folder(f, path);
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st, 0) != 0) continue;
        const char *child = arena_printf(f->arena, "%s/%s", path, e->d_name);
        if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH) walk(f, fd, e->d_name, child, depth + 1);
        else if (S_ISREG(st.st_mode) && str_has_suffix(e->d_name, ".md") &&
                 utf8_valid(e->d_name, strlen(e->d_name)))
            add_file(f, child, &st);
    }
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct found_file *)a)->path, ((const struct found_file *)b)->path);
}

static void find_below(const char *root, struct finder *f) {
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    walk(f, fd, "content", "content", 0);
    close(fd);
}

void content_find_files(const char *root, struct arena *a, struct found_file **files,
                        size_t *count) {
    struct finder f = {.arena = a};
    find_below(root, &f);
    if (f.count) qsort(f.files, f.count, sizeof *f.files, by_path);
    *files = f.files;
    *count = f.count;
}

void content_find_folders(const char *root, struct arena *a, const char *const **folders,
                          size_t *count) {
    struct finder f = {.arena = a};
    find_below(root, &f);
    *folders = f.folders;
    *count = f.folder_count;
}
