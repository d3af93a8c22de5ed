// All words of the picture. A language is a file in words/; English is the one whose keys the others follow.
import en from "./words/en.json"

export type Word = keyof typeof en

// Say gives a word in a language, with its {places} filled.
export type Say = (word: Word, values?: Record<string, string | number>) => string

const files = import.meta.glob<Record<Word, string>>("./words/*.json", { eager: true, import: "default" })

// languages are those that there is a file of: "en", "sv".
export const languages: Record<string, Record<Word, string>> = Object.fromEntries(
  Object.entries(files).map(([path, words]) => [path.replace(/^.*\/|\.json$/g, ""), words]),
)

// speaker speaks the language of a locale ("sv", "sv-SE"); English when there is no file of it.
export function speaker(locale: string): Say {
  const words = languages[locale] ?? languages[locale.slice(0, 2)] ?? en
  return (word, values = {}) => words[word].replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}
