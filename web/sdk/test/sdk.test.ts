import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import DefaultSDK, { DreamsSDK, MessageHandler, StartError, type ClientCallbacks, type Seen } from "../src/index.ts"

const api = "https://savings.example"
const token = "eyJhbGciOi.secret.signature"
const dream = { type: "dream", id: "d", name: "Kyoto", target_amount: { cents: 100, currency: "SEK" }, user: { type: "user", id: "u", externalId: "anna" } }

let submitted: Record<string, string>[]
let logged: unknown[][]

beforeEach(() => {
  document.body.innerHTML = '<div id="dreams-web-sdk-container"></div>'
  submitted = []
  logged = []
  HTMLFormElement.prototype.submit = function () {
    submitted.push(Object.fromEntries([...new FormData(this)].map(([k, v]) => [k, String(v)])))
  }
  for (const level of ["error", "warn", "log", "info", "debug"] as const) vi.spyOn(console, level).mockImplementation((...args) => void logged.push(args))
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** The SDK with a page around it: what is said to the frame, and a way to be the web app in it. */
function embedded(callbacks: Partial<ClientCallbacks> = {}, options: ConstructorParameters<typeof DreamsSDK>[1] = {}) {
  const seen: Seen[] = []
  const sdk = new DreamsSDK(api, { debug: (s) => seen.push(s), ...options })
  const handler = sdk.setup(callbacks as ClientCallbacks)
  const frame = sdk.iframe!.contentWindow!
  const posts = vi.spyOn(frame, "postMessage").mockImplementation(() => {})
  const said = () => (posts.mock.calls as unknown as [string, string][]).map(([json, origin]) => ({ ...JSON.parse(json), origin }))
  const hear = (data: unknown, from: { origin?: string; source?: unknown } = {}) =>
    window.dispatchEvent(new MessageEvent("message", { data, origin: api, source: frame, ...from } as MessageEventInit))
  const ask = (event: string, message?: unknown) => hear(JSON.stringify({ event, message }))
  void sdk.start(token)
  return { sdk, handler, seen, said, hear, ask }
}

const calm = () => new Promise((resolve) => setTimeout(resolve))
/** A promise to be settled by hand. */
function open<T = unknown>() {
  let resolve!: (value: T) => void
  let reject!: (err: unknown) => void
  const promise = new Promise<T>((a, b) => ((resolve = a), (reject = b)))
  return { promise, resolve, reject }
}

describe("the address", () => {
  it.each([
    ["https://savings.example", "https://savings.example"],
    ["https://savings.example/", "https://savings.example"],
    ["https://savings.example:8443/parley/", "https://savings.example:8443/parley"],
    ["http://localhost:8080", "http://localhost:8080"],
    ["http://parley.localhost", "http://parley.localhost"],
    ["http://127.0.0.1:8086/", "http://127.0.0.1:8086"],
    ["http://[::1]:80", "http://[::1]"],
  ])("may be %s", (given, kept) => expect(new DreamsSDK(given).apiUrl).toBe(kept))

  it.each([
    "",
    "savings.example",
    "/savings",
    "http://savings.example",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "ftp://savings.example",
    "javascript:alert(1)",
    "https://a:b@savings.example",
    "https://savings.example/?x",
    "https://savings.example/#x",
  ])("may not be %s", (given) => expect(() => new DreamsSDK(given)).toThrow(TypeError))
})

describe("setting up", () => {
  it("makes a form and a frame, as the vendor's does", () => {
    const { sdk, handler } = embedded()
    expect(DefaultSDK).toBe(DreamsSDK)
    expect(handler).toBeInstanceOf(MessageHandler)
    expect(sdk.messageHandler).toBe(handler)
    const [form, iframe] = document.getElementById("dreams-web-sdk-container")!.children as unknown as [HTMLFormElement, HTMLIFrameElement]
    expect([form.action, form.method, form.target, form.enctype]).toEqual([`${api}/users/verify_token`, "post", "dreams-web-sdk-iframe", "application/x-www-form-urlencoded"])
    expect([iframe.name, iframe.className, iframe.getAttribute("allow"), iframe.getAttribute("referrerpolicy")]).toEqual([
      "dreams-web-sdk-iframe",
      "dreams-web-sdk-iframe",
      "",
      "strict-origin",
    ])
  })

  it("takes another container and another class", () => {
    document.body.innerHTML = '<p id="here"></p>'
    new DreamsSDK(api).setup({ onExitRequested: () => {} }, "here", "savings")
    expect(document.querySelector("#here > iframe")!.className).toBe("savings")
  })

  it("needs its container", () => {
    document.body.innerHTML = ""
    expect(() => new DreamsSDK(api).setup({ onExitRequested: () => {} })).toThrow("dreams-web-sdk-container")
  })

  it("comes before the start", () => expect(() => new DreamsSDK(api).start(token)).toThrow("setup()"))

  it("replaces what was in the container", () => {
    const { sdk } = embedded()
    sdk.setup({ onExitRequested: () => {} })
    new DreamsSDK(api).setup({ onExitRequested: () => {} })
    expect(document.querySelectorAll("iframe, form")).toHaveLength(2)
  })

  it("refuses a second frame elsewhere, in which the form might land", () => {
    embedded()
    document.body.append(Object.assign(document.createElement("div"), { id: "two" }))
    expect(() => new DreamsSDK(api).setup({ onExitRequested: () => {} }, "two")).toThrow("destroy()")
  })
})

describe("starting", () => {
  it.each([
    ["a token alone", [token], { token, locale: "en", location: "", theme: "" }, "Savings"],
    ["all of it", [token, "sv-SE", "/dreams/1", "dark"], { token, locale: "sv-SE", location: "/dreams/1", theme: "dark" }, "Sparande"],
    ["a locale that is empty", [token, ""], { token, locale: "en", location: "", theme: "" }, "Savings"],
  ])("submits the form with %s", (_, args, fields, title) => {
    const sdk = new DreamsSDK(api)
    sdk.setup({ onExitRequested: () => {} })
    void (sdk.start as (...args: string[]) => Promise<void>)(...args)
    expect(submitted).toEqual([fields])
    expect(sdk.iframe!.title).toBe(title)
    expect(document.body.innerHTML + new FormData(sdk.form!).get("token")).not.toContain("secret")
  })

  it.each(["onPageReadyEvent", "onPageReady"])("is over at %s", async (event) => {
    const onPageReadyEvent = vi.fn()
    const { sdk, ask } = embedded({ onPageReadyEvent })
    const ready = sdk.start(token)
    ask(event, {})
    await expect(ready).resolves.toBeUndefined()
    expect(onPageReadyEvent).toHaveBeenCalledWith({ event, message: {} })
  })

  it("fails after a time", async () => {
    vi.useFakeTimers()
    const { sdk } = embedded({}, { timeoutSeconds: 3 })
    const ready = sdk.start(token)
    vi.advanceTimersByTime(3000)
    await expect(ready).rejects.toMatchObject({ name: "StartError", code: "timeout" })
    const usual = new DreamsSDK(api)
    usual.setup({ onExitRequested: () => {} })
    let over = false
    const failed = usual.start(token).catch(() => (over = true))
    await vi.advanceTimersByTimeAsync(19_999)
    expect(over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await failed
    expect(over).toBe(true)
  })

  it("fails when the web app wants to be closed, which the page hears too", async () => {
    const onExitRequested = vi.fn()
    const { sdk, ask } = embedded({ onExitRequested })
    const ready = sdk.start(token)
    ask("onExitRequested")
    await expect(ready).rejects.toMatchObject({ code: "exit" })
    expect(onExitRequested).toHaveBeenCalledOnce()
  })

  it("fails when it is done again, or taken away", async () => {
    const { sdk } = embedded()
    const first = sdk.start(token)
    const second = sdk.start(token)
    await expect(first).rejects.toMatchObject({ code: "again" })
    sdk.destroy()
    await expect(second).rejects.toBeInstanceOf(StartError)
    await expect(second).rejects.toMatchObject({ code: "destroyed" })
  })

  it("hears once, however often it is done", () => {
    const onShare = vi.fn()
    const { sdk, ask } = embedded({ onShare })
    void sdk.start(token)
    ask("onShare", { text: "x" })
    expect(onShare).toHaveBeenCalledOnce()
  })
})

describe("what the web app asks", () => {
  const requests: [string, object, unknown, object][] = [
    ["onIdTokenDidExpire", { requestId: "r" }, "new.token", { event: "updateToken", message: { requestId: "r", idToken: "new.token" } }],
    ["onAccountProvisionRequested", { requestId: "r" }, undefined, { event: "accountProvisioned", message: { requestId: "r" } }],
    ["onAccountRequested", { requestId: "r", dream }, { requestId: "other" }, { event: "onAccountRequestedSucceeded", message: { requestId: "r" } }],
    [
      "onInvestmentAccountProvisionRequested",
      { requestId: "r", accountId: "a", callbackPath: "/x" },
      undefined,
      { event: "investmentAccountProvisionInitiated", message: { requestId: "r", accountId: "a" } },
    ],
    [
      "onTransferConsentRequested",
      { requestId: "r", consentId: "c", successUrl: "https://a.example", cancelUrl: "https://b.example" },
      { requestId: "other", consentId: "other", consentRef: "ref" },
      { event: "onTransferConsentSucceeded", message: { requestId: "r", consentId: "c", consentRef: "ref" } },
    ],
    ["onTransferConsentRequested", { requestId: "r", consentId: "c" }, undefined, { event: "onTransferConsentSucceeded", message: { requestId: "r", consentId: "c" } }],
  ]

  it.each(requests)("%s is answered when its promise resolves", async (event, message, value, answer) => {
    const later = open()
    const callback = vi.fn(() => later.promise)
    const { ask, said } = embedded({ [event]: callback })
    ask(event, message)
    expect(callback.mock.calls).toEqual([[{ event, message }]])
    await calm()
    expect(said()).toEqual([])
    later.resolve(value)
    await calm()
    expect(said()).toEqual([{ ...answer, origin: api }])
    expect(logged).toEqual([])
  })

  it.each(requests)("%s may be answered without a promise", async (event, message, value, answer) => {
    const { ask, said } = embedded({ [event]: () => value as never })
    ask(event, message)
    await calm()
    expect(said()).toEqual([{ ...answer, origin: api }])
  })

  it.each([
    ["onIdTokenDidExpire", { requestId: "r" }],
    ["onAccountProvisionRequested", { requestId: "r" }],
    ["onInvestmentAccountProvisionRequested", { requestId: "r", accountId: "a" }],
    ["onInvestmentSellRequested", { requestId: "r", accountId: "a", amount: { quantity: 1, currency: "SEK" } }],
    ["onShare", { text: "x" }],
    ["onExitRequested", {}],
    ["onTelemetryEvent", { name: "UserClicked", payload: {} }],
    ["onPageReadyEvent", {}],
  ])("%s that fails is an error on the console, and nothing is said", async (event, message) => {
    for (const fail of [() => Promise.reject(new Error("no")), () => { throw new Error("no") }]) {
      const { ask, said } = embedded({ [event]: fail })
      ask(event, message)
      await calm()
      expect(said()).toEqual([])
      expect(logged.splice(0).map(([text]) => text)).toEqual([`${event} failed:`])
    }
  })

  it.each<[string, unknown, string]>([
    ["a text", "cancelled", "cancelled"],
    ["another text", "not in the mood", "not in the mood"],
    ["an object with a reason", { requestId: "other", consentId: "other", reason: "declined" }, "declined"],
    ["an abort", new DOMException("x", "AbortError"), "cancelled"],
    ["an error", new Error("SELECT * FROM people"), "failed"],
    ["nothing", undefined, "failed"],
    ["an empty text", "", "failed"],
    ["an object without a reason", { reason: 5 }, "failed"],
  ])("a consent and an account that are refused say why: %s", async (_, thrown, reason) => {
    const { ask, said } = embedded({ onTransferConsentRequested: () => Promise.reject(thrown), onAccountRequested: () => Promise.reject(thrown) })
    ask("onTransferConsentRequested", { requestId: "r", consentId: "c" })
    ask("onAccountRequested", { requestId: "s", dream })
    await calm()
    expect(said()).toEqual([
      { event: "onTransferConsentCancelled", message: { requestId: "r", consentId: "c", reason }, origin: api },
      { event: "onAccountRequestedFailed", message: { requestId: "s", reason }, origin: api },
    ])
    expect(logged).toHaveLength(reason === "failed" ? 2 : 0)
  })

  it.each([
    ["onShare", { text: "Join", url: "https://a.example", title: "A group" }],
    ["onExitRequested", {}],
    ["onTelemetryEvent", { name: "UserClicked", payload: { id: "1" } }],
    ["onPageReadyEvent", {}],
    ["onInvestmentSellRequested", { requestId: "r", accountId: "a", amount: { quantity: 1, currency: "SEK" }, callbackUrl: "https://a.example" }],
  ])("%s reaches its callback, and has no answer", async (event, message) => {
    const callback = vi.fn(() => Promise.resolve("x"))
    const { ask, said } = embedded({ [event]: callback })
    ask(event, message)
    await calm()
    expect(callback.mock.calls).toEqual([[{ event, message }]])
    expect(said()).toEqual([])
  })

  it.each([
    ["onTelemetry", "onTelemetryEvent", { name: "UserClicked" }],
    ["onPageReady", "onPageReadyEvent", {}],
  ])("%s and %s are one event, and one callback", (a, b, message) => {
    for (const callback of [a, b]) {
      for (const event of [a, b]) {
        const heard = vi.fn()
        embedded({ [callback]: heard }).ask(event, message)
        expect(heard.mock.calls).toEqual([[{ event, message }]])
      }
    }
  })

  it("calls a callback on its object", async () => {
    class Bank {
      token = "new.token"
      async onIdTokenDidExpire() {
        return this.token
      }
      onExitRequested() {}
    }
    const { ask, said } = embedded(new Bank())
    ask("onIdTokenDidExpire", { requestId: "r" })
    await calm()
    expect(said()[0].message.idToken).toBe("new.token")
  })

  it("is not answered when there is no callback", async () => {
    const { ask, said, seen } = embedded({})
    ask("onAccountProvisionRequested", { requestId: "r" })
    ask("onExitRequested")
    await calm()
    expect(said()).toEqual([])
    expect(seen.filter((s) => s.kind === "ignored").map((s) => [s.why, s.event])).toEqual([
      ["no callback", "onAccountProvisionRequested"],
      ["no callback", "onExitRequested"],
    ])
    expect(logged).toHaveLength(1) // without onExitRequested nobody closes it
  })
})

describe("a request", () => {
  it("that is asked again while it is pending has one callback and one answer", async () => {
    const later = open()
    const callback = vi.fn(() => later.promise)
    const { ask, said } = embedded({ onAccountProvisionRequested: callback })
    ask("onAccountProvisionRequested", { requestId: "r" })
    ask("onAccountProvisionRequested", { requestId: "r" })
    later.resolve(0)
    await calm()
    expect(callback).toHaveBeenCalledOnce()
    expect(said()).toHaveLength(1)
  })

  it("that is asked again after its answer is answered again", async () => {
    const callback = vi.fn(async () => {})
    const { ask, said } = embedded({ onAccountProvisionRequested: callback })
    for (let i = 0; i < 2; i++) {
      ask("onAccountProvisionRequested", { requestId: "r" })
      await calm()
    }
    expect(callback).toHaveBeenCalledTimes(2)
    expect(said()).toHaveLength(2)
  })

  it("that is asked again after it failed calls its callback again", async () => {
    const callback = vi.fn().mockRejectedValueOnce("no").mockResolvedValueOnce("new.token")
    const { ask, said } = embedded({ onIdTokenDidExpire: callback })
    for (let i = 0; i < 2; i++) {
      ask("onIdTokenDidExpire", { requestId: "r" })
      await calm()
    }
    expect(said().map((s) => s.message.idToken)).toEqual(["new.token"])
  })

  it("that was answered by hand is not answered again", async () => {
    const later = open()
    const { ask, handler, said, seen } = embedded({ onAccountProvisionRequested: () => later.promise })
    ask("onAccountProvisionRequested", { requestId: "r" })
    expect(handler.postAccountProvisionInitiated({ requestId: "r" })).toBe(true)
    expect(handler.postAccountProvisionInitiated({ requestId: "r" })).toBe(false)
    later.resolve(0)
    await calm()
    expect(said()).toHaveLength(1)
    expect(seen.filter((s) => s.kind === "ignored").map((s) => s.why)).toEqual(["answered already", "answered already"])
  })

  it("is not answered once everything was taken away", async () => {
    const later = open()
    const { sdk, handler, ask, hear, said, seen } = embedded({ onAccountProvisionRequested: () => later.promise })
    ask("onAccountProvisionRequested", { requestId: "r" })
    sdk.destroy()
    later.resolve(0)
    await calm()
    const before = seen.length
    hear(JSON.stringify({ event: "onShare", message: { text: "x" } }))
    handler.listen()
    hear(JSON.stringify({ event: "onShare", message: { text: "x" } }))
    expect(seen).toHaveLength(before)
    expect(handler.signOut()).toBe(false)
    expect(said()).toEqual([])
    expect(document.querySelector("iframe, form")).toBeNull()
    expect([sdk.iframe, sdk.form, sdk.messageHandler]).toEqual([undefined, undefined, undefined])
    sdk.destroy()
  })
})

describe("what is said by hand", () => {
  it.each<[string, (h: MessageHandler) => boolean, object]>([
    ["postUpdateToken", (h) => h.postUpdateToken({ requestId: "r", idToken: "t" }), { event: "updateToken", message: { requestId: "r", idToken: "t" } }],
    ["postUpdateToken of older pages", (h) => h.postUpdateToken("r", "t"), { event: "updateToken", message: { requestId: "r", idToken: "t" } }],
    ["postAccountProvisionInitiated", (h) => h.postAccountProvisionInitiated({ requestId: "r" }), { event: "accountProvisioned", message: { requestId: "r" } }],
    ["postAccountProvisionInitiated of older pages", (h) => h.postAccountProvisionInitiated("r"), { event: "accountProvisioned", message: { requestId: "r" } }],
    [
      "postInvestmentAccountProvisionInitiated",
      (h) => h.postInvestmentAccountProvisionInitiated({ requestId: "r", accountId: "a" }),
      { event: "investmentAccountProvisionInitiated", message: { requestId: "r", accountId: "a" } },
    ],
    ["navigateTo", (h) => h.navigateTo("/dreams/1"), { event: "navigateTo", message: { location: "/dreams/1" } }],
    ["signOut", (h) => h.signOut(), { event: "onSignOutRequested", message: {} }],
    ["sessionKeepAlive", (h) => h.sessionKeepAlive(), { event: "sessionKeepAlive", message: {} }],
    ["postBackRequested", (h) => h.postBackRequested(), { event: "onBackRequested", message: {} }],
  ])("%s", (_, call, message) => {
    const { handler, said } = embedded()
    expect(call(handler)).toBe(true)
    expect(said()).toEqual([{ ...message, origin: api }])
  })

  it("needs a token where there has to be one", () => {
    const { handler } = embedded()
    expect(() => handler.postUpdateToken("r")).toThrow(TypeError)
    expect(() => handler.postUpdateToken({ requestId: "r", idToken: "" })).toThrow(TypeError)
  })

  it("goes to the origin of an address with a path", () => {
    const sdk = new DreamsSDK("https://savings.example/parley/")
    const handler = sdk.setup({ onExitRequested: () => {} })
    const post = vi.spyOn(sdk.iframe!.contentWindow!, "postMessage").mockImplementation(() => {})
    handler.signOut()
    expect((post.mock.calls as unknown[][])[0]![1]).toBe("https://savings.example")
    expect(sdk.form!.action).toBe("https://savings.example/parley/users/verify_token")
  })
})

describe("what is not for us", () => {
  const exit = JSON.stringify({ event: "onExitRequested", message: {} })
  it.each<[string, unknown, object, string]>([
    ["another window", exit, { source: window }, "source"],
    ["no window", exit, { source: null }, "source"],
    ["another origin in our frame", exit, { origin: "https://evil.example" }, "origin"],
    ["an origin that begins alike", exit, { origin: api + ".evil.example" }, "origin"],
    ["no origin", exit, { origin: "null" }, "origin"],
    ["plain text", "onExitRequested", {}, "shape"],
    ["an object", { event: "onExitRequested" }, {}, "shape"],
    ["a list", "[]", {}, "shape"],
    ["null", "null", {}, "shape"],
    ["no event", "{}", {}, "shape"],
    ["an event that is no text", '{"event":["onExitRequested"]}', {}, "shape"],
    ["a message that is text", '{"event":"onExitRequested","message":"x"}', {}, "shape"],
    ["an unknown event", '{"event":"onEvil","message":{}}', {}, "unknown event"],
    ["a name that every object has", '{"event":"constructor"}', {}, "unknown event"],
    ["a request without an id", '{"event":"onIdTokenDidExpire","message":{}}', {}, "shape"],
    ["a request with an empty id", '{"event":"onIdTokenDidExpire","message":{"requestId":""}}', {}, "shape"],
    ["a request whose id is a number", '{"event":"onIdTokenDidExpire","message":{"requestId":5}}', {}, "shape"],
    ["a consent without an id", '{"event":"onTransferConsentRequested","message":{"requestId":"r"}}', {}, "shape"],
    ["an account for no dream", '{"event":"onAccountRequested","message":{"requestId":"r"}}', {}, "shape"],
    ["a share of nothing", '{"event":"onShare","message":{}}', {}, "shape"],
  ])("%s", async (_, data, from, why) => {
    const callback = vi.fn()
    const names = ["onExitRequested", "onIdTokenDidExpire", "onTransferConsentRequested", "onAccountRequested", "onShare", "constructor", "onEvil"]
    const { hear, said, seen } = embedded(Object.fromEntries(names.map((name) => [name, callback])))
    hear(data, from)
    await calm()
    expect(callback).not.toHaveBeenCalled()
    expect(said()).toEqual([])
    expect(seen).toMatchObject([{ kind: "ignored", why }])
  })
})

it("shows no token to anybody who looks on", async () => {
  const { ask, handler, seen } = embedded({ onIdTokenDidExpire: vi.fn().mockResolvedValueOnce(token).mockRejectedValueOnce(new Error(`bad token ${token}`)).mockResolvedValueOnce({ token }) })
  for (const requestId of ["a", "b", "c"]) {
    ask("onIdTokenDidExpire", { requestId })
    await calm()
  }
  handler.postUpdateToken("d", token)
  expect(logged).toHaveLength(2)
  const text = JSON.stringify([seen, logged.map((args) => args.map((a) => (a instanceof Error ? a.message : a)))])
  expect(text).not.toContain("secret")
  expect(seen.filter((s) => s.kind === "said")).toHaveLength(2)
})
