// The picture as a file of its own: it brings its looks, needs nothing from anywhere, and is the same bytes for the same drawing.
import { inOrder } from "./changes.ts"
import { layout, type Geometry } from "./layout.ts"
import { ground, heads, row, type Shape } from "./paint.ts"
import pictureCSS from "./picture.css?raw"
import { ending, heading, sentence, shown, total, type Phrase, type Voice } from "./reading.ts"
import { estimated, fontSize, shorten } from "./text.ts"
import tokensCSS from "./tokens.css?raw"
import type { Drawing } from "./types.ts"
import { speaker } from "./words.ts"

export interface SVGOptions {
  locale?: string // "en" when not given
  scheme?: "light" | "dark" | "both" // both: as the reader's own is
  animate?: boolean // one arrow after the other, over and over; still for who wants no motion
  times?: boolean // false leaves out times, durations and the run's id
  width?: number // at most
}

const margin = 16

export function toSVG(drawing: Drawing, options: SVGOptions = {}): string {
  const { locale = "en", scheme = "both", animate = false, times = true, width = 960 } = options
  const voice: Voice = { say: speaker(locale), locale, times, now: Date.parse(drawing.now), clock: utc }
  const g = layout(drawing, { width: width - 2 * margin, voice, measure: estimated })
  const top = margin + 28
  const bodyTop = top + g.headHeight
  const ends = ending(drawing, voice.say)
  const height = Math.ceil(bodyTop + g.height + 12 + ends.length * 22 + margin)
  const full = Math.ceil(g.width + 2 * margin)
  const title = heading(drawing, voice).join(" · ")
  const sentences = shown(drawing, voice.say).map((a) => sentence(drawing, a, voice))
  const picture: Shape = {
    tag: "g",
    at: { class: "picture" },
    of: [
      ...headline(title, total(drawing, voice), g),
      { tag: "g", at: { transform: `translate(${margin} ${top})` }, of: heads(g) },
      { tag: "g", at: { transform: `translate(${margin} ${bodyTop})` }, of: ground(g) },
      { tag: "g", at: { class: "rows", transform: `translate(${margin} ${bodyTop})` }, of: g.rows.map(row) },
      ...ends.map((end, i) => footer(end, bodyTop + g.height + 28 + i * 22, g.width)),
    ],
  }
  const css = [colours(scheme), minified(pictureCSS), animate ? animation(drawing, g) : ""].join("")
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${full}" height="${height}" viewBox="0 0 ${full} ${height}" role="img" aria-labelledby="title desc" lang="${escape(locale)}">` +
    `<title id="title">${escape(title)}</title><desc id="desc">${escape([...sentences, ...ends.map((e) => e.text)].join(". "))}</desc>` +
    `<style>${css}</style><rect width="100%" height="100%" fill="var(--paper)"/>${markup(picture)}</svg>\n`
  )
}

function headline(title: string, time: string, g: Geometry): Shape[] {
  const wide = time ? estimated(time) : 0
  const text = shorten(title, g.width - wide - 16, estimated, true)
  const y = margin + fontSize
  const shapes: Shape[] = [{ tag: "text", at: { class: "bold", x: margin, y }, text }]
  if (time) shapes.push({ tag: "text", at: { class: "quiet", x: margin + Math.round(g.width), y, "text-anchor": "end" }, text: time })
  return shapes
}

function footer(end: Phrase, y: number, width: number): Shape {
  return { tag: "text", at: { class: `bold ${end.tone}`, x: margin, y: Math.round(y) }, text: shorten(end.text, width, estimated, true) }
}

// colours are the shared ones; a scheme that is asked for holds whatever the reader's own is.
function colours(scheme: "light" | "dark" | "both"): string {
  if (scheme === "both") return minified(tokensCSS)
  const [light = "", dark = ""] = [...tokensCSS.matchAll(/:root\s*{([^}]*)}/g)].map((found) => found[1] ?? "")
  return minified(`:root {${scheme === "light" ? light : dark}}`)
}

const minified = (css: string) =>
  css
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,]) ?/g, "$1")
    .trim()

const step = 450 // milliseconds from one arrow to the next
const draws = 250
const pause = 3000

// animation draws the arrows that something happened to one after the other, in the order in which it did; then all of them stand
// for a while, and it begins anew.
function animation(drawing: Drawing, g: Geometry): string {
  const order = inOrder(g.rows.map((r) => r.arrow))
  if (order.length === 0 || !drawing.run) return ""
  const whole = order.length * step + pause
  const percent = (ms: number) => `${Math.round((ms / whole) * 10000) / 100}%`
  const rules = order.map((i, n) => {
    const [from, to] = [percent(n * step), percent(n * step + draws)]
    const its = `.rows>:nth-child(${i + 1}) `
    const frames = (before: string, after: string) => `{0%,${from}{${before}}${to},100%{${after}}}`
    return (
      `@keyframes g${i}${frames("transform:scaleX(0)", "transform:none")}@keyframes t${i}${frames("opacity:var(--before)", "opacity:1")}` +
      `${its}.goes{animation-name:g${i}}${its}:is(.told,.came,.return){animation-name:t${i}}`
    )
  })
  return `@media (prefers-reduced-motion:no-preference){.goes,.told,.came,.return{animation-duration:${whole}ms;animation-iteration-count:infinite;animation-timing-function:ease-out}${rules.join("")}}`
}

function utc(at: number): string {
  return Number.isNaN(at) ? "" : new Date(at).toISOString().slice(11, 16) + " UTC"
}

function markup(shape: Shape): string {
  const at = Object.entries(shape.at)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => ` ${name}="${escape(String(value))}"`)
    .join("")
  const inside = (shape.text === undefined ? "" : escape(shape.text)) + (shape.of ?? []).map(markup).join("")
  return inside ? `<${shape.tag}${at}>${inside}</${shape.tag}>` : `<${shape.tag}${at}/>`
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => entities[c] ?? c)
}
