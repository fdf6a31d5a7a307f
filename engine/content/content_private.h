/* Private to content/: what the registry consists of, and what its files share. */
#ifndef GR_CONTENT_CONTENT_PRIVATE_H
#define GR_CONTENT_CONTENT_PRIVATE_H

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#include "content/content.h"

#define CONTENT_FILE_LIMIT 20000 /* files below content/ that are read */
#define CHECKPOINT_OPTIONS 12
#define CHECKPOINT_LIMIT 60
#define LANGUAGES_MAX 40  /* of one text, beside the original */
#define CONTENT_SOURCES 4 /* rooms that add to the search */

/* ---- Files ---------------------------------------------------------------------------------- */
enum file_kind { FILE_PROGRAMME, FILE_MODULE, FILE_GLOSSARY, FILE_SELF, FILE_OTHER };

/* What kind of document a path (from the root) is, by its name and folder; `lang` receives what the
 * name says, "x.ar.md" is a translation to Arabic, or NULL: an original. Arena. */
enum file_kind content_classify(struct arena *a, const char *path, const char **lang);
/* Whether a path lies below the folder files of modules. What lies there is shown or offered as it
 * is, and not read as a document. */
bool content_is_attached(const char *path);
/* Opens a folder for reading; NULL when it cannot be opened. The arena closes it when control
 * leaves through its guard before folder_close. */
struct open_folder *folder_open(struct arena *a, const char *path);
struct dirent *folder_next(struct open_folder *f);
void folder_close(struct open_folder *f);
/* The part of "x.draft.md" that should name a language and does not; NULL when there is nothing
 * wrong with it. Arena. */
const char *content_unknown_language(struct arena *a, const char *path);
const char *content_kind_name(enum file_kind kind);
/* Whether the file's name is this id and “.md”. */
bool content_named_after(const char *path, const char *id);
/* Every .md file below root/content, sorted; paths from the root. Folders that begin with a dot are
 * left out, and files that modules offer (content_is_attached). */
struct found_file {
    const char *path;
    int64_t mtime_ns, size;
    uint64_t inode;
};
/* False when there are more than CONTENT_FILE_LIMIT files; the others are not in the list. */
bool content_find_files(const char *root, struct arena *a, struct found_file **files,
                        size_t *count);

/* ---- Reading documents (pure)
 * -------------------------------------------------------------------- */
/* A reference from one file to something else, checked when all files are known. */
enum ref_kind {
    REF_LINK,
    REF_PICTURE,
    REF_CLIP,
    REF_TERM,
    REF_PREREQUISITE,
    REF_LEVEL_MODULE,
    REF_LEVEL_EXAM,
    REF_LEVEL_LAB,
    REF_PROGRAMME, /* these three: of a lab */
    REF_LEVEL,
    REF_OBJECTIVE
};
struct content_ref {
    enum ref_kind kind;
    const char *target;
    int line, column;
    struct content_ref *next;
};
struct content_place { /* of something with an id that others may name */
    const char *id, *text;
    int line, column;
};
/* What the check wants to know of a file beyond its content. */
struct content_outline {
    struct content_ref *refs;
    struct content_place *anchors; /* of headings */
    size_t anchor_count;
    struct content_place *objectives;
    size_t objective_count;
    struct content_place *questions; /* as many as the module has checkpoints */
    int id_line, id_column;
};

struct glossary_term {
    const char *id, *title; /* title as in the heading, without the parenthesis */
    const char *alias;      /* what stands in the parenthesis, NULL = nothing */
    const char *alias_id;
    const char *text;  /* plain, for the search */
    const char *brief; /* inline html: what a popover shows; other terms are plain text in it */
    struct term_name {
        const char *lang, *text;
    } * names; /* what it is called in other languages */
    size_t name_count;
    const char *html; /* for the glossary page: other terms are explained in place */
    int line, column;
};
struct content_glossary {
    const char *id, *title, *programme, *version, *file, *lang, *translates;
    struct glossary_term *terms; /* by title */
    size_t term_count;
    const struct glossary_term **by_id; /* terms and aliases, sorted; the same index in `ids` */
    const char **ids;
    size_t id_count;
};
const struct glossary_term *glossary_find(const struct content_glossary *g, const char *id);

enum axis { AXIS_X, AXIS_Y };
struct self_statement {
    const char *text;
    enum axis axis;
    int weight; /* -1 or 1 */
};
struct content_self {
    const char *id, *title, *programme, *version, *file, *lang, *translates;
    struct self_statement *statements;
    size_t statement_count;
    const char *html; /* the text before the statements */
};

