// An Arabic text inside an English page, in a real browser: it runs the other way and nothing else does; the choice of the
// language is reached by the keyboard, kept, and usable at every width.
import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, screenshot, tabOrder, widths } from "../lib/browser.mjs";
import { addPerson, command, makeAcademy, root, scratch, startServer } from "../lib/server.mjs";

const academy = scratch("root");
for (const part of ["content", "exams", "labs", "site/templates", "site/locale", "site/static"]) cpSync(join(root, part), join(academy, part), { recursive: true });
const front = (title, summary, objective, more) => `---
id: weather
title: ${title}
summary: ${summary}
programme: mops
level: associate
domain: data
minutes: 3
objectives:
  - {id: weather-know, text: ${objective}}
${more}---
`;
const file = (name) => join(academy, "content/mops/modules", `${name}.md`);
const english = `${front("Reading a record", "You can read a record.", "Read a record", "lang: en\n")}## What a record is

A record holds facts about one thing. Each fact has a field.

> [!TIP] Ask first
> Who wrote this fact, and when?

| Field | Value |
|---|---|
| name | Amira |

\`\`\`sql
SELECT name FROM contact;
\`\`\`

<details><summary>More</summary>

A record may be old.

</details>

## Ask yourself

What is one fact of a record called?

- [x] A field
  > Right.
- [ ] A table
  > A table holds many records.
`;
writeFileSync(file("weather"), english);
writeFileSync(file("weather.ar"), "---\nid: weather\n---\n");
writeFileSync(file("weather.th"), `${front("x", "x", "x", "translates: 0123456789abcdef\n")}## x\n`);
const [, version] = /now at version ([0-9a-f]{16})/.exec(command(["check", file("weather.th")]).out);
writeFileSync(file("weather.ar"), `${front("قراءة سجل", "تستطيع أن تقرأ سجلاً في نظام مثل CRM.", "قراءة سجل", `translates: ${version}\n`)}## ما هو السجل

يحفظ السجل (record) حقائق عن شيء واحد، ولكل حقيقة حقل مثل \`name\` أو \`email\`.

> [!TIP] اسأل أولاً
> من كتب هذه الحقيقة، ومتى؟

| الحقل | القيمة |
|---|---|
| الاسم | أميرة |

\`\`\`sql
SELECT name FROM contact;
\`\`\`

<details><summary>المزيد</summary>

قد يكون السجل قديماً.

</details>

## اسأل نفسك

ماذا تسمى حقيقة واحدة في سجل؟

- [x] حقل
  > صحيح.
- [ ] جدول
  > يحفظ الجدول سجلات كثيرة.
`);
writeFileSync(file("weather.th"), `${front("การอ่านระเบียน", "คุณอ่านระเบียนได้", "อ่านระเบียน", "translates: 0123456789abcdef\n")}## ระเบียนคืออะไร

ระเบียนเก็บข้อเท็จจริงเกี่ยวกับสิ่งหนึ่งสิ่ง ข้อเท็จจริงแต่ละข้อมีเขตข้อมูลของตัวเองและมีผู้ที่เขียนข้อเท็จจริงนั้นไว้ในระบบ

> [!TIP] ถามก่อน
> ใครเขียนข้อเท็จจริงนี้ และเมื่อไร

| เขตข้อมูล | ค่า |
|---|---|
| ชื่อ | อมิรา |

\`\`\`sql
SELECT name FROM contact;
\`\`\`

<details><summary>เพิ่มเติม</summary>

ระเบียนอาจเก่า

</details>

## ถามตัวเอง

ข้อเท็จจริงหนึ่งข้อของระเบียนเรียกว่าอะไร

- [x] เขตข้อมูล
  > ถูกต้อง
- [ ] ตาราง
  > ตารางเก็บระเบียนหลายระเบียน
`);

const data = makeAcademy();
for (const name of ["looker", "chooser", "plain", "answerer"]) addPerson(data, name);
const server = await startServer({ data, args: ["--root", academy] });
after(async () => {
    await closeBrowser();
    await server.stop();
});

