/* One live run: its worker, its record, its images. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "lab/lab_manager.h"

#define WRITE_ARENA_BYTES ((size_t)96 * 1024 * 1024)

static enum err fail(struct lab_ask *ask, enum err e, const char *key) {
    if (!ask->error) ask->error = key;
    return e;
}

/* ---- Images ----------------------------------------------------------------------------------- */
/* The seal is over everything that the image stands for: the database alone could be another run's. */
static void seal(struct labs *l, const char *run_id, const char *version,
                 const struct lab_image *image, unsigned char out[crypto_auth_hmacsha256_BYTES]) {
    crypto_auth_hmacsha256_state h;
    char head[256];
    int n = snprintf(head, sizeof head, "%s %s %lld %s", run_id, version, (long long)image->seq,
                     lab_engine());
    crypto_auth_hmacsha256_init(&h, l->key, sizeof l->key);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)head, (unsigned long long)n + 1);
    crypto_auth_hmacsha256_update(&h, image->bytes, image->len);
    crypto_auth_hmacsha256_final(&h, out);
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

/* ---- Writes ----------------------------------------------------------------------------------- */
/* A write that outlives the request: what it needs is its own. */
struct record_write {
    struct write_job job;
    struct arena arena;
    struct labs *labs;
    struct lab_ask *ask; /* told after COMMIT; NULL = nobody waits */
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
    w->run_id = arena_dup(&w->arena, run_id);
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
    if (w->counts) live_count(l, w->run_id, -1, result != OK);
    free_write(w);
    if (ask) {
        ask->result = result;
        if (result) ask->error = "lab_error_unsaved";
        ask->done(ask);
    }
    pthread_mutex_lock(&l->lock);
    l->writes--;
    pthread_cond_broadcast(&l->work);
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
    if (w->counts) live_count(l, w->run_id, -1, true);
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

static void incident(struct labs *l, const char *run_id, const char *kind, const char *detail) {
    log_say(LOG_ERROR, "lab_incident", "run %s: %s: %s", run_id, kind, detail);
    pthread_mutex_lock(&l->lock);
    l->incidents++;
    pthread_mutex_unlock(&l->lock);
    struct record_write *w = new_write(l, run_id);
    if (!w) return;
    w->kind = arena_dup(&w->arena, kind);
    w->detail = arena_dup(&w->arena, detail);
    if (submit(w, write_incident))
        log_say(LOG_WARN, "lab_incident", "run %s: the incident could not be kept", run_id);
}

static void keep_image(struct labs *l, struct lab_live *live, struct arena *a) {
    struct lab_image image = {.seq = live->seq};
    if (live->image_at == live->effective || live->effective == 0) return;
    if (client_save(&live->w, a, &image.bytes, &image.len)) return;
    struct record_write *w = new_write(l, live->run_id);
    if (!w) return;
    unsigned char *mac = arena_alloc(&w->arena, crypto_auth_hmacsha256_BYTES);
    w->image = image;
    w->image.bytes = (unsigned char *)arena_copy(&w->arena, (const char *)image.bytes, image.len);
    seal(l, live->run_id, live->held->scenario.version, &w->image, mac);
    w->image.seal = mac;
    w->image.seal_len = crypto_auth_hmacsha256_BYTES;
    /* A cache: when the queue is full, the next one will do. */
    if (submit(w, write_image) == OK) live->image_at = live->effective;
}

static void keep_image_guarded(struct labs *l, struct lab_live *live) {
    struct arena a;
    arena_init(&a, WRITE_ARENA_BYTES);
    if (ARENA_GUARD(&a) == 0) keep_image(l, live, &a);
    arena_release(&a);
}

/* ---- Ending ----------------------------------------------------------------------------------- */
void live_end(struct labs *l, struct lab_live *live) {
    if (live->w.fd < 0 && live->w.pid_fd < 0 && !live->held) return;
    worker_end(&live->w);
    live->held = NULL;
    pthread_mutex_lock(&l->lock);
    l->workers--;
    pthread_mutex_unlock(&l->lock);
}

void live_rest(struct labs *l, struct lab_live *live) {
    if (!live->held) return;
    if (!live->poisoned) keep_image_guarded(l, live);
    live_end(l, live);
}

/* ---- Beginning and resuming ------------------------------------------------------------------- */
static bool image_fits(struct labs *l, const struct lab_run_row *run,
                       const struct lab_image *image) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    if (image->seal_len != sizeof mac) return false;
    seal(l, run->id, run->version, image, mac);
    return sodium_memcmp(mac, image->seal, sizeof mac) == 0;
}

