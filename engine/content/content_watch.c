/* What changed below content/: inotify. The kernel queues an event before the write, rename or unlink returns, so looking
 * into the queue at the beginning of a request misses nothing that came before it, and costs one system call. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "content/content_private.h"

#define WATCH_FOLDERS 1024
#define WATCH_EVENTS                                                                               \
    (IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |            \
     IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct content_watch {
    int fd;
    char *root;
    struct {
        int wd;
        char *path; /* from the root */
    } folders[WATCH_FOLDERS];
    size_t folder_count;
};

static void add_folder(struct content_watch *w, const char *path) {
    char *full = NULL;
    if (w->folder_count == WATCH_FOLDERS || asprintf(&full, "%s/%s", w->root, path) < 0) return;
    int wd = inotify_add_watch(w->fd, full, WATCH_EVENTS);
    free(full);
    if (wd < 0) return;
    for (size_t i = 0; i < w->folder_count; i++)
        if (w->folders[i].wd == wd) return;
    char *copy = strdup(path);
    if (!copy) return;
    w->folders[w->folder_count].wd = wd;
    w->folders[w->folder_count++].path = copy;
}

/* Before files are read: what is written in between is read again rather than missed. */
static void add_all(struct content_watch *w) {
    struct arena a;
    arena_init(&a, (size_t)64 * 1024 * 1024);
    if (ARENA_GUARD(&a) == 0) {
        const char *const *folders;
        size_t count;
        content_find_folders(w->root, &a, &folders, &count);
        for (size_t i = 0; i < count; i++) add_folder(w, folders[i]);
    }
    arena_release(&a);
}

struct content_watch *watch_open(const char *root) {
    struct content_watch *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->root = strdup(root);
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (!w->root || w->fd < 0) {
        log_say(LOG_WARN, "content", "Changes of files are seen after two seconds only: %s",
                strerror(errno));
        if (w->root) return w;
        free(w);
        return NULL;
    }
    add_all(w);
    return w;
}

void watch_close(struct content_watch *w) {
    if (!w) return;
    if (w->fd >= 0) close(w->fd);
    for (size_t i = 0; i < w->folder_count; i++) free(w->folders[i].path);
    free(w->root);
    free(w);
}

int watch_fd(const struct content_watch *w) { return w ? w->fd : -1; }

bool watch_pending(const struct content_watch *w) {
    int bytes = 0;
    return w && w->fd >= 0 && ioctl(w->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

static const char *folder_of(const struct content_watch *w, int wd) {
    for (size_t i = 0; i < w->folder_count; i++)
        if (w->folders[i].wd == wd) return w->folders[i].path;
    return NULL;
}

static void forget_folder(struct content_watch *w, int wd) {
    for (size_t i = 0; i < w->folder_count; i++) {
        if (w->folders[i].wd != wd) continue;
        free(w->folders[i].path);
        w->folders[i] = w->folders[--w->folder_count];
        return;
    }
}

struct change_list {
    struct arena *arena;
    const char **paths;
    size_t count;
};

static void add_path(struct change_list *l, const char *path) {
    if (l->count && str_eq(l->paths[l->count - 1], path)) return; /* a write is several events */
    l->paths = list_more(l->arena, l->paths, l->count, sizeof *l->paths);
    l->paths[l->count++] = path;
}

void watch_take(struct content_watch *w, struct arena *a, const char *const **paths, size_t *count,
                bool *all) {
    struct change_list changes = {.arena = a};
    _Alignas(struct inotify_event) char buffer[16384];
    *all = !w || w->fd < 0;
    ssize_t n;
    while (w && w->fd >= 0 && (n = read(w->fd, buffer, sizeof buffer)) > 0) {
        for (char *p = buffer; p < buffer + n;) {
            const struct inotify_event *e = (const struct inotify_event *)p;
            p += sizeof *e + e->len;
            const char *folder = folder_of(w, e->wd);
            if (e->mask & IN_IGNORED) forget_folder(w, e->wd);
            if (e->mask & (IN_Q_OVERFLOW | IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
                *all = true;
            else if (folder && e->len && e->name[0] != '.')
                add_path(&changes, arena_printf(a, "%s/%s", folder, e->name));
        }
    }
    if (*all && w && w->fd >= 0)
        add_all(w); /* new folders, and what was in them before they were watched */
    *paths = changes.paths;
    *count = changes.count;
}
