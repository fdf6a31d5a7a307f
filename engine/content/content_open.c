/* Opening the room: the folder, the first snapshot, the thread that stores versions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content/content_private.h"
#include "tree/tree.h"

/* Authors who wait for a check of all files; of one address. */
#define CHECKS_WAITING 64
#define CHECKS_WAITING_CLIENT 16

static void release(void *snapshot) { content_release(snapshot); }

static void wake_indexer(void *content) { content_wake(content); }

static enum err open_tree(struct content *c) {
    const struct tree_source source = {.name = "content",
                                       .folders = {"content"},
                                       .load = content_load,
                                       .free = release,
                                       .published = wake_indexer,
                                       .context = c};
    return tree_open(&c->tree, c->root, &source);
}

enum err content_open(struct content **out, const char *root, struct store *store,
                      struct site *site, struct arena *a, const char **why) {
    *out = NULL;
    struct stat st;
    if (stat(arena_printf(a, "%s/content", root), &st) != 0 || !S_ISDIR(st.st_mode)) {
        *why = arena_printf(
            a,
            "%s/content cannot be read: %s. Start with --root and the folder that holds content/.",
            root, errno == 0 || S_ISREG(st.st_mode) ? "it is no folder" : strerror(errno));
        return ERR_NOT_FOUND;
    }
    struct content *c = calloc(1, sizeof *c);
    if (c) c->root = strdup(root);
    if (!c || !c->root) {
        free(c);
        *why = "memory is short";
        return ERR_IO;
    }
    c->store = store;
    c->site = site;
    pthread_mutex_init(&c->check_lock, NULL);
    c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum err e = open_tree(c);
    if (e) {
        content_close(c);
        *why = e == ERR_LIMIT ? arena_printf(a, "%s/content does not fit into memory", root)
                              : "memory is short";
        return e;
    }
    c->checker = offload_new(1, CHECKS_WAITING, CHECKS_WAITING_CLIENT);
    if (c->wake_fd < 0 || !c->checker || !tree_start(c->tree) || !indexer_start(c)) {
        content_close(c);
        *why = "no thread could be started";
        return ERR_IO;
    }
    *out = c;
    return OK;
}

void content_close(struct content *c) {
    if (!c) return;
    offload_free(c->checker);
    indexer_stop(c);
    tree_close(c->tree);
    if (c->wake_fd >= 0) close(c->wake_fd);
    pthread_mutex_destroy(&c->check_lock);
    health_free(c->health);
    free(c->root);
    free(c);
}

void content_set_steps(struct content *c, content_steps_fn ask) { c->steps = ask; }

void content_set_exam_open(struct content *c, content_exam_open_fn ask) { c->exam_open = ask; }

void content_set_next(struct content *c, content_next_fn ask) { c->next = ask; }