/* Plays actions [from, to) of those that count on a worker; the answers must be those of the record. Returns the
 * number (from 1) of the first that differs, 0 for none. */
static enum err play(struct worker *w, const struct lab_action *actions, const size_t *indices,
                     size_t from, size_t to, struct arena *a, int64_t *differs) {
    *differs = 0;
    for (size_t i = from; i < to; i++) {
        struct arena step; /* a thousand answers need not be in memory together */
        struct lab_answer answer;
        const struct lab_action *each = &actions[indices[i]];
        (void)a;
        arena_init(&step, WRITE_ARENA_BYTES);
        volatile enum err e = ERR_LIMIT;
        if (ARENA_GUARD(&step) == 0) {
            e = client_step(w, each->action, &step, &answer);
            if (!e && !*differs && !str_eq(answer.sha, each->answer_sha)) *differs = (int64_t)i + 1;
        }
        arena_release(&step);
        if (e) return e;
    }
    return OK;
}

struct record {
    struct lab_action *actions;
    size_t count, effective;
    size_t *indices;
};

static enum err read_record(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                            struct record *out) {
    struct db *db = store_reader(l->app->store);
    if (!db) return ERR_IO;
    live_settle(l, live);
    enum err e = lab_store_actions(db, ask->arena, ask->run.id, &out->actions, &out->count);
    if (e) return e;
    size_t bad = lab_log_verify(ask->arena, ask->run.id, out->actions, out->count);
    if (bad < out->count) {
        incident(l, ask->run.id, "record",
                 arena_printf(ask->arena, "action %zu does not fit its chain", bad + 1));
        return fail(ask, ERR_IO, "lab_error_damaged");
    }
    out->indices = NEW_ARRAY(ask->arena, size_t, out->count + 1);
    out->effective = lab_log_effective(out->actions, out->count, out->indices);
    return OK;
}

static enum err start(struct labs *l, struct lab_ask *ask, const struct lab_held *held,
                      const struct lab_image *image, struct worker *w) {
    const char *why;
    if (!l->zygote) return fail(ask, ERR_BUSY, "lab_error_unconfined");
    enum err e = client_start(w, l->zygote, held->scenario.pack, held->scenario.pack_len,
                              ask->run.choice, ask->run.seed, image ? image->bytes : NULL,
                              image ? image->len : 0, ask->arena, &why);
    if (e) log_say(LOG_ERROR, "lab_start", "run %s: %s", ask->run.id, why);
    return e ? fail(ask, ERR_BUSY, "lab_error_start") : OK;
}

static enum err bring_to_life(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    struct record record;
    struct lab_image image;
    size_t from = 0;
    int64_t differs = 0;
    struct db *db = store_reader(l->app->store);
    live_end(l, live);
    if (!db) return ERR_IO;
    const struct lab_held *held = shelf_version(l, db, ask->run.version, ask->arena);
    if (!held) return fail(ask, ERR_IO, "lab_error_version");
    enum err e = read_record(l, live, ask, &record);
    if (e) return e;
    live->poisoned = false; /* everything has been written or refused by now */
    bool usable = lab_store_image(db, ask->arena, ask->run.id, &image) == OK &&
                  lab_log_continues(record.actions, record.count, image.seq, &from);
    if (usable && !image_fits(l, &ask->run, &image)) {
        incident(l, ask->run.id, "seal",
                 "the snapshot's seal does not fit; the run was replayed from its start");
        usable = false;
    }
    if (!usable) from = 0;
    labs_make_room(l);
    e = start(l, ask, held, usable ? &image : NULL, &live->w);
    if (e) return e;
    live->held = held;
    pthread_mutex_lock(&l->lock);
    l->workers++;
    if (record.count) l->resumed++;
    else l->started++;
    l->replayed += (int64_t)(record.effective - from);
    pthread_mutex_unlock(&l->lock);
    e = play(&live->w, record.actions, record.indices, from, record.effective, ask->arena,
             &differs);
    if (e) {
        live_end(l, live);
        return fail(ask, ERR_IO, "lab_error_resume");
    }
    if (differs)
        incident(l, ask->run.id, "replay",
                 arena_printf(
                     ask->arena,
                     "action %lld gave another answer than the record has (begun with %s, now %s)",
                     (long long)differs, ask->run.engine, lab_engine()));
    lab_choice_read(&held->scenario.stack, ask->run.choice, live->dialects, ask->arena);
    live->seq = (int64_t)record.count;
    live->effective = (int64_t)record.effective;
    live->image_at = usable && from == record.effective ? live->effective : (int64_t)from;
    snprintf(live->head, sizeof live->head, "%s",
             record.count ? record.actions[record.count - 1].hash : LAB_HASH_ZERO);
    return OK;
}

