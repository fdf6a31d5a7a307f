/* See find.h. */
#include "store/find.h"

#include <string.h>

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/text.h"

#define TYPED_WORDS 6 /* further ones are ignored */
#define COUNTED 1000  /* rows are counted up to this, to find the rarest word */
#define AT_ONCE 100
#define FILL_AT_ONCE 300

/* ---- Words ---------------------------------------------------------------------------------- */

/* Folded UTF-16, in the arena. NULL: `*e` says why. Text that is no UTF-8 gives no units. */
static UChar *fold(struct arena *a, const char *text, int32_t *len, enum err *e) {
    size_t bytes = strlen(text),
           room = bytes * 4 + 8; /* no character folds to more: UAX 15, table 7 */
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);
    UChar *one = arena_alloc(a, room * 2 * sizeof *one), *other = one + room;
    int32_t n = 0;
    u_strFromUTF8(one, (int32_t)room, &n, text, (int32_t)bytes, &status);
    if (status == U_INVALID_CHAR_FOUND) n = 0, status = U_ZERO_ERROR;
    n = unorm2_normalize(nfd, one, n, other, (int32_t)room, &status);
    n = u_strFoldCase(one, (int32_t)room, other, n, U_FOLD_CASE_DEFAULT, &status);
    n = unorm2_normalize(nfd, one, n, other, (int32_t)room, &status);
    if (U_FAILURE(status)) {
        if (status == U_MEMORY_ALLOCATION_ERROR) arena_starve(a);
        *e = ERR_IO;
        return NULL;
    }
    *len = 0;
    for (int32_t i = 0, next = 0; i < n; i = next) {
        UChar32 c;
        U16_NEXT(other, next, n, c);
        if (u_charType(c) == U_NON_SPACING_MARK) continue;
        while (i < next) one[(*len)++] = other[i++];
    }
    return one;
}

static bool is_sign(UChar32 c) {
    return (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) == 0;
}

struct words {
    struct arena *arena;
    const char **list;
    size_t count;
};

static const char *to_utf8(struct arena *a, const UChar *units, int32_t n, enum err *e) {
    char out[FIND_WORD_BYTES + 1];
    UErrorCode status = U_ZERO_ERROR;
    int32_t len = 0;
    /* Each unit is a byte at least. */
    if (n > FIND_WORD_BYTES) n = FIND_WORD_BYTES;
    for (;; status = U_ZERO_ERROR) {
        while (n > 0 && U16_IS_LEAD(units[n - 1])) n--;
        u_strToUTF8(out, FIND_WORD_BYTES, &len, units, n, &status);
        if (status != U_BUFFER_OVERFLOW_ERROR) break;
        n -= (len - FIND_WORD_BYTES + 2) / 3;
    }
    if (U_FAILURE(status)) *e = ERR_IO;
    return U_FAILURE(status) ? NULL : arena_copy(a, out, (size_t)len);
}

static void add(struct words *w, const UChar *units, int32_t n, enum err *e) {
    const char *word = to_utf8(w->arena, units, n, e);
    for (size_t i = 0; word && i < w->count; i++)
        if (str_eq(w->list[i], word)) return;
    if (!word) return;
    w->list = list_more(w->arena, w->list, w->count, sizeof *w->list);
    w->list[w->count++] = word;
}

/* The end of the piece at `at`: the next white space. */
static int32_t piece_end(const UChar *units, int32_t n, int32_t at) {
    int32_t next = at;
    for (UChar32 c; at < n; at = next) {
        U16_NEXT(units, next, n, c);
        if (u_isUWhiteSpace(c)) break;
    }
    return at;
}

/* Adds each beginning of a word: behind white space and signs, and where ICU finds a boundary. */
static void cut(struct words *w, UBreakIterator *breaks, const UChar *units, int32_t n,
                enum err *e) {
    UErrorCode status = U_ZERO_ERROR;
    ubrk_setText(breaks, units, n, &status);
    if (U_FAILURE(status)) {
        if (status == U_MEMORY_ALLOCATION_ERROR) arena_starve(w->arena);
        *e = ERR_IO;
        return;
    }
    bool after_sign = true;
    for (int32_t i = 0, next = 0; *e == OK && i < n; i = next) {
        UChar32 c;
        U16_NEXT(units, next, n, c);
        if (!is_sign(c) && (after_sign || ubrk_isBoundary(breaks, i)))
            add(w, units + i, piece_end(units, n, i) - i, e);
        after_sign = is_sign(c);
    }
}

