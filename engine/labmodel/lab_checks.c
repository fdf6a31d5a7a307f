/* Checks out of Markdown: a heading, a check block, for most of them a query, and hints. */
#include "labmodel/lab_checks.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static const char *const check_fields[] = {
    "title", "kind", "points", "pass",  "fail",  "partial", "hint-points", "within",
    "from",  "to",   "never",  "needs", "after", "because", "same",        NULL};

/* Of each kind the conditions that it has; those that it needs come first. */
static const struct {
    const char *kind;
    int needed;
    const char *fields[LAB_CONDITIONS_MAX];
} kinds[] = {
    {"within", 2, {"from", "to", "same"}},
    {"never", 2, {"never", "needs", "after", "because", "same"}},
};

struct reading {
    struct lab_check *c;
    struct doc *d;
    struct field *block;
    struct diag_list *diags;
};

static void problem(const struct reading *x, const char *key, const char *rule, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
static void problem(const struct reading *x, const char *key, const char *rule, const char *format,
                    ...) {
    struct field *f = key ? field_get(x->block, key) : NULL;
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(x->d->arena, format, args);
    va_end(args);
    diag_add(x->diags, SEVERITY_ERROR, x->d->file, f ? field_line(f) : x->c->line,
             f ? field_column(f) : 1, rule, "%s", text);
}

/* ---- Durations and shares ------------------------------------------------------------------- */
/* "45s", "30m", "2h", "5d". */
static bool read_duration(const char *text, int64_t *ms) {
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', MS_SECOND}, {'m', MS_MINUTE}, {'h', MS_HOUR}, {'d', MS_DAY}};
    size_t len = strlen(text);
    char digits[8];
    int64_t n;
    if (len < 2 || len > sizeof digits) return false;
    memcpy(digits, text, len - 1);
    digits[len - 1] = '\0';
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (units[i].unit == text[len - 1] && parse_i64(digits, 1, 100000, &n)) {
            *ms = n * units[i].ms;
            return true;
        }
    return false;
}

static void read_within(const struct reading *x) {
    const char *text = field_text(x->d, x->diags, x->block, "within", false);
    if (text && !read_duration(text, &x->c->within_ms))
        problem(x, "within", "lab-check",
                "“%s” is no duration: write a number and s, m, h or d, as in 30m.", text);
}

/* "mapped / total": two columns, or a column and a number. */
static void read_partial(const struct reading *x) {
    struct arena *a = x->d->arena;
    const char *text = field_text(x->d, x->diags, x->block, "partial", false),
               *slash = text ? strchr(text, '/') : NULL;
    if (!text) return;
    const char *part = slash ? str_trim(a, arena_copy(a, text, (size_t)(slash - text))) : "",
               *whole = slash ? str_trim(a, slash + 1) : "";
    if (!*part || !*whole || strchr(whole, '/')) {
        problem(x, "partial", "lab-check",
                "“%s” does not say which share was reached: write two columns of the query as in "
                "mapped / total.",
                text);
        return;
    }
    x->c->partial = part;
    x->c->partial_of = whole;
    x->c->partial_line = field_line(field_get(x->block, "partial"));
}

/* ---- Queries that are written here ---------------------------------------------------------- */
static const char *condition(const struct lab_check *c, const char *name) {
    for (int i = 0; i < c->condition_count; i++)
        if (str_eq(c->conditions[i].name, name)) return c->conditions[i].sql;
    return NULL;
}

/* A condition in brackets; a comment at its end does not swallow what follows. */
static void add_rows(struct buf *b, const struct lab_check *c, const char *table, const char *key) {
    const char *same = condition(c, "same");
    buf_printf(b, "%s AS (SELECT seq, at_ms, cause, (%s\n) AS same FROM event WHERE (%s\n)),\n",
               table, same ? same : "NULL", condition(c, key));
}

/* RULE lab-within: each event that begins something has one behind it, of the same, that ends it
 * within the time; both ends of the time count as within it. */
static void within_query(const struct lab_check *c, struct buf *b) {
    buf_puts(b, "WITH ");
    add_rows(b, c, "begun", "from");
    add_rows(b, c, "done", "to");
    buf_printf(b,
               "taken AS (SELECT (SELECT min(d.at_ms) FROM done d WHERE d.seq > b.seq AND d.same "
               "IS b.same) - b.at_ms AS ms FROM begun b),\n"
               "numbers AS (SELECT count(*) AS total, count(CASE WHEN ms <= %lld THEN 1 END) AS "
               "in_time, count(CASE WHEN ms IS NULL THEN 1 END) AS waiting, "
               "coalesce(max(ms), 0) / 60000 AS worst FROM taken)\n"
               "SELECT total > 0 AND in_time = total AS ok, total, in_time, total - in_time - "
               "waiting AS late, waiting, worst FROM numbers",
               (long long)c->within_ms);
}

/* RULE lab-never: no event is as it must not be: after one of the same, and because of another, if
 * the check says so; and what the check needs has happened, so that who does nothing passes
 * nothing. */
static void never_query(const struct lab_check *c, struct buf *b) {
    const char *after = condition(c, "after"), *because = condition(c, "because");
    buf_puts(b, "WITH RECURSIVE ");
    add_rows(b, c, "hit", "never");
    if (after) add_rows(b, c, "earlier", "after");
    if (because) {
        add_rows(b, c, "reason", "because");
        buf_puts(b, "led(seq, to_seq) AS (SELECT cause, seq FROM hit WHERE cause IS NOT NULL UNION "
                    "SELECT e.cause, led.to_seq FROM led JOIN event e ON e.seq = led.seq WHERE "
                    "e.cause IS NOT NULL),\n");
    }
    buf_puts(b, "broken AS (SELECT * FROM hit h WHERE 1");
    if (after)
        buf_puts(b, " AND EXISTS (SELECT 1 FROM earlier e WHERE e.seq < h.seq AND e.same IS "
                    "h.same)");
    if (because)
        buf_puts(b, " AND EXISTS (SELECT 1 FROM led JOIN reason r ON r.seq = led.seq WHERE "
                    "led.to_seq = h.seq)");
    buf_printf(b,
               "),\nnumbers AS (SELECT (SELECT count(*) FROM broken) AS broken, (SELECT count(*) "
               "FROM event WHERE (%s\n)) AS needed)\n"
               "SELECT broken = 0 AND needed > 0 AS ok, broken, needed FROM numbers",
               condition(c, "needs"));
}

static void read_conditions(const struct reading *x, size_t kind) {
    struct lab_check *c = x->c;
    for (int i = 0; i < LAB_CONDITIONS_MAX && kinds[kind].fields[i]; i++) {
        const char *key = kinds[kind].fields[i],
                   *text = field_text(x->d, x->diags, x->block, key, i < kinds[kind].needed);
        if (!text) continue;
        struct field *f = field_get(x->block, key);
        c->conditions[c->condition_count++] = (struct lab_condition){key, text, field_line(f),
                                                                     field_column(f)};
    }
    for (int i = 0; i < kinds[kind].needed; i++)
        if (!condition(c, kinds[kind].fields[i])) return;
    struct buf b;
    buf_init(&b, x->d->arena);
    if (str_eq(kinds[kind].kind, "within")) within_query(c, &b);
    else never_query(c, &b);
    c->sql = buf_text(&b);
    c->sql_line = c->line;
}

/* A field of another kind, or of the form of this kind that has a query of its own. */
static void refuse_conditions(const struct reading *x, const char *kind, bool conditions) {
    static const char *const all[] = {"from", "to", "never", "needs", "after", "because", "same"};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        bool own = false;
        for (size_t k = 0; conditions && k < COUNT_OF(kinds); k++)
            for (int n = 0; n < LAB_CONDITIONS_MAX && kinds[k].fields[n]; n++)
                own |= str_eq(kinds[k].kind, kind) && str_eq(kinds[k].fields[n], all[i]);
        if (!own && field_get(x->block, all[i]))
            problem(x, all[i], "lab-check", "A check of the kind “%s”%s has no “%s”.", kind,
                    conditions || str_eq(kind, "state") ? "" : " without “never”", all[i]);
    }
}

