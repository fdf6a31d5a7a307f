/* Watching folders with inotify, and by a fingerprint of names and times where that is not enough.
 *
 * The kernel queues an event before the write, rename or unlink returns, so checking the queue at
 * the beginning of a request misses no earlier change. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "tree/tree_private.h"

#define WALK_DEPTH 8
#define WALK_ENTRIES 100000
#define WATCH_EVENTS                                                                               \
    (IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |            \
     IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct watched {
    int wd;
    char *path; /* from the root */
};

struct tree_watch {
    int fd;
    char *root;
    const char *const *roots; /* TREE_FOLDERS names, some NULL */
    struct watched *folders;
    size_t count, room;
    bool partial; /* something there is not watched */
    bool lost;    /* events were read and not handed over: the next call says `all` */
};

/* ---- Walking --------------------------------------------------------------------------------- */

struct walk {
    struct tree_watch *watch; /* NULL: nothing is added to the watches */
    const char *root;
    size_t entries;
    uint64_t fingerprint;
    bool partial; /* a link to a file, or too much to look at */
};

static bool join(char out[PATH_MAX], const char *a, const char *b) {
    int n = snprintf(out, PATH_MAX, "%s/%s", a, b);
    return n > 0 && n < PATH_MAX;
}

static void add_watch(struct tree_watch *w, const char *full, const char *path) {
    int wd = inotify_add_watch(w->fd, full, WATCH_EVENTS);
    if (wd < 0) {
        if (errno != ENOENT && errno != ENOTDIR) w->partial = true;
        return;
    }
    for (size_t i = 0; i < w->count; i++)
        if (w->folders[i].wd == wd) return;
    if (w->count == w->room) {
        size_t room = w->room ? w->room * 2 : 64;
        struct watched *more = realloc(w->folders, room * sizeof *more);
        if (more) {
            w->folders = more;
            w->room = room;
        }
    }
    char *copy = w->count < w->room ? strdup(path) : NULL;
    if (!copy) {
        w->partial = true; /* without memory for the path its events would have no name */
        (void)inotify_rm_watch(w->fd, wd);
        return;
    }
    w->folders[w->count++] = (struct watched){wd, copy};
}

static void walk_folder(struct walk *k, const char *path, int depth) {
    char full[PATH_MAX], child[PATH_MAX];
    if (!join(full, k->root, path)) return;
    if (k->watch && k->watch->fd >= 0) add_watch(k->watch, full, path);
    DIR *dir = opendir(full);
    if (!dir) {
        if (errno != ENOENT && errno != ENOTDIR)
            k->partial = true; /* no descriptors or no permission */
        return;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, 0) != 0 ||
            !join(child, path, e->d_name))
            continue;
        if (++k->entries > WALK_ENTRIES) {
            k->partial = true;
            break;
        }
        if (S_ISDIR(st.st_mode)) {
            if (depth < WALK_DEPTH) walk_folder(k, child, depth + 1);
            continue;
        }
        if (e->d_type == DT_LNK || e->d_type == DT_UNKNOWN) k->partial = true;
        /* The order of readdir is arbitrary, so the hashes are added up. */
        int64_t facts[] = {st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_size, (int64_t)st.st_ino};
        k->fingerprint += hash_more(hash_bytes(child, strlen(child)), facts, sizeof facts);
    }
    closedir(dir);
}

static void walk_all(struct walk *k, const char *const *folders) {
    for (size_t i = 0; i < TREE_FOLDERS; i++)
        if (folders[i]) walk_folder(k, folders[i], 0);
}

uint64_t tree_fingerprint(const char *root, const char *const folders[TREE_FOLDERS]) {
    struct walk k = {.root = root, .fingerprint = 1};
    walk_all(&k, folders);
    return k.fingerprint;
}

uint64_t tree_watch_fingerprint(const struct tree_watch *w) {
    return tree_fingerprint(w->root, w->roots);
}

/* Watches the folders above: of "a/b/c" these are "a" and "a/b". */
static void watch_above(struct tree_watch *w, const char *folder) {
    for (const char *slash = folder; (slash = strchr(slash, '/')); slash++) {
        char above[PATH_MAX], full[PATH_MAX];
        snprintf(above, sizeof above, "%.*s", (int)(slash - folder), folder);
        if (join(full, w->root, above)) add_watch(w, full, above);
    }
}

