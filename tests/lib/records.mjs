// Whoever can write the database: rows that are otherwise for a while.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { scratch } from "./server.mjs";

/** `sql` runs statements on the database `file`; `changed` runs `look` while rows are otherwise (`set` empty: gone), and
 *  puts them back; `free` takes away the triggers that keep facts as they are. */
export function writer(file) {
    const sql = (text) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", file, text], { encoding: "utf8" }).trim();
    const free = () => {
        for (const name of sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name NOT LIKE 'audit_%'").split("\n")) sql(`DROP TRIGGER "${name}"`);
    };
    /* In a file of its own: a database with a table that is none of Gradus is not opened. */
    const aside = join(scratch("aside"), "kept.db"), beside = (text) => sql(`ATTACH '${aside}' AS aside; ${text}`);
    let calls = 0;
    async function changed(table, where, set, look) {
        const kept = `aside.kept${++calls}`; // one may run within another
        beside(`CREATE TABLE ${kept} AS SELECT * FROM ${table} WHERE ${where}`);
        assert.notEqual(beside(`SELECT count(*) FROM ${kept}`), "0", `${table} ${where}`);
        const columns = sql(`SELECT group_concat('"' || name || '"') FROM pragma_table_info('${table}')`);
        const forget = `DELETE FROM ${table} WHERE ${where}`;
        sql(set ? `UPDATE ${table} SET ${set} WHERE ${where}` : forget);
        try {
            await look();
        } finally {
            beside(`${forget}; INSERT OR REPLACE INTO ${table} (${columns}) SELECT ${columns} FROM ${kept}; DROP TABLE ${kept}`);
        }
    }
    return { sql, changed, free };
}
