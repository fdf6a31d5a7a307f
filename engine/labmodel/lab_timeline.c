/* Reads the timeline of a scenario. */
#include "labmodel/lab_timeline.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_known.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

#define REPLY_MS_MAX (60 * MS_DAY) /* the time that a reply takes */

struct reader {
    struct lab_stack *stack;
    const struct lab_files *files;
    const char *file, *folder;
    struct lab_timeline *out;
    struct arena *a;
    struct diag_list *diags;
};

/* ---- Times ---------------------------------------------------------------------------------- */
static bool clock_minute(const char *text, int64_t *minutes) {
    int64_t hour, minute;
    if (strlen(text) != 5 || text[2] != ':') return false;
    char part[6];
    memcpy(part, text, sizeof part);
    part[2] = '\0';
    if (!parse_i64(part, 0, 23, &hour) || !parse_i64(part + 3, 0, 59, &minute)) return false;
    *minutes = hour * 60 + minute;
    return true;
}

/* "d5 22:00" is ten in the evening of the fifth day (UTC; the run begins on the first), "d5" its
 * midnight, "+90m" that long after the start. */
static bool read_at(const struct lab_stack *s, const char *text, int64_t *ms, struct arena *a) {
    if (*text == '+') return lab_duration_read(text + 1, ms);
    if (*text != 'd') return false;
    size_t len = strcspn(text, " ");
    int64_t day, minutes = 0;
    if (!parse_i64(arena_copy(a, text + 1, len - 1), 1, 120, &day)) return false;
    if (text[len] && !clock_minute(text + len + 1, &minutes)) return false;
    *ms = (day - 1) * MS_DAY + minutes * MS_MINUTE - s->start_ms % MS_DAY;
    return *ms >= 0;
}

static void add_moment(struct reader *r, xmlNode *n, enum lab_moment_of of, int index) {
    struct lab_moment *m = &r->out->moments[r->out->moment_count++];
    const char *at = lab_xml_attr(n, "at", r->a), *in = lab_xml_attr(n, "in", r->a);
    *m = (struct lab_moment){.of = of, .index = index, .after = lab_xml_attr(n, "after", r->a)};
    if (at && !read_at(r->stack, at, &m->at_ms, r->a))
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, "at"), "lab-time",
                        "“%s” is no time of this run, such as d5 22:00 or +90m; the first day is "
                        "d1, and nothing is before the start.",
                        at);
    if (in && !lab_duration_read(in, &m->at_ms))
        lab_xml_problem(r->diags, r->file, n, "lab-time",
                        "“%s” is no time such as 90s, 30m, 9h or 2d.", in);
    if (!at == !m->after)
        lab_xml_problem(r->diags, r->file, n, "lab-time",
                        "This needs at=\"…\" or after=\"…\", one of the two.");
}

static const struct lab_say *say_named(const struct lab_timeline *t, const char *id, size_t len) {
    for (int i = 0; i < t->say_count; i++)
        if (strlen(t->says[i].id) == len && strncmp(t->says[i].id, id, len) == 0)
            return &t->says[i];
    return NULL;
}

static bool can_become(const struct lab_say *say, const char *what) {
    bool chosen = str_eq(what, "missed") || str_eq(what, "answered");
    for (int i = 0; i < say->choice_count; i++) chosen |= str_eq(say->choices[i].id, what);
    return chosen;
}

/* "ID:missed", "ID:answered", "ID:CHOICE" of a message. */
static void check_after(struct reader *r, xmlNode *n, const struct lab_moment *m) {
    const char *colon = m->after ? strchr(m->after, ':') : NULL;
    const struct lab_say *say = colon ? say_named(r->out, m->after, (size_t)(colon - m->after))
                                      : NULL;
    if (m->after && (!say || !can_become(say, colon + 1)))
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, "after"), "lab-unknown",
                        "“%s” must be the id of a <say>, a colon, and missed, answered or the id "
                        "of one of its choices.",
                        m->after);
}

