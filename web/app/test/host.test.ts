import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import * as api from "../src/api.ts"
import { Host, type Doing } from "../src/host.svelte.ts"
import { kept } from "../src/keep.ts"
import type { Ask, Session } from "../src/types.ts"
import { dream, me, soon } from "./fixtures.ts"
import { fault, listening, lost, serve, settle, type Answer } from "./savings.ts"

const bank = "https://bank.example"
const session: Session = { renewedBy: "token", expiresAt: "2030-01-01T00:00:00Z" }
type Kind = "frame" | "ios" | "android" | "none"
type Told = [name: string, message: unknown]
interface Windowed {
  parent: unknown
  webkit?: unknown
  JSBridge?: unknown
  [name: string]: unknown
}
const w = window as unknown as Windowed
const self = w.parent

// around makes the window that of a host, and gives what the host is told, by the name and in the form that it has there.
function around(kind: Kind): Told[] {
  const told: Told[] = []
  if (kind === "frame") w.parent = { postMessage: (data: string, target: string) => {
    expect(typeof data).toBe("string")
    expect(target).toBe(bank)
    const { event, message } = JSON.parse(data) as { event: string; message: unknown }
    told.push([event, message])
  } }
  const names = ["onAccountProvisionRequested", "onAccountRequested", "onIdTokenDidExpire", "onExitRequested", "onTelemetryEvent"]
  if (kind === "ios")
    w.webkit = { messageHandlers: Object.fromEntries([...names, "onTransferConsentRequested", "share"].map((n) => [n, { postMessage: (body: unknown) => {
      expect(typeof body).toBe("object")
      told.push([n, body])
    } }])) }
  if (kind === "android") w.JSBridge = Object.fromEntries([...names, "onShare"].map((n) => [n, (...args: string[]) => told.push([n, n === "onExitRequested" ? args : JSON.parse(args[0]!)])]))
  return told
}

// says has the host say something, as it does.
function says(kind: Kind, event: string, message: object, origin = bank) {
  if (kind === "frame") {
    const e = new MessageEvent("message", { data: JSON.stringify({ event, message }), origin })
    Object.defineProperty(e, "source", { value: w.parent })
    window.dispatchEvent(e)
  } else (w[event] as (json: string) => void)(JSON.stringify(message))
}

let left = () => {}
const doing = { go: vi.fn(), back: vi.fn(() => true), session: vi.fn(), locale: vi.fn(), changed: vi.fn() } satisfies Doing
const steps: string[] = []
function host(answers: Record<string, Answer> = {}) {
  const server = serve({ "POST bridge": () => ({ ask: [], session }), ...answers })
  let it: Host | undefined
  left = listening(() => (it = new Host([bank], doing)))
  return { host: it!, ...server, posted: () => server.of("POST bridge").map((a) => a.body) }
}

beforeEach(() => {
  sessionStorage.clear()
  steps.length = 0
  for (const f of Object.values(doing)) f.mockClear()
  api.told.ask = () => {}
})
afterEach(() => {
  left()
  w.parent = self
  delete w.webkit
  delete w.JSBridge
  for (const name of Object.keys(w).filter((n) => /^(account(Prov|Req)|updateIdToken|navigateTo|transferConsent|updateLocale|setAdditionalHeaders|onBackRequested|onSignOutRequested|sessionKeepAlive)/.test(n))) delete w[name]
  vi.useRealTimers()
})

// outgoing is each message to the host, and what becomes of it: its name there, or nothing where a host has no way to hear it.
const outgoing: [event: string, message: object, ios: string, android: string][] = [
  ["onAccountProvisionRequested", { requestId: "r" }, "onAccountProvisionRequested", "onAccountProvisionRequested"],
  ["onAccountRequested", { requestId: "r", dream: { type: "dream", id: "d1", name: "O'Brien", user: { type: "user", id: "u", externalId: "x" } } }, "onAccountRequested", "onAccountRequested"],
  ["onIdTokenDidExpire", { requestId: "r" }, "onIdTokenDidExpire", "onIdTokenDidExpire"],
  ["onTransferConsentRequested", { requestId: "r", consentId: "c", successUrl: "https://a", cancelUrl: "https://b" }, "onTransferConsentRequested", ""],
  ["onInvestmentAccountProvisionRequested", { requestId: "r", accountId: "a" }, "", ""],
  ["onInvestmentSellRequested", { requestId: "r", accountId: "a", amount: { quantity: 1, currency: "SEK" } }, "", ""],
  ["onShare", { url: "https://a", text: "t", title: "T" }, "share", "onShare"],
  ["onExitRequested", {}, "onExitRequested", "onExitRequested"],
  ["onTelemetryEvent", { name: "UserClicked", payload: {} }, "onTelemetryEvent", "onTelemetryEvent"],
  ["onPageReadyEvent", {}, "", ""],
]
describe.each(outgoing)("%s", (event, message, ios, android) => {
  test.each<[Kind, string]>([["frame", event], ["ios", ios], ["android", android], ["none", ""]])("to %s", (kind, name) => {
    const told = around(kind)
    const { host: it } = host()
    expect(it.say(event, message)).toBe(name !== "")
    expect(told).toEqual(name ? [[name, kind === "android" && event === "onExitRequested" ? [] : message]] : [])
  })
})

