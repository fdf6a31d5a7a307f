/* Answers to practice questions as the demo academy's people gave them. */
#include "content/content_private.h"

enum err content_demo_answer(struct db *db, struct arena *a, int64_t at_ms,
                             const struct content_snapshot *s, const char *person_id,
                             const struct content_module *m, int number, bool right) {
    const struct content_file *f = snapshot_module(s, m->id);
    const struct rendered *article = f ? content_rendered(s, f, db, a) : NULL;
    if (!article || number < 1 || (size_t)number > article->checkpoint_count) return ERR_NOT_FOUND;
    const struct rendered_checkpoint *c = &article->checkpoints[number - 1];
    struct buf choice;
    buf_init(&choice, a);
    for (size_t i = 0; i < c->option_count; i++) {
        bool take = right ? c->options[i].right : !c->options[i].right && choice.len == 0;
        if (take) buf_printf(&choice, "%s%zu", choice.len ? "," : "", i + 1);
    }
    return content_record_answer(db, a, at_ms, person_id, m, number, buf_text(&choice), right);
}
