/* The frame of requests: whatever the bytes and however they are cut into pieces, the verdict is
 * the same, what is fine is a prefix, and nothing behind a fault is read. The first byte says how
 * they are cut. */
#include "fuzz/fuzz.h"

#include "http/framing.h"

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    (void)a;
    if (size < 2) return;
    size_t step = (unsigned char)data[0] % 31 + 1, fine = 0, at = 0;
    const char *bytes = data + 1;
    struct framing whole = {0}, pieces = {0};
    size_t whole_fine = framing_read(&whole, bytes, --size);
    BUG_IF(whole_fine > size || (!whole.fault && whole_fine != size));
    while (at < size && !pieces.fault) {
        size_t n = step < size - at ? step : size - at, good = framing_read(&pieces, bytes + at, n);
        BUG_IF(good > n);
        if (!pieces.fault || good) fine = at + good;
        at += n;
    }
    BUG_IF(pieces.fault != whole.fault || pieces.received != whole.received);
    BUG_IF(!whole.fault && (framing_phase(&whole) != framing_phase(&pieces) ||
                            whole.left != pieces.left || whole.body != pieces.body));
    /* In pieces more may have gone to the library: the beginning of the broken request, never its
     * fault. */
    BUG_IF(fine < whole_fine || fine > whole.received);
    BUG_IF(whole.fault && framing_read(&whole, bytes, size) != 0);
}
