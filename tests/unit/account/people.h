/* People in a real store: Ana learns, Bo teaches and assesses, Boss administers. Include it first.
 */
#ifndef GR_TEST_ACCOUNT_PEOPLE_H
#define GR_TEST_ACCOUNT_PEOPLE_H

#include "unit/account/fixture.h"

#include <unistd.h>

#include "account/account_factor.h"
#include "account/account_import.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/log.h"
#include "base/text.h"
#include "unit/store/failing_step.h"
#include "unit/store/tampered.h"

#define NOW (INT64_C(1000) * MS_DAY)

static struct store *store;
static char folder[64];
static const char *ana, *bo, *boss;

static inline enum err at_now(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct failing_job *f = arg;
    (void)now_ms;
    return f->run(db, a, f->arg, f->now_ms);
}

static inline enum err job(write_fn run, void *arg, int64_t now_ms) {
    struct failing_job f = {.run = run, .arg = arg, .now_ms = now_ms};
    return store_write(store, at_now, &f, &arena);
}

/* Each of its steps fails once, then it comes through. */
static inline void each_step(write_fn run, void *arg, size_t size, int64_t now_ms) {
    assert_true(fail_each_step(store, &arena, run, arg, size, now_ms) > 0);
}

struct adding {
    const char *login, *name, *email, *hash, *id;
    unsigned roles;
};

static inline enum err add(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct adding *x = arg;
    return account_add(db, a, now_ms, "system", x->login, x->name, x->email, x->roles, x->hash,
                       &x->id);
}

static inline const char *add_person(const char *login, const char *name, unsigned roles,
                                     const char *hash) {
    struct adding x = {.login = login,
                       .name = name,
                       .email = arena_printf(&arena, "%s@example.org", login),
                       .hash = hash,
                       .roles = roles};
    each_step(add, &x, sizeof x, NOW);
    return x.id;
}

static inline int open_all(void **state) {
    const char *why = "";
    setup(state);
    log_threshold(LOG_ERROR + 1);
    snprintf(folder, sizeof folder, "/tmp/gradus-account-XXXXXX");
    assert_non_null(mkdtemp(folder));
    struct store_options options = {.path = arena_printf(&arena, "%s/gradus.db", folder)};
    if (store_open(&store, &options, &arena, &why) != OK) fail_msg("%s", why);
    ana = add_person("ana", "Ana Ruiz", ROLE_LEARNER, "hash of ana");
    bo = add_person("bo", "Bo", ROLE_INSTRUCTOR | ROLE_ASSESSOR, NULL);
    boss = add_person("boss", "Boss", ROLE_ADMIN, NULL);
    return 0;
}

static inline int close_all(void **state) {
    store_close(store, 5000);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? teardown(state) : -1;
}

static inline struct db *reading(void) {
    struct db *db = store_reader(store);
    store_read_begin(db);
    return db;
}

static inline struct person found(const char *id) {
    struct person p;
    struct db *db = reading();
    assert_int_equal(account_find(db, &arena, id, &p), OK);
    store_read_end(db);
    return p;
}

/* "actor action detail" of the newest row about somebody. */
static inline const char *logged(const char *subject) {
    struct audit_row *rows;
    size_t count;
    struct db *db = reading();
    assert_int_equal(audit_list(db, &arena, subject, 0, 1, &rows, &count), OK);
    store_read_end(db);
    assert_int_equal(count, 1);
    return arena_printf(&arena, "%s %s %s", rows[0].actor, rows[0].action,
                        rows[0].detail ? rows[0].detail : "-");
}

#endif
