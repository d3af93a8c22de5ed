import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { dream, group, invitation, me, message, words } from "./fixtures.ts"
import { fault, lost, mistakes, open, plain, press, settle, submit, type, type Answer, type Opened } from "./savings.ts"

let page: Opened
const w = window as unknown as { parent: unknown }
const self = w.parent
afterEach(async () => {
  await page.close()
  w.parent = self
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
beforeEach(() => {
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} }))
  vi.stubGlobal("scrollTo", () => {})
})

describe("messages", () => {
  test("are shown with the newest first, and seen once", async () => {
    let list = [message("1", { readAt: "2026-02-02T10:00:00Z" }), message("2", { cta: "/dreams/d1/marketplace" })]
    page = await open("/messages", { answers: { "GET messages": () => ({ messages: list }), "POST messages/2/seen": () => ({ message: list[1] }) } })
    expect([...page.target.querySelectorAll("h2")].map((h) => h.textContent)).toEqual(["Title 2", "Title 1"])
    expect(page.target.querySelectorAll("b.go")).toHaveLength(1)
    expect(page.link("Show me").getAttribute("href")).toBe("/app/dreams/d1/marketplace")
    list = list.map((m) => ({ ...m, readAt: "2026-02-02T10:00:00Z" }))
    page.live().say("changed", me())
    await settle()
    expect(page.of("POST messages").map((a) => a.path)).toEqual(["messages/2/seen"])
    expect(page.target.querySelectorAll("b.go"), "still marked").toHaveLength(1)
  })

  test("that the server did not hear were seen are told again", async () => {
    page = await open("/messages", { answers: { "GET messages": () => ({ messages: [message("1")] }), "POST messages/1/seen": () => fault(409) } })
    page.live().say("changed", me())
    await settle()
    expect(page.of("POST messages")).toHaveLength(2)
  })

  test.each([
    ["/app/pictures/p1", true],
    [`${location.origin}/app/pictures/p1`, true],
    ["https://bank.example/a.jpg", false],
    ["//bank.example/a.jpg", false],
    ["/\\bank.example/a.jpg", false],
    [`${location.origin}.example/a.jpg`, false],
    ["data:image/png;base64,xx", false],
    ["https://", false],
  ])("with the picture %s: shown %s", async (src, shown) => {
    page = await open("/messages", { answers: { "GET messages": () => ({ messages: [message("1", { image: { src, translatedAlt: { en: "A boat" }, width: 8, height: 6 }, readAt: "2026-02-02T10:00:00Z" })] }) } })
    expect(page.target.querySelector("h2")!.textContent).toBe("Title 1")
    expect(page.target.querySelector("img")?.alt).toBe(shown ? "A boat" : undefined)
  })

  test("are in the person's language, or in one that there is", async () => {
    page = await open("/messages", { language: "sv", answers: { "GET messages": () => ({ messages: [message("1", { readAt: "2026-02-02T10:00:00Z" })] }) } })
    expect(page.text()).toContain("Rubrik 1 Body 1")
  })

  test("none, and none that came", async () => {
    page = await open("/messages", { answers: { "GET messages": () => ({ messages: [] }) } })
    expect(page.text()).toContain("Nothing yet.")
    await page.close()
    page = await open("/messages", { answers: { "GET messages": () => fault(429) } })
    expect(page.text()).toContain("That was too often.")
    page.answers["GET messages"] = () => ({ messages: [] })
    await press(page.button("Try again"))
    expect(page.text()).toContain("Nothing yet.")
  })
})

const together = dream({ groupDream: { type: "GroupDream", id: "g1" } })
const shared = (more: Record<string, Answer> = {}) => open("/dreams/d1/group", { boot: { me: me({ dreams: [together] }) }, answers: { "GET dreams/d1/group": () => ({ group: group() }), ...more } })

