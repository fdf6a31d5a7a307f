/* Opening the room: the folder, the first snapshot, the thread that stores versions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "content/content_private.h"

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
    c->wake_fd = -1;
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->refresh, NULL);
    pthread_mutex_init(&c->check_lock, NULL);
    c->watch = watch_open(root); /* before reading: nothing falls between */
    content_look(c);
    if (!c->current) {
        content_close(c);
        *why = arena_printf(a, "%s/content does not fit into memory", root);
        return ERR_LIMIT;
    }
    if (!keeper_start(c)) {
        content_close(c);
        *why = "no thread could be started";
        return ERR_IO;
    }
    *out = c;
    return OK;
}

void content_close(struct content *c) {
    if (!c) return;
    keeper_stop(c);
    if (c->current) content_release(c->current);
    watch_close(c->watch);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->refresh);
    pthread_mutex_destroy(&c->check_lock);
    health_free(c->health);
    free(c->root);
    free(c);
}

void content_set_steps(struct content *c, content_steps_fn ask) { c->steps = ask; }
