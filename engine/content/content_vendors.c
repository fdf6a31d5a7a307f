/* Names of real vendors: whole words, whatever their case. A word of the text is looked up by its
 * hash; only where a name begins with it the rest is compared, so the cost does not grow with the
 * list. Characters that nobody sees (a soft hyphen) part no name. Pure. */
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "content/content_private.h"

#define VENDOR_FILE_BYTES ((size_t)1024 * 1024)

struct vendor {
    const char *name; /* lower case */
    const char *shown;
    size_t len, first; /* first: bytes of its first word */
    struct vendor *next;
};
struct vendors {
    struct vendor **slots;
    size_t mask;
};

static bool word_char(unsigned char c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint64_t hash_word(const char *text, size_t len) {
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < len; i++) {
        const char c = ascii_lower(text[i]);
        hash = hash_more(hash, &c, 1);
    }
    return hash;
}

static size_t word_length(const char *text, size_t left) {
    size_t n = 0;
    while (n < left && word_char((unsigned char)text[n])) n++;
    return n;
}

static void add(struct vendors *v, struct arena *a, const char *line) {
    char *shown = str_trim(a, line);
    if (!*shown || *shown == '#') return;
    struct vendor *one = NEW(a, struct vendor);
    char *name = arena_dup(a, shown);
    for (char *p = name; *p; p++) *p = ascii_lower(*p);
    one->name = name;
    one->shown = shown;
    one->len = strlen(name);
    one->first = word_length(name, one->len);
    if (!one->first) return;
    struct vendor **slot = &v->slots[hash_word(name, one->first) & v->mask];
    one->next = *slot;
    *slot = one;
}

struct vendors *vendors_load(const char *root, struct arena *a) {
    size_t len = 0, lines = 1;
    char *text = file_read(a, arena_printf(a, "%s/content/vendors.txt", root), VENDOR_FILE_BYTES,
                           &len);
    if (!text) return NULL;
    for (size_t i = 0; i < len; i++) lines += text[i] == '\n';
    struct vendors *v = NEW(a, struct vendors);
    size_t room = 256;
    while (room < lines * 4) room *= 2;
    v->mask = room - 1;
    v->slots = NEW_ARRAY(a, struct vendor *, room);
    char *save = NULL;
    for (char *line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save))
        add(v, a, line);
    return v;
}

static bool same(const char *text, const char *name, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (ascii_lower(text[i]) != name[i]) return false;
    return true;
}

/* The longest name that stands here, NULL = none. */
static const struct vendor *vendor_at(const struct vendors *v, const char *text, size_t left,
                                      size_t word) {
    const struct vendor *best = NULL;
    for (const struct vendor *one = v->slots[hash_word(text, word) & v->mask]; one;
         one = one->next) {
        if (one->first != word || one->len > left || (best && best->len >= one->len) ||
            !same(text, one->name, one->len))
            continue;
        if (one->len < left && word_char((unsigned char)text[one->len])) continue;
        best = one;
    }
    return best;
}

static void report(const char *file, const char *text, size_t at, const char *name,
                   struct diag_list *diags) {
    int line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at; i++)
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    diag_add(
        diags, SEVERITY_ERROR, file, line, (int)(at - start) + 1, "vendor",
        "“%s” is a real vendor or product: use an invented name (the list is content/vendors.txt)",
        name);
}

/* ---- Characters that nobody sees
 * --------------------------------------------------------------------------------- */

/* As Markdown knows them by name; what XML and Markdown write by number is read as a number. */
static const struct {
    const char *name;
    uint32_t code;
} entities[] = {{"shy", 0xad},   {"zwj", 0x200d},     {"zwnj", 0x200c},          {"lrm", 0x200e},
                {"rlm", 0x200f}, {"NoBreak", 0x2060}, {"ZeroWidthSpace", 0x200b}};

/* Default_Ignorable_Code_Point of Unicode 15, as far as it has no shape of its own. */
static bool invisible(uint32_t c) {
    return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
           (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe01ef);
}

/* "&shy;", "&#173;", "&#xAD;": the bytes of a reference to such a character, 0 = none. */
static size_t reference_length(const char *text, size_t left) {
    uint32_t code = 0;
    size_t n = 1, max = left < 20 ? left : 20;
    while (n < max && text[n] != ';') n++;
    if (n == max || n < 3) return 0;
    if (text[1] == '#') {
        bool hex = text[2] == 'x' || text[2] == 'X';
        for (size_t i = hex ? 3 : 2; i < n; i++) {
            int digit = hex_digit(text[i]), base = hex ? 16 : 10;
            if (digit < 0 || digit >= base || code > 0x10ffff) return 0;
            code = code * (uint32_t)base + (uint32_t)digit;
        }
    }
    for (size_t i = 0; i < COUNT_OF(entities); i++)
        if (strlen(entities[i].name) == n - 1 && memcmp(entities[i].name, text + 1, n - 1) == 0)
            code = entities[i].code;
    return invisible(code) ? n + 1 : 0;
}

/* Bytes of something invisible that begins here, 0 = nothing does. */
static size_t invisible_length(const char *text, size_t left) {
    const unsigned char *p = (const unsigned char *)text;
    if (*p == '&') return reference_length(text, left);
    if (*p < 0xc2) return 0;
    size_t n = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    if (n > left) return 0;
    uint32_t code = *p & (n == 2 ? 0x1f : n == 3 ? 0x0f : 0x07);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    return invisible(code) ? n : 0;
}

/* The text as a reader sees it, and where each of its bytes stood. */
struct seen {
    const char *text;
    const uint32_t *from; /* NULL: where they stand */
    size_t len;
};

/* False when there is nothing that a reader does not see: then the text itself will do. */
static bool read_seen(const char *text, size_t len, struct arena *a, struct seen *out) {
    size_t first = 0;
    while (first < len && !invisible_length(text + first, len - first)) first++;
    if (first == len) return false;
    char *kept = arena_alloc(a, len + 1);
    uint32_t *from = NEW_ARRAY(a, uint32_t, len + 1); /* documents have 2 MiB at most */
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        size_t skip = i < first ? 0 : invisible_length(text + i, len - i);
        i += skip;
        if (skip) continue;
        from[n] = (uint32_t)i;
        kept[n++] = text[i++];
    }
    *out = (struct seen){kept, from, n};
    return true;
}

void vendors_check(const struct vendors *v, const char *file, const char *text, size_t len,
                   struct diag_list *diags) {
    if (!v) return;
    struct seen seen;
    if (!read_seen(text, len, diags->arena, &seen)) seen = (struct seen){.text = text, .len = len};
    for (size_t at = 0; at < seen.len;) {
        size_t word = word_length(seen.text + at, seen.len - at);
        if (!word) {
            at++;
            continue;
        }
        const struct vendor *found = vendor_at(v, seen.text + at, seen.len - at, word);
        if (found) report(file, text, seen.from ? seen.from[at] : at, found->shown, diags);
        at += found ? found->len : word;
    }
}
