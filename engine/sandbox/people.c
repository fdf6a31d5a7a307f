/* The people of a world. */
#include "sandbox/people.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_world.h"
#include "sandbox/faults.h"
#include "sandbox/world.h"

#define TIMES_TRIED 500 /* until somebody does something at an hour that they would rather not */

struct person {
    int64_t number;
    const char *entity; /* the number as text */
    int company;
    const struct lab_land *land;
    bool free_mail, proxy, scanner;
};

static uint32_t draw(const struct lab_state *s, const char *stream, const char *entity,
                     int64_t tick, int bound) {
    return state_draw(s, stream, entity, tick, (uint32_t)(bound > 0 ? bound : 1));
}

static bool chance(const struct lab_state *s, const char *stream, const char *entity,
                   int permille) {
    return draw(s, stream, entity, 0, 1000) < (uint32_t)permille;
}

static struct person person_of(struct lab_state *s, int64_t number) {
    const struct lab_world *w = s->stack.world;
    struct person p = {.number = number,
                       .entity = arena_printf(s->scratch, "%lld", (long long)number)};
    int left = (int)draw(s, "person-land", p.entity, 0, w->land_shares), at = 0;
    while (at + 1 < w->land_count && left >= w->lands[at].share) left -= w->lands[at++].share;
    p.land = &w->lands[at];
    p.company = (int)draw(s, "person-company", p.entity, 0, w->companies);
    p.free_mail = chance(s, "person-free-mail", p.entity, w->free_mail);
    p.proxy = chance(s, "person-proxy", p.entity, w->proxies);
    p.scanner = !p.proxy && chance(s, "person-scanner", p.entity, w->scanners);
    return p;
}

/* ---- Words ---------------------------------------------------------------------------------- */
static const char *pick(const struct lab_state *s, const char *stream, const char *entity,
                        const char *const *list, int count) {
    return list[draw(s, stream, entity, 0, count)];
}

static const char *firm_name(struct lab_state *s, int company) {
    const struct lab_world *w = s->stack.world;
    const char *entity = arena_printf(s->scratch, "%d", company);
    return arena_printf(s->scratch, "%s %s",
                        pick(s, "firm-first", entity, w->firm_first, w->firm_first_count),
                        pick(s, "firm-last", entity, w->firm_last, w->firm_last_count));
}

/* Letters and figures of A to Z, small; whatever else there is becomes nothing. */
static const char *plain(struct arena *a, const char *text) {
    char *out = arena_dup(a, text);
    size_t n = 0;
    for (const char *p = text; *p; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out[n++] = c;
    }
    out[n] = '\0';
    return out;
}

static const char *firm_web(struct lab_state *s, int company) {
    return arena_printf(s->scratch, "%s%d.example", plain(s->scratch, firm_name(s, company)),
                        company);
}

/* RULE lab-parent: the company that owns this one has a lower number, so that nobody owns
 * themselves; -1: nobody does. */
static int parent_of(const struct lab_state *s, int company) {
    const char *entity = arena_printf(s->scratch, "%d", company);
    if (company < 1 || !chance(s, "firm-parent", entity, s->stack.world->subsidiaries)) return -1;
    return (int)draw(s, "firm-owner", entity, 0, company);
}

static int firm_fit(const struct lab_state *s, int company) {
    return (int)draw(s, "firm-fit", arena_printf(s->scratch, "%d", company), 0, 1001);
}

static const struct lab_job *job_of(const struct lab_state *s, const struct person *p) {
    const struct lab_world *w = s->stack.world;
    return &w->jobs[draw(s, "person-job", p->entity, 0, w->job_count)];
}

static const char *topic_of(const struct lab_state *s, const struct person *p) {
    const struct lab_world *w = s->stack.world;
    return pick(s, "person-topic", p->entity, w->topics, w->topic_count);
}

static const char *given(struct lab_state *s, const struct person *p) {
    return pick(s, "person-given", p->entity, p->land->given, p->land->given_count);
}
static const char *family(struct lab_state *s, const struct person *p) {
    return pick(s, "person-family", p->entity, p->land->family, p->land->family_count);
}

static const char *parent_trait(struct lab_state *s, int company, enum lab_trait t) {
    int parent = parent_of(s, company);
    if (parent < 0) return NULL;
    return t == LAB_TRAIT_PARENT ? firm_name(s, parent) : firm_web(s, parent);
}

