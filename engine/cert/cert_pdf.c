/* Draws a certificate as a PDF of one page. Drawing comes first, then cert_pdf_finish. */
#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "cert/cert_draw.h"
#include "cert/cert_paper.h"

/* A4 landscape in points. */
#define PAGE_WIDTH 841.89
#define PAGE_HEIGHT 595.28
#define MARGIN 34.0
#define COLUMN 620.0 /* the centred text */

struct page {
    cairo_t *cr;
    const struct cert_paper *paper;
    struct cert_pieces pieces;
};

/* Each innermost tag gets the next number in the page's content; its text is remembered under that
 * number. */
static void begin_piece(struct page *g, const char *tag, const char *attributes, const char *text) {
    BUG_IF(g->pieces.count ==
           CERT_PIECES); /* a page has the pieces that this file draws, whatever they say */
    g->pieces.text[g->pieces.count++] = text;
    cairo_tag_begin(g->cr, tag, attributes);
}

/* A paragraph that programs can read. Returns its height. */
static double tagged(struct page *g, const char *tag, double x, double y,
                     const struct draw_text *style, const char *text) {
    begin_piece(g, tag, NULL, text);
    double height = draw_text(g->cr, x, y, style, text);
    cairo_tag_end(g->cr, tag);
    return height;
}

/* A band of fine waves, as on banknotes: half waves from the left end to the right one. */
static void wave(cairo_t *cr, double length, double amplitude, int halves, bool down) {
    double half = length / halves, pull = half * 0.3642; /* the cubic that is closest to a sine */
    cairo_move_to(cr, 0, 0);
    for (int i = 0; i < halves; i++) {
        double peak = ((i & 1) == down ? 1 : -1) * amplitude * 4 / 3;
        cairo_curve_to(cr, i * half + pull, peak, (i + 1) * half - pull, peak, (i + 1) * half, 0);
    }
}

static void draw_band(cairo_t *cr, double x, double y, double length, double turn, int halves) {
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, turn);
    cairo_set_line_width(cr, 0.35);
    for (int i = 1; i <= 3; i++) {
        wave(cr, length, i * 1.35, halves, false);
        wave(cr, length, i * 1.35, halves, true);
    }
    cairo_stroke(cr);
    cairo_restore(cr);
}

static void draw_frame(cairo_t *cr) {
    const double band = 13, width = PAGE_WIDTH - 2 * MARGIN, height = PAGE_HEIGHT - 2 * MARGIN,
                 quarter = 1.5707963267948966;
    draw_set(cr, draw_brand);
    cairo_set_line_width(cr, 1.4);
    cairo_rectangle(cr, MARGIN, MARGIN, width, height);
    cairo_stroke(cr);
    cairo_set_line_width(cr, 0.5);
    cairo_rectangle(cr, MARGIN + band, MARGIN + band, width - 2 * band, height - 2 * band);
    cairo_stroke(cr);
    double low = MARGIN + band / 2, right = PAGE_WIDTH - low, bottom = PAGE_HEIGHT - low;
    draw_band(cr, low + band / 2, low, width - 2 * band, 0, 116);
    draw_band(cr, low + band / 2, bottom, width - 2 * band, 0, 116);
    draw_band(cr, low, low + band / 2, height - 2 * band, quarter, 78);
    draw_band(cr, right, low + band / 2, height - 2 * band, quarter, 78);
    for (int corner = 0; corner < 4; corner++) {
        double x = corner & 1 ? right - band / 2 : low - band / 2,
               y = corner & 2 ? bottom - band / 2 : low - band / 2;
        cairo_rectangle(cr, x, y, band, band);
        cairo_fill(cr);
        draw_steps(cr, x + 3, y + 2, band - 6, 4, 4, draw_white);
        draw_set(cr, draw_brand);
    }
}

/* One line at full size where it fits; longer names shrink to two thirds first, and then wrap. */
static struct draw_text holder_style(cairo_t *cr, const char *name) {
    struct draw_text style = {DRAW_SERIF_BOLD, 38, 25, draw_ink, COLUMN, false, 1, 0};
    struct draw_text probe = style;
    probe.size = probe.least_size;
    double one = draw_text_height(cr, &probe, name);
    probe.lines = 100;
    if (draw_text_height(cr, &probe, name) > one * 1.5) {
        style.size = 25;
        style.least_size = 14;
        style.lines = 3;
    }
    return style;
}

