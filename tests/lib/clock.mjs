// Servers whose machine's clock is set by the test.
import { execFileSync } from "node:child_process";
import { openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { root, sanitizer, scratch } from "./server.mjs";

/** A sanitizer's library wants to be the first one that is loaded. */
export const clockOptions = sanitizer ? { skip: "no other library can be preloaded beside a sanitizer" } : {};

/** A machine with clocks of its own: `env` for its servers; `step(ms)` sets its wall clock, `sleep(ms)` suspends it. */
export function machine() {
    const folder = scratch("clock"), shim = join(folder, "shim.so"), file = join(folder, "clock");
    execFileSync("cc", ["-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", shim, join(root, "tests/lib/clock_shim.c"), "-ldl"]);
    writeFileSync(file, Buffer.alloc(16));
    const fd = openSync(file, "r+"), held = [0n, 0n];
    const write = () => writeSync(fd, Buffer.from(new BigInt64Array(held).buffer), 0, 16, 0);
    return {
        env: { LD_PRELOAD: shim, GRADUS_TEST_CLOCK: file },
        step(ms) { held[0] += BigInt(ms); write(); },
        sleep(ms) { held[1] += BigInt(ms); write(); },
        now: () => Date.now() + Number(held[0] + held[1]),
    };
}
