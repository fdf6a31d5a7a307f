/* Words with wrong letters. Two words that are at most two letters apart have a piece in common:
 * what is left when up to two letters are taken from the beginning of each (W. Garbe, SymSpell,
 * 2012). The index keeps the pieces of the words of titles, headings and terms; a query's word
 * looks its own pieces up and takes the word that is nearest. */
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"
#include "content/content_search.h"
#include "content/content_sql.h"

#define SPELL_PREFIX 7   /* letters whose pieces are kept */
#define SPELL_LETTERS 32 /* longer words are not corrected */
#define SPELL_PIECES 29  /* 1 + 7 + 21: of seven letters with up to two taken away */
#define SPELL_WORDS 64   /* of a piece that are looked at */

/* RULE spelling: a word of four or five letters may have one wrong, a longer one two, a shorter one
 * none. A letter that is missing, too many, another one, or changed places with its neighbour is
 * one wrong letter. */
int spelling_allows(size_t letters) {
    return letters < 4 || letters > SPELL_LETTERS ? 0 : letters < 6 ? 1 : 2;
}

struct letters {
    uint32_t at[SPELL_LETTERS];
    size_t count; /* 0: too many, or not of letters alone */
};

static uint32_t letter_at(const char *p, size_t n) {
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)*p & masks[n];
    for (size_t i = 1; i < n; i++) c = c << 6 | ((unsigned char)p[i] & 0x3f);
    return c;
}

static struct letters letters_of(const char *word) {
    struct letters out = {.count = 0};
    for (size_t n, left = strlen(word); left; word += n, left -= n) {
        n = utf8_length_at(word, left);
        if (n == 0 || n > 4 || out.count == SPELL_LETTERS || (*word >= '0' && *word <= '9'))
            return (struct letters){.count = 0};
        out.at[out.count++] = letter_at(word, n);
    }
    return out;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment (Damerau 1964, without a second change of what was transposed). */
static size_t distance(const struct letters *a, const struct letters *b) {
    size_t d[3][SPELL_LETTERS + 1];
    for (size_t j = 0; j <= b->count; j++) d[0][j] = j;
    for (size_t i = 1; i <= a->count; i++) {
        size_t *now = d[i % 3], *last = d[(i + 2) % 3], *before = d[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b->count; j++) {
            bool same = a->at[i - 1] == b->at[j - 1];
            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + !same);
            if (i > 1 && j > 1 && a->at[i - 1] == b->at[j - 2] && a->at[i - 2] == b->at[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return d[a->count % 3][b->count];
}

size_t spelling_distance(const char *a, const char *b) {
    struct letters x = letters_of(a), y = letters_of(b);
    return x.count && y.count ? distance(&x, &y) : SIZE_MAX;
}

/* ---- Pieces --------------------------------------------------------------------------------- */

struct pieces {
    const char *list[SPELL_PIECES];
    size_t count;
};

/* The piece without the letters at `skip` and `other` (the same: one; `count`: none). */
static void add_piece(struct pieces *p, struct arena *a, const struct letters *l, size_t count,
                      size_t skip, size_t other) {
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < count; i++)
        if (i != skip && i != other) buf_character(&b, l->at[i]);
    const char *piece = buf_text(&b);
    for (size_t i = 0; i < p->count; i++)
        if (str_eq(p->list[i], piece)) return;
    p->list[p->count++] = piece;
}

static struct pieces pieces_of(struct arena *a, const struct letters *l) {
    struct pieces p = {.count = 0};
    size_t count = least(l->count, SPELL_PREFIX);
    int allowed = spelling_allows(l->count);
    if (allowed == 0) return p;
    add_piece(&p, a, l, count, count, count);
    for (size_t i = 0; i < count; i++) add_piece(&p, a, l, count, i, i);
    for (size_t i = 0; allowed > 1 && i < count; i++)
        for (size_t k = i + 1; k < count; k++) add_piece(&p, a, l, count, i, k);
    return p;
}

/* ---- The index ------------------------------------------------------------------------------ */

static enum err change_uses(struct db *db, struct arena *a, const char *word, bool more) {
    struct letters letters = letters_of(word);
    struct pieces pieces = pieces_of(a, &letters);
    struct stmt *q;
    enum err e;
    if (pieces.count == 0) return OK;
    if (!db_one(db, &q, &e, more ? SQL_content_word_add : SQL_content_word_drop, "t", word))
        return e == ERR_NOT_FOUND ? OK : e;
    int64_t uses = stmt_int(q, 0);
    e = stmt_end(q);
    if (e != OK || uses != (more ? 1 : 0)) return e;
    for (size_t i = 0; e == OK && i < pieces.count; i++)
        e = db_run(db, more ? SQL_content_piece_add : SQL_content_piece_drop, "tt", pieces.list[i],
                   word);
    return e == OK && !more ? db_run(db, SQL_content_word_gone, "t", word) : e;
}

static enum err change_words(struct db *db, struct arena *a, struct words *w, const char *text,
                             bool more) {
    struct buf b;
    enum err e = OK;
    char *save = NULL;
    buf_init(&b, a);
    words_index(w, text, &b);
    for (char *word = strtok_r(arena_dup(a, buf_text(&b)), " ", &save); e == OK && word;
         word = strtok_r(NULL, " ", &save))
        e = change_uses(db, a, word, more);
    return e;
}

enum err spelling_add(struct db *db, struct arena *a, struct words *w, const char *text) {
    return change_words(db, a, w, text, true);
}

enum err spelling_drop(struct db *db, struct arena *a, struct words *w, const char *text) {
    return change_words(db, a, w, text, false);
}

enum err spelling_reset(struct db *db) {
    enum err e = db_run(db, SQL_content_pieces_clear, "");
    return e == OK ? db_run(db, SQL_content_words_clear, "") : e;
}

/* ---- The nearest word
 * -------------------------------------------------------------------------------------------- */

struct nearest {
    const struct letters *wanted;
    size_t allowed, distance;
    int64_t uses;
    const char *word; /* NULL: none yet */
};

/* The nearest; among equals the one that is used most, then the first of the alphabet. */
static void consider(struct nearest *n, const char *word, int64_t uses) {
    struct letters letters = letters_of(word);
    size_t d = letters.count ? distance(n->wanted, &letters) : SIZE_MAX;
    if (d > n->allowed) return;
    if (n->word &&
        (d > n->distance ||
         (d == n->distance && (uses < n->uses || (uses == n->uses && strcmp(word, n->word) >= 0)))))
        return;
    n->distance = d;
    n->uses = uses;
    n->word = word;
}

enum err spelling_nearest(struct db *db, struct arena *a, const char *word, const char **out) {
    struct letters letters = letters_of(word);
    struct pieces pieces = pieces_of(a, &letters);
    struct nearest n = {.wanted = &letters, .allowed = (size_t)spelling_allows(letters.count)};
    enum err e = OK;
    for (size_t i = 0; e == OK && i < pieces.count; i++) {
        struct stmt *q = db_query(db, SQL_content_piece_words, "ti", pieces.list[i],
                                  (int64_t)SPELL_WORDS);
        while (stmt_row(q)) consider(&n, stmt_text(q, 0, a), stmt_int(q, 1));
        e = stmt_end(q);
    }
    *out = n.word;
    return e;
}
