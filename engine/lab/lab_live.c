/* One live run and its worker: starting, asking, replacing and ending it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "lab/lab_manager.h"

#define STEP_ARENA_BYTES ((size_t)96 * 1024 * 1024)

/* ---- Beginning and resuming ----------------------------------------------------------------- */
/* Runs one recorded action on a worker; `*same`: its answer is the recorded one. */
static enum err replay_action(struct labs *l, struct worker *w, const char *run_id, int64_t seq,
                              struct arena *step, bool *same) {
    struct lab_action action;
    struct lab_answer answer;
    *same = true;
    enum err e = history_action(l, run_id, seq, step, &action);
    if (e) return e;
    bool look = lab_log_query(action.action);
    e = client_step(w, look ? "{\"kind\":\"sql\",\"skip\":true}" : action.action, step, &answer);
    *same = e || look || str_eq(answer.sha, action.answer_sha);
    return e;
}

/* Plays the actions [from, to) of those that count on a worker. *differs is the number (from 1) of
 * the first whose answer is not that of the record, 0 for none. RULE lab-look: what only looked is
 * passed by, so that a query that was slow once is slow never again. */
static enum err replay_actions(struct labs *l, struct worker *w, const char *run_id,
                               const size_t *indices, size_t from, size_t to, int64_t *differs) {
    *differs = 0;
    for (size_t i = from; i < to; i++) {
        struct arena step; /* each action's memory is released after it */
        volatile bool same = true;
        arena_init(&step, STEP_ARENA_BYTES);
        volatile enum err e = ERR_LIMIT;
        if (ARENA_GUARD(&step) == 0) {
            bool fits;
            e = replay_action(l, w, run_id, (int64_t)indices[i] + 1, &step, &fits);
            same = fits;
        }
        arena_release(&step);
        if (e) return e;
        if (!same && !*differs) *differs = (int64_t)i + 1;
    }
    return OK;
}

static enum err start(struct labs *l, struct lab_ask *ask, const struct lab_version *version,
                      const struct lab_image *image, struct worker *w) {
    const char *why;
    if (!l->zygote) return live_fail(ask, ERR_BUSY, "lab_error_unconfined");
    enum err e = client_start(w, l->zygote, version->scenario.pack, version->scenario.pack_len,
                              ask->run.choice, ask->run.seed, image ? image->bytes : NULL,
                              image ? image->len : 0, ask->arena, &why);
    if (e) log_say(LOG_ERROR, "lab_start", "run %s: %s", ask->run.id, why);
    return e ? live_fail(ask, ERR_BUSY, "lab_error_start") : OK;
}

/* RULE lab-engine: that an answer differs from the record is told of runs that the engine of today
 * began. An engine with another number may answer the same action in other words; what it has to
 * give is the same state. */
static bool same_engine(const struct lab_ask *ask) {
    return str_eq(ask->run.engine, worker_engine());
}

