/// <reference types="vitest/config" />
import { built } from "../vite.shared.ts"

// The pages themselves are made by the server; here are their one style sheet and their one script.
export default built("hosted", {
  build: { rolldownOptions: { input: "src/hosted.ts" } },
  test: { environment: "jsdom", include: ["test/**/*.test.ts"] },
})