describe("a group", () => {
  test("is made of one's dream", async () => {
    let mine = dream()
    page = await open("/dreams/d1/group", { answers: { "POST groups": () => ((mine = together), { group: group() }), "GET me": () => me({ dreams: [mine] }), "GET dreams/d1/group": () => ({ group: group() }) } })
    expect(page.title()).toBe("Dream with others")
    expect(page.text()).toContain(words.en["group.seen"]!)
    await press(page.button("Make it a group dream"))
    expect(page.of("POST groups")[0]!.body).toEqual({ group: { dreamId: "d1" } })
    expect(page.text()).toContain("KAYAK7")
  })

  test("shows the sum, who is in it, what they did, and how to do the same", async () => {
    page = await shared()
    expect(page.title()).toBe("Boat")
    expect(page.text()).toMatch(/35%.*Saved together.*kr 7,000.*of kr 20,000/)
    expect([...page.target.querySelectorAll(".line")].map((l) => plain(l.textContent))).toEqual([`You${words.en["group.owner"]}`, "Bo L", expect.stringMatching(/^Bo L started The Daily ?January 6 · kr 15 ?Do the same$/)])
    expect(page.link("Do the same").getAttribute("href")).toBe("/app/dreams/d1/marketplace/Copycat?copy=l9")
  })

  test("is looked for again while it is shown", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] })
    page = await shared()
    expect(page.of("GET dreams/d1/group")).toHaveLength(1)
    page.answers["GET dreams/d1/group"] = () => ({ group: group({ savedCents: 800_000 }) })
    await vi.advanceTimersByTimeAsync(15_000)
    await settle()
    expect(page.text()).toContain("kr 8,000")
    await press(page.button("Back"))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(page.of("GET dreams/d1/group")).toHaveLength(2)
  })

  const invited = { url: "https://bank.example/join/KAYAK7", text: "Save with me for Boat. The code is KAYAK7.", title: "Dream together" }
  test("invites by the bank's app", async () => {
    const posted: unknown[] = []
    w.parent = { postMessage: (data: string) => posted.push(JSON.parse(data)) }
    page = await shared()
    await press(page.button("Invite"))
    expect(posted).toContainEqual({ event: "onShare", message: invited })
  })

  test("invites by the browser, or copies", async () => {
    const share = vi.fn(async () => {})
    const writeText = vi.fn(async () => {})
    vi.stubGlobal("navigator", Object.assign(Object.create(navigator) as object, { share, clipboard: { writeText } }))
    page = await shared()
    await press(page.button("Invite"))
    expect(share).toHaveBeenCalledExactlyOnceWith(invited)
    vi.stubGlobal("navigator", Object.assign(Object.create(navigator) as object, { share: undefined, clipboard: { writeText } }))
    await press(page.button("Invite"))
    expect(writeText).toHaveBeenLastCalledWith(`${invited.text} ${invited.url}`)
    expect(page.text()).toContain("Copied.")
    writeText.mockRejectedValueOnce(new Error("no"))
    await press(page.button("Copy"))
    expect(writeText).toHaveBeenLastCalledWith("KAYAK7")
    expect(page.text()).not.toContain("Copied.")
  })

  test("is left after a question", async () => {
    let mine = together
    page = await shared({ "POST dreams/d1/leave": () => ((mine = dream()), { dream: mine }), "GET me": () => me({ dreams: [mine] }) })
    await press(page.button("Make this dream private"))
    expect(page.target.querySelector("dialog")!.textContent).toContain("Leave the group?")
    await press(page.target.querySelector<HTMLButtonElement>("dialog .primary")!)
    expect(page.of("POST dreams")).toHaveLength(1)
    expect(page.at()).toBe("/dreams/d1")
    expect(page.text()).toContain("The dream is yours alone now.")
    expect(page.target.querySelector("dialog")).toBeNull()
  })
})

describe("joining", () => {
  test("an unknown code is said beside it, once", async () => {
    page = await open("/join", { answers: { "GET groups/NOPE": () => fault(404) } })
    await submit(page)
    expect(page.at()).toBe("/join")
    await type(page.field("Code"), " nope ")
    await submit(page)
    await settle()
    expect(page.at()).toBe("/join/NOPE")
    expect(page.wrong()).toEqual(["There is no dream with that code. Check the letters."])
    expect(page.text()).not.toContain("That is not there any more.")
    expect(page.of("GET groups").map((a) => a.path)).toEqual(["groups/NOPE"])
  })

  test("too many codes are too many; the same is looked for again when it is asked for again", async () => {
    page = await open("/join/KAYAK7", { answers: { "GET groups/KAYAK7": () => fault(429) } })
    expect(page.text()).toContain("That was too often.")
    expect(page.wrong()).toEqual([])
    expect(page.field("Code").value).toBe("KAYAK7")
    page.answers["GET groups/KAYAK7"] = () => ({ group: invitation() })
    await submit(page)
    expect(page.title()).toBe("Boat")
  })

  test("shows what it is first, then makes a dream of one's own in it", async () => {
    let dreams = [dream({ id: "d5" })]
    const answers: Record<string, Answer> = {
      "GET groups/KAYAK7": () => ({ group: invitation({ expiresAt: "2031-03-04" }) }),
      "POST groups/KAYAK7/join": () => ((dreams = [together]), { dream: together }),
      "GET me": () => me({ dreams }), "GET dreams/d1/group": () => ({ group: group() }),
    }
    page = await open("/join/KAYAK7", { boot: { me: me({ dreams }) }, answers })
    await settle()
    expect(page.of("GET groups")).toHaveLength(1)
    expect(page.title()).toBe("Boat")
    expect(page.text()).toContain("Anna S saves for this.")
    expect(page.text()).toContain("3 are in it · kr 20,000 · March 4, 2031")
    await press(page.button("Join with a dream of my own"))
    expect(page.of("POST groups")[0]!.body).toEqual({ dream: {} })
    expect(page.at()).toBe("/dreams/d1/group")
  })

  test("that needs an account hands over to the bank", async () => {
    const ask = [{ event: "onAccountRequested", message: { requestId: "r", dream: { id: "d1" } } }]
    page = await open("/join/KAYAK7", { boot: { me: me({ dreams: [] }) }, answers: { "GET groups/KAYAK7": () => ({ group: invitation() }), "POST groups/KAYAK7/join": () => ({ dream: together, ask }), "GET me": () => me({ dreams: [{ ...together, account: undefined } as never] }) } })
    await press(page.button("Join"))
    expect(page.at()).toBe("/dreams/d1/waiting")
  })

  test("what one is in already leads there; what is refused says so", async () => {
    page = await open("/join/KAYAK7", { boot: { me: me({ dreams: [together] }) }, answers: { "GET groups/KAYAK7": () => ({ group: invitation() }) } })
    expect(page.link("You are in it").getAttribute("href")).toBe("/app/dreams/d1/group")
    await page.close()
    page = await open("/join/KAYAK7", { answers: { "GET groups/KAYAK7": () => ({ group: invitation() }), "POST groups/KAYAK7/join": () => fault(409, { detail: "The group is full." }) } })
    await press(page.button("Join"))
    expect(page.text()).toContain("The group is full.")
  })
})

