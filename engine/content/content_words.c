/* Words, as the search index knows them. ICU finds their bounds (Thai has no blanks), we fold what
 * readers do not type: case, Latin accents, Arabic and Hebrew points, tatweel, Arabic articles,
 * Thai words that only make nouns, English plurals. Pure, but for ICU's data. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/uversion.h>

#include "base/text.h"
#include "content/content_private.h"

#define QUERY_WORDS 12
#define WORD_UNITS 64 /* UTF-16 units of a word that are looked at */
#define TEXT_UNITS ((size_t)1024 * 1024)

struct words {
    UBreakIterator *breaks;
    const UNormalizer2 *nfkd;
};

struct words *words_new(void) {
    struct words *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    UErrorCode e = U_ZERO_ERROR;
    w->nfkd = unorm2_getNFKDInstance(&e);
    w->breaks = ubrk_open(UBRK_WORD, "en", NULL, 0, &e);
    if (U_SUCCESS(e)) return w;
    words_free(w);
    return NULL;
}

void words_free(struct words *w) {
    if (!w) return;
    if (w->breaks) ubrk_close(w->breaks);
    free(w);
}

const char *words_version(void) { return WORDS_VERSION "/" U_ICU_VERSION; }

/* ---- Folding
 * --------------------------------------------------------------------------------------------- */

static bool is_dropped(UChar c) {
    return (c >= 0x0300 && c <= 0x036f) || (c >= 0x0591 && c <= 0x05c7) ||
           (c >= 0x0610 && c <= 0x061a) || c == 0x0640 || (c >= 0x064b && c <= 0x065f) ||
           c == 0x0670 || (c >= 0x06d6 && c <= 0x06ed) || c == 0x200c || c == 0x200d || c == 0x00ad;
}

/* Letters that Unicode does not take apart, and spellings of one letter. */
static UChar plain_letter(UChar c) {
    static const struct {
        UChar from, to;
    } pairs[] = {{0x0142, 'l'},    {0x00f8, 'o'},    {0x0111, 'd'},
                 {0x0131, 'i'},    {0x0127, 'h'},    {0x0649, 0x064a},
                 {0x0629, 0x0647}, {0x06cc, 0x064a}, {0x06a9, 0x0643}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (pairs[i].from == c) return pairs[i].to;
    return c;
}

/* English plurals: the S-stemmer (D. Harman, How effective is suffixing?, JASIS 42(1), 1991). */
static size_t without_plural(char *word, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)word[i] >= 0x80) return n;
    if (n < 4 || word[n - 1] != 's') return n;
    char before = word[n - 2], third = word[n - 3];
    if (before == 'e' && third == 'i' && word[n - 4] != 'e' && word[n - 4] != 'a') {
        word[n - 3] = 'y';
        return n - 2;
    }
    if (before == 'e') return third == 'a' || third == 'e' || third == 'o' ? n : n - 1;
    return before == 'u' || before == 's' ? n : n - 1;
}

/* Arabic: the definite article and the one-letter words that are written together with it, after
 * the light stemmer “light10” (L. S. Larkey, L. Ballesteros, M. E. Connell, Light stemming for
 * Arabic information retrieval, 2007), which strips ال, وال, بال, كال, فال and لل; we also know و
 * and ف before بال, كال and لل. Unlike light10 we leave suffixes alone, and prefixes without an
 * article: they begin too many words of their own (وزير is no زير). Three letters stay at least
 * (light10: two), so that الله does not become له.
 *
 * Limits: nothing tells an article from a word that begins with the same letters. Therefore it is
 * taken away as often as it is there: التزام and الالتزام both become تزام, and find each other;
 * the same holds for إلكتروني, whose hamza many do not type. What would then meet another common
 * word is listed and kept whole. After ل the article hides in a word that begins with ل (للغة is
 * not found with لغة); words of two letters keep their article; and an unfinished word that shows
 * fewer than three letters after its article is looked for as it stands. */
