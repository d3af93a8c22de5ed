import axe from "axe-core"
import { flushSync, mount, unmount } from "svelte"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { Diagram, type Arrow, type Drawing, type State } from "../src/index.ts"
import { arrowOf, fixture } from "./drawings.ts"
import { size } from "./setup.ts"

interface Props {
  drawing: Drawing
  locale?: string
  tools?: boolean
  onopen?: (arrow: Arrow) => void
}

let component: object | undefined

// show mounts the diagram; what it returns gives it something else.
function show(first: Props): (next: Partial<Props>) => void {
  const props = $state<Props>(first)
  component = mount(Diagram, { target: document.body, props })
  flushSync()
  return (next) => {
    Object.assign(props, next)
    flushSync()
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] }))
afterEach(async () => {
  if (component) await unmount(component)
  component = undefined
  document.body.replaceChildren()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)]
const one = (selector: string) => {
  const found = document.querySelector<HTMLElement>(selector)
  if (!found) throw new Error(`there is no ${selector}`)
  return found
}
const said = (of: Element | undefined) => (of?.querySelector(".unseen")?.textContent ?? of?.textContent ?? "").replace(/\s+/g, " ").trim()
const sentences = () => all("ol[aria-label] > li").map(said)
const rowOf = (state: State) => one(`svg .row.${state}`)
const wordsOf = (row: Element) => [...row.querySelectorAll("text")].map((t) => t.textContent).join(" ").replace(/\u00a0/g, " ")
const entry = (number: number) => one(`[data-number="${number}"]`)

describe("every state has its words, its sign and its look", () => {
  const cases: [State, string, string, string][] = [
    ["not-yet", "waiting", "6. Parley to Operator: signin, not yet, only if: the operator is to be asked", "not yet"],
    ["now", "waiting", "5. Trustly to Parley: identity verified, now, waiting for Trustly until 02:32 PM, 29 min 12 s left", "waiting for Trustly until 02:32 PM, 29 min 12 s left"],
    ["done", "done", "2. Parley to Trustly: process sign in, done after 3 ms, took 3 ms", "done 3 ms"],
    ["refused", "refused", "7. Parley to Operator: authorize, refused after 9 ms, took <1 ms, ERR_DECLINED_LIMIT · the day's limit is reached", "ERR_DECLINED_LIMIT · the day's limit is reached"],
    ["unknown", "unknown", "8. Parley to Trustly: process payment, answer lost after 5009 ms, took 5000 ms, asked again in 12 s · waiting for Trustly, SEK 500.00, no way back from here", "asked again in 12 s · waiting for Trustly"],
    ["undone", "taken-back", "7. Parley to Operator: authorize, taken back after 7012 ms, took 1000 ms, ERR_TIMEOUT_MERCHANT · cancel takes it back, tries that did not end it: 2", "cancel takes it back"],
    ["skipped", "skipped", "6. Parley to Operator: signin, skipped after 7 ms, only if: the operator is to be asked", "skipped"],
    ["late", "par", "7. Bank to Parley: correction, late after 3 h 0 min, SEK −12.00, beside others: at any time", "late"],
  ]
  test.each(cases)("%s", (state, name, sentence, words) => {
    show({ drawing: fixture(name) })
    expect(sentences().map((s) => s.replace(/\u00a0/g, " "))).toContain(sentence)
    const row = rowOf(state)
    const rows = all(`svg .row.${state}`).map(wordsOf)
    expect(rows.some((r) => r.includes(words)), rows.join("\n")).toBe(true)
    expect(row.querySelector(".came .sign")?.getAttribute("d")).toBeTruthy()
    expect(row.querySelector(".goes .line")).not.toBeNull()
  })
  test("the one that was taken back has the arrow that returns beside it, and no other has", () => {
    show({ drawing: fixture("taken-back") })
    expect(all("svg .return")).toHaveLength(1)
    expect(rowOf("undone").querySelector(".return")).not.toBeNull()
  })
  test("the one that was refused has a cross for a head", () => {
    show({ drawing: fixture("refused") })
    expect(all("svg .cross")).toHaveLength(1)
    expect(rowOf("refused").querySelector(".cross")).not.toBeNull()
  })
})

