/* The clock of a run's page: by a length, to the next event, to a time, until a condition; what
 * happened meanwhile, in words; and the rest of a way that is gone in parts. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

#define CONDITION_BYTES 20000 /* as the lab's own API has it */
#define KINDS_TOLD 8          /* of what happened; the others are counted together */

static const int64_t most_ms = 7 * MS_DAY;

/* ---- What is asked -------------------------------------------------------------------------- */
/* "2026-03-02T08:00", as a browser's field writes it, or a time in UTC. */
static bool read_time(struct arena *a, const char *text, int64_t *ms) {
    return text &&
           (time_parse_iso(text, ms) || time_parse_iso(arena_printf(a, "%s:00Z", text), ms) ||
            time_parse_iso(arena_printf(a, "%sZ", text), ms));
}

/* The action that the form asks for; NULL: the form is broken, or `*said` is what is wrong. */
static json_t *asked(struct screen *s, const char **said) {
    struct request *r = s->r;
    const char *way = http_field(r, "way"), *minutes = http_field(r, "minutes"),
               *until = http_field(r, "until");
    int64_t by = most_ms, to_ms = 0;
    json_t *action = json_adopt(r->arena, json_pack("{s:s}", "kind", "clock"));
    *said = NULL;
    if (!way && (!minutes || !parse_i64(minutes, 1, most_ms / MS_MINUTE, &by))) return NULL;
    if (!way) by *= MS_MINUTE;
    bool next = str_eq(way, "next"), to = str_eq(way, "to"), condition = str_eq(way, "until");
    if (way && !next && !to && !condition) return NULL;
    if (to && !read_time(r->arena, http_field(r, "to"), &to_ms)) *said = "lab_clock_no_time";
    if (condition && (!until || !until[strspn(until, " \t\r\n")])) *said = "lab_clock_no_sql";
    if (condition && until && strlen(until) > CONDITION_BYTES) return NULL;
    if (*said) return NULL;
    /* The rest of a way ends where the whole was to end. */
    if (!to && read_time(r->arena, http_field(r, "rest"), &to_ms)) to = true;
    if (next) json_object_set_new(action, "next", json_true());
    if (condition) json_object_set_new(action, "until", json_string(until));
    json_object_set_new(action, to ? "to_ms" : "advance_ms", json_integer(to ? to_ms : by));
    return action;
}

/* ---- Going ---------------------------------------------------------------------------------- */
/* Keeps where clock and log stood. A way that is gone in parts began where its first part did. */
static bool note_before(struct lab_ask *ask, const char *answer, size_t len) {
    struct screen *s = ask->context;
    const char *why;
    json_t *summary = json_read(ask->arena, answer, len, &why);
    if (s->since < 0) s->since = screen_number(summary, "last_event");
    if (!s->from_ms) s->from_ms = screen_number(summary, "now_ms");
    return true;
}

static const char *said_by_worker(struct screen *s, const char *member) {
    const char *why;
    return screen_text(json_read(s->r->arena, s->ask.answer.body, s->ask.answer.body_len, &why),
                       member);
}

static enum err again(struct screen *s, const char *notice, const char *said) {
    s->notice = notice;
    s->clock_said = said;
    s->ask.action = s->ask.before = NULL; /* it has been done already, or not at all */
    return screen_show(s);
}

static enum err moved(struct request *r, void *arg, enum err result) {
    static const char *const notices[][2] = {{"time", "clock"},        {"part", "part"},
                                             {"event", "clock_event"}, {"condition", "clock_met"},
                                             {"steps", "clock_steps"}, {"failed", "clock_failed"},
                                             {"full", "clock_full"}};
    struct screen *s = arg;
    const char *why, *notice = "clock";
    if (result) return screen_refuse(s, result);
    if (s->ask.answer.refused && http_field(r, "way"))
        return again(s, "clock_refused", said_by_worker(s, "error"));
    if (s->ask.answer.refused)
        return http_redirect(
            r, screen_href(s, arena_printf(r->arena, "?tab=%s&notice=calendar", s->tab)));
    json_t *body = json_read(r->arena, s->ask.answer.body, s->ask.answer.body_len, &why);
    for (size_t i = 0; i < COUNT_OF(notices); i++)
        if (str_eq(screen_text(body, "why"), notices[i][0])) notice = notices[i][1];
    bool part = str_eq(notice, "part"), next = str_eq(http_field(r, "way"), "next");
    s->to_ms = part ? screen_number(body, "until_ms") : 0;
    /* A condition may be long: its rest is asked for by this page, not by an address. */
    if (part && http_field(r, "until")) return again(s, notice, NULL);
    return http_redirect(
        r,
        screen_href(s, arena_printf(r->arena, "?tab=%s%s%s&notice=%s&since=%lld%s%s", s->tab,
                                    s->object ? "&object=" : "", s->object ? s->object->id : "",
                                    notice, (long long)s->since,
                                    part ? arena_printf(r->arena, "&from=%lld&to=%lld",
                                                        (long long)s->from_ms, (long long)s->to_ms)
                                         : "",
                                    part && next ? "&way=next" : "")));
}