static enum err begin_or_resume(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    struct lab_resume_point past = {0};
    int64_t differs = 0;
    live_end(l, live);
    if (!worker_plays(ask->run.engine)) return live_fail(ask, ERR_CONFLICT, "lab_error_engine_old");
    enum err e = history_resume_point(l, live, ask, &past);
    if (e) return e;
    size_t *indices = NEW_ARRAY(ask->arena, size_t, past.log.count + 1),
           effective = lab_log_effective(&past.log, indices);
    live->poisoned = false; /* everything has been written or refused by now */
    if (!labs_make_room(l, past.person)) {
        arena_release(past.image_arena);
        return live_fail(ask, ERR_BUSY, "lab_error_full");
    }
    e = start(l, ask, past.version, past.has_image ? &past.image : NULL, &live->w);
    arena_release(past.image_arena);
    if (e) return e;
    live->version = registry_hold(past.version);
    live->person = past.person;
    pthread_mutex_lock(&l->lock);
    l->workers++;
    if (past.log.count) l->resumed++;
    else l->started++;
    l->replayed += (int64_t)(effective - past.from);
    pthread_mutex_unlock(&l->lock);
    e = replay_actions(l, &live->w, ask->run.id, indices, past.from, effective, &differs);
    if (e) {
        live_end(l, live);
        return live_fail(ask, ERR_IO, "lab_error_resume");
    }
    if (differs && !same_engine(ask))
        log_say(LOG_INFO, "lab_engine",
                "run %s was begun with %s: %s gives action %lld another answer", ask->run.id,
                ask->run.engine, worker_engine(), (long long)differs);
    else if (differs)
        history_incident(
            l, ask->run.id, "replay",
            arena_printf(
                ask->arena,
                "action %lld gave another answer than the record has (begun with %s, now %s)",
                (long long)differs, ask->run.engine, worker_engine()));
    lab_choice_read(&past.version->scenario.stack, ask->run.choice, live->dialects, ask->arena);
    live->seq = (int64_t)past.log.count;
    live->bytes = past.log.bytes;
    live->effective = (int64_t)effective;
    live->image_at = (int64_t)past.from;
    snprintf(live->head, sizeof live->head, "%s", past.log.head);
    return OK;
}

/* Whether the worker has died, or was too late and was ended; the run is then without one. */
static bool worker_lost(struct labs *l, struct lab_live *live, enum err e) {
    if ((e != ERR_IO && e != ERR_BUSY) || live->w.fd >= 0) return false;
    pthread_mutex_lock(&l->lock);
    l->died++;
    pthread_mutex_unlock(&l->lock);
    live_end(l, live);
    return true;
}

/* RULE lab-second-try: whatever a worker was at when it was lost is tried once more on a new one,
 * which takes the run up where the record has it. */
static enum err begin_or_resume_retrying(struct labs *l, struct lab_live *live,
                                         struct lab_ask *ask) {
    enum err e = begin_or_resume(l, live, ask);
    /* A record that cannot be read is the same the second time. */
    if (!e || !(str_eq(ask->error, "lab_error_start") || str_eq(ask->error, "lab_error_resume")))
        return e;
    ask->error = NULL;
    return begin_or_resume(l, live, ask);
}

/* ---- Acting --------------------------------------------------------------------------------- */
static char *copy_limited(const char *text, size_t len) {
    if (len > LAB_CALL_BYTES) {
        len = LAB_CALL_BYTES;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    }
    return strndup(text, len);
}

static void remember_call(struct lab_live *live, const struct lab_ask *ask) {
    struct lab_past_call *c = &live->calls[live->call_next];
    free(c->method);
    free(c->path);
    free(c->body);
    free(c->answer);
    *c = (struct lab_past_call){strdup(ask->method),
                                strdup(ask->path),
                                ask->body ? copy_limited(ask->body, strlen(ask->body)) : NULL,
                                copy_limited(ask->answer.body, ask->answer.body_len),
                                ask->answer.status,
                                ask->answer.now_ms};
    live->call_next = (live->call_next + 1) % LAB_CALLS_KEPT;
    if (live->call_count < LAB_CALLS_KEPT) live->call_count++;
}

static void copy_calls(const struct lab_live *live, struct lab_ask *ask) {
    ask->call_count = 0; /* an ask may be asked twice */
    for (int i = 0; i < live->call_count; i++) {
        const struct lab_past_call *c =
            &live->calls[(live->call_next + LAB_CALLS_KEPT - 1 - i) % LAB_CALLS_KEPT];
        if (!c->method || !c->path || !c->answer) continue;
        ask->calls[ask->call_count++] = (struct lab_past_call){arena_dup(ask->arena, c->method),
                                                               arena_dup(ask->arena, c->path),
                                                               arena_dup(ask->arena, c->body),
                                                               arena_dup(ask->arena, c->answer),
                                                               c->status,
                                                               c->now_ms};
    }
}

