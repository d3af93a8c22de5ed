// All words of the page. A language is a file in words/; English is the one whose keys the others follow. What a story is called and
// about comes from the sandbox in English; other languages have it in their file.
import en from "./words/en.json"
import type { Party, Rule } from "./types.ts"

export type Word = keyof typeof en

// Say gives a word in a language, with its {places} filled; what is not a word of the page is given back as it is.
export type Say = (word: Word, values?: Record<string, string | number>) => string

type Words = Record<string, string>
const files = import.meta.glob<Words>("./words/*.json", { eager: true, import: "default" })

// languages are those that there is a file of: "en", "sv".
export const languages: Record<string, Words> = Object.fromEntries(
  Object.entries(files).map(([path, words]) => [path.replace(/^.*\/|\.json$/g, ""), words]),
)

// speaker speaks a language.
export function speaker(language: string): Say {
  const words = languages[language] ?? en
  return (word, values = {}) => (words[word] ?? en[word]).replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}

// known is what the language calls something that the sandbox named, or else its own word for it.
export function known(language: string, word: string, otherwise: string): string {
  return languages[language]?.[word] ?? (en as Words)[word] ?? otherwise
}

// often says how often something is to happen.
export function often(say: Say, times: number): string {
  if (times < 0) return say("times.always")
  return times === 1 ? say("times.once") : times === 2 ? say("times.twice") : say("times.n", { n: times })
}

// ruled says how an action misbehaves, and how often: "refuses authorize, once".
export function ruled(say: Say, language: string, action: string, rule: Rule): string {
  const what = known(language, `does.${rule.fault}`, `${rule.fault}: {action}`).replace("{action}", action)
  return `${what}, ${often(say, rule.times)}`
}

// chosen says what was chosen of several ways to be.
export function chosen(language: string, choice: string, value: string): string {
  return known(language, `${choice}.${value || "usual"}`, value)
}

// bent are all the ways in which a party was told to be other than usual, in words.
export function bent(say: Say, language: string, party: Party): string[] {
  const rules = Object.entries(party.rules ?? {}).map(([action, rule]) => ruled(say, language, action, rule))
  const choices = (party.choices ?? []).filter((c) => c.now !== c.all[0]).map((c) => chosen(language, c.name, c.now))
  return [...rules, ...choices]
}

// valued writes an amount as the language does: "500.00 SEK" is 500,00 kr in Swedish. A number stays one.
export function valued(language: string, value: string): string {
  const amount = /^(-?\d+(?:\.\d+)?) ([A-Z]{3})$/.exec(value)
  if (!amount) return value
  return new Intl.NumberFormat(language, { style: "currency", currency: amount[2]! }).format(Number(amount[1]))
}

// preferred is the language to begin with: the one chosen before, else the browser's, else English.
export function preferred(): string {
  const wanted = [remembered(), ...navigator.languages.map((l) => l.slice(0, 2))]
  return wanted.find((l) => l && l in languages) ?? "en"
}

function remembered(): string {
  try {
    return localStorage.getItem("language") ?? ""
  } catch {
    return "" // a browser that keeps nothing
  }
}

// remember keeps the language for the next time.
export function remember(language: string) {
  try {
    localStorage.setItem("language", language)
  } catch {
    // a browser that keeps nothing
  }
}
