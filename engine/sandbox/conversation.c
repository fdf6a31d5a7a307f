/* Messages of a run. */
#include "sandbox/conversation.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/console.h"
#include "sandbox/timeline.h"

#define LEARNER "learner"
#define WHEN_OPERATIONS 5000000 /* of the condition of a reply */
#define MESSAGES_SHOWN 200

struct message {
    const char *channel, *from, *to, *subject, *text, *say;
    int64_t thread, due_ms; /* 0: begins one; none */
};

/* Stores it with its event and returns its number. */
static int64_t add(struct lab_state *s, const struct message *m, const char *kind) {
    int64_t id = state_next(s, "message"), thread = m->thread ? m->thread : id;
    const char *number = arena_printf(s->scratch, "%lld", (long long)id);
    int64_t event = state_event(
        s, &(struct state_event){
               .kind = kind, .record_id = number, .new_value = m->subject, .detail = m->say});
    state_run(
        s,
        "INSERT INTO message (id, at_ms, channel, from_id, to_id, thread, subject, body, "
        "due_ms, say, event) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, 0), $10, $11)",
        "iitttittiti", id, s->now_ms, m->channel, m->from, m->to, thread, m->subject, m->text,
        m->due_ms, m->say, event);
    if (m->due_ms) due_add(s, m->due_ms, DUE_RULE, DUE_ANSWER, id, NULL, NULL);
    return id;
}

void conversation_say(struct lab_state *s, const struct lab_say *say) {
    s->who = (struct lab_who){.actor = say->from, .human = true};
    add(s,
        &(struct message){.channel = say->channel,
                          .from = say->from,
                          .to = LEARNER,
                          .subject = say->subject,
                          .text = say->text,
                          .say = say->id,
                          .due_ms = say->due_ms ? s->now_ms + say->due_ms : 0},
        "inbox.received");
}

/* A message of the table; texts in scratch. */
struct stored {
    const char *from, *channel, *subject, *say;
    int64_t thread, event;
    bool answered, to_learner;
};

static bool stored_message(struct lab_state *s, int64_t id, struct stored *out) {
    sqlite3_stmt *q = state_query(s,
                                  "SELECT from_id, channel, subject, say, thread, event, "
                                  "answered_ms IS NOT NULL, to_id FROM message WHERE id = $1",
                                  "i", id);
    bool found = state_row(s, q);
    if (found)
        *out = (struct stored){
            .from = state_column(q, 0, s->scratch),
            .channel = state_column(q, 1, s->scratch),
            .subject = state_column(q, 2, s->scratch),
            .say = state_column(q, 3, s->scratch),
            .thread = sqlite3_column_int64(q, 4),
            .event = sqlite3_column_int64(q, 5),
            .answered = sqlite3_column_int(q, 6) != 0,
            .to_learner = str_eq((const char *)sqlite3_column_text(q, 7), LEARNER)};
    state_end(q);
    return found;
}

void conversation_missed(struct lab_state *s, int64_t message) {
    struct stored m;
    if (!stored_message(s, message, &m) || m.answered) return;
    s->who = (struct lab_who){.actor = "world", .cause = m.event};
    state_run(s, "UPDATE message SET missed = 1 WHERE id = $1", "i", message);
    state_event(
        s, &(struct state_event){.kind = "inbox.missed",
                                 .record_id = arena_printf(s->scratch, "%lld", (long long)message),
                                 .detail = m.say});
    timeline_happened(s, m.say, "missed");
}

/* ---- Replies -------------------------------------------------------------------------------- */
/* An author's condition; one that cannot be judged does not hold. */
static bool holds(struct lab_state *s, const char *sql) {
    const char *why, *cut;
    struct buf rows;
    buf_init(&rows, s->scratch);
    return console_query(s, arena_printf(s->scratch, "SELECT (%s) <> 0", sql), false,
                         WHEN_OPERATIONS, &rows, &why, &cut) &&
           strstr(buf_text(&rows), "\"rows\":[[1]]");
}

