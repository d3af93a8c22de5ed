/// <reference types="vitest/config" />
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig, type Plugin } from "vite"
import { declarations } from "./declarations.ts"
import { built } from "../vite.shared.ts"

const read = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8")

// What is published stands beside what is served: dist/sdk is the package, with a manifest of its own.
function published(): Plugin {
  return {
    name: "published",
    generateBundle({ format }) {
      if (format !== "es") return
      const emit = (fileName: string, source: string) => this.emitFile({ type: "asset", fileName, source })
      const types = declarations()
      const api = read("src/api.ts")
      emit("parley-sdk.d.ts", types)
      emit("parley-sdk.d.cts", types)
      emit("api.d.ts", api)
      emit("api.d.cts", api)
      emit("README.md", read("README.md"))
      emit("package.json", manifest())
    },
  }
}

function manifest(): string {
  const { name, version, description, license, keywords } = JSON.parse(read("package.json"))
  return (
    JSON.stringify(
      {
        name,
        version,
        description,
        license,
        keywords,
        type: "module",
        sideEffects: false,
        main: "./parley-sdk.cjs",
        module: "./parley-sdk.js",
        types: "./parley-sdk.d.ts",
        unpkg: "./parley-sdk.iife.js",
        exports: {
          ".": {
            import: { types: "./parley-sdk.d.ts", default: "./parley-sdk.js" },
            require: { types: "./parley-sdk.d.cts", default: "./parley-sdk.cjs" },
          },
          "./api": { import: { types: "./api.d.ts" }, require: { types: "./api.d.cts" } },
          "./iife": "./parley-sdk.iife.js",
          "./package.json": "./package.json",
        },
        files: ["parley-sdk.js", "parley-sdk.cjs", "parley-sdk.iife.js", "parley-sdk.d.ts", "parley-sdk.d.cts", "api.d.ts", "api.d.cts"],
      },
      null,
      2,
    ) + "\n"
  )
}

// For a page without a bundler: the class as a global, and everything as ParleySDK. The other two are the names that the vendor's had.
const globals = `(function(g){g.DreamsSDK=ParleySDK.DreamsSDK;g.DreamsWebSDK=g.DreamsWebSDK||ParleySDK.DreamsSDK;g.dreamsWebSdk=g.dreamsWebSdk||ParleySDK})(globalThis);`

const library = defineConfig({
  plugins: [published()],
  build: {
    outDir: "../dist/sdk",
    emptyOutDir: true,
    target: "es2022",
    lib: {
      entry: "src/index.ts",
      name: "ParleySDK",
      formats: ["es", "cjs", "iife"],
      fileName: (format) => `parley-sdk.${{ es: "js", cjs: "cjs", iife: "iife.js" }[format as "es"]}`,
    },
    rolldownOptions: { output: { exports: "named", postFooter: (chunk) => (chunk.fileName.endsWith(".iife.js") ? globals : "") } },
  },
  test: { environment: "jsdom", include: ["test/**/*.test.ts"], testTimeout: 60_000 /* on a busy machine */ },
})

// The page that shows it is built second, into the same place: vite build --mode docs
const page = built("sdk", { root: "docs", build: { outDir: "../../dist/sdk", emptyOutDir: false } })

export default defineConfig((env) => (env.mode === "docs" ? page(env) : library))
