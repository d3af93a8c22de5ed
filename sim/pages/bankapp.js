// The bank's app: it embeds the savings web app as any bank does, by the SDK, and does what the web app asks of it, well or badly.
//
//   choices    what the person chose in the panel; they stand in the address
//   panel      every message that passes
//   sheets     what takes over the screen, one after the other
//   answers    what the app does about each thing that the web app asks
//   launch     opens the web app, and closes it
import { ByHand } from "./byhand.js"

const $ = (id) => document.getElementById(id)
const stage = document.querySelector(".stage")
const bank = JSON.parse(stage.dataset.setup)
const say = (word, ...args) => args.reduce((text, arg) => text.replace("%s", () => arg), bank.words[word] ?? word)
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

// --- choices

const form = $("choices")

/** What stands in a field of the panel. */
const chosen = (name) => form.elements[name].value.trim()

function keep() {
  const url = new URL(location.href)
  for (const name of ["theme", "opening", "at", "answers", "token", "renewal"]) {
    const field = form.elements[name]
    const usual = field.options ? field.selectedIndex === 0 : !chosen(name)
    if (usual) url.searchParams.delete(name)
    else url.searchParams.set(name, chosen(name))
  }
  history.replaceState(null, "", url)
  if ($("elsewhere")) $("elsewhere").search = url.search
  document.body.className = document.body.className.replace(/theme-\w+/, `theme-${chosen("theme")}`)
}
for (const field of form.elements) if (field.name && !["user", "programme", "lang"].includes(field.name)) field.addEventListener("change", keep)

if (matchMedia("(max-width: 879px)").matches) for (const part of document.querySelectorAll(".panel > details")) part.open = false

// --- panel

const list = $("messages")
let count = 0

/** A token is for nobody's screen: its beginning is enough to tell it from another. */
const short = (key, value) => (typeof value === "string" && (/token$/i.test(key) || /^eyJ[\w-]+\./.test(value)) && value.length > 20 ? `${value.slice(0, 8)}… (${value.length})` : value)

/**
 * Shows a message. The way is "in" from the web app, "out" to it, "foreign" from somebody else, or "note" for what the SDK did about one.
 * What is odd about it is said in words.
 */
function show(way, name, body, odd = "") {
  const item = document.createElement("li")
  item.className = odd || way === "foreign" || way === "note" ? "odd" : way
  item.dataset.way = item.className === "odd" ? `${way} odd` : way
  const head = document.createElement("p")
  const add = (kind, text, className = "") => head.append(Object.assign(document.createElement(kind), { textContent: text, className }))
  const now = new Date()
  add("time", `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, "0")}`)
  add("span", say(`way.${way}`))
  add("b", name)
  if (odd) add("span", odd, "state odd")
  const text = document.createElement("pre")
  text.textContent = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body, short)
  item.append(head, text)
  list.prepend(item)
  count++
  while (list.children.length > 500) list.lastChild.remove()
  sift(item)
  told()
}

function sift(item) {
  const way = $("f-way").value
  const text = $("f-text").value.trim().toLowerCase()
  item.hidden = !((!way || item.dataset.way.split(" ").includes(way)) && item.textContent.toLowerCase().includes(text))
}

function told() {
  const visible = [...list.children].filter((item) => !item.hidden).length
  $("count").textContent = say("shown", visible, count)
}

for (const [id, event] of [["f-text", "input"], ["f-way", "change"]]) {
  $(id).addEventListener(event, () => {
    for (const item of list.children) sift(item)
    told()
  })
}
$("clear").addEventListener("click", () => {
  list.replaceChildren()
  count = 0
  told()
})
$("aloud").addEventListener("change", () => $("log").setAttribute("aria-live", $("aloud").checked ? "polite" : "off"))

addEventListener("message", (e) => {
  const ours = sdk?.iframe?.contentWindow
  const way = ours && e.source === ours ? "in" : "foreign"
  let said
  try {
    said = JSON.parse(e.data)
  } catch {}
  const odd = e.origin === bank.origin ? "" : say("origin", e.origin)
  show(way, typeof said?.event === "string" ? said.event : "?", said?.event ? (said.message ?? {}) : String(e.data), odd)
})

/** What the SDK did, which nobody else sees: a page cannot look on as messages go into a frame. */
function debug({ kind, event, message, why }) {
  if (kind === "said") show("out", event, message)
  if (kind === "ignored" && why !== "source") show("note", event ?? "?", undefined, say("ignored", why))
}

/** Says something to the web app behind the SDK's back. */
function post(data) {
  sdk?.iframe?.contentWindow?.postMessage(data, bank.origin)
}

// --- sheets

let sheets = Promise.resolve()
let dismiss = () => {}

/**
 * Takes over the screen with what a template has, one sheet at a time. `press` is done when the person presses the way on, and may throw:
 * then the sheet says why, and stays. Resolves with what press has returned, or undefined when the person does not want to.
 */
