// The pictures of a run without a page around them, for tools that have a browser.
export { toMermaid } from "./mermaid.ts"
export { toSVG, type SVGOptions } from "./svg.ts"
export type * from "./types.ts"
