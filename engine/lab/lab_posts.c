/* What a learner does on a run's page: calls through a screen, SQL, checking, hints, going back. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_words.h"

static enum err open_own(struct request *r, struct screen **out) {
    enum err e = screen_open(r, out);
    if (!e) e = screen_require_owner(*out);
    if (!e) screen_part(*out, http_field);
    return e;
}

/* ---- Calls ---------------------------------------------------------------------------------- */
static enum lab_operation operation_named(const char *name) {
    if (str_eq(name, "create")) return LAB_CREATE;
    if (str_eq(name, "update")) return LAB_UPDATE;
    if (str_eq(name, "delete")) return LAB_DELETE;
    return str_eq(name, "merge") ? LAB_MERGE : 0;
}

static const char *part_href(struct screen *s, const char *record, const char *notice) {
    return screen_href(s,
                       arena_printf(s->r->arena, "?tab=%s&object=%s%s%s&notice=%s#calls", s->tab,
                                    s->object->id, record ? "&record=" : "",
                                    record ? percent_encode(s->r->arena, record, "") : "", notice));
}

/* Shows the form again with what was typed into it, so that nobody writes a record twice because
 * one field was wrong. */
static enum err form_again(struct screen *s, const char *notice) {
    s->typed = true;
    s->held = s->ask.held;
    s->adding = !s->record;
    s->notice = notice;
    s->ask.action = s->ask.before = NULL; /* it has been run already, or not at all */
    s->ask.held = false;
    return screen_show(s);
}

/* After the call of a screen: goes back to where it was made, with the call and its answer at the
 * foot of the page. */
static enum err called(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    if (result) return screen_refuse(s, result);
    if (s->ask.held) return form_again(s, "held");
    if (s->ask.answer.refused) return form_again(s, "refused");
    const char *operation = http_field(r, "operation");
    bool stay = s->record && (str_eq(operation, "update") || str_eq(operation, "merge"));
    return http_redirect(r, part_href(s, stay ? s->record : NULL, operation));
}

/* Reads the fields of the form; of an update only those that were changed. */
static size_t read_fields(struct screen *s, bool update, const char **names, const char **values) {
    size_t count = 0;
    for (int i = 0; i < s->object->field_count; i++) {
        const char *id = s->object->fields[i].id;
        const char *value = http_field(s->r, arena_printf(s->r->arena, "f_%s", id)),
                   *was = http_field(s->r, arena_printf(s->r->arena, "o_%s", id));
        if (!value || (update && was && strcmp(value, was) == 0) || (!update && !*value)) continue;
        names[count] = id;
        /* RULE lab-typed-time: a form takes and shows times as the dialect writes them. */
        values[count++] = s->object->fields[i].type == LAB_TIME && *value
                              ? screen_neutral(s, &s->object->fields[i], value)
                              : value;
    }
    return count;
}

/* Whether every field that the form changes still holds what the form showed. A record that is gone
 * is the system's to tell of. */
static bool nobody_else(struct lab_ask *ask, const char *answer, size_t len) {
    struct screen *s = ask->context;
    const char *why;
    json_t *row = json_object_get(json_read(ask->arena, answer, len, &why), "row");
    for (int i = 0; row && i < s->object->field_count; i++) {
        const struct lab_field *f = &s->object->fields[i];
        const char *now = http_field(s->r, arena_printf(ask->arena, "f_%s", f->id)),
                   *was = http_field(s->r, arena_printf(ask->arena, "o_%s", f->id)),
                   *stored = screen_stored(f, row);
        if (now && was && !str_eq(now, was) && !str_eq(was, stored ? stored : "")) return false;
    }
    return true;
}

