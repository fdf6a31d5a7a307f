/* What other rooms and pages need to know of scenarios: a version, titles, languages, lengths. */
#include "base/log.h"
#include "base/text.h"
#include "content/content.h"
#include "lab/lab_manager.h"
#include "labmodel/lab_pack.h"

enum err labs_version(struct labs *l, struct db *db, const char *version, struct arena *a,
                      const struct lab_version **out) {
    const char *bytes;
    size_t len;
    *out = registry_version(l->registry, a, version);
    if (*out) return OK;
    enum err e = lab_store_pack(db, a, version, &bytes, &len);
    /* What was kept under a version has it as its digest; else it was changed since. */
    if (!e && !str_eq(lab_pack_version(a, bytes, len), version)) e = ERR_IO;
    if (!e) e = registry_add(l->registry, bytes, len, a, out);
    if (e == ERR_IO) log_say(LOG_ERROR, "lab_pack", "version %s cannot be read any more", version);
    return e;
}

enum err lab_list(struct labs *l, struct arena *a, struct lab_about **out, size_t *count) {
    const struct lab_version **all;
    *count = l ? registry_all(l->registry, a, &all) : 0;
    *out = NEW_ARRAY(a, struct lab_about, *count);
    for (size_t i = 0; i < *count; i++) {
        const struct lab_scenario *s = &all[i]->scenario;
        int dialects = 1;
        for (int m = 0; m < s->stack.member_count; m++)
            dialects *= s->stack.members[m].dialect_count;
        (*out)[i] = (struct lab_about){s->id,        s->title,   s->summary,      s->level,
                                       s->programme, s->persona, (int)s->minutes, dialects};
    }
    return OK;
}

static void release_content(void *s) { content_release(s); }

const char *lab_lang(struct labs *l, struct arena *a, const char *lang, const char *programme) {
    struct content *content = l && l->app ? l->app->content : NULL;
    if (lang || !content) return lang ? lang : "en";
    const struct content_snapshot *s = content_hold(content);
    arena_defer(a, release_content, (void *)s); /* the arena may leave through its guard */
    return content_lang(s, NULL, programme);
}

const char *lab_title_lang(struct labs *l, struct arena *a, const char *lab_id) {
    const struct lab_version *h = l ? registry_current(l->registry, a, lab_id, NULL) : NULL;
    return h ? lab_lang(l, a, h->scenario.lang, h->scenario.programme) : NULL;
}

const char *lab_title(struct labs *l, struct arena *a, const char *lab_id) {
    const struct lab_version *h = l ? registry_current(l->registry, a, lab_id, NULL) : NULL;
    return h ? arena_dup(a, h->scenario.title) : NULL;
}

int lab_minutes(struct labs *l, const char *lab_id) {
    return l ? registry_minutes(l->registry, lab_id) : 0;
}
