/* A new scenario is a copy of one that is whole: small, with comments that teach, and proved by the
 * tests as it is. */
#include "lab/lab_new.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/program.h"
#include "base/text.h"
#include "labmodel/lab_pack.h"

#define PLACEHOLDER "new-scenario" /* stands where the id goes */

static const char *const files[] = {"scenario.md",
                                    "stack.xml",
                                    "contacts.csv",
                                    "leads.csv",
                                    "checks.md",
                                    "solutions/reference.xml",
                                    "solutions/everybody.xml",
                                    "solutions/letter-by-letter.xml",
                                    "solutions/tidied-up.xml"};

static void with_id(struct buf *out, const char *text, const char *id) {
    for (const char *at; (at = strstr(text, PLACEHOLDER)) != NULL;
         text = at + strlen(PLACEHOLDER)) {
        buf_add(out, text, (size_t)(at - text));
        buf_puts(out, id);
    }
    buf_puts(out, text);
}

static enum err copy(const char *from, const char *to, const char *id, struct arena *a) {
    size_t len;
    struct buf b;
    char *text = file_read(a, from, LAB_FILE_MAX, &len);
    if (!text) return ERR_NOT_FOUND;
    buf_init(&b, a);
    with_id(&b, text, id);
    return file_write(to, buf_text(&b), b.len, 0644) ? OK : ERR_IO;
}

static enum err make_folders(const char *root, const char *folder, struct arena *a,
                             const char **why) {
    const char *scenarios = arena_printf(a, "%s/labs/scenarios", root);
    *why = arena_printf(a, "%s/labs is not there: a scenario needs its connectors", root);
    struct stat st;
    if (stat(arena_printf(a, "%s/labs/connectors", root), &st) != 0) return ERR_NOT_FOUND;
    if (mkdir(scenarios, 0777) != 0 && errno != EEXIST) {
        *why = arena_printf(a, "%s cannot be made: %s", scenarios, strerror(errno));
        return ERR_IO;
    }
    if (mkdir(folder, 0777) != 0) {
        enum err e = errno == EEXIST ? ERR_CONFLICT : ERR_IO;
        *why = e == ERR_CONFLICT
                   ? arena_printf(a, "%s is there already; nothing was changed", folder)
                   : arena_printf(a, "%s cannot be made: %s", folder, strerror(errno));
        return e;
    }
    const char *solutions = arena_printf(a, "%s/solutions", folder);
    *why = arena_printf(a, "%s cannot be made", solutions);
    return mkdir(solutions, 0777) == 0 ? OK : ERR_IO;
}

enum err lab_new(const char *root, const char *id, FILE *out, struct arena *a, const char **why) {
    *why = arena_printf(a, "“%s” is no name: write small letters, digits and hyphens", id);
    if (!id_valid(id)) return ERR_INVALID;
    const char *folder = arena_printf(a, "%s/labs/scenarios/%s", root, id),
               *from = arena_printf(a, "%s/labs/new", program_root(root, "labs/new/stack.xml"));
    enum err e = make_folders(root, folder, a, why);
    for (size_t i = 0; !e && i < COUNT_OF(files); i++) {
        const char *to = arena_printf(a, "%s/%s", folder, files[i]);
        e = copy(arena_printf(a, "%s/%s", from, files[i]), to, id, a);
        *why = e == ERR_NOT_FOUND
                   ? arena_printf(a, "%s/%s, which is copied, cannot be read", from, files[i])
                   : arena_printf(a, "%s cannot be written: %s", to, strerror(errno));
        if (!e) fprintf(out, "%s\n", to);
    }
    return e;
}
