/* Characters in names. */
#include "base/name.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"

struct range {
    uint32_t first, last;
};

static bool within(const struct range *ranges, size_t count, uint32_t c) {
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last) return true;
    return false;
}

static bool is_direction_mark(uint32_t c) {
    static const struct range marks[] = {
        {0x61C, 0x61C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}};
    return within(marks, COUNT_OF(marks), c);
}

/* Controls, invisible joiners, line and paragraph separators, annotations and tags. Marks of
 * direction are here too, since not every name has passed name_clean. */
static bool is_hidden(uint32_t c) {
    static const struct range hidden[] = {
        {0x01, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x180E, 0x180E}, {0x200B, 0x200B},
        {0x2028, 0x2029}, {0x2060, 0x2065}, {0x206A, 0x206F}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};
    return within(hidden, COUNT_OF(hidden), c) || is_direction_mark(c);
}

/* RULE name-noncharacter: U+FDD0 to U+FDEF, and the last two of each of the 17 planes. */
static bool is_noncharacter(uint32_t c) {
    return (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

/* The character of the well-formed sequence of `n` bytes. */
static uint32_t decode(const char *text, size_t n) {
    const unsigned char *s = (const unsigned char *)text;
    static const unsigned char first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t c = s[0] & first[n];
    for (size_t i = 1; i < n; i++) c = c << 6 | (s[i] & 0x3Fu);
    return c;
}

/* A lone surrogate, which well-formed UTF-8 does not have but some programs write; 0 when there is
 * none. */
static uint32_t lone_surrogate(const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] != 0xED || s[1] < 0xA0 || s[1] > 0xBF || s[2] < 0x80 || s[2] > 0xBF) return 0;
    return decode(text, 3);
}

char *name_clean(struct arena *a, const char *text) {
    size_t len = strlen(text), kept = 0;
    char *out = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length_at(text + i, len - i);
        if (n == 0) out[kept++] = text[i++]; /* for name_bad_character to name */
        else {
            if (!is_direction_mark(decode(text + i, n))) {
                memcpy(out + kept, text + i, n);
                kept += n;
            }
            i += n;
        }
    }
    return str_trim(a, out);
}

uint32_t name_bad_character(const char *text) {
    for (size_t len = strlen(text), i = 0; i < len;) {
        size_t n = utf8_length_at(text + i, len - i);
        if (n == 0) {
            uint32_t half = lone_surrogate(text + i);
            return half ? half : NAME_BROKEN_BYTE | (unsigned char)text[i];
        }
        uint32_t c = decode(text + i, n);
        if (is_hidden(c) || is_noncharacter(c)) return c;
        i += n;
    }
    return 0;
}

/* White space (the property White_Space), characters that may be ignored when shown
 * (Default_Ignorable_Code_Point, as far as is_hidden lets them pass), and letters and patterns
 * whose glyph is empty. */
static bool is_blank(uint32_t c) {
    static const struct range blank[] = {
        {0x20, 0x20},     {0xA0, 0xA0},       {0x34F, 0x34F},    {0x115F, 0x1160}, {0x1680, 0x1680},
        {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x2000, 0x200D},  {0x202F, 0x202F}, {0x205F, 0x205F},
        {0x2800, 0x2800}, {0x3000, 0x3000},   {0x3164, 0x3164},  {0xFE00, 0xFE0F}, {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}};
    return within(blank, COUNT_OF(blank), c);
}

bool name_is_visible(const char *text) {
    for (size_t len = strlen(text), i = 0; i < len;) {
        size_t n = utf8_length_at(text + i, len - i);
        if (n == 0) return true; /* for name_bad_character to name */
        uint32_t c = decode(text + i, n);
        if (!is_blank(c)) return true;
        i += n;
    }
    return false;
}

char *name_of_character(struct arena *a, uint32_t character) {
    if (character & NAME_BROKEN_BYTE) return arena_printf(a, "byte %02X", character & 0xFF);
    return arena_printf(a, "U+%04X", character);
}
