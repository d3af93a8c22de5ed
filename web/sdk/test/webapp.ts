// A web app that does nothing but talk with its host, for browser.test.ts.
import { detect, receive, send, type IncomingEvent } from "../src/transport.ts"

const frameOrigins = document.body.dataset.origins!.split(" ")
const heard: [IncomingEvent, unknown][] = []
receive(window, { frameOrigins }, (event, message) => void heard.push([event, message]))
Object.assign(window, { heard, host: () => detect(window), tell: (event: never, message: never) => send(event, message, { frameOrigins }) })
send("onPageReadyEvent", {}, { frameOrigins })
