/* Texts through Pango (shaping, bidirectional order, fallback by script), shapes through cairo. */
#include "cert/cert_draw.h"

#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

const struct draw_colour draw_ink = {0.086, 0.13, 0.11};
const struct draw_colour draw_soft = {0.30, 0.36, 0.33};
const struct draw_colour draw_brand = {0.059, 0.361, 0.278};
const struct draw_colour draw_pale = {0.82, 0.91, 0.87};
const struct draw_colour draw_gold = {0.62, 0.47, 0.18};
const struct draw_colour draw_white = {1, 1, 1};

/* The fonts are named, so that a certificate looks the same wherever it is printed: each script
 * finds its own in the list. */
static const char *const families[] = {
    [DRAW_SERIF] = "Noto Serif, Noto Naskh Arabic, Noto Sans Thai, Noto Sans, Noto Serif CJK SC",
    [DRAW_SERIF_BOLD] =
        "Noto Serif, Noto Naskh Arabic, Noto Sans Thai, Noto Sans, Noto Serif CJK SC",
    [DRAW_SANS] = "Noto Sans, Noto Naskh Arabic, Noto Sans Thai, Noto Sans CJK SC",
    [DRAW_SANS_BOLD] = "Noto Sans, Noto Naskh Arabic, Noto Sans Thai, Noto Sans CJK SC",
};

void draw_set(cairo_t *cr, struct draw_colour c) {
    cairo_set_source_rgb(cr, c.red, c.green, c.blue);
}

const char *draw_fonts_missing(struct arena *a) {
    struct buf b;
    PangoFontFamily **there = NULL;
    int count = 0;
    buf_init(&b, a);
    PangoFontMap *map = pango_cairo_font_map_new();
    if (map) pango_font_map_list_families(map, &there, &count);
    for (const char *name = families[DRAW_SERIF]; *name;) {
        size_t len = strcspn(name, ",");
        bool found = false;
        for (int i = 0; i < count && !found; i++) {
            const char *family = pango_font_family_get_name(there[i]);
            found = strlen(family) == len && strncasecmp(family, name, len) == 0;
        }
        if (!found) buf_printf(&b, "%s%.*s", b.len ? ", " : "", (int)len, name);
        name += len + strspn(name + len, ", ");
    }
    g_free(there);
    if (map) g_object_unref(map);
    return b.len ? buf_text(&b) : NULL;
}

static void set_font(PangoLayout *layout, const struct draw_text *style, double size) {
    PangoFontDescription *font = pango_font_description_from_string(families[style->font]);
    bool bold = style->font == DRAW_SERIF_BOLD || style->font == DRAW_SANS_BOLD;
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
}

static void set_attributes(PangoLayout *layout, const struct draw_text *style) {
    PangoAttrList *list = pango_attr_list_new();
    /* Ligatures off: programs that read the text back lose "fi" otherwise. Arabic joins by other
     * features. */
    pango_attr_list_insert(list, pango_attr_font_features_new("liga 0, clig 0, dlig 0"));
    pango_attr_list_insert(
        list, pango_attr_insert_hyphens_new(FALSE)); /* a name is not hyphenated for it */
    if (style->spacing > 0)
        pango_attr_list_insert(list,
                               pango_attr_letter_spacing_new((int)(style->spacing * PANGO_SCALE)));
    pango_layout_set_attributes(layout, list);
    pango_attr_list_unref(list);
}

/* The layout at the largest size that fits. The caller unrefs it. */
static PangoLayout *fit(cairo_t *cr, const struct draw_text *style, const char *text) {
    PangoLayout *layout = pango_cairo_create_layout(cr);
    PangoContext *context = pango_layout_get_context(layout);
    cairo_font_options_t *options = cairo_font_options_create();
    /* Screen hints would move letters by fractions that differ between surfaces. */
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(context, FALSE);

    int lines = style->lines > 0 ? style->lines : 1;
    pango_layout_set_text(layout, text, -1);
    pango_layout_set_width(layout, (int)(style->width * PANGO_SCALE));
    pango_layout_set_alignment(layout, style->start ? PANGO_ALIGN_LEFT : PANGO_ALIGN_CENTER);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    set_attributes(layout, style);
    double least = style->least_size > 0 ? style->least_size : style->size;
    for (double size = style->size;; size = size - 1 > least ? size - 1 : least) {
        set_font(layout, style, size);
        if (pango_layout_get_line_count(layout) <= lines) return layout;
        if (size <= least) break;
    }
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_height(layout, -lines);
    return layout;
}

static bool is_drawable(PangoLayout *layout, const char *text, int len) {
    pango_layout_set_text(layout, text, len);
    return pango_layout_get_unknown_glyphs_count(layout) == 0;
}

