// How the web app talks with whoever shows it. The web app uses this from its source; a bank's page has no need of it.
//
//   detect   who shows us
//   send     tells the host one thing
//   receive  hears the host: messages of the page around us, and the global functions that native hosts call
import { androidMethods, iosHandlers, nativeFunctions, type Incoming, type IncomingEvent, type Outgoing, type OutgoingEvent } from "./messages.ts"

export type { Incoming, IncomingEvent, Outgoing, OutgoingEvent }

export type Host = "ios" | "android" | "frame" | "none"

export interface Places {
  /** The origins whose pages may show us, as the boot document says. Nobody else is spoken to or heard. */
  frameOrigins: readonly string[]
}

type Handlers = Record<string, { postMessage(body: unknown): void } | undefined>
type Bridge = Record<string, ((argument?: string) => void) | undefined>
type Names = Partial<Record<OutgoingEvent, string>>
type Hosted = Window & { webkit?: { messageHandlers?: Handlers }; JSBridge?: Bridge }

/**
 * Who shows the page of this window. A native host is one that has a handler of ours: an app that shows a bank's page, with us in a
 * frame of it, has handlers too, but its own.
 */
export function detect(window: Window): Host {
  const { webkit, JSBridge } = window as Hosted
  const handlers = webkit?.messageHandlers
  if (handlers && Object.values(iosHandlers).some((name) => name !== "share" && handlers[name])) return "ios"
  if (JSBridge && Object.values(androidMethods).some((name) => typeof JSBridge[name] === "function")) return "android"
  return window.parent && window.parent !== window ? "frame" : "none"
}

/**
 * Tells the host one thing, and reports whether there is a host that takes it: the vendor's Android SDK knows no consents, and a page by
 * itself has no host. To a frame it goes only if the page around is of an allowed origin; where the browser does not say which that is, it is posted
 * once for each, and the browser delivers it to the right one or to nobody, so that true does not mean that it was heard.
 */
export function send<E extends OutgoingEvent>(event: E, message: Outgoing[E], places: Places & { window?: Window }): boolean {
  const window = (places.window ?? globalThis.window) as Hosted
  const json = JSON.stringify(message ?? {})
  switch (detect(window)) {
    case "ios": {
      const names: Names = iosHandlers
      const handler = window.webkit?.messageHandlers?.[names[event] ?? event]
      // A dictionary, and a plain one: what was made reactive cannot be cloned.
      return taken(handler && (() => handler.postMessage(JSON.parse(json))))
    }
    case "android": {
      const bridge = window.JSBridge
      // It is called on its object, which Android insists on.
      const there = typeof bridge?.[event] === "function"
      return taken(there ? () => (event === "onExitRequested" ? bridge[event]!() : bridge[event]!(json)) : undefined)
    }
    case "frame": {
      const around = window.location.ancestorOrigins?.[0]
      // "null" is a page without an origin, or one whose frame hides it.
      const known = around !== undefined && around !== "null"
      const targets = known ? places.frameOrigins.filter((origin) => origin === around) : places.frameOrigins
      for (const target of targets) window.parent.postMessage(`{"event":${JSON.stringify(event)},"message":${json}}`, target)
      return targets.length > 0
    }
    case "none":
      return false
  }
}

/** A host that throws has not taken what it was told; the web app goes on. */
function taken(tell: (() => void) | undefined): boolean {
  try {
    tell?.()
    return tell !== undefined
  } catch {
    return false
  }
}

/** What happens with a message of the host. It has the name that the message has in a frame, whatever the host calls it. */
export type Handler = <E extends IncomingEvent>(event: E, message: Incoming[E]) => void

const events: Record<string, IncomingEvent> = { ...nativeFunctions, ...Object.fromEntries(Object.values(nativeFunctions).map((name) => [name, name])) }
events.investmentAccountProvisionInitiated = "investmentAccountProvisionInitiated"

/**
 * Hears the host, until the function that it returns is called: messages of the page around, if that is of an allowed origin, and calls
 * of the global functions of native hosts, which it puts into the window. What is none of the known messages, or has no object in it, is
 * passed over. A locale is in the form sv-SE, whatever the host makes of it.
 */
export function receive(window: Window, places: Places, handler: Handler): () => void {
  const pass = (name: unknown, raw: unknown): boolean => {
    const event = typeof name === "string" && Object.hasOwn(events, name) ? events[name] : undefined
    const message = object(raw)
    if (!event || !message) return false
    if (event === "updateLocale") {
      if (typeof message.locale !== "string") return false
      message.locale = message.locale.replaceAll("_", "-")
    }
    handler(event, message as never)
    return true
  }

  const onMessage = (e: MessageEvent) => {
    if (window.parent === window || e.source !== window.parent || !places.frameOrigins.includes(e.origin)) return
    if (typeof e.data !== "string") return
    const said = object(e.data)
    if (said) pass(said.event, said.message)
  }
  window.addEventListener("message", onMessage)

  const globals = window as unknown as Record<string, unknown>
  const undo = Object.keys(nativeFunctions).map((name) => {
    const before = Object.getOwnPropertyDescriptor(globals, name)
    const theirs = globals[name]
    const call = (raw?: unknown): boolean => {
      // iOS 1.2 puts a function of its own there, with which it adds its headers to every request.
      if (name === "setAdditionalHeaders" && typeof theirs === "function") theirs.call(window, raw)
      return pass(name, raw)
    }
    globals[name] = call
    return () => {
      if (globals[name] !== call) return // somebody else's by now
      if (before) Object.defineProperty(globals, name, before)
      else delete globals[name]
    }
  })

  return () => {
    window.removeEventListener("message", onMessage)
    for (const one of undo) one()
  }
}

/** An object, or the JSON of one; nothing at all is an empty one, because some messages have nothing in them. */
function object(raw: unknown): Record<string, unknown> | undefined {
  let value = raw
  if (typeof raw === "string" && raw !== "") {
    try {
      value = JSON.parse(raw)
    } catch {
      return undefined
    }
  }
  if (value === undefined || value === null || value === "") return {}
  return typeof value === "object" && !Array.isArray(value) ? { ...value } : undefined
}
