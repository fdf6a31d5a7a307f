/* Private to content/: what a search finds. */
#ifndef GR_CONTENT_CONTENT_SEARCH_H
#define GR_CONTENT_CONTENT_SEARCH_H

#include "content/content_private.h"

#define SEARCH_RESULTS 20
#define SEARCH_MORE 3

struct search_result {
    const char *kind; /* "module", "term", "programme", "exam", "lab" */
    const char *ref;  /* id of the module, programme, exam or lab; of a term: of its programme */
    const char *lang, *anchor, *title, *heading;
    const char *excerpt;                    /* html */
    struct content_named more[SEARCH_MORE]; /* further sections of the same module */
    size_t more_count;
};
struct search_results {
    struct search_result *items;
    size_t count;
    bool cut;      /* there are more */
    bool any_word; /* nothing has all the words: these have some */
};
/* The best results for what a person typed; arena. Pure but for the store. */
enum err content_search(struct db *db, struct arena *a, struct words *w, const char *query,
                        struct search_results *out) MUST_USE;
/* The segmenter of this thread; NULL when ICU cannot. */
struct words *content_words(void);

#endif
