/* Which part of a file a request asks for (RFC 9110, section 14). Pure. */
#ifndef GR_HTTP_RANGE_H
#define GR_HTTP_RANGE_H

#include <stdint.h>

enum range_kind {
    RANGE_WHOLE, /* all of it: nothing is asked for, or nothing that can be understood, or several
                    parts at once */
    RANGE_PART,
    RANGE_OUTSIDE /* 416 */
};
/* `header` may be NULL. On RANGE_PART `*from` and `*len` are within a file of `size` bytes. */
enum range_kind range_read(const char *header, int64_t size, int64_t *from, int64_t *len);

#endif
