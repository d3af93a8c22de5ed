import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Transaction } from "../src/types.ts"
import { dream, me, transaction } from "./fixtures.ts"
import { fault, lost, mistakes, open, plain, press, settle, submit, type, type Answer, type Opened } from "./savings.ts"

let page: Opened
beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-02-10T12:00:00Z"), toFake: ["Date"] }))
afterEach(async () => {
  await page.close()
  vi.useRealTimers()
})

describe("the history", () => {
  // paged answers so many pages of two.
  const paged = (pages: number): Answer => ({ path }) => {
    const n = Number(new URLSearchParams(path.split("?")[1]).get("page"))
    return { transactions: [transaction(`t${n}a`), transaction(`t${n}b`)], meta: { pages } }
  }

  test("is read once, and has more at a press", async () => {
    page = await open("/dreams/d1/history", { answers: { "GET transactions": paged(3) } })
    await settle()
    expect(page.of("GET transactions").map((a) => a.path)).toEqual(["transactions?dreamId=d1&order=newest&items=50&page=1"])
    expect(page.target.querySelectorAll("li")).toHaveLength(2)
    await press(page.button("Show more"))
    expect(page.target.querySelectorAll("li")).toHaveLength(4)
    await press(page.button("Show more"))
    expect(page.target.querySelectorAll("li")).toHaveLength(6)
    expect(page.has("button", "Show more")).toBe(false)
    expect(page.of("GET transactions")).toHaveLength(1 + 2 + 3)
  })

  test("is read anew when something changes", async () => {
    let list = [transaction("t1", { state: "requested" })]
    page = await open("/history", { answers: { "GET transactions": () => ({ transactions: list, meta: { pages: 1 } }) } })
    expect(page.of("GET transactions")[0]!.path).toBe("transactions?order=newest&items=50&page=1")
    expect(page.text()).toContain("On its way")
    list = [transaction("t1")]
    page.live().say("changed", me())
    await settle()
    expect(page.text()).toContain("Arrived")
    expect(page.of("GET transactions")).toHaveLength(2)
  })

  test("misses nothing that changes while it is read", async () => {
    const waiting: ((v: unknown) => void)[] = []
    page = await open("/history", { answers: { "GET transactions": () => new Promise((done) => waiting.push(done)) } })
    page.live().say("changed", me())
    await settle()
    expect(waiting).toHaveLength(2)
    waiting[1]!({ transactions: [transaction("t1")], meta: { pages: 1 } })
    await settle()
    waiting[0]!({ transactions: [transaction("t1", { state: "requested" })], meta: { pages: 2 } })
    await settle()
    expect(page.text()).toContain("Arrived")
    expect(page.has("button", "Show more")).toBe(false)
  })

  test("of nothing says so; one that does not come is tried again", async () => {
    page = await open("/history", { answers: { "GET transactions": () => fault(409) } })
    expect(page.text()).toContain("That is not possible now.")
    page.answers["GET transactions"] = () => ({ transactions: [], meta: { pages: 1 } })
    await press(page.button("Try again"))
    expect(page.text()).toContain("Nothing has moved yet.")
  })

  test("tells each in words, by day", async () => {
    const other = { type: "Dream", id: "d2", name: "Home" }
    const here = { type: "Dream", id: "d1", name: "Boat" }
    const list: Transaction[] = [
      transaction("1", { requestedAt: "2026-02-10T10:00:00Z", state: "requested", bankingDay: "2026-02-11" }),
      transaction("2", { requestedAt: "2026-02-10T09:00:00Z", state: "requested", cancellable: true, cancellableUntil: "2026-02-10T15:30:00Z" }),
      transaction("3", { requestedAt: "2026-02-09T10:00:00Z", state: "failed", failureReason: "insufficient" }),
      transaction("4", { requestedAt: "2026-02-08T10:00:00Z", state: "failed", failureReason: "cancelled" }),
      transaction("5", { requestedAt: "2026-02-08T09:00:00Z", type: "Withdrawal", fromDream: here, state: "failed" }),
      transaction("6", { requestedAt: "2026-02-08T08:00:00Z", type: "Internal", fromDream: other, toDream: here }),
      transaction("7", { requestedAt: "2026-02-08T07:00:00Z", type: "Internal", fromDream: here, toDream: undefined } as never),
      transaction("8", { requestedAt: "2026-02-08T06:00:00Z", state: "requested", cancellable: true }),
    ]
    page = await open("/dreams/d1/history", { answers: { "GET transactions": () => ({ transactions: list, meta: { pages: 1 } }) } })
    expect([...page.target.querySelectorAll("section > h2, section > h3")].map((h) => h.textContent)).toEqual(["Today", "Yesterday", "February 8"])
    expect([...page.target.querySelectorAll(".line")].map((l) => plain(l.textContent))).toEqual([
      "DepositOn its way, moved on February 11 +kr 10",
      expect.stringMatching(/^DepositGiven to the bank at 0?3:30 PM \+kr 10 Cancel$/),
      "DepositThere was no money for it; nothing was taken +kr 10",
      "DepositCancelled +kr 10",
      "WithdrawalIt did not go through; the money is still here −kr 10",
      "From HomeArrived +kr 10",
      "To outside any dreamArrived −kr 10",
      "DepositWaits for the account +kr 10 Cancel",
    ])
    await page.close()
    page = await open("/history", { answers: { "GET transactions": () => ({ transactions: list, meta: { pages: 1 } }) } })
    expect([...page.target.querySelectorAll(".line")].map((l) => plain(l.textContent).replace(/(On|Given|There|Cancelled|It|Arrived|Waits).*?(?=[+−]|kr)/, " ")).slice(4, 7)).toEqual(["Boat −kr 10", "Home → Boat kr 10", "Boat → outside any dream kr 10"])
  })

  test("cancels after a question", async () => {
    const list = [transaction("t1", { state: "requested", cancellable: true })]
    page = await open("/dreams/d1/history", { answers: { "GET transactions": () => ({ transactions: list, meta: { pages: 1 } }), "POST transactions/t1/cancel": () => fault(409) } })
    await press(page.button("Cancel kr 10"))
    expect(page.target.querySelector("dialog h2")!.textContent).toMatch(/Cancel this deposit of kr.10\?/)
    await press(page.button("Not now"))
    expect(page.of("POST transactions")).toHaveLength(0)
    await press(page.button("Cancel kr 10"))
    await press(page.button("Cancel it"))
    expect(page.target.querySelector("dialog")).toBeNull()
    expect(page.text()).toContain("That is not possible now.")
    page.answers["POST transactions/t1/cancel"] = () => ({ transaction: list[0] })
    await press(page.button("Cancel kr 10"))
    await press(page.button("Cancel it"))
    expect(page.text()).toContain("Cancelled. Nothing is taken.")
    expect(page.text()).not.toContain("That is not possible now.")
  })
})

