// What the pages weigh and how soon a person can use them, on a slow telephone: a processor six times slower than this one, on a slow
// mobile network (400 ms there and back, 400 kbit/s) and on an ordinary one (70 ms, 9 Mbit/s). Run it as `PARLEY_CHROMIUM=/usr/bin/chromium npm run measure`.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { chromium } from "playwright-core"

const parley = spawn("go", ["run", "./cmd/parley", "sandbox", "-json", "-port", "0"], { cwd: new URL("..", import.meta.url), stdio: ["ignore", "pipe", "inherit"], detached: true })
const [line] = await once(createInterface({ input: parley.stdout }), "line")
const links = JSON.parse(line)
const ask = (more) =>
  `${links.authorization_endpoint}?${new URLSearchParams({
    client_id: "shop", redirect_uri: links.clients[0].redirect_uris[0], response_type: "code", state: "measure", currency: "SEK", country: "SE", amount: "500.00", locale: "en_GB",
    code_challenge: "LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE", code_challenge_method: "S256", ...more,
  })}`

const browser = await chromium.launch({ executablePath: process.env.PARLEY_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] })
const rows = []
const slow = { latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 }
const ordinary = { latency: 70, downloadThroughput: 1_125_000, uploadThroughput: 375_000 }

// enter signs a person of the bank's in, and says where the savings app is then shown.
const bank = links.savings.partners[0]
async function enter(context) {
  const { id_token: token } = await (await fetch(bank.id_token_url, { method: "POST", body: JSON.stringify({ user: bank.users[0] }) })).json()
  const answer = await context.request.post(links.savings.verify_token, { form: { token, locale: "en" }, maxRedirects: 0 })
  return answer.headers().location
}

for (const [page, address, network = slow] of [
  ["the savings app, on a slow network", enter],
  ["the savings app, on an ordinary one", enter, ordinary],
  ["the savings app, come back to", enter, ordinary],
  ["choose a provider", ask({})],
  ["wait, with a code to scan", ask({ identity_provider: "bankid" })],
  ["something is wrong", `${links.authorization_endpoint}?client_id=nobody`],
  ["the shop (simulated)", links.shop],
  ["the sandbox's home", links.home],
]) {
  const context = await browser.newContext({ viewport: { width: 375, height: 812 } })
  const tab = await context.newPage()
  const cdp = await context.newCDPSession(tab)
  await cdp.send("Network.enable")
  const at = typeof address === "string" ? address : await address(context)
  if (page.endsWith("come back to")) {
    await tab.goto(at, { waitUntil: "load" })
    await tab.waitForSelector("h1")
  }
  await cdp.send("Network.emulateNetworkConditions", { offline: false, ...network })
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 6 })
  let bytes = 0
  let requests = 0
  const stream = new Set()
  cdp.on("Network.responseReceived", (e) => e.type === "EventSource" && stream.add(e.requestId))
  cdp.on("Network.requestWillBeSent", () => requests++)
  cdp.on("Network.loadingFinished", (e) => !stream.has(e.requestId) && (bytes += e.encodedDataLength))
  await tab.goto(at, { waitUntil: "load" })
  // The savings app draws its page itself: it can be used when its heading is there.
  const drawn = await tab.waitForSelector("h1").then(() => tab.evaluate(() => performance.now()))
  await tab.waitForTimeout(300)
  const [bytesThen, requestsThen] = [bytes, requests]
  // Interactive: what stands in the page can be used, because the page is there and its script has run.
  const times = await tab.evaluate(() => {
    const nav = performance.getEntriesByType("navigation")[0]
    const paint = performance.getEntriesByName("first-contentful-paint")[0]
    return { paint: paint?.startTime, interactive: nav.domContentLoadedEventEnd, load: nav.loadEventEnd }
  })
  rows.push({ page, requests: requestsThen, "kB sent": +(bytesThen / 1000).toFixed(1), "first paint ms": Math.round(times.paint), "interactive ms": Math.round(typeof address === "string" ? times.interactive : drawn) })
  await context.close()
}
await browser.close()
process.kill(-parley.pid, "SIGTERM")
console.table(rows)