/* ---- Elements ------------------------------------------------------------------------------- */
struct element {
    struct reader *r;
    xmlNode *n;
};

static const char *attribute(void *from, const char *name) {
    const struct element *e = from;
    return lab_xml_attr(e->n, name, e->r->a);
}

static void read_fault(struct reader *r, xmlNode *n) {
    struct lab_timeline *t = r->out;
    struct lab_fault *f = &t->faults[t->fault_count];
    struct element e = {r, n};
    const char *why, *id = lab_xml_attr(n, "id", r->a);
    if (!lab_fault_read(r->stack, attribute, &e, f, r->a, &why))
        lab_xml_problem(r->diags, r->file, n, "lab-fault", "%s", why);
    f->id = id ? id : arena_printf(r->a, "fault-%d", t->fault_count + 1);
    add_moment(r, n, LAB_MOMENT_FAULT, t->fault_count++);
}

static void read_act(struct reader *r, xmlNode *n) {
    struct lab_timeline *t = r->out;
    struct lab_act *act = &t->acts[t->act_count];
    act->actor = lab_xml_attr(n, "actor", r->a);
    act->object = lab_xml_attr(n, "object", r->a);
    act->file = arena_printf(r->a, "%s/%s", r->folder, lab_xml_attr(n, "import", r->a));
    const struct lab_object *o = lab_object_by_path(r->stack, act->object, NULL);
    if (!o)
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, "object"), "lab-unknown",
                        "There is no object “%s” in this stack; there are %s.", act->object,
                        lab_known_objects(r->stack, r->a));
    else if (!lab_file_find(r->files, act->file))
        lab_xml_problem(r->diags, r->file, n, "lab-missing", "The file labs/%s does not exist.",
                        act->file);
    else lab_columns_check(r->files, act->file, o, r->a, r->diags);
    add_moment(r, n, LAB_MOMENT_ACT, t->act_count++);
}

static const char *child_text(struct reader *r, xmlNode *n, const char *name) {
    xmlNode *child = lab_xml_child(n, name);
    return child ? lab_xml_text(child, r->a) : NULL;
}

static void read_say(struct reader *r, xmlNode *n) {
    struct lab_timeline *t = r->out;
    struct lab_say *say = &t->says[t->say_count];
    const char *due = lab_xml_attr(n, "due", r->a), *id = lab_xml_attr(n, "id", r->a);
    if (say_named(t, id, strlen(id)))
        lab_xml_problem(r->diags, r->file, n, "lab-id", "“%s” stands here twice.", id);
    say->id = id;
    say->channel = lab_xml_attr(n, "channel", r->a);
    if (!say->channel) say->channel = "chat";
    say->from = lab_xml_attr(n, "from", r->a);
    say->subject = child_text(r, n, "subject");
    say->text = child_text(r, n, "text");
    if (due && !lab_duration_read(due, &say->due_ms))
        lab_xml_problem(r->diags, r->file, n, "lab-time",
                        "“%s” is no time such as 90s, 30m, 9h or 2d.", due);
    say->choices = NEW_ARRAY(r->a, struct lab_choice, (size_t)lab_xml_count(n, "choice"));
    for (xmlNode *c = lab_xml_child(n, "choice"); c; c = lab_xml_next(c, "choice"))
        say->choices[say->choice_count++] = (struct lab_choice){lab_xml_attr(c, "id", r->a),
                                                                lab_xml_text(c, r->a)};
    if (say->choice_count > LAB_CHOICES_MAX)
        lab_xml_problem(r->diags, r->file, n, "lab-limit", "A message has %d choices at most.",
                        LAB_CHOICES_MAX);
    add_moment(r, n, LAB_MOMENT_SAY, t->say_count++);
}

