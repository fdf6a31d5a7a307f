/* The search's index: what a file gives to it, and the jobs that put it there. Private to content/.
 */
#ifndef GR_CONTENT_INDEX_JOB_H
#define GR_CONTENT_INDEX_JOB_H

#include "content/content_private.h"

/* What a file gives to the search. */
struct search_entry {
    const char *kind, *ref, *title, *lang; /* kind: module, term, programme, exam, lab */
    struct content_part *parts;
    size_t part_count;
};
/* In a job: takes out at most `most` of a file's sections; `*count` of them were there, fewer than
 * `most` when none is left. The file no longer counts as indexed. */
enum err search_drop(struct db *db, struct arena *a, struct words *w, const char *file, size_t most,
                     size_t *count);
/* In a job: adds the part `at` of a file of which the parts before it are there, and no other. */
enum err search_add(struct db *db, struct arena *a, struct words *w, const char *file,
                    const struct search_entry *entry, size_t at);
/* In a job: all parts are there; the file counts as indexed. */
enum err search_added(struct db *db, const char *file, const char *version);
enum err search_reset(struct db *db);

/* ---- Jobs: what a file gives to the search, in place of what it gave before ------------------ */
#define INDEX_UNITS 200       /* of work in one job: some 15 ms */
#define INDEX_UNIT_BYTES 2048 /* a section is a unit, and one more for so many bytes of text */
struct index_change {
    const char *file, *version;
    const struct search_entry *entry; /* NULL: the file gives nothing any more */
};
struct index_place {
    size_t change, part; /* the next of each */
    bool dropped;        /* nothing of the change's file is there from before */
};
struct index_job {
    struct words *words;
    const struct index_change *changes;
    size_t count;
    struct index_place begins, ends;
};
/* The write_fn of a job: from `begins` on, as far as RULE index-slices lets it. */
enum err index_run(struct db *db, struct arena *a, void *job, int64_t now_ms);
/* All of them, in as many jobs as it takes; false when one could not be written. */
bool index_changes(struct content *c, struct words *w, const struct index_change *changes,
                   size_t count);

#endif
