/* Private to exam/: what authors write below exams/, read from the Markdown syntax tree. Pure
 * but for reading files.
 *
 *   exams/PROGRAMME/bank/NAME.md   a bank: each section is an item (the authors' course, "Write an
 * item") exams/PROGRAMME/NAME.md        a definition: front matter, text, a "Blueprint" table
 *
 * An item's version is made from its own text (line ends and blank lines around it normalised),
 * so that editing its neighbour changes nothing. */
#ifndef GR_EXAM_BANK_H
#define GR_EXAM_BANK_H

#include "doc/doc.h"

#define EXAM_OPTIONS 9 /* at most: keys 1 to 9 choose them */
#define EXAM_ITEMS 200 /* at most on one form */
#define EXAM_LEVELS 4
extern const char *const exam_levels[EXAM_LEVELS + 1]; /* "remember" … "analyse", NULL */

/* ---- Domains, levels and objectives of a programme
 * ------------------------------------------------ */
struct exam_objective {
    const char *id, *module_file;
    int line, column;
};
struct exam_course {
    const char *id, *lang; /* lang: NULL when the programme does not state any */
    const char **domains, **domain_titles;
    size_t domain_count;
    const char **levels;
    size_t level_count;
    struct exam_objective *objectives; /* as the modules give them */
    size_t objective_count, objective_room;
    const char **objective_ids; /* sorted */
};
/* Folders below content/, sorted; not each is a programme. Arena. */
size_t exam_course_ids(const char *root, struct arena *a, const char ***out);
/* content/PROGRAMME: false when there is no such programme. What is wrong in those files is the
 * content room's to report. */
bool exam_course_read(struct exam_course *out, const char *root, const char *programme,
                      struct arena *a);
const char *exam_domain_title(const struct exam_course *c,
                              const char *domain); /* NULL when unknown */
bool exam_course_has_objective(const struct exam_course *c, const char *id);

/* ---- Items --------------------------------------------------------------------------------- */
struct exam_option {
    bool key;
    const char *html;      /* inline when it is one paragraph */
    const char *rationale; /* html, NULL = none */
    const char *text;      /* plain, for comparing */
};
struct exam_type; /* exam_type.h */
struct exam_item {
    const char *id, *version, *source; /* `source` is the item's own text, normalised */
    const char *objective, *domain;    /* domain NULL when neither item nor bank names one */
    const char *lang;                  /* as the bank says, NULL when it says nothing */
    int level;                         /* index of exam_levels, -1 = unknown */
    bool pilot;
    const char **enemies;
    size_t enemy_count;
    const char *stem;      /* html */
    const char *asked;     /* the stem in the author's Markdown; "" when there is none */
    const char *rationale; /* html, of the item as a whole; NULL = none */
    const struct exam_type *type;
    struct exam_option options[EXAM_OPTIONS]; /* in the order of the text */
    int option_count, key_count;
    const void *own; /* data of its type; NULL = none */
    const char *file;
    int line, column;
};
struct exam_bank {
    const char *id, *title, *programme, *domain, *lang, *file;
    struct exam_item *items;
    size_t item_count;
};
/* The items go to `out_arena`, all else to the document's. Problems of the text itself go to
 * `diags`; what needs other files (objectives, enemies, duplicates) is exam_check_tree's. */
void exam_bank_parse(struct exam_bank *out, struct doc *d, struct arena *out_arena,
                     struct diag_list *diags);
/* Parses the stored text of one item; `domain` is what its form says. ERR_INVALID: it is none. */
enum err exam_item_parse(struct exam_item *out, const char *source, const char *domain,
                         struct arena *a) MUST_USE;

/* A copy in which each run of blanks and line ends is one blank. Arena. */
char *exam_collapse_blanks(struct arena *a, const char *text, size_t len);

