/* gradus backup, gradus restore. */
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "cert/cert.h"
#include "server/backup.h"
#include "server/server.h"
#include "server/server_sql.h"

static const char backup_usage[] =
    "usage: gradus backup FILE [--with-keys] [--data DIR]\n"
    "\n"
    "Writes the academy into one archive while it is in use: the database, the head of its audit "
    "log, and a\n"
    "manifest with checksums. Never overwrites.\n"
    "  --with-keys  the signing keys and the key of the labs as well, encrypted with a passphrase, "
    "which is\n"
    "               asked for, or read as one line of standard input (12 characters or more)\n"
    "\n"
    "Exit status 1: the backup is written, but the audit log has lost rows.\n";

static const char restore_usage[] =
    "usage: gradus restore FILE [--replace] [--without-keys] [--as-it-is] [--data DIR]\n"
    "\n"
    "Puts a backup in place; the folder is made when it is missing. Everything is checked before "
    "anything is\n"
    "changed, and all of it happens or nothing. FILE may be an archive, or a single database of an "
    "older program.\n"
    "  --replace       the present academy is kept beside it as *.before-restore\n"
    "  --without-keys  although that ends what the keys are needed for; without this it is said, "
    "and nothing is done\n"
    "  --as-it-is      although its audit log is broken, or its certificates are not what was "
    "signed and logged\n"
    "\n"
    "The passphrase of the keys is asked for, or read as one line of standard input.\n";

struct backup_call {
    struct arena arena;
    const char *data, *file;
    bool with_keys, replace, without_keys, as_it_is;
};

static bool read_options(struct backup_call *c, int argc, char **argv, const char *usage,
                         bool restoring, int *status) {
    static const struct option both[] = {{"data", required_argument, NULL, 'd'},
                                         {"help", no_argument, NULL, 'h'},
                                         {"with-keys", no_argument, NULL, 'k'},
                                         {"replace", no_argument, NULL, 'r'},
                                         {"without-keys", no_argument, NULL, 'w'},
                                         {"as-it-is", no_argument, NULL, 'a'},
                                         {0}};
    memset(c, 0, sizeof *c);
    c->data = default_data();
    bool help = false, good = true;
    for (int option; (option = getopt_long(argc, argv, "h", both, NULL)) != -1;) {
        if (option == 'd') c->data = optarg;
        else if (option == 'h') help = true;
        else if (option == 'k' && !restoring) c->with_keys = true;
        else if (option == 'r' && restoring) c->replace = true;
        else if (option == 'w' && restoring) c->without_keys = true;
        else if (option == 'a' && restoring) c->as_it_is = true;
        else good = false;
    }
    c->file = optind == argc - 1 ? argv[optind] : NULL;
    if (!help && good && c->file) {
        arena_init(&c->arena, (size_t)1 << 30);
        return true;
    }
    fputs(usage, help ? stdout : stderr);
    *status = help ? 0 : 2;
    return false;
}

/* ---- Backup ---------------------------------------------------------------------------------- */

/* Compares the log with its head as `audit verify` and `serve` do: a log that has lost rows is as
 * damaged in the backup. ERR_INVALID when they do not agree; anything but OK with a sentence. */
static enum err compare_head(struct backup_call *c, const char **why) {
    struct store *s = NULL;
    struct store_options how = {.path = arena_printf(&c->arena, "%s/gradus.db", c->data),
                                .read_only = true};
    enum err e = store_open(&s, &how, &c->arena, why);
    if (e == ERR_INVALID) return OK; /* of an older program: nothing to compare with */
    if (e != OK) return e;
    struct db *db = store_reader(s);
    *why = "the database cannot be read";
    e = db ? audit_check_head(db, &c->arena, why) : ERR_IO;
    store_close(s, 0);
    return e;
}

