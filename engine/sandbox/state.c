/* The database of a run: opening, saving, hashing, statements, random numbers. */
#include "sandbox/state.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/last_words.h"
#include "base/log.h"
#include "base/text.h"
#include "sandbox/faults.h"
#include "sandbox/filters.h"
#include "sandbox/hooks.h"
#include "sandbox/record.h"
#include "sandbox/rules.h"
#include "sandbox/run_functions.h"
#include "sandbox/schema.h"
#include "sandbox/tables.h"
#include "sandbox/vfs.h"
#include "sandbox/watchdog.h"

#define PACK_ARENA_BYTES ((size_t)48 * 1024 * 1024)

void state_engine_start(void) {
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1);
    /* This runs in the zygote: when that ends, the server says that labs are not available. */
    if (sqlite3_initialize() != SQLITE_OK) BUG("SQLite cannot start");
    vfs_register();
    sqlite3_hard_heap_limit64(LAB_HEAP_BYTES);
    json_object_seed(1);
    watchdog_prepare();
}

/* The BUGs of this file end a worker, never the server: workers run nothing else (zygote.c), and to
 * the lab's thread a worker that ended is an answer (lab_client.c). A learner who fills the state
 * to its limit of memory ends it so. */
static void must(struct lab_state *s, int rc, const char *sql) {
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE) return;
    if (err_end_silently) err_end_silently(rc == SQLITE_NOMEM);
    log_say(LOG_ERROR, "lab_sql", "%s in: %.300s", sqlite3_errmsg(s->db), sql ? sql : "");
    BUG("a statement of the simulation failed");
}

static bool open_db(struct lab_state *s) {
    if (sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, VFS_NAME) !=
        SQLITE_OK)
        return false;
    tables_harden(s->db);
    if (!functions_register(s->db, &s->work)) return false;
    sqlite3_exec(s->db,
                 "PRAGMA page_size=" STATE_PAGE
                 "; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON",
                 NULL, NULL, NULL);
    return true;
}

/* "crm=aurelia,map=heron" in the stack's order of members. */
static bool choose(struct lab_state *s, const char *dialects, struct arena *a, const char **why) {
    for (int i = 0; i < s->stack.member_count; i++) {
        const struct lab_member *m = &s->stack.members[i];
        const char *want = arena_printf(a, "%s=", m->connector->id), *at = dialects;
        while (at && !str_has_prefix(at, want)) at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL;
        if (at) {
            at += strlen(want);
            s->dialect[i] = lab_dialect_find(m, arena_copy(a, at, strcspn(at, ",")));
        }
        if (!s->dialect[i]) {
            *why = arena_printf(a, "No allowed dialect is chosen for %s.", m->title);
            return false;
        }
    }
    return true;
}

/* lab_scenario_load has read it before; a file that cannot be read now ends the process. */
static void read_table(struct lab_state *s, const char *name, struct lab_csv *out) {
    struct diag_list diags;
    const struct lab_file *f = lab_file_find(&s->files, name);
    diag_init(&diags, &s->pack);
    if (!f || !lab_csv_read(out, f->name, f->text, f->len, &s->pack, &diags))
        BUG("a table of the scenario cannot be read");
}

