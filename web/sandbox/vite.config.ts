/// <reference types="vitest/config" />
import { built } from "../vite.shared.ts"

// The page that package sandbox serves. While it is worked on, `npm run dev` shows it with the data of a sandbox on its usual port.
const sandbox = { target: "http://127.0.0.1:8086", changeOrigin: true, headers: { origin: "http://127.0.0.1:8086", "sec-fetch-site": "same-origin" } }

export default built("sandbox", {
  server: { proxy: { "/api": sandbox, "/live": sandbox } },
  test: {
    environment: "jsdom",
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    env: { TZ: "UTC" },
  },
})
