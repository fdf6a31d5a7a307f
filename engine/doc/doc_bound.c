/* The bound on a parse's time, kept by the allocator that the parser uses. */
#include "doc/doc_bound.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "doc/doc_memory.h"

/* An ordinary text of 2 MiB is parsed in a tenth of the time that it is given. */
#define BASE_NS ((int64_t)250 * 1000 * 1000)
#define BYTE_NS ((int64_t)500)
#define LOOK_EVERY 16 /* allocations: asking the clock costs more than most of them */

/* Characters that the search for links may read: 10 ms for a small text. */
#define LINK_BASE ((uint64_t)4 * 1024 * 1024)
#define LINK_PER_BYTE 8
#define ENTITY_LONGEST 40 /* the longest name has 31 letters */

struct bound {
    struct arena *arena; /* NULL: no bound */
    int64_t end_ns;
    unsigned count;
    bool expired;
};

static _Thread_local struct bound bound;

static int64_t computed_ns(void) {
    struct timespec t = {0, 0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void bound_begin(struct arena *a, size_t len) {
    bound = (struct bound){.arena = a, .end_ns = computed_ns() + BASE_NS + (int64_t)len * BYTE_NS};
}

bool bound_end(void) {
    bool expired = bound.expired;
    bound = (struct bound){.arena = NULL};
    return expired;
}

void bound_check(void) {
    if (!bound.arena || computed_ns() < bound.end_ns) return;
    struct arena *a = bound.arena;
    bound.expired = true;
    bound.arena = NULL;
    arena_fail(a);
}

static void look(void) {
    if (++bound.count % LOOK_EVERY == 0) bound_check();
}

static void *allocate(size_t count, size_t size) {
    look();
    return tree_memory.calloc(count, size);
}

static void *resize(void *data, size_t size) {
    look();
    return tree_memory.realloc(data, size);
}

static void release(void *data) { tree_memory.free(data); }

cmark_mem bounded_memory = {.calloc = allocate, .realloc = resize, .free = release};

/* The length of the entity at an ampersand, or 0. */
static size_t entity_at(const char *text, size_t len) {
    size_t n = 1;
    if (n < len && text[n] == '#') n++;
    while (n < len && n < ENTITY_LONGEST && isalnum((unsigned char)text[n])) n++;
    return n > 1 && n < len && text[n] == ';' ? n + 1 : 0;
}

static bool may_be_at(const char *entity) {
    return entity[1] == '#' || strncmp(entity, "&commat;", 8) == 0;
}

/* A run of characters that an address may consist of, and the `@` within it. From each of them the
 * library reads to the end of the run. */
struct run {
    uint64_t ats, starts; /* how many, and the sum of their places */
};

static uint64_t run_cost(const struct run *r, size_t end) { return r->ats * end - r->starts; }

static bool ends_run(char c) {
    return c != '@' && !isalnum((unsigned char)c) && !strchr(".-_/\\", c);
}

/* A stretch without blanks that may be a link, and the `)` at its end. For each of them the library
 * reads it whole, as long as more are closed than opened. */
struct stretch {
    size_t start;
    uint64_t closers;
    bool link;
};

static uint64_t stretch_cost(const struct stretch *s, size_t end) {
    return s->link ? s->closers * (end - s->start) : 0;
}

static void stretch_take(struct stretch *s, char c, bool entity) {
    if (c == ')') s->closers++;
    else if (!entity && !strchr("?!.,:*_~'\";", c)) s->closers = 0;
    s->link |= c == 'w' || c == ':';
}

int bound_links(const char *text, size_t len) {
    uint64_t steps = 0, most = LINK_BASE + (uint64_t)len * LINK_PER_BYTE;
    struct run run = {0, 0};
    struct stretch stretch = {0, 0, false};
    int line = 1;
    char before = '\n';
    for (size_t at = 0, n; at < len; at += n) {
        char c = text[at];
        size_t entity = c == '&' ? entity_at(text + at, len - at) : 0;
        n = entity ? entity : 1;
        if (entity) c = may_be_at(text + at) ? '@' : 'a';
        if (c == '@' && (entity || isalnum((unsigned char)before) || strchr(".+-_:\\", before))) {
            run.ats++;
            run.starts += at;
        } else if (ends_run(c)) {
            steps += run_cost(&run, at);
            run = (struct run){0, 0};
        }
        if (c == '<' || isspace((unsigned char)c)) {
            steps += stretch_cost(&stretch, at);
            stretch = (struct stretch){at + 1, 0, false};
        } else stretch_take(&stretch, c, entity);
        if (steps + run_cost(&run, at + n) + stretch_cost(&stretch, at + n) > most) return line;
        line += c == '\n';
        before = c;
    }
    return 0;
}

static bool is_blank(const char *line, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (line[i] != ' ' && line[i] != '\t') return false;
    return true;
}

int bound_longest_block(const char *text, size_t len) {
    int line = 1, first = 1, suspect = 1;
    size_t longest = 0, stretch = 0;
    for (size_t at = 0; at < len; line++) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t n = nl ? (size_t)(nl - text) - at : len - at;
        bool blank = is_blank(text + at, n);
        if (blank) {
            stretch = 0;
            first = line + 1;
        } else stretch += n + 1;
        if (stretch > longest) {
            longest = stretch;
            suspect = first;
        }
        at += n + 1;
    }
    return suspect;
}