struct lab_state *state_new(const char *pack, size_t pack_len, const char *dialects, uint64_t seed,
                            struct arena *a, const char **why) {
    struct lab_state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    arena_init(&s->pack, PACK_ARENA_BYTES);
    s->seed = seed;
    s->who.actor = "world";
    s->work = FUNCTION_WORK_UNBOUNDED;
    struct diag_list diags;
    diag_init(&diags, &s->pack);
    *why = "The pack cannot be read.";
    if (!lab_pack_read(pack, pack_len, &s->pack, &s->files)) goto fail;
    const char *scenario = NULL;
    for (int i = 0; i < s->files.count; i++)
        if (str_has_prefix(s->files.file[i].name, "scenarios/") &&
            str_has_suffix(s->files.file[i].name, "/stack.xml"))
            scenario = arena_copy(&s->pack, s->files.file[i].name + 10,
                                  strlen(s->files.file[i].name) - 20);
    if (!scenario || !lab_stack_read(&s->stack, &s->files, scenario, &s->pack, &diags)) {
        if (diags.first)
            *why = arena_printf(a, "%s:%d: %s", diags.first->file, diags.first->line,
                                diags.first->message);
        goto fail;
    }
    if (!choose(s, dialects, a, why)) goto fail;
    s->arrivals = NEW_ARRAY(&s->pack, struct lab_csv, (size_t)s->stack.arrivals_count);
    for (int i = 0; i < s->stack.arrivals_count; i++)
        read_table(s, s->stack.arrivals[i].file, &s->arrivals[i]);
    s->seeds = NEW_ARRAY(&s->pack, struct lab_csv, (size_t)s->stack.seed_count);
    for (int i = 0; i < s->stack.seed_count; i++)
        read_table(s, s->stack.seeds[i].file, &s->seeds[i]);
    record_open(s);
    if (!open_db(s)) goto fail;
    rules_open(s);
    if (!filters_register(s) || !run_functions_register(s)) goto fail;
    return s;
fail:
    state_free(s);
    return NULL;
}

static void drop_statements(struct lab_state *s) {
    rules_drop_statements(s);
    sqlite3_finalize(s->walk.condition);
    s->walk.condition = NULL;
    sqlite3_finalize(s->add_event);
    s->add_event = NULL;
    for (int i = 0; i < STATE_STATEMENTS; i++) {
        sqlite3_finalize(s->statement[i].stmt);
        free(s->statement[i].sql);
        s->statement[i].stmt = NULL;
        s->statement[i].sql = NULL;
    }
}

void state_free(struct lab_state *s) {
    if (!s) return;
    drop_statements(s);
    sqlite3_close(s->db);
    due_free(s);
    arena_release(&s->pack);
    free(s);
}

static void prepare_again(struct lab_state *s);

static void at_start(struct lab_state *s, struct arena *a) {
    s->scratch = a;
    vfs_set(s->seed, 0, s->stack.start_ms);
    s->now_ms = s->stack.start_ms;
}

/* Brings what is held in memory to what the tables say. */
static void read_back(struct lab_state *s) {
    s->number_count = 0;
    s->last_event = state_number(s, "SELECT seq FROM event ORDER BY seq DESC LIMIT 1", "");
    due_read(s);
    faults_load(s);
    hooks_resume(s);
}

/* Fills the tables and takes that back: what is left are prepared statements. */
static void rehearse(struct lab_state *s) {
    struct state_savepoint before;
    state_run(s, "BEGIN", "");
    state_savepoint(s, "rehearsal", &before);
    schema_fill(s);
    state_settle(s, &before, true);
    state_run(s, "COMMIT", "");
    read_back(s);
    rules_rest(s);
}

void state_prepare(struct lab_state *s, struct arena *a) {
    at_start(s, a);
    state_run(s, "BEGIN", "");
    schema_create(s);
    state_run(s, "COMMIT", "");
    drop_statements(s); /* none of these is run again */
    rehearse(s);
    sqlite3_db_release_memory(s->db);
    prepare_again(s);
    s->prepared = true;
}

void state_seed(struct lab_state *s, struct arena *a) {
    at_start(s, a);
    state_run(s, "BEGIN", "");
    if (!s->prepared) schema_create(s);
    schema_fill(s);
    state_meta_set(s, "now_ms", s->now_ms);
    state_meta_set(s, "step", 0);
    state_run(s, "COMMIT", "");
}

bool state_load(struct lab_state *s, const unsigned char *image, size_t len) {
    unsigned char *copy = sqlite3_malloc64(len);
    if (!copy) return false;
    memcpy(copy, image, len);
    drop_statements(s);
    if (sqlite3_deserialize(s->db, "main", copy, (sqlite3_int64)len, (sqlite3_int64)len,
                            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) !=
        SQLITE_OK)
        return false;
    s->number_count = 0;
    s->now_ms = state_meta(s, "now_ms");
    read_back(s);
    s->step = state_meta(s, "step");
    rules_resume(s);
    return s->now_ms > 0;
}

