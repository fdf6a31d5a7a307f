/* The scenario's timeline. */
#include "sandbox/timeline.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/conversation.h"
#include "sandbox/faults.h"
#include "sandbox/record.h"
#include "sandbox/rules.h"
#include "sandbox/schema.h"
#include "sandbox/world.h"

static void plan(struct lab_state *s, int moment, int64_t from_ms) {
    const struct lab_moment *m = &s->stack.timeline->moments[moment];
    due_add(s, from_ms + m->at_ms, m->of == LAB_MOMENT_FAULT ? DUE_FIRST : DUE_WORLD, DUE_TIMELINE,
            moment, NULL, NULL);
}

void timeline_start(struct lab_state *s) {
    for (int i = 0; i < s->stack.timeline->moment_count; i++)
        if (!s->stack.timeline->moments[i].after) plan(s, i, s->now_ms);
}

void timeline_happened(struct lab_state *s, const char *say, const char *what) {
    if (!say) return;
    const char *happened = arena_printf(s->scratch, "%s:%s", say, what);
    for (int i = 0; i < s->stack.timeline->moment_count; i++)
        if (str_eq(s->stack.timeline->moments[i].after, happened)) plan(s, i, s->now_ms);
}

/* ---- What colleagues do --------------------------------------------------------------------- */
static const char *known_record(struct lab_state *s, const char *path, const struct lab_csv *csv,
                                int row) {
    int key = lab_csv_column(csv, "key");
    if (key < 0) return NULL;
    sqlite3_stmt *q = state_query(s, "SELECT record_id FROM sim_key WHERE object = $1 AND key = $2",
                                  "tt", path, csv->rows[row][key]);
    const char *id = state_row(s, q) ? state_column(q, 0, s->scratch) : NULL;
    state_end(q);
    return id;
}

static struct lab_fields fields_of(const struct lab_object *o, const struct lab_csv *csv) {
    struct lab_fields fields = {0};
    for (int i = 0; i < csv->columns; i++) {
        const struct lab_field *f = lab_field_find(o, csv->header[i]);
        if (f) lab_fields_add(&fields, f->index);
    }
    return fields;
}

/* A row whose key a record has got overwrites that, with its empty cells too; any other is a new
 * record. Values are taken as the file has them. */
static void import_row(struct lab_state *s, const struct lab_act *act, struct lab_place at,
                       const struct lab_csv *csv, int row) {
    struct record r;
    int64_t person;
    schema_row(s, at.object, act->object, csv, row, false, &r, &person);
    const char *known = known_record(s, act->object, csv, row);
    if (known) {
        struct lab_fields imported = fields_of(at.object, csv);
        record_update(s, at.member, at.object, known, &r, &imported, true);
        return;
    }
    if (record_count(s, at.object) >= LAB_RECORDS_MAX) return;
    r.id = record_new_id(s, at.member, s->scratch);
    r.created_ms = r.updated_ms = faults_clock(s, at.member);
    record_insert(s, at.member, at.object, &r);
    if (person) world_person(s, act->object, at.object, &r, person);
}

static void act(struct lab_state *s, const struct lab_act *act) {
    struct lab_place at = {NULL, 0};
    const struct lab_file *file = lab_file_find(&s->files, act->file);
    struct lab_csv csv;
    struct diag_list diags;
    diag_init(&diags, s->scratch);
    at.object = lab_object_by_path(&s->stack, act->object, &at.member);
    if (!file || !lab_csv_read(&csv, file->name, file->text, file->len, s->scratch, &diags))
        return; /* the timeline's reader has looked at it */
    bool down = faults_outage(s, at.member) != 0;
    s->who = (struct lab_who){.actor = act->actor, .human = true};
    s->who.cause = state_event(
        s, &(struct state_event){.kind = down ? "import.failed" : "import.started",
                                 .connector = s->stack.members[at.member].connector->id,
                                 .object = at.object->id,
                                 .detail = arena_printf(s->scratch, "%d rows", csv.row_count)});
    for (int i = 0; !down && i < csv.row_count; i++) import_row(s, act, at, &csv, i);
}

void timeline_due(struct lab_state *s, int moment) {
    const struct lab_timeline *t = s->stack.timeline;
    if (moment < 0 || moment >= t->moment_count) return;
    const struct lab_moment *m = &t->moments[moment];
    s->who = (struct lab_who){.actor = "world"};
    switch (m->of) {
    case LAB_MOMENT_FAULT: (void)faults_begin(s, &t->faults[m->index], NULL); break;
    case LAB_MOMENT_ACT: act(s, &t->acts[m->index]); break;
    case LAB_MOMENT_SAY: conversation_say(s, &t->says[m->index]); break;
    }
}
