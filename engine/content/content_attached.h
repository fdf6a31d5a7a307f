/* Private to content/: files that a module shows or offers. Pictures lie in the folder img beside
 * it, videos, sounds and files to be saved in the folder files. What may be served is decided here,
 * for the check, the page and the server alike. */
#ifndef GR_CONTENT_CONTENT_ATTACHED_H
#define GR_CONTENT_CONTENT_ATTACHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum attached_use {
    ATTACHED_PICTURE,
    ATTACHED_VIDEO,
    ATTACHED_AUDIO,
    ATTACHED_CAPTIONS,
    ATTACHED_FILE
};
struct attached_kind {
    const char *suffix, *type;
    enum attached_use use;
    const char *label;                       /* "PDF": for people */
    bool (*is)(const char *start, size_t n); /* whether a file begins as this kind does */
};
/* The kind by the ending of a name; NULL when such files are neither shown nor offered. */
const struct attached_kind *attached_kind(const char *name);
bool attached_is_clip(const char *url);
/* The largest size of a file of this use, in MiB (RULE attached-size). */
int64_t attached_max_mb(enum attached_use use);
/* The endings of one use, for a sentence: "pdf, csv, …". Arena. */
const char *attached_endings(struct arena *a, enum attached_use use);

struct attached {
    const struct attached_kind *kind;
    int fd; /* the caller's */
    int64_t size, mtime_ns;
    uint64_t inode;
};
/* Opens the file of this name in the subfolder img or files of `folder` (a path). It must be a
 * regular file, not reached by a symbolic link, within the limit, and begin as its ending says.
 * Else false, with the rest of a sentence about the file in `*why` ("is empty"), and nothing is
 * open. */
bool attached_open(struct arena *a, const char *folder, const char *name, struct attached *out,
                   const char **why);
/* Checks the same, and closes the file again. */
bool attached_check(struct arena *a, const char *folder, const char *name, struct attached *out,
                    const char **why);
/* What an author's address names: "files/a b.pdf" and "files/a%20b.pdf" are the file "a b.pdf".
 * NULL when it names nothing in the folder `in` ("files/", "img/"). Arena. */
const char *attached_name(struct arena *a, const char *url, const char *in);

/* Width and height of the pictures of a video (ISO/IEC 14496-12, 8.3.2; RFC 9559, 5.1.4.1.28);
 * false when they are not found. */
bool attached_video_size(int fd, int64_t size, const struct attached_kind *kind, int *width,
                         int *height);

/* What lies beside a clip: captions ("clip.vtt", "clip.ar.vtt"), "clip.transcript.md", a picture
 * that is shown before it plays. */
struct attached_captions {
    const char *name, *lang; /* lang: NULL = that of the module */
};
struct attached_beside {
    struct attached_captions *captions; /* by name */
    size_t caption_count;
    const char *transcript, *poster; /* names; NULL = none */
};
void attached_beside(struct arena *a, const char *folder, const char *clip,
                     struct attached_beside *out);

#endif
