/* Views: the values that a page is made of. */
#include "page/view.h"

#include <stdatomic.h>
#include <string.h>

uint32_t name_hash(const char *name, size_t len) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash;
}

/* The slot of a name: its own, or the free one where it would be. The table is never more than half full. */
static uint16_t *find_slot(const struct view *object, const char *name, uint32_t hash) {
    const uint32_t mask = 2 * object->members.room - 1;
    for (uint32_t i = hash;; i++) {
        uint16_t *slot = &object->members.slots[i & mask];
        if (!*slot) return slot;
        const struct view_member *m = &object->members.at[*slot - 1];
        if (m->hash == hash && strcmp(m->name, name) == 0) return slot;
    }
}

const struct view *view_get(const struct view *object, const char *name, uint32_t hash) {
    if (!object || object->type != VIEW_OBJECT || !object->members.count) return NULL;
    const uint16_t *slot = find_slot(object, name, hash);
    return *slot ? object->members.at[*slot - 1].value : NULL;
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

/* `room` stays a power of two: the table is looked into by a mask. */
static void grow(struct view *object) {
    uint32_t room = object->members.room ? object->members.room * 2 : 8;
    BUG_IF(room > UINT16_MAX / 2);
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
    BUG_IF(object->type != VIEW_OBJECT || object->frozen);
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
    BUG_IF(list->type != VIEW_LIST || list->frozen);
    if (list->items.count == list->items.room) {
        uint32_t room = list->items.room ? list->items.room * 2 : 16;
        list->items.at = arena_grow(list->arena, list->items.at,
                                    list->items.room * sizeof *list->items.at,
                                    room * sizeof *list->items.at);
        list->items.room = room;
    }
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

static void set_apart(struct view *v, const char *name, const char *text, bool fixed) {
    struct view *value = text ? make_text(v->arena, VIEW_TEXT, text, strlen(text), false) : NULL;
    if (value) {
        value->apart = true;
        value->fixed = fixed;
    }
    set(v, name, value);
}

void view_text_apart(struct view *v, const char *name, const char *text) {
    set_apart(v, name, text, false);
}
void view_token(struct view *v, const char *name, const char *text) {
    set_apart(v, name, text, true);
}

void view_html(struct view *v, const char *name, const char *html) {
    set(v, name, html ? make_text(v->arena, VIEW_HTML, html, strlen(html), false) : NULL);
}

void view_html_borrow(struct view *v, const char *name, const char *html, size_t len) {
    set(v, name, html ? make_text(v->arena, VIEW_HTML, html, len, true) : NULL);
}

uint64_t view_serial(void) {
    static atomic_uint_least64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

void view_html_lasting(struct view *v, const char *name, const char *html, size_t len,
                       uint64_t serial) {
    struct view *value = make_text(v->arena, VIEW_HTML, html, len, true);
    value->serial = serial;
    set(v, name, value);
}

/* All that is in it never changes either: whoever forgets that is told. */
static void freeze(struct view *v) {
    if (!v || v->frozen) return; /* other threads may read it already */
    BUG_IF(v->apart);            /* it would be taken from whoever asked first */
    v->frozen = true;
    if (v->type == VIEW_OBJECT)
        for (uint32_t i = 0; i < v->members.count; i++) freeze(v->members.at[i].value);
    if (v->type == VIEW_LIST)
        for (uint32_t i = 0; i < v->items.count; i++) freeze(v->items.at[i]);
}

void view_freeze(struct view *v) {
    freeze(v);
    v->serial = view_serial();
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

void view_put(struct view *v, const char *name, struct view *value) { set(v, name, value); }

/* ---- What a view says, as bytes -------------------------------------------------------------------- */

/* Every value begins with its type, every length stands before what it counts: two views that differ cannot come out as
 * the same bytes. */
struct key_writer {
    struct buf *out;
    struct page_aparts *aparts;
    bool too_long;
};

static void put_number(struct key_writer *k, uint64_t n) {
    buf_add(k->out, (const char *)&n, sizeof n);
}

/* What would be too long is not copied at all: a large page has no memory to spare for its key. */
static void put_bytes(struct key_writer *k, const char *bytes, size_t len) {
    k->too_long |= k->out->len > PAGE_KEY_BYTES || len > PAGE_KEY_BYTES - k->out->len;
    if (k->too_long) return;
    char *to = buf_reserve(k->out, sizeof len + len);
    memcpy(to, &len, sizeof len);
    if (len) memcpy(to + sizeof len, bytes, len);
    buf_advance(k->out, sizeof len + len);
}

static void put_apart(struct key_writer *k, const struct view *v) {
    struct page_aparts *list = k->aparts;
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 32;
        list->at = arena_grow(k->out->arena, list->at, list->room * sizeof *list->at,
                              room * sizeof *list->at);
        list->room = room;
    }
    list->at[list->count++] = v;
    buf_putc(k->out, v->text.len > 0);
}

static void put_view(struct key_writer *k, const struct view *v) {
    k->too_long |= k->out->len > PAGE_KEY_BYTES;
    if (k->too_long) return;
    if (!v) {
        buf_putc(k->out, '0');
        return;
    }
    const char type[2] = {(char)('A' + v->type),
                          (char)('a' + (v->apart | v->fixed << 1 | (v->serial != 0) << 2))};
    buf_add(k->out, type, sizeof type);
    bool text = v->type == VIEW_TEXT || v->type == VIEW_HTML;
    if (v->serial) {
        put_number(k, v->serial);
        if (!text) return;
        put_number(k, (uint64_t)(uintptr_t)v->text.bytes); /* which part of it */
        put_number(k, v->text.len);
        return;
    }
    switch (v->type) {
    case VIEW_OBJECT:
        put_number(k, v->members.count);
        for (uint32_t i = 0; i < v->members.count; i++) {
            put_bytes(k, v->members.at[i].name, strlen(v->members.at[i].name));
            put_view(k, v->members.at[i].value);
        }
        return;
    case VIEW_LIST:
        put_number(k, v->items.count);
        for (uint32_t i = 0; i < v->items.count; i++) put_view(k, v->items.at[i]);
        return;
    case VIEW_TEXT:
    case VIEW_HTML:
        if (v->apart) put_apart(k, v);
        else put_bytes(k, v->text.bytes, v->text.len);
        return;
    case VIEW_INT: put_number(k, (uint64_t)v->number); return;
    case VIEW_BOOL: buf_putc(k->out, v->truth); return;
    }
}

bool view_key(const struct view *v, struct buf *out, struct page_aparts *aparts) {
    struct key_writer k = {.out = out, .aparts = aparts};
    put_view(&k, v);
    return !k.too_long && out->len <= PAGE_KEY_BYTES;
}
