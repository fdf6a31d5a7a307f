/* Private to exam/: what the pages share. */
#ifndef GR_EXAM_PAGES_H
#define GR_EXAM_PAGES_H

#include "exam/exam_store.h"

/* A question's number in a path, from 1. */
bool exam_slot_param(const char *text, int *slot);
/* 409 with the sentence that says when it ended and what counts. */
enum err exam_refuse_over(struct request *r, int64_t ended_ms, bool by_deadline);

/* 400 with the sentence that says why it is no response to its question. */
enum err exam_refuse_response(struct request *r, const struct exam_saving *s);

/* The reader's text for `key`, with parameters from `v` (may be NULL). */
const char *exam_text(struct request *r, const char *key, struct view *v);
/* Whether who asks may begin it, for exam_entry. */
struct exam_entry exam_own_entry(struct request *r, const struct exam_unit *u);
/* The attempt of `param[0]`, of whoever asks. */
enum err exam_own_attempt(struct request *r, struct exam_attempt *out) MUST_USE;
/* deadline_iso, now_iso, minutes_left of a running attempt. */
void exam_view_timer(struct request *r, struct view *v, const struct exam_attempt *t);
/* Title of the exam as it is now, else its id. */
const char *exam_title_of(struct request *r, const char *exam_id);
/* Sets `exam_title` with its language. */
void exam_view_title(struct request *r, struct view *v, const char *exam_id);
/* Sets `item_lang` and `item_dir` when a question is in another language than the page, else both
 * to false. */
void exam_view_lang(struct request *r, struct view *v, const struct exam_slot *slot);
/* Sets NAME to the least of `points` points that is this share. RULE exam-least: a whole number
 * where an exam gives whole points only; where it gives `parts`, the share itself, rounded up to
 * two decimals. How many parts a point has depends on the form: so the page of an exam and the
 * result of any form of it say the same number, and who has as much passes. */
void exam_view_least(struct request *r, struct view *v, const char *name, int points, int permille,
                     bool parts);
/* Sets `what` of `v` to the html of template exam_WHAT_FACE of the slot's type, with the values of
 * `part`; `*has_math` becomes true when that holds a formula, and stays what it was otherwise. */
enum err exam_view_part(struct request *r, struct view *v, const char *what,
                        const struct exam_ask *ask, struct view *part, bool *has_math) MUST_USE;
/* Redirects to /attempts/ID and `rest`. */
enum err exam_redirect(struct request *r, const char *attempt_id, const char *rest);

#endif
