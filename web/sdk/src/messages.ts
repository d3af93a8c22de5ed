// All messages between the web app and whoever shows it: a page in whose frame it is, an iOS app, an Android app. The names are the
// vendor's, so that a host that was written for its SDKs understands ours, and the other way round.

/** What the web app asks of its host, or tells it, by the name that it has in a frame. */
export interface Outgoing {
  /** There is no account yet, and a savehack waits for one. Answer: `accountProvisioned`, as soon as its opening has begun. */
  onAccountProvisionRequested: { requestId: string }
  /** A dream wants an account of its own. Answer: `onAccountRequestedSucceeded` or `onAccountRequestedFailed`. */
  onAccountRequested: { requestId: string; dream: AskingDream }
  /** The session ends in half a minute unless `updateToken` brings a new ID token of the same person. */
  onIdTokenDidExpire: { requestId: string }
  /** A savehack waits for a signature. The bank reads the consent with `consentId`, which works once. Not on Android. */
  onTransferConsentRequested: { requestId: string; consentId: string; consentRef?: string; successUrl?: string; cancelUrl?: string }
  /** The older way to an investment account; only in a frame. Answer: `investmentAccountProvisionInitiated`. */
  onInvestmentAccountProvisionRequested: { requestId: string; accountId: string; callbackPath?: string; cancelUrl?: string; errorUrl?: string }
  /** Something is to be sold, so that it can be withdrawn; only in a frame. It has no answer: the URLs are where the person comes back. */
  onInvestmentSellRequested: {
    requestId: string
    accountId: string
    amount: { quantity: number; currency: string }
    callbackUrl?: string
    cancelUrl?: string
    errorUrl?: string
  }
  /** Something to be shared: an invitation to a group. On iOS it is called `share`. */
  onShare: { text: string; url?: string; title?: string }
  /** The web app is to be closed. Android is told without an argument. */
  onExitRequested: Record<string, never>
  /** A link or a button was pressed. */
  onTelemetryEvent: { name: string; payload?: Record<string, unknown> }
  /** The session stands and the first page is there; once. Only in a frame. */
  onPageReadyEvent: Record<string, never>
}

/** A dream as a host hears of it. Its names are in snake case, unlike all others. */
export interface AskingDream {
  /** "dream", or "performanceDream" for one whose account is of investments. */
  type: string
  id: string
  name: string
  /** Minor units: 2000000 is 20 000.00. */
  target_amount?: { cents: number; currency: string }
  /** 2027-03-14 */
  target_date?: string
  user: { type: string; id: string; externalId: string }
}

/** What a host tells the web app, by the name that it has in a frame. */
export interface Incoming {
  /** The opening of an account has begun; the account itself comes later, from the bank's back end. */
  accountProvisioned: { requestId: string }
  onAccountRequestedSucceeded: { requestId: string }
  /** The reason is "cancelled", or anything else for a failure. iOS loses it. */
  onAccountRequestedFailed: { requestId: string; reason?: string }
  updateToken: { requestId: string; idToken: string }
  /** A path of the web app: /dreams/123 */
  navigateTo: { location: string }
  /** Hosts of the 1.x line may leave the request's id out. */
  onTransferConsentSucceeded: { requestId?: string; consentId: string; consentRef?: string }
  onTransferConsentCancelled: { requestId?: string; consentId: string; reason?: string }
  investmentAccountProvisionInitiated: { requestId: string; accountId: string }
  onSignOutRequested: Record<string, never>
  onBackRequested: Record<string, never>
  /** The person is active in the host: the session is extended once. */
  sessionKeepAlive: Record<string, never>
  /** sv-SE; iOS says sv_SE. */
  updateLocale: { locale: string }
  /** Headers that go along with every request from now on. */
  setAdditionalHeaders: Record<string, string>
}

export type OutgoingEvent = keyof Outgoing
export type IncomingEvent = keyof Incoming

