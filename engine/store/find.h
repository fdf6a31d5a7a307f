/* Finding rows by the beginnings of words that they hold, in a table (word, id) with an index each
 * way. Each call reads a bounded number of its rows, however many there are, and says where the
 * next one goes on. Any thread, with a connection of its own; find_put in a job, and find_fill,
 * which waits for the disk, not on a thread of the HTTP pool. */
#ifndef GR_STORE_FIND_H
#define GR_STORE_FIND_H

#include "store/store.h"

/* Words of a text as they are kept and compared: folded (case, accents and points: NFD, toCasefold,
 * no nonspacing marks), cut at white space, and from each beginning of a word inside to the end of
 * that piece, so that "Ana-Luz" is found by "luz" as well as by "ana-l", and a piece of Thai, which
 * has no blanks, by any of its words (ICU). Each once. What is longer than FIND_WORD_BYTES is cut
 * off there. Arena. ERR_IO when ICU fails. */
#define FIND_WORD_BYTES 120
enum err find_words(struct arena *a, const char *const *texts, size_t text_count,
                    const char *const **words, size_t *count) MUST_USE;

/* The named queries of one such table. `from` and `to` bound a range of words: from <= word < to.
 */
struct find_table {
    int count;   /* (from, to, most): how many rows the range has, counted up to `most` */
    int range;   /* (to, word, id, most): the words and ids behind (word, id) and before `to`,
                            in order */
    int first;   /* (id, from, to): the first word of this id in the range, or NULL */
    int add;     /* (word, id) */
    int forget;  /* (id): all its words */
    int unfound; /* (most): the id and FIND_TEXTS texts of what has no words yet */
    int filled;  /* (id): it has them now */
};
#define FIND_TEXTS 3

/* In a job: these are the words of `id` from now on. */
enum err find_put(struct db *db, struct arena *a, const struct find_table *table, const char *id,
                  const char *const texts[FIND_TEXTS]) MUST_USE;
/* Gives words to what has none, a few hundred in a job: an academy of before has them made once. */
enum err find_fill(struct store *store, const struct find_table *table) MUST_USE;

/* Where a list goes on, as a browser brings it back: behind `key` and, of equal keys, behind `id`
 * (which holds no blank). Without: before everything. */
struct find_after {
    const char *key, *id;
};
struct find_after find_after_read(struct arena *a, const char *after);
char *find_after_text(struct arena *a, const char *key, const char *id);

struct found {
    const char **ids; /* in the order of their words */
    size_t count;
    const char *next; /* pass it as `after` to go on; NULL: there are no more. Any text may come
                         back from a browser. */
};
/* RULE find-all: each word that was typed begins a word of what is found. Up to `limit`, or fewer
 * with `next` when that took more than FIND_WORK rows. Nothing typed but blanks and signs finds
 * nothing. */
#define FIND_WORK 1000
enum err find_rows(struct db *db, struct arena *a, const struct find_table *table,
                   const char *typed, const char *after, size_t limit, struct found *out) MUST_USE;

#endif
