/* What is put into the search's index or taken out of it, a little in each job. On the indexer's
 * thread, but for index_run, which is the writer's. */
#include <string.h>

#include "base/text.h"
#include "content/content_index_job.h"
#include "content/content_search.h"

#define SLICE_BYTES ((size_t)64 * 1024 * 1024)

/* RULE index-slices: a job of the index does at most INDEX_UNITS units of work and the section it
 * has begun, so that nobody's save waits for a long text; the next job goes on where it ended. A
 * file's sections are found one job after the other; it counts as indexed with the last of them, so
 * a file that was interrupted is begun anew. */
static void pay(size_t *left, size_t units) { *left -= units < *left ? units : *left; }

enum err index_run(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct index_job *j = arg;
    struct index_place at = j->begins;
    size_t left = INDEX_UNITS;
    enum err e = OK;
    (void)now_ms;
    while (e == OK && at.change < j->count && left > 0) {
        const struct index_change *change = &j->changes[at.change];
        const struct search_entry *entry = change->entry;
        if (!at.dropped) {
            size_t sections = 0;
            e = search_drop(db, a, j->words, change->file, left, &sections);
            at.dropped = sections < left;
            pay(&left, sections + 1);
        } else if (entry && at.part < entry->part_count) {
            const struct content_part *part = &entry->parts[at.part];
            e = search_add(db, a, j->words, change->file, entry, at.part);
            pay(&left, 1 + strlen(part->text) / INDEX_UNIT_BYTES);
            at.part++;
        } else {
            if (entry) e = search_added(db, change->file, change->version);
            at = (struct index_place){.change = at.change + 1};
        }
    }
    j->ends = at; /* counts once the job is on the disk: until then it may be taken back */
    return e;
}

bool index_changes(struct content *c, struct words *w, const struct index_change *changes,
                   size_t count) {
    struct index_job j = {.words = w, .changes = changes, .count = count};
    bool ok = true;
    while (ok && j.begins.change < count) {
        struct arena a;
        arena_init(&a, SLICE_BYTES);
        volatile bool written = false;
        if (ARENA_GUARD(&a) == 0) written = indexer_write(c, index_run, &j, &a);
        arena_release(&a);
        ok = written;
        j.begins = j.ends;
    }
    return ok;
}