static void plan_reply(struct lab_state *s, const char *to, int64_t thread) {
    const struct lab_timeline *t = s->stack.timeline;
    for (int i = 0; i < t->reply_count; i++) {
        const struct lab_reply *r = &t->replies[i];
        if (!str_eq(r->to, to) || (r->when && !holds(s, r->when))) continue;
        due_add(s, lab_calendar_after(&r->calendar, s->now_ms, r->after_ms), DUE_WORLD, DUE_REPLY,
                i, arena_printf(s->scratch, "%lld", (long long)thread), NULL);
        return;
    }
}

void conversation_reply(struct lab_state *s, int reply, int64_t thread) {
    struct stored first;
    if (reply < 0 || reply >= s->stack.timeline->reply_count || !stored_message(s, thread, &first))
        return;
    const struct lab_reply *r = &s->stack.timeline->replies[reply];
    s->who = (struct lab_who){.actor = r->to, .human = true, .cause = first.event};
    add(s,
        &(struct message){.channel = r->channel,
                          .from = r->to,
                          .to = LEARNER,
                          .subject = r->subject ? r->subject : first.subject,
                          .text = r->text,
                          .thread = thread},
        "inbox.received");
}

/* ---- Answers -------------------------------------------------------------------------------- */
static bool known_person(const struct lab_state *s, const char *to) {
    for (int i = 0; i < s->stack.timeline->reply_count; i++)
        if (str_eq(s->stack.timeline->replies[i].to, to)) return true;
    return false;
}

static const struct lab_choice *choice_of(const struct lab_say *say, const char *id) {
    for (int i = 0; say && i < say->choice_count; i++)
        if (str_eq(say->choices[i].id, id)) return &say->choices[i];
    return NULL;
}

static const struct lab_say *say_of(const struct lab_state *s, const char *id) {
    for (int i = 0; i < s->stack.timeline->say_count; i++)
        if (str_eq(s->stack.timeline->says[i].id, id)) return &s->stack.timeline->says[i];
    return NULL;
}

static const char *text_in(json_t *action, const char *key) {
    return json_string_value(json_object_get(action, key));
}

/* RULE lab-message-length: what a learner writes has 4,000 characters at most. Gives a sentence,
 * NULL: it is fine. */
static const char *wrong_text(struct lab_state *s, const char *text) {
    if (!text || !text[strspn(text, " \t\r\n")]) return "Write something.";
    if (utf8_count(text) > LAB_MESSAGE_MAX)
        return arena_printf(s->scratch, "A message has %d characters at most.", LAB_MESSAGE_MAX);
    return NULL;
}

static void done(struct step_answer *out, int64_t message) {
    out->status = 200;
    out->type = "application/json";
    buf_printf(&out->body, "{\"message\":%lld}", (long long)message);
}

static void write_to(struct lab_state *s, json_t *action, struct step_answer *out) {
    const char *to = text_in(action, "to"), *text = text_in(action, "text"),
               *subject = text_in(action, "subject"), *why = wrong_text(s, text);
    if (!to || !known_person(s, to)) why = "There is nobody of that name to write to.";
    else if (subject && utf8_count(subject) > 200) why = "A subject has 200 characters at most.";
    if (why) {
        step_say(out, 422, why);
        return;
    }
    int64_t id = add(
        s,
        &(struct message){
            .channel = "email", .from = LEARNER, .to = to, .subject = subject, .text = text},
        "inbox.sent");
    plan_reply(s, to, id);
    done(out, id);
}

/* Why this is no answer to the message; NULL: it is one. */
static const char *wrong_answer(struct lab_state *s, const struct stored *m,
                                const struct lab_say *say, const char *choice, const char *text) {
    if (!m->to_learner) return "This message is your own.";
    if (m->answered) return "This message has been answered already.";
    if (say && say->choice_count && !choice_of(say, choice))
        return "Answer this message with one of its choices.";
    if (choice && !choice_of(say, choice)) return "The message has no such choice.";
    return choice && !text ? NULL : wrong_text(s, text);
}

