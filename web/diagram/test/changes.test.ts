import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Announcer } from "../src/announcer.ts"
import { changed, inOrder } from "../src/changes.ts"
import { Order } from "../src/order.ts"
import { arrowOf, fixture } from "./drawings.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const names = (of: { name: string }[]) => of.map((a) => a.name)

test("what was only seen goes with what follows it; all else as it happened", () => {
  const par = fixture("par")
  expect(inOrder(par.arrows).map((i) => par.arrows[i]?.name)).toEqual([
    "close the month", "add up what was paid", "read the statement", "read the balance", "statement", "report", "correction",
  ])
  const done = fixture("done")
  expect(inOrder(done.arrows).slice(0, 5).map((i) => done.arrows[i]?.name)).toEqual([
    "authorize sign in", "process sign in", "present authorization UI", "enter credentials, authorize or deny", "identity verified",
  ])
})

test("only what is not as it was has changed, in the order in which it happened", () => {
  const before = fixture("waiting")
  const after = fixture("done")
  before.run = after.run
  expect(names(changed(before, after)).slice(0, 4)).toEqual(["present authorization UI", "enter credentials, authorize or deny", "identity verified", "signin"])
  expect(changed(after, structuredClone(after))).toEqual([])
  const told = structuredClone(after)
  arrowOf(told, "account").moments?.push({ seq: 99, at: after.now, kind: "heard" })
  expect(names(changed(after, told))).toEqual(["account"])
})

test("a run that has just begun has changed from nothing; one that is over, or another one, has not", () => {
  const done = fixture("done")
  expect(changed(undefined, done)).toHaveLength(14)
  const later = { ...done, now: new Date(Date.parse(done.now) + 60_000).toISOString() }
  expect(changed(undefined, later)).toEqual([])
  expect(changed({ ...done, run: "another" }, later)).toEqual([])
  expect(changed(fixture("not-begun"), later)).toHaveLength(14)
})

test("arrows take turns, also those of the next drawing", () => {
  const order = new Order()
  expect([...order.next([1, 2], 1000)].map(([n, t]) => [n, t.delay])).toEqual([[1, 0], [2, 180]])
  expect([...order.next([3], 1100)].map(([n, t]) => [n, t.delay])).toEqual([[3, 260]])
  expect([...order.next([3], 9000)].map(([n, t]) => [n, t.delay])).toEqual([[3, 0]])
  const many = [...order.next(Array.from({ length: 100 }, (_, i) => i), 20_000).values()]
  expect(many.at(-1)?.delay).toBeLessThan(4000)
  expect(new Set(many.map((t) => t.generation)).size).toBe(1)
})

test("changes are told at most once a second; of many the sum is", () => {
  const said: string[] = []
  const announcer = new Announcer((text) => said.push(text), (n, last) => `${n}, last ${last}`)
  announcer.tell(["one"])
  vi.advanceTimersByTime(600)
  announcer.tell(["two"])
  expect(said).toEqual([])
  vi.advanceTimersByTime(400)
  expect(said).toEqual(["one. two"])
  announcer.tell(["a", "b", "c", "d"])
  vi.advanceTimersByTime(1000)
  expect(said.at(-1)).toBe("4, last d")
  announcer.tell([])
  announcer.tell(["never"])
  announcer.tell(["ever"])
  announcer.stop()
  vi.advanceTimersByTime(5000)
  expect(said).toHaveLength(2)
})
