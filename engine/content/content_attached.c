/* Which files a module may show or offer, and what they must be. */
#include "content/content_attached.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "content/content_private.h"

#define START_BYTES 4096
#define MB ((int64_t)1024 * 1024)

/* ---- How files begin
 * ------------------------------------------------------------------------------ */

static bool at(const char *start, size_t n, size_t offset, const char *mark) {
    size_t len = strlen(mark);
    return n >= offset + len && memcmp(start + offset, mark, len) == 0;
}

static bool any(const char *start, size_t n) {
    (void)start;
    return n > 0;
}
static bool is_mp4(const char *start, size_t n) { return at(start, n, 4, "ftyp"); }
static bool is_webm(const char *start, size_t n) { return at(start, n, 0, "\x1a\x45\xdf\xa3"); }
static bool is_mp3(const char *start, size_t n) {
    return at(start, n, 0, "ID3") ||
           (n > 1 && (unsigned char)start[0] == 0xff && ((unsigned char)start[1] & 0xe0) == 0xe0);
}
static bool is_ogg(const char *start, size_t n) { return at(start, n, 0, "OggS"); }
static bool is_wav(const char *start, size_t n) {
    return at(start, n, 0, "RIFF") && at(start, n, 8, "WAVE");
}
static bool is_vtt(const char *start, size_t n) {
    size_t bom = at(start, n, 0, "\xEF\xBB\xBF") ? 3 : 0;
    return at(start, n, bom, "WEBVTT") && (n == bom + 6 || strchr(" \t\r\n", start[bom + 6]));
}
static bool is_pdf(const char *start, size_t n) { return at(start, n, 0, "%PDF-"); }
static bool is_zip(const char *start, size_t n) {
    return at(start, n, 0, "PK\x03\x04") || at(start, n, 0, "PK\x05\x06");
}
static bool is_text(const char *start, size_t n) { return n > 0 && !memchr(start, '\0', n); }

static const struct attached_kind kinds[] = {
    {".svg", "image/svg+xml", ATTACHED_PICTURE, "SVG", any},
    {".png", "image/png", ATTACHED_PICTURE, "PNG", any},
    {".jpg", "image/jpeg", ATTACHED_PICTURE, "JPG", any},
    {".webp", "image/webp", ATTACHED_PICTURE, "WebP", any},
    {".gif", "image/gif", ATTACHED_PICTURE, "GIF", any},
    {".mp4", "video/mp4", ATTACHED_VIDEO, "MP4", is_mp4},
    {".webm", "video/webm", ATTACHED_VIDEO, "WebM", is_webm},
    {".mp3", "audio/mpeg", ATTACHED_AUDIO, "MP3", is_mp3},
    {".m4a", "audio/mp4", ATTACHED_AUDIO, "M4A", is_mp4},
    {".ogg", "audio/ogg", ATTACHED_AUDIO, "Ogg", is_ogg},
    {".wav", "audio/wav", ATTACHED_AUDIO, "WAV", is_wav},
    {".vtt", "text/vtt; charset=utf-8", ATTACHED_CAPTIONS, "WebVTT", is_vtt},
    {".pdf", "application/pdf", ATTACHED_FILE, "PDF", is_pdf},
    {".csv", "text/csv; charset=utf-8", ATTACHED_FILE, "CSV", is_text},
    {".tsv", "text/tab-separated-values; charset=utf-8", ATTACHED_FILE, "TSV", is_text},
    {".txt", "text/plain; charset=utf-8", ATTACHED_FILE, "TXT", is_text},
    {".md", "text/markdown; charset=utf-8", ATTACHED_FILE, "Markdown", is_text},
    {".json", "application/json", ATTACHED_FILE, "JSON", is_text},
    {".xml", "application/xml", ATTACHED_FILE, "XML", is_text},
    {".ics", "text/calendar; charset=utf-8", ATTACHED_FILE, "ICS", is_text},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ATTACHED_FILE,
     "XLSX", is_zip},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     ATTACHED_FILE, "DOCX", is_zip},
    {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
     ATTACHED_FILE, "PPTX", is_zip},
    {".ods", "application/vnd.oasis.opendocument.spreadsheet", ATTACHED_FILE, "ODS", is_zip},
    {".odt", "application/vnd.oasis.opendocument.text", ATTACHED_FILE, "ODT", is_zip},
    {".odp", "application/vnd.oasis.opendocument.presentation", ATTACHED_FILE, "ODP", is_zip},
    {".zip", "application/zip", ATTACHED_FILE, "ZIP", is_zip},
};

/* RULE attached-size: how large a file may be, by its use: a picture 4 MB, a clip 2 GB, captions 2
 * MB, any other 256 MB. */
int64_t attached_max_mb(enum attached_use use) {
    switch (use) {
    case ATTACHED_PICTURE: return 4;
    case ATTACHED_VIDEO:
    case ATTACHED_AUDIO: return 2048;
    case ATTACHED_CAPTIONS: return 2;
    case ATTACHED_FILE: break;
    }
    return 256;
}

const struct attached_kind *attached_kind(const char *name) {
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_has_suffix(name, kinds[i].suffix) && strlen(name) > strlen(kinds[i].suffix))
            return &kinds[i];
    return NULL;
}

bool attached_is_clip(const char *url) {
    const struct attached_kind *kind = attached_kind(url);
    return kind && (kind->use == ATTACHED_VIDEO || kind->use == ATTACHED_AUDIO);
}

const char *attached_endings(struct arena *a, enum attached_use use) {
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].use == use) buf_printf(&b, "%s%s", b.len ? ", " : "", kinds[i].suffix + 1);
    return buf_text(&b);
}

