import { mount } from "svelte"
import "./app.css"
import App from "./App.svelte"
import { app } from "./app.svelte.ts"
import type { Boot } from "./types.ts"

const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}") as Boot
const started = app.start(boot)
mount(App, { target: document.getElementById("app")! })
void started
