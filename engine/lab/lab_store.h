/* What labs keep in the store. Functions that take now_ms run inside a write job. */
#ifndef GR_LAB_STORE_H
#define GR_LAB_STORE_H

#include "lab/lab_log.h"
#include "store/store.h"

struct lab_run_row {
    const char *id, *person_id, *scenario_id, *version, *choice, *engine;
    uint64_t seed;
    int64_t started_ms;
};

enum err lab_store_run(struct db *db, struct arena *a, const char *run_id,
                       struct lab_run_row *out) MUST_USE;
/* With the pack that it is made of, which the log names from then on (lab_pack_publish). */
enum err lab_store_run_add(struct db *db, struct arena *a, const struct lab_run_row *run,
                           const char *title, const char *pack, size_t pack_len) MUST_USE;
enum err lab_store_pack(struct db *db, struct arena *a, const char *version, const char **bytes,
                        size_t *len) MUST_USE;
/* RULE lab-begun: of one lab a person begins at most LAB_STARTS_PER_HOUR runs within an hour, and
 * has at most LAB_OPEN_RUNS that were begun within LAB_OPEN_DAYS days and are not passed. A program
 * could otherwise begin thousands within seconds, and none ever goes. `*until_ms`: when one more
 * may be begun; 0: now. `*open`: whether that is for runs that are not passed. */
#define LAB_STARTS_PER_HOUR 30
#define LAB_OPEN_RUNS 50
#define LAB_OPEN_DAYS 7
enum err lab_store_may_start(struct db *db, const char *person_id, const char *scenario_id,
                             int64_t now_ms, int64_t *until_ms, bool *open) MUST_USE;

/* RULE lab-record-pieces: reads a whole record, one action in memory at a time, so that whatever
 * was recorded can be read; to its end, or to the first action that does not fit, or is not sealed
 * (`broken`, RULE lab-seal). */
enum err lab_store_record(struct db *db, struct arena *a, const char *run_id,
                          struct lab_log *out) MUST_USE;
/* One action of it; `seq` from 1. */
enum err lab_store_action(struct db *db, struct arena *a, const char *run_id, int64_t seq,
                          struct lab_action *out) MUST_USE;
/* RULE lab-certify: a run is certifying when its first action says so; whoever has begun to work
 * cannot say it any more, nor take it back. */
#define LAB_CERTIFY "{\"kind\":\"certify\"}"
enum err lab_store_certifying(struct db *db, struct arena *a, const char *run_id,
                              bool *out) MUST_USE;
struct lab_checkpoint {
    int64_t seq, at_ms;
    const char *name;
};
#define LAB_CHECKPOINTS_SHOWN 20
/* The newest first. */
enum err lab_store_checkpoints(struct db *db, struct arena *a, const char *run_id,
                               struct lab_checkpoint **out, size_t *count) MUST_USE;
/* How often a run went back to an earlier step, `*whole`: of these to its begin. */
enum err lab_store_resets(struct db *db, const char *run_id, int64_t *all, int64_t *whole) MUST_USE;
/* How many bytes of actions a person's runs have on record; counting ends where that is more than
 * `enough`. */
enum err lab_store_bytes(struct db *db, const char *person_id, int64_t enough,
                         int64_t *out) MUST_USE;
/* ERR_CONFLICT unless it is the next one of its run (previous: the hash before it). */
enum err lab_store_action_add(struct db *db, struct arena *a, const char *run_id,
                              const struct lab_action *action, const char *previous) MUST_USE;

/* ---- Packs that this academy published (lab_packs.c) ----------------------------------------- */
/* RULE lab-published: a run passes on a version of its lab that a signed row "lab.pack" of the log
 * names, and on no other, since whoever can write the database can keep a scenario of their own
 * under its digest. The program names a version when the first run on it is begun; a server's first
 * start names those that were kept by older programs, and writes "lab.packs" behind them. What was
 * passed before that row needs none.
 *
 * `before_seq` 0: anywhere in the log; else in rows before that one. */
enum err lab_pack_published(struct db *db, struct arena *a, const char *version,
                            const char *scenario_id, int64_t before_seq, bool *out) MUST_USE;
/* The row "lab.packs"; 0: there is none. */
enum err lab_packs_from(struct db *db, int64_t *seq) MUST_USE;
/* Names it, unless the log does. */
enum err lab_pack_publish(struct db *db, struct arena *a, const char *version,
                          const char *scenario_id, int64_t now_ms) MUST_USE;

struct lab_image {
    int64_t seq;
    const unsigned char *seal, *bytes;
    size_t seal_len, len;
};
enum err lab_store_image(struct db *db, struct arena *a, const char *run_id,
                         struct lab_image *out) MUST_USE;
enum err lab_store_image_keep(struct db *db, const char *run_id, const struct lab_image *image,
                              int64_t now_ms) MUST_USE;

struct lab_checking_row {
    int64_t seq, at_ms;
    int passed, total, points;
    const char *verdicts;
};
/* What a checking found; all checks passed enters the audit log too, so that no way of passing is
 * without it. `head`: hash of the run's last action. ERR_DENIED: all passed, on a version that was
 * not published (RULE lab-published). */
enum err lab_store_checking_add(struct db *db, struct arena *a, const struct lab_run_row *run,
                                const char *head, const struct lab_checking_row *row) MUST_USE;
/* ERR_NOT_FOUND when nobody has checked yet. */
enum err lab_store_checking(struct db *db, struct arena *a, const char *run_id,
                            struct lab_checking_row *out) MUST_USE;
enum err lab_store_hint_add(struct db *db, const char *run_id, const char *check_id, int level,
                            int64_t now_ms) MUST_USE;
/* How many hints of a check were opened; `levels` by position of `checks`. */
enum err lab_store_hints(struct db *db, struct arena *a, const char *run_id,
                         const char *const *checks, size_t count, int *levels) MUST_USE;
enum err lab_store_incident_add(struct db *db, struct arena *a, const char *run_id,
                                const char *kind, const char *detail, int64_t now_ms) MUST_USE;
struct lab_incident_row {
    int64_t at_ms;
    const char *kind, *detail;
};
enum err lab_store_incidents(struct db *db, struct arena *a, const char *run_id,
                             struct lab_incident_row **out, size_t *count) MUST_USE;

#endif
