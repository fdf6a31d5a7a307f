/* The indexer: a thread that stores and indexes each new snapshot, and indexes what the search
 * sources list. Requests never wait for it. */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "content/content_private.h"

#define IDLE_MS 2000
#define SOURCES_EVERY_MS 1000

/* Called after the snapshot was stored, since that may have emptied an outdated index. */
static void look_at_sources(struct content *c, struct words *w, struct indexed_sources *o,
                            int64_t *looked_ms) {
    long long wanted = atomic_load(&c->source_rounds_wanted);
    int64_t now = clock_monotonic_ms();
    if (atomic_load(&c->source_count) == 0 ||
        (wanted == atomic_load(&c->source_rounds_done) && now - *looked_ms < SOURCES_EVERY_MS))
        return;
    *looked_ms = now;
    if (index_sources(c, w, o)) atomic_store(&c->source_rounds_done, wanted);
}

static void *indexer(void *arg) {
    struct content *c = arg;
    struct words *w = words_new();
    struct indexed_sources sources = {0};
    int64_t sources_ms = 0;
    if (!w) log_say(LOG_ERROR, "content", "The search has no words: ICU's data cannot be opened.");
    bool failed = false;
    while (!atomic_load(&c->stop)) {
        const struct content_snapshot *s = content_hold(c);
        if (w && c->store && s->serial != atomic_load(&c->stored_serial)) {
            failed = !store_snapshot(c, w, s);
            if (!failed) atomic_store(&c->stored_serial, s->serial);
        }
        content_release(s);
        if (w && c->store && !failed) look_at_sources(c, w, &sources, &sources_ms);
        struct pollfd fd = {.fd = c->wake_fd, .events = POLLIN};
        int ready = poll(&fd, 1, atomic_load(&c->source_count) ? SOURCES_EVERY_MS : IDLE_MS);
        uint64_t count;
        if (ready > 0) (void)!read(c->wake_fd, &count, sizeof count);
    }
    words_free(w);
    return NULL;
}

bool indexer_start(struct content *c) {
    c->thread_runs = pthread_create(&c->thread, NULL, indexer, c) == 0;
    return c->thread_runs;
}

void indexer_stop(struct content *c) {
    atomic_store(&c->stop, true);
    content_wake(c);
    if (c->thread_runs) pthread_join(c->thread, NULL);
    c->thread_runs = false;
}

bool content_wait_stored(struct content *c, int64_t deadline_ms) {
    int64_t end = clock_monotonic_ms() + deadline_ms;
    long long wanted = atomic_fetch_add(&c->source_rounds_wanted, 1) + 1;
    for (;;) {
        const struct content_snapshot *s = content_hold(c);
        bool settled = !c->store || atomic_load(&c->stored_serial) == s->serial;
        content_release(s);
        settled = settled && (!c->store || atomic_load(&c->source_count) == 0 ||
                              atomic_load(&c->source_rounds_done) >= wanted);
        if (settled || clock_monotonic_ms() >= end) return settled;
        content_wake(c);
        usleep(2000);
    }
}