int backup_command(int argc, char **argv) {
    struct backup_call c;
    int status = 0;
    if (!read_options(&c, argc, argv, backup_usage, false, &status)) return status;
    const char *why = "";
    char *passphrase = c.with_keys ? backup_passphrase(true, &why) : NULL;
    enum err e = c.with_keys && !passphrase ? ERR_INVALID : OK;
    if (passphrase &&
        (utf8_count(passphrase) < PASSPHRASE_MIN || !utf8_valid(passphrase, strlen(passphrase)))) {
        why = arena_printf(&c.arena,
                           "the passphrase needs %d characters or more: five unrelated words make "
                           "a good one; nothing was written",
                           PASSPHRASE_MIN);
        e = ERR_INVALID;
    }
    if (e == OK) e = backup_write(c.data, c.file, passphrase, &c.arena, &why);
    sodium_free(passphrase);
    if (e != OK) {
        fprintf(stderr, "gradus backup: %s\n", why);
        status = 2;
    } else {
        printf(c.with_keys ? "backup written to %s, with the keys of %s, which nobody can open "
                             "without the passphrase\n"
                           : "backup written to %s; the keys in %s are not in it: take one "
                             "--with-keys as well, or keep a copy of keys/, lab.key and seal.key "
                             "apart\n",
               c.file, c.data);
        e = compare_head(&c, &why);
        if (e == ERR_INVALID) fprintf(stderr, "gradus backup: %s\n", why);
        else if (e != OK)
            fprintf(stderr, "gradus backup: whether its audit log is whole could not be seen: %s\n",
                    why);
        status = e == ERR_INVALID ? 1 : 0;
    }
    arena_release(&c.arena);
    return status;
}

/* ---- Restore --------------------------------------------------------------------------------- */

struct restoring {
    struct backup_call *c;
    struct arena *a;
    const char *why;
    struct store_stage stage;
    struct backup_manifest manifest; /* made_at NULL: a bare database has no manifest */
    const unsigned char *sealed;
    size_t sealed_len;
    struct backup_keys keys;
    bool broken;       /* its audit log is broken, and --as-it-is was given */
    struct buf losses; /* what needs keys that will be missing; empty: nothing */
};

static enum err stage_copy(struct restoring *r) {
    struct backup_call *c = r->c;
    if (!backup_is_database(c->file))
        return backup_read(c->file, &r->stage, &r->manifest, &r->sealed, &r->sealed_len, r->a,
                           &r->why);
    /* Copied, not renamed: the backup stays where it is. */
    struct store_partial into;
    enum err e = store_check_backup(c->file, r->a, &r->why);
    if (e == OK)
        e = store_partial_begin(&into, store_stage_file(&r->stage, "gradus.db", r->a), r->a,
                                &r->why);
    if (e != OK) return e;
    e = store_copy_into(c->file, &into, r->a, &r->why);
    if (e == OK) e = store_partial_publish(&into, r->a, &r->why);
    store_partial_end(&into, r->a);
    return e;
}

static enum err open_keys(struct restoring *r) {
    if (!r->sealed || r->c->without_keys) return OK;
    char *passphrase = backup_passphrase(false, &r->why);
    if (!passphrase) return ERR_IO;
    enum err e = OK;
    if (!*passphrase) {
        r->why = "the backup holds the keys, and no passphrase was given for them. Give it, or "
                 "restore --without-keys. Nothing was changed";
        e = ERR_DENIED;
    } else {
        e = backup_keys_open(&r->keys, r->sealed, r->sealed_len, passphrase, &r->why);
        if (e != OK) r->why = arena_printf(r->a, "%s. Nothing was changed", r->why);
    }
    sodium_free(passphrase);
    for (size_t i = 0; e == OK && i < r->keys.count; i++) {
        const char *path = store_stage_file(&r->stage, r->keys.key[i].name, r->a);
        if (backup_key_write(&r->keys.key[i], path)) continue;
        r->why = arena_printf(r->a, "%s cannot be written: %s. Nothing was changed", path,
                              strerror(errno));
        e = ERR_IO;
    }
    return e;
}

/* ---- What is lost without keys --------------------------------------------------------------- */

static bool holds_key(const struct backup_keys *keys, const char *name, const char *wanted) {
    for (size_t i = 0; i < keys->count; i++)
        if (str_eq(keys->key[i].name, name) && (!wanted || str_eq(keys->key[i].id, wanted)))
            return true;
    return false;
}

/* Keys that are there but cannot be read are an error and do not count as missing; with
 * --without-keys that error is ignored. */
static enum err allow_without_keys(struct restoring *r, enum err e) {
    if (e == OK || r->c->without_keys) return OK;
    r->why = arena_printf(r->a, "the keys in %s cannot be read: %s. Nothing was changed",
                          r->c->data, r->why);
    return e;
}

