// One way to wait for what another process does: as long as a busy machine needs, and not a moment longer.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Asks `fn` again and again until what it gives is true; gives that. Fails after a minute, naming `what`. */
export async function until(what, fn) {
    for (const end = performance.now() + 60_000; performance.now() < end; await sleep(50)) {
        const given = await fn();
        if (given) return given;
    }
    assert.fail(`never: ${what}`);
}
