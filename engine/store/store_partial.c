/* Files that are written under a temporary name, and removing those whose maker died. The maker
 * holds a lock (flock), which ends with its process: whoever finds a file that is not locked may
 * remove it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/owner.h"
#include "base/path.h"
#include "base/text.h"
#include "store/store_file.h"

#define SUFFIX ".gradus-partial"

/* What SQLite makes beside a database while it writes it. */
static const char *const beside[] = {"-journal", "-wal", "-shm"};

static void remove_beside(struct arena *a, const char *path) {
    for (size_t i = 0; i < COUNT_OF(beside); i++) unlink(arena_printf(a, "%s%s", path, beside[i]));
}

/* NAME.PID.gradus-partial; in a data folder also gradus.db.N.partial, as older programs named what
 * they restored. */
static bool is_partial(const char *name) {
    size_t len = strlen(name);
    if (str_has_suffix(name, SUFFIX)) return true;
    if (!str_has_prefix(name, "gradus.db.") || !str_has_suffix(name, ".partial")) return false;
    size_t digits = 0, end = len - strlen(".partial");
    while (digits < end && name[end - 1 - digits] >= '0' && name[end - 1 - digits] <= '9') digits++;
    return digits > 0 && end - digits == strlen("gradus.db.");
}

static void remove_if_abandoned(struct arena *a, const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return;
    bool abandoned = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && file_is_ours(&st, path) &&
                     flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (abandoned && unlink(path) == 0) {
        remove_beside(a, path);
        log_say(LOG_INFO, "leftover",
                "%s was left by a backup or restore that was interrupted, and is removed", path);
    }
    close(fd);
}

void store_remove_leftovers(const char *beside_path, struct arena *a) {
    int folder_len = (int)(path_name(beside_path) - beside_path);
    DIR *d = opendir(path_folder(a, beside_path));
    if (!d) return;
    /* The arena could leave and leak `d`: so each name has a buffer of its own, and a bounded
     * length. */
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[4096];
        if (!is_partial(e->d_name)) continue;
        if (snprintf(path, sizeof path, "%.*s%s", folder_len, beside_path, e->d_name) <
            (int)sizeof path)
            remove_if_abandoned(a, path);
    }
    closedir(d);
}

enum err store_partial_begin(struct store_partial *p, const char *to, struct arena *a,
                             const char **why) {
    struct stat st;
    store_remove_leftovers(to, a);
    *p = (struct store_partial){.path = arena_printf(a, "%s.%ld" SUFFIX, to, (long)getpid()),
                                .to = to};
    p->fd = open(p->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (p->fd < 0) {
        *why = db_why_errno(a, errno, p->path, "be made");
        return ERR_IO;
    }
    /* Another process may have removed it before it was locked. */
    if (flock(p->fd, LOCK_EX | LOCK_NB) == 0 && fstat(p->fd, &st) == 0 && st.st_nlink == 1)
        return OK;
    *why = arena_printf(a, "%s was taken away by another process. Nothing was changed. Try again.",
                        p->path);
    store_partial_end(p, a);
    return ERR_BUSY;
}

/* Never overwrites `also`: RENAME_NOREPLACE. */
int file_link_or_rename(const char *path, const char *also) {
    if (link(path, also) == 0) return 0;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK) return errno;
    return renameat2(AT_FDCWD, path, AT_FDCWD, also, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

enum err store_partial_publish(struct store_partial *p, struct arena *a, const char **why) {
    /* Not rename(2), which would overwrite a file that somebody made meanwhile. */
    int os = fsync(p->fd) == 0 ? file_link_or_rename(p->path, p->to) : errno;
    if (!os) os = file_sync_folder(p->to);
    if (!os) return OK;
    *why = db_why_errno(a, os, p->to, "be made");
    return os == EEXIST ? ERR_CONFLICT : ERR_IO;
}

void store_partial_end(struct store_partial *p, struct arena *a) {
    if (p->fd < 0) return;
    unlink(p->path);
    remove_beside(a, p->path);
    close(p->fd);
    p->fd = -1;
}
