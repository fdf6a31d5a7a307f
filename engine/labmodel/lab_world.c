/* Reads worlds. */
#include "labmodel/lab_world.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_known.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_timeline.h"
#include "labmodel/lab_xml.h"

const char *const lab_trait_names[LAB_TRAITS] = {
    "given",      "family", "mailbox", "telephone", "job",     "firm", "web",   "parent",
    "parent_web", "land",   "zone",    "topic",     "program", "now",  "record"};

struct reader {
    struct lab_stack *stack;
    struct lab_world *out;
    const char *file, *stack_file;
    struct arena *a;
    struct diag_list *diags;
};

/* ---- Time ----------------------------------------------------------------------------------- */
/* -ln(1 - (i + 1/2) / 256) in 1,024ths, as whole numbers: no machine computes it otherwise. */
static const int waits[256] = {
    2,    6,    10,   14,   18,   22,   26,   30,   35,   39,   43,   47,   51,   55,   60,   64,
    68,   73,   77,   81,   85,   90,   94,   99,   103,  107,  112,  116,  121,  125,  130,  134,
    139,  144,  148,  153,  158,  162,  167,  172,  176,  181,  186,  191,  196,  200,  205,  210,
    215,  220,  225,  230,  235,  240,  245,  250,  255,  260,  266,  271,  276,  281,  287,  292,
    297,  303,  308,  313,  319,  324,  330,  335,  341,  347,  352,  358,  364,  369,  375,  381,
    387,  392,  398,  404,  410,  416,  422,  428,  434,  441,  447,  453,  459,  465,  472,  478,
    484,  491,  497,  504,  510,  517,  524,  530,  537,  544,  551,  558,  565,  572,  579,  586,
    593,  600,  607,  614,  622,  629,  636,  644,  651,  659,  667,  674,  682,  690,  698,  706,
    714,  722,  730,  738,  746,  755,  763,  772,  780,  789,  797,  806,  815,  824,  833,  842,
    851,  860,  870,  879,  889,  898,  908,  917,  927,  937,  947,  957,  968,  978,  988,  999,
    1010, 1020, 1031, 1042, 1054, 1065, 1076, 1088, 1099, 1111, 1123, 1135, 1147, 1160, 1172, 1185,
    1197, 1210, 1224, 1237, 1250, 1264, 1278, 1292, 1306, 1321, 1335, 1350, 1365, 1380, 1396, 1412,
    1428, 1444, 1460, 1477, 1494, 1512, 1529, 1547, 1565, 1584, 1603, 1622, 1642, 1662, 1683, 1704,
    1725, 1747, 1769, 1792, 1815, 1839, 1863, 1888, 1914, 1940, 1967, 1995, 2023, 2052, 2082, 2113,
    2145, 2179, 2213, 2248, 2285, 2322, 2362, 2403, 2445, 2490, 2537, 2585, 2637, 2690, 2747, 2808,
    2872, 2940, 3013, 3092, 3177, 3270, 3373, 3487, 3615, 3762, 3933, 4138, 4395, 4740, 5263, 6388,
};

int64_t lab_world_interval(int64_t mean_ms, uint32_t random) {
    int64_t ms = mean_ms * waits[random >> 24] / 1024;
    /* The other bits move it within its step. */
    ms += mean_ms * (int64_t)(random & 0xffffff) / 256 / 0x1000000;
    return ms > 0 ? ms : 1;
}

int64_t lab_world_faded(int64_t level, int64_t since_ms, int64_t half_ms) {
    if (half_ms <= 0 || since_ms <= 0 || level <= 0) return level > 0 ? level : 0;
    if (since_ms / half_ms >= 30) return 0;
    int64_t left = level >> (since_ms / half_ms);
    return left - left * (since_ms % half_ms / MS_SECOND) / (2 * half_ms / MS_SECOND);
}

/* ---- The world ------------------------------------------------------------------------------ */
static const char **texts(struct reader *r, xmlNode *parent, const char *name, int *count) {
    const char **list = NEW_ARRAY(r->a, const char *, (size_t)lab_xml_count(parent, name));
    *count = 0;
    for (xmlNode *n = lab_xml_child(parent, name); n; n = lab_xml_next(n, name))
        list[(*count)++] = lab_xml_text(n, r->a);
    return list;
}

