// What is said aloud of changes, for who does not see them: at most one thing a second, and the sum of many instead of each.

const every = 1000
const atOnce = 3

export class Announcer {
  #waiting: string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #say: (text: string) => void
  #sum: (n: number, last: string) => string

  // say speaks; sum is what is said of so many changes, of which one was the last.
  constructor(say: (text: string) => void, sum: (n: number, last: string) => string) {
    this.#say = say
    this.#sum = sum
  }

  tell(sentences: string[]) {
    this.#waiting.push(...sentences)
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#speak(), every)
  }

  stop() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = []
  }

  #speak() {
    const all = this.#waiting
    this.stop()
    this.#say(all.length <= atOnce ? all.join(". ") : this.#sum(all.length, all.at(-1) ?? ""))
  }
}
