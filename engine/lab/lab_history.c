/* Writes what is kept of a run (actions, images, incidents), and reads it back. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "lab/lab_manager.h"

#define WRITE_ARENA_BYTES ((size_t)96 * 1024 * 1024)

/* ---- Images --------------------------------------------------------------------------------- */
/* The seal covers everything that identifies the image: the database alone could be another run's.
 */
static void seal(struct labs *l, const char *run_id, const char *version,
                 const struct lab_image *image, unsigned char out[crypto_auth_hmacsha256_BYTES]) {
    crypto_auth_hmacsha256_state h;
    char head[256];
    int n = snprintf(head, sizeof head, "%s %s %lld %s", run_id, version, (long long)image->seq,
                     worker_engine());
    crypto_auth_hmacsha256_init(&h, l->key, sizeof l->key);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)head, (unsigned long long)n + 1);
    crypto_auth_hmacsha256_update(&h, image->bytes, image->len);
    crypto_auth_hmacsha256_final(&h, out);
}

static bool image_fits(struct labs *l, const struct lab_run_row *run,
                       const struct lab_image *image) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    if (image->seal_len != sizeof mac) return false;
    seal(l, run->id, run->version, image, mac);
    return sodium_memcmp(mac, image->seal, sizeof mac) == 0;
}

char *lab_run_token(struct labs *l, struct arena *a, const char *run_id) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state h;
    crypto_auth_hmacsha256_init(&h, l->key, sizeof l->key);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)"run token", 10);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)run_id, strlen(run_id));
    crypto_auth_hmacsha256_final(&h, mac);
    return arena_printf(a, "run_%s", base64url_encode(a, mac, 24));
}

/* ---- Writes --------------------------------------------------------------------------------- */
/* A write job that outlives the request, and so owns all that it needs. */
struct record_write {
    struct write_job job;
    struct arena arena;
    struct labs *labs;
    struct lab_ask *ask; /* answered after COMMIT; NULL = nobody waits */
    const char *run_id, *previous, *kind, *detail;
    struct lab_action action;
    struct lab_image image;
    bool counts; /* an action: what follows in the record depends on it */
};

static struct record_write *new_write(struct labs *l, const char *run_id) {
    struct record_write *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    arena_init(&w->arena, WRITE_ARENA_BYTES);
    w->labs = l;
    w->job.arena = &w->arena;
    w->job.arg = w;
    w->run_id = run_id;
    return w;
}

static void free_write(struct record_write *w) {
    arena_release(&w->arena);
    free(w);
}

static void written(struct write_job *job, enum err result) {
    struct record_write *w = job->arg;
    struct lab_ask *ask = w->ask;
    struct labs *l = w->labs;
    if (w->counts) live_count_unwritten(l, w->run_id, -1, result != OK);
    free_write(w);
    if (ask) {
        ask->result = result;
        if (result) ask->error = "lab_error_unsaved";
        ask->done(ask);
    }
    pthread_mutex_lock(&l->lock);
    l->writes--;
    pthread_cond_broadcast(&l->written);
    pthread_mutex_unlock(&l->lock);
}

static enum err submit(struct record_write *w, write_fn run) {
    struct labs *l = w->labs;
    w->job.run = run;
    w->job.done = written;
    pthread_mutex_lock(&l->lock);
    l->writes++;
    pthread_mutex_unlock(&l->lock);
    enum err e = store_submit(l->app->store, &w->job);
    if (!e) return OK;
    pthread_mutex_lock(&l->lock);
    l->writes--;
    pthread_mutex_unlock(&l->lock);
    if (w->counts) live_count_unwritten(l, w->run_id, -1, true);
    free_write(w);
    return e;
}

static enum err write_action(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct record_write *w = arg;
    (void)now_ms;
    return lab_store_action_add(db, a, w->run_id, &w->action, w->previous);
}
static enum err write_image(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct record_write *w = arg;
    (void)a;
    return lab_store_image_keep(db, w->run_id, &w->image, now_ms);
}
static enum err write_incident(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct record_write *w = arg;
    return lab_store_incident_add(db, a, w->run_id, w->kind, w->detail, now_ms);
}

void history_incident(struct labs *l, const char *run_id, const char *kind, const char *detail) {
    log_say(LOG_ERROR, "lab_incident", "run %s: %s: %s", run_id, kind, detail);
    pthread_mutex_lock(&l->lock);
    l->incidents++;
    pthread_mutex_unlock(&l->lock);
    struct record_write *w = new_write(l, run_id);
    if (!w) return;
    if (ARENA_GUARD(&w->arena) != 0) {
        free_write(w);
        return;
    }
    w->run_id = arena_dup(&w->arena, run_id);
    w->kind = arena_dup(&w->arena, kind);
    w->detail = arena_dup(&w->arena, detail);
    w->arena.guarded = false;
    if (submit(w, write_incident))
        log_say(LOG_WARN, "lab_incident", "run %s: the incident could not be kept", run_id);
}