#define ARABIC_KEPT 3
static const UChar *const arabic_articles[] = {u"وبال", u"فبال", u"وكال", u"فكال", u"ولل", u"فلل",
                                               u"وال",  u"فال",  u"بال",  u"كال",  u"لل",  u"ال"};
/* As they are when folded: parents and one's mother or father; games, colours, Germany, adults. */
static const UChar *const arabic_whole[] = {u"والدين",  u"والدان", u"والديه", u"والدته",
                                            u"والدها",  u"والدهم", u"العاب",  u"الوان",
                                            u"المانيا", u"بالغين", u"بالغون"};

static bool is_whole(const UChar *word, int32_t n) {
    for (size_t i = 0; i < COUNT_OF(arabic_whole); i++)
        if (u_strlen(arabic_whole[i]) == n && u_memcmp(arabic_whole[i], word, n) == 0) return true;
    return false;
}

/* How many units of the folded word are article: the first of those that fit. */
static int32_t article_units(const UChar *word, int32_t n) {
    if (n <= ARABIC_KEPT || word[0] < 0x0600 || word[0] > 0x06ff) return 0;
    for (size_t i = 0; i < COUNT_OF(arabic_articles); i++) {
        int32_t len = u_strlen(arabic_articles[i]);
        if (n >= len + ARABIC_KEPT && u_memcmp(word, arabic_articles[i], len) == 0)
            return is_whole(word, n) ? 0 : len;
    }
    return 0;
}

/* A word in ASCII letters and digits, the common case, needs no library. */
static size_t fold_ascii(const UChar *word, size_t n, char *out) {
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        UChar c = word[i];
        if (c >= 0x80) return SIZE_MAX;
        if (c >= 'A' && c <= 'Z') c = (UChar)(c + 32);
        out[used++] = ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) ? (char)c : ' ';
    }
    return used;
}

static size_t fold_any(struct words *w, const UChar *word, size_t n, char *out, size_t out_size) {
    UChar apart[WORD_UNITS * 4], kept[WORD_UNITS * 4], folded[WORD_UNITS * 8];
    UErrorCode e = U_ZERO_ERROR;
    int32_t len = unorm2_normalize(w->nfkd, word, (int32_t)n, apart, COUNT_OF(apart), &e);
    if (U_FAILURE(e)) return 0;
    int32_t m = 0;
    for (int32_t i = 0; i < len; i++)
        if (!is_dropped(apart[i])) kept[m++] = apart[i];
    len = u_strFoldCase(folded, COUNT_OF(folded), kept, m, U_FOLD_CASE_DEFAULT, &e);
    if (U_FAILURE(e)) return 0;
    for (int32_t i = 0; i < len; i++) {
        folded[i] = plain_letter(folded[i]);
        if (folded[i] < 0x80 &&
            !((folded[i] >= 'a' && folded[i] <= 'z') || (folded[i] >= '0' && folded[i] <= '9')))
            folded[i] = ' ';
    }
    const UChar *plain = folded;
    for (int32_t article; (article = article_units(plain, len)) > 0; len -= article)
        plain += article;
    int32_t bytes = 0;
    u_strToUTF8(out, (int32_t)out_size, &bytes, plain, len, &e);
    return U_FAILURE(e) ? 0 : (size_t)bytes;
}

/* The folded form; blanks in it separate words (“don’t”, “3.5”). */
static size_t fold(struct words *w, const UChar *word, size_t n, char *out, size_t out_size) {
    if (n > WORD_UNITS) n = WORD_UNITS;
    size_t used = fold_ascii(word, n, out);
    if (used == SIZE_MAX) used = fold_any(w, word, n, out, out_size);
    if (used && !memchr(out, ' ', used)) used = without_plural(out, used);
    return used;
}

/* ---- Segmenting
 * ------------------------------------------------------------------------------------------- */

struct span {
    int32_t from, to; /* UTF-16 */
    char word[WORD_UNITS * 12];
    size_t len;
};

