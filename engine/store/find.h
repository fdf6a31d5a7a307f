/* Prefix search: finds rows by the beginnings of the words that they hold, in a table (word, id)
 * with an index each way. Each call reads a bounded number of rows and returns a cursor for the
 * next one. Any thread, with a connection of its own; find_put in a job; find_fill waits for the
 * disk, so not on a thread of the HTTP pool. */
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
    int unfound; /* (most): the id and FIND_TEXTS texts of rows that have no words yet */
    int filled;  /* (id): marks the row as indexed */
};
#define FIND_TEXTS 3

/* In a job: replaces the words of `id` by those of `texts`. */
enum err find_put(struct db *db, struct arena *a, const struct find_table *table, const char *id,
                  const char *const texts[FIND_TEXTS]) MUST_USE;
/* Indexes the rows that have no words yet, a few hundred in a job: those that a migration could not
 * index. */
enum err find_fill(struct store *store, const struct find_table *table) MUST_USE;

/* A cursor for paging through a list (keyset pagination), as a browser sends it back: the list goes
 * on behind `key` and, among equal keys, behind `id` (which holds no blank). Two empty texts: from
 * the beginning. */
struct list_cursor {
    const char *key, *id;
};
struct list_cursor list_cursor_parse(struct arena *a, const char *after);
char *list_cursor_format(struct arena *a, const char *key, const char *id);

struct found {
    const char **ids; /* in the order of their words */
    size_t count;
    /* Pass it as `after` to go on; NULL: there are no more. It comes back from a browser, so it may
     * be any text then. */
    const char *next;
};
/* RULE find-all: each word that was typed begins a word of what is found. Up to `limit`, or fewer
 * with `next` when that took more than FIND_WORK rows. Nothing typed but blanks and signs finds
 * nothing. */
#define FIND_WORK 1000
enum err find_rows(struct db *db, struct arena *a, const struct find_table *table,
                   const char *typed, const char *after, size_t limit, struct found *out) MUST_USE;

#endif
