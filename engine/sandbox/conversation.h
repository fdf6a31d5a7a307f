/* Messages of a run: what stakeholders and support say, and what the learner answers. The table
 * `message` has them; learners may read it. */
#ifndef GR_SANDBOX_CONVERSATION_H
#define GR_SANDBOX_CONVERSATION_H

#include "sandbox/state.h"
#include "sandbox/step.h"

void conversation_say(struct lab_state *s, const struct lab_say *say);
/* RULE lab-message-due: an answer that has not come when it is due is an event, inbox.missed. One
 * may still answer. */
void conversation_missed(struct lab_state *s, int64_t message);
/* Whom the learner wrote to answers: a reply of the timeline. */
void conversation_reply(struct lab_state *s, int reply, int64_t thread);
/* The learner's action: answers a message, or writes to somebody. */
void conversation_answer(struct lab_state *s, json_t *action, struct step_answer *out);
/* How many messages wait for an answer: a deadline or choices ask for one. */
int64_t conversation_waiting(struct lab_state *s);
/* The view "messages": {"rows":[…],"to":[…]}, the newest first; `to`: whom one can write to. */
void conversation_view(struct lab_state *s, int64_t limit, struct arena *a, struct buf *out);

#endif