/* A checkpoint in the tree. Its stem is the paragraph before the list, or the one before what
 * stands between (a table, code). */
struct checkpoint_option {
    cmark_node *item, *text, *feedback; /* text: paragraph; feedback: quote or NULL */
    bool right;
};
struct checkpoint {
    cmark_node *stem, *list; /* stem: NULL when there is none */
    struct checkpoint_option options[CHECKPOINT_OPTIONS];
    size_t option_count;
    int keys;
    bool usable;     /* false: it cannot be answered correctly, and is left out of the page */
    bool plain;      /* not usable, and perhaps only a list of things to do: shown without marks */
    const char *key; /* 16 hex digits of stem and options */
};
/* Whether a list is a practice question, not a list of things to do. */
bool content_is_question(cmark_node *list);
/* All questions of a document in order; arena. Problems are reported when `diags` is not NULL. */
struct checkpoint *content_checkpoints(struct doc *d, struct arena *a, struct diag_list *diags,
                                       size_t *count);

/* The language of a file whose name says `ending` (NULL: an original): that, else the field `lang`;
 * NULL: neither says any. */
const char *content_read_lang(struct doc *d, const char *ending, struct arena *a,
                              struct diag_list *diags);
/* The field `translates`, which a translation has and nothing else; "" when it has none that is
 * good. */
void content_read_translation(struct doc *d, const char *ending, struct arena *a,
                              struct diag_list *diags, const char **translates);
/* These functions report every problem of one file, and return NULL when it cannot be shown.
 * `outline` may be NULL. All in `a`; the document may be released afterwards. */
#define CONTENT_HEADINGS_MAX 1000 /* of a module or a programme's page (RULE headings) */
struct content_module *content_read_module(struct doc *d, const char *lang, struct arena *a,
                                           struct diag_list *diags,
                                           struct content_outline *outline);
void content_read_reapply(struct doc *d, struct diag_list *l, struct field *level_field,
                          struct content_level *level);
struct content_programme *content_read_programme(struct doc *d, struct arena *a,
                                                 struct diag_list *diags,
                                                 struct content_outline *outline);
struct content_glossary *content_read_glossary(struct doc *d, const char *lang, struct arena *a,
                                               struct diag_list *diags,
                                               struct content_outline *outline);
struct content_self *content_read_self(struct doc *d, const char *lang, struct arena *a,
                                       struct diag_list *diags, struct content_outline *outline);
/* Warns of what Markdown drops silently: table cells, notes, code that is never closed. */
void content_check_lost(struct doc *d, struct diag_list *diags);
/* RULE title-heading: a first heading that says the title once more, as pages elsewhere have it, is
 * the title and no section. */
bool content_repeats_title(struct doc *d, cmark_node *n);
/* Takes such a heading out of the text. */
void content_fold_title(struct doc *d);
/* Warns of notations of other systems, which are shown here as they are written. */
void content_check_notations(struct doc *d, struct diag_list *diags);
/* Words below the front matter, as they are counted for a module's minutes, and the minutes that
 * they take, at least 1. */
size_t content_word_count(struct doc *d);
size_t content_minutes(size_t words);
/* Rules for the text of any document: links, pictures, terms, headings; fills outline->refs and
 * ->anchors. */
void content_check_body(struct doc *d, struct arena *a, struct diag_list *diags,
                        struct content_outline *outline);

/* ---- The registry
 * ---------------------------------------------------------------------------------- */
/* Memory of what was read together; lives as long as a snapshot uses something of it. */
struct content_batch {
    struct arena arena;
    atomic_int refs;
};

/* One file as it is, and what it said when it last parsed. Immutable once in a snapshot. */
struct content_file {
    struct content_batch *batch;      /* holds this struct */
    struct content_batch *good_batch; /* holds `module` and its like; may be older than batch */
    const char *path, *lang;          /* lang: of a translation, by its name; NULL: an original */
    enum file_kind kind;
    int64_t mtime_ns, size;
    uint64_t inode;
    bool kept;           /* `version` is as the store had it: nobody read it from the file */
    bool broken;         /* the present text does not parse: what follows is older, or nothing */
    const char *problem; /* of a broken file: the sentence that is told */
    const char *version; /* of what is shown, NULL = nothing is */
    /* The text of a file that changed while the server runs: it may change again before the store
     * has this version. Else NULL. */
    const char *source;
    const struct content_module *module;
    const struct content_programme *programme;
    const struct content_glossary *glossary;
    const struct content_self *self;
};