/* ---- Blocks --------------------------------------------------------------------------------- */
static void read_kind(const struct reading *x) {
    struct lab_check *c = x->c;
    const char *kind = field_text(x->d, x->diags, x->block, "kind", true);
    bool state = str_eq(kind, "state"), within = str_eq(kind, "within");
    c->never = str_eq(kind, "never");
    if (!kind) return;
    if (!state && !within && !c->never) {
        problem(x, "kind", "lab-check", "“%s” is no kind of a check: write state, never or within.",
                kind);
        return;
    }
    bool conditions = within || (c->never && field_get(x->block, "never"));
    refuse_conditions(x, kind, conditions);
    if (!within && field_get(x->block, "within"))
        problem(x, "within", "lab-check", "A check of the kind “%s” has no “within”.", kind);
    if (within && !field_text(x->d, x->diags, x->block, "within", true)) return;
    if (within) read_within(x);
    if (conditions) read_conditions(x, within ? 0 : 1);
}

static void read_block(struct lab_check *c, struct doc *d, cmark_node *n, struct diag_list *diags) {
    const char *text = cmark_node_get_literal(n);
    struct field *f = field_parse(d->file, text, strlen(text), doc_line(d, n), d->arena, diags);
    struct reading x = {c, d, f, diags};
    int64_t points = 0;
    if (!f) return;
    c->title = field_text(d, diags, f, "title", true);
    c->pass = field_text(d, diags, f, "pass", true);
    c->fail = field_text(d, diags, f, "fail", true);
    if (c->pass) c->pass_line = field_line(field_get(f, "pass"));
    if (c->fail) c->fail_line = field_line(field_get(f, "fail"));
    read_kind(&x);
    if (field_int(d, diags, f, "points", 1, 100, true, &points)) c->points = (int)points;
    if (field_int(d, diags, f, "hint-points", 1, 100, false, &points)) c->hint_points = (int)points;
    read_partial(&x);
    field_unknown(d, diags, f, check_fields);
}

