/* Capped memory that is released all at once: one arena per request, per job, per command.
 *
 * `arena_alloc` never returns NULL. When the cap is reached (or malloc fails) control leaves
 * through the arena's guard, so that no caller has to test each allocation:
 *
 *     if (ARENA_GUARD(&a) != 0) { ...answer "too large", release... }
 *
 * Memory of other libraries is handed to the arena with `arena_defer`, so leaving through the
 * guard leaks nothing. Statements are reset by whoever leased the connection. An arena without
 * a guard (start-up code, command line) ends the process with a message. An arena belongs to one
 * thread at a time. */
#ifndef GR_BASE_ARENA_H
#define GR_BASE_ARENA_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena_chunk;
struct arena_deferred;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    struct arena_deferred *deferred;
    size_t used, cap; /* bytes taken from malloc, and how many may be */
    jmp_buf guard;
    bool guarded;
    /* Set when it left through the guard because malloc found no memory: the same may work later.
     */
    bool starved;
    char *last; /* the newest allocation, may grow in place */
};

/* `cap` in bytes. Takes no memory yet. */
void arena_init(struct arena *a, size_t cap);
/* Runs what was deferred (newest first) and frees all. The arena can be used again; its guard is
 * gone; `starved` stays. */
void arena_release(struct arena *a);

/* Gives back what this thread keeps of released arenas for its next ones. */
void arena_forget_spare(void);

#define ARENA_GUARD(a) ((a)->guarded = true, setjmp((a)->guard))

/* A guard inside another: save the outer one, set the inner one with ARENA_GUARD, restore the outer
 * one afterwards; arena_fail then leaves through that. */
struct arena_guard {
    jmp_buf guard;
    bool guarded;
};
void arena_guard_save(const struct arena *a, struct arena_guard *outer);
void arena_guard_restore(struct arena *a, const struct arena_guard *outer);

/* Zeroed, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));
/* The same, not zeroed: for memory that is overwritten whole. */
void *arena_raw(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed array; leaves through the guard when count * size overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* Grows `old` (the result of an earlier call, `old_size` bytes) to `new_size`; in place when it
 * can. */
void *arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size);
/* Makes room for one more element behind `count` of them. Capacity doubles, so that a long list is
 * not copied for each element; only for lists that have grown through this call. */
static inline void *list_more(struct arena *a, void *list, size_t count, size_t size) {
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0)) return list;
    return arena_grow(a, list, count * size, (count ? count * 2 : 8) * size);
}
char *arena_copy(struct arena *a, const char *text, size_t len); /* NUL-terminated copy */
char *arena_dup(struct arena *a, const char *text);              /* NULL stays NULL */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args);
/* `release(thing)` runs at arena_release, also after leaving through the guard. NULL things are
 * ignored. */
void arena_defer(struct arena *a, void (*release)(void *), void *thing);
/* A second arena with a cap of its own, released with `owner` at the latest, also when that leaves
 * through its guard. For what is needed only while things of the owner are made: call arena_release
 * on it then. Until a guard is set on it, running out of memory ends the process. */
struct arena *arena_scratch(struct arena *owner, size_t cap);
/* Leaves through the guard as if the cap had been reached. */
_Noreturn void arena_fail(struct arena *a);
/* The same after a failed allocation: sets `starved`. For callers of libraries that found no
 * memory. */
_Noreturn void arena_starve(struct arena *a);

/* Fault injection for tests: the nth allocation of this thread from now on fails (1 = the next
 * one); 0 turns it off. */
void arena_fail_at(long nth);
/* True once the injected failure has happened. */
bool arena_failed_as_asked(void);

#define NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define NEW_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))

#endif