describe("settings", () => {
  test("limits are set, and empty is none", async () => {
    page = await open("/settings", { boot: { me: me({ limits: { monthlyCapCents: 100_000, minimumBalanceCents: 0 } }) }, answers: { "PUT limits": () => ({ limits: {} }) } })
    expect(page.field("All savehacks together").value).toBe("1,000")
    expect(page.field("Leave at least").value).toBe("")
    await type(page.field("All savehacks together"), "")
    await type(page.field("Leave at least"), "500")
    await submit(page)
    expect(page.of("PUT")[0]!.body).toEqual({ limits: { monthlyCapCents: 0, minimumBalanceCents: 50_000 } })
    expect(page.text()).toContain("Saved.")
    await type(page.field("All savehacks together"), "five hundred")
    await submit(page)
    expect(page.of("PUT")).toHaveLength(1) // what is no amount is not taken for no limit
    page.field("All savehacks together").dispatchEvent(new FocusEvent("blur"))
    await settle()
    expect(page.wrong()).toEqual(["That is no amount."])
    await type(page.field("All savehacks together"), "")
    page.answers["PUT limits"] = () => mistakes({ "limits.minimumBalanceCents": "is too much" })
    await submit(page)
    expect(page.wrong()).toEqual(["is too much"])
  })

  test("the language is told to the server, then spoken", async () => {
    page = await open("/settings", { answers: { "POST bridge": () => ({ ask: [], session: me().session }) } })
    expect([...page.target.querySelectorAll("input[type=radio] + span")].map((s) => s.textContent)).toEqual(["English", "svenska"])
    const sv = page.field("svenska")
    sv.checked = true
    sv.dispatchEvent(new Event("change", { bubbles: true }))
    await settle()
    expect(page.of("POST bridge")[0]!.body).toEqual({ event: "updateLocale", message: { locale: "sv" } })
    expect(page.title()).toBe(words.sv["settings.title"])
  })

  test("the language stays when the server does not hear of it", async () => {
    page = await open("/settings", { answers: { "POST bridge": () => fault(409) } })
    const sv = page.field("svenska")
    sv.dispatchEvent(new Event("change", { bubbles: true }))
    await settle()
    expect(page.title()).toBe("Settings")
    expect(page.text()).toContain("That is not possible now.")
  })

  test("one's data are to be had as a file", async () => {
    page = await open("/settings")
    expect(page.link("Download my data").getAttribute("href")).toBe("/app/api/export")
    expect(page.link("Download my data").hasAttribute("download")).toBe(true)
  })

  test("erasing asks first, says why not, and is the end", async () => {
    const posted: { event: string }[] = []
    w.parent = { postMessage: (data: string) => posted.push(JSON.parse(data) as { event: string }) }
    page = await open("/settings", { answers: { "DELETE me": () => fault(409, { detail: "There is money left." }) } })
    await press(page.button("Erase my data"))
    expect(page.of("DELETE")).toHaveLength(0)
    await press(page.button("Erase everything"))
    expect(page.of("DELETE")[0]!.body).toEqual({ confirm: true })
    expect(page.text()).toContain("There is money left.")
    page.answers["DELETE me"] = () => ({ ask: [{ event: "onExitRequested", message: {} }], session: null })
    await press(page.button("Erase my data"))
    await press(page.button("Erase everything"))
    expect(page.title()).toBe("You are signed out")
    expect(posted.filter((p) => p.event === "onExitRequested")).toHaveLength(1)
  })
})

test("a problem is told in the person's language, with what the server said only where that is theirs", async () => {
  page = await open("/dreams/d1/group", { language: "sv", answers: { "POST groups": () => fault(409, { detail: "English." }) } })
  await press(page.target.querySelector<HTMLButtonElement>(".foot button")!)
  expect(page.target.querySelector('[role="alert"]')!.textContent).toContain(words.sv["problem.conflict"])
  expect(page.text()).not.toContain("English.")
})

test("what gets no answer says that nothing is done twice", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  page = await open("/dreams/d1/group", { answers: { "POST groups": lost } })
  page.button("Make it a group dream").click()
  await vi.advanceTimersByTimeAsync(10_000)
  await settle()
  expect(page.target.querySelector('[role="alert"]')!.textContent).toContain("nothing is done twice")
  expect(page.text()).toContain("You are offline")
})