/* The answer to a query whose worker had to be ended. */
static void cut_off(struct lab_ask *ask) {
    static const char body[] = "{\"error\":\"The query took too long and was stopped.\"}";
    ask->answer = (struct lab_answer){.status = 422,
                                      .type = "application/json",
                                      .refused = true,
                                      .cut = "time",
                                      .body = body,
                                      .body_len = sizeof body - 1,
                                      .sha = sha256_hex(ask->arena, body, sizeof body - 1)};
}

/* The action as it enters the record, which also has that a query was cut off. */
static const char *as_recorded(const struct lab_ask *ask) {
    const char *why;
    if (!ask->answer.cut) return ask->action;
    json_t *action = json_read(ask->arena, ask->action, strlen(ask->action), &why);
    json_object_set_new(action, "cut", json_string(ask->answer.cut));
    return json_text(ask->arena, action);
}

static enum err step_once(struct lab_live *live, struct lab_ask *ask) {
    int64_t usual = live->w.deadline_ms, began_ms = clock_monotonic_ms();
    bool query = lab_log_query(ask->action), more;
    if (query) live->w.deadline_ms = LAB_QUERY_MS;
    enum err e = client_step_some(&live->w, ask->begun ? NULL : ask->action, ask->arena,
                                  &ask->answer, &more);
    live->w.deadline_ms = usual;
    int64_t took_ms = clock_monotonic_ms() - began_ms;
    live->slow = took_ms >= LAB_SLOW_MS;
    if (!query) live->worked_ms += took_ms;
    ask->begun = !e && more;
    return e;
}

/* RULE lab-cause: what ended two workers is on record with its cause, and whoever asked is told
 * which bound it was. */
static const char *tell_incident(struct labs *l, const struct lab_live *live,
                                 const struct lab_ask *ask, const struct worker *lost, enum err e) {
    enum worker_cause cause = e == ERR_BUSY ? WORKER_LATE : zygote_cause(l->zygote, lost);
    history_incident(l, live->run_id, "worker",
                     arena_printf(ask->arena,
                                  "an action ended two workers, the second because %s: %.200s",
                                  worker_cause_words(cause), ask->action));
    return cause == WORKER_LATE     ? "lab_error_stopped_time"
           : cause == WORKER_MEMORY ? "lab_error_memory"
                                    : "lab_error_stopped";
}

/* RULE lab-cut-off: a query that was too slow for its worker is not tried again, nor is a step of
 * the clock. A query whose workers died has not been too slow: it is refused, and the record says
 * nothing of it. */
static enum err step_retrying(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    bool query = lab_log_query(ask->action);
    enum err e = step_once(live, ask);
    bool late = e == ERR_BUSY && (query || lab_log_clock(ask->action));
    const char *told = late ? "lab_error_stopped_time" : "lab_error_stopped";
    if (worker_lost(l, live, e) && !late) {
        if ((e = begin_or_resume_retrying(l, live, ask))) return e;
        e = step_once(live, ask);
        const struct worker second = live->w;
        if (worker_lost(l, live, e)) told = tell_incident(l, live, ask, &second, e);
    }
    if (!e) return OK;
    if (!query || e != ERR_BUSY) return live_fail(ask, ERR_LIMIT, told);
    cut_off(ask);
    return OK;
}

static enum err act(struct labs *l, struct lab_live *live, struct lab_ask *ask, bool *waiting) {
    enum err e = ask->begun ? OK : history_check_limits(live, ask, ask->action);
    if (!e) e = step_retrying(l, live, ask);
    if (e || ask->begun) return e;
    live->effective++;
    if (ask->method && ask->path) remember_call(live, ask);
    ask->seq = live->seq + 1;
    ask->effective = live->effective;
    return history_add(l, live, ask, as_recorded(ask), ask->answer.status, ask->answer.sha,
                       waiting);
}