static void read_jobs(struct reader *r, xmlNode *root) {
    struct lab_world *w = r->out;
    w->jobs = NEW_ARRAY(r->a, struct lab_job, (size_t)lab_xml_count(root, "job"));
    for (xmlNode *n = lab_xml_child(root, "job"); n; n = lab_xml_next(n, "job"))
        w->jobs[w->job_count++] = (struct lab_job){lab_xml_text(n, r->a),
                                                   lab_xml_int(n, "fit", 500)};
}

static int channel_find(const struct lab_world *w, const char *id) {
    for (int i = 0; i < w->channel_count; i++)
        if (str_eq(w->channels[i].id, id)) return i;
    return -1;
}

static const char *known_channels(const struct reader *r) {
    const char *ids[LAB_CHANNELS_MAX];
    for (int i = 0; i < r->out->channel_count; i++) ids[i] = r->out->channels[i].id;
    return lab_known(ids, r->out->channel_count, r->a);
}

static void read_channels(struct reader *r, xmlNode *root) {
    struct lab_world *w = r->out;
    w->channels = NEW_ARRAY(r->a, struct lab_channel, LAB_CHANNELS_MAX);
    for (xmlNode *n = lab_xml_child(root, "channel"); n; n = lab_xml_next(n, "channel")) {
        const char *id = lab_xml_attr(n, "id", r->a);
        if (channel_find(w, id) >= 0)
            lab_xml_problem(r->diags, r->file, n, "lab-duplicate",
                            "The channel “%s” stands here twice.", id);
        if (w->channel_count == LAB_CHANNELS_MAX) {
            lab_xml_problem(r->diags, r->file, n, "lab-limit",
                            "A world has %d channels at most; this is one more.", LAB_CHANNELS_MAX);
            return;
        }
        w->channels[w->channel_count++] = (struct lab_channel){id, lab_xml_int(n, "granted", 1000)};
    }
}

/* `refuses` names a channel, or is true: all of them. */
static void read_refusal(struct reader *r, xmlNode *n, struct lab_world_act *act) {
    const char *what = lab_xml_attr(n, "refuses", r->a);
    act->refuses = what && !str_eq(what, "false");
    act->channel = -1;
    if (!act->refuses || str_eq(what, "true")) return;
    act->channel = channel_find(r->out, what);
    if (act->channel < 0)
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, "refuses"), "lab-unknown",
                        "There is no channel “%s” in this world; it has %s.", what,
                        known_channels(r));
}

static void read_lands(struct reader *r, xmlNode *root) {
    struct lab_world *w = r->out;
    w->lands = NEW_ARRAY(r->a, struct lab_land, (size_t)lab_xml_count(root, "land"));
    for (xmlNode *n = lab_xml_child(root, "land"); n; n = lab_xml_next(n, "land")) {
        struct lab_land *l = &w->lands[w->land_count++];
        l->code = lab_xml_attr(n, "code", r->a);
        l->prefix = lab_xml_attr(n, "prefix", r->a);
        l->share = lab_xml_int(n, "share", 1);
        l->zone_minutes = lab_xml_int(n, "zone", 0);
        l->given = texts(r, n, "given", &l->given_count);
        l->family = texts(r, n, "family", &l->family_count);
        w->land_shares += l->share;
    }
}

static void read_hours(struct reader *r, xmlNode *root) {
    xmlNode *n = lab_xml_child(root, "hours");
    const char *text = n ? lab_xml_text(n, r->a) : "";
    int count = 0;
    for (; *text && count < 24; count++) {
        int value = 0;
        for (; *text >= '0' && *text <= '9' && value < 1000; text++)
            value = value * 10 + *text - '0';
        if (*text && *text != ' ') break;
        r->out->hours[count] = value;
        text += strspn(text, " ");
    }
    r->out->weekend = n ? lab_xml_int(n, "weekend", 1000) : 1000;
    if (count != 24 || *text)
        lab_xml_problem(r->diags, r->file, n ? n : root, "lab-world",
                        "<hours> has 24 whole numbers, the permille of each hour.");
}

static int role_find(const struct lab_world *w, const char *id) {
    for (int i = 0; i < w->role_count; i++)
        if (str_eq(w->roles[i].id, id)) return i;
    return -1;
}

static int64_t duration(struct reader *r, xmlNode *n, const char *name, int64_t absent) {
    const char *text = lab_xml_attr(n, name, r->a);
    int64_t ms = absent;
    if (text && !lab_duration_read(text, &ms))
        lab_xml_problem(r->diags, r->file, n, "lab-time",
                        "“%s” is no time such as 90s, 30m, 9h or 2d.", text);
    return ms;
}

