/* Private to content/: what a search finds. */
#ifndef GR_CONTENT_CONTENT_SEARCH_H
#define GR_CONTENT_CONTENT_SEARCH_H

#include "content/content_private.h"

#define SEARCH_RESULTS 20 /* on a page */
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
    struct search_result *items; /* of this page */
    size_t count;
    size_t total;    /* on all pages */
    int page, pages; /* from 1; the last page when a later one was asked for */
    bool cut;        /* there are more than `total` */
    bool any_word;   /* nothing has all the words: these have some */
};
/* A page (from 1) of the results for what a person typed, the best first; arena. Pure but for the store. */
enum err content_search(struct db *db, struct arena *a, struct words *w, const char *query,
                        int page, struct search_results *out) MUST_USE;
/* The segmenter of this thread; NULL when ICU cannot. */
struct words *content_words(void);

#endif
