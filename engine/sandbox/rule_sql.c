/* The SQL of rules: compiled once under an authorizer that lets it read only, run with a bound on
 * its work. */
#include <string.h>

#include "base/text.h"
#include "sandbox/rule_run.h"
#include "sandbox/rules_index.h"

#define OPERATIONS_AT_ONCE 100

void rule_stop(struct rule_run *r, const char *why) {
    if (!r->stopped) r->stopped = why;
}

/* ---- Variables ------------------------------------------------------------------------------ */
void rule_push(struct rule_run *r, struct rule_variable v) {
    if (r->variable_count == RULE_VARIABLES) rule_stop(r, "The rule has too many variables.");
    else r->variables[r->variable_count++] = v;
}

static const char *name_of(struct rule_run *r, const char *as, const char *name) {
    return arena_printf(r->s->scratch, "%s_%s", as, name);
}

void rule_set_text(struct rule_run *r, const char *as, const char *name, const char *value) {
    if (as) rule_push(r, (struct rule_variable){.name = name_of(r, as, name), .text = value});
}

void rule_set_number(struct rule_run *r, const char *as, const char *name, int64_t value) {
    if (as)
        rule_push(r, (struct rule_variable){
                         .name = name_of(r, as, name), .is_number = true, .number = value});
}

static void bind_text(sqlite3_stmt *q, int at, const char *value, bool number) {
    int64_t n;
    if (record_empty(value)) return; /* NULL */
    if (number && parse_i64(value, INT64_MIN, INT64_MAX, &n)) sqlite3_bind_int64(q, at, n);
    else sqlite3_bind_text(q, at, value, -1, SQLITE_STATIC);
}

static void bind_row(struct rule_run *r, sqlite3_stmt *q, int at, const char *name) {
    const struct lab_object *o = r->rule->at.object;
    if (!r->has_row || !o) return;
    if (str_eq(name, "id")) bind_text(q, at, r->row.id, false);
    else if (str_eq(name, "created_ms")) sqlite3_bind_int64(q, at, r->row.created_ms);
    else if (str_eq(name, "updated_ms")) sqlite3_bind_int64(q, at, r->row.updated_ms);
    else {
        const struct lab_field *f = lab_field_find(o, name);
        if (f) bind_text(q, at, r->row.value[f->index], record_is_number(f->type));
    }
}

static void bind_event(const struct state_event *e, sqlite3_stmt *q, int at, const char *name) {
    const struct {
        const char *name, *value;
    } all[] = {
        {"kind", e->kind},           {"connector", e->connector}, {"object", e->object},
        {"record_id", e->record_id}, {"field", e->field},         {"old_value", e->old_value},
        {"new_value", e->new_value}, {"detail", e->detail},       {"actor", e->actor}};
    if (str_eq(name, "human")) sqlite3_bind_int64(q, at, e->human);
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (str_eq(all[i].name, name)) bind_text(q, at, all[i].value, false);
}

static void bind(struct rule_run *r, sqlite3_stmt *q) {
    for (int i = sqlite3_bind_parameter_count(q); i > 0; i--) {
        const char *name = sqlite3_bind_parameter_name(q, i);
        if (!name) continue;
        name++;
        if (strncmp(name, "row_", 4) == 0) bind_row(r, q, i, name + 4);
        else if (strncmp(name, "event_", 6) == 0 && r->event) bind_event(r->event, q, i, name + 6);
        else if (str_eq(name, "now_ms")) sqlite3_bind_int64(q, i, r->s->now_ms);
        else if (str_eq(name, "due_data")) bind_text(q, i, r->data, false);
        else
            for (int v = r->variable_count; v > 0; v--)
                if (strcmp(r->variables[v - 1].name, name) == 0) {
                    const struct rule_variable *found = &r->variables[v - 1];
                    if (found->is_number) sqlite3_bind_int64(q, i, found->number);
                    else bind_text(q, i, found->text, false);
                    break;
                }
    }
}

/* ---- Statements ----------------------------------------------------------------------------- */
/* Like the authorizer of the console, but authors may read every table. */
static int authorize(void *context, int action, const char *first, const char *second,
                     const char *schema, const char *trigger) {
    (void)context, (void)first, (void)second, (void)schema, (void)trigger;
    bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
                 action == SQLITE_RECURSIVE;
    return reads ? SQLITE_OK : SQLITE_DENY;
}

