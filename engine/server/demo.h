/* Private to server/: the people of the demo academy, and how far each one is. */
#ifndef GR_SERVER_DEMO_H
#define GR_SERVER_DEMO_H

#include "base/err.h"
#include "http/http.h"

struct zygote;

struct demo_person {
    const char *login, *name;
    unsigned roles;
};

struct demo_learner {
    const char *login, *name;
    int joined_days; /* ago */
    int modules;     /* finished, in the programme's order */
    enum { EXAM_NONE, EXAM_FAILED, EXAM_PASSED, EXAM_FAILED_THEN_PASSED, EXAM_RUNNING } exam;
    enum { LAB_NONE, LAB_STARTED, LAB_PASSED } lab;
    enum { CERT_NONE, CERT_APPLIED, CERT_GRANTED, CERT_REFUSED, CERT_REVOKED } cert;
};

extern const struct demo_person demo_staff[];
extern const size_t demo_staff_count;
extern const struct demo_learner demo_learners[];
extern const size_t demo_learner_count;

/* Which of demo_staff. */
enum {
    DEMO_ADMIN,
    DEMO_INSTRUCTOR,
    DEMO_ASSESSOR,
    DEMO_SECOND_ASSESSOR,
    DEMO_TEACHING_ASSESSOR,
    DEMO_STAFF
};
#define DEMO_LEARNERS 30
#define DEMO_PASSWORD "steps-and-levels"
#define DEMO_EXAM "mops-associate"

/* A demo academy while it is being filled. */
struct demo {
    struct arena *arena;
    struct app app;
    struct zygote *zygote;
    int64_t today_ms, extra_attempts;
    const char *hash; /* of DEMO_PASSWORD; the same for all, since hashing is slow */
    const char *staff[DEMO_STAFF], *learner[DEMO_LEARNERS];
    struct {
        const char *state, *number, *login;
    } certificate[DEMO_LEARNERS];
    size_t certificate_count;
};

/* demo_history.c: opens what the histories need (prints why not); closes it again. */
bool demo_open(struct demo *d);
void demo_close(struct demo *d);
/* What everybody did. `*step` names what failed. */
enum err demo_history(struct demo *d, const char **step) MUST_USE;
/* demo_crowd.c: d->extra_attempts learners more, each in an open attempt. */
enum err demo_crowd(struct demo *d) MUST_USE;

#endif