struct rendered;
struct tree;
struct tree_changes;
struct words;

struct content_snapshot {
    atomic_int refs;
    struct content *content;
    int64_t serial;
    int64_t
        glossary_serial; /* changes with any glossary or picture: what is rendered depends on it */
    struct arena arena;  /* the arrays below */
    const struct content_file **files; /* by path */
    size_t file_count;
    const char **left_out; /* paths of files that are too large to be read */
    size_t left_out_count;
    bool more;                           /* than CONTENT_FILE_LIMIT files */
    const struct content_file **modules; /* originals by id */
    size_t module_count;
    const struct content_file **translations; /* of modules, by id and language */
    size_t translation_count;
    const struct content_programme **programmes; /* by id */
    size_t programme_count;
    const struct content_objective **objectives; /* by id; the same index in objective_modules */
    const struct content_module **objective_modules;
    size_t objective_count;
    _Atomic(struct rendered *) *rendered; /* by index of files */
    _Atomic(struct article *) glossaries; /* see content_article.c */
};

struct content {
    char *root;
    struct store *store;
    struct site *site;
    struct tree *tree;               /* its generations are the snapshots; it holds each once */
    int64_t serial, glossary_serial; /* used only while loading, on the tree's thread */
    atomic_size_t rendered_bytes;
    /* the thread that stores versions and indexes */
    pthread_t thread;
    bool thread_runs;
    int wake_fd;
    atomic_bool stop;
    atomic_llong stored_serial; /* of the newest snapshot that is wholly stored and indexed */
    struct content_search_source sources[CONTENT_SOURCES];
    atomic_size_t source_count;
    /* Rounds over the search sources: how many were asked for, and how many of these were begun
     * after that and are finished. */
    atomic_llong source_rounds_wanted, source_rounds_done;
    /* the author's page: one thread checks all files for whoever asks */
    struct offload *checker;
    pthread_mutex_t check_lock; /* of `health` and `checks` */
    void (*checks[4])(const char *root, struct diag_list *diags);
    size_t check_count;
    content_steps_fn steps; /* set before serving; NULL: exams and labs have general names */
    content_exam_open_fn exam_open; /* set before serving; NULL: no exam is open */
    content_next_fn next; /* set before serving; NULL: pages of programmes have no next step */
    struct content_health *health;
};

/* content_find.c */
const struct content_file *snapshot_module(const struct content_snapshot *s, const char *id);
/* The languages that a reader asks for, the most wanted first; NULL where nothing is asked for. */
struct reading {
    const char *wanted[3], *accept;
};
struct reading reading_of(struct request *r);
struct reading reading_in(const char *lang); /* this language, or the original */
/* The module in the language that the reader reads; NULL when there is no such module. */
const struct content_file *snapshot_module_for(const struct content_snapshot *s, const char *id,
                                               const struct reading *reading);
/* Its translations, by language. */
const struct content_file *const *snapshot_translations(const struct content_snapshot *s,
                                                        const char *id, size_t *count);
/* `programme` NULL: of any. */
const struct content_glossary *snapshot_glossary(const struct content_snapshot *s,
                                                 const char *programme,
                                                 const struct reading *reading);
const struct content_self *snapshot_self(const struct content_snapshot *s,
                                         const struct reading *reading);
/* The language of what a file shows. */
const char *snapshot_lang(const struct content_snapshot *s, const struct content_file *f);
const struct content_file *snapshot_file(const struct content_snapshot *s, const char *path);
size_t snapshot_file_index(const struct content_snapshot *s, const struct content_file *f);

/* content_snapshot.c. A batch is the memory of files that were read together; each file holds those
 * that it lies in. */
struct content_batch *batch_new(void); /* NULL when there is no memory */
void batch_release(struct content_batch *b);
void file_hold(const struct content_file *f);
/* Takes over one reference to each file that is not NULL. files[i] is NULL when the file `found[i]`
 * could not be read. NULL when there is no memory; the references are released then, too. */
struct content_snapshot *snapshot_new(struct content *c, const struct content_file **files,
                                      const struct found_file *found, size_t count);
/* Takes over what was rendered for `from` (may be NULL) and is still valid. */
void carry_rendered(struct content_snapshot *to, const struct content_snapshot *from);
void rendered_release(struct rendered *r);

