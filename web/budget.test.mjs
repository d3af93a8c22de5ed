import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, test } from "node:test"
import { weigh } from "./budget.mjs"

let dist
beforeEach(() => {
  dist = mkdtempSync(join(tmpdir(), "budget-"))
  mkdirSync(join(dist, "home"))
  writeFileSync(join(dist, "home/home.js"), "x".repeat(1000))
  writeFileSync(join(dist, "home/home.css"), "y".repeat(500))
})
afterEach(() => rmSync(dist, { recursive: true }))

const home = (more = {}) => [{ name: "home", files: ["home/home.js", "home/home.css"], raw: 1500, gzip: 200, ...more }]

test("a page that is within its budget is well", () => {
  const { rows, wrong } = weigh(home(), dist)
  assert.deepEqual(wrong, [])
  assert.equal(rows[0].raw, 1500)
  assert.ok(rows[0].gzip > 0 && rows[0].gzip < 200)
})

test("a page that is too heavy is named, raw and gzipped", () => {
  assert.match(weigh(home({ raw: 1499 }), dist).wrong.join(), /home: 1500 bytes, and may have 1499/)
  assert.match(weigh(home({ gzip: 1 }), dist).wrong.join(), /gzipped, and may have 1/)
})

test("a file that is named and not there is wrong", () => {
  assert.match(weigh(home({ files: ["home/home.js", "home/home.css", "gone.js"] }), dist).wrong.join(), /home: gone.js is not there/)
})

test("a file that nobody counts is wrong", () => {
  writeFileSync(join(dist, "home/left-over.js"), "")
  assert.deepEqual(weigh(home(), dist).wrong, ["home/left-over.js is counted by no page"])
})
