/* A log in a folder of its own, and hands that reach behind its back. */
#ifndef GR_TEST_AUDIT_FIXTURE_H
#define GR_TEST_AUDIT_FIXTURE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_private.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"

#define ROWS 7

static char folder[64], path[96], head_file[128];
static struct arena arena;

static inline int setup(void **state) {
    (void)state;
    strcpy(folder, "/tmp/gradus-audit-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/a.db", folder);
    snprintf(head_file, sizeof head_file, "%s" STORE_HEAD_SUFFIX, path);
    arena_init(&arena, (size_t)32 * 1024 * 1024);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", STORE_HEAD_SUFFIX};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        char name[160];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    /* Heads that were set aside, too. */
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.') unlink(name);
    }
    if (d) closedir(d);
    return rmdir(folder);
}

/* The next case of a test begins with an empty folder. */
static inline void begin_anew(void) {
    assert_int_equal(teardown(NULL), 0);
    assert_int_equal(setup(NULL), 0);
}

static inline struct store *open_store(void) {
    struct store *s = NULL;
    const char *why = NULL;
    if (store_open(&s, &(struct store_options){.path = path}, &arena, &why) != OK)
        fail_msg("%s", why);
    return s;
}

/* As a server or a command opens it: NULL with the sentence in `*why` when it is refused. */
static inline struct store *open_checked(const char **why) {
    struct store *s = NULL;
    *why = NULL;
    enum err e = audit_open(&s, &(struct store_options){.path = path}, &arena, why);
    assert_int_equal(e == OK, s != NULL);
    if (!s) assert_int_equal(e, ERR_INVALID);
    return s;
}

struct fact {
    const char *actor, *action, *subject, *detail;
    enum err then;
};

static inline enum err append(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct fact *f = arg;
    enum err e = audit_append(db, a, now_ms, f->actor, f->action, f->subject, f->detail);
    return e == OK ? f->then : e;
}

static inline enum err say(struct store *s, struct fact f) {
    struct arena a;
    arena_init(&a, 1024 * 1024);
    enum err e = store_write(s, append, &f, &a);
    arena_release(&a);
    return e;
}

static inline void fill(void) {
    static const char *const subjects[] = {"one", "two"};
    struct store *s = open_store();
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(say(s, (struct fact){"system", "test.fact", subjects[i % 2],
                                              i % 3 ? "{\"n\":1}" : NULL, OK}),
                         OK);
    assert_true(store_close(s, 1000));
}

static inline enum err verify(struct audit_report *r) {
    struct store *s = open_store();
    enum err e = audit_verify(store_reader(s), &arena, r);
    assert_true(store_close(s, 1000));
    return e;
}

/* The key of the moment, with which important facts are signed. */
static unsigned char public_key[32], secret_key[64];

static inline void sign(void *context, const void *bytes, size_t len,
                        unsigned char signature[AUDIT_SIGNATURE_BYTES]) {
    crypto_sign_detached(signature, NULL, bytes, len, context);
}

static inline void begin_signing(void) {
    codec_start();
    crypto_sign_keypair(public_key, secret_key);
    audit_signer_set(&(struct audit_signer){
        .sign = sign, .context = secret_key, .key = multikey_encode(&arena, public_key)});
}

static inline void tamper(const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *why = NULL;
    if (sqlite3_exec(
            db,
            "DROP TRIGGER IF EXISTS audit_log_at_end; DROP TRIGGER IF EXISTS audit_log_no_update; "
            "DROP TRIGGER IF EXISTS audit_log_no_delete",
            NULL, NULL, &why) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

#endif