static const char *trait(struct lab_state *s, const struct person *p, enum lab_trait t) {
    const struct lab_world *w = s->stack.world;
    switch (t) {
    case LAB_TRAIT_GIVEN: return given(s, p);
    case LAB_TRAIT_FAMILY: return family(s, p);
    case LAB_TRAIT_MAILBOX:
        return arena_printf(s->scratch, "%s.%s@%s", plain(s->scratch, given(s, p)), p->entity,
                            p->free_mail ? w->free_domain : firm_web(s, p->company));
    case LAB_TRAIT_TELEPHONE:
        return arena_printf(s->scratch, "%s 555 %06u", p->land->prefix,
                            draw(s, "person-telephone", p->entity, 0, 1000000));
    case LAB_TRAIT_JOB: return job_of(s, p)->title;
    case LAB_TRAIT_FIRM: return firm_name(s, p->company);
    case LAB_TRAIT_WEB: return firm_web(s, p->company);
    case LAB_TRAIT_PARENT:
    case LAB_TRAIT_PARENT_WEB: return parent_trait(s, p->company, t);
    case LAB_TRAIT_LAND: return p->land->code;
    case LAB_TRAIT_ZONE: return arena_printf(s->scratch, "%d", p->land->zone_minutes);
    case LAB_TRAIT_TOPIC: return topic_of(s, p);
    case LAB_TRAIT_PROGRAM:
        return pick(s, "person-program", p->entity, w->programs, w->program_count);
    case LAB_TRAIT_NOW: return arena_printf(s->scratch, "%lld", (long long)s->now_ms);
    case LAB_TRAIT_RECORD:
    case LAB_TRAITS: break;
    }
    return NULL;
}

/* ---- Records -------------------------------------------------------------------------------- */
/* The person's record of an object; NULL: the system does not know them. */
static const char *record_of(struct lab_state *s, int64_t person, const char *path) {
    sqlite3_stmt *q = state_query(
        s,
        "SELECT record_id FROM sim_person INDEXED BY sim_person_by_person WHERE person = $1 AND "
        "object = $2 ORDER BY record_id LIMIT 1",
        "it", person, path);
    const char *id = state_row(s, q) ? state_column(q, 0, s->scratch) : NULL;
    state_end(q);
    return id;
}

static const char *path_of(struct lab_state *s, struct lab_place at) {
    return arena_printf(s->scratch, "%s.%s", s->stack.members[at.member].connector->id,
                        at.object->id);
}

static void fill(struct lab_state *s, const struct lab_world_role *role, const struct person *p,
                 const char *record, struct record *out) {
    *out = record_blank(role->at.object, s->scratch);
    for (int t = 0; t < LAB_TRAITS; t++)
        if (role->part[t]) out->value[role->part[t]->index] = trait(s, p, (enum lab_trait)t);
    if (role->part[LAB_TRAIT_RECORD]) out->value[role->part[LAB_TRAIT_RECORD]->index] = record;
    for (int i = 0; i < role->set_count; i++) out->value[role->set[i]->index] = role->value[i];
}

static const char *store(struct lab_state *s, const struct lab_world_role *role,
                         const struct person *p, const char *record) {
    struct record r;
    fill(s, role, p, record, &r);
    if (rules_arrive(s, role->at, &r, p->number)) return NULL;
    if (record_count(s, role->at.object) >= LAB_RECORDS_MAX) return NULL;
    r.id = record_new_id(s, role->at.member, s->scratch);
    r.created_ms = r.updated_ms = faults_clock(s, role->at.member);
    record_insert(s, role->at.member, role->at.object, &r);
    return r.id;
}

/* The record that a role's field refers to, or the one that the role's event is about. */
static const char *reference(struct lab_state *s, const struct lab_world_role *role,
                             int64_t person) {
    const struct lab_field *f = role->part[LAB_TRAIT_RECORD];
    const char *path = role->event || !f ? path_of(s, role->at) : f->of;
    return path ? record_of(s, person, path) : NULL;
}

/* ---- Acts ----------------------------------------------------------------------------------- */
static bool is_for(const struct lab_world_act *act, const struct person *p) {
    return act->whose == LAB_OF_ALL || (act->whose == LAB_OF_PROXIES && p->proxy) ||
           (act->whose == LAB_OF_SCANNERS && p->scanner) ||
           (act->whose == LAB_OF_HUMANS && !p->proxy && !p->scanner);
}

/* How much pleasure somebody has in it, 0 when they are gone: fatigue is gone after two weeks.
 * Permille. */
