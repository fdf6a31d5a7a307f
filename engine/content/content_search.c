/* The search: what goes into the index, what a query finds. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "content/content_index_job.h"
#include "content/content_search.h"
#include "content/content_sql.h"

/* Rows that are looked at: a word that is everywhere must not cost seconds. */
#define FIND_CANDIDATES 500

/* ---- Parts of a document
 * ------------------------------------------------------------------------------- */

void content_parts(struct arena *a, cmark_node *from, cmark_node *until, bool questions,
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
            if (!questions && content_is_question(n)) continue;
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

/* ---- The index
 * -------------------------------------------------------------------------------------------- */

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

/* The FTS5 index is contentless: to delete a row, the same words have to be given again. */
enum err search_drop(struct db *db, struct arena *a, struct words *w, const char *file, size_t most,
                     size_t *count) {
    struct indexed_row *rows = NULL;
    *count = 0;
    struct stmt *q = db_query(db, SQL_content_sections_of_file, "ti", file, (int64_t)most);
    while (stmt_row(q)) {
        struct indexed_row *row = NEW(a, struct indexed_row);
        *row = (struct indexed_row){stmt_int(q, 0), stmt_text(q, 1, a), stmt_text(q, 2, a),
                                    stmt_text(q, 3, a), rows};
        rows = row;
        (*count)++;
    }
    enum err e = stmt_end(q);
    if (e == OK && rows && *count < most)
        e = spelling_drop(db, a, w, rows->title); /* once a file, as it was added */
    for (struct indexed_row *r = rows; e == OK && r; r = r->next) {
        e = db_run(db, SQL_content_search_drop, "ittt", r->n, words_of(w, a, r->title),
                   words_of(w, a, r->heading), words_of(w, a, r->text));
        if (e == OK) e = spelling_drop(db, a, w, r->heading);
        if (e == OK) e = db_run(db, SQL_content_section_drop, "i", r->n);
    }
    return e == OK ? db_run(db, SQL_content_indexed_drop, "t", file) : e;
}

enum err search_add(struct db *db, struct arena *a, struct words *w, const char *file,
                    const struct search_entry *entry, size_t at) {
    const struct content_part *part = &entry->parts[at];
    struct stmt *q;
    enum err e = at == 0 ? spelling_add(db, a, w, entry->title) : OK;
    if (e != OK) return e;
    if (!db_one(db, &q, &e, SQL_content_section_add, "tttttttt", file, entry->kind, entry->ref,
                entry->lang, part->anchor, entry->title, part->heading, part->text))
        return e;
    int64_t n = stmt_int(q, 0);
    e = stmt_end(q);
    if (e != OK) return e;
    e = db_run(db, SQL_content_search_add, "ittt", n, words_of(w, a, entry->title),
               words_of(w, a, part->heading), words_of(w, a, part->text));
    return e == OK ? spelling_add(db, a, w, part->heading) : e;
}

enum err search_added(struct db *db, const char *file, const char *version) {
    return db_run(db, SQL_content_indexed_put, "ttt", file, version, words_version());
}

enum err search_reset(struct db *db) {
    enum err e = db_run(db, SQL_content_search_clear, "");
    if (e == OK) e = db_run(db, SQL_content_sections_clear, "");
    if (e == OK) e = spelling_reset(db);
    return e == OK ? db_run(db, SQL_content_indexed_clear, "") : e;
}

/* ---- Finding -------------------------------------------------------------------------------- */

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

/* What is looked for where, the best first. The index keeps neither places of words nor texts (its
 * size), so that FTS5's bm25() cannot tell its rows apart: a title or heading counts for more than
 * a text, and whole words for more than beginnings; beyond that the order of the index holds, in
 * which the parts of a document follow each other. */
enum tier { TIER_TITLE, TIER_TITLE_BEGINNING, TIER_TEXT, TIER_BEGINNING, TIER_ANY };

struct hit_row {
    int64_t n;
    enum tier tier;
};
struct hit_rows {
    struct hit_row *rows;
    size_t count;
    bool cut; /* there were more */
};

static int by_row(const void *a, const void *b) {
    const struct hit_row *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    return (int)x->tier - (int)y->tier;
}

static int by_tier(const void *a, const void *b) {
    const struct hit_row *x = a, *y = b;
    if (x->tier != y->tier) return (int)x->tier - (int)y->tier;
    return x->n < y->n ? -1 : x->n > y->n;
}

/* Adds what this tier finds; a row that was found before keeps its better tier. */
static enum err find_rows(struct db *db, struct arena *a, const struct word_list *words,
                          enum tier tier, struct hit_rows *out) {
    const char *match = match_text(
        a, words, tier <= TIER_TITLE_BEGINNING ? "{title heading} : " : "",
        tier == TIER_ANY ? " OR " : " AND ", tier != TIER_TITLE && tier != TIER_TEXT);
    size_t before = out->count, kept = 0;
    struct stmt *q = db_query(db, SQL_content_search_find, "ti", match, (int64_t)FIND_CANDIDATES);
    while (stmt_row(q)) {
        out->rows = list_more(a, out->rows, out->count, sizeof *out->rows);
        out->rows[out->count++] = (struct hit_row){stmt_int(q, 0), tier};
    }
    enum err e = stmt_end(q);
    if (e != OK) return e;
    out->cut = out->cut || out->count - before == FIND_CANDIDATES;
    if (before == 0 || before == out->count) return OK; /* a query names a row once */
    qsort(out->rows, out->count, sizeof *out->rows, by_row);
    for (size_t i = 0; i < out->count; i++)
        if (kept == 0 || out->rows[kept - 1].n != out->rows[i].n) out->rows[kept++] = out->rows[i];
    out->count = kept;
    return OK;
}

/* Finds the same rows for the same words, whichever page of results is asked for. */
static enum err find_all(struct db *db, struct arena *a, const struct word_list *words,
                         struct hit_rows *rows) {
    enum err e = OK;
    bool unfinished = utf8_count(words->items[words->count - 1]) > 1;
    for (enum tier tier = TIER_TITLE; e == OK && tier <= TIER_TEXT && !rows->cut; tier++)
        if (tier != TIER_TITLE_BEGINNING || unfinished) e = find_rows(db, a, words, tier, rows);
    /* Beginnings of words cost most: they are looked for when whole words are not enough. */
    if (e == OK && rows->count < SEARCH_RESULTS && unfinished)
        e = find_rows(db, a, words, TIER_BEGINNING, rows);
    return e;
}

/* Replaces each word that nothing contains by the nearest word of a title. */
static enum err correct_words(struct db *db, struct arena *a, struct word_list *words,
                              bool *corrected) {
    enum err e = OK;
    for (size_t i = 0; e == OK && i < words->count; i++) {
        struct word_list one = {&words->items[i], 1};
        struct hit_rows known = {0};
        const char *nearest = NULL;
        e = find_rows(db, a, &one, i == words->count - 1 ? TIER_BEGINNING : TIER_TEXT, &known);
        if (e == OK && known.count == 0) e = spelling_nearest(db, a, words->items[i], &nearest);
        if (!nearest) continue;
        words->items[i] = nearest;
        *corrected = true;
    }
    return e;
}

static enum err find_somehow(struct db *db, struct arena *a, struct word_list *words,
                             struct hit_rows *rows, struct search_results *out) {
    enum err e = find_all(db, a, words, rows);
    if (e == OK && rows->count == 0) {
        struct word_list better = {NEW_ARRAY(a, const char *, words->count), words->count};
        memcpy(better.items, words->items, words->count * sizeof *words->items);
        e = correct_words(db, a, &better, &out->corrected);
        if (e == OK && out->corrected) e = find_all(db, a, &better, rows);
        out->corrected = rows->count > 0;
        if (out->corrected) *words = better; /* else some of the words, as they were typed */
    }
    if (e == OK && rows->count == 0 && words->count > 1) {
        out->any_word = true;
        e = find_rows(db, a, words, TIER_ANY, rows);
    }
    if (rows->count) qsort(rows->rows, rows->count, sizeof *rows->rows, by_tier);
    if (rows->count > FIND_CANDIDATES) {
        rows->count = FIND_CANDIDATES;
        rows->cut = true;
    }
    return e;
}

/* ---- The order
 * ---------------------------------------------------------------------------------------------- */

/* RULE title-first: what is called so comes before what has it in its name, this before what only
 * names it in a heading, and this before a mention in a text; of equal ones the earlier in the
 * index. RULE own-first: all of it in the reader's own courses comes before anything of others. */
enum rank { RANK_NAME, RANK_IN_NAME, RANK_NAME_BEGINNING, RANK_HEADING, RANK_TEXT };

struct place {
    int64_t n;
    const char *kind, *ref, *anchor, *heading, *lang;
    bool foreign;
    int rank;
};

static bool has_word(const struct word_list *words, const char *word, bool beginning) {
    for (size_t i = 0; i < words->count; i++)
        if (beginning ? str_has_prefix(words->items[i], word) : str_eq(words->items[i], word))
            return true;
    return false;
}

static int rank_of(struct words *w, struct arena *a, const char *name, enum tier tier,
                   const struct word_list *query) {
    if (tier > TIER_TITLE_BEGINNING) return RANK_TEXT + (int)tier - TIER_TEXT;
    struct word_list words = words_query(w, a, name);
    bool whole = true, begun = true;
    for (size_t i = 0; i < query->count; i++) {
        bool last = i == query->count - 1;
        whole = whole && has_word(&words, query->items[i], false);
        begun = begun && has_word(&words, query->items[i], last);
    }
    return whole && words.count == query->count ? RANK_NAME
           : whole                              ? RANK_IN_NAME
           : begun                              ? RANK_NAME_BEGINNING
                                                : RANK_HEADING;
}

static int by_rank(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->foreign != y->foreign) return x->foreign - y->foreign;
    if (x->rank != y->rank) return x->rank - y->rank;
    return x->n < y->n ? -1 : x->n > y->n;
}

