import type { Incoming, IncomingEvent, Outgoing, OutgoingEvent } from "./messages.ts"

/** A message of the web app as a callback gets it: `event.message.requestId`. */
export type EventOf<E extends OutgoingEvent> = { event: E; message: Outgoing[E] }

/** What a callback may return: a promise, or the thing itself. */
export type Soon<T> = Promise<T> | T

/**
 * What the bank's page does when the web app asks. Which of them are there decides what the web app can do; only `onExitRequested` must be.
 * A callback that rejects is an answer of its own: see each.
 */
export interface ClientCallbacks {
  /** A new ID token of the same person. When it rejects, nothing is sent, and the session ends with its token. */
  onIdTokenDidExpire?: (event: EventOf<"onIdTokenDidExpire">) => Soon<string>
  /** Resolves when the opening of an account has begun. When it rejects, nothing is sent; the web app offers to ask again. */
  onAccountProvisionRequested?: (event: EventOf<"onAccountProvisionRequested">) => Soon<unknown>
  /** Resolves when the account of this dream is being opened. Rejects with "cancelled", or anything else for a failure. */
  onAccountRequested?: (event: EventOf<"onAccountRequested">) => Soon<unknown>
  /** Resolves as `onAccountProvisionRequested` does. When it rejects, nothing is sent. */
  onInvestmentAccountProvisionRequested?: (event: EventOf<"onInvestmentAccountProvisionRequested">) => Soon<unknown>
  /** Has no answer: the person comes back by one of the URLs. */
  onInvestmentSellRequested?: (event: EventOf<"onInvestmentSellRequested">) => Soon<unknown>
  /** Has no answer. */
  onShare?: (event: EventOf<"onShare">) => Soon<unknown>
  /** Resolves when the consent was given, with the bank's own reference if there is one. Rejects when it was not, with a reason. */
  onTransferConsentRequested?: (
    event: EventOf<"onTransferConsentRequested">,
  ) => Soon<{ requestId?: string; consentId?: string; consentRef?: string } | void>
  /** The web app is to be closed. Has no answer. */
  onExitRequested: (event: EventOf<"onExitRequested">) => Soon<unknown>
  onTelemetryEvent?: (event: EventOf<"onTelemetryEvent">) => Soon<unknown>
  onPageReadyEvent?: (event: EventOf<"onPageReadyEvent">) => Soon<unknown>
  /** The names of the same two in the vendor's other line. */
  onTelemetry?: (event: EventOf<"onTelemetryEvent">) => Soon<unknown>
  onPageReady?: (event: EventOf<"onPageReadyEvent">) => Soon<unknown>
}

/** What passes, for a page that wants to look on. An ID token in it is "[redacted]". */
export type Seen =
  | { kind: "heard" | "said"; event: string; message: unknown }
  /** Something that was not acted upon, and why. `event` is its name, if it is from the web app and has one. */
  | { kind: "ignored"; why: "source" | "origin" | "shape" | "unknown event" | "no callback" | "still pending" | "answered already"; event?: string }

/** What every event must have in its message: texts that are not empty. */
const needs: Record<OutgoingEvent, string[]> = {
  onIdTokenDidExpire: ["requestId"],
  onAccountProvisionRequested: ["requestId"],
  onAccountRequested: ["requestId"],
  onInvestmentAccountProvisionRequested: ["requestId", "accountId"],
  onInvestmentSellRequested: ["requestId", "accountId"],
  onTransferConsentRequested: ["requestId", "consentId"],
  onShare: ["text"],
  onTelemetryEvent: ["name"],
  onExitRequested: [],
  onPageReadyEvent: [],
}

/** What must have an object in its message. */
const holds: Partial<Record<OutgoingEvent, string>> = { onAccountRequested: "dream", onInvestmentSellRequested: "amount" }

const otherNames: Record<string, OutgoingEvent> = { onTelemetry: "onTelemetryEvent", onPageReady: "onPageReadyEvent" }

type Told = Record<string, unknown>

