/* Anchors of headings: unique in their document, and never an id that the page around it uses. */
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/codec.h"
#include "base/hash.h"
#include "base/text.h"
#include "doc/doc.h"

struct anchor_entry {
    const char *text;
    unsigned count; /* how often it was asked for */
};

/* Ids and beginnings of ids that pages use for themselves: a heading “Status” must not become the
 * live region. */
static const char *const reserved_ids[] = {
    "main", "status", "nav",  "search", "menu", "header", "footer",  "title",
    "toc",  "csrf",   "body", "dialog", "help", "notice", "problem", "shortcuts"};
static const char *const reserved_prefixes[] = {"term-", "fn-",    "fnref-",      "field-",
                                                "hint-", "error-", "checkpoint-", "page-"};

static bool is_reserved(const char *anchor) {
    for (size_t i = 0; i < COUNT_OF(reserved_ids); i++)
        if (str_eq(anchor, reserved_ids[i])) return true;
    for (size_t i = 0; i < COUNT_OF(reserved_prefixes); i++)
        if (str_has_prefix(anchor, reserved_prefixes[i])) return true;
    return false;
}

const char *doc_fragment(struct arena *a, const char *fragment) {
    fragment = percent_decode_leniently(a, fragment, strlen(fragment), false);
    if (!utf8_valid(fragment, strlen(fragment))) fragment = "";
    return is_reserved(fragment) ? arena_printf(a, "%s-section", fragment) : arena_dup(a, fragment);
}

void doc_anchors_init(struct doc_anchors *s, struct arena *a) {
    memset(s, 0, sizeof *s);
    s->arena = a;
}

static struct anchor_entry *find(struct doc_anchors *s, const char *text) {
    size_t i = hash_text(HASH_START, text) & (s->room - 1);
    while (s->entries[i].text && !str_eq(s->entries[i].text, text)) i = (i + 1) & (s->room - 1);
    return &s->entries[i];
}

static void make_room(struct doc_anchors *s) {
    if (s->room && s->count * 2 < s->room) return;
    struct anchor_entry *old = s->entries;
    size_t old_room = s->room;
    s->room = old_room ? old_room * 2 : 64;
    s->entries = NEW_ARRAY(s->arena, struct anchor_entry, s->room);
    for (size_t i = 0; i < old_room; i++)
        if (old[i].text) *find(s, old[i].text) = old[i];
}

/* Adds `text` to the set; false when it is in it already. */
static bool take(struct doc_anchors *s, const char *text) {
    make_room(s);
    struct anchor_entry *e = find(s, text);
    if (e->text) return false;
    e->text = text;
    s->count++;
    return true;
}

const char *doc_anchor(struct doc_anchors *s, const char *prefix, const char *heading) {
    const char *slug = slug_from(s->arena, heading);
    const char *base = arena_printf(s->arena, "%s%s", prefix, doc_fragment(s->arena, slug)),
               *id = base;
    if (take(s, id)) return id;
    /* The entry of the base counts on, so that a thousand equal headings do not need a million
     * comparisons. */
    do id = arena_printf(s->arena, "%s-%u", base, ++find(s, base)->count + 1);
    while (!take(s, id));
    return id;
}

/* As GitHub makes them: lower case, letters, digits, marks, hyphens and connectors stay, blanks
 * become hyphens, all else goes. */
static char *github_slug(struct arena *a, const char *heading) {
    size_t len = strlen(heading), n = 0;
    char *out = arena_alloc(a, len * 3 + 1); /* a lower case letter may be longer */
    for (size_t i = 0; i < len;) {
        UChar32 c;
        U8_NEXT(heading, i, len, c);
        if (c < 0) continue;
        bool stays = u_isalnum(c) || c == '-' ||
                     (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_PC_MASK | U_GC_NL_MASK)) != 0;
        if (c == ' ') c = '-';
        else if (!stays) continue;
        c = u_tolower(c);
        U8_APPEND_UNSAFE(out, n, c);
    }
    return out;
}

const char *doc_anchor_alias(struct doc_anchors *s, const char *prefix, const char *heading) {
    const char *base = arena_printf(s->arena, "%s%s", prefix, github_slug(s->arena, heading)),
               *id = base;
    if (!*base || take(s, id)) return *base ? id : NULL;
    do id = arena_printf(s->arena, "%s-%u", base, ++find(s, base)->count);
    while (!take(s, id));
    return id;
}

bool doc_anchor_free(const struct doc_anchors *s, const char *anchor) {
    if (!anchor || is_reserved(anchor)) return false;
    for (size_t i = s->room ? hash_text(HASH_START, anchor) & (s->room - 1) : 0;
         s->room && s->entries[i].text; i = (i + 1) & (s->room - 1))
        if (str_eq(s->entries[i].text, anchor)) return false;
    return true;
}
