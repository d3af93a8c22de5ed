// Clients that somebody else wrote, against a Parley sandbox: openid-client and, below it, oauth4webapi; and one written by
// hand as the vendor's documentation tells its customers to.
//
// PARLEY_SANDBOX is the sandbox's links as one JSON document, of a sandbox whose person approves by themselves;
// PARLEY_SANDBOX_DENY those of one whose person says no. Nothing but these two is reached.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as openid from 'openid-client'
import * as oauth from 'oauth4webapi'

const approving = JSON.parse(process.env.PARLEY_SANDBOX)
const denying = JSON.parse(process.env.PARLEY_SANDBOX_DENY)

const registered = (links, id) => links.clients.find((c) => c.client_id === id)
const landing = (client) => client.redirect_uris.at(-1)
const basic = (client) => 'Basic ' + btoa(`${client.client_id}:${client.client_secret}`)

/** The browser: it keeps no cookies, follows redirects, and stops where the client takes over. */
async function visit(url, redirectURI) {
  for (let hop = 0; hop < 20; hop++) {
    if (String(url).startsWith(redirectURI + '?')) return new URL(url)
    const res = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
    const to = res.headers.get('location')
    const page = await res.text()
    assert.ok(to, `stopped at ${new URL(url).pathname} with ${res.status}: ${page}`)
    url = new URL(to, url)
  }
  assert.fail('too many redirects')
}

/** A client as openid-client makes it of the discovery document. ID tokens are verified with the keys at jwks_uri. */
async function configure(links, id, options = {}) {
  const client = registered(links, id)
  const auth = client.client_secret ? openid.ClientSecretBasic(client.client_secret) : openid.None()
  const config = await openid.discovery(new URL(links.issuer), id, {}, auth, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    ...options,
  })
  return { config, client }
}

/** An authorization request, and where the browser comes back with what came of it. */
async function authorize(links, id, parameters, options) {
  const { config, client } = await configure(links, id, options)
  const checks = {
    pkceCodeVerifier: openid.randomPKCECodeVerifier(),
    expectedNonce: openid.randomNonce(),
    expectedState: openid.randomState(),
  }
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: landing(client),
    scope: 'openid profile',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...parameters,
  })
  return { config, client, checks, back: await visit(url, landing(client)) }
}

const checkToken = (links, client, token) =>
  fetch(links.check_token_endpoint, {
    method: 'POST',
    headers: { authorization: basic(client) },
    body: new URLSearchParams({ token }),
  })

const signIn = { identity_provider: 'openid' }
const deposit = { identity_provider: 'trustly', amount: '100.00', currency: 'SEK', country: 'SE' }
const both = { identity_provider: 'openid', amount: '100.00', currency: 'SEK', country: 'SE' }

describe('openid-client, the standard profile', () => {
  for (const id of ['shop', 'shop-spa']) {
    for (const [what, parameters] of Object.entries({ 'signs in': signIn, deposits: deposit, 'identifies here and pays there': both })) {
      test(`${id} ${what}`, async () => {
        const { config, client, checks, back } = await authorize(approving, id, parameters)
        assert.equal(back.searchParams.get('iss'), approving.issuer)
        const tokens = await openid.authorizationCodeGrant(config, back, checks)
        const claims = tokens.claims()
        assert.equal(claims.iss, approving.issuer)
        assert.equal(claims.aud, id)
        assert.equal(claims.nonce, checks.expectedNonce)
        assert.ok(claims.sub && claims.name, 'a person with a name')
        assert.equal(claims.idp, parameters.identity_provider)
        assert.equal(tokens.token_type, 'bearer')
        assert.ok(tokens.expiresIn() > 0)
        assert.equal(tokens.scope, 'openid profile')
        assert.match(tokens.txRefId, /^1000A\d+$/)
        if (parameters.amount) {
          assert.equal(tokens.amount, '100.00')
          assert.equal(tokens.currency, 'SEK')
          assert.equal(claims.sub, tokens.userId, 'the operator gave the person an id')
        }
        if (!client.client_secret) return
        const res = await checkToken(approving, client, tokens.access_token)
        assert.equal(res.status, 200)
        const known = await res.json()
        assert.equal(known.active, true)
        assert.equal(known.sub, claims.sub)
        assert.equal(known.name, claims.name)
        assert.equal(known.txRefId, tokens.txRefId)
      })
    }
  }

  test('the deposit is in no address but the first', async () => {
    const { back } = await authorize(approving, 'shop', deposit)
    assert.deepEqual([...back.searchParams.keys()].sort(), ['code', 'iss', 'state'])
  })

  test('a code is good once, and takes its token with it', async () => {
    const { config, client, checks, back } = await authorize(approving, 'shop', signIn)
    const tokens = await openid.authorizationCodeGrant(config, back, checks)
    await new Promise((done) => setTimeout(done, 20)) // two at once are one client in a hurry
    await assert.rejects(openid.authorizationCodeGrant(config, back, checks), (err) => {
      assert.ok(err instanceof openid.ResponseBodyError, String(err))
      assert.equal(err.error, 'invalid_grant')
      return true
    })
    const res = await checkToken(approving, client, tokens.access_token)
    assert.equal(res.status, 400)
    assert.equal((await res.json()).error, 'invalid_token')
  })

  test('another verifier is refused, and burns the code', async () => {
    const { config, checks, back } = await authorize(approving, 'shop', signIn)
    for (const pkceCodeVerifier of [openid.randomPKCECodeVerifier(), checks.pkceCodeVerifier]) {
      await assert.rejects(openid.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier }), (err) => {
        assert.ok(err instanceof openid.ResponseBodyError, String(err))
        assert.equal(err.error, 'invalid_grant')
        return true
      })
    }
  })

  test('a wrong secret is refused with a challenge', async () => {
    const { checks, back } = await authorize(approving, 'shop', signIn)
    const { config } = await configure(approving, 'shop')
    const wrong = new openid.Configuration(config.serverMetadata(), 'shop', {}, openid.ClientSecretBasic('wrong'))
    openid.allowInsecureRequests(wrong)
    await assert.rejects(openid.authorizationCodeGrant(wrong, back, checks), (err) => {
      assert.ok(err instanceof openid.WWWAuthenticateChallengeError, String(err))
      assert.equal(err.status, 401)
      assert.equal(err.cause[0].scheme, 'basic')
      return true
    })
  })

  test('the client sees a mixed-up answer: iss, state or nonce of somebody else', async () => {
    const { config, checks, back } = await authorize(approving, 'shop', signIn)
    const changed = (name, value) => {
      const url = new URL(back)
      value === undefined ? url.searchParams.delete(name) : url.searchParams.set(name, value)
      return url
    }
    const objects = (url, expected, to) =>
      assert.rejects(openid.authorizationCodeGrant(config, url, expected), (err) => {
        assert.ok(err instanceof openid.ClientError, String(err))
        assert.match(String(err.cause), to)
        return true
      })
    await objects(changed('iss', 'https://somebody-else.example'), checks, /"iss"/)
    await objects(changed('iss', undefined), checks, /"iss"/)
    await objects(changed('state', 'mine'), checks, /"state"/)
    await objects(back, { ...checks, expectedNonce: 'mine' }, /"nonce"/)
  })
})