static UChar *to_utf16(struct arena *a, const char *text, int32_t *len) {
    size_t bytes = strlen(text);
    if (bytes > TEXT_UNITS) bytes = TEXT_UNITS;
    UChar *out = NEW_ARRAY(a, UChar, bytes + 1);
    UErrorCode e = U_ZERO_ERROR;
    /* A cut in the middle of a character becomes U+FFFD. */
    u_strFromUTF8WithSub(out, (int32_t)bytes + 1, len, text, (int32_t)bytes, 0xfffd, NULL, &e);
    if (U_FAILURE(e)) *len = 0;
    return out;
}

static bool begin(struct words *w, const UChar *text, int32_t len) {
    UErrorCode e = U_ZERO_ERROR;
    ubrk_setText(w->breaks, text, len, &e);
    return U_SUCCESS(e) && ubrk_first(w->breaks) != UBRK_DONE;
}

/* Thai: การ and ความ before a word make a noun of it (ตลาด is a market, การตลาด marketing), and ICU
 * takes them apart. Nearly every heading has one of them, so that alone they would find everything.
 * Therefore they belong to the word that follows without a blank, which counts alone; what ICU's
 * dictionary knows as one word (การเมือง, politics) stays one. */
static bool makes_noun(const char *word, size_t len) {
    static const char *const makers[] = {"การ", "ความ"};
    for (size_t i = 0; i < COUNT_OF(makers); i++)
        if (strlen(makers[i]) == len && memcmp(word, makers[i], len) == 0) return true;
    return false;
}

/* Whether the next piece is a word, too; the place stays. */
static bool followed(struct words *w, int32_t at) {
    bool word = ubrk_next(w->breaks) != UBRK_DONE &&
                ubrk_getRuleStatus(w->breaks) >= UBRK_WORD_NUMBER;
    (void)ubrk_isBoundary(w->breaks, at);
    return word;
}

/* The next word (letters, digits, ideographs), false at the end. Its span begins with what makes a
 * noun of it. */
static bool next_word(struct words *w, const UChar *text, struct span *s) {
    for (int32_t noun = -1;;) {
        s->from = ubrk_current(w->breaks);
        s->to = ubrk_next(w->breaks);
        if (s->to == UBRK_DONE) return false;
        if (ubrk_getRuleStatus(w->breaks) < UBRK_WORD_NUMBER) continue;
        s->len = fold(w, text + s->from, (size_t)(s->to - s->from), s->word, sizeof s->word);
        if (!s->len) continue;
        if (noun < 0) noun = s->from;
        if (makes_noun(s->word, s->len) && followed(w, s->to)) continue;
        s->from = noun;
        return true;
    }
}

void words_index(struct words *w, const char *text, struct buf *out) {
    struct arena a;
    arena_init(&a, TEXT_UNITS * 3);
    int32_t len = 0;
    if (ARENA_GUARD(&a) != 0) {
        arena_release(&a);
        arena_fail(out->arena);
    }
    UChar *units = to_utf16(&a, text, &len);
    a.guarded = false;
    struct span s;
    if (begin(w, units, len))
        while (next_word(w, units, &s)) {
            char *room = buf_reserve(out, s.len + 1);
            memcpy(room, s.word, s.len);
            room[s.len] = ' ';
            buf_advance(out, s.len + 1);
        }
    arena_release(&a);
}

/* Removes the Thai noun makers from a query when there are other words: “การ ตลาด”. */
static void drop_makers(struct word_list *list) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!makes_noun(list->items[i], strlen(list->items[i])))
            list->items[kept++] = list->items[i];
    if (kept) list->count = kept;
}

