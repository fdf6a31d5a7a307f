/* Private to content/: facts of one person about one module, taken in in order of time. Pure. */
#ifndef GR_CONTENT_CONTENT_PROGRESS_H
#define GR_CONTENT_CONTENT_PROGRESS_H

#include "content/content.h"

struct progress_state {
    const struct content_module *module;
    bool *done;                     /* by section */
    char *answers;                  /* by checkpoint: 0 none, 1 wrong, 2 right */
    int64_t *done_ms, *answered_ms; /* the newest of each */
    int last_section, position_permille;
    bool has_section;
    int64_t last_ms, completed_ms;
};
void progress_begin(struct progress_state *s, const struct content_module *m, struct arena *a);
void progress_reading(struct progress_state *s, const char *section, int position_permille,
                      bool done, int64_t at_ms);
void progress_answer(struct progress_state *s, const char *checkpoint, bool right, int64_t at_ms);
void progress_completed(struct progress_state *s, int64_t at_ms);
bool progress_all_done(const struct progress_state *s);
/* RULE read-again: that all was read again can be recorded from a day after the module was
 * completed and last read. */
bool progress_may_read_again(const struct progress_state *s, int64_t now_ms);
struct content_module_progress progress_end(const struct progress_state *s);
/* The index of a section by its anchor, -1 when the module has none such. */
int progress_section(const struct content_module *m, const char *section);

/* All facts of a person about one module. */
struct given_answer {
    const char *checkpoint, *choice;
    bool right;
};
struct module_facts {
    struct progress_state state;
    struct given_answer *answers; /* in order of time */
    size_t answer_count;
};
enum err content_facts(struct db *db, struct arena *a, const char *person_id,
                       const struct content_module *m, struct module_facts *out) MUST_USE;
/* The last answer to this checkpoint, NULL = none. */
const struct given_answer *facts_answer(const struct module_facts *f, const char *checkpoint);

#endif