/** Hears the web app, calls the callbacks, and says what they answer. `DreamsSDK.setup` makes one. */
export class MessageHandler {
  readonly iframe: HTMLIFrameElement
  readonly apiUrl: string
  callbacks: ClientCallbacks
  /**
   * Called for each event, before its callback.
   * @internal
   */
  onHeard: ((event: OutgoingEvent) => void) | undefined
  readonly #origin: string
  readonly #see: (seen: Seen) => void
  /** Requests by their id: pending until they are answered, and again when they are asked again. */
  readonly #requests = new Map<string, "pending" | "answered">()
  #listening = false
  #over = false

  constructor(iframe: HTMLIFrameElement, apiUrl: string, callbacks: ClientCallbacks, debug: (seen: Seen) => void = () => {}) {
    this.iframe = iframe
    this.apiUrl = apiUrl
    this.#origin = new URL(apiUrl).origin
    this.callbacks = callbacks
    this.#see = debug
  }

  /** Begins to hear. `DreamsSDK.start` does so. */
  listen = (): void => {
    if (this.#listening || this.#over) return
    this.#listening = true
    window.addEventListener("message", this.onMessage)
  }

  /** Hears and says nothing any more, whatever is still pending. */
  destroy = (): void => {
    this.#over = true
    window.removeEventListener("message", this.onMessage)
  }

  /** A message that has come to this window. Only what our frame says, from the origin of the API, is looked at. */
  onMessage = (e: MessageEvent): void => {
    const frame = this.iframe.contentWindow
    if (!frame || e.source !== frame) return this.#see({ kind: "ignored", why: "source" })
    if (e.origin !== this.#origin) return this.#see({ kind: "ignored", why: "origin" })
    const said = parse(e.data)
    if (!said || typeof said.event !== "string") return this.#see({ kind: "ignored", why: "shape" })
    const name = said.event
    const event = Object.hasOwn(otherNames, name) ? otherNames[name]! : (name as OutgoingEvent)
    if (!Object.hasOwn(needs, event)) return this.#see({ kind: "ignored", why: "unknown event", event: name })
    const message = said.message ?? {}
    const well =
      isObject(message) &&
      needs[event].every((field) => typeof message[field] === "string" && message[field] !== "") &&
      (!holds[event] || isObject(message[holds[event]]))
    if (!well) return this.#see({ kind: "ignored", why: "shape", event: name })
    this.#see({ kind: "heard", event: name, message })
    this.onHeard?.(event)
    void this.#hear(event, name, message)
  }

  async #hear(event: OutgoingEvent, name: string, message: Told): Promise<void> {
    const call = this.#callback(event)
    if (!call) {
      if (event === "onExitRequested") console.error("onExitRequested is heard, and there is no callback for it")
      return this.#see({ kind: "ignored", why: "no callback", event: name })
    }
    const id = message.requestId as string | undefined
    if (id !== undefined && id !== "") {
      // The web app asks again after a reload; whoever is at work on it already will answer both.
      if (this.#requests.get(id) === "pending") return this.#see({ kind: "ignored", why: "still pending", event: name })
      this.#requests.set(id, "pending")
    }
    let answer: [IncomingEvent, Told] | undefined
    try {
      answer = resolved(event, message, await call({ event: name, message }))
    } catch (err) {
      answer = rejected(event, message, err)
      // A person who did not want to is no error. What a failed renewal throws might have the token in it, and that is for no log.
      if (answer?.[1].reason === undefined || answer[1].reason === "failed") {
        console.error(`${name} failed:`, event === "onIdTokenDidExpire" ? ((err as Error | undefined)?.name ?? typeof err) : err)
      }
    }
    if (answer) this.#answer(...answer)
    else if (id) this.#requests.delete(id) // nothing was said, so it can be asked, and answered by hand
  }

  #callback(event: OutgoingEvent): ((event: unknown) => unknown) | undefined {
    const { callbacks } = this
    const found =
      callbacks?.[event] ??
      (event === "onTelemetryEvent" ? callbacks?.onTelemetry : event === "onPageReadyEvent" ? callbacks?.onPageReady : undefined)
    return typeof found === "function" ? (found.bind(callbacks) as (event: unknown) => unknown) : undefined
  }

  /** Answers a request, unless it was answered since it was last asked. */
  #answer(event: IncomingEvent, message: Told): boolean {
    const id = message.requestId
    if (typeof id === "string" && id !== "") {
      if (this.#requests.get(id) === "answered") {
        this.#see({ kind: "ignored", why: "answered already", event })
        return false
      }
      // What this page has not heard may have been asked before it was loaded anew, so it is said, too.
      if (!this.#post(event, message)) return false
      this.#requests.set(id, "answered")
      return true
    }
    return this.#post(event, message)
  }

  #post(event: IncomingEvent, message: Told): boolean {
    const frame = this.iframe.contentWindow
    if (!frame || this.#over) return false
    frame.postMessage(JSON.stringify({ event, message }), this.#origin)
    this.#see({ kind: "said", event, message: "idToken" in message ? { ...message, idToken: "[redacted]" } : message })
    return true
  }

  // What can be said by hand. Each reports whether it was said: not when the request was answered already, nor when the frame is gone.

  /** Renews the session. Older pages pass the request's id and the token one after the other. */
  postUpdateToken = (message: Incoming["updateToken"] | string, idToken?: string): boolean => {
    const { requestId, idToken: token } = typeof message === "string" ? { requestId: message, idToken } : message
    if (typeof token !== "string" || token === "") throw new TypeError("there is no ID token")
    return this.#answer("updateToken", { requestId, idToken: token })
  }

  /** The opening of an account has begun. */
  postAccountProvisionInitiated = (message: Incoming["accountProvisioned"] | string): boolean =>
    this.#answer("accountProvisioned", { requestId: typeof message === "string" ? message : message.requestId })

  /** The opening of an investment account has begun; `accountId` is what the request called it. */
  postInvestmentAccountProvisionInitiated = (message: Incoming["investmentAccountProvisionInitiated"]): boolean =>
    this.#answer("investmentAccountProvisionInitiated", { requestId: message.requestId, accountId: message.accountId })

  /** Takes the person to a page of the web app: /dreams/123 */
  navigateTo = (location: string): boolean => this.#post("navigateTo", { location })

  /** Ends the session. The web app then asks to be closed. */
  signOut = (): boolean => this.#post("onSignOutRequested", {})

  /** The person is active in the bank's page: the session is extended once. */
  sessionKeepAlive = (): boolean => this.#post("sessionKeepAlive", {})

  /** One page back in the web app, for a page that has a back button of its own. */
  postBackRequested = (): boolean => this.#post("onBackRequested", {})
}

/** What is said when a callback has resolved. Whatever it resolves with, the request is the one that was asked. */
function resolved(event: OutgoingEvent, asked: Told, value: unknown): [IncomingEvent, Told] | undefined {
  const { requestId } = asked
  switch (event) {
    case "onIdTokenDidExpire":
      if (typeof value !== "string" || value === "") throw new TypeError("it has to resolve with an ID token")
      return ["updateToken", { requestId, idToken: value }]
    case "onAccountProvisionRequested":
      return ["accountProvisioned", { requestId }]
    case "onAccountRequested":
      return ["onAccountRequestedSucceeded", { requestId }]
    case "onInvestmentAccountProvisionRequested":
      return ["investmentAccountProvisionInitiated", { requestId, accountId: asked.accountId }]
    case "onTransferConsentRequested": {
      const ref = (isObject(value) && value.consentRef) || asked.consentRef
      return ["onTransferConsentSucceeded", { requestId, consentId: asked.consentId, ...(typeof ref === "string" && { consentRef: ref }) }]
    }
    default:
      return undefined
  }
}

/** What is said when a callback has rejected. */
function rejected(event: OutgoingEvent, asked: Told, err: unknown): [IncomingEvent, Told] | undefined {
  const { requestId } = asked
  if (event === "onAccountRequested") return ["onAccountRequestedFailed", { requestId, reason: reason(err) }]
  if (event === "onTransferConsentRequested") return ["onTransferConsentCancelled", { requestId, consentId: asked.consentId, reason: reason(err) }]
  return undefined
}

/** A text is the reason, and so is the `reason` of an object. What went wrong inside the bank's page is only "failed". */
function reason(err: unknown): string {
  if (typeof err === "string" && err !== "") return err
  if (!isObject(err)) return "failed"
  if (typeof err.reason === "string" && err.reason !== "") return err.reason
  return err.name === "AbortError" ? "cancelled" : "failed"
}

function parse(data: unknown): Told | undefined {
  if (typeof data !== "string") return undefined
  try {
    const value: unknown = JSON.parse(data)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Told {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