static void keep_image(struct labs *l, struct lab_live *live, struct arena *a) {
    struct lab_image image = {.seq = live->seq};
    if (live->image_at == live->effective || live->effective == 0) return;
    if (client_save(&live->w, a, &image.bytes, &image.len)) return;
    struct record_write *w = new_write(l, live->run_id);
    if (!w) return;
    if (ARENA_GUARD(&w->arena) != 0) {
        free_write(w);
        return;
    }
    w->run_id = arena_dup(&w->arena, live->run_id);
    unsigned char *mac = arena_alloc(&w->arena, crypto_auth_hmacsha256_BYTES);
    w->image = image;
    w->image.bytes = (unsigned char *)arena_copy(&w->arena, (const char *)image.bytes, image.len);
    seal(l, live->run_id, live->version->scenario.version, &w->image, mac);
    w->image.seal = mac;
    w->image.seal_len = crypto_auth_hmacsha256_BYTES;
    w->arena.guarded = false;
    /* An image is only a cache: when the queue is full, a later one will do. */
    if (submit(w, write_image) != OK) return;
    live->image_at = live->effective;
    live->worked_ms = 0;
}

void history_image(struct labs *l, struct lab_live *live) {
    struct arena a;
    arena_init(&a, WRITE_ARENA_BYTES);
    if (ARENA_GUARD(&a) == 0) keep_image(l, live, &a);
    arena_release(&a);
}

/* ---- Actions -------------------------------------------------------------------------------- */
/* Finds the count of bytes that a person's runs have on record; it is read from the store once and
 * then kept up to date. NULL: it was not read yet. */
static struct lab_person *person_of(struct labs *l, const char *id) {
    struct lab_person *p = l->people;
    while (p && !str_eq(p->id, id)) p = p->next;
    return p;
}

static enum err count_person(struct labs *l, struct db *db, const char *id,
                             struct lab_person **out) {
    int64_t bytes;
    pthread_mutex_lock(&l->lock);
    *out = person_of(l, id);
    pthread_mutex_unlock(&l->lock);
    if (*out) return OK;
    enum err e = lab_store_bytes(db, id, LAB_PERSON_BYTES, &bytes);
    if (e) return e;
    pthread_mutex_lock(&l->lock);
    *out = person_of(l, id);
    if (!*out && (*out = calloc(1, sizeof **out))) {
        snprintf((*out)->id, sizeof(*out)->id, "%s", id);
        (*out)->bytes = bytes;
        (*out)->next = l->people;
        l->people = *out;
    }
    pthread_mutex_unlock(&l->lock);
    return *out ? OK : ERR_BUSY;
}

void history_people_free(struct labs *l) {
    while (l->people) {
        struct lab_person *next = l->people->next;
        free(l->people);
        l->people = next;
    }
}

enum err history_check_limits(const struct lab_live *live, struct lab_ask *ask,
                              const char *action) {
    int64_t len = (int64_t)strlen(action);
    if (live->seq >= LAB_ACTIONS_MAX) return live_fail(ask, ERR_LIMIT, "lab_error_actions");
    if (len > LAB_ACTION_BYTES) return live_fail(ask, ERR_LIMIT, "lab_error_action_bytes");
    if (live->bytes + len > LAB_RUN_BYTES) return live_fail(ask, ERR_LIMIT, "lab_error_run_bytes");
    if (live->person->bytes + len > LAB_PERSON_BYTES)
        return live_fail(ask, ERR_LIMIT, "lab_error_person_bytes");
    return OK;
}

