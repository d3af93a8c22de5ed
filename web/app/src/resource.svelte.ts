// What a screen reads besides what all screens share. It is read when the screen is shown and again when the person's savings change; meanwhile
// the old is shown, so that nothing jumps.
import { untrack } from "svelte"
import * as api from "./api.ts"
import { app } from "./app.svelte.ts"

export class Resource<T> {
  value = $state.raw<T>()
  fault = $state.raw<unknown>()
  #address: () => string
  #turn = 0

  // address is read again when it changes; an empty one reads nothing.
  constructor(address: () => string) {
    this.#address = address
    let before: string
    $effect(() => {
      const path = this.#address()
      void app.version
      untrack(() => {
        if (path !== before) this.value = undefined
        before = path
        void this.read()
      })
    })
  }

  async read() {
    const path = untrack(this.#address)
    if (!path) return
    const turn = ++this.#turn
    try {
      const value = await api.get<T>(path)
      if (turn !== this.#turn) return // a later one was asked for
      this.value = value
      this.fault = undefined
    } catch (fault) {
      if (turn === this.#turn) this.fault = fault
    }
  }
}

export const resource = <T>(address: () => string) => new Resource<T>(address)

// Doing is something that a button does: it says whether it is being done and what went wrong, and is not done twice at once.
export class Doing {
  busy = $state(false)
  fault = $state.raw<unknown>()
  #key = ""

  // run does it. What it makes has the same key until it was answered, so that pressing again after no answer makes nothing twice.
  async run(it: (key: string) => Promise<void>): Promise<boolean> {
    if (untrack(() => this.busy)) return false // an effect that does it is not to run again because it was done
    this.busy = true
    this.fault = undefined
    this.#key ||= api.key()
    try {
      await it(this.#key)
      this.#key = ""
      return true
    } catch (fault) {
      if (!(fault instanceof api.Offline)) this.#key = ""
      this.fault = fault
      return false
    } finally {
      this.busy = false
    }
  }

  // of are the mistakes that the server found in a field.
  of(field: string): string[] {
    return this.fault instanceof api.Fault ? this.fault.of(field) : []
  }

  get none(): boolean {
    return this.fault === undefined
  }
}
