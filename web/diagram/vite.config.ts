/// <reference types="vitest/config" />
import { built } from "../vite.shared.ts"

// The library that is built is for tools that have a browser and a run: the picture as SVG, and as Mermaid. Pages take the
// component from its source, through the workspace.
export default built("diagram", {
  build: { lib: { entry: { diagram: "src/pictures.ts" }, formats: ["es"] } },
  test: {
    environment: "jsdom",
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    css: true, // the picture's looks are a part of the file that toSVG makes
    testTimeout: 60_000, // on a busy machine
    env: { TZ: "UTC" },
  },
})