test("boxes, the pivot and the ticks are drawn", () => {
  show({ drawing: fixture("operator-down") })
  expect(all("svg .box").map((b) => b.querySelector("text")?.textContent)).toEqual([
    "optthe operator is to be asked", "parat any time", "parat any time", "optafterwards, as far as it comes",
  ])
  expect(one("svg .pivot.passed text").textContent).toBe("no way back from here")
  expect(rowOf("now").querySelectorAll(".tick")).toHaveLength(12)
})

test("what runs beside others is in a box of its own kind", () => {
  show({ drawing: fixture("par") })
  expect(all("svg .box text").map((t) => t.textContent)).toContain("parboth books at once")
  expect(sentences().filter((s) => s.includes("beside others: both books at once"))).toHaveLength(2)
})

test("a flow that has not run has nothing to look into and counts nothing", () => {
  show({ drawing: fixture("not-begun") })
  expect(all("ol button")).toEqual([])
  expect(sentences()).toHaveLength(18)
  expect(sentences()[1]).toBe("2. Parley to Identity Provider: process sign in")
  expect(all("svg .came .sign")).toEqual([])
  expect(one(".end").textContent).toBe("not begun")
  expect(vi.getTimerCount()).toBe(0)
})

test("under the picture stands where the run is", () => {
  const ends = (name: string) => {
    const next = fixture(name)
    set({ drawing: next })
    return all(".end").map((e) => e.textContent)
  }
  const set = show({ drawing: fixture("done") })
  expect(ends("done")).toEqual(["done"])
  expect(ends("refused")).toEqual(["refused by Operator: ERR_DECLINED_LIMIT"])
  expect(ends("undoing")).toEqual(["refused by Trustly: ERR_DECLINED_BANK_REFUSAL, being taken back", "waiting for Operator: cancel"])
  expect(ends("operator-down")).toEqual(["waiting for Operator: transfer", "a person should look: transfer has not been heard for 1 h"])
})

test("it counts down from the server's clock, in the picture and in the list", () => {
  show({ drawing: fixture("unknown") })
  const here = () => wordsOf(rowOf("unknown"))
  expect(here()).toContain("asked again in 12 s")
  vi.advanceTimersByTime(3000)
  flushSync()
  expect(here()).toContain("asked again in 9 s")
  expect(sentences()[7]).toContain("asked again in 9 s")
  vi.advanceTimersByTime(20_000)
  flushSync()
  expect(here()).toContain("being asked again")
})

test("it begins anew with the next drawing, and stops when there is nothing to count or nobody to count for", async () => {
  const set = show({ drawing: fixture("unknown") })
  vi.advanceTimersByTime(5000)
  set({ drawing: fixture("unknown") })
  expect(wordsOf(rowOf("unknown"))).toContain("asked again in 12 s")
  expect(vi.getTimerCount()).toBe(1)
  set({ drawing: { ...fixture("done"), run: fixture("unknown").run } })
  vi.advanceTimersByTime(2000) // what has changed is told
  expect(vi.getTimerCount()).toBe(0)
  set({ drawing: fixture("waiting") })
  if (component) await unmount(component)
  component = undefined
  expect(vi.getTimerCount()).toBe(0)
})

