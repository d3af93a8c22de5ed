// How a drawing reads in words: a sentence for each arrow, what stands under it, what the run has come to. The picture, the list
// and the announcements all speak from here.
import { stateSigns } from "./signs.ts"
import { left, span } from "./spans.ts"
import { plain } from "./text.ts"
import type { Arrow, Drawing, Moment, State, Try } from "./types.ts"
import type { Say } from "./words.ts"

// Voice is who reads: in which language, and when. Without times nothing is said that differs from run to run.
export interface Voice {
  say: Say
  locale: string
  times: boolean
  now: number // the server's time, in milliseconds
  clock: (at: number) => string // a time of day
}

// Tone is what a word is about; it is never the only sign of it.
export type Tone = "ink" | "quiet" | "go" | "wait" | "no"

export interface Phrase {
  text: string
  tone: Tone
}

// party is how people read a party. One that the drawing does not name is read as it is written.
export function party(drawing: Drawing, id: string): string {
  return plain(drawing.parties.find((p) => p.id === id)?.label || id)
}

// shown are the arrows that the picture has. What takes back, and what ends a refused run, is drawn of a run only when it is needed;
// of a flow that has not run, in a block of its own.
export function shown(drawing: Drawing, say: Say): Arrow[] {
  if (!drawing.run) {
    return drawing.arrows.map((a) => (a.undoes || a.ends ? { ...a, block: { kind: "opt", words: say("if-refused") } } : a))
  }
  const turned = drawing.status === "refused" || drawing.status === "undoing"
  return drawing.arrows.filter((a) => {
    if (a.state !== "not-yet" || a.moments?.length) return true
    if (a.ends) return turned
    if (!a.undoes) return true
    const first = drawing.arrows.find((b) => b.name === a.undoes && !b.undoes)
    return drawing.status === "undoing" && (first?.state === "done" || first?.state === "unknown" || first?.state === "undone")
  })
}

// stateWord is the state in a word or two. What was not said in a run that was refused will not be; in a flow that has not run nothing
// has a state.
export function stateWord(drawing: Drawing, arrow: Arrow, say: Say): string {
  if (!drawing.run) return ""
  if (arrow.state === "not-yet" && drawing.status === "refused" && !arrow.ends) return say("state.never")
  return say(`state.${arrow.state}`)
}

export function stateWords(say: Say): string[] {
  return [...Object.keys(stateSigns).map((state) => say(`state.${state as State}`)), say("state.never")]
}

// since is the time since the run began.
export function since(drawing: Drawing, at: string | undefined, voice: Voice): string {
  if (!at || !drawing.begun || !voice.times) return ""
  return span(Date.parse(at) - Date.parse(drawing.begun), voice.say, voice.locale)
}

export function took(arrow: { took?: number }, voice: Voice): string {
  return arrow.took === undefined || !voice.times ? "" : span(arrow.took, voice.say, voice.locale)
}

const tones: Partial<Record<State, Tone>> = { refused: "no", unknown: "wait", now: "wait", done: "go" }

export function tone(state: State): Tone {
  return tones[state] ?? "quiet"
}

// under is what stands under an arrow, beside its state: why, on whom, until when.
export function under(drawing: Drawing, arrow: Arrow, voice: Voice): Phrase | undefined {
  const text = dotted(reasons(drawing, arrow, voice))
  return text ? { text, tone: arrow.state === "done" ? "quiet" : tone(arrow.state) } : undefined
}

function reasons(drawing: Drawing, arrow: Arrow, voice: Voice): (string | undefined)[] {
  switch (arrow.state) {
    case "refused":
      return [arrow.refusal, arrow.note]
    case "unknown":
      return [again(arrow, voice), waiting(drawing, arrow, voice)]
    case "now":
      return [waiting(drawing, arrow, voice), again(arrow, voice)]
    case "undone": {
      const back = drawing.arrows.find((a) => a.undoes === arrow.name)
      return [arrow.refusal, back && voice.say("taken-back-by", { name: back.name })]
    }
    case "done":
      return [arrow.undoes && voice.say("takes-back", { name: arrow.undoes })]
    default:
      return []
  }
}

// waiting is on whom, and until when.
function waiting(drawing: Drawing, arrow: Arrow, voice: Voice): string {
  if (!arrow.waitingOn) return ""
  const words = [voice.say("waiting", { party: party(drawing, arrow.waitingOn) })]
  if (arrow.until && voice.times) {
    const ms = Date.parse(arrow.until) - voice.now
    words.push(voice.say("until", { clock: voice.clock(Date.parse(arrow.until)) }))
    return words.join(" ") + ", " + (ms > 0 ? voice.say("left", { left: left(ms, voice.say) }) : voice.say("over"))
  }
  return words.join("")
}

