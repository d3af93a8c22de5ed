// @vitest-environment node
//
// The page as a browser shows it: built, and under the Content-Security-Policy that it is served with. PARLEY_CHROMIUM names the
// browser; without it nothing here is run.
import { svelte } from "@sveltejs/vite-plugin-svelte"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core"
import { build } from "vite"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type axe from "axe-core"
import type { Sandbox } from "../src/types.ts"
import { operator, run, sandbox, story, trustly } from "./fixtures.ts"

declare global {
  interface Window {
    axe: typeof axe
  }
}

const path = process.env.PARLEY_CHROMIUM
const root = fileURLToPath(new URL("..", import.meta.url))
const axeSource = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8")
const fixture = (name: string) => JSON.parse(readFileSync(join(root, `../diagram/fixtures/${name}.json`), "utf8")) as { run: string }
const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" }
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const problems = ["the operator heard signin, not signin, authorize, transfer", "the payment provider moved nothing, not 500.00"]
const full = sandbox({
  auto: "approve",
  parties: [
    ...sandbox().parties.slice(0, 2),
    trustly("pay-fails"),
    operator({ rules: { authorize: { fault: "lose", times: -1 }, signin: { fault: "refuse", times: 1 } }, facts: [{ label: "balance", value: "1234567890.50 SEK" }] }),
  ],
  stories: [
    story("deposit", { verdict: { ok: true, run: "a" } }),
    story("denied", { verdict: { ok: false, problems, run: "a" } }),
    story("limited", { verdict: { ok: false, problems, run: "a", bent: true } }),
    story("late-money"),
  ],
  running: "late-money",
})

describe.skipIf(!path)("in a browser", { timeout: 120_000 }, () => {
  let dir: string
  let server: Server
  let browser: Browser
  let page: Page
  let complaints: string[]
  let told: Sandbox
  let runs: object[]
  let streams: ServerResponse[]
  const posted: string[] = []

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "sandbox-"))
    await build({
      configFile: false,
      root,
      base: "./",
      logLevel: "error",
      plugins: [svelte({ configFile: false })],
      build: { outDir: dir, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    })
    server = createServer((request, response) => {
      const at = new URL(request.url ?? "", "http://localhost").pathname
      const json = (body: object) => void response.setHeader("Content-Type", "application/json").end(JSON.stringify(body))
      const stream = (event: string, data?: object) => {
        streams.push(response)
        response.writeHead(200, { "Content-Type": "text/event-stream" })
        response.write(data ? `event: ${event}\ndata: ${JSON.stringify(data)}\n\n` : ":\n\n")
      }
      if (request.method === "POST") {
        posted.push(at)
        return json(told)
      }
      if (at === "/api/events") return stream("sandbox", told)
      if (at === "/live/events") return stream("run")
      if (at === "/live/runs") return json({ runs })
      if (at.startsWith("/live/runs/")) return stream("drawing", fixture("done"))
      if (at.startsWith("/live/flows/")) return json(fixture("not-begun"))
      response.setHeader("Content-Security-Policy", policy)
      response.setHeader("Content-Type", types[extname(at)] ?? "text/html")
      response.end(readFileSync(join(dir, at === "/" ? "index.html" : at)))
    })
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready))
    browser = await chromium.launch({ executablePath: path ?? "", args: ["--no-sandbox", "--disable-gpu"] })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
    rmSync(dir, { recursive: true })
  })

  // look opens the page before a sandbox; what it complains of on the way fails the test.
  async function look(what: Sandbox, list: object[], options: BrowserContextOptions = {}) {
    told = what
    runs = list
    streams = []
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options })
    complaints = []
    page.on("console", (m) => m.type() === "error" && !m.text().includes("ERR_") && complaints.push(m.text()))
    page.on("pageerror", (e) => complaints.push(String(e)))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForSelector(".diagram ol li")
  }
  afterEach(async () => {
    await page.close()
    expect(complaints).toEqual([])
  })

  // wrong is all that is wrong with the page as it is now.
  async function wrong(): Promise<string[]> {
    await page.evaluate(axeSource)
    return page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
      const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" ")}`)
      for (const e of document.querySelectorAll("button, select, a, summary, label:has(input)")) {
        const high = e.getBoundingClientRect().height
        if (e.checkVisibility() && high < 43.5) found.push(`${e.textContent} is ${high} high`)
      }
      const wide = document.documentElement.scrollWidth
      if (wide > innerWidth) found.push(`the page is ${wide} wide`)
      return found
    })
  }

  const looks = [1280, 375].flatMap((width) => (["light", "dark"] as const).flatMap((colorScheme) => ["en", "sv"].map((locale) => ({ width, colorScheme, locale }))))

  test.each(looks)("nothing is wrong with the page, whatever it shows: $width $colorScheme $locale", async ({ width, colorScheme, locale }) => {
    const options = { viewport: { width, height: 812 }, colorScheme, locale }
    await look(sandbox(), [], options)
    expect(await wrong(), "before anything has run").toEqual([])
    await page.close()

    await look(full, [run("b", { status: "open", waitingOn: "Trustly" }), run("a", { status: "refused" }), run("0", { status: "undoing" })], options)
    for (const summary of await page.locator("summary").all()) await summary.click()
    expect(await wrong(), "with all that can be said").toEqual([])
    await page.locator("button.open").last().click()
    expect(await wrong(), "while somebody is told how to behave").toEqual([])
    await page.keyboard.press("Escape")
    server.closeAllConnections()
    await page.waitForSelector(".bar")
    expect(await wrong(), "when the sandbox does not answer").toEqual([])
  })

  test("a party is told how to behave with the keyboard alone, and the sheet is left with Escape", async () => {
    await look(sandbox(), [])
    const opens = page.locator("button.open").last()
    await opens.focus()
    await page.keyboard.press("Enter")
    const sheet = page.locator(":popover-open")
    expect(await sheet.getAttribute("aria-label")).toBe("How Operator behaves")
    const at = (await sheet.boundingBox())!
    expect(at.x + at.width, "it is within the page").toBeLessThanOrEqual(1280)
    await page.keyboard.press("Tab")
    expect(await page.evaluate(() => (document.activeElement as HTMLSelectElement).name)).toBe("action")
    for (const _ of [1, 2, 3]) await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect.poll(() => posted.pop()).toBe("/api/parties/operator/fault")
    await page.keyboard.press("Escape")
    expect(await sheet.count()).toBe(0)
    expect(await opens.evaluate((e) => e === document.activeElement)).toBe(true)
  })

  test("the parties' names and what they are like fit into their columns, with seven of them", async () => {
    const parties = [...full.parties, { ...operator(), id: "openid", label: "OpenID" }, { ...operator(), id: "bankid", label: "BankID" }, { ...operator(), id: "register", label: "Address register" }]
    await look({ ...full, parties }, [])
    const cut = await page.evaluate(() => [...document.querySelectorAll(".parties .name")].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent))
    expect(cut).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1280)
  })
})
