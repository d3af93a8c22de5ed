// What outlives a reload, for as long as the window is open: forms that are half filled in, answers that the server has not heard. A browser that
// keeps nothing for a framed page (blocked cookies block this too) loses them with the page, and nothing else happens.

const name = (key: string) => `parley.${key}`

export function keep(key: string, value: unknown) {
  try {
    sessionStorage.setItem(name(key), JSON.stringify(value))
  } catch {
    // see above
  }
}

export function kept<T>(key: string): T | undefined {
  try {
    const text = sessionStorage.getItem(name(key))
    return text === null ? undefined : (JSON.parse(text) as T)
  } catch {
    return undefined
  }
}

export function lose(key: string) {
  try {
    sessionStorage.removeItem(name(key))
  } catch {
    // see above
  }
}
