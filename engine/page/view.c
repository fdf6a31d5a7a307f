/* Views: the values that a page is made of. */
#include "page/view.h"

#include <string.h>

#include "base/hash.h"

uint32_t name_hash(const char *name, size_t len) {
    uint64_t hash = hash_bytes(name, len);
    return (uint32_t)(hash ^ hash >> 32);
}

/* The slot of a name, or the free one where it would go. The table is never more than half full. */
static uint16_t *find_slot(const struct view *object, const char *name, uint32_t hash) {
    const uint32_t mask = 2 * object->members.room - 1;
    for (uint32_t i = hash;; i++) {
        uint16_t *slot = &object->members.slots[i & mask];
        if (!*slot) return slot;
        const struct view_member *m = &object->members.at[*slot - 1];
        if (m->hash == hash && strcmp(m->name, name) == 0) return slot;
    }
}

bool view_find(const struct view *object, const char *name, uint32_t hash,
               const struct view **value) {
    *value = NULL;
    if (!object || object->type != VIEW_OBJECT || !object->members.count) return false;
    const uint16_t *slot = find_slot(object, name, hash);
    if (*slot) *value = object->members.at[*slot - 1].value;
    return *slot != 0;
}

const struct view *view_get(const struct view *object, const char *name, uint32_t hash) {
    const struct view *value;
    view_find(object, name, hash, &value);
    return value;
}

bool view_truth(const struct view *v) {
    if (!v) return false;
    switch (v->type) {
    case VIEW_OBJECT: return true;
    case VIEW_LIST: return v->items.count > 0;
    case VIEW_TEXT:
    case VIEW_HTML: return v->text.len > 0;
    case VIEW_INT: return v->number != 0;
    case VIEW_BOOL: return v->truth;
    }
    return false;
}

static struct view *make(struct arena *a, enum view_type type) {
    struct view *v = NEW(a, struct view);
    v->arena = a;
    v->type = type;
    return v;
}

struct view *view_new(struct arena *a) {
    return make(a, VIEW_OBJECT);
}

/* `room` stays a power of two, since slots are found by a mask. */
static void grow(struct view *object) {
    uint32_t room = object->members.room ? object->members.room * 2 : 8;
    /* Names come from handlers and from front matter: a file with 30,000 of them is refused. */
    if (room > UINT16_MAX / 2) arena_fail(object->arena);
    object->members.at = arena_grow(object->arena, object->members.at,
                                    object->members.room * sizeof *object->members.at,
                                    room * sizeof *object->members.at);
    object->members.slots = NEW_ARRAY(object->arena, uint16_t, 2 * room);
    object->members.room = room;
    for (uint32_t i = 0; i < object->members.count; i++) {
        const struct view_member *m = &object->members.at[i];
        *find_slot(object, m->name, m->hash) = (uint16_t)(i + 1);
    }
}

static void set(struct view *object, const char *name, struct view *value) {
    BUG_IF(object->type != VIEW_OBJECT);
    if (object->members.count == object->members.room) grow(object);
    size_t len = strlen(name);
    uint32_t hash = name_hash(name, len);
    uint16_t *slot = find_slot(object, name, hash);
    if (!*slot) {
        object->members.at[object->members.count] = (struct view_member){
            hash, arena_copy(object->arena, name, len), NULL};
        *slot = (uint16_t)++object->members.count;
    }
    object->members.at[*slot - 1].value = value;
}

static struct view *append(struct view *list, struct view *value) {
    BUG_IF(list->type != VIEW_LIST);
    list->items.at = list_more(list->arena, list->items.at, list->items.count,
                               sizeof *list->items.at);
    return list->items.at[list->items.count++] = value;
}

static struct view *make_text(struct arena *a, enum view_type type, const char *bytes, size_t len,
                              bool borrow) {
    struct view *v = make(a, type);
    v->text.bytes = borrow ? bytes : arena_copy(a, bytes, len);
    v->text.len = len;
    v->borrowed = borrow;
    return v;
}

void view_text(struct view *v, const char *name, const char *text) {
    set(v, name, text ? make_text(v->arena, VIEW_TEXT, text, strlen(text), false) : NULL);
}

static void set_personal(struct view *v, const char *name, const char *text, bool fixed) {
    struct view *value = text ? make_text(v->arena, VIEW_TEXT, text, strlen(text), false) : NULL;
    if (value) {
        value->personal = true;
        value->fixed = fixed;
    }
    set(v, name, value);
}

void view_text_personal(struct view *v, const char *name, const char *text) {
    set_personal(v, name, text, false);
}
void view_token(struct view *v, const char *name, const char *text) {
    set_personal(v, name, text, true);
}

void view_html(struct view *v, const char *name, const char *html) {
    set(v, name, html ? make_text(v->arena, VIEW_HTML, html, strlen(html), false) : NULL);
}

void view_html_borrow(struct view *v, const char *name, const char *html, size_t len) {
    set(v, name, html ? make_text(v->arena, VIEW_HTML, html, len, true) : NULL);
}

void view_int(struct view *v, const char *name, int64_t value) {
    struct view *number = make(v->arena, VIEW_INT);
    number->number = value;
    set(v, name, number);
}

void view_bool(struct view *v, const char *name, bool value) {
    struct view *truth = make(v->arena, VIEW_BOOL);
    truth->truth = value;
    set(v, name, truth);
}

struct view *view_object(struct view *v, const char *name) {
    struct view *object = make(v->arena, VIEW_OBJECT);
    set(v, name, object);
    return object;
}

struct view *view_list(struct view *v, const char *name) {
    struct view *list = make(v->arena, VIEW_LIST);
    set(v, name, list);
    return list;
}

struct view *view_item(struct view *list) {
    return append(list, make(list->arena, VIEW_OBJECT));
}

struct view *view_item_list(struct view *list) {
    return append(list, make(list->arena, VIEW_LIST));
}

void view_item_text(struct view *list, const char *text) {
    append(list,
           make_text(list->arena, VIEW_TEXT, text ? text : "", text ? strlen(text) : 0, false));
}

void view_crumb(struct view *crumbs, const char *href, const char *text) {
    struct view *step = view_item(crumbs);
    view_text(step, "href", href);
    view_text(step, "text", text);
}

void view_put(struct view *v, const char *name, struct view *value) { set(v, name, value); }
