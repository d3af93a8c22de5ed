import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Boot, Launch } from "../src/types.ts"
import { content, dream, group, hack, kinds, launch, me } from "./fixtures.ts"
import { lost, mistakes, open, plain, press, settle, submit, type, type Answer, type Opened } from "./savings.ts"

let page: Opened
beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] }))
afterEach(async () => {
  await page.close()
  vi.useRealTimers()
})
const forecast: Answer = () => ({ forecast: { weeklyCents: 7000, eachWeeklyCents: [7000], reachedOn: "2031-03-04", nextOn: "2031-01-02" } })
const started = (l: Partial<Launch> = {}): Record<string, Answer> => ({
  "POST launches": () => ({ savehackLaunch: launch(l), ask: [] }), "GET launches": () => ({ savehackLaunches: [launch(l)] }), "POST forecast": forecast,
})
const rest = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}

describe("the market", () => {
  test("has every savehack, with about how much a month", async () => {
    page = await open("/dreams/d1/marketplace", { answers: { "POST forecast": () => ({ forecast: { weeklyCents: 0, eachWeeklyCents: [7000, 0] } }) } })
    expect([...page.target.querySelectorAll("a.card")].map((a) => a.getAttribute("href"))).toEqual(Object.keys(kinds).map((k) => `/app/dreams/d1/marketplace/${k}`))
    expect(page.link("The Daily").textContent).toContain("About kr")
    expect(plain(page.link("The Daily").textContent)).toContain("About kr 300 a month")
    expect(page.link("The Weekly").textContent).not.toContain("About")
    const asked = (page.of("POST forecast")[0]!.body as { savehackLaunches: { type: string }[] }).savehackLaunches.map((l) => l.type)
    expect(asked).not.toContain("CopycatLaunch")
    expect(asked[0]).toBe("DailyLaunch")
  })

  test("of no dream asks for which, of those that are not reached", async () => {
    page = await open("/marketplace", { boot: { me: me({ dreams: [dream(), dream({ id: "d2", name: "Done", achievedAt: "2026-01-01T00:00:00Z" })] }) } })
    expect(page.title()).toBe("For which dream?")
    expect([...page.target.querySelectorAll("a.card")].map((a) => a.getAttribute("href"))).toEqual(["/app/dreams/d1/marketplace"])
  })

  test("of nobody's dream leads to one", async () => {
    page = await open("/marketplace", { boot: { me: me({ dreams: [] }) } })
    expect(page.link("New dream").getAttribute("href")).toBe("/app/new")
  })
})

