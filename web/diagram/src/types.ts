// The drawing of a run: what a live diagram is fed with. The server makes it (engine.Drawing); all moments are RFC 3339 in UTC.

export interface Drawing {
  run: string // "" for a flow that has not run
  flow: string
  title: string
  version: number
  about: string // an amount and a provider, say; may be empty
  status: "open" | "undoing" | "done" | "refused"
  begun?: string
  changed?: string
  now: string // the server's clock when this was made: what is counted is counted from it
  parties: Party[] // from left to right; two that are called the same are one
  arrows: Arrow[] // the table's rows, then what takes them back, the last first, then the arrow that ends a refused run
  refusal?: { by: string; byLabel: string; status: string }
  attention?: string // why a person should look
}

export interface Party {
  id: string
  label: string
  server?: boolean
}

export type State = "not-yet" | "now" | "done" | "refused" | "unknown" | "undone" | "skipped" | "late"

export interface Arrow {
  number: number
  from: string // ids of parties
  to: string
  name: string
  state: State
  at?: string
  took?: number // milliseconds, when it was a call of ours
  attempts?: number
  note?: string
  waitingOn?: string // who must act: the id of a party
  until?: string // when the wait ends in a refusal
  again?: string // when it is said, or asked for, again
  seen?: boolean // passes between two others
  reply?: boolean // we say it when we are asked
  pivot?: boolean // the line "no way back from here" lies under it
  block?: { kind: "opt" | "par"; words: string } // arrows that follow one another in the same block share a box
  undoes?: string // the name of the arrow that this one takes back
  ends?: boolean // it ends a refused run
  refusal?: string // the status's name, on the arrow at which the run was refused
  key?: string // the idempotency key of what we say
  moments?: Moment[] // all that happened to it, in order
  tries?: Try[] // what did not end it
}

export interface Moment {
  seq: number
  at: string
  kind: "started" | "said" | "heard" | "skipped" | "refused" | "unknown" | "unheard" | "undone" | "expired" | "late" | "attention"
  attempt?: number
  took?: number
  note?: string
  exchange?: Exchange
}

// Exchange is what was said and answered, redacted by the server before it left it.
export interface Exchange {
  request?: unknown
  answer?: unknown
  status?: number
}

export interface Try {
  number: number
  at: string
  outcome: string
  took?: number
  why?: string
}
