/* The lab part of gradus check: every XML file, whoever names it, every scenario, and the SQL in
 * both. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/program.h"
#include "base/text.h"
#include "lab/lab.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_rules.h"
#include "labmodel/lab_solution.h"
#include "labmodel/lab_timeline.h"
#include "labmodel/lab_words.h"
#include "labmodel/lab_xml.h"
#include "sandbox/author_sql.h"

#define FOLDER_FILES 500

struct tree {
    const char *root;
    struct arena *arena;
    struct diag_list *diags;
};

/* ---- Connectors and dialects ---------------------------------------------------------------- */

static int by_text(const void *x, const void *y) {
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Names in a folder, sorted: folders, or XML files without their ending. */
static size_t names_in(struct tree *t, const char *folder, bool folders, const char ***out) {
    size_t count = 0;
    DIR *dir = dir_open(t->arena, arena_printf(t->arena, "%s/%s", t->root, folder));
    *out = NEW_ARRAY(t->arena, const char *, FOLDER_FILES);
    for (struct dirent *e; dir && (e = readdir(dir)) && count < FOLDER_FILES;) {
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, 0) != 0) continue;
        size_t len = strlen(e->d_name);
        if (folders && S_ISDIR(st.st_mode)) (*out)[count++] = arena_dup(t->arena, e->d_name);
        if (!folders && S_ISREG(st.st_mode) && str_has_suffix(e->d_name, ".xml"))
            (*out)[count++] = arena_copy(t->arena, e->d_name, len - 4);
    }
    if (count) qsort(*out, count, sizeof **out, by_text);
    return count;
}

/* The root element of a file that follows its schema, else NULL. */
static xmlNode *read_root(struct tree *t, const char *file, const char *kind) {
    size_t len, rules_len;
    const char *schema = arena_printf(t->arena, "labs/schema/%s.rng", kind);
    char *text = file_read(t->arena, arena_printf(t->arena, "%s/%s", t->root, file), LAB_XML_MAX,
                           &len);
    const char *rules_root = program_root(t->root, schema);
    char *rules = file_read(t->arena, arena_printf(t->arena, "%s/%s", rules_root, schema),
                            LAB_FILE_MAX, &rules_len);
    if (!text)
        diag_add(t->diags, SEVERITY_ERROR, file, 0, 0, "xml-size",
                 "The file cannot be read, or is larger than 1 MB.");
    if (!rules)
        diag_add(t->diags, SEVERITY_ERROR, schema, 0, 0, "lab-missing", "The schema is missing.");
    xmlDoc *doc = text ? lab_xml_parse(file, text, len, t->arena, t->diags) : NULL;
    if (!doc || !rules || !lab_xml_validate(doc, file, rules, rules_len, t->arena, t->diags))
        return NULL;
    return xmlDocGetRootElement(doc);
}

static void check_name(struct tree *t, const char *file, xmlNode *root, const char *name) {
    const char *id = lab_xml_attr(root, "id", t->arena);
    if (!str_eq(id, name))
        lab_xml_problem(t->diags, file, root, "lab-id",
                        "The id is “%s”, but the file is called “%s”.", id ? id : "", name);
}

/* NULL when it does not parse. */
static const struct lab_connector *check_connector(struct tree *t, const char *name) {
    const char *file = arena_printf(t->arena, "labs/connectors/%s.xml", name);
    struct lab_connector *c = NEW(t->arena, struct lab_connector);
    xmlNode *root = read_root(t, file, "connector");
    if (!root) return NULL;
    check_name(t, file, root, name);
    return lab_connector_read(c, root, file, t->arena, t->diags) ? c : NULL;
}

