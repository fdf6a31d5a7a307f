/* The head file beside the database, and whether the log agrees with it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit_private.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

#define HOW_TO_GO_ON                                                                               \
    "Nothing was changed. First ask why: put the missing files back, or restore a backup. When "   \
    "it is known what happened, go on with: gradus audit accept --reason TEXT"

const char *audit_head_path(struct arena *a, const char *database) {
    return arena_printf(a, "%s" STORE_HEAD_SUFFIX, database);
}

bool audit_head_parse(const char *text, size_t len, struct audit_head *out) {
    char number[24];
    const char *blank = memchr(text, ' ', len);
    if (!blank) return false;
    size_t digits = (size_t)(blank - text);
    if (digits >= sizeof number || len != digits + 1 + SHA256_HEX_BYTES || text[len - 1] != '\n')
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    memcpy(out->hash, blank + 1, SHA256_HEX_BYTES - 1);
    out->hash[SHA256_HEX_BYTES - 1] = '\0';
    return strlen(out->hash) == SHA256_HEX_BYTES - 1 && parse_i64(number, 1, INT64_MAX, &out->seq);
}

enum err audit_head_read(struct arena *a, const char *path, struct audit_head *out,
                         const char **why) {
    size_t len;
    const char *text = file_read(a, path, 1024, &len);
    int os = text ? 0 : errno;
    switch (os) {
    case 0:
        if (audit_head_parse(text, len, out)) return OK;
        __attribute__((fallthrough));
    case EISDIR:
    case ELOOP:
    case EFBIG:
        *why = arena_printf(a, "%s is not a head that Gradus wrote.", path);
        return ERR_INVALID;
    case ENOENT: return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        *why = arena_printf(a,
                            "%s cannot be read: %s. It has to belong to the user of the server, as "
                            "the database does (chown).",
                            path, strerror(os));
        return ERR_IO;
    default: *why = arena_printf(a, "%s cannot be read: %s.", path, strerror(os));
    }
    return os == ENOMEM || os == EMFILE || os == ENFILE ? ERR_BUSY : ERR_IO;
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* Commands run beside a server, and each process writes the head after its own COMMIT. Without a
 * lock the slower one could overwrite a newer head. The folder itself is locked. */
#define LOCK_TRIES 20
#define LOCK_PAUSE_MS 10

/* The head could not be written and is behind the log; the next COMMIT or audit_head_catch_up
 * writes it. */
static atomic_bool behind;

/* `*fd` holds the lock, or is -1 where locks are not supported. False: another process holds it.
 * Every save waits here, and the holder may be a stopped program: so it is tried for 0.2 s, and
 * only once while the head is behind already. */
static bool lock_folder(struct arena *a, const char *path, int *fd) {
    *fd = open(path_folder(a, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) return true; /* writing the head reports the problem */
    for (int tries = atomic_load(&behind) ? 1 : LOCK_TRIES;;) {
        if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK && errno != EINTR) return true; /* a file system without locks */
        if (--tries <= 0) break;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_MS * 1000000L}, NULL);
    }
    close(*fd);
    *fd = -1;
    return false;
}

static bool replace_head(struct arena *a, const char *path, const struct audit_head *head) {
    const char *text = arena_printf(a, "%" PRId64 " %s\n", head->seq, head->hash);
    if (file_write(path, text, strlen(text), 0600)) return true;
    log_say(LOG_WARN, "audit_head", "%s cannot be written: %s", path, strerror(errno));
    return false;
}

/* True when the head needs no further try. */
static bool write_locked(struct arena *a, const char *path, const struct audit_head *head) {
    struct audit_head present;
    const char *why = NULL;
    enum err found = audit_head_read(a, path, &present, &why);
    if (found == OK && present.seq >= head->seq) return true;
    if (found == OK || found == ERR_NOT_FOUND) return replace_head(a, path, head);
    if (found == ERR_INVALID) log_say(LOG_ERROR, "audit_head", "%s It is left as it is", why);
    else log_say(LOG_WARN, "audit_head", "%s It stays behind the log", why);
    return found == ERR_INVALID;
}

/* RULE audit-head: the head never goes down. One that cannot be written stays behind, which is
 * allowed; the log tells. */
