import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { known, say, speech, translated, type Word } from "../src/words.svelte.ts"
import { files, hack, kinds, words } from "./fixtures.ts"
import { serve, spoken } from "./savings.ts"

const root = join(import.meta.dirname, "..")
const source = (readdirSync(join(root, "src"), { recursive: true }) as string[]).filter((f) => /\.(ts|svelte)$/.test(f)).map((f) => readFileSync(join(root, "src", f), "utf8").replace(/^\s*\/\/.*$/gm, "")).join("\n")
const doc = readFileSync(join(root, "../../docs/savehacks.md"), "utf8")
const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort().join()

// parameters are those of each kind, as the document has them.
const parameters = Object.fromEntries(
  doc.split(/^## (?=\w+$)/m).slice(1).map((part) => [part.match(/^\w+/)![0], [...part.matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1]!)]),
)
// together are the keys that the source puts together, with what they are put together of.
const together = [
  ...["onAccountProvisionRequested", "onAccountRequested", "onTransferConsentRequested", "refused", "unheard", "other"].map((e) => `asked.${e}`),
  ...Object.keys(parameters).flatMap((k) => (k === "Percentage" ? [`kind.${k}.income`, `kind.${k}.purchase`] : [`kind.${k}`])),
  "kind.Moonstruck.both",
  ...["Dream", "PerformanceDream"].flatMap((t) => [`new.how.${t}`, `new.how.${t}.about`]),
  ...["Deposit", "Withdrawal"].map((t) => `tx.${t}`),
  ...["income", "purchase"].map((v) => `choice.of.${v}`),
]
const fields = (kind: string, name: string) => [`field.${kind}.${name}`, `field.${name}`]

beforeEach(() => spoken("en"))
afterEach(() => vi.restoreAllMocks())

describe("the files", () => {
  test("have the same words with the same places", () => {
    expect(Object.keys(words.sv).sort()).toEqual(Object.keys(words.en).sort())
    for (const [key, text] of Object.entries(words.en)) {
      expect(text, key).toBeTruthy()
      expect(words.sv[key], key).toBeTruthy()
      expect(places(words.sv[key]!), key).toBe(places(text))
    }
  })

  test("have what is told of one without its number or with it, never with another place", () => {
    for (const [key, text] of Object.entries(words.en).filter(([k]) => k.endsWith(".one"))) {
      const many = words.en[key.replace(/\.one$/, "")]
      expect(many, key).toContain("{n}")
      expect(places(many!), key).toContain(places(text))
    }
  })

  test("have every word that the source says", () => {
    const said = [...source.matchAll(/(?<![.\w])(?:say|known)\(\s*"([^"]+)"/g)].map((m) => m[1]!)
    // And those that are chosen between: whatever looks like a word.
    const begun = new Set(Object.keys(words.en).map((key) => key.split(".")[0]))
    said.push(...[...source.matchAll(/"((\w+)(?:\.\w+)+)"/g)].filter((m) => begun.has(m[2]!)).map((m) => m[1]!))
    expect(new Set(said).size).toBeGreaterThan(200)
    expect(said.filter((key) => !(key in words.en))).toEqual([])
  })

  test("have every word that is put together", () => {
    expect(together.filter((key) => !(key in words.en))).toEqual([])
  })

  test("have nothing that nobody says", () => {
    const all = new Set([...together, ...Object.entries(parameters).flatMap(([kind, names]) => names.flatMap((n) => fields(kind, n)))])
    const idle = Object.keys(words.en).filter((key) => !all.has(key) && !source.includes(`"${key}"`) && !source.includes(`"${key.replace(/\.one$/, "")}"`))
    expect(idle).toEqual([])
  })
})

describe("the savehacks", () => {
  test("of the document are those that are tried", () => {
    expect(Object.keys(parameters)).toEqual(Object.keys(kinds))
    for (const [kind, names] of Object.entries(parameters)) expect(names, kind).toEqual(Object.keys(hack(kind).schema.properties))
  })

  test.each(Object.entries(parameters))("%s: each parameter has a name", (kind, names) => {
    for (const name of names) expect(fields(kind, name).some((key) => key in words.en), `${kind} ${name}`).toBe(true)
  })
})

describe("a word", () => {
  test("has its places filled, and what is not known left as it is", () => {
    expect(say("overview.welcome", { name: "Bo" })).toBe("Welcome, Bo!")
    expect(say("dream.of", { saved: "1" })).toBe("1 of {target}")
    expect(say("overview.welcome", { name: "{name}" })).toBe("Welcome, {name}!")
  })

  test("is of one or of many", () => {
    expect(say("group.members", { n: 1 })).toBe("One is in it")
    expect(say("group.members", { n: 2 })).toBe("2 are in it")
    expect(say("new.months", { n: 1 })).toBe("1 months") // nobody says it of one
  })

  test("may be the partner's own", () => {
    speech.texts = { "overview.title": "My nest egg", "group.members.one": "Just you" }
    expect(say("overview.title")).toBe("My nest egg")
    expect(say("group.members", { n: 1 })).toBe("Just you")
    expect(say("messages.title")).toBe("Messages")
  })

  test("that is put together may be missing", () => {
    expect(known("kind.Unheard", "else")).toBe("else")
    expect(known("kind.Unheard")).toBe("")
    expect(known("kind.Daily")).toBe("{amountCents} every day")
  })

  test("is there for what goes wrong before there are words", () => {
    speech.know("en", {})
    expect(speech.ready).toBe(false)
    expect(say("problem.again")).toBe("Try again")
    expect(say("overview.title")).toBe("")
  })
})

describe("speaking", () => {
  test.each([
    ["sv-SE", "sv", "sv-SE", "sv-SE"],
    ["sv_SE", "sv", "sv-SE", "sv-SE"],
    ["SV", "sv", "SV", "SV"],
    ["en-GB", "en", "en-GB", "en-GB"],
    ["fi-FI", "en", "fi-FI", "en"],
  ])("%s is %s", async (asked, language, locale, formats) => {
    serve()
    await speech.speak(asked, files)
    expect([speech.language, speech.locale, speech.formats, document.documentElement.lang]).toEqual([language, locale, formats, language])
    expect(say("page.back")).toBe(words[language as "en" | "sv"]["page.back"])
    expect(speech.languages).toEqual(["en", "sv"])
  })

  test("stays what it was when the words do not come", async () => {
    vi.stubGlobal("fetch", async () => new Response(null, { status: 500 }))
    await expect(speech.speak("sv", files)).rejects.toThrow("no words of sv")
    expect(speech.language).toBe("en")
    expect(say("page.back")).toBe("Back")
  })
})

test.each<[Record<string, string> | undefined, string, string]>([
  [{ en: "a", sv: "b" }, "sv-SE", "b"],
  [{ en: "a", "sv-SE": "b", sv: "c" }, "sv-SE", "b"],
  [{ en: "a", sv_SE: "b" }, "sv-SE", "b"],
  [{ en: "a", "sv-FI": "b" }, "sv-SE", "a"],
  [{ de: "a", "sv-FI": "b" }, "sv-SE", "b"],
  [{ de: "a" }, "sv-SE", "a"],
  [{ en: "a", sv: "" }, "sv", "a"],
  [{}, "sv", ""],
  [undefined, "sv", ""],
])("%j in %s is %j", (texts, locale, text) => {
  spoken("sv", locale)
  expect(translated(texts)).toBe(text)
})

test("keys are words", () => {
  const word: Word = "app.name"
  expect(say(word)).toBe("Savings")
})
