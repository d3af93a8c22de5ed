// What a browser has and jsdom does not.
import { vi } from "vitest"

vi.stubGlobal("matchMedia", (query: string) => ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} }))
vi.stubGlobal("EventSource", class {
  static CLOSED = 2
  readyState = 1
  addEventListener() {}
  close() {}
})
vi.stubGlobal("scrollTo", () => {})
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true
}
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  this.open = false
}