/* RULE lab-checkpoint: a checkpoint that was itself taken back leads nowhere. */
static enum err find_checkpoint(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    struct lab_log log;
    enum err e = history_read(l, live, ask, &log);
    if (e) return e;
    size_t *indices = NEW_ARRAY(ask->arena, size_t, log.count + 1),
           effective = lab_log_effective(&log, indices);
    for (size_t i = 0; i < effective; i++)
        if ((int64_t)indices[i] + 1 == ask->rewind_seq) {
            ask->rewind_to = (int64_t)i + 1;
            return OK;
        }
    return live_fail(ask, ERR_INVALID, "lab_error_rewind");
}

static enum err rewind_run(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                           bool *waiting) {
    enum err e = ask->rewind_seq ? find_checkpoint(l, live, ask) : OK;
    if (e) return e;
    if (ask->rewind_to > live->effective) return live_fail(ask, ERR_INVALID, "lab_error_rewind");
    const char *action = arena_printf(ask->arena, "{\"kind\":\"rewind\",\"to\":%lld}",
                                      (long long)ask->rewind_to);
    e = history_check_limits(live, ask, action);
    if (e) return e;
    e = history_add(l, live, ask, action, 200, LAB_HASH_ZERO, waiting);
    live_end(l, live);
    return e;
}

/* ---- Looking -------------------------------------------------------------------------------- */
static enum err look(struct worker *w, struct lab_ask *ask) {
    for (int i = 0; i < ask->questions; i++) {
        enum err e = client_view(w, ask->question[i], ask->arena, &ask->view[i], &ask->view_len[i]);
        if (e) return live_fail(ask, e, "lab_error_look");
    }
    return OK;
}

/* How the checks stand in the state of `w`, a worker of the same run. */
static enum err judge(struct worker *w, const struct lab_live *live, struct lab_ask *ask) {
    const char *answer;
    size_t len;
    const struct lab_scenario *s = &live->version->scenario;
    enum err e = client_view(w, lab_checks_question(s, ask->arena), ask->arena, &answer, &len);
    if (e) return live_fail(ask, e, "lab_error_check");
    ask->verdicts = NEW_ARRAY(ask->arena, struct lab_verdict, (size_t)s->check_count);
    ask->passed = lab_verdicts_read(s, live->dialects, answer, len, ask->verdicts, ask->arena);
    return OK;
}

static enum err look_and_judge(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    enum err e = OK;
    for (int tries = 0; tries < 2; tries++) {
        ask->error = NULL;
        if (!live->version && (e = begin_or_resume_retrying(l, live, ask))) return e;
        e = look(&live->w, ask);
        if (!e && ask->check) e = judge(&live->w, live, ask);
        if (!worker_lost(l, live, e)) break;
    }
    return e;
}

static enum err ask_before(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    const char *answer;
    size_t len;
    enum err e = client_view(&live->w, ask->before, ask->arena, &answer, &len);
    if (worker_lost(l, live, e) && !(e = begin_or_resume_retrying(l, live, ask)))
        e = client_view(&live->w, ask->before, ask->arena, &answer, &len);
    if (e) return live_fail(ask, e, "lab_error_look");
    ask->held = !ask->allowed(ask, answer, len);
    return OK;
}

