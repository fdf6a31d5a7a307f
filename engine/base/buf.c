/* Text that grows in an arena, and escaping for HTML and JSON. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

void buf_init(struct buf *b, struct arena *a) {
    memset(b, 0, sizeof *b);
    b->arena = a;
}

char *buf_reserve(struct buf *b, size_t len) {
    if (len >= SIZE_MAX / 4 - b->len) arena_fail(b->arena);
    size_t need = b->len + len + 1;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 256;
        if (cap < need) cap = need;
        /* arena_grow extends in place when it can; a first block is not zeroed. */
        if (b->data) b->data = arena_grow(b->arena, b->data, b->len + 1, cap);
        else {
            b->data = arena_raw(b->arena, cap);
            b->data[0] = '\0';
        }
        b->cap = cap;
    }
    return b->data + b->len;
}

void buf_advance(struct buf *b, size_t len) {
    BUG_IF(b->len + len >= b->cap);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t len) {
    /* `cap` is 0 at first and later more than `len`: the subtraction does not wrap. */
    if (len >= b->cap - b->len) (void)buf_reserve(b, len);
    if (len) memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text) { buf_add(b, text, strlen(text)); }

void buf_putc(struct buf *b, char c) { buf_add(b, &c, 1); }

void buf_character(struct buf *b, uint32_t c) {
    static const unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    char bytes[4] = {(char)(leads[more] | c >> (6 * more))};
    for (int i = 1; i <= more; i++) bytes[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3F));
    buf_add(b, bytes, (size_t)more + 1);
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    /* Most texts fit into the room that is there: then one call is enough. */
    size_t room = b->cap - b->len;
    int n = vsnprintf(room ? b->data + b->len : NULL, room, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n >= room)
        vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, format, again);
    va_end(again);
    if (n < 0) { /* the text is longer than INT_MAX, or vsnprintf found no memory */
        if (room) b->data[b->len] = '\0';
        arena_fail(b->arena);
    }
    buf_advance(b, (size_t)n);
}

const char *buf_text(struct buf *b) { return b->data ? b->data : ""; }

void buf_html(struct buf *b, const char *text, size_t len) {
    static const char *const escapes[256] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        const char *escape = escapes[(unsigned char)text[i]];
        if (!escape) continue;
        buf_add(b, text + start, i - start);
        buf_puts(b, escape);
        start = i + 1;
    }
    buf_add(b, text + start, len - start);
}

void buf_json(struct buf *b, const char *text) {
    buf_putc(b, '"');
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80) {
            size_t n = utf8_length_at(text + i, len - i);
            if (n) buf_add(b, text + i, n);
            else buf_puts(b, "\\ufffd");
            i += n ? n : 1;
            continue;
        }
        if (c == '"' || c == '\\') {
            buf_putc(b, '\\');
            buf_putc(b, (char)c);
        } else if (c == '\n') buf_puts(b, "\\n");
        else if (c == '\r') buf_puts(b, "\\r");
        else if (c == '\t') buf_puts(b, "\\t");
        else if (c < 0x20 || c == 0x7f) buf_printf(b, "\\u%04x", c);
        else buf_putc(b, (char)c);
        i++;
    }
    buf_putc(b, '"');
}