enum err lab_call_post(struct request *r) {
    struct screen *s;
    const char *names[LAB_FIELDS_MAX], *values[LAB_FIELDS_MAX];
    enum err e = open_own(r, &s);
    if (e) return e;
    enum lab_operation operation = operation_named(http_field(r, "operation"));
    bool needs_record = operation != LAB_CREATE;
    if (s->member < 0 || !operation || (needs_record && !s->record))
        return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    size_t count = 0;
    if (operation == LAB_MERGE) {
        names[0] = "loser";
        values[0] = http_field(r, "loser") ? str_trim(r->arena, http_field(r, "loser")) : "";
        count = 1;
    } else if (operation != LAB_DELETE)
        count = read_fields(s, operation == LAB_UPDATE, names, values);
    if (operation == LAB_UPDATE && count == 0)
        return http_redirect(r, part_href(s, s->record, "unchanged"));
    struct lab_surface surface = {s->stack, s->dialects, s->member};
    struct lab_call call = lab_surface_call(&surface, s->object, operation,
                                            needs_record ? s->record : NULL, names, values, count,
                                            r->arena);
    json_t *action = json_adopt(r->arena, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*}", "kind",
                                                    "api", "via", "screen", "connector",
                                                    s->stack->members[s->member].connector->id,
                                                    "method", call.method, "path", call.path,
                                                    "body", call.body, "if_match", call.if_match));
    if (operation == LAB_UPDATE) {
        json_t *record = json_pack("{s:s, s:s++, s:s}", "view", "record", "object",
                                   s->stack->members[s->member].connector->id, ".", s->object->id,
                                   "id", s->record);
        s->ask.before = json_text(r->arena, json_adopt(r->arena, record));
        s->ask.allowed = nobody_else;
    }
    s->ask.action = json_text(r->arena, action);
    s->ask.method = call.method;
    s->ask.path = call.path;
    s->ask.body = call.body;
    return screen_wait(s, called);
}

/* ---- Console -------------------------------------------------------------------------------- */
static enum err tried(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    (void)r;
    if (result) return screen_refuse(s, result);
    s->ask.action = NULL; /* it has been run already */
    return screen_show(s);
}

static const char *if_any(const char *text) { return text && *text ? text : NULL; }

/* RULE lab-console: what is tried in the console is a call of a screen: it needs no key and costs
 * no call of the account's day. Its method is the operation's. */
enum err lab_console_post(struct request *r) {
    struct screen *s;
    enum err e = open_own(r, &s);
    if (e) return e;
    struct screen_console *c = &s->console;
    s->tab = "access";
    c->sent = true;
    c->path = if_any(http_field(r, "path"));
    c->query = if_any(http_field(r, "query"));
    c->body = if_any(http_field(r, "body"));
    if (!c->path || *c->path != '/') return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    const struct lab_dialect *d = s->dialects[c->member];
    bool reads = c->operation == LAB_LIST || c->operation == LAB_GET;
    const char *method = reads                        ? "GET"
                         : c->operation == LAB_DELETE ? "DELETE"
                         : c->operation == LAB_UPDATE ? d->update_method
                                                      : "POST";
    json_t *action = json_adopt(
        r->arena,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*}", "kind", "api", "via", "screen",
                  "connector", s->stack->members[c->member].connector->id, "method", method, "path",
                  c->path, "query", c->query, "body", reads ? NULL : c->body, "if_match",
                  lab_surface_if_match(d, c->operation)));
    s->ask.action = json_text(r->arena, action);
    s->ask.reads_only = reads;
    s->ask.method = method;
    s->ask.path = c->query ? arena_printf(r->arena, "%s?%s", c->path, c->query) : c->path;
    s->ask.body = reads ? NULL : c->body;
    return screen_wait(s, tried);
}

/* ---- Warehouse ------------------------------------------------------------------------------ */
enum err lab_sql_post(struct request *r) {
    struct screen *s;
    enum err e = open_own(r, &s);
    if (e) return e;
    s->tab = "sql";
    s->member = -1;
    s->object = NULL;
    s->sql = http_field(r, "sql");
    if (!s->sql || strlen(s->sql) > 20000)
        return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    s->ask.action = json_text(
        r->arena, json_adopt(r->arena, json_pack("{s:s, s:s}", "kind", "sql", "sql", s->sql)));
    s->ask.reads_only = true;
    return screen_show(s);
}

/* ---- Checking ------------------------------------------------------------------------------- */
struct checking {
    struct screen *s;
    struct lab_checking_row row;
};