static enum err has_key(struct restoring *r, const char *name, bool *has) {
    struct backup_keys there;
    const char *wanted = NULL;
    *has = holds_key(&r->keys, name, NULL);
    if (r->keys.count) return OK;
    for (size_t i = 0; i < r->manifest.key_count; i++)
        if (str_eq(r->manifest.key[i].name, name)) wanted = r->manifest.key[i].id;
    enum err e = backup_keys_read(&there, r->c->data, r->a, &r->why);
    if (e != OK) return allow_without_keys(r, e);
    *has = holds_key(&there, name, wanted);
    backup_keys_free(&there);
    return OK;
}

/* What was sealed with a key that is not here. */
static enum err count_sealed(struct restoring *r, struct db *db, const char *key, int query,
                             const char *loss) {
    bool has = false;
    int64_t count = 0;
    enum err e = has_key(r, key, &has);
    if (e != OK || has) return e;
    struct stmt *q = db_query(db, query, "");
    if (stmt_row(q)) count = stmt_int(q, 0);
    if (count) buf_printf(&r->losses, "  - %lld %s\n", (long long)count, loss);
    return stmt_end(q);
}

static enum err count_losses(struct restoring *r, struct db *db) {
    const char *keys_of = r->keys.count ? r->stage.dir : r->c->data;
    struct stmt *q = db_query(db, SQL_server_signing_keys, "");
    enum err keys = OK;
    while (keys == OK && stmt_row(q)) {
        const char *name = stmt_text(q, 0, r->a);
        bool has = false;
        keys = allow_without_keys(r, cert_has_key(keys_of, r->a, name, &has, &r->why));
        if (keys != OK || has) continue;
        int64_t n = stmt_int(q, 1);
        buf_printf(&r->losses,
                   "  - %lld credentials were signed with the key %s: nobody can verify them, and "
                   "new ones are signed with another key\n",
                   (long long)n, name);
    }
    enum err e = stmt_end(q);
    if (e == OK) e = keys;
    if (e == OK)
        e = count_sealed(r, db, "lab.key", SQL_server_lab_runs,
                         "lab runs were sealed with lab.key: they cannot be continued and look as "
                         "if they had been tampered with");
    if (e != OK) return e;
    return count_sealed(r, db, "seal.key", SQL_server_sealed,
                        "completed modules, lab runs and exam answers were sealed with seal.key: "
                        "they count for nothing until the file is back, or gradus audit seal "
                        "takes modules and runs as they stand");
}

/* ---- Checks and the last row ----------------------------------------------------------------- */

static enum err note_restore(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct restoring *r = arg;
    struct buf detail;
    buf_init(&detail, a);
    buf_puts(&detail, "{\"file\":");
    buf_json(&detail, r->c->file);
    buf_puts(&detail, ",\"made_at\":");
    if (r->manifest.made_at) buf_json(&detail, r->manifest.made_at);
    else buf_puts(&detail, "null");
    buf_printf(&detail, ",\"keys\":%s}", r->keys.count ? "true" : "false");
    return audit_append(db, a, now_ms, "system", "academy.restore", "academy", buf_text(&detail));
}

/* Whoever can write an archive can change a row in it, but neither its signature nor the log. */
static enum err compare_records(struct restoring *r, struct db *db) {
    struct cert_records records;
    enum err e = cert_records_check(db, r->a, r->keys.count ? r->stage.dir : r->c->data, NULL,
                                    &records);
    if (e == ERR_INVALID)
        r->why = arena_printf(r->a,
                              "%s It was changed outside of Gradus, in the backup or before. "
                              "Nothing was changed. To restore it all the same: --as-it-is",
                              records.problem);
    else if (e != OK)
        r->why = "the certificates of the copy cannot be compared. Nothing was changed";
    return e;
}

/* The copy is opened as it will be served: brought up to date, its whole log read, and the restore
 * written into it. */