static void close_breaks(void *breaks) { ubrk_close(breaks); }

enum err find_words(struct arena *a, const char *const *texts, size_t text_count,
                    const char *const **words, size_t *count) {
    struct words w = {.arena = a};
    UErrorCode status = U_ZERO_ERROR;
    UBreakIterator *breaks = ubrk_open(UBRK_WORD, "en", NULL, 0, &status);
    if (status == U_MEMORY_ALLOCATION_ERROR) arena_starve(a);
    enum err e = U_FAILURE(status) ? ERR_IO : OK;
    arena_defer(a, close_breaks, breaks);
    for (size_t i = 0; e == OK && i < text_count; i++) {
        int32_t n = 0;
        UChar *units = texts[i] ? fold(a, texts[i], &n, &e) : NULL;
        if (units) cut(&w, breaks, units, n, &e);
    }
    *words = w.list;
    *count = w.count;
    return e;
}

enum err find_put(struct db *db, struct arena *a, const struct find_table *table, const char *id,
                  const char *const texts[FIND_TEXTS]) {
    const char *const *words;
    size_t count;
    enum err e = find_words(a, texts, FIND_TEXTS, &words, &count);
    if (e == OK) e = db_run(db, table->forget, "t", id);
    for (size_t i = 0; e == OK && i < count; i++) e = db_run(db, table->add, "tt", words[i], id);
    return e;
}

struct fill {
    const struct find_table *table;
    size_t read;
};

static enum err fill_some(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct fill *f = arg;
    struct {
        const char *id, *texts[FIND_TEXTS];
    } rows[FILL_AT_ONCE];
    (void)now_ms;
    struct stmt *q = db_query(db, f->table->unfound, "i", (int64_t)FILL_AT_ONCE);
    for (f->read = 0; f->read < FILL_AT_ONCE && stmt_row(q); f->read++) {
        rows[f->read].id = stmt_text(q, 0, a);
        for (int i = 0; i < FIND_TEXTS; i++) rows[f->read].texts[i] = stmt_text(q, i + 1, a);
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && i < f->read; i++) {
        e = find_put(db, a, f->table, rows[i].id, rows[i].texts);
        if (e == OK) e = db_run(db, f->table->filled, "t", rows[i].id);
    }
    return e;
}

enum err find_fill(struct store *store, const struct find_table *table) {
    struct fill f = {.table = table, .read = FILL_AT_ONCE};
    enum err e = OK;
    while (e == OK && f.read == FILL_AT_ONCE) {
        struct arena a;
        arena_init(&a, (size_t)64 * 1024 * 1024);
        e = store_write(store, fill_some, &f, &a);
        arena_release(&a);
    }
    return e;
}

/* ---- Cursors -------------------------------------------------------------------- */

char *list_cursor_format(struct arena *a, const char *key, const char *id) {
    return arena_printf(a, "%s %s", key, id);
}

struct list_cursor list_cursor_parse(struct arena *a, const char *after) {
    const char *blank = after ? strrchr(after, ' ') : NULL;
    if (!blank) return (struct list_cursor){"", ""};
    return (struct list_cursor){arena_copy(a, after, (size_t)(blank - after)), blank + 1};
}

/* ---- Rows ------------------------------------------------------------------------------------ */

struct range {
    const char *from, *to;
    int64_t rows; /* up to COUNTED */
};

/* What was typed, a range for each piece. Signs before a word are passed over, as they are in
 * find_words. */
static enum err read_typed(struct arena *a, const char *typed, struct range *ranges,
                           size_t *count) {
    enum err e = OK;
    int32_t n = 0;
    const UChar *units = fold(a, typed, &n, &e);
    *count = 0;
    for (int32_t at = 0, end; units && e == OK && at < n && *count < TYPED_WORDS; at = end) {
        end = piece_end(units, n, at);
        while (at < end) {
            UChar32 c;
            int32_t next = at;
            U16_NEXT(units, next, n, c);
            if (!is_sign(c)) break;
            at = next;
        }
        if (at < end) {
            const char *word = to_utf8(a, units + at, end - at, &e);
            /* An upper bound of all words that begin with it: no word holds U+10FFFF, which is no
             * character. */
            if (e == OK)
                ranges[(*count)++] = (struct range){
                    .from = word, .to = arena_printf(a, "%s\xf4\x8f\xbf\xbf", word)};
        } else if (end < n) end++; /* skips white space, each of which is one unit */
    }
    return e;
}