static void read_act(struct reader *r, xmlNode *n, bool reacts) {
    static const char *const whose[] = {"all", "proxies", "scanners", "humans"};
    struct lab_world *w = r->out;
    struct lab_world_act *act = &w->acts[w->act_count++];
    const char *of = lab_xml_attr(n, "of", r->a), *actor = lab_xml_attr(n, "actor", r->a);
    act->id = lab_xml_attr(n, "id", r->a);
    act->actor = actor ? actor : "person";
    act->role = role_find(w, lab_xml_attr(n, "make", r->a));
    act->to = reacts ? role_find(w, lab_xml_attr(n, "to", r->a)) : -1;
    if (reacts && act->to < 0) act->role = -1;
    act->every_ms = reacts ? 0 : duration(r, n, "every", 0) * 1000 / w->pace;
    act->permille = lab_xml_int(n, "permille", 1000);
    act->from_ms = duration(r, n, "from", 1000);
    act->until_ms = duration(r, n, "until", act->from_ms);
    int at = of ? lab_name_index(whose, COUNT_OF(whose), of) : 0;
    act->whose = at < 0 ? LAB_OF_ALL : (enum lab_whose)at;
    act->machine = lab_xml_true(n, "machine");
    act->tires = lab_xml_int(n, "tires", 0);
    read_refusal(r, n, act);
    act->interests = lab_xml_int(n, "interests", 0);
    act->leaves = lab_xml_true(n, "leaves");
    if (act->until_ms < act->from_ms)
        lab_xml_problem(r->diags, r->file, n, "lab-time", "until is before from.");
}

static void read_acts(struct reader *r, xmlNode *root) {
    struct lab_world *w = r->out;
    int count = lab_xml_count(root, "act") + lab_xml_count(root, "react");
    w->acts = NEW_ARRAY(r->a, struct lab_world_act, (size_t)count);
    if (count > LAB_ACTS_MAX) {
        lab_xml_problem(r->diags, r->file, root, "lab-limit",
                        "A world has %d acts and reactions at most.", LAB_ACTS_MAX);
        return;
    }
    for (xmlNode *n = lab_xml_child(root, NULL); n; n = lab_xml_next(n, NULL)) {
        if (lab_xml_is(n, "act")) read_act(r, n, false);
        else if (lab_xml_is(n, "react")) read_act(r, n, true);
    }
}

/* ---- The binding ---------------------------------------------------------------------------- */
static xmlNode *declared(struct reader *r, xmlNode *world, const char *id) {
    for (xmlNode *n = lab_xml_child(world, "role"); n; n = lab_xml_next(n, "role"))
        if (str_eq(lab_xml_attr(n, "id", r->a), id)) return n;
    return NULL;
}

static const struct lab_field *field_of(struct reader *r, xmlNode *n,
                                        const struct lab_world_role *role, const char *attr) {
    const char *id = lab_xml_attr(n, attr, r->a);
    const struct lab_field *f = lab_field_find(role->at.object, id);
    if (!f)
        lab_xml_problem(r->diags, r->stack_file, lab_xml_at(n, attr), "lab-unknown",
                        "The object “%s” has no field “%s”; it has %s.", role->at.object->id, id,
                        lab_known_fields(role->at.object, r->a));
    return f;
}

static void read_role(struct reader *r, xmlNode *n, xmlNode *world) {
    struct lab_world_role *role = &r->out->roles[r->out->role_count++];
    const char *is = lab_xml_attr(n, "is", r->a);
    role->id = lab_xml_attr(n, "id", r->a);
    role->share = lab_xml_int(n, "share", 1000);
    role->event = lab_xml_attr(n, "event", r->a);
    role->at.object = lab_object_by_path(r->stack, is, &role->at.member);
    xmlNode *known = declared(r, world, role->id);
    role->firms = known && str_eq(lab_xml_attr(known, "of", r->a), "firms");
    if (!known)
        lab_xml_problem(r->diags, r->stack_file, n, "lab-unknown", "The world has no role “%s”.",
                        role->id);
    if (!role->at.object) {
        lab_xml_problem(r->diags, r->stack_file, lab_xml_at(n, "is"), "lab-unknown",
                        "There is no object “%s” in this stack; there are %s.", is,
                        lab_known_objects(r->stack, r->a));
        return;
    }
    for (xmlNode *p = lab_xml_child(n, "part"); p; p = lab_xml_next(p, "part")) {
        int trait = lab_name_index(lab_trait_names, LAB_TRAITS, lab_xml_attr(p, "id", r->a));
        if (trait >= 0) role->part[trait] = field_of(r, p, role, "is");
        else
            lab_xml_problem(r->diags, r->stack_file, lab_xml_at(p, "id"), "lab-unknown",
                            "There is no part “%s”; there are %s.", lab_xml_attr(p, "id", r->a),
                            lab_known(lab_trait_names, LAB_TRAITS, r->a));
    }
    for (xmlNode *p = lab_xml_child(n, "set"); p && role->set_count < LAB_FIELDS_MAX;
         p = lab_xml_next(p, "set")) {
        role->set[role->set_count] = field_of(r, p, role, "field");
        role->value[role->set_count] = lab_xml_attr(p, "to", r->a);
        if (role->set[role->set_count]) role->set_count++;
    }
}