enum err lab_clock_post(struct request *r) {
    struct screen *s;
    const char *said;
    enum err e = screen_open(r, &s);
    if (!e) e = screen_require_owner(s);
    if (e) return e;
    screen_part(s, http_field);
    json_t *action = asked(s, &said);
    if (said) {
        said = lab_text(r, said, NULL);
        return again(s, "clock_refused", said);
    }
    if (!action) return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    s->ask.action = json_text(r->arena, action);
    s->ask.before = "{\"view\":\"summary\"}";
    s->ask.allowed = note_before;
    return screen_wait(s, moved);
}

/* ---- The page ------------------------------------------------------------------------------- */
void screen_clock_read(struct screen *s, const char *(*get)(struct request *, const char *)) {
    const char *since = get(s->r, "since"), *from = get(s->r, "from"), *to = get(s->r, "to");
    s->since = -1;
    if (since && !parse_i64(since, 0, INT64_MAX, &s->since)) s->since = -1;
    if (from && !parse_i64(from, 1, MS_DAY * 365000, &s->from_ms)) s->from_ms = 0;
    if (to && !parse_i64(to, 1, MS_DAY * 365000, &s->to_ms)) s->to_ms = 0;
}

json_t *screen_since_question(struct screen *s) {
    return json_pack("{s:s, s:I, s:i}", "view", "since", "after", (json_int_t)s->since, "limit",
                     KINDS_TOLD);
}

/* What happened since the clock was moved: what most of all, with the way to it in the log. */
static void meanwhile(struct screen *s, struct view *v) {
    json_t *answer = screen_json(s, s->since_question), *row;
    struct view *list = view_list(v, "since");
    int64_t total = screen_number(answer, "total"), told = 0;
    size_t i;
    json_array_foreach (json_object_get(answer, "rows"), i, row) {
        struct view *item = view_item(list);
        const char *kind = screen_text(row, "kind");
        view_text(item, "what", screen_event_words(s, screen_text(row, "connector"), kind));
        view_int(item, "count", screen_number(row, "count"));
        view_bool(item, "many", screen_number(row, "count") > 1);
        view_text(item, "href",
                  screen_href(s, arena_printf(s->r->arena, "?tab=log&find=%s",
                                              percent_encode(s->r->arena, kind ? kind : "", ""))));
        told += screen_number(row, "count");
    }
    view_bool(v, "has_since", answer != NULL);
    view_bool(v, "quiet", answer && !total);
    view_int(v, "since_others", total - told);
    view_bool(v, "has_since_others", total > told);
    view_text(v, "log_href", screen_href(s, "?tab=log"));
}

/* The rest of a way: how much of it is gone, and the form that goes on. */
static void rest(struct screen *s, struct view *v, int64_t now_ms) {
    const char *way = http_field(s->r, "way");
    bool goes = str_eq(s->notice, "part") && s->to_ms > now_ms && s->owner;
    view_bool(v, "goes_on", goes);
    if (!goes) return;
    if (!way) way = str_eq(http_query(s->r, "way"), "next") ? "next" : "to";
    int64_t all = s->to_ms - s->from_ms, gone = now_ms - s->from_ms;
    view_int(v, "gone", s->from_ms && all > 0 && gone > 0 ? gone * 100 / all : 0);
    screen_time(v, "aim", s->to_ms, s->r);
    view_text(v, "aim_value", time_iso(s->r->arena, s->to_ms));
    view_text(v, "way", str_eq(way, "next") || str_eq(way, "until") ? way : "to");
    view_text(v, "until", str_eq(way, "until") ? http_field(s->r, "until") : NULL);
    view_int(v, "since_seq", s->since < 0 ? 0 : s->since);
    view_int(v, "from_ms", s->from_ms);
}

void screen_clock(struct screen *s, struct view *v) {
    json_t *summary = screen_json(s, 0);
    int64_t now_ms = screen_number(summary, "now_ms");
    const char *typed = http_field(s->r, "to");
    screen_time(v, "clock", now_ms, s->r);
    view_int(v, "actions", s->ask.effective);
    view_int(v, "events", screen_number(summary, "events"));
    view_bool(v, "has_next_run", screen_number(summary, "next_run_ms") != 0);
    screen_time(v, "next_run", screen_number(summary, "next_run_ms"), s->r);
    view_text(v, "clock_said", s->clock_said);
    view_text(v, "clock_until", s->clock_said ? http_field(s->r, "until") : NULL);
    /* 16 bytes: to the minute, as the browser's field takes it. */
    view_text(v, "clock_to",
              s->clock_said && typed
                  ? typed
                  : arena_copy(s->r->arena, time_iso(s->r->arena, now_ms + MS_HOUR), 16));
    meanwhile(s, v);
    rest(s, v, now_ms);
}
