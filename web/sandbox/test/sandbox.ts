// A sandbox that answers as the real one does, and says what it was asked.
import { flushSync, mount, unmount } from "svelte"
import { vi } from "vitest"
import App from "../src/App.svelte"
import type { Summary } from "../src/types.ts"
import { drawing } from "./fixtures.ts"

// Stream is an EventSource that a test speaks through.
export class Stream {
  static CLOSED = 2
  static open: Stream[] = []
  readyState = 0
  onopen?: () => void
  onerror?: () => void
  #hears = new Map<string, (e: { data: string }) => void>()

  constructor(readonly url: string) {
    Stream.open.push(this)
  }
  addEventListener(name: string, hear: (e: { data: string }) => void) {
    this.#hears.set(name, hear)
  }
  close() {
    this.readyState = Stream.CLOSED
    Stream.open = Stream.open.filter((s) => s !== this)
  }
  say(name: string, data: unknown) {
    this.#hears.get(name)?.({ data: JSON.stringify(data) })
    flushSync()
  }
  opens() {
    this.readyState = 1
    this.onopen?.()
    flushSync()
  }
  breaks(closed = false) {
    this.readyState = closed ? Stream.CLOSED : 0
    this.onerror?.()
    flushSync()
  }
}

export const stream = (url: string) => {
  const found = Stream.open.find((s) => s.url === url)
  if (!found) throw new Error(`nobody listens to ${url}, but to ${Stream.open.map((s) => s.url).join(", ")}`)
  return found
}

export interface Asked {
  path: string
  body?: unknown
}

// open opens the page before a sandbox with these runs.
export function open(runs: Summary[] = []) {
  Stream.open = []
  vi.stubGlobal("EventSource", Stream)
  const asked: Asked[] = []
  const answers: Record<string, () => Response | Promise<Response>> = {
    "live/runs?limit=20": () => Response.json({ runs }),
    "live/flows/sign-up-and-deposit": () => Response.json(drawing("")),
  }
  vi.stubGlobal("fetch", async (path: string, init?: RequestInit) => {
    if (init?.method === "POST") asked.push({ path, body: JSON.parse(String(init.body)) })
    return (answers[path] ?? (() => new Response(null, { status: 404 })))()
  })
  const target = document.body.appendChild(document.createElement("div"))
  const app = mount(App, { target })
  flushSync()
  return {
    target,
    asked,
    answers,
    close: async () => {
      await unmount(app)
      target.remove()
    },
    // settle lets what is under way arrive.
    settle: async () => {
      for (let i = 0; i < 10; i++) await new Promise((done) => setImmediate(done))
      flushSync()
    },
    text: () => target.textContent!.replace(/\s+/g, " "),
    button: (name: string) => {
      const all = [...target.querySelectorAll("button")]
      const found = all.find((b) => (b.getAttribute("aria-label") ?? b.textContent ?? "").trim().startsWith(name))
      if (!found) throw new Error(`no button ${name}, but ${all.map((b) => b.textContent).join(" | ")}`)
      return found
    },
    box: (label: string) => {
      const found = [...target.querySelectorAll("label")].find((l) => l.textContent!.includes(label))?.querySelector("input")
      if (!found) throw new Error(`nothing is labelled ${label}`)
      return found
    },
  }
}
