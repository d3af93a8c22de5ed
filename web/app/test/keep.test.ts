import { afterEach, expect, test, vi } from "vitest"
import { keep, kept, lose } from "../src/keep.ts"

afterEach(() => {
  vi.restoreAllMocks()
  sessionStorage.clear()
})

test("what is kept is there until it is lost", () => {
  expect(kept("it")).toBeUndefined()
  keep("it", { a: [1, "å"] })
  expect(kept("it")).toEqual({ a: [1, "å"] })
  expect(Object.keys(sessionStorage)).toEqual(["parley.it"])
  lose("it")
  expect(kept("it")).toBeUndefined()
})

test("what cannot be read is not there", () => {
  sessionStorage.setItem("parley.it", "{")
  expect(kept("it")).toBeUndefined()
})

test("a browser that keeps nothing makes no noise", () => {
  for (const method of ["setItem", "getItem", "removeItem"] as const)
    vi.spyOn(Storage.prototype, method).mockImplementation(() => {
      throw new DOMException("blocked", "SecurityError")
    })
  expect(() => keep("it", 1)).not.toThrow()
  expect(kept("it")).toBeUndefined()
  expect(() => lose("it")).not.toThrow()
})
