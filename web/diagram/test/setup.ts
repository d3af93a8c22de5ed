// What a browser has and jsdom lacks, as far as the component needs it: the size of things is what a test says it is, and a modal
// dialog is open until it is closed. The real ones are tried in browser.test.ts.
import { afterEach, vi } from "vitest"

export const size = { width: 0 }

if (typeof HTMLElement !== "undefined") {
  Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, get: () => size.width })
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  )
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true
    this.querySelector<HTMLElement>("button")?.focus()
  }
  HTMLDialogElement.prototype.close = function () {
    if (!this.open) return
    this.open = false
    this.dispatchEvent(new Event("close"))
  }
}

afterEach(() => {
  size.width = 0
})
