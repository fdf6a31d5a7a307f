/* Inside of a view: what the renderer reads. Other rooms build views through page.h only. */
#ifndef GR_PAGE_VIEW_H
#define GR_PAGE_VIEW_H

#include "page/page.h"

enum view_type { VIEW_OBJECT, VIEW_LIST, VIEW_TEXT, VIEW_HTML, VIEW_INT, VIEW_BOOL };

struct view_member {
    uint32_t hash;
    const char *name;
    struct view *value; /* NULL: set to absent, by view_text(…, NULL) */
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

/* The hash by which names in views and templates are looked up. Their authors choose the names, so
 * it need not be keyed. */
uint32_t name_hash(const char *name, size_t len);
/* The member of an object, or NULL. */
const struct view *view_get(const struct view *object, const char *name, uint32_t hash);
/* Whether an object has a member of this name; `*value` is its value, NULL when view_text(…, NULL)
 * said that it is absent. */
bool view_find(const struct view *object, const char *name, uint32_t hash,
               const struct view **value);
/* Whether a mustache section shows it: not when it is absent, false, 0, an empty text or an empty
 * list. */
bool view_truth(const struct view *v);
#endif