static enum err read_place(struct db *db, struct arena *a, struct words *w,
                           const struct search_reader *reader, const struct word_list *query,
                           const struct hit_row *row, struct place *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_content_section_place, "i", row->n)) return e;
    *out = (struct place){.n = row->n,
                          .kind = stmt_text(q, 0, a),
                          .ref = stmt_text(q, 1, a),
                          .anchor = stmt_text(q, 2, a),
                          .heading = stmt_text(q, 3, a),
                          .lang = stmt_text(q, 5, a)};
    const char *name = str_eq(out->kind, "term") ? out->heading : stmt_text(q, 4, a);
    out->rank = rank_of(w, a, name, row->tier, query);
    out->foreign = search_is_foreign(reader, out->kind, out->ref);
    return stmt_end(q);
}

/* ---- Results -------------------------------------------------------------------------------- */

/* Sections of one thing stand together, the best first; further ones of it only name their
 * headings, when they are of the same text: a translation has other anchors. */
struct group {
    struct search_result result; /* no texts yet */
    int64_t n;                   /* its best section */
};
struct groups {
    struct group *list;
    size_t count;
    size_t *slots; /* open addressing: index + 1 */
    size_t room;
};

/* The group of such a section; a new one has no kind yet. */
static struct group *group_of(struct groups *g, const char *kind, const char *ref,
                              const char *heading) {
    bool term = str_eq(kind, "term"); /* each heading of a glossary is a thing of its own */
    uint64_t h = hash_text(hash_text(HASH_START, kind), ref);
    if (term) h = hash_text(h, heading);
    size_t at = h & (g->room - 1);
    for (; g->slots[at]; at = (at + 1) & (g->room - 1)) {
        struct group *one = &g->list[g->slots[at] - 1];
        if (str_eq(one->result.kind, kind) && str_eq(one->result.ref, ref) &&
            (!term || str_eq(one->result.heading, heading)))
            return one;
    }
    g->slots[at] = ++g->count;
    return &g->list[g->count - 1];
}

