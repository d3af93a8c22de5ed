// A stream of server-sent events that is kept for as long as somebody looks at the page: a browser holds few connections to one
// server, so a page that is hidden lets go of its own.
export interface Listener {
  on: Record<string, (data: never) => void>
  opened?: () => void
  lost?: () => void // and it is tried again, until the listener ends
}

const again = 2000

export function listen(url: string, { on, opened, lost }: Listener): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const open = () => {
    close()
    source = new EventSource(url)
    source.onopen = () => opened?.()
    source.onerror = () => {
      // A browser tries again by itself when the line breaks, but not when it was told no.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, again)
      lost?.()
    }
    for (const [name, hear] of Object.entries(on)) {
      source.addEventListener(name, (e) => hear(JSON.parse((e as MessageEvent<string>).data) as never))
    }
  }
  const close = () => {
    clearTimeout(timer)
    source?.close()
    source = undefined
  }
  const look = () => (document.hidden ? close() : open())

  document.addEventListener("visibilitychange", look)
  look()
  return () => {
    document.removeEventListener("visibilitychange", look)
    close()
  }
}
