// Lengths of time, as they stand beside an arrow and as they are counted down.
import type { Say } from "./words.ts"

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

// span is a length of time: milliseconds as long as they say something.
export function span(ms: number, say: Say, locale: string): string {
  if (ms > 0 && ms < 1) return say("span.under")
  if (ms < 10 * second) return say("span.ms", { n: Math.floor(Math.max(ms, 0)) })
  if (ms < minute) {
    const n = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(Math.floor(ms / 100) / 10)
    return say("span.s", { n })
  }
  return long(ms, say)
}

// left is what is left of a wait, in whole seconds.
export function left(ms: number, say: Say): string {
  return ms < minute ? say("span.s", { n: Math.max(Math.ceil(ms / second), 0) }) : long(ms, say)
}

function long(ms: number, say: Say): string {
  if (ms < hour) return say("span.min", { n: Math.floor(ms / minute), m: Math.floor((ms % minute) / second) })
  if (ms < day) return say("span.h", { n: Math.floor(ms / hour), m: Math.floor((ms % hour) / minute) })
  return say("span.d", { n: Math.floor(ms / day), m: Math.floor((ms % day) / hour) })
}
