import { mount } from "svelte"
import "@parley/diagram/tokens.css"
import "./app.css"
import App from "./App.svelte"

mount(App, { target: document.getElementById("app")! })
