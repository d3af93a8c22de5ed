/// <reference types="vitest/config" />
import { built } from "../vite.shared.ts"

// The page itself is made by the server (package app); here are its style sheet, its script, and a second script with the screens that nobody
// sees first.
export default built("app", {
  build: { cssCodeSplit: false, rolldownOptions: { input: "src/app.ts" } },
  test: { environment: "jsdom", include: ["test/**/*.test.ts"], setupFiles: ["test/setup.ts"], env: { TZ: "UTC" } },
})
