// Words as they are drawn: plain, measured, wrapped, shortened. What is drawn comes from elsewhere, so nothing is taken on trust.

// Measure is how wide a text is, in pixels.
export type Measure = (text: string, bold?: boolean) => number

export const fontSize = 13
export const lineHeight = 17

// plain makes words fit to be drawn: one line, and nothing that is not seen. A character that turns the direction of the text would
// reach beyond its own words and is left out; letters that are written from right to left need none.
export function plain(text: string): string {
  return text
    .replace(/[\t\n\v\f\r ]+/g, " ")
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ufffe\uffff]/g, "")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .trim()
}

// estimated measures without a screen. It errs on the wide side, because the font is the reader's own.
export const estimated: Measure = (text, bold = false) => {
  let ems = 0
  for (const c of text) {
    if (/[ijl.,:;'|!·`]/.test(c)) ems += 0.3
    else if (/[\sfrtI()[\]{}"\-/\\]/.test(c)) ems += 0.4
    else if (/[mwMW@%]/.test(c)) ems += 0.96
    else if (/[A-ZÅÄÖ_&#+<>=~—–…×]/.test(c)) ems += 0.74
    else if (c < "\u1100") ems += 0.61
    else ems += 1.1
  }
  return ems * fontSize * (bold ? 1.08 : 1)
}

// onScreen measures with the reader's own font; without a canvas it estimates.
export function onScreen(font: string): Measure {
  const canvas = typeof OffscreenCanvas === "undefined" ? null : new OffscreenCanvas(1, 1).getContext("2d")
  if (!canvas) return estimated
  const known = new Map<string, number>()
  return (text, bold = false) => {
    const style = `${bold ? 600 : 400} ${fontSize}px ${font}`
    const key = style + text
    let width = known.get(key)
    if (width === undefined) {
      canvas.font = style
      width = canvas.measureText(text).width
      if (known.size > 5000) known.clear() // counting down makes new words for ever
      known.set(key, width)
    }
    return width
  }
}

// shorten cuts a text to a width, and shows that it did.
export function shorten(text: string, width: number, measure: Measure, bold = false): string {
  if (measure(text, bold) <= width) return text
  const letters = Array.from(text)
  while (letters.length > 0 && measure(letters.join("").trimEnd() + "…", bold) > width) letters.pop()
  return letters.join("").trimEnd() + "…"
}

// wrap breaks a text into lines of a width, at most so many; a word is broken where it must be. A space that must not be broken, as
// in an amount, holds together what stands around it.
export function wrap(text: string, width: number, most: number, measure: Measure, bold = false): string[] {
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line && measure(line + " " + word, bold) > width) {
      lines.push(line)
      line = ""
    }
    line = line ? line + " " + word : word
    while (measure(line, bold) > width) {
      const letters = Array.from(line)
      let n = letters.length - 1
      while (n > 1 && measure(letters.slice(0, n).join(""), bold) > width) n--
      if (n < 1) break // narrower than a letter
      lines.push(letters.slice(0, n).join(""))
      line = letters.slice(n).join("")
    }
  }
  if (line) lines.push(line)
  if (lines.length > most) {
    const rest = lines.slice(most - 1).join(" ")
    return [...lines.slice(0, most - 1), shorten(rest, width, measure, bold)]
  }
  return lines
}