function sheet(template, slots, press = async () => true) {
  const one = () =>
    new Promise((done) => {
      const box = $("sheet")
      box.replaceChildren($(template).content.cloneNode(true))
      const fill = (name, text) => box.querySelectorAll(`[data-slot=${name}]`).forEach((e) => (e.textContent = text ?? ""))
      for (const [name, text] of Object.entries(slots)) fill(name, text)
      const end = (value) => {
        $("cover").hidden = true
        box.replaceChildren()
        document.querySelector(".under").inert = false
        removeEventListener("keydown", escape)
        dismiss = () => {}
        sdk?.iframe?.focus()
        done(value)
      }
      const escape = (e) => e.key === "Escape" && end(undefined)
      dismiss = () => end(undefined)
      addEventListener("keydown", escape)
      for (const button of box.querySelectorAll("[data-copies]")) button.addEventListener("click", () => copy(button.dataset.copies, (text) => fill("problem", text)))
      box.querySelector("[data-do=no]")?.addEventListener("click", () => end(undefined))
      const yes = box.querySelector("[data-do=yes]")
      yes.addEventListener("click", async () => {
        yes.disabled = true
        try {
          end(await press())
        } catch (err) {
          yes.disabled = false
          fill("problem", err.message)
        }
      })
      document.querySelector(".under").inert = true
      $("cover").hidden = false
      box.scrollTop = 0
      $("sheet-title").focus()
    })
  const result = sheets.then(one)
  sheets = result.catch(() => {})
  return result
}

async function copy(id, done) {
  try {
    await navigator.clipboard.writeText($(id).textContent)
    done(say("copied"))
  } catch {
    getSelection().selectAllChildren($(id))
    done(say("copy.byhand"))
  }
}

// --- answers

/** Asks the bank's back end, which answers JSON. */
async function backEnd(path, body) {
  const res = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user: bank.user, ...body }) })
  const said = await res.json().catch(() => ({}))
  if (!res.ok) throw new Error(said.error ?? `${res.status}`)
  return said
}

async function token(user, kind) {
  const seconds = kind === "short" ? 40 : 600
  const { id_token } = await backEnd("id-token", { user, ttlSeconds: seconds, ...(kind === "ended" && { twist: "expired" }) })
  return id_token
}

/** Money as the bank writes it: 1 234,50 kr. */
function money(cents) {
  const [whole, fraction] = (Math.abs(cents) / 100).toFixed(2).split(".")
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, bank.words.thousands)
  return `${grouped}${fraction === "00" ? "" : bank.words.decimal + fraction} ${bank.currency === "SEK" ? "kr" : bank.currency}`
}

const never = new Promise(() => {})

/** What the web app hears, when the app answers: the SDK makes it of what a callback resolves with. */
const spoken = {
  onAccountProvisionRequested: ({ requestId }) => ["accountProvisioned", { requestId }],
  onAccountRequested: ({ requestId }) => ["onAccountRequestedSucceeded", { requestId }],
  onTransferConsentRequested: ({ requestId, consentId }, { consentRef }) => ["onTransferConsentSucceeded", { requestId, consentId, consentRef }],
}

/** Does what the web app asks, as the person chose that the app answers. `act` takes over the screen. */
async function answer({ event, message }, act) {
  const manner = chosen("answers")
  if (manner === "reject") throw "failed"
  const frame = sdk
  const value = await act({ event, message }, manner === "die" ? kill : undefined)
  if (sdk !== frame) return never // it was closed, or killed, meanwhile
  switch (value === undefined ? "" : manner) {
    case "":
      throw "cancelled"
    case "never":
      return never
    case "late":
      tell("late.now")
      await pause(10_000)
      break
    case "twice":
      setTimeout(() => {
        const [name, body] = spoken[event](message, value)
        post(JSON.stringify({ event: name, message: body }))
        show("out", name, body)
      }, 500)
  }
  return value
}

/** Has the person agree to an account. */
async function account(asked, killed) {
  await backEnd("app/asked", asked)
  const { dream } = asked.message
  const about = dream ? [say(/performance/i.test(dream.type) ? "open.invest" : "open.dream", dream.name), dream.target_amount && say("open.target", money(dream.target_amount.cents))] : []
  return sheet("t-account", about.length > 0 ? { about: about.filter(Boolean).join(" ") } : {}, async () => {
    if (killed) return killed()
    await backEnd("app/open", { ...asked, opening: chosen("opening") })
    return true
  })
}

/** Has the person sign what a savehack may take. What cannot be read any more cannot be signed. */
async function consent(asked, killed) {
  const was = sdk
  const read = await backEnd("app/asked", asked)
  const title = say(read.consent.maxFrequency, money(read.consent.maxAmountCents))
  const signed = await sheet("t-consent", { title }, async () => (killed ? killed() : backEnd("app/sign", { ...asked, signed: true, opening: chosen("opening") })))
  if (sdk !== was) return undefined // nobody is there any more who could say no
  if (signed === undefined) {
    await backEnd("app/sign", { ...asked, signed: false })
    return undefined
  }
  if (signed.signed === false) throw "failed"
  return { ...asked.message, consentRef: signed.consentRef }
}