static void write_number(struct lab_state *s, const char *key, int64_t value) {
    state_run(s,
              "INSERT INTO sim_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET "
              "value = excluded.value",
              "ti", key, value);
}

void state_write_out(struct lab_state *s) {
    state_run(s, "BEGIN", "");
    due_write(s);
    for (int i = 0; i < s->number_count; i++) {
        if (!s->numbers[i].changed) continue;
        write_number(s, s->numbers[i].key, s->numbers[i].value);
        s->numbers[i].changed = false;
    }
    state_run(s, "COMMIT", "");
}

unsigned char *state_save(struct lab_state *s, struct arena *a, size_t *len) {
    state_write_out(s);
    sqlite3_int64 size = 0;
    unsigned char *bytes = sqlite3_serialize(s->db, "main", &size, 0);
    if (!bytes) BUG("the state cannot be serialised");
    unsigned char *copy = arena_alloc(a, (size_t)size);
    memcpy(copy, bytes, (size_t)size);
    sqlite3_free(bytes);
    *len = (size_t)size;
    return copy;
}

/* ---- Hash ----------------------------------------------------------------------------------- */
static void hash_row(crypto_hash_sha256_state *h, sqlite3_stmt *q, bool effect) {
    int columns = sqlite3_column_count(q);
    for (int i = 0; i < columns; i++) {
        if (effect && str_has_suffix(sqlite3_column_name(q, i), "_ms")) continue;
        unsigned char head[9] = {(unsigned char)sqlite3_column_type(q, i)};
        uint64_t n = head[0] == SQLITE_INTEGER ? (uint64_t)sqlite3_column_int64(q, i)
                     : head[0] == SQLITE_NULL  ? 0
                                               : (uint64_t)sqlite3_column_bytes(q, i);
        for (int k = 0; k < 8; k++) head[1 + k] = (unsigned char)(n >> (8 * k));
        crypto_hash_sha256_update(h, head, sizeof head);
        if (head[0] != SQLITE_INTEGER && head[0] != SQLITE_NULL)
            crypto_hash_sha256_update(h, sqlite3_column_blob(q, i), n);
    }
}

static char *hash(struct lab_state *s, bool effect, struct arena *a) {
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    state_write_out(s);
    sqlite3_stmt *tables;
    must(s,
         sqlite3_prepare_v2(s->db,
                            "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name", -1,
                            &tables, NULL),
         "hash");
    while (sqlite3_step(tables) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(tables, 0);
        if (effect && (str_eq(name, "sim_meta") || str_eq(name, "sim_quota"))) continue;
        crypto_hash_sha256_update(&h, (const unsigned char *)name, strlen(name) + 1);
        sqlite3_stmt *q;
        const char *sql = arena_printf(a, "SELECT * FROM %s", name);
        must(s, sqlite3_prepare_v2(s->db, sql, -1, &q, NULL), sql);
        /* Keys are within a table's first three columns: the order does not depend on how rows
         * came. Not from pragma_table_info: SQLite 3.40 keeps such a table's schema beyond
         * sqlite3_deserialize, and crashes. */
        sql = arena_printf(a, "%s ORDER BY 1, 2%s", sql, sqlite3_column_count(q) > 2 ? ", 3" : "");
        sqlite3_finalize(q);
        must(s, sqlite3_prepare_v2(s->db, sql, -1, &q, NULL), sql);
        while (sqlite3_step(q) == SQLITE_ROW) hash_row(&h, q, effect);
        must(s, sqlite3_finalize(q), sql);
    }
    must(s, sqlite3_finalize(tables), "hash");
    unsigned char out[SHA256_BYTES];
    crypto_hash_sha256_final(&h, out);
    return hex_encode(a, out, sizeof out);
}

