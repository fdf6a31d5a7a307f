/* Private to exam/: reading an item, for exam_item.c and the types. */
#ifndef GR_EXAM_EXAM_READ_H
#define GR_EXAM_EXAM_READ_H

#include "exam/exam_type.h"

struct exam_reader {
    struct doc *doc;
    struct arena *out;
    struct diag_list *diags;
    struct exam_item *item;
    struct field *block; /* the item block's fields; NULL when it is broken or missing */
    const char *at;      /* where line `at_line` begins; NULL: not yet known */
    int at_line;
};

/* An error at a node. */
void exam_report(struct exam_reader *r, cmark_node *at, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* An error at a field of the item block. */
void exam_report_field(struct exam_reader *r, struct field *at, const char *rule,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The html of the blocks from `from` to before `until`. Arena of what is read. */
const char *exam_markup(struct exam_reader *r, cmark_node *from, cmark_node *until);
/* The html of a rationale, which is a quote; NULL when the quote is empty. */
const char *exam_read_reason(struct exam_reader *r, cmark_node *quote);

/* Reads the entries of a list as options. A quote at the end of an entry is its rationale, and a
 * tick makes it a key. `reasons`: each must have a rationale (a warning). Reports options that are
 * empty or equal, fewer than `least` and more than EXAM_OPTIONS. */
void exam_read_options(struct exam_reader *r, cmark_node *list, int least, bool reasons);
/* The first task list, for `find` of a type. */
cmark_node *exam_find_tasks(struct exam_reader *r, cmark_node *heading, cmark_node *from,
                            cmark_node *until);

#endif
