/* Content: programmes, modules, glossaries and self-assessments, read from content/ while the
 * server runs.
 *
 * A *snapshot* is all of it at one moment: immutable, reference-counted, shared by all threads. A
 * request takes one with content_of and keeps it to its end; the next request sees what authors
 * changed meanwhile. A file that no longer parses keeps its last good version for learners; its
 * problems are shown to instructors.
 *
 * What a person did (sections read, checkpoints answered) is appended as facts that name the
 * module's version.
 *
 * Threads: opening, closing, and adding steps, search sources and checks before serving are done by
 * the thread that opens the academy. Any thread may use a snapshot that it holds, and call
 * content_hold, content_release and the checks of a folder, which take as long as its files do.
 * Handlers and content_of run on the pool's threads; what takes a `struct db` is called by the
 * thread that leased it, and what says "in a job" only from jobs of the writer.
 *
 * Routes (see server/routes.c):
 *   GET  /programmes                   public           content_programmes_page
 *   GET  /programmes/:id               public           content_programme_page
 *   GET  /modules/:id                  any              content_module_page
 *   GET  /modules/:id/files/:name      any              content_file_page
 *   POST /modules/:id/checkpoints/:n   any              content_checkpoint_post
 *   POST /modules/:id/progress         any              content_progress_post
 *   GET  /glossary                     public           content_glossary_page
 *   GET  /self-assessment              any              content_self_page
 *   POST /self-assessment              any              content_self_post
 *   GET  /search                       any              content_search_page
 *   GET  /author                       instructor|admin content_author_page */
#ifndef GR_CONTENT_CONTENT_H
#define GR_CONTENT_CONTENT_H

#include "doc/doc.h"
#include "http/http.h"
#include "page/page.h"
#include "store/store.h"

/* ---- What there is -------------------------------------------------------------------------- */
/* All texts live as long as the snapshot they came from. */

struct content_named {
    const char *id, *title;
};
struct content_lab_need {
    const char *id;
    int dialects; /* in how many it must be passed, at least 1 */
};
/* When a person may apply for a level again, and what a renewal asks for. */
struct content_reapply_rules {
    int after_refusal_days, after_revocation_days;
    int renewal_opens_days; /* how long before the end of a certificate it can be renewed */
    bool renew_modules, renew_exams, renew_labs; /* what has to be done again for a renewal */
};
struct content_level {
    const char *id, *title, *summary, *scope;
    int number;       /* from 1 */
    int valid_months; /* 0 = without end */
    bool open;        /* false: announced only, nobody can hold it */
    const char *const *modules;
    size_t module_count;
    const char *const *exams;
    size_t exam_count;
    const struct content_lab_need *labs;
    size_t lab_count;
    struct content_reapply_rules reapply;
};
struct content_persona {
    const char *id, *title, *summary;
    const char *x; /* "technology" or "art" */
    const char *y; /* "emotional" or "rational" */
};
struct content_programme {
    const char *id, *title, *body, *scheme_version, *summary;
    const char *version; /* of the file: 16 hex digits */
    const char *file;    /* content/mops/programme.md */
    const char *lang;    /* BCP 47, of its texts and of all below it that say nothing else */
    const char *html;    /* its text, rendered */
    int order; /* among programmes: 1 to 1,000, small ones first; 100 when the author says nothing
                */
    const struct content_named *domains;
    size_t domain_count;
    const struct content_persona *personas;
    size_t persona_count;
    const struct content_level *levels;
    size_t level_count;
};
struct content_objective {
    const char *id, *text;
};
struct content_module {
    const char *id, *title, *summary, *programme, *level, *domain, *persona;
    const char *version; /* 16 hex digits of what the file says */
    const char *file;    /* content/mops/modules/the-stack.md */
    const char *lang;    /* BCP 47; NULL when the file says nothing, see content_lang */
    /* A translation: the version of the original that it follows, "" when it does not say; else
     * NULL. */
    const char *translates;
    int minutes;
    const struct content_objective *objectives;
    size_t objective_count;
    const char *const *prerequisites;
    size_t prerequisite_count;
    const struct content_named *sections; /* its `##` headings: anchor and title; at least one */
    size_t section_count;
    const char *const
        *checkpoints; /* keys of the practice questions in order: change with stem or options */
    size_t checkpoint_count;
    const char *const
        *checkpoint_shapes; /* of each: its options in order, "01" when the second is the key */
};