static sqlite3_stmt *compile(struct lab_state *s, const struct lab_statement *sql,
                             const char **why) {
    sqlite3 *db = s->db;
    sqlite3_stmt *q = NULL;
    const char *tail = "";
    sqlite3_set_authorizer(db, authorize, NULL);
    int rc = sqlite3_prepare_v3(db, sql->text, -1, SQLITE_PREPARE_PERSISTENT, &q, &tail);
    sqlite3_set_authorizer(db, NULL, NULL);
    if (rc == SQLITE_OK && q && sqlite3_stmt_readonly(q) && !*tail) return q;
    *why = arena_printf(s->scratch, "Its SQL in %s, line %d, cannot be asked: %s.", sql->file,
                        sql->line, rc ? sqlite3_errmsg(db) : "it must be one SELECT");
    sqlite3_finalize(q);
    return NULL;
}

sqlite3_stmt *rule_statement(struct lab_state *s, const struct lab_statement *sql,
                             const char **why) {
    sqlite3_stmt **kept = &s->rules->statements[sql->index];
    if (!*kept) *kept = compile(s, sql, why);
    return *kept;
}

static int on_progress(void *context) {
    struct function_work *work = context;
    return (work->left -= OPERATIONS_AT_ONCE) < 0;
}

sqlite3_stmt *rule_sql_begin(struct rule_run *r, const struct lab_statement *sql) {
    const char *why = NULL;
    sqlite3_stmt *q = r->stopped ? NULL : rule_statement(r->s, sql, &why);
    if (why) rule_stop(r, why);
    if (!q) return NULL;
    bind(r, q);
    r->s->rules->binding = r->rule->binding;
    filters_forget(r->s);
    /* SQLite counts from where a statement's last run ended: a run that was loaded from an image
     * counts as one that went on. */
    sqlite3_stmt_status(q, SQLITE_STMTSTATUS_VM_STEP, 1);
    r->s->work.left = r->left;
    sqlite3_progress_handler(r->s->db, OPERATIONS_AT_ONCE, on_progress, &r->s->work);
    return q;
}

bool rule_sql_row(struct rule_run *r, sqlite3_stmt *q) {
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) return true;
    if (r->s->work.left < 0) rule_stop(r, "It took too many steps.");
    else if (rc != SQLITE_DONE)
        rule_stop(r, arena_printf(r->s->scratch, "Its SQL failed: %s.", sqlite3_errmsg(r->s->db)));
    return false;
}

void rule_sql_end(struct rule_run *r, sqlite3_stmt *q) {
    sqlite3_progress_handler(r->s->db, 0, NULL, NULL);
    r->left = r->s->work.left;
    r->s->work = FUNCTION_WORK_UNBOUNDED;
    state_end(q);
}

const char *rule_column(struct rule_run *r, sqlite3_stmt *q, int column) {
    switch (sqlite3_column_type(q, column)) {
    case SQLITE_FLOAT:
        return arena_printf(r->s->scratch, "%lld", (long long)sqlite3_column_int64(q, column));
    case SQLITE_BLOB: return NULL;
    default: return state_column(q, column, r->s->scratch);
    }
}

const char *rule_text(struct rule_run *r, const struct lab_statement *sql) {
    sqlite3_stmt *q = sql ? rule_sql_begin(r, sql) : NULL;
    if (!q) return NULL;
    const char *text = rule_sql_row(r, q) ? rule_column(r, q, 0) : NULL;
    rule_sql_end(r, q);
    return text;
}

int64_t rule_number(struct rule_run *r, const struct lab_statement *sql, int64_t fallback) {
    sqlite3_stmt *q = sql ? rule_sql_begin(r, sql) : NULL;
    if (!q) return fallback;
    bool some = rule_sql_row(r, q) && sqlite3_column_type(q, 0) != SQLITE_NULL;
    int64_t n = some ? sqlite3_column_int64(q, 0) : fallback;
    rule_sql_end(r, q);
    return n;
}

bool rule_true(struct rule_run *r, const struct lab_statement *sql) {
    return rule_number(r, sql, 0) != 0;
}