/* From the mark down to the scope; the room that is left goes between the parts. */
static void draw_statement(struct page *g) {
    cairo_t *cr = g->cr;
    const struct cert_paper *p = g->paper;
    const double left = (PAGE_WIDTH - COLUMN) / 2;
    struct draw_text body = {DRAW_SANS_BOLD, 11, 8, draw_brand, COLUMN, false, 1, 1.6};
    struct draw_text heading = {DRAW_SERIF, 16, 10, draw_soft, COLUMN, false, 1, 3.2};
    struct draw_text line = {DRAW_SANS, 10.5, 8, draw_soft, COLUMN, false, 2, 0};
    struct draw_text holder = holder_style(cr, p->holder);
    struct draw_text title = {DRAW_SERIF, 24, 13, draw_brand, COLUMN, false, 2, 0};
    struct draw_text scope = {DRAW_SANS, 9, 7.5, draw_soft, 540, false, 4, 0};
    double used = draw_text_height(cr, &holder, p->holder) +
                  draw_text_height(cr, &title, p->title) + draw_text_height(cr, &scope, p->scope);
    double gap = used < 216 ? (256 - used) / 5 : 8, y = MARGIN + 30;

    draw_steps(cr, PAGE_WIDTH / 2 - 22, y - 8, 44, p->step, p->steps, draw_brand);
    y += 44;
    y += tagged(g, "P", left, y, &body, p->body) + 3;
    y += tagged(g, "H1", left, y, &heading, p->heading) + gap;
    y += tagged(g, "P", left, y, &line, p->holder_line) + 2;
    y += tagged(g, "P", left, y, &holder, p->holder) + gap / 2;
    y += tagged(g, "P", left, y, &line, p->title_line) + 3;
    y += tagged(g, "P", left, y, &title, p->title) + gap / 2;
    tagged(g, "P", (PAGE_WIDTH - scope.width) / 2, y, &scope, p->scope);
}

static void draw_fact(struct page *g, double x, double y, double width, const char *label,
                      const char *value, double size, int lines) {
    struct draw_text small = {DRAW_SANS, 7.5, 6, draw_soft, width, true, 1, 0.2};
    struct draw_text large = {DRAW_SANS_BOLD, size, 7, draw_ink, width, true, lines, 0};
    y += tagged(g, "P", x, y, &small, label) + 1;
    tagged(g, "P", x, y, &large, value);
}

/* The address as text and, for a reader on a screen, as a link. */
static void draw_address(struct page *g, double x, double y, double width) {
    struct draw_text style = {DRAW_SANS_BOLD, 8, 5, draw_brand, width, true, 1, 0};
    char link[512];
    const char *url = g->paper->url;
    cairo_tag_begin(g->cr, "P", NULL);
    /* Attribute values are quoted by ' in cairo; an address of ours holds none. */
    if (strlen(url) < 400 && !strpbrk(url, "'\\")) {
        snprintf(link, sizeof link, "uri='%s'", url);
        begin_piece(g, CAIRO_TAG_LINK, link, url);
        draw_text(g->cr, x, y, &style, url);
        cairo_tag_end(g->cr, CAIRO_TAG_LINK);
    } else {
        g->pieces.text[g->pieces.count++] = url;
        draw_text(g->cr, x, y, &style, url);
    }
    cairo_tag_end(g->cr, "P");
}

/* The foot: number, dates, signatory, and where anybody can check. */
static void draw_foot(struct page *g) {
    cairo_t *cr = g->cr;
    const struct cert_paper *p = g->paper;
    const double top = 432, left = MARGIN + 46, right = PAGE_WIDTH - MARGIN - 46, qr = 96,
                 middle = left + 348;
    draw_set(cr, draw_gold);
    cairo_set_line_width(cr, 0.8);
    cairo_move_to(cr, left, top - 12);
    cairo_line_to(cr, right, top - 12);
    cairo_stroke(cr);
    draw_fact(g, left, top, 320, p->number_label, p->number, 21, 2);
    for (int i = 0; i < 3; i++)
        draw_fact(g, left + i * 114, top + 54, 108, p->facts[i][0], p->facts[i][1], 9.5, 3);
    double width = right - qr - 14 - middle;
    draw_fact(g, middle, top, width, p->signatory_label, p->signatory, 13, 2);
    struct draw_text check = {DRAW_SANS, 7.5, 6, draw_soft, width, true, 2, 0};
    double y = top + 54 + tagged(g, "P", middle, top + 54, &check, p->url_line) + 1;
    draw_address(g, middle, y, width);
    begin_piece(g, "Figure", NULL, NULL);
    draw_qr(cr, right - qr + 8, top - 6, qr, p->url);
    cairo_tag_end(cr, "Figure");
}

enum err cert_pdf(struct arena *a, const struct cert_paper *given, unsigned char **out,
                  size_t *len) {
    struct cert_paper p = *given;
    p.holder = draw_plain(a, given->holder);
    p.signatory = draw_plain(a, given->signatory);
    const char *title = arena_printf(a, "%s · %s · %s", p.title, p.holder, p.number),
               *when = time_iso(a, p.issued_ms);
    struct draw_sink drawn = {0};
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(draw_sink_write, &drawn,
                                                                   PAGE_WIDTH, PAGE_HEIGHT);
    cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_5);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, p.body);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Gradus");
    /* The day of issue, not of printing: the same certificate gives the same file. */
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, when);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, when);
    cairo_t *cr = cairo_create(surface);
    struct page page = {.cr = cr, .paper = &p};
    draw_frame(cr);
    cairo_tag_begin(cr, "Document", NULL);
    draw_statement(&page);
    draw_foot(&page);
    cairo_tag_end(cr, "Document");
    cairo_show_page(cr);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    draw_sink_take(&drawn, a);
    if (status != CAIRO_STATUS_SUCCESS) return ERR_IO;
    return cert_pdf_finish(a, &p, &page.pieces, drawn.bytes, drawn.len, out, len);
}