// incoming is each message of the host that the server is to hear: its name in a frame, on a native host, and what it says.
const incoming: [event: string, native: string, message: object][] = [
  ["accountProvisioned", "accountProvisionInitiated", { requestId: "r" }],
  ["onAccountRequestedSucceeded", "accountRequestedSucceeded", { requestId: "r" }],
  ["onAccountRequestedFailed", "accountRequestedFailed", { requestId: "r", reason: "cancelled" }],
  ["updateToken", "updateIdToken", { requestId: "r", idToken: "t" }],
  ["navigateTo", "navigateTo", { location: "/dreams/1" }],
  ["onTransferConsentSucceeded", "transferConsentSucceeded", { requestId: "r", consentId: "c", consentRef: "x" }],
  ["onTransferConsentCancelled", "transferConsentCancelled", { requestId: "r", consentId: "c", reason: "cancelled" }],
  ["investmentAccountProvisionInitiated", "", { requestId: "r", accountId: "a" }],
  ["onSignOutRequested", "onSignOutRequested", {}],
  ["sessionKeepAlive", "sessionKeepAlive", {}],
  ["updateLocale", "updateLocale", { locale: "sv-SE" }],
]
describe.each(incoming)("%s", (event, native, message) => {
  test.each<[Kind, string]>([["frame", event], ["ios", native], ["android", native]])("of %s is told to the server", async (kind, name) => {
    if (!name) return expect(native).toBe("")
    around(kind)
    const { posted } = host()
    says(kind, name, message)
    await settle()
    expect(posted()).toEqual([{ event, message }])
    expect(doing.changed).toHaveBeenCalledOnce()
    expect(doing.session).toHaveBeenCalledExactlyOnceWith(session)
  })
})

describe("the host", () => {
  test("of another origin, or from another window, is not heard", async () => {
    around("frame")
    const { posted } = host()
    says("frame", "onSignOutRequested", {}, "https://evil.example")
    window.dispatchEvent(new MessageEvent("message", { data: '{"event":"onSignOutRequested","message":{}}', origin: bank }))
    says("frame", "becomeRoot", {})
    await settle()
    expect(posted()).toEqual([])
  })

  test.each<[Kind, string]>([["frame", "setAdditionalHeaders"], ["ios", "setAdditionalHeaders"], ["android", "setAdditionalHeaders"]])("of %s gives headers, which the server is told nothing of", async (kind, name) => {
    around(kind)
    const { posted, asked } = host({ "GET it": () => ({}) })
    says(kind, name, { "X-Bank": "1" })
    await api.get("it")
    expect(posted()).toEqual([])
    expect(asked[0]!.headers["X-Bank"]).toBe("1")
    api.setHeaders({})
  })

  test.each<Kind>(["frame", "ios", "android"])("of %s goes back, and is told to close on the first screen", async (kind) => {
    const told = around(kind)
    const { posted } = host()
    says(kind, "onBackRequested", {})
    expect(told).toEqual([])
    doing.back.mockReturnValueOnce(false)
    says(kind, "onBackRequested", {})
    expect(told.map(([name]) => name)).toEqual(["onExitRequested"])
    await settle()
    expect(posted()).toEqual([])
    expect(doing.back).toHaveBeenCalledTimes(2)
  })

  test("leads to a screen that the server has judged", async () => {
    around("frame")
    host({ "POST bridge": ({ body }) => ({ ask: [], session, location: (body as { message: { location: string } }).message.location === "/evil" ? "/app/" : "/app/dreams/1?step=edit" }) })
    says("frame", "navigateTo", { location: "/dreams/1?step=edit" })
    says("frame", "navigateTo", { location: "/evil" })
    await settle()
    expect(doing.go.mock.calls).toEqual([["/dreams/1?step=edit"], ["/"]])
  })

  test("changes the language once the server speaks it, and not to one that it does not know", async () => {
    around("ios")
    const { asked } = host({ "POST bridge": ({ body }) => ((body as { message: { locale: string } }).message.locale === "xx" ? fault(400) : { ask: [], session }) })
    doing.locale.mockImplementation(() => steps.push(`spoken after ${asked.length}`))
    says("ios", "updateLocale", { locale: "xx" })
    says("ios", "updateLocale", { locale: "sv_SE" })
    expect(doing.locale).not.toHaveBeenCalled()
    await settle()
    expect(doing.locale).toHaveBeenCalledExactlyOnceWith("sv-SE")
    expect(steps).toEqual(["spoken after 2"])
  })

  test("signs out", async () => {
    around("frame")
    host({ "POST bridge": () => ({ ask: [{ event: "onExitRequested", message: {} }], session: null }) })
    says("frame", "onSignOutRequested", {})
    await settle()
    expect(doing.session).toHaveBeenCalledExactlyOnceWith(null)
  })
})

