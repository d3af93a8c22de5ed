import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Ask, Boot, Launch } from "../src/types.ts"
import { dream, launch, me } from "./fixtures.ts"
import { open, press, rest, settle, type Answer, type Opened } from "./savings.ts"

let page: Opened
const w = window as unknown as { parent: unknown }
const self = w.parent
const bare = { ...dream(), account: undefined } as never
const account: Ask = { event: "onAccountRequested", message: { requestId: "a1", dream: { type: "dream", id: "d1", name: "Boat" } } }
const provision: Ask = { event: "onAccountProvisionRequested", message: { requestId: "p" } }
const consent: Ask = { event: "onTransferConsentRequested", message: { requestId: "c", consentId: "x" } }

beforeEach(() => {
  sessionStorage.clear()
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] })
  w.parent = { postMessage() {} }
})
afterEach(async () => {
  await page.close()
  w.parent = self
  vi.useRealTimers()
})
const says = async (event: string, message: object) => {
  const e = new MessageEvent("message", { data: JSON.stringify({ event, message }), origin: "https://bank.example" })
  Object.defineProperty(e, "source", { value: window.parent })
  window.dispatchEvent(e)
  await settle()
}
// wait is the screen with a launch that waits, after the bank's app was asked.
let state: Launch["state"]
function wait(ask: Ask[], { path = "/dreams/d1/waiting?launch=l1", boot = {}, answers = {} }: { path?: string; boot?: Partial<Boot>; answers?: Record<string, Answer> } = {}) {
  state = "waiting"
  return open(path, {
    boot: { me: me({ dreams: [bare], ask }), ...boot },
    answers: { "GET launches": () => ({ savehackLaunches: [launch({ state })] }), "POST bridge": () => ({ ask: [], session: me().session }), ...answers },
  })
}
const seconds = async (n: number) => {
  await vi.advanceTimersByTimeAsync(n * 1000)
  await settle()
}

describe("while the bank has the screen", () => {
  test("it is waited for, and after half a minute there is a way on", async () => {
    page = await wait([account], { answers: { "POST ask": () => ({ ask: [account] }) } })
    expect(page.title()).toBe("Over to your bank")
    expect(page.text()).toContain("Your savehack waits and starts by itself")
    expect(page.text()).toContain("Waiting for your bank")
    expect(page.target.querySelector(".foot")).toBeNull()
    await seconds(30)
    expect(page.target.querySelector(".foot")).toBeNull()
    await seconds(1)
    expect(page.text()).toContain("Your bank has not answered yet")
    expect(page.link("Go on later").getAttribute("href")).toBe("/app/dreams/d1")
    await press(page.button("Ask again"))
    expect(page.of("POST ask")).toHaveLength(1)
    expect(page.text()).toContain("Waiting for your bank")
    await seconds(31)
    expect(page.text()).toContain("Your bank has not answered yet")
  })

  test("a no leaves the savehack waiting, to be asked for again", async () => {
    page = await wait([account])
    await says("onAccountRequestedFailed", { requestId: "a1", reason: "cancelled" })
    expect(page.text()).toContain("Your bank did not open an account")
    expect(page.text()).toContain("Nothing is lost.")
    expect(page.button("Ask again")).toBeTruthy()
  })

  test("a consent that was not given is no account that was not opened", async () => {
    page = await wait([consent], { boot: { me: me({ consents: true, ask: [consent] }) } })
    expect(page.title()).toBe("Your bank asks for your consent")
    await says("onTransferConsentCancelled", { requestId: "c", consentId: "x", reason: "cancelled" })
    expect(page.text()).toContain("You did not consent")
    expect(page.text()).not.toContain("account")
    await press(page.link("Go on later"))
    expect(page.at()).toBe("/dreams/d1")
    expect(page.text()).toContain("You did not consent")
    expect(page.text()).not.toContain("No account was opened")
  })

  test("without a bank's app that hears it says where it is done", async () => {
    w.parent = self
    page = await wait([account])
    expect(page.text()).toContain("This is done in your bank's app.")
    expect(page.has("button", "Ask again")).toBe(false)
    expect(page.link("Go on later")).toBeTruthy()
  })

  test("a dream without a savehack goes on to the market as soon as nothing is open", async () => {
    page = await wait([account], { path: "/dreams/d1/waiting" })
    expect(page.text()).toContain("You can go on meanwhile.")
    await says("onAccountRequestedSucceeded", { requestId: "a1" })
    expect(page.at()).toBe("/dreams/d1/marketplace")
  })
})

