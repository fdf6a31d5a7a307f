/* What a run's database consists of. */
#include "sandbox/tables.h"

#include "base/buf.h"
#include "base/err.h"

const char *tables_object(const struct lab_object *o, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b,
               "CREATE TABLE %s (id TEXT NOT NULL PRIMARY KEY, created_ms INTEGER NOT NULL, "
               "updated_ms INTEGER NOT NULL",
               o->table);
    for (int i = 0; i < o->field_count; i++) {
        enum lab_type t = o->fields[i].type;
        buf_printf(&b, ", %s %s", o->fields[i].id,
                   t == LAB_INTEGER || t == LAB_BOOLEAN || t == LAB_TIME ? "INTEGER" : "TEXT");
    }
    buf_puts(&b, ") STRICT");
    return buf_text(&b);
}

const char *tables_index(const struct lab_object *o, int n, struct arena *a) {
    for (int i = 0; i < o->key_count; i++)
        if (i == n)
            return arena_printf(a, "CREATE INDEX %s_key_%s ON %s (%s)", o->table, o->keys[i].id,
                                o->table, o->keys[i].sql);
    n -= o->key_count;
    for (int i = 0; i < o->field_count; i++)
        if (o->fields[i].indexed && n-- == 0)
            return arena_printf(a, "CREATE INDEX %s_by_%s ON %s (%s)", o->table, o->fields[i].id,
                                o->table, o->fields[i].id);
    return NULL;
}