describe("what the server is told", () => {
  test("is told in order, one at a time, until it has heard it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    around("frame")
    let there = false
    const { asked, posted } = host({ "POST bridge": () => (there ? { ask: [], session } : lost()) })
    says("frame", "accountProvisioned", { requestId: "a" })
    says("frame", "onAccountRequestedSucceeded", { requestId: "b" })
    await vi.advanceTimersByTimeAsync(4700)
    expect(posted()).toHaveLength(4)
    expect(kept("said")).toHaveLength(2)
    there = true
    asked.length = 0
    await vi.advanceTimersByTimeAsync(6000)
    await settle()
    expect(posted().map((p) => (p as { event: string }).event)).toEqual(["accountProvisioned", "onAccountRequestedSucceeded"])
    expect(kept("said")).toBeUndefined()
  })

  test("and calls a mistake is left, and the next is told", async () => {
    around("frame")
    const { posted } = host({ "POST bridge": ({ body }) => ((body as { event: string }).event === "accountProvisioned" ? fault(400) : { ask: [], session }) })
    says("frame", "accountProvisioned", { requestId: "unknown" })
    says("frame", "onAccountRequestedSucceeded", { requestId: "b" })
    await settle()
    expect(posted()).toHaveLength(2)
    expect(doing.session).toHaveBeenCalledOnce()
    expect(kept("said")).toBeUndefined()
  })

  test("survives a reload, but for tokens and what was of the moment", async () => {
    around("frame")
    const never = host({ "POST bridge": () => new Promise(() => {}) })
    says("frame", "accountProvisioned", { requestId: "a" })
    says("frame", "updateToken", { requestId: "t", idToken: "secret" })
    says("frame", "onTransferConsentCancelled", { requestId: "c", consentId: "x", reason: "cancelled" })
    says("frame", "sessionKeepAlive", {})
    await settle()
    expect(never.posted()).toHaveLength(1)
    expect(JSON.stringify({ ...sessionStorage })).not.toContain("secret")
    left()
    const { posted } = host()
    await settle()
    expect(posted()).toEqual([
      { event: "accountProvisioned", message: { requestId: "a" } },
      { event: "onTransferConsentCancelled", message: { requestId: "c", consentId: "x", reason: "cancelled" } },
    ])
    left()
    const third = host()
    await settle()
    expect(third.posted()).toEqual([])
  })
})

const provision: Ask = { event: "onAccountProvisionRequested", message: { requestId: "p" } }
const account = (id: string, request: string): Ask => ({ event: "onAccountRequested", message: { requestId: request, dream: { type: "dream", id, name: "x" } } })
const consent: Ask = { event: "onTransferConsentRequested", message: { requestId: "c", consentId: "x" } }

