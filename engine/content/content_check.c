/* The check: every problem of every file below content/, and of the texts of exams and labs, in one
 * run, on several threads. */
#include <dirent.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/text.h"
#include "content/content_private.h"

#define CHECK_THREADS 4
#define CHECK_BYTES ((size_t)2048 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)128 * 1024 * 1024)
#define MINUTE_WORDS_LOW 130 /* of a slow reader who answers the practice questions */
#define MINUTE_WORDS_HIGH 230
#define WALK_DEPTH 8

/* ---- One file ------------------------------------------------------------------------------- */

static void check_minutes(struct doc *d, const struct content_module *m, struct diag_list *l) {
    size_t words = content_word_count(d);
    size_t low = (size_t)m->minutes * MINUTE_WORDS_LOW,
           high = (size_t)m->minutes * MINUTE_WORDS_HIGH;
    if (words <= high && (words >= low || m->minutes == 1))
        return; /* a module has at least one minute */
    if (content_minutes(words) == (size_t)m->minutes) return;
    struct field *f = field_get(d->meta, "minutes");
    diag_add(l, SEVERITY_WARNING, d->file, field_line(f), field_column(f), "minutes",
             "%zu words take about %zu min, not %d min", words, content_minutes(words), m->minutes);
}

static void check_kind(struct doc *d, struct checked_file *f, struct arena *a) {
    switch (f->kind) {
    case FILE_MODULE:
        f->module = content_read_module(d, f->lang, a, &f->diags, &f->outline);
        if (f->module && !f->lang && field_get(d->meta, "minutes"))
            check_minutes(d, f->module, &f->diags);
        if (f->module && !f->lang && f->module->checkpoint_count == 0)
            diag_add(&f->diags, SEVERITY_WARNING, f->path, 0, 0, "checkpoint-none",
                     "this module asks nothing: add a practice question after what it checks");
        break;
    case FILE_PROGRAMME: f->programme = content_read_programme(d, a, &f->diags, &f->outline); break;
    case FILE_GLOSSARY:
        f->glossary = content_read_glossary(d, f->lang, a, &f->diags, &f->outline);
        break;
    case FILE_SELF: f->self = content_read_self(d, f->lang, a, &f->diags, &f->outline); break;
    case FILE_OTHER: break;
    }
    f->known = f->module || f->programme || f->glossary || f->self;
}

static void refer(struct checked_file *f, struct arena *a, enum ref_kind kind, struct field *to) {
    const char *target = field_scalar(to);
    if (!target) return; /* its own room says so */
    struct content_ref *ref = NEW(a, struct content_ref);
    *ref = (struct content_ref){kind, arena_dup(a, target), field_line(to), field_column(to),
                                f->outline.refs};
    f->outline.refs = ref;
}

/* The text of an exam or a lab, and what a lab names of the content. All else is the other room's
 * to report. */
static void check_foreign(const char *root, struct checked_file *f, struct arena *a,
                          struct arena *scratch) {
    struct diag_list ignored;
    struct doc d;
    diag_init(&ignored, scratch);
    f->kind = FILE_OTHER;
    enum err e = doc_load(&d, root, f->path, scratch, &ignored);
    if (d.body && e != ERR_LIMIT) content_check_body(&d, a, &f->diags, &f->outline);
    if (e != OK) return;
    struct field *programme = field_get(d.meta, "programme"),
                 *objectives = field_get(d.meta, "objectives");
    f->foreign_id = arena_dup(a, field_scalar(field_get(d.meta, "id")));
    f->foreign_programme = arena_dup(a, field_scalar(programme));
    f->known = f->foreign_id != NULL;
    if (f->room != ROOM_LAB) return;
    refer(f, a, REF_PROGRAMME, programme);
    refer(f, a, REF_LEVEL, field_get(d.meta, "level"));
    for (size_t i = 0; field_is_list(objectives) && i < field_count(objectives); i++)
        refer(f, a, REF_OBJECTIVE, field_at(objectives, i));
}

static enum file_room room_of(const char *path) {
    return str_has_prefix(path, "exams/")  ? ROOM_EXAM
           : str_has_prefix(path, "labs/") ? ROOM_LAB
                                           : ROOM_CONTENT;
}

