// A client that somebody else wrote, against the simulated BankID: bankid, from npm. It makes its own QR codes, too.
//
// PARLEY_BANKID is where the simulated BankID is. Nothing else is reached: the client's address is set to it, so that its own
// certificates are never shown to anybody.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BankIdClientV6, BankIdError } from 'bankid'

const at = process.env.PARLEY_BANKID

function client() {
  const c = new BankIdClientV6({ production: false, refreshInterval: 1100, qrOptions: {} }) // without its timer of a minute, which keeps Node alive
  c.axios.defaults.baseURL = at + '/rp/v6.0/'
  return c
}

/** The person: opens the app by a QR code or a link, and presses a button of it. */
async function app(query, step, person = '') {
  const opened = await fetch(at + '/app?' + new URLSearchParams(query))
  const page = await opened.text()
  assert.equal(opened.status, 200, page)
  const order = page.match(/name="app" value="([^"]+)"/)[1]
  return fetch(at + '/app', { method: 'POST', redirect: 'manual', body: new URLSearchParams({ app: order, step, person }) })
}

const latest = async (order) => (await order.qr.nextQr(order.orderRef, { maxCycles: 1 }).next()).value

test('identifies a person by a QR code of its own making', async () => {
  const c = client()
  const order = await c.authenticate({ endUserIp: '192.0.2.7', userVisibleData: 'Välkommen' })
  for (const part of ['orderRef', 'autoStartToken', 'qrStartToken', 'qrStartSecret']) assert.equal(typeof order[part], 'string')
  assert.deepEqual(await c.collect({ orderRef: order.orderRef }), { orderRef: order.orderRef, status: 'pending', hintCode: 'outstandingTransaction' })
  await app({ qr: await latest(order) }, 'sign', '199207072381')
  const done = await c.awaitPendingCollect(order.orderRef)
  assert.equal(done.status, 'complete')
  assert.deepEqual(done.completionData.user, { personalNumber: '199207072381', name: 'Maja Lind', givenName: 'Maja', surname: 'Lind' })
  assert.match(done.completionData.device.ipAddress, /^127\./)
  for (const blob of ['signature', 'ocspResponse']) assert.ok(Buffer.from(done.completionData[blob], 'base64').length > 100)
})

test('identifies the one who was asked for, on the same device', async () => {
  const c = client()
  const order = await c.authenticate({ endUserIp: '192.0.2.7', requirement: { personalNumber: '199001012385' }, returnUrl: 'https://shop.example/back' })
  const pressed = await app({ autostarttoken: order.autoStartToken, redirect: 'null' }, 'sign')
  assert.equal(pressed.headers.get('location'), 'https://shop.example/back')
  const done = await c.awaitPendingCollect(order.orderRef)
  assert.equal(done.completionData.user.personalNumber, '199001012385')
})

test('is told that the person cancelled', async () => {
  const c = client()
  const order = await c.authenticate({ endUserIp: '192.0.2.7' })
  await app({ qr: await latest(order) }, 'cancel')
  await assert.rejects(c.awaitPendingCollect(order.orderRef), (failed) => {
    assert.equal(failed.status, 'failed')
    assert.equal(failed.hintCode, 'userCancel')
    return true
  })
})

test('cancels, and is told in BankID’s words what is wrong', async () => {
  const c = client()
  const refused = (code, promise) =>
    assert.rejects(promise, (err) => {
      assert.ok(err instanceof BankIdError, String(err))
      assert.equal(err.code, code)
      assert.equal(typeof err.details, 'string')
      return true
    })
  const order = await c.authenticate({ endUserIp: '192.0.2.7' })
  assert.deepEqual(await c.cancel({ orderRef: order.orderRef }), {})
  await refused('invalidParameters', c.collect({ orderRef: order.orderRef }))
  await refused('invalidParameters', c.authenticate({ endUserIp: 'somewhere' }))
  const erik = { endUserIp: '192.0.2.7', requirement: { personalNumber: '198503152392' } }
  await c.authenticate(erik)
  await refused('alreadyInProgress', c.authenticate(erik))
})
