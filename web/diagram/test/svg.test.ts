import { describe, expect, test } from "vitest"
import { toSVG, type SVGOptions } from "../src/svg.ts"
import type { Drawing } from "../src/types.ts"
import { arrowOf, fixture, fixtures, random } from "./drawings.ts"

// parsed fails when the picture is not well-formed XML.
function parsed(drawing: Drawing, options?: SVGOptions): Document {
  const doc = new DOMParser().parseFromString(toSVG(drawing, options), "image/svg+xml")
  const error = doc.querySelector("parsererror")
  if (error) throw new Error(error.textContent ?? "not XML")
  return doc
}

const text = (doc: Document) => [...doc.querySelectorAll("text")].map((t) => t.textContent).join("\n")
const style = (doc: Document) => doc.querySelector("style")?.textContent ?? ""

describe("every fixture is well-formed, says what happened in words, and refers to nothing outside", () => {
  test.each(Object.entries(fixtures))("%s", (_, drawing) => {
    for (const animate of [false, true]) {
      const doc = parsed(drawing, { animate })
      expect(doc.documentElement.getAttribute("role")).toBe("img")
      expect(doc.querySelector("title")?.textContent).toContain(drawing.title)
      expect(doc.querySelector("desc")?.textContent).toContain(drawing.arrows[0]?.name)
      expect(doc.documentElement.outerHTML.replace(/xmlns="[^"]*"/g, "")).not.toMatch(/https?:|url\(|@import|href/)
      expect(doc.documentElement.outerHTML).not.toMatch(/NaN|undefined|Infinity/)
    }
  })
  test("random drawings too", () => {
    for (let seed = 100; seed < 150; seed++) expect(() => parsed(random(seed), { animate: true }), `seed ${seed}`).not.toThrow()
  })
})

test("what a drawing says is text, never markup", () => {
  const evil = `"><script>alert("x")</script><!-- ]]> &amp; '`
  const drawing = fixture("done")
  drawing.title = evil
  drawing.about = evil
  drawing.attention = evil
  for (const p of drawing.parties) p.label = p.id + evil
  for (const a of drawing.arrows) Object.assign(a, { name: evil, note: evil, block: { kind: "opt", words: evil } })
  const doc = parsed(drawing, { locale: `en"><script>` })
  expect(doc.querySelector("script")).toBeNull()
  expect(doc.querySelector("title")?.textContent).toContain(evil)
  expect(text(doc)).toContain("<script>")
})

test("what cannot be in XML, and what would turn the direction of other words, is left out", () => {
  const drawing = fixture("done")
  arrowOf(drawing, "signin").name = "a\u0000b\u0008c\u202ed\uffffe\ud800f شارژ"
  expect(text(parsed(drawing))).toContain("abcde\ufffdf شارژ")
})

test("the same drawing is the same bytes; without times also another run of the same", () => {
  const one = fixture("done")
  const another = structuredClone(one)
  another.run = "0ffffff1-another"
  another.now = another.changed = "2031-01-01T00:00:00.000Z"
  another.begun = "2031-01-01T00:00:00.000Z"
  for (const a of another.arrows) {
    if (a.took) a.took *= 3
    for (const m of [a, ...(a.moments ?? []), ...(a.tries ?? [])]) if (m.at) m.at = new Date(Date.parse(m.at) + 1e9).toISOString()
  }
  expect(toSVG(one)).toBe(toSVG(structuredClone(one)))
  expect(toSVG(another, { times: false, animate: true })).toBe(toSVG(one, { times: false, animate: true }))
  expect(toSVG(another)).not.toBe(toSVG(one))
})

test("without times there is no time, no duration, no run and nothing counted", () => {
  for (const name of Object.keys(fixtures)) {
    const drawing = fixture(name)
    delete drawing.attention // its words are the server's
    const said = parsed(drawing, { times: false })
    expect(said.documentElement.textContent?.replace(style(said), "")).not.toMatch(/\d (ms|s|min|h|d)\b|run [0-9a-f]{4}|UTC/)
  }
  expect(text(parsed(fixture("operator-down")))).toMatch(/run 01a1fd…[^]*12 ms[^]*said again in 12 s/)
})

test("a scheme that is asked for holds; otherwise the reader's own does", () => {
  expect(style(parsed(fixture("done"), { scheme: "light" }))).toMatch(/--paper:\s*#fbfaf7/)
  expect(style(parsed(fixture("done"), { scheme: "light" }))).not.toContain("prefers-color-scheme")
  expect(style(parsed(fixture("done"), { scheme: "dark" }))).toMatch(/--paper:\s*#141a17/)
  expect(style(parsed(fixture("done"), { scheme: "dark" }))).not.toContain("#fbfaf7")
  expect(style(parsed(fixture("done")))).toContain("prefers-color-scheme")
})

test("with animate the arrows are drawn in the order in which they were said, and stand still for who wants no motion", () => {
  const css = style(parsed(fixture("par"), { animate: true }))
  expect(css.slice(css.indexOf("@keyframes"))).not.toBe("")
  expect(css.slice(0, css.indexOf("@keyframes"))).toContain("prefers-reduced-motion:no-preference")
  // The statement is read before the balance is, though it stands under it.
  const begins = (place: number) => Number(new RegExp(`@keyframes g${place}\\{0%,([\\d.]+)%`).exec(css)?.[1])
  expect([0, 1, 3, 2, 4].map(begins)).toEqual([...[0, 1, 3, 2, 4].map(begins)].sort((a, b) => a - b))
  expect(begins(3)).toBeLessThan(begins(2))
  expect(style(parsed(fixture("par")))).not.toContain("@keyframes")
  expect(style(parsed(fixture("not-begun"), { animate: true }))).not.toContain("@keyframes")
})

test("it speaks Swedish", () => {
  const doc = parsed(fixture("operator-down"), { locale: "sv" })
  expect(doc.documentElement.getAttribute("lang")).toBe("sv")
  expect(text(doc)).toContain("väntar på Operator: transfer")
})

test("it is no wider than it may be", () => {
  for (const width of [640, 1200]) expect(Number(parsed(fixture("long"), { width }).documentElement.getAttribute("width"))).toBeLessThanOrEqual(width)
})

test("each state has its own look and its own sign", () => {
  const doc = parsed(fixture("long"))
  const looks = ["not-yet", "now", "done", "refused", "unknown", "undone", "skipped", "late"].map((state) => {
    const row = doc.querySelector(`.row.${state}`)
    expect(row, state).not.toBeNull()
    return row?.querySelector(".came .sign")?.getAttribute("d")
  })
  expect(new Set(looks).size).toBe(looks.length)
})
