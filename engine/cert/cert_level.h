/* Whether a person meets a level, and what is missing. Pure: a function of the level's requirements
 * and of facts. */
#ifndef GR_CERT_LEVEL_H
#define GR_CERT_LEVEL_H

#include "content/evidence.h"

/* The kinds of evidence, in the order in which a level lists them; NULL at the end. */
#define CERT_KINDS 8 /* at most */
extern const struct evidence_kind *const cert_kinds[CERT_KINDS + 1];
/* Which row of the table it is. */
int cert_kind_row(const struct evidence_kind *kind);

/* One requirement of a level. RULE lab-dialects: a lab is met when it was passed in as many
 * different dialects as it asks for; the same one twice is one. */
struct cert_need {
    const struct evidence_kind *kind;
    const char *id, *title, *href; /* of the module, exam or lab */
    const char *lang;              /* of the title; NULL when nobody says */
    int dialects;                  /* as struct evidence_requirement has it */
};

enum cert_state { CERT_MET, CERT_BEGUN, CERT_MISSING };

struct cert_need_status {
    const struct cert_need *need; /* borrowed */
    enum cert_state state;
    int have; /* dialects passed (RULE lab-dialects), of kinds that know them; else 0 or 1 */
    const char *record; /* of the fact that met it (the first that did), else of the newest one; may
                           be NULL */
    int64_t at_ms;      /* of that fact; 0 = none */
    /* RULE done-before: when it was last passed before what counts now, where nothing is on record
     * since: it is said to be done anew, not as not begun; 0 = it was not. */
    int64_t before_ms;
    const char *sentence; /* key of the interface text, e.g. "cert_need_exam_missing" */
    bool changed;         /* a fact of it is not what was logged */
};

struct cert_level_status {
    struct cert_need_status *needs; /* in the order of the requirements */
    size_t count, met;
    bool open; /* the level can be held at all */
    /* RULE level-met: open, asks for something, and all of it is met: all of nothing is nothing. */
    bool complete;
    /* RULE experience: open, nothing but modules is missing, and at least one exam or lab was
     * passed: our own training is never the only way in, so that whoever has passed the exams and
     * labs may state experience in place of the modules. Where a level asks for neither exam nor
     * lab, nothing was shown, and a statement alone is no evidence. */
    bool only_modules_missing;
    bool changed; /* RULE logged-evidence: of one of the needs, a fact is not what was logged */
    bool asks[CERT_KINDS]; /* by row: whether it asks for anything of the kind */
};

void cert_level_status(struct arena *a, bool open, const struct cert_need *needs, size_t need_count,
                       const struct evidence_fact *facts, size_t fact_count,
                       struct cert_level_status *out);
/* Adds to a status what the facts that count no more say (RULE done-before): `since_ms` as
 * below. */
void cert_level_before(struct cert_level_status *status, const struct evidence_fact *facts,
                       size_t count, const int64_t since_ms[CERT_KINDS]);
/* The facts of each kind that are later than `since_ms` says of its row (RULE new-evidence), in
 * place; their number. */
size_t cert_facts_since(struct evidence_fact *facts, size_t count,
                        const int64_t since_ms[CERT_KINDS]);

/* RULE brief-exam: an exam passed in less than a tenth of its time is worth a look, at the answers
 * and their times; it is no fault. The exam's own time is what counts, without the extra time that
 * a person was given: that would make the same haste a larger one. */
bool cert_is_brief(int64_t took_ms, int minutes);

/* RULE certificate-number: one wrong character, and two exchanged ones, are noticed. A new number:
 * "GR-2026-" and 11 characters, of which 10 are random (31^10 > 2^49) and the last is a check: any
 * one wrong character and any two exchanged ones are noticed. A number opens a page with a name:
 * whoever tries 10,000 a second meets one of 100,000 certificates in ten days. `year` 1970 to 9999.
 * Arena. */
char *cert_number_new(struct arena *a, int year);
/* Whether a person who typed this meant a number: letters and figures with blanks or hyphens
 * between them. Of letters alone only what may be the eleven last characters: one number of 27 has
 * no figure among them. */
bool cert_number_meant(const char *text);
/* The number as it is written (capitals, hyphens) for what a person typed: in any case, with or
 * without hyphens and blanks, O for 0 and I or L for 1 in the year; NULL when it cannot be one.
 * Arena. */
char *cert_number_read(struct arena *a, const char *text);
/* RULE short-number: the same for what was typed without its first part, “GR” or “GR-2026”, had it
 * been of this year; NULL when it cannot be. Arena. */
char *cert_number_of_year(struct arena *a, const char *text, int year);

#endif