static void watch_all(struct tree_watch *w) {
    struct walk k = {.watch = w, .root = w->root};
    walk_all(&k, w->roots);
    /* Creating, renaming or removing a watched folder is reported by the folder above it. */
    if (w->fd >= 0) add_watch(w, w->root, "");
    for (size_t i = 0; w->fd >= 0 && i < TREE_FOLDERS; i++)
        if (w->roots[i]) watch_above(w, w->roots[i]);
    w->partial = w->partial || k.partial;
}

/* ---- Opening --------------------------------------------------------------------------------- */

struct tree_watch *tree_watch_open(const char *root, const char *const folders[TREE_FOLDERS],
                                   bool poll_only) {
    struct tree_watch *w = calloc(1, sizeof *w);
    if (w) w->root = strdup(root);
    if (!w || !w->root) {
        free(w);
        return NULL;
    }
    w->roots = folders;
    w->fd = poll_only ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0 && !poll_only)
        log_say(LOG_WARN, "tree", "Changes of files are seen after two seconds only: %s",
                strerror(errno));
    watch_all(w);
    return w;
}

void tree_watch_close(struct tree_watch *w) {
    if (!w) return;
    if (w->fd >= 0) close(w->fd);
    for (size_t i = 0; i < w->count; i++) free(w->folders[i].path);
    free(w->folders);
    free(w->root);
    free(w);
}

int tree_watch_fd(const struct tree_watch *w) { return w->fd; }

bool tree_watch_partial(const struct tree_watch *w) { return w->fd < 0 || w->partial; }

int tree_watch_bytes(const struct tree_watch *w) {
    int bytes = 0;
    return w->fd >= 0 && ioctl(w->fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

/* ---- Events ---------------------------------------------------------------------------------- */

static const char *folder_of(const struct tree_watch *w, int wd) {
    for (size_t i = 0; i < w->count; i++)
        if (w->folders[i].wd == wd) return w->folders[i].path;
    return NULL;
}

static void forget_folder(struct tree_watch *w, int wd) {
    for (size_t i = 0; i < w->count; i++) {
        if (w->folders[i].wd != wd) continue;
        free(w->folders[i].path);
        w->folders[i] = w->folders[--w->count];
        return;
    }
}

/* Whether `part` is `path` or a folder above it: "a" and "a/b" for "a/b", but not "a/". */
static bool begins(const char *path, const char *part) {
    size_t len = strlen(part);
    return strncmp(path, part, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Whether a folder is above the watched ones, and none of them. */
static bool is_above(const struct tree_watch *w, const char *folder) {
    for (size_t i = 0; i < TREE_FOLDERS; i++)
        if (w->roots[i] && begins(folder, w->roots[i])) return false;
    return true;
}

/* Whether a watched folder is, or is below, this one. */
static bool leads_to_ours(const struct tree_watch *w, const char *folder, const char *name) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
    for (size_t i = 0; i < TREE_FOLDERS && n < (int)sizeof path; i++)
        if (w->roots[i] && begins(w->roots[i], path)) return true;
    return false;
}

static void add_path(struct arena *a, struct tree_changes *news, const char *path) {
    const char **paths = (const char **)(uintptr_t)news->paths;
    if (news->count && str_eq(paths[news->count - 1], path)) return; /* a write is several events */
    paths = list_more(a, paths, news->count, sizeof *paths);
    paths[news->count++] = path;
    news->paths = paths;
}

static void handle_event(struct tree_watch *w, struct arena *a, const struct inotify_event *e,
                         struct tree_changes *news) {
    const char *folder = folder_of(w, e->wd);
    bool above = folder && is_above(w, folder),
         leads = above && e->len && leads_to_ours(w, folder, e->name);
    if (e->mask & IN_IGNORED) forget_folder(w, e->wd);
    /* A folder above is watched only for events of our folders: an academy's root may hold other
     * files. */
    if (above) {
        if (leads) news->all = true;
        return;
    }
    if (e->mask & (IN_Q_OVERFLOW | IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
        news->all = true;
    else if (folder && e->len && e->name[0] != '.')
        add_path(a, news, arena_printf(a, "%s/%s", folder, e->name));
}

void tree_watch_read(struct tree_watch *w, struct arena *a, struct tree_changes *news) {
    _Alignas(struct inotify_event) char buffer[16384];
    ssize_t n;
    news->all = w->lost || w->fd < 0;
    w->lost = true;
    while (w->fd >= 0 && (n = read(w->fd, buffer, sizeof buffer)) > 0)
        for (char *p = buffer; p < buffer + n;) {
            const struct inotify_event *e = (const struct inotify_event *)p;
            p += sizeof *e + e->len;
            handle_event(w, a, e, news);
        }
    if (news->all) watch_all(w); /* new folders, and what was in them before they were watched */
    w->lost = false;
}
