/// <reference types="vitest/config" />
import { built } from "../vite.shared.ts"

// The page itself is made by the server (package app); here are its one style sheet and its one script. They are one file each: on a slow
// telephone a second round costs more than what a visit does not use of the first.
export default built("app", {
  build: { cssCodeSplit: false, rolldownOptions: { input: "src/app.ts", output: { codeSplitting: false } } },
  test: { environment: "jsdom", include: ["test/**/*.test.ts"], setupFiles: ["test/setup.ts"], env: { TZ: "UTC" } },
})