describe('openid-client is told of a refusal', () => {
  for (const [what, parameters] of Object.entries({ 'of the sign-in': signIn, 'of the deposit': deposit })) {
    for (const id of ['shop', 'shop-spa']) {
      test(`${id} ${what}`, async () => {
        const { config, checks, back } = await authorize(denying, id, parameters)
        await assert.rejects(openid.authorizationCodeGrant(config, back, checks), (err) => {
          assert.ok(err instanceof openid.AuthorizationResponseError, String(err))
          assert.equal(err.error, 'access_denied')
          assert.match(err.error_description, /^err_[a-z_]+$|^[a-z_]+$/)
          assert.ok(err.cause.get('tx_state'), 'the operator’s own words come along')
          return true
        })
      })
    }
  }

  test('of a request that is not in order', async () => {
    for (const [parameters, error] of [
      [{ ...signIn, scope: 'openid everything' }, 'invalid_scope'],
      [{ ...signIn, response_type: 'token' }, 'unsupported_response_type'],
      [{ ...signIn, code_challenge_method: 'plain' }, 'invalid_request'],
      [{ ...signIn, prompt: 'none' }, 'login_required'],
      [{ ...deposit, amount: '-1' }, 'invalid_request'],
      [{ identity_provider: 'nobody' }, 'invalid_request'],
    ]) {
      const { config, checks, back } = await authorize(approving, 'shop', parameters)
      await assert.rejects(openid.authorizationCodeGrant(config, back, checks), (err) => {
        assert.ok(err instanceof openid.AuthorizationResponseError, String(err))
        assert.equal(err.error, error)
        return true
      })
    }
  })
})

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }

  for (const algorithm of ['oidc', 'oauth2']) {
    test(`reads the ${algorithm} metadata, and verifies what it was given`, async () => {
      const issuer = new URL(approving.issuer)
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }))
      const shop = registered(approving, 'shop')
      const client = { client_id: shop.client_id }
      const verifier = oauth.generateRandomCodeVerifier()
      const nonce = oauth.generateRandomNonce()
      const state = oauth.generateRandomState()
      const url = new URL(as.authorization_endpoint)
      url.search = new URLSearchParams({
        client_id: shop.client_id, redirect_uri: landing(shop), response_type: 'code', scope: 'openid', nonce, state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...signIn,
      })
      const parameters = oauth.validateAuthResponse(as, client, await visit(url, landing(shop)), state)
      const response = await oauth.authorizationCodeGrantRequest(as, client, oauth.ClientSecretBasic(shop.client_secret), parameters, landing(shop), verifier, insecure)
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true })
      await oauth.validateApplicationLevelSignature(as, response, insecure)
      assert.equal(oauth.getValidatedIdTokenClaims(tokens).nonce, nonce)

      // RFC 9068: the access token is one that a resource server of somebody else can read.
      const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${tokens.access_token}` } })
      const claims = await oauth.validateJwtAccessToken(as, request, approving.issuer, insecure)
      assert.equal(claims.client_id, 'shop')
      assert.equal(claims.txRefId, tokens.txRefId)
    })
  }
})

describe('a client written as the vendor’s documentation says', () => {
  const at = (links, path) => links.url + '/paymentiq' + path

  /** The operator's server asks, and puts what it is told into a frame. */
  async function begin(links, parameters) {
    const client = registered(links, 'shop-compatible')
    const query = new URLSearchParams({ client_id: client.client_id, redirect_uri: landing(client), ...parameters })
    const res = await fetch(at(links, '/oauth/authorize?' + query))
    return { client, res, body: await res.json() }
  }

  for (const [what, parameters] of Object.entries({ 'signs in': { ...signIn, country: 'SE', currency: 'SEK' }, deposits: { ...deposit, state: 'WAITING_INPUT', 'attributes[basket]': '7' } })) {
    test(what, async () => {
      const { client, res, body } = await begin(approving, parameters)
      assert.equal(res.status, 200)
      assert.equal(body.success, true)
      assert.deepEqual(body.messages, [])
      assert.equal(body.redirectOutput.method, 'GET')
      assert.equal(body.redirectOutput.html, null)
      assert.deepEqual(body.redirectOutput.parameters, {})
      assert.ok(body.redirectOutput.height > 0 && body.redirectOutput.width > 0)
      const back = await visit(body.redirectOutput.url, landing(client))
      assert.equal(back.searchParams.get('state'), parameters.state ?? null)

      // Everything in the address, nothing in the body: their curl, and the client of a real shop.
      const redeem = new URLSearchParams({ grant_type: 'authorization_code', code: back.searchParams.get('code'), redirect_uri: landing(client), client_id: client.client_id })
      const answer = await fetch(at(approving, '/oauth/token?' + redeem), {
        method: 'POST',
        headers: { authorization: basic(client), 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' },
      })
      const token = await answer.json()
      assert.equal(answer.status, 200, JSON.stringify(token))
      assert.equal(token.token_type, 'bearer')
      assert.equal(token.expires_in, 2591999)
      assert.deepEqual(token.scope, ['default'])
      assert.deepEqual(token.aud, ['identity_api'])
      assert.equal(token.clientId, 'shop-compatible')
      assert.equal(token.merchantId, 1000)
      assert.equal(token.identityProvider, parameters.identity_provider)
      assert.ok(token.name && token.dob, 'who it was')
      assert.match(token.personid, /^SE\d{12}$/)
      const [header, claims] = token.access_token.split('.').map((part) => { try { return JSON.parse(Buffer.from(part, 'base64url')) } catch { return null } })
      assert.deepEqual(header, { alg: 'HS256', typ: 'JWT' })
      assert.equal(claims.client_id, 'shop-compatible')
      assert.deepEqual(claims.aud, ['backoffice_api', 'identity_api'])
      assert.ok(claims.attributes.token)
      if (parameters['attributes[basket]']) assert.equal(claims.attributes.basket, '7')

      const check = await fetch(at(approving, '/oauth/check_token?' + new URLSearchParams({ token: token.access_token })), { headers: { authorization: basic(client) } })
      const known = await check.json()
      assert.equal(check.status, 200, JSON.stringify(known))
      assert.equal(known.personid, token.personid)
      assert.equal(known.txRefId, token.txRefId)
      assert.equal(known.veriff_verification_false, '')
      assert.equal('access_token' in known, false)
      const status = await fetch(body.links.statusUrl)
      assert.equal(status.status, 200)
    })
  }

  test('is told of a refusal at its redirect URI', async () => {
    const { client, body } = await begin(denying, deposit)
    const back = await visit(body.redirectOutput.url, landing(client))
    assert.equal(back.searchParams.get('error'), 'access_denied')
    assert.ok(back.searchParams.get('tx_state'))
    assert.equal(back.searchParams.get('code'), null)
  })

  test('is told in JSON what it asked wrongly', async () => {
    const { res, body } = await begin(approving, { ...deposit, amount: 'much' })
    assert.equal(res.status, 400)
    assert.equal(body.success, false)
    assert.equal(body.errors[0].field, 'amount')
  })

  // The compatible token answer says scope as a list, as the vendor's does; RFC 6749 §5.1 says a string. A strict client cannot be
  // compatible: this is why a client has one of two profiles, and not a bit of both.
  test('a strict client objects to the compatible answer', async () => {
    const { config, checks, back } = await authorize(approving, 'shop-compatible', { ...signIn, scope: 'default', iframe: 'false' })
    await assert.rejects(openid.authorizationCodeGrant(config, back, { ...checks, expectedNonce: undefined }), (err) => {
      assert.equal(err.code, 'OAUTH_INVALID_RESPONSE')
      assert.match(String(err.cause?.message ?? err.message), /"scope" property must be a string/)
      return true
    })
  })
})
