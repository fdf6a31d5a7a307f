/* Private to exam/: attempts in the store, and the exams that are open. */
#ifndef GR_EXAM_STORE_H
#define GR_EXAM_STORE_H

#include "exam/exam_score.h"

/* ---- What is open -------------------------------------------------------------------------- */
/* An exam as it was read from its files, immutable; shared by whoever holds it. */
struct loaded_exam;
/* The exam as it is now, held until `a` is released. NULL when there is none. */
const struct exam_unit *exams_hold(struct exams *e, struct arena *a, const char *exam_id);
/* Whether exams_hold gives the last good version of this exam, since its files have errors now. */
bool exams_shows_last_good(struct exams *e, struct arena *a, const char *exam_id);
/* All of them, by title, held until `a` is released. */
size_t exams_hold_all(struct exams *e, struct arena *a, const struct exam_unit ***out);
/* RULE live-item: whether an exam that counts uses this item today. Then nobody sees it outside of
 * an attempt of that. */
bool exams_live_item(struct exams *e, struct arena *a, const char *item_id);
/* Wakes the exams' thread, since an attempt has ended and has to be scored. */
void exams_wake(struct exams *e);

/* "…" = base64url(HMAC-SHA-256(academy's key, "attempt\nslot\nseq\nresponse\nsaved_at")), RFC
 * 2104; saved_at as answered. */
char *exam_receipt(const char *secret, struct arena *a, const char *attempt_id, int slot,
                   int64_t seq, const char *response, const char *saved_at);
const char *exams_secret(const struct exams *e);

/* ---- What was published (exam_published.c) --------------------------------------------------- */
/* RULE exam-published: an exam that is kept, since its files are broken, is begun when a signed row
 * "exam.publish" of the log names it with its definition and its items; nor does an attempt count
 * whose version no such row names. Its digest alone says nothing: whoever can write the database
 * keeps another under that. The program names a version when it first keeps it; a server's first
 * start names those that older programs kept, and writes "exam.publications" behind them. What was
 * begun before that row needs none. */
/* In a job. Keeps and names an exam as its files say it, unless it is kept as the last one. */
enum err exam_publish(struct db *db, struct arena *a, const struct exam_unit *u,
                      int64_t now_ms) MUST_USE;
/* `*problem`: a sentence when it is kept and no such row names it; else it stays. */
enum err exam_unit_problem(struct db *db, struct arena *a, const struct exam_unit *u,
                           const char **problem) MUST_USE;
/* The same for the version of an attempt that was begun with row `seq`. */
enum err exam_version_problem(struct db *db, struct arena *a, const char *version, int64_t seq,
                              const char **problem) MUST_USE;

/* ---- The clock ----------------------------------------------------------------------------- */
struct exam_clock {
    bool wrong;
    int64_t off_ms,
        since_ms; /* while wrong: how far the machine's clock is ahead, and since when */
};
void exam_clock_now(struct exams *e, struct exam_clock *out);
/* RULE exam-settle: soon after a start of the machine it is not known whether its clock is right.
 * No attempt is ended then, and a save that seems too late is answered with 503. */
bool exam_clock_settling(struct exams *e);

#define EXAM_CLOCK_KEY_BYTES 32
/* RULE exam-elapsed: when trusted time is moved (by `by_ms`), the deadlines of what is running move
 * with it, and what is left to anyone stays what it was. clock_now_ms() says so from its COMMIT on:
 * for store_write_last, so that no job sees the new deadlines by the old time. */
struct exam_clock_following {
    int64_t by_ms, since_ms, base_ms; /* base_ms: of the clock before */
    int64_t from_ms;                  /* only attempts started then or later; 0 = all */
    const char *boot_id;
    const unsigned char *key; /* EXAM_CLOCK_KEY_BYTES, seals the mark */
};
enum err exam_clock_follow_job(struct db *db, struct arena *a, void *following,
                               int64_t now_ms) MUST_USE;

/* Opens an attempt again that the clock has ended. RULE exam-reopen: it was ended by the clock and
 * not submitted, has not been passed, its person has no other attempt at this exam open, and
 * `given_ms` is at most the whole time of the attempt. Otherwise ERR_CONFLICT with `why`, the key
 * of an interface text (ERR_INVALID: the time). What the end was stays, with the reason; results of
 * it stay as earlier results. */
struct exam_reopening {
    const char *attempt_id, *actor, *reason;
    int64_t given_ms;
    const char *why; /* out */
};
enum err exam_reopen_job(struct db *db, struct arena *a, void *reopening, int64_t now_ms) MUST_USE;