/* content_version.c */
const char *file_id(const struct content_file *f);
/* The document that `f` shows: the file when it has that version, else the text that the store
 * kept. False when it is nowhere (any more, or not yet). Arena. `db` may be NULL. */
bool content_document(struct content *c, struct db *db, const struct content_file *f,
                      struct arena *a, struct doc *out);

/* content_load.c: the tree's `load`. */
enum err content_load(void *content, void *old, const struct tree_changes *news, void **fresh);
void content_wake(struct content *c); /* the keeper: there is a new snapshot */

/* content_indexer.c: the thread. */
bool indexer_start(struct content *c);
void indexer_stop(struct content *c);
/* content_store_snapshot.c, on the indexer's thread. Stores what the store does not have yet
 * of a snapshot, and updates the search index; false when something was not written. */
bool store_snapshot(struct content *c, struct words *w, const struct content_snapshot *s);
/* Runs a job on the writer, and waits while the queue is full; true when it is on the disk. */
bool indexer_write(struct content *c, write_fn run, void *arg, struct arena *a);

/* content_search_sources.c: updates the index with what the search sources list; cheap when nothing
 * has changed. */
struct indexed_sources {
    uint64_t mark; /* a hash of what is in the index, 0 = unknown */
};
/* False when it could not. */
bool index_sources(struct content *c, struct words *w, struct indexed_sources *o);

/* ---- Rendering
 * --------------------------------------------------------------------------------------- */
struct rendered_option {
    const char *html, *feedback; /* feedback NULL: none */
    bool right;
};
struct rendered_checkpoint {
    int number;
    const char *key, *stem; /* stem: html, "" when there is none */
    struct rendered_option *options;
    size_t option_count;
    int keys;
    bool stem_says_count; /* the stem itself says how many to choose */
    struct view *fresh;   /* its values before an answer; shared by all requests */
};
struct rendered_piece {
    const char *html; /* NULL: a checkpoint */
    size_t len;
    const struct rendered_checkpoint *checkpoint;
};
struct rendered {
    struct arena arena;
    atomic_int refs;
    size_t bytes;
    atomic_size_t *cache; /* the counter of cached bytes that includes it; NULL: it is not cached */
    struct rendered_piece *pieces;
    size_t piece_count;
    struct rendered_checkpoint *checkpoints;
    size_t checkpoint_count;
    struct heading *headings;
    size_t heading_count;
    const char *lang;                   /* of the text */
    bool translated;                    /* there is the same module in another language */
    bool has_math;                      /* a formula: the page needs the script for them */
    struct view *toc, *objectives;      /* shared by all requests, frozen */
    _Atomic(struct article *) articles; /* see content_article.c */
};
/* The article of a module, rendered once a version; borrowed from the snapshot or from `a`. NULL
 * when its text is gone. */
const struct rendered *content_rendered(const struct content_snapshot *s,
                                        const struct content_file *f, struct db *db,
                                        struct arena *a);
/* content_article.c, content_articles.c: the html of a text in one language of the interface,
 * cached for all readers. Of a module: every question is as before an answer, and the CSRF token of
 * its form is left out. Of a glossary: its letters and terms. */
struct article_question {
    size_t start, token,
        end; /* bytes of html: the question's section, and where in it the token goes */
};
struct article {
    struct article *next;
    const void *of; /* the text that it was made of */
    const char *locale;
    unsigned edition; /* of the site's files, see page_edition */
    const char *html;
    size_t len;
    bool has_math;                       /* a glossary's: there is a formula in it */
    struct article_question questions[]; /* as many as checkpoints */
};
/* Borrowed from `r`; NULL when there is none (then pieces and checkpoints are put together by the
 * template). */
const struct article *article_of(struct request *q, const struct rendered *r,
                                 const char *module_id);
/* Borrowed from `s`, or in the request's arena when it cannot be kept. NULL: there was no template.
 */
const struct article *article_of_glossary(struct request *q, const struct content_snapshot *s,
                                          const struct content_glossary *g);
/* The cached article of `of` for this language and edition, or NULL; `*full` becomes true when the
 * list takes no more of it. */
const struct article *articles_find(_Atomic(struct article *) *list, const void *of,
                                    const char *locale, unsigned edition, bool *full);
/* Adds a copy of `made` and of what it points to, which lives as long as the list; NULL when there
 * is no memory. */
const struct article *articles_add(_Atomic(struct article *) *list, const struct article *made,
                                   const struct article_question *questions, size_t count);
