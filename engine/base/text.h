/* UTF-8, strict numbers, ids, whole files. What needs ICU is in page/. */
#ifndef GR_BASE_TEXT_H
#define GR_BASE_TEXT_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Bytes (1 to 4) of the well-formed UTF-8 sequence at `text`, or 0 (Unicode 15, table 3-7:
 * no overlong forms, no surrogates, nothing above U+10FFFF). */
size_t utf8_length_at(const char *text, size_t len);
/* Well-formed and without NUL. */
bool utf8_valid(const char *text, size_t len);
/* Code points in well-formed text. */
size_t utf8_count(const char *text);

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_has_prefix(const char *text, const char *prefix);
bool str_has_suffix(const char *text, const char *suffix);
/* An ASCII capital in lower case, any other byte as it is: whatever the locale. */
static inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }
/* A copy with its ASCII letters in lower case; arena. */
char *str_lower(struct arena *a, const char *text);
/* The value (0 to 15) of a hexadecimal digit in either case, or -1. */
int hex_digit(char c);
/* Without leading and trailing ASCII white space; arena. */
char *str_trim(struct arena *a, const char *text);

/* The whole text is one decimal integer in [min, max]; no sign but '-', no blanks. */
bool parse_i64(const char *text, int64_t min, int64_t max, int64_t *out);

/* An id that an author chose: 1 to 64 of a-z 0-9 '-', starting with a letter or digit. */
bool id_valid(const char *id);
/* The anchor of a heading: ASCII in lower case, blanks become '-', ASCII punctuation is dropped,
 * other scripts stay. Never empty ("section"). Arena. */
char *slug_from(struct arena *a, const char *text);

/* Reads a file whole: NULL when it cannot be read, is larger than `max` bytes or is no regular file
 * (errno says which; EFBIG for size). NUL-terminated; `*len` without the NUL. Arena. */
char *file_read(struct arena *a, const char *path, size_t max, size_t *len);
/* The first bytes of an ordinary file, `room` at most: how many; 0 also when it cannot be read. */
size_t file_start(const char *path, char *bytes, size_t room);
/* The folder's entries, closed with the arena; NULL when it cannot be read. For want of memory or
 * descriptors, which says nothing of the folder, the arena leaves through its guard. */
DIR *dir_open(struct arena *a, const char *path);
/* Leaves it to the arena to close the folder. */
void dir_close_with(struct arena *a, DIR *dir);
/* Writes all of it to a descriptor that waits, in as many calls as it takes. False with errno. */
bool write_whole(int fd, const void *bytes, size_t len);
/* Writes a file so that a crash leaves the old or the new one: a temporary file beside it, fsync,
 * rename. A file of root gets the owner of its folder (base/owner.h). False with errno. */
bool file_write(const char *path, const void *bytes, size_t len, unsigned mode);

#endif
