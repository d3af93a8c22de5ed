import { afterEach, describe, expect, it, vi } from "vitest"
import { androidMethods, iosHandlers, nativeCall, nativeFunctions, type NativeFunction, type OutgoingEvent } from "../src/messages.ts"
import { detect, receive, send } from "../src/transport.ts"

const bank = "https://bank.example"
const frameOrigins = [bank, "https://app.bank.example"]
const dream = { type: "dream", id: "1", name: "O'Brien's boat", target_amount: { cents: 100, currency: "SEK" }, user: { type: "user", id: "2", externalId: "anna" } }
const messages: Record<OutgoingEvent, object> = {
  onAccountProvisionRequested: { requestId: "r" },
  onAccountRequested: { requestId: "r", dream },
  onIdTokenDidExpire: { requestId: "r" },
  onTransferConsentRequested: { requestId: "r", consentId: "c", successUrl: "https://a.example/", cancelUrl: "https://a.example/no" },
  onInvestmentAccountProvisionRequested: { requestId: "r", accountId: "a", callbackPath: "/x" },
  onInvestmentSellRequested: { requestId: "r", accountId: "a", amount: { quantity: 1, currency: "SEK" } },
  onShare: { text: "Join", url: "https://a.example/app/join/ABC", title: "A group" },
  onExitRequested: {},
  onTelemetryEvent: { name: "UserClicked", payload: {} },
  onPageReadyEvent: {},
}
const all = Object.keys(messages) as OutgoingEvent[]
const say = (event: OutgoingEvent, window: object, origins = frameOrigins) => send(event, messages[event] as never, { frameOrigins: origins, window: window as Window })

/** A window as a browser has it, of a page by itself; what is given is put into it. */
function page(more: object = {}): Window {
  const it = Object.assign(new EventTarget(), { location: {} }, more) as unknown as Window & { parent: Window }
  it.parent ??= it
  return it
}

function framed(ancestorOrigins?: string[]) {
  const parent = { postMessage: vi.fn() }
  return { parent, window: page({ parent, location: ancestorOrigins ? { ancestorOrigins } : {} }) }
}

function ios(names: readonly string[] = Object.values(iosHandlers)) {
  const handlers = Object.fromEntries(names.map((name) => [name, { postMessage: vi.fn() }]))
  return { handlers, window: page({ webkit: { messageHandlers: handlers } }) }
}

function android(names: readonly string[] = Object.values(androidMethods)) {
  const called: { name: string; args: unknown[]; on: unknown }[] = []
  const JSBridge = Object.fromEntries(
    names.map((name) => [
      name,
      function (this: unknown, ...args: unknown[]) {
        called.push({ name, args, on: this })
      },
    ]),
  )
  return { called, JSBridge, window: page({ JSBridge }) }
}

afterEach(() => vi.restoreAllMocks())

describe("who shows us", () => {
  it.each([
    ["an iOS app", ios().window, "ios"],
    ["an iOS app of an older SDK", ios(["onIdTokenDidExpire"]).window, "ios"],
    ["an Android app", android().window, "android"],
    ["a page", framed().window, "frame"],
    ["nobody", page(), "none"],
    ["a page in an app with handlers of its own", page({ parent: {}, webkit: { messageHandlers: { share: {}, log: {} } }, JSBridge: { log() {} } }), "frame"],
    ["an app that is not ours", page({ webkit: { messageHandlers: { share: {} } }, JSBridge: {} }), "none"],
    ["a browser with an empty webkit", page({ webkit: {} }), "none"],
  ])("is %s", (_, window, host) => {
    expect(detect(window)).toBe(host)
  })
})

