import { describe, expect, test } from "vitest"
import { toMermaid } from "../src/mermaid.ts"
import { arrowOf, fixture, fixtures } from "./drawings.ts"

describe("the goldens; rewrite them with vitest -u", () => {
  test.each(Object.keys(fixtures).filter((name) => name !== "long"))("%s", async (name) => {
    await expect(toMermaid(fixture(name))).toMatchFileSnapshot(`testdata/${name}.mmd`)
  })
  test("in Swedish", async () => {
    await expect(toMermaid(fixture("operator-down"), { locale: "sv" })).toMatchFileSnapshot("testdata/operator-down.sv.mmd")
  })
})

test("no words end a line or a block, and no party is called as a word of Mermaid's", () => {
  const drawing = fixture("done")
  for (const p of drawing.parties) if (p.id === "Operator") Object.assign(p, { id: "end", label: "Post; parcels #1\nend" })
  for (const a of drawing.arrows) {
    if (a.from === "Operator") a.from = "end"
    if (a.to === "Operator") a.to = "end"
  }
  arrowOf(drawing, "signin").name = "one; two # three\nend <b>"
  const text = toMermaid(drawing)
  expect(text).toContain("participant end_ as Post#59; parcels #35;1 end")
  expect(text).toContain("Parley->>end_: one#59; two #35; three end #lt;b#gt;")
})

test("every block that begins ends, and every arrow is between participants", () => {
  for (const [name, drawing] of Object.entries(fixtures)) {
    const lines = toMermaid(drawing).split("\n").map((l) => l.trim())
    const begins = lines.filter((l) => /^(opt|par) /.test(l)).length
    expect(lines.filter((l) => l === "end").length, name).toBe(begins)
    const known = lines.flatMap((l) => /^participant (\w+)/.exec(l)?.[1] ?? [])
    for (const line of lines) {
      const arrow = /^(\w+?)(?:->>|-->>|-x|--x|-\))(\w+): ./.exec(line)
      if (arrow) expect(known, line).toEqual(expect.arrayContaining([arrow[1], arrow[2]]))
    }
  }
})
