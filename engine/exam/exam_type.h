/* Private to exam/: the types of items, one row each. Everything that depends on what a candidate
 * is asked to do (choose, order, write a number) stands behind such a row; nothing else in the room
 * asks which type an item has. Adding one: docs/item-types.md.
 *
 * A response is stored as canonical text: JSON that a type writes, in which equal answers are equal
 * texts. EXAM_NO_ANSWER is no answer, whatever the type. What was once stored stays readable for
 * ever: names and letters of types, their canonical texts and the meaning of these never change. */
#ifndef GR_EXAM_EXAM_TYPE_H
#define GR_EXAM_EXAM_TYPE_H

#include "exam/exam_form.h"
#include "page/page.h"

#define EXAM_NO_ANSWER "[]"
/* Parts of a point at most: the least common multiple of all `max` up to it is 2,520. */
#define EXAM_MAX_POINTS 10

struct json_t;
struct exam_reader;

/* One question of one candidate. */
struct exam_ask {
    const struct exam_slot *slot;
    const struct exam_item *item;
    const char *response; /* canonical, never NULL */
    /* The fields `response[]` of a form that was refused, so that nobody writes them twice. */
    const char *const *given;
    size_t given_count;
};

struct exam_type {
    const char *name; /* in item blocks (`type: ordering`) and in stored forms */
    /* Names its templates exam_ask_FACE (what is asked) and exam_key_FACE (afterwards, with key and
     * reasons), and its script in site/scripts/lib/exam_types.js. */
    const char *face;
    char letter; /* in the shape of an open attempt: neither a digit nor another's */
    /* RULE option-order: the options of the item are shown in an order drawn for each form. Else
     * its slots have none. */
    bool shuffled;
    const char *const *fields; /* of the item block beside those of all types; NULL = none */

    /* ---- What authors write ---- */
    /* The block of the item that says what is right, among those from `from` to before `until`;
     * NULL, reported at `heading`, when there is none. The stem is what stands before it. */
    cmark_node *(*find)(struct exam_reader *r, cmark_node *heading, cmark_node *from,
                        cmark_node *until);
    /* Reads that block into r->item; what is wrong is reported. May set another row as the item's
     * type. `stem`: its plain text. */
    void (*parse)(struct exam_reader *r, cmark_node *heading, cmark_node *block, const char *stem);

    /* ---- What candidates answer ---- */
    /* Canonical text of what a client sent for a slot of `options` options. NULL when it is no
     * answer to it: `*why` is then the key of an interface text with the parameter `options`. In a
     * job, without the item. Arena. */
    const char *(*canonical)(const struct json_t *value, int options, struct arena *a,
                             const char **why);
    /* Makes such a value of the fields `response[]` of the page's form, for browsers without
     * scripts; never NULL, since `canonical` refuses what is wrong. Arena. */
    struct json_t *(*from_form)(const char *const *values, size_t count, struct arena *a);

    /* RULE answer-whole: how an answer stands to what is asked for, as the stem says it (so many
     * choices, an option at each place): 0 = it gives all of that, below 0: something is missing,
     * above 0: it gives more. What is not whole is saved and scored like any other. NULL: every
     * answer is. Only of answers that are not EXAM_NO_ANSWER. */
    int (*surplus)(const struct exam_ask *ask);

    /* ---- Scoring: pure ---- */
    /* Points of `*max` (1 to EXAM_MAX_POINTS, the same for every answer to the item). An answer of
     * EXAM_NO_ANSWER has none. */
    int (*points)(const struct exam_ask *ask, int *max);

    /* ---- What is shown ---- */
    /* The values of exam_ask_FACE: nothing that tells the key. */
    void (*view)(struct view *v, const struct exam_ask *ask, struct arena *a);
    /* The values of exam_key_FACE. */
    void (*view_key)(struct view *v, const struct exam_ask *ask, struct arena *a);
    /* The answer in one line, as assessors see it; "" for EXAM_NO_ANSWER. Arena. */
    const char *(*say)(const char *response, struct arena *a);
    /* A right answer, or one with a typical mistake, for the demo and load tests: a function of
     * seed and n. Arena. */
    struct json_t *(*demo_answer)(const struct exam_ask *ask, bool right, uint64_t seed, uint64_t n,
                                  struct arena *a);
};

/* NULL when there is none. */
const struct exam_type *exam_type_named(const char *name);
const struct exam_type *exam_type_lettered(char letter);
/* All names as a sentence has them: "a, b or c". Arena. */
const char *exam_type_names(struct arena *a);

/* Whether canonical text holds an answer; NULL does not. */
bool exam_answered(const char *response);

/* The rows. */
extern const struct exam_type exam_type_single, exam_type_multiple, exam_type_ordering,
    exam_type_numeric;

/* ---- What types share ---------------------------------------------------------------------- */
/* The numbers in canonical text "[3,1]" up to `room` of them; how many there are. */
int exam_numbers_read(const char *response, int *out, int room);
/* "[3,1]". Arena. */
char *exam_numbers_text(const int *numbers, int count, struct arena *a);
/* "C, A": options by the letters that the page shows; "–" for a place that is empty. Arena. */
const char *exam_letters_say(const char *response, struct arena *a);

#endif