static enum err count_rows(struct db *db, const struct find_table *t, struct range *r) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, t->count, "tti", r->from, r->to, (int64_t)COUNTED)) return e;
    r->rows = stmt_int(q, 0);
    return stmt_end(q);
}

/* Puts the range with the fewest rows first: its rows are read, the others are checked for each. */
static enum err rarest_first(struct db *db, const struct find_table *t, struct range *ranges,
                             size_t count) {
    enum err e = OK;
    for (size_t i = 0; e == OK && count > 1 && i < count; i++) {
        e = count_rows(db, t, &ranges[i]);
        if (i == 0 || ranges[i].rows >= ranges[0].rows) continue;
        struct range rarer = ranges[i];
        ranges[i] = ranges[0];
        ranges[0] = rarer;
    }
    return e;
}

static enum err first_word(struct db *db, struct arena *a, const struct find_table *t,
                           const char *id, const struct range *r, const char **word) {
    struct stmt *q;
    enum err e;
    *word = NULL;
    if (!db_one(db, &q, &e, t->first, "ttt", id, r->from, r->to)) return e;
    *word = stmt_text(q, 0, a);
    return stmt_end(q);
}

/* Takes a row only at its first word in the range, so that one with two such words is found once.
 */
static enum err fits(struct db *db, struct arena *a, const struct find_table *t,
                     const struct range *ranges, size_t count, const struct list_cursor *row,
                     bool *yes) {
    const char *word;
    enum err e = first_word(db, a, t, row->id, &ranges[0], &word);
    *yes = e == OK && str_eq(word, row->key);
    for (size_t i = 1; e == OK && *yes && i < count; i++) {
        e = first_word(db, a, t, row->id, &ranges[i], &word);
        *yes = word != NULL;
    }
    return e;
}

static enum err read_rows(struct db *db, struct arena *a, const struct find_table *t,
                          const struct range *r, const struct list_cursor *after,
                          struct list_cursor *rows, size_t *count) {
    /* A cursor from a browser may lie before the range. */
    bool inside = strcmp(after->key, r->from) >= 0;
    struct stmt *q = db_query(db, t->range, "ttti", r->to, inside ? after->key : r->from,
                              inside ? after->id : "", (int64_t)AT_ONCE);
    for (*count = 0; *count < AT_ONCE && stmt_row(q); (*count)++)
        rows[*count] = (struct list_cursor){stmt_text(q, 0, a), stmt_text(q, 1, a)};
    return stmt_end(q);
}

enum err find_rows(struct db *db, struct arena *a, const struct find_table *table,
                   const char *typed, const char *after, size_t limit, struct found *out) {
    struct range ranges[TYPED_WORDS];
    struct list_cursor at = list_cursor_parse(a, after),
                       *rows = NEW_ARRAY(a, struct list_cursor, AT_ONCE);
    size_t words, count = AT_ONCE, i = 0;
    *out = (struct found){.ids = NEW_ARRAY(a, const char *, limit)};
    enum err e = read_typed(a, typed, ranges, &words);
    if (e == OK) e = rarest_first(db, table, ranges, words);
    for (int work = 0;
         e == OK && words && count == AT_ONCE && out->count < limit && work < FIND_WORK;
         work += AT_ONCE) {
        e = read_rows(db, a, table, &ranges[0], &at, rows, &count);
        for (i = 0; e == OK && i < count && out->count < limit; i++) {
            bool yes;
            at = rows[i];
            e = fits(db, a, table, ranges, words, &rows[i], &yes);
            if (e == OK && yes) out->ids[out->count++] = at.id;
        }
    }
    /* After exactly AT_ONCE rows there may be none left: then the next page is empty (one case of
     * 250). */
    if (e == OK && words && (count == AT_ONCE || i < count))
        out->next = list_cursor_format(a, at.key, at.id);
    return e;
}
