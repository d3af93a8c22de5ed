// Where the person is. Every screen has an address below /app/, so that a bank can lead to it, a reload keeps it and "back" goes back.

export const root = "/app"

export interface Route {
  page: string
  id: string // of a dream, launch or group code; empty where there is none
  kind: string // of a savehack
  query: URLSearchParams
  path: string // without the root: "/dreams/1"
}

// table is which address is which screen. A colon begins what is read from the address.
const table: [pattern: string, page: string][] = [
  ["/", "overview"],
  ["/new", "new"],
  ["/dreams/:id", "dream"],
  ["/dreams/:id/marketplace", "market"],
  ["/dreams/:id/marketplace/:kind", "savehack"],
  ["/dreams/:id/waiting", "handover"],
  ["/dreams/:id/started", "celebration"],
  ["/dreams/:id/history", "history"],
  ["/dreams/:id/withdraw", "withdraw"],
  ["/dreams/:id/move", "move"],
  ["/dreams/:id/edit", "edit"],
  ["/dreams/:id/give-up", "giveup"],
  ["/dreams/:id/reached", "reached"],
  ["/dreams/:id/group", "group"],
  ["/launches/:id", "launch"],
  ["/marketplace", "market"],
  ["/history", "history"],
  ["/move", "move"],
  ["/messages", "messages"],
  ["/join", "join"],
  ["/join/:id", "join"],
  ["/settings", "settings"],
]

// parse reads an address; one that leads nowhere is the page "nowhere".
export function parse(address: string): Route {
  const url = new URL(address, "https://app.invalid")
  let path = url.pathname.startsWith(root) ? url.pathname.slice(root.length) : url.pathname
  path = path.replace(/\/+$/, "") || "/"
  for (const [pattern, page] of table) {
    const found: Record<string, string> = {}
    const want = pattern.split("/")
    const have = path.split("/")
    const same = want.length === have.length && want.every((part, i) => {
      if (!part.startsWith(":")) return part === have[i]
      found[part.slice(1)] = decode(have[i]!)
      return have[i] !== ""
    })
    if (same) return { page, id: found.id ?? "", kind: found.kind ?? "", query: url.searchParams, path }
  }
  return { page: "nowhere", id: "", kind: "", query: url.searchParams, path }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

// depth is how many screens of ours lie before this one: there, "back" stays with us.
const depth = () => (history.state as { depth?: number } | null)?.depth ?? 0

class Router {
  route = $state.raw<Route>(parse("/"))
  // moved counts the steps, so that a screen which is left and come back to begins anew.
  moved = $state(0)

  start() {
    this.#see()
    addEventListener("popstate", () => this.#see())
  }

  #see() {
    this.route = parse(location.pathname + location.search)
    this.moved++
  }

  // go shows a screen: "/dreams/1".
  go(path: string, how: { replace?: boolean } = {}) {
    const to = root + path
    if (how.replace) history.replaceState({ depth: depth() }, "", to)
    else history.pushState({ depth: depth() + 1 }, "", to)
    this.#see()
    scrollTo(0, 0)
  }

  // back goes where the person came from, or, where that was not with us, to the screen above. It returns false on the first screen of all.
  back(above = "/"): boolean {
    if (depth() > 0) {
      history.back()
      return true
    }
    if (this.route.path === "/") return false
    this.go(above, { replace: true })
    return true
  }
}

export const router = new Router()
export const go = (path: string, how?: { replace?: boolean }) => router.go(path, how)
export const to = (path: string) => root + path
