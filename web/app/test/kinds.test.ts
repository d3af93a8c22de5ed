import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { app } from "../src/app.svelte.ts"
import { scale, started, summary, titled, weekday, wrong, type Values } from "../src/kinds.ts"
import { hack, kinds, me, words } from "./fixtures.ts"
import { plain, spoken } from "./savings.ts"

// given are the parameters that each kind's launch has at least.
const given: Record<string, Values> = {
  OneTime: { amountCents: 50_000 },
  Daily: { amountCents: 1000 },
  Weekly: { amountCents: 10_000, dayOfWeek: 0 },
  Monthly: { amountCents: 50_000, dayOfMonth: 31 },
  Autopilot: {},
  Thief: { minAmountCents: 1000, maxAmountCents: 20_000 },
  Roulette: { minAmountCents: 1000, maxAmountCents: 20_000 },
  CalendarChaos: { amountCents: 100 },
  Moonstruck: { amountCents: 1000 },
  Rocket: { amountCents: 1000, stepCents: 250 },
  Everest: { amountCents: 1000, stepCents: 250, maxAmountCents: 20_000 },
  Percentage: { percentage: 1.5 },
  Roundup: { roundToCents: 1000 },
  Copycat: { launchId: "l1" },
}

beforeEach(() => {
  spoken("en")
  app.me = me()
})
afterEach(() => (app.me = undefined))

describe.each(["en", "sv"] as const)("a summary in %s", (language) => {
  test.each(Object.keys(kinds))("of %s has no open place", (kind) => {
    spoken(language)
    expect(Object.keys(given)).toContain(kind)
    const of = [given[kind]!, { ...given[kind], of: "purchase", newMoon: true, percentage: 50, daysPerMonth: 7 }]
    for (const values of of) {
      const said = summary({ ...values, type: `${kind}Launch` })
      expect(said).not.toBe("")
      expect(said).not.toMatch(/[{}]|NaN|undefined/)
    }
  })
})

test.each<["en" | "sv", string, Values, string]>([
  ["en", "Daily", { amountCents: 1000 }, "kr 10 every day"],
  ["sv", "Daily", { amountCents: 1050 }, "10,50 kr varje dag"],
  ["en", "Weekly", { amountCents: 10_000, dayOfWeek: 6 }, "kr 100 every week, on Sunday"],
  ["en", "Percentage", { percentage: 0.5 }, "0.5 % of what comes in"],
  ["en", "Percentage", { percentage: 2, of: "purchase" }, "2 % of what you buy"],
  ["en", "CalendarChaos", { amountCents: 100 }, "4 days a month, kr 1 times the date"],
  ["en", "Copycat", { launchId: "l1" }, "100 % of what another savehack takes"],
  ["en", "Moonstruck", { amountCents: 100, newMoon: false }, "kr 1 at each full moon"],
  ["en", "Moonstruck", { amountCents: 100, newMoon: true }, "kr 1 at each full moon and each new moon"],
  ["en", "Unheard", { amountCents: 100 }, ""],
])("%s %s", (language, kind, values, said) => {
  spoken(language)
  expect(plain(summary({ ...values, type: `${kind}Launch` }))).toBe(said)
})

test("numbers in it are the locale's", () => {
  spoken("sv")
  expect(plain(summary({ type: "PercentageLaunch", percentage: 0.5 }))).toContain("0,5")
})