/* ---- Attempts ------------------------------------------------------------------------------ */
struct exam_attempt {
    const char *id, *exam_id, *exam_version, *person_id;
    bool practice, review_full, open, by_deadline;
    int cut_permille, minutes, extra_permille;
    int64_t start_ms, deadline_ms; /* the deadline as it is now, accommodations included */
    int64_t submitted_ms;          /* 0 = open */
    struct exam_form form;
};
/* `person_id` NULL = whoever it belongs to; another person's is ERR_NOT_FOUND. */
enum err exam_attempt_load(struct db *db, struct arena *a, const char *attempt_id,
                           const char *person_id, struct exam_attempt *out) MUST_USE;
/* Time is over, grace included: nothing is accepted any more, also when nobody has closed it
 * yet. */
bool exam_attempt_over(const struct exam_attempt *t, int64_t now_ms);

struct exam_slot_state {            /* its newest answer, and whether it is flagged */
    const struct exam_save *newest; /* NULL = never saved */
    bool flagged;
};
/* The states of all slots: slot_count entries. */
enum err exam_slot_states(struct db *db, struct arena *a, const struct exam_attempt *t,
                          struct exam_slot_state **out) MUST_USE;
bool exam_slot_answered(const struct exam_slot_state *m);
/* What the log keeps of the answers at the end of an attempt: SHA-256, in hex, of the JSON array of
 * [slot,seq,n,client,response,saved_ms] of the save that counts in each slot, in their order and
 * without blanks; `response` as the text that it is in the store. Slots without a save are not in
 * it. It takes one query for each slot. */
enum err exam_answers_digest(struct db *db, struct arena *a, const char *attempt_id, int slot_count,
                             char **out) MUST_USE;

/* An answer as it is stored. */
struct exam_saved {
    const char *attempt_id;
    int64_t slot, seq, n;
    const char *client, *response;
    int64_t saved_ms;
    int64_t ordinal; /* 1: the first save of its attempt; 0: not known (RULE saves-counted) */
};
/* RULE response-seal: an answer counts as evidence when it was saved by this program: its seal is
 * of all that the row says. Arena, as seal_make. */
const char *exam_saved_seal(struct db *db, struct arena *a, const struct exam_saved *s);
bool exam_saved_holds(struct db *db, const struct exam_saved *s, const char *seal);

/* RULE saves-counted: how many answers were saved in an attempt that is open stands in its row,
 * under a seal, and grows in the transaction of each save; at the end the signed log tells it. Each
 * answer says, under its own seal, which of the saves it was, so that the ones on record have to be
 * the first to the last of that number, which does not fall from one end to the next. Attempts that
 * began before this was so, or with another key (RULE seal-begins), are not counted. */
#define SEALED_SAVES(attempt_id, saves) "exam_open", "ti", attempt_id, (int64_t)(saves)
/* `*problem`: a sentence when answers of an attempt, open or ended, are gone, or more or others are
 * there than were saved, or their number is not this program's; else it stays. Takes as long as
 * there are answers. */
enum err exam_saves_problem(struct db *db, struct arena *a, const char *attempt_id,
                            const char **problem) MUST_USE;
/* RULE exam-ended-once: what the signed rows of the log say of an attempt's newest end. Whoever
 * ends an attempt asks it: one that has ended, and was not opened again since, does not end once
 * more. */
struct exam_ends {
    bool ended, reopened; /* `reopened`: after that end */
    int64_t saves;        /* that the end told; -1: it did not, or there is none */
};
enum err exam_ends_logged(struct db *db, struct arena *a, const char *attempt_id,
                          struct exam_ends *out) MUST_USE;

/* The item version of a slot: from the open exam when that still says the same, else from the
 * store. Held by `a`. */
enum err exam_slot_item(struct exams *e, struct db *db, struct arena *a, const char *exam_id,
                        const struct exam_slot *slot, const struct exam_item **out) MUST_USE;

/* Whether an item's text is what a slot asks: it can be read, and has the slot's type and number of
 * options. Then `*out` is the item. Arena. */
bool exam_slot_fits(const struct exam_slot *slot, const char *source, struct arena *a,
                    const struct exam_item **out);

/* The score from the stored facts, whether or not it was stored. `domains` in the order of the
 * open exam when there is one. */
enum err exam_attempt_score(struct exams *e, struct db *db, struct arena *a,
                            const struct exam_attempt *t, struct exam_score *out) MUST_USE;

/* A person's attempts at an exam, oldest first; `seen` (may be NULL) receives the items of the
 * newest ones. */