describe("what is sent", () => {
  it.each(all)("%s goes to an iOS app as an object, under its name there", (event) => {
    const { handlers, window } = ios()
    const name = (iosHandlers as Record<string, string>)[event]
    expect(say(event, window)).toBe(name !== undefined)
    const calls = Object.entries(handlers).flatMap(([handler, h]) => h.postMessage.mock.calls.map((args) => [handler, ...args]))
    expect(calls).toEqual(name ? [[name, messages[event]]] : [])
  })

  it.each(all)("%s goes to an Android app as JSON", (event) => {
    const { called, JSBridge, window } = android()
    const there = event in androidMethods
    expect(say(event, window)).toBe(there)
    const args = event === "onExitRequested" ? [] : [JSON.stringify(messages[event])]
    expect(called).toEqual(there ? [{ name: event, args, on: JSBridge }] : [])
  })

  it.each(all)("%s goes to a page as a JSON string", (event) => {
    const { parent, window } = framed([bank])
    expect(say(event, window)).toBe(true)
    expect(parent.postMessage.mock.calls).toEqual([[JSON.stringify({ event, message: messages[event] }), bank]])
  })

  it("goes to a host that knows more than the vendor's", () => {
    const more = android([...Object.values(androidMethods), "onTransferConsentRequested"])
    expect(say("onTransferConsentRequested", more.window)).toBe(true)
    expect(more.called).toHaveLength(1)
    expect(say("onPageReadyEvent", ios(["onExitRequested", "onPageReadyEvent"]).window)).toBe(true)
  })

  it.each([
    ["the page around is of an allowed origin", ["https://app.bank.example", bank], ["https://app.bank.example"]],
    ["it is of another", ["https://evil.example", bank], []],
    ["the browser does not say", undefined, frameOrigins],
    ["it is hidden", ["null"], frameOrigins],
    ["nothing is known of it", [], frameOrigins],
  ])("goes to allowed origins only: %s", (_, ancestors, targets) => {
    const { parent, window } = framed(ancestors)
    expect(say("onExitRequested", window)).toBe(targets.length > 0)
    expect(parent.postMessage.mock.calls.map(([, target]) => target)).toEqual(targets)
  })

  it("goes to no page when none is allowed, and to nobody when there is none", () => {
    const { parent, window } = framed()
    expect(say("onExitRequested", window, [])).toBe(false)
    expect(parent.postMessage).not.toHaveBeenCalled()
    expect(say("onExitRequested", page())).toBe(false)
  })

  it("is not taken by a host that throws", () => {
    const broken = () => {
      throw new Error("gone")
    }
    expect(say("onExitRequested", page({ JSBridge: { onExitRequested: broken } }))).toBe(false)
    expect(say("onExitRequested", page({ webkit: { messageHandlers: { onExitRequested: { postMessage: broken } } } }))).toBe(false)
  })

  it("goes from the window that there is, when none is named", () => {
    expect(send("onExitRequested", {}, { frameOrigins })).toBe(false)
    const post = vi.fn()
    Object.assign(window, { webkit: { messageHandlers: { onExitRequested: { postMessage: post } } } })
    expect(send("onExitRequested", {}, { frameOrigins })).toBe(true)
    expect(post).toHaveBeenCalledWith({})
    Reflect.deleteProperty(window, "webkit")
  })
})

describe("what is heard from a page", () => {
  const hear = (data: unknown, from: { origin?: string; source?: unknown } = {}, around = framed()) => {
    const handler = vi.fn()
    const undo = receive(around.window, { frameOrigins }, handler)
    const e = Object.assign(new Event("message"), { data, origin: bank, source: around.parent, ...from })
    around.window.dispatchEvent(e)
    undo()
    around.window.dispatchEvent(e)
    return handler.mock.calls
  }
  const json = (event: unknown, message?: unknown) => JSON.stringify({ event, message })

  it.each([
    ["accountProvisioned", { requestId: "r" }],
    ["onAccountRequestedSucceeded", { requestId: "r" }],
    ["onAccountRequestedFailed", { requestId: "r", reason: "cancelled" }],
    ["updateToken", { requestId: "r", idToken: "t" }],
    ["navigateTo", { location: "/dreams/1" }],
    ["onTransferConsentSucceeded", { requestId: "r", consentId: "c", consentRef: "x" }],
    ["onTransferConsentCancelled", { requestId: "r", consentId: "c", reason: "no" }],
    ["investmentAccountProvisionInitiated", { requestId: "r", accountId: "a" }],
    ["onSignOutRequested", {}],
    ["onBackRequested", {}],
    ["sessionKeepAlive", {}],
    ["updateLocale", { locale: "sv-SE" }],
    ["setAdditionalHeaders", { "X-Bank": "1" }],
  ])("%s", (event, message) => {
    expect(hear(json(event, message))).toEqual([[event, message]])
  })

  it("is heard under a native name too, and without a message", () => {
    expect(hear(json("updateIdToken", { idToken: "t" }))).toEqual([["updateToken", { idToken: "t" }]])
    expect(hear(json("onBackRequested"))).toEqual([["onBackRequested", {}]])
  })

  it.each([
    ["another origin", json("onBackRequested", {}), { origin: "https://evil.example" }],
    ["an origin that begins alike", json("onBackRequested", {}), { origin: bank + ".evil.example" }],
    ["no origin", json("onBackRequested", {}), { origin: "null" }],
    ["another window", json("onBackRequested", {}), { source: {} }],
    ["no window", json("onBackRequested", {}), { source: null }],
    ["an object", { event: "onBackRequested", message: {} }, {}],
    ["no JSON", "onBackRequested", {}],
    ["nothing", "", {}],
    ["a list", "[]", {}],
    ["an unknown event", json("evil", {}), {}],
    ["a name that every object has", json("constructor", {}), {}],
    ["an event that is no text", json(["onBackRequested"], {}), {}],
    ["a message that is a list", json("navigateTo", ["/"]), {}],
    ["a message that is a number", json("navigateTo", 1), {}],
    ["a locale that is none", json("updateLocale", { locale: 1 }), {}],
  ])("is passed over: %s", (_, data, from) => {
    expect(hear(data, from)).toEqual([])
  })

  it("is passed over when nobody is around", () => {
    const window = page()
    expect(hear(json("onBackRequested", {}), { source: window }, { window, parent: window as never })).toEqual([])
  })
})

