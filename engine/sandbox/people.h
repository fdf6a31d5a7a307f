/* The people of a run's world (labmodel/lab_world.h): who they are, what they do, how they react.
 * Who somebody is follows from the run's seed and their number; the tables sim_people, sim_company,
 * sim_interest and sim_consent say it to checks, and to nobody else. */
#ifndef GR_SANDBOX_PEOPLE_H
#define GR_SANDBOX_PEOPLE_H

#include "sandbox/record.h"
#include "sandbox/rules.h"

/* Fills the tables and the systems, and plans what each does first. */
void people_start(struct lab_state *s);
/* RULE lab-person-next: a person has one thing at a time on the queue that they do by themselves;
 * when it is done, the next is planned. */
void people_act(struct lab_state *s, int64_t person, int64_t planned_ms);
/* `act` behind something: entity is the person, data the record that led to it. */
void people_react(struct lab_state *s, int act, const char *person, const char *data);
/* A record was made: is it something that people react to? */
void people_notice(struct lab_state *s, struct lab_place at, const struct record *r);

#endif
