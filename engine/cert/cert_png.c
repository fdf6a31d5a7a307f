/* The badge: steps on a plate, with the credential baked in. And reading a credential back out of a
 * picture. */
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cert/cert_draw.h"
#include "cert/cert_paper.h"

#define SIDE 640
#define KEYWORD "openbadgecredential"
#define CREDENTIAL_MAX ((size_t)1 << 20)

static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static void plate(cairo_t *cr, double inset, double radius) {
    double low = inset + radius, high = SIDE - inset - radius, quarter = 1.5707963267948966;
    cairo_new_sub_path(cr);
    cairo_arc(cr, high, low, radius, -quarter, 0);
    cairo_arc(cr, high, high, radius, 0, quarter);
    cairo_arc(cr, low, high, radius, quarter, 2 * quarter);
    cairo_arc(cr, low, low, radius, 2 * quarter, 3 * quarter);
    cairo_close_path(cr);
}

static void draw_badge(cairo_t *cr, const struct cert_paper *p) {
    const double left = 64, width = SIDE - 2 * left;
    struct draw_text body = {DRAW_SANS_BOLD, 22, 14, draw_pale, width, false, 1, 2};
    struct draw_text level = {DRAW_SERIF_BOLD, 66, 30, draw_white, width, false, 2, 0};
    struct draw_text programme = {DRAW_SANS, 30, 18, draw_pale, width, false, 2, 0};
    struct draw_text number = {DRAW_SANS_BOLD, 24, 14, draw_white, width, false, 1, 1.5};
    plate(cr, 4, 72);
    draw_set(cr, draw_brand);
    cairo_fill(cr);
    plate(cr, 20, 58);
    draw_set(cr, draw_gold);
    cairo_set_line_width(cr, 3);
    cairo_stroke(cr);
    draw_text(cr, left, 54, &body, p->body);
    draw_steps(cr, SIDE / 2 - 100, 112, 200, p->step, p->steps, draw_white);
    double y = 336;
    y += draw_text(cr, left, y, &level, p->level) + 4;
    draw_text(cr, left, y, &programme, p->programme);
    draw_set(cr, draw_gold);
    cairo_rectangle(cr, SIDE / 2 - 60, 530, 120, 3);
    cairo_fill(cr);
    draw_text(cr, left, 552, &number, p->number);
}

static void put_u32(struct buf *b, uint32_t v) {
    unsigned char bytes[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
                              (unsigned char)(v >> 8), (unsigned char)v};
    buf_add(b, bytes, sizeof bytes);
}

static uint32_t get_u32(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t checksum(const unsigned char *bytes, size_t len) {
    return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (unsigned)len);
}

/* keyword NUL, not compressed, method 0, no language, no translated keyword, text (PNG 1.2,
 * section 4.2.3.3). */
static void put_credential(struct buf *b, const char *credential) {
    static const char head[] = "iTXt" KEYWORD "\0\0\0\0"; /* its own NUL is the fifth */
    size_t start = b->len + 4;
    put_u32(b, (uint32_t)(sizeof head - 4 + strlen(credential)));
    buf_add(b, head, sizeof head);
    buf_puts(b, credential);
    put_u32(b, checksum((const unsigned char *)b->data + start, b->len - start));
}

enum err cert_png(struct arena *a, const struct cert_paper *given, unsigned char **out,
                  size_t *len) {
    struct draw_sink drawn = {0};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, SIDE, SIDE);
    cairo_t *cr = cairo_create(surface);
    draw_badge(cr, given);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, draw_sink_write, &drawn);
    cairo_surface_destroy(surface);
    draw_sink_take(&drawn, a);
    const size_t header = sizeof signature + 12 +
                          13; /* signature and IHDR: the credential goes right behind */
    if (status != CAIRO_STATUS_SUCCESS || drawn.len < header) return ERR_IO;
    struct buf baked;
    buf_init(&baked, a);
    buf_add(&baked, drawn.bytes, header);
    put_credential(&baked, given->credential);
    buf_add(&baked, drawn.bytes + header, drawn.len - header);
    *out = (unsigned char *)baked.data;
    *len = baked.len;
    return OK;
}

/* The text of an iTXt chunk with our keyword; NULL when it is another one. `*why` when ours is not
 * readable. */
static char *read_itxt(struct arena *a, const unsigned char *data, size_t len, const char **why) {
    size_t keyword = sizeof KEYWORD; /* with NUL */
    if (len < keyword + 2 || memcmp(data, KEYWORD, keyword) != 0) return NULL;
    if (data[keyword] != 0) {
        *why = "the credential in the picture is compressed, which badges do not allow";
        return NULL;
    }
    const unsigned char *at = data + keyword + 2, *end = data + len;
    for (int skipped = 0; skipped < 2; skipped++) { /* language tag, translated keyword */
        at = memchr(at, 0, (size_t)(end - at));
        if (!at) return NULL;
        at++;
    }
    size_t text_len = (size_t)(end - at);
    if (text_len > CREDENTIAL_MAX || !utf8_valid((const char *)at, text_len)) {
        *why = "the credential in the picture is damaged";
        return NULL;
    }
    return arena_copy(a, (const char *)at, text_len);
}

char *cert_png_credential(struct arena *a, const unsigned char *png, size_t len, const char **why) {
    *why = "no credential is baked into this picture";
    if (len < sizeof signature || memcmp(png, signature, sizeof signature) != 0) {
        *why = "this is no PNG picture";
        return NULL;
    }
    for (size_t at = sizeof signature; len - at >= 12;) {
        size_t size = get_u32(png + at);
        if (size > len - at - 12) break;
        const unsigned char *type = png + at + 4;
        if (checksum(type, size + 4) != get_u32(type + 4 + size)) {
            *why = "the picture is damaged";
            return NULL;
        }
        if (memcmp(type, "iTXt", 4) == 0) {
            char *text = read_itxt(a, type + 4, size, why);
            if (text) return text;
        }
        if (memcmp(type, "IEND", 4) == 0) return NULL;
        at += size + 12;
    }
    *why = "the picture is cut off";
    return NULL;
}