/* Why nothing reads it. */
static void unread_file(struct checked_file *f, struct arena *a) {
    const char *middle = content_unknown_language(a, f->path);
    if (f->lang)
        diag_add(&f->diags, SEVERITY_WARNING, f->path, 0, 0, "file-name",
                 "nothing reads this file: a programme is shown in the language that it states, "
                 "and what is translated are modules, glossaries and self-assessments");
    else if (middle)
        diag_add(&f->diags, SEVERITY_WARNING, f->path, 0, 0, "file-name",
                 "nothing reads this file: “%.40s” is no language. A translation is called as "
                 "its original with a language before .md, for instance ar; an original has no "
                 "other dot in its name",
                 middle);
    else
        diag_add(&f->diags, SEVERITY_WARNING, f->path, 0, 0, "file-name",
                 "nothing reads this file: modules lie in a folder modules/, others are called "
                 "programme.md, glossary.md or self-assessment.md");
}

static void check_file(const char *root, const struct vendors *vendors, const char *path,
                       struct checked_file *f, struct arena *a, struct arena *scratch) {
    f->path = arena_dup(a, path);
    f->folder = path_folder(a, path);
    f->room = room_of(f->path);
    if (f->room != ROOM_CONTENT) {
        diag_init(&f->diags, a);
        check_foreign(root, f, a, scratch);
        return;
    }
    f->kind = content_classify(a, f->path, &f->lang);
    diag_init(&f->diags, a);
    if (f->kind == FILE_OTHER && content_is_ignored_name(path_name(path))) return;
    if (f->kind == FILE_OTHER) {
        unread_file(f, a);
        return;
    }
    struct doc d;
    enum err e = doc_load(&d, root, f->path, scratch, &f->diags);
    if (d.source) vendors_check(vendors, f->path, d.source, d.source_len, &f->diags);
    f->version = arena_dup(a, d.version);
    if (d.body && e != ERR_LIMIT) content_check_body(&d, a, &f->diags, &f->outline);
    if (e == OK) check_kind(&d, f, a);
}

/* ---- All files ------------------------------------------------------------------------------ */

struct check_job {
    const char *root;
    const struct vendors *vendors;
    const struct found_file *found;
    struct checked_file *files;
    size_t count;
    atomic_size_t *next;
    struct arena arena; /* of what is found; lives until all is reported */
    bool full;
};

static bool check_one(struct check_job *j, size_t i) {
    struct arena scratch;
    volatile bool ok = false;
    arena_init(&scratch, SCRATCH_BYTES);
    if (ARENA_GUARD(&scratch) == 0 && ARENA_GUARD(&j->arena) == 0) {
        check_file(j->root, j->vendors, j->found[i].path, &j->files[i], &j->arena, &scratch);
        ok = true;
    }
    j->arena.guarded = false;
    arena_release(&scratch);
    return ok;
}

static void *check_some(void *arg) {
    struct check_job *j = arg;
    for (size_t i; (i = atomic_fetch_add(j->next, 1)) < j->count;)
        if (!check_one(j, i)) {
            /* What was found so far may lie in memory that is released: the file is left out, and
             * that is reported. */
            j->files[i] = (struct checked_file){
                .path = j->found[i].path, .folder = "content", .kind = FILE_OTHER};
            j->full = true;
        }
    return NULL;
}

static void copy_problems(const struct checked_file *files, size_t count, struct diag_list *out) {
    for (size_t i = 0; i < count; i++)
        for (const struct diag *d = files[i].diags.first; d; d = d->next) diag_copy(out, d);
}

struct whole_check {
    struct arena *arena; /* of the lists and tables: the caller's */
    struct check_job jobs[CHECK_THREADS];
    struct checked_file *files;
    size_t own, count; /* those of content/; with those of exams and labs */
};

/* Own files first, then those of exams and labs. */
static struct found_file *find_all(struct whole_check *w, const char *root) {
    struct found_file *own, *foreign;
    size_t foreign_count;
    (void)content_find_files(root, w->arena, &own, &w->own);
    content_find_foreign(root, false, w->arena, &foreign, &foreign_count);
    w->count = w->own + foreign_count;
    struct found_file *all = NEW_ARRAY(w->arena, struct found_file, w->count + 1);
    if (w->own) memcpy(all, own, w->own * sizeof *all);
    if (foreign_count) memcpy(all + w->own, foreign, foreign_count * sizeof *all);
    return all;
}