void articles_release(_Atomic(struct article *) *list);
void article_words(struct request *q, struct view *v, const struct rendered *r);
/* Before an answer the page knows neither keys nor feedback: they are not in this view. */
void fresh_checkpoint_view(struct view *v, const struct rendered_checkpoint *c);
/* Hooks that make addresses of ours from what authors write, and explain terms. */
struct body_context {
    const struct content_glossary *glossary; /* NULL: terms stay plain text */
    const char *programme;                   /* where `programme.md` leads */
    const char *module_id;     /* whose pictures they are; NULL: pictures are dropped */
    const char *root, *folder; /* of the file, for the pictures' sizes; NULL: unknown */
    struct content *content;   /* for the callouts' labels; NULL: English */
    const char *lang;
    struct buf *split_out; /* where questions begin in the output, while a module is rendered */
    const struct checkpoint *questions; /* its own */
    size_t question_count;
    size_t splits[CHECKPOINT_LIMIT];
    size_t split_count;
    size_t clip_count; /* so far: makes ids */
};
void content_hooks(struct render_hooks *hooks, struct body_context *context);

/* ---- Search
 * -------------------------------------------------------------------------------------------- */
/* Words as the index knows them: segmented by ICU, folded (case, Latin accents, Arabic marks,
 * tatweel and articles; Thai การ and ความ before another word), separated by blanks. Changes of
 * this function change WORDS_VERSION. */
#define WORDS_VERSION "4"      /* 4: without Thai noun makers */
struct words;                  /* a segmenter; one thread at a time */
struct words *words_new(void); /* NULL when ICU cannot */
void words_free(struct words *w);
/* Appends the words of `text`. */
void words_index(struct words *w, const char *text, struct buf *out);
/* ICU's and our version: an index made by another one is built anew. */
const char *words_version(void);
struct word_list {
    const char **items;
    size_t count;
};
/* At most 12 words of a query; Thai การ and ความ only when there is nothing else. */
struct word_list words_query(struct words *w, struct arena *a, const char *query);
/* About `width` characters of `text` around the densest place of the words, as html with <mark>;
 * the words of `text` that begin with the last query word count, too. Arena. */
const char *words_excerpt(struct words *w, struct arena *a, const char *text,
                          const struct word_list *query, size_t width);

/* ---- Check ---------------------------------------------------------------------------------- */
struct content_health; /* what the check of all files found, for the author's page */
void health_free(struct content_health *h);

/* content_author_files.c: the files of a snapshot for the author's page. */
enum author_need { AUTHOR_HIDDEN, AUTHOR_ERRORS, AUTHOR_REST };
struct author_file {
    const struct content_file *file;    /* NULL: of exams or labs */
    const struct foreign_file *foreign; /* NULL: of content/ */
    enum author_need need;
    size_t order; /* by programme, level and module; a translation behind its original */
    int errors, warnings;
    const struct diag *reason; /* what hides it, else its first error; NULL: none */
};
/* As many as the snapshot's files, in its order. */
struct author_file *author_files(const struct content_snapshot *s, const struct diag_list *l,
                                 struct arena *a);
/* RULE author-order: hidden files come first, then those with errors, then the others; each of
 * these by programme, level and module. `l` is by file. Adds at most `most` items of the file
 * `only` (NULL: of all) to `list`; says how many. */
size_t author_problems(struct request *r, const struct content_snapshot *s,
                       const struct author_file *files, const struct diag_list *l, const char *only,
                       size_t most, struct view *list);
/* The list `courses`, in the same order, with those of exams and labs (`foreign`, by path), and
 * the counts `broken`, `stale` and `file_count`. */
void author_courses(struct request *r, const struct content_snapshot *s,
                    const struct author_file *files, const struct author_file *foreign,
                    size_t foreign_count, struct view *v);
/* The title in the first lines of a file that cannot be read, else its path. Arena. */
const char *author_title(const char *root, const char *path, struct arena *a);
/* The value of the field `key` ("title") in the first lines of a file; NULL: none. Arena. */
const char *author_head_field(const char *root, const char *path, const char *key, struct arena *a);
/* One more problem of this file; the reason becomes what hides it, else its first error. */
void author_count_problem(struct author_file *h, const struct diag *d);

/* content_author_foreign.c: exams with their banks, and labs. */
struct foreign_file {
    const char *path, *title, *id; /* title and id as the file has them; NULL: it does not say */
};
/* All such files, and others in which `l` (sorted by file) has problems, by path. Reads the first
 * lines of each. Arena. */
