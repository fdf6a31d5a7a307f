/* RULE records, for all that is on record: every application with what came of it, every person's
 * roles, cohorts and interests, every exam attempt and lab run, and whether what the log names is
 * there at all. */
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/text.h"
#include "cert/cert_records.h"
#include "cert/cert_sql.h"
#include "exam/exam.h"

#define PAGE 200
#define IDS 50
#define ONE_BYTES ((size_t)64 << 20) /* of memory for one step */

/* How far the comparison has come. Nothing of it lies in memory that a step may lose. */
struct reading {
    struct cert_keys *keys;
    struct cert_records *out;
    const atomic_bool *stop; /* NULL: nobody can ask */
    int kind;                /* of table, see tables[] */
    char after[80];          /* the last id that was read; longer ones are none of ours */
    int64_t before;          /* row of the log */
    bool more;
    char problem[600], unchecked[600]; /* the first of each */
    char listed[CERT_RECORDS_LISTED][300];
};

static bool to_stop(const struct reading *x) { return x->stop && atomic_load(x->stop); }

static void note(struct reading *x, const char *what, const char *id, const char *problem) {
    if (x->out->bad < CERT_RECORDS_LISTED)
        snprintf(x->listed[x->out->bad], sizeof x->listed[0], "the %s %s: %s", what, id, problem);
    if (!x->out->bad++)
        snprintf(x->problem, sizeof x->problem, "The %s %s: %s.", what, id, problem);
}

static enum err check_application(struct db *db, struct arena *a, const char *id, struct reading *x,
                                  const char **problem) {
    struct cert_record_finding doubt;
    bool certified;
    enum err e = cert_records_application(db, a, x->keys, id, &doubt, &certified);
    if (e != OK) return e;
    if (certified) x->out->certificates++;
    if (!doubt.undecided) *problem = doubt.problem;
    else if (!x->out->unchecked++)
        snprintf(x->unchecked, sizeof x->unchecked, "The case %s: %s.", id, doubt.problem);
    return OK;
}

static enum err check_person(struct db *db, struct arena *a, const char *id, struct reading *x,
                             const char **problem) {
    (void)x;
    enum err e = account_record_problem(db, a, id, problem);
    return e == OK && !*problem ? exam_time_problem(db, a, id, problem) : e;
}

static enum err check_attempt(struct db *db, struct arena *a, const char *id, struct reading *x,
                              const char **problem) {
    (void)x;
    enum err e = exam_record_problem(db, a, id, problem);
    return e == OK && !*problem ? exam_result_problem(db, a, id, problem) : e;
}

static enum err check_run(struct db *db, struct arena *a, const char *id, struct reading *x,
                          const char **problem) {
    (void)x;
    return cert_lab_record_problem(db, a, id, problem);
}

static enum err check_exam_version(struct db *db, struct arena *a, const char *id,
                                   struct reading *x, const char **problem) {
    (void)x;
    return exam_publication_problem(db, a, id, problem);
}

static enum err check_programme_version(struct db *db, struct arena *a, const char *id,
                                        struct reading *x, const char **problem) {
    (void)x;
    return content_publication_problem(db, a, id, problem);
}

static const struct {
    const char *what;
    int ids; /* a query */
    enum err (*check)(struct db *db, struct arena *a, const char *id, struct reading *x,
                      const char **problem);
    const char *logged; /* the action that tells of a new one */
} tables[] = {
    {"case", SQL_cert_application_ids, check_application, "cert.apply"},
    {"person", SQL_cert_person_ids, check_person, "person.add"},
    {"attempt", SQL_cert_attempt_ids, check_attempt, "exam.start"},
    {"lab run", SQL_cert_run_ids, check_run, "lab.pass"},
    {"version", SQL_cert_exam_version_ids, check_exam_version, "exam.publish"},
    {"version", SQL_cert_programme_version_ids, check_programme_version, "content.publish"},
};

/* RULE each-record: in memory of its own. Whatever cannot be read of one record is told of that
 * one, and the reading goes on: somebody may have made it so that nothing else is looked at. */
static enum err check_one(struct db *db, struct reading *x, const char *id) {
    struct arena one;
    volatile enum err e = OK;
    const char *volatile told = NULL;
    arena_init(&one, ONE_BYTES);
    if (ARENA_GUARD(&one) == 0) {
        const char *problem = NULL;
        e = tables[x->kind].check(db, &one, id, x, &problem);
        told = problem;
        if (e != OK && e != ERR_BUSY && e != ERR_IO) {
            told = "what belongs to it is not on record, or cannot be read";
            e = OK;
        }
    } else if (one.starved) e = ERR_BUSY;
    else {
        told = "it is larger than any that is written";
        store_read_end(db); /* resets what was being read */
        store_read_begin(db);
    }
    if (e == OK && told) note(x, tables[x->kind].what, id, told);
    arena_release(&one);
    return e;
}

