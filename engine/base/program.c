/* Finds the files that are installed with the program. */
#include "base/program.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char share[PATH_MAX]; /* empty: not known */

/* "/usr/bin/gradus" → "/usr/share/gradus". */
static void find_share(void) {
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len <= 0) return;
    path[len] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(path, '/');
        if (!slash) return;
        *slash = '\0';
    }
    if (snprintf(share, sizeof share, "%s/share/gradus", path) >= (int)sizeof share)
        share[0] = '\0';
}

static bool holds(const char *folder, const char *path) {
    char full[PATH_MAX];
    return snprintf(full, sizeof full, "%s/%s", folder, path) < (int)sizeof full &&
           access(full, F_OK) == 0;
}

const char *program_root(const char *root, const char *path) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_share);
    return !share[0] || holds(root, path) || !holds(share, path) ? root : share;
}