describe("a savehack's form", () => {
  test.each(Object.keys(kinds))("of %s has a field for each parameter", async (kind) => {
    page = await open(`/dreams/d1/marketplace/${kind}`)
    expect(page.title()).toBe(`The ${kind}`)
    const names = Object.keys(hack(kind).schema.properties)
    expect(page.target.querySelectorAll(".field")).toHaveLength(names.length)
    for (const name of names) expect(page.target.querySelector(`#${name}, .field input[type=checkbox]`), name).not.toBeNull()
    expect(page.text()).not.toMatch(/[{}]|NaN|undefined/)
  })

  test("says what is missing, and leads there", async () => {
    page = await open("/dreams/d1/marketplace/Daily", { answers: started() })
    await type(page.field("Amount"), "")
    await submit(page)
    expect(page.wrong()).toEqual(["This is needed."])
    expect(document.activeElement).toBe(page.field("Amount"))
    expect(page.at()).toBe("/dreams/d1/marketplace/Daily")
    await type(page.field("Amount"), "0")
    expect(page.wrong()).toEqual(["This is needed."])
    await type(page.field("Amount"), "ten")
    expect(page.wrong()).toEqual(["That is no amount."])
  })

  test("says what is less than the least", async () => {
    page = await open("/dreams/d1/marketplace/Thief")
    await type(page.field("At least"), "100")
    await type(page.field("At most"), "50")
    await submit(page)
    expect(page.wrong()).toEqual(["That is less than the least."])
  })

  test("shows the consequence a moment after the slider rests", async () => {
    page = await open("/dreams/d1/marketplace/Daily", { answers: started() })
    const slider = page.target.querySelector<HTMLInputElement>("input[type=range]")!
    for (const v of ["1500", "2000", "2500"]) {
      Object.defineProperty(slider, "valueAsNumber", { value: Number(v), configurable: true })
      await type(slider, v)
    }
    expect(page.of("POST forecast")).toHaveLength(0)
    expect(page.field("Amount").value).toBe("25")
    await rest(150)
    expect(page.of("POST forecast").map((a) => a.body)).toEqual([{ dreamId: "d1", each: true, savehackLaunches: [{ dreamId: "d1", type: "DailyLaunch", stopAtGoal: true, amountCents: 2500 }] }])
    expect(page.text()).toContain("About kr 70 a week")
    expect(page.text()).toContain("You get there on March 4, 2031.")
  })

  test("says of what follows purchases that nobody knows", async () => {
    page = await open("/dreams/d1/marketplace/Roundup", { boot: { content: content({ savehacks: [hack("Roundup", { feed: "purchase" })] }) } })
    expect(page.text()).toContain("How much it is depends on what happens on your account.")
  })

  test("of a copycat chooses whom to copy", async () => {
    const boot: Partial<Boot> = { me: me({ dreams: [dream({ groupDream: { type: "GroupDream", id: "g1" } })] }) }
    const answers = { ...started(), "GET dreams/d1/group": () => ({ group: group() }), "GET launches": () => ({ savehackLaunches: [launch(), launch({ id: "l2", state: "stopped" }), launch({ id: "l3", type: "CopycatLaunch" })] }) }
    page = await open("/dreams/d1/marketplace/Copycat?copy=l9", { boot, answers })
    const select = page.field<HTMLSelectElement>("Whom do you copy?")
    expect([...select.options].map((o) => [o.value, o.textContent])).toEqual([["l9", "Bo L: The Daily"], ["l1", "Boat: The Daily"]])
    expect(select.value).toBe("l9")
  })

  test("of a copycat says when there is nobody", async () => {
    page = await open("/dreams/d1/marketplace/Copycat")
    expect(page.text()).toContain("There is nobody to copy yet.")
    await submit(page)
    expect(page.wrong()).toEqual(["This is needed."])
  })
})

describe("the confirmation", () => {
  test("says what is taken, when, from where, and how to stop it; then it is under way", async () => {
    page = await open("/dreams/d1/marketplace/Daily", { answers: started(), boot: { me: me({ limits: { monthlyCapCents: 100_000, minimumBalanceCents: 0 } }) } })
    await type(page.target.querySelector<HTMLInputElement>("#cap")!, "500")
    await rest(150)
    await submit(page)
    expect(page.title()).toBe("Start The Daily?")
    expect([...page.target.querySelectorAll("dd")].map((d) => plain(d.textContent))).toEqual([
      "kr 10 every day", "First on January 2, 2031", "Your account at the bank", "Boat", "About kr 70 a week", "kr 500", "kr 1,000",
      "It stops by itself when the dream is reached. You can pause or stop it here whenever you like.",
    ])
    expect(page.target.querySelectorAll("button.primary")).toHaveLength(1)
    await press(page.button("Start"))
    expect(page.of("POST launches").map((a) => a.body)).toEqual([{ savehackLaunch: { dreamId: "d1", type: "DailyLaunch", stopAtGoal: true, monthlyCapCents: 50_000, amountCents: 1000 } }])
    expect(page.at()).toBe("/dreams/d1/started?launch=l1")
    expect(page.title()).toBe("You are on your way!")
  })

  test.each([
    ["waiting", false, "Over to your bank"],
    ["draft", true, "Your bank asks for your consent"],
  ] as const)("of one that is then %s hands over to the bank", async (state, consents, title) => {
    page = await open("/dreams/d1/marketplace/Daily?step=confirm", { answers: started({ state }), boot: { me: me({ consents, dreams: [{ ...dream(), account: undefined } as never] }) } })
    expect(page.text()).toContain(consents ? "Your bank asks for your consent next." : "Your bank opens a savings account for you.")
    await press(page.button("Start"))
    expect(page.at()).toBe("/dreams/d1/waiting?launch=l1")
    expect(page.title()).toBe(title)
  })

  test("that got no answer starts nothing twice", async () => {
    let there = false
    page = await open("/dreams/d1/marketplace/Daily?step=confirm", { answers: { ...started(), "POST launches": () => (there ? { savehackLaunch: launch() } : lost()) } })
    await press(page.button("Start"))
    expect(page.button("Start").disabled).toBe(true)
    await rest(10_000)
    expect(page.text()).toContain("nothing is done twice")
    there = true
    await press(page.button("Start"))
    expect(page.at()).toBe("/dreams/d1/started?launch=l1")
    expect(new Set(page.of("POST launches").map((a) => a.headers["Idempotency-Key"])).size).toBe(1)
  })

  test("of a mistake goes back to the field", async () => {
    page = await open("/dreams/d1/marketplace/Daily", { answers: { ...started(), "POST launches": () => mistakes({ "savehackLaunch.amountCents": "is too much" }) } })
    await submit(page)
    await press(page.button("Start"))
    await rest(50)
    vi.useRealTimers()
    await vi.waitFor(() => expect(page.at()).toBe("/dreams/d1/marketplace/Daily"))
    await settle()
    expect(page.wrong()).toEqual(["is too much"])
  })
})