/* ---- Acting ----------------------------------------------------------------------------------- */
static char *cut(const char *text, size_t len) {
    if (len > LAB_CALL_BYTES) {
        len = LAB_CALL_BYTES;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    }
    return strndup(text, len);
}

static void remember_call(struct lab_live *live, const struct lab_ask *ask) {
    struct lab_called *c = &live->calls[live->call_next];
    free(c->method);
    free(c->path);
    free(c->body);
    free(c->answer);
    *c = (struct lab_called){strdup(ask->method),
                             strdup(ask->path),
                             ask->body ? cut(ask->body, strlen(ask->body)) : NULL,
                             cut(ask->answer.body, ask->answer.body_len),
                             ask->answer.status,
                             ask->answer.now_ms};
    live->call_next = (live->call_next + 1) % LAB_CALLS_KEPT;
    if (live->call_count < LAB_CALLS_KEPT) live->call_count++;
}

static void copy_calls(const struct lab_live *live, struct lab_ask *ask) {
    for (int i = 0; i < live->call_count; i++) {
        const struct lab_called *c =
            &live->calls[(live->call_next + LAB_CALLS_KEPT - 1 - i) % LAB_CALLS_KEPT];
        if (!c->method || !c->path || !c->answer) continue;
        ask->calls[ask->call_count++] = (struct lab_called){arena_dup(ask->arena, c->method),
                                                            arena_dup(ask->arena, c->path),
                                                            arena_dup(ask->arena, c->body),
                                                            arena_dup(ask->arena, c->answer),
                                                            c->status,
                                                            c->now_ms};
    }
}

/* Puts an action into the record. When it is to be on disk first, `done` is called after COMMIT and *waiting set. */
static enum err record_action(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                              const char *action, int status, const char *sha, bool *waiting) {
    struct record_write *w = new_write(l, live->run_id);
    if (!w) return ERR_BUSY;
    w->counts = true;
    live_count(l, live->run_id, 1, false);
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
    char head[65];
    snprintf(head, sizeof head, "%s", hash);
    bool wait = !ask->reads_only;
    w->ask = wait ? ask : NULL;
    /* Once it waits, the ask may be told, and gone, before submit returns. */
    *waiting = wait;
    enum err e = submit(w, write_action);
    if (e) {
        *waiting = false;
        return fail(ask, ERR_BUSY, "lab_error_busy");
    }
    live->seq++;
    memcpy(live->head, head, sizeof live->head);
    return OK;
}

static enum err act(struct labs *l, struct lab_live *live, struct lab_ask *ask, bool *waiting) {
    if (live->seq >= LAB_ACTIONS_MAX) return fail(ask, ERR_LIMIT, "lab_error_actions");
    enum err e = client_step(&live->w, ask->action, ask->arena, &ask->answer);
    if (e) {
        pthread_mutex_lock(&l->lock);
        l->died++;
        pthread_mutex_unlock(&l->lock);
        live_end(l, live);
        return fail(ask, ERR_LIMIT, "lab_error_stopped");
    }
    live->effective++;
    if (ask->method && ask->path) remember_call(live, ask);
    ask->seq = live->seq + 1;
    ask->effective = live->effective;
    return record_action(l, live, ask, ask->action, ask->answer.status, ask->answer.sha, waiting);
}

