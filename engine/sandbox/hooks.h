/* Webhooks: what systems send by themselves when records change, and the receivers in the lab that
 * learners open. A subscription is active once its receiver has echoed a challenge. What is sent is
 * signed: HMAC-SHA256 over id.timestamp.body, in hexadecimal digits, under the subscription's
 * secret.
 *
 * RULE lab-hook-retry: what a receiver refuses, or does not answer within five minutes, is sent
 * again after the dialect's times, with a new timestamp and the same id, and then given up.
 *
 * RULE lab-hook-overlap: after a rotation the old secret signs beside the new one, as long as the
 * dialect says, and then no more.
 *
 * RULE lab-hook-room: a system has 10 subscriptions, a run 20 receivers and 5,000 messages; what
 * comes beyond is not sent. */
#ifndef GR_SANDBOX_HOOKS_H
#define GR_SANDBOX_HOOKS_H

#include "labmodel/lab_rules.h"
#include "sandbox/record.h"
#include "sandbox/step.h"

#define HOOKS_MAX 10
#define HOOK_RECEIVERS_MAX 20
#define HOOK_MESSAGES_MAX 5000
#define HOOK_DELAY_MS 1000
#define HOOK_BEHIND_MS 10000 /* for each delivery that a fault lets another be late by */
#define HOOK_PATIENCE_MS (300 * (int64_t)1000)
#define HOOK_ADDRESS "https://receivers.example/" /* and the receiver's name */

/* What happens to one message at its receiver. */
enum hook_verdict { HOOK_ACCEPTED, HOOK_REFUSED, HOOK_LATE };

/* A record changed: called where it is written. `on`: create, update or delete. */
void hooks_record(struct lab_state *s, enum lab_trigger on, struct lab_place at, const char *id,
                  int64_t seq);
/* A delivery is due; a message was not answered in time (due.h). */
void hooks_send(struct lab_state *s, int64_t delivery);
void hooks_late(struct lab_state *s, int64_t message);
/* A run that goes on. */
void hooks_resume(struct lab_state *s);

/* ---- Subscriptions -------------------------------------------------------------------------- */
/* Subscribes an address and sends the challenge. Returns the id (scratch). */
const char *hooks_subscribe(struct lab_state *s, int member, const char *address);
void hooks_rotate(struct lab_state *s, const char *id);
void hooks_unsubscribe(struct lab_state *s, const char *id);
/* The secret with this number, from 1; scratch. */
const char *hooks_secret(struct lab_state *s, const char *id, int64_t n);
/* The name of the receiver that has this address and is open; NULL: there is none. Scratch. */
const char *hooks_receiver(struct lab_state *s, const char *address);

/* ---- Receivers ------------------------------------------------------------------------------ */
/* Answers a message; `reply` may be NULL. False when it was answered before. */
bool hooks_decide(struct lab_state *s, int64_t message, enum hook_verdict verdict,
                  const char *reply);
/* {"kind":"receiver","method":…,"path":"/…","query":…,"body":…}: the lab's own API of receivers. */
void receiver_step(struct lab_state *s, json_t *action, struct step_answer *out);

/* Lets the receiver's rule answer a message; false: it has none, a call must. */
bool receiver_judge(struct lab_state *s, int64_t message);
/* The text of a signature's header for one secret. Arena. */
const char *hooks_sign(const struct lab_hooks *h, const char *secret, const char *id, int64_t stamp,
                       const char *body, struct arena *a);

/* ---- Forgeries ------------------------------------------------------------------------------ */
/* What is lost, doubled, late or forged on the way is a fault's (faults_hook). */

/* RULE lab-hook-forge: what was not sent by the system is in the record as such, so that a check
 * can tell it from the genuine. */
enum hook_forgery {
    HOOK_FORGE_SECRET, /* signed with a secret that is none */
    HOOK_FORGE_OLD,    /* signed with the secret before the last rotation */
    HOOK_FORGE_BODY,   /* an earlier message whose body was altered */
    HOOK_FORGE_REPLAY, /* an earlier message, byte by byte */
};
/* Sends one to the receiver of each active subscription of a member. Returns how many: none where
 * there is no secret or message to make it from. */
int hooks_forge(struct lab_state *s, int member, enum hook_forgery how);

#endif
