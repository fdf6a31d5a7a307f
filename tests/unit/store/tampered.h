/* A store as somebody left it who wrote into its file by hand: changed inside of a job, looked at,
 * and taken back. Include it after cmocka.h. */
#ifndef GR_TEST_STORE_TAMPERED_H
#define GR_TEST_STORE_TAMPERED_H

#include "store/store_db.h"

struct tampering {
    const char *sql; /* what was changed */
    write_fn look;
    void *arg;
    enum err said;       /* by `look` */
    const char *problem; /* SQLite's, with `sql`; NULL: none */
};

static inline int tamper_drop(void *sql, int columns, char **values, char **names) {
    char text[200];
    (void)columns, (void)names;
    snprintf(text, sizeof text, "DROP TRIGGER %s", values[0]);
    return sqlite3_exec(sql, text, NULL, NULL, NULL);
}

static inline enum err tamper_job(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct tampering *t = arg;
    char *why = NULL;
    sqlite3_exec(db->sql, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", tamper_drop,
                 db->sql, NULL);
    if (sqlite3_exec(db->sql, t->sql, NULL, NULL, &why) != SQLITE_OK)
        t->problem = arena_printf(a, "%s", why);
    sqlite3_free(why);
    if (!t->problem) t->said = t->look(db, a, t->arg, now_ms);
    return ERR_CONFLICT; /* back to what it was */
}

/* What `look` says of a store that was changed so. */
static inline enum err tampered(struct store *s, struct arena *a, const char *sql, write_fn look,
                                void *arg) {
    struct tampering t = {.sql = sql, .look = look, .arg = arg};
    assert_int_equal(store_write(s, tamper_job, &t, a), ERR_CONFLICT);
    if (t.problem) fail_msg("%s: %s", sql, t.problem);
    return t.said;
}

#endif