/* ---- Definitions --------------------------------------------------------------------------- */
struct exam_cell {
    const char *domain;
    int level, count;
};
/* The share of a domain's points that is needed to pass, whatever the sum is. */
struct exam_floor {
    const char *domain;
    int permille;
};
struct exam_def {
    const char *id, *version, *title, *summary, *programme, *level, *file;
    const char *lang;   /* BCP 47; NULL: the programme's */
    const char *source; /* the whole file */
    bool practice;      /* kind: practice */
    /* Keys and rationales after the end; else pass, score and profile by domain only. */
    bool review_full;
    const char **banks; /* ids */
    size_t bank_count;
    int minutes, pilot_items;
    int cut_permille;          /* of the scored items */
    struct exam_floor *floors; /* of domains that the blueprint asks for, each once */
    size_t floor_count;
    const char **essential; /* objectives of which every form holds a scored item; each once */
    size_t essential_count;
    int wait_days;         /* between the end of an attempt and the next start */
    int attempts_per_year; /* in any 365 days; 0 = any number */
    int after_pass_months; /* after passing: months until another attempt; 0 = never again */
    /* Attempts may be started in between; 0 = no bound. An attempt keeps its whole time. */
    int64_t opens_ms, closes_ms;
    struct exam_cell *cells; /* in the order of the table, counts above 0 */
    size_t cell_count;
    const char **domains; /* rows, in order */
    size_t domain_count;
    int scored_items;          /* sum of the cells */
    const char *intro, *rules; /* html of the text before and after the blueprint */
    int blueprint_line;
};
/* The fields of an exam's front matter, of its “cut” and of its “retake”, NULL at the end. The
 * authors' course has them as a table. */
extern const char *const exam_def_fields[], *const exam_cut_fields[], *const exam_retake_fields[];
void exam_def_parse(struct exam_def *out, struct doc *d, struct arena *out_arena,
                    struct diag_list *diags);
/* RULE live-bank: the first bank that the practice exam draws on and the live exam uses, too; NULL
 * when there is none, or when they are not one of each. */
const char *exam_def_shared_bank(const struct exam_def *practice, const struct exam_def *live);

/* The question of an item as its author wrote it, blanks made one; NULL when it is too short to be
 * told from other text. Arena. */
const char *exam_item_question(struct arena *a, const struct exam_item *item);
/* RULE live-copy: the question of an exam that counts stands in no practice exam either, under
 * whatever id and in whatever bank. The first practised item that is one of the live ones, by its
 * id or its question, and `*of` which; NULL: none. `a` for scratch. */
const struct exam_item *exam_items_shared(const struct exam_item *practised, size_t count,
                                          const struct exam_item *live, size_t live_count,
                                          const struct exam_item **of, struct arena *a);

/* ---- Files --------------------------------------------------------------------------------- */
struct exam_file {
    const char *path; /* relative to the root */
    bool bank;
};
/* Banks and definitions below root/exams, by name; no translations, no hidden files. */
size_t exam_files(const char *root, struct arena *a, struct exam_file **out);

/* ---- A definition with its items
 * ------------------------------------------------------------------------------ */
/* A definition with all items of its banks, ready to draw forms from. */
struct exam_unit {
    struct exam_def def;
    struct exam_item *items;
    size_t item_count;
    struct exam_course course; /* titles of domains */
    const char *file;
    bool kept; /* as the store had it: its files are broken, and nobody read it from them */
};
/* Reads the definition `file` with its banks and proves that forms can be drawn. What stays
 * lives in `a`; problems of the definition and of the banks that it names go to `diags`. False
 * when there are errors. */
bool exam_unit_load(struct exam_unit *out, const char *root, const char *file, struct arena *a,
                    struct diag_list *diags);
/* Whether forms can be drawn: duplicate items, blueprint and pilot items. Reports at the
 * definition. */
bool exam_unit_check(struct exam_unit *u, struct arena *a, struct diag_list *diags);
/* Of its title and its rules; never NULL. */
const char *exam_unit_lang(const struct exam_unit *u);
const struct exam_item *exam_unit_item(const struct exam_unit *u, const char *id,
                                       const char *version);

#endif
