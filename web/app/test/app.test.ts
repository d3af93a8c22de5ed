import { flushSync } from "svelte"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { app } from "../src/app.svelte.ts"
import { go } from "../src/router.svelte.ts"
import type { Boot } from "../src/types.ts"
import { speech } from "../src/words.svelte.ts"
import { content, dream, me, words } from "./fixtures.ts"
import { fault, lost, open, press, rest, settle, spoken, Stream, type Opened } from "./savings.ts"

let page: Opened
const told: { event: string; message: unknown }[] = []
const self = (window as unknown as { parent: unknown }).parent

beforeEach(() => {
  told.length = 0
  sessionStorage.clear()
  spoken("en")
  ;(window as unknown as { parent: unknown }).parent = { postMessage: (data: string) => told.push(JSON.parse(data)) }
})
afterEach(async () => {
  await page.close()
  ;(window as unknown as { parent: unknown }).parent = self
  vi.useRealTimers()
})
const heard = (event: string) => told.filter((t) => t.event === event)
const says = (event: string, message: object) => {
  const e = new MessageEvent("message", { data: JSON.stringify({ event, message }), origin: "https://bank.example" })
  Object.defineProperty(e, "source", { value: window.parent })
  window.dispatchEvent(e)
}
const bare: Partial<Boot> = { me: undefined, content: undefined } as never

describe("the first screen", () => {
  test("is made of what came with the page", async () => {
    page = await open("/")
    expect(page.title()).toBe("Your savings")
    expect(page.asked.map((a) => `${a.method} ${a.path}`)).toEqual(["POST views"])
    expect(page.asked[0]!.body).toEqual({ path: "/" })
    expect(Stream.open.map((s) => s.url)).toEqual(["/app/api/events"])
    expect(heard("onPageReadyEvent")).toHaveLength(1)
  })

  test("is read where nothing came with the page", async () => {
    page = await open("/", { boot: bare })
    expect(page.title()).toBe("Your savings")
    expect(page.of("GET").map((a) => a.path).sort()).toEqual(["content", "me"])
    expect(heard("onPageReadyEvent")).toHaveLength(1)
  })

  test("reads its words when there are none", async () => {
    speech.know("en", {})
    page = await open("/", { language: "sv" })
    expect(page.title()).toBe("Ditt sparande")
  })

  test("says that nothing came, and tries again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    page = await open("/", { boot: bare, answers: { "GET me": lost } })
    expect(page.target.querySelector(".skeleton")).not.toBeNull()
    await vi.advanceTimersByTimeAsync(10_000)
    await settle()
    expect(page.title()).toBe("Something is missing")
    expect(page.text()).toContain("You are offline")
    page.answers["GET me"] = () => me()
    await press(page.button("Try again"))
    expect(page.title()).toBe("Your savings")
    expect(page.text()).not.toContain("You are offline")
  })

  test("is that of the address", async () => {
    page = await open("/dreams/d1")
    expect(page.title()).toBe("Boat")
    expect(document.title).toBe("Boat · Demo Bank")
  })

  test.each(["/dreams/other", "/somewhere", "/dreams/other/withdraw", "/dreams/d1/marketplace/Unheard"])("%s is nowhere", async (address) => {
    page = await open(address)
    await rest(20)
    await settle()
    expect(page.title()).toBe("There is nothing here")
  })

  test("has the partner's own words", async () => {
    page = await open("/", { boot: { content: content({ texts: { "overview.title": "My nest egg" } }) } })
    expect(page.title()).toBe("My nest egg")
  })

  test("asks of the bank's app what came with the page", async () => {
    page = await open("/", { boot: { me: me({ ask: [{ event: "onAccountProvisionRequested", message: { requestId: "p" } }] }) } })
    expect(heard("onAccountProvisionRequested")).toEqual([{ event: "onAccountProvisionRequested", message: { requestId: "p" } }])
    expect(page.text()).toContain("Your bank opens an account for you")
  })
})

describe("what changes", () => {
  test("is seen at once, and asked at once", async () => {
    page = await open("/")
    const version = app.version
    page.live().say("changed", me({ dreams: [dream({ name: "Yacht" })], ask: [{ event: "onAccountProvisionRequested", message: { requestId: "p" } }] }))
    expect(page.text()).toContain("Yacht")
    expect(app.version).toBe(version + 1)
    expect(heard("onAccountProvisionRequested")).toHaveLength(1)
    page.live().say("changed", me({ user: { id: "u1", provisioningInitiatedAt: "2026-01-01T00:00:00Z" } }))
    expect(page.text()).not.toContain("Your bank opens an account")
  })

  test("is followed again when the stream has ended, by one alone", async () => {
    page = await open("/")
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const first = page.live()
    first.say("error")
    expect(Stream.all).toHaveLength(1) // the browser comes again by itself
    first.close()
    first.say("error")
    vi.advanceTimersByTime(5000)
    expect(Stream.all).toHaveLength(2)
    dispatchEvent(new Event("online"))
    document.dispatchEvent(new Event("visibilitychange"))
    expect(Stream.open).toHaveLength(1)
  })

  test("is not known while the browser is offline", async () => {
    page = await open("/")
    dispatchEvent(new Event("offline"))
    flushSync()
    expect(page.text()).toContain("You are offline")
    page.live().say("open")
    expect(page.text()).not.toContain("You are offline")
  })
})