void conversation_answer(struct lab_state *s, json_t *action, struct step_answer *out) {
    int64_t id = json_integer_value(json_object_get(action, "message"));
    struct stored m;
    if (!json_object_get(action, "message")) {
        write_to(s, action, out);
        return;
    }
    if (!stored_message(s, id, &m)) {
        step_say(out, 422, "There is no such message.");
        return;
    }
    const struct lab_say *say = say_of(s, m.say);
    const char *choice = text_in(action, "choice"), *text = text_in(action, "text");
    if (text && !*text) text = NULL;
    const char *why = wrong_answer(s, &m, say, choice, text);
    if (why) {
        step_say(out, 422, why);
        return;
    }
    s->who.cause = m.event;
    state_run(s, "UPDATE message SET answered_ms = $2, choice = $3, answer = $4 WHERE id = $1",
              "iitt", id, s->now_ms, choice, text);
    state_event(s,
                &(struct state_event){.kind = "inbox.answered",
                                      .record_id = arena_printf(s->scratch, "%lld", (long long)id),
                                      .new_value = choice ? choice : text,
                                      .detail = m.say});
    timeline_happened(s, m.say, "answered");
    if (choice) timeline_happened(s, m.say, choice);
    if (known_person(s, m.from) && !m.say) plan_reply(s, m.from, m.thread);
    done(out, id);
}

/* ---- View ----------------------------------------------------------------------------------- */
static void member(struct buf *out, const char *key, const char *text) {
    if (!text) return;
    buf_printf(out, ",\"%s\":", key);
    buf_json(out, text);
}

static void view_choices(const struct lab_say *say, struct buf *out) {
    for (int i = 0; say && i < say->choice_count; i++) {
        buf_puts(out, i ? ",{\"id\":" : ",\"choices\":[{\"id\":");
        buf_json(out, say->choices[i].id);
        member(out, "label", say->choices[i].label);
        buf_puts(out, i + 1 == say->choice_count ? "}]" : "}");
    }
}

int64_t conversation_waiting(struct lab_state *s) {
    int64_t n = 0;
    sqlite3_stmt *q = state_query(
        s, "SELECT say, due_ms FROM message WHERE to_id = $1 AND answered_ms IS NULL", "t",
        LEARNER);
    while (state_row(s, q)) {
        const struct lab_say *say = say_of(s, (const char *)sqlite3_column_text(q, 0));
        n += sqlite3_column_type(q, 1) != SQLITE_NULL || (say && say->choice_count);
    }
    state_end(q);
    return n;
}

void conversation_view(struct lab_state *s, int64_t limit, struct arena *a, struct buf *out) {
    static const char *const texts[] = {"channel", "from",   "to",    "subject",
                                        "body",    "choice", "answer"};
    static const char *const numbers[] = {"thread", "due_ms", "answered_ms", "missed"};
    sqlite3_stmt *q = state_query(
        s,
        "SELECT id, at_ms, channel, from_id, to_id, subject, body, choice, answer, thread, due_ms, "
        "answered_ms, nullif(missed, 0), say FROM message ORDER BY id DESC LIMIT $1",
        "i", limit > 0 && limit < MESSAGES_SHOWN ? limit : MESSAGES_SHOWN);
    buf_puts(out, "{\"rows\":[");
    for (int n = 0; state_row(s, q); n++) {
        buf_printf(out, "%s{\"id\":%lld,\"at_ms\":%lld", n ? "," : "",
                   (long long)sqlite3_column_int64(q, 0), (long long)sqlite3_column_int64(q, 1));
        for (int i = 0; i < (int)COUNT_OF(texts); i++)
            member(out, texts[i], state_column(q, 2 + i, a));
        for (int i = 0; i < (int)COUNT_OF(numbers); i++)
            if (sqlite3_column_type(q, 9 + i) != SQLITE_NULL)
                buf_printf(out, ",\"%s\":%lld", numbers[i],
                           (long long)sqlite3_column_int64(q, 9 + i));
        view_choices(say_of(s, state_column(q, 13, a)), out);
        buf_putc(out, '}');
    }
    state_end(q);
    buf_puts(out, "],\"to\":[");
    const struct lab_timeline *t = s->stack.timeline;
    for (int i = 0, n = 0; i < t->reply_count; i++) {
        bool again = false;
        for (int k = 0; k < i; k++) again |= str_eq(t->replies[k].to, t->replies[i].to);
        if (again) continue;
        if (n++) buf_putc(out, ',');
        buf_json(out, t->replies[i].to);
    }
    buf_puts(out, "]}");
}