static void read_sql(struct lab_check *c, struct doc *d, cmark_node *n, struct diag_list *diags) {
    if (c->condition_count) {
        diag_add(diags, SEVERITY_ERROR, d->file, doc_line(d, n), 1, "lab-check",
                 "The check “%s” has conditions in its block, from which its query is made: it has "
                 "no SQL block.",
                 c->id);
        return;
    }
    c->sql = arena_dup(d->arena, cmark_node_get_literal(n));
    c->sql_line = doc_line(d, n) + 1;
}

static void read_hints(struct lab_check *c, struct doc *d, cmark_node *list,
                       struct diag_list *diags) {
    for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
        if (c->hint_count == LAB_HINTS_MAX) {
            diag_add(diags, SEVERITY_WARNING, d->file, doc_line(d, item), 1, "lab-hints",
                     "The check “%s” has more than %d hints: those from here on are not shown.",
                     c->id, LAB_HINTS_MAX);
            return;
        }
        struct buf b;
        buf_init(&b, d->arena);
        doc_render_node(d, item, NULL, &b);
        c->hints[c->hint_count++] = buf_text(&b);
    }
}

static void complete(const struct lab_check *c, struct doc *d, struct diag_list *diags) {
    if (!c->title)
        diag_add(diags, SEVERITY_ERROR, d->file, c->line, 1, "lab-check",
                 "The check “%s” needs a check block.", c->id);
    if (!c->sql && !c->condition_count)
        diag_add(diags, SEVERITY_ERROR, d->file, c->line, 1, "lab-check",
                 "The check “%s” needs an SQL block.", c->id);
    if (c->hint_count == 0)
        diag_add(diags, SEVERITY_ERROR, d->file, c->line, 1, "lab-hints",
                 "The check “%s” needs hints: a numbered list.", c->id);
}

/* The check of a heading; NULL with a problem when there can be none. */
static struct lab_check *begin(struct lab_scenario *s, struct doc *d, cmark_node *heading,
                               struct diag_list *diags) {
    int line = doc_line(d, heading);
    const char *id = doc_text(d->arena, heading);
    bool again = false;
    for (int i = 0; i < s->check_count; i++) again |= str_eq(s->checks[i].id, id);
    const char *why = !id_valid(id) ? "is no id of a check: write small letters, digits and hyphens"
                      : again       ? "stands here twice"
                                    : NULL;
    if (why) {
        diag_add(diags, SEVERITY_ERROR, d->file, line, 1, "lab-check", "“%s” %s.", id, why);
        return NULL;
    }
    if (s->check_count == LAB_CHECKS_MAX) {
        diag_add(diags, SEVERITY_ERROR, d->file, line, 1, "lab-limit",
                 "A scenario has %d checks at most; this is one more.", LAB_CHECKS_MAX);
        return NULL;
    }
    struct lab_check *c = &s->checks[s->check_count++];
    c->id = id;
    c->line = line;
    return c;
}

void lab_checks_read(struct lab_scenario *s, struct doc *d, struct diag_list *diags) {
    struct lab_check *c = NULL;
    for (cmark_node *n = cmark_node_first_child(d->body); n; n = cmark_node_next(n)) {
        cmark_node_type type = cmark_node_get_type(n);
        if (type == CMARK_NODE_HEADING) {
            if (c) complete(c, d, diags);
            c = begin(s, d, n, diags);
        } else if (c && type == CMARK_NODE_CODE_BLOCK) {
            const char *info = cmark_node_get_fence_info(n);
            if (str_eq(info, "check")) read_block(c, d, n, diags);
            if (str_eq(info, "sql")) read_sql(c, d, n, diags);
        } else if (c && type == CMARK_NODE_LIST &&
                   cmark_node_get_list_type(n) == CMARK_ORDERED_LIST)
            read_hints(c, d, n, diags);
    }
    if (c) complete(c, d, diags);
    for (int i = 0; i < s->check_count; i++) s->points += s->checks[i].points;
    if (s->check_count == 0)
        diag_add(diags, SEVERITY_ERROR, d->file, 1, 1, "lab-check",
                 "A lab without checks proves nothing.");
}
