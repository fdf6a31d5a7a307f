/* The parts of paths. */
#include "base/path.h"

#include <string.h>
#include <sys/stat.h>

/* The folder as it stands in the path, without the '/' behind it. */
static const char *folder_part(const char *path, size_t *len) {
    const char *slash = strrchr(path, '/');
    *len = slash && slash != path ? (size_t)(slash - path) : 1;
    return slash ? path : ".";
}

const char *path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_folder(struct arena *a, const char *path) {
    size_t len;
    const char *part = folder_part(path, &len);
    return arena_copy(a, part, len);
}

bool path_folder_into(const char *path, char *out, size_t room) {
    size_t len;
    const char *part = folder_part(path, &len);
    if (len >= room) return false;
    memcpy(out, part, len);
    out[len] = '\0';
    return true;
}

bool path_exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}