void audit_head_write(const char *database, const void *bytes, size_t len) {
    BUG_IF(len != sizeof(struct audit_head)); /* audit_append's own */
    const struct audit_head *head = bytes;
    struct arena a;
    int lock = -1;
    volatile bool written = false;
    arena_init(&a, 256 * 1024);
    if (ARENA_GUARD(&a) == 0) {
        const char *path = audit_head_path(&a, database);
        if (lock_folder(&a, path, &lock)) written = write_locked(&a, path, head);
        else if (!atomic_load(&behind))
            log_say(LOG_WARN, "audit_head",
                    "%s stays behind row %" PRId64
                    " for now: another program holds a lock on its folder. Saves go on",
                    path, head->seq);
    } else
        log_say(LOG_WARN, "audit_head", "the head of %s cannot be written: memory is short",
                database);
    if (lock >= 0) close(lock);
    if (atomic_exchange(&behind, !written) && written)
        log_say(LOG_INFO, "audit_head", "the head of %s is at row %" PRId64 " again", database,
                head->seq);
    arena_release(&a);
}

void audit_head_catch_up(struct db *db) {
    struct arena a;
    struct audit_head last;
    if (!atomic_load(&behind)) return;
    arena_init(&a, 64 * 1024);
    if (ARENA_GUARD(&a) == 0 && audit_last(db, &a, &last) == OK && last.seq)
        audit_head_write(db_path(db), &last, sizeof last);
    arena_release(&a);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

enum err audit_head_problem(struct db *db, struct arena *a, const char **problem) {
    struct audit_head head, last;
    const char *path = audit_head_path(a, db_path(db)), *hash = NULL, *why = NULL;
    *problem = NULL;
    /* The head is read first: if the log grows in between it is ahead, which is fine. */
    enum err found = audit_head_read(a, path, &head, &why);
    enum err e = audit_last(db, a, &last);
    if (e != OK || (found == ERR_NOT_FOUND && last.seq == 0)) return e;
    if (found == ERR_BUSY || found == ERR_IO) {
        *problem = why;
        return found;
    }
    if (found == ERR_INVALID)
        *problem = arena_printf(
            a, "%s is not a head that Gradus wrote: a cut tail of the audit log cannot be seen.",
            path);
    else if (found == ERR_NOT_FOUND)
        *problem = arena_printf(a,
                                "%s is missing, while the audit log has %" PRId64
                                " rows: a cut tail of the log cannot be seen.",
                                path, last.seq);
    else if (last.seq < head.seq)
        *problem = arena_printf(
            a,
            "The audit log ends with row %" PRId64 ", but row %" PRId64
            " was written (%s): its end was cut off, for example with a lost -wal file.",
            last.seq, head.seq, path);
    else if ((e = audit_hash_of(db, a, head.seq, &hash)) == OK && !str_eq(hash, head.hash))
        *problem = arena_printf(a,
                                "Row %" PRId64 " of the audit log is not the row that was written "
                                "(its hash differs from the head file, %s).",
                                head.seq, path);
    return e;
}

enum err audit_check_head(struct db *db, struct arena *a, const char **why) {
    const char *problem = NULL;
    enum err e = audit_head_problem(db, a, &problem);
    if (e != OK) *why = problem ? problem : "The audit log cannot be read.";
    if (e != OK || !problem) return e;
    *why = arena_printf(a, "%s " HOW_TO_GO_ON, problem);
    return ERR_INVALID;
}

static bool has_files(const char *folder) {
    DIR *d = opendir(folder);
    bool found = false;
    for (struct dirent *e; d && !found && (e = readdir(d)) != NULL;) found = e->d_name[0] != '.';
    if (d) closedir(d);
    return found;
}

/* A file of an academy that lies where its database is missing; NULL when there is none. */
static const char *orphans(struct arena *a, const char *path) {
    const char *folder = path_folder(a, path);
    const char *keys = arena_printf(a, "%s/keys", folder);
    if (has_files(keys)) return keys;
    const char *files[] = {arena_printf(a, "%s/lab.key", folder), audit_head_path(a, path),
                           arena_printf(a, "%s/seal.key", folder)};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (path_exists(files[i])) return files[i];
    return NULL;
}

enum err audit_open(struct store **out, const struct store_options *options, struct arena *a,
                    const char **why) {
    *out = NULL;
    bool begins = !options->read_only && !options->must_exist && !path_exists(options->path);
    const char *orphan = begins ? orphans(a, options->path) : NULL;
    if (orphan) {
        *why = arena_printf(
            a,
            "%s is missing, but %s is there: an academy was here, and a new one is not begun "
            "beside its keys. Nothing was changed. Put the database back, or restore a backup into "
            "this folder (gradus restore FILE --data DIR); for a new academy name an empty folder.",
            options->path, orphan);
        return ERR_INVALID;
    }
    enum err e = store_open(out, options, a, why);
    if (e != OK || options->read_only) return e;
    struct db *db = store_reader(*out);
    if (!db) *why = arena_printf(a, "%s cannot be read.", options->path);
    e = db ? audit_check_head(db, a, why) : ERR_IO;
    if (e == OK) return OK;
    store_close(*out, 0);
    *out = NULL;
    return e;
}

/* ---- Accepting ------------------------------------------------------------------------------ */

struct accept {
    const char *by, *reason, *people, *problem;
    bool of_head;               /* the problem is the head's */
    struct audit_head was, log; /* what the head said (seq 0: nothing), and where the log ends */
    struct audit_head now;      /* out */
};

/* What is wrong: with the head, or inside of the log. Where the log ends, too. */
static enum err find_problem(struct db *db, struct arena *a, struct accept *x) {
    struct audit_report *report = NEW(a, struct audit_report);
    struct audit_signed_head newest = {0};
    enum err e = audit_head_problem(db, a, &x->problem);
    if (e != OK) return e;
    x->of_head = x->problem != NULL;
    e = audit_stands(db, a, &x->log, report);
    if (e == ERR_INVALID) {
        if (!x->of_head) x->problem = report->problem;
        e = OK;
    }
    if (e == OK) e = audit_signed_find(db, a, 0, &newest);
    /* A row that was signed and is gone keeps its number: its signature stays there. */
    if (e == OK && newest.seq > x->log.seq) x->log.seq = newest.seq;
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err accept_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct accept *x = arg;
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "{\"reason\":");
    buf_json(&b, x->reason);
    buf_puts(&b, ",\"by\":");
    buf_json(&b, x->by);
    buf_puts(&b, ",\"problem\":");
    buf_json(&b, x->problem);
    buf_printf(&b, ",\"head\":[%" PRId64 ",\"%s\"],\"log\":[%" PRId64 ",\"%s\"]", x->was.seq,
               x->was.seq ? x->was.hash : "", x->log.seq, x->log.hash);
    if (x->people) buf_printf(&b, ",\"people\":%s", x->people);
    buf_puts(&b, "}");
    enum err e = audit_append_behind(db, a, &x->log, now_ms, "system", AUDIT_ACCEPT, "audit",
                                     buf_text(&b));
    return e == OK ? audit_last(db, a, &x->now) : e;
}