describe("what a native host calls", () => {
  const odd = "O'Brien \" \\ \u2028 \u2029 </script><!-- `${1}` %27 é 💶 \ud800 \n"
  const samples: [NativeFunction, object][] = [
    ["accountProvisionInitiated", { requestId: odd }],
    ["accountRequestedSucceeded", { requestId: odd }],
    ["accountRequestedFailed", { requestId: odd, reason: odd }],
    ["updateIdToken", { requestId: odd, idToken: odd }],
    ["navigateTo", { location: odd }],
    ["transferConsentSucceeded", { requestId: odd, consentId: odd, consentRef: odd }],
    ["transferConsentCancelled", { requestId: odd, consentId: odd, reason: odd }],
    ["updateLocale", { locale: "sv-SE" }],
    ["setAdditionalHeaders", { "X-Name": odd }],
    ["onBackRequested", {}],
    ["onSignOutRequested", {}],
    ["sessionKeepAlive", {}],
  ]

  it("is all in the samples", () => expect(samples.map(([name]) => name).sort()).toEqual(Object.keys(nativeFunctions).sort()))

  it.each(samples)("%s is heard as it was meant, however it is called", (name, message) => {
    const handler = vi.fn()
    const undo = receive(window, { frameOrigins: [] }, handler)
    const source = nativeCall(name, message as never)
    expect(source).toMatch(/^\w+\("[ -~]*"\)$/)
    expect(source).not.toMatch(/[<>'&%`]/)
    expect(window.eval(source)).toBe(true)
    const fn = (window as unknown as Record<string, (m: unknown) => boolean>)[name]!
    expect(fn(message)).toBe(true)
    expect(fn(JSON.stringify(message))).toBe(true)
    expect(handler.mock.calls).toEqual([1, 2, 3].map(() => [nativeFunctions[name], message]))
    undo()
    expect(name in window).toBe(false)
  })

  it("may be what the vendor's SDKs evaluate", () => {
    const handler = vi.fn()
    const undo = receive(window, { frameOrigins: [] }, handler)
    window.eval(`updateLocale('{"locale":"sv_SE"}')`)
    window.eval(`transferConsentCancelled('{"requestId":"r","consentId":"c"}')`)
    window.eval("onBackRequested()")
    expect(handler.mock.calls).toEqual([
      ["updateLocale", { locale: "sv-SE" }],
      ["onTransferConsentCancelled", { requestId: "r", consentId: "c" }],
      ["onBackRequested", {}],
    ])
    expect(window.eval("navigateTo('{')")).toBe(false)
    expect(window.eval("navigateTo(5)")).toBe(false)
    expect(window.eval("updateLocale('{}')")).toBe(false)
    expect(handler).toHaveBeenCalledTimes(3)
    undo()
  })

  it("may be the headers, which iOS looks after itself", () => {
    const theirs = vi.fn()
    const window = page({ setAdditionalHeaders: theirs }) as unknown as Record<string, unknown>
    const handler = vi.fn()
    const undo = receive(window as never, { frameOrigins: [] }, handler)
    ;(window.setAdditionalHeaders as typeof theirs)('{"X":"1"}')
    expect(theirs).toHaveBeenCalledWith('{"X":"1"}')
    expect(handler.mock.calls).toEqual([["setAdditionalHeaders", { X: "1" }]])
    undo()
    expect(window.setAdditionalHeaders).toBe(theirs)
  })

  it("is left alone when somebody else has put a function there since", () => {
    const window = page() as unknown as Record<string, unknown>
    const undo = receive(window as never, { frameOrigins: [] }, vi.fn())
    const theirs = () => {}
    window.setAdditionalHeaders = theirs
    undo()
    expect(window.setAdditionalHeaders).toBe(theirs)
  })

  it("must be a function of ours", () => {
    expect(() => nativeCall("alert(1);updateToken" as never, {} as never)).toThrow(TypeError)
    expect(() => nativeCall("constructor" as never, {} as never)).toThrow(TypeError)
  })
})
