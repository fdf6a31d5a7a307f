/* Inside the store: locks on a database file, and its folder. */
#ifndef GR_STORE_FILE_H
#define GR_STORE_FILE_H

#include "store/store_db.h"

/* Every open store holds "PATH.lock" shared (flock); a migration or restore takes it exclusively.
 * The one server of a database also holds "PATH.serving". The kernel drops a lock with the process,
 * however that ends. */
enum lock_mode { LOCK_SHARED, LOCK_EXCLUSIVE, LOCK_SERVING };

/* The lock's descriptor in `*fd`. Where the folder is read-only and there is no lock file yet, a
 * shared lock is not needed: -1 with OK. ERR_BUSY with a sentence when somebody else holds it. */
enum err file_lock(int *fd, const char *path, enum lock_mode mode, struct arena *a,
                   const char **why) MUST_USE;
void file_unlock(int fd);
/* Syncs the folder that holds `path`, so that what was renamed in it survives a power cut. 0 or
 * errno. */
int file_sync_folder(const char *path);
/* Gives a file a second name by a hard link, or renames it where the file system has no links.
 * Never overwrites. 0 or errno. */
int file_link_or_rename(const char *path, const char *also);
/* Finishes a restore that was interrupted beside `path`; call it with LOCK_EXCLUSIVE held. OK when
 * there is none. */
enum err store_stage_finish(const char *path, struct arena *a, const char **why) MUST_USE;
/* Whether a restore beside `path` has been committed and is not finished. */
bool store_stage_pending(const char *path, struct arena *a);
/* For tests: a restore stops after so many of its steps, as if the power had failed; -1: never. */
extern int store_stage_stop_after;
/* Syncs a file or folder. 0 or errno. */
int file_sync(const char *path);

#endif
