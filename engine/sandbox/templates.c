/* Which templates there are, and asking them for workers. One question to a template at a time. */
#include "sandbox/templates.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/wait.h"
#include "sandbox/passing.h"
#include "sandbox/wire.h"

#define KEY_BYTES crypto_generichash_BYTES

struct template {
    unsigned char key[KEY_BYTES]; /* of its pack and choice */
    struct worker process;        /* fd -1: it has not been made yet */
    bool asked;                   /* somebody makes or asks it */
    int64_t used;                 /* when, counted by `uses` */
    int64_t number;               /* as `struct worker` has it; from 1 */
    struct template *next;
};

struct templates {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct template *first; /* what follows, which the lock guards */
    int count;
    int64_t uses, numbers;
};

/* ---- The list, with the lock held ------------------------------------------------------------ */
static struct template *find(struct templates *t, const unsigned char key[KEY_BYTES]) {
    struct template *p = t->first;
    while (p && memcmp(p->key, key, KEY_BYTES) != 0) p = p->next;
    return p;
}

static void drop(struct templates *t, struct template *gone) {
    struct template **p = &t->first;
    while (*p != gone) p = &(*p)->next;
    *p = gone->next;
    t->count--;
    free(gone);
}

/* Closing its sockets lets it end when its workers have. */
static void leave(struct templates *t, struct template *gone) {
    if (gone->process.fd >= 0) close(gone->process.fd);
    if (gone->process.pid_fd >= 0) close(gone->process.pid_fd);
    drop(t, gone);
}

static void make_room(struct templates *t) {
    struct template *oldest = NULL;
    for (struct template *p = t->first; p; p = p->next)
        if (!p->asked && (!oldest || p->used < oldest->used)) oldest = p;
    if (oldest) leave(t, oldest);
}

static struct template *add(struct templates *t, const unsigned char key[KEY_BYTES]) {
    struct template *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    if (t->count >= TEMPLATES_MAX) make_room(t);
    memcpy(p->key, key, KEY_BYTES);
    p->process = WORKER_NONE;
    p->number = ++t->numbers;
    p->next = t->first;
    t->first = p;
    t->count++;
    return p;
}

/* ---- Asking --------------------------------------------------------------------------------- */
/* Waits for this caller's turn with the template, which may have to be made; NULL: too late, or no
 * memory. */
static struct template *take(struct templates *t, const unsigned char key[KEY_BYTES]) {
    const struct timespec until = wait_until(TEMPLATE_BOOT_MS + 2 * (int64_t)ZYGOTE_DEADLINE_MS);
    pthread_mutex_lock(&t->lock);
    struct template *p = find(t, key);
    while (p && p->asked) p = wait_for(&t->answered, &t->lock, &until) ? find(t, key) : NULL;
    if (!p && !find(t, key)) p = add(t, key);
    if (p) {
        p->asked = true;
        p->used = ++t->uses;
    }
    pthread_mutex_unlock(&t->lock);
    return p;
}

static void give_back(struct templates *t, struct template *p, bool usable) {
    pthread_mutex_lock(&t->lock);
    p->asked = false;
    if (!usable) {
        worker_end(&p->process);
        drop(t, p);
    }
    pthread_cond_broadcast(&t->answered);
    pthread_mutex_unlock(&t->lock);
}

static enum err boot(struct zygote *z, struct template *p, const struct worker_base *base,
                     struct arena *a, const char **why) {
    struct buf b;
    unsigned said;
    char *answer;
    size_t len;
    int fds[2];
    enum err e = zygote_ask(z, PASSING_MAKE, fds);
    if (e) return e;
    p->process = (struct worker){.fd = fds[0], .pid_fd = fds[1]};
    buf_init(&b, a);
    buf_printf(&b, "%s\n", base->choice);
    buf_add(&b, base->pack, base->pack_len);
    int64_t end_ms = clock_monotonic_ms() + TEMPLATE_BOOT_MS;
    if (!wire_send(fds[0], WIRE_BOOT, buf_text(&b), b.len, end_ms) ||
        !wire_receive(fds[0], &said, &answer, &len, PASSING_WHY_BYTES, a, end_ms))
        return ERR_IO;
    if (said == WIRE_FINE) return OK;
    *why = answer;
    return ERR_INVALID;
}

