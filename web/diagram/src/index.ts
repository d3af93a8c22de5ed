// The live diagram of a run, for the pages of this workspace. They bring tokens.css once, for everything.
export { default as Diagram } from "./Diagram.svelte"
export { toMermaid } from "./mermaid.ts"
export { toSVG, type SVGOptions } from "./svg.ts"
export type * from "./types.ts"
export { languages, speaker, type Say } from "./words.ts"
export { partySign, signSize, stateSigns } from "./signs.ts"