describe("signed out", () => {
  test("is said once, to the person and to the bank's app", async () => {
    page = await open("/")
    const stream = page.live()
    stream.say("signed-out")
    stream.say("signed-out")
    expect(page.title()).toBe("You are signed out")
    expect(heard("onExitRequested")).toHaveLength(1)
    expect(Stream.open).toEqual([])
    dispatchEvent(new Event("online"))
    expect(Stream.open).toEqual([])
  })

  test("is whoever is answered 401, however often", async () => {
    page = await open("/", { answers: { "GET launches": () => fault(401), "GET transactions": () => fault(401), "POST forecast": () => fault(401) } })
    go("/dreams/d1")
    await settle()
    expect(page.title()).toBe("You are signed out")
    expect(heard("onExitRequested")).toHaveLength(1)
  })

  test("by the bank's app, it is told to close once", async () => {
    page = await open("/", { answers: { "POST bridge": () => ({ ask: [{ event: "onExitRequested", message: {} }], session: null }) } })
    says("onSignOutRequested", {})
    await settle()
    expect(page.title()).toBe("You are signed out")
    expect(heard("onExitRequested")).toHaveLength(1)
  })

  test("nobody asks for another token", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] })
    const mine = me()
    mine.session = { renewedBy: "token", expiresAt: new Date(Date.now() + 60_000).toISOString() }
    page = await open("/", { boot: { me: mine } })
    page.live().say("signed-out")
    await vi.advanceTimersByTimeAsync(60_000)
    expect(heard("onIdTokenDidExpire")).toEqual([])
  })
})

describe("a click", () => {
  test("on a link stays in the page", async () => {
    page = await open("/")
    const click = new MouseEvent("click", { bubbles: true, cancelable: true })
    page.link("New dream").dispatchEvent(click)
    await settle()
    expect(click.defaultPrevented).toBe(true)
    expect(page.at()).toBe("/new")
    expect(page.title()).toBe("What do you dream of?")
    expect(document.activeElement).toBe(page.target.querySelector("h1"))
    expect(page.of("POST views").map((a) => a.body)).toEqual([{ path: "/" }, { path: "/new" }])
  })

  test.each<[string, string, MouseEventInit]>([
    ["out of the app", '<a href="https://other.example/app/">x</a>', {}],
    ["to another page of the host", '<a href="/sdk/">x</a>', {}],
    ["to what only begins like the app", '<a href="/apples">x</a>', {}],
    ["to the API", '<a href="/app/api/export">x</a>', {}],
    ["to be saved", '<a href="/app/api/export" download>x</a>', {}],
    ["to another window", '<a href="/app/new" target="_blank">x</a>', {}],
    ["with a key", '<a href="/app/new">x</a>', { ctrlKey: true }],
    ["with the other button", '<a href="/app/new">x</a>', { button: 1 }],
    ["on no link", "<button>x</button>", {}],
  ])("%s is the browser's", async (_, html, how) => {
    page = await open("/")
    const of = page.target.appendChild(document.createElement("p"))
    of.innerHTML = html
    let prevented: boolean | undefined
    const last = (e: Event) => {
      prevented = e.defaultPrevented
      e.preventDefault() // jsdom goes nowhere
    }
    addEventListener("click", last)
    of.firstElementChild!.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...how }))
    removeEventListener("click", last)
    expect(prevented).toBe(false)
    expect(page.at()).toBe("/")
  })

  test("on a link or a button is told to the bank's app, with nothing of what it was", async () => {
    page = await open("/")
    page.target.querySelector<HTMLElement>("h1")!.click()
    expect(heard("onTelemetryEvent")).toEqual([])
    page.link("New dream").querySelector("svg")!.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }))
    expect(heard("onTelemetryEvent")).toEqual([{ event: "onTelemetryEvent", message: { name: "UserClicked", payload: {} } }])
  })
})

describe("the bank's app", () => {
  test("leads to a screen", async () => {
    page = await open("/", { answers: { "POST bridge": () => ({ ask: [], session: me().session, location: "/app/dreams/d1/marketplace" }) } })
    says("navigateTo", { location: "/dreams/d1/marketplace" })
    await settle()
    expect(page.title()).toBe("Choose a savehack")
  })

  test("goes back, and closes us on the first screen", async () => {
    page = await open("/dreams/d1/marketplace")
    says("onBackRequested", {})
    await settle()
    expect(page.at()).toBe("/dreams/d1")
    says("onBackRequested", {})
    await settle()
    expect(page.at()).toBe("/")
    expect(heard("onExitRequested")).toEqual([])
    says("onBackRequested", {})
    expect(heard("onExitRequested")).toHaveLength(1)
    expect(page.title()).toBe("Your savings")
  })

  test("changes the language of everything", async () => {
    let spoken = "en"
    page = await open("/", {
      answers: {
        "POST bridge": () => ((spoken = "sv"), { ask: [], session: me().session }),
        "GET content": () => content({ texts: { "overview.new": spoken === "sv" ? "Ny plan" : "New plan" } }),
      },
    })
    says("updateLocale", { locale: "sv-SE" })
    await settle()
    expect(page.title()).toBe(words.sv["overview.title"])
    expect(page.link("Ny plan")).toBeTruthy()
    expect(document.documentElement.lang).toBe("sv")
  })
})

test("what was done is said for five seconds", async () => {
  page = await open("/")
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  app.says("Done.")
  flushSync()
  expect(page.text()).toContain("Done.")
  vi.advanceTimersByTime(5000)
  flushSync()
  expect(page.text()).not.toContain("Done.")
})