describe("a withdrawal", () => {
  const boot = { me: me({ dreams: [dream({ leavingCents: 100_000 })] }) }

  test("is of what is there and not leaving already", async () => {
    page = await open("/dreams/d1/withdraw", { boot, answers: { "POST withdrawals": () => ({ transaction: transaction("t1") }) } })
    expect(page.text()).toContain("Boat has kr 4,000.")
    await submit(page)
    expect(page.wrong()).toEqual(["Say how much."])
    await type(page.field("How much?"), "4000.01")
    expect(page.wrong().map(plain)).toEqual(["There is kr 4,000."])
    await submit(page)
    expect(page.of("POST withdrawals")).toHaveLength(0)
    await press(page.button("All of it, kr 4,000"))
    expect(page.field("How much?").value).toBe("4,000")
    expect(page.button("Withdraw kr 4,000")).toBeTruthy()
    await submit(page)
    expect(page.of("POST withdrawals")[0]!.body).toEqual({ dreamId: "d1", amountCents: 400_000 })
    expect(page.at()).toBe("/dreams/d1")
    expect(page.text()).toContain("kr 4,000 is on its way to your account.")
  })

  test("that was heard after all, though its answer was lost, is not made again in another amount", async () => {
    page = await open("/dreams/d1/withdraw", { boot, answers: { "POST withdrawals": lost } })
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    await type(page.field("How much?"), "40")
    await submit(page)
    await vi.advanceTimersByTimeAsync(6000)
    vi.useRealTimers()
    expect(page.text()).toContain("nothing is done twice")
    // It was heard, and its answer lost. Another amount under the same key is not taken, and not called a failure.
    page.answers["POST withdrawals"] = () => fault(422)
    await type(page.field("How much?"), "50")
    await submit(page)
    expect(new Set(page.of("POST withdrawals").map((a) => a.headers["Idempotency-Key"])).size).toBe(1)
    expect(page.text()).toContain("has been done after all")
  })

  test("that is a mistake says so", async () => {
    page = await open("/dreams/d1/withdraw", { boot, answers: { "POST withdrawals": () => mistakes({ amountCents: "is more than there is" }) } })
    await type(page.field("How much?"), "10")
    await submit(page)
    expect(page.wrong()).toEqual(["is more than there is"])
    expect(page.at()).toBe("/dreams/d1/withdraw")
  })

  test("of nothing is not possible", async () => {
    page = await open("/dreams/d1/withdraw", { boot: { me: me({ dreams: [dream({ balanceCents: 0 })] }) } })
    expect(page.button("Withdraw").disabled).toBe(true)
    expect(page.has("button", "All of it")).toBe(false)
  })
})