const char *draw_missing(struct arena *a, const char *text) {
    static const struct draw_text style = {.font = DRAW_SERIF_BOLD, .size = 12};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *cr = cairo_create(surface);
    PangoLayout *layout = pango_cairo_create_layout(cr);
    struct buf missing;
    buf_init(&missing, a);
    set_font(layout, &style, style.size);
    /* The whole text is tried first: a combining mark that no font draws alone may be drawn
     * together with its letter. */
    bool whole = is_drawable(layout, text, -1);
    for (const char *p = text, *next; !whole && *p; p = next) {
        next = g_utf8_next_char(p);
        char *one = arena_copy(a, p, (size_t)(next - p));
        if (is_drawable(layout, one, -1) || (missing.len && strstr(buf_text(&missing), one)))
            continue;
        buf_puts(&missing, one);
    }
    g_object_unref(layout);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return buf_text(&missing);
}

static double height_of(PangoLayout *layout) {
    int height;
    pango_layout_get_size(layout, NULL, &height);
    return (double)height / PANGO_SCALE;
}

double draw_text_height(cairo_t *cr, const struct draw_text *style, const char *text) {
    PangoLayout *layout = fit(cr, style, text);
    double height = height_of(layout);
    g_object_unref(layout);
    return height;
}

/* Shows one run of text from right to left, its glyphs written from left to right, each with its
 * own letters. Pango would write them in reading order with jumps to the left, of which programs
 * that extract text make several words. */
static void show_backward(cairo_t *cr, double x, double y, const char *text,
                          const PangoGlyphItem *run) {
    const PangoGlyphString *given = run->glyphs;
    int count = given->num_glyphs, length = run->item->length, glyph_count = 0, cluster_count = 0,
        used = 0;
    cairo_glyph_t *glyphs = cairo_glyph_allocate(count);
    cairo_text_cluster_t *clusters = cairo_text_cluster_allocate(count);
    char *utf8 = malloc((size_t)length + 1);
    int end = length; /* of the cluster that comes next, in bytes of the run */
    for (int i = 0; i < count && glyphs && clusters && utf8; i++) {
        const PangoGlyphInfo *g = &given->glyphs[i];
        int start = given->log_clusters[i];
        if (i == 0 || start != given->log_clusters[i - 1]) {
            memcpy(utf8 + used, text + run->item->offset + start, (size_t)(end - start));
            clusters[cluster_count++] = (cairo_text_cluster_t){end - start, 0};
            used += end - start;
            end = start;
        }
        if (g->glyph != PANGO_GLYPH_EMPTY && !(g->glyph & PANGO_GLYPH_UNKNOWN_FLAG)) {
            glyphs[glyph_count++] = (cairo_glyph_t){g->glyph,
                                                    x + (double)g->geometry.x_offset / PANGO_SCALE,
                                                    y + (double)g->geometry.y_offset / PANGO_SCALE};
            clusters[cluster_count - 1].num_glyphs++;
        }
        x += (double)g->geometry.width / PANGO_SCALE;
    }
    if (glyphs && clusters && utf8) {
        cairo_set_scaled_font(
            cr, pango_cairo_font_get_scaled_font((PangoCairoFont *)run->item->analysis.font));
        cairo_show_text_glyphs(cr, utf8, used, glyphs, glyph_count, clusters, cluster_count, 0);
    }
    free(utf8);
    cairo_glyph_free(glyphs);
    cairo_text_cluster_free(clusters);
}

static void show_layout(cairo_t *cr, double x, double y, PangoLayout *layout) {
    const char *text = pango_layout_get_text(layout);
    PangoLayoutIter *iter = pango_layout_get_iter(layout);
    do {
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(iter);
        if (!run) continue;
        PangoRectangle box;
        pango_layout_iter_get_run_extents(iter, NULL, &box);
        double left = x + (double)box.x / PANGO_SCALE;
        double base = y + (double)pango_layout_iter_get_baseline(iter) / PANGO_SCALE;
        if (run->item->analysis.level & 1) {
            show_backward(cr, left, base, text, run);
        } else {
            cairo_move_to(cr, left, base);
            pango_cairo_show_glyph_item(cr, text, run);
        }
    } while (pango_layout_iter_next_run(iter));
    pango_layout_iter_free(iter);
}

double draw_text(cairo_t *cr, double x, double y, const struct draw_text *style, const char *text) {
    PangoLayout *layout = fit(cr, style, text);
    draw_set(cr, style->colour);
    show_layout(cr, x, y, layout);
    double height = height_of(layout);
    g_object_unref(layout);
    return height;
}

