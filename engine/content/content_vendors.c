/* Names of real vendors: whole words, whatever their case. A word of the text is looked up by its hash; only where a name
 * begins with it the rest is compared, so the cost does not grow with the list. Pure. */
#include <string.h>

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
static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

static size_t hash_word(const char *text, size_t len) {
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < len; i++) h = (h ^ lower((unsigned char)text[i])) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
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
    for (char *p = name; *p; p++) *p = (char)lower((unsigned char)*p);
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
        if (lower((unsigned char)text[i]) != (unsigned char)name[i]) return false;
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

void vendors_check(const struct vendors *v, const char *file, const char *text, size_t len,
                   struct diag_list *diags) {
    for (size_t at = 0; v && at < len;) {
        size_t word = word_length(text + at, len - at);
        if (!word) {
            at++;
            continue;
        }
        const struct vendor *found = vendor_at(v, text + at, len - at, word);
        if (found) report(file, text, at, found->shown, diags);
        at += found ? found->len : word;
    }
}
