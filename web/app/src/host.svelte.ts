// The bank's app around us: what it is asked and what it says, in the words of the vendor's bridge.
//
//	ask ──sent──▶ the bank's app ──says──▶ us ──POST /bridge──▶ the server ──ask──▶ …
//
// The bank's app may answer late, twice, or never; nothing here waits for it. A screen can see in `asked` what stands open.
import { receive, send, type OutgoingEvent } from "@parley/sdk/transport"
import * as api from "./api.ts"
import { keep, kept, lose } from "./keep.ts"
import type { Ask, Me, Session } from "./types.ts"

// Asked is something that the bank's app was asked under a request id.
export interface Asked {
  event: string
  request: string
  dream: string // that it is about; empty when it is about none
  sent: boolean // false when the bank's app has no way to hear it
  refused: string // why it said no: "cancelled", "failed"; empty until then
}

// answers are what the bank's app says about a request, and whether that is a no. A native host calls them otherwise; they come in these names.
const answers: Record<string, boolean> = {
  accountProvisioned: false,
  investmentAccountProvisionInitiated: false,
  onAccountRequestedSucceeded: false,
  onAccountRequestedFailed: true,
  onTransferConsentSucceeded: false,
  onTransferConsentCancelled: true,
}

interface Said {
  event: string
  message: Record<string, unknown>
}

// Doing is what the app does when the bank's app wants it.
export interface Doing {
  go(path: string): void
  back(): boolean
  session(session: Session | null): void
  locale(locale: string): void
  changed(): void // something may be otherwise than it was read
}

const text = (v: unknown) => (typeof v === "string" ? v : "")

export class Host {
  asked = $state<Record<string, Asked>>({})
  #origins: string[]
  #doing: Doing
  #queue: Said[] = []
  #telling = false
  #renewal: ReturnType<typeof setTimeout> | undefined
  #renewing = ""
  #closing = false // it was told to close

  constructor(origins: string[], doing: Doing) {
    this.#origins = origins
    this.#doing = doing
    receive(window, { frameOrigins: origins }, (event, message) => this.#heard(event, message))
    this.#queue = kept<Said[]>("said") ?? [] // what an earlier page had heard, and could not tell the server
    if (this.#queue.length > 0) void this.#tell()
  }

  // say says something to the bank's app; false when it has no way to hear it.
  say(event: string, message: object = {}): boolean {
    return send(event as OutgoingEvent, message as never, { frameOrigins: this.#origins })
  }

  // ask passes on what the server wants to know of the bank's app.
  ask(list: Ask[]) {
    for (const { event, message } of list) {
      const request = text(message.requestId)
      this.#closing ||= event === "onExitRequested"
      const sent = this.say(event, message)
      if (!request) continue
      const dream = text((message.dream as Record<string, unknown> | undefined)?.id)
      // What was asked before under another request, and refused, is asked anew.
      for (const a of Object.values(this.asked)) if (a.event === event && a.dream === dream && a.refused) delete this.asked[a.request]
      this.asked[request] = { event, request, dream, sent, refused: "" }
    }
  }

  // end is the end of the session: the bank's app is told to close, unless the server had it told already, and asked for no other token.
  end() {
    clearTimeout(this.#renewal)
    if (!this.#closing) this.say("onExitRequested")
  }

  // open is what the bank's app was asked and has not answered, about a dream or about all.
  open(dream = ""): Asked[] {
    return Object.values(this.asked).filter((a) => !a.dream || !dream || a.dream === dream)
  }

  // settle forgets what was asked about an account that is there by now, however that came about.
  settle(me: Me) {
    const any = !!me.user.provisioningInitiatedAt || me.dreams.some((d) => d.account)
    for (const a of Object.values(this.asked)) {
      const dream = me.dreams.find((d) => d.id === a.dream)
      if ((a.event === "onAccountProvisionRequested" && any) || (a.dream && (!dream || dream.account))) delete this.asked[a.request]
    }
  }

  // forget is settle for what the server has told of in another way.
  forget(event: string) {
    for (const a of Object.values(this.asked)) if (a.event === event) delete this.asked[a.request]
  }

  #heard(event: string, message: Record<string, unknown>) {
    switch (event) {
      case "setAdditionalHeaders":
        return api.setHeaders(message)
      case "onBackRequested":
        if (!this.#doing.back()) this.say("onExitRequested")
        return
    }
    if (event === "updateToken") this.#renewing = ""
    this.#queue.push({ event, message })
    this.#remember()
    void this.#tell()
  }

  // #remember keeps answers for a page that comes after this one. A token is not kept: another will be asked for.
  #remember() {
    const keeping = this.#queue.filter((s) => s.event in answers)
    if (keeping.length > 0) keep("said", keeping)
    else lose("said")
  }

  // #tell tells the server what was heard, in order, until it has heard all of it. What it calls a mistake is left.
  async #tell() {
    if (this.#telling) return
    this.#telling = true
    for (let said; (said = this.#queue[0]); ) {
      try {
        const now = await api.post<{ session: Session | null; location?: string }>("bridge", said)
        this.#doing.session(now.session)
        // What the partner offers is read anew in another language, so the server has to speak it by then.
        if (said.event === "updateLocale") this.#doing.locale(text(said.message.locale))
        if (now.location) this.#doing.go(now.location.replace(/^\/app/, "") || "/")
        this.#answered(said)
        this.#doing.changed()
      } catch (error) {
        if (error instanceof api.Offline) {
          await new Promise((done) => setTimeout(done, 5000))
          continue
        }
      }
      this.#queue.shift()
      this.#remember()
    }
    this.#telling = false
  }

  #answered({ event, message }: Said) {
    if (!(event in answers)) return
    const asked = this.asked[text(message.requestId)] ?? Object.values(this.asked).find((a) => a.event === "onTransferConsentRequested" && event.includes("onsent"))
    if (!asked) return
    if (answers[event]) asked.refused = text(message.reason) === "cancelled" ? "cancelled" : text(message.reason) || "cancelled"
    else delete this.asked[asked.request]
  }

  // renew asks for another ID token half a minute before the session ends that it renews.
  renew(session: Session) {
    clearTimeout(this.#renewal)
    if (session.renewedBy !== "token") return
    const left = Date.parse(session.expiresAt) - Date.now() - 30_000
    this.#renewal = setTimeout(
      () => {
        this.#renewing ||= crypto.randomUUID()
        this.say("onIdTokenDidExpire", { requestId: this.#renewing })
      },
      Math.max(0, Math.min(left, 2 ** 31 - 1)),
    )
  }
}