struct content;          /* the registry of a running academy */
struct content_snapshot; /* see above */

/* The snapshot of this request; released with its arena. */
const struct content_snapshot *content_of(struct request *r);
/* The snapshot outside of a request; release it with content_release. */
const struct content_snapshot *content_hold(struct content *c);
void content_release(const struct content_snapshot *s);

size_t content_programme_count(const struct content_snapshot *s);
const struct content_programme *content_programme_at(const struct content_snapshot *s, size_t i);
const struct content_programme *content_programme(const struct content_snapshot *s,
                                                  const char *id); /* NULL: none */
const struct content_level *content_level(const struct content_programme *p,
                                          const char *id); /* NULL: none */
const char *content_domain_title(const struct content_programme *p,
                                 const char *id);              /* NULL: the programme has none */
size_t content_module_count(const struct content_snapshot *s); /* originals, sorted by id */
const struct content_module *content_module_at(const struct content_snapshot *s, size_t i);
const struct content_module *content_module(const struct content_snapshot *s,
                                            const char *id); /* NULL: none */
/* RULE text-language: what a text says of itself (`stated`), else its programme, else English.
 * Never NULL. */
const char *content_lang(const struct content_snapshot *s, const char *stated,
                         const char *programme);
const char *content_module_lang(const struct content_snapshot *s, const struct content_module *m);
/* The module as this reader reads it: RULE reading-language in page.h. What they ask for is the
 * language that this address names
 * (`lang`), the one that they last chose, that of their pages, and what their browser accepts. */
const struct content_module *content_module_for(struct request *r, const struct content_snapshot *s,
                                                const char *id);
/* Sets NAME to a text of an author's, and NAME_lang and NAME_dir when its language is another than
 * the page's. Else both are set to false, so that values of an enclosing view are not used. */
void content_view_text(struct request *r, struct view *v, const char *name, const char *text,
                       const char *lang);
/* The objective and (may be NULL) the module that states it; NULL when unknown. */
const struct content_objective *content_objective(const struct content_snapshot *s, const char *id,
                                                  const struct content_module **module);

/* In a job, when rows begin to be sealed with a new key: what was completed until now (RULE
 * completion-seal). */
enum err content_seal_all(struct db *db, struct arena *a) MUST_USE;

/* ---- The registry --------------------------------------------------------------------------- */
/* Reads all of root/content. `store` keeps every version that was ever current and the search
 * index; NULL: neither. Problems in files do not stop it: they are listed for instructors. */
enum err content_open(struct content **out, const char *root, struct store *store,
                      struct site *site, struct arena *a, const char **why) MUST_USE;
void content_close(struct content *c);
/* Waits until every current version is stored and indexed, also what the search sources list. For
 * the command line and tests, not for requests. False when it took longer than `deadline_ms`. */
bool content_wait_stored(struct content *c, int64_t deadline_ms);
/* An exam or a lab on a level's path: its title, and how far r->who (may be NULL) is. */
enum content_step_state {
    CONTENT_STEP_OPEN,
    CONTENT_STEP_BEGUN,
    CONTENT_STEP_DONE,
    CONTENT_STEP_LOCKED,
    CONTENT_STEP_FAILED,
    CONTENT_STEP_ANEW /* done, but before what counts now */
};
struct content_step {
    const char *title; /* arena; NULL: a general word is shown */
    const char *lang;  /* of the title; NULL: the programme's */
    enum content_step_state state;
    int minutes; /* 0 = not said */
};
/* Where r->who stands in a level besides; of strangers nothing. */
struct content_stand {
    int64_t modules_since_ms; /* of modules, only what was completed later counts; 0 = all */
    bool waits, may_apply;    /* an application waits; or all is done, and nothing is in the way */
    const char *certificate;  /* that is valid, or was revoked last: its number; NULL = none */
    int64_t revoked_ms;       /* when it was; 0 = it is valid */
};
/* Fills `steps` (which hold harmless values) for the exams and then the labs of a level, in its
 * order, and `stand`. */
typedef enum err (*content_steps_fn)(struct request *r, const struct content_snapshot *s,
                                     const struct content_programme *p,
                                     const struct content_level *level, struct content_step *steps,
                                     struct content_stand *stand);
