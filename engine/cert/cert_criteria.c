/* What a credential says in words of a level: what it asks, and what was looked at. Pure. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert_private.h"

const char *cert_criteria_text(struct arena *a, const struct cert_level_status *s,
                               const char *body) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "Granted by an independent decision of %s on evidence of:\n", body);
    for (size_t i = 0; i < s->count; i++) {
        const struct cert_need *n = s->needs[i].need;
        buf_printf(&b, "\n- %s: %s", n->kind->name, n->title);
        if (n->dialects > 1) buf_printf(&b, ", in %d dialects", n->dialects);
    }
    return arena_dup(a, buf_text(&b));
}

const struct cert_evidence *cert_evidence_of(struct arena *a, const struct cert_level_status *s,
                                             const char *basis, size_t *count) {
    struct cert_evidence *list = NEW_ARRAY(a, struct cert_evidence, s->count + 2);
    size_t n = 0;
    int modules = 0, completed = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->needs[i].need->kind->training) continue;
        modules++;
        if (s->needs[i].state == CERT_MET) completed++;
    }
    if (modules)
        list[n++] = (struct cert_evidence){
            "modules", NULL, "Modules of the level",
            arena_printf(a, "%d of %d modules were completed.", completed, modules), false};
    if (str_eq(basis, "experience"))
        list[n++] = (struct cert_evidence){
            "experience", NULL, "Stated experience",
            "Experience was stated and accepted in place of modules.", false};
    for (size_t i = 0; i < s->count; i++) {
        const struct cert_need_status *status = &s->needs[i];
        const struct cert_need *need = status->need;
        if (need->kind->training || status->state != CERT_MET) continue;
        const char *day = time_iso_date(a, status->at_ms);
        list[n++] = (struct cert_evidence){
            need->kind->name, need->id, need->title,
            arena_printf(a, "Passed on %s%s.", day, need->kind->note), true};
    }
    *count = n;
    return list;
}
