import { MessageHandler, type ClientCallbacks, type Seen } from "./handler.ts"

/** The name of the frame, which the form aims at, and the class that it has when no other is given. */
const frameName = "dreams-web-sdk-iframe"

export interface Options {
  /** How long `start` waits for the first page. 20 when left out. */
  timeoutSeconds?: number
  /** Called with all that passes, and with all that is ignored. There is never a token in it. */
  debug?: (seen: Seen) => void
}

/** Why a start came to nothing. */
export class StartError extends Error {
  override readonly name = "StartError"
  /**
   * "timeout": the web app was not ready in time. A token that is no good looks the same, because a page cannot read what is in a frame
   * of another origin. "exit": the web app asked to be closed. "again": `start` was called again. "destroyed": `destroy` was called.
   */
  readonly code: "timeout" | "exit" | "again" | "destroyed"

  constructor(code: StartError["code"], message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Shows the savings web app in a frame of a bank's page.
 *
 *     const sdk = new DreamsSDK("https://savings.bank.example")
 *     sdk.setup({ onExitRequested: () => location.assign("/") })
 *     await sdk.start(idToken, "sv")
 */
export class DreamsSDK {
  /** Without a slash at its end. */
  readonly apiUrl: string
  form: HTMLFormElement | undefined
  iframe: HTMLIFrameElement | undefined
  messageHandler: MessageHandler | undefined
  readonly #options: Options
  #fail: ((err: StartError) => void) | undefined

  /**
   * @param apiUrl where Parley is: https, or http on a loopback address.
   * @throws TypeError when it is anything else.
   */
  constructor(apiUrl: string, options: Options = {}) {
    this.apiUrl = address(apiUrl)
    this.#options = options
  }

  /**
   * Puts the frame into its container. Nothing is loaded before `start`.
   *
   * @throws Error when there is no such container, or another frame of the SDK elsewhere on the page.
   */
  setup(callbacks: ClientCallbacks, containerId = "dreams-web-sdk-container", iframeClassName = frameName): MessageHandler {
    const container = document.getElementById(containerId)
    if (!container) throw new Error(`there is no element with the id ${containerId} for the web app to be in`)
    this.destroy()
    // A page that is rendered anew may set up again without having taken away what was there.
    for (const old of container.querySelectorAll(`:scope > iframe[name="${frameName}"], :scope > form[target="${frameName}"]`)) old.remove()
    // The form would land in whichever of the two comes first.
    if (document.querySelector(`iframe[name="${frameName}"]`)) throw new Error("the web app is on this page already: destroy() that one first")

    const form = document.createElement("form")
    form.method = "post"
    form.action = `${this.apiUrl}/users/verify_token`
    form.target = frameName
    form.className = "hidden"
    form.hidden = true
    for (const [name, value] of Object.entries({ locale: "en", token: "", location: "", theme: "" })) {
      const input = document.createElement("input")
      input.type = "hidden"
      input.name = name
      input.value = value
      form.append(input)
    }
    const iframe = document.createElement("iframe")
    iframe.name = frameName
    iframe.className = iframeClassName
    iframe.title = title(navigator.language)
    iframe.setAttribute("allow", "") // no camera, no position, nothing that the bank's page might do
    iframe.setAttribute("referrerpolicy", "strict-origin")
    container.append(form, iframe)

    this.form = form
    this.iframe = iframe
    this.messageHandler = new MessageHandler(iframe, this.apiUrl, callbacks, this.#options.debug)
    return this.messageHandler
  }

  /**
   * Signs the person in and shows the web app.
   *
   * @param token an ID token of the bank for the person.
   * @param locale sv, sv-SE, en …
   * @param location a page of the web app to begin at: /dreams/123
   * @param theme "light" or "dark"; the device decides when it is left out.
   * @returns a promise that resolves when the first page is there, and rejects with a `StartError` when that does not happen. Nothing is
   *   reported as unhandled when nobody waits for it.
   * @throws Error when `setup` was not called.
   */
  start(token: string, locale = "en", location?: string, theme?: "light" | "dark" | (string & {})): Promise<void> {
    const { form, iframe, messageHandler: handler } = this
    if (!form || !iframe || !handler) throw new Error("setup() comes before start()")
    this.#fail?.(new StartError("again", "the web app was started again"))

    const seconds = this.#options.timeoutSeconds ?? 20
    const ready = new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer)
        handler.onHeard = undefined
        this.#fail = undefined
        done()
      }
      const fail = (this.#fail = (err) => settle(() => reject(err)))
      const timer = setTimeout(() => fail(new StartError("timeout", `the web app was not ready within ${seconds} seconds`)), seconds * 1000)
      handler.onHeard = (event) => {
        if (event === "onPageReadyEvent") settle(resolve)
        if (event === "onExitRequested") fail(new StartError("exit", "the web app asked to be closed before it was ready"))
      }
    })
    ready.catch(() => {}) // pages that were written for a start() without a promise do not look

    iframe.title = title(locale)
    const fields = form.elements as unknown as Record<string, HTMLInputElement>
    const fill = { token, locale: locale || "en", location: location ?? "", theme: theme ?? "" }
    for (const [name, value] of Object.entries(fill)) fields[name]!.value = value
    handler.listen()
    form.submit()
    fields.token!.value = "" // it has been read, and is nobody else's business
    return ready
  }

  /** Takes away the frame and all else that `setup` has made. What is still pending is not answered. */
  destroy(): void {
    this.#fail?.(new StartError("destroyed", "the web app was taken away"))
    this.messageHandler?.destroy()
    this.form?.remove()
    this.iframe?.remove()
    this.form = this.iframe = this.messageHandler = undefined
  }
}

/** What a screen reader calls the frame. */
function title(locale: string): string {
  return /^sv\b/i.test(locale) ? "Sparande" : "Savings"
}

function address(raw: string): string {
  let url: URL | undefined
  try {
    url = new URL(raw)
  } catch {
    // it is none
  }
  const loopback = url !== undefined && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  const good = url && (url.protocol === "https:" || (url.protocol === "http:" && loopback)) && !url.username && !url.password && !url.search && !url.hash
  if (!url || !good) throw new TypeError("apiUrl must be an address such as https://savings.bank.example, or http on a loopback address")
  return (url.origin + url.pathname).replace(/\/+$/, "")
}