void author_foreign_find(const char *root, const struct diag_list *l, struct arena *a,
                         struct foreign_file **out, size_t *count);
/* As many as `found`, in its order. */
struct author_file *author_foreign_files(const struct foreign_file *found, size_t count,
                                         const struct diag_list *l, struct arena *a);
void author_foreign_view(struct request *r, const struct author_file *h, struct view *v);
/* RULE exam-kept, for authors: sets `kept` to what learners see while an error hides the file at
 * `path`, which is an exam's or a bank's; nothing for other files. */
void author_kept_view(struct request *r, const char *path, struct view *v);

struct vendors;
/* The names in root/content/vendors.txt; NULL without that file. Arena. */
struct vendors *vendors_load(const char *root, struct arena *a);
void vendors_check(const struct vendors *v, const char *file, const char *text, size_t len,
                   struct diag_list *diags);

/* Texts of exams and labs follow the rules of all texts, and name things of the content; their own
 * rooms check the rest. */
enum file_room { ROOM_CONTENT, ROOM_EXAM, ROOM_LAB };
/* The definitions of exams, with `banks` their banks, and the briefs of labs, sorted; paths from
 * the root. */
void content_find_foreign(const char *root, bool banks, struct arena *a, struct found_file **files,
                          size_t *count);

/* One file, read for the check. */
struct checked_file {
    const char *path, *folder, *lang; /* lang: of a translation, by its name; NULL: an original */
    enum file_room room;
    enum file_kind kind; /* FILE_OTHER outside of content/ */
    const char *foreign_id,
        *foreign_programme; /* of exams and labs; NULL when they could not be read */
    const char *head;       /* the first lines of a file that is not `known`; NULL: not yet read */
    bool known;             /* its fields could be read: others may refer to it */
    const char *version;
    struct content_outline outline;
    const struct content_module *module;
    const struct content_programme *programme;
    const struct content_glossary *glossary;
    const struct content_self *self;
    struct diag_list diags;
};
/* Files that something shows or links to: paths from the root. */
struct used_files {
    const char *root;
    struct arena *arena;
    const char **paths;
    size_t count;
};
void use_file(struct used_files *u, const char *path);
/* `in`: "img/" or "files/" beside a text. */
void use_in(struct used_files *u, const struct checked_file *f, const char *in, const char *name);
/* Whether an address is that of a file, and no text of the content. */
bool names_file(const char *target);
/* A video or a sound with what lies beside it; a file to be saved. */
void check_attached_clip(struct used_files *u, struct checked_file *f,
                         const struct content_ref *ref);
void check_attached_file(struct used_files *u, struct checked_file *f,
                         const struct content_ref *ref);
/* content_check_lang.c: what a translation must have in common with the original beside it. */
void check_translation(struct checked_file *f, const struct checked_file *original,
                       const char *original_lang);
/* Checks what needs all files: ids, links, references. Problems go to the lists of the files. */
void check_references(const char *root, struct checked_file *files, size_t count,
                      struct used_files *used, struct arena *a);
/* Reports files that no room reads and nothing links to. */
void check_unused_files(const char *root, struct used_files *used, struct diag_list *diags,
                        struct arena *a);
/* The first lines of a file, front matter included, for content_head_has_field; "" when it cannot
 * be read. Arena. */
const char *content_head(const char *root, const char *path, struct arena *a);
/* Whether a front matter has `key: value`, found as text: see content_file_has_field. */
bool content_head_has_field(const char *head, const char *key, const char *value);
bool content_lab_exists(const char *root, struct arena *a, const char *id);
/* Rules for a picture that is a drawing: no script, nothing from elsewhere, scales. A sentence or
 * NULL. */
const char *picture_problem(struct arena *a, const char *path);

/* ---- Texts and views
 * -------------------------------------------------------------------------------------- */
const char *content_text(struct request *r, const char *key);
/* The link `next` behind the last module of a level: its first exam or lab that is not done, then
 * the page of the level, where one applies. None while the level is closed. */
enum err content_after_modules(struct request *r, const struct content_snapshot *s,
                               const struct content_programme *p, const struct content_level *level,
                               struct view *v) MUST_USE;
/* The path of levels, for templates: list `levels`. */
enum err content_levels_view(struct request *r, const struct content_snapshot *s,
                             const struct content_programme *p,
                             const struct content_progress *progress, struct view *v) MUST_USE;

#endif
