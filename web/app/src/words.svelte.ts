// All words of the web app. A language is a file in public/words/, of which a visit reads one; English is the one whose keys the others follow. A
// partner may replace any of them.
import type en from "../public/words/en.json"

export type Word = keyof typeof en
export type Words = Record<string, string>

class Speech {
  locale = $state("en") // as the person's: "sv-SE"
  texts = $state.raw<Words>({}) // the partner's own
  #words = $state.raw<Words>({})
  #files: Record<string, string> = {}
  #language = $state("en") // of the words that are there

  get language(): string {
    return this.#language
  }

  // ready is whether there are any words yet.
  get ready(): boolean {
    return "app.name" in this.#words
  }

  // languages are those that there is a file of.
  get languages(): string[] {
    return Object.keys(this.#files)
  }

  // formats is the locale of dates and amounts: in the language that is spoken, so that months do not come in another one.
  get formats(): string {
    return this.locale.slice(0, 2).toLowerCase() === this.#language ? this.locale : this.#language
  }

  // speak reads the words of a locale, or English ones when there are none. files are the addresses by language.
  async speak(locale: string, files: Record<string, string> = this.#files) {
    this.#files = files
    const wanted = locale.replace("_", "-")
    const own = wanted.slice(0, 2).toLowerCase()
    const language = own in files ? own : "en"
    const answer = await fetch(files[language] ?? "")
    if (!answer.ok) throw new Error(`no words of ${language}`)
    this.know(language, (await answer.json()) as Words)
    this.locale = wanted
    document.documentElement.lang = language
  }

  know(language: string, words: Words) {
    this.#words = words
    this.#language = language
  }

  find(key: string): string | undefined {
    return this.texts[key] ?? this.#words[key]
  }
}

export const speech = new Speech()

// What is said when there are no words yet, and so no language.
const wordless: Record<string, string> = { "problem.title": "Something is missing", "problem.offline": "We got no answer. Check your connection and try again.", "problem.again": "Try again", "page.loading": "…" }

// say says a word, with its {places} filled. With n, a word that has a form ".one" is told of one in that.
export function say(word: Word, values: Record<string, string | number> = {}): string {
  const one = values.n === 1 ? speech.find(`${word}.one`) : undefined
  return (one ?? speech.find(word) ?? wordless[word] ?? "").replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}

// known says a word whose key is put together, or gives what to say without it.
export function known(key: string, otherwise = ""): string {
  return speech.find(key) ?? otherwise
}

// translated picks the text of a message in the person's language, or in one that there is.
export function translated(texts: Record<string, string> | undefined): string {
  if (!texts) return ""
  const wanted = [speech.locale, speech.locale.replace("-", "_"), speech.language, "en"]
  for (const locale of wanted) if (texts[locale]) return texts[locale]
  const near = Object.keys(texts).find((l) => l.slice(0, 2) === speech.language) ?? Object.keys(texts)[0]
  return near ? texts[near]! : ""
}