static void take_place(const struct place *p, struct groups *g) {
    struct group *one = group_of(g, p->kind, p->ref, p->heading);
    struct search_result *r = &one->result;
    if (!r->kind) {
        *r = (struct search_result){
            .kind = p->kind, .ref = p->ref, .anchor = p->anchor, .heading = p->heading};
        r->lang = p->lang;
        one->n = p->n;
    } else if (r->more_count < SEARCH_MORE && *p->heading && str_eq(r->lang, p->lang))
        r->more[r->more_count++] = (struct content_named){p->anchor, p->heading};
}

static enum err group_rows(struct db *db, struct arena *a, struct words *w,
                           const struct search_reader *reader, const struct word_list *query,
                           const struct hit_rows *rows, struct groups *g) {
    enum err e = OK;
    struct place *places = NEW_ARRAY(a, struct place, rows->count + 1);
    size_t count = 0;
    for (g->room = 64; g->room < rows->count * 2;) g->room *= 2;
    g->slots = NEW_ARRAY(a, size_t, g->room);
    g->list = NEW_ARRAY(a, struct group, rows->count + 1);
    for (size_t i = 0; e == OK && i < rows->count; i++) {
        e = read_place(db, a, w, reader, query, &rows->rows[i], &places[count]);
        if (e == OK) count++;
        else if (e == ERR_NOT_FOUND) e = OK; /* it has gone meanwhile */
    }
    if (count) qsort(places, count, sizeof *places, by_rank);
    for (size_t i = 0; e == OK && i < count; i++) take_place(&places[i], g);
    return e;
}

