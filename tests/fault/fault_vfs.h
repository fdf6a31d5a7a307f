/* A file system for SQLite that fails when it is told to, and that can lose its power.
 *
 * It stands before SQLite's own and becomes the default (fault_install). Every operation that
 * may fail on a real disk is counted; the one that is asked for fails, alone or with all that
 * follow. Half of a write that fails has happened. Nothing is really synced; instead each write
 * since the last sync of its file is remembered, so that fault_power_cut can take (some of) them
 * back: what then remains is what a disk holds after the plug was pulled. For tests: SQLite's
 * threads and one that asks, one database at a time. */
#ifndef GR_FAULT_VFS_H
#define GR_FAULT_VFS_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum fault_op {
    FAULT_OPEN = 1,
    FAULT_READ = 2,
    FAULT_WRITE = 4,
    FAULT_SYNC = 8,
    FAULT_TRUNCATE = 16,
    FAULT_DELETE = 32,
    FAULT_SHM = 64
};
#define FAULT_CHANGES                                                                              \
    (FAULT_OPEN | FAULT_WRITE | FAULT_SYNC | FAULT_TRUNCATE | FAULT_DELETE | FAULT_SHM)

/* A write that no sync has made lasting. */
struct fault_undo {
    struct fault_undo *next; /* older */
    char path[512];
    int64_t at, old_size;
    size_t len; /* of the old bytes; fewer than were written where the file grew */
    size_t written;
    unsigned char old[];
};

static struct {
    sqlite3_vfs vfs, *real;
    pthread_mutex_t lock;
    unsigned ops;      /* which operations count */
    int64_t countdown; /* 1 = the next fails; 0 = none */
    bool sticky;       /* all that follow fail, too */
    bool frozen;       /* the power is off: nothing reaches the disk any more */
    bool failing, failed;
    int error;     /* ENOSPC or EIO */
    int64_t count; /* operations so far */
    bool remember;
    struct fault_undo *undo; /* newest first */
} fault;

struct fault_file {
    sqlite3_file base;
    char path[512];
    sqlite3_file *real;
};

static inline bool fault_due(enum fault_op op) {
    pthread_mutex_lock(&fault.lock);
    bool due = false;
    if (fault.ops & op) {
        fault.count++;
        if (fault.countdown > 0 && --fault.countdown == 0) due = fault.failing = true;
        else due = fault.failing && fault.sticky;
        if (due) fault.failed = true;
    }
    due = due || fault.frozen;
    pthread_mutex_unlock(&fault.lock);
    return due;
}

/* The nth operation of these kinds fails with ENOSPC or EIO; `sticky`: until fault_clear. */
static inline void fault_arm(unsigned ops, int64_t nth, int error, bool sticky) {
    pthread_mutex_lock(&fault.lock);
    fault.ops = ops;
    fault.countdown = nth;
    fault.error = error;
    fault.sticky = sticky;
    fault.failing = fault.failed = fault.frozen = false;
    fault.count = 0;
    pthread_mutex_unlock(&fault.lock);
}
static inline void fault_clear(void) {
    pthread_mutex_lock(&fault.lock);
    fault.ops = 0;
    fault.countdown = 0;
    fault.failing = fault.frozen = false;
    pthread_mutex_unlock(&fault.lock);
}

#define REAL(file) (((struct fault_file *)(file))->real)

/* ---- Memory of unsynced writes -------------------------------------------------------------- */

static inline void fault_remember(struct fault_file *f, int64_t at, int64_t len) {
    sqlite3_int64 size = 0;
    if (!fault.remember || f->real->pMethods->xFileSize(f->real, &size) != SQLITE_OK) return;
    int64_t old = size - at < len ? size - at : len;
    if (old < 0) old = 0;
    struct fault_undo *u = malloc(sizeof *u + (size_t)old);
    BUG_IF(!u);
    snprintf(u->path, sizeof u->path, "%s", f->path);
    u->at = at;
    u->old_size = size;
    u->len = (size_t)old;
    u->written = (size_t)len;
    if (old) BUG_IF(f->real->pMethods->xRead(f->real, u->old, (int)old, at) != SQLITE_OK);
    pthread_mutex_lock(&fault.lock);
    u->next = fault.undo;
    fault.undo = u;
    pthread_mutex_unlock(&fault.lock);
}

