/* Tags of records, and requests that hold only for one (RFC 9110, section 13). */
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "sandbox/api.h"

/* The last thing that was done to a record has a number in the event log; what changes without one
 * (a reference follows a merge) is seen by its values. */
static uint64_t state_of(struct api *x, const struct record *r) {
    int64_t seq = state_number(
        x->s,
        "SELECT seq FROM event WHERE record_id = $1 AND connector = $2 AND object = $3 AND kind IN "
        "('record.created', 'record.changed', 'record.merged') ORDER BY seq DESC LIMIT 1",
        "ttt", r->id, x->d->connector_id, x->object->id);
    uint64_t hash = hash_text(HASH_START, r->id);
    for (int i = 0; i < x->object->field_count; i++)
        hash = hash_text(hash, r->value[i] ? r->value[i] : "");
    return lab_hash64(x->s->seed, "tag", arena_printf(x->a, "%016llx", (unsigned long long)hash),
                      seq);
}

static const char *tag_of(struct api *x, const struct record *r) {
    return arena_printf(x->a, "\"%016llx\"", (unsigned long long)state_of(x, r));
}

void api_tag(struct api *x, const struct record *r) {
    if (x->d->etag) step_header(x->out, "ETag", tag_of(x, r));
}

/* Whether the header's list has the tag, or is "*". `weak`: also as W/"…". */
static bool names(const char *header, const char *tag, bool weak) {
    for (const char *p = header; *p;) {
        p += strspn(p, " ,");
        if (p[0] == '*' && (!p[1] || strchr(" ,", p[1]))) return true;
        bool is_weak = str_has_prefix(p, "W/");
        if (is_weak) p += 2;
        size_t len = strcspn(p, " ,");
        if (len == strlen(tag) && strncmp(p, tag, len) == 0 && (weak || !is_weak)) return true;
        p += len;
    }
    return false;
}

bool api_conditions(struct api *x, enum lab_operation operation, const char *id) {
    bool reads = operation == LAB_GET;
    struct record r;
    if (!x->d->etag || !record_get(x->s, x->object, id, &r, x->a)) return true;
    if (!reads && !x->if_match && x->d->etag == LAB_ETAG_REQUIRED)
        return api_problem(x, LAB_PROBLEM_UNCONDITIONAL, NULL, id, 0);
    if (x->if_match && !names(x->if_match, tag_of(x, &r), false))
        return api_problem(x, LAB_PROBLEM_CHANGED, NULL, id, 0);
    if (!x->if_none_match || !names(x->if_none_match, tag_of(x, &r), true)) return true;
    if (!reads) return api_problem(x, LAB_PROBLEM_CHANGED, NULL, id, 0);
    api_tag(x, &r);
    x->out->status = 304;
    x->out->type = "application/json";
    return false;
}
