import { afterEach, expect, test, vi } from "vitest"
import { app } from "../src/app.svelte.ts"
import { boot } from "./fixtures.ts"
import { serve, settle, spoken } from "./savings.ts"

afterEach(() => void (document.body.innerHTML = ""))

test("the page's own document is what the app begins with", async () => {
  spoken("en")
  serve({ "POST views": () => new Response(null, { status: 204 }) })
  history.replaceState(null, "", "/app/")
  document.body.innerHTML = '<div id="app"></div><script type="application/json" id="boot"></script>'
  document.getElementById("boot")!.textContent = JSON.stringify(boot())
  const start = vi.spyOn(app, "start")
  await import("../src/app.ts")
  await settle()
  expect(start).toHaveBeenCalledExactlyOnceWith(JSON.parse(document.getElementById("boot")!.textContent!))
  expect(document.querySelector("h1")!.textContent).toBe("Your savings")
  expect(document.title).toBe("Your savings · Demo Bank")
})
