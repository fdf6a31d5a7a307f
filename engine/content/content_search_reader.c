/* Whose search it is: which courses are the reader's own. */
#include "base/text.h"
#include "content/content_search.h"

static bool certifies(const struct content_programme *p) {
    for (size_t i = 0; i < p->level_count; i++)
        if (p->levels[i].open && p->levels[i].exam_count) return true;
    return false;
}

static bool touched(const struct content_snapshot *s, const struct content_progress *progress,
                    const struct content_programme *p) {
    for (size_t i = 0; i < progress->count; i++) {
        const struct content_module *m = content_module(s, progress->modules[i].module_id);
        if (m && str_eq(m->programme, p->id)) return true;
    }
    return false;
}

enum err search_reader_of(struct request *r, struct search_reader *out) {
    const struct content_snapshot *s = content_of(r);
    struct content_progress progress;
    *out = (struct search_reader){.snapshot = s};
    if (http_has_role(r, ROLE_INSTRUCTOR | ROLE_ASSESSOR | ROLE_ADMIN)) return OK;
    enum err e = content_progress(r->db, r->arena, s, r->who->person_id, &progress);
    if (e != OK) return e;
    const char **own = NEW_ARRAY(r->arena, const char *, s->programme_count + 1);
    for (size_t i = 0; i < s->programme_count; i++)
        if (touched(s, &progress, s->programmes[i])) own[out->own_count++] = s->programmes[i]->id;
    for (size_t i = 0, none = out->own_count; !none && i < s->programme_count; i++)
        if (certifies(s->programmes[i])) own[out->own_count++] = s->programmes[i]->id;
    out->own = own;
    return OK;
}

static bool is_own(const struct search_reader *reader, const char *programme) {
    for (size_t i = 0; i < reader->own_count; i++)
        if (str_eq(reader->own[i], programme)) return true;
    return false;
}

static bool asks_for(const struct content_programme *p, const char *kind, const char *ref) {
    for (size_t i = 0; i < p->level_count; i++) {
        const struct content_level *level = &p->levels[i];
        for (size_t k = 0; str_eq(kind, "exam") && k < level->exam_count; k++)
            if (str_eq(level->exams[k], ref)) return true;
        for (size_t k = 0; str_eq(kind, "lab") && k < level->lab_count; k++)
            if (str_eq(level->labs[k].id, ref)) return true;
    }
    return false;
}

bool search_is_foreign(const struct search_reader *reader, const char *kind, const char *ref) {
    if (!reader || reader->own_count == 0) return false;
    if (str_eq(kind, "programme") || str_eq(kind, "term")) return !is_own(reader, ref);
    if (str_eq(kind, "module")) {
        const struct content_module *m = content_module(reader->snapshot, ref);
        return m && !is_own(reader, m->programme);
    }
    bool asked = false;
    for (size_t i = 0; i < content_programme_count(reader->snapshot); i++) {
        const struct content_programme *p = content_programme_at(reader->snapshot, i);
        if (!asks_for(p, kind, ref)) continue;
        if (is_own(reader, p->id)) return false;
        asked = true;
    }
    return asked;
}
