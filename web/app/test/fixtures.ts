// What a server with a person in it says: enough of everything for the screens.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Boot, Content, Dream, Group, Inspiration, Invitation, Launch, Me, Message, Property, Savehack, Transaction } from "../src/types.ts"
import type { Words } from "../src/words.svelte.ts"

export const files = { en: "/app/words/en.json", sv: "/app/words/sv.json" }
const read = (language: string) => JSON.parse(readFileSync(join(import.meta.dirname, `../public/words/${language}.json`), "utf8")) as Words
export const words: Record<"en" | "sv", Words> = { en: read("en"), sv: read("sv") }

// soon is a moment so many seconds from now.
export const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

export const dream = (more: Partial<Dream> = {}): Dream => ({
  id: "d1", type: "Dream", name: "Boat", targetCents: 2_000_000, balanceCents: 500_000, pendingCents: 0, leavingCents: 0, imageUrl: "/app/content/boat.svg",
  account: { type: "Account", id: "a1" }, createdAt: "2026-01-01T10:00:00Z", ...more,
})

export const me = (more: Partial<Me> = {}): Me => {
  const dreams = more.dreams ?? [dream()]
  const sum = (of: "balanceCents" | "pendingCents") => dreams.reduce((n, d) => n + d[of], 0)
  return {
    user: { id: "u1", givenName: "Anna" }, currency: "SEK", decimals: 2, setup: "single", performance: false, consents: false,
    session: { renewedBy: "activity", expiresAt: soon(900) }, limits: { monthlyCapCents: 0, minimumBalanceCents: 0 }, unreadMessages: 0,
    totals: { savedCents: sum("balanceCents"), pendingCents: sum("pendingCents"), residualCents: 0 }, ask: [], ...more, dreams,
  }
}

const cents: Property = { type: "integer", minimum: 1, maximum: 9007199254740991 }
const half: Property = { type: "number", minimum: 0.5, maximum: 100, multipleOf: 0.5 }

// kinds are all savehacks with their parameters, in the order of docs/savehacks.md; an optional parameter ends with "?".
export const kinds: Record<string, Record<string, Property>> = {
  OneTime: { amountCents: cents },
  Daily: { amountCents: cents },
  Weekly: { amountCents: cents, dayOfWeek: { type: "integer", minimum: 0, maximum: 6 } },
  Monthly: { amountCents: cents, dayOfMonth: { type: "integer", minimum: 1, maximum: 31 } },
  Autopilot: {},
  Thief: { minAmountCents: cents, maxAmountCents: cents },
  Roulette: { minAmountCents: cents, maxAmountCents: cents },
  CalendarChaos: { amountCents: { ...cents, maximum: 290554814669064 }, "daysPerMonth?": { type: "integer", minimum: 1, maximum: 28, default: 4 } },
  Moonstruck: { amountCents: cents, "newMoon?": { type: "boolean", default: false } },
  Rocket: { amountCents: cents, stepCents: cents, "maxAmountCents?": cents },
  Everest: { amountCents: cents, stepCents: cents, maxAmountCents: cents },
  Percentage: { percentage: half, "of?": { type: "string", enum: ["income", "purchase"], default: "income" }, "maxAmountCents?": cents },
  Roundup: { roundToCents: { ...cents, minimum: 2 } },
  Copycat: { launchId: { type: "string" }, "percentage?": { ...half, maximum: 1000, default: 100 }, "maxAmountCents?": cents },
}

export function hack(kind: string, more: Partial<Savehack> = {}): Savehack {
  const all = Object.entries(kinds[kind]!)
  const bare = (name: string) => name.replace("?", "")
  return {
    id: `s-${kind}`, type: `${kind}Launch`, kind, name: `The ${kind}`, sentence: `What ${kind} does.`, how: `How ${kind} does it.`,
    schema: { properties: Object.fromEntries(all.map(([name, p]) => [bare(name), p])), required: all.filter(([name]) => !name.endsWith("?")).map(([name]) => name) },
    suggestion: kind === "Daily" ? { amountCents: 1000 } : {}, picture: { url: `/app/content/${kind}.svg`, alt: "" }, ...more,
  }
}

export const inspiration = (id: string, more: Partial<Inspiration> = {}): Inspiration => ({
  id, name: `A ${id}`, sentence: `Why a ${id}.`, targetCents: 1_000_000, durationSeconds: 31_536_000, picture: { url: `/app/content/${id}.svg`, alt: id }, ...more,
})

export const content = (more: Partial<Content> = {}): Content => ({
  inspirations: ["journey", "home", "car", "buffer"].map((id) => inspiration(id)), savehacks: Object.keys(kinds).map((kind) => hack(kind)),
  pictures: { empty: "/app/content/empty.svg", handover: "/app/content/handover.svg", reached: "/app/content/reached.svg" }, texts: {}, ...more,
})

export const boot = (more: Partial<Boot> = {}): Boot => ({ lang: "en", words: files, frameOrigins: ["https://bank.example"], name: "Demo Bank", me: me(), content: content(), ...more })

export const launch = (more: Partial<Launch> = {}): Launch => ({
  id: "l1", type: "DailyLaunch", dream: dream(), savehack: { type: "Savehack", id: "s-Daily" }, state: "active", stopAtGoal: true, amountCents: 1000, createdAt: "2026-01-02T10:00:00Z", ...more,
})

export const transaction = (id: string, more: Partial<Transaction> = {}): Transaction => ({
  id, type: "Deposit", amountCents: 1000, state: "settled", requestedAt: "2026-02-01T10:00:00Z", toDream: { type: "Dream", id: "d1", name: "Boat" }, ...more,
})

export const message = (id: string, more: Partial<Message> = {}): Message => ({
  id, translatedTitle: { en: `Title ${id}`, sv: `Rubrik ${id}` }, translatedBody: { en: `Body ${id}` }, createdAt: "2026-02-01T10:00:00Z", ...more,
})

export const group = (more: Partial<Group> = {}): Group => ({
  id: "g1", code: "KAYAK7", link: "https://bank.example/join/KAYAK7", name: "Boat", savedCents: 700_000, targetCents: 2_000_000,
  members: [{ name: "Anna S", you: true, owner: true, joinedAt: "2026-01-01T10:00:00Z" }, { name: "Bo L", joinedAt: "2026-01-05T10:00:00Z" }],
  activity: [{ at: "2026-01-06T10:00:00Z", name: "Bo L", type: "DailyLaunch", amountCents: 1500, launchId: "l9" }], ...more,
})

export const invitation = (more: Partial<Invitation> = {}): Invitation => ({ id: "g1", code: "KAYAK7", name: "Boat", targetCents: 2_000_000, owner: "Anna S", members: 3, ...more })