static void check_dialects(struct tree *t, const char *name, const struct lab_connector *c) {
    const char **names, *folder = arena_printf(t->arena, "labs/connectors/%s", name);
    size_t count = names_in(t, folder, false, &names);
    for (size_t i = 0; i < count; i++) {
        const char *file = arena_printf(t->arena, "%s/%s.xml", folder, names[i]);
        struct lab_dialect *d = NEW(t->arena, struct lab_dialect);
        xmlNode *root = read_root(t, file, "dialect");
        if (root) check_name(t, file, root, names[i]);
        /* A connector that does not parse has its own errors. */
        if (root && c) (void)lab_dialect_read(d, c, root, file, t->arena, t->diags);
    }
}

/* Kinds and worlds by their schema; what they come to is checked where they are bound, with the
 * scenarios. */
static void check_folder(struct tree *t, const char *folder, const char *element) {
    const char **names;
    size_t count = names_in(t, folder, false, &names);
    for (size_t i = 0; i < count; i++) {
        const char *file = arena_printf(t->arena, "%s/%s.xml", folder, names[i]);
        xmlNode *root = read_root(t, file, element);
        if (root) check_name(t, file, root, names[i]);
    }
}

static void check_connectors(struct tree *t) {
    const char **names, **folders;
    size_t count = names_in(t, "labs/connectors", false, &names);
    for (size_t i = 0; i < count; i++) check_dialects(t, names[i], check_connector(t, names[i]));
    size_t folder_count = names_in(t, "labs/connectors", true, &folders);
    for (size_t i = 0; i < folder_count; i++) {
        if (count && bsearch(&folders[i], names, count, sizeof *names, by_text)) continue;
        diag_add(t->diags, SEVERITY_ERROR, arena_printf(t->arena, "labs/connectors/%s", folders[i]),
                 0, 0, "lab-missing", "The file labs/connectors/%s.xml does not exist.",
                 folders[i]);
        check_dialects(t, folders[i], NULL);
    }
}

/* ---- SQL ------------------------------------------------------------------------------------ */

/* Where a check stands, and what its query may be asked for. */
struct query {
    struct tree *t;
    const struct lab_scenario *s;
    const struct lab_check *c;
    const char *file, *columns;
};

static bool is_column(const struct query *q, const char *name) {
    const char *list = arena_printf(q->t->arena, ", %s,", q->columns);
    return strstr(list, arena_printf(q->t->arena, " %s,", name)) != NULL;
}

/* What a sentence has in braces is a column, or what the dialects have words for. */
static void check_sentence(const struct query *q, const char *what, const char *text, int line) {
    for (const char *p = text ? strchr(text, '{') : NULL; p; p = strchr(p + 1, '{')) {
        if (!strchr(p, '}')) return;
        const char *name = arena_copy(q->t->arena, p + 1, strcspn(p, "}") - 1);
        const char *quoted = arena_printf(q->t->arena, "{%s}", name);
        if (is_column(q, name) || strchr(name, '.') || /* a name: check_words */
            !str_eq(lab_words(&q->s->stack, NULL, quoted, false, q->t->arena), quoted))
            continue;
        diag_add(q->t->diags, SEVERITY_ERROR, q->file, line, 1, "lab-check",
                 "“%s” of “%s” quotes {%s}, which its query does not give: it has %s. What a "
                 "dialect calls a field is written as {CONNECTOR.OBJECT.FIELD}.",
                 what, q->c->id, name, q->columns);
    }
}

static void check_partial(const struct query *q) {
    const char *names[] = {q->c->partial, q->c->partial_of};
    int64_t n;
    for (size_t i = 0; q->c->partial && i < COUNT_OF(names); i++)
        if (!is_column(q, names[i]) && !(i == 1 && parse_i64(names[i], 1, 1000000, &n)))
            diag_add(q->t->diags, SEVERITY_ERROR, q->file, q->c->partial_line, 1, "lab-check",
                     "“partial” of “%s” names “%s”, which its query does not give: it has %s.",
                     q->c->id, names[i], q->columns);
}

