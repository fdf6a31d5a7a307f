/* How many options the stem of a question says to choose. Pure. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "doc/doc.h"

int doc_choose_count(const char *stem) {
    static const char *const words[] = {"one",  "two", "three", "four",
                                        "five", "six", "seven", "eight"};
    int found = 0;
    for (const char *p = stem; *p; p++) {
        if (strncasecmp(p, "choose ", 7) != 0 || (p > stem && isalpha((unsigned char)p[-1])))
            continue;
        for (size_t i = 0; i < COUNT_OF(words); i++) {
            size_t n = strlen(words[i]);
            if (strncasecmp(p + 7, words[i], n) == 0 && !isalpha((unsigned char)p[7 + n]))
                found = (int)i + 1;
        }
        if (isdigit((unsigned char)p[7]) && !isdigit((unsigned char)p[8])) found = p[7] - '0';
    }
    return found;
}
