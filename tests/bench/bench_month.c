/* lab.month: 30 days of 5,000 people in one worker, about 72,000 events; the worker's processor
 * time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "bench/bench.h"
#include "lab/lab.h"

#define OWN "tests/unit/sandbox/crowd/labs"
#define EVENTS_EXPECTED 72000

/* A folder with the project's labs and the test's scenario. */
static bool make_root(char *folder, const char *root, struct arena *a) {
    static const char *const parts[] = {"connectors", "kinds", "schema", "worlds"};
    bool made = mkdtemp(folder) && mkdir(arena_printf(a, "%s/labs", folder), 0700) == 0;
    for (size_t i = 0; made && i < sizeof parts / sizeof *parts; i++)
        made = symlink(arena_printf(a, "%s/labs/%s", root, parts[i]),
                       arena_printf(a, "%s/labs/%s", folder, parts[i])) == 0;
    return made && symlink(arena_printf(a, "%s/" OWN "/scenarios", root),
                           arena_printf(a, "%s/labs/scenarios", folder)) == 0;
}

static void drop_root(const char *folder, struct arena *a) {
    static const char *const parts[] = {"labs/connectors",
                                        "labs/kinds",
                                        "labs/schema",
                                        "labs/worlds",
                                        "labs/scenarios",
                                        "labs",
                                        "."};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *path = arena_printf(a, "%s/%s", folder, parts[i]);
        if (unlink(path) != 0) rmdir(i + 1 < sizeof parts / sizeof *parts ? path : folder);
    }
}

void bench_month(const struct bench *b) {
    char folder[] = "/tmp/gradus-month-XXXXXX";
    const char *why = "";
    struct lab_bench_month month;
    struct zygote *z = NULL;
    struct arena a;
    arena_init(&a, 1024 * 1024);
    char *root = realpath(b->root, NULL);
    codec_start();
    if (!root || !make_root(folder, root, &a) || labs_prepare(&z, GRADUS_LABS, &a, &why) != OK ||
        lab_bench_month(z, folder, "month", &month) != OK || month.events < EVENTS_EXPECTED / 2)
        bench_failed("lab.month", "a month cannot be measured: %s", why);
    else {
        bench_note(b, "lab.month %lld events in %d actions, %.1f us each", (long long)month.events,
                   month.actions, (double)month.cpu_us / (double)month.events);
        bench_line("lab.month", (double)month.cpu_us / 1000, "ms", -1);
    }
    labs_unprepare(z);
    drop_root(folder, &a);
    free(root);
    arena_release(&a);
}
