/* A certificate as a PDF for paper and as a badge picture. Pure: the same facts and texts give the
 * same bytes (on a machine with the same fonts). Each carries the signed credential. */
#ifndef GR_CERT_PAPER_H
#define GR_CERT_PAPER_H

#include "base/arena.h"
#include "base/err.h"

/* What stands on the paper. All texts are UTF-8, ready to print, borrowed. */
struct cert_paper {
    const char *language;             /* of the printed texts, BCP 47 */
    const char *body;                 /* the certifying body */
    const char *heading;              /* "Certificate" */
    const char *holder, *holder_line; /* the name; the sentence before it */
    const char *title, *title_line; /* "Marketing Operations: Associate"; the sentence before it */
    const char *scope;
    const char *number, *number_label;
    const char *facts[3][2]; /* label and value: issued, valid until, scheme */
    const char *signatory, *signatory_label;
    const char *url, *url_line;    /* the public page, and what it is for */
    const char *programme, *level; /* for the badge */
    int step, steps;               /* this level, of how many */
    int64_t issued_ms;
    const char *credential; /* signed JSON */
};

/* A4 landscape, tagged, with XMP and the credential attached (/AFRelationship /Data). Arena.
 * ERR_IO: a library failed. */
enum err cert_pdf(struct arena *a, const struct cert_paper *p, unsigned char **out,
                  size_t *len) MUST_USE;
/* The attached credential of a PDF, which may be hostile; NULL with a sentence when there is none,
 * it has more than 1 MiB, or the file is encrypted. Arena. */
char *cert_pdf_credential(struct arena *a, const unsigned char *pdf, size_t len, const char **why);

/* 640 pixels square, with an iTXt chunk `openbadgecredential` (Open Badges 3.0, section 5.3.1).
 * Arena. */
enum err cert_png(struct arena *a, const struct cert_paper *p, unsigned char **out,
                  size_t *len) MUST_USE;
/* The credential baked into a PNG; NULL with a sentence when there is none, or the file is damaged.
 * Arena. */
char *cert_png_credential(struct arena *a, const unsigned char *png, size_t len, const char **why);

/* The text of each tagged piece, in the order of drawing; NULL for a picture. */
#define CERT_PIECES 40
struct cert_pieces {
    const char *text[CERT_PIECES];
    int count;
};
/* Adds language, metadata, texts and the attachment to a drawn PDF: the second half of cert_pdf. */
enum err cert_pdf_finish(struct arena *a, const struct cert_paper *p,
                         const struct cert_pieces *pieces, const unsigned char *drawn,
                         size_t drawn_len, unsigned char **out, size_t *len) MUST_USE;

#endif
