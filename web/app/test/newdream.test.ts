import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { kept } from "../src/keep.ts"
import { dream, me } from "./fixtures.ts"
import { fault, mistakes, open, plain, press, settle, submit, type, type Answer, type Opened } from "./savings.ts"

let page: Opened
beforeEach(() => sessionStorage.clear())
afterEach(() => page.close())

const made = dream({ id: "d9", name: "Kayak" })
// making is a server that has the dream once it was made.
function making(more: Record<string, Answer> = {}): Record<string, Answer> {
  let dreams = [dream()]
  return { "POST dreams": () => ((dreams = [dream(), made]), { dream: made }), "GET me": () => me({ dreams }), ...more }
}
const body = () => (page.of("POST dreams")[0]!.body as { dream: Record<string, unknown> }).dream

describe("a new dream", () => {
  test("is asked for one question at a time", async () => {
    page = await open("/new", { answers: making() })
    expect(page.title()).toBe("What do you dream of?")
    await submit(page)
    expect(page.wrong()).toEqual(["Give your dream a name."])
    expect(page.field("Name of the dream").ariaInvalid ?? page.field("Name of the dream").getAttribute("aria-invalid")).toBe("true")
    await type(page.field("Name of the dream"), "  Kayak ")
    await submit(page)
    expect(page.at()).toBe("/new?step=amount")
    await submit(page)
    expect(page.wrong()).toEqual(["Say how much."])
    await type(page.field("Amount"), "8,000")
    await submit(page)
    expect(page.title()).toBe("By when?")
    await press(page.button("A year"))
    expect(page.button("A year").getAttribute("aria-pressed")).toBe("true")
    expect(page.text()).toMatch(/That is kr 15\d a week\./)
    await press(page.button("No hurry"))
    expect(page.text()).toContain("You save at your own pace.")
    await type(page.field("Date"), "2031-03-04")
    await submit(page)
    expect(page.at()).toBe("/new?step=picture")
    expect(page.text()).toContain("Kayak kr 8,000 · March 4, 2031")
    await press(page.target.querySelector<HTMLButtonElement>('[aria-label="A home"]')!)
    await press(page.button("Create the dream"))
    expect(body()).toEqual({ type: "Dream", name: "Kayak", targetCents: 800_000, expiresAt: "2031-03-04", dreamInspirationId: "home" })
    expect(page.at()).toBe("/dreams/d9/marketplace")
    expect(page.title()).toBe("Choose a savehack")
    expect(kept<{ name: string }>("dream")?.name ?? "").toBe("")
  })

  test("without a hurry has no date, and waits for its account where it needs one", async () => {
    const ask = [{ event: "onAccountRequested", message: { requestId: "r", dream: { id: "d9" } } }]
    page = await open("/new", { answers: making({ "POST dreams": () => ({ dream: made, ask }), "GET me": () => me({ dreams: [{ ...made, account: undefined } as never] }) }) })
    await type(page.field("Name of the dream"), "Kayak")
    await submit(page)
    await type(page.field("Amount"), "8000")
    await submit(page)
    await submit(page)
    await press(page.button("Create the dream"))
    expect(body()).toEqual({ type: "Dream", name: "Kayak", targetCents: 800_000 })
    expect(page.at()).toBe("/dreams/d9/waiting")
    expect(page.title()).toBe("Over to your bank")
  })

  test("begins with an inspiration", async () => {
    page = await open("/", { boot: { me: me({ dreams: [] }) } })
    await press(page.link("A journey"))
    expect(page.at()).toBe("/new?step=amount")
    expect(page.title()).toBe("How much does A journey cost?")
    expect(page.field("Amount").value).toBe("10,000")
    expect(page.text()).toContain("Others save about kr 10,000.")
    expect(page.text()).toMatch(/About kr 19\d a week until/)
  })

  test("is asked how its money is kept where there are two ways", async () => {
    page = await open("/new?step=when", { boot: { me: me({ performance: true }) }, answers: making() })
    await submit(page)
    expect(page.title()).toBe("How is the money kept?")
    const invested = page.field("Invested")
    invested.checked = true
    invested.dispatchEvent(new Event("change", { bubbles: true }))
    await press(page.button("Next"))
    expect(page.at()).toBe("/new?step=picture")
    await press(page.button("Create the dream"))
    expect(body().type).toBe("PerformanceDream")
  })

  test("that is half told outlives a reload", async () => {
    page = await open("/new")
    await type(page.field("Name of the dream"), "Kayak")
    await submit(page)
    await type(page.field("Amount"), "123.50")
    await page.close()
    page = await open("/new?step=amount")
    expect(page.title()).toBe("How much does Kayak cost?")
    expect(page.field("Amount").value).toBe("123.50")
  })

  test("that the server finds a mistake in stays, and says which", async () => {
    page = await open("/new?step=picture", { answers: making({ "POST dreams": () => mistakes({ "dream.expiresAt": "has passed" }) }) })
    await press(page.button("Create the dream"))
    expect(page.at()).toBe("/new?step=picture")
    expect(page.target.querySelector('[role="alert"]')!.textContent).toContain("expiresAt: has passed")
    page.answers["POST dreams"] = () => fault(409)
    await press(page.button("Create the dream"))
    expect(page.target.querySelector('[role="alert"]')!.textContent).toContain("That is not possible now.")
  })

  test("may have a photograph", async () => {
    page = await open("/new?step=picture", { answers: making({ "POST pictures": () => mistakes({ picture: "is damaged" }) }) })
    const input = page.target.querySelector<HTMLInputElement>("input[type=file]")!
    const choose = async () => {
      Object.defineProperty(input, "files", { value: [new File(["x"], "kayak.jpg", { type: "image/jpeg" })], configurable: true })
      input.dispatchEvent(new Event("change", { bubbles: true }))
      await settle()
    }
    await choose()
    expect(page.wrong()).toEqual(["That picture could not be taken. (is damaged)"])
    page.answers["POST pictures"] = () => ({ picture: { url: "/app/pictures/p1" } })
    await choose()
    expect(page.wrong()).toEqual([])
    expect(page.target.querySelector(".preview img")!.getAttribute("src")).toBe("/app/pictures/p1")
    await press(page.button("Create the dream"))
    expect(body().imageUrl).toBe("/app/pictures/p1")
    expect(page.of("POST pictures")[0]!.headers["Content-Type"]).toBe("image/jpeg")
  })
})

