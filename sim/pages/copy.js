// The Copy button: it is hidden until this script has shown that it can work.
for (const button of document.querySelectorAll('button[data-copies]')) {
  const text = document.getElementById(button.dataset.copies)
  const said = document.getElementById(button.dataset.says)
  if (!text || !said || !navigator.clipboard) continue
  button.hidden = false
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.textContent)
      said.textContent = button.dataset.done
    } catch {
      getSelection().selectAllChildren(text)
      said.textContent = button.dataset.byhand
    }
  })
}
