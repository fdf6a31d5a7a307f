/* Where each request on a connection begins and ends, read strictly from its bytes (RFC 9112).
 * libmicrohttpd takes much for good that another reader of the same bytes, a proxy before us, reads
 * otherwise: a line that ends with CR or with LF alone, a NUL, a blank before a colon, a folded
 * line. Where two readers disagree about the end of a request, the next one may be somebody else's.
 * Pure: no socket, no clock. */
#ifndef GR_HTTP_FRAMING_H
#define GR_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong; the sections are RFC 9112's. */
enum framing_fault {
    FRAMING_FINE,
    FRAMING_START_LINE, /* section 3: not METHOD SP TARGET SP HTTP/d.d */
    FRAMING_LINE_END,   /* section 2.2: CR without LF, LF without CR */
    FRAMING_CONTROL,    /* RFC 9110 section 5.5: NUL and other control characters in a line */
    FRAMING_NAME,       /* section 5.1: no name, or a blank before the colon */
    FRAMING_FOLD,       /* section 5.2: a field that goes on in the next line */
    FRAMING_LENGTH,  /* section 6.3: two lengths, a list of them, no number, more than 18 figures */
    FRAMING_CODING,  /* section 6.1: not "chunked" alone; in HTTP/1.0; beside a length */
    FRAMING_HOST,    /* section 3.2: none in HTTP/1.1, or more than one */
    FRAMING_VERSION, /* section 2.3: not HTTP/1.x */
    FRAMING_LONG,    /* RFC 9110 section 15.5.15: the first line needs more than HEAD_LIMIT */
    FRAMING_LARGE,   /* RFC 6585 section 5: all lines together do */
    FRAMING_CHUNK, /* section 7.1: no size, no end of line where the size puts it, a long extension
                    */
};

/* RULE head-limit: what the head of a request may take of the memory that libmicrohttpd has for one
 * (POOL_BYTES in connection.h), which gives no answer when it is used up. Half of that memory is
 * for bytes as they come, of the head and of what follows it; from the other half each argument,
 * field and cookie takes HEAD_ENTRY bytes, and a copy of the cookies. */
#define HEAD_LIMIT (16 * 1024)       /* all of it */
#define HEAD_EXTRA_LIMIT (12 * 1024) /* what is taken from the other half */
#define HEAD_ENTRY 64

enum framing_phase { FRAMING_BETWEEN, FRAMING_HEAD, FRAMING_BODY };

/* The state of one connection; all zero at first. Only framing.c uses its members, except `fault`,
 * `received` and `body`. */
struct framing {
    enum framing_fault fault;
    unsigned char state;
    bool trailer, http_1_0, cookie;
    unsigned char lengths, codings, hosts; /* fields of that name, at most 2 */
    unsigned char blank_lines;             /* before the request */
    size_t cost, extra;                    /* of the head, for its limits */
    size_t at;                             /* in the part that is being read */
    char name[18], value[24];              /* of the field being read, as far as it fits */
    size_t name_len, value_len;
    uint64_t length, left; /* announced; of the body or chunk still to come */
    uint64_t received;     /* bytes in all */
    uint64_t body;         /* bytes of this request's body that have come, chunk lines and all */
};

/* Reads the next bytes. Returns how many are fine: all, or, with f->fault set, those of complete
 * requests before the faulty one. Bytes after a fault are ignored. */
size_t framing_read(struct framing *f, const void *bytes, size_t len);
enum framing_phase framing_phase(const struct framing *f);

#endif