/* "mon-fri 9-17", "mon-sun 8-20". */
static bool read_hours(const char *text, struct lab_calendar *out, struct arena *a) {
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    int64_t from, to;
    if (strlen(text) < 11 || text[3] != '-' || text[7] != ' ') return false;
    int first = lab_name_index(days, COUNT_OF(days), arena_copy(a, text, 3)),
        last = lab_name_index(days, COUNT_OF(days), arena_copy(a, text + 4, 3));
    const char *hours = text + 8, *dash = strchr(hours, '-');
    if (first < 0 || last < 0 || !dash) return false;
    if (!parse_i64(arena_copy(a, hours, (size_t)(dash - hours)), 0, 23, &from) ||
        !parse_i64(dash + 1, 1, 24, &to) || to <= from)
        return false;
    for (int day = first;; day = (day + 1) % 7) {
        out->days |= 1u << day;
        if (day == last) break;
    }
    out->from_minute = (int)from * 60;
    out->to_minute = (int)to * 60;
    return true;
}

static void read_reply(struct reader *r, xmlNode *n) {
    struct lab_reply *reply = &r->out->replies[r->out->reply_count++];
    const char *hours = lab_xml_attr(n, "hours", r->a), *after = lab_xml_attr(n, "after", r->a);
    reply->to = lab_xml_attr(n, "to", r->a);
    reply->channel = lab_xml_attr(n, "channel", r->a);
    if (!reply->channel) reply->channel = "email";
    reply->when = lab_xml_attr(n, "if", r->a);
    reply->subject = child_text(r, n, "subject");
    reply->text = child_text(r, n, "text");
    reply->calendar.zone_minutes = lab_xml_int(n, "zone", 0);
    if (hours && !read_hours(hours, &reply->calendar, r->a))
        lab_xml_problem(r->diags, r->file, n, "lab-time",
                        "“%s” must be days and hours such as mon-fri 9-17.", hours);
    if (!lab_duration_read(after, &reply->after_ms) || reply->after_ms > REPLY_MS_MAX)
        lab_xml_problem(r->diags, r->file, n, "lab-time",
                        "“%s” is no time such as 90s, 30m, 9h or 2d, of 60 days at most.", after);
}

/* ---- Files ---------------------------------------------------------------------------------- */
static void read_outages(struct reader *r, xmlNode *stack_root) {
    struct lab_timeline *t = r->out;
    for (xmlNode *n = lab_xml_child(stack_root, "outage"); n; n = lab_xml_next(n, "outage")) {
        const char *on = lab_xml_attr(n, "connector", r->a);
        struct lab_fault *f = &t->faults[t->fault_count];
        *f = (struct lab_fault){.id = arena_printf(r->a, "outage-%d", t->fault_count + 1),
                                .kind = LAB_FAULT_OUTAGE,
                                .member = lab_member_find(r->stack, on),
                                .for_ms = lab_xml_int(n, "minutes", 0) * MS_MINUTE,
                                .share = 1000};
        if (f->member < 0)
            lab_xml_problem(r->diags, arena_printf(r->a, "labs/%s/stack.xml", r->folder), n,
                            "lab-unknown",
                            "There is no connector “%s” in this stack; there are %s.", on,
                            lab_known_connectors(r->stack, r->a));
        t->moments[t->moment_count++] = (struct lab_moment){
            .of = LAB_MOMENT_FAULT,
            .index = t->fault_count++,
            .at_ms = lab_xml_int(n, "after-hours", 0) * MS_HOUR};
    }
}

/* NULL without diagnostics: the scenario has none. */
static xmlNode *timeline_root(struct reader *r) {
    const struct lab_file *f = lab_file_find(r->files,
                                             arena_printf(r->a, "%s/timeline.xml", r->folder));
    xmlDoc *doc = f ? lab_xml_parse(r->file, f->text, f->len, r->a, r->diags) : NULL;
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (root && !lab_xml_is(root, "timeline")) {
        lab_xml_problem(r->diags, r->file, root, "lab-root",
                        "The root element must be <timeline>.");
        return NULL;
    }
    return root;
}

