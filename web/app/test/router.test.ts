import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { above } from "../src/app.svelte.ts"
import { go, parse, router, to } from "../src/router.svelte.ts"
import { listening, rest } from "./savings.ts"

// screens are all addresses, what is read from each, and what lies above it.
const screens: [address: string, page: string, id: string, kind: string, above: string][] = [
  ["/", "overview", "", "", "/"],
  ["/new", "new", "", "", "/"],
  ["/dreams/d1", "dream", "d1", "", "/"],
  ["/dreams/d1/marketplace", "market", "d1", "", "/dreams/d1"],
  ["/dreams/d1/marketplace/Daily", "savehack", "d1", "Daily", "/dreams/d1/marketplace"],
  ["/dreams/d1/waiting", "handover", "d1", "", "/dreams/d1"],
  ["/dreams/d1/started", "celebration", "d1", "", "/dreams/d1"],
  ["/dreams/d1/history", "history", "d1", "", "/dreams/d1"],
  ["/dreams/d1/withdraw", "withdraw", "d1", "", "/dreams/d1"],
  ["/dreams/d1/move", "move", "d1", "", "/dreams/d1"],
  ["/dreams/d1/edit", "edit", "d1", "", "/dreams/d1"],
  ["/dreams/d1/give-up", "giveup", "d1", "", "/dreams/d1"],
  ["/dreams/d1/reached", "reached", "d1", "", "/dreams/d1"],
  ["/dreams/d1/group", "group", "d1", "", "/dreams/d1"],
  ["/launches/l1", "launch", "l1", "", "/"],
  ["/marketplace", "market", "", "", "/"],
  ["/history", "history", "", "", "/"],
  ["/move", "move", "", "", "/"],
  ["/messages", "messages", "", "", "/"],
  ["/join", "join", "", "", "/"],
  ["/join/KAYAK7", "join", "KAYAK7", "", "/"],
  ["/settings", "settings", "", "", "/"],
  ["/somewhere", "nowhere", "", "", "/"],
  ["/dreams", "nowhere", "", "", "/"],
  ["/dreams//edit", "nowhere", "", "", "/"],
  ["/dreams/d1/edit/more", "nowhere", "", "", "/"],
]

let left: () => void
beforeEach(() => {
  history.replaceState(null, "", "/app/")
  left = listening(() => router.start())
})
afterEach(() => left())

describe("an address", () => {
  test.each(screens)("%s is %s", (address, page, id, kind, over) => {
    for (const a of [address, `/app${address}`, `/app${address}?a=1`]) {
      const route = parse(a)
      expect(route).toMatchObject({ page, id, kind, path: address })
      expect(route.query.get("a")).toBe(a.includes("?") ? "1" : null)
    }
    go(address)
    expect(above()).toBe(over)
  })

  test.each([
    ["/app", "overview", ""],
    ["/app/dreams/d1/", "dream", "d1"],
    ["/dreams/a%2Fb", "dream", "a/b"],
    ["/join/%C3%A5%20b", "join", "å b"],
    ["/join/100%", "join", "100%"],
    ["/dreams/d1?step=amount", "dream", "d1"],
  ])("%s is read as %s %s", (address, page, id) => {
    expect(parse(address)).toMatchObject({ page, id })
  })

  test("that a bank leads to is below ours", () => {
    expect(to("/dreams/1")).toBe("/app/dreams/1")
    history.replaceState(null, "", "/app/dreams/d1/edit?x=y")
    dispatchEvent(new PopStateEvent("popstate"))
    expect(router.route).toMatchObject({ page: "edit", id: "d1" })
  })
})

describe("back", () => {
  test("goes where the person came from", async () => {
    go("/dreams/d1")
    go("/settings")
    expect(router.back("/elsewhere")).toBe(true)
    await rest(20)
    expect(location.pathname).toBe("/app/dreams/d1")
    expect(router.route.page).toBe("dream")
    expect(router.back()).toBe(true)
    await rest(20)
    expect(location.pathname).toBe("/app/")
    expect(router.back()).toBe(false)
  })

  test("goes to the screen above where that was not with us, which is then the first", () => {
    history.replaceState(null, "", "/app/dreams/d1/edit")
    dispatchEvent(new PopStateEvent("popstate"))
    const before = history.length
    expect(router.back(above())).toBe(true)
    expect(location.pathname).toBe("/app/dreams/d1")
    expect(history.length).toBe(before)
    expect(router.back(above())).toBe(true)
    expect(router.back(above())).toBe(false)
  })

  test("is as far as before when a screen takes another's place", async () => {
    go("/new")
    go("/dreams/d1/marketplace", { replace: true })
    expect(history.state).toEqual({ depth: 1 })
    router.back()
    await rest(20)
    expect(location.pathname).toBe("/app/")
  })
})

test("each step is counted, and begins at the top", () => {
  const scroll = vi.spyOn(globalThis, "scrollTo")
  const moved = router.moved
  go("/new?step=amount")
  expect(router.route.query.get("step")).toBe("amount")
  expect(router.moved).toBe(moved + 1)
  expect(scroll).toHaveBeenCalledWith(0, 0)
  scroll.mockRestore()
})
