// Where the lifelines stand: each gap as wide as the words between its two lifelines would like, and as there is room for.
import { party } from "./reading.ts"
import { partySign } from "./signs.ts"
import { lineHeight, plain, wrap, type Measure } from "./text.ts"
import type { Arrow, Drawing, Party } from "./types.ts"

export interface Column {
  id: string // of the party; of the first, when several are called the same
  x: number
  label: string
  lines: string[]
  server: boolean
  sign: string
}

export interface Columns {
  all: Column[]
  of: (id: string) => number // the place of a party's column
  headHeight: number
}

const narrowest = 36
const widest = 300
const mostWords = 240 // an arrow's words do not widen a gap beyond this; they wrap
const mostName = 140
const headLines = 3
const signHeight = 24
const edge = 6 // the outer names may reach a little beyond the arrows

export function columns(drawing: Drawing, arrows: Arrow[], from: number, to: number, measure: Measure): Columns {
  const { parties, place } = merged(drawing, arrows)
  const labels = parties.map((p) => plain(p.label))
  const halves = labels.map((l) => Math.min(measure(l, true), mostName) / 2)
  const first = from + Math.max(halves[0] ?? 0, 16)
  const last = to - Math.max(halves.at(-1) ?? 0, 16)

  const wanted = labels.slice(1).map((_, i) => Math.max(narrowest, (halves[i] ?? 0) + (halves[i + 1] ?? 0) + 24))
  for (const a of arrows) {
    const [low, high] = [place(a.from), place(a.to)].sort((x, y) => x - y) as [number, number]
    const words = Math.min(measure(`${a.number} ${plain(a.name)}`) + 40, mostWords)
    if (high === low + 1) wanted[low] = Math.max(wanted[low] ?? 0, words)
    if (high === low && low < wanted.length) wanted[low] = Math.max(wanted[low] ?? 0, words / 2)
  }
  const gaps = fit(wanted, Math.max(last - first, 0))

  let x = first
  const all = parties.map((p, i): Column => {
    if (i > 0) x += gaps[i - 1] ?? 0
    const left = i > 0 ? (gaps[i - 1] ?? 0) : 2 * (x - from + edge)
    const right = i < gaps.length ? (gaps[i] ?? 0) : 2 * (to - x + edge)
    const room = Math.max(Math.min(left, right) - 8, 24)
    return { id: p.id, x, label: labels[i] ?? "", lines: wrap(labels[i] ?? "", room, headLines, measure, true), server: p.server === true, sign: partySign(p) }
  })
  const lines = Math.max(1, ...all.map((c) => c.lines.length))
  return { all, of: place, headHeight: signHeight + lines * lineHeight + 12 }
}

// merged are the parties as they have columns: two that are called the same are one, and one that only an arrow names comes last.
function merged(drawing: Drawing, arrows: Arrow[]): { parties: Party[]; place: (id: string) => number } {
  const parties: Party[] = []
  const places = new Map<string, number>()
  const named = new Set(drawing.parties.map((p) => p.id))
  const strangers = arrows.flatMap((a) => [a.from, a.to]).filter((id) => !named.has(id))
  for (const p of [...drawing.parties, ...[...new Set(strangers)].map((id): Party => ({ id, label: id }))]) {
    const label = party(drawing, p.id)
    let i = parties.findIndex((q) => q.label === label)
    if (i < 0) i = parties.push({ ...p, label }) - 1
    else if (p.server) parties[i] = { ...p, label }
    places.set(p.id, i)
  }
  return { parties, place: (id) => places.get(id) ?? 0 }
}

// fit makes gaps of what is wanted: when there is more room the narrow ones grow first, when there is less the wide ones give way.
function fit(wanted: number[], room: number): number[] {
  const sum = wanted.reduce((a, b) => a + b, 0)
  if (sum <= room) {
    const least = Math.min(level([...wanted].sort((a, b) => b - a), room, (w, l) => w <= l), widest)
    return wanted.map((w) => Math.max(w, least))
  }
  const most = level([...wanted].sort((a, b) => a - b), room, (w, l) => w >= l)
  return wanted.map((w) => Math.min(w, most))
}

// level is the width to which those that come last in the order are brought, so that all together take the room; the first that are
// beyond it keep their own.
function level(order: number[], room: number, brought: (width: number, level: number) => boolean): number {
  let left = room
  for (const [i, width] of order.entries()) {
    const each = left / (order.length - i)
    if (brought(width, each)) return each
    left -= width
  }
  return left
}
