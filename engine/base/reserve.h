/* Memory for libraries that do not survive a failed allocation (ICU continues with a null pointer,
 * and so does libxml2 in places).
 *
 * They get these functions instead of malloc, realloc and free. Each asks malloc first; when that
 * fails, it lends a piece of a reserve that was set aside at the start. A piece returns when the
 * library frees it. While `reserve_low` is true nothing new should be begun: the server answers 503
 * until memory is back. A library sees NULL only when the reserve is used up as well. All functions
 * may be called from any thread. */
#ifndef GR_BASE_RESERVE_H
#define GR_BASE_RESERVE_H

#include <stdbool.h>
#include <stddef.h>

/* Set aside at the start, in bytes; touched only in need. */
#define RESERVE_BYTES ((size_t)2 * 1024 * 1024)

/* Call once, before any library allocates through it and before there are threads. Without this
 * call nothing is ever lent. */
void reserve_start(void);

void *reserve_alloc(size_t size);
void *reserve_resize(void *old, size_t size);
void reserve_free(void *p);
char *reserve_strdup(const char *text);

/* RULE reserve-low: less than half of it is left, and malloc has failed within the last five
 * seconds. */
bool reserve_low(void);
/* Bytes that are lent out, for metrics and tests. */
size_t reserve_lent(void);

/* For tests: the next `count` calls find no memory outside the reserve. */
void reserve_pretend_empty(long count);

#endif
