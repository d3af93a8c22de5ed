// copy puts a text on the clipboard and reports whether it is there. A page that is not served securely has no clipboard to write to,
// only the older way.
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelected(text)
  }
}

function copySelected(text: string): boolean {
  const field = document.createElement("textarea")
  const back = document.activeElement
  field.value = text
  // In the open dialog, because what is outside of it cannot be selected.
  ;(document.querySelector("dialog[open]") ?? document.body).append(field)
  field.select()
  try {
    return document.execCommand("copy")
  } catch {
    return false
  } finally {
    field.remove()
    if (back instanceof HTMLElement) back.focus()
  }
}