describe("a launch", () => {
  const one = (l: Partial<Launch>, more: Record<string, Answer> = {}, boot: Partial<Boot> = {}) => open(`/launches/l1?dream=d1`, { boot, answers: { "GET launches": () => ({ savehackLaunches: [launch(l)] }), "PATCH launches/l1": () => ({ savehackLaunch: launch() }), "POST forecast": forecast, ...more } })

  test("is paused until a day, or without one", async () => {
    page = await one({})
    expect(page.title()).toBe("The Daily")
    expect(page.text()).toContain("kr 10 every day")
    await press(page.button("Pause"))
    expect(page.of("PATCH")[0]!.body).toEqual({ savehackLaunch: { pausedAt: expect.stringMatching(/Z$/) } })
    await type(page.field("Until (if you like)"), "2031-03-04")
    await press(page.button("Pause until March 4, 2031"))
    expect(page.of("PATCH")[1]!.body).toEqual({ savehackLaunch: { pausedAt: expect.any(String), pausedUntil: "2031-03-04T06:00:00.000Z" } })
    expect(page.text()).toContain("Paused")
  })

  test("that is paused goes on", async () => {
    page = await one({ state: "paused", pausedUntil: "2031-03-04T06:00:00Z" })
    expect(page.text()).toContain("Paused until March 4, 2031")
    await press(page.button("Go on"))
    expect(page.of("PATCH")[0]!.body).toEqual({ savehackLaunch: { pausedAt: null } })
    expect(page.text()).toContain("It goes on.")
  })

  test("is stopped after a question", async () => {
    page = await one({})
    await press(page.button("Stop"))
    expect(page.target.querySelector("dialog")!.textContent).toContain("Stop this savehack?")
    await press(page.button("Not now"))
    expect(page.target.querySelector("dialog")).toBeNull()
    await press(page.button("Stop"))
    await press(page.target.querySelector<HTMLButtonElement>("dialog .danger")!)
    expect(page.of("PATCH").map((a) => Object.keys((a.body as { savehackLaunch: object }).savehackLaunch))).toEqual([["stoppedAt"]])
    expect(page.target.querySelector("dialog")).toBeNull()
  })

  test("that is stopped cannot be changed", async () => {
    page = await one({ state: "stopped" })
    expect(page.text()).toContain("Stopped")
    expect(page.target.querySelectorAll("main button, main a")).toHaveLength(0)
  })

  test("is changed in place", async () => {
    page = await one({ monthlyCapCents: 30_000 })
    await press(page.link("Change"))
    expect(page.title()).toBe("Change The Daily")
    await type(page.field("Amount"), "20")
    await type(page.target.querySelector<HTMLInputElement>("#cap")!, "")
    await submit(page)
    expect(page.of("PATCH")[0]!.body).toEqual({ savehackLaunch: { amountCents: 2000, stopAtGoal: true, monthlyCapCents: null } })
    expect(page.text()).toContain("Changed.")
  })

  test("that the bank has to consent to anew takes the place of the old", async () => {
    page = await one({}, { "POST launches": () => ({ savehackLaunch: launch({ id: "l2", state: "draft" }) }) }, { me: me({ consents: true }) })
    await press(page.link("Change"))
    await type(page.field("Amount"), "20")
    await submit(page)
    expect(page.of("POST launches")[0]!.body).toMatchObject({ savehackLaunch: { amountCents: 2000, obsoleteSavehackLaunchId: "l1", dreamId: "d1" } })
    expect(page.at()).toBe("/dreams/d1/waiting?launch=l2")
  })

  test("that is not there is nowhere", async () => {
    page = await open("/launches/other")
    expect(page.title()).toBe("There is nothing here")
  })
})