static enum err rewind_run(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                           bool *waiting) {
    if (ask->rewind_to > live->effective) return fail(ask, ERR_INVALID, "lab_error_rewind");
    const char *action = arena_printf(ask->arena, "{\"kind\":\"rewind\",\"to\":%lld}",
                                      (long long)ask->rewind_to);
    enum err e = record_action(l, live, ask, action, 200, LAB_HASH_ZERO, waiting);
    live_end(l, live);
    return e;
}

/* ---- Looking ---------------------------------------------------------------------------------- */
static enum err look(struct worker *w, struct lab_ask *ask) {
    for (int i = 0; i < ask->questions; i++) {
        enum err e = client_view(w, ask->question[i], ask->arena, &ask->view[i], &ask->view_len[i]);
        if (e) return fail(ask, e, "lab_error_look");
    }
    return OK;
}

static enum err judge(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    const char *answer;
    size_t len;
    const struct lab_scenario *s = &live->held->scenario;
    (void)l;
    enum err e = client_view(&live->w, lab_checks_question(s, ask->arena), ask->arena, &answer,
                             &len);
    if (e) return fail(ask, e, "lab_error_check");
    ask->verdicts = NEW_ARRAY(ask->arena, struct lab_verdict, (size_t)s->check_count);
    ask->passed = lab_verdicts_read(s, answer, len, ask->verdicts, ask->arena);
    return OK;
}

/* A worker of its own plays the run up to a step, or all of it to compare. */
static enum err replay(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    struct record record;
    struct worker w = {-1, -1};
    enum err e = read_record(l, live, ask, &record);
    if (e) return e;
    size_t to = ask->verify || (size_t)ask->replay_to > record.effective ? record.effective
                                                                         : (size_t)ask->replay_to;
    ask->effective = (int64_t)record.effective;
    if ((e = start(l, ask, live->held, NULL, &w))) return e;
    e = play(&w, record.actions, record.indices, 0, to, ask->arena, &ask->first_difference);
    if (!e) e = look(&w, ask);
    if (!e && ask->verify) {
        e = client_hash(&w, ask->arena, &ask->replay_hash);
        if (!e) e = client_hash(&live->w, ask->arena, &ask->live_hash);
        if (!e && (ask->first_difference || !str_eq(ask->live_hash, ask->replay_hash)))
            incident(l, ask->run.id, "replay",
                     arena_printf(
                         ask->arena,
                         "replayed state %.16s, live state %.16s, first answer that differs: %lld",
                         ask->replay_hash, ask->live_hash, (long long)ask->first_difference));
    }
    worker_end(&w);
    return e ? fail(ask, e, "lab_error_replay") : OK;
}

static enum err answer(struct labs *l, struct lab_live *live, struct lab_ask *ask, bool *waiting) {
    enum err e = OK;
    if (!live->held || live->poisoned) e = bring_to_life(l, live, ask);
    if (e) return e;
    ask->held = live->held;
    memcpy(ask->dialects, live->dialects, sizeof ask->dialects);
    ask->seq = live->seq;
    ask->effective = live->effective;
    ask->head = arena_dup(ask->arena, live->head);
    if (ask->rewind_to >= 0) return rewind_run(l, live, ask, waiting);
    if (ask->action) {
        e = act(l, live, ask, waiting);
        if (!e && live->effective - live->image_at >= LAB_IMAGE_EVERY) keep_image_guarded(l, live);
        if (e || *waiting) return e;
    }
    copy_calls(live, ask);
    if (ask->replay_to >= 0 || ask->verify) return replay(l, live, ask);
    e = look(&live->w, ask);
    if (!e && ask->check) e = judge(l, live, ask);
    if (e == ERR_IO) live_end(l, live);
    return e;
}

void live_answer(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    volatile bool waiting = false;
    volatile enum err e = ERR_LIMIT;
    if (ARENA_GUARD(ask->arena) == 0) {
        bool wait = false;
        e = answer(l, live, ask, &wait);
        waiting = wait;
    } else {
        ask->error = "lab_error_memory";
        live_end(l, live);
    }
    if (waiting) return; /* told after COMMIT */
    ask->result = e;
    ask->done(ask);
}
