// @vitest-environment node
// What is built and committed: it is current, it works in each of its forms, and a project that has it from its package compiles.
import { execFile } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { typescript } from "../api.mjs"
import { declarations } from "../declarations.ts"
import { outgoing } from "../docs/reference.ts"
import { MessageHandler, nativeFunctions, type ClientCallbacks } from "../src/index.ts"

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const dist = (name: string) => at(`../../dist/sdk/${name}`)
const read = (path: string) => readFileSync(path, "utf8")
const require = createRequire(import.meta.url)
const { JSDOM } = require("jsdom") // it has no types
const run = promisify(execFile)

describe("what is built", () => {
  it("has the types of the source", () => {
    expect(read(dist("parley-sdk.d.ts"))).toBe(declarations())
    expect(read(dist("parley-sdk.d.cts"))).toBe(declarations())
    expect(read(dist("api.d.ts"))).toBe(read(at("../src/api.ts")))
    expect(read(dist("README.md"))).toBe(read(at("../README.md")))
  })

  it("has every file that its manifest names", () => {
    const manifest = JSON.parse(read(dist("package.json")))
    const named: string[] = [manifest.main, manifest.module, manifest.types, manifest.unpkg, ...manifest.files]
    const walk = (it: unknown) => (typeof it === "string" ? named.push(it) : Object.values(it as object).forEach(walk))
    walk(manifest.exports)
    expect(named.filter((name) => !existsSync(dist(name)))).toEqual([])
    expect(manifest).not.toHaveProperty("dependencies")
    expect(manifest.version).toBe(JSON.parse(read(at("../package.json"))).version)
  })

  it("is a module, and one for require", async () => {
    const names = ["DreamsSDK", "MessageHandler", "StartError", "androidMethods", "default", "iosHandlers", "nativeCall", "nativeFunctions"]
    const module = await import(/* @vite-ignore */ dist("parley-sdk.js"))
    const required = require(dist("parley-sdk.cjs"))
    expect(Object.keys(module).sort()).toEqual(names)
    expect(Object.keys(required).sort()).toEqual(names)
    for (const { DreamsSDK } of [module, required]) expect(new DreamsSDK("https://a.example/").apiUrl).toBe("https://a.example")
  })

  it("is a script that gives globals, and leaves others' alone", () => {
    const page = (before: string) => {
      const { window } = new JSDOM(`<div id="dreams-web-sdk-container"></div>`, { runScripts: "outside-only" })
      window.eval(before + read(dist("parley-sdk.iife.js")))
      return window
    }
    const window = page("")
    expect(window.eval(`new DreamsSDK("https://a.example").setup({}).iframe.name`)).toBe("dreams-web-sdk-iframe")
    expect(window.eval("[DreamsWebSDK === DreamsSDK, dreamsWebSdk.DreamsSDK === DreamsSDK, ParleySDK.default === DreamsSDK, typeof ParleySDK.nativeCall]")).toEqual([
      true,
      true,
      true,
      "function",
    ])
    expect(page("var DreamsWebSDK = 1; var dreamsWebSdk = 2;").eval("[DreamsWebSDK, dreamsWebSdk, typeof DreamsSDK]")).toEqual([1, 2, "function"])
  })
})

describe("a project that has the package", () => {
  const consumer = at("consumer")
  // It lies where npm would put it; git does not see it there.
  mkdirSync(`${consumer}/node_modules/@parley`, { recursive: true })
  rmSync(`${consumer}/node_modules/@parley/sdk`, { recursive: true, force: true })
  symlinkSync(at("../../dist/sdk"), `${consumer}/node_modules/@parley/sdk`)
  const tsc = require.resolve("typescript/bin/tsc")
  const compile = (config: string) =>
    run(process.execPath, [tsc, "-p", `${consumer}/${config}`]).then(
      () => "",
      (err: { stdout: string }) => err.stdout,
    )

  it.each(["tsconfig.node16.json", "tsconfig.bundler.json"])("compiles with %s", async (config) => {
    expect(await compile(config)).toBe("")
  })

  it("does not compile when it makes a mistake", async () => {
    const wrong = await compile("tsconfig.wrong.json")
    for (const [line, code] of [
      [5, "TS2345"],
      [6, "TS2322"],
      [7, "TS2345"],
      [8, "TS2353"],
      [9, "TS2322"],
    ] as const) {
      expect(wrong).toContain(`wrong.ts(${line},`)
      expect(wrong.split("\n").find((l) => l.includes(`wrong.ts(${line},`))).toContain(code)
    }
  })
})

describe("the manual", () => {
  const manual = read(at("../../../docs/banks/sdk.md"))
  it("names every message, every function and every call", () => {
    const callbacks = Object.keys(outgoing)
    const answers = ["accountProvisioned", "onAccountRequestedSucceeded", "onAccountRequestedFailed", "updateToken", "onTransferConsentSucceeded", "onTransferConsentCancelled"]
    const members = Object.keys(new MessageHandler({} as HTMLIFrameElement, "https://a.example", {} as ClientCallbacks))
    const calls = members.filter((name) => /^(post|navigateTo|signOut|sessionKeepAlive)/.test(name))
    expect(calls).toHaveLength(7)
    expect([...callbacks, ...answers, ...calls, ...Object.keys(nativeFunctions)].filter((name) => !manual.includes(`\`${name}`))).toEqual([])
  })
})

describe("the types of the API", () => {
  const doc = (schema: object) => ({ components: { schemas: { It: schema } }, paths: {} })
  it.each([
    [{ type: "string", description: "A text. */" }, "/** A text. *\\/ */\nexport type It = string"],
    [{ type: ["string", "null"], format: "date" }, "export type It = string | null"],
    [{ type: "array", items: { enum: ["a", "b"] } }, 'export type It = ("a" | "b")[]'],
    [{ type: "object", additionalProperties: { type: "integer" } }, "export type It = Record<string, number>"],
    [{ type: "object" }, "export type It = Record<string, unknown>"],
    [{}, "export type It = unknown"],
    [{ oneOf: [{ $ref: "#/components/schemas/A" }, { const: 5 }] }, "export type It = A | 5"],
    [
      { type: "object", required: ["a"], properties: { a: { type: "boolean" }, "b-c": { type: "number", description: "B." } } },
      'export interface It {\n  a: boolean\n  /** B. */\n  "b-c"?: number\n}',
    ],
  ])("are made of %j", (schema, made) => expect(typescript(doc(schema))).toContain(made + "\n"))

  it.each([{ allOf: [] }, { type: "tuple" }, { type: "object", properties: { a: { not: {} } } }])("stop at %j, which they do not understand", (schema) =>
    expect(() => typescript(doc(schema))).toThrow("not understood"),
  )
})
