// An OpenAPI 3.1 document held against the answers that the API gives.
import assert from "node:assert/strict";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const own = ["openapi", "info", "servers", "externalDocs", "security", "tags", "paths", "webhooks", "components"];
const pointer = (...parts) => `#/${parts.map((part) => encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;

export class OpenApi {
    constructor(doc) {
        this.doc = doc;
        this.ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: true, allErrors: true, validateSchema: true });
        addFormats(this.ajv);
        this.ajv.addVocabulary(own);
        this.ajv.addSchema(doc, "doc");
        for (const name of Object.keys(doc.components.schemas)) this.schema(pointer("components", "schemas", name));
    }

    /** The validator of what a pointer of the document names. */
    schema(at) {
        return this.ajv.getSchema(`doc${at}`) ?? assert.fail(`${at} is not in the document`);
    }

    /** {path, verb, operationId, …} of every operation that has a body; HEAD and OPTIONS go with their path. */
    operations() {
        return Object.entries(this.doc.paths).flatMap(([path, item]) => Object.entries(item).filter(([verb]) => !["parameters", "head", "options"].includes(verb)).map(([verb, operation]) => ({ ...operation, path, verb })));
    }

    /** The body fits (or, with `fits` false, does not fit) what the operation asks for. */
    assertRequest({ path, verb }, body, fits = true) {
        const validate = this.schema(pointer("paths", path, verb, "requestBody", "content", "application/json", "schema"));
        assert.equal(validate(body), fits, `${verb} ${path} ${JSON.stringify(body)}: ${this.ajv.errorsText(validate.errors)}`);
    }

    /** The answer is one that the operation declares for its status and media type, member by member; its value. */
    async assertAnswer({ path, verb, operationId, responses }, answer) {
        const what = `${operationId}: ${answer.status}`;
        const text = await answer.text();
        assert.ok(responses[answer.status], `${what} is not declared: ${text.slice(0, 500)}`);
        let at = pointer("paths", path, verb, "responses", answer.status);
        let response = responses[answer.status];
        if (response.$ref) {
            at = response.$ref;
            response = at.slice(2).split("/").reduce((node, part) => node[part], this.doc);
        }
        for (const name of answer.headers.keys()) if (/limit|quota|retry|^lab-/i.test(name)) assert.ok(Object.keys(response.headers ?? {}).some((header) => header.toLowerCase() === name), `${what}: the header ${name} is not declared`);
        if (answer.status === 204) {
            assert.equal(text, "", what);
            return null;
        }
        const type = answer.headers.get("content-type").split(";")[0];
        assert.ok(response.content?.[type], `${what}: ${type} is not declared`);
        const validate = this.schema(`${at}${pointer("content", type, "schema").slice(1)}`);
        const value = JSON.parse(text);
        assert.ok(validate(value), `${what}: ${this.ajv.errorsText(validate.errors)} in ${text.slice(0, 1500)}`);
        return value;
    }
}

/** Every schema of an object that leaves members open, so that a validator would not tell what is undeclared. */
export function openObjects(schema, at = "") {
    if (!schema || typeof schema !== "object") return [];
    const here = schema.type === "object" && schema.properties && schema.additionalProperties !== false ? [at] : [];
    return [...here, ...Object.entries(schema).flatMap(([key, value]) => openObjects(value, `${at}/${key}`))];
}
