// @vitest-environment node
//
// The SDK as a browser has it: a bank's page of one origin, the web app of another, each under a strict Content-Security-Policy, and the
// page that shows the SDK. PARLEY_CHROMIUM names the browser; without it nothing here is run. It takes what is built.
import { readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { extname } from "node:path"
import { fileURLToPath } from "node:url"
import type axe from "axe-core"
import { chromium, type Browser, type BrowserContextOptions, type Frame, type Page } from "playwright-core"
import { build } from "vite"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type { DreamsSDK } from "../src/index.ts"

declare global {
  interface Window {
    axe: typeof axe
    DreamsSDK: typeof DreamsSDK
    sdk: DreamsSDK
    heard: [string, unknown][]
    host(): string
    tell(event: string, message: object): boolean
    calls: unknown[]
  }
}

const path = process.env.PARLEY_CHROMIUM
const read = (file: string) => readFileSync(fileURLToPath(new URL(file, import.meta.url)))
const axeSource = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8")
const kinds: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" }
const token = "eyJhbGciOi.secret.signature"

describe.skipIf(!path)("in a browser", { timeout: 120_000 }, () => {
  const servers: Server[] = []
  let api: string
  let bank: string
  let browser: Browser
  let page: Page
  let complaints: string[]
  let posted: { origin: string; referer: string; fields: Record<string, string> }[]
  let allowed: string[]

  const serve = async (host: string, answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer(answer)
    servers.push(server)
    await new Promise<void>((ready) => server.listen(0, host, ready))
    return `http://${host}:${(server.address() as AddressInfo).port}`
  }

  beforeAll(async () => {
    const out = await build({
      configFile: false,
      logLevel: "error",
      build: { write: false, lib: { entry: fileURLToPath(new URL("webapp.ts", import.meta.url)), formats: ["es"], fileName: "app" } },
    })
    const app = (out as unknown as { output: { code: string }[] }[])[0]!.output[0]!.code

    api = await serve("127.0.0.1", (request, response) => {
      const url = new URL(request.url!, api)
      const file = url.pathname === "/sdk/" ? "/sdk/index.html" : url.pathname
      if (file.startsWith("/sdk/")) {
        response.setHeader("Content-Type", kinds[extname(file)]!)
        response.setHeader("Access-Control-Allow-Origin", "*")
        response.setHeader("Cross-Origin-Resource-Policy", "cross-origin")
        response.setHeader("Referrer-Policy", "strict-origin")
        response.setHeader("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' http://localhost:*; frame-src 'self'; form-action 'self'; base-uri 'none'")
        response.end(read(`../../dist${file}`))
      } else if (file === "/users/verify_token") {
        let body = ""
        request.on("data", (part) => (body += part))
        request.on("end", () => {
          posted.push({ origin: request.headers.origin ?? "", referer: request.headers.referer ?? "", fields: Object.fromEntries(new URLSearchParams(body)) })
          response.writeHead(303, { Location: `${api}/app/` }).end()
        })
      } else if (file === "/app/") {
        response.setHeader("Content-Security-Policy", `default-src 'none'; script-src 'self'; frame-ancestors ${allowed.join(" ")}`)
        response.setHeader("Content-Type", "text/html")
        response.end(`<!doctype html><html lang="en"><title>Savings</title><body data-origins="${allowed.join(" ")}"><main><h1>Savings</h1></main><script type="module" src="/app/app.js"></script></body></html>`)
      } else if (file === "/app/app.js") {
        response.setHeader("Content-Type", "text/javascript")
        response.end(app)
      } else response.writeHead(204).end()
    })
    bank = await serve("localhost", (request, response) => {
      const { pathname } = new URL(request.url!, bank)
      if (pathname === "/id-token") {
        response.setHeader("Access-Control-Allow-Origin", "*")
        response.setHeader("Access-Control-Allow-Headers", "content-type")
        response.setHeader("Content-Type", "application/json")
        return void response.end(request.method === "POST" ? `{"id_token":"${token}"}` : "")
      }
      if (pathname === "/favicon.ico") return void response.writeHead(204).end()
      response.setHeader("Content-Security-Policy", `default-src 'none'; script-src ${api}; frame-src ${api}; form-action ${api}`)
      response.setHeader("Content-Type", "text/html")
      response.end(`<!doctype html><html lang="en"><title>Bank</title><body><div id="dreams-web-sdk-container"></div><script src="${api}/sdk/parley-sdk.iife.js"></script></body></html>`)
    })
    browser = await chromium.launch({ executablePath: path ?? "", args: ["--no-sandbox", "--disable-gpu"] })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    for (const server of servers) {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    }
  })

  async function open(address: string, options: BrowserContextOptions = {}) {
    posted = []
    complaints = []
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options })
    page.on("console", (m) => m.type() === "error" && complaints.push(m.text()))
    page.on("pageerror", (e) => complaints.push(String(e)))
    await page.goto(address)
  }
  afterEach(async () => {
    await page.close()
    expect(complaints).toEqual([])
  })

  const app = (): Frame => page.frames().find((f) => f.url().startsWith(`${api}/app/`))!
  const heard = async (count: number) => {
    await app().waitForFunction((n) => window.heard.length >= n, count)
    return app().evaluate(() => window.heard)
  }

  test("a bank's page embeds the web app, and they understand each other", async () => {
    allowed = [bank]
    await open(bank)
    await page.evaluate(
      async ([api, token]) => {
        window.calls = []
        window.sdk = new window.DreamsSDK(api!)
        window.sdk.setup({
          onExitRequested: (event) => void window.calls.push(event),
          onIdTokenDidExpire: async () => "new.token",
          onTransferConsentRequested: () => Promise.reject("O'Brien said no"),
        })
        await window.sdk.start(token!, "sv", "/dreams/1", "dark")
      },
      [api, token],
    )
    expect(posted).toEqual([{ origin: bank, referer: `${bank}/`, fields: { locale: "sv", token, location: "/dreams/1", theme: "dark" } }])
    expect(await page.content()).not.toContain("secret")
    expect(await app().evaluate(() => [window.host(), location.ancestorOrigins.length])).toEqual(["frame", 1])

    await app().evaluate(() => {
      window.tell("onIdTokenDidExpire", { requestId: "1" })
      window.tell("onTransferConsentRequested", { requestId: "2", consentId: "c" })
      window.tell("onExitRequested", {})
    })
    await page.evaluate(() => {
      window.sdk.messageHandler!.navigateTo("/dreams/2")
      window.sdk.messageHandler!.postBackRequested()
    })
    expect((await heard(4)).sort()).toEqual([
      ["navigateTo", { location: "/dreams/2" }],
      ["onBackRequested", {}],
      ["onTransferConsentCancelled", { requestId: "2", consentId: "c", reason: "O'Brien said no" }],
      ["updateToken", { requestId: "1", idToken: "new.token" }],
    ])
    expect(await page.evaluate(() => window.calls)).toEqual([{ event: "onExitRequested", message: {} }])

    // Another frame, and the bank's page itself, say the same and are not heard.
    await page.evaluate(() => {
      const other = document.body.appendChild(document.createElement("iframe"))
      other.contentWindow!.parent.postMessage('{"event":"onExitRequested","message":{}}', "*")
      window.postMessage('{"event":"onExitRequested","message":{}}', "*")
    })
    await page.evaluate(() => new Promise((done) => setTimeout(done, 100)))
    expect(await page.evaluate(() => window.calls.length)).toBe(1)

    await page.evaluate(() => window.sdk.destroy())
    expect(await page.evaluate(() => document.querySelectorAll("iframe[name], form").length)).toBe(0)
  })

  test("a page that may not show it hears nothing, and its start runs out", async () => {
    allowed = ["https://other.example"]
    await open(bank)
    const code = await page.evaluate(
      async ([api, token]) => {
        const sdk = new window.DreamsSDK(api!, { timeoutSeconds: 1 })
        sdk.setup({ onExitRequested: () => {} })
        return sdk.start(token!).catch((err) => err.code)
      },
      [api, token],
    )
    expect(code).toBe("timeout")
    expect(complaints.splice(0).join()).toContain("frame-ancestors")
  })

  const looks = [1280, 375].flatMap((width) => (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })))
  test.each(looks)("the page that shows it: $width $colorScheme", async ({ width, colorScheme }) => {
    allowed = [api]
    await open(`${api}/sdk/?idtoken=${encodeURIComponent(`${bank}/id-token`)}&user=anna&locale=sv`, { viewport: { width, height: 812 }, colorScheme })
    await page.getByRole("button", { name: "Start" }).click()
    await page.waitForFunction(() => document.getElementById("status")!.textContent === "It is ready.")
    expect(posted.map((p) => [p.origin, p.fields])).toEqual([[api, { locale: "sv", token, location: "", theme: "" }]])

    await app().evaluate(() => {
      window.tell("onAccountProvisionRequested", { requestId: "1" })
      window.tell("onTransferConsentRequested", { requestId: "2", consentId: "c" })
      window.tell("onIdTokenDidExpire", { requestId: "3" })
    })
    await page.waitForSelector("#asks li:nth-child(3)")
    await page.evaluate(axeSource)
    const found = await page.evaluate(async () => {
      const { violations } = await window.axe.run({ exclude: ["iframe"] }, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
      return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`)
    })
    expect(found).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)

    await page.getByRole("button", { name: "Provisioning has begun" }).click()
    await page.getByRole("button", { name: "Reject: cancelled" }).first().click()
    await page.getByRole("button", { name: "Answer with a new token" }).click()
    await page.getByRole("button", { name: "sessionKeepAlive()" }).click()
    await page.fill("#request", "1")
    await page.getByRole("button", { name: "postAccountProvisionInitiated(…)" }).click()
    expect((await heard(4)).map(([event]) => event)).toEqual(["accountProvisioned", "onTransferConsentCancelled", "updateToken", "sessionKeepAlive"])
    await page.waitForFunction(() => document.getElementById("status")!.textContent!.includes("answered already"))
    const log = await page.innerText("#log")
    for (const text of ["onPageReadyEvent", "accountProvisioned", "[redacted]", "answered already"]) expect(log).toContain(text)
    expect(log).not.toContain("secret")
    await page.getByRole("button", { name: "Take it away" }).click()
    expect(page.frames()).toHaveLength(1)
    expect(await page.isVisible("#nothing")).toBe(true)
  })
})
