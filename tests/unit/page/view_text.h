/* What a view holds, as one line of text, in the order in which it was put in: {name: value, …},
 * lists as […], texts as "…", html as <…>, and "-" for what is said to be absent. */
#ifndef GR_TEST_PAGE_VIEW_TEXT_H
#define GR_TEST_PAGE_VIEW_TEXT_H

#include <inttypes.h>

#include "page/view.h"

static inline void view_print(struct buf *b, const struct view *v) {
    if (!v) {
        buf_putc(b, '-');
        return;
    }
    switch (v->type) {
    case VIEW_OBJECT:
        buf_putc(b, '{');
        for (uint32_t i = 0; i < v->members.count; i++) {
            buf_printf(b, "%s%s: ", i ? ", " : "", v->members.at[i].name);
            view_print(b, v->members.at[i].value);
        }
        buf_putc(b, '}');
        return;
    case VIEW_LIST:
        buf_putc(b, '[');
        for (uint32_t i = 0; i < v->items.count; i++) {
            buf_puts(b, i ? ", " : "");
            view_print(b, v->items.at[i]);
        }
        buf_putc(b, ']');
        return;
    case VIEW_TEXT: buf_printf(b, "\"%.*s\"", (int)v->text.len, v->text.bytes); return;
    case VIEW_HTML: buf_printf(b, "<%.*s>", (int)v->text.len, v->text.bytes); return;
    case VIEW_INT: buf_printf(b, "%" PRId64, v->number); return;
    case VIEW_BOOL: buf_puts(b, v->truth ? "true" : "false"); return;
    }
}

/* Arena. */
static inline const char *view_said(const struct view *v, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    view_print(&b, v);
    return buf_text(&b);
}

#endif
