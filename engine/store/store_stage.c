/* Replaces several files at once, so that a crash leaves all old or all new ones.
 *
 * The new files are written to FOLDER/.restoring. Each file that they replace gets a second name
 * (NAME.before-restore). Then the folder is renamed to FOLDER/restore-ready, which commits the
 * restore: whoever opens the store next finishes it. Its file `plan` lists the steps, each of which
 * may be repeated. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/owner.h"
#include "base/path.h"
#include "base/text.h"
#include "store/store_file.h"

/* More than any folder of keys needs: each file is a line of the plan. */
#define PLAN_MAX ((size_t)64 * 1024 * 1024)

int store_stage_stop_after = -1;

static const char *ready_of(struct arena *a, const char *folder) {
    return arena_printf(a, "%s/restore-ready", folder);
}

/* ---- Names of a folder ---------------------------------------------------------------------- */

struct names {
    const char **item;
    size_t count;
};

static void add_name(struct arena *a, struct names *n, const char *name) {
    for (size_t i = 0; i < n->count; i++)
        if (str_eq(n->item[i], name)) return;
    n->item = list_more(a, n->item, n->count, sizeof *n->item);
    n->item[n->count++] = name;
}

static bool has_name(const struct names *n, const char *name) {
    for (size_t i = 0; i < n->count; i++)
        if (str_eq(n->item[i], name)) return true;
    return false;
}

/* Adds the names in FOLDER/SUB that do not begin with a dot, as "SUB/NAME"; none when there is no
 * such folder. 0 or errno: a name with a newline or tab does not fit into the plan and is refused.
 */
static int list_folder(struct arena *a, const char *folder, const char *sub, struct names *out) {
    DIR *d = opendir(arena_printf(a, "%s/%s", folder, sub));
    if (!d) return errno == ENOENT ? 0 : errno;
    dir_close_with(a, d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strpbrk(e->d_name, "\n\t")) return EINVAL;
        if (e->d_name[0] != '.') add_name(a, out, arena_printf(a, "%s/%s", sub, e->d_name));
    }
    return 0;
}

/* Removes files and one level of folders, which is all that a stage holds. */
static void remove_tree(struct arena *a, const char *path) {
    DIR *d = opendir(path);
    if (!d) return;
    dir_close_with(a, d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..")) continue;
        const char *name = arena_printf(a, "%s/%s", path, e->d_name);
        if (unlink(name) == 0 || (errno != EISDIR && errno != EPERM)) continue;
        remove_tree(a, name);
    }
    rmdir(path);
}

/* ---- Staging ----------------------------------------------------------------------------- */

/* Whether a database exists is checked with the lock held and after an earlier restore is finished:
 * before that one may still be about to be put in place. */
static enum err begin_locked(struct store_stage *s, bool replace, struct arena *a,
                             const char **why) {
    enum err e = store_stage_finish(s->path, a, why);
    if (e != OK) return e;
    s->replace = path_exists(s->path);
    if (s->replace && !replace) {
        *why = arena_printf(
            a,
            "%s exists already and is not overwritten. With --replace the backup takes its place, "
            "and it is kept as %s.before-restore.",
            s->path, s->path);
        return ERR_CONFLICT;
    }
    s->dir = arena_printf(a, "%s/.restoring", s->folder);
    remove_tree(a, s->dir); /* left by a process that died */
    if (mkdir(s->dir, 0700) == 0) return OK;
    *why = db_why_errno(a, errno, s->dir, "be made");
    return ERR_IO;
}

enum err store_stage_begin(struct store_stage *s, const char *path, bool replace, struct arena *a,
                           const char **why) {
    *s = (struct store_stage){.path = path, .folder = path_folder(a, path), .lock = -1};
    *why = NULL;
    int os = 0;
    if (mkdir(s->folder, 0700) == 0) {
        s->made = true;
        os = file_sync_folder(s->folder);
    } else if (errno != EEXIST) os = errno;
    if (os) {
        *why = db_why_errno(a, os, s->folder, "be made");
        store_stage_end(s, a);
        return ERR_IO;
    }
    enum err e = file_lock(&s->lock, path, LOCK_EXCLUSIVE, a, why);
    if (e == OK) e = begin_locked(s, replace, a, why);
    if (e != OK) store_stage_end(s, a);
    return e;
}

