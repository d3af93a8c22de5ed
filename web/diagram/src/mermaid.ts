// A run as a Mermaid sequenceDiagram: what happened, with notes where it did not simply go well. Of a flow that has not run, all that
// can happen.
import { columns } from "./columns.ts"
import { ending, shown, stateWord, under, type Voice } from "./reading.ts"
import { estimated, plain } from "./text.ts"
import type { Arrow, Drawing } from "./types.ts"
import { speaker } from "./words.ts"

export function toMermaid(drawing: Drawing, { locale = "en" }: { locale?: string } = {}): string {
  // Mermaid has no clock: without times, nothing in it is wrong a second later.
  const voice: Voice = { say: speaker(locale), locale, times: false, now: 0, clock: () => "" }
  const arrows = shown(drawing, voice.say).filter((a) => !drawing.run || a.state !== "not-yet")
  const cols = columns(drawing, arrows, 0, 1000, estimated)
  const ids = cols.all.map((c) => id(c.id))
  const who = (party: string) => ids[cols.of(party)] ?? id(party)
  const across = ids.length > 1 ? `${ids[0]},${ids.at(-1)}` : String(ids[0])
  const lines = ["sequenceDiagram"]
  let depth = 1
  const line = (words: string) => lines.push("    ".repeat(depth) + words)

  for (const [i, c] of cols.all.entries()) {
    line(ids[i] === c.label ? `participant ${ids[i]}` : `participant ${ids[i]} as ${text(c.label)}`)
  }
  let open: Arrow["block"]
  const close = () => {
    if (!open) return
    depth--
    line("end")
    open = undefined
  }
  for (const a of arrows) {
    if (open && (a.block?.kind !== open.kind || a.block.words !== open.words)) close()
    if (a.block && open?.kind === "par") {
      depth--
      line("and")
      depth++
    }
    if (a.block && !open) {
      line(`${a.block.kind} ${text(a.block.words)}`)
      depth++
      open = a.block
    }
    const [from, to] = [who(a.from), who(a.to)]
    const over = from === to ? from : `${from},${to}`
    if (a.state === "skipped") {
      line(`Note over ${over}: ${text(`${voice.say("state.skipped")}: ${a.name}`)}`)
    } else {
      const times = (a.attempts ?? 1) > 1 ? ` ${voice.say("times", { n: a.attempts ?? 1 })}` : ""
      line(`${from}${head(a)}${to}: ${text(a.name + times)}`)
      const why = under(drawing, a, voice)?.text
      const state = a.state === "done" || a.state === "not-yet" ? "" : stateWord(drawing, a, voice.say)
      const note = [state, why].filter(Boolean).join(": ")
      if (note) line(`Note over ${over}: ${text(note)}`)
    }
    if (a.pivot) line(`Note over ${across}: ${text(voice.say("pivot"))}`)
  }
  close()
  // On whom it waits stands at the arrow.
  if (drawing.run) for (const end of ending(drawing, voice.say, false)) line(`Note over ${across}: ${text(end.text)}`)
  return lines.join("\n") + "\n"
}

// head is a cross where it was refused, open while it is under way, dashed where the answer was lost, where it passed between two
// others, and for answers of ours.
function head(a: Arrow): string {
  if (a.state === "refused") return "-x"
  if (a.state === "unknown") return "--x"
  if (a.state === "now") return "-)"
  return a.seen || a.reply ? "-->>" : "->>"
}

// id is a party as Mermaid can name it: in an id, what is no letter or digit may mean something else, and "end" ends a block.
function id(name: string): string {
  const plainID = name.replace(/[^\p{L}\p{Nd}]/gu, "_")
  return plainID.toLowerCase() === "end" ? plainID + "_" : plainID
}

// text keeps words from ending a Mermaid line: there, # begins an entity and ; ends a statement.
function text(words: string): string {
  const escapes: Record<string, string> = { "#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;" }
  return plain(words).replace(/[#;<>]/g, (c) => escapes[c] ?? c)
}
