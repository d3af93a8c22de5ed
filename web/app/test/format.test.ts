import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { amount, count, date, day, digits, iso, money, percent, share, symbol, typed, unit } from "../src/format.ts"
import { plain, spoken } from "./savings.ts"

beforeEach(() => spoken("en"))
afterEach(() => vi.useRealTimers())

describe("an amount of a currency whose decimals a browser leaves out", () => {
  test("is counted as the server counts it", () => {
    expect(digits("HUF")).toBe(0) // or this test says nothing
    count("HUF", 2)
    count("IQD", 3)
    expect(plain(money(123_400, "HUF"))).toBe("Ft 1,234")
    expect(plain(money(123_456, "HUF"))).toBe("Ft 1,234.56")
    expect(plain(money(1_234_567, "IQD"))).toBe("IQD 1,234.567")
    expect(amount("1,234.5", "HUF")).toBe(123_450)
    expect(typed(123_456, "HUF")).toBe("1,234.56")
    expect([unit("HUF"), unit("IQD")]).toEqual([100, 1000])
  })
})

describe("an amount that is typed", () => {
  test.each<[locale: string, currency: string, text: string, cents: number]>([
    ["en", "SEK", "1234", 123400],
    ["en", "SEK", "1234.5", 123450],
    ["en", "SEK", "1,234.50", 123450],
    ["en", "SEK", "1,234", 123400],
    ["en", "SEK", "1,234,567", 123456700],
    ["en", "SEK", "0.5", 50],
    ["en", "SEK", ".5", 50],
    ["en", "SEK", "12.", 1200],
    ["en", "SEK", "8.29", 829],
    ["en", "SEK", "kr 100", 10000],
    ["en", "SEK", "1'234.50", 123450],
    ["en", "SEK", "12.3456", 1235],
    ["en", "SEK", "-5", -500],
    ["sv", "SEK", "1 234,50", 123450],
    ["sv", "SEK", "1\u00a0234,50", 123450],
    ["sv", "SEK", "1\u202f234,50", 123450],
    ["sv", "SEK", "1.234,50", 123450],
    ["sv", "SEK", "1234.50", 123450],
    ["sv", "SEK", "1.234", 123400],
    ["sv", "SEK", "0,5", 50],
    ["sv", "SEK", "100 kr", 10000],
    ["sv", "SEK", "12,3456", 1235],
    ["en", "JPY", "1,500", 1500],
    ["en", "JPY", "1,50", 150], // what is left of 1,500 while a digit is taken away
    ["en", "JPY", "15000", 15000],
    ["en", "JPY", "100.00", 100],
    ["sv", "JPY", "1 500", 1500],
    ["sv", "JPY", "100,00", 100],
    ["en", "KWD", "1.234", 1234],
    ["en", "KWD", "1,234", 1_234_000],
    ["en", "KWD", "1,234.500", 1_234_500],
    ["en", "KWD", "1.5", 1500],
    ["sv", "KWD", "1,234", 1234],
    ["sv", "KWD", "1 234,5", 1_234_500],
    ["sv", "KWD", "1.234.567", 1_234_567_000],
  ])("%s %s %s", (locale, currency, text, cents) => {
    spoken(locale as "en" | "sv")
    expect(amount(text, currency)).toBe(cents)
  })

  test.each(["-", ".", ",", "kr", "5-3", "abc"])("%j is none", (text) => {
    expect(amount(text, "SEK")).toBeNaN()
  })

  test.each(["", "  "])("%j is nothing", (text) => {
    expect(amount(text, "SEK")).toBe(0)
  })

  test.each(["en", "sv"] as const)("is read as it is written (%s)", (language) => {
    spoken(language)
    for (const [currency, all] of Object.entries({ SEK: [1, 99, 100, 150, 123_400, 123_456, 123_456_789], JPY: [1, 999, 1500, 1_234_567], KWD: [1, 1234, 1_234_000, 1_234_567, 1_234_567_000] }))
      for (const cents of all) expect(amount(typed(cents, currency), currency), typed(cents, currency)).toBe(cents)
  })
})

test("a currency has as many digits as it has", () => {
  expect([digits("SEK"), digits("JPY"), digits("KWD")]).toEqual([2, 0, 3])
  expect([unit("SEK"), unit("JPY"), unit("KWD")]).toEqual([100, 1, 1000])
})

test.each<["en" | "sv", string, string, number, string]>([
  ["en", "en-GB", "SEK", 123_456, "kr 1,234.56"],
  ["en", "en-GB", "SEK", 123_400, "kr 1,234"],
  ["en", "en-GB", "GBP", 50, "£0.50"],
  ["en", "en", "JPY", 1500, "¥1,500"],
  ["en", "en", "KWD", 1234, "KWD 1.234"],
  ["en", "en", "KWD", 1000, "KWD 1"],
  ["sv", "sv-SE", "SEK", 123_456, "1 234,56 kr"],
  ["sv", "sv-SE", "SEK", 100, "1 kr"],
  ["sv", "sv-SE", "SEK", 0, "0 kr"],
])("money in %s (%s): %s %d", (language, locale, currency, cents, written) => {
  spoken(language, locale)
  expect(plain(money(cents, currency))).toBe(written)
})

test("a currency's symbol stands where the locale has it", () => {
  expect(symbol("GBP")).toEqual({ text: "£", before: true })
  spoken("sv", "sv-SE")
  expect(symbol("SEK")).toEqual({ text: "kr", before: false })
})

test("the formats are of the language that is spoken", () => {
  spoken("en", "fi-FI")
  expect(date("2031-03-04")).toBe("March 4, 2031")
  spoken("en", "en-GB")
  expect(date("2031-03-04")).toBe("4 March 2031")
})

test("a date has its year unless that is this one", () => {
  vi.useFakeTimers({ now: new Date("2027-06-01T12:00:00Z"), toFake: ["Date"] })
  expect(date("2027-12-24")).toBe("December 24")
  expect(date("2028-01-02")).toBe("January 2, 2028")
  spoken("sv", "sv-SE")
  expect(date("2027-12-24")).toBe("24 december")
  expect(date("2028-01-02T23:00:00Z")).toBe("2 januari 2028")
  expect(date("tomorrow")).toBe("tomorrow")
})

test("a day is the same day on the way out as in", () => {
  for (const d of ["2026-01-01", "2026-03-29", "2026-12-31", "2028-02-29"]) expect(iso(day(d))).toBe(d)
})

test.each([
  [0, 100, 0],
  [50, 100, 0.5],
  [150, 100, 1],
  [-5, 100, 0],
  [50, 0, 0],
  [50, undefined, 0],
])("the share of %d in %s is %d", (of, target, part) => {
  expect(share(of, target)).toBe(part)
})

test("a share is never more than it is, and 100 % only when it is all", () => {
  expect([0, 0.009, 0.01, 0.5, 0.999, 0.999_999_999, 1].map(percent)).toEqual(["0%", "0%", "1%", "50%", "99%", "99%", "100%"])
  // Whole percents are what they are, whatever 0.29 * 100 is to a computer.
  for (let n = 0; n <= 100; n++) expect(percent(share(n, 100))).toBe(`${n}%`)
  spoken("sv")
  expect(plain(percent(0.5))).toBe("50 %")
})
