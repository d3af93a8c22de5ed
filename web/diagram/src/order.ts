// When each arrow that changed is drawn: one after the other, also when the next drawing comes before the last has been drawn.

const step = 180 // milliseconds from one arrow to the next
const longest = 4000 // however many they are

export interface Turn {
  generation: number // a new one is drawn anew
  delay: number
}

export class Order {
  #generation = 0
  #busyUntil = 0

  // next gives each arrow its turn. now is any clock that goes on.
  next(numbers: number[], now: number): Map<number, Turn> {
    this.#generation++
    const each = Math.min(step, longest / (numbers.length || 1))
    const start = Math.max(now, this.#busyUntil)
    this.#busyUntil = start + numbers.length * each
    return new Map(numbers.map((n, i) => [n, { generation: this.#generation, delay: Math.round(start - now + i * each) }]))
  }
}
