import { flushSync } from "svelte"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { drawing, operator, run, sandbox, story, trustly } from "./fixtures.ts"
import { open, stream, Stream } from "./sandbox.ts"

let page: ReturnType<typeof open>
beforeEach(() => {
  localStorage.clear()
  history.replaceState(null, "", "/")
})
afterEach(async () => {
  await page.close()
  expect(Stream.open, "who leaves listens no longer").toEqual([])
  vi.useRealTimers()
})

const change = (element: HTMLSelectElement | HTMLInputElement, value: string | boolean) => {
  if (typeof value === "boolean") (element as HTMLInputElement).checked = value
  else element.value = value
  element.dispatchEvent(new Event("change", { bubbles: true }))
  flushSync()
}
const alert = () => [...page.target.querySelectorAll('[role="alert"]')].map((e) => e.textContent!.trim()).join("")
const announced = () => page.target.querySelector('[role="status"]')!.textContent
const heard = (e: Element): string =>
  [...e.childNodes].map((n) => (n instanceof Element ? (n.ariaHidden === "true" || n.getAttribute("aria-hidden") ? "" : heard(n)) : n.textContent)).join("")
const chips = () => [...page.target.querySelectorAll(".chip")].map((c) => heard(c).replace(/\s+/g, " ").replace(" ,", ",").trim())
const shown = () => page.target.querySelector("section.diagram")?.textContent ?? ""
const hide = (hidden: boolean) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true })
  document.dispatchEvent(new Event("visibilitychange"))
}

test("what takes less than a moment shows no skeleton, and what takes longer does", () => {
  vi.useFakeTimers()
  page = open()
  expect(page.target.querySelector(".skeleton")).toBeNull()
  vi.advanceTimersByTime(301)
  flushSync()
  expect(page.target.querySelector(".skeleton")!.textContent).toContain("Looking for the sandbox")
  stream("api/events").say("sandbox", sandbox())
  expect(page.target.querySelector(".skeleton")).toBeNull()
})

test("the parties are columns in the order in which they are told, each with its page and its facts", () => {
  page = open()
  stream("api/events").say("sandbox", sandbox())
  const heads = [...page.target.querySelectorAll<HTMLAnchorElement>("h3 a")]
  expect(heads.map((a) => a.querySelector(".name")!.textContent)).toEqual(["Browser", "Parley", "Trustly", "Operator"])
  expect(heads[3]!.href).toBe("http://127.0.0.1:1/")
  expect(heads[3]!.target).toBe("_blank")
  expect(page.text()).toMatch(/balance SEK.1,500\.00/)
  expect(page.text()).toContain("set aside 2")
})

test("how somebody was told to behave is seen at their head, in words", () => {
  page = open()
  const rules = { authorize: { fault: "refuse", times: 1 }, signin: { fault: "lose", times: -1 }, transfer: { fault: "new-fault", times: 3 } }
  stream("api/events").say("sandbox", sandbox({ parties: [trustly("pay-fails"), operator({ rules })] }))
  expect(chips()).toEqual([
    "Behaviour of Trustly: the bank refuses the payment",
    "Behaviour of Operator: refuses authorize, once, loses the answer to signin, every time, new-fault: transfer, 3 times",
  ])
  expect(page.target.querySelectorAll(".chip")[1]!.textContent).toContain("+2")
  stream("api/events").say("sandbox", sandbox({ parties: [trustly("made-up"), operator()] }))
  expect(chips()).toEqual(["Behaviour of Trustly: made-up"])
})

test("a click changes how a party behaves, and another puts it right", async () => {
  page = open()
  const set = sandbox({ parties: [trustly(), operator({ rules: { authorize: { fault: "slow", times: 2 } } })] })
  stream("api/events").say("sandbox", set)
  page.answers["api/parties/operator/fault"] = () => Response.json(sandbox())
  const sheet = page.target.querySelector<HTMLElement>("#behaviour-operator")!
  const [action, fault, times] = [...sheet.querySelectorAll("select")]
  expect([...fault!.options].map((o) => o.textContent)).toEqual(["refuses", "loses the answer"])
  change(action!, "authorize")
  expect([...fault!.options].map((o) => o.value)).toEqual(["refuse", "lose", "slow"])
  change(fault!, "lose")
  change(times!, times!.options[2]!.value)
  sheet.querySelector("form")!.requestSubmit()
  await page.settle()
  expect(page.asked.pop()).toEqual({ path: "api/parties/operator/fault", body: { action: "authorize", fault: "lose", times: -1 } })
  expect(chips(), "the answer is shown at once").toEqual([])

  stream("api/events").say("sandbox", set)
  page.button("Put right: is slow with authorize, twice").click()
  await page.settle()
  expect(page.asked.pop()!.body).toEqual({ action: "authorize", fault: "", times: 1 })
  stream("api/events").say("sandbox", set)
  sheet.querySelector<HTMLButtonElement>(".ends button")!.click()
  await page.settle()
  expect(page.asked.pop()!.path).toBe("api/parties/operator/behave")

  const scenario = page.target.querySelector<HTMLSelectElement>("#behaviour-trustly > label select")!
  expect(scenario.selectedOptions[0]!.textContent).toBe("as usual")
  change(scenario, "pay-fails")
  await page.settle()
  expect(page.asked.pop()).toEqual({ path: "api/parties/trustly/scenario", body: { order: "pay-fails" } })
})

