/* What a client asks of a list: filters, order, size and place, which fields are shown. */
#ifndef GR_SANDBOX_API_QUERY_H
#define GR_SANDBOX_API_QUERY_H

#include "sandbox/api.h"

/* RULE lab-filters: a list takes 32 filters; one more is refused in the dialect's words. */
#define FILTERS_MAX 32
/* RULE lab-sort: a list is ordered by three fields at most. */
#define SORT_KEYS_MAX 3
/* Behind the values of the filters and the cursor. */
#define AT_SIZE (FILTERS_MAX + 2)
#define AT_OFFSET (FILTERS_MAX + 3)

struct api_query {
    int64_t size, offset;
    const char *after; /* id, for cursors */
    bool counted;      /* the cursor was one that counts, as those of ordered lists are */
    const char *place; /* as the client wrote it */
    struct buf where, order;
    int sort_keys;
    bool counts; /* a list of other things than records: its cursors count */
    const char *values[FILTERS_MAX + 1]; /* the last one is for the cursor */
    bool number[FILTERS_MAX + 1];        /* the value is one */
    int value_count;
};

/* Reads the request's parameters; false: a problem was answered. */
bool api_query_read(struct api *x, struct api_query *l);
/* Reads size and place of a list of other things than records; `also`: another parameter that it
 * takes, whose value goes to `*value` (NULL: it is not there); or NULL. */
bool api_query_page(struct api *x, struct api_query *l, const char *also, const char **value);
/* Where the next page begins, in the body and in a header; NULL: nowhere. */
const char *api_next_position(struct api *x, struct api_query *l, const char *last_id, bool more);
/* A time as the dialect writes it, in milliseconds; NULL: it is none. */
const char *api_time_value(struct api *x, const char *value);
/* Reads those that a single record takes. */
bool api_query_shown(struct api *x);

#endif
