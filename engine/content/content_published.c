/* Which versions of programmes this academy published: rows "content.publish" of the audit log. */
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "content/content_private.h"
#include "content/content_published.h"
#include "content/content_sql.h"

static enum err published_from(struct db *db, int64_t *seq) {
    return audit_published_from(db, "content.publications", "programmes", seq);
}

/* A programme as it is kept. */
struct kept_programme {
    const char *id, *version, *source;
};

static struct audit_publication publication(struct arena *a, const struct kept_programme *k) {
    return (struct audit_publication){
        "content.publish", k->version,
        arena_printf(a, "{\"programme\":\"%s\",\"source_sha256\":\"%s\"}", k->id,
                     sha256_hex(a, k->source, strlen(k->source)))};
}

enum err content_publish(struct db *db, struct arena *a, const char *programme_id,
                         const char *version, const char *source, int64_t now_ms) {
    const struct kept_programme k = {programme_id, version, source};
    const struct audit_publication p = publication(a, &k);
    return audit_publish(db, a, &p, now_ms);
}

/* Those of one version, or all. */
static enum err read_kept(struct db *db, struct arena *a, const char *version,
                          struct kept_programme **out, size_t *count) {
    struct stmt *q = version ? db_query(db, SQL_content_programmes_of_version, "t", version)
                             : db_query(db, SQL_content_programmes_kept, "");
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[*count] = (struct kept_programme){stmt_text(q, 0, a), stmt_text(q, 1, a),
                                                 stmt_text(q, 2, a)};
    }
    return stmt_end(q);
}

enum err content_publication_problem(struct db *db, struct arena *a, const char *version,
                                     const char **problem) {
    struct kept_programme *kept;
    size_t count;
    int64_t from;
    bool named = true;
    enum err e = published_from(db, &from);
    if (e != OK || !from) return e;
    e = read_kept(db, a, version, &kept, &count);
    for (size_t i = 0; e == OK && named && i < count; i++) {
        const struct audit_publication p = publication(a, &kept[i]);
        e = audit_published(db, a, &p, 0, &named);
    }
    if (e == OK && (!named || !count))
        *problem = "its programme is not one that this academy published";
    return e;
}

enum err content_programme_problem(struct db *db, struct arena *a, const struct content_snapshot *s,
                                   const char *programme_id, const char **problem) {
    const struct content_programme *p = content_programme(s, programme_id);
    const struct content_file *f = p ? snapshot_file(s, p->file) : NULL;
    return f && f->kept ? content_publication_problem(db, a, p->version, problem) : OK;
}

/* ---- What older programs kept ---------------------------------------------------------------- */

/* What is not what its version says stays unnamed. */
static enum err take_up(struct db *db, struct arena *a, int64_t now_ms, size_t *count) {
    struct kept_programme *kept;
    enum err e = read_kept(db, a, NULL, &kept, count);
    for (size_t i = 0; e == OK && i < *count; i++) {
        const struct kept_programme *k = &kept[i];
        if (str_eq(version_of(a, k->source, strlen(k->source)), k->version))
            e = content_publish(db, a, k->id, k->version, k->source, now_ms);
        else
            log_say(LOG_ERROR, "content_version", "version %s is not what it was when it was kept",
                    k->version);
    }
    return e;
}

enum err content_publications_begin(struct db *db, struct arena *a, void *unused, int64_t now_ms) {
    int64_t from;
    size_t count;
    (void)unused;
    enum err e = published_from(db, &from);
    if (e != OK || from) return e;
    e = take_up(db, a, now_ms, &count);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, "system", "content.publications", "programmes",
                        arena_printf(a, "{\"count\":%zu}", count));
}
