// What a hosted page does more with script than without: it hears at once that things have changed, keeps a QR code fresh, offers help
// after a while, and searches a long list. Each of these has a way without script in the page itself.

const body = document.body
const said = document.getElementById('said')

/** Looks at this page again, and puts in what has changed; where the page now leads elsewhere, it goes there. */
async function again(state: string): Promise<void> {
  const address = body.dataset.again ?? location.href
  let page: Document
  try {
    const answer = await fetch(address, { redirect: 'manual', headers: { Accept: 'text/html' } })
    if (answer.type === 'opaqueredirect' || !answer.ok) return location.replace(address)
    page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  } catch {
    return // not reachable at the moment: the stream says when it is again
  }
  const now = page.querySelector('main')
  const before = document.querySelector('main')
  if (!now || !before || page.querySelector('meta[http-equiv=refresh]:not(noscript *)')) return location.replace(address)
  const focused = before.contains(document.activeElement)
  before.replaceWith(document.adoptNode(now))
  document.title = page.title
  body.dataset.state = page.body.dataset.state ?? state
  body.dataset.again = page.body.dataset.again ?? address
  if (focused) now.querySelector('h1')?.focus()
  if (said) said.textContent = [...now.querySelectorAll('h1, h1 ~ p')].map((e) => e.textContent).join('. ')
  settle()
}

/** Hears from the server how things stand. A browser reconnects by itself; when it gives up, the page is loaded anew. */
function follow(events: string): void {
  const stream = new EventSource(events)
  stream.addEventListener('state', (e) => {
    if (e.data !== body.dataset.state) void again(e.data)
  })
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.replace(body.dataset.again ?? location.href), 3000)
  }
  addEventListener('pagehide', () => stream.close())
  addEventListener('pageshow', (e) => { if (e.persisted) location.reload() })
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
}

settle()
if (body.dataset.events) follow(body.dataset.events)