const char *store_stage_file(struct store_stage *s, const char *name, struct arena *a) {
    char *path = arena_printf(a, "%s/%s", s->dir, name), *slash = strrchr(path, '/');
    if (strchr(name, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    return path;
}

void store_stage_end(struct store_stage *s, struct arena *a) {
    /* Without the lock the staged files and the lock file belong to another process. */
    if (s->lock >= 0 && s->dir) remove_tree(a, s->dir);
    if (s->made && !s->committed) { /* a failed restore removes the folder that it made */
        if (s->lock >= 0) unlink(arena_printf(a, "%s.lock", s->path));
        rmdir(s->folder);
    }
    file_unlock(s->lock);
    s->lock = -1;
}

/* ---- Commit --------------------------------------------------------------------------- */

/* The second name: keys/a.key becomes keys.before-restore/a.key, and what belongs to the database
 * follows the name of the kept database. */
static const char *kept_name_of(struct arena *a, const char *base, const char *name,
                                const char *suffix) {
    const char *slash = strchr(name, '/');
    if (slash) return arena_printf(a, "%.*s%s%s", (int)(slash - name), name, suffix, slash);
    if (str_has_prefix(name, base))
        return arena_printf(a, "%s%s%s", base, suffix, name + strlen(base));
    return arena_printf(a, "%s%s", name, suffix);
}

static const char *const beside[] = {"-wal", "-shm", STORE_HEAD_SUFFIX};

/* Lists what is to be removed: what belongs to the old database, and, when keys are replaced, all
 * other keys. */
static int list_drops(struct store_stage *s, const struct names *places, struct names *drops,
                      struct arena *a) {
    struct names keys = {0};
    int os = 0;
    for (size_t i = 0; i < COUNT_OF(beside); i++) {
        const char *name = arena_printf(a, "%s%s", path_name(s->path), beside[i]);
        if (!has_name(places, name)) add_name(a, drops, name);
    }
    for (size_t i = 0; i < places->count; i++)
        if (str_has_prefix(places->item[i], "keys/")) {
            os = list_folder(a, s->folder, "keys", &keys);
            break;
        }
    for (size_t i = 0; i < keys.count; i++)
        if (!has_name(places, keys.item[i])) add_name(a, drops, keys.item[i]);
    return os;
}

/* How old files are kept: by a hard link before the commit or, where the file system has none, by a
 * line of the plan after it. Until the commit everything stays where it was. */
struct kept {
    struct names linked, folders; /* links and folders that were made; full paths */
    struct buf later;
};

static int keep_one(struct store_stage *s, const char *name, const char *suffix, struct kept *k,
                    struct arena *a) {
    const char *present = arena_printf(a, "%s/%s", s->folder, name),
               *as = kept_name_of(a, path_name(s->path), name, suffix),
               *kept_path = arena_printf(a, "%s/%s", s->folder, as);
    if (!path_exists(present)) return 0;
    if (strchr(name, '/')) {
        const char *folder = path_folder(a, kept_path);
        if (folder_make(folder, 0700) == 0) add_name(a, &k->folders, folder);
        else if (errno != EEXIST) return errno;
    }
    if (link(present, kept_path) == 0) {
        k->linked.item = list_more(a, k->linked.item, k->linked.count, sizeof *k->linked.item);
        k->linked.item[k->linked.count++] = kept_path;
        return 0;
    }
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK) return errno;
    buf_printf(&k->later, "keep %s\t%s\n", name, as);
    return 0;
}

static int keep_all(struct store_stage *s, const struct names *names, const char *suffix,
                    struct kept *k, struct arena *a) {
    int os = 0;
    for (size_t i = 0; i < names->count && !os; i++) os = keep_one(s, names->item[i], suffix, k, a);
    /* The kept names reach the disk before the old ones go; FOLDER itself is synced with the plan.
     */
    for (size_t i = 0; i < k->folders.count && !os; i++) os = file_sync(k->folders.item[i]);
    return os;
}

/* Removes the kept names of a restore that failed before its commit. */
static void forget_kept(const struct kept *k) {
    for (size_t i = 0; i < k->linked.count; i++) unlink(k->linked.item[i]);
    for (size_t i = 0; i < k->folders.count; i++) rmdir(k->folders.item[i]);
}

/* ".before-restore", with a number when that is taken: earlier kept files are never overwritten. */
static const char *free_suffix(struct store_stage *s, const struct names *names, struct arena *a) {
    const char *suffix = ".before-restore";
    for (int n = 2;; n++) {
        bool taken = false;
        for (size_t i = 0; i < names->count && !taken; i++)
            taken = path_exists(
                arena_printf(a, "%s/%s", s->folder,
                             kept_name_of(a, path_name(s->path), names->item[i], suffix)));
        if (!taken) return suffix;
        suffix = arena_printf(a, ".before-restore.%d", n);
    }
}

/* Checkpoints the old database, so that it is one file. When it is too damaged for that, file and
 * WAL are kept. */
static void move_wal(struct store_stage *s, struct arena *a) {
    sqlite3 *old = NULL;
    const char *ignored = NULL;
    if (db_open_sqlite(&old, s->path, DB_WRITE, a, &ignored) == OK)
        sqlite3_wal_checkpoint_v2(old, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_close(old);
}

static int write_plan(struct store_stage *s, const struct names *places, const struct names *drops,
                      struct kept *k, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, buf_text(&k->later)); /* keeping comes before removing and placing */
    for (size_t i = 0; i < drops->count; i++) buf_printf(&b, "drop %s\n", drops->item[i]);
    for (size_t i = 0; i < places->count; i++) {
        buf_printf(&b, "place %s\n", places->item[i]);
        const char *file = arena_printf(a, "%s/%s", s->dir, places->item[i]);
        int os = file_give(file, s->folder);
        if (!os) os = file_sync(file);
        if (!os && strchr(places->item[i], '/')) os = file_give(path_folder(a, file), s->folder);
        if (!os && strchr(places->item[i], '/')) os = file_sync_folder(file);
        if (os) return os;
    }
    const char *plan = arena_printf(a, "%s/plan", s->dir);
    if (!file_write(plan, b.data, b.len, 0600)) return errno;
    /* file_write ignores a failed sync of the folder, but here it matters: a committed folder
     * without its plan would be taken for a finished restore. */
    int os = file_sync_folder(plan);
    if (os) return os;
    /* The stage belonged to root alone so far; the server's user has to be able to finish it. */
    os = file_give(plan, s->folder);
    return os ? os : file_give(s->dir, s->folder);
}

enum err store_stage_commit(struct store_stage *s, const char *const *names, size_t count,
                            struct arena *a, const char **why) {
    struct names places = {0}, all = {0};
    for (size_t i = 0; i < count; i++) add_name(a, &places, names[i]);
    if (s->replace) move_wal(s, a);
    struct names drops = {0};
    struct kept kept = {0};
    buf_init(&kept.later, a);
    int os = list_drops(s, &places, &drops, a);
    for (size_t i = 0; i < places.count; i++) add_name(a, &all, places.item[i]);
    for (size_t i = 0; i < drops.count; i++) add_name(a, &all, drops.item[i]);
    s->suffix = free_suffix(s, &all, a);
    if (!os) os = keep_all(s, &all, s->suffix, &kept, a);
    if (!os) os = write_plan(s, &places, &drops, &kept, a);
    if (!os) os = file_sync(s->folder);
    if (!os) os = rename(s->dir, ready_of(a, s->folder)) == 0 ? 0 : errno;
    if (os) {
        forget_kept(&kept);
        *why = db_why_errno(a, os, s->path, "be put in place");
        return os == EEXIST ? ERR_CONFLICT : ERR_IO;
    }
    s->dir = NULL; /* store_stage_end must not remove it any more */
    s->committed = true;
    os = file_sync(s->folder);
    if (!os) return store_stage_finish(s->path, a, why);
    *why = db_why_errno(a, os, s->folder, "be brought to the disk");
    return ERR_IO;
}

/* ---- Finishing ------------------------------------------------------------------------------ */

/* A line "NAME<tab>KEPT". KEPT did not exist when the plan was made: if it does now, this line has
 * been done. */
static int keep_later(struct arena *a, const char *folder, char *names) {
    char *tab = strchr(names, '\t');
    if (!tab) return EINVAL;
    *tab = '\0';
    const char *present = arena_printf(a, "%s/%s", folder, names),
               *kept_path = arena_printf(a, "%s/%s", folder, tab + 1);
    if (path_exists(kept_path) || !path_exists(present)) return 0;
    if (rename(present, kept_path) != 0) return errno;
    int os = file_sync_folder(kept_path);
    return os ? os : file_sync_folder(present);
}

static int do_line(struct arena *a, const char *folder, const char *ready, char *line) {
    if (store_stage_stop_after == 0) return EINTR;
    if (store_stage_stop_after > 0) store_stage_stop_after--;
    char *name = strchr(line, ' ');
    if (!name) return EINVAL;
    *name++ = '\0';
    if (str_eq(line, "keep")) return keep_later(a, folder, name);
    const char *to = arena_printf(a, "%s/%s", folder, name);
    if (str_eq(line, "drop")) return unlink(to) == 0 || errno == ENOENT ? 0 : errno;
    const char *from = arena_printf(a, "%s/%s", ready, name);
    if (!path_exists(from)) return 0; /* done before */
    if (strchr(name, '/')) (void)folder_make(path_folder(a, to), 0700);
    int os = rename(from, to) == 0 ? 0 : errno;
    return os ? os : file_sync_folder(to);
}

bool store_stage_pending(const char *path, struct arena *a) {
    return path_exists(ready_of(a, path_folder(a, path)));
}

enum err store_stage_finish(const char *path, struct arena *a, const char **why) {
    const char *folder = path_folder(a, path), *ready = ready_of(a, folder);
    if (!path_exists(ready)) return OK;
    size_t len;
    char *plan = file_read(a, arena_printf(a, "%s/plan", ready), PLAN_MAX, &len);
    int os = plan || errno == ENOENT ? 0 : errno;
    char *rest = NULL;
    for (char *line = plan ? strtok_r(plan, "\n", &rest) : NULL; line && !os;
         line = strtok_r(NULL, "\n", &rest))
        os = do_line(a, folder, ready, line);
    if (!os) {
        /* The plan goes last: without it there is nothing left to do. */
        remove_tree(a, arena_printf(a, "%s/keys", ready));
        unlink(arena_printf(a, "%s/plan", ready));
        remove_tree(a, ready);
        os = file_sync(folder);
    }
    if (!os) return OK;
    *why = arena_printf(
        a,
        "A restore into %s has begun and is not finished: %s. Nothing is lost. Remove what is in "
        "its way, then start the server or restore again: it goes on by itself.",
        folder, db_why_errno(a, os, path, "be put in place"));
    return ERR_IO;
}
