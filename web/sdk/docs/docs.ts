// The page that shows the SDK at work: it embeds the web app as a bank's page would, and lets a person be that page.
//
// It takes from its own address: api, idtoken and user (where a sandbox's bank makes an ID token, and for whom), locale, location, theme.
// Nothing is fetched, and nobody is signed in, before Start is pressed.
import { androidMethods, DreamsSDK, iosHandlers, nativeFunctions, type ClientCallbacks, type MessageHandler, type Seen } from "../src/index.ts"
import { incoming, outgoing } from "./reference.ts"

const $ = <T extends HTMLElement = HTMLInputElement>(id: string) => document.getElementById(id) as T
const value = (id: string) => $(id).value.trim()

let sdk: DreamsSDK | undefined
let handler: MessageHandler | undefined

const query = new URLSearchParams(location.search)
$("api").value = query.get("api") ?? location.origin
for (const name of ["idtoken", "user", "location"]) if (query.get(name)) $(name).value = query.get(name)!
for (const name of ["locale", "theme"]) for (const option of $<HTMLSelectElement>(name).options) if (option.value === query.get(name)) option.selected = true
$<HTMLFieldSetElement>("bank").hidden = !query.has("idtoken")

showApi()
tables()
buttons()
$("api").addEventListener("input", showApi)
$("clear").addEventListener("click", () => $<HTMLOListElement>("entries").replaceChildren())
$("destroy").addEventListener("click", () => takeAway("It was taken away."))
// What the page's policy forbids comes to nothing without a word, so the word is said here.
document.addEventListener("securitypolicyviolation", (e) => {
  if (/^(frame-src|form-action)/.test(e.effectiveDirective)) say("This page shows only the server that it comes from, and those on this machine.")
})
$<HTMLFormElement>("start").addEventListener("submit", (e) => {
  e.preventDefault()
  void start()
})

function showApi(): void {
  for (const span of document.querySelectorAll("[data-api]")) span.textContent = value("api").replace(/\/+$/, "")
}

/** An ID token: the one that was typed in, or a new one of the sandbox's bank. */
async function idToken(): Promise<string> {
  if (value("token")) return value("token")
  if (!value("idtoken")) throw new Error("There is no ID token, and no bank to make one.")
  const answer = await fetch(value("idtoken"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: value("user") }),
    credentials: "omit",
  })
  const body = (await answer.json().catch(() => ({}))) as { id_token?: unknown }
  if (!answer.ok || typeof body.id_token !== "string") throw new Error(`The bank made no ID token: it answered ${answer.status}.`)
  return body.id_token
}

async function start(): Promise<void> {
  takeAway("")
  say("Starting …")
  try {
    const token = await idToken()
    sdk = new DreamsSDK(value("api"), { debug: log })
    handler = sdk.setup(callbacks())
    buttons()
    await sdk.start(token, value("locale"), value("location") || undefined, value("theme") || undefined)
    say("It is ready.")
  } catch (err) {
    const code = (err as { code?: string }).code
    if (code === "again" || code === "destroyed") return
    say(code === "timeout" ? "It was not ready in time. Look into the frame: a token that is no good is said there, and this page cannot read it." : (err as Error).message)
  }
}

function takeAway(why: string): void {
  sdk?.destroy()
  sdk = handler = undefined
  $<HTMLUListElement>("asks").replaceChildren()
  asking()
  buttons()
  say(why)
}

function say(text: string): void {
  $<HTMLElement>("status").textContent = text
}

/** Every callback waits for a person to answer; those that have no answer only show up in the log. */
function callbacks(): ClientCallbacks {
  return {
    onIdTokenDidExpire: (e) => ask(e, { "Answer with a new token": idToken }),
    onAccountProvisionRequested: (e) => ask(e, { "Provisioning has begun": async () => {} }),
    onAccountRequested: (e) => ask(e, { "The account is being opened": async () => {} }),
    onInvestmentAccountProvisionRequested: (e) => ask(e, { "Provisioning has begun": async () => {} }),
    onTransferConsentRequested: (e) => ask(e, { "Consent is given": async () => ({ consentRef: "sdk-page" }) }),
    onInvestmentSellRequested: () => {},
    onShare: () => {},
    onExitRequested: () => say("The web app asks to be closed."),
    onTelemetryEvent: () => {},
    onPageReadyEvent: () => {},
  }
}