static enum err keep_checking(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct checking *c = arg;
    c->row.at_ms = now_ms;
    return lab_store_checking_add(db, a, &c->s->ask.run, c->s->ask.head, &c->row);
}

static enum err kept(struct request *r, void *arg, enum err result) {
    struct checking *c = arg;
    if (result == ERR_DENIED) return http_refuse(r, ERR_CONFLICT, "lab_not_published", NULL);
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    return http_redirect(r, screen_href(c->s, "?tab=check#checks"));
}

static enum err judged(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    struct checking *c = NEW(r->arena, struct checking);
    const char *ids[LAB_CHECKS_MAX];
    int hints[LAB_CHECKS_MAX];
    struct buf b;
    if (result) return screen_refuse(s, result);
    const struct lab_scenario *scenario = &s->version->scenario;
    buf_init(&b, r->arena);
    c->s = s;
    c->row = (struct lab_checking_row){
        .seq = s->ask.seq, .passed = s->ask.passed, .total = scenario->check_count};
    for (int i = 0; i < scenario->check_count; i++) ids[i] = scenario->checks[i].id;
    enum err e = lab_store_hints(r->db, r->arena, s->ask.run.id, ids, (size_t)scenario->check_count,
                                 hints);
    if (e) return http_refuse(r, e, "lab_unreadable", NULL);
    c->row.points = lab_verdicts_write(s->ask.verdicts, scenario->check_count, hints, &b);
    c->row.verdicts = buf_text(&b);
    return http_write(r, keep_checking, c, kept);
}

enum err lab_check_post(struct request *r) {
    struct screen *s;
    enum err e = open_own(r, &s);
    if (e) return e;
    if (lab_time_over(&s->version->scenario, s->ask.run.started_ms, r->now_ms))
        return http_refuse(r, ERR_CONFLICT, "lab_time_over", NULL);
    s->ask.check = true;
    return screen_wait(s, judged);
}

/* ---- Hints ---------------------------------------------------------------------------------- */
struct hint {
    struct screen *s;
    const char *check_id;
    int level;
};

static enum err keep_hint(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct hint *h = arg;
    (void)a;
    return lab_store_hint_add(db, h->s->ask.run.id, h->check_id, h->level, now_ms);
}

static enum err hinted(struct request *r, void *arg, enum err result) {
    struct hint *h = arg;
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    return http_redirect(
        r, screen_href(h->s, arena_printf(r->arena, "?tab=check#check-%s", h->check_id)));
}

enum err lab_hint_post(struct request *r) {
    struct screen *s;
    struct hint *h = NEW(r->arena, struct hint);
    enum err e = open_own(r, &s);
    if (e) return e;
    if ((e = screen_require_help(s))) return e;
    const struct lab_scenario *scenario = &s->version->scenario;
    const struct lab_check *check = NULL;
    for (int i = 0; i < scenario->check_count; i++)
        if (str_eq(scenario->checks[i].id, http_field(r, "check"))) check = &scenario->checks[i];
    if (!check) return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    int level;
    e = lab_store_hints(r->db, r->arena, s->ask.run.id, &check->id, 1, &level);
    if (e) return http_refuse(r, e, "lab_unreadable", NULL);
    *h = (struct hint){s, check->id, level < check->hint_count ? level + 1 : check->hint_count};
    return http_write(r, keep_hint, h, hinted);
}

/* ---- Going back ----------------------------------------------------------------------------- */
static enum err rewound(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    if (result) return screen_refuse(s, result);
    return http_redirect(r, screen_href(s, s->ask.rewind_to ? "?notice=rewound" : "?notice=reset"));
}

enum err lab_rewind_post(struct request *r) {
    struct screen *s;
    enum err e = open_own(r, &s);
    if (e) return e;
    const char *to = http_field(r, "to"), *checkpoint = http_field(r, "checkpoint");
    if (checkpoint ? !parse_i64(checkpoint, 1, LAB_ACTIONS_MAX, &s->ask.rewind_seq)
                   : !to || !parse_i64(to, 0, LAB_ACTIONS_MAX, &s->ask.rewind_to))
        return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    return screen_wait(s, rewound);
}
