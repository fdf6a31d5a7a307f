/* What disturbs a run, and who says what, at which time: faults, what colleagues do, messages and
 * how somebody answers. labs/scenarios/ID/timeline.xml, and faults of instructors, which are read
 * from their action alike. docs/lab-timeline.md describes it to authors. */
#ifndef GR_LAB_TIMELINE_H
#define GR_LAB_TIMELINE_H

#include <libxml/tree.h>

#include "doc/doc.h"
#include "labmodel/lab_pack.h"

#define LAB_FAULTS_MAX 64    /* of a stack; and of a run at the same time */
#define LAB_MESSAGE_MAX 4000 /* characters of a message, and of what a learner writes */
#define LAB_CHOICES_MAX 8

enum lab_fault_kind {
    LAB_FAULT_OUTAGE,  /* the system, or some of its operations, cannot be reached */
    LAB_FAULT_STATUS,  /* a share of calls is answered with this status */
    LAB_FAULT_ERROR,   /* the same with status 200, and the error in the body */
    LAB_FAULT_LATENCY, /* calls take longer, by the lab's clock */
    LAB_FAULT_LIMIT,   /* the dialect's limits shrink */
    LAB_FAULT_EXPIRE,  /* tokens expire; where a dialect has none, keys do for the time */
    LAB_FAULT_REVOKE,  /* the key is of no more use for the time */
    LAB_FAULT_SCHEMA,  /* a field is called otherwise in the API */
    LAB_FAULT_SKEW,    /* the system's clock is wrong */
    LAB_FAULT_HOOK,    /* webhooks come twice, in another order, forged, or not at all */
    LAB_FAULT_KINDS
};
extern const char *const lab_fault_names[LAB_FAULT_KINDS];

struct lab_fault {
    const char *id;
    enum lab_fault_kind kind;
    int member;
    unsigned operations;             /* enum lab_operation, or-ed; 0: all */
    const struct lab_object *object; /* NULL: all */
    int64_t for_ms;                  /* 0: to the end of the run */
    bool told;                       /* its beginning and end stand in the event log */
    int share;                       /* permille of calls, or of hooks that are as the fault says */
    int status, latency_ms, burst, daily;
    int64_t skew_ms;
    const struct lab_field *field; /* schema: of `object` */
    const char *as;
    int duplicate, drop, forge, shuffle; /* hook: permille; shuffle: among so many */
};

struct lab_act {
    const char *actor, *object, *file; /* "crm.contact", a file of rows */
};

struct lab_choice {
    const char *id, *label;
};

struct lab_say {
    const char *id, *channel, *from, *subject, *text;
    int64_t due_ms; /* after it was said; 0: no answer is waited for */
    struct lab_choice *choices;
    int choice_count;
};

/* Hours in which somebody works, in their own time. */
struct lab_calendar {
    unsigned days; /* bit 0: Monday; 0: always */
    int from_minute, to_minute, zone_minutes;
};

struct lab_reply {
    const char *to, *channel, *subject, *text;
    const char *when; /* SQL of the author; NULL: always */
    struct lab_calendar calendar;
    int64_t after_ms; /* of work */
};

/* Something of the timeline and when it happens: at a time after the start of the run, or when
 * another of its elements has come to something ("down:missed", "down:answered", "down:CHOICE"). */
struct lab_moment {
    enum lab_moment_of { LAB_MOMENT_FAULT, LAB_MOMENT_ACT, LAB_MOMENT_SAY } of;
    int index; /* in faults, acts, says */
    const char *after;
    int64_t at_ms; /* after the start, or after `after` */
};

struct lab_timeline {
    struct lab_moment *moments;
    int moment_count;
    struct lab_fault *faults;
    int fault_count;
    struct lab_act *acts;
    int act_count;
    struct lab_say *says;
    int say_count;
    struct lab_reply *replies;
    int reply_count;
};

/* Reads the timeline of a scenario, where there is one, and the <outage>s of its stack. */
bool lab_timeline_read(struct lab_stack *stack, const struct lab_files *files, const char *folder,
                       xmlNode *stack_root, struct arena *a, struct diag_list *diags);

/* An attribute of a fault by its name: NULL when it is not given. */
typedef const char *lab_attribute(void *from, const char *name);
/* Reads a fault out of its attributes; false with a sentence. Arena. */
bool lab_fault_read(const struct lab_stack *stack, lab_attribute *attribute, void *from,
                    struct lab_fault *out, struct arena *a, const char **why);

/* "90s", "30m", "9h", "2d" in milliseconds; false when it is none of them, or nothing. */
bool lab_duration_read(const char *text, int64_t *ms);
/* When so much work is done that begins at `from_ms`. */
int64_t lab_calendar_after(const struct lab_calendar *c, int64_t from_ms, int64_t work_ms);
/* The dialect with another name for a field. Arena; the rest is borrowed. */
const struct lab_dialect *lab_dialect_renamed(const struct lab_dialect *d,
                                              const struct lab_connector *c,
                                              const struct lab_object *o, const struct lab_field *f,
                                              const char *as, struct arena *a);
/* The chosen dialects as they speak at that time by the stack's timeline. */
void lab_timeline_dialects(const struct lab_stack *stack, const struct lab_dialect *const *chosen,
                           int64_t now_ms, const struct lab_dialect **out, struct arena *a);

#endif
