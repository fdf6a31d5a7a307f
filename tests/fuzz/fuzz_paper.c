/* A PDF that somebody gives to be checked: what is found in it is text that could be a credential.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "cert/cert_paper.h"

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    const char *why = NULL;
    const char *text = cert_pdf_credential(a, (const unsigned char *)data, size, &why);
    BUG_IF(!text && !why);
    if (!text) return;
    BUG_IF(text[0] != '{');
    BUG_IF(strlen(text) > (size_t)1 << 20);
    BUG_IF(!utf8_valid(text, strlen(text)));
}
