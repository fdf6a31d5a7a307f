/* A world: the people and companies behind a stack, what they do by themselves and how they react.
 * labs/worlds/WORLD.xml says it in roles; the <world> of a stack binds the roles to its objects and
 * fields. docs/lab-worlds.md describes both to authors. All rates are whole numbers: permille, or
 * a mean time. */
#ifndef GR_LAB_WORLD_H
#define GR_LAB_WORLD_H

#include <libxml/tree.h>

#include "doc/doc.h"
#include "labmodel/lab_rules.h"

#define LAB_PEOPLE_MAX 20000
#define LAB_ACTS_MAX 64
#define LAB_CHANNELS_MAX 16

/* What is known of a person; parts of roles are called so. */
enum lab_trait {
    LAB_TRAIT_GIVEN,
    LAB_TRAIT_FAMILY,
    LAB_TRAIT_MAILBOX,
    LAB_TRAIT_TELEPHONE,
    LAB_TRAIT_JOB,
    LAB_TRAIT_FIRM, /* and of a company */
    LAB_TRAIT_WEB,
    LAB_TRAIT_PARENT, /* the name of the company that owns theirs; and its domain */
    LAB_TRAIT_PARENT_WEB,
    LAB_TRAIT_LAND,
    LAB_TRAIT_ZONE, /* minutes from UTC */
    LAB_TRAIT_TOPIC,
    LAB_TRAIT_PROGRAM, /* that reads their mail */
    LAB_TRAIT_NOW,
    LAB_TRAIT_RECORD, /* the record of theirs that the field refers to */
    LAB_TRAITS
};
extern const char *const lab_trait_names[LAB_TRAITS];

struct lab_land {
    const char *code, *prefix; /* of telephone numbers */
    int share, zone_minutes;
    const char **given, **family;
    int given_count, family_count;
};

struct lab_job {
    const char *title;
    int fit; /* permille */
};

/* Where people are spoken to, and how many have said yes to that when the run begins. */
struct lab_channel {
    const char *id;
    int granted; /* permille */
};

struct lab_world_role {
    const char *id;
    struct lab_place at;
    int share;         /* permille of the people (or companies) who have a record of it */
    bool firms;        /* of companies, not of people */
    const char *event; /* it is no record, but an event of this kind on their record; NULL */
    const struct lab_field *part[LAB_TRAITS];
    const struct lab_field *set[LAB_FIELDS_MAX]; /* and these fields have these values */
    const char *value[LAB_FIELDS_MAX];
    int set_count;
};

enum lab_whose { LAB_OF_ALL, LAB_OF_PROXIES, LAB_OF_SCANNERS, LAB_OF_HUMANS };

/* Something that people do: by themselves, or behind something of another role. */
struct lab_world_act {
    const char *id, *actor;
    int role;         /* what it makes; -1: the stack has no such role, so it is not done */
    int to;           /* behind what; -1: by itself */
    int64_t every_ms; /* by itself: the mean time between two */
    int permille;     /* behind something: how many do it */
    int64_t from_ms, until_ms;
    enum lab_whose whose;
    bool machine;  /* no human does it */
    int tires;     /* permille that a person has less pleasure in the next */
    bool refuses;  /* the person wants no more of it: consent ends, */
    int channel;   /* in this one; -1: in all */
    int interests; /* permille that a person has more interest in their topic */
    bool leaves;   /* the person is gone */
};

struct lab_world {
    const char *id;
    int people, companies;
    int pace; /* permille of how often people do something by themselves */
    struct lab_land *lands;
    int land_count, land_shares;
    const char **firm_first, **firm_last, **topics, **programs;
    int firm_first_count, firm_last_count, topic_count, program_count;
    struct lab_job *jobs;
    int job_count;
    struct lab_channel *channels;
    int channel_count;
    int subsidiaries;                 /* permille of the companies that another one owns */
    int64_t interest_half_ms;         /* until half of an interest is gone; 0: it stays */
    int free_mail, proxies, scanners; /* permille */
    const char *free_domain;
    int hours[24], weekend; /* permille of what is done at these local hours; of weekends */
    struct lab_world_role *roles;
    int role_count;
    struct lab_world_act *acts;
    int act_count;
};

/* Reads the world that the stack names; no <world>: stack->world stays NULL. */
bool lab_world_read(struct lab_stack *stack, const struct lab_files *files, xmlNode *stack_root,
                    const char *stack_file, struct arena *a, struct diag_list *diags);

/* What is left of an interest after that time: half of it after each half-life, in between by a
 * straight line. Whole numbers; `half_ms` 0: all of it. */
int64_t lab_world_faded(int64_t level, int64_t since_ms, int64_t half_ms);

/* A time of that mean, exponentially distributed, out of 32 random bits. */
int64_t lab_world_interval(int64_t mean_ms, uint32_t random);

#endif
