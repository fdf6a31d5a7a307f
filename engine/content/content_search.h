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
    bool corrected;  /* nothing has the words as they were typed; these have similar words */
};
/* Who searches. Results of other programmes than these come last; when there are none of these, all
 * programmes are equal. */
struct search_reader {
    const struct content_snapshot *snapshot;
    const char *const *own; /* programmes */
    size_t own_count;
};
/* RULE own-courses: those of which the person has touched a module; of whoever has touched none,
 * those that certify; of who teaches, assesses or administers, all. Arena. */
enum err search_reader_of(struct request *r, struct search_reader *out) MUST_USE;
/* Whether this thing belongs to another programme only; what no programme names is everybody's. */
bool search_is_foreign(const struct search_reader *reader, const char *kind, const char *ref);

/* content_spelling.c: the words of titles, headings and terms, as words_index gives them. In jobs,
 * but for the last. */
enum err spelling_add(struct db *db, struct arena *a, struct words *w, const char *text) MUST_USE;
enum err spelling_drop(struct db *db, struct arena *a, struct words *w, const char *text) MUST_USE;
enum err spelling_reset(struct db *db) MUST_USE;
/* The known word that is nearest to `word` within what RULE spelling allows; NULL when there is
 * none. Arena. */
enum err spelling_nearest(struct db *db, struct arena *a, const char *word,
                          const char **out) MUST_USE;
/* How many letters of a word of so many may be wrong. */
int spelling_allows(size_t letters);
/* How many letters are wrong; SIZE_MAX when either is too long, or holds digits. */
size_t spelling_distance(const char *a, const char *b);
/* A page (from 1) of the results for what a person typed, the best first; arena. Pure but for the
 * store. */
enum err content_search(struct db *db, struct arena *a, struct words *w, const char *query,
                        const struct search_reader *reader, int page,
                        struct search_results *out) MUST_USE;
/* The segmenter of this thread; NULL when ICU cannot. */
struct words *content_words(void);

#endif