static enum err check_next(struct db *db, struct arena *a, struct reading *x) {
    const char *ids[IDS];
    size_t count = 0;
    struct stmt *q = db_query(db, tables[x->kind].ids, "ti", x->after, (int64_t)IDS);
    while (count < IDS && stmt_row(q)) ids[count++] = stmt_text(q, 0, a);
    enum err e = stmt_end(q);
    x->more = count == IDS;
    for (size_t i = 0; e == OK && i < count; i++) {
        if (to_stop(x)) return ERR_BUSY;
        const char *id = ids[i] ? ids[i] : "";
        size_t len = strlen(id), most = sizeof x->after - 2;
        if (len <= most) {
            e = check_one(db, x, id);
            memcpy(x->after, id, len + 1);
            continue;
        }
        note(x, tables[x->kind].what, arena_printf(a, "%.60s…", id), "its id is none of Gradus");
        /* Behind all that begin like it: none of them is ours. */
        memcpy(x->after, id, most);
        memcpy(x->after + most, "\xff", 2);
        x->more = true;
        break;
    }
    return e;
}

static enum err is_there(struct db *db, int kind, const char *id, bool *there) {
    static const int finds[] = {SQL_cert_application_there,  SQL_cert_person_there,
                                SQL_cert_attempt_there,      SQL_cert_run_there,
                                SQL_cert_exam_version_there, SQL_cert_programme_version_there};
    struct stmt *q;
    enum err e;
    *there = false;
    if (!db_one(db, &q, &e, finds[kind], "t", id)) return e == ERR_NOT_FOUND ? OK : e;
    *there = true;
    return stmt_end(q);
}

static enum err check_signed(struct db *db, struct arena *a, const struct audit_row *row,
                             struct reading *x) {
    struct cert_record_finding doubt;
    enum err e = cert_records_signed(db, a, x->keys, row, &doubt);
    if (e != OK || !doubt.problem) return e;
    if (doubt.undecided) return OK; /* certificates tell it themselves */
    note(x, "fact",
         arena_printf(a, "%.40s of %.80s", row->action, row->subject ? row->subject : ""),
         doubt.problem);
    return OK;
}

/* Finds what was deleted with all that belongs to it: the log still names it. */
static enum err check_gone(struct db *db, struct arena *a, struct reading *x) {
    struct audit_row *rows;
    size_t count;
    enum err e = audit_list(db, a, NULL, x->before, PAGE, &rows, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        if (to_stop(x)) return ERR_BUSY;
        x->before = rows[i].seq;
        e = check_signed(db, a, &rows[i], x);
        for (int k = 0; e == OK && k < (int)COUNT_OF(tables); k++) {
            bool there = true;
            if (str_eq(rows[i].action, tables[k].logged))
                e = is_there(db, k, rows[i].subject, &there);
            if (e == OK && !there)
                note(x, tables[k].what, rows[i].subject, "it was logged and is not on record");
        }
    }
    x->more = e == OK && count == PAGE;
    return e;
}

/* Each step has memory of its own, so that a register of any length can be read, and reads one
 * snapshot: a decision that is made meanwhile is in the tables and in the log, or in neither. */
static enum err read_all(struct db *db, struct reading *x,
                         enum err (*step)(struct db *db, struct arena *a, struct reading *x)) {
    volatile enum err e = OK;
    for (x->more = true; e == OK && x->more;) {
        struct arena scratch;
        arena_init(&scratch, ONE_BYTES);
        store_read_begin(db);
        if (ARENA_GUARD(&scratch) == 0) e = step(db, &scratch, x);
        else e = ERR_BUSY;
        store_read_end(db);
        arena_release(&scratch);
    }
    return e;
}

enum err cert_records_check(struct db *db, struct arena *a, const char *keys_of,
                            const atomic_bool *stop, struct cert_records *out) {
    struct reading x = {.out = out, .stop = stop};
    const char *why;
    *out = (struct cert_records){0};
    if (!keys_of || cert_keys_open(&x.keys, keys_of, false, a, &why) != OK) x.keys = NULL;
    enum err e = OK;
    for (; e == OK && x.kind < (int)COUNT_OF(tables); x.kind++) {
        x.after[0] = '\0';
        e = read_all(db, &x, check_next);
    }
    if (e == OK) e = read_all(db, &x, check_gone);
    cert_keys_close(x.keys);
    if (e != OK) return e;
    for (; out->listed_count < CERT_RECORDS_LISTED && (int64_t)out->listed_count < out->bad;
         out->listed_count++)
        out->listed[out->listed_count] = arena_dup(a, x.listed[out->listed_count]);
    out->problem = out->bad         ? arena_dup(a, x.problem)
                   : out->unchecked ? arena_dup(a, x.unchecked)
                                    : NULL;
    return out->bad ? ERR_INVALID : OK;
}