describe("a dream that is edited", () => {
  test("is what was typed, and an empty date takes it away", async () => {
    page = await open("/dreams/d1/edit", { boot: { me: me({ dreams: [dream({ expiresAt: "2031-03-04" })] }) }, answers: { "PATCH dreams/d1": () => ({ dream: dream() }) } })
    expect(page.field("Name of the dream").value).toBe("Boat")
    expect(page.field("Amount").value).toBe("20,000")
    await type(page.field("Name of the dream"), " ")
    await type(page.field("Amount"), "0")
    await submit(page)
    expect(page.wrong()).toEqual(["Give your dream a name.", "Say how much."])
    await type(page.field("Name of the dream"), "Yacht ")
    await type(page.field("Amount"), "30,000")
    await type(page.field("Date"), "")
    await submit(page)
    expect(page.of("PATCH")[0]!.body).toEqual({ dream: { name: "Yacht", targetCents: 3_000_000, expiresAt: "" } })
    expect(page.at()).toBe("/dreams/d1")
    expect(page.text()).toContain("Saved.")
  })

  test("has the server's mistakes beside their fields", async () => {
    page = await open("/dreams/d1/edit", { answers: { "PATCH dreams/d1": () => mistakes({ "dream.expiresAt": "has passed", "dream.name": "is odd" }) } })
    await submit(page)
    expect(page.wrong()).toEqual(["is odd", "has passed"])
    expect(page.target.querySelector('[role="alert"]')).toBeNull()
  })
})

test("an amount is written anew when it is left, and a slider's is written at once", async () => {
  page = await open("/dreams/d1/edit")
  const field = page.field("Amount")
  await type(field, "1234,5")
  expect(field.value).toBe("1234,5")
  field.dispatchEvent(new Event("blur"))
  await settle()
  expect(plain(field.value)).toBe("1,234.50")
  await type(field, "abc")
  field.dispatchEvent(new Event("blur"))
  await settle()
  expect(field.value).toBe("abc")
})
