// The list of words that texts for people do not hold: each is caught where it stands, and what looks like it is not.
import assert from "node:assert/strict";
import test from "node:test";
import { tracked } from "./files.mjs";
import { houseWords, readByPeople, wordProblems } from "./words.mjs";

/** By hand: every form that is caught, and sentences that are right. */
const caught = {
    mend: ["mend", "mends", "mended", "mending", "Mend"],
    nought: ["nought", "Nought", "noughts"],
    "for-ever": ["for ever", "For ever", "forever", "for-ever"],
    whilst: ["whilst", "Whilst"],
    email: ["e-mail", "E-mail", "e-mails", "e-mailed", "e-mailing", "e-mailings", "mail", "Mail", "mails", "mailed"],
    "sample-firm": [
        "Northwind", "Contoso", "Fabrikam", "AdventureWorks", "Adventure Works", "Acme", "ACME", "Wide World Importers", "WideWorld Importers", "Tailspin", "Wingtip", "Litware",
        "Proseware", "Relecloud", "Woodgrove", "Trey Research", "Fourth Coffee", "Cloud Kicks", "Ursa Major Solar", "Sakila", "Globex", "Initech",
    ],
};
const right = {
    mend: ["recommend", "amended", "commending", "tremendous"],
    nought: ["thought", "bought", "naught"],
    "for-ever": ["for everybody", "for every one", "wherever"],
    whilst: ["while"],
    email: ["email", "Emails", "mailing", "a small mailing list", "mailbox", "mailable", "direct mail", "Direct Mail", "mail server", "mail servers", "mail merge", "DomainKeys Identified Mail", "No mail", "NoMail", "no_mail"],
    "sample-firm": ["acmes of the art", "Northwinds", "Brackwater Pumps", "tail spin"],
};

test("every rule has its words here, and no word is here without a rule", () => {
    const rules = houseWords.map(({ rule }) => rule);
    assert.deepEqual(Object.keys(caught), rules);
    assert.deepEqual(Object.keys(right), rules);
});

for (const [rule, forms] of Object.entries(caught))
    for (const form of forms)
        test(`“${form}” is caught where it stands`, () => {
            const problems = wordProblems("content/a.md", `One line.\nWe say ${form} here.\n`);
            assert.equal(problems.length, 1, problems.join("\n"));
            assert.ok(problems[0].startsWith(`content/a.md:2:8: error: “${form}” `), problems[0]);
            assert.ok(problems[0].endsWith(` [${rule}]`), problems[0]);
        });

for (const form of Object.values(right).flat()) test(`“${form}” is let through`, () => assert.deepEqual(wordProblems("content/a.md", `We say ${form} here.\n`), []));

test("a right phrase hides no wrong word beside it, and problems come in the order of the text", () => {
    const problems = wordProblems("a.md", "direct mail, a mail\nwhilst mending an e-mail");
    assert.deepEqual(problems.map((p) => p.replace(/ error.*\[/, " [")), ["a.md:1:16: [email]", "a.md:2:1: [whilst]", "a.md:2:8: [mend]", "a.md:2:19: [email]"]);
});

test("what programs read is no text, and what people read is", () => {
    const none = (file, text) => assert.deepEqual(wordProblems(file, text), [], text);
    const one = (file, text, column) => assert.deepEqual(wordProblems(file, text).map((p) => Number(p.split(":")[2])), [column], text);
    none("a.md", "[see](term:mail) <https://mail.example/mail> mail@mail.example <!-- mend -->");
    one("a.md", "[mail](term:x)", 2);
    one("a.md", "a `mail` in code", 4);
    none("a.xml", '<!-- mend --><part id="mend"/>');
    one("a.xml", '<field id="mail" title="Mail"/>', 25);
    one("a.svg", "<text>mail</text>", 7);
    none("a.json", '{\n  "mail": "Email",\n  "x": "Email"}');
    one("a.json", '  "mail": "mail",', 12);
    none("a.mustache", '{{#mended}}<input id="mail" name="mail" type="email">{{t.mail}}{{/mended}}');
    one("a.mustache", '<img alt="mail">', 11);
    one("a.mustache", "<p>mail</p>", 4);
    none("a.c", '/* mend "a mail" */ mend(x, "mail", \'"\'); // whilst "a mail"\n');
    one("a.c", 'say("no \\"mend\\" here");', 11);
});

test("texts of every place are read", () => {
    const places = ["README.md", "docs/", "content/mops/modules/", "content/gradus/modules/", "content/mops/modules/img/", "exams/mops/bank/", "labs/scenarios/", "labs/connectors/", "site/locale/en/", "site/templates/", "engine/account/"];
    const files = tracked(readByPeople);
    assert.deepEqual(places.filter((place) => !files.some((file) => file.startsWith(place))), []);
    assert.deepEqual(files.filter((file) => file.includes("/solutions/")), []);
});
