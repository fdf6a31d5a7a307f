/* Packs: many files as one run of bytes with a version. */
#include "labmodel/lab_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"

static const char magic[] = "GRLAB1\n";

const struct lab_file *lab_file_find(const struct lab_files *files, const char *name) {
    for (int i = 0; i < files->count; i++)
        if (str_eq(files->file[i].name, name)) return &files->file[i];
    return NULL;
}

static int by_name(const void *x, const void *y) {
    const struct lab_file *const *a = x, *const *b = y;
    return strcmp((*a)->name, (*b)->name);
}

void lab_pack_write(const struct lab_files *files, struct buf *out) {
    const struct lab_file *sorted[LAB_FILES_MAX];
    for (int i = 0; i < files->count; i++) sorted[i] = &files->file[i];
    qsort(sorted, (size_t)files->count, sizeof sorted[0], by_name);
    buf_puts(out, magic);
    for (int i = 0; i < files->count; i++) {
        buf_printf(out, "%zu %zu\n", strlen(sorted[i]->name), sorted[i]->len);
        buf_puts(out, sorted[i]->name);
        buf_add(out, sorted[i]->text, sorted[i]->len);
    }
}

static bool number(const char **p, const char *end, char stop, size_t *out) {
    size_t value = 0;
    const char *start = *p;
    for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
        value = value * 10 + (size_t)(**p - '0');
        if (value > LAB_PACK_MAX) return false;
    }
    if (*p == start || *p >= end || **p != stop) return false;
    (*p)++;
    *out = value;
    return true;
}

bool lab_pack_read(const char *bytes, size_t len, struct arena *a, struct lab_files *out) {
    const char *p = bytes, *end = bytes + len;
    memset(out, 0, sizeof *out);
    if (len < sizeof magic - 1 || memcmp(bytes, magic, sizeof magic - 1) != 0) return false;
    p += sizeof magic - 1;
    while (p < end) {
        size_t name_len, text_len;
        if (out->count == LAB_FILES_MAX || !number(&p, end, ' ', &name_len) ||
            !number(&p, end, '\n', &text_len))
            return false;
        if (name_len > (size_t)(end - p) || text_len > (size_t)(end - p) - name_len) return false;
        out->file[out->count++] = (struct lab_file){
            arena_copy(a, p, name_len), arena_copy(a, p + name_len, text_len), text_len};
        p += name_len + text_len;
    }
    return out->count > 0;
}

const char *lab_pack_version(struct arena *a, const char *bytes, size_t len) {
    char *hex = sha256_hex(a, bytes, len);
    hex[16] = '\0';
    return hex;
}