enum err history_add(struct labs *l, struct lab_live *live, struct lab_ask *ask, const char *action,
                     int status, const char *sha, bool *waiting) {
    struct record_write *w = new_write(l, live->run_id);
    if (!w || ARENA_GUARD(&w->arena) != 0) {
        if (w) free_write(w);
        live->poisoned = true; /* the worker has done it, and the record does not have it */
        return live_fail(ask, ERR_BUSY, "lab_error_unsaved");
    }
    w->run_id = arena_dup(&w->arena, live->run_id);
    w->previous = arena_dup(&w->arena, live->head);
    w->action = (struct lab_action){live->seq + 1,
                                    ask->now_ms,
                                    arena_dup(&w->arena, ask->actor_id),
                                    arena_dup(&w->arena, action),
                                    arena_dup(&w->arena, sha),
                                    NULL,
                                    status};
    char *hash = lab_log_hash(&w->arena, live->run_id, &w->action, live->head);
    w->action.hash = hash;
    w->arena.guarded = false;
    w->counts = true;
    live_count_unwritten(l, live->run_id, 1, false);
    char head[65];
    snprintf(head, sizeof head, "%s", hash);
    const int64_t len = (int64_t)strlen(action);
    bool wait = !ask->reads_only;
    w->ask = wait ? ask : NULL;
    /* Once it waits, the ask may be answered, and gone, before submit returns; and the bytes must
     * be counted by then. */
    *waiting = wait;
    live->person->bytes += len;
    enum err e = submit(w, write_action);
    if (e) {
        *waiting = false;
        live->person->bytes -= len;
        return live_fail(ask, ERR_BUSY, "lab_error_busy");
    }
    live->seq++;
    live->bytes += len;
    memcpy(live->head, head, sizeof live->head);
    return OK;
}

/* ---- Reading back --------------------------------------------------------------------------- */
static enum err report_broken(struct labs *l, struct lab_ask *ask, const struct lab_log *log) {
    if (!log->broken) return OK;
    history_incident(l, ask->run.id, "record",
                     arena_printf(ask->arena, "action %zu does not fit its chain", log->count + 1));
    return live_fail(ask, ERR_IO, "lab_error_damaged");
}

struct reading {
    struct labs *labs;
    struct lab_ask *ask;
    struct lab_resume_point *past; /* NULL: the log is enough */
    struct lab_log *log;
    enum err version;
};

/* The image is read into memory of its own. When there is not enough for it, the run is replayed
 * from its start instead. */
static void read_image(struct db *db, const struct lab_run_row *run,
                       struct lab_resume_point *past) {
    past->image_arena = arena_scratch(past->arena, WRITE_ARENA_BYTES);
    past->has_image = false;
    if (ARENA_GUARD(past->image_arena) == 0)
        past->has_image = lab_store_image(db, past->image_arena, run->id, &past->image) == OK;
    past->image_arena->guarded = false;
}

static enum err read_all(struct db *db, struct arena *a, void *arg) {
    struct reading *r = arg;
    const struct lab_run_row *run = &r->ask->run;
    if (!r->past) return lab_store_record(db, a, run->id, r->log);
    r->version = labs_version(r->labs, db, run->version, a, &r->past->version);
    if (r->version) return r->version;
    enum err e = count_person(r->labs, db, run->person_id, &r->past->person);
    if (!e) e = lab_store_record(db, a, run->id, r->log);
    if (!e && !r->log->broken) read_image(db, run, r->past);
    return e;
}

static enum err read_when_written(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                                  struct reading *r) {
    if (!live_wait_written(l, live)) return live_fail(ask, ERR_BUSY, "lab_error_busy");
    enum err e = store_read(l->app->store, read_all, r, ask->arena);
    if (r->version && e != ERR_BUSY) return live_fail(ask, ERR_IO, "lab_error_version");
    return e ? e : report_broken(l, ask, r->log);
}

enum err history_read(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                      struct lab_log *out) {
    struct reading r = {.labs = l, .ask = ask, .log = out};
    return read_when_written(l, live, ask, &r);
}

enum err history_resume_point(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                              struct lab_resume_point *out) {
    struct reading r = {.labs = l, .ask = ask, .past = out, .log = &out->log};
    out->arena = ask->arena;
    enum err e = read_when_written(l, live, ask, &r);
    if (e) return e;
    out->from = 0;
    if (out->has_image && !lab_log_continues(&out->log, out->image.seq, &out->from))
        out->has_image = false;
    if (out->has_image && !image_fits(l, &ask->run, &out->image)) {
        history_incident(l, ask->run.id, "seal",
                         "the snapshot's seal does not fit; the run was replayed from its start");
        out->has_image = false;
    }
    if (!out->has_image) out->from = 0;
    return OK;
}

struct reading_one {
    const char *run_id;
    int64_t seq;
    struct lab_action *out;
};

static enum err read_one(struct db *db, struct arena *a, void *arg) {
    const struct reading_one *r = arg;
    return lab_store_action(db, a, r->run_id, r->seq, r->out);
}

enum err history_action(struct labs *l, const char *run_id, int64_t seq, struct arena *a,
                        struct lab_action *out) {
    struct reading_one r = {run_id, seq, out};
    return store_read(l->app->store, read_one, &r, a);
}