const char *const tables_own[] = {
    "CREATE TABLE sim_meta (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT",
    /* What the picklists of each object allow, for the SQL of rules, and a scenario's lookups. */
    "CREATE TABLE sim_value (object TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, "
    "PRIMARY KEY (object, field, value)) STRICT",
    /* The objects of the stack: those with setup = 1 are what a system is set up with. */
    "CREATE TABLE sim_object (object TEXT NOT NULL PRIMARY KEY, setup INTEGER NOT NULL) STRICT",
    "CREATE TABLE sim_lookup (lookup TEXT NOT NULL, position INTEGER NOT NULL, left_value TEXT NOT "
    "NULL, right_value TEXT NOT NULL, "
    "PRIMARY KEY (lookup, position)) STRICT",
    "CREATE TABLE sim_key (object TEXT NOT NULL, key TEXT NOT NULL, record_id TEXT NOT NULL, "
    "PRIMARY KEY (object, key)) STRICT",
    /* The person whom a record is really about, which learners cannot see. A record with two people
     * is a wrong merge. */
    "CREATE TABLE sim_person (object TEXT NOT NULL, record_id TEXT NOT NULL, person INTEGER NOT "
    "NULL, "
    "PRIMARY KEY (object, record_id, person)) STRICT",
    "CREATE TABLE sim_quota (member INTEGER NOT NULL PRIMARY KEY, window_ms INTEGER NOT NULL, "
    "window_used INTEGER NOT NULL, "
    "day INTEGER NOT NULL, day_used INTEGER NOT NULL) STRICT",
    /* `family`: of refresh tokens that come from each other; 0: of none; less: it is a key. */
    "CREATE TABLE sim_token (n INTEGER NOT NULL PRIMARY KEY, member INTEGER NOT NULL, expires_ms "
    "INTEGER NOT NULL, scopes INTEGER NOT NULL, family INTEGER NOT NULL) STRICT",
    "CREATE TABLE sim_refresh (n INTEGER NOT NULL PRIMARY KEY, member INTEGER NOT NULL, expires_ms "
    "INTEGER NOT NULL, scopes INTEGER NOT NULL, family INTEGER NOT NULL, used INTEGER NOT NULL) "
    "STRICT",
    /* Answers to calls that came with a key; `request` is the hash of such a call. */
    "CREATE TABLE sim_once (member INTEGER NOT NULL, key TEXT NOT NULL, at_ms INTEGER NOT NULL, "
    "request TEXT NOT NULL, status INTEGER NOT NULL, type TEXT NOT NULL, tag TEXT, body TEXT NOT "
    "NULL, PRIMARY KEY (member, key)) STRICT",
    /* Bulk jobs and their rows. `bytes` is what they take of the run's room; `event`: of the close.
     * A row that was written has no text any more; one that was refused has the problem's name. */
    "CREATE TABLE sim_bulk (n INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, member "
    "INTEGER "
    "NOT NULL, object TEXT NOT NULL, operation INTEGER NOT NULL, state INTEGER NOT NULL, parts "
    "INTEGER NOT NULL, rows INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL, "
    "bytes INTEGER NOT NULL, event INTEGER) STRICT",
    "CREATE TABLE sim_bulk_row (job INTEGER NOT NULL, n INTEGER NOT NULL, line TEXT, record_id "
    "TEXT, problem TEXT, field TEXT, value TEXT, PRIMARY KEY (job, n)) STRICT",
    /* What is gone, of systems whose dialect tells of it; `n` is the event's seq. */
    "CREATE TABLE sim_deleted (n INTEGER NOT NULL PRIMARY KEY, object TEXT NOT NULL, record_id "
    "TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT",
    "CREATE INDEX sim_deleted_by_object ON sim_deleted (object, at_ms, n)",
    /* Webhooks. `secrets` of a receiver is a list in JSON; NULL: calls answer. */
    "CREATE TABLE sim_receiver (name TEXT NOT NULL PRIMARY KEY, secrets TEXT, tolerance_ms INTEGER "
    "NOT NULL, once INTEGER NOT NULL) STRICT",
    "CREATE TABLE sim_hook (id TEXT NOT NULL PRIMARY KEY, member INTEGER NOT NULL, address TEXT "
    "NOT NULL, state TEXT NOT NULL, challenge TEXT NOT NULL, secret INTEGER NOT NULL, old_until_ms "
    "INTEGER NOT NULL) STRICT",
    "CREATE TABLE sim_hook_delivery (n INTEGER NOT NULL PRIMARY KEY, hook TEXT NOT NULL, challenge "
    "INTEGER NOT NULL, event_seq INTEGER, at_ms INTEGER NOT NULL, body TEXT NOT NULL, state TEXT "
    "NOT NULL, attempts INTEGER NOT NULL) STRICT",
    "CREATE INDEX sim_hook_delivery_by_hook ON sim_hook_delivery (hook)",
    /* `origin`: system, duplicate, forged or replayed; `verdict`: accepted, refused, late, NULL. */
    "CREATE TABLE sim_hook_message (n INTEGER NOT NULL PRIMARY KEY, receiver TEXT NOT NULL, "
    "member INTEGER NOT NULL, hook TEXT NOT NULL, delivery INTEGER, attempt INTEGER NOT NULL, id "
    "TEXT NOT NULL, at_ms INTEGER "
    "NOT NULL, stamp INTEGER NOT NULL, signature TEXT NOT NULL, body TEXT NOT NULL, origin TEXT "
    "NOT NULL, verdict TEXT, decided_ms INTEGER) STRICT",
    "CREATE INDEX sim_hook_message_by_receiver ON sim_hook_message (receiver)",
    "CREATE INDEX sim_hook_message_by_delivery ON sim_hook_message (delivery)",
    /* The queue of due.h. */
    "CREATE TABLE sim_due (at_ms INTEGER NOT NULL, priority INTEGER NOT NULL, seq INTEGER NOT "
    "NULL, kind TEXT NOT NULL, "
    "ref INTEGER NOT NULL, entity TEXT, data TEXT, PRIMARY KEY (at_ms, priority, seq)) STRICT",
    /* Who had opted out at the start or did so later: what the law requires, whatever the systems
     * say. */
    "CREATE TABLE sim_opt_out (person INTEGER NOT NULL PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT",
    /* The companies of a world; `parent` is the number of the one that owns it. */
    "CREATE TABLE sim_company (company INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, web TEXT "
    "NOT NULL, parent INTEGER, fit INTEGER NOT NULL) STRICT",
    /* The people of a world as they are (people.h): `company` is a number, `fit` and `fatigue` are
     * permille. */
    "CREATE TABLE sim_people (person INTEGER NOT NULL PRIMARY KEY, company INTEGER NOT NULL, fit "
    "INTEGER NOT NULL, zone_minutes INTEGER NOT NULL, proxy INTEGER NOT NULL, scanner INTEGER NOT "
    "NULL, free_mail INTEGER NOT NULL, fatigue INTEGER NOT NULL, fatigue_ms INTEGER NOT NULL, "
    "gone_ms INTEGER) STRICT",
    "CREATE TABLE sim_interest (person INTEGER NOT NULL, topic TEXT NOT NULL, level INTEGER NOT "
    "NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (person, topic)) STRICT",
    "CREATE TABLE sim_consent (person INTEGER NOT NULL, channel TEXT NOT NULL, state TEXT NOT "
    "NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (person, channel)) STRICT",
    /* `cause` is the seq of the event that led to this one. */
    "CREATE TABLE event (seq INTEGER NOT NULL PRIMARY KEY, at_ms INTEGER NOT NULL, actor TEXT NOT "
    "NULL, human INTEGER NOT NULL, "
    "cause INTEGER, kind TEXT NOT NULL, connector TEXT, object TEXT, record_id TEXT, field TEXT, "
    "old_value TEXT, new_value TEXT, detail TEXT) STRICT",
    /* Until when a system is down. */
    "CREATE TABLE sim_outage (connector TEXT NOT NULL PRIMARY KEY, until_ms INTEGER NOT NULL) "
    "STRICT",
    /* What goes wrong, and when: faults of the timeline and of instructors. `event`: of its
     * beginning. */
    "CREATE TABLE sim_fault (n INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, "
    "connector TEXT NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, event INTEGER, "
    "data TEXT) STRICT",
    /* `say` is the message's id in the timeline; learners read this table as well as events. */
    "CREATE TABLE message (id INTEGER NOT NULL PRIMARY KEY, at_ms INTEGER NOT NULL, channel TEXT "
    "NOT NULL, from_id TEXT NOT NULL, to_id TEXT NOT NULL, thread INTEGER NOT NULL, subject TEXT, "
    "body TEXT NOT NULL, due_ms INTEGER, answered_ms INTEGER, choice TEXT, answer TEXT, missed "
    "INTEGER NOT NULL DEFAULT 0, say TEXT, event INTEGER NOT NULL) STRICT",
    "CREATE INDEX sim_person_by_person ON sim_person (person, object, record_id)",
    "CREATE INDEX event_by_record ON event (record_id)",
    NULL,
};