static int pleasure(struct lab_state *s, int64_t person) {
    sqlite3_stmt *q = state_query(
        s, "SELECT fatigue, fatigue_ms, gone_ms IS NOT NULL FROM sim_people WHERE person = $1", "i",
        person);
    int64_t fatigue = 0, since = 0;
    bool gone = true;
    if (state_row(s, q)) {
        fatigue = sqlite3_column_int64(q, 0);
        since = s->now_ms - sqlite3_column_int64(q, 1);
        gone = sqlite3_column_int(q, 2) != 0;
    }
    state_end(q);
    if (gone) return 0;
    fatigue = since >= 14 * MS_DAY ? 0 : fatigue - fatigue * (since / MS_HOUR) / (14 * 24);
    return (int)(1000 - fatigue);
}

static void tire(struct lab_state *s, int64_t person, int by) {
    int fatigue = 1000 - pleasure(s, person) + by;
    state_run(s, "UPDATE sim_people SET fatigue = $2, fatigue_ms = $3 WHERE person = $1", "iii",
              person, (int64_t)(fatigue < 900 ? fatigue : 900), s->now_ms);
}

/* What follows on something of this role: each act has a draw of its own. */
static void follow(struct lab_state *s, int role, const struct person *p, const char *record) {
    const struct lab_world *w = s->stack.world;
    int liked = -1;
    for (int i = 0; i < w->act_count; i++) {
        const struct lab_world_act *act = &w->acts[i];
        if (act->to != role || act->role < 0 || !is_for(act, p)) continue;
        if (liked < 0) liked = pleasure(s, p->number);
        int permille = act->machine ? act->permille : act->permille * liked / 1000;
        if (draw(s, act->id, p->entity, s->last_event, 1000) >= (uint32_t)permille) continue;
        int64_t span = act->until_ms - act->from_ms,
                more = span ? (int64_t)draw(s, act->id, p->entity,
                                            s->last_event + ((int64_t)1 << 40),
                                            (int)(span / MS_SECOND) + 1) *
                                  MS_SECOND
                            : 0;
        due_add(s, s->now_ms + act->from_ms + more, DUE_WORLD, DUE_REACTION, i, p->entity, record);
    }
}

/* RULE lab-interest: an interest fades by halves (lab_world_faded), and is 1000 at most. */
static void kindle(struct lab_state *s, const struct person *p, int by) {
    sqlite3_stmt *q = state_query(
        s, "SELECT level, at_ms FROM sim_interest WHERE person = $1 AND topic = $2", "it",
        p->number, topic_of(s, p));
    int64_t level = by;
    if (state_row(s, q))
        level += lab_world_faded(sqlite3_column_int64(q, 0), s->now_ms - sqlite3_column_int64(q, 1),
                                 s->stack.world->interest_half_ms);
    state_end(q);
    state_run(s, "UPDATE sim_interest SET level = $3, at_ms = $4 WHERE person = $1 AND topic = $2",
              "itii", p->number, topic_of(s, p), level < 1000 ? level : (int64_t)1000, s->now_ms);
}

/* RULE lab-refusal: a refusal ends the consent to its channel, and that to no other. */
static void refuse(struct lab_state *s, int64_t person, int channel) {
    const struct lab_world *w = s->stack.world;
    for (int i = 0; i < w->channel_count; i++)
        if (channel < 0 || channel == i)
            state_run(s,
                      "UPDATE sim_consent SET state = 'out', at_ms = $3 WHERE person = $1 AND "
                      "channel = $2",
                      "iti", person, w->channels[i].id, s->now_ms);
    state_run(s, "INSERT INTO sim_opt_out (person, at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING",
              "ii", person, s->now_ms);
}

static void perform(struct lab_state *s, const struct lab_world_act *act, const struct person *p) {
    const struct lab_world_role *role = &s->stack.world->roles[act->role];
    const char *about = reference(s, role, p->number);
    int64_t cause = s->who.cause;
    /* A system that does not know them, or cannot be reached, hears nothing. */
    if ((!about && (role->event || role->part[LAB_TRAIT_RECORD])) ||
        faults_outage(s, role->at.member))
        return;
    s->who = (struct lab_who){.actor = act->actor, .human = !act->machine, .cause = cause};
    if (role->event)
        state_event(
            s, &(struct state_event){.kind = role->event,
                                     .connector = s->stack.members[role->at.member].connector->id,
                                     .object = role->at.object->id,
                                     .record_id = about,
                                     .detail = act->id});
    else about = store(s, role, p, about);
    if (act->tires) tire(s, p->number, act->tires);
    if (act->refuses) refuse(s, p->number, act->channel);
    if (act->interests) kindle(s, p, act->interests);
    if (act->leaves)
        state_run(s, "UPDATE sim_people SET gone_ms = $2 WHERE person = $1", "ii", p->number,
                  s->now_ms);
    follow(s, act->role, p, about);
}

