// From geometry to shapes. A shape is an SVG element as data: the component makes elements of them, and svg.ts a text, so that the
// picture on the screen and the one in a file are the same. Looks are in picture.css.
import { bandWidth, phraseGap, returnDrop, type Box, type Geometry, type Line, type Pivot, type Row } from "./layout.ts"
import { signSize } from "./signs.ts"
import { lineHeight } from "./text.ts"

export interface Shape {
  tag: "g" | "path" | "rect" | "text" | "tspan"
  at: Record<string, string | number>
  text?: string
  of?: Shape[]
}

const round = (n: number) => Math.round(n * 10) / 10

const path = (d: string, cls: string): Shape => ({ tag: "path", at: { class: cls, d } })

const rect = (cls: string, x: number, y: number, width: number, height: number): Shape => ({
  tag: "rect",
  at: { class: cls, x: round(x), y: round(y), width: round(width), height: round(height), rx: 4 },
})

const group = (at: Shape["at"], ...of: (Shape | undefined)[]): Shape => ({ tag: "g", at, of: of.filter((s) => s !== undefined) })

// words are one line; its phrases are isolated from one another, so that one written from right to left does not turn the others.
function words(line: Line, cls = "", bold = false): Shape {
  return {
    tag: "text",
    at: { class: ("words " + cls + (bold ? " bold" : "")).trim(), x: round(line.x), y: round(line.y) },
    of: line.phrases.map((p, i): Shape => ({ tag: "tspan", at: i > 0 ? { class: p.tone, dx: phraseGap } : { class: p.tone }, text: p.text })),
  }
}

// heads are the parties across the top, each with its sign.
export function heads(g: Geometry): Shape[] {
  return g.columns.map((c) =>
    group(
      { class: c.server ? "party server" : "party" },
      group({ transform: `translate(${round(c.x - signSize / 2)} 6)` }, path(c.sign, "sign")),
      ...c.lines.map((text, i): Shape => ({ tag: "text", at: { class: "words bold", x: round(c.x), y: 40 + i * lineHeight, "text-anchor": "middle" }, text })),
    ),
  )
}

// ground is what lies under the arrows: lifelines and boxes.
export function ground(g: Geometry): Shape[] {
  return [
    ...g.columns.map((c) =>
      c.server
        ? rect("band", c.x - bandWidth / 2, 0, bandWidth, g.height)
        : path(`M${round(c.x)} 0V${round(g.height)}`, "lifeline"),
    ),
    ...g.boxes.map(box),
    ...g.pivots.map(pivot),
  ]
}

function box(b: Box): Shape {
  return group(
    { class: b.skipped ? "box skipped" : "box" },
    rect("frame", b.x, b.y, b.width, b.height),
    rect("tab", b.x, b.y, b.tab.width + 16, 24),
    words(b.tab, "kind"),
  )
}

function pivot(p: Pivot): Shape {
  const line = (y: number) => `M${round(p.from)} ${y}H${round(p.words.x - 10)}M${round(p.words.x + p.words.width + 10)} ${y}H${round(p.to)}`
  return group({ class: p.passed ? "pivot passed" : "pivot" }, path(line(round(p.y - 1.5)) + line(round(p.y + 1.5)), ""), words(p.words))
}

// row is one arrow with its words, in groups for who draws it as it goes: the hairline where it will be, the arrow that goes along it,
// what is told, and what came of it.
export function row(r: Row): Shape {
  const to = r.to - r.from
  const flags = [r.arrow.state, r.arrow.seen ? "seen" : "", r.arrow.reply ? "reply" : ""].filter(Boolean).join(" ")
  return group(
    { class: "row " + flags },
    group({ transform: `translate(${round(r.from)} ${round(r.y)})` }, path(stem(to, 0), "track"), group({ class: "goes" }, ...arrow(r, to))),
    ...(r.arrow.state === "undone" ? [back(r, to)] : []),
    group(
      { class: "told" },
      ...r.label.map((l) => words(l, "label")),
    ),
    group(
      { class: "came" },
      ...r.under.map((l) => words(l, "under")),
      r.at && words(r.at, "time"),
      r.state && words(r.state, "time"),
      r.took && words(r.took, "time"),
      r.state && group({ transform: `translate(${round(r.state.sign.x)} ${round(r.state.sign.y)})` }, path(r.state.sign.path, "sign " + r.state.sign.tone)),
    ),
  )
}

// stem is an arrow's line from the lifeline to its head; an arrow to oneself goes out and comes back lower.
function stem(to: number, head: number): string {
  return to === 0 ? `M0 0H20a6 7 0 0 1 0 14H${2 + head}` : `M0 0H${round(to - Math.sign(to) * head)}`
}

function arrow(r: Row, to: number): Shape[] {
  const open = r.arrow.state === "now" || r.arrow.state === "not-yet" || r.arrow.state === "unknown" || r.arrow.seen
  const y = to === 0 ? 14 : 0
  const tip = to === 0 ? 2 : to
  const back = to === 0 ? 1 : -Math.sign(to) // the way from the tip to the tail
  const at = (dx: number, dy: number) => `${round(tip + back * dx)} ${y + dy}`
  const ticks = r.ticks.map((x) => path(`M${round(-back * x)} -4v8`, "tick"))
  if (r.arrow.state === "refused") {
    return [path(stem(to, 14), "line"), path(`M${at(13, -4.5)}L${at(4, 4.5)}M${at(4, -4.5)}L${at(13, 4.5)}`, "head cross"), ...ticks]
  }
  const head = open ? path(`M${at(8, -4.5)}L${at(1, 0)}L${at(8, 4.5)}`, "head") : path(`M${at(9, -4.5)}L${at(1, 0)}L${at(9, 4.5)}z`, "head full")
  return [path(stem(to, open ? 2 : 8), "line"), head, ...ticks]
}

// back is the arrow beside one that was taken back: it returns under it.
function back(r: Row, to: number): Shape {
  const way = Math.sign(to) || 1
  const tip = to === 0 ? 26 : to - way * 4
  const d = returnDrop
  return group(
    { class: "return", transform: `translate(${round(r.from)} ${round(r.y)})` },
    path(to === 0 ? `M26 0q8 ${d - 1} 0 ${d + 8}H8` : `M${round(tip)} 2q0 ${d - 2} ${-way * 8} ${d - 2}H${way * 10}`, "line"),
    path(to === 0 ? `M14 ${d + 4}L8 ${d + 8}L14 ${d + 12}` : `M${way * 14} ${d - 4}L${way * 8} ${d}L${way * 14} ${d + 4}`, "head"),
  )
}