/* Before serving. */
void content_set_steps(struct content *c, content_steps_fn ask);
/* Whether learners can open the exam. Set before serving. */
typedef bool (*content_exam_open_fn)(struct request *r, const char *exam_id);
void content_set_exam_open(struct content *c, content_exam_open_fn ask);
/* Fills `next` of `v`, the card of partial next_card, with what the reader, who is known, does next
 * in a programme; leaves it out when nothing is left. Set before serving. */
typedef enum err (*content_next_fn)(struct request *r, const struct content_programme *p,
                                    struct view *v);
void content_set_next(struct content *c, content_next_fn ask);

/* ---- What later rooms add to the search
 * ------------------------------------------------------------ */
struct content_part { /* what stands between two headings */
    const char *anchor, *heading, *text;
};
/* The parts of the blocks from `from` up to and without `until` (NULL: to the end), at least one;
 * anchors as doc_render makes them of the same blocks. `questions` false: practice questions are
 * left out, as they hold keys and feedback. Arena. */
void content_parts(struct arena *a, cmark_node *from, cmark_node *until, bool questions,
                   struct content_part **parts, size_t *count);
/* A document that another room adds to the search. Everybody who is signed in may see all of it.
 * Its strings live in the arena that `list` was called with. */
struct content_search_item {
    const char *file, *version; /* file: from the root. When either is new, the parts are read */
    const char *kind;           /* "exam", "lab": found at /exams/ID, /labs/ID */
    const char *id, *title, *summary, *lang;
    struct content_part *parts;
    size_t part_count;
    const void *own; /* for the room that lists it */
};
struct content_search_source {
    const char *folder; /* "exams/": all its files begin with it. What is in the index below this
                           folder and no longer listed is taken out */
    void *room;
    /* Lists all items, without their parts. Called every second on the indexer's thread, so it must
     * be cheap when nothing has changed. */
    void (*list)(void *room, struct arena *a, struct content_search_item **out, size_t *count);
    /* Fills the parts of one item. */
    void (*read)(void *room, struct arena *a, struct content_search_item *item);
};
/* `source->room` must stay open until content_close. There are at most 4 sources. */
void content_add_search_source(struct content *c, const struct content_search_source *source);

/* Lets a later room add its problems to the author's page (exams, labs): called with the root. */
void content_add_check(struct content *c, void (*check)(const char *root, struct diag_list *diags));

/* The text of a version that is or was current. ERR_NOT_FOUND when it never was. `kind`: "module",
 * "programme", "glossary", "self-assessment"; other rooms keep their own kinds here with
 * content_version_add. */
enum err content_version_source(struct db *db, struct arena *a, const char *kind, const char *id,
                                const char *version, const char **source) MUST_USE;
/* In a job. Stores the source of (kind, id, version, lang), once. */
enum err content_version_add(struct db *db, int64_t now_ms, const char *kind, const char *id,
                             const char *version, const char *lang, const char *file,
                             const char *source) MUST_USE;

/* RULE programme-published: a programme that is kept, since its file is broken, is what levels are
 * judged and granted by when a signed row "content.publish" of the log names it. Its digest alone
 * says nothing: whoever can write the database keeps another under that. The program names a
 * version when it first keeps it; a server's first start names those that older programs kept, and
 * writes "content.publications" behind them. */
/* `*problem`: a sentence when this one is kept and no such row names it; else it stays. */
enum err content_programme_problem(struct db *db, struct arena *a, const struct content_snapshot *s,
                                   const char *programme_id, const char **problem) MUST_USE;
/* The same for what is kept of a programme under this version. */
enum err content_publication_problem(struct db *db, struct arena *a, const char *version,
                                     const char **problem) MUST_USE;
/* A job, once, at the first start of a server. */
enum err content_publications_begin(struct db *db, struct arena *a, void *unused,
                                    int64_t now_ms) MUST_USE;

/* ---- Progress
 * ------------------------------------------------------------------------------------ */
struct content_module_progress {
    const char *module_id;
    int sections_total, sections_done;
    int checkpoints_total, checkpoints_answered, checkpoints_right; /* by the last answer to each */
    const char *last_section;   /* anchor of where the person was last, NULL = nowhere */
    int last_position_permille; /* within that section */
    int64_t last_ms;            /* of the last fact, 0 = never opened */
    int minutes_left; /* by the module's minutes and what is left of its sections; 0 when done */
    int64_t
        completed_ms; /* when all was first done, 0 = not yet; a later edit does not take it back */
    int64_t redone_ms; /* since when all has been done again: the oldest of the newest facts; 0 =
                        * something of the module as it is now was never done */
};
struct content_progress {
    const struct content_module_progress
        *modules; /* those that the person has touched, by module id */
    size_t count;
};
/* Derived from the facts and what the modules are now. Arena. */
enum err content_progress(struct db *db, struct arena *a, const struct content_snapshot *s,
                          const char *person_id, struct content_progress *out) MUST_USE;
