/* Files that take the place of others all at once, whatever happens in between.
 *
 * They are laid out in FOLDER/.restoring. What they replace gets a second name
 * (NAME.before-restore). Then the folder is renamed to FOLDER/restore-ready: from that moment on
 * the restore has happened, and whoever opens the store finishes it. Its `plan` says what is to do,
 * each line of which may be done again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/owner.h"
#include "base/text.h"
#include "store/store_file.h"

/* More than any folder of keys fills; each file of it is a line. */
#define PLAN_MAX ((size_t)64 * 1024 * 1024)

int store_stage_stop_after = -1;

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

static const char *folder_of(struct arena *a, const char *path) {
    char *folder = arena_dup(a, path), *slash = strrchr(folder, '/');
    if (!slash) return ".";
    slash[slash == folder] = '\0';
    return folder;
}

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

static void close_folder(void *d) { closedir(d); }

/* Regular names in FOLDER/SUB, as "SUB/NAME". None when it is not there. 0 or errno: one that the
 * plan cannot hold is refused. */
static int list_folder(struct arena *a, const char *folder, const char *sub, struct names *out) {
    DIR *d = opendir(arena_printf(a, "%s/%s", folder, sub));
    if (!d) return errno == ENOENT ? 0 : errno;
    arena_defer(a, close_folder, d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strpbrk(e->d_name, "\n\t")) return EINVAL;
        if (e->d_name[0] != '.') add_name(a, out, arena_printf(a, "%s/%s", sub, e->d_name));
    }
    return 0;
}

/* Files and one level of folders: all that a stage holds. */
static void remove_tree(struct arena *a, const char *path) {
    DIR *d = opendir(path);
    if (!d) return;
    arena_defer(a, close_folder, d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..")) continue;
        const char *name = arena_printf(a, "%s/%s", path, e->d_name);
        if (unlink(name) == 0 || (errno != EISDIR && errno != EPERM)) continue;
        remove_tree(a, name);
    }
    rmdir(path);
}

/* ---- Laying out ----------------------------------------------------------------------------- */

/* What is there is looked at with the lock held, and after an earlier restore has come to its end:
 * before that, another one may be about to put something in place. */
static enum err begin_locked(struct store_stage *s, bool replace, struct arena *a,
                             const char **why) {
    enum err e = store_stage_finish(s->path, a, why);
    if (e != OK) return e;
    s->replace = exists(s->path);
    if (s->replace && !replace) {
        *why = arena_printf(
            a,
            "%s exists already and is not overwritten. With --replace the backup takes its place, "
            "and it is kept as %s.before-restore.",
            s->path, s->path);
        return ERR_CONFLICT;
    }
    s->dir = arena_printf(a, "%s/.restoring", s->folder);
    remove_tree(a, s->dir); /* of somebody who died */
    if (mkdir(s->dir, 0700) == 0) return OK;
    *why = db_why_errno(a, errno, s->dir, "be made");
    return ERR_IO;
}

enum err store_stage_begin(struct store_stage *s, const char *path, bool replace, struct arena *a,
                           const char **why) {
    *s = (struct store_stage){.path = path, .folder = folder_of(a, path), .lock = -1};
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
    enum err e = file_lock(&s->lock, path, LOCK_ALONE, a, why);
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
    /* Without the lock nothing here is ours: neither what is laid out nor the lock's file. */
    if (s->lock >= 0 && s->dir) remove_tree(a, s->dir);
    if (s->made && !s->committed) { /* what was no backup leaves nothing behind */
        if (s->lock >= 0) unlink(arena_printf(a, "%s.lock", s->path));
        rmdir(s->folder);
    }
    file_unlock(s->lock);
    s->lock = -1;
}

/* ---- In one moment
 * -------------------------------------------------------------------------------- */

/* keys/a.key is kept as keys.before-restore/a.key, what belongs to the database under the name of
 * the kept database. */
static const char *aside_of(struct arena *a, const char *base, const char *name, const char *mark) {
    const char *slash = strchr(name, '/');
    if (slash) return arena_printf(a, "%.*s%s%s", (int)(slash - name), name, mark, slash);
    if (str_has_prefix(name, base))
        return arena_printf(a, "%s%s%s", base, mark, name + strlen(base));
    return arena_printf(a, "%s%s", name, mark);
}

static const char *const beside[] = {"-wal", "-shm", STORE_HEAD_SUFFIX};

static const char *base_of(const struct store_stage *s) {
    const char *slash = strrchr(s->path, '/');
    return slash ? slash + 1 : s->path;
}

