/* Private to the site. A generation is all that was read from the files at one time. */
#ifndef GR_PAGE_SITE_PRIVATE_H
#define GR_PAGE_SITE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "page/mustache.h"
#include "page/name_table.h"

#define GENERATION_BYTES ((size_t)64 * 1024 * 1024)
#define SITE_FILE_BYTES ((size_t)4 * 1024 * 1024)
#define SITE_LOCALES 32

/* One version of a static file. The site owns it until site_close, since a response may still be
 * sending it. */
struct blob {
    struct blob *next;
    char *path, *hashed_path, *url, *etag;
    const char *type;
    unsigned char *bytes, *gzip;
    size_t len, gzip_len;
};

struct source {
    const char *path; /* from the root: site/templates/a.mustache */
    const char *text;
    size_t len;
};

struct generation {
    struct arena arena;
    struct site *site;
    struct generation *next; /* among the retired */
    struct source *sources;  /* the last valid version of each template and catalogue */
    uint32_t source_count;
    struct name_table templates, texts, assets, statics;
    const struct mustache **parsed; /* by number of `templates` */
    _Atomic uint32_t *size_hint;    /* bytes of the last rendering */
    const char **asset_urls;
    const struct blob **files; /* by number of `statics` (plain and hashed paths) */
    bool *immutable;
    size_t locale_count;
    const char *locale_names[SITE_LOCALES]; /* "en" is the first; owned by the site */
    const struct message **messages[SITE_LOCALES];
    struct mustache_env env[SITE_LOCALES];
};

struct reader {
    _Atomic(struct generation *) holds;
    atomic_bool taken;
    struct reader *next;
};

struct site {
    char *root;
    struct tree *tree;                    /* loads and publishes; holds the current generation */
    _Atomic(struct generation *) current; /* the one that it published last */
    atomic_uint edition; /* counts generations; goes up after each has become the current one */
    atomic_uint seen;    /* the edition at the last site_refresh */
    _Atomic(struct reader *) readers;
    pthread_key_t reader_key;
    pthread_mutex_t lock;                 /* the list behind `retired` */
    _Atomic(struct generation *) retired; /* released by the tree, may still be held by readers */
    /* used by the thread that loads */
    struct problem_log *problems; /* what the last load found */
    struct blob *blobs;
    struct locale *locales[SITE_LOCALES];
    size_t locale_count;
};

/* A log of problems, a line each. Adding never fails: what does not fit is dropped. Used by the
 * thread that loads. */
struct problem_log {
    size_t len;
    char text[256 * 1024];
};
void problem_add(struct problem_log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads everything. Problems are appended as lines. ERR_BUSY: no memory, or no descriptors;
 * ERR_LIMIT: too much; ERR_INVALID: without `old`, there are errors. With `old`, a file that is
 * broken now keeps the version that `old` has. */
enum err generation_load(struct site *s, const struct generation *old, struct problem_log *problems,
                         struct generation **out) MUST_USE;
void generation_free(struct generation *g);

struct site_file {
    const char *path; /* from the root */
    const char *name; /* from the folder that was listed: "fonts/a.woff2" */
};
/* RULE site-passing: what editors and dpkg put beside a file for a moment is not read: a server
 * that runs on during an upgrade sees the new files among the old ones under other names. */
bool site_is_temporary(const char *name);
/* Regular files below root/folder, sorted by name, at most two levels deep; no hidden or temporary
 * ones. Arena. */
size_t site_list(struct arena *a, const char *root, const char *folder, struct site_file **out);
/* NULL with errno when it cannot be read. Leaves through the guard when memory or descriptors are
 * short, since a later try may succeed. Arena. */
char *site_read(struct arena *a, const char *root, const char *path, size_t *len);

/* Fills g->statics and g->assets (site_static.c). */
void statics_load(struct site *s, struct generation *g, struct problem_log *problems);
void blobs_free(struct blob *b);

#endif
