/* Rules for what modules show and offer from the folder files beside them. */
#include <string.h>

#include "base/text.h"
#include "content/content_attached.h"
#include "content/content_private.h"

void use_file(struct used_files *u, const char *path) {
    u->paths = list_more(u->arena, u->paths, u->count, sizeof *u->paths);
    u->paths[u->count++] = path;
}

void use_in(struct used_files *u, const struct checked_file *f, const char *in, const char *name) {
    use_file(u, arena_printf(u->arena, "%s/%s%s", f->folder, in, name));
}

static void file_problem(struct checked_file *f, const struct content_ref *ref,
                         enum severity severity, const char *rule, const char *name,
                         const char *why) {
    diag_add(&f->diags, severity, f->path, ref->line, ref->column, rule, "“%s” %s", name, why);
}

/* The name of a file in the folder files that is there and what it says it is; else NULL, and why
 * is said. */
static const char *attached_to(struct used_files *u, struct checked_file *f,
                               const struct content_ref *ref, const char *rule,
                               struct attached *out) {
    const char *name = attached_name(u->arena, ref->target, "files/"), *why;
    if (f->room != ROOM_CONTENT || f->kind != FILE_MODULE)
        file_problem(f, ref, SEVERITY_ERROR, rule, ref->target,
                     "is not found from here: only modules show videos and sounds and offer files");
    else if (!name)
        file_problem(f, ref, SEVERITY_ERROR, rule, ref->target,
                     "must lie in the folder files beside this file");
    else {
        use_in(u, f, "files/", name);
        const char *folder = arena_printf(u->arena, "%s/%s", u->root, f->folder);
        if (attached_check(u->arena, folder, name, out, &why)) return name;
        file_problem(f, ref, SEVERITY_ERROR, rule, ref->target, why);
    }
    return NULL;
}

/* Checks a file that belongs to a clip, and notes that it is used. */
static void check_part(struct used_files *u, struct checked_file *f, const struct content_ref *ref,
                       const char *rule, const char *name) {
    struct attached file;
    const char *why;
    use_in(u, f, "files/", name);
    if (!attached_check(u->arena, arena_printf(u->arena, "%s/%s", u->root, f->folder), name, &file,
                        &why))
        file_problem(f, ref, SEVERITY_ERROR, rule, arena_printf(u->arena, "files/%s", name), why);
}

/* RULE clip-for-all: who cannot hear it reads captions, who can do neither reads the transcript. */
void check_attached_clip(struct used_files *u, struct checked_file *f,
                         const struct content_ref *ref) {
    struct attached file;
    struct attached_beside beside;
    const char *name = attached_to(u, f, ref, "clip", &file);
    if (!name) return;
    int stem = (int)(strrchr(name, '.') - name);
    attached_beside(u->arena, arena_printf(u->arena, "%s/%s", u->root, f->folder), name, &beside);
    for (size_t i = 0; i < beside.caption_count; i++)
        check_part(u, f, ref, "captions", beside.captions[i].name);
    if (beside.transcript) check_part(u, f, ref, "transcript", beside.transcript);
    if (beside.poster) check_part(u, f, ref, "clip", beside.poster);
    if (!beside.caption_count && file.kind->use == ATTACHED_VIDEO)
        file_problem(
            f, ref, SEVERITY_WARNING, "captions", ref->target,
            arena_printf(u->arena, "has no captions: put them beside it as %.*s.vtt", stem, name));
    if (!beside.transcript)
        file_problem(f, ref, SEVERITY_WARNING, "transcript", ref->target,
                     arena_printf(u->arena,
                                  "has no transcript: put it beside it as %.*s.transcript.md", stem,
                                  name));
}

/* Whether an address is that of a file, and no text of the content. */
bool names_file(const char *target) {
    const char *path = target + (str_has_prefix(target, "./") ? 2 : 0),
               *end = path + strcspn(path, "#?"), *dot = NULL;
    if (str_has_prefix(path, "files/") || str_has_prefix(path, "img/")) return true;
    for (const char *p = path; p < end; p++) dot = *p == '/' ? NULL : *p == '.' ? p : dot;
    return dot && (end - dot != 3 || strncmp(dot, ".md", 3) != 0);
}

void check_attached_file(struct used_files *u, struct checked_file *f,
                         const struct content_ref *ref) {
    struct attached file;
    const char *name = attached_name(u->arena, ref->target, "files/");
    if (name && (!attached_kind(name) || attached_kind(name)->use == ATTACHED_PICTURE)) {
        use_in(u, f, "files/", name);
        if (attached_kind(name))
            file_problem(f, ref, SEVERITY_ERROR, "file", ref->target,
                         "is a picture: pictures lie in the folder img");
        else
            file_problem(
                f, ref, SEVERITY_ERROR, "file", ref->target,
                arena_printf(u->arena,
                             "is not offered: files to be saved are %s; put others into a zip",
                             attached_endings(u->arena, ATTACHED_FILE)));
    } else (void)attached_to(u, f, ref, "file", &file);
}
