/* Bodies of answers as the author of a dialect writes them: JSON with slots for what each answer
 * holds. A slot is a name in braces, {record}; inside a string it gives the text without quotes,
 * "r{call}". What stands between {?field} and {/field} is left out when there is no field. */
#ifndef GR_LAB_BODY_H
#define GR_LAB_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define LAB_BODY_BYTES 2000 /* of one template */
#define LAB_BODY_PARTS 64

/* The answers that have a body; `of` of an element <body> names them. */
enum lab_body_of {
    LAB_BODY_ERROR,
    LAB_BODY_PAGE,
    LAB_BODY_ONE,
    LAB_BODY_CREATED,
    LAB_BODY_UPDATED,
    LAB_BODY_MERGED,
    LAB_BODY_BATCH,         /* around the results of a batch */
    LAB_BODY_BATCH_CREATED, /* the result of one record */
    LAB_BODY_BATCH_UPDATED,
    LAB_BODY_BATCH_REFUSED,
    LAB_BODY_HOOK, /* what a webhook sends */
    LAB_BODY_JOB,  /* a bulk job */
    LAB_BODY_JOB_DONE,
    LAB_BODY_JOB_FAILED, /* one row of it */
    LAB_BODY_COMPOSITE,  /* around the results of several operations */
    LAB_BODY_COMPOSITE_ONE,
    LAB_BODY_DELETED, /* one record of those that were deleted */
    LAB_BODY_COUNT,
};
extern const char *const lab_body_names[LAB_BODY_COUNT];

enum lab_slot {
    LAB_SLOT_NONE,
    LAB_SLOT_CALL,    /* the number of the call */
    LAB_SLOT_CODE,    /* of the problem */
    LAB_SLOT_MESSAGE, /* the problem's sentence */
    LAB_SLOT_STATUS,  /* the answer's HTTP status */
    LAB_SLOT_FIELD,   /* the field that is to blame; there may be none */
    LAB_SLOT_FIELDS,  /* the same as members of a list: one or none */
    LAB_SLOT_RECORD,  /* the whole record */
    LAB_SLOT_ID,      /* its id */
    LAB_SLOT_ID_NAME, /* what the dialect calls the member that holds the id; in strings only */
    LAB_SLOT_ITEMS,   /* the records of a page, members of a list */
    LAB_SLOT_TOTAL,   /* how many there are on all pages */
    LAB_SLOT_NEXT,    /* where the next page begins, null on the last one */
    LAB_SLOT_MORE,    /* whether there is a next page */
    LAB_SLOT_RESULTS, /* of a batch, members of a list */
    LAB_SLOT_EVENT,   /* what happened to a record */
    LAB_SLOT_OBJECT,  /* what kind of record it is */
    LAB_SLOT_STATE,   /* of a bulk job */
    LAB_SLOT_OPERATION,
    LAB_SLOT_ROWS,   /* how many it has */
    LAB_SLOT_DONE,   /* … that were written */
    LAB_SLOT_FAILED, /* … that were refused */
    LAB_SLOT_ROW,    /* the number of a row, from 1 */
    LAB_SLOT_LINE,   /* a row as it was sent */
    LAB_SLOT_ANSWER, /* what an operation of a composite call answers, null for nothing */
    LAB_SLOT_AT,     /* when */
    LAB_SLOT_COUNT,
};
/* The slot of this name, LAB_SLOT_NONE when there is none. */
enum lab_slot lab_slot_named(const char *name, size_t len);

struct lab_body_part {
    const char *text; /* what stands before the slot */
    size_t len;
    enum lab_slot slot;
    bool quoted; /* the slot stands inside a string */
    bool opens;  /* {?slot}: when it is absent, writing goes on behind part `end` */
    int end;
};

struct lab_body {
    const char *text, *type; /* the template; the answer's media type */
    struct lab_body_part *parts;
    int part_count;
};

/* What fills the slots. A text that is NULL is absent (next: null). */
struct lab_body_fill {
    const char *code, *message, *field, *id, *id_name, *next, *event, *object;
    const char *state, *operation, *line;
    const char *answer, *at; /* JSON */
    int64_t call, total, rows, done, failed, row;
    int status;
    /* Writes LAB_SLOT_RECORD, LAB_SLOT_ITEMS or LAB_SLOT_RESULTS. */
    void (*write)(void *context, enum lab_slot slot, struct buf *out);
    void *context;
};

/* RULE lab-body: what comes out is JSON, whatever fills the slots. Reads a template for answers of
 * this kind. Returns NULL, or (arena) what is wrong with it. */
const char *lab_body_read(struct lab_body *out, enum lab_body_of of, const char *text,
                          const char *type, struct arena *a);
bool lab_body_has(const struct lab_body *b, enum lab_slot slot);
/* Whether the body is the record and nothing around it. */
bool lab_body_bare(const struct lab_body *b);
void lab_body_write(const struct lab_body *b, const struct lab_body_fill *fill, struct buf *out);

#endif
