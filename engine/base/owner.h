/* The owner of new files. A command that root runs beside a server of another user makes files that
 * this server must read and write: they get the owner of the folder they are in, as SQLite does
 * with its own. For every user but root these functions are plain open and mkdir. */
#ifndef GR_BASE_OWNER_H
#define GR_BASE_OWNER_H

#include <stdbool.h>
#include <sys/stat.h>

/* A new file: a descriptor, or -1 with errno (EEXIST when the name is taken, be it by a link).
 * `flags` as for open; O_CREAT, O_EXCL, O_NOFOLLOW and O_CLOEXEC are added. */
int file_make(const char *path, int flags, unsigned mode);
/* The existing file, or a new one. Only a new file changes its owner. */
int file_open_or_make(const char *path, int flags, unsigned mode);
/* A new folder: 0, or -1 with errno. It belongs to the owner of the folder that holds it. */
int folder_make(const char *path, unsigned mode);
/* Gives a file or folder that this process made to the owner of `folder`. 0 or errno. */
int file_give(const char *path, const char *folder);
/* Whether a file belongs to this user; for root: to root, or to the owner of the folder it is in.
 */
bool file_is_ours(const struct stat *st, const char *path);

#endif
