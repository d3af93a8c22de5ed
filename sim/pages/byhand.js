// What the vendor's web SDK does, by hand: for a bank's page that cannot have the SDK. It has the same methods, and hears only its own frame.
const answers = {
  onAccountProvisionRequested: (asked) => ["accountProvisioned", asked],
  onAccountRequested: (asked) => ["onAccountRequestedSucceeded", asked],
  onIdTokenDidExpire: (asked, idToken) => ["updateToken", { ...asked, idToken }],
  onTransferConsentRequested: (asked, { consentId, consentRef }) => ["onTransferConsentSucceeded", { ...asked, consentId, consentRef }],
}
const refusals = {
  onAccountRequested: (asked, reason) => ["onAccountRequestedFailed", { ...asked, reason }],
  onTransferConsentRequested: (asked, reason, { consentId }) => ["onTransferConsentCancelled", { ...asked, consentId, reason }],
}

export class ByHand {
  constructor(apiUrl, { debug = () => {} } = {}) {
    this.apiUrl = apiUrl
    this.origin = new URL(apiUrl).origin
    this.debug = debug
  }

  setup(callbacks, containerId = "dreams-web-sdk-container", iframeClassName = "dreams-web-sdk-iframe") {
    this.form = document.createElement("form")
    Object.assign(this.form, { method: "post", action: `${this.apiUrl}/users/verify_token`, target: "dreams-web-sdk-iframe", hidden: true })
    this.iframe = Object.assign(document.createElement("iframe"), { name: "dreams-web-sdk-iframe", className: iframeClassName })
    document.getElementById(containerId).append(this.form, this.iframe)
    this.callbacks = callbacks
    this.hear = (e) => void this.heard(e)
    const say = (event, message = {}) => this.post(event, message)
    this.messageHandler = {
      navigateTo: (location) => say("navigateTo", { location }),
      signOut: () => say("onSignOutRequested"),
      sessionKeepAlive: () => say("sessionKeepAlive"),
      postBackRequested: () => say("onBackRequested"),
    }
    return this.messageHandler
  }

  start(token, locale = "en", location = "", theme = "") {
    this.iframe.title = /^sv\b/i.test(locale) ? "Sparande" : "Savings"
    addEventListener("message", this.hear)
    const fields = Object.entries({ token, locale, location, theme })
    this.form.replaceChildren(...fields.map(([name, value]) => Object.assign(document.createElement("input"), { type: "hidden", name, value })))
    this.form.submit()
    this.form.replaceChildren() // the token has been read
  }

  destroy() {
    removeEventListener("message", this.hear)
    this.form?.remove()
    this.iframe?.remove()
  }

  post(event, message) {
    this.iframe.contentWindow?.postMessage(JSON.stringify({ event, message }), this.origin)
    this.debug({ kind: "said", event, message })
  }

  async heard(e) {
    if (e.source !== this.iframe.contentWindow) return
    if (e.origin !== this.origin) return this.debug({ kind: "ignored", why: "origin" })
    let said
    try {
      said = JSON.parse(e.data)
    } catch {
      return this.debug({ kind: "ignored", why: "shape" })
    }
    const call = Object.hasOwn(this.callbacks, said.event) && this.callbacks[said.event]
    if (!call) return this.debug({ kind: "ignored", why: "no callback", event: said.event })
    const message = said.message ?? {}
    const { requestId } = message
    let answer
    try {
      const value = await call(said)
      answer = answers[said.event]?.({ requestId }, value)
    } catch (reason) {
      answer = refusals[said.event]?.({ requestId }, typeof reason === "string" ? reason : "failed", message)
    }
    if (answer) this.post(...answer)
  }
}