test("the week begins with Monday", () => {
  expect([0, 1, 2, 3, 4, 5, 6].map(weekday)).toEqual(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
  spoken("sv")
  expect(weekday(0)).toBe("måndag")
})

describe("a form begins with", () => {
  test("what is suggested, what the schema says, or the least that may be", () => {
    expect(started(hack("Weekly", { suggestion: { amountCents: 5000 } }))).toEqual({ amountCents: 5000, dayOfWeek: 0 })
    expect(started(hack("CalendarChaos"))).toEqual({ amountCents: 1, daysPerMonth: 4 })
    expect(started(hack("Percentage"))).toEqual({ percentage: 0.5, of: "income", maxAmountCents: undefined })
    expect(started(hack("Copycat"))).toEqual({ launchId: undefined, percentage: 100, maxAmountCents: undefined })
    expect(started(hack("Autopilot"))).toEqual({})
  })

  test("what is there already, a no as well", () => {
    expect(started(hack("Moonstruck", { suggestion: { newMoon: true } }), { amountCents: 7, newMoon: false, other: 1 })).toEqual({ amountCents: 7, newMoon: false })
    expect(started(hack("Weekly"), { amountCents: 7, dayOfWeek: 3 })).toEqual({ amountCents: 7, dayOfWeek: 3 })
  })
})

test("a parameter is called what it is in its kind, or by its title, or by its name", () => {
  expect(titled("Daily", "amountCents", {})).toBe(words.en["field.amountCents"])
  expect(titled("CalendarChaos", "amountCents", {})).toBe("For each day of the date")
  expect(titled("Daily", "colour", { title: "Its colour" })).toBe("Its colour")
  expect(titled("Daily", "colour", {})).toBe("colour")
})

describe("a slider", () => {
  test.each([
    [1000, { min: 50, max: 5000, step: 50 }],
    [20_000, { min: 1000, max: 100_000, step: 1000 }],
    [undefined, { min: 500, max: 50_000, step: 500 }],
    [0, { min: 500, max: 50_000, step: 500 }],
    [10, { min: 1, max: 50, step: 1 }],
  ])("of money goes to what is usual: %s", (suggested, scaled) => {
    expect(scale("amountCents", { minimum: 1, maximum: 1e15 }, suggested)).toEqual(scaled)
  })

  test("has steps that meet its end, and never passes what may be", () => {
    for (let usual = 1; usual < 300_000; usual = Math.ceil(usual * 1.3)) {
      const { min, max, step } = scale("amountCents", {}, usual)
      expect(/^[125]0*$/.test(String(step)), String(step)).toBe(true)
      expect((max - min) % step).toBe(0)
      expect(max).toBeGreaterThanOrEqual(usual)
    }
    expect(scale("amountCents", { maximum: 3000 }, 1000).max).toBe(3000)
  })

  test("of money does not begin under the least that may be", () => {
    const { min } = scale("roundToCents", { minimum: 2 }, 10)
    expect(min).toBeGreaterThanOrEqual(2)
  })

  test("of yen has whole yen", () => {
    app.me = me({ currency: "JPY" })
    expect(scale("amountCents", {}, undefined)).toEqual({ min: 5, max: 500, step: 5 })
  })

  test("of anything else goes as far as the schema", () => {
    expect(scale("dayOfMonth", { minimum: 1, maximum: 31 }, undefined)).toEqual({ min: 1, max: 31, step: 1 })
    expect(scale("percentage", { minimum: 0.5, maximum: 100, multipleOf: 0.5 }, undefined)).toEqual({ min: 0.5, max: 100, step: 0.5 })
    expect(scale("other", {}, undefined)).toEqual({ min: 0, max: 100, step: 1 })
  })
})

describe("wrong", () => {
  test.each(Object.keys(kinds))("is nothing of a whole %s", (kind) => {
    expect(wrong(hack(kind), given[kind]!)).toEqual({})
  })

  test.each([undefined, ""])("is what is needed and %j", (v) => {
    expect(wrong(hack("Daily"), { amountCents: v })).toEqual({ amountCents: "This is needed." })
  })

  test("is what is no amount, needed or not", () => {
    expect(wrong(hack("Daily"), { amountCents: NaN })).toEqual({ amountCents: "That is no amount." })
    expect(wrong(hack("Percentage"), { percentage: 1, maxAmountCents: NaN })).toEqual({ maxAmountCents: "That is no amount." })
  })

  test("is what is too little, or less than the least; not what may be left out", () => {
    expect(wrong(hack("Daily"), { amountCents: 0 })).toEqual({ amountCents: "That is too little." })
    expect(wrong(hack("Thief"), { minAmountCents: 200, maxAmountCents: 100 })).toEqual({ maxAmountCents: "That is less than the least." })
    expect(wrong(hack("Thief"), { minAmountCents: 100, maxAmountCents: 100 })).toEqual({})
    expect(wrong(hack("Percentage"), { percentage: 1, maxAmountCents: undefined })).toEqual({})
  })

  test("is a summit or an end that lies under the first amount", () => {
    expect(wrong(hack("Everest"), { amountCents: 200, stepCents: 1, maxAmountCents: 100 })).toEqual({ maxAmountCents: "That is less than the least." })
    expect(wrong(hack("Rocket"), { amountCents: 200, stepCents: 1, maxAmountCents: 100 })).toEqual({ maxAmountCents: "That is less than the least." })
  })
})