function ask<T>(event: { event: string; message: object }, answers: Record<string, () => Promise<T>>): Promise<T> {
  const item = element("li", element("strong", event.event), element("pre", JSON.stringify(event.message, null, 1)))
  const row = element("p")
  row.className = "buttons"
  const asked = new Promise<T>((resolve, reject) => {
    const done = () => {
      item.remove()
      asking()
      $("asking").focus()
    }
    for (const [text, answer] of Object.entries(answers)) {
      row.append(
        button(text, () => {
          answer().then(
            (value) => {
              resolve(value)
              done()
            },
            (err: Error) => say(err.message),
          )
        }),
      )
    }
    for (const reason of ["cancelled", "failed"]) {
      row.append(
        button(`Reject: ${reason}`, () => {
          reject(reason)
          done()
        }),
      )
    }
  })
  item.append(row)
  $<HTMLUListElement>("asks").append(item)
  if ("requestId" in event.message) $("request").value = String(event.message.requestId)
  asking()
  return asked
}

function asking(): void {
  $<HTMLElement>("nothing").hidden = $<HTMLUListElement>("asks").childElementCount > 0
}

function buttons(): void {
  const there = handler !== undefined
  $<HTMLButtonElement>("destroy").disabled = !there
  for (const b of document.querySelectorAll<HTMLButtonElement>("[data-say]")) b.disabled = !there
}

const calls: Record<string, (h: MessageHandler) => unknown> = {
  postBackRequested: (h) => h.postBackRequested(),
  sessionKeepAlive: (h) => h.sessionKeepAlive(),
  signOut: (h) => h.signOut(),
  navigateTo: (h) => h.navigateTo(value("path")),
  postUpdateToken: async (h) => h.postUpdateToken({ requestId: value("request"), idToken: await idToken() }),
  postAccountProvisionInitiated: (h) => h.postAccountProvisionInitiated({ requestId: value("request") }),
  postInvestmentAccountProvisionInitiated: (h) => h.postInvestmentAccountProvisionInitiated({ requestId: value("request"), accountId: "sdk-page" }),
}
for (const b of document.querySelectorAll<HTMLButtonElement>("[data-say]")) {
  b.addEventListener("click", () => {
    if (!handler) return
    Promise.resolve(calls[b.dataset.say!]!(handler)).then(
      (said) => {
        if (said === false) say("It was not said: the request was answered already.")
      },
      (err: Error) => say(err.message),
    )
  })
}

/** One line for what has passed. What other windows say to this page is nobody's business here. */
function log(seen: Seen): void {
  if (seen.kind === "ignored" && seen.why === "source") return
  const list = $<HTMLOListElement>("entries")
  const time = element("time", new Date().toISOString().slice(11, 23))
  const what = seen.kind === "ignored" ? `ignored: ${seen.why}` : seen.kind === "heard" ? "from the web app" : "to the web app"
  const line = element("li", time, ` ${what} `, element("strong", seen.event ?? ""))
  if (seen.kind !== "ignored") line.append(" ", element("code", JSON.stringify(seen.message)))
  line.className = seen.kind
  list.append(line)
  if (list.childElementCount > 500) list.firstElementChild!.remove()
  const box = list.parentElement!
  box.scrollTop = box.scrollHeight
}

function tables(): void {
  const of = (names: Record<string, string>, event: string) => (names[event] === event ? "the same" : (names[event] ?? "–"))
  for (const [event, [message, yes, no]] of Object.entries(outgoing)) {
    $<HTMLTableSectionElement>("outgoing").append(row(event, element("code", message), yes, no, of(iosHandlers, event), of(androidMethods, event)))
  }
  for (const [event, message] of Object.entries(incoming)) {
    const fn = Object.entries(nativeFunctions).find(([, name]) => name === event)?.[0] ?? "–"
    $<HTMLTableSectionElement>("incoming").append(row(event, element("code", message), fn))
  }
}

function row(head: string, ...cells: (string | Node)[]): HTMLTableRowElement {
  const th = element("th", head)
  th.scope = "row"
  return element("tr", th, ...cells.map((cell) => element("td", cell)))
}

function button(text: string, press: () => void): HTMLButtonElement {
  const b = element("button", text)
  b.type = "button"
  b.addEventListener("click", press)
  return b
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, ...inside: (string | Node)[]): HTMLElementTagNameMap[K] {
  const it = document.createElement(name)
  it.append(...inside)
  return it
}
