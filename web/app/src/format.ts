// Money, dates and shares as the person's locale writes them. Amounts are whole minor units until they are shown.
import { speech } from "./words.svelte.ts"

const made = new Map<string, Intl.NumberFormat>()
const decimals = new Map<string, number>()

// count has amounts of a currency counted as the server counts them. A browser leaves out the decimals that nobody uses any more, of the forint or
// the rupiah, which ISO 4217 still has: its amounts would be a hundred times what they are.
export function count(currency: string, digits: number) {
  decimals.set(currency, digits)
}

function numbers(currency: string, more: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${speech.formats} ${currency} ${JSON.stringify(more)}`
  let format = made.get(key)
  if (!format) made.set(key, (format = new Intl.NumberFormat(speech.formats, { style: "currency", currency, currencyDisplay: "narrowSymbol", ...more })))
  return format
}

// digits is how many digits of a currency lie behind its point: 2 for SEK, 0 for JPY, 3 for KWD.
export function digits(currency: string): number {
  return decimals.get(currency) ?? numbers(currency, {}).resolvedOptions().maximumFractionDigits ?? 2
}

export const unit = (currency: string) => 10 ** digits(currency)

// money writes an amount; a whole one without its empty decimals.
export function money(cents: number, currency: string): string {
  const one = unit(currency)
  const n = cents % one === 0 ? 0 : digits(currency)
  return numbers(currency, { minimumFractionDigits: n, maximumFractionDigits: n }).format(cents / one)
}

// symbol is how the locale calls a currency, and whether it stands before the amount.
export function symbol(currency: string): { text: string; before: boolean } {
  const parts = numbers(currency, {}).formatToParts(1)
  const at = parts.findIndex((p) => p.type === "currency")
  return { text: parts[at]?.value ?? currency, before: at < parts.findIndex((p) => p.type === "integer") }
}

// grouping is what the locale parts thousands with: "," in English.
const grouping = () => new Intl.NumberFormat(speech.formats, { useGrouping: true }).formatToParts(1e6).find((p) => p.type === "group")?.value

// amount reads what a person types as money: "1 234,50", "1,234.50". Nothing is 0; NaN is what is no amount.
export function amount(text: string, currency: string): number {
  if (text.trim() === "") return 0
  let plain = text.replace(/[\s\u00a0\u202f']/g, "").replace(/[^\d.,-]/g, "")
  const last = Math.max(plain.lastIndexOf(","), plain.lastIndexOf("."))
  const behind = last < 0 ? 0 : plain.length - last - 1
  // The last separator parts thousands when it comes more than once, when three digits are behind it that the currency has not, and when it is the
  // locale's own for them, with as many digits behind it as thousands have, or more than the currency has.
  const mark = plain[last] ?? ""
  const thousands = plain.indexOf(mark) < last || (behind === 3 && digits(currency) !== 3) || (mark === grouping() && (behind >= 3 || behind > digits(currency)))
  const decimal = last >= 0 && !thousands
  plain = decimal ? plain.slice(0, last).replace(/[.,]/g, "") + "." + plain.slice(last + 1) : plain.replace(/[.,]/g, "")
  return plain === "" || plain === "." || plain === "-" ? NaN : Math.round(Number(plain) * unit(currency))
}

// typed writes an amount as one would type it.
export function typed(cents: number, currency: string): string {
  const n = digits(currency)
  const whole = cents % unit(currency) === 0
  return new Intl.NumberFormat(speech.formats, { minimumFractionDigits: whole ? 0 : n, maximumFractionDigits: n, useGrouping: true }).format(cents / unit(currency))
}

// day reads a date, or the day of a time where the person is.
export function day(text: string): Date {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T12:00:00`) : new Date(text)
}

// iso is a day as dates are sent.
export function iso(d: Date): string {
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`
}

// date writes a day, with its year unless that is this one.
export function date(text: string): string {
  const d = day(text)
  if (Number.isNaN(d.getTime())) return text
  const year = d.getFullYear() === new Date().getFullYear() ? {} : ({ year: "numeric" } as const)
  return new Intl.DateTimeFormat(speech.formats, { day: "numeric", month: "long", ...year }).format(d)
}

// share is how much of a target there is, from 0 to 1; 0 when there is no target.
export function share(of: number, target: number | undefined): number {
  return target && target > 0 ? Math.max(0, Math.min(1, of / target)) : 0
}

// percent writes a share. What is not all of it is never 100 %.
export function percent(part: number): string {
  const rounded = part >= 1 ? 1 : Math.min(Math.floor(part * 100 + 1e-9) / 100, 0.99) // 0.29 * 100 is a little less than 29
  return new Intl.NumberFormat(speech.formats, { style: "percent" }).format(rounded)
}
