/* A scratch folder with the project's schemas and scenarios of a test. Tests run from the project's
 * root. */
#ifndef GR_TEST_LAB_SCRATCH_H
#define GR_TEST_LAB_SCRATCH_H

#include "unit/lab/lab_fixture.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[] = "/tmp/gradus-labs-XXXXXX";
static const char *const scratch_parts[] = {"connectors", "kinds", "scenarios", "schema", "worlds"};

/* Each part is that of `own` where it has it, of labs/ otherwise. */
static inline bool scratch_make(const char *own) {
    struct arena a;
    arena_init(&a, 64 * 1024);
    char *here = realpath(".", NULL);
    bool made = here && mkdtemp(scratch) && mkdir(arena_printf(&a, "%s/labs", scratch), 0700) == 0;
    for (size_t i = 0; made && i < COUNT_OF(scratch_parts); i++) {
        const char *part = arena_printf(&a, "%s/%s/%s", here, own, scratch_parts[i]);
        if (access(part, F_OK) != 0) part = arena_printf(&a, "%s/labs/%s", here, scratch_parts[i]);
        made = symlink(part, arena_printf(&a, "%s/labs/%s", scratch, scratch_parts[i])) == 0;
    }
    free(here);
    arena_release(&a);
    return made;
}

static inline int scratch_drop(void **state) {
    struct arena a;
    (void)state;
    arena_init(&a, 64 * 1024);
    for (size_t i = 0; i < COUNT_OF(scratch_parts); i++)
        unlink(arena_printf(&a, "%s/labs/%s", scratch, scratch_parts[i]));
    rmdir(arena_printf(&a, "%s/labs", scratch));
    arena_release(&a);
    return rmdir(scratch);
}

static inline struct lab_scenario *scratch_scenario(struct arena *a, const char *id) {
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    struct diag_list diags;
    diag_init(&diags, a);
    enum err e = lab_scenario_load(s, scratch, id, a, &diags);
    if (e)
        fail_msg("%s:%d: %s", diags.first ? diags.first->file : "",
                 diags.first ? diags.first->line : 0,
                 diags.first ? diags.first->message : err_name(e));
    return s;
}

#endif