bool draw_is_backward(const char *text) {
    for (; *text; text = g_utf8_next_char(text)) {
        GUnicodeScript script = g_unichar_get_script(g_utf8_get_char(text));
        if (script == G_UNICODE_SCRIPT_ARABIC || script == G_UNICODE_SCRIPT_HEBREW ||
            script == G_UNICODE_SCRIPT_SYRIAC || script == G_UNICODE_SCRIPT_THAANA ||
            script == G_UNICODE_SCRIPT_NKO)
            return true;
    }
    return false;
}

/* The stair's outline over the first `count` of `levels` steps. */
static void stair_path(cairo_t *cr, double x, double y, double width, double height, int count,
                       int levels) {
    cairo_move_to(cr, x, y + height);
    for (int i = 0; i < count; i++) {
        double top = y + height - height * (i + 1) / levels;
        cairo_line_to(cr, x + width * i / levels, top);
        cairo_line_to(cr, x + width * (i + 1) / levels, top);
    }
    cairo_line_to(cr, x + width * count / levels, y + height);
    cairo_close_path(cr);
}

/* One step up from a floor: a stair of one step alone would be a block. */
static void draw_one_step(cairo_t *cr, double x, double y, double width, double height, double line,
                          bool full) {
    double floor_y = y + height, left = x + width * 0.4, top = y + height * 0.45;
    cairo_rectangle(cr, left, top, x + width - left, floor_y - top);
    if (full) cairo_fill_preserve(cr);
    cairo_stroke(cr);
    cairo_rectangle(cr, x - line / 2, floor_y - line * 4, width + line, line * 4.5);
    cairo_fill(cr);
}

void draw_steps(cairo_t *cr, double x, double y, double size, int level, int levels,
                struct draw_colour colour) {
    if (levels < 1 || levels > 8) levels = 4;
    if (level > levels) level = levels;
    double line = size * 0.03, height = size * 0.8;
    x += line / 2;
    y += size * 0.2;
    draw_set(cr, colour);
    cairo_set_line_width(cr, line);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_MITER);
    if (levels == 1) {
        draw_one_step(cr, x, y, size - line, height - line / 2, line, level > 0);
        return;
    }
    stair_path(cr, x, y, size - line, height - line / 2, level, levels);
    cairo_fill_preserve(cr);
    cairo_stroke(cr);
    stair_path(cr, x, y, size - line, height - line / 2, levels, levels);
    cairo_stroke(cr);
}

bool draw_qr(cairo_t *cr, double x, double y, double size, const char *text) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code) return false;
    int n = code->width;
    double quiet = 4, unit = size / (n + 2 * quiet);
    draw_set(cr, draw_white);
    cairo_rectangle(cr, x, y, size, size);
    cairo_fill(cr);
    draw_set(cr, draw_ink);
    for (int row = 0; row < n; row++)
        for (int column = 0; column < n;) {
            int run = 0;
            while (column + run < n && (code->data[row * n + column + run] & 1)) run++;
            if (run)
                cairo_rectangle(cr, x + (quiet + column) * unit, y + (quiet + row) * unit,
                                run * unit, unit);
            column += run ? run : 1;
        }
    cairo_fill(cr); /* once: no seams between the modules */
    QRcode_free(code);
    return true;
}

/* U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: marks that change the direction of what
 * follows. */
static bool is_direction_mark(const char *c) {
    const unsigned char *u = (const unsigned char *)c;
    if (u[0] != 0xe2) return false;
    return (u[1] == 0x80 && (u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xaa && u[2] <= 0xae))) ||
           (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9);
}

char *draw_plain(struct arena *a, const char *text) {
    struct buf b;
    buf_init(&b, a);
    for (size_t len = strlen(text), n; len > 0; text += n, len -= n) {
        n = utf8_length_at(text, len);
        if (n == 0) n = 1;
        else if (n == 3 && is_direction_mark(text)) continue;
        else if ((unsigned char)*text < ' ' || *text == 0x7f) buf_putc(&b, ' ');
        else buf_add(&b, text, n);
    }
    return arena_dup(a, buf_text(&b));
}

cairo_status_t draw_sink_write(void *closure, const unsigned char *bytes, unsigned len) {
    struct draw_sink *sink = closure;
    if (sink->room - sink->len < len) {
        size_t room = (sink->len + len) * 2;
        unsigned char *grown = realloc(sink->bytes, room);
        if (!grown) return CAIRO_STATUS_WRITE_ERROR;
        sink->bytes = grown;
        sink->room = room;
    }
    memcpy(sink->bytes + sink->len, bytes, len);
    sink->len += len;
    return CAIRO_STATUS_SUCCESS;
}

void draw_sink_take(struct draw_sink *sink, struct arena *a) { arena_defer(a, free, sink->bytes); }