char *state_hash(struct lab_state *s, struct arena *a) { return hash(s, false, a); }
char *state_effect(struct lab_state *s, struct arena *a) { return hash(s, true, a); }

/* ---- Statements ----------------------------------------------------------------------------- */
static sqlite3_stmt *prepare(struct lab_state *s, const char *sql) {
    sqlite3_stmt *q;
    char *numbered = strdup(sql);
    BUG_IF(!numbered);
    /* To SQLite $1 is a name, numbered by where it first stands; ?1 is the number that we mean. */
    for (char *p = numbered; *p; p++)
        if (p[0] == '$' && p[1] >= '0' && p[1] <= '9') *p = '?';
    int rc = sqlite3_prepare_v3(s->db, numbered, -1, SQLITE_PREPARE_PERSISTENT, &q, NULL);
    free(numbered);
    must(s, rc, sql);
    return q;
}

/* Between their statements stands what the rehearsal needed; made anew one after another, they lie
 * on fewer pages, and each page that a worker writes to is copied. */
static void prepare_again(struct lab_state *s) {
    for (int i = 0; i < STATE_STATEMENTS; i++) sqlite3_finalize(s->statement[i].stmt);
    for (int i = 0; i < STATE_STATEMENTS; i++)
        s->statement[i].stmt = s->statement[i].sql ? prepare(s, s->statement[i].sql) : NULL;
}

static sqlite3_stmt *cached(struct lab_state *s, const char *sql) {
    size_t len = strlen(sql);
    uint64_t h = hash_bytes(sql, len);
    for (unsigned probe = 0; probe < STATE_STATEMENTS; probe++) {
        unsigned i = (unsigned)(h + probe) % STATE_STATEMENTS;
        if (s->statement[i].sql && strcmp(s->statement[i].sql, sql) == 0)
            return s->statement[i].stmt;
        if (s->statement[i].sql) continue;
        s->statement[i].sql = strdup(sql);
        BUG_IF(!s->statement[i].sql);
        return s->statement[i].stmt = prepare(s, sql);
    }
    BUG("too many statements");
}

static sqlite3_stmt *query(struct lab_state *s, const char *sql, const char *types, va_list args) {
    sqlite3_stmt *q = cached(s, sql);
    BUG_IF(sqlite3_stmt_busy(q));
    for (int i = 1; *types; types++, i++) {
        int rc;
        if (*types == 'i') rc = sqlite3_bind_int64(q, i, va_arg(args, int64_t));
        else {
            const char *text = va_arg(args, const char *);
            rc = text ? sqlite3_bind_text(q, i, text, -1, SQLITE_TRANSIENT)
                      : sqlite3_bind_null(q, i);
        }
        must(s, rc, sql);
    }
    return q;
}

sqlite3_stmt *state_query(struct lab_state *s, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = query(s, sql, types, args);
    va_end(args);
    return q;
}

bool state_row(struct lab_state *s, sqlite3_stmt *q) {
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) return true;
    must(s, rc, sqlite3_sql(q));
    return false;
}