describe("an exchange", () => {
  test("opens with what was said and answered, by a click", () => {
    const opened = vi.fn<(arrow: Arrow) => void>()
    show({ drawing: fixture("done"), onopen: opened })
    entry(6).click()
    flushSync()
    const dialog = one("dialog") as HTMLDialogElement
    expect(dialog.open).toBe(true)
    expect(opened.mock.calls.map(([a]) => a.name)).toEqual(["signin"])
    expect(dialog.querySelector("h2")?.textContent).toBe("6 signin")
    expect(document.getElementById(dialog.getAttribute("aria-labelledby") ?? "")).toBe(dialog.querySelector("h2"))
    const text = dialog.textContent ?? ""
    for (const words of ["Parley → Operator", "ok user_7", "01a1fc7e-0b1c-7a4e-9c7e-5d2f8f1d3c11-signin", "said, and heard", "after 7 ms", "took <1 ms", '"txRefId": "10017"', '"userId": "user_7"', "HTTP status 200"]) {
      expect(text.replace(/\u00a0/g, " ")).toContain(words)
    }
    expect(text).not.toContain("[redacted]")
    expect(dialog.querySelectorAll(".redacted").length).toBe(4)
  })

  test("is reached by keyboard, because each is a button, in order", () => {
    show({ drawing: fixture("done") })
    const buttons = all("ol button")
    expect(buttons.map((b) => Number(b.dataset.number))).toEqual([1, 2, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16])
    for (const b of buttons) {
      expect(b.tabIndex).toBe(0)
      expect(b.getAttribute("type")).toBe("button") // so Enter and Space press it
      expect(b.getAttribute("aria-haspopup")).toBe("dialog")
    }
  })

  test("takes the focus in and gives it back", () => {
    show({ drawing: fixture("done") })
    entry(7).focus()
    entry(7).click()
    flushSync()
    expect(one("dialog").contains(document.activeElement)).toBe(true)
    one("dialog .close").click()
    flushSync()
    expect(all("dialog")).toEqual([])
    expect(document.activeElement).toBe(entry(7))
  })

  test("goes on showing what happens to its arrow", () => {
    const drawing = fixture("operator-down")
    const set = show({ drawing })
    entry(12).click()
    flushSync()
    expect(one("dialog .tries").textContent).toContain("attempt 14")
    expect(one("dialog .state").textContent).toContain("said again in 12 s")
    const next = structuredClone(drawing)
    arrowOf(next, "transfer").state = "done"
    set({ drawing: next })
    expect(one("dialog .state").textContent).toBe("done")
  })

  test("says when nothing was kept", () => {
    show({ drawing: fixture("done") })
    entry(1).click()
    flushSync()
    expect(one("dialog").textContent).toContain("Nothing was kept of what was said.")
  })

  test("copies the request, and says so; also when it could not", async () => {
    const written: string[] = []
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: async (text: string) => void written.push(text) } })
    show({ drawing: fixture("done") })
    entry(7).click()
    flushSync()
    const button = all("dialog button").find((b) => b.textContent === "Copy the request")
    button?.click()
    await vi.waitFor(() => expect(one("dialog [role=status]").textContent).toBe("copied"), 10_000)
    expect(JSON.parse(written[0] ?? "")).toMatchObject({ userId: "user_7", accountHolder: "[redacted]" })
    vi.stubGlobal("navigator", { ...navigator, clipboard: undefined })
    button?.click()
    await vi.waitFor(() => expect(one("dialog [role=status]").textContent).toBe("could not be copied"), 10_000)
  })
})

describe("what changed", () => {
  const live = () => one("[aria-live]").textContent

  test("is told once, politely, and of many the sum is", () => {
    const before = fixture("unknown")
    const set = show({ drawing: before })
    expect(live()).toBe("")
    const next = structuredClone(before)
    Object.assign(arrowOf(next, "process payment"), { state: "done", note: "SEK 500.00" })
    delete arrowOf(next, "process payment").waitingOn
    set({ drawing: next })
    expect(live()).toBe("")
    vi.advanceTimersByTime(1000)
    flushSync()
    expect(live()).toBe("8. Parley to Trustly: process payment, done after 5009 ms, took 5000 ms, SEK 500.00, no way back from here")
    set({ drawing: { ...fixture("done"), run: before.run } })
    vi.advanceTimersByTime(1000)
    flushSync()
    expect(live()).toBe("8 changes; the last: done")
    expect(one("[aria-live]").getAttribute("aria-live")).toBe("polite")
  })

  test("is not told when nothing did", () => {
    const set = show({ drawing: fixture("done") })
    set({ drawing: fixture("done") })
    vi.advanceTimersByTime(5000)
    flushSync()
    expect(live()).toBe("")
  })

  test("is drawn in its turn, and nothing else is", () => {
    const before = fixture("waiting")
    const set = show({ drawing: before })
    expect(all("svg .fresh")).toEqual([])
    set({ drawing: { ...fixture("done"), run: before.run } })
    const fresh = all("svg .fresh")
    expect(fresh).toHaveLength(12)
    const delays = fresh.map((g) => Number.parseInt(g.style.getPropertyValue("--delay")))
    expect(delays).toEqual(delays.map((_, i) => i * 180))
    expect(fresh[0]?.textContent).toContain("present authorization UI")
  })

  test("keeps the focus where it is", () => {
    const before = fixture("waiting")
    const set = show({ drawing: before })
    entry(2).focus()
    set({ drawing: { ...fixture("done"), run: before.run } })
    expect(document.activeElement).toBe(entry(2))
  })
})

