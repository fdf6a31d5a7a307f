/* Inside the store: who uses a database file. */
#ifndef GR_STORE_FILE_H
#define GR_STORE_FILE_H

#include "store/store_db.h"

/* Every open store holds "PATH.lock" shared (flock); whoever migrates or restores takes it
 * alone. The one server of a database holds "PATH.serving" besides. A lock goes with the process,
 * however it ends. */
enum lock_mode { LOCK_SHARED, LOCK_ALONE, LOCK_SERVING };

/* The lock's descriptor in `*fd`. Where the folder is read-only and there is no lock file yet, a
 * shared lock is not needed: -1 with OK. ERR_BUSY with a sentence when somebody else holds it. */
enum err file_lock(int *fd, const char *path, enum lock_mode mode, struct arena *a,
                   const char **why) MUST_USE;
void file_unlock(int fd);
/* The folder that holds `path`: what was renamed in it survives a power cut. 0 or errno. */
int file_sync_folder(const char *path);
/* A second name for a file; where the file system knows no links, another name. 0 or errno. */
int file_name_also(const char *path, const char *also);
/* Finishes a restore that was interrupted beside `path`; call it with the lock alone. OK when there
 * is none. */
enum err store_stage_finish(const char *path, struct arena *a, const char **why) MUST_USE;
bool store_stage_waits(const char *path, struct arena *a);
/* For tests: a restore ends after so many of its steps as if the power had failed; -1: it does not.
 */
extern int store_stage_stop_after;
/* Of a file or folder. 0 or errno. */
int file_sync(const char *path);

#endif
