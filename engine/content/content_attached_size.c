/* The width and height of a video, from its first boxes. The number of reads is limited, whatever
 * lengths the file claims. */
#include <string.h>
#include <unistd.h>

#include "content/content_attached.h"

/* boxes that are looked at: real files have a dozen before what is looked for */
#define STEPS 2000

struct look {
    int fd;
    int64_t size;
    int steps;
    int width, height;
};

static bool read_at(struct look *k, int64_t at, void *out, size_t len) {
    return at >= 0 && at + (int64_t)len <= k->size && ++k->steps < STEPS &&
           pread(k->fd, out, len, at) == (ssize_t)len;
}

static uint64_t number(const unsigned char *p, size_t len) {
    uint64_t n = 0;
    while (len--) n = n << 8 | *p++;
    return n;
}

static bool usable(int width, int height) {
    return width > 0 && height > 0 && width <= 16384 && height <= 16384;
}

/* ---- MP4
 * ----------------------------------------------------------------------------------------- */

/* Takes the size of the first track that has one; its matrix tells when it is rotated. */
static void read_track(struct look *k, int64_t at, int64_t len) {
    unsigned char b[96];
    int64_t times = 20;
    if (!read_at(k, at, b, 1)) return;
    if (b[0] == 1) times = 32;
    if (len < 4 + times + 16 + 36 + 8 || !read_at(k, at + 4 + times + 16, b, 44)) return;
    int width = (int)(number(b + 36, 4) >> 16), height = (int)(number(b + 40, 4) >> 16);
    bool turned = number(b, 4) == 0 && number(b + 16, 4) == 0;
    if (k->width || !usable(width, height)) return;
    k->width = turned ? height : width;
    k->height = turned ? width : height;
}

static void read_boxes(struct look *k, int64_t at, int64_t end, int depth) {
    unsigned char b[16];
    while (!k->width && at + 8 <= end && read_at(k, at, b, 8)) {
        int64_t len = (int64_t)number(b, 4), head = 8;
        if (len == 1 && read_at(k, at + 8, b + 8, 8)) {
            len = (int64_t)(number(b + 8, 8) & INT64_MAX);
            head = 16;
        } else if (len == 0) len = end - at;
        if (len < head || len > end - at) return;
        bool inner = memcmp(b + 4, "moov", 4) == 0 || memcmp(b + 4, "trak", 4) == 0;
        if (inner && depth < 2) read_boxes(k, at + head, at + len, depth + 1);
        else if (memcmp(b + 4, "tkhd", 4) == 0) read_track(k, at + head, len - head);
        at += len;
    }
}

/* ---- WebM
 * ---------------------------------------------------------------------------------------- */

enum {
    EBML_SEGMENT = 0x18538067,
    EBML_TRACKS = 0x1654ae6b,
    EBML_TRACK = 0xae,
    EBML_VIDEO = 0xe0,
    EBML_WIDTH = 0xb0,
    EBML_HEIGHT = 0xba,
    EBML_CLUSTER = 0x1f43b675
};

/* Reads a number whose first bits say how long it is; with `keep` these bits are part of it. Gives
 * its length, 0 when there is none. */
static size_t read_vint(struct look *k, int64_t at, bool keep, uint64_t *out) {
    unsigned char b[8];
    size_t len = 1;
    if (!read_at(k, at, b, 1) || !b[0]) return 0;
    while (!(b[0] & (0x80 >> (len - 1)))) len++;
    if (len > 1 && !read_at(k, at + 1, b + 1, len - 1)) return 0;
    if (!keep) b[0] &= (unsigned char)(0xff >> len);
    *out = number(b, len);
    if (!keep && *out == (UINT64_C(1) << (7 * len)) - 1) *out = INT64_MAX; /* unknown: to the end */
    return len;
}

static void read_elements(struct look *k, int64_t at) {
    unsigned char b[8];
    while (!(k->width && k->height)) {
        uint64_t id, len;
        size_t n = read_vint(k, at, true, &id),
               m = n ? read_vint(k, at + (int64_t)n, false, &len) : 0;
        if (!m || id == EBML_CLUSTER) return;
        at += (int64_t)(n + m);
        if (at > k->size) return;
        if (id == EBML_SEGMENT || id == EBML_TRACKS || id == EBML_TRACK || id == EBML_VIDEO)
            continue; /* what is in it comes next */
        if (len > (uint64_t)(k->size - at)) return;
        if ((id == EBML_WIDTH || id == EBML_HEIGHT) && len >= 1 && len <= 4 &&
            read_at(k, at, b, (size_t)len)) {
            if (id == EBML_WIDTH) k->width = (int)number(b, (size_t)len);
            else k->height = (int)number(b, (size_t)len);
        }
        at += (int64_t)len;
    }
}

bool attached_video_size(int fd, int64_t size, const struct attached_kind *kind, int *width,
                         int *height) {
    struct look k = {.fd = fd, .size = size};
    if (strcmp(kind->suffix, ".mp4") == 0) read_boxes(&k, 0, size, 0);
    else read_elements(&k, 0);
    *width = k.width;
    *height = k.height;
    return usable(k.width, k.height);
}