/** What is posted between frames, as a JSON string. */
export type FrameOutgoing = { [E in OutgoingEvent]: { event: E; message: Outgoing[E] } }[OutgoingEvent]
export type FrameIncoming = { [E in IncomingEvent]: { event: E; message: Incoming[E] } }[IncomingEvent]

/** Events that native hosts know, and the handler of each on iOS: `window.webkit.messageHandlers.<handler>.postMessage(<object>)`. */
export const iosHandlers = {
  onAccountProvisionRequested: "onAccountProvisionRequested",
  onAccountRequested: "onAccountRequested",
  onIdTokenDidExpire: "onIdTokenDidExpire",
  onTransferConsentRequested: "onTransferConsentRequested",
  onShare: "share",
  onExitRequested: "onExitRequested",
  onTelemetryEvent: "onTelemetryEvent",
} as const satisfies Partial<Record<OutgoingEvent, string>>

/** The same on Android: `window.JSBridge.<method>(<JSON string>)`, and `onExitRequested()` without an argument. */
export const androidMethods = {
  onAccountProvisionRequested: "onAccountProvisionRequested",
  onAccountRequested: "onAccountRequested",
  onIdTokenDidExpire: "onIdTokenDidExpire",
  onShare: "onShare",
  onExitRequested: "onExitRequested",
  onTelemetryEvent: "onTelemetryEvent",
} as const satisfies Partial<Record<OutgoingEvent, string>>

/** A message as an iOS host gets it: the name of the handler, and the body. */
export type IOSOutgoing = { [E in keyof typeof iosHandlers]: { handler: (typeof iosHandlers)[E]; body: Outgoing[E] } }[keyof typeof iosHandlers]

/** A message as an Android host gets it: the method, and the JSON of its one argument. */
export type AndroidOutgoing = {
  [E in keyof typeof androidMethods]: { method: (typeof androidMethods)[E]; argument: E extends "onExitRequested" ? undefined : Outgoing[E] }
}[keyof typeof androidMethods]

/** The global functions that a native host calls, each with the name that the same message has in a frame. */
export const nativeFunctions = {
  accountProvisionInitiated: "accountProvisioned",
  accountRequestedSucceeded: "onAccountRequestedSucceeded",
  accountRequestedFailed: "onAccountRequestedFailed",
  updateIdToken: "updateToken",
  navigateTo: "navigateTo",
  transferConsentSucceeded: "onTransferConsentSucceeded",
  transferConsentCancelled: "onTransferConsentCancelled",
  updateLocale: "updateLocale",
  setAdditionalHeaders: "setAdditionalHeaders",
  onBackRequested: "onBackRequested",
  onSignOutRequested: "onSignOutRequested",
  sessionKeepAlive: "sessionKeepAlive",
} as const satisfies Record<string, IncomingEvent>

export type NativeFunction = keyof typeof nativeFunctions

/** What a native host calls, with the message that the function takes. Hosts of both systems call the same functions. */
export type NativeIncoming = { [F in NativeFunction]: { function: F; message: Incoming[(typeof nativeFunctions)[F]] } }[NativeFunction]
export type IOSIncoming = NativeIncoming
export type AndroidIncoming = Exclude<NativeIncoming, { function: "transferConsentSucceeded" | "transferConsentCancelled" }>

/**
 * The JavaScript that a native host evaluates to call a global function of the web app (`evaluateJavaScript` on iOS,
 * `evaluateJavascript` on Android). The message is passed as JSON in a string, quoted so that nothing in it (a quote, a line
 * separator, `</script>`, a percent sign of a `javascript:` address) can end the string or the script.
 *
 * @throws TypeError when there is no function of that name.
 */
export function nativeCall<F extends NativeFunction>(fn: F, message: Incoming[(typeof nativeFunctions)[F]]): string {
  if (!Object.hasOwn(nativeFunctions, fn)) throw new TypeError(`${fn} is no function of the web app`)
  const quoted = JSON.stringify(JSON.stringify(message))
  return `${fn}(${quoted.replace(/[^ -~]|[%&'<>`]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)})`
}
