/* Inside of a view: what the renderer reads. Other rooms build views through page.h only. */
#ifndef GR_PAGE_VIEW_H
#define GR_PAGE_VIEW_H

#include "page/page.h"

enum view_type { VIEW_OBJECT, VIEW_LIST, VIEW_TEXT, VIEW_HTML, VIEW_INT, VIEW_BOOL };

struct view_member {
    uint32_t hash;
    const char *name;
    struct view *value; /* NULL: said to be absent, by view_text(…, NULL) */
};

struct view {
    struct arena *arena;
    enum view_type type;
    bool personal, fixed, borrowed; /* of text and html: see struct page_cut */
    union {
        struct {
            struct view_member *at;
            uint32_t count, room;
            uint16_t *slots; /* hash table of 2 * room: 1 + a member's number, 0 = free */
        } members;
        struct {
            struct view **at;
            uint32_t count;
        } items;
        struct {
            const char *bytes;
            size_t len;
        } text; /* and html */
        int64_t number;
        bool truth;
    };
};

/* Names in views and templates are compared by it first; authors choose them. */
uint32_t name_hash(const char *name, size_t len);
/* The member of an object, or NULL. */
const struct view *view_get(const struct view *object, const char *name, uint32_t hash);
/* Whether an object says anything of a name; `*value` is its member, NULL when what it says is that
 * there is none. */
bool view_names(const struct view *object, const char *name, uint32_t hash,
                const struct view **value);
/* Absent, false, 0, an empty text and an empty list are not shown by a section. */
bool view_truth(const struct view *v);
#endif