static enum err read_texts(struct db *db, struct arena *a, struct words *w,
                           const struct word_list *query, const struct group *one,
                           struct search_result *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_content_section, "i", one->n)) return e;
    *out = one->result;
    out->lang = stmt_text(q, 0, a);
    out->title = stmt_text(q, 1, a);
    out->excerpt = words_excerpt(w, a, stmt_text(q, 2, a), query, 220);
    return stmt_end(q);
}

enum err content_search(struct db *db, struct arena *a, struct words *w, const char *query,
                        const struct search_reader *reader, int page, struct search_results *out) {
    *out = (struct search_results){
        .items = NEW_ARRAY(a, struct search_result, SEARCH_RESULTS), .page = 1, .pages = 1};
    struct word_list words = words_query(w, a, query);
    if (words.count == 0) return OK;
    struct hit_rows rows = {0};
    struct groups groups = {0};
    enum err e = find_somehow(db, a, &words, &rows, out);
    if (e == OK) e = group_rows(db, a, w, reader, &words, &rows, &groups);
    if (e != OK) return e;
    out->cut = rows.cut;
    out->total = groups.count;
    if (out->total) out->pages = (int)((out->total + SEARCH_RESULTS - 1) / SEARCH_RESULTS);
    out->page = page < out->pages ? page : out->pages;
    for (size_t i = (size_t)(out->page - 1) * SEARCH_RESULTS;
         e == OK && i < groups.count && out->count < SEARCH_RESULTS; i++) {
        e = read_texts(db, a, w, &words, &groups.list[i], &out->items[out->count]);
        if (e == OK) out->count++;
        else if (e == ERR_NOT_FOUND) e = OK; /* it has gone meanwhile */
    }
    return e;
}

static pthread_key_t words_key;
static pthread_once_t words_once = PTHREAD_ONCE_INIT;

static void free_words(void *w) { words_free(w); }
static void make_key(void) {
    BUG_IF(pthread_key_create(&words_key, free_words) != 0); /* cannot fail: see arena.c */
}

struct words *content_words(void) {
    pthread_once(&words_once, make_key);
    struct words *own = pthread_getspecific(words_key);
    if (own) return own;
    own = words_new();
    (void)pthread_setspecific(words_key, own);
    return own;
}