test("nobody who is not simulated can be told how to behave", () => {
  page = open()
  stream("api/events").say("sandbox", sandbox({ parties: [{ id: "operator", label: "Operator", url: "http://127.0.0.1:3/{action}" }] }))
  expect(page.target.querySelector("[popover]")).toBeNull()
})

test("a story is begun by its button, slowly unless somebody wants it at once", async () => {
  page = open()
  stream("api/events").say("sandbox", sandbox())
  page.answers["api/stories/deposit"] = () => Response.json({ story: "deposit" }, { status: 202 })
  page.button("Title of deposit").click()
  await page.settle()
  expect(page.asked).toEqual([{ path: "api/stories/deposit", body: { pace: 600 } }])
  page.box("Watch slowly").click()
  page.button("Title of deposit").click()
  await page.settle()
  expect(page.asked[1]!.body).toEqual({ pace: 0 })
  expect(alert()).toBe("")
})

test("on a narrow page whoever begins a story is taken to the picture", async () => {
  const went = vi.fn()
  Element.prototype.scrollIntoView = went
  vi.stubGlobal("matchMedia", () => ({ matches: true, addEventListener() {}, removeEventListener() {} }))
  page = open()
  stream("api/events").say("sandbox", sandbox())
  page.button("Title of deposit").click()
  await page.settle()
  expect(went, "it has not begun").not.toHaveBeenCalled()
  page.answers["api/stories/deposit"] = () => Response.json({}, { status: 202 })
  page.button("Title of deposit").click()
  await page.settle()
  expect(went.mock.contexts).toEqual([page.target.querySelector("section.diagram")])
})

test("while a story is told no other begins, and that is said", async () => {
  page = open()
  stream("api/events").say("sandbox", sandbox({ running: "deposit" }))
  stream("api/events").say("story", { name: "deposit", state: "began" })
  expect(page.button("Title of deposit").textContent).toContain("being told")
  expect(page.button("Title of denied").getAttribute("aria-disabled")).toBe("true")
  expect(announced()).toBe("Title of deposit: begins")
  page.answers["api/stories/denied"] = () => new Response("{}", { status: 409 })
  page.button("Title of denied").click()
  await page.settle()
  expect(alert()).toContain("A story is being told")
})

test("how a story ended stands at its button, with what was wrong in words", () => {
  page = open()
  const problems = ["the operator heard [signin], not [signin authorize]"]
  stream("api/events").say(
    "sandbox",
    sandbox({
      stories: [
        story("deposit", { verdict: { ok: true, run: "r1" } }),
        story("denied", { verdict: { ok: false, problems, run: "r2" } }),
        story("limited", { verdict: { ok: false, problems, run: "r3", bent: true } }),
      ],
    }),
  )
  expect(page.button("Title of deposit").textContent).toContain("as it should be")
  const [, wrong, bent] = [...page.target.querySelectorAll<HTMLElement>("section[aria-labelledby=stories] > ul > li")]
  expect(wrong!.className).toContain("wrong")
  expect(wrong!.textContent).toContain("not as it should be")
  expect(wrong!.querySelector("details ul")!.textContent).toBe(problems[0])
  expect(wrong!.querySelector("a")!.getAttribute("href")).toBe("#r2")
  expect(bent!.className).toContain("bent")
  expect(bent!.textContent).toContain("somebody was told to misbehave")
  stream("api/events").say("story", { name: "denied", state: "ended", ok: false, problems })
  expect(announced()).toBe("Title of denied: not as it should be")
})

test("a sandbox that does not answer is said, and said to be back", async () => {
  page = open()
  stream("api/events").say("sandbox", sandbox())
  stream("api/events").breaks()
  expect(alert()).toContain("does not answer; looking again")
  expect(page.text(), "what was known stays").toContain("Title of deposit")
  page.answers["api/stories/deposit"] = () => Promise.reject(new TypeError("no network"))
  page.button("Title of deposit").click()
  await page.settle()
  expect(alert()).toContain("nothing was done")
  stream("api/events").opens()
  expect(alert()).not.toContain("looking again")
  expect(announced()).toBe("The sandbox answers again.")
})

test("a stream that was told no is tried again", () => {
  vi.useFakeTimers()
  page = open()
  const before = stream("api/events")
  before.breaks(true)
  vi.advanceTimersByTime(2001)
  expect(stream("api/events")).not.toBe(before)
})

test("a page that nobody sees holds no connection", () => {
  page = open()
  stream("api/events").say("sandbox", sandbox())
  hide(true)
  expect(Stream.open).toEqual([])
  hide(false)
  expect(Stream.open.map((s) => s.url)).toEqual(["api/events", "live/events"])
})

