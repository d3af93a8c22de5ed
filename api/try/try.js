// Sends what the forms say, and shows the answer and the same as a curl. No library: it is a page for reading requests.
const bearer = document.getElementById('bearer')
const said = document.getElementById('said')

document.getElementById('credentials').addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = event.target
  const scopes = [...form.querySelectorAll('[name=scope]:checked')].map((box) => box.value)
  const basic = btoa([form.client.value, form.secret.value].map(encodeURIComponent).join(':')) // RFC 6749 §2.3.1
  said.textContent = 'Asking for a token.'
  try {
    const answer = await fetch(form.dataset.token, {
      method: 'POST',
      headers: { Authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: scopes.join(' ') }),
      credentials: 'omit',
    })
    const body = await answer.json()
    if (!answer.ok) throw new Error(`${answer.status} ${body.error ?? ''} ${body.error_description ?? ''}`)
    bearer.value = body.access_token
    said.textContent = `Got a token, good for ${body.expires_in} seconds: ${body.scope ?? scopes.join(' ')}.`
  } catch (error) {
    said.textContent = `No token: ${error.message}`
  }
})

// request is what a form says.
function request(form) {
  let path = form.dataset.path
  const query = new URLSearchParams()
  const headers = {}
  let body
  if (bearer.value.trim()) headers.Authorization = `Bearer ${bearer.value.trim()}`
  for (const field of form.querySelectorAll('[data-in]')) {
    const value = field.value.trim()
    switch (field.dataset.in) {
      case 'path': path = path.replace(`{${field.name}}`, encodeURIComponent(value)); break
      case 'query': if (value) query.set(field.name, value); break
      case 'key': if (value) headers['Idempotency-Key'] = value; break
      case 'body': body = field.value; headers['Content-Type'] = 'application/json'; break
    }
  }
  const search = query.toString()
  return { method: form.dataset.method, url: location.origin + path + (search ? `?${search}` : ''), headers, body }
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`

// curl is the request as a shell takes it. The token is not written into what people copy and pass on.
function curl({ method, url, headers, body }) {
  const lines = [`curl -X ${method} ${quoted(url)}`]
  for (const [name, value] of Object.entries(headers)) {
    lines.push(name === 'Authorization' ? `-H "Authorization: Bearer $TOKEN"` : `-H ${quoted(`${name}: ${value}`)}`)
  }
  if (body !== undefined) lines.push(`--data ${quoted(body)}`)
  return lines.join(' \\\n  ')
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2) } catch { return text }
}

for (const form of document.querySelectorAll('.operation form')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const asked = request(form)
    const shown = form.querySelector('.answer')
    const show = (title, body, headers) => {
      shown.hidden = false
      shown.querySelector('h3').textContent = title
      shown.querySelector('.body').textContent = body || '(no body)'
      shown.querySelector('.headers').textContent = headers
      shown.querySelector('.curl').textContent = curl(asked)
      shown.querySelector('h3').focus()
    }
    const button = form.querySelector('button')
    button.disabled = true
    const begun = performance.now()
    try {
      const answer = await fetch(asked.url, { ...asked, credentials: 'omit', redirect: 'manual' })
      const kind = answer.headers.get('Content-Type') ?? ''
      const text = kind.startsWith('image/') ? `(${(await answer.arrayBuffer()).byteLength} bytes of ${kind})` : await answer.text()
      const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
      show(`${answer.status} ${answer.statusText}, after ${Math.round(performance.now() - begun)} ms`, pretty(text), headers)
    } catch (error) {
      show('No answer', error.message, '')
    } finally {
      button.disabled = false
    }
  })
}

// Whoever comes with #createUser sees it opened.
function open() {
  const target = document.getElementById(location.hash.slice(1))
  if (target?.matches('details')) target.open = true
}
addEventListener('hashchange', open)
open()