describe("a move", () => {
  const two = [dream(), dream({ id: "d2", name: "Home", balanceCents: 0 })]
  const outside = me({ dreams: two })
  outside.totals.residualCents = 5000

  test("goes from one dream to another", async () => {
    page = await open("/dreams/d1/move", { boot: { me: me({ dreams: two }) }, answers: { "POST moves": () => ({ transaction: transaction("t1") }) } })
    expect(page.field<HTMLSelectElement>("From").value).toBe("d1")
    expect([...page.field<HTMLSelectElement>("To").options].map((o) => o.value)).toEqual(["d2"])
    await type(page.field("How much?"), "5000.01")
    await submit(page)
    expect(page.wrong().map(plain)).toEqual(["There is kr 5,000."])
    await type(page.field("How much?"), "20")
    await submit(page)
    expect(page.of("POST moves")[0]!.body).toEqual({ fromDreamId: "d1", toDreamId: "d2", amountCents: 2000 })
    expect(page.at()).toBe("/dreams/d1")
    expect(page.text()).toContain("kr 20 is moved.")
  })

  test("from outside any dream is of what lies there", async () => {
    page = await open("/move", { boot: { me: outside }, answers: { "POST moves": () => ({ transaction: transaction("t1") }) } })
    expect([...page.field<HTMLSelectElement>("From").options].map((o) => o.value)).toEqual(["d1", "d2", ""])
    expect(page.field<HTMLSelectElement>("From").value).toBe("")
    await press(page.button("All of it, kr 50"))
    await submit(page)
    expect(page.of("POST moves")[0]!.body).toEqual({ toDreamId: "d1", amountCents: 5000 })
    expect(page.at()).toBe("/")
  })

  test("never goes to where it comes from", async () => {
    page = await open("/dreams/d1/move", { boot: { me: me({ dreams: two }) } })
    await type(page.field<HTMLSelectElement>("From"), "d2")
    expect([...page.field<HTMLSelectElement>("To").options].map((o) => o.value)).toEqual(["d1"])
    expect(page.field<HTMLSelectElement>("To").value).toBe("d1")
    expect(page.button("Move").disabled).toBe(true)
  })

  test("from nowhere in particular begins with a dream that is there", async () => {
    page = await open("/move", { boot: { me: me({ dreams: two }) } })
    expect(page.field<HTMLSelectElement>("From").value).toBe("d1")
    expect(page.field<HTMLSelectElement>("To").value).toBe("d2")
  })

  test("of somebody with one dream leads nowhere", async () => {
    page = await open("/dreams/d1/move")
    expect(page.text()).toContain("You have one dream only.")
    expect(page.button("Move").disabled).toBe(true)
  })
})

describe("giving up", () => {
  test.each([
    ["Keep it saved, outside any dream", "dreams/d1", "stays saved"],
    ["Pay it out to my account", "dreams/d1?withdraw=true", "is paid out"],
  ])("%s", async (choice, path, said) => {
    page = await open("/dreams/d1/give-up", { answers: { "DELETE dreams/d1": () => ({ dream: dream() }) }, boot: { me: me({ dreams: [dream({ pendingCents: 1000 })] }) } })
    expect(page.text()).toContain("kr 10 is on its way. What the bank has already been given still arrives.")
    const radio = page.field(choice)
    radio.checked = true
    radio.dispatchEvent(new Event("change", { bubbles: true }))
    await press(page.target.querySelector<HTMLButtonElement>(".foot button")!)
    expect(page.target.querySelector("dialog")!.textContent).toContain(said)
    await press(page.button("Give it up"))
    expect(page.of("DELETE").map((a) => a.path)).toEqual([path])
    expect(page.at()).toBe("/")
    expect(page.text()).toContain("Boat has ended.")
  })

  test("what is empty asks for no money", async () => {
    page = await open("/dreams/d1/give-up", { boot: { me: me({ dreams: [dream({ balanceCents: 0 })] }) }, answers: { "DELETE dreams/d1": () => fault(409) } })
    expect(page.target.querySelector("fieldset")).toBeNull()
    await press(page.target.querySelector<HTMLButtonElement>(".foot button")!)
    expect(page.target.querySelector("dialog")!.textContent).toContain("Nothing was saved yet.")
    await press(page.button("Give it up"))
    expect(page.of("DELETE").map((a) => a.path)).toEqual(["dreams/d1"])
    expect(page.target.querySelector("dialog")).toBeNull()
    expect(page.text()).toContain("That is not possible now.")
  })
})
