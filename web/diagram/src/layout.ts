// From a drawing to geometry: lifelines across the top, a row for each arrow, boxes, the pivot's line. A row is as high as its own
// words need, and nothing but the lifelines leaves its row, so that no words can lie on others.
import { columns, type Column, type Columns } from "./columns.ts"
import { shown, since, stateWord, stateWords, tone, took, under, type Phrase, type Tone, type Voice } from "./reading.ts"
import { stateSigns } from "./signs.ts"
import { lineHeight, plain, shorten, wrap, type Measure } from "./text.ts"
import type { Arrow, Drawing } from "./types.ts"

export interface Geometry {
  width: number
  headHeight: number
  height: number // of what lies under the heads
  columns: Column[]
  rows: Row[]
  boxes: Box[]
  pivots: Pivot[]
}

export interface Row {
  arrow: Arrow
  top: number
  height: number
  y: number // of the arrow's line
  from: number
  to: number // equal to `from` when a party speaks to itself
  label: Line[]
  under: Line[]
  at?: Line // since the run began
  state?: Line & { sign: { x: number; y: number; path: string; tone: Tone } }
  took?: Line
  ticks: number[]
}

// Line is one line of words. x is its left side, y what it stands on.
export interface Line {
  x: number
  y: number
  width: number
  phrases: Phrase[]
}

export interface Box {
  kind: "opt" | "par"
  skipped: boolean
  x: number
  y: number
  width: number
  height: number
  tab: Line
}

export interface Pivot {
  y: number
  from: number
  to: number
  passed: boolean
  words: Line
}

export interface Frame {
  width: number
  voice: Voice
  measure: Measure
}

const timeWidth = 60 // at least
const timeGap = 14
const signWidth = 24
const lastRoom = 64 // for words beyond the last lifeline
const rowHeight = 44 // at least: it is pressed with a finger
const wordsWidth = 260 // of an arrow that is shorter than its words
const underWidth = 380 // what is under it counts down, and should not come to need another line
const labelLines = 4
const underLines = 3
const loop = 14 // how far an arrow to oneself goes down
const tabHeight = 26
const boxMargin = 16
const pivotHeight = 30
export const bandWidth = 10 // of the server's lifeline
export const phraseGap = 6
export const returnDrop = 10 // how far under an arrow the one lies that takes it back

export function layout(drawing: Drawing, { width, voice, measure }: Frame): Geometry {
  const arrows = shown(drawing, voice.say)
  const widest = (words: string[], least: number) => Math.max(least, ...words.map((w) => measure(w)))
  const start = voice.times ? widest(arrows.map((a) => since(drawing, a.at, voice)), timeWidth) + timeGap : 8
  // As wide as any state needs, so that nothing moves aside when one changes.
  const end = width - signWidth - widest([...stateWords(voice.say), ...arrows.map((a) => took(a, voice))], 0)
  const cols = columns(drawing, arrows, start, end, measure)
  const last = cols.all.at(-1)?.x ?? start
  // With few parties in a wide place, what stands at the right comes closer.
  const right = Math.min(end, Math.max(last + lastRoom, start + wordsWidth))
  const rows: Row[] = []
  const boxes: Box[] = []
  const pivots: Pivot[] = []
  let y = 4
  let open: { block: NonNullable<Arrow["block"]>; top: number; rows: Row[] } | undefined

  const close = () => {
    if (!open) return
    y += 8
    boxes.push(box(open.block, open.rows, open.top, y, start, right, voice, measure))
    y += 8
    open = undefined
  }
  for (const arrow of arrows) {
    if (open && (arrow.block?.kind !== open.block.kind || arrow.block.words !== open.block.words)) close()
    if (arrow.block && !open) {
      open = { block: arrow.block, top: y + 2, rows: [] }
      y += tabHeight + 2
    }
    const row = arrowRow(drawing, arrow, { ...tips(cols, arrow), start, end: right, y }, voice, measure)
    rows.push(row)
    open?.rows.push(row)
    y += row.height
    if (arrow.pivot) {
      const words = shorten(voice.say("pivot"), right - start - 16, measure)
      const wide = measure(words)
      const middle = y + pivotHeight / 2
      pivots.push({
        y: middle,
        from: start,
        to: right,
        passed: passed(arrow),
        words: { x: (start + right - wide) / 2, y: middle + 4, width: wide, phrases: [{ text: words, tone: "quiet" }] },
      })
      y += pivotHeight
    }
  }
  close()
  return { width: right + (width - end), headHeight: cols.headHeight, height: y + 8, columns: cols.all, rows, boxes, pivots }
}

