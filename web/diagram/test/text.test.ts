import { expect, test } from "vitest"
import { pieces } from "../src/json.ts"
import { estimated, shorten, wrap } from "../src/text.ts"

const each = (text: string) => Array.from(text).length // a letter is one wide

test("words are wrapped where they may be, and broken where they must", () => {
  expect(wrap("one two three", 7, 9, each)).toEqual(["one two", "three"])
  expect(wrap("abcdefghij kl", 4, 9, each)).toEqual(["abcd", "efgh", "ij", "kl"])
  expect(wrap("SEK\u00a01\u00a0204 now", 9, 9, each)).toEqual(["SEK\u00a01\u00a0204", "now"])
  expect(wrap("🙂🙂🙂", 2, 9, each)).toEqual(["🙂🙂", "🙂"])
  expect(wrap("", 5, 9, each)).toEqual([])
})

test("what does not fit into the lines shows that it goes on", () => {
  expect(wrap("one two three four five", 7, 2, each)).toEqual(["one two", "three…"])
  expect(shorten("abcdef", 4, each)).toBe("abc…")
  expect(shorten("abcd", 4, each)).toBe("abcd")
  expect(shorten("ab cd", 4, each)).toBe("ab…")
})

test("a width that nothing fits into ends all the same", () => {
  expect(wrap("abc", 0, 3, estimated)).toHaveLength(3)
  expect(shorten("abc", 0, estimated)).toBe("…")
})

test("wide letters are wider than narrow ones, and bold ones than plain", () => {
  expect(estimated("WWW")).toBeGreaterThan(estimated("iii") * 2)
  expect(estimated("振")).toBeGreaterThan(estimated("a"))
  expect(estimated("a", true)).toBeGreaterThan(estimated("a"))
})

test("what was redacted is a mark of its own, also when it is all there is", () => {
  expect(pieces({ name: "[redacted]", n: 1 })).toEqual([
    { text: '{\n  "name": ', redacted: false },
    { text: "", redacted: true },
    { text: ',\n  "n": 1\n}', redacted: false },
  ])
  expect(pieces("[redacted]")).toEqual([{ text: "", redacted: true }])
  expect(pieces("plain text")).toEqual([{ text: "plain text", redacted: false }])
  expect(pieces(null)).toEqual([{ text: "null", redacted: false }])
})
