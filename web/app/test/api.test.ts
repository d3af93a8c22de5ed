import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import * as api from "../src/api.ts"
import { fault, lost, serve } from "./savings.ts"

beforeEach(() => {
  api.setHeaders({})
  api.told.ask = vi.fn()
  api.told.signedOut = vi.fn()
  api.told.online = vi.fn()
})
afterEach(() => vi.useRealTimers())

// all lets every wait pass, and gives what came of it.
async function all<T>(it: Promise<T>): Promise<T | unknown> {
  const came = it.catch((e: unknown) => e)
  await vi.advanceTimersByTimeAsync(10_000)
  return came
}

describe("a request", () => {
  test.each(["GET", "POST", "PUT", "PATCH", "DELETE"])("%s says what it is", async (method) => {
    const server = serve({ [`${method} it`]: () => ({ ok: 1 }) })
    expect(await api.ask(method, "it", method === "GET" ? {} : { body: { a: 1 } })).toEqual({ ok: 1 })
    const { headers, body } = server.asked[0]!
    expect(headers.Accept).toBe("application/json")
    expect(headers["Content-Type"]).toBe(method === "GET" ? undefined : "application/json")
    expect(body).toEqual(method === "GET" ? undefined : { a: 1 })
    expect(!!headers["Idempotency-Key"]).toBe(method === "POST")
  })

  test("has the key that it is given, or one of its own", async () => {
    const server = serve({ "POST it": () => ({}) })
    await api.post("it", {}, "k1")
    await api.post("it", {})
    await api.post("it", {})
    const keys = server.asked.map((a) => a.headers["Idempotency-Key"])
    expect(keys[0]).toBe("k1")
    expect(new Set(keys).size).toBe(3)
  })

  test("carries a file as it is", async () => {
    const server = serve({ "POST pictures": () => ({}) })
    const file = new File(["x"], "x.png", { type: "image/png" })
    await api.ask("POST", "pictures", { file })
    await api.ask("POST", "pictures", { file: new Blob(["x"]) })
    expect(server.asked.map((a) => a.headers["Content-Type"])).toEqual(["image/png", "application/octet-stream"])
    expect(server.asked[0]!.body).toBe(file)
  })

  test("without a body sends an empty one", async () => {
    const server = serve({ "DELETE it": () => new Response(null, { status: 204 }) })
    expect(await api.remove("it")).toBeUndefined()
    expect(server.asked[0]!.body).toEqual({})
  })
})

describe("without an answer", () => {
  beforeEach(() => void vi.useFakeTimers())

  test("it is asked again under the same key, and the answer is had", async () => {
    let n = 0
    const server = serve({ "POST it": () => (++n < 3 ? lost() : { n }) })
    expect(await all(api.post("it", { a: 1 }))).toEqual({ n: 3 })
    expect(new Set(server.asked.map((a) => a.headers["Idempotency-Key"])).size).toBe(1)
    expect(server.asked.map((a) => a.body)).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }])
    expect(api.told.online).not.toHaveBeenCalledWith(false)
  })

  test("four times is enough", async () => {
    const server = serve({ "POST it": lost })
    expect(await all(api.post("it", {}))).toBeInstanceOf(api.Offline)
    expect(server.asked).toHaveLength(4)
    expect(api.told.online).toHaveBeenCalledExactlyOnceWith(false)
  })

  test("a server that is not well is asked again, then told of", async () => {
    let n = 0
    const server = serve({ "GET once": () => (++n < 2 ? fault(503) : { ok: 1 }), "GET never": () => fault(500) })
    expect(await all(api.get("once"))).toEqual({ ok: 1 })
    expect(await all(api.get("never"))).toMatchObject({ status: 500 })
    expect(server.of("GET never")).toHaveLength(4)
  })

  test("an answer that is cut off is none", async () => {
    serve({ "GET it": () => new Response("{", { status: 200 }) })
    expect(await all(api.get("it"))).toBeInstanceOf(api.Offline)
  })
})

describe("an answer", () => {
  test.each([400, 404, 409, 422, 429])("%d is told at once", async (status) => {
    const server = serve({ "POST it": () => fault(status, { detail: "no" }) })
    await expect(api.post("it", {})).rejects.toMatchObject({ status, detail: "no" })
    expect(server.asked).toHaveLength(1)
    expect(api.told.signedOut).not.toHaveBeenCalled()
  })

  test("of mistakes has them by field, whatever wrapper", async () => {
    serve({ "POST it": () => fault(400, { errors: [{ field: "dream.targetCents", errors: ["is too little", "is odd"] }, { field: "name", errors: ["is missing"] }] }) })
    const wrong = (await api.post("it", {}).catch((e: unknown) => e)) as api.Fault
    expect(wrong).toBeInstanceOf(api.Fault)
    expect(wrong.of("targetCents")).toEqual(["is too little", "is odd"])
    expect(wrong.of("dream.targetCents")).toEqual(["is too little", "is odd"])
    expect(wrong.of("name")).toEqual(["is missing"])
    expect(wrong.of("Cents")).toEqual([])
  })

  test("that is no JSON is a fault all the same", async () => {
    serve({ "GET it": () => new Response("<h1>", { status: 404 }) })
    await expect(api.get("it")).rejects.toMatchObject({ status: 404, detail: "" })
  })

  test("401 is told to everybody", async () => {
    serve({ "GET it": () => fault(401) })
    await expect(api.get("it")).rejects.toMatchObject({ status: 401 })
    expect(api.told.signedOut).toHaveBeenCalledOnce()
  })

  test("with something to ask of the bank's app is told before whoever asked hears it", async () => {
    const ask = [{ event: "onAccountProvisionRequested", message: { requestId: "r" } }]
    serve({ "POST it": () => ({ ask }), "POST other": () => ({ ask: [] }) })
    await api.post("it", {})
    await api.post("other", {})
    expect(api.told.ask).toHaveBeenCalledExactlyOnceWith(ask)
  })
})

describe("headers of the bank's app", () => {
  test("go along with every request, and take the place of none of ours", async () => {
    const server = serve({ "POST it": () => ({}) })
    api.setHeaders({
      "X-Bank": "1", Authorization: "Bearer x", accept: "text/html", "content-type": "text/plain", "Content-Length": "3", "idempotency-key": "theirs",
      Origin: "https://evil.example", Host: "x", Cookie: "a=b", "X-Parley-App": "1", "Sec-Fetch-Site": "none", "If-Match": "*",
    })
    await api.post("it", {}, "ours")
    expect(server.asked[0]!.headers).toEqual({ "X-Bank": "1", Authorization: "Bearer x", Accept: "application/json", "Content-Type": "application/json", "Idempotency-Key": "ours" })
  })

  test.each([[null], ["X: 1"], [7], [undefined]])("%j are none", async (headers) => {
    const server = serve({ "GET it": () => ({}) })
    api.setHeaders({ "X-Bank": "1" })
    api.setHeaders(headers)
    await api.get("it")
    expect(server.asked[0]!.headers).toEqual({ Accept: "application/json" })
  })

  test("that no request can carry are left out", async () => {
    const server = serve({ "GET it": () => ({}) })
    api.setHeaders({ "X-A": "a\r\nX-B: b", "X C": "c", "X-D": 4, "X-E": "→", "X-F": "f", "X-G": "\u0000" })
    await api.get("it")
    expect(server.asked[0]!.headers).toEqual({ Accept: "application/json", "X-F": "f" })
    expect(() => new Headers(server.asked[0]!.headers)).not.toThrow()
  })
})