bool tables_try(sqlite3 *db, const struct lab_stack *stack, struct arena *a,
                const struct lab_object **bad) {
    *bad = NULL;
    for (size_t i = 0; tables_own[i]; i++)
        if (sqlite3_exec(db, tables_own[i], NULL, NULL, NULL) != SQLITE_OK) return false;
    for (int m = 0; m < stack->member_count; m++)
        for (int i = 0; i < stack->members[m].connector->object_count; i++) {
            *bad = &stack->members[m].connector->objects[i];
            if (sqlite3_exec(db, tables_object(*bad, a), NULL, NULL, NULL) != SQLITE_OK)
                return false;
            const char *index;
            for (int n = 0; (index = tables_index(*bad, n, a)) != NULL; n++)
                if (sqlite3_exec(db, index, NULL, NULL, NULL) != SQLITE_OK) return false;
        }
    *bad = NULL;
    return true;
}

/* Of a table, of what is selected and of what is bound: an object's fields and some more. */
#define COLUMNS (LAB_FIELDS_MAX + 20)

void tables_harden(sqlite3 *db) {
    static const struct {
        int what, value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, 1024 * 1024},
        {SQLITE_LIMIT_SQL_LENGTH, 40000},
        {SQLITE_LIMIT_COLUMN, COLUMNS},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},
        {SQLITE_LIMIT_COMPOUND_SELECT, 20},
        {SQLITE_LIMIT_FUNCTION_ARG, 64},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 500},
        {SQLITE_LIMIT_VARIABLE_NUMBER, COLUMNS},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
        {SQLITE_LIMIT_VDBE_OP, 50000},
    };
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        sqlite3_limit(db, limits[i].what, limits[i].value);
    static const struct {
        int what, on;
    } switches[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
    };
    for (size_t i = 0; i < COUNT_OF(switches); i++)
        sqlite3_db_config(db, switches[i].what, switches[i].on, NULL);
}
