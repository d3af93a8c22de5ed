// What the page knows: the sandbox as it is, the latest runs, and the drawing of the one that is looked at.
import type { Drawing } from "@parley/diagram"
import { listen } from "./stream.ts"
import type { News, Sandbox, Story, Summary } from "./types.ts"
import type { Word } from "./words.ts"

// kept is how many runs are listed.
const kept = 20
// settled is how long a run must have been quiet before the page moves on to a newer one by itself: long enough for its last arrows
// to be drawn.
const settled = 3000
// over is how long a run that is over is still listened to. A browser holds six connections to one server, of all its windows together.
const over = 10_000
// The flow that is shown before anything has run.
const first = "sign-up-and-deposit"

export class Home {
  sandbox = $state.raw<Sandbox>() // undefined until it has been heard of
  runs = $state.raw<Summary[]>([]) // newest first
  listed = $state(false) // the list of runs has been heard of
  run = $state("") // the one that is looked at; none before anything has run
  drawing = $state.raw<Drawing>()
  gone = $state(false) // the run of the address is not there
  follow = $state(true)
  lost = $state(false)
  slowly = $state(true)
  notice = $state<Word>() // why something was not done
  news = $state.raw<News>() // the latest of a story

  #ends: (() => void)[] = []
  #unwatch = () => {}
  #watching = false
  #rest: ReturnType<typeof setTimeout> | undefined
  #moved = 0 // when the run that is looked at last changed
  #timer: ReturnType<typeof setTimeout> | undefined

  // start listens, until the end that it returns.
  start(): () => void {
    const point = () => this.#point()
    addEventListener("hashchange", point)
    this.#ends = [
      listen("api/events", {
        on: { sandbox: (s: Sandbox) => this.#hear(s), story: (n: News) => this.#told(n) },
        opened: () => (this.lost = false),
        lost: () => (this.lost = true),
      }),
      listen("live/events", { on: { run: (r: Summary) => this.#ran(r) }, opened: () => void this.#list() }),
      () => removeEventListener("hashchange", point),
      () => this.#leave(),
      () => clearTimeout(this.#timer),
    ]
    this.#point()
    return () => this.#ends.forEach((end) => end())
  }

  // choose looks at a run, and stays there: the address says which, so that it is kept.
  choose(run: string) {
    location.hash = run
  }

  // followNewest looks at the newest run, and at each that is newer.
  followNewest(on: boolean) {
    if (!on) {
      if (this.run) this.choose(this.run)
      return
    }
    if (location.hash) history.pushState(null, "", location.pathname + location.search)
    this.#moved = 0
    this.#point()
  }

  // tell begins a story, and is true when it has begun.
  async tell(story: Story): Promise<boolean> {
    return this.#post(`api/stories/${story.name}`, { pace: this.slowly ? 600 : 0 })
  }

  async misbehave(party: string, action: string, fault: string, times: number) {
    await this.#post(`api/parties/${party}/fault`, { action, fault, times })
  }

  async chooseFor(party: string, choice: string, field: string, value: string) {
    await this.#post(`api/parties/${party}/${choice}`, { [field]: value })
  }

  async putRight(party: string) {
    await this.#post(`api/parties/${party}/behave`, {})
  }

  async #post(path: string, body: unknown): Promise<boolean> {
    this.notice = undefined
    try {
      const res = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
      if (res.status === 409) this.notice = "busy"
      else if (!res.ok) this.notice = "misunderstood"
      else if (res.status === 200) this.#hear((await res.json()) as Sandbox)
      return res.ok
    } catch {
      this.notice = "unreached"
      return false
    }
  }

  #hear(s: Sandbox) {
    this.sandbox = s
    this.lost = false
  }

  #told(n: News) {
    this.news = n
    // Whoever presses a story wants to see it, whatever is being looked at moves on or not.
    if (n.state === "began") this.#moved = 0
  }

  async #list() {
    try {
      const res = await fetch(`live/runs?limit=${kept}`)
      if (!res.ok) return
      this.runs = ((await res.json()) as { runs: Summary[] }).runs
      this.listed = true
      if (this.run && !this.#watching && !this.gone) this.#watch(this.run) // it may have changed while nobody listened
      this.#moveOn()
    } catch {
      // The stream that asked for it breaks too, and asks again.
    }
  }

  #ran(r: Summary) {
    const others = this.runs.filter((o) => o.run !== r.run)
    // Ids sort by when the runs began.
    this.runs = [...others, r].sort((a, b) => (a.run < b.run ? 1 : -1)).slice(0, kept)
    this.listed = true
    if (r.run === this.run && !this.#watching && !this.gone) this.#watch(r.run)
    this.#moveOn()
  }

  // point looks at what the address says: a run, or the newest.
  #point() {
    const run = location.hash.slice(1)
    this.follow = run === ""
    if (run) this.#look(run)
    else this.#moveOn()
  }

  // moveOn goes to the newest run, once the one that is looked at has come to rest.
  #moveOn() {
    clearTimeout(this.#timer)
    if (!this.follow || !this.listed) return
    const newest = this.runs[0]?.run ?? ""
    if (newest === this.run && (this.drawing || newest)) return
    const rest = this.#moved + settled - Date.now()
    if (this.run && rest > 0) this.#timer = setTimeout(() => this.#moveOn(), rest)
    else this.#look(newest)
  }

  // look draws a run as it happens, or the first flow as it would be.
  #look(run: string) {
    if (run === this.run && run !== "") return
    this.#leave()
    this.run = run
    this.drawing = undefined
    this.gone = false
    if (run) this.#watch(run)
    else void this.#fetchDrawing(`live/flows/${first}`)
  }

  #leave() {
    clearTimeout(this.#rest)
    this.#watching = false
    this.#unwatch()
    this.#unwatch = () => {}
  }

  // watch follows a run. One that is over is let go after a while: when it changes all the same, the list of runs tells.
  #watch(run: string) {
    this.#watching = true
    const path = `live/runs/${encodeURIComponent(run)}`
    this.#unwatch = listen(`${path}/events`, {
      on: {
        drawing: (d: Drawing) => {
          if (this.run !== run) return
          this.drawing = d
          this.#moved = Date.now()
          clearTimeout(this.#rest)
          if (d.status === "done" || d.status === "refused") this.#rest = setTimeout(() => this.#leave(), over)
        },
      },
      lost: () => {
        if (!this.drawing) void this.#fetchDrawing(path)
      },
    })
  }

  async #fetchDrawing(path: string) {
    const run = this.run
    try {
      const res = await fetch(path)
      if (this.run !== run) return
      if (res.ok) this.drawing = (await res.json()) as Drawing
      else if (res.status < 500) {
        this.gone = true
        this.#leave()
      }
    } catch {
      // The page says that the sandbox does not answer.
    }
  }
}
