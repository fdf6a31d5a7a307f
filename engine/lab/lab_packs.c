/* Which scenarios this academy published: rows "lab.pack" of the audit log. */
#include <string.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "lab/lab.h"
#include "lab/lab_sql.h"
#include "lab/lab_store.h"
#include "labmodel/lab_pack.h"

#define PACK_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define ROWS_OF_A_PACK 100 /* there is one, unless somebody wrote past the program */

/* ---- What the log says ----------------------------------------------------------------------- */

static bool names_lab(struct arena *a, const struct audit_row *row, const char *scenario_id) {
    const char *why;
    if (!str_eq(row->action, "lab.pack") || !row->detail) return false;
    const json_t *detail = json_read(a, row->detail, strlen(row->detail), &why);
    return str_eq(json_string_value(json_object_get(detail, "lab")), scenario_id);
}

enum err lab_pack_published(struct db *db, struct arena *a, const char *version,
                            const char *scenario_id, int64_t before_seq, bool *out) {
    struct audit_row *rows;
    size_t count;
    *out = false;
    enum err e = audit_list(db, a, version, before_seq, ROWS_OF_A_PACK, &rows, &count);
    for (size_t i = 0; e == OK && !*out && i < count; i++) {
        const char *problem;
        if (!names_lab(a, &rows[i], scenario_id)) continue;
        e = audit_rows_signed(db, a, &rows[i], 1, &problem);
        *out = e == OK && !problem;
    }
    return e;
}

enum err lab_packs_from(struct db *db, int64_t *seq) {
    struct stmt *q;
    enum err e;
    *seq = 0;
    if (!db_one(db, &q, &e, SQL_lab_packs_from, "")) return e == ERR_NOT_FOUND ? OK : e;
    *seq = stmt_int(q, 0);
    return stmt_end(q);
}

/* ---- What is written ------------------------------------------------------------------------- */

enum err lab_pack_publish(struct db *db, struct arena *a, const char *version,
                          const char *scenario_id, int64_t now_ms) {
    bool published;
    enum err e = lab_pack_published(db, a, version, scenario_id, 0, &published);
    if (e != OK || published) return e;
    return audit_append(db, a, now_ms, "system", "lab.pack", version,
                        arena_printf(a, "{\"lab\":\"%s\"}", scenario_id));
}

struct pack {
    const char *version, *scenario_id;
};

/* A pack that is not what its version says stays unnamed: whoever has a run on it begins anew. */
static enum err take_up(struct db *db, struct arena *a, const struct pack *p, int64_t now_ms) {
    const char *bytes;
    size_t len;
    enum err e = lab_store_pack(db, a, p->version, &bytes, &len);
    if (e != OK) return e;
    if (str_eq(lab_pack_version(a, bytes, len), p->version))
        return lab_pack_publish(db, a, p->version, p->scenario_id, now_ms);
    log_say(LOG_ERROR, "lab_pack", "version %s is not what it was when it was kept", p->version);
    return OK;
}

/* With memory for one pack at a time. */
static enum err take_up_one(struct db *db, struct arena *one, const struct pack *p,
                            int64_t now_ms) {
    if (ARENA_GUARD(one) == 0) {
        enum err e = take_up(db, one, p, now_ms);
        arena_release(one);
        return e;
    }
    arena_release(one);
    return one->starved ? ERR_BUSY : ERR_LIMIT;
}

static enum err take_up_all(struct db *db, struct arena *a, int64_t now_ms, size_t *count) {
    struct pack *packs = NULL;
    struct arena *one = arena_scratch(a, PACK_ARENA_BYTES);
    struct stmt *q = db_query(db, SQL_lab_packs_all, "");
    *count = 0;
    while (stmt_row(q)) {
        packs = list_more(a, packs, *count, sizeof *packs);
        packs[(*count)++] = (struct pack){stmt_text(q, 0, a), stmt_text(q, 1, a)};
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && i < *count; i++) e = take_up_one(db, one, &packs[i], now_ms);
    return e;
}

enum err lab_packs_begin(struct db *db, struct arena *a, void *unused, int64_t now_ms) {
    int64_t from;
    size_t count;
    (void)unused;
    enum err e = lab_packs_from(db, &from);
    if (e != OK || from) return e;
    e = take_up_all(db, a, now_ms, &count);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, "system", "lab.packs", "labs",
                        arena_printf(a, "{\"count\":%zu}", count));
}
