/* The search: what goes into the index, what a query finds. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_search.h"

#define FIND_CANDIDATES                                                                            \
    1000 /* rows that are ranked: a word that is everywhere must not cost seconds */
#define FIND_ROWS 80

/* ---- Parts of a document ------------------------------------------------------------------------------- */

void content_parts(struct arena *a, cmark_node *from, cmark_node *until, bool task_lists,
                   struct content_part **parts, size_t *count) {
    struct doc_anchors anchors;
    doc_anchors_init(&anchors, a);
    size_t headings = 0;
    for (cmark_node *n = from; n && n != until; n = cmark_node_next(n))
        headings += cmark_node_get_type(n) == CMARK_NODE_HEADING;
    *parts = NEW_ARRAY(a, struct content_part, headings + 1);
    *count = 1;
    (*parts)[0] = (struct content_part){"", "", ""};
    struct buf text;
    buf_init(&text, a);
    for (cmark_node *n = from; n && n != until; n = cmark_node_next(n)) {
        if (cmark_node_get_type(n) != CMARK_NODE_HEADING) {
            if (!task_lists && doc_is_task_list(n)) continue;
            buf_puts(&text, doc_text(a, n));
            buf_putc(&text, '\n');
            continue;
        }
        (*parts)[*count - 1].text = arena_dup(a, buf_text(&text));
        const char *heading = doc_text(a, n);
        (*parts)[(*count)++] = (struct content_part){doc_anchor(&anchors, "", heading), heading,
                                                     ""};
        buf_init(&text, a);
    }
    (*parts)[*count - 1].text = buf_text(&text);
}

/* ---- The index -------------------------------------------------------------------------------------------- */

static const char *words_of(struct words *w, struct arena *a, const char *text) {
    struct buf out;
    buf_init(&out, a);
    words_index(w, text, &out);
    return buf_text(&out);
}

struct indexed_row {
    int64_t n;
    const char *title, *heading, *text;
    struct indexed_row *next;
};

/* The index keeps no texts: to take a row out of it, it must hear the same words again. */
enum err search_drop(struct db *db, struct arena *a, struct words *w, const char *file) {
    struct indexed_row *rows = NULL;
    struct stmt *q = db_query(db, SQL_content_sections_of_file, "t", file);
    while (stmt_row(q)) {
        struct indexed_row *row = NEW(a, struct indexed_row);
        *row = (struct indexed_row){stmt_int(q, 0), stmt_text(q, 1, a), stmt_text(q, 2, a),
                                    stmt_text(q, 3, a), rows};
        rows = row;
    }
    enum err e = stmt_end(q);
    for (struct indexed_row *r = rows; e == OK && r; r = r->next)
        e = db_run(db, SQL_content_search_drop, "ittt", r->n, words_of(w, a, r->title),
                   words_of(w, a, r->heading), words_of(w, a, r->text));
    if (e == OK) e = db_run(db, SQL_content_sections_drop, "t", file);
    return e == OK ? db_run(db, SQL_content_indexed_drop, "t", file) : e;
}

static enum err add_part(struct db *db, struct arena *a, struct words *w, const char *file,
                         const struct search_entry *entry, const struct content_part *part) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_content_section_add, "tttttttt", file, entry->kind, entry->ref,
                entry->lang, part->anchor, entry->title, part->heading, part->text))
        return e;
    int64_t n = stmt_int(q, 0);
    e = stmt_end(q);
    if (e != OK) return e;
    return db_run(db, SQL_content_search_add, "ittt", n, words_of(w, a, entry->title),
                  words_of(w, a, part->heading), words_of(w, a, part->text));
}

enum err search_reset(struct db *db) {
    enum err e = db_run(db, SQL_content_search_clear, "");
    if (e == OK) e = db_run(db, SQL_content_sections_clear, "");
    return e == OK ? db_run(db, SQL_content_indexed_clear, "") : e;
}

enum err search_put(struct db *db, struct arena *a, struct words *w, const char *file,
                    const char *version, const struct search_entry *entry) {
    enum err e = search_drop(db, a, w, file);
    for (size_t i = 0; e == OK && i < entry->part_count; i++)
        e = add_part(db, a, w, file, entry, &entry->parts[i]);
    return e == OK ? db_run(db, SQL_content_indexed_put, "ttt", file, version, words_version()) : e;
}

/* ---- Finding ------------------------------------------------------------------------------------------------ */

/* "one" AND "two" *, with what joins them. Words hold neither quotes nor blanks. */
static const char *match_text(struct arena *a, const struct word_list *q, const char *columns,
                              const char *between, bool unfinished) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "%s(", columns);
    for (size_t i = 0; i < q->count; i++)
        buf_printf(&b, "%s\"%s\"%s", i ? between : "", q->items[i],
                   unfinished && i == q->count - 1 ? " *" : "");
    buf_putc(&b, ')');
    return buf_text(&b);
}

