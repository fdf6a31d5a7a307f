/* Interface texts in ICU's message syntax, the part that a catalogue needs
 * (https://unicode-org.github.io/icu/userguide/format_parse/messages/): {name}, {name, number},
 * {name, plain}, {name, plural, offset:1 =0 {…} one {…} other {…}}, selectordinal, select; # inside
 * a plural; apostrophes quote ('{' is a brace, '' an apostrophe). */
#ifndef GR_PAGE_MESSAGE_H
#define GR_PAGE_MESSAGE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"

#define MESSAGE_NESTING 6

enum message_part_type {
    PART_TEXT,
    PART_VALUE,
    PART_PLAIN,
    PART_NUMBER_SIGN,
    PART_PLURAL,
    PART_ORDINAL,
    PART_SELECT
};

struct message_name {
    const char *name;
    uint32_t hash;
};

struct message_case {
    const char *selector; /* "one", "other", "=0" or a word */
    bool exact;           /* =N */
    int64_t value;
    struct message *then;
    struct message_case *next;
};

struct message_part {
    enum message_part_type type;
    const char *text;
    size_t len;
    struct message_name path[4]; /* a.b */
    unsigned path_count;
    int64_t offset;
    struct message_case *cases;
    struct message_part *next;
};

struct message {
    struct message_part *first;
    const char *escaped; /* the whole text when it has no parameters: as HTML, else NULL */
    size_t escaped_len;
    atomic_bool *reported; /* that a view lacks a parameter: said once */
};

/* NULL with a sentence in `*why` (arena) when it breaks the syntax or lacks "other". */
struct message *message_parse(struct arena *a, const char *text, const char **why);

#endif