static enum err check_copy(struct restoring *r) {
    struct store *s = NULL;
    struct audit_report report;
    const char *path = store_stage_file(&r->stage, "gradus.db", r->a);
    enum err e = store_open(&s, &(struct store_options){.path = path, .must_exist = true}, r->a,
                            &r->why);
    if (e != OK) return e;
    struct db *db = store_reader(s);
    struct audit_signer keys;
    const char *keys_of = r->keys.count ? r->stage.dir : r->c->data;
    if (cert_signer(arena_printf(r->a, "%s/gradus.db", keys_of), r->a, &keys))
        audit_signer_set(&keys);
    r->why = "the copy cannot be read. Nothing was changed";
    memset(&report, 0, sizeof report);
    e = db ? audit_verify(db, r->a, &report) : ERR_IO;
    if (e != OK && e != ERR_INVALID && report.problem)
        r->why = arena_printf(r->a, "%s Nothing was changed", report.problem);
    /* Backups of a single file never had a head: it is made with the row below. */
    bool headless = e == ERR_INVALID && !report.first_bad && !r->manifest.made_at &&
                    !report.head_checked;
    if (e == ERR_INVALID && !headless && !r->c->as_it_is)
        r->why = arena_printf(r->a,
                              "%s It was so when the backup was made. Nothing was changed. To "
                              "restore it all the same: --as-it-is",
                              report.problem);
    r->broken = e == ERR_INVALID && !headless;
    if (e == ERR_INVALID && (headless || r->c->as_it_is)) e = OK;
    if (e == OK && !r->broken && !r->c->as_it_is) e = compare_records(r, db);
    if (e == OK) e = count_losses(r, db);
    if (e == OK && !r->broken) {
        e = store_write(s, note_restore, r, r->a);
        if (e != OK) r->why = "the audit log of the copy cannot be written. Nothing was changed";
    }
    store_close(s, 10 * MS_SECOND);
    return e;
}

static enum err put_in_place(struct restoring *r) {
    const char *names[BACKUP_FILES_MAX + BACKUP_KEYS_MAX];
    size_t count = 0;
    static const char *const files[] = {("gradus.db" STORE_HEAD_SUFFIX), "demo.json",
                                        "profile-links.txt"};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (access(store_stage_file(&r->stage, files[i], r->a), F_OK) == 0)
            names[count++] = files[i];
    for (size_t i = 0; i < r->keys.count; i++) names[count++] = r->keys.key[i].name;
    names[count++] = "gradus.db"; /* the last that moves: until then the old one is there */
    return store_stage_commit(&r->stage, names, count, r->a, &r->why);
}

static enum err run_restore(struct restoring *r) {
    struct backup_call *c = r->c;
    enum err e = stage_copy(r);
    if (e == OK && r->manifest.made_at)
        e = store_check_backup(store_stage_file(&r->stage, "gradus.db", r->a), r->a, &r->why);
    if (e == OK) e = open_keys(r);
    if (e == OK) e = check_copy(r);
    if (e == OK && r->losses.len && !c->without_keys) {
        r->why = arena_printf(
            r->a,
            "this restore has not all the keys that the academy needs:\n%s%s Put the key files "
            "(keys/, lab.key, seal.key) into %s first, or restore --without-keys. Nothing was "
            "changed",
            buf_text(&r->losses),
            r->manifest.sealed ? "" : "A backup that was made --with-keys has them.", c->data);
        e = ERR_DENIED;
    }
    return e == OK ? put_in_place(r) : e;
}

static void tell_restored(struct restoring *r) {
    printf("%s is restored to %s", r->c->file, r->c->data);
    if (r->manifest.made_at) printf(", as it was at %s", r->manifest.made_at);
    printf(r->keys.count ? ", with its keys\n" : "; keys are not in it, or were left out\n");
    if (r->stage.replace)
        printf("what was there before is kept beside it as *%s\n", r->stage.suffix);
    if (r->losses.len) printf("as was said:\n%s", buf_text(&r->losses));
    if (r->broken)
        printf("its audit log is broken, as it was when the backup was made: see gradus audit "
               "verify\n");
}

int restore_command(int argc, char **argv) {
    struct backup_call c;
    int status = 0;
    if (!read_options(&c, argc, argv, restore_usage, true, &status)) return status;
    struct restoring *r = NEW(&c.arena, struct restoring);
    r->c = &c;
    r->a = &c.arena;
    r->why = "";
    buf_init(&r->losses, r->a);
    codec_start();
    struct stat st;
    enum err e = OK;
    if (stat(c.file, &st) != 0 || !S_ISREG(st.st_mode)) {
        r->why = arena_printf(r->a, "%s is not there, or is no file. Nothing was changed.", c.file);
        e = ERR_NOT_FOUND;
    }
    if (e == OK)
        e = store_stage_begin(&r->stage, arena_printf(r->a, "%s/gradus.db", c.data), c.replace,
                              r->a, &r->why);
    if (e == OK) {
        e = run_restore(r);
        if (e == OK) tell_restored(r);
        store_stage_end(&r->stage, r->a);
        backup_keys_free(&r->keys);
    }
    if (e != OK) fprintf(stderr, "gradus restore: %s\n", r->why);
    arena_release(&c.arena);
    return e == OK ? 0 : 2;
}
