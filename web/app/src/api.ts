// How the web app asks its server. Whatever makes something carries a key, so that asking again when an answer was lost makes nothing twice:
// a request that got no answer is repeated under the same key, and only then said to have failed.
import type { Ask } from "./types.ts"

// Fault is an answer that is not what was asked for: mistakes by field ("dream.targetCents"), or one sentence about all of it.
export class Fault extends Error {
  status: number
  detail: string
  fields: Record<string, string[]>

  constructor(status: number, detail: string, fields: Record<string, string[]> = {}) {
    super(detail)
    this.status = status
    this.detail = detail
    this.fields = fields
  }

  // of are the mistakes of one field, whatever wrapper it was told under.
  of(name: string): string[] {
    return Object.entries(this.fields).flatMap(([field, errors]) => (field === name || field.endsWith(`.${name}`) ? errors : []))
  }
}

// Offline is no answer at all. What was asked may have been done.
export class Offline extends Error {}

// Answers that concern everybody are told here before whoever asked hears them.
export const told = {
  ask: (_: Ask[]) => {},
  signedOut: () => {},
  online: (_: boolean) => {},
}

// extra are headers that the bank's app wants along with every request. Those that say what a request is stay ours; one that no browser sends would
// keep all requests from being sent.
let extra: Record<string, string> = {}
const ours = /^(content-|accept|origin|host|cookie|idempotency-key|x-parley|sec-|if-)/i

export function setHeaders(headers: unknown) {
  extra = {}
  if (typeof headers !== "object" || headers === null) return
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string" && /^[\w-]+$/.test(name) && !ours.test(name) && /^[\t\x20-\x7e\xa0-\xff]*$/.test(value)) extra[name] = value
  }
}

// waits are how long to wait before a request is repeated, in milliseconds.
const waits = [400, 1200, 3000]
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms))

export const key = () => crypto.randomUUID()

export interface Request {
  body?: unknown
  file?: Blob // in place of a body
  key?: string // of something that is made; a new one when left out
}

// ask sends a request and reads its answer. It throws a Fault or Offline.
export async function ask<T>(method: string, path: string, request: Request = {}): Promise<T> {
  const headers: Record<string, string> = { ...extra, Accept: "application/json" }
  if (method !== "GET") headers["Content-Type"] = request.file ? request.file.type || "application/octet-stream" : "application/json"
  if (method === "POST") headers["Idempotency-Key"] = request.key ?? key()
  const init: RequestInit = { method, headers, cache: "no-store" }
  if (method !== "GET") init.body = request.file ?? JSON.stringify(request.body ?? {})
  for (let again = 0; ; again++) {
    let answer: Response | undefined
    try {
      answer = await fetch(`/app/api/${path}`, init)
      told.online(true)
    } catch {
      if (again >= waits.length) {
        told.online(false)
        throw new Offline()
      }
    }
    if (answer && (answer.status < 500 || again >= waits.length)) return read<T>(answer)
    await sleep(waits[again]!)
  }
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.status === 204) return undefined as T
  let said: Record<string, unknown> = {}
  try {
    said = (await answer.json()) as Record<string, unknown>
  } catch {
    if (answer.ok) throw new Offline() // it was cut off
  }
  if (answer.ok) {
    if (Array.isArray(said.ask) && said.ask.length > 0) told.ask(said.ask as Ask[])
    return said as T
  }
  if (answer.status === 401) told.signedOut()
  const fields: Record<string, string[]> = {}
  if (Array.isArray(said.errors)) for (const e of said.errors as { field: string; errors: string[] }[]) fields[e.field] = e.errors
  throw new Fault(answer.status, typeof said.detail === "string" ? said.detail : "", fields)
}

export const get = <T>(path: string) => ask<T>("GET", path)
export const post = <T>(path: string, body: unknown, key?: string) => ask<T>("POST", path, key ? { body, key } : { body })
export const patch = <T>(path: string, body: unknown) => ask<T>("PATCH", path, { body })
export const put = <T>(path: string, body: unknown) => ask<T>("PUT", path, { body })
export const remove = <T>(path: string, body?: unknown) => ask<T>("DELETE", path, { body })