// tips are where an arrow begins and ends: at the lifelines; at the server's, which has a band, on its rim.
function tips(cols: Columns, arrow: Arrow): { from: number; to: number } {
  const [a, b] = [cols.all[cols.of(arrow.from)], cols.all[cols.of(arrow.to)]]
  if (!a || !b) return { from: 0, to: 0 }
  const way = a === b ? 0 : Math.sign(b.x - a.x)
  const rim = (c: Column, side: number) => (c.server ? (side * bandWidth) / 2 : 0)
  return { from: a.x + rim(a, way || 1), to: b.x + rim(b, -way || 1) }
}

interface Span {
  start: number
  end: number
}

// Place is where a row lies: between which lifelines, and within which bounds its words.
interface Place extends Span {
  from: number
  to: number
  y: number
}

function arrowRow(drawing: Drawing, arrow: Arrow, at: Place, voice: Voice, measure: Measure): Row {
  const self = at.from === at.to
  const low = Math.min(at.from, at.to)
  const high = Math.max(at.from, at.to)
  const room = self ? { start: low + 10, end: at.end - 2 } : { start: low + 8, end: high - 8 }
  const said: Words = { number: { text: String(arrow.number), tone: "quiet" }, text: { text: plain(arrow.name), tone: silent(arrow) ? "quiet" : "ink" } }
  const beside = [(arrow.attempts ?? 1) > 1 ? voice.say("times", { n: arrow.attempts ?? 1 }) : "", arrow.state === "refused" ? "" : plain(arrow.note ?? "")]
  if (beside.some(Boolean)) said.note = { text: beside.filter(Boolean).join(" "), tone: "quiet" }
  const more = under(drawing, arrow, voice)

  let y = at.y + 6
  const place = (words: Words, width: number, most: number): Line[] =>
    set(words, room, { start: at.start + 2, end: at.end - 2 }, width, most, measure, self).map((line) => ({ ...line, y: (y += lineHeight) - 4 }))
  const label = place(said, wordsWidth, labelLines)
  y += 6
  const line = y
  y += self ? loop + 4 : arrow.state === "undone" ? returnDrop + 5 : 5
  const below = more ? place({ text: more }, underWidth, underLines) : []
  y += 5
  // What is lower than a finger is made higher, evenly above and below.
  const spare = Math.max(rowHeight - (y - at.y), 0)
  const down = (l: Line): Line => ({ ...l, y: l.y + spare / 2 })

  const baseline = line + spare / 2 + 4
  const right = (text: string, x: number, y: number): Line => ({ x, y, width: measure(text), phrases: [{ text, tone: "quiet" }] })
  const time = since(drawing, arrow.at, voice)
  const duration = took(arrow, voice)
  const row: Row = {
    arrow,
    top: at.y,
    height: y - at.y + spare,
    y: line + spare / 2,
    from: at.from,
    to: at.to,
    label: label.map(down),
    under: below.map(down),
    ticks: ticks(arrow, high - low),
  }
  const word = stateWord(drawing, arrow, voice.say)
  if (word) {
    // It stands beside the arrow; when there is a duration under it, both are around the arrow's line.
    const y = duration ? baseline - lineHeight : baseline
    const sign = { x: at.end + 4, y: y - 12, path: stateSigns[arrow.state], tone: tone(arrow.state) }
    row.state = { ...right(word, at.end + signWidth, y), sign }
  }
  if (time) row.at = right(time, Math.max(at.start - timeGap - measure(time), 0), baseline)
  if (duration) row.took = right(duration, at.end + signWidth, baseline)
  return row
}