/* `path` is on the disk as it is (NULL: everything). */
static inline void fault_forget(const char *path) {
    pthread_mutex_lock(&fault.lock);
    for (struct fault_undo **at = &fault.undo; *at;) {
        struct fault_undo *u = *at;
        if (!path || strcmp(u->path, path) == 0) {
            *at = u->next;
            free(u);
        } else at = &u->next;
    }
    pthread_mutex_unlock(&fault.lock);
}

/* From now on nothing reaches the disk. */
static inline void fault_power_off(void) {
    pthread_mutex_lock(&fault.lock);
    fault.frozen = true;
    pthread_mutex_unlock(&fault.lock);
}

/* Call with all files closed. Takes back each unsynced write with a chance of `permille` in
 * 1000, whole or its end only (a disk writes sectors of 512 bytes). Returns how many. */
static inline int fault_power_cut(unsigned permille, unsigned *seed) {
    int taken = 0;
    for (struct fault_undo *u = fault.undo; u; u = u->next) {
        if ((unsigned)rand_r(seed) % 1000 >= permille) continue;
        int fd = open(u->path, O_RDWR);
        if (fd < 0) continue;
        size_t from = 0;
        if (rand_r(seed) % 4 == 0) from = (size_t)rand_r(seed) % (u->written / 512 + 1) * 512;
        if (from < u->len)
            BUG_IF(pwrite(fd, u->old + from, u->len - from, u->at + (int64_t)from) < 0);
        struct stat st;
        BUG_IF(fstat(fd, &st) != 0);
        /* Where the file had grown there is nothing, or whatever was there. */
        int64_t keep = u->at + (int64_t)(from > u->len ? from : u->len);
        int64_t end = u->at + (int64_t)u->written;
        if (st.st_size <= end && keep < st.st_size && keep >= u->old_size)
            BUG_IF(ftruncate(fd, keep) != 0);
        else if (keep < end && keep < st.st_size) {
            static const char zeros[65536 + 4096];
            int64_t n = (end < st.st_size ? end : st.st_size) - keep;
            BUG_IF(pwrite(fd, zeros, (size_t)n < sizeof zeros ? (size_t)n : sizeof zeros, keep) <
                   0);
        }
        close(fd);
        taken++;
    }
    fault_forget(NULL);
    return taken;
}

/* ---- Files ---------------------------------------------------------------------------------- */

static inline int fault_close(sqlite3_file *f) { return REAL(f)->pMethods->xClose(REAL(f)); }

static inline int fault_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at) {
    if (fault_due(FAULT_READ)) return SQLITE_IOERR_READ;
    return REAL(f)->pMethods->xRead(REAL(f), to, len, at);
}

