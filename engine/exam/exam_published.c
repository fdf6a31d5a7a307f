/* Which versions of exams are kept, and which this academy published: rows "exam.publish" of the
 * audit log. */
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "exam/exam.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"

static const char stranger[] = "its exam is not one that this academy published";

static enum err published_from(struct db *db, int64_t *seq) {
    return audit_published_from(db, "exam.publications", "exams", seq);
}

/* An exam as it is kept. */
struct kept_exam {
    const char *exam_id, *version, *source, *items;
};

static struct audit_publication publication(struct arena *a, const struct kept_exam *k) {
    return (struct audit_publication){
        "exam.publish", k->version,
        arena_printf(a, "{\"exam\":\"%s\",\"source_sha256\":\"%s\",\"items_sha256\":\"%s\"}",
                     k->exam_id, sha256_hex(a, k->source, strlen(k->source)),
                     sha256_hex(a, k->items, strlen(k->items)))};
}

static struct kept_exam kept_of(struct arena *a, const struct exam_unit *u) {
    struct buf items;
    buf_init(&items, a);
    buf_putc(&items, '[');
    for (size_t i = 0; i < u->item_count; i++)
        buf_printf(&items, "%s[\"%s\",\"%s\",\"%s\"]", i ? "," : "", u->items[i].id,
                   u->items[i].version, u->items[i].domain);
    buf_putc(&items, ']');
    return (struct kept_exam){u->def.id, u->def.version, u->def.source, buf_text(&items)};
}

/* ---- Keeping --------------------------------------------------------------------------------- */

static enum err keep(struct db *db, const struct exam_unit *u, const struct kept_exam *k, int64_t n,
                     int64_t now_ms) {
    enum err e = OK;
    for (size_t i = 0; i < u->item_count && e == OK; i++)
        e = db_run(db, SQL_exam_item_add, "ttti", u->items[i].id, u->items[i].version,
                   u->items[i].source, now_ms);
    if (e != OK) return e;
    return db_run(db, SQL_exam_publication_add, "titttti", u->file, n, k->exam_id, k->version,
                  k->source, k->items, now_ms);
}

enum err exam_publish(struct db *db, struct arena *a, const struct exam_unit *u, int64_t now_ms) {
    const struct kept_exam k = kept_of(a, u);
    const struct audit_publication p = publication(a, &k);
    struct stmt *q;
    enum err e;
    int64_t n = 0;
    bool same = false;
    if (db_one(db, &q, &e, SQL_exam_publication_last, "t", u->file)) {
        n = stmt_int(q, 0);
        same = str_eq(stmt_text(q, 2, a), k.version) && str_eq(stmt_text(q, 4, a), k.items);
        e = stmt_end(q);
    } else if (e == ERR_NOT_FOUND) e = OK;
    if (e == OK && !same) e = keep(db, u, &k, n + 1, now_ms);
    return e == OK ? audit_publish(db, a, &p, now_ms) : e;
}

/* ---- Judging --------------------------------------------------------------------------------- */

enum err exam_unit_problem(struct db *db, struct arena *a, const struct exam_unit *u,
                           const char **problem) {
    int64_t from;
    bool named = true;
    if (!u->kept) return OK;
    enum err e = published_from(db, &from);
    if (e == OK && from) {
        const struct kept_exam k = kept_of(a, u);
        const struct audit_publication p = publication(a, &k);
        e = audit_published(db, a, &p, 0, &named);
    }
    if (e == OK && !named) *problem = stranger;
    return e;
}

/* Those of one version, or all. */
static enum err read_kept(struct db *db, struct arena *a, const char *version,
                          struct kept_exam **out, size_t *count) {
    struct stmt *q = version ? db_query(db, SQL_exam_publications_of, "t", version)
                             : db_query(db, SQL_exam_publications_all, "");
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[*count] = (struct kept_exam){stmt_text(q, 0, a), stmt_text(q, 1, a),
                                            stmt_text(q, 2, a), stmt_text(q, 3, a)};
    }
    return stmt_end(q);
}

/* Each that is kept under this version is named, and one of them before row `before_seq`. */
static enum err judge(struct db *db, struct arena *a, const char *version, int64_t before_seq,
                      const char **problem) {
    struct kept_exam *kept;
    size_t count;
    bool named = true, before = false;
    enum err e = read_kept(db, a, version, &kept, &count);
    for (size_t i = 0; e == OK && named && i < count; i++) {
        const struct audit_publication p = publication(a, &kept[i]);
        e = audit_published(db, a, &p, 0, &named);
        if (e == OK && named && !before) e = audit_published(db, a, &p, before_seq, &before);
    }
    if (e == OK && (!named || !before)) *problem = stranger;
    return e;
}

enum err exam_version_problem(struct db *db, struct arena *a, const char *version, int64_t seq,
                              const char **problem) {
    int64_t from;
    enum err e = published_from(db, &from);
    return e != OK || !from || seq <= from ? e : judge(db, a, version, seq, problem);
}

enum err exam_publication_problem(struct db *db, struct arena *a, const char *version,
                                  const char **problem) {
    int64_t from;
    enum err e = published_from(db, &from);
    return e != OK || !from ? e : judge(db, a, version, 0, problem);
}

/* ---- What older programs kept ---------------------------------------------------------------- */

/* What is not what its version says stays unnamed. */
static enum err take_up(struct db *db, struct arena *a, int64_t now_ms, size_t *count) {
    struct kept_exam *kept;
    enum err e = read_kept(db, a, NULL, &kept, count);
    for (size_t i = 0; e == OK && i < *count; i++) {
        const struct audit_publication p = publication(a, &kept[i]);
        if (str_eq(version_of(a, kept[i].source, strlen(kept[i].source)), kept[i].version))
            e = audit_publish(db, a, &p, now_ms);
        else
            log_say(LOG_ERROR, "exam_version", "version %s is not what it was when it was kept",
                    kept[i].version);
    }
    return e;
}

enum err exam_publications_begin(struct db *db, struct arena *a, void *unused, int64_t now_ms) {
    int64_t from;
    size_t count;
    (void)unused;
    enum err e = published_from(db, &from);
    if (e != OK || from) return e;
    e = take_up(db, a, now_ms, &count);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, "system", "exam.publications", "exams",
                        arena_printf(a, "{\"count\":%zu}", count));
}
