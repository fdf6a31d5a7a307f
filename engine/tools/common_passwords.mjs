// Makes engine/account/common_passwords.txt from the list of a npm package:
//   npm pack @zxcvbn-ts/language-common && tar xzf zxcvbn-ts-language-common-*.tgz
//   node engine/tools/common_passwords.mjs package/src/passwords.json VERSION >engine/account/common_passwords.txt
import { readFileSync } from "node:fs";

const [file, version] = process.argv.slice(2);
const words = new Set(JSON.parse(readFileSync(file, "utf8")).map((word) => word.toLowerCase()));
const kept = [...words].filter((word) => /^[!-~]{4,}$/.test(word) && !word.startsWith("#")).sort((a, b) => (a < b ? -1 : 1));
process.stdout.write(`# The most frequent passwords of many leaks, sorted by bytes: src/passwords.json of @zxcvbn-ts/language-common ${version},
# https://github.com/zxcvbn-ts/zxcvbn, in small letters, those of four characters of ASCII and more. They are what they are.
# MIT License. Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc. Copyright (c) 2021 @zxcvbn-ts. Permission is hereby granted, free of
# charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software
# without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
# copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above
# copyright notice and this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS
# PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
# FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
# LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR
# OTHER DEALINGS IN THE SOFTWARE.
${kept.join("\n")}
`);
