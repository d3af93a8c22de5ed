// What a sandbox says, in small.
import type { Drawing } from "@parley/diagram"
import type { Party, Sandbox, Story, Summary } from "../src/types.ts"

export const operator = (more: Partial<Party> = {}): Party => ({
  id: "operator",
  label: "Operator",
  url: "http://127.0.0.1:1/",
  pages: [
    { label: "books", url: "http://127.0.0.1:1/" },
    { label: "behaviour", url: "http://127.0.0.1:1/behaviour" },
  ],
  facts: [
    { label: "balance", value: "1500.00 SEK" },
    { label: "reserved", value: "2" },
  ],
  actions: ["signin", "authorize"],
  faults: { signin: ["refuse", "lose"], authorize: ["refuse", "lose", "slow"] },
  rules: {},
  ...more,
})

export const trustly = (now = "kyc-account-credit"): Party => ({
  id: "trustly",
  label: "Trustly",
  url: "http://127.0.0.1:2/",
  actions: ["Deposit"],
  faults: { Deposit: ["refuse"] },
  rules: {},
  choices: [{ name: "scenario", field: "order", now, all: ["kyc-account-credit", "pay-fails", "made-up"] }],
})

export const story = (name: string, more: Partial<Story> = {}): Story => ({ name, title: `Title of ${name}`, about: `About ${name}.`, ...more })

export const sandbox = (more: Partial<Sandbox> = {}): Sandbox => ({
  parley: "http://127.0.0.1:0",
  shop: "http://127.0.0.1:1/shop",
  parties: [
    { id: "browser", label: "Browser", url: "http://127.0.0.1:1/shop" },
    { id: "parley", label: "Parley", url: "http://127.0.0.1:0/" },
    trustly(),
    operator(),
  ],
  stories: [story("deposit"), story("denied")],
  ...more,
})

export const run = (id: string, more: Partial<Summary> = {}): Summary => ({
  run: id,
  flow: "sign-up-and-deposit",
  title: "Sign up and deposit",
  about: `about ${id}`,
  status: "done",
  begun: "2026-01-02T03:04:05.000Z",
  changed: "2026-01-02T03:04:06.000Z",
  ...more,
})

export const drawing = (id: string, more: Partial<Drawing> = {}): Drawing => ({
  run: id,
  flow: "sign-up-and-deposit",
  title: "Sign up and deposit",
  version: 1,
  about: `about ${id}`,
  status: "open",
  now: "2026-01-02T03:04:06.000Z",
  parties: [
    { id: "browser", label: "Browser" },
    { id: "Parley", label: "Parley", server: true },
  ],
  arrows: [{ number: 1, from: "browser", to: "Parley", name: `arrow of ${id || "the flow"}`, state: id ? "done" : "not-yet" }],
  ...more,
})
