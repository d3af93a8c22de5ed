// What all screens share: the person's savings as the server last told them, what the partner offers, and whether we are connected.
import * as api from "./api.ts"
import { count } from "./format.ts"
import { Host } from "./host.svelte.ts"
import { go, router, to } from "./router.svelte.ts"
import type { Boot, Content, Dream, Me, Savehack, Session } from "./types.ts"
import { speech } from "./words.svelte.ts"

class App {
  me = $state.raw<Me>()
  content = $state.raw<Content>()
  online = $state(true)
  signedOut = $state(false)
  broken = $state(false) // the first answer never came
  // version grows with every change of the person's savings: what a screen has read besides is then read again.
  version = $state(0)
  // notice is a sentence about what was just done, told once.
  notice = $state("")
  boot: Boot = { lang: "en", words: {}, frameOrigins: [], name: "" }
  host!: Host

  async start(boot: Boot) {
    this.boot = boot
    api.told.online = (online) => (this.online = online)
    api.told.signedOut = () => this.out()
    this.host = new Host(boot.frameOrigins, {
      go: (path) => go(path),
      back: () => router.back(above()),
      session: (session) => (session ? this.#session(session) : this.out()),
      locale: (locale) => void this.speak(locale),
      changed: () => this.version++,
    })
    api.told.ask = (list) => this.host.ask(list)
    addEventListener("click", (e) => this.#clicked(e))
    addEventListener("online", () => this.live())
    addEventListener("offline", () => (this.online = false))
    document.addEventListener("visibilitychange", () => document.hidden || this.live())
    router.start()
    // What came with the page need not be asked for.
    if (boot.content) this.#offered(boot.content)
    if (boot.me) {
      this.#changed(boot.me)
      this.host.ask(boot.me.ask)
    }
    await this.load(true)
  }

  // load reads everything anew, or, at first, what is missing; it is what "try again" does.
  async load(first = false) {
    this.broken = false
    try {
      await Promise.all([
        speech.ready || speech.speak(this.boot.lang, this.boot.words),
        (first && this.content) || this.#read(),
        (first && this.me) || api.get<Me>("me").then((me) => this.#changed(me)),
      ])
    } catch {
      this.broken = !this.me || !this.content || !speech.ready
    }
    this.live()
  }

  // speak changes the language of everything.
  async speak(locale: string) {
    await Promise.all([speech.speak(locale), this.#read()]).catch(() => {}) // it stays what it was
  }

  async #read() {
    this.#offered(await api.get<Content>("content"))
  }

  #offered(content: Content) {
    speech.texts = content.texts
    this.content = content
  }

  #changed(me: Me) {
    count(me.currency, me.decimals)
    this.me = me
    this.version++
    this.host.settle(me)
    this.#session(me.session)
  }

  #session(session: Session) {
    if (this.me) this.me = { ...this.me, session }
    this.host.renew(session)
  }

  // out is the end of the session, whoever told of it.
  out() {
    if (this.signedOut) return
    this.signedOut = true
    this.#stream?.close()
    this.host.end()
  }

  #stream: EventSource | undefined

  // live follows what changes, as long as somebody looks.
  live() {
    if (this.signedOut || (this.#stream && this.#stream.readyState !== EventSource.CLOSED)) return
    const stream = new EventSource("/app/api/events")
    this.#stream = stream
    stream.addEventListener("open", () => (this.online = true))
    stream.addEventListener("changed", (e) => {
      const me = JSON.parse((e as MessageEvent<string>).data) as Me
      this.#changed(me)
      this.host.ask(me.ask)
    })
    stream.addEventListener("signed-out", () => this.out())
    stream.addEventListener("error", () => {
      if (stream.readyState !== EventSource.CLOSED) return // the browser comes again by itself
      setTimeout(() => this.#stream === stream && this.live(), 5000)
    })
  }

  // #clicked has links stay within the page, and tells the bank's app that the person is there.
  #clicked(e: MouseEvent) {
    const at = e.target instanceof Element ? e.target.closest("a, button") : null
    if (!at) return
    this.host.say("onTelemetryEvent", { name: "UserClicked", payload: {} })
    const link = at.closest("a")
    if (!link || link.target || link.hasAttribute("download") || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const url = new URL(link.href)
    if (url.origin !== location.origin || !(url.pathname + "/").startsWith(to("/")) || url.pathname.startsWith(to("/api/"))) return
    e.preventDefault()
    go(url.pathname.slice(to("").length) + url.search || "/")
  }

  dream(id: string): Dream | undefined {
    return this.me?.dreams.find((d) => d.id === id)
  }

  savehack(type: string): Savehack | undefined {
    return this.content?.savehacks.find((s) => s.type === type || s.kind === type)
  }

  get currency(): string {
    return this.me?.currency ?? "SEK"
  }

  // says shows a sentence about what was done.
  says(sentence: string) {
    this.notice = sentence
  }
}

// above is the screen that lies over the one that is shown.
export function above(): string {
  const { page, id } = router.route
  if (["overview", "dream", "new", "messages", "settings", "join", "nowhere", "launch"].includes(page) || !id) return "/"
  return page === "savehack" ? `/dreams/${id}/marketplace` : `/dreams/${id}`
}

export const app = new App()
