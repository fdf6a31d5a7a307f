/* Gives files that root creates to the owner of their folder. */
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/path.h"

static bool stat_folder_of(const char *path, struct stat *st) {
    char folder[4096];
    return path_folder_into(path, folder, sizeof folder) && stat(folder, st) == 0;
}

/* A file system that does not support owners (a network share) is no error. */
static void give(int fd, const struct stat *like) {
    struct stat st;
    if (fstat(fd, &st) != 0 || (st.st_uid == like->st_uid && st.st_gid == like->st_gid)) return;
    if (fchown(fd, like->st_uid, like->st_gid) != 0) return;
}

int file_make(const char *path, int flags, unsigned mode) {
    struct stat like;
    int fd = open(path, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd >= 0 && geteuid() == 0 && stat_folder_of(path, &like)) give(fd, &like);
    return fd;
}

int file_open_or_make(const char *path, int flags, unsigned mode) {
    for (int tries = 0;; tries++) {
        int fd = open(path, flags | O_CLOEXEC);
        if (fd >= 0 || errno != ENOENT) return fd;
        fd = file_make(path, flags, mode);
        /* EEXIST: another process has just created it, so open it. */
        if (fd >= 0 || errno != EEXIST || tries == 10) return fd;
    }
}

int folder_make(const char *path, unsigned mode) {
    struct stat like;
    if (mkdir(path, mode) != 0) return -1;
    if (geteuid() != 0 || !stat_folder_of(path, &like)) return 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) give(fd, &like);
    if (fd >= 0) close(fd);
    return 0;
}

int file_give(const char *path, const char *folder) {
    struct stat like;
    if (geteuid() != 0) return 0;
    if (stat(folder, &like) != 0) return errno;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno;
    give(fd, &like);
    close(fd);
    return 0;
}

bool file_is_ours(const struct stat *st, const char *path) {
    struct stat folder;
    if (st->st_uid == geteuid()) return true;
    return geteuid() == 0 && stat_folder_of(path, &folder) && st->st_uid == folder.st_uid;
}
