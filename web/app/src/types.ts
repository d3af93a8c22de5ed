// What the server says: docs/web-app.md in types. Amounts are in the currency's minor unit; times are RFC 3339, dates 2027-06-01.

export interface Ask {
  event: string
  message: Record<string, unknown>
}

export interface Session {
  renewedBy: "token" | "activity"
  expiresAt: string
  endsAt?: string
  locale?: string
  timezone?: string
  theme?: string
}

export interface Limits {
  monthlyCapCents: number
  minimumBalanceCents: number
}

export interface Me {
  user: { id: string; givenName?: string; familyName?: string; locale?: string; provisioningInitiatedAt?: string }
  currency: string
  decimals: number // how many digits of an amount in minor units lie behind its point
  setup: string
  performance: boolean
  consents: boolean
  session: Session
  limits: Limits
  unreadMessages: number
  totals: { savedCents: number; pendingCents: number; residualCents: number }
  dreams: Dream[]
  ask: Ask[]
}

export interface Ref {
  type: string
  id: string
}

export interface Dream {
  id: string
  type: string
  name?: string
  targetCents?: number
  expiresAt?: string
  nextOn?: string // when a savehack is next due
  achievedAt?: string
  deletedAt?: string
  balanceCents: number
  pendingCents: number
  leavingCents: number
  imageUrl?: string
  activeSavehacksCount?: number
  groupDream?: Ref
  account?: Ref
  dreamInspiration?: Ref
  createdAt: string
}

// A launch has the parameters of its kind beside what all have.
export interface Launch {
  id: string
  type: string
  dream: Dream
  savehack: Ref
  state: "draft" | "waiting" | "paused" | "active" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  pausedUntil?: string
  startedAt?: string
  stopAtGoal?: boolean
  monthlyCapCents?: number
  createdAt: string
  [parameter: string]: unknown
}

export interface Transaction {
  id: string
  type: "Deposit" | "Withdrawal" | "Internal"
  amountCents: number
  state: "requested" | "settled" | "failed"
  requestedAt: string
  settledAt?: string
  failedAt?: string
  failureReason?: string
  savehackLaunchId?: string
  bankingDay?: string
  toDream?: Ref & { name?: string }
  fromDream?: Ref & { name?: string }
  cancellable?: boolean
  cancellableUntil?: string
}

export interface Forecast {
  reachedOn?: string
  weeklyCents: number
  eachWeeklyCents?: number[] // of each that is being thought of, alone
  nextOn?: string
}

export interface Picture {
  url: string
  alt: string
}

export interface Inspiration {
  id: string
  name: string
  sentence: string
  targetCents: number
  durationSeconds: number
  picture: Picture
}

export interface Property {
  title?: string
  description?: string
  type?: string
  minimum?: number
  maximum?: number
  default?: unknown
  enum?: string[]
  multipleOf?: number
}

export interface Savehack {
  id: string
  type: string
  kind: string
  name: string
  sentence: string
  how: string
  feed?: string
  schema: { properties: Record<string, Property>; required?: string[] }
  suggestion: Record<string, unknown>
  picture: Picture
}

export interface Content {
  inspirations: Inspiration[]
  savehacks: Savehack[]
  pictures: Record<string, string>
  texts: Record<string, string>
}

export interface Message {
  id: string
  translatedTitle: Record<string, string>
  translatedBody: Record<string, string>
  image?: { src: string; translatedAlt?: Record<string, string>; height?: number; width?: number }
  cta?: string
  createdAt: string
  readAt?: string
}

// What the server puts into the page.
export interface Boot {
  lang: string // "sv-SE"
  words: Record<string, string> // addresses, by language
  frameOrigins: string[]
  name: string
  me?: Me
  content?: Content
}

export interface Group {
  id: string
  code: string
  link?: string
  name?: string
  savedCents: number
  targetCents?: number
  members: { name: string; you?: boolean; owner?: boolean; joinedAt: string }[]
  activity: { at: string; name: string; you?: boolean; type: string; amountCents?: number; launchId?: string }[]
}

// What somebody sees of a group before joining it.
export interface Invitation {
  id: string
  code: string
  name?: string
  targetCents?: number
  expiresAt?: string
  imageUrl?: string
  owner: string
  members: number
}
