// A server that answers as the real one does and notes what it was asked, and the web app before it.
import { flushSync, mount, unmount } from "svelte"
import { vi } from "vitest"
import App from "../src/App.svelte"
import * as api from "../src/api.ts"
import { app } from "../src/app.svelte.ts"
import type { Boot, Content } from "../src/types.ts"
import { say, speech } from "../src/words.svelte.ts"
import { boot as booted, content, files, me, words } from "./fixtures.ts"

// The other screens come in a file of their own; here it is there already.
import "../src/more.ts"

// Stream is an EventSource that a test speaks through.
export class Stream {
  static CLOSED = 2
  static all: Stream[] = []
  readyState = 0
  #hears = new Map<string, (e: { data: string }) => void>()

  constructor(readonly url: string) {
    Stream.all.push(this)
  }
  static get open() {
    return Stream.all.filter((s) => s.readyState !== Stream.CLOSED)
  }
  addEventListener(name: string, hear: (e: { data: string }) => void) {
    this.#hears.set(name, hear)
  }
  close() {
    this.readyState = Stream.CLOSED
  }
  say(name: string, data: unknown = null) {
    this.#hears.get(name)?.({ data: JSON.stringify(data) })
    flushSync()
  }
}

export interface Asked {
  method: string
  path: string // below /app/api/
  body: unknown
  headers: Record<string, string>
}

export type Answer = (asked: Asked) => unknown // JSON, a Response, or a Promise of either; what throws is no answer
export const fault = (status: number, body: object = {}) => Response.json(body, { status })
export const mistakes = (fields: Record<string, string>) => fault(400, { errors: Object.entries(fields).map(([field, e]) => ({ field, errors: [e] })) })
export const lost = () => {
  throw new TypeError("Failed to fetch")
}

// serve answers every request. The key of an answer is "GET me", or the same without its query.
export function serve(answers: Record<string, Answer> = {}) {
  const asked: Asked[] = []
  vi.stubGlobal("fetch", async (url: string, init: RequestInit = {}) => {
    if (url === files.en) return Response.json(words.en)
    if (url === files.sv) return Response.json(words.sv)
    const method = init.method ?? "GET"
    const path = url.replace("/app/api/", "")
    const body: unknown = init.body instanceof Blob ? init.body : init.body === undefined ? undefined : JSON.parse(String(init.body))
    const one: Asked = { method, path, body, headers: init.headers as Record<string, string> }
    asked.push(one)
    const answer = answers[`${method} ${path}`] ?? answers[`${method} ${path.replace(/\?.*/, "")}`]
    if (!answer) return fault(404, { detail: `nobody answers ${method} ${path}` })
    const said = await answer(one)
    return said instanceof Response ? said : Response.json(said)
  })
  return { asked, answers, of: (key: string) => asked.filter((a) => `${a.method} ${a.path}`.startsWith(key)) }
}

// spoken makes the words of a language those that are there.
export function spoken(language: "en" | "sv", locale: string = language) {
  speech.know(language, words[language])
  speech.locale = locale
  speech.texts = {}
}

// settle lets what is under way arrive.
export async function settle() {
  for (let i = 0; i < 12; i++) {
    await new Promise((done) => setImmediate(done))
    flushSync()
  }
}

// plain is a text whose spaces may break.
export const plain = (text: string | null | undefined) => (text ?? "").replace(/\s+/g, " ").trim()

// real is a timer that a test has no hand in.
const real = setTimeout
export const rest = (ms: number) => new Promise((done) => real(done, ms))

// arrive waits for a screen that comes in the second file.
export async function arrive() {
  await settle()
  for (let i = 0; i < 200 && document.querySelector(".skeleton") && document.querySelector("h1")?.textContent === say("page.loading"); i++) {
    await (vi.isFakeTimers() ? vi.advanceTimersByTimeAsync(5) : rest(5))
    await settle()
  }
}

