// What the sandbox tells its page: package sandbox, parties.go and home.go.
export interface Sandbox {
  parley: string
  shop: string
  auto?: string
  parties: Party[]
  stories: Story[]
  running?: string // the story that is being told
}

export interface Party {
  id: string
  label: string
  url: string
  pages?: Link[]
  facts?: Fact[]
  actions?: string[]
  faults?: Record<string, string[]> // of each action, the ways to misbehave
  rules?: Record<string, Rule>
  choices?: Choice[]
}

export interface Link {
  label: string
  url: string
}

export interface Fact {
  label: string
  value: string
}

export interface Rule {
  fault: string
  times: number // negative: until told otherwise
}

// Choice is one of several ways to be, the first of which is the usual one.
export interface Choice {
  name: string
  field: string
  now: string
  all: string[]
}

export interface Story {
  name: string
  title: string
  about: string
  verdict?: Verdict
}

export interface Verdict {
  ok: boolean
  problems?: string[]
  run?: string
  bent?: boolean // somebody had been told to misbehave
}

export interface News extends Partial<Verdict> {
  name: string
  state: "began" | "ended"
}

// Summary is a run in a list: package live.
export interface Summary {
  run: string
  flow: string
  title: string
  about: string
  status: "open" | "undoing" | "done" | "refused"
  begun: string
  changed: string
  waitingOn?: string
}