struct hit_row {
    int64_t n, score;
};

static bool has_row(const struct hit_row *rows, size_t count, int64_t n) {
    for (size_t i = 0; i < count; i++)
        if (rows[i].n == n) return true;
    return false;
}

static enum err find_rows(struct db *db, const char *match, struct hit_row *rows, size_t *count) {
    struct stmt *q = db_query(db, SQL_content_search_find, "tii", match, (int64_t)FIND_CANDIDATES,
                              (int64_t)FIND_ROWS);
    while (stmt_row(q)) {
        struct hit_row row = {stmt_int(q, 0), stmt_int(q, 1)};
        if (*count < 2 * FIND_ROWS && !has_row(rows, *count, row.n)) rows[(*count)++] = row;
    }
    return stmt_end(q);
}

static int by_score(const void *a, const void *b) {
    const struct hit_row *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

/* Sections of one module stand together, the best first; further ones of it only name their headings. */
static struct search_result *result_of(struct search_results *out, const char *kind,
                                       const char *ref, const char *heading) {
    for (size_t i = 0; i < out->count; i++) {
        struct search_result *r = &out->items[i];
        bool same = str_eq(r->kind, kind) && str_eq(r->ref, ref) &&
                    (!str_eq(kind, "term") || str_eq(r->heading, heading));
        if (same) return r;
    }
    return NULL;
}

static enum err take_row(struct db *db, struct arena *a, struct words *w,
                         const struct word_list *query, int64_t n, struct search_results *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_content_section, "i", n)) return e == ERR_NOT_FOUND ? OK : e;
    const char *kind = stmt_text(q, 0, a), *ref = stmt_text(q, 1, a), *anchor = stmt_text(q, 3, a),
               *heading = stmt_text(q, 5, a);
    struct search_result *r = result_of(out, kind, ref, heading);
    if (r) {
        if (r->more_count < SEARCH_MORE && *heading)
            r->more[r->more_count++] = (struct content_named){anchor, heading};
        return stmt_end(q);
    }
    if (out->count == SEARCH_RESULTS) {
        out->cut = true;
        return stmt_end(q);
    }
    r = &out->items[out->count++];
    *r = (struct search_result){.kind = kind,
                                .ref = ref,
                                .lang = stmt_text(q, 2, a),
                                .anchor = anchor,
                                .title = stmt_text(q, 4, a),
                                .heading = heading};
    const char *text = stmt_text(q, 6, a);
    r->excerpt = words_excerpt(w, a, text, query, 220);
    return stmt_end(q);
}

enum err content_search(struct db *db, struct arena *a, struct words *w, const char *query,
                        struct search_results *out) {
    *out = (struct search_results){.items = NEW_ARRAY(a, struct search_result, SEARCH_RESULTS)};
    struct word_list words = words_query(w, a, query);
    if (words.count == 0) return OK;
    struct hit_row rows[2 * FIND_ROWS];
    size_t count = 0;
    /* What a title or heading says counts for more than its place in the index. Beginnings of words cost most: they are
     * looked for when whole words are not enough. */
    bool prefix = utf8_count(words.items[words.count - 1]) > 1;
    enum err e = find_rows(db, match_text(a, &words, "{title heading} : ", " AND ", false), rows,
                           &count);
    if (e == OK && count < SEARCH_RESULTS)
        e = find_rows(db, match_text(a, &words, "", " AND ", false), rows, &count);
    if (e == OK && count < SEARCH_RESULTS && prefix)
        e = find_rows(db, match_text(a, &words, "", " AND ", true), rows, &count);
    if (e == OK && count == 0 && words.count > 1) {
        out->any_word = true;
        e = find_rows(db, match_text(a, &words, "", " OR ", true), rows, &count);
    }
    qsort(rows, count, sizeof *rows, by_score);
    for (size_t i = 0; e == OK && i < count; i++) e = take_row(db, a, w, &words, rows[i].n, out);
    return e;
}

static pthread_key_t words_key;
static pthread_once_t words_once = PTHREAD_ONCE_INIT;

static void free_words(void *w) { words_free(w); }
static void make_key(void) { BUG_IF(pthread_key_create(&words_key, free_words) != 0); }

struct words *content_words(void) {
    pthread_once(&words_once, make_key);
    struct words *own = pthread_getspecific(words_key);
    if (own) return own;
    own = words_new();
    (void)pthread_setspecific(words_key, own);
    return own;
}
