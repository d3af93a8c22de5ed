// JSON as people read it, in pieces: what the server has left out stands as a mark of its own.

export interface Piece {
  text: string
  redacted: boolean
}

const mark = '"[redacted]"'

export function pretty(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2)
}

export function pieces(value: unknown): Piece[] {
  if (value === "[redacted]") return [{ text: "", redacted: true }]
  return pretty(value)
    .split(mark)
    .flatMap((text, i) => (i === 0 ? [{ text, redacted: false }] : [{ text: "", redacted: true }, { text, redacted: false }]))
    .filter((p) => p.redacted || p.text !== "")
}
