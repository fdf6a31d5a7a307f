// C as a list of tokens: what a fault is planted in is never text inside of a string, a comment or a preprocessor line.

const operators = [
    "<<=", ">>=", "...", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
    "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##",
];
const word = /[A-Za-z_]\w*/y;
const number = /\.?\d(?:[eEpP][+-]|[\w.])*/y;
const string = /(?:u8|[uUL])?"(?:[^"\\\n]|\\[\s\S])*"/y;
const character = /[uUL]?'(?:[^'\\\n]|\\[\s\S])*'/y;
const comment = /\/\*[\s\S]*?\*\/|\/\/(?:[^\\\n]|\\[\s\S])*/y;
const directive = /#(?:\/\*[\s\S]*?\*\/|[^\\\n]|\\[\s\S])*/y;

/** Tokens of a C source: {kind: word|number|string|character|operator, text, at (its offset), line (from 1)}. */
export function tokens(source) {
    const list = [];
    let at = 0;
    let line = 1;
    let fresh = true; // nothing but blanks since the line began
    const match = (pattern) => {
        pattern.lastIndex = at;
        return pattern.exec(source)?.[0];
    };
    const skip = (text) => {
        line += text.split("\n").length - 1;
        at += text.length;
    };
    while (at < source.length) {
        const c = source[at];
        if (c === "\n") {
            skip(c);
            fresh = true;
            continue;
        }
        if (/\s/.test(c) || (c === "\\" && source[at + 1] === "\n")) {
            skip(c);
            continue;
        }
        const aside = match(comment) ?? (fresh && c === "#" ? match(directive) : undefined);
        if (aside !== undefined) {
            skip(aside);
            continue;
        }
        fresh = false;
        const found = [["string", string], ["character", character], ["number", number], ["word", word]]
            .map(([kind, pattern]) => [kind, match(pattern)])
            .find(([, text]) => text !== undefined);
        const [kind, text] = found ?? ["operator", operators.find((o) => source.startsWith(o, at)) ?? c];
        list.push({ kind, text, at, line });
        skip(text);
    }
    return list;
}

/** For each bracket the index of its partner. Throws where they do not match. */
export function partners(list) {
    const closes = { "(": ")", "[": "]", "{": "}" };
    const open = [];
    const partner = new Map();
    list.forEach((token, i) => {
        if (token.kind !== "operator") return;
        if (closes[token.text]) open.push(i);
        else if ([")", "]", "}"].includes(token.text)) {
            const from = open.pop();
            if (from === undefined || closes[list[from].text] !== token.text) throw new Error(`line ${token.line}: ${token.text} closes nothing`);
            partner.set(from, i).set(i, from);
        }
    });
    if (open.length) throw new Error(`line ${list[open[0]].line}: ${list[open[0]].text} stays open`);
    return partner;
}