void state_end(sqlite3_stmt *q) {
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

void state_run(struct lab_state *s, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = query(s, sql, types, args);
    va_end(args);
    while (state_row(s, q)) continue;
    state_end(q);
}

int64_t state_number(struct lab_state *s, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = query(s, sql, types, args);
    va_end(args);
    int64_t n = state_row(s, q) ? sqlite3_column_int64(q, 0) : 0;
    state_end(q);
    return n;
}

char *state_column(sqlite3_stmt *q, int column, struct arena *a) {
    const char *text = (const char *)sqlite3_column_text(q, column);
    return text ? arena_copy(a, text, (size_t)sqlite3_column_bytes(q, column)) : NULL;
}

/* The number's place in memory; NULL when there is no room for it, and the table has it. */
static struct state_number *number_of(struct lab_state *s, const char *key) {
    for (int i = 0; i < s->number_count; i++)
        if (strcmp(s->numbers[i].key, key) == 0) return &s->numbers[i];
    if (s->number_count == STATE_NUMBERS || strlen(key) >= sizeof s->numbers[0].key) return NULL;
    struct state_number *n = &s->numbers[s->number_count++];
    *n = (struct state_number){
        .value = state_number(s, "SELECT value FROM sim_meta WHERE key = $1", "t", key)};
    memcpy(n->key, key, strlen(key) + 1);
    return n;
}

int64_t state_meta(struct lab_state *s, const char *key) {
    const struct state_number *n = number_of(s, key);
    return n ? n->value : state_number(s, "SELECT value FROM sim_meta WHERE key = $1", "t", key);
}

void state_meta_set(struct lab_state *s, const char *key, int64_t value) {
    struct state_number *n = number_of(s, key);
    if (!n) {
        write_number(s, key, value);
        return;
    }
    n->value = value;
    n->changed = true;
}

int64_t state_next(struct lab_state *s, const char *key) {
    int64_t n = state_meta(s, key) + 1;
    state_meta_set(s, key, n);
    return n;
}

/* ---- Random numbers -------------------------------------------------------------------------- */
uint32_t state_draw(const struct lab_state *s, const char *stream, const char *entity, int64_t tick,
                    uint32_t bound) {
    /* The high 32 bits times the bound: a bias of 2^-32 at most, and no division that differs. */
    return (uint32_t)(((lab_hash64(s->seed, stream, entity, tick) >> 32) * bound) >> 32);
}

/* ---- Savepoints ----------------------------------------------------------------------------- */
void state_savepoint(struct lab_state *s, const char *name, struct state_savepoint *out) {
    out->name = name;
    out->due = due_savepoint(s);
    out->last_event = s->last_event;
    out->number_count = s->number_count;
    memcpy(out->numbers, s->numbers, sizeof out->numbers);
    state_run(s, arena_printf(s->scratch, "SAVEPOINT %s", name), "");
}

void state_settle(struct lab_state *s, const struct state_savepoint *p, bool undo) {
    due_settle(s, p->due, undo);
    if (undo) {
        s->last_event = p->last_event;
        s->number_count = p->number_count;
        memcpy(s->numbers, p->numbers, sizeof s->numbers);
        state_run(s, arena_printf(s->scratch, "ROLLBACK TO %s", p->name), "");
    }
    state_run(s, arena_printf(s->scratch, "RELEASE %s", p->name), "");
}

/* ---- Events --------------------------------------------------------------------------------- */
static void bind_texts(sqlite3_stmt *q, int at, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++, at++) {
        if (texts[i]) sqlite3_bind_text(q, at, texts[i], -1, SQLITE_STATIC);
        else sqlite3_bind_null(q, at);
    }
}

/* There are more events than anything else: their statement is not looked for. */
int64_t state_event(struct lab_state *s, const struct state_event *e) {
    static const char sql[] =
        "INSERT INTO event (seq, at_ms, human, cause, actor, kind, connector, object, record_id, "
        "field, old_value, new_value, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11, ?12, ?13)";
    int64_t seq = ++s->last_event;
    if (s->unheard) return seq;
    if (!s->add_event)
        must(s, sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->add_event, NULL),
             sql);
    sqlite3_stmt *q = s->add_event;
    const char *const texts[] = {s->who.actor, e->kind,      e->connector, e->object, e->record_id,
                                 e->field,     e->old_value, e->new_value, e->detail};
    sqlite3_bind_int64(q, 1, seq);
    sqlite3_bind_int64(q, 2, s->now_ms);
    sqlite3_bind_int64(q, 3, s->who.human);
    if (s->who.cause) sqlite3_bind_int64(q, 4, s->who.cause);
    else sqlite3_bind_null(q, 4);
    bind_texts(q, 5, texts, COUNT_OF(texts));
    state_row(s, q);
    state_end(q);
    rules_event(s, e, seq);
    return seq;
}