/* What goes: what belongs to the old database, and keys of an academy whose keys are replaced. */
static int list_drops(struct store_stage *s, const struct names *places, struct names *drops,
                      struct arena *a) {
    struct names keys = {0};
    int os = 0;
    for (size_t i = 0; i < COUNT_OF(beside); i++) {
        const char *name = arena_printf(a, "%s%s", base_of(s), beside[i]);
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

/* What is kept: under a second name before the moment, or where the disk knows no links, by a line
 * of the plan after it. Until the moment everything is where it was. */
struct kept {
    struct names linked, folders; /* second names and folders that were made; full paths */
    struct buf later;
};

static int keep_one(struct store_stage *s, const char *name, const char *mark, struct kept *k,
                    struct arena *a) {
    const char *present = arena_printf(a, "%s/%s", s->folder, name),
               *as = aside_of(a, base_of(s), name, mark),
               *aside = arena_printf(a, "%s/%s", s->folder, as);
    if (!exists(present)) return 0;
    if (strchr(name, '/')) {
        const char *folder = folder_of(a, aside);
        if (folder_make(folder, 0700) == 0) add_name(a, &k->folders, folder);
        else if (errno != EEXIST) return errno;
    }
    if (link(present, aside) == 0) {
        k->linked.item = list_more(a, k->linked.item, k->linked.count, sizeof *k->linked.item);
        k->linked.item[k->linked.count++] = aside;
        return 0;
    }
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK) return errno;
    buf_printf(&k->later, "keep %s\t%s\n", name, as);
    return 0;
}

static int keep_aside(struct store_stage *s, const struct names *names, const char *mark,
                      struct kept *k, struct arena *a) {
    int os = 0;
    for (size_t i = 0; i < names->count && !os; i++) os = keep_one(s, names->item[i], mark, k, a);
    /* On the disk before anything that it keeps goes; the folder of all of it is synced with the
     * plan. */
    for (size_t i = 0; i < k->folders.count && !os; i++) os = file_sync(k->folders.item[i]);
    return os;
}

/* Of a restore that did not come to its moment. */
static void forget_kept(const struct kept *k) {
    for (size_t i = 0; i < k->linked.count; i++) unlink(k->linked.item[i]);
    for (size_t i = 0; i < k->folders.count; i++) rmdir(k->folders.item[i]);
}

/* ".before-restore", or with a number: no earlier one is given up. */
static const char *free_mark(struct store_stage *s, const struct names *names, struct arena *a) {
    const char *mark = ".before-restore";
    for (int n = 2;; n++) {
        bool taken = false;
        for (size_t i = 0; i < names->count && !taken; i++)
            taken = exists(
                arena_printf(a, "%s/%s", s->folder, aside_of(a, base_of(s), names->item[i], mark)));
        if (!taken) return mark;
        mark = arena_printf(a, ".before-restore.%d", n);
    }
}

/* With its WAL moved into it the old database is one file. When it is too broken for that, both are
 * kept. */
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
    buf_puts(&b, buf_text(&k->later)); /* before what goes and what comes */
    for (size_t i = 0; i < drops->count; i++) buf_printf(&b, "drop %s\n", drops->item[i]);
    for (size_t i = 0; i < places->count; i++) {
        buf_printf(&b, "place %s\n", places->item[i]);
        const char *file = arena_printf(a, "%s/%s", s->dir, places->item[i]);
        int os = file_give(file, s->folder);
        if (!os) os = file_sync(file);
        if (!os && strchr(places->item[i], '/')) os = file_give(folder_of(a, file), s->folder);
        if (!os && strchr(places->item[i], '/')) os = file_sync_folder(file);
        if (os) return os;
    }
    const char *plan = arena_printf(a, "%s/plan", s->dir);
    if (!file_write(plan, b.data, b.len, 0600)) return errno;
    /* Once more than file_write, which goes on without: a folder that comes back without its plan
     * is taken for one that is done with. */
    int os = file_sync_folder(plan);
    if (os) return os;
    /* While it is laid out it is root's alone, and nobody else's; whoever starts the server has to
     * be able to finish it. */
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
    s->mark = free_mark(s, &all, a);
    if (!os) os = keep_aside(s, &all, s->mark, &kept, a);
    if (!os) os = write_plan(s, &places, &drops, &kept, a);
    if (!os) os = file_sync(s->folder);
    if (!os) os = rename(s->dir, ready_of(a, s->folder)) == 0 ? 0 : errno;
    if (os) {
        forget_kept(&kept);
        *why = db_why_errno(a, os, s->path, "be put in place");
        return os == EEXIST ? ERR_CONFLICT : ERR_IO;
    }
    s->dir = NULL; /* it is no longer ours to remove */
    s->committed = true;
    os = file_sync(s->folder);
    if (!os) return store_stage_finish(s->path, a, why);
    *why = db_why_errno(a, os, s->folder, "be brought to the disk");
    return ERR_IO;
}

/* ---- Afterwards
 * ----------------------------------------------------------------------------------- */

/* "NAME<tab>ASIDE". The second name was free when the plan was made: what has it now was kept by
 * this line. */
static int keep_later(struct arena *a, const char *folder, char *names) {
    char *tab = strchr(names, '\t');
    if (!tab) return EINVAL;
    *tab = '\0';
    const char *present = arena_printf(a, "%s/%s", folder, names),
               *aside = arena_printf(a, "%s/%s", folder, tab + 1);
    if (exists(aside) || !exists(present)) return 0;
    if (rename(present, aside) != 0) return errno;
    int os = file_sync_folder(aside);
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
    if (!exists(from)) return 0; /* done before */
    if (strchr(name, '/')) (void)folder_make(folder_of(a, to), 0700);
    int os = rename(from, to) == 0 ? 0 : errno;
    return os ? os : file_sync_folder(to);
}

bool store_stage_waits(const char *path, struct arena *a) {
    return exists(ready_of(a, folder_of(a, path)));
}

enum err store_stage_finish(const char *path, struct arena *a, const char **why) {
    const char *folder = folder_of(a, path), *ready = ready_of(a, folder);
    if (!exists(ready)) return OK;
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
        "A restore into %s has begun and is not finished: %s. Nothing is lost. Remove what is in its way, then start "
        "the server or restore again: it goes on by itself.",
        folder, db_why_errno(a, os, path, "be put in place"));
    return ERR_IO;
}