/* ---- By themselves -------------------------------------------------------------------------- */
static bool spontaneous(const struct lab_world_act *act, const struct person *p) {
    return act->role >= 0 && act->to < 0 && act->every_ms > 0 && is_for(act, p);
}

/* How often in a thousand days. */
static int64_t rate(const struct lab_world_act *act) { return 1000 * MS_DAY / act->every_ms; }

/* Permille of what somebody would do at that time, by their own clock. */
static int welcome(const struct lab_world *w, const struct lab_land *land, int64_t at_ms) {
    int64_t local_ms = at_ms + land->zone_minutes * MS_MINUTE, day = local_ms / MS_DAY;
    int weight = w->hours[local_ms % MS_DAY / MS_HOUR];
    return (day + 3) % 7 >= 5 ? weight * w->weekend / 1000 : weight; /* 1970 began on a Thursday */
}

/* The permille of a mean hour of the week. */
static int mean_welcome(const struct lab_world *w) {
    int sum = 0;
    for (int hour = 0; hour < 24; hour++) sum += w->hours[hour];
    int mean = sum * (5000 + 2 * w->weekend) / (24 * 7000);
    return mean > 0 ? mean : 1;
}

/* Times of a steady stream are taken, each with the chance that its hour has; the stream is as much
 * faster as hours are unwelcome in the mean, so that the rates come out as the world says. */
static void plan(struct lab_state *s, const struct person *p) {
    const struct lab_world *w = s->stack.world;
    int64_t rates = 0, at_ms = s->now_ms;
    for (int i = 0; i < w->act_count; i++)
        if (spontaneous(&w->acts[i], p)) rates += rate(&w->acts[i]);
    if (rates == 0) return;
    int64_t mean_ms = MS_DAY * mean_welcome(w) / rates;
    for (int i = 0; i < TIMES_TRIED; i++) {
        uint64_t random = lab_hash64(s->seed, "person-next", p->entity, at_ms);
        at_ms += lab_world_interval(mean_ms, (uint32_t)(random >> 32));
        if ((random & 0xffffffff) * 1000 >> 32 < (uint64_t)welcome(w, p->land, at_ms)) break;
    }
    due_add(s, at_ms, DUE_WORLD, DUE_PERSON, p->number, NULL, NULL);
}

void people_act(struct lab_state *s, int64_t person, int64_t planned_ms) {
    const struct lab_world *w = s->stack.world;
    if (!w || person < 1 || person > w->people) return;
    struct person p = person_of(s, person);
    int64_t rates = 0;
    for (int i = 0; i < w->act_count; i++)
        if (spontaneous(&w->acts[i], &p)) rates += rate(&w->acts[i]);
    if (pleasure(s, person) == 0) return; /* gone */
    int64_t left = rates ? draw(s, "person-act", p.entity, planned_ms, (int)rates) : 0;
    s->who = (struct lab_who){.actor = "person"};
    for (int i = 0; i < w->act_count; i++) {
        if (!spontaneous(&w->acts[i], &p)) continue;
        left -= rate(&w->acts[i]);
        if (left >= 0) continue;
        perform(s, &w->acts[i], &p);
        if (w->acts[i].leaves) return;
        break;
    }
    plan(s, &p);
}

void people_react(struct lab_state *s, int act, const char *person, const char *data) {
    const struct lab_world *w = s->stack.world;
    int64_t number;
    if (!w || act < 0 || act >= w->act_count || !person ||
        !parse_i64(person, 1, w->people, &number))
        return;
    struct person p = person_of(s, number);
    s->who = (struct lab_who){
        .cause = data
                     ? state_number(s, "SELECT max(seq) FROM event WHERE record_id = $1", "t", data)
                     : 0};
    if (w->acts[act].machine || pleasure(s, number) > 0) perform(s, &w->acts[act], &p);
}

static bool is_role(const struct lab_world_role *role, struct lab_place at,
                    const struct record *r) {
    if (role->event || role->at.object != at.object) return false;
    for (int i = 0; i < role->set_count; i++)
        if (!str_eq(role->value[i], r->value[role->set[i]->index])) return false;
    return true;
}

