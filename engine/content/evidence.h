/* Kinds of evidence: what levels ask for, and what a person has done of it. Each room that records
 * such a thing has a row (module_evidence, exam_evidence_kind, lab_evidence_kind); the table of all
 * is cert_kinds (cert/cert_level.h). Nothing else asks of what kind a requirement is. Adding one:
 * docs/evidence-kinds.md. */
#ifndef GR_CONTENT_EVIDENCE_H
#define GR_CONTENT_EVIDENCE_H

#include "content/content.h"

struct evidence_kind;

/* One thing that a level asks of a kind. */
struct evidence_requirement {
    const char *id;
    int dialects; /* in how many different ones it must be passed; 0: the kind knows none */
};

/* One thing that a person did: a module begun or completed, an attempt, a lab run. */
struct evidence_fact {
    const struct evidence_kind *kind;
    const char *id;       /* of the module, exam or lab */
    bool passed;          /* module: completed */
    const char *dialects; /* what it was passed in, e.g. "crm:blue,map:north"; NULL: none */
    const char *record;   /* attempt or run; NULL for a module */
    int64_t at_ms;
    /* The record differs from the audit log: it does not count, and has to be looked into. */
    bool changed;
};
struct evidence_facts { /* zeroed but for `arena` */
    struct arena *arena;
    struct evidence_fact *at;
    size_t count;
};
static inline void evidence_add(struct evidence_facts *l, struct evidence_fact fact) {
    l->at = list_more(l->arena, l->at, l->count, sizeof *l->at);
    l->at[l->count++] = fact;
}

/* Who asks: all borrowed. `request`: NULL when there is no reader. */
struct evidence_asker {
    struct app *app;
    struct arena *arena;
    const struct content_snapshot *content;
    struct request *request;
};

struct evidence_kind {
    const char *name; /* "exam": in what is stored and signed; never changes */
    const char *path; /* "/exams/": before the id, the page of one */
    /* Our own training. RULE experience: whoever has shown the rest may state experience in its
     * place, and it alone shows nothing. */
    bool training;
    bool final; /* a fact that has not passed has failed; else it may still be going on */
    /* Keys of interface texts. */
    const char *heading, *word;         /* for several: "Exams"; for one: "Exam" */
    const char *met, *begun, *missing;  /* sentences of a requirement */
    const char *card, *why, *why_again; /* of the start page, where it comes next */
    const char *note; /* in credentials, behind the day on which one was passed; "" = nothing */

    /* What the level asks for of this kind, in its order. Arena or the level's. */
    size_t (*requirements)(const struct content_level *level, struct arena *a,
                           struct evidence_requirement **out);
    /* Whether a renewal asks for this kind again. */
    bool (*for_renewal)(const struct content_level *level);
    /* What it is called, in the language of the reader when there is one; the id when nobody knows.
     * `*lang`: of the title, NULL when nobody says. */
    const char *(*title)(const struct evidence_asker *who, const char *id, const char **lang);
    /* How long what is missing takes, in minutes; 0 when nobody knows. `left`: dialects that are
     * missing. `progress` may be NULL. */
    int64_t (*minutes)(const struct evidence_asker *who, const struct content_progress *progress,
                       const char *id, int left);
    /* What the person has done of it, at least as far as the level wants it, oldest first for each
     * id. May run in a job. */
    enum err (*facts)(const struct evidence_asker *who, struct db *db, const char *person_id,
                      const struct evidence_requirement *requirements, size_t count,
                      struct evidence_facts *out);
    /* RULE records: whether a record is what the audit log says: a sentence without its subject in
     * `*problem`, NULL when it is. NULL: the log does not tell of this kind. */
    enum err (*record_problem)(struct db *db, struct arena *a, const char *record,
                               const char **problem);
};

extern const struct evidence_kind module_evidence;

#endif