/* Of one module, also of an untouched one. */
struct content_module_progress content_progress_of(const struct content_progress *p,
                                                   const struct content_module *m);
/* RULE module-left: a module that is begun says what is missing: "2 sections to read, 3 questions
 * to answer". NULL when it was never opened, or is completed. Arena of `r`. */
const char *content_left_text(struct request *r, const struct content_module_progress *p);
/* For templates: `minutes_left`, or from an hour and a half on `hours_left`; the other one is 0. */
void content_time_left(struct view *v, int64_t minutes);
/* The module to go on with: the module that the person was in last and has not completed; else the
 * first one of the programme's open levels that is not completed and whose prerequisites are; NULL
 * when all is done. */
const struct content_module *content_next(const struct content_snapshot *s,
                                          const struct content_progress *p,
                                          const struct content_programme *programme);

/* In a job. A fact of reading; `section` must be one of the module's (else ERR_INVALID). Completing
 * the last section with all checkpoints answered completes the module. */
enum err content_record_reading(struct db *db, struct arena *a, int64_t now_ms,
                                const char *person_id, const struct content_module *m,
                                const char *section, int position_permille, bool done) MUST_USE;
/* In a job. The answer to checkpoint `number` (from 1); `choice`: option numbers "2" or "1,3". */
enum err content_record_answer(struct db *db, struct arena *a, int64_t now_ms,
                               const char *person_id, const struct content_module *m, int number,
                               const char *choice, bool right) MUST_USE;

/* In a job, for the demo academy: the answer to checkpoint `number` (from 1) at `at_ms`, a right
 * one or a wrong one. */
enum err content_demo_answer(struct db *db, struct arena *a, int64_t at_ms,
                             const struct content_snapshot *s, const char *person_id,
                             const struct content_module *m, int number, bool right) MUST_USE;

/* ---- Checking
 * ------------------------------------------------------------------------------------ */
/* Every problem of root/content, and names of vendors also in root/exams and root/labs. `root`
 * holds content/. */
void content_check_tree(const char *root, struct diag_list *diags);
/* Whether files of this name are passed over without a report: README, LICENSE and the like, hidden
 * files, and what editors leave behind. */
bool content_is_ignored_name(const char *name);
/* Terms of a programme's glossary as ids (aliases too), for rooms that check `term:` links. */
void content_terms(const char *root, struct arena *a, const char *programme,
                   const char *const **ids, size_t *count);

/* Whether the front matter of a file has `key: value`, found as text, so that it works for a file
 * that does not parse: what it defines is then broken, not missing. `path` is from the root. */
bool content_file_has_field(const char *root, const char *path, const char *key, const char *value,
                            struct arena *a);
/* Whether any module in the programme's folder has `id: objective` in its front matter, found the
 * same way. */
bool content_objective_claimed(const char *root, const char *programme, const char *objective);

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_SARIF };
/* The diagnostics as `gradus check` prints them: sorted by file and place; SARIF 2.1.0 (OASIS,
 * 2020). */
void content_report(const struct diag_list *diags, enum report_format format, struct buf *out);

/* ---- Pages
 * --------------------------------------------------------------------------------------- */
enum err content_programmes_page(struct request *r);
enum err content_programme_page(struct request *r);
enum err content_module_page(struct request *r);
enum err content_file_page(struct request *r);
enum err content_checkpoint_post(struct request *r);
enum err content_progress_post(struct request *r);
enum err content_glossary_page(struct request *r);
enum err content_self_page(struct request *r);
enum err content_self_post(struct request *r);
enum err content_search_page(struct request *r);
enum err content_author_page(struct request *r);
/* The page for a thing that does not exist or is hidden: ERR_NOT_FOUND with the text of the key
 * `missing`. RULE hidden-told: when a file below `folder` ("exams/") that has errors is called
 * `id`, instructors and administrators see instead (with 404, too) what is wrong with it and where.
 * Suspends the request. */
enum err content_hidden_page(struct request *r, const char *folder, const char *id,
                             const char *missing);

#endif
