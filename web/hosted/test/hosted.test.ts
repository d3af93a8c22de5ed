// The script of the hosted pages, in a page as the server writes it.
import { afterEach, beforeEach, expect, test, vi } from "vitest"

class Stream {
  static all: Stream[] = []
  static readonly CLOSED = 2
  readyState = 1
  onerror?: () => void
  private heard?: (e: { data: string }) => void
  constructor(readonly url: string) {
    Stream.all.push(this)
  }
  addEventListener(_: "state", heard: (e: { data: string }) => void) {
    this.heard = heard
  }
  say(state: string) {
    this.heard?.({ data: JSON.stringify(state) })
  }
  close() {
    this.readyState = Stream.CLOSED
  }
}

const page = (title: string, state: string, more = "", attributes = "") =>
  `<!doctype html><html><head><title>${title}</title></head><body data-events="/e" data-state="${state}" data-again="/again?waited=1"${attributes}>` +
  `<main class="waiting"><h1 tabindex="-1">${title}</h1><p>Words of ${state}.</p>${more}</main><p id="said" role="status"></p></body></html>`

const went: string[] = []
let answers: (() => Partial<Response>)[] = []
let visible: DocumentVisibilityState = "visible"

function show(html: string) {
  const read = new DOMParser().parseFromString(html, "text/html")
  document.title = read.title
  for (const name of Object.keys(document.body.dataset)) delete document.body.dataset[name]
  for (const [name, value] of Object.entries(read.body.dataset)) document.body.dataset[name] = value
  document.body.replaceChildren(...read.body.childNodes)
}

async function run(html: string): Promise<Stream | undefined> {
  show(html)
  vi.resetModules()
  await import("../src/hosted.ts")
  return Stream.all.at(-1)
}

beforeEach(() => {
  vi.useFakeTimers()
  Stream.all = []
  went.length = 0
  answers = []
  visible = "visible"
  vi.stubGlobal("EventSource", Stream)
  vi.stubGlobal("location", { href: "https://parley.example/oauth/follow/x", replace: (to: string) => went.push(to), reload: () => went.push("reload") })
  vi.stubGlobal("fetch", async () => {
    const next = answers.shift()
    if (!next) throw new TypeError("not reachable")
    return next()
  })
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visible)
  vi.spyOn(history, "replaceState").mockImplementation(() => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const answer = (html: string) => () => ({ ok: true, type: "basic", text: async () => html }) as Partial<Response>
const settled = () => vi.advanceTimersByTimeAsync(0)

test("puts in what has changed, says it, and keeps the focus", async () => {
  const stream = await run(page("Waiting for you", "identifying", '<a href="#" id="on">Continue there</a>'))
  document.getElementById("on")!.focus()
  answers.push(answer(page("Waiting for your bank", "unclear.soon")))
  stream!.say("identifying")
  await settled()
  expect(document.querySelector("h1")!.textContent).toBe("Waiting for you")
  stream!.say("unclear.soon")
  await settled()
  expect(document.querySelector("h1")!.textContent).toBe("Waiting for your bank")
  expect(document.title).toBe("Waiting for your bank")
  expect(document.body.dataset.state).toBe("unclear.soon")
  expect(document.getElementById("said")!.textContent).toContain("Waiting for your bank. Words of unclear.soon.")
  expect(document.activeElement).toBe(document.querySelector("h1"))
  expect(went).toEqual([])
})

test("goes where the page now leads, and loads it anew when it says what is wrong", async () => {
  let stream = await run(page("Waiting for you", "identifying"))
  answers.push(() => ({ ok: false, type: "opaqueredirect" }))
  stream!.say("granted")
  await settled()
  expect(went).toEqual(["/again?waited=1"])
  stream = await run(page("Waiting for you", "identifying"))
  answers.push(() => ({ ok: false, status: 400 }))
  stream!.say("denied")
  await settled()
  expect(went).toHaveLength(2)
})

test("stays as it is while the server cannot be reached", async () => {
  const stream = await run(page("Waiting for you", "identifying"))
  stream!.say("granted")
  await settled()
  expect(went).toEqual([])
  expect(document.querySelector("h1")!.textContent).toBe("Waiting for you")
})

test("leads on by itself when all is done, after the time that the page says", async () => {
  const stream = await run(page("Waiting for you", "paying"))
  answers.push(answer(page("Your deposit has arrived", "granted", "", ' data-go="/again?leave=1" data-seconds="3"')))
  stream!.say("granted")
  await settled()
  expect(went).toEqual([])
  await vi.advanceTimersByTimeAsync(2999)
  expect(went).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(went).toEqual(["/again?leave=1"])
})

test("loads anew when the stream is given up", async () => {
  const stream = await run(page("Waiting for you", "identifying"))
  stream!.onerror!()
  await vi.advanceTimersByTimeAsync(5000)
  expect(went).toEqual([])
  stream!.readyState = Stream.CLOSED
  stream!.onerror!()
  await vi.advanceTimersByTimeAsync(3000)
  expect(went).toEqual(["/again?waited=1"])
})

test("lets go of its connection while nobody looks, and takes it up again", async () => {
  const first = await run(page("Waiting for you", "identifying"))
  visible = "hidden"
  document.dispatchEvent(new Event("visibilitychange"))
  await vi.advanceTimersByTimeAsync(59_000)
  expect(first!.readyState).toBe(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(first!.readyState).toBe(Stream.CLOSED)
  const before = Stream.all.length
  visible = "visible"
  document.dispatchEvent(new Event("visibilitychange"))
  expect(Stream.all.length).toBeGreaterThan(before)
})

test("offers help after a while", async () => {
  await run(page("Waiting for you", "identifying", '<details class="help" hidden data-after="20"><summary>Nothing happens?</summary></details>'))
  await vi.advanceTimersByTimeAsync(19_999)
  expect(document.querySelector<HTMLElement>(".help")!.hidden).toBe(true)
  await vi.advanceTimersByTimeAsync(1)
  expect(document.querySelector<HTMLElement>(".help")!.hidden).toBe(false)
})

test("searches among many choices", async () => {
  await run(
    `<html><body><main><p class="search" hidden><label for="search">Search</label><input type="search" id="search"></p><ul class="choices">` +
      `<li><a href="/a"><strong>Trustly</strong></a></li><li><a href="/b"><strong>Ångström ID</strong></a></li></ul><p class="none" hidden>None</p></main></body></html>`,
  )
  const field = document.querySelector<HTMLInputElement>("#search")!
  const seen = () => [...document.querySelectorAll<HTMLElement>(".choices li")].filter((li) => !li.hidden).map((li) => li.textContent)
  expect(field.closest("p")!.hidden).toBe(false)
  field.value = " ÅNG"
  field.dispatchEvent(new Event("input"))
  expect(seen()).toEqual(["Ångström ID"])
  field.value = "zzz"
  field.dispatchEvent(new Event("input"))
  expect(seen()).toEqual([])
  expect(document.querySelector<HTMLElement>(".none")!.hidden).toBe(false)
})
