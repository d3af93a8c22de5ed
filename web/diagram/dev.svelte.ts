// A page for whoever works on the diagram: every fixture, one under the other, in a language: ?locale=sv. ?only=done shows one of them;
// ?play=not-begun,waiting,done shows one after the other, at each press of a button.
import { mount } from "svelte"
import "./dev.css"
import { Diagram, type Drawing } from "./src/index.ts"
import "./src/tokens.css"

const files = import.meta.glob<Drawing>("./fixtures/*.json", { eager: true, import: "default" })
const fixtures = new Map(Object.entries(files).map(([path, drawing]) => [path.replace(/^.*\/|\.json$/g, ""), drawing]))
const query = new URLSearchParams(location.search)
const locale = query.get("locale") ?? "en"
const main = document.body.appendChild(document.createElement("main"))
document.documentElement.lang = locale

main.appendChild(document.createElement("h1")).textContent = "Diagram"
const play = query.get("play")?.split(",")
if (play) {
  const button = main.appendChild(document.createElement("button"))
  let at = 0
  const drawing = () => fixtures.get(play[at % play.length] ?? "")
  const first = drawing()
  if (first) {
    const props = $state({ drawing: first, locale })
    mount(Diagram, { target: main, props })
    button.textContent = "Next"
    button.onclick = () => {
      at++
      // They are one run, however they were made.
      props.drawing = { ...(drawing() ?? first), run: props.drawing.run || drawing()?.run || "" }
    }
  }
} else {
  for (const [name, drawing] of fixtures) {
    if (query.has("only") && query.get("only") !== name) continue
    main.appendChild(document.createElement("h2")).textContent = name
    const target = main.appendChild(document.createElement("div"))
    target.dataset.fixture = name
    mount(Diagram, { target, props: { drawing, locale } })
  }
}
