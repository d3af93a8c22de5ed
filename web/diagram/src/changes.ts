// What changed from one drawing to the next, in the order in which it happened.
import type { Arrow, Drawing } from "./types.ts"

// inOrder are the places of the arrows to which something happened, in the order of the last that did. What passes between two others
// is only known by what follows it, and goes with that.
export function inOrder(arrows: Arrow[]): number[] {
  const seqs = arrows.map((a) => a.moments?.at(-1)?.seq ?? Infinity)
  const happened = arrows.flatMap((a, i) => {
    if (seqs[i] !== Infinity) return [{ i, seq: seqs[i] ?? Infinity }]
    if (a.state === "not-yet") return []
    return [{ i, seq: a.seen ? (seqs.slice(i).find((seq) => seq < Infinity) ?? Infinity) : Infinity }]
  })
  return happened.sort((a, b) => a.seq - b.seq || a.i - b.i).map(({ i }) => i)
}

// just is how long after its beginning a run that is shown for the first time is drawn as it went.
const just = 5000

// changed are the arrows that are not as they were, in order. A run that has just begun has changed from nothing; one that was over
// long ago is shown as it is.
export function changed(before: Drawing | undefined, after: Drawing): Arrow[] {
  const same = before !== undefined && (before.run === after.run || before.run === "") && before.flow === after.flow
  if (!same) {
    const fresh = after.begun !== undefined && Date.parse(after.now) - Date.parse(after.begun) < just
    if (!fresh) return []
  }
  const old = new Map(same ? before.arrows.map((a) => [a.number, look(a)]) : [])
  return inOrder(after.arrows)
    .map((i) => after.arrows[i])
    .filter((a) => a !== undefined)
    .filter((a) => old.get(a.number) !== look(a))
}

// look is what of an arrow is drawn, and can change.
function look(a: Arrow): string {
  return [a.state, a.moments?.length ?? 0, a.tries?.length ?? 0, a.attempts ?? 0].join(" ")
}