enum err exam_past_list(struct db *db, struct arena *a, const char *person_id, const char *exam_id,
                        struct exam_past **out, size_t *count, struct exam_seen *seen) MUST_USE;
/* The extra time of a person in an exam, as a factor; 1000 = none. */
enum err exam_extra_permille(struct db *db, const char *person_id, const char *exam_id,
                             int *out) MUST_USE;

/* Whether a person may begin an exam, from all that is on record (exam_may_start). */
struct exam_entry {
    const struct exam_unit *unit;
    const char *person_id;
    /* Both or none: NULL asks nobody whether the exam is to be sat anew (RULE exam-anew). */
    struct exams *exams;
    const struct content_snapshot *content;
    /* out */
    enum exam_start state;
    int64_t when_ms;
    int extra_permille;
    const char *problem; /* EXAM_START_CHANGED: what does not agree; else NULL */
};
/* `seen`: see exam_past_list; may be NULL. */
enum err exam_entry(struct db *db, struct arena *a, struct exam_entry *x, int64_t now_ms,
                    struct exam_seen *seen) MUST_USE;

/* ---- Jobs (write_fn) ----------------------------------------------------------------------- */
struct exam_starting {
    const struct exam_unit *unit;
    const char *person_id;
    struct exams *exams; /* as struct exam_entry has them; content held until the job is done */
    const struct content_snapshot *content;
    uint64_t seed;
    int64_t start_ms; /* 0 = now */
    /* out */
    const char *id;        /* also of the attempt that was open already */
    enum exam_start state; /* FREE or OPEN on OK; else why not (ERR_CONFLICT) */
    int64_t when_ms;
    const char *why; /* when no form can be drawn (ERR_INVALID) */
};
enum err exam_start_job(struct db *db, struct arena *a, void *starting, int64_t now_ms) MUST_USE;

struct json_t;
struct exam_saving {
    const char *attempt_id, *person_id, *client;
    int slot;
    int64_t seq;
    const struct json_t *value;
    /* out */
    const char *response; /* canonical */
    int64_t saved_ms, newest_seq, deadline_ms;
    bool stale;         /* another save counts */
    const char *newest; /* what counts, canonical */
    const char *why;    /* ERR_INVALID: what the slot's type says of it, with so many options */
    int options;
    bool over; /* ERR_CONFLICT: the attempt has ended, at submitted_ms (0: the deadline has passed)
                */
    int64_t submitted_ms;
};
/* Saves of one question; more are ERR_LIMIT. */
#define EXAM_SAVES_LIMIT 5000
#define EXAM_SEQ_MAX                                                                               \
    ((int64_t)9007199254740991) /* 2^53 - 1: the largest that every JSON reader keeps */
/* RULE exam-seq-step: how far a save may be numbered ahead of the newest of its question. A client
 * that was offline counts on meanwhile; a much larger number would make all later saves of other
 * devices stale. So many steps as there may be saves stay below the last number.
 */
#define EXAM_SEQ_STEP ((int64_t)1000000)
#define EXAM_CLIENT_LIMIT 64
enum err exam_save_job(struct db *db, struct arena *a, void *saving, int64_t now_ms) MUST_USE;

struct exam_flagging {
    const char *attempt_id, *person_id;
    int slot;
    bool flagged, over;
};
enum err exam_flag_job(struct db *db, struct arena *a, void *flagging, int64_t now_ms) MUST_USE;

struct exam_ending {
    const char *attempt_id, *person_id; /* person NULL: the clock */
    int64_t at_ms;                      /* 0 = now */
};
/* Ends it; ending what has ended is OK. ERR_CONFLICT: it is open, and has ended by the log (RULE
 * exam-ended-once); the clock takes away that it is open. RULE exam-clock-ends: the clock ends
 * nothing before deadline and grace have passed when the job runs. */
enum err exam_end_job(struct db *db, struct arena *a, void *ending, int64_t now_ms) MUST_USE;
/* Ends those whose deadline and grace have passed, up to a batch; `*(int *)closed` receives how
 * many. */
#define EXAM_EXPIRE_BATCH 100
enum err exam_expire_job(struct db *db, struct arena *a, void *closed, int64_t now_ms) MUST_USE;

struct exam_scored {
    const char *attempt_id;
    int cut_permille;
    struct exam_score score;
    bool again; /* a regrade: also when there is a result */
};
struct exam_scored_list {
    struct exam_scored *scored;
    size_t count;
};
enum err exam_result_job(struct db *db, struct arena *a, void *scored_list,
                         int64_t now_ms) MUST_USE;

#endif
