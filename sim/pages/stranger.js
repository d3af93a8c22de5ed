// A page of nobody's origin says things into the frame beside it, and to the page around. Neither may do anything about it.
const frames = [...Array(parent.length)].map((_, i) => parent.frames[i]).filter((frame) => frame !== window)
for (const message of [{ event: "navigateTo", message: { location: "/marketplace" } }, { event: "onSignOutRequested", message: {} }]) {
  for (const frame of frames) frame.postMessage(JSON.stringify(message), "*")
}
parent.postMessage(JSON.stringify({ event: "onExitRequested", message: {} }), "*")
