import { afterEach, expect, test } from "vitest"
import { content, dream, me, words } from "./fixtures.ts"
import { open, plain, type Opened } from "./savings.ts"

let page: Opened
afterEach(() => page.close())

test("somebody without a dream is welcomed and shown three", async () => {
  page = await open("/", { boot: { me: me({ dreams: [] }) } })
  expect(page.title()).toBe("Welcome, Anna!")
  expect(document.title).toBe("Your savings · Demo Bank")
  expect([...page.target.querySelectorAll(".dreams a")].map((a) => a.getAttribute("href"))).toEqual(["/app/new?inspiration=journey", "/app/new?inspiration=home", "/app/new?inspiration=car"])
  expect(page.target.querySelector(".total")).toBeNull()
})

test("somebody whose name nobody knows is welcomed without it", async () => {
  page = await open("/", { boot: { me: me({ dreams: [], user: { id: "u1" } }) } })
  expect(page.title()).toBe("Welcome!")
})

test("what is there and what is on its way are never added together", async () => {
  page = await open("/", { boot: { me: me({ dreams: [dream({ pendingCents: 30_000 }), dream({ id: "d2", name: "Home", balanceCents: 0 })] }) } })
  expect(plain(page.target.querySelector(".total")!.textContent)).toBe("kr 5,000")
  expect(page.link("kr 300 on its way").getAttribute("href")).toBe("/app/history")
  expect([...page.target.querySelectorAll(".part")].map((e) => e.textContent)).toEqual(["25%", "0%"])
})

test("amounts have the decimals that the server counts them with", async () => {
  page = await open("/", { boot: { me: me({ currency: "HUF", decimals: 2, dreams: [dream({ balanceCents: 123_456 })] }) } })
  expect(plain(page.target.querySelector(".total")!.textContent)).toBe("Ft 1,234.56")
})

test("each dream says what is to be known of it", async () => {
  const dreams = [
    dream({ nextOn: "2031-03-04", groupDream: { type: "GroupDream", id: "g1" } }),
    dream({ id: "d2", name: "", balanceCents: 100_000, targetCents: 100_000, achievedAt: "2026-02-02T10:00:00Z" }),
    { ...dream({ id: "d3", name: "Free" }), targetCents: undefined } as never,
  ]
  page = await open("/", { boot: { me: me({ dreams }) } })
  const [one, two, three] = [...page.target.querySelectorAll<HTMLAnchorElement>(".dream")]
  expect(plain(one!.textContent)).toMatch(/Boat.*kr 5,000 of kr 20,000.*Next deposit March 4, 2031.*Together/s)
  expect(one!.getAttribute("href")).toBe("/app/dreams/d1")
  expect(two!.textContent).toMatch(/My dream.*Reached/s)
  expect(two!.getAttribute("href")).toBe("/app/dreams/d2/reached")
  expect(three!.querySelector(".ring")).toBeNull()
})

test("what lies outside the dreams, and what is unread, is shown", async () => {
  const mine = me({ unreadMessages: 1 })
  mine.totals.residualCents = 5000
  page = await open("/", { boot: { me: mine, content: content() } })
  expect(page.text()).toContain("kr 50 lie outside your dreams")
  expect(page.link("Share it out").getAttribute("href")).toBe("/app/move")
  expect(page.link(words.en["overview.messages.one"]!.replace("{n}", "1")).textContent).toContain("1")
})

test("Swedish is spoken whole", async () => {
  page = await open("/", { language: "sv", boot: { me: me({ dreams: [dream({ balanceCents: 123_456 })] }) } })
  expect(page.title()).toBe("Ditt sparande")
  expect(plain(page.target.querySelector(".total")!.textContent)).toBe("1 234,56 kr")
})

test("a picture that does not come is a drawing", async () => {
  page = await open("/")
  const img = page.target.querySelector<HTMLImageElement>(".dream img")!
  img.dispatchEvent(new Event("error"))
  await Promise.resolve()
  expect(page.target.querySelector(".dream img")!.getAttribute("src")).toBe("/app/content/empty.svg")
})
