// A learner who works through a lab's screens: plays a solution file as forms of the run's page, with the warehouse's
// SQL console for what has to be looked up.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./server.mjs";

/** The solution as a tree of plain objects: {tag, attributes, text, children}. */
async function readSolution(page, lab, name) {
    const xml = readFileSync(join(root, "labs/scenarios", lab, "solutions", `${name}.xml`), "utf8");
    return page.evaluate((text) => {
        const plain = (node) => ({
            tag: node.localName,
            attributes: Object.fromEntries([...node.attributes].map(({ name: key, value }) => [key, value])),
            text: node.textContent,
            children: [...node.children].map(plain),
        });
        return plain(new DOMParser().parseFromString(text, "application/xml").documentElement);
    }, xml);
}

/** Starts a run of `lab` by its form and plays a solution; gives the run's path. */
export async function solveLab(page, server, lab, name = "reference") {
    await page.goto(`/labs/${lab}`);
    assert.match(await page.locator("main").innerText(), /Your tasks/, "the lobby shows the brief");
    await Promise.all([page.waitForURL(/\/runs\//), page.locator('form[action$="/runs"] button').click()]);
    assert.match(await page.locator(".lab-brief").innerText(), /Your tasks/, "the run shows the brief");
    const run = new URL(page.url()).pathname;
    const post = async (path, form) => {
        const csrf = await page.locator('meta[name="csrf"]').getAttribute("content");
        const answer = await page.request.post(`${server.origin}${run}${path}`, { form: { csrf, ...form } });
        assert.ok(answer.ok(), `${path} ${JSON.stringify(form)}: ${answer.status()}\n${(await answer.text()).slice(0, 3000)}`);
        return answer;
    };
    /** Rows of the console's table as objects by column. */
    const query = async (sql) => {
        const html = await (await post("/sql", { sql })).text();
        return page.evaluate((text) => {
            const table = new DOMParser().parseFromString(text, "text/html").querySelector("[data-sql-result] table, table[data-sql-result]");
            if (!table) return [];
            const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
            return [...table.querySelectorAll("tbody tr")].map((row) => Object.fromEntries([...row.children].map((cell, i) => [names[i], cell.textContent.trim()])));
        }, html);
    };
    const filled = (text, row) => text.replace(/\{(\w+)\}/g, (_, key) => row[key] ?? assert.fail(`no column ${key}`));
    const play = async (node, row = {}) => {
        if (node.tag === "advance") return post("/clock", { minutes: String(60 * Number(node.attributes.hours ?? 0) + Number(node.attributes.minutes ?? 0)) });
        if (node.tag === "each") {
            const rows = await query(node.attributes.sql);
            assert.ok(rows.length, `nothing to work on: ${node.attributes.sql}`);
            for (const found of rows) for (const child of node.children) await play(child, found);
            return undefined;
        }
        if (node.tag !== "call") {
            for (const child of node.children) await play(child, row);
            return undefined;
        }
        const [connector, object] = node.attributes.object.split(".");
        const form = { tab: connector, object, operation: node.attributes.operation };
        if (node.attributes.id) form.record = filled(node.attributes.id, row);
        for (const { attributes, text } of node.children) form[node.attributes.operation === "merge" ? attributes.field : `f_${attributes.field}`] = filled(text, row);
        const answer = await post("/calls", form);
        assert.doesNotMatch(answer.url(), /notice=refused/, `refused: ${JSON.stringify(form)}`);
        return undefined;
    };
    await play(await readSolution(page, lab, name));
    await page.goto(`${run}?tab=check`);
    /* The address is the same before and after: what is waited for is the answer. */
    const checked = page.waitForResponse((answer) => answer.request().method() === "POST" && new URL(answer.url()).pathname.endsWith("/check"));
    await page.locator('form[action$="/check"] button').click();
    await checked;
    await page.waitForLoadState();
    return run;
}

const children = (pid) => readdirSync(`/proc/${pid}/task`).flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number));

/** Pids of what a server (its pid) forks the workers of labs from. */
export function zygotesOf(pid) {
    return children(pid).filter((child) => readFileSync(`/proc/${child}/comm`, "utf8").trim() === "gradus-labs");
}

/** Pids of what its zygotes have made: the templates, which fork workers. */
export const templatesOf = (pid) => zygotesOf(pid).flatMap(children);

/** Pids of the workers of a server. */
export const workersOf = (pid) => templatesOf(pid).flatMap(children);
