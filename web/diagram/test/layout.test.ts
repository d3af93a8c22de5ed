import { describe, expect, test } from "vitest"
import { layout, type Geometry, type Line } from "../src/layout.ts"
import { shown } from "../src/reading.ts"
import { estimated, fontSize, plain } from "../src/text.ts"
import type { Drawing } from "../src/types.ts"
import { speaker } from "../src/words.ts"
import { arrowOf, fixture, fixtures, random, voiceOf } from "./drawings.ts"

const widths = [640, 800, 1200]

const draw = (drawing: Drawing, width = 960, times = true) => layout(drawing, { width, voice: voiceOf(drawing, { times }), measure: estimated })

interface Box {
  what: string
  x: number
  y: number
  width: number
  height: number
}

// written is where words stand: from over the tallest letter to under the lowest.
const written = (what: string, l: Line): Box => ({
  what: `${what} “${l.phrases.map((p) => p.text).join(" ")}”`,
  x: l.x,
  y: l.y - fontSize + 1,
  width: l.width,
  height: fontSize + 2,
})

function allWords(g: Geometry): Box[] {
  return [
    ...g.rows.flatMap((r) => [
      ...r.label.map((l) => written(`${r.arrow.number} label`, l)),
      ...r.under.map((l) => written(`${r.arrow.number} under`, l)),
      ...[r.at, r.state, r.took].filter((l) => l !== undefined).map((l) => written(`${r.arrow.number} beside`, l)),
      ...(r.state ? [{ what: `${r.arrow.number} sign`, x: r.state.sign.x, y: r.state.sign.y, width: 16, height: 16 }] : []),
    ]),
    ...g.boxes.map((b) => written("box", b.tab)),
    ...g.pivots.map((p) => written("pivot", p.words)),
  ]
}

function overlapping(boxes: Box[]): string[] {
  return boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.x < b.x + b.width - 0.01 && b.x < a.x + a.width - 0.01 && a.y < b.y + b.height && b.y < a.y + a.height)
      .map((b) => `${a.what} lies on ${b.what}`),
  )
}

// problems are all that must never be so, whatever the drawing.
function problems(drawing: Drawing, width: number, times: boolean): string[] {
  const g = draw(drawing, width, times)
  const wrong = overlapping(allWords(g))
  const say = (what: string, so: boolean) => so || wrong.push(what)
  say("the picture is wider than it may be", g.width <= width + 0.01)
  for (const w of allWords(g)) say(`${w.what} is outside`, w.x >= 0 && w.x + w.width <= g.width + 0.01 && w.y >= 0 && w.y + w.height <= g.height)
  const heads = g.columns.flatMap((c) => c.lines.map((text, i) => ({ what: text, x: c.x - estimated(text, true) / 2, y: i * 20, width: estimated(text, true), height: 10 })))
  wrong.push(...overlapping(heads))
  for (const h of heads) say(`head ${h.what} is outside`, h.x >= -0.01 && h.x + h.width <= g.width + 0.01)

  say("an arrow is missing or out of order", JSON.stringify(g.rows.map((r) => r.arrow.number)) === JSON.stringify(shown(drawing, speaker("en")).map((a) => a.number)))
  g.rows.forEach((r, i) => {
    const next = g.rows[i + 1]
    say(`row ${r.arrow.number} is too low to be pressed`, r.height >= 44)
    say(`row ${r.arrow.number} lies on the next`, !next || r.top + r.height <= next.top + 0.01)
    for (const l of [...r.label, ...r.under]) say(`words leave row ${r.arrow.number}`, l.y - fontSize >= r.top && l.y + 3 <= r.top + r.height)
    for (const x of [r.from, r.to]) say(`arrow ${r.arrow.number} does not stand at a lifeline`, g.columns.some((c) => Math.abs(c.x - x) <= 5))
    for (const t of r.ticks) say(`a tick leaves arrow ${r.arrow.number}`, r.from === r.to || t < Math.abs(r.to - r.from) || r.ticks.length === 1)
  })
  for (const b of g.boxes) {
    say("a box leaves the picture", b.x >= 0 && b.x + b.width <= g.width + 0.01)
    for (const r of g.rows.filter((r) => r.top >= b.y && r.top < b.y + b.height)) {
      say(`row ${r.arrow.number} leaves its box`, r.top + r.height <= b.y + b.height + 0.01)
      for (const l of [...r.label, ...r.under]) say(`words of ${r.arrow.number} leave the box`, l.x >= b.x && l.x + l.width <= b.x + b.width + 0.01)
    }
  }
  return wrong
}

