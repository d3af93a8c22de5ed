import { expect, test } from "vitest"
import { languages } from "../src/words.ts"

const en = languages["en"]!
const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort().join()

for (const [code, words] of Object.entries(languages)) {
  test(`${code} has every word, and fills the same places`, () => {
    for (const [key, text] of Object.entries(en)) {
      expect(words[key], key).toBeTruthy()
      expect(places(words[key]!), key).toBe(places(text))
    }
  })
  test(`${code} has nothing that nobody asks for`, () => {
    const more = Object.keys(words).filter((key) => !(key in en) && !/^story\.[a-z-]+\.(title|about)$/.test(key))
    expect(more).toEqual([])
  })
}
