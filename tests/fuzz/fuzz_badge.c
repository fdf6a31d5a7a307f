/* A picture that somebody gives to be checked: what is found in it is text, and was in it. */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "cert/cert_paper.h"

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    const char *why = NULL;
    const char *text = cert_png_credential(a, (const unsigned char *)data, size, &why);
    BUG_IF(!text && !why);
    if (!text) return;
    BUG_IF(strlen(text) > size);
    BUG_IF(!utf8_valid(text, strlen(text)));
    BUG_IF(!memmem(data, size, text, strlen(text)));
}