/* What the world makes itself is followed where it is made. */
void people_notice(struct lab_state *s, struct lab_place at, const struct record *r) {
    const struct lab_world *w = s->stack.world;
    for (int i = 0; i < w->role_count; i++) {
        const struct lab_world_role *role = &w->roles[i];
        const struct lab_field *f = role->part[LAB_TRAIT_RECORD];
        bool followed = false;
        for (int k = 0; k < w->act_count; k++) followed |= w->acts[k].to == i;
        if (!followed || !is_role(role, at, r) || !f || !f->of) continue;
        int64_t person = state_number(
            s, "SELECT min(person) FROM sim_person WHERE object = $1 AND record_id = $2", "tt",
            f->of, r->value[f->index]);
        if (person < 1 || person > w->people) continue;
        struct person p = person_of(s, person);
        follow(s, i, &p, r->id);
    }
}

/* ---- Beginning ------------------------------------------------------------------------------ */
static void tell_checks(struct lab_state *s, const struct person *p) {
    const struct lab_world *w = s->stack.world;
    state_run(s,
              "INSERT INTO sim_people (person, company, fit, zone_minutes, proxy, scanner, "
              "free_mail, fatigue, fatigue_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
              "iiiiiiii", p->number, (int64_t)p->company,
              (int64_t)(firm_fit(s, p->company) + job_of(s, p)->fit) / 2,
              (int64_t)p->land->zone_minutes, (int64_t)p->proxy, (int64_t)p->scanner,
              (int64_t)p->free_mail, s->now_ms);
    state_run(s, "INSERT INTO sim_interest (person, topic, level, at_ms) VALUES ($1, $2, $3, $4)",
              "itii", p->number, topic_of(s, p),
              (int64_t)draw(s, "person-interest", p->entity, 0, 1000), s->now_ms);
    for (int i = 0; i < w->channel_count; i++)
        state_run(s,
                  "INSERT INTO sim_consent (person, channel, state, at_ms) VALUES ($1, $2, $3, $4)",
                  "itti", p->number, w->channels[i].id,
                  chance(s, arena_printf(s->scratch, "consent-%s", w->channels[i].id), p->entity,
                         w->channels[i].granted)
                      ? "in"
                      : "none",
                  s->now_ms);
}

static void tell_company(struct lab_state *s, int company) {
    int parent = parent_of(s, company);
    state_run(s,
              "INSERT INTO sim_company (company, name, web, parent, fit) VALUES ($1, $2, $3, "
              "nullif($4, -1), $5)",
              "ittii", (int64_t)company, firm_name(s, company), firm_web(s, company),
              (int64_t)parent, (int64_t)firm_fit(s, company));
}

/* Roles that no act makes and none follows are what the systems know at the start. */
static bool known_at_start(const struct lab_world *w, int role) {
    for (int i = 0; i < w->act_count; i++)
        if (w->acts[i].role == role || w->acts[i].to == role) return false;
    return !w->roles[role].event;
}

static void enter(struct lab_state *s, int role, const struct person *p, bool company) {
    const struct lab_world_role *r = &s->stack.world->roles[role];
    const char *stream = arena_printf(s->scratch, "known-%s-%d", r->id, role);
    struct record out;
    if (!chance(s, stream, p->entity, r->share) || record_count(s, r->at.object) >= LAB_RECORDS_MAX)
        return;
    fill(s, r, p, NULL, &out);
    out.id = record_new_id(s, r->at.member, s->scratch);
    out.created_ms = out.updated_ms = s->now_ms;
    record_insert(s, r->at.member, r->at.object, &out);
    if (!company) world_person(s, path_of(s, r->at), r->at.object, &out, p->number);
}

static void enter_all(struct lab_state *s, const struct person *p, bool company) {
    const struct lab_world *w = s->stack.world;
    for (int i = 0; i < w->role_count; i++)
        if (known_at_start(w, i) && w->roles[i].firms == company) enter(s, i, p, company);
}

void people_start(struct lab_state *s) {
    const struct lab_world *w = s->stack.world;
    struct arena *outer = s->scratch, inner;
    if (!w) return;
    for (int i = 0; i < w->companies; i++) {
        tell_company(s, i);
        struct person p = {.entity = arena_printf(s->scratch, "firm-%d", i),
                           .company = i,
                           .land = &w->lands[draw(s, "firm-land", "", i, w->land_count)]};
        enter_all(s, &p, true);
    }
    for (int64_t i = 1; i <= w->people; i++) {
        arena_init(&inner, (size_t)16 * 1024 * 1024);
        s->scratch = &inner;
        struct person p = person_of(s, i);
        tell_checks(s, &p);
        enter_all(s, &p, false);
        plan(s, &p);
        arena_release(&inner);
    }
    s->scratch = outer;
}
