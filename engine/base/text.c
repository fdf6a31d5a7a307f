/* UTF-8, numbers, ids and whole files. */
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/owner.h"
#include "base/path.h"

size_t utf8_length_at(const char *text, size_t len) {
    const unsigned char *s = (const unsigned char *)text;
    if (len == 0) return 0;
    if (s[0] < 0x80) return 1;
    size_t n;
    unsigned char lo = 0x80, hi = 0xBF;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) n = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        n = 3;
        if (s[0] == 0xE0) lo = 0xA0;
        if (s[0] == 0xED) hi = 0x9F;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        n = 4;
        if (s[0] == 0xF0) lo = 0x90;
        if (s[0] == 0xF4) hi = 0x8F;
    } else return 0;
    if (len < n || s[1] < lo || s[1] > hi) return 0;
    for (size_t i = 2; i < n; i++)
        if (s[i] < 0x80 || s[i] > 0xBF) return 0;
    return n;
}

/* Eight bytes that are ASCII and not NUL (Hacker's Delight, section 6-1: a zero byte borrows from
 * its top bit). */
static bool plain_ascii(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    const uint64_t tops = 0x8080808080808080u, ones = 0x0101010101010101u;
    return ((word | (word - ones)) & tops) == 0;
}

bool utf8_valid(const char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        if (len - i >= 8 && plain_ascii(text + i)) {
            i += 8;
            continue;
        }
        size_t n = utf8_length_at(text + i, len - i);
        if (n == 0 || text[i] == '\0') return false;
        i += n;
    }
    return true;
}

size_t utf8_count(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

bool str_eq(const char *a, const char *b) {
    if (!a || !b) return a == b;
    return strcmp(a, b) == 0;
}

bool str_has_prefix(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *text, const char *suffix) {
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

char *str_lower(struct arena *a, const char *text) {
    char *out = arena_dup(a, text);
    for (char *p = out; *p; p++) *p = ascii_lower(*p);
    return out;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *str_trim(struct arena *a, const char *text) {
    while (is_blank(*text)) text++;
    size_t n = strlen(text);
    while (n && is_blank(text[n - 1])) n--;
    return arena_copy(a, text, n);
}

bool parse_i64(const char *text, int64_t min, int64_t max, int64_t *out) {
    if (!text) return false;
    const char *p = text + (*text == '-');
    if (*p < '0' || *p > '9') return false;
    errno = 0;
    char *end;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || value < min || value > max) return false;
    *out = value;
    return true;
}

bool id_valid(const char *id) {
    if (!id || !*id || *id == '-') return false;
    size_t n = 0;
    for (; id[n]; n++) {
        char c = id[n];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') || n >= 64)
            return false;
    }
    return true;
}

char *slug_from(struct arena *a, const char *text) {
    char *out = arena_alloc(a, strlen(text) + 8);
    size_t n = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)ascii_lower(*text);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80 || c == '_')
            out[n++] = (char)c;
        else if ((c == ' ' || c == '-' || c == '\t' || c == '\n') && n && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n && out[n - 1] == '-') n--;
    out[n] = '\0';
    if (n == 0) memcpy(out, "section", 8);
    return out;
}

/* The descriptor of an ordinary file, or -1 with errno; a pipe in its place is not waited for. */
static int open_file(const char *path, struct stat *st) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), why = 0;
    if (fd < 0) return -1;
    if (fstat(fd, st) != 0) why = errno;
    else if (!S_ISREG(st->st_mode)) why = EISDIR;
    if (!why) return fd;
    close(fd);
    errno = why;
    return -1;
}

static void close_dir(void *dir) { closedir(dir); }

void dir_close_with(struct arena *a, DIR *dir) { arena_defer(a, close_dir, dir); }

DIR *dir_open(struct arena *a, const char *path) {
    DIR *dir = opendir(path);
    if (dir) dir_close_with(a, dir);
    else if (errno_is_shortage(errno)) arena_starve(a);
    return dir;
}

size_t file_start(const char *path, char *bytes, size_t room) {
    struct stat st;
    int fd = open_file(path, &st);
    if (fd < 0) return 0;
    ssize_t n;
    do n = read(fd, bytes, room);
    while (n < 0 && errno == EINTR);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

char *file_read(struct arena *a, const char *path, size_t max, size_t *len) {
    struct stat st;
    int fd = open_file(path, &st);
    if (fd < 0) return NULL;
    char *text = NULL;
    int why = 0;
    if (st.st_size < 0 || (uintmax_t)st.st_size > max) why = EFBIG;
    if (why) goto out;
    size_t size = (size_t)st.st_size, got = 0;
    /* Refused here, since leaving through the guard would leak the descriptor. */
    if (size > a->cap) {
        why = EFBIG;
        goto out;
    }
    char *heap = malloc(size + 1);
    if (!heap) {
        why = ENOMEM;
        goto out;
    }
    while (got < size) {
        ssize_t n = read(fd, heap + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n < 0) why = errno;
            break;
        }
        got += (size_t)n;
    }
    close(fd);
    fd = -1;
    if (why) {
        free(heap);
        goto out;
    }
    heap[got] = '\0';
    arena_defer(a, free, heap);
    text = heap;
    *len = got;
out:
    if (fd >= 0) close(fd);
    errno = why;
    return text;
}

bool write_whole(int fd, const void *bytes, size_t len) {
    const char *p = bytes;
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool file_write(const char *path, const void *bytes, size_t len, unsigned mode) {
    char temporary[4096];
    /* Makes the temporary name unique: two threads may write the same file, and a crash may have
     * left one. */
    uint64_t salt;
    if (getrandom(&salt, sizeof salt, 0) != sizeof salt) return false;
    int n = snprintf(temporary, sizeof temporary, "%s.%016" PRIx64 ".tmp", path, salt);
    if (n < 0 || (size_t)n >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = file_make(temporary, O_WRONLY, mode);
    if (fd < 0) return false;
    bool ok = write_whole(fd, bytes, len) && fsync(fd) == 0;
    int why = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        why = errno;
    }
    if (!ok) {
        unlink(temporary);
        errno = why;
        return false;
    }
    char folder[4096];
    int dir = path_folder_into(path, folder, sizeof folder)
                  ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                  : -1;
    if (dir >= 0) {
        (void)fsync(dir);
        close(dir);
    }
    return true;
}
