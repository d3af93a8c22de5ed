import { expect, test } from "vitest"
import { left, span } from "../src/spans.ts"
import { languages, speaker, type Word } from "../src/words.ts"

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()

test("every language has the same words with the same places", () => {
  expect(Object.keys(languages)).toEqual(expect.arrayContaining(["en", "sv"]))
  const en = languages.en as Record<string, string>
  for (const [language, words] of Object.entries(languages)) {
    expect(Object.keys(words), language).toEqual(Object.keys(en))
    for (const [key, text] of Object.entries(words)) {
      expect(text.trim(), `${language} ${key}`).not.toBe("")
      expect(places(text), `${language} ${key}`).toEqual(places(en[key] ?? ""))
    }
  }
})

test("every word is used", () => {
  const sources = Object.values(import.meta.glob<string>(["../src/*.ts", "../src/*.svelte"], { eager: true, query: "?raw", import: "default" })).join("\n")
  const made = [/^state\./, /^moment\./, /^(opt|par)(-block)?$/] // whose ending the drawing gives
  const unused = Object.keys(languages.en ?? {}).filter((key) => !sources.includes(`"${key}"`) && !made.some((m) => m.test(key)))
  expect(unused).toEqual([])
})

test("a locale speaks its language; one that there is no file of speaks English", () => {
  expect(speaker("sv")("pivot")).toBe("härifrån går det inte att vända")
  expect(speaker("sv-FI")("state.done")).toBe("klart")
  expect(speaker("tlh")("state.done")).toBe("done")
  expect(speaker("en")("waiting", { party: "{n} $& Bank" })).toBe("waiting for {n} $& Bank")
})

test("lengths of time are said in what they are worth", () => {
  const say = speaker("en")
  const cases: [number, string][] = [
    [0, "0 ms"], [0.4, "<1 ms"], [1.9, "1 ms"], [9999, "9999 ms"], [10_000, "10.0 s"], [59_990, "59.9 s"],
    [60_000, "1 min 0 s"], [3_599_000, "59 min 59 s"], [3_600_000, "1 h 0 min"], [86_400_000 * 7, "7 d 0 h"], [-5, "0 ms"],
  ]
  for (const [ms, text] of cases) expect(span(ms, say, "en")).toBe(text)
  expect(span(12_340, speaker("sv"), "sv")).toBe("12,3 s")
  expect([11_200, 1, 0, 61_000].map((ms) => left(ms, say))).toEqual(["12 s", "1 s", "0 s", "1 min 1 s"])
})

test("a word knows its places by name", () => {
  expect((["arrow", "end.refused"] satisfies Word[]).map((w) => speaker("en")(w, { number: 3, from: "A", to: "B", name: "x", party: "P", status: "S" }))).toEqual([
    "3. A to B: x",
    "refused by P: S",
  ])
})
