// What a savehack's parameters mean to a person. They come from the kind's schema, so that a kind which is new needs nothing here to be launched.
import { app } from "./app.svelte.ts"
import { money, unit } from "./format.ts"
import type { Property, Savehack } from "./types.ts"
import { known, say, speech } from "./words.svelte.ts"

export type Values = Record<string, unknown>

// weekday is a day's name; 0 is Monday.
export function weekday(n: number): string {
  return new Intl.DateTimeFormat(speech.formats, { weekday: "long" }).format(new Date(2024, 0, 1 + n))
}

// summary is what a launch takes and when, in a few words.
export function summary(values: Values & { type: string }): string {
  const kind = values.type.replace(/Launch$/, "")
  const number = (name: string) => (typeof values[name] === "number" ? (values[name] as number) : 0)
  const cents = (name: string) => money(number(name), app.currency)
  const which = kind === "Percentage" ? (values.of === "purchase" ? ".purchase" : ".income") : kind === "Moonstruck" && values.newMoon === true ? ".both" : ""
  const template = known(`kind.${kind}${which}`)
  return template.replace(/\{(\w+)\}/g, (place, name: string) => {
    if (name === "dayOfWeek") return weekday(number(name))
    if (name.endsWith("Cents")) return cents(name)
    const v = values[name] ?? (name === "percentage" ? 100 : name === "daysPerMonth" ? 4 : undefined)
    return v === undefined ? place : typeof v === "number" ? new Intl.NumberFormat(speech.formats).format(v) : String(v)
  })
}

// started are the values that a form begins with: what is suggested, and for the rest what the schema says or the least that may be.
export function started(hack: Savehack, given: Values = {}): Values {
  const out: Values = {}
  for (const [name, p] of Object.entries(hack.schema.properties)) {
    const needed = hack.schema.required?.includes(name)
    out[name] = given[name] ?? hack.suggestion[name] ?? p.default ?? (needed && p.type !== "string" ? p.minimum : undefined)
  }
  return out
}

// titled is how a parameter is called.
export function titled(kind: string, name: string, p: Property): string {
  return known(`field.${kind}.${name}`) || known(`field.${name}`, p.title ?? name)
}

// scale is how far a slider goes: to what is usual, not to what is possible, which can still be typed.
export function scale(name: string, p: Property, suggested: unknown): { min: number; max: number; step: number } {
  if (!name.endsWith("Cents")) return { min: p.minimum ?? 0, max: p.maximum ?? 100, step: p.multipleOf ?? 1 }
  const usual = typeof suggested === "number" && suggested > 0 ? suggested : 100 * unit(app.currency)
  const step = nice(usual / 20)
  return { min: Math.max(step, p.minimum ?? 0), max: Math.min(Math.ceil((usual * 5) / step) * step, p.maximum ?? Infinity), step }
}

// nice is a round number near another: 1, 2 or 5 with zeros.
function nice(n: number): number {
  const ten = 10 ** Math.floor(Math.log10(Math.max(n, 1)))
  return ([1, 2, 5, 10].find((m) => m * ten >= n) ?? 10) * ten
}

// wrong is what a person must still say; empty when it is whole. The server judges the rest.
export function wrong(hack: Savehack, values: Values): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [name, p] of Object.entries(hack.schema.properties)) {
    const v = values[name]
    const needed = hack.schema.required?.includes(name)
    if (typeof v === "number" && Number.isNaN(v)) out[name] = say("amount.wrong")
    else if (v === undefined || v === "") {
      if (needed) out[name] = say("field.missing")
    } else if (typeof v === "number" && p.minimum !== undefined && v < p.minimum) out[name] = say("field.small")
  }
  const least = values.minAmountCents ?? values.amountCents // of Everest and Rocket the first amount
  const most = values.maxAmountCents
  if (typeof least === "number" && typeof most === "number" && most < least) out.maxAmountCents = say("field.most")
  return out
}