static void run_jobs(struct whole_check *w, const char *root) {
    struct found_file *found = find_all(w, root);
    struct vendors *vendors = vendors_load(root, w->arena);
    w->files = NEW_ARRAY(w->arena, struct checked_file, w->count + 1);
    size_t threads = w->count / 64 + 1;
    if (threads > CHECK_THREADS) threads = CHECK_THREADS;
    pthread_t ids[CHECK_THREADS];
    bool started[CHECK_THREADS] = {false};
    atomic_size_t next = 0;
    xmlInitParser(); /* once, before threads use it */
    for (size_t t = 0; t < threads; t++) {
        w->jobs[t] = (struct check_job){.root = root,
                                        .vendors = vendors,
                                        .found = found,
                                        .files = w->files,
                                        .count = w->count,
                                        .next = &next};
        arena_init(&w->jobs[t].arena, CHECK_BYTES);
        if (t) started[t] = pthread_create(&ids[t], NULL, check_some, &w->jobs[t]) == 0;
    }
    check_some(&w->jobs[0]);
    for (size_t t = 1; t < threads; t++)
        if (started[t]) pthread_join(ids[t], NULL);
    /* What is found from here on is the caller's memory, under the caller's guard. */
    for (size_t i = 0; i < w->count; i++) {
        if (!w->files[i].diags.tail) diag_init(&w->files[i].diags, w->arena);
        w->files[i].diags.arena = w->arena;
    }
}

static void release_check(void *arg) {
    struct whole_check *w = arg;
    for (size_t t = 0; t < CHECK_THREADS; t++) arena_release(&w->jobs[t].arena);
    free(w);
}

static struct whole_check *whole_check(const char *root, struct arena *a) {
    struct whole_check *w = calloc(1, sizeof *w);
    if (!w) arena_starve(a);
    arena_defer(a, release_check, w);
    w->arena = a;
    run_jobs(w, root);
    return w;
}

/* ---- Exams and labs: only the names
 * ------------------------------------------------------------------------------ */

static void vendors_below(const struct vendors *v, const char *root, const char *path, int depth,
                          struct diag_list *diags, struct arena *a) {
    DIR *dir = dir_open(a, arena_printf(a, "%s/%s", root, path));
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct stat st;
        const char *child = arena_printf(a, "%s/%s", path, e->d_name),
                   *full = arena_printf(a, "%s/%s", root, child);
        if (e->d_name[0] == '.' || lstat(full, &st) != 0) continue;
        if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH)
            vendors_below(v, root, child, depth + 1, diags, a);
        else if (S_ISREG(st.st_mode) &&
                 (str_has_suffix(child, ".md") || str_has_suffix(child, ".xml") ||
                  str_has_suffix(child, ".csv"))) {
            size_t len = 0;
            char *text = file_read(a, full, DOC_MAX_BYTES, &len);
            if (text) vendors_check(v, child, text, len, diags);
        }
    }
}

static void check_all(const char *root, struct diag_list *diags, struct arena *a) {
    struct whole_check *w = whole_check(root, a);
    struct used_files used = {.root = root, .arena = a};
    check_references(root, w->files, w->count, &used, a);
    copy_problems(w->files, w->count, diags);
    check_unused_files(root, &used, diags, a);
    for (size_t t = 0; t < CHECK_THREADS; t++)
        if (w->jobs[t].full)
            diag_add(diags, SEVERITY_ERROR, "content", 0, 0, "size",
                     "some files are too large to be checked");
    if (w->own == CONTENT_FILE_LIMIT)
        diag_add(diags, SEVERITY_ERROR, "content", 0, 0, "size",
                 "there are more than %d files: the others are not read", CONTENT_FILE_LIMIT);
    const struct vendors *v = vendors_load(root, a);
    if (!v)
        diag_add(diags, SEVERITY_WARNING, "content/vendors.txt", 0, 0, "vendor",
                 "there is no list of vendors: names are not checked");
    vendors_below(v, root, "exams", 0, diags, a);
    vendors_below(v, root, "labs", 0, diags, a);
}

void content_check_tree(const char *root, struct diag_list *diags) {
    struct arena a;
    arena_init(&a, CHECK_BYTES);
    /* A server runs this too: content that does not fit ends the check, not the process. */
    if (ARENA_GUARD(&a) == 0) check_all(root, diags, &a);
    else
        diag_add(diags, SEVERITY_ERROR, "content", 0, 0, "size",
                 "there is too much to be checked at once: check its folders one by one");
    arena_release(&a);
}

void content_terms(const char *root, struct arena *a, const char *programme,
                   const char *const **ids, size_t *count) {
    struct whole_check *w = whole_check(root, a);
    *ids = NULL;
    *count = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct content_glossary *g = w->files[i].glossary;
        if (!g || g->translates || !str_eq(g->programme, programme)) continue;
        *ids = (const char *const *)g->ids;
        *count = g->id_count;
        return;
    }
}
