/* Which scenarios this academy published: rows "lab.pack" of the audit log. */
#include <string.h>

#include "audit/audit.h"
#include "base/log.h"
#include "base/text.h"
#include "lab/lab.h"
#include "lab/lab_sql.h"
#include "lab/lab_store.h"
#include "labmodel/lab_pack.h"

#define PACK_ARENA_BYTES ((size_t)16 * 1024 * 1024)

/* ---- What the log says ----------------------------------------------------------------------- */

static struct audit_publication publication(struct arena *a, const char *version,
                                            const char *scenario_id) {
    return (struct audit_publication){"lab.pack", version,
                                      arena_printf(a, "{\"lab\":\"%s\"}", scenario_id)};
}

enum err lab_pack_published(struct db *db, struct arena *a, const char *version,
                            const char *scenario_id, int64_t before_seq, bool *out) {
    const struct audit_publication p = publication(a, version, scenario_id);
    return audit_published(db, a, &p, before_seq, out);
}

enum err lab_packs_from(struct db *db, int64_t *seq) {
    return audit_published_from(db, "lab.packs", "labs", seq);
}

/* ---- What is written ------------------------------------------------------------------------- */

enum err lab_pack_publish(struct db *db, struct arena *a, const char *version,
                          const char *scenario_id, int64_t now_ms) {
    const struct audit_publication p = publication(a, version, scenario_id);
    return audit_publish(db, a, &p, now_ms);
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
