// @vitest-environment node
//
// The diagram as a browser shows it: built, and under the Content-Security-Policy that pages are served with. PARLEY_CHROMIUM names
// the browser; without it nothing here is run.
import { svelte } from "@sveltejs/vite-plugin-svelte"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core"
import { build } from "vite"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type axe from "axe-core"

declare global {
  interface Window {
    axe: typeof axe
  }
}

const path = process.env.PARLEY_CHROMIUM
const root = fileURLToPath(new URL("..", import.meta.url))
const axeSource = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8")
const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" }
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

describe.skipIf(!path)("in a browser", { timeout: 120_000 }, () => {
  let dir: string
  let server: Server
  let browser: Browser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "diagram-"))
    await build({
      configFile: false,
      root,
      base: "./",
      logLevel: "error",
      plugins: [svelte({ configFile: false })],
      build: { outDir: dir, assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { input: join(root, "dev.html") } },
    })
    server = createServer((request, response) => {
      const file = new URL(request.url ?? "", "http://localhost").pathname
      if (file === "/favicon.ico") return void response.writeHead(204).end()
      response.setHeader("Content-Security-Policy", policy)
      response.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream")
      response.end(readFileSync(join(dir, file)))
    })
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready))
    browser = await chromium.launch({ executablePath: path ?? "", args: ["--no-sandbox", "--disable-gpu"] })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await new Promise((closed) => server.close(closed))
    rmSync(dir, { recursive: true })
  })

  // look opens the page; what it complains of on the way fails the test.
  async function look(query: string, options: BrowserContextOptions = {}) {
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options })
    complaints = []
    page.on("console", (m) => m.type() === "error" && complaints.push(m.text()))
    page.on("pageerror", (e) => complaints.push(String(e)))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/dev.html?${query}`)
    await page.waitForSelector("ol li .entry")
  }
  afterEach(async () => {
    await page.close()
    expect(complaints).toEqual([])
  })

  async function axeFinds(): Promise<string[]> {
    await page.evaluate(axeSource)
    return page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
      return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" ")}`)
    })
  }

  const looks = [1280, 375].flatMap((width) => (["light", "dark"] as const).flatMap((colorScheme) => ["en", "sv"].map((locale) => ({ width, colorScheme, locale }))))

  test.each(looks)("every fixture: axe finds nothing, nothing is too wide, what is pressed is high enough: $width $colorScheme $locale", async ({ width, colorScheme, locale }) => {
    await look(`locale=${locale}`, { viewport: { width, height: 812 }, colorScheme })
    expect(await axeFinds()).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    expect(await page.evaluate(() => [...document.querySelectorAll("button")].filter((b) => b.getBoundingClientRect().height < 44).map((b) => b.outerHTML))).toEqual([])
  })

  test.each(looks.filter((l) => l.locale === "sv"))("an open exchange: axe finds nothing: $width $colorScheme", async ({ width, colorScheme }) => {
    await look("only=taken-back&locale=sv", { viewport: { width, height: 812 }, colorScheme })
    await page.click('[data-number="7"]')
    await page.waitForSelector("dialog[open]")
    expect(await axeFinds()).toEqual([])
    expect(await page.evaluate(() => document.querySelector("dialog")?.scrollWidth)).toBeLessThanOrEqual(width)
  })

  test.each([1280, 700])("no words lie on others, with the browser's own font, %i wide", async (width) => {
    await look("", { viewport: { width, height: 800 } })
    const lying = await page.evaluate(() =>
      [...document.querySelectorAll("svg.picture:not(.heads)")].flatMap((svg) => {
        const words = [...svg.querySelectorAll("text")].map((t) => ({ text: t.textContent, box: t.getBBox() }))
        return words.flatMap((a, i) =>
          words
            .slice(i + 1)
            .filter((b) => a.box.x < b.box.x + b.box.width && b.box.x < a.box.x + a.box.width && a.box.y + 3 < b.box.y + b.box.height - 3 && b.box.y + 3 < a.box.y + a.box.height - 3)
            .map((b) => `${a.text} / ${b.text}`),
        )
      }),
    )
    expect(lying).toEqual([])
  })

  test.each([1280, 375])("an exchange by keyboard alone, %i wide: it takes the focus, Escape closes it, and the focus comes back", async (width) => {
    await look("only=done", { viewport: { width, height: 812 } })
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.number)
    for (const key of ["Enter", "Space"]) {
      await page.focus('[data-number="5"]')
      await page.keyboard.press("Tab")
      expect(await focused()).toBe("6")
      await page.keyboard.press(key)
      await page.waitForSelector("dialog[open]")
      expect(await page.evaluate(() => document.querySelector("dialog")?.contains(document.activeElement))).toBe(true)
      for (let i = 0; i < 8; i++) {
        await page.keyboard.press("Tab")
        expect(await page.evaluate(() => document.querySelector("dialog")?.contains(document.activeElement) || document.activeElement === document.body)).toBe(true)
      }
      await page.keyboard.press("Escape")
      await page.waitForSelector("dialog", { state: "detached" })
      expect(await focused()).toBe("6")
    }
  })

  test("Tab comes by every exchange, in order, and none is hidden under the heads", async () => {
    await look("only=done")
    const numbers: number[] = []
    await page.focus('[data-number="1"]')
    for (;;) {
      const here = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement
        const top = element.getBoundingClientRect().top
        const heads = document.querySelector(".heads")?.getBoundingClientRect().bottom ?? 0
        return { number: Number(element.dataset.number), hidden: top < heads - 1 }
      })
      if (!here.number) break
      expect(here.hidden).toBe(false)
      numbers.push(here.number)
      await page.keyboard.press("Tab")
    }
    expect(numbers).toEqual([1, 2, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16])
  })

  const moving = () => page.evaluate(() => document.getAnimations().filter((a) => a.playState !== "finished").length)

  test("what changes is drawn one after the other; an arrow under way is drawn once", async () => {
    await look("play=not-begun,waiting,done", { reducedMotion: "no-preference" })
    expect(await moving()).toBe(0)
    await page.click("text=Next")
    await page.waitForSelector(".fresh .row.now, .fresh.fresh")
    expect(await moving()).toBeGreaterThan(0)
    expect(await page.evaluate(() => document.getAnimations().map((a) => a.effect?.getTiming().iterations).filter((n) => n !== 1))).toEqual([])
    await page.waitForFunction(() => document.getAnimations().every((a) => a.playState === "finished"))
    await page.click("text=Next")
    const delays = await page.evaluate(() => [...document.querySelectorAll<SVGElement>(".fresh .row.done")].map((r) => parseInt(r.parentElement?.style.getPropertyValue("--delay") ?? "")))
    expect(Math.max(...delays)).toBeGreaterThan(1500)
  })

  test("nothing moves for who wants no motion", async () => {
    await look("play=not-begun,waiting,done")
    for (let i = 0; i < 2; i++) {
      await page.click("text=Next")
      expect(await moving()).toBe(0)
    }
    await page.click('[data-number="1"]')
    await page.waitForSelector("dialog[open]")
    expect(await moving()).toBe(0)
  })

  test("it goes from picture to list and back with the room that it has", async () => {
    await look("only=done")
    await page.setViewportSize({ width: 600, height: 800 })
    await page.waitForSelector("li .card")
    expect(await page.locator("svg .row").count()).toBe(0)
    await page.setViewportSize({ width: 1000, height: 800 })
    await page.waitForSelector("svg .row")
    expect(await page.locator("li .card").count()).toBe(0)
  })
})
