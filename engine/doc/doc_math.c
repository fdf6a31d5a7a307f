/* Formulas between dollar signs: hidden from the Markdown parser, and shown again. */
#include "doc/doc_math.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Characters that mean something to the Markdown parser, and the control characters that replace
 * them while it works; none of these is a blank or a line end. */
static const char meaning[] = "\\_*`[]<>&~!|-+#=.):@(";
static const char standing[] = "\x05\x06\x07\x08\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"
                               "\x1a\x1b\x1c\x1d\x1e";
_Static_assert(sizeof meaning == sizeof standing, "one for each");

struct hider {
    char *text;
    size_t len;
    size_t paragraph_end;
    size_t close; /* the next place where a formula in a line could end, once it was looked for */
    bool found;
};

static bool is_blank_line(const char *text, size_t at, size_t len) {
    while (at < len && (text[at] == ' ' || text[at] == '\t' || text[at] == '>')) at++;
    return at >= len || text[at] == '\n';
}

static size_t end_of_paragraph(const char *text, size_t at, size_t len) {
    while (at < len) {
        const char *nl = memchr(text + at, '\n', len - at);
        if (!nl) return len;
        at = (size_t)(nl - text) + 1;
        if (is_blank_line(text, at, len)) return at;
    }
    return len;
}

static bool may_open(const struct hider *h, size_t at) {
    char before = at ? h->text[at - 1] : '\n',
         behind = at + 1 < h->paragraph_end ? h->text[at + 1] : ' ';
    return (strchr(" \t\n([{\"'-|>*_~,:", before) || (unsigned char)before >= 0x80) &&
           !isspace((unsigned char)behind);
}

static bool may_close(const struct hider *h, size_t at) {
    char before = h->text[at - 1], behind = at + 1 < h->len ? h->text[at + 1] : '\n';
    return h->text[at] == '$' && !isspace((unsigned char)before) && before != '\\' &&
           before != '$' && behind != '$' && !isdigit((unsigned char)behind);
}

/* The next place where a formula could end. It is remembered, so that a paragraph with many dollar
 * signs is not searched for each of them. */
static size_t close_behind(struct hider *h, size_t at) {
    if (h->close <= at + 1) {
        h->close = at + 2;
        while (h->close < h->paragraph_end && !may_close(h, h->close)) h->close++;
    }
    return h->close;
}

/* Whether the line of `at` is one of a quote; the quote may lie in a list. */
static bool in_quote(const struct hider *h, size_t at) {
    while (at > 0 && h->text[at - 1] != '\n') at--;
    return h->text[at + strspn(h->text + at, " ")] == '>';
}

static void hide_between(struct hider *h, size_t from, size_t to) {
    bool start = false, quoted = memchr(h->text + from, '\n', to - from) && in_quote(h, from);
    for (size_t i = from; i < to; i++) {
        char c = h->text[i];
        if (c == '\n') start = true;
        else if (start && quoted && (c == ' ' || c == '>')) continue;
        else {
            const char *known = strchr(meaning, c);
            if (known) h->text[i] = standing[known - meaning];
            start = false;
        }
    }
    h->found = true;
}

static size_t take_block(struct hider *h, size_t at) {
    for (size_t end = at + 2; end + 1 < h->paragraph_end; end++) {
        if (h->text[end] != '$' || h->text[end + 1] != '$') continue;
        if (end == at + 2) return at + 4;
        memset(h->text + at, MATH_BLOCK_OPEN, 2);
        memset(h->text + end, MATH_BLOCK_CLOSE, 2);
        hide_between(h, at + 2, end);
        return end + 2;
    }
    return h->paragraph_end; /* no formula begins behind it in this paragraph */
}

static size_t take_line(struct hider *h, size_t at) {
    if (!may_open(h, at)) return at + 1;
    size_t end = close_behind(h, at);
    if (end >= h->paragraph_end) return at + 1;
    h->text[at] = MATH_OPEN;
    h->text[end] = MATH_CLOSE;
    hide_between(h, at + 1, end);
    return end + 1;
}

/* The place after a run of backticks, or after the code that it opens. */
static size_t skip_code(const struct hider *h, size_t at) {
    size_t run = 0;
    while (at + run < h->len && h->text[at + run] == '`') run++;
    for (size_t i = at + run; i < h->paragraph_end;) {
        size_t n = 0;
        while (i + n < h->paragraph_end && h->text[i + n] == '`') n++;
        if (n == run) return i + n;
        i += n ? n : 1;
    }
    return at + run;
}

static void hide_paragraph(struct hider *h, size_t at) {
    size_t codes = 0;
    h->close = 0;
    while (at < h->paragraph_end) {
        char c = h->text[at];
        if (c == '\\') at += 2;
        else if (c == '`' && codes++ < 1000) at = skip_code(h, at);
        else if (c == '$' && at + 1 < h->len && h->text[at + 1] == '$') at = take_block(h, at);
        else if (c == '$') at = take_line(h, at);
        else at++;
    }
}

/* A fence at the start of the line `at`, also in lists and quotes: its character, else 0. */
static char fence_at(const char *text, size_t at, size_t len) {
    while (at < len && text[at] && strchr(" \t>-*+", text[at])) at++;
    return len - at >= 3 && (strncmp(text + at, "```", 3) == 0 || strncmp(text + at, "~~~", 3) == 0)
               ? text[at]
               : 0;
}

static size_t behind_line(const char *text, size_t at, size_t len) {
    const char *nl = memchr(text + at, '\n', len - at);
    return nl ? (size_t)(nl - text) + 1 : len;
}

static size_t behind_fence(const char *text, size_t at, size_t len, char fence) {
    do at = behind_line(text, at, len);
    while (at < len && fence_at(text, at, len) != fence);
    return at < len ? behind_line(text, at, len) : len;
}

static bool holds_signs(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if ((text[i] > 0 && text[i] <= MATH_BLOCK_CLOSE) || (text[i] && strchr(standing, text[i])))
            return true;
    return false;
}

bool math_hide(char *text, size_t len) {
    if (!memchr(text, '$', len) || holds_signs(text, len)) return false;
    struct hider h = {.text = text, .len = len};
    for (size_t at = 0; at < len;) {
        char fence = fence_at(text, at, len);
        if (fence) at = behind_fence(text, at, len, fence);
        else if (is_blank_line(text, at, len)) at = behind_line(text, at, len);
        else {
            /* A fence ends a paragraph as a blank line does. */
            size_t end = end_of_paragraph(text, at, len);
            h.paragraph_end = behind_line(text, at, len);
            while (h.paragraph_end < end && !fence_at(text, h.paragraph_end, len))
                h.paragraph_end = behind_line(text, h.paragraph_end, len);
            hide_paragraph(&h, at);
            at = h.paragraph_end;
        }
    }
    return h.found;
}

void math_show(char *literal, bool signs) {
    for (; literal && *literal; literal++) {
        const char *stands = strchr(standing, *literal);
        if (stands) *literal = meaning[stands - standing];
        else if (signs && *literal > 0 && *literal <= MATH_BLOCK_CLOSE) *literal = '$';
    }
}
