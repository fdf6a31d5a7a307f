/* Papers are drawn in a process of their own: pango, cairo, fontconfig and qpdf end the process
 * when memory fails. */
#ifndef GR_CERT_DRAWER_H
#define GR_CERT_DRAWER_H

#include "cert/cert_paper.h"

enum cert_drawing { CERT_DRAW_PDF, CERT_DRAW_PNG };

/* As cert_pdf and cert_png, elsewhere; the calling thread waits, at most 15 seconds. ERR_BUSY: it
 * could not be drawn now, which the log tells. Bytes: arena. */
enum err cert_draw_in_subprocess(struct arena *a, const struct cert_paper *p,
                                 enum cert_drawing what, unsigned char **out, size_t *len) MUST_USE;

/* The characters of a name that no installed font draws, "" for none; found out in that process
 * too. ERR_BUSY: it could not be found out now. Arena. */
enum err cert_missing_in_subprocess(struct arena *a, const char *name,
                                    const char **missing) MUST_USE;

/* Paper as JSON, and back (strings borrowed from the parsed value, which is the arena's). False:
 * not one of ours. */
const char *cert_paper_write(struct arena *a, const struct cert_paper *p, enum cert_drawing what);
bool cert_paper_read(struct arena *a, const char *json, size_t len, struct cert_paper *p,
                     enum cert_drawing *what);

#endif
