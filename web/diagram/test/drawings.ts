// Drawings for the tests: the fixtures, and any number of random ones that a seed gives again.
import type { Voice } from "../src/reading.ts"
import type { Arrow, Drawing, State } from "../src/types.ts"
import { speaker } from "../src/words.ts"

const files = import.meta.glob<Drawing>("../fixtures/*.json", { eager: true, import: "default" })

export const fixtures: Record<string, Drawing> = Object.fromEntries(Object.entries(files).map(([path, d]) => [path.replace(/^.*\/|\.json$/g, ""), d]))

// fixture is a copy that a test may change.
export function fixture(name: string): Drawing {
  const drawing = fixtures[name]
  if (!drawing) throw new Error(`there is no fixture ${name}`)
  return structuredClone(drawing)
}

export function arrowOf(drawing: Drawing, name: string): Arrow {
  const arrow = drawing.arrows.find((a) => a.name === name)
  if (!arrow) throw new Error(`there is no arrow ${name}`)
  return arrow
}

export function voiceOf(drawing: Drawing, more: Partial<Voice> = {}): Voice {
  return { say: speaker("en"), locale: "en", times: true, now: Date.parse(drawing.now), clock: (at) => new Date(at).toISOString().slice(11, 16), ...more }
}

export const states: State[] = ["not-yet", "now", "done", "refused", "unknown", "undone", "skipped", "late"]

const letters = ["sign in", "authorize", "a", "WWWWWWWWWWWWWWWWWWWW", "iiiiiiiiii", "transfer_with_a_very_long_name_in_one_word", "شارژ", "振込", "SEK\u00a01\u00a0204.00", "<b>&\"'", "", "🙂🙂🙂"]

export function random(seed: number): Drawing {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const upTo = (n: number) => Math.floor(next() * n)
  const pick = <T>(of: T[]): T => of[upTo(of.length)] as T
  const words = (n: number) => Array.from({ length: 1 + upTo(n) }, () => pick(letters)).join(" ").trim()
  const begun = Date.parse("2026-03-14T14:02:11.000Z")
  const at = (i: number) => new Date(begun + Math.floor(i ** (1 + 4 * next()))).toISOString()

  const parties = Array.from({ length: 1 + upTo(8) }, (_, i) => ({ id: `p${i}`, label: words(4) || `p${i}`, server: i === 1 }))
  const ids = parties.map((p) => p.id)
  let block: Arrow["block"]
  const arrows = Array.from({ length: 1 + upTo(40) }, (_, i): Arrow => {
    if (next() < 0.3) block = next() < 0.5 ? undefined : { kind: pick(["opt", "par"]), words: words(6) }
    const state = pick(states)
    const arrow: Arrow = { number: i + 1, from: pick(ids), to: pick(ids), name: words(8), state }
    if (state !== "not-yet") Object.assign(arrow, { at: at(i * 40), moments: [{ seq: i + 1, at: at(i * 40), kind: "said" }] })
    if (block) arrow.block = block
    if (next() < 0.4) arrow.took = next() * 10 ** upTo(6)
    if (next() < 0.4) arrow.note = words(5)
    if (next() < 0.3) Object.assign(arrow, { attempts: 1 + upTo(20), tries: Array.from({ length: upTo(20) }, (_, n) => ({ number: n + 1, at: at(i), outcome: "unheard" })) })
    if (next() < 0.1) arrow.pivot = true
    if (next() < 0.2) arrow.seen = true
    if (next() < 0.3) Object.assign(arrow, { waitingOn: pick(ids), until: at(10 + upTo(40)), again: at(upTo(40)) })
    if (state === "refused") arrow.refusal = "ERR_" + "X".repeat(upTo(50))
    if (i > 1 && next() < 0.1) arrow.undoes = "authorize"
    return arrow
  })
  return {
    run: pick(["", "01a1fc7e-0b1c"]),
    flow: "random",
    title: words(5),
    version: 1,
    about: words(3),
    status: pick(["open", "undoing", "done", "refused"]),
    begun: at(0),
    now: at(400),
    parties,
    arrows,
  }
}
