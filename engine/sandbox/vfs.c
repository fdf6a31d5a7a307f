/* See vfs.h. */
#include "sandbox/vfs.h"

#include <sqlite3.h>
#include <string.h>

#include "base/err.h"
#include "labmodel/lab_random.h"

static struct {
    uint64_t seed;
    int64_t step, now_ms, drawn;
} run;

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    (void)v, (void)name, (void)flags, (void)out;
    f->pMethods = NULL;
    return SQLITE_CANTOPEN;
}
static int vfs_delete(sqlite3_vfs *v, const char *name, int sync) {
    (void)v, (void)name, (void)sync;
    return SQLITE_IOERR_DELETE;
}
static int vfs_access(sqlite3_vfs *v, const char *name, int flags, int *out) {
    (void)v, (void)name, (void)flags;
    *out = 0;
    return SQLITE_OK;
}
static int vfs_full_path(sqlite3_vfs *v, const char *name, int size, char *out) {
    (void)v;
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}
static int vfs_randomness(sqlite3_vfs *v, int bytes, char *out) {
    (void)v;
    for (int i = 0; i < bytes; i += 8) {
        uint64_t value = lab_hash64(run.seed, "sqlite", "", run.step * 4096 + run.drawn++);
        memcpy(out + i, &value, (size_t)(bytes - i < 8 ? bytes - i : 8));
    }
    return bytes;
}
static int vfs_sleep(sqlite3_vfs *v, int us) {
    (void)v;
    return us;
}
static int vfs_time(sqlite3_vfs *v, sqlite3_int64 *out) {
    (void)v;
    *out = 210866760000000 + run.now_ms; /* Julian day of 1970-01-01 in milliseconds */
    return SQLITE_OK;
}
static int vfs_time_days(sqlite3_vfs *v, double *out) {
    sqlite3_int64 ms;
    vfs_time(v, &ms);
    *out = (double)ms / 86400000.0;
    return SQLITE_OK;
}
static int vfs_last_error(sqlite3_vfs *v, int size, char *out) {
    (void)v, (void)size, (void)out;
    return 0;
}

static sqlite3_vfs lab_vfs = {
    .iVersion = 2,
    .szOsFile = sizeof(sqlite3_file),
    .mxPathname = 512,
    .zName = VFS_NAME,
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_time_days,
    .xGetLastError = vfs_last_error,
    .xCurrentTimeInt64 = vfs_time,
};

void vfs_register(void) {
    if (sqlite3_vfs_register(&lab_vfs, 1) != SQLITE_OK)
        BUG("the VFS cannot be registered"); /* ends the worker's process: see state.c */
}

void vfs_set(uint64_t seed, int64_t step, int64_t now_ms) {
    run.seed = seed;
    run.step = step;
    run.now_ms = now_ms;
    run.drawn = 0;
    sqlite3_randomness(0, NULL);
}
