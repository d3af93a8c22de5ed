import { flushSync } from "svelte"
import { afterEach, describe, expect, test, vi } from "vitest"
import { Fault, Offline, post } from "../src/api.ts"
import { app } from "../src/app.svelte.ts"
import { Doing, resource, type Resource } from "../src/resource.svelte.ts"
import { fault, lost, serve, settle } from "./savings.ts"

let end = () => {}
afterEach(() => {
  end()
  vi.useRealTimers()
})

// held is an answer that a test gives when it likes.
function held() {
  const waiting: ((v: unknown) => void)[] = []
  return { answer: () => new Promise((done) => waiting.push(done)), give: (n: number, v: unknown) => waiting[n]!(v), waiting }
}

function read(address: () => string): Resource<{ n: number }> {
  let it: Resource<{ n: number }> | undefined
  end = $effect.root(() => {
    it = resource<{ n: number }>(address)
  })
  flushSync()
  return it!
}

describe("a resource", () => {
  test("is read, and again when the savings change; meanwhile the old is shown", async () => {
    const h = held()
    serve({ "GET it": h.answer })
    const it = read(() => "it")
    expect(it.value).toBeUndefined()
    h.give(0, { n: 1 })
    await settle()
    expect(it.value).toEqual({ n: 1 })
    app.version++
    flushSync()
    await settle()
    expect(h.waiting).toHaveLength(2)
    expect(it.value).toEqual({ n: 1 })
    h.give(1, { n: 2 })
    await settle()
    expect(it.value).toEqual({ n: 2 })
    expect(h.waiting).toHaveLength(2)
  })

  test("is the later of two, whichever comes first", async () => {
    const h = held()
    serve({ "GET it": h.answer })
    const it = read(() => "it")
    app.version++
    flushSync()
    await settle()
    h.give(1, { n: 2 })
    await settle()
    h.give(0, { n: 1 })
    await settle()
    expect(it.value).toEqual({ n: 2 })
    expect(it.fault).toBeUndefined()
  })

  test("of another address is not shown under this one", async () => {
    serve({ "GET a": () => ({ n: 1 }), "GET b": () => ({ n: 2 }) })
    let path = $state("a")
    const it = read(() => path)
    await settle()
    expect(it.value).toEqual({ n: 1 })
    path = "b"
    flushSync()
    expect(it.value).toBeUndefined()
    await settle()
    expect(it.value).toEqual({ n: 2 })
  })

  test("without an address is not read", async () => {
    const server = serve()
    const it = read(() => "")
    await it.read()
    expect(server.asked).toEqual([])
    expect(it.value).toBeUndefined()
  })

  test("that is not there is a fault, and what was there stays beside the fault", async () => {
    let gone = false
    serve({ "GET it": () => (gone ? fault(404) : { n: 1 }) })
    const it = read(() => "it")
    await settle()
    gone = true
    await it.read()
    expect(it.value).toEqual({ n: 1 })
    gone = false
    await it.read()
    expect(it.fault).toBeUndefined()
  })
})

describe("doing", () => {
  test("is not done twice at once", async () => {
    const doing = new Doing()
    let done = (_?: unknown) => {}
    const it = vi.fn(() => new Promise<void>((d) => (done = d as () => void)))
    const first = doing.run(it)
    expect(doing.busy).toBe(true)
    expect(await doing.run(it)).toBe(false)
    done()
    expect(await first).toBe(true)
    expect(doing.busy).toBe(false)
    expect(it).toHaveBeenCalledOnce()
  })

  test("has the same key until it was answered", async () => {
    const doing = new Doing()
    const keys: string[] = []
    const run = (error?: unknown) => doing.run(async (key) => {
      keys.push(key)
      if (error) throw error
    })
    expect(await run(new Offline())).toBe(false)
    expect(doing.fault).toBeInstanceOf(Offline)
    await run(new Offline())
    await run()
    expect(doing.none).toBe(true)
    await run(new Fault(409, ""))
    await run()
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).toBe(keys[0])
    expect(new Set(keys).size).toBe(3)
  })

  test("sends the key with each try, so that pressing again makes nothing twice", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    let there = false
    const server = serve({ "POST it": () => (there ? {} : lost()) })
    const doing = new Doing()
    const press = async () => {
      const ok = doing.run(async (key) => void (await post("it", {}, key)))
      await vi.advanceTimersByTimeAsync(10_000)
      return ok
    }
    expect(await press()).toBe(false)
    there = true
    expect(await press()).toBe(true)
    expect(server.asked).toHaveLength(5)
    expect(new Set(server.asked.map((a) => a.headers["Idempotency-Key"])).size).toBe(1)
    await press()
    expect(new Set(server.asked.map((a) => a.headers["Idempotency-Key"])).size).toBe(2)
  })

  test("has the mistakes by field", async () => {
    const doing = new Doing()
    expect(doing.of("name")).toEqual([])
    await doing.run(async () => {
      throw new Fault(400, "", { "dream.name": ["is missing"] })
    })
    expect(doing.of("name")).toEqual(["is missing"])
    await doing.run(async () => {
      throw new Error("else")
    })
    expect(doing.of("name")).toEqual([])
    expect(doing.none).toBe(false)
  })

  test("within an effect is done once, however it ends", async () => {
    for (const error of [undefined, new Fault(404, "")]) {
      const doing = new Doing()
      const it = vi.fn(async () => {
        if (error) throw error
      })
      const stop = $effect.root(() => {
        $effect(() => void doing.run(it))
      })
      flushSync()
      await settle()
      await settle()
      stop()
      expect(it).toHaveBeenCalledOnce()
    }
  })
})