/* Each condition for itself, so that a mistake has its place. */
static bool check_conditions(const struct query *q, struct author_sql *p) {
    bool fine = true;
    for (int i = 0; i < q->c->condition_count; i++) {
        const struct lab_condition *one = &q->c->conditions[i];
        const char *why;
        size_t offset;
        if (author_sql_check(p,
                             arena_printf(q->t->arena, "SELECT (%s\n) FROM event WHERE (%s\n)",
                                          one->sql, one->sql),
                             &why, &offset))
            continue;
        fine = false;
        diag_add(q->t->diags, SEVERITY_ERROR, q->file, one->line, one->column, "lab-sql",
                 "“%s” of “%s” cannot be asked of the rows of event: %s.", one->name, q->c->id,
                 why);
    }
    return fine;
}

static void check_query(struct tree *t, struct author_sql *p, const struct lab_scenario *s,
                        const struct lab_check *c, const char *file) {
    struct query q = {t, s, c, file, ""};
    const char *why;
    size_t offset;
    if (!c->sql || !check_conditions(&q, p)) return;
    if (author_sql_check_verdict(p, c->sql, &q.columns, &why, &offset)) {
        check_sentence(&q, "pass", c->pass, c->pass_line);
        check_sentence(&q, "fail", c->fail, c->fail_line);
        check_partial(&q);
        return;
    }
    int line = c->sql_line, column = 1;
    for (size_t i = 0; i < offset && c->sql[i]; i++, column++)
        if (c->sql[i] == '\n') {
            line++;
            column = 0;
        }
    diag_add(t->diags, SEVERITY_ERROR, file, line, column, "lab-sql",
             "The query of “%s” cannot be asked: %s.", c->id, why);
}

/* SQL of a kind, as the stack binds it. */
static void check_statement(struct tree *t, struct author_sql *p, const struct lab_statement *sql) {
    const char *why;
    size_t offset;
    if (!author_sql_check(p, sql->text, &why, &offset))
        diag_add(t->diags, SEVERITY_ERROR, sql->file, sql->line, 1, "lab-sql",
                 "The SQL of this element cannot be asked: %s.", why);
}

static void check_each(struct tree *t, struct author_sql *p, const struct lab_solution *one,
                       xmlNode *parent) {
    for (xmlNode *n = lab_xml_child(parent, NULL); n; n = lab_xml_next(n, NULL)) {
        const char *why, *sql = lab_xml_is(n, "each") ? lab_xml_attr(n, "sql", t->arena) : NULL;
        size_t offset;
        if (sql && !author_sql_check(p, sql, &why, &offset))
            lab_xml_problem(t->diags, one->file, n, "lab-sql",
                            "The query of this <each> cannot be asked: %s.", why);
        check_each(t, p, one, n); /* the schema and libxml2 limit the depth */
    }
}

static void check_reply(struct tree *t, struct author_sql *p, const struct lab_scenario *s, int i) {
    const char *why, *when = s->stack.timeline->replies[i].when;
    size_t offset;
    if (when && !author_sql_check(p, arena_printf(t->arena, "SELECT (%s)", when), &why, &offset))
        diag_add(t->diags, SEVERITY_ERROR,
                 arena_printf(t->arena, "labs/scenarios/%s/timeline.xml", s->id), 0, 0, "lab-sql",
                 "The condition of the <reply> no. %d cannot be asked: %s.", i + 1, why);
}

static void check_sql(struct tree *t, const struct lab_scenario *s,
                      const struct lab_solutions *solutions) {
    const struct lab_object *bad;
    const char *why, *file = arena_printf(t->arena, "labs/scenarios/%s/checks.md", s->id);
    struct author_sql *p = author_sql_new(&s->stack, t->arena, &bad, &why);
    if (!p) {
        const char *place = arena_printf(t->arena, "labs/scenarios/%s/stack.xml", s->id);
        diag_add(t->diags, SEVERITY_ERROR, place, 0, 0, "lab-name",
                 "The tables of this stack cannot be made (%s): %s.", bad ? bad->table : "all",
                 why);
        return;
    }
    for (int i = 0; i < s->stack.statement_count; i++)
        check_statement(t, p, s->stack.statements[i]);
    for (int i = 0; i < s->stack.timeline->reply_count; i++) check_reply(t, p, s, i);
    for (int i = 0; i < s->check_count; i++) check_query(t, p, s, &s->checks[i], file);
    for (int i = 0; i < solutions->count; i++)
        check_each(t, p, &solutions->solution[i], solutions->solution[i].root);
}

