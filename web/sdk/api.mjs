// Makes src/api.ts of the OpenAPI document of the bank's API: `npm run api -w sdk`. With --check it only says whether that is current.
// It knows what our document uses, and stops at anything else, so that nothing is left out without a word.
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const known = new Set(
  ("type properties required items enum const oneOf anyOf $ref additionalProperties description title format maximum minimum maxLength minLength " +
    "multipleOf default examples discriminator pattern maxItems minItems").split(" "),
)

/** The TypeScript of a document. */
export function typescript(doc) {
  const out = ["// Generated from docs/banks/openapi.json by web/sdk/api.mjs. Do not edit.", ""]
  for (const [name, schema] of Object.entries(doc.components.schemas)) {
    out.push(...comment(schema.description, ""))
    const plain = schema.properties !== undefined && !schema.oneOf && !schema.anyOf && ![schema.type].flat().includes("null")
    out.push(plain ? `export interface ${name} ${type(schema, "")}` : `export type ${name} = ${type(schema, "")}`, "")
  }
  out.push("/** Every operation by its method and path: what it takes, and what it answers by status. */", "export interface Operations {")
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(item)) out.push(...operation(doc, `${method.toUpperCase()} ${path}`, op))
  }
  out.push("}", "", "/** The body of each request that is made to the bank's own endpoints. */", "export interface Webhooks {")
  for (const [name, item] of Object.entries(doc.webhooks ?? {})) {
    out.push(...comment([item.post.summary, item.post.description].filter(Boolean).join(". "), "  "), `  ${key(name)}: ${type(bodyOf(item.post.requestBody), "  ")}`)
  }
  out.push("}", "", ...helpers)
  return out.join("\n")
}

const helpers = `export type Operation = keyof Operations

/** The body of a request: \`Body<"POST /dreams">\`. */
export type Body<O extends Operation> = Operations[O]["body"]

/** The answer when all went well: \`Answer<"GET /dreams/{id}">\`. */
export type Answer<O extends Operation> = Operations[O]["answers"] extends infer A
  ? A[Extract<keyof A, 200 | 201 | 202 | 204>]
  : never
`.split("\n")

function operation(doc, name, op) {
  const of = (place) => (op.parameters ?? []).map((p) => resolve(doc, p)).filter((p) => p.in === place)
  const fields = (list) => `{${list.length ? "\n" : ""}${list.map((p) => [...comment(p.description, "      "), `      ${key(p.name)}${p.required ? "" : "?"}: ${type(p.schema, "      ")}`].join("\n") + "\n").join("")}${list.length ? "    " : ""}}`
  const answers = Object.entries(op.responses).map(([status, r]) => {
    const body = bodyOf(resolve(doc, r))
    return `      ${status}: ${body ? type(body, "      ") : "undefined"}\n`
  })
  return [
    ...comment([op.summary, op.description].filter(Boolean).join(". "), "  "),
    `  ${JSON.stringify(name)}: {`,
    `    path: ${fields(of("path"))}`,
    `    query: ${fields(of("query"))}`,
    `    headers: ${fields(of("header"))}`,
    `    body: ${op.requestBody ? type(bodyOf(resolve(doc, op.requestBody)), "    ") : "undefined"}`,
    `    answers: {\n${answers.join("")}    }`,
    "  }",
  ]
}

/** The schema of a body; of an answer that comes in several kinds, any of them. */
function bodyOf(it) {
  const kinds = Object.values(it.content ?? {}).map((c) => c.schema)
  return kinds.length > 1 ? { anyOf: kinds } : kinds[0]
}

function type(schema, indent) {
  for (const word of Object.keys(schema)) {
    if (!known.has(word)) throw new Error(`a schema has "${word}" in it, which is not understood`)
  }
  if (schema.$ref) return schema.$ref.replace("#/components/schemas/", "")
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(" | ")
  const either = schema.oneOf ?? schema.anyOf
  if (either) return either.map((s) => type(s, indent)).join(" | ")
  if (Array.isArray(schema.type)) return schema.type.map((t) => type({ ...schema, type: t }, indent)).join(" | ")
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type
    case "integer":
    case "number":
      return "number"
    case "array": {
      const item = type(schema.items, indent)
      return /^\w+$/.test(item) ? `${item}[]` : `(${item})[]`
    }
    case "object":
    case undefined: {
      if (!schema.properties) {
        const value = schema.additionalProperties
        return schema.type === undefined ? "unknown" : `Record<string, ${value && value !== true ? type(value, indent) : "unknown"}>`
      }
      const must = new Set(schema.required)
      const lines = Object.entries(schema.properties).flatMap(([name, p]) => [
        ...comment(p.description, indent + "  "),
        `${indent}  ${key(name)}${must.has(name) ? "" : "?"}: ${type(p, indent + "  ")}`,
      ])
      return `{\n${lines.join("\n")}\n${indent}}`
    }
  }
  throw new Error(`a schema is of type ${schema.type}, which is not understood`)
}

function resolve(doc, it) {
  if (!it.$ref) return it
  return it.$ref
    .slice(2)
    .split("/")
    .reduce((at, step) => at[step], doc)
}

const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name))
const comment = (text, indent) => (text ? [`${indent}/** ${text.replaceAll("*/", "*\\/").replace(/\s*\n\s*/g, " ")} */`] : [])

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = (path) => fileURLToPath(new URL(path, import.meta.url))
  const made = typescript(JSON.parse(readFileSync(at("../../docs/banks/openapi.json"), "utf8")))
  if (!process.argv.includes("--check")) writeFileSync(at("src/api.ts"), made)
  else if (readFileSync(at("src/api.ts"), "utf8") !== made) {
    console.error("src/api.ts is not what docs/banks/openapi.json says: npm run api -w sdk")
    process.exitCode = 1
  }
}
