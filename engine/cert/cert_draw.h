/* Drawing for paper and badge: texts in any script that we have fonts for, the steps, the QR code.
 */
#ifndef GR_CERT_DRAW_H
#define GR_CERT_DRAW_H

#include <cairo.h>

#include "base/arena.h"

struct draw_colour {
    double red, green, blue;
};

extern const struct draw_colour draw_ink, draw_soft, draw_brand, draw_pale, draw_gold, draw_white;

enum draw_font { DRAW_SERIF, DRAW_SERIF_BOLD, DRAW_SANS, DRAW_SANS_BOLD };

struct draw_text {
    enum draw_font font;
    double size,
        least_size; /* in user units; shrinks from one to the other (0 = does not shrink) */
    struct draw_colour colour;
    double width; /* of the box; the text is centred in it unless `start` */
    bool start;
    int lines;      /* at most; what is still too long ends in an ellipsis. 0 = 1 */
    double spacing; /* between letters, in user units */
};

/* The families that certificates are set in and that are not installed, with commas between them;
 * NULL: all are there. */
const char *draw_fonts_missing(struct arena *a);

/* Draws with the box's top left corner at x, y. Returns the height that it took. */
double draw_text(cairo_t *cr, double x, double y, const struct draw_text *style, const char *text);
double draw_text_height(cairo_t *cr, const struct draw_text *style, const char *text);

/* The characters of `text` (valid UTF-8) that no installed font draws, each once; "" when all can
 * be drawn. Arena. */
const char *draw_missing(struct arena *a, const char *text);

/* Has letters that are read from right to left. `text` is valid UTF-8. */
bool draw_is_backward(const char *text);

void draw_set(cairo_t *cr, struct draw_colour c);
/* Draws the logo: a stair of `levels` (1 to 8) steps at the bottom of a square of `size`; the first
 * `level` are full, the rest is an outline. Of one level: a step up from a floor. */
void draw_steps(cairo_t *cr, double x, double y, double size, int level, int levels,
                struct draw_colour colour);
/* A QR code (ISO/IEC 18004, level M) with its quiet zone in a square of `size`. False when the text
 * is too long. */
bool draw_qr(cairo_t *cr, double x, double y, double size, const char *text);
/* Collects what cairo writes. From malloc, since an arena must not leave through its guard from
 * within cairo: hand it to draw_sink_take as soon as the surface is gone. */
struct draw_sink {
    unsigned char *bytes;
    size_t len, room;
};
cairo_status_t draw_sink_write(void *sink, const unsigned char *bytes, unsigned len);
/* Gives the bytes to the arena. */
void draw_sink_take(struct draw_sink *sink, struct arena *a);

/* The text without control characters and direction marks: what is printed reads as it is stored.
 */
char *draw_plain(struct arena *a, const char *text);

#endif