// again is when it is said anew. For what somebody else must say to us, and for an answer that was lost, it is us who ask.
function again(arrow: Arrow, voice: Voice): string {
  if (!arrow.again || !voice.times) return ""
  const ask = arrow.state === "unknown" || arrow.waitingOn === arrow.from
  const ms = Date.parse(arrow.again) - voice.now
  if (ms <= 0) return voice.say(ask ? "asked-now" : "said-now")
  return voice.say(ask ? "asked-again" : "said-again", { left: left(ms, voice.say) })
}

// counts reports whether something of the drawing is counted down.
export function counts(drawing: Drawing): boolean {
  return drawing.arrows.some((a) => (a.state === "now" || a.state === "unknown") && (a.again || a.until))
}

// sentence is an arrow in full: "3. Parley to Operator: signin, done, after 7 ms, took 1 ms".
export function sentence(drawing: Drawing, arrow: Arrow, voice: Voice): string {
  const { say } = voice
  const from = party(drawing, arrow.from)
  const to = party(drawing, arrow.to)
  const name = plain(arrow.name)
  const at = since(drawing, arrow.at, voice)
  const state = stateWord(drawing, arrow, say)
  const words = [
    say(from === to ? "arrow-self" : "arrow", { number: arrow.number, from, to, name }),
    at ? `${state} ${say("after", { span: at })}` : state,
  ].filter(Boolean)
  const duration = took(arrow, voice)
  if (duration) words.push(say("took", { span: duration }))
  const more = under(drawing, arrow, voice)?.text
  if (more) words.push(more)
  if (arrow.note && arrow.state !== "refused") words.push(plain(arrow.note))
  if (arrow.tries?.length) words.push(say("tries", { n: arrow.tries.length }))
  if (arrow.block) words.push(say(`${arrow.block.kind}-block`, { words: plain(arrow.block.words) }))
  if (arrow.pivot) words.push(say("pivot"))
  return words.join(", ")
}

// heading is what stands over the picture: title, what it is about, the run.
export function heading(drawing: Drawing, voice: Voice): string[] {
  const words = [plain(drawing.title || drawing.flow), plain(drawing.about)]
  if (drawing.run && voice.times) words.push(voice.say("run", { id: short(drawing.run) }))
  return words.filter(Boolean)
}

// short is as much of a run's id as people compare.
function short(id: string): string {
  return plain(id.length > 7 ? id.slice(0, 6) + "…" : id)
}

// total is how long the run has taken, up to what last happened.
export function total(drawing: Drawing, voice: Voice): string {
  if (!drawing.begun || !voice.times) return ""
  const moments = drawing.arrows.flatMap((a) => a.moments ?? []).map((m) => Date.parse(m.at))
  const begun = Date.parse(drawing.begun)
  return span(Math.max(begun, ...moments) - begun, voice.say, voice.locale)
}

// ending is where the run stands, in a line or more; with or without on whom it waits.
export function ending(drawing: Drawing, say: Say, waits = true): Phrase[] {
  if (!drawing.run) return [{ text: say("not-begun"), tone: "quiet" }]
  const lines: Phrase[] = []
  const no = drawing.refusal
  if (no) {
    const word = drawing.status === "undoing" ? "end.undoing" : "end.refused"
    lines.push({ text: say(word, { party: plain(no.byLabel || no.by), status: plain(no.status) }), tone: "no" })
  } else if (drawing.status === "done") {
    lines.push({ text: say("end.done"), tone: "go" })
  }
  const open = waits ? drawing.arrows.find((a) => a.waitingOn) : undefined
  if (open?.waitingOn) {
    lines.push({ text: say("end.waiting", { party: party(drawing, open.waitingOn), name: plain(open.name) }), tone: "wait" })
  }
  if (drawing.attention) lines.push({ text: say("end.attention", { why: plain(drawing.attention) }), tone: "wait" })
  return lines
}

// momentLine is one thing that happened to an arrow: "said, and heard · attempt 2 · after 8 ms · took 1 ms".
export function momentLine(drawing: Drawing, m: Moment, voice: Voice): string {
  return dotted([voice.say(`moment.${m.kind}`), ...tryWords(drawing, m.attempt, m, voice), m.note])
}

// tryLine is a try that did not end it.
export function tryLine(drawing: Drawing, t: Try, voice: Voice): string {
  const outcome = outcomes.has(t.outcome) ? voice.say(`moment.${t.outcome as "unheard" | "unknown" | "refused"}`) : t.outcome
  return dotted([...tryWords(drawing, t.number, t, voice), outcome, t.why])
}

const outcomes = new Set(["unheard", "unknown", "refused"])

function tryWords(drawing: Drawing, number: number | undefined, of: { at: string; took?: number }, voice: Voice): string[] {
  const at = since(drawing, of.at, voice)
  const duration = took(of, voice)
  return [
    number ? voice.say("attempt", { n: number }) : "",
    at && voice.say("after", { span: at }),
    duration && voice.say("took", { span: duration }),
  ]
}

function dotted(words: (string | undefined)[]): string {
  return plain(words.filter(Boolean).join("\u00a0· ")) // a line does not begin with a dot
}
