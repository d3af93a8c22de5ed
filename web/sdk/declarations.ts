// Makes one declaration file of the modules that a bank's page has of the SDK.
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const here = fileURLToPath(new URL(".", import.meta.url))
const modules = ["messages", "handler", "sdk"] // each after those that it imports

/** The text of parley-sdk.d.ts. */
export function declarations(): string {
  const paths = modules.map((name) => resolve(here, `src/${name}.ts`))
  const made = new Map<string, string>()
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
    strict: true,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    allowImportingTsExtensions: true,
    newLine: ts.NewLineKind.LineFeed,
  }
  const program = ts.createProgram(paths, options)
  const result = program.emit(undefined, (file, text) => made.set(file.replace(/^.*\/|\.d\.ts$/g, ""), text))
  const wrong = [...ts.getPreEmitDiagnostics(program), ...result.diagnostics]
  if (wrong.length) throw new Error(ts.formatDiagnostics(wrong, { getCanonicalFileName: (f) => f, getCurrentDirectory: () => here, getNewLine: () => "\n" }))
  const parts = modules.map((name) =>
    made
      .get(name)!
      .replace(/^import .*;\n/gm, "")
      .replace(/^export \{\};\n/gm, "")
      .trim(),
  )
  // Without the last line, whatever stands in a declaration file counts as exported.
  return [...parts, "export { DreamsSDK as default };", ""].join("\n")
}
