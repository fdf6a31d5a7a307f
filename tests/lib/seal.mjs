// Seals of rows as the program makes them (RULE row-seal), for tests that need a row otherwise and still believed.
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What of each table a seal is of, in its order. */
export const facts = {
    content_completion: ["person_id", "module_id", "version", "at_ms"],
    exam_open: ["attempt_id", "saves"],
    exam_response: ["attempt_id", "slot", "seq", "n", "client", "response", "saved_ms", "ordinal"],
    lab_run: ["id", "person_id", "scenario_id", "version", "choice", "seed", "started_ms", "sealed_seq", "sealed_hash"],
    lab_action: ["run_id", "seq", "hash"],
    session: ["id", "person_id", "csrf", "created_ms", "expires_ms", "awaits_code"],
};

const frame = (value) => value === null ? "-," : `${Buffer.byteLength(String(value))}:${value},`;

/** The seal of a row with these facts. */
export const sealOf = (data, table, values) =>
    createHmac("sha256", readFileSync(join(data, "seal.key")).subarray(0, 32)).update(["gradus-row/1", table, ...values].map(frame).join("")).digest("hex");

/** Seals the rows of `table` as they stand now. */
export function reseal(data, table, where = "true") {
    const sqlite = (text, ...more) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", ...more, join(data, "gradus.db"), text], { encoding: "utf8" });
    for (const row of JSON.parse(sqlite(`SELECT * FROM ${table} WHERE ${where}`, "-json") || "[]")) {
        const same = facts[table].map((name) => row[name] === null ? `${name} IS NULL` : `${name} = ${typeof row[name] === "number" ? row[name] : `'${row[name].replaceAll("'", "''")}'`}`);
        sqlite(`UPDATE ${table} SET seal = '${sealOf(data, table, facts[table].map((name) => row[name]))}' WHERE ${same.join(" AND ")}`);
    }
}