// listening does what begins to listen to the window; what it returns ends that.
export function listening(it: () => void): () => void {
  const heard: (() => void)[] = []
  const undo = [window, document].map((target) => {
    const add = target.addEventListener
    target.addEventListener = (...args: Parameters<typeof add>) => {
      heard.push(() => target.removeEventListener(args[0], args[1]))
      add.apply(target, args)
    }
    return () => void (target.addEventListener = add)
  })
  it()
  for (const u of undo) u()
  return () => heard.forEach((end) => end())
}

// open opens the web app at an address, before a server.
export async function open(path = "/", { boot = {}, answers = {}, language = "en" }: { boot?: Partial<Boot>; answers?: Record<string, Answer>; language?: "en" | "sv" } = {}) {
  Stream.all = []
  vi.stubGlobal("EventSource", Stream)
  const first = booted({ lang: language, ...boot })
  const server = serve({
    "GET me": () => first.me ?? me(),
    "GET content": () => first.content ?? content(),
    "POST views": () => new Response(null, { status: 204 }),
    "GET launches": () => ({ savehackLaunches: [] }),
    "GET transactions": () => ({ transactions: [], meta: { pages: 1 } }),
    "POST forecast": () => ({ forecast: { weeklyCents: 0 } }),
    ...answers,
  })
  history.replaceState(null, "", `/app${path}`)
  app.me = undefined
  app.content = undefined as Content | undefined
  app.signedOut = app.broken = false
  app.online = true
  app.notice = ""
  api.setHeaders({})
  if (speech.ready) await speech.speak(language, files) // as if it had come by then
  const target = document.body.appendChild(document.createElement("div"))
  let started: Promise<void> | undefined
  const left = listening(() => void (started = app.start(first)))
  const it = mount(App, { target })
  flushSync()
  await arrive()
  const text = (of: Element) => plain(of.getAttribute("aria-label") ?? of.textContent)
  const find = <E extends Element>(selector: string, name: string): E => {
    const all = [...target.querySelectorAll<E>(selector)]
    const found = all.find((e) => text(e) === name) ?? all.find((e) => text(e).startsWith(name))
    if (!found) throw new Error(`no ${selector} ${name}, but ${all.map(text).join(" | ")}`)
    return found
  }
  return {
    ...server,
    target,
    started,
    text: () => plain(target.textContent),
    title: () => target.querySelector("h1")?.textContent ?? "",
    at: () => location.pathname.replace(/^\/app/, "") + location.search,
    button: (name: string) => find<HTMLButtonElement>("button", name),
    link: (name: string) => find<HTMLAnchorElement>("a", name),
    has: (selector: string, name: string) => [...target.querySelectorAll(selector)].some((e) => text(e).startsWith(name)),
    // field is what the label says it is.
    field: <E extends HTMLInputElement | HTMLSelectElement = HTMLInputElement>(name: string): E => {
      const label = find<HTMLLabelElement>("label", name)
      const found = label.htmlFor ? target.querySelector<E>(`#${label.htmlFor}`) : label.querySelector<E>("input, select")
      if (!found) throw new Error(`nothing is labelled ${name}`)
      return found
    },
    wrong: () => [...target.querySelectorAll(".wrong")].map((e) => e.textContent),
    live: () => Stream.open[0]!,
    close: async () => {
      await unmount(it)
      for (const stream of Stream.open) stream.close()
      left()
      target.remove()
    },
  }
}
export type Opened = Awaited<ReturnType<typeof open>>

export async function press(e: HTMLElement) {
  e.click()
  await arrive()
}

export async function type(field: HTMLInputElement | HTMLSelectElement, value: string) {
  field.value = value
  field.dispatchEvent(new Event(field instanceof HTMLSelectElement ? "change" : "input", { bubbles: true }))
  await settle()
}

export async function submit(page: Opened) {
  page.target.querySelector("form")!.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true }))
  await settle()
}
