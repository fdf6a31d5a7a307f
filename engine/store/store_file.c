/* Locking and syncing the database file as a whole. */
#include "store/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/owner.h"
#include "base/path.h"

enum err file_lock(int *fd, const char *path, enum lock_mode mode, struct arena *a,
                   const char **why) {
    const char *name = arena_printf(a, mode == LOCK_SERVING ? "%s.serving" : "%s.lock", path);
    *fd = file_open_or_make(name, O_RDWR | O_NOFOLLOW, 0600);
    if (*fd < 0 && mode == LOCK_SHARED && (errno == EROFS || errno == EACCES)) {
        *fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (*fd < 0 && errno == ENOENT) return OK;
    }
    if (*fd < 0) {
        *why = db_why_errno(a, errno, name, "be opened");
        return ERR_IO;
    }
    int rc;
    do rc = flock(*fd, (mode == LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0) return OK;
    bool held = errno == EWOULDBLOCK;
    if (!held) *why = db_why_errno(a, errno, name, "be locked");
    else if (mode == LOCK_SHARED)
        *why = arena_printf(
            a,
            "%s is being restored or brought up to date by another process. Try again when that is "
            "done.",
            path);
    else if (mode == LOCK_SERVING)
        *why = arena_printf(
            a,
            "%s is served by another process already, and an academy has one server. Stop that one "
            "first, or name another folder with --data.",
            path);
    else
        *why = arena_printf(
            a,
            "%s is in use by another process (a running server?). Nothing was changed. Stop it, "
            "then try again.",
            path);
    close(*fd);
    *fd = -1;
    return held ? ERR_BUSY : ERR_IO;
}

void file_unlock(int fd) {
    if (fd >= 0) close(fd);
}

int file_sync(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    int why = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return why;
}

int file_sync_folder(const char *path) {
    char folder[4096];
    if (!path_folder_into(path, folder, sizeof folder)) return ENAMETOOLONG;
    return file_sync(folder);
}