describe("what the host is asked", () => {
  test("stands open until it is answered, about its dream or about all", async () => {
    const told = around("frame")
    const { host: it } = host()
    it.ask([provision, account("d1", "a1"), account("d2", "a2"), { event: "onExitRequested", message: {} }])
    expect(told).toHaveLength(4)
    expect(it.open().map((a) => a.request)).toEqual(["p", "a1", "a2"])
    expect(it.open("d1").map((a) => a.request)).toEqual(["p", "a1"])
    expect(it.open("d3").map((a) => a.request)).toEqual(["p"])
    says("frame", "onAccountRequestedSucceeded", { requestId: "a1" })
    says("frame", "accountProvisioned", { requestId: "p" })
    expect(it.open()).toHaveLength(3)
    await settle()
    expect(it.open().map((a) => a.request)).toEqual(["a2"])
  })

  test("and has no way to hear is known not to have been sent", () => {
    around("android")
    const { host: it } = host()
    it.ask([provision, consent])
    expect(it.open().map((a) => a.sent)).toEqual([true, false])
  })

  test.each([
    ["onAccountRequestedFailed", { requestId: "a1", reason: "cancelled" }, "cancelled"],
    ["onAccountRequestedFailed", { requestId: "a1", reason: "failed" }, "failed"],
    ["onAccountRequestedFailed", { requestId: "a1" }, "cancelled"], // iOS loses it
    ["onTransferConsentCancelled", { requestId: "c", consentId: "x", reason: "failed" }, "failed"],
    ["onTransferConsentCancelled", { consentId: "x" }, "cancelled"], // hosts of the 1.x line
  ])("and refuses stays open: %s %j", async (event, message, refused) => {
    around("frame")
    const { host: it } = host()
    it.ask([account("d1", "a1"), consent])
    says("frame", event, message)
    await settle()
    expect(it.open().filter((a) => a.refused).map((a) => [a.event, a.refused])).toEqual([[event.startsWith("onA") ? "onAccountRequested" : "onTransferConsentRequested", refused]])
    it.ask([account("d1", "a1"), consent])
    expect(it.open().some((a) => a.refused)).toBe(false)
  })

  test("and refused is asked anew under another request, once", async () => {
    around("frame")
    const { host: it } = host()
    it.ask([account("d1", "a1"), account("d2", "b1")])
    says("frame", "onAccountRequestedFailed", { requestId: "a1", reason: "cancelled" })
    await settle()
    it.ask([account("d1", "a2")])
    expect(it.open().map((a) => [a.request, a.refused])).toEqual([["b1", ""], ["a2", ""]])
  })

  test("a consent is answered without its request id, and an account is not", async () => {
    around("frame")
    const { host: it } = host()
    it.ask([account("d1", "a1"), consent])
    says("frame", "onTransferConsentSucceeded", { consentId: "x" })
    says("frame", "onAccountRequestedSucceeded", { requestId: "other" })
    await settle()
    expect(it.open().map((a) => a.request)).toEqual(["a1"])
  })

  test("is settled by an account that is there, and by a dream that is not", () => {
    around("frame")
    const { host: it } = host()
    const bare = (id: string) => ({ ...dream({ id }), account: undefined }) as never
    it.ask([provision, account("d1", "a1"), account("d2", "a2"), consent])
    it.settle(me({ dreams: [bare("d1"), bare("d2")] }))
    expect(it.open()).toHaveLength(4)
    it.settle(me({ dreams: [bare("d1")] }))
    expect(it.open().map((a) => a.request)).toEqual(["p", "a1", "c"])
    it.settle(me({ dreams: [bare("d1")], user: { id: "u1", provisioningInitiatedAt: "2026-01-01T00:00:00Z" } }))
    expect(it.open().map((a) => a.request)).toEqual(["a1", "c"])
    it.settle(me({ dreams: [dream()] }))
    expect(it.open().map((a) => a.request)).toEqual(["c"])
    it.forget("onTransferConsentRequested")
    expect(it.open()).toEqual([])
  })
})

describe("another token", () => {
  beforeEach(() => void vi.useFakeTimers())
  const in_ = (seconds: number): Session => ({ renewedBy: "token", expiresAt: soon(seconds) })

  test("is asked for half a minute before the end, once", () => {
    const told = around("frame")
    const { host: it } = host()
    it.renew(in_(300))
    vi.advanceTimersByTime(269_999)
    expect(told).toEqual([])
    vi.advanceTimersByTime(1)
    expect(told).toEqual([["onIdTokenDidExpire", { requestId: expect.stringMatching(/^[\da-f-]{36}$/) }]])
    vi.advanceTimersByTime(600_000)
    expect(told).toHaveLength(1)
  })

  test("is asked for at once when there is less, under the same id until it comes", async () => {
    const told = around("ios")
    const { host: it } = host()
    it.renew(in_(10))
    vi.advanceTimersByTime(0)
    it.renew(in_(5))
    vi.advanceTimersByTime(0)
    expect(told).toHaveLength(2)
    expect(told[1]).toEqual(told[0])
    says("ios", "updateIdToken", { ...(told[0]![1] as object), idToken: "t" })
    await vi.advanceTimersByTimeAsync(1)
    it.renew(in_(10))
    vi.advanceTimersByTime(0)
    expect(told).toHaveLength(3)
    expect(told[2]).not.toEqual(told[0])
  })

  test("is asked for by the session that stands", () => {
    const told = around("frame")
    const { host: it } = host()
    it.renew(in_(60))
    it.renew(in_(600))
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([])
    it.renew({ renewedBy: "activity", expiresAt: soon(1) })
    vi.advanceTimersByTime(3_600_000)
    expect(told).toEqual([])
  })

  test("of a session that lasts for months is not asked for now", () => {
    const told = around("frame")
    const { host: it } = host()
    it.renew(in_(90 * 86_400))
    vi.advanceTimersByTime(86_400_000)
    expect(told).toEqual([])
  })
})