static inline int fault_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at) {
    bool due = fault_due(FAULT_WRITE);
    if (fault.frozen) return SQLITE_IOERR_WRITE;
    fault_remember((struct fault_file *)f, at, due ? len / 2 : len);
    if (!due) return REAL(f)->pMethods->xWrite(REAL(f), from, len, at);
    if (len / 2) REAL(f)->pMethods->xWrite(REAL(f), from, len / 2, at);
    return fault.error == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static inline int fault_truncate(sqlite3_file *f, sqlite3_int64 size) {
    if (fault_due(FAULT_TRUNCATE)) return SQLITE_IOERR_TRUNCATE;
    sqlite3_int64 old = 0;
    REAL(f)->pMethods->xFileSize(REAL(f), &old);
    if (old > size) fault_remember((struct fault_file *)f, size, old - size);
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static inline int fault_sync(sqlite3_file *f, int flags) {
    (void)flags;
    if (fault_due(FAULT_SYNC)) return SQLITE_IOERR_FSYNC;
    fault_forget(((struct fault_file *)f)->path);
    return SQLITE_OK;
}

static inline int fault_size(sqlite3_file *f, sqlite3_int64 *size) {
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}
static inline int fault_lock(sqlite3_file *f, int level) {
    return REAL(f)->pMethods->xLock(REAL(f), level);
}
static inline int fault_unlock(sqlite3_file *f, int level) {
    return REAL(f)->pMethods->xUnlock(REAL(f), level);
}
static inline int fault_reserved(sqlite3_file *f, int *out) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}
static inline int fault_control(sqlite3_file *f, int op, void *arg) {
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static inline int fault_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }
static inline int fault_character(sqlite3_file *f) {
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static inline int fault_shm_map(sqlite3_file *f, int page, int size, int extend,
                                void volatile **out) {
    if (extend && fault_due(FAULT_SHM)) {
        *out = NULL;
        return SQLITE_IOERR_SHMSIZE;
    }
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}
static inline int fault_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}
static inline void fault_shm_barrier(sqlite3_file *f) { REAL(f)->pMethods->xShmBarrier(REAL(f)); }
static inline int fault_shm_unmap(sqlite3_file *f, int remove) {
    return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}
/* No memory maps: reads must come by. */
static inline int fault_fetch(sqlite3_file *f, sqlite3_int64 at, int len, void **out) {
    (void)f, (void)at, (void)len;
    *out = NULL;
    return SQLITE_OK;
}
static inline int fault_unfetch(sqlite3_file *f, sqlite3_int64 at, void *p) {
    (void)f, (void)at, (void)p;
    return SQLITE_OK;
}

static const sqlite3_io_methods fault_methods = {3,
                                                 fault_close,
                                                 fault_read,
                                                 fault_write,
                                                 fault_truncate,
                                                 fault_sync,
                                                 fault_size,
                                                 fault_lock,
                                                 fault_unlock,
                                                 fault_reserved,
                                                 fault_control,
                                                 fault_sector,
                                                 fault_character,
                                                 fault_shm_map,
                                                 fault_shm_lock,
                                                 fault_shm_barrier,
                                                 fault_shm_unmap,
                                                 fault_fetch,
                                                 fault_unfetch};

static inline int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                             int *out_flags) {
    (void)vfs;
    struct fault_file *f = (struct fault_file *)file;
    memset(f, 0, sizeof *f);
    if (fault_due(FAULT_OPEN)) return SQLITE_CANTOPEN;
    f->real = (sqlite3_file *)(f + 1);
    snprintf(f->path, sizeof f->path, "%s", name ? name : "");
    int rc = fault.real->xOpen(fault.real, name, f->real, flags, out_flags);
    if (rc == SQLITE_OK) f->base.pMethods = &fault_methods;
    return rc;
}

static inline int fault_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
    (void)vfs, (void)sync_folder;
    if (fault_due(FAULT_DELETE)) return SQLITE_IOERR_DELETE;
    fault_forget(name);
    return fault.real->xDelete(fault.real, name, 0);
}

static inline int fault_last_error(sqlite3_vfs *vfs, int len, char *text) {
    (void)vfs, (void)len, (void)text;
    return fault.failing ? fault.error : errno;
}

static inline void fault_install(void) {
    fault.real = sqlite3_vfs_find(NULL);
    fault.vfs = *fault.real;
    fault.vfs.pNext = NULL;
    fault.vfs.zName = "fault";
    fault.vfs.szOsFile = (int)sizeof(struct fault_file) + fault.real->szOsFile;
    fault.vfs.xOpen = fault_open;
    fault.vfs.xDelete = fault_delete;
    fault.vfs.xGetLastError = fault_last_error;
    pthread_mutex_init(&fault.lock, NULL);
    BUG_IF(sqlite3_vfs_register(&fault.vfs, 1) != SQLITE_OK);
}

#endif