describe("whatever the drawing, no words lie on others and nothing leaves the picture", () => {
  for (const width of widths) {
    test.each(Object.entries(fixtures))(`fixture %s, ${width} wide`, (_, drawing) => {
      expect(problems(drawing, width, true)).toEqual([])
      expect(problems(drawing, width, false)).toEqual([])
    })
    test(`random drawings, ${width} wide`, () => {
      for (let seed = 1; seed <= 60; seed++) {
        expect(problems(random(seed), width, seed % 2 === 0), `seed ${seed}`).toEqual([])
      }
    })
  }
})

test("a label is whole, or shows that it is not", () => {
  for (let seed = 1; seed <= 40; seed++) {
    for (const r of draw(random(seed), 700).rows) {
      const all = r.label.flatMap((l) => l.phrases.map((p) => p.text)).join("").replace(/ /g, "")
      expect(all.includes("…") || all.includes(plain(r.arrow.name).replace(/ /g, ""))).toBe(true)
    }
  }
})

test("an arrow points the way it goes, and ends at the rim of the server's band", () => {
  const g = draw(fixture("done"))
  const [browser, server] = g.columns
  const [first, , , , fifth] = g.rows
  expect(first?.from).toBe(browser?.x)
  expect(first?.to).toBe((server?.x ?? 0) - 5)
  expect(fifth && fifth.from > fifth.to).toBe(true)
})

test("parties that are called the same share a lifeline; one that only an arrow names comes last", () => {
  const drawing = fixture("done")
  expect(draw(drawing).columns.map((c) => c.label)).toEqual(["Browser", "Parley", "Trustly", "Operator"])
  arrowOf(drawing, "account").from = "Clearing"
  expect(draw(drawing).columns.map((c) => c.label)).toEqual(["Browser", "Parley", "Trustly", "Operator", "Clearing"])
})

test("arrows that follow one another in the same block share a box; a block of what was skipped is marked", () => {
  const g = draw(fixture("skipped"))
  expect(g.boxes.map((b) => [b.tab.phrases[1]?.text, b.skipped])).toEqual([
    ["the operator is to be asked", true],
    ["at any time", false],
    ["at any time", false],
    ["afterwards, as far as it comes", false],
  ])
})

test("the pivot's line lies under its arrow, and is passed when it was said", () => {
  for (const [name, passed] of [["done", true], ["unknown", true], ["refused", false], ["not-begun", false]] as const) {
    const g = draw(fixture(name))
    const at = g.rows.findIndex((r) => r.arrow.pivot)
    const [above, below] = [g.rows[at], g.rows[at + 1]]
    expect(g.pivots).toHaveLength(1)
    expect(g.pivots[0]?.passed).toBe(passed)
    expect(g.pivots[0]?.y).toBeGreaterThan((above?.top ?? 0) + (above?.height ?? 0))
    expect(g.pivots[0]?.y).toBeLessThan(below?.top ?? 0)
  }
})

test("ticks are the tries that did not end it, as far as there is room", () => {
  const g = draw(fixture("operator-down"), 1200)
  expect(g.rows.find((r) => r.arrow.name === "transfer")?.ticks).toHaveLength(12)
  expect(draw(fixture("taken-back")).rows.find((r) => r.arrow.name === "authorize")?.ticks).toHaveLength(2)
  expect(draw(fixture("done")).rows.flatMap((r) => r.ticks)).toEqual([])
})

test("what takes back is drawn of a run when it is needed, and of a flow always", () => {
  const names = (name: string) => draw(fixture(name)).rows.map((r) => r.arrow.name)
  expect(names("done")).not.toContain("cancel")
  expect(names("done")).not.toContain("redirect with error")
  expect(names("refused")).not.toContain("cancel")
  expect(names("refused")).toContain("redirect with error")
  expect(names("undoing")).toContain("cancel")
  expect(names("not-begun")).toEqual(expect.arrayContaining(["cancel", "redirect with error"]))
  expect(draw(fixture("not-begun")).boxes.at(-1)?.tab.phrases[1]?.text).toBe("the run is refused")
})

test("nothing moves aside when a state changes", () => {
  const before = fixture("waiting")
  const after = structuredClone(before)
  arrowOf(after, "identity verified").state = "refused"
  expect(draw(after).columns).toEqual(draw(before).columns)
})

test("a drawing without arrows, or without parties, is an empty picture", () => {
  const drawing = { ...fixture("done"), arrows: [], parties: [] }
  expect(draw(drawing).rows).toEqual([])
  expect(draw(drawing).height).toBeGreaterThan(0)
})
