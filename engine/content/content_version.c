/* Versions: what each document said is kept under the version that it had, for as long as there are
 * records of it. */
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content_private.h"
#include "content/content_sql.h"

const char *file_id(const struct content_file *f) {
    return f->module      ? f->module->id
           : f->programme ? f->programme->id
           : f->glossary  ? f->glossary->id
                          : f->self->id;
}

enum err content_version_add(struct db *db, int64_t now_ms, const char *kind, const char *id,
                             const char *version, const char *lang, const char *file,
                             const char *source) {
    return db_run(db, SQL_content_version_add, "tttttti", kind, id, version, lang, file, source,
                  now_ms);
}

enum err content_version_source(struct db *db, struct arena *a, const char *kind, const char *id,
                                const char *version, const char **source) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_content_version_source, "ttt", kind, id, version)) return e;
    *source = stmt_text(q, 0, a);
    e = stmt_end(q);
    return e == OK && !str_eq(version_of(a, *source, strlen(*source)), version) ? ERR_IO : e;
}

/* One version is one text, in whichever language it was said to be. */
static const char *stored_source(struct db *db, struct arena *a, const struct content_file *f) {
    const char *source = NULL;
    if (!db || content_version_source(db, a, content_kind_name(f->kind), file_id(f), f->version,
                                      &source) != OK)
        return NULL;
    return source;
}

bool content_document(struct content *c, struct db *db, const struct content_file *f,
                      struct arena *a, struct doc *out) {
    struct diag_list diags;
    diag_init(&diags, a);
    if (!f->broken && doc_load(out, c->root, f->path, a, &diags) == OK &&
        str_eq(out->version, f->version))
        return true;
    const char *source = f->source ? f->source : stored_source(db, a, f);
    return source && doc_parse(out, f->path, source, strlen(source), a, &diags) == OK;
}
