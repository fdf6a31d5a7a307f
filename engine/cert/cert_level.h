/* Whether a person meets a level, and what is missing. Pure: a function of the level's requirements and of facts. */
#ifndef GR_CERT_LEVEL_H
#define GR_CERT_LEVEL_H

#include "base/arena.h"
#include "base/err.h"

enum cert_kind { CERT_MODULE, CERT_EXAM, CERT_LAB };

/* One requirement of a level. */
struct cert_need {
    enum cert_kind kind;
    const char *id, *title, *href; /* of the module, exam or lab */
    int dialects;                  /* CERT_LAB: in how many it must be passed, at least 1; else 0 */
};

/* One thing that a person did: a module begun or completed, an attempt, a lab run. */
struct cert_fact {
    enum cert_kind kind;
    const char *id; /* of the module, exam or lab */
    bool passed;    /* module: completed */
    const char
        *dialects;      /* CERT_LAB: what it was passed in, e.g. "crm:blue,map:north"; NULL else */
    const char *record; /* attempt or run; NULL for a module */
    int64_t at_ms;
};

enum cert_state { CERT_MET, CERT_BEGUN, CERT_MISSING };

struct cert_need_status {
    const struct cert_need *need; /* borrowed */
    enum cert_state state;
    int have; /* CERT_LAB: dialects passed; else 0 or 1 */
    const char *
        record; /* of the fact that met it (the first that did), else of the newest one; may be NULL */
    int64_t at_ms;        /* of that fact; 0 = none */
    const char *sentence; /* key of the interface text, e.g. "cert_need_exam_missing" */
};

struct cert_level_status {
    struct cert_need_status *needs; /* in the order of the requirements */
    size_t count, met;
    bool open;     /* the level can be held at all */
    bool complete; /* open, asks for something, and all of it is met */
    /* Open, and nothing but modules is missing: our own training is never the only way in, so that whoever has passed the
     * exams and labs may state experience in place of the modules. */
    bool only_modules_missing;
};

void cert_level_status(struct arena *a, bool open, const struct cert_need *needs, size_t need_count,
                       const struct cert_fact *facts, size_t fact_count,
                       struct cert_level_status *out);

/* A new certificate number: "GR-2026-" and 11 characters, of which 10 are random (31^10 > 2^49) and the last is a
 * check: any one wrong character and any two exchanged ones are noticed. A number opens a page with a name: whoever
 * tries 10,000 a second meets one of 100,000 certificates in ten days. `year` 1970 to 9999. Arena. */
char *cert_number_new(struct arena *a, int year);
/* The number as it is written (capitals, hyphens) for what a person typed; NULL when it cannot be one. Arena. */
char *cert_number_read(struct arena *a, const char *text);

#endif