test("a text of another direction works at every width, light and dark", async () => {
    const as = { as: "looker" };
    const modes = [{ width: widths.desk }, { width: widths.narrow }, { width: widths.phone }, { width: widths.phone, dark: true }, { width: widths.desk, dark: true }, { width: widths.desk, rtl: true }];
    for (const lang of ["ar", "th"]) assert.deepEqual(await inspect(server, `/modules/weather?lang=${lang}`, { ...as, modes }), []);
    for (const [label, options] of [["desk", {}], ["desk-dark", { dark: true }], ["phone", { width: widths.phone }], ["phone-dark", { width: widths.phone, dark: true }]]) {
        const page = await openPage(server, options);
        await login(page, "looker");
        for (const lang of ["ar", "th"]) {
            await page.goto(`/modules/weather?lang=${lang}`);
            await page.evaluate(() => document.fonts.ready);
            await screenshot(page, `languages-${lang}-${label}`);
        }
        await closePage(page);
    }
});

test("the article runs from the right, and what is ours around it and inside it from the left", async () => {
    const page = await openPage(server);
    await login(page, "looker");
    await page.goto("/modules/weather?lang=ar");
    const direction = (selector) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).direction);
    for (const [selector, want] of [["html", "ltr"], ["article", "rtl"], ["h1", "rtl"], ["article table", "rtl"], ["article code", "ltr"], [".checkpoint-title", "rtl"], [".checkpoint-title bdi", "ltr"], [".choices", "rtl"], [".checkpoint .button", "ltr"], [".toc-side ol", "rtl"], [".pager", "ltr"], ["form.languages", "ltr"]])
        assert.equal(await direction(selector), want, selector);
    const { text, room } = await page.evaluate(() => {
        const range = document.createRange();
        range.selectNodeContents(document.querySelector("article h2"));
        return { text: range.getBoundingClientRect().right, room: document.querySelector("article h2").getBoundingClientRect().right };
    });
    assert.ok(Math.abs(text - room) < 40, `the heading ends at ${text} of ${room}`);
    assert.match(await page.locator("article").evaluate((element) => getComputedStyle(element).fontFamily), /Naskh/);
    const rules = await page.evaluate(() => [...document.querySelectorAll("article .callout")].map((c) => getComputedStyle(c).borderRightWidth));
    const ends = await page.evaluate(() => ["h1", ".lede", ".objectives", "article"].map((each) => Math.round(document.querySelector(each).getBoundingClientRect().right)));
    assert.equal(new Set(ends).size, 1, `all begins at one edge: ${ends}`);
    assert.deepEqual(rules, ["5px"], "the rule of a callout stands at its beginning");
    await closePage(page);
});

test("the language is chosen by the keyboard, and stays chosen", async () => {
    const page = await openPage(server);
    await login(page, "chooser");
    await page.goto("/modules/weather");
    const names = (await tabOrder(page)).filter((each) => ["English", "العربية", "ไทย"].includes(each.name));
    assert.deepEqual(names.map((each) => each.name), ["English", "العربية", "ไทย"]);
    assert.ok(names.every((each) => each.visible && each.outlined));
    await page.getByRole("button", { name: "العربية" }).focus();
    await Promise.all([page.waitForURL("**/modules/weather"), page.waitForLoadState("load"), page.keyboard.press("Enter")]);
    await page.locator("article[lang=ar]").waitFor();
    assert.equal(await page.locator("form.languages [aria-current]").innerText(), "العربية");
    await page.goto("/programmes/mops");
    await page.goto("/modules/weather");
    assert.equal(await page.locator("article").getAttribute("lang"), "ar");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("an answer in one language stands in the others, with scripts", async () => {
    const page = await openPage(server);
    await login(page, "answerer");
    await page.goto("/modules/weather?lang=ar");
    await page.locator("#checkpoint-1 .choices input").first().check();
    await page.locator("#checkpoint-1 p > .button").click();
    await page.locator("#checkpoint-1 .feedback-right").waitFor();
    assert.match(await page.locator("#checkpoint-1 .feedback-list").innerText(), /صحيح/);
    await page.goto("/modules/weather?lang=en");
    assert.match(await page.locator("#checkpoint-1 .feedback-list").innerText(), /Right\./);
    await page.goto("/modules/weather?lang=th");
    assert.match(await page.locator("#checkpoint-1 .feedback-list").innerText(), /ถูกต้อง/);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("without scripts the choice works as well", async () => {
    const page = await openPage(server, { javaScript: false });
    await login(page, "plain");
    await page.goto("/modules/weather");
    await page.getByRole("button", { name: "ไทย" }).click();
    await page.locator("article[lang=th]").waitFor();
    assert.equal(await page.locator("[data-stale] a").getAttribute("href"), "/modules/weather?lang=en");
    await closePage(page);
});
