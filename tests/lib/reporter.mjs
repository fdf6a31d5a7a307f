// A node:test reporter for tests/run.mjs: one JSON line per test that has no tests inside it.

/** @param {AsyncIterable<{type: string, data: any}>} source */
export default async function* report(source) {
    let deepest = -1;
    for await (const { type, data } of source) {
        if (type === "test:pass" || type === "test:fail") {
            // Results come from the inside out: a result less deep than the one before is its parent.
            const isParent = deepest > data.nesting;
            deepest = data.nesting;
            const broken = type === "test:fail" && data.details?.error?.failureType !== "subtestsFailed";
            if ((isParent || data.details?.type === "suite") && !broken) continue;
            // A file that holds no tests is reported as one test by node; it is none, unless what stands around its tests failed.
            if (data.nesting === 0 && data.name === data.file && !broken) continue;
            const error = data.details?.error;
            const cause = error?.cause ?? error;
            yield JSON.stringify({
                name: data.name === data.file ? "before or after its tests" : data.name,
                ok: type === "test:pass",
                skip: data.skip === undefined ? undefined : String(data.skip === true ? "" : data.skip),
                ms: Math.round(data.details?.duration_ms ?? 0),
                why: broken ? String(cause?.stack ?? cause?.message ?? cause) : undefined,
            }) + "\n";
        } else if (type === "test:diagnostic" && data.nesting > 0) {
            yield JSON.stringify({ note: data.message }) + "\n";
        } else if (type === "test:stderr" || type === "test:stdout") {
            yield JSON.stringify({ note: data.message }) + "\n";
        }
    }
}