/* ---- Words ---------------------------------------------------------------------------------- */
/* Names in braces, in what learners read of a scenario. A file is searched whole: SQL has no such
 * names. */
static void check_words(struct tree *t, const struct lab_stack *s, const char *file) {
    size_t len;
    char *text = file_read(t->arena, arena_printf(t->arena, "%s/%s", t->root, file), LAB_FILE_MAX,
                           &len);
    const char *name = lab_words_unknown(s, text, t->arena);
    if (!name) return;
    const char *at = strstr(text, arena_printf(t->arena, "{%s}", name));
    int line = 1, column = 1;
    for (const char *p = text; p < at; p++, column++)
        if (*p == '\n') {
            line++;
            column = 0;
        }
    diag_add(t->diags, SEVERITY_ERROR, file, line, column, "lab-words",
             "{%s} is no system, object, field or value of this stack.", name);
}

/* ---- Scenarios ------------------------------------------------------------------------------ */

/* Whether no error since `before` is in files whose names end with `ending` or, with `others`, in
 * any other files. */
static bool untouched(const struct tree *t, int before, const char *ending, bool others) {
    int n = 0;
    for (const struct diag *d = t->diags->first; d; d = d->next) {
        if (d->severity != SEVERITY_ERROR || n++ < before) continue;
        if (str_has_suffix(d->file, ending) != others) return false;
    }
    return true;
}

static void check_scenario(struct tree *t, const char *id) {
    struct lab_scenario *s = NEW(t->arena, struct lab_scenario);
    struct lab_solutions *solutions = NEW(t->arena, struct lab_solutions);
    int before = t->diags->errors;
    bool whole = lab_scenario_load(s, t->root, id, t->arena, t->diags) == OK;
    /* Of a broken scenario the parts that are valid are checked as well: solutions name checks,
     * queries name tables. */
    bool checks = whole || (s->check_count && untouched(t, before, "/checks.md", false));
    bool stack = whole || (s->stack.member_count && untouched(t, before, ".md", true));
    s->id = id;
    if (checks) (void)lab_solutions_load(solutions, t->root, s, t->arena, t->diags);
    if (stack) check_sql(t, s, solutions);
    if (stack) {
        check_words(t, &s->stack, arena_printf(t->arena, "labs/scenarios/%s/scenario.md", id));
        check_words(t, &s->stack, arena_printf(t->arena, "labs/scenarios/%s/checks.md", id));
    }
}

/* A connector is read for itself, and once more with each scenario that names it: its problems are
 * told once. */
static void add_once(struct diag_list *out, const struct diag_list *found) {
    for (const struct diag *d = found->first; d; d = d->next) {
        const struct diag *same = found->first;
        while (same != d && !(same->line == d->line && same->column == d->column &&
                              str_eq(same->file, d->file) && str_eq(same->message, d->message)))
            same = same->next;
        if (same == d)
            diag_add(out, d->severity, d->file, d->line, d->column, d->rule, "%s", d->message);
    }
}

void lab_check_tree(const char *root, struct diag_list *diags) {
    struct diag_list found;
    struct tree t = {.root = root, .arena = diags->arena, .diags = &found};
    const char **ids;
    diag_init(&found, diags->arena);
    check_connectors(&t);
    check_folder(&t, "labs/kinds", "kind");
    check_folder(&t, "labs/worlds", "world");
    size_t count = lab_scenario_ids(root, &ids, diags->arena);
    for (size_t i = 0; i < count; i++) check_scenario(&t, ids[i]);
    add_once(diags, &found);
}