describe("what was waited for", () => {
  test("comes to a celebration, once", async () => {
    page = await wait([account])
    state = "active"
    page.live().say("changed", me({ dreams: [dream({ pendingCents: 2000 })] }))
    await settle()
    expect(page.at()).toBe("/dreams/d1/started?launch=l1")
    expect(page.title()).toBe("You are on your way!")
    expect(page.text()).toContain("The Daily now saves for Boat.")
    expect(page.text()).toContain("kr 10 every day")
    expect(page.text()).toContain("kr 20 is on its way already.")
    expect(page.target.querySelector(".confetti")).not.toBeNull()
    const seen = history.state as unknown
    await press(page.link("See the dream"))
    expect(page.at()).toBe("/dreams/d1")
    // Whoever comes back to it is shown the dream.
    history.replaceState(seen, "", "/app/dreams/d1/started?launch=l1")
    dispatchEvent(new PopStateEvent("popstate"))
    await settle()
    expect(page.at()).toBe("/dreams/d1")
    expect(page.title()).toBe("Boat")
  })

  test("of a person without an account yet says that it waits", async () => {
    page = await open("/dreams/d1/started?launch=l1", { boot: { me: me({ dreams: [bare] }) }, answers: { "GET launches": () => ({ savehackLaunches: [launch()] }) } })
    expect(page.text()).toContain("Your bank is opening the account.")
  })

  test("is not celebrated when the bank's answer was no", async () => {
    page = await wait([consent], { boot: { me: me({ consents: true, ask: [consent] }) } })
    state = "stopped"
    page.live().say("changed", me({ consents: true }))
    await settle()
    expect(page.title()).toBe("You did not consent")
    expect(page.text()).toContain("The savehack was not started, and nothing is taken.")
    expect(page.link("Back to the dream").getAttribute("href")).toBe("/app/dreams/d1")
  })
})

describe("what stands open", () => {
  test("is said on the overview and with the dream, and can be asked for again", async () => {
    page = await open("/", { boot: { me: me({ dreams: [bare], ask: [provision] }) }, answers: { "POST ask": () => ({ ask: [provision] }), "POST bridge": () => ({ ask: [], session: me().session }) } })
    expect(page.text()).toContain("Your bank opens an account for you")
    await press(page.button("Ask again"))
    expect(page.of("POST ask")).toHaveLength(1)
    await says("accountProvisioned", { requestId: "p" })
    expect(page.text()).not.toContain("Your bank opens an account")
  })

  test("about another dream is not said with this one", async () => {
    page = await open("/dreams/d2", { boot: { me: me({ dreams: [bare, dream({ id: "d2", name: "Home" })], ask: [account] }) } })
    expect(page.text()).not.toContain("opens an account")
  })
})

describe("a dream that is reached", () => {
  test("is celebrated once, and says what can be done", async () => {
    const reached = dream({ achievedAt: "2026-02-02T10:00:00Z", balanceCents: 2_000_000 })
    page = await open("/dreams/d1/reached", { boot: { me: me({ dreams: [reached] }) } })
    expect(page.title()).toBe("You did it!")
    expect(page.text()).toContain("Boat: kr 20,000 saved.")
    expect(page.target.querySelector(".confetti")).not.toBeNull()
    expect([...page.target.querySelectorAll(".list a")].map((a) => a.getAttribute("href")!.split("/").at(-1))).toEqual(["withdraw", "move", "edit", "history", "give-up"])
    await page.close()
    page = await open("/dreams/d1/reached", { boot: { me: me({ dreams: [reached] }) } })
    expect(page.target.querySelector(".confetti")).toBeNull()
    await page.close()
    page = await open("/dreams/d1/reached", { boot: { me: me({ dreams: [{ ...reached, achievedAt: "2027-01-01T10:00:00Z" }] }) } })
    expect(page.target.querySelector(".confetti"), "reached anew").not.toBeNull()
  })
})

describe("a dream", () => {
  const shows = (more: object, answers: Record<string, Answer> = {}) => open("/dreams/d1", { boot: { me: me({ dreams: [dream(more)] }) }, answers })

  test("says how far it is and when it is reached at this pace", async () => {
    page = await shows({ pendingCents: 10_000, leavingCents: 5000, expiresAt: "2031-06-01" }, { "POST forecast": () => ({ forecast: { weeklyCents: 1, reachedOn: "2031-03-04" } }), "GET launches": () => ({ savehackLaunches: [launch(), launch({ id: "l2", state: "stopped" })] }) })
    expect(page.text()).toContain("25%")
    expect(page.text()).toMatch(/Saved ?kr 5,000 .*On its way ?kr 100 .*Being paid out ?kr 50 .*Left ?kr 14,900/)
    expect(page.text()).toContain("At this pace you get there on March 4, 2031. That is in time.")
    expect([...page.target.querySelectorAll("a")].filter((a) => a.pathname.startsWith("/app/launches/")).map((a) => a.getAttribute("href"))).toEqual(["/app/launches/l1?dream=d1"])
  })

  test("says what is too late", async () => {
    page = await shows({ expiresAt: "2031-01-01" }, { "POST forecast": () => ({ forecast: { weeklyCents: 1, reachedOn: "2031-03-04" } }) })
    expect(page.text()).toContain("You wanted to by January 1, 2031.")
    await page.close()
    page = await shows({ expiresAt: "2020-01-01" })
    expect(page.text()).toContain("The date January 1, 2020 has passed")
    expect(page.text()).toContain("None yet. One of them gets you going.")
  })

  test("has no way out of what is not there", async () => {
    page = await shows({ balanceCents: 0 })
    expect(page.has("a", "Withdraw")).toBe(false)
    expect(page.has("a", "Move money")).toBe(false)
  })

  test("shows how each savehack stands", async () => {
    const all = [launch({ state: "paused", pausedUntil: "2031-03-04T06:00:00Z" }), launch({ id: "l2", state: "waiting" }), launch({ id: "l3", state: "draft" })]
    page = await shows({}, { "GET launches": () => ({ savehackLaunches: all }) })
    await rest(1)
    expect([...page.target.querySelectorAll(".state")].map((e) => e.textContent)).toEqual(["Paused until March 4, 2031", "Waits for your bank", "Waits for your consent"])
  })
})