/* Memory may be short while a template is made (`starved`): it is given back all the same. */
static __attribute__((noinline)) enum err boot_guarded(struct zygote *z, struct template *p,
                                                       const struct worker_base *base,
                                                       struct arena *a, const char **why,
                                                       bool *starved) {
    struct arena_guard outer;
    volatile enum err e = ERR_IO;
    arena_guard_save(a, &outer);
    if (ARENA_GUARD(a) == 0) e = boot(z, p, base, a, why);
    else *starved = true;
    arena_guard_restore(a, &outer);
    return e;
}

static enum err ask_for_worker(struct template *p, struct worker *out) {
    struct reply reply;
    int fds[2];
    enum err e = passing_ask(p->process.fd, (const char[]){PASSING_MAKE}, 1, ZYGOTE_DEADLINE_MS,
                             &reply, fds);
    if (!e) e = passing_made(&reply);
    if (!e)
        *out = (struct worker){
            .fd = fds[0], .pid_fd = fds[1], .pid = reply.pid, .template = p->number};
    return e;
}

static enum err spawn(struct templates *t, struct zygote *z, const unsigned char key[KEY_BYTES],
                      const struct worker_base *base, struct arena *a, struct worker *out,
                      const char **why) {
    struct template *p = take(t, key);
    bool starved = false;
    *out = WORKER_NONE;
    if (!p) return ERR_BUSY;
    enum err e = p->process.fd < 0 ? boot_guarded(z, p, base, a, why, &starved) : OK;
    if (!e) e = ask_for_worker(p, out);
    give_back(t, p, !e || (e == ERR_LIMIT && p->process.fd >= 0));
    if (starved) arena_fail(a);
    return e;
}

/* The template with this number, for this caller alone; NULL: it is gone, or others ask it. */
static struct template *take_numbered(struct templates *t, int64_t number) {
    pthread_mutex_lock(&t->lock);
    struct template *p = t->first;
    while (p && p->number != number) p = p->next;
    if (p && p->asked) p = NULL;
    if (p) p->asked = true;
    pthread_mutex_unlock(&t->lock);
    return p;
}

bool templates_cause(struct templates *t, const struct worker *w, int *status) {
    char question[1 + sizeof(int)] = {PASSING_CAUSE};
    struct reply reply = {0, 0, 0};
    int none[2], pid = w->pid;
    struct template *p = w->pid > 0 ? take_numbered(t, w->template) : NULL;
    if (!p) return false;
    memcpy(question + 1, &pid, sizeof pid);
    enum err e = p->process.fd < 0 ? ERR_IO
                                   : passing_ask(p->process.fd, question, sizeof question,
                                                 ZYGOTE_DEADLINE_MS, &reply, none);
    give_back(t, p, !e);
    *status = reply.status;
    return !e && reply.pid == w->pid;
}

enum err templates_spawn(struct templates *t, struct zygote *z, const struct worker_base *base,
                         struct arena *a, struct worker *out, const char **why) {
    crypto_generichash_state h;
    unsigned char key[KEY_BYTES];
    crypto_generichash_init(&h, NULL, 0, sizeof key);
    crypto_generichash_update(&h, (const unsigned char *)base->choice, strlen(base->choice) + 1);
    crypto_generichash_update(&h, (const unsigned char *)base->pack, base->pack_len);
    crypto_generichash_final(&h, key, sizeof key);
    enum err e = spawn(t, z, key, base, a, out, why);
    return e == ERR_IO ? spawn(t, z, key, base, a, out, why) : e;
}

/* ---- Opening and closing -------------------------------------------------------------------- */
struct templates *templates_new(void) {
    struct templates *t = calloc(1, sizeof *t);
    if (!t || wait_init(&t->answered) != 0) {
        free(t);
        return NULL;
    }
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void templates_forget(struct templates *t) {
    pthread_mutex_lock(&t->lock);
    while (t->first) leave(t, t->first);
    pthread_mutex_unlock(&t->lock);
}

void templates_free(struct templates *t) {
    if (!t) return;
    templates_forget(t);
    pthread_cond_destroy(&t->answered);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