describe("on a phone", () => {
  beforeEach(() => {
    size.width = 343
  })
  const card = (number: number) => all("ol[aria-label] > li")[number - 1]?.querySelector(".card")?.textContent?.replace(/\s+/g, " ") ?? ""

  test("it is a list, with the same arrows in the same order and states", () => {
    show({ drawing: fixture("operator-down") })
    expect(all("svg .row")).toEqual([])
    expect(sentences()).toHaveLength(16)
    expect(card(6)).toMatch(/6 signin ?Parley → Operator ?ok user_7 ?done ?7 ms/)
    expect(card(12)).toMatch(/12 transfer ?×14 ?Parley → Operator ?waiting for Operator · said again in 12 s ?now/)
    expect(card(13)).toContain("not yet")
    expect(all("li .card svg")).toHaveLength(16)
  })

  test("blocks and the pivot are there", () => {
    show({ drawing: fixture("done") })
    expect(all("li .tab").map((t) => t.textContent)).toEqual(["opt the operator is to be asked", "par at any time", "par at any time", "opt afterwards, as far as it comes"])
    expect(all("li .pivot")).toHaveLength(1)
    expect(one("li .pivot").parentElement?.textContent).toContain("process payment")
    expect(all("li.boxed")).toHaveLength(7)
  })

  test("an exchange opens and gives the focus back", () => {
    show({ drawing: fixture("done") })
    entry(6).click()
    flushSync()
    expect(one("dialog").textContent).toContain("txRefId")
    one("dialog .close").click()
    flushSync()
    expect(document.activeElement).toBe(entry(6))
  })
})

test("it speaks Swedish, everywhere", () => {
  const set = show({ drawing: fixture("unknown"), locale: "sv" })
  expect(sentences()[7]?.replace(/\u00a0/g, " ")).toBe("8. Parley till Trustly: process payment, svar borta efter 5009 ms, tog 5000 ms, frågas igen om 12 s · väntar på Trustly, SEK 500.00, härifrån går det inte att vända")
  expect(one("svg .pivot text").textContent).toBe("härifrån går det inte att vända")
  expect(one(".end").textContent).toBe("väntar på Trustly: process payment")
  entry(7).click()
  flushSync()
  expect(one("dialog .close").textContent).toBe("Stäng")
  set({ locale: "en" })
  expect(one("dialog .close").textContent).toBe("Close")
})

test("the buttons that save the picture can be left out", async () => {
  const written: string[] = []
  vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: async (text: string) => void written.push(text) } })
  const made: Blob[] = []
  URL.createObjectURL = (blob: Blob) => (made.push(blob), "blob:here")
  URL.revokeObjectURL = () => {}
  let file = ""
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    file = this.download
  })
  const set = show({ drawing: fixture("done") })
  const [svg, mermaid] = all(".top button")
  svg?.click()
  expect(file).toBe("sign-up-and-deposit-01a1fc7e.svg")
  expect(made[0]?.type).toBe("image/svg+xml")
  mermaid?.click()
  await vi.waitFor(() => expect(written[0]).toContain("sequenceDiagram"), 10_000)
  set({ tools: false })
  expect(all(".top button")).toEqual([])
})

test("what a drawing says is text, never markup", () => {
  const evil = `<img src=x onerror="alert(1)">`
  const drawing = fixture("done")
  for (const p of drawing.parties) p.label += evil
  for (const a of drawing.arrows) Object.assign(a, { name: evil, note: evil })
  Object.assign(drawing, { title: evil, about: evil, attention: evil })
  for (const width of [0, 343]) {
    size.width = width
    show({ drawing })
  }
  expect(all("img")).toEqual([])
  expect(document.body.textContent).toContain(evil)
})

describe("axe finds nothing; browser.test.ts looks at every fixture, and at colours", () => {
  beforeEach(() => void vi.useRealTimers())
  test.each(["done", "operator-down", "not-begun"].flatMap((name) => [[name, 0], [name, 343]] as const))("%s, %i wide", async (name, width) => {
    size.width = width
    show({ drawing: fixture(name) })
    document.querySelector<HTMLElement>("ol button")?.click()
    flushSync()
    const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })
    expect(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join()}`)).toEqual([])
  })
})