test("before anything has run, the flow is drawn as it would be", async () => {
  page = open()
  stream("api/events").say("sandbox", sandbox())
  stream("live/events").opens()
  await page.settle()
  expect(page.text()).toContain("Nothing has run yet. This is what will be said")
  expect(shown()).toContain("arrow of the flow")
})

test("the newest run is drawn as it happens, and so is the one that comes after it", async () => {
  page = open([run("b"), run("a")])
  stream("api/events").say("sandbox", sandbox())
  stream("live/events").opens()
  await page.settle()
  stream("live/runs/b/events").say("drawing", drawing("b"))
  expect(shown()).toContain("arrow of b")
  vi.useFakeTimers()
  stream("live/runs/b/events").say("drawing", drawing("b"))
  stream("live/events").say("run", run("c", { status: "open", waitingOn: "Trustly" }))
  expect(shown(), "what is still being said is seen to its end").toContain("arrow of b")
  expect(page.text()).toContain("waits for Trustly")
  vi.advanceTimersByTime(3001)
  flushSync()
  stream("live/runs/c/events").say("drawing", drawing("c"))
  expect(shown()).toContain("arrow of c")
  expect(Stream.open.map((s) => s.url)).not.toContain("live/runs/b/events")

  // Who begins a story wants to see it at once.
  stream("api/events").say("story", { name: "deposit", state: "began" })
  stream("live/events").say("run", run("d"))
  stream("live/runs/d/events").say("drawing", drawing("d"))
  expect(shown()).toContain("arrow of d")
  expect([...page.target.querySelectorAll("ol li a")].slice(0, 4).map((a) => a.getAttribute("href"))).toEqual(["#d", "#c", "#b", "#a"])
})

test("a run that is over holds no connection, and is listened to again when it changes", async () => {
  page = open([run("a")])
  stream("api/events").say("sandbox", sandbox())
  stream("live/events").opens()
  await page.settle()
  vi.useFakeTimers()
  stream("live/runs/a/events").say("drawing", drawing("a", { status: "open" }))
  vi.advanceTimersByTime(10_001)
  stream("live/runs/a/events").say("drawing", drawing("a", { status: "done" }))
  vi.advanceTimersByTime(10_001)
  expect(Stream.open.map((s) => s.url)).toEqual(["api/events", "live/events"])
  expect(shown(), "it is still seen").toContain("arrow of a")
  stream("live/events").say("run", run("a"))
  const late = drawing("a")
  late.arrows[0]!.name = "what came late"
  stream("live/runs/a/events").say("drawing", late)
  expect(shown()).toContain("what came late")
})

test("a run that was chosen is kept in the address, until the newest is to be followed", async () => {
  history.replaceState(null, "", "/#a")
  page = open([run("b"), run("a")])
  stream("api/events").say("sandbox", sandbox())
  stream("live/events").opens()
  await page.settle()
  stream("live/runs/a/events").say("drawing", drawing("a"))
  expect(shown()).toContain("arrow of a")
  expect(page.box("Follow the newest").checked).toBe(false)
  expect(page.target.querySelector("[aria-current]")!.getAttribute("href")).toBe("#a")
  stream("live/events").say("run", run("c"))
  expect(shown()).toContain("arrow of a")

  page.box("Follow the newest").click()
  flushSync()
  expect(location.hash).toBe("")
  stream("live/runs/c/events").say("drawing", drawing("c"))
  expect(shown()).toContain("arrow of c")
  history.back()
  await vi.waitFor(() => stream("live/runs/a/events"))
  flushSync()
  expect(page.box("Follow the newest").checked).toBe(false)
})

test("a run that is not there any more is said, with a way on", async () => {
  history.replaceState(null, "", "/#old")
  page = open([run("b")])
  stream("api/events").say("sandbox", sandbox())
  stream("live/events").opens()
  stream("live/runs/old/events").breaks(true)
  await page.settle()
  expect(page.text()).toContain("That run is not here any more.")
  page.button("Show the newest").click()
  flushSync()
  stream("live/runs/b/events").say("drawing", drawing("b"))
  expect(shown()).toContain("arrow of b")
})

test("the page speaks the language that was chosen, and remembers it", async () => {
  page = open([run("a")])
  stream("api/events").say("sandbox", sandbox({ stories: [story("deposit"), story("unheard-of")], parties: [operator({ rules: { signin: { fault: "refuse", times: 1 } } })] }))
  const swedish = page.target.querySelector<HTMLInputElement>('input[value="sv"]')!
  change(swedish, true)
  expect(document.documentElement.lang).toBe("sv")
  expect(page.text()).toContain("Öppna butiken")
  expect(page.button("Någon gör sin")).toBeTruthy()
  expect(page.button("Title of unheard-of"), "a story without words keeps its own").toBeTruthy()
  expect(chips()).toEqual(["Beteende hos Operatör: nekar signin, en gång"])
  expect(page.text()).toMatch(/saldo 1.500,00.kr/)
  await page.close()
  page = open()
  expect(page.text()).toContain("Parleys sandlåda")
})