async function renewed() {
  switch (chosen("renewal")) {
    case "none":
      throw new Error("the bank gives no token today")
    case "other":
      return token(bank.other, "good")
    case "ended":
      return token(bank.user, "ended")
  }
  return token(bank.user, chosen("token") === "short" ? "short" : "good")
}

const callbacks = {
  onIdTokenDidExpire: renewed,
  onAccountProvisionRequested: (asked) => answer(asked, account),
  onAccountRequested: (asked) => answer(asked, account),
  onTransferConsentRequested: (asked) => answer(asked, consent),
  onShare: async ({ message }) => {
    await sheet("t-share", message)
  },
  onExitRequested: async () => close(),
  onTelemetryEvent: async () => {},
  onPageReadyEvent: async () => tell("ready"),
}

// --- launch

let sdk
let SDK
const notice = (id, word = "", ...args) => {
  $(id).textContent = word && say(word, ...args)
  $(id).hidden = !word
}
const tell = (word) => ($("said").textContent = say(word))

/** Opens the web app at a place in it. */
async function enter() {
  close()
  notice("home-notice")
  let idToken
  try {
    idToken = await token(bank.user, chosen("token"))
  } catch (err) {
    return notice("home-notice", "no.token", err.message)
  }
  $("home").hidden = true
  $("saving").hidden = false
  $("saving-title").focus()
  notice("saving-notice", SDK === ByHand ? "byhand" : "")
  const at = /…|CODE/.test(chosen("at")) || chosen("at") === "/" ? "" : chosen("at")
  const theme = chosen("theme") === "system" ? undefined : chosen("theme")
  const now = (sdk = new SDK(bank.app, { debug }))
  now.setup(callbacks)
  show("out", "POST /users/verify_token", { token: idToken, locale: bank.lang, location: at, theme: theme ?? "" })
  try {
    await now.start(idToken, bank.lang, at, theme)
  } catch (err) {
    if (sdk === now && err.code === "timeout") notice("saving-notice", "not.ready")
  }
}

/** Takes the web app away, and shows the bank's own screen as it is by now. */
function close() {
  if (!sdk) return
  const old = sdk
  sdk = undefined
  dismiss()
  old.destroy?.()
  $("dreams-web-sdk-container").replaceChildren()
  $("saving").hidden = true
  $("home").hidden = false
  $("hello").focus()
  void refresh()
}

function kill() {
  close()
  notice("home-notice", "killed")
  return never
}

/** Reads the bank's own screen anew: money has moved. */
async function refresh() {
  const res = await fetch(location.href)
  if (!res.ok) return
  const page = new DOMParser().parseFromString(await res.text(), "text/html")
  const then = page.querySelectorAll("[data-live]")
  document.querySelectorAll("[data-live]").forEach((part, i) => part.replaceWith(then[i]))
}

/** What is said to the web app by the buttons of the panel. */
const says = {
  back: () => sdk.messageHandler.postBackRequested?.(),
  go: () => sdk.messageHandler.navigateTo(chosen("at") || "/"),
  alive: () => sdk.messageHandler.sessionKeepAlive?.(),
  out: () => sdk.messageHandler.signOut?.(),
  kill: () => void kill(),
  foreign: () => {
    const frame = Object.assign(document.createElement("iframe"), { src: "app/stranger", title: "A stranger", hidden: true })
    frame.setAttribute("sandbox", "allow-scripts")
    stage.append(frame)
    setTimeout(() => frame.remove(), 5000)
    tell("posted.foreign")
  },
  malformed: () => {
    const odd = ["", "null", "[]", "{", '{"event":1}', '{"event":"navigateTo","message":"/marketplace"}', '{"event":"moonRise","message":{}}', '{"event":"accountProvisioned","message":{"requestId":{}}}', '{"event":"__proto__","message":{"a":1}}', { event: "onSignOutRequested", message: {} }, 7]
    for (const data of odd) {
      post(data)
      show("out", "?", typeof data === "string" ? data : JSON.stringify(data), say("malformed"))
    }
    tell("posted.malformed")
  },
}
for (const button of document.querySelectorAll("[data-say]")) {
  button.addEventListener("click", () => {
    if (!sdk) return tell("not.open")
    tell("")
    says[button.dataset.say]()
  })
}

$("enter").addEventListener("click", () => void enter())
$("close").addEventListener("click", close)
$("back").addEventListener("click", () => (sdk?.messageHandler.postBackRequested ? sdk.messageHandler.postBackRequested() : close()))

try {
  ;({ DreamsSDK: SDK } = await import(`${bank.app}/sdk/parley-sdk.js`))
} catch {
  SDK = ByHand
  notice("home-notice", "byhand")
}
$("enter").disabled = false