enum err audit_accept(struct store *s, struct arena *a, const char *by, const char *reason,
                      const char *people, const char **why) {
    struct accept x = {.by = by, .reason = reason, .people = people};
    struct db *db = store_reader(s);
    const char *ignored;
    enum err e = db ? find_problem(db, a, &x) : ERR_IO;
    if (e != OK) {
        *why = x.problem ? x.problem : "The audit log cannot be read.";
        return e;
    }
    if (!x.problem) {
        *why = "Head and log agree: there is nothing to accept. Nothing was changed.";
        return ERR_CONFLICT;
    }
    const char *path = audit_head_path(a, db_path(db));
    if (audit_head_read(a, path, &x.was, &ignored) != OK) x.was.seq = 0;
    /* Out of the way of RULE audit-head, and kept for whoever asks later. */
    const char *aside = arena_printf(a, "%s.set-aside", path);
    for (int i = 2; path_exists(aside); i++) aside = arena_printf(a, "%s.set-aside.%d", path, i);
    if (x.of_head && path_exists(path) && rename(path, aside) != 0) {
        *why = arena_printf(a, "%s cannot be set aside: %s. Nothing was changed.", path,
                            strerror(errno));
        return ERR_IO;
    }
    e = store_write(s, accept_job, &x, a);
    if (e == OK) audit_head_catch_up(db);
    if (e == OK && atomic_load(&behind)) {
        *why = arena_printf(a,
                            "The log is accepted, but %s could not be written (a lock on its "
                            "folder, or its rights). When that is over, accept once more.",
                            path);
        return ERR_BUSY;
    }
    if (e == OK) return OK;
    if (x.of_head) (void)rename(aside, path); /* there may have been none */
    *why = e == ERR_LIMIT ? "So many people have roles that were never logged that they cannot be "
                            "named. Nothing was changed."
                          : "The audit log cannot be written. Nothing was changed.";
    return e;
}