/* ---- Opening
 * ------------------------------------------------------------------------------------------ */

static bool name_safe(const char *name) {
    if (!*name || *name == '.' || strlen(name) > 200 || !utf8_valid(name, strlen(name)))
        return false;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '/' || *p == '\\') return false;
    return true;
}

/* Symbolic links are not followed, neither of the folder nor of the file: what lies outside of the
 * content must not be served. */
static int open_in(const char *folder, const char *in, const char *name) {
    int parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int dir = parent < 0 ? -1 : openat(parent, in, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = errno;
    if (dir >= 0) close(dir);
    if (parent >= 0) close(parent);
    errno = error;
    return fd;
}

/* The poster of a video is a picture that lies beside it. */
static int open_named(const char *folder, const struct attached_kind *kind, const char *name) {
    int fd = kind->use == ATTACHED_PICTURE ? open_in(folder, "img", name) : -1;
    if (fd < 0 && (kind->use != ATTACHED_PICTURE || errno == ENOENT))
        fd = open_in(folder, "files", name);
    return fd;
}

static const char *problem_of(struct arena *a, const struct attached *f, const struct stat *st) {
    char start[START_BYTES];
    int64_t most = attached_max_mb(f->kind->use);
    if (!S_ISREG(st->st_mode)) return "is no file";
    if (st->st_size > most * MB) return arena_printf(a, "is larger than %lld MiB", (long long)most);
    ssize_t n = pread(f->fd, start, sizeof start, 0);
    if (n < 0) return "cannot be read";
    if (n == 0) return "is empty";
    if (f->kind->is(start, (size_t)n)) return NULL;
    return f->kind->is == is_text
               ? "is no text, whatever its ending says"
               : arena_printf(a, "is no %s file, whatever its ending says", f->kind->label);
}

bool attached_open(struct arena *a, const char *folder, const char *name, struct attached *out,
                   const char **why) {
    struct stat st;
    *out = (struct attached){.kind = attached_kind(name), .fd = -1};
    *why = "does not exist";
    if (!name_safe(name) || !out->kind) return false;
    out->fd = open_named(folder, out->kind, name);
    if (out->fd < 0) {
        if (errno == ELOOP || errno == ENOTDIR)
            *why = "is reached by a symbolic link: put the file itself there";
        else if (errno != ENOENT) *why = "cannot be opened";
        return false;
    }
    *why = fstat(out->fd, &st) != 0 ? "cannot be read" : problem_of(a, out, &st);
    if (*why) {
        close(out->fd);
        out->fd = -1;
        return false;
    }
    out->size = st.st_size;
    out->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    out->inode = st.st_ino;
    return true;
}

bool attached_check(struct arena *a, const char *folder, const char *name, struct attached *out,
                    const char **why) {
    if (!attached_open(a, folder, name, out, why)) return false;
    close(out->fd);
    out->fd = -1;
    return true;
}

/* ---- Names
 * ---------------------------------------------------------------------------------------------- */

const char *attached_name(struct arena *a, const char *url, const char *in) {
    if (str_has_prefix(url, "./")) url += 2;
    if (!str_has_prefix(url, in)) return NULL;
    char *name = arena_dup(a, url + strlen(in)), *to = name;
    for (const char *p = name; *p && *p != '#' && *p != '?'; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;
        *to++ = low >= 0 ? (char)(high * 16 + low) : *p;
        if (low >= 0) p += 2;
    }
    size_t len = (size_t)(to - name);
    *to = '\0';
    return strlen(name) == len && name_safe(name) ? name : NULL;
}

/* ---- Beside a clip
 * ---------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct attached_captions *)a)->name,
                  ((const struct attached_captions *)b)->name);
}

/* `rest` is what a name has behind that of the clip: "vtt", "ar.vtt", "transcript.md", "jpg". */
static void add_beside(struct arena *a, struct attached_beside *out, const char *name,
                       const char *rest) {
    const struct attached_kind *kind = attached_kind(name);
    if (str_eq(rest, "transcript.md")) out->transcript = arena_dup(a, name);
    else if (kind && kind->use == ATTACHED_CAPTIONS) {
        size_t lang = strlen(rest) - strlen("vtt");
        if (lang > 12) return; /* no language has so long a name */
        out->captions = list_more(a, out->captions, out->caption_count, sizeof *out->captions);
        out->captions[out->caption_count++] = (struct attached_captions){
            arena_dup(a, name), lang ? arena_copy(a, rest, lang - 1) : NULL};
    } else if (kind && kind->use == ATTACHED_PICTURE && str_eq(rest, kind->suffix + 1) &&
               (!out->poster || strcmp(name, out->poster) < 0))
        out->poster = arena_dup(a, name);
}

void attached_beside(struct arena *a, const char *folder, const char *clip,
                     struct attached_beside *out) {
    const char *dot = strrchr(clip, '.');
    size_t stem = dot ? (size_t)(dot - clip) + 1 : 0;
    *out = (struct attached_beside){0};
    struct open_folder *dir = folder_open(a, arena_printf(a, "%s/files", folder));
    if (!dir) return;
    for (struct dirent *e; (e = folder_next(dir));)
        if (stem && strncmp(e->d_name, clip, stem) == 0 && name_safe(e->d_name))
            add_beside(a, out, e->d_name, e->d_name + stem);
    folder_close(dir);
    if (out->caption_count)
        qsort(out->captions, out->caption_count, sizeof *out->captions, by_name);
}