static void make_room(struct reader *r, xmlNode *root, xmlNode *stack_root) {
    struct lab_timeline *t = r->out;
    int outages = lab_xml_count(stack_root, "outage"), all = root ? lab_xml_count(root, NULL) : 0;
    size_t faults = (size_t)(outages + (root ? lab_xml_count(root, "fault") : 0));
    t->moments = NEW_ARRAY(r->a, struct lab_moment, (size_t)(outages + all));
    t->faults = NEW_ARRAY(r->a, struct lab_fault, faults);
    t->acts = NEW_ARRAY(r->a, struct lab_act, (size_t)all);
    t->says = NEW_ARRAY(r->a, struct lab_say, (size_t)all);
    t->replies = NEW_ARRAY(r->a, struct lab_reply, (size_t)all);
    if (faults > LAB_FAULTS_MAX)
        lab_xml_problem(r->diags, r->file, root, "lab-limit", "A stack has %d faults at most.",
                        LAB_FAULTS_MAX);
}

bool lab_timeline_read(struct lab_stack *stack, const struct lab_files *files, const char *folder,
                       xmlNode *stack_root, struct arena *a, struct diag_list *diags) {
    struct lab_timeline *t = NEW(a, struct lab_timeline);
    struct reader r = {stack, files, arena_printf(a, "labs/%s/timeline.xml", folder), folder, t,
                       a,     diags};
    int before = diags->errors;
    xmlNode *root = timeline_root(&r);
    stack->timeline = t;
    make_room(&r, root, stack_root);
    read_outages(&r, stack_root);
    int moment = t->moment_count;
    for (xmlNode *n = root ? lab_xml_child(root, NULL) : NULL; n; n = lab_xml_next(n, NULL)) {
        if (lab_xml_is(n, "fault")) read_fault(&r, n);
        else if (lab_xml_is(n, "act")) read_act(&r, n);
        else if (lab_xml_is(n, "say")) read_say(&r, n);
        else if (lab_xml_is(n, "reply")) read_reply(&r, n);
    }
    for (xmlNode *n = root ? lab_xml_child(root, NULL) : NULL; n; n = lab_xml_next(n, NULL))
        if (lab_xml_is(n, "fault") || lab_xml_is(n, "act") || lab_xml_is(n, "say"))
            check_after(&r, n, &t->moments[moment++]);
    return diags->errors == before;
}

/* ---- Calendars ------------------------------------------------------------------------------ */
int64_t lab_calendar_after(const struct lab_calendar *c, int64_t from_ms, int64_t work_ms) {
    if (!c->days) return from_ms + work_ms;
    const int64_t zone_ms = c->zone_minutes * MS_MINUTE, local_ms = from_ms + zone_ms;
    for (int64_t day = local_ms / MS_DAY;; day++) {
        int64_t opens = day * MS_DAY + c->from_minute * MS_MINUTE,
                closes = day * MS_DAY + c->to_minute * MS_MINUTE;
        if (opens < local_ms) opens = local_ms;
        /* The first of January 1970 was a Thursday. */
        if (!(c->days >> ((day + 3) % 7) & 1) || closes <= opens) continue;
        if (work_ms <= closes - opens) return opens + work_ms - zone_ms;
        work_ms -= closes - opens;
    }
}

void lab_timeline_dialects(const struct lab_stack *stack, const struct lab_dialect *const *chosen,
                           int64_t now_ms, const struct lab_dialect **out, struct arena *a) {
    const struct lab_timeline *t = stack->timeline;
    int64_t since_ms = now_ms - stack->start_ms;
    for (int i = 0; i < stack->member_count; i++) out[i] = chosen[i];
    for (int i = 0; i < t->moment_count; i++) {
        const struct lab_moment *m = &t->moments[i];
        if (m->of != LAB_MOMENT_FAULT || m->after || m->at_ms > since_ms) continue;
        const struct lab_fault *f = &t->faults[m->index];
        if (f->kind == LAB_FAULT_SCHEMA && (!f->for_ms || since_ms < m->at_ms + f->for_ms))
            out[f->member] = lab_dialect_renamed(
                out[f->member], stack->members[f->member].connector, f->object, f->field, f->as, a);
    }
}