/* Replays the run on a separate worker, up to a step, or all of it to compare the states. */
static enum err replay_once(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    struct lab_log log;
    struct worker w = WORKER_NONE;
    enum err e = history_read(l, live, ask, &log);
    if (e) return e;
    size_t *indices = NEW_ARRAY(ask->arena, size_t, log.count + 1),
           effective = lab_log_effective(&log, indices);
    if (ask->verify || (size_t)ask->replay_to > effective) ask->replay_to = (int64_t)effective;
    ask->effective = (int64_t)effective;
    ask->seq = (int64_t)log.count;
    ask->head = arena_dup(ask->arena, log.head);
    ask->indices = indices;
    if ((e = start(l, ask, live->version, NULL, &w))) return e;
    e = replay_actions(l, &w, ask->run.id, indices, 0, (size_t)ask->replay_to,
                       &ask->first_difference);
    if (!same_engine(ask)) ask->first_difference = 0;
    if (!e) e = look(&w, ask);
    if (!e && ask->check) e = judge(&w, live, ask);
    if (!e && ask->verify) {
        e = client_hash(&w, ask->arena, &ask->replay_hash);
        if (!e) e = client_hash(&live->w, ask->arena, &ask->live_hash);
        if (!e && (ask->first_difference || !str_eq(ask->live_hash, ask->replay_hash)))
            history_incident(
                l, ask->run.id, "replay",
                arena_printf(
                    ask->arena,
                    "replayed state %.16s, live state %.16s, first answer that differs: %lld",
                    ask->replay_hash, ask->live_hash, (long long)ask->first_difference));
    }
    worker_end(&w);
    worker_lost(l, live, e);
    return e ? live_fail(ask, e, "lab_error_replay") : OK;
}

static enum err replay(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    enum err e = replay_once(l, live, ask);
    if (e != ERR_IO && e != ERR_BUSY) return e;
    ask->error = NULL;
    if (!live->version && (e = begin_or_resume_retrying(l, live, ask))) return e;
    return replay_once(l, live, ask);
}

static bool is_closing(struct labs *l) {
    pthread_mutex_lock(&l->lock);
    bool closing = l->closing;
    pthread_mutex_unlock(&l->lock);
    return closing;
}

static bool image_due(const struct lab_live *live) {
    return live->effective - live->image_at >= LAB_IMAGE_EVERY ||
           live->worked_ms >= LAB_IMAGE_WORK_MS;
}

static enum err answer(struct labs *l, struct lab_live *live, struct lab_ask *ask, bool *waiting) {
    enum err e = OK;
    if (ask->begun && is_closing(l)) {
        live_end(l, live);
        return live_fail(ask, ERR_BUSY, "lab_error_closing");
    }
    if (!live->version || live->poisoned) {
        ask->begun = false;
        e = begin_or_resume_retrying(l, live, ask);
    }
    if (e) return e;
    ask->version = live->version;
    memcpy(ask->dialects, live->dialects, sizeof ask->dialects);
    ask->seq = live->seq;
    ask->effective = live->effective;
    ask->head = arena_dup(ask->arena, live->head);
    if (ask->rewind_to >= 0 || ask->rewind_seq) return rewind_run(l, live, ask, waiting);
    if (ask->before && !ask->begun && (e = ask_before(l, live, ask))) return e;
    if (ask->action && !ask->held) {
        e = act(l, live, ask, waiting);
        if (!e && !*waiting && ask->begun) return OK;
        if (!e && image_due(live)) history_image(l, live);
        if (e || *waiting) return e;
    }
    copy_calls(live, ask);
    if (!live->version && (e = begin_or_resume_retrying(l, live, ask)))
        return e; /* the worker was lost to a query */
    if (ask->show_task) return live_show(l, live, ask);
    if (ask->replay_to >= 0 || ask->verify) return replay(l, live, ask);
    return look_and_judge(l, live, ask);
}

bool live_answer(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    volatile bool waiting = false;
    volatile enum err e = ERR_LIMIT;
    if (ARENA_GUARD(ask->arena) == 0) {
        bool wait = false;
        e = answer(l, live, ask, &wait);
        waiting = wait;
    } else {
        /* An ask that needs more memory than it may have is refused for good; when memory is short,
         * it can be tried again. */
        e = ask->arena->starved ? ERR_BUSY : ERR_LIMIT;
        ask->error = ask->arena->starved ? NULL : "lab_error_memory";
        live_end(l, live);
    }
    if (waiting) return false; /* answered after COMMIT */
    if (!e && ask->begun) return true;
    ask->result = e;
    ask->done(ask);
    return false;
}