struct word_list words_query(struct words *w, struct arena *a, const char *query) {
    struct word_list list = {NEW_ARRAY(a, const char *, QUERY_WORDS), 0};
    struct buf all;
    buf_init(&all, a);
    words_index(w, query, &all);
    char *save = NULL;
    for (char *word = strtok_r(arena_dup(a, buf_text(&all)), " ", &save);
         word && list.count < QUERY_WORDS; word = strtok_r(NULL, " ", &save)) {
        bool known = false;
        for (size_t i = 0; i < list.count; i++) known = known || str_eq(list.items[i], word);
        if (!known) list.items[list.count++] = word;
    }
    drop_makers(&list);
    return list;
}

/* ---- Excerpts
 * ---------------------------------------------------------------------------------------------- */

/* Which word of the query this is, or -1; the last one may be unfinished. */
static int query_index(const struct word_list *q, const struct span *s) {
    for (size_t i = 0; i < q->count; i++) {
        size_t n = strlen(q->items[i]);
        bool last = i == q->count - 1;
        if ((s->len == n || (last && s->len > n)) && memcmp(s->word, q->items[i], n) == 0)
            return (int)i;
    }
    return -1;
}

struct hit {
    int32_t from, to;
    int word;
};
#define HITS 400

/* The hit at which the window with the most different words begins. */
static size_t densest(const struct hit *hits, size_t count, int32_t width) {
    size_t best = 0;
    int best_score = -1;
    for (size_t i = 0; i < count; i++) {
        unsigned seen = 0;
        int score = 0;
        for (size_t j = i; j < count && hits[j].to - hits[i].from <= width; j++) {
            score += seen & 1u << hits[j].word ? 1 : 10;
            seen |= 1u << hits[j].word;
        }
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    return best;
}

static void add_units(struct buf *out, struct arena *a, const UChar *text, int32_t from,
                      int32_t to) {
    if (to <= from) return;
    int32_t bytes = 0;
    char *utf8 = arena_alloc(a, (size_t)(to - from) * 3 + 1);
    UErrorCode e = U_ZERO_ERROR;
    u_strToUTF8WithSub(utf8, (to - from) * 3 + 1, &bytes, text + from, to - from, 0xfffd, NULL, &e);
    if (U_FAILURE(e)) return;
    for (int32_t i = 0; i < bytes; i++)
        if (utf8[i] == '\n') utf8[i] = ' ';
    buf_html(out, utf8, (size_t)bytes);
}

const char *words_excerpt(struct words *w, struct arena *a, const char *text,
                          const struct word_list *query, size_t width) {
    int32_t len = 0, wide = (int32_t)width;
    const UChar *units = to_utf16(a, text, &len);
    struct hit *hits = NEW_ARRAY(a, struct hit, HITS);
    size_t count = 0;
    struct span s;
    if (begin(w, units, len))
        while (count < HITS && next_word(w, units, &s)) {
            int word = query_index(query, &s);
            if (word >= 0) hits[count++] = (struct hit){s.from, s.to, word};
        }
    size_t first = count ? densest(hits, count, wide * 3 / 4) : 0;
    int32_t from = count ? hits[first].from - wide / 4 : 0;
    if (from < 0) from = 0;
    int32_t to = from + wide < len ? from + wide : len;
    if (begin(w, units, len)) { /* whole words at both ends */
        if (from > 0) from = ubrk_following(w->breaks, from - 1);
        if (to < len) to = ubrk_preceding(w->breaks, to + 1);
    }
    if (from < 0 || to < from) from = 0, to = len < wide ? len : wide;
    struct buf out;
    buf_init(&out, a);
    if (from > 0) buf_puts(&out, "… ");
    int32_t at = from;
    for (size_t i = 0; i < count; i++) {
        if (hits[i].from < at || hits[i].to > to) continue;
        add_units(&out, a, units, at, hits[i].from);
        buf_puts(&out, "<mark>");
        add_units(&out, a, units, hits[i].from, hits[i].to);
        buf_puts(&out, "</mark>");
        at = hits[i].to;
    }
    add_units(&out, a, units, at, to);
    if (to < len) buf_puts(&out, " …");
    return buf_text(&out);
}
