/// <reference types="vitest/config" />
import { built } from "../vite.shared.ts"

export default built("sdk", {
  test: { environment: "jsdom", include: ["test/**/*.test.ts"] },
})
