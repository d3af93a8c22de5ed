// What a hosted page does more with script than without: it hears at once that things have changed, keeps a QR code fresh, offers help
// after a while, and searches a long list. Each of these has a way without script in the page itself.
import './hosted.css'

const body = document.body
const said = document.getElementById('said')

/** Goes to an address in place of this one, so that nobody comes back to a page that has nothing more to say. */
const go = (address: string) => location.replace(address)

/** Looks at this page again, and puts in what has changed; where the page now leads elsewhere, it goes there. */
async function again(): Promise<void> {
  const address = body.dataset.again ?? location.href
  let page: Document
  try {
    const answer = await fetch(address, { redirect: 'manual', headers: { Accept: 'text/html' } })
    if (!answer.ok) return go(address) // it leads elsewhere, or says what is wrong
    page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  } catch {
    return // not reachable at the moment: the stream says when it is again
  }
  const before = document.querySelector('main')
  const now = page.querySelector('main')
  if (!now || !before) return go(address)
  const focused = before.contains(document.activeElement)
  before.replaceWith(document.adoptNode(now))
  document.title = page.title
  for (const name of ['state', 'again', 'go', 'seconds']) {
    const value = page.body.dataset[name]
    if (value === undefined) delete body.dataset[name]
    else body.dataset[name] = value
  }
  if (focused) now.querySelector('h1')?.focus()
  if (said) said.textContent = [...now.querySelectorAll('h1, h1 ~ p:not([class])')].map((e) => e.textContent).join('. ')
  settle()
}

/**
 * Hears from the server how things stand. A browser reconnects by itself; when it gives up, the page is loaded anew. A page that nobody has
 * looked at for a minute lets go: a browser has only so many connections, and another tab of ours may need one.
 */
function follow(events: string): void {
  let stream: EventSource | undefined
  let leaving: ReturnType<typeof setTimeout> | undefined
  const close = () => {
    stream?.close()
    stream = undefined
  }
  const open = () => {
    clearTimeout(leaving)
    if (stream) return
    const now = (stream = new EventSource(events))
    now.addEventListener('state', (e) => {
      if (JSON.parse(e.data) !== body.dataset.state) void again()
    })
    now.onerror = () => {
      if (now.readyState === EventSource.CLOSED) setTimeout(() => go(body.dataset.again ?? location.href), 3000)
    }
  }
  open()
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') open()
    else leaving = setTimeout(close, 60_000)
  })
  addEventListener('pagehide', close)
  addEventListener('pageshow', (e) => {
    if (e.persisted) location.reload() // kept by the browser as it was then
  })
}

/** Fetches an image anew before it grows old, as long as it is there to be seen. */
function fresh(image: HTMLImageElement): void {
  const address = image.src.split('?')[0] ?? ''
  const timer = setInterval(() => {
    if (!image.isConnected) return clearInterval(timer)
    if (document.visibilityState !== 'visible') return
    const next = new Image()
    next.onload = () => { image.src = next.src }
    next.src = `${address}?${Date.now()}`
  }, Math.max(500, Number(image.dataset.every)))
}

function search(field: HTMLInputElement): void {
  const choices = [...document.querySelectorAll<HTMLElement>('.choices li')]
  const none = document.querySelector<HTMLElement>('.none')
  field.closest('p')!.hidden = false
  field.addEventListener('input', () => {
    const wanted = field.value.trim().toLocaleLowerCase()
    for (const c of choices) c.hidden = !(c.querySelector('strong')?.textContent ?? '').toLocaleLowerCase().includes(wanted)
    if (none) none.hidden = choices.some((c) => !c.hidden)
  })
}

/** Brings what is in the page to life. */
function settle(): void {
  for (const help of document.querySelectorAll<HTMLElement>('[data-after]')) setTimeout(() => { help.hidden = false }, Number(help.dataset.after) * 1000)
  for (const image of document.querySelectorAll<HTMLImageElement>('img[data-every]')) fresh(image)
  const field = document.querySelector<HTMLInputElement>('#search')
  if (field) search(field)
  if (body.dataset.again) history.replaceState(null, '', body.dataset.again) // so that a reload knows how long the person has waited
  const to = body.dataset.go
  if (to) setTimeout(() => go(to), Number(body.dataset.seconds) * 1000)
}

settle()
if (body.dataset.events) follow(body.dataset.events)