static xmlNode *world_root(struct reader *r, xmlNode *n, const char *name,
                           const struct lab_files *files) {
    const struct lab_file *f = lab_file_find(files, name);
    xmlDoc *doc = f ? lab_xml_parse(r->file, f->text, f->len, r->a, r->diags) : NULL;
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!f)
        lab_xml_problem(r->diags, r->stack_file, n, "lab-missing",
                        "The file labs/%s does not exist.", name);
    else if (root && !lab_xml_is(root, "world")) {
        lab_xml_problem(r->diags, r->file, root, "lab-root", "The root element must be <world>.");
        return NULL;
    }
    return root;
}

static bool complete(const struct lab_world *w) {
    bool names = w->land_shares > 0;
    for (int i = 0; i < w->land_count; i++)
        names &= w->lands[i].given_count > 0 && w->lands[i].family_count > 0 &&
                 w->lands[i].share > 0 && w->lands[i].prefix;
    return names && w->firm_first_count && w->firm_last_count && w->job_count && w->topic_count &&
           w->program_count && w->people > 0 && w->companies > 0 && w->people <= LAB_PEOPLE_MAX;
}

bool lab_world_read(struct lab_stack *stack, const struct lab_files *files, xmlNode *stack_root,
                    const char *stack_file, struct arena *a, struct diag_list *diags) {
    xmlNode *n = lab_xml_child(stack_root, "world");
    int before = diags->errors;
    if (!n) return true;
    const char *name = arena_printf(a, "worlds/%s.xml", lab_xml_attr(n, "use", a));
    struct lab_world *w = NEW(a, struct lab_world);
    struct reader r = {stack, w, arena_printf(a, "labs/%s", name), stack_file, a, diags};
    xmlNode *root = world_root(&r, n, name, files);
    if (!root) return false;
    w->id = lab_xml_attr(root, "id", a);
    w->people = lab_xml_int(n, "people", 0);
    w->companies = lab_xml_int(n, "companies", 0);
    w->pace = lab_xml_int(n, "pace", 1000);
    if (w->pace < 1) w->pace = 1;
    w->free_mail = lab_xml_int(root, "free-addresses", 0);
    w->free_domain = lab_xml_attr(root, "free-domain", a);
    if (!w->free_domain) w->free_mail = 0;
    w->proxies = lab_xml_int(root, "proxies", 0);
    w->scanners = lab_xml_int(root, "scanners", 0);
    w->subsidiaries = lab_xml_int(root, "subsidiaries", 0);
    w->interest_half_ms = duration(&r, root, "interest-half-life", 0);
    read_lands(&r, root);
    w->firm_first = texts(&r, root, "firm-first", &w->firm_first_count);
    w->firm_last = texts(&r, root, "firm-last", &w->firm_last_count);
    read_jobs(&r, root);
    w->topics = texts(&r, root, "topic", &w->topic_count);
    w->programs = texts(&r, root, "program", &w->program_count);
    read_channels(&r, root);
    read_hours(&r, root);
    w->roles = NEW_ARRAY(a, struct lab_world_role, (size_t)lab_xml_count(n, "role"));
    for (xmlNode *role = lab_xml_child(n, "role"); role; role = lab_xml_next(role, "role"))
        read_role(&r, role, root);
    read_acts(&r, root);
    if (diags->errors == before && !complete(w))
        lab_xml_problem(diags, r.file, root, "lab-world",
                        "A world needs lands with names, firms, jobs, topics and programs; a stack "
                        "1 to %d people in at least one company.",
                        LAB_PEOPLE_MAX);
    if (diags->errors != before) return false;
    stack->world = w;
    return true;
}