// passed reports whether there is no way back behind an arrow that is the pivot.
export function passed(arrow: Arrow): boolean {
  return arrow.state === "done" || arrow.state === "unknown" || arrow.state === "late"
}

// silent reports whether an arrow says nothing, or no longer.
export function silent(arrow: Arrow): boolean {
  return arrow.state === "not-yet" || arrow.state === "skipped" || arrow.state === "undone"
}

interface Words {
  number?: Phrase
  text: Phrase
  note?: Phrase
}

// set breaks words into lines over the middle of the arrow: the number stays with the first of them, and the note follows when there
// is room for it. Words that need more room than the arrow has may cross other lifelines, within the bounds; those of an arrow to
// oneself stand beside the lifeline.
function set(words: Words, arrow: Span, bounds: Span, least: number, most: number, measure: Measure, self: boolean): Line[] {
  const { number, text, note } = words
  const all = [number, text, note].filter((p) => p !== undefined)
  const room = Math.min(bounds.end - bounds.start, Math.max(arrow.end - arrow.start, Math.min(wide(all, measure), least)))
  const indent = number ? measure(number.text) + phraseGap : 0
  const lines = wrap(text.text, room - indent, most, measure).map((part, i): Phrase[] => {
    const phrase = { ...text, text: part }
    return i === 0 && number ? [number, phrase] : [phrase]
  })
  const first = lines[0]
  if (note && first && lines.length === 1 && wide([...first, note], measure) <= room) first.push(note)
  else if (note) lines.push(...wrap(note.text, room, 2, measure).map((part) => [{ ...note, text: part }]))
  return lines.map((phrases) => {
    const width = wide(phrases, measure)
    const x = self ? arrow.start : (arrow.start + arrow.end - width) / 2
    return { x: Math.max(bounds.start, Math.min(x, bounds.end - width)), y: 0, width, phrases }
  })
}

function wide(line: Phrase[], measure: Measure): number {
  return line.reduce((sum, p) => sum + measure(p.text) + phraseGap, -phraseGap)
}

// ticks are the tries that did not end it, as far as there is room for them, from the arrow's tail.
function ticks(arrow: Arrow, length: number): number[] {
  const room = Math.max(Math.floor(((length || 60) - 40) / 7), 1)
  return Array.from({ length: Math.min(arrow.tries?.length ?? 0, room, 12) }, (_, i) => 14 + i * 7)
}

function box(
  block: NonNullable<Arrow["block"]>,
  rows: Row[],
  top: number,
  bottom: number,
  start: number,
  end: number,
  voice: Voice,
  measure: Measure,
): Box {
  const lines = rows.flatMap((r) => [...r.label, ...r.under])
  const kind = voice.say(block.kind)
  const kindWidth = measure(kind, true)
  const words = plain(block.words)
  const x = Math.max(start - 4, Math.min(...rows.flatMap((r) => [r.from, r.to]), ...lines.map((l) => l.x)) - boxMargin)
  const reach = Math.max(...rows.flatMap((r) => [r.from, r.to]), ...lines.map((l) => l.x + l.width), x + kindWidth + measure(words) + 24)
  const width = Math.min(reach + boxMargin, end) - x
  const text = shorten(words, Math.max(width - kindWidth - 30, 0), measure)
  return {
    kind: block.kind,
    skipped: rows.every((r) => r.arrow.state === "skipped"),
    x,
    y: top,
    width,
    height: bottom - top,
    tab: {
      x: x + 8,
      y: top + 17,
      width: kindWidth + 8 + measure(text),
      phrases: [
        { text: kind, tone: "quiet" },
        { text, tone: "quiet" },
      ],
    },
  }
}
