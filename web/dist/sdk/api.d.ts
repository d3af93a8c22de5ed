// Generated from docs/banks/openapi.json by web/sdk/api.mjs. Do not edit.

export interface Account {
  type: "SharedSavings" | "Performance"
  id: string
  /** The bank's own reference, unique among the accounts of its user. */
  externalId?: string
  user: Ref
  /** Total worth of all that is on the account. */
  balanceCents: number
  /** Cash that can be withdrawn or moved. Of a Performance account. */
  liquidBalanceCents?: number
  /** Gain since valuationFrom. Of a Performance account. */
  performanceCents?: number
  /** Gain since valuationFrom, in percent. Of a Performance account. */
  performancePercent?: number
  /** What was paid for what is held. Of a Performance account. */
  totalAcquisitionCostCents?: number
  /** Since when the performance is counted. */
  valuationFrom?: string
  /** When the market was looked at. */
  valuationAt?: string
  createdAt?: string
}

/** Every week, on the weekday of the launch and from that day on, an even share of what is left until the dream's date; of a dream without a date, a 52nd part of the whole. */
export interface AutopilotLaunch {
  id: string
  type: "AutopilotLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
}

/** On days of each month that chance chooses, the date says how much: so many times the amount as the day of the month. */
export interface CalendarChaosLaunch {
  id: string
  type: "CalendarChaosLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken on the 1st; on the 17th it is 17 times as much. */
  amountCents: number
  /** On how many days of each month something is taken. */
  daysPerMonth?: number
}

export interface Consent {
  /** The permanent id, to be used with PATCH. */
  id: string
  maxFrequency: "once" | "day" | "week" | "month" | "year"
  /** The most that the launch takes per maxFrequency. */
  maxAmountCents: number
  savehackLaunchId: string
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  user: Ref
  consentedAt?: string
  rejectedAt?: string
  createdAt?: string
}

/** Whenever another launch takes something, this one does too: as much, or a part or a multiple of it. */
export interface CopycatLaunch {
  id: string
  type: "CopycatLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** The id of the launch that is followed. */
  launchId: string
  /** The most that is taken at once. Without it there is no limit. */
  maxAmountCents?: number
  /** How much of it is taken, in steps of a half; 100 is the same. */
  percentage?: number
}

export interface CreateAccount {
  type: "SharedSavings" | "Performance"
  /** Or user.id, or externalUserId: one of them must be there. */
  userId?: string
  /** The bank's id of the user, instead of userId. */
  externalUserId?: string
  /** Instead of userId: {"id"} or {"externalId"}. */
  user?: Link
  /** The bank's own reference. With one that the user has already, that account is answered, with 200, and nothing is made: it keeps repetitions from making more accounts. Without one, each request makes another account. */
  externalId?: string
  /** Of a SharedSavings account what it holds when it is opened; it changes only by transactions. Of a Performance account the total worth. */
  balanceCents?: number
  /** Of a Performance account. */
  liquidBalanceCents?: number
  /** Of a Performance account. */
  performanceCents?: number
  /** Of a Performance account. */
  performancePercent?: number
  /** Of a Performance account. */
  totalAcquisitionCostCents?: number
  /** Of a Performance account. */
  valuationFrom?: string
  /** Of a Performance account; when it was changed if left out. */
  valuationAt?: string
}

/** Every week, on the weekday of the launch and from that day on, an even share of what is left until the dream's date; of a dream without a date, a 52nd part of the whole. */
export interface CreateAutopilotLaunch {
  type: "AutopilotLaunch" | "Autopilot"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
}

/** On days of each month that chance chooses, the date says how much: so many times the amount as the day of the month. */
export interface CreateCalendarChaosLaunch {
  type: "CalendarChaosLaunch" | "CalendarChaos"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken on the 1st; on the 17th it is 17 times as much. */
  amountCents: number
  /** On how many days of each month something is taken. */
  daysPerMonth?: number
}

/** Whenever another launch takes something, this one does too: as much, or a part or a multiple of it. */
export interface CreateCopycatLaunch {
  type: "CopycatLaunch" | "Copycat"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** The id of the launch that is followed. */
  launchId: string
  /** The most that is taken at once. Without it there is no limit. */
  maxAmountCents?: number
  /** How much of it is taken, in steps of a half; 100 is the same. */
  percentage?: number
}

/** The same amount every day, from the day after the launch. */
export interface CreateDailyLaunch {
  type: "DailyLaunch" | "Daily"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken each day. */
  amountCents: number
}

export interface CreateDream {
  /** Or user.id, or externalUserId: one of them must be there. */
  userId?: string
  /** The bank's id of the user, instead of userId. */
  externalUserId?: string
  /** Instead of userId: {"id"} or {"externalId"}. */
  user?: Link
  /** The person's own words. */
  name?: string
  /** Dream when left out. */
  type?: "Dream" | "SavingsDream" | "PerformanceDream"
  targetCents?: number
  /** A date, or a time of which the day counts. */
  expiresAt?: string
  /** Where the dream's money is; it can be linked later. */
  accountId?: string
  /** Instead of accountId. */
  account?: Link
  groupDreamId?: string
  /** Instead of groupDreamId. */
  groupDream?: Link
  /** One of those that you offer, or a reference of your own. */
  dreamInspirationId?: string
  /** https, a path of ours, or a picture of the user's own as it was shown. */
  imageUrl?: string
}

/** Every day, from the day after the launch, a step more than the day before, up to the summit; then it begins again at the foot. */
export interface CreateEverestLaunch {
  type: "EverestLaunch" | "Everest"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken at the foot. */
  amountCents: number
  /** What is taken at the summit, after which it begins again: not less than the first amount. */
  maxAmountCents: number
  /** How much more it is each day. */
  stepCents: number
}

export type CreateLaunch = CreateOneTimeLaunch | CreateDailyLaunch | CreateWeeklyLaunch | CreateMonthlyLaunch | CreateAutopilotLaunch | CreateThiefLaunch | CreateRouletteLaunch | CreateCalendarChaosLaunch | CreateMoonstruckLaunch | CreateRocketLaunch | CreateEverestLaunch | CreatePercentageLaunch | CreateRoundupLaunch | CreateCopycatLaunch

export interface CreateMessage {
  /** Or user.id, or externalUserId: one of them must be there. */
  userId?: string
  /** The bank's id of the user, instead of userId. */
  externalUserId?: string
  /** Instead of userId: {"id"} or {"externalId"}. */
  user?: Link
  /** By locale. */
  translatedTitle: Record<string, string>
  /** By locale. */
  translatedBody: Record<string, string>
  image?: CreateMessageImage
  /** A path in the web app. */
  cta?: string
  category?: "ONBOARDING_ONE" | "ONBOARDING_TWO" | "UPSELL_AUTOSAVE_ONE" | "UPSELL_AUTOSAVE_TWO" | "UPSELL_AUTOSAVE_THREE" | "REACTIVATION_ONE" | "REACTIVATION_TWO" | "REACTIVATION_THREE" | "WELLBEING_QUESTION_ONE"
  /** The bank sends it itself; the web app shows the others. False when left out. */
  external?: boolean
}

export interface CreateMessageImage {
  /** https; in trials also http on a loopback address. */
  src: string
  /** What is to be seen, by locale. */
  translatedAlt?: Record<string, string>
  /** In pixels. */
  height?: number
  /** In pixels. */
  width?: number
}

/** The same amount every month, on a day of the month; the first may be the day of the launch. */
export interface CreateMonthlyLaunch {
  type: "MonthlyLaunch" | "Monthly"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken each month. */
  amountCents: number
  /** In a month that has no such day it is the last one, so 31 is always the last. */
  dayOfMonth: number
}

/** An amount at each full moon, and at each new moon too if wanted. The day is the one on which the moon is full at Greenwich (UTC). */
export interface CreateMoonstruckLaunch {
  type: "MoonstruckLaunch" | "Moonstruck"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken each time. */
  amountCents: number
  /** Whether something is also taken when the moon is new. */
  newMoon?: boolean
}

/** One deposit, on the day of the launch. */
export interface CreateOneTimeLaunch {
  type: "OneTimeLaunch" | "OneTime"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken. */
  amountCents: number
}

/** A part of every income, or of every purchase, rounded down. */
export interface CreatePercentageLaunch {
  type: "PercentageLaunch" | "Percentage"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** The most that is taken at once. Without it there is no limit. */
  maxAmountCents?: number
  /** Of each income, or of each purchase. */
  of?: "income" | "purchase"
  /** How much of it is taken, in steps of a half. */
  percentage: number
}

/** Every week, on the weekday of the launch and from that day on, a step more than the week before, until the date of the dream. */
export interface CreateRocketLaunch {
  type: "RocketLaunch" | "Rocket"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken on the day of the launch. */
  amountCents: number
  /** Where it stops growing: not less than the first amount. Without it, it grows as long as it flies. */
  maxAmountCents?: number
  /** How much more it is each week. */
  stepCents: number
}

/** Once a week, on a day that chance chooses, the wheel is spun: each of its 37 pockets is an amount, in even steps from the least to the most. */
export interface CreateRouletteLaunch {
  type: "RouletteLaunch" | "Roulette"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What the highest pocket takes: not less than the lowest. */
  maxAmountCents: number
  /** What the lowest pocket takes. */
  minAmountCents: number
}

/** Each purchase is rounded up, and the difference is saved. One that is round already takes nothing. */
export interface CreateRoundupLaunch {
  type: "RoundupLaunch" | "Roundup"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** Purchases are rounded up to the next multiple of this. */
  roundToCents: number
}

/** On one to three days of each week, two on average, that nobody knows beforehand, the thief takes an amount that nobody knows either. */
export interface CreateThiefLaunch {
  type: "ThiefLaunch" | "Thief"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** The most that is taken at once: not less than the least. */
  maxAmountCents: number
  /** The least that is taken at once. */
  minAmountCents: number
}

export interface CreateTransaction {
  type: "Deposit" | "Withdrawal" | "Internal"
  /** The bank's own reference. With one that the user has already, that transaction is answered, with 200, and nothing is made. */
  externalId: string
  /** Or user.id, or externalUserId: one of them must be there. */
  userId?: string
  /** The bank's id of the user, instead of userId. */
  externalUserId?: string
  /** Instead of userId: {"id"} or {"externalId"}. */
  user?: Link
  amountCents: number
  /** When it was settled if left out. */
  requestedAt?: string
  /** Now if left out. */
  settledAt?: string
  /** Only what is settled can be told. */
  state?: "settled"
  /** Must be left out: what failed outside is not told. */
  failedAt?: string
  /** Of a Deposit or Internal: must be there, here or in toAccount.id. */
  toAccountId?: string
  /** Left out, the money lies on the account outside any dream. */
  toDreamId?: string
  /** Of a Withdrawal or Internal: must be there, here or in fromAccount.id. */
  fromAccountId?: string
  /** Left out, the money is taken from what lies outside any dream. */
  fromDreamId?: string
  /** Instead of toAccountId. */
  toAccount?: Link
  /** Instead of toDreamId. */
  toDream?: Link
  /** Instead of fromAccountId. */
  fromAccount?: Link
  /** Instead of fromDreamId. */
  fromDream?: Link
}

export interface CreateUser {
  /** The bank's own id of the user, which is the subject of its ID tokens. A user who is there already is answered as they are, with 200. */
  externalId: string
  givenName?: string
  familyName?: string
  /** BCP 47. */
  locale?: string
  /** IANA. */
  timezone?: string
}

/** The same amount every week, on a day of the week; the first may be the day of the launch. */
export interface CreateWeeklyLaunch {
  type: "WeeklyLaunch" | "Weekly"
  /** Or dream.id: one of them must be there. */
  dreamId?: string
  /** Instead of dreamId. */
  dream?: Link
  /** From the catalogue. It may be left out beside type. */
  savehackId?: string
  /** Instead of savehackId. */
  savehack?: Link
  /** Stop when what is saved and on its way reaches the dream's target; true when left out. */
  stopAtGoal?: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  /** The launch that ends when this one starts. */
  obsoleteSavehackLaunchId?: string
  /** What is taken each week. */
  amountCents: number
  /** 0 is Monday and 6 is Sunday, in the order of ISO 8601. */
  dayOfWeek: number
}

/** The same amount every day, from the day after the launch. */
export interface DailyLaunch {
  id: string
  type: "DailyLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken each day. */
  amountCents: number
}

export interface Dream {
  id: string
  type: "Dream" | "PerformanceDream"
  /** The person's own words. */
  name?: string
  /** The goal. */
  targetCents: number
  /** By when the person wants to reach the goal. */
  expiresAt?: string
  achievedAt?: string
  deletedAt?: string
  /** What has been settled. */
  balanceCents: number
  /** What is requested, and on its way in. */
  pendingCents: number
  /** What is requested, and on its way out. */
  leavingCents: number
  /** Only with showImageUrl=true. A picture that the person sent themselves is at /v1/pictures/{id}, and needs the token. */
  imageUrl?: string
  /** Only with showActiveSavehacks=true. */
  activeSavehacksCount?: number
  user: Ref
  groupDream?: Ref
  /** Where the dream's money is. A dream waits without one until there is one. */
  account?: Ref
  /** The template that the dream was made from. */
  dreamInspiration?: Inspiration
  createdAt?: string
}

export interface DreamEvent {
  /** The same at every repetition. */
  id: string
  createdAt: string
  type: "DreamCreated" | "DreamUpdated" | "DreamDeleted" | "DreamAchieved"
  data: Dream
}

export type Event = UserEvent | PageViewEvent | TransactionEvent | DreamEvent | MilestoneEvent | LaunchEvent

export interface EventBatch {
  batch_id: string
  timestamp: string
  count: number
  events: Event[]
}

/** Every day, from the day after the launch, a step more than the day before, up to the summit; then it begins again at the foot. */
export interface EverestLaunch {
  id: string
  type: "EverestLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken at the foot. */
  amountCents: number
  /** What is taken at the summit, after which it begins again: not less than the first amount. */
  maxAmountCents: number
  /** How much more it is each day. */
  stepCents: number
}

export interface FeedBody {
  feed: FeedItem[]
}

export interface FeedItem {
  /** The bank's own id of what happened, unique for the user. One that was heard before changes nothing. */
  id: string
  /** Or user.id, or externalUserId: one of them must be there. */
  userId?: string
  /** The bank's id of the user, instead of userId. */
  externalUserId?: string
  /** Instead of userId: {"id"} or {"externalId"}. */
  user?: Link
  /** A purchase, an income, or what the account holds. */
  type: "purchase" | "income" | "balance"
  /** Of a purchase or an income how much, as a positive number; of a balance what the account holds. */
  amountCents: number
  /** Now when left out. */
  occurredAt?: string
}

export interface FeedResult {
  id: string
  /** Known is what was heard before: nothing has changed. */
  status: "accepted" | "known" | "refused"
  /** Why it was refused. */
  errors?: Mistake[]
}

export interface Inspiration {
  type: "DreamInspiration"
  /** A UUID, unless you made the dream with another reference of your own. */
  id: string
  /** By locale. */
  translatedName?: Record<string, string>
  targetCents?: number
  durationSeconds?: number
  imageUrl?: string
}

export type Launch = OneTimeLaunch | DailyLaunch | WeeklyLaunch | MonthlyLaunch | AutopilotLaunch | ThiefLaunch | RouletteLaunch | CalendarChaosLaunch | MoonstruckLaunch | RocketLaunch | EverestLaunch | PercentageLaunch | RoundupLaunch | CopycatLaunch

export interface LaunchEvent {
  /** The same at every repetition. */
  id: string
  createdAt: string
  type: "SavehackLaunched" | "SavehackLaunchUpdated"
  data: Launch
}

export interface Link {
  id?: string
  externalId?: string
}

export interface Message {
  id: string
  type: "Message"
  user: Ref
  category?: string
  /** The bank sends it. The web app shows the others. */
  external: boolean
  /** By locale. */
  translatedTitle?: Record<string, string>
  /** By locale. */
  translatedBody: Record<string, string>
  image?: MessageImage
  /** A path in the web app. */
  cta?: string
  createdAt: string
  /** When the person saw it. */
  readAt?: string
  /** When the bank had dealt with it. */
  processedAt?: string
}

export interface MessageImage {
  /** https. */
  src: string
  /** What is to be seen, by locale. */
  translatedAlt?: Record<string, string>
  /** In pixels. */
  height?: number
  /** In pixels. */
  width?: number
}

export interface Meta {
  /** The next page; left out on the last one. */
  next_url?: string
  /** How many there are in all. Left out with after_id, as are pages, from and to. */
  count?: number
  /** How many are on this page. */
  items: number
  pages?: number
  /** The place of the first on this page, counted from 1; 0 when the page is empty. */
  from?: number
  /** The place of the last on this page. */
  to?: number
}

export interface Milestone {
  dream: Dream
  percent: 25 | 50 | 75
}

export interface MilestoneEvent {
  /** The same at every repetition. */
  id: string
  createdAt: string
  type: "DreamMilestone"
  data: Milestone
}

export interface Mistake {
  /** The wrapper and the field: dream.targetCents. A query parameter stands alone. */
  field: string
  errors: string[]
}

export interface Mistakes {
  errors: Mistake[]
}

/** The same amount every month, on a day of the month; the first may be the day of the launch. */
export interface MonthlyLaunch {
  id: string
  type: "MonthlyLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken each month. */
  amountCents: number
  /** In a month that has no such day it is the last one, so 31 is always the last. */
  dayOfMonth: number
}

/** An amount at each full moon, and at each new moon too if wanted. The day is the one on which the moon is full at Greenwich (UTC). */
export interface MoonstruckLaunch {
  id: string
  type: "MoonstruckLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken each time. */
  amountCents: number
  /** Whether something is also taken when the moon is new. */
  newMoon?: boolean
}

/** One deposit, on the day of the launch. */
export interface OneTimeLaunch {
  id: string
  type: "OneTimeLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken. */
  amountCents: number
}

export interface PageView {
  /** Left out when the person was erased before it was told. */
  path?: string
  timestamp: string
  user: Ref
}

export interface PageViewEvent {
  /** The same at every repetition. */
  id: string
  createdAt: string
  type: "PageView"
  data: PageView
}

export interface PatchAccount {
  /** Which account, in a user's list of accounts. Immutable. */
  id?: string
  /** Immutable. */
  type?: "SharedSavings" | "Performance"
  /** Immutable. */
  userId?: string
  /** Of a SharedSavings account; of a Performance account it is immutable. */
  externalId?: string
  /** Of a SharedSavings account what it holds when it is opened; it changes only by transactions. Of a Performance account the total worth. */
  balanceCents?: number
  /** Of a Performance account. */
  liquidBalanceCents?: number
  /** Of a Performance account. */
  performanceCents?: number
  /** Of a Performance account. */
  performancePercent?: number
  /** Of a Performance account. */
  totalAcquisitionCostCents?: number
  /** Of a Performance account. */
  valuationFrom?: string
  /** Of a Performance account; when it was changed if left out. */
  valuationAt?: string
}

/** Every week, on the weekday of the launch and from that day on, an even share of what is left until the dream's date; of a dream without a date, a 52nd part of the whole. */
export interface PatchAutopilotLaunch {
  /** Immutable. */
  id?: string
  type: "AutopilotLaunch" | "Autopilot"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
}

/** On days of each month that chance chooses, the date says how much: so many times the amount as the day of the month. */
export interface PatchCalendarChaosLaunch {
  /** Immutable. */
  id?: string
  type: "CalendarChaosLaunch" | "CalendarChaos"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken on the 1st; on the 17th it is 17 times as much. */
  amountCents?: number
  /** On how many days of each month something is taken. */
  daysPerMonth?: number
}

export interface PatchConsent {
  /** When the person consented; or rejectedAt. */
  consentedAt?: string
  /** When the person refused; or consentedAt. */
  rejectedAt?: string
}

/** Whenever another launch takes something, this one does too: as much, or a part or a multiple of it. */
export interface PatchCopycatLaunch {
  /** Immutable. */
  id?: string
  type: "CopycatLaunch" | "Copycat"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** The id of the launch that is followed. */
  launchId?: string
  /** The most that is taken at once. Without it there is no limit. */
  maxAmountCents?: number
  /** How much of it is taken, in steps of a half; 100 is the same. */
  percentage?: number
}

/** The same amount every day, from the day after the launch. */
export interface PatchDailyLaunch {
  /** Immutable. */
  id?: string
  type: "DailyLaunch" | "Daily"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken each day. */
  amountCents?: number
}

export interface PatchDream {
  /** Immutable. */
  id?: string
  /** Immutable. */
  userId?: string
  /** Immutable. */
  type?: "Dream" | "SavingsDream" | "PerformanceDream"
  name?: string
  targetCents?: number
  /** A date, or a time of which the day counts. Null takes it away. */
  expiresAt?: string | null
  /** Links the dream to an account of its user. */
  accountId?: string
  /** Instead of accountId. */
  account?: Link
  groupDreamId?: string | null
  /** Instead of groupDreamId. */
  groupDream?: Link | null
  imageUrl?: string | null
}

/** Every day, from the day after the launch, a step more than the day before, up to the summit; then it begins again at the foot. */
export interface PatchEverestLaunch {
  /** Immutable. */
  id?: string
  type: "EverestLaunch" | "Everest"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken at the foot. */
  amountCents?: number
  /** What is taken at the summit, after which it begins again: not less than the first amount. */
  maxAmountCents?: number
  /** How much more it is each day. */
  stepCents?: number
}

export type PatchLaunch = PatchOneTimeLaunch | PatchDailyLaunch | PatchWeeklyLaunch | PatchMonthlyLaunch | PatchAutopilotLaunch | PatchThiefLaunch | PatchRouletteLaunch | PatchCalendarChaosLaunch | PatchMoonstruckLaunch | PatchRocketLaunch | PatchEverestLaunch | PatchPercentageLaunch | PatchRoundupLaunch | PatchCopycatLaunch

export interface PatchMessage {
  /** When the bank had dealt with it. The first time counts. */
  processedAt: string
}

/** The same amount every month, on a day of the month; the first may be the day of the launch. */
export interface PatchMonthlyLaunch {
  /** Immutable. */
  id?: string
  type: "MonthlyLaunch" | "Monthly"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken each month. */
  amountCents?: number
  /** In a month that has no such day it is the last one, so 31 is always the last. */
  dayOfMonth?: number
}

/** An amount at each full moon, and at each new moon too if wanted. The day is the one on which the moon is full at Greenwich (UTC). */
export interface PatchMoonstruckLaunch {
  /** Immutable. */
  id?: string
  type: "MoonstruckLaunch" | "Moonstruck"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken each time. */
  amountCents?: number
  /** Whether something is also taken when the moon is new. */
  newMoon?: boolean
}

/** One deposit, on the day of the launch. */
export interface PatchOneTimeLaunch {
  /** Immutable. */
  id?: string
  type: "OneTimeLaunch" | "OneTime"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken. */
  amountCents?: number
}

/** A part of every income, or of every purchase, rounded down. */
export interface PatchPercentageLaunch {
  /** Immutable. */
  id?: string
  type: "PercentageLaunch" | "Percentage"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** The most that is taken at once. Without it there is no limit. */
  maxAmountCents?: number
  /** Of each income, or of each purchase. */
  of?: "income" | "purchase"
  /** How much of it is taken, in steps of a half. */
  percentage?: number
}

/** Every week, on the weekday of the launch and from that day on, a step more than the week before, until the date of the dream. */
export interface PatchRocketLaunch {
  /** Immutable. */
  id?: string
  type: "RocketLaunch" | "Rocket"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken on the day of the launch. */
  amountCents?: number
  /** Where it stops growing: not less than the first amount. Without it, it grows as long as it flies. */
  maxAmountCents?: number
  /** How much more it is each week. */
  stepCents?: number
}

/** Once a week, on a day that chance chooses, the wheel is spun: each of its 37 pockets is an amount, in even steps from the least to the most. */
export interface PatchRouletteLaunch {
  /** Immutable. */
  id?: string
  type: "RouletteLaunch" | "Roulette"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What the highest pocket takes: not less than the lowest. */
  maxAmountCents?: number
  /** What the lowest pocket takes. */
  minAmountCents?: number
}

/** Each purchase is rounded up, and the difference is saved. One that is round already takes nothing. */
export interface PatchRoundupLaunch {
  /** Immutable. */
  id?: string
  type: "RoundupLaunch" | "Roundup"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** Purchases are rounded up to the next multiple of this. */
  roundToCents?: number
}

/** On one to three days of each week, two on average, that nobody knows beforehand, the thief takes an amount that nobody knows either. */
export interface PatchThiefLaunch {
  /** Immutable. */
  id?: string
  type: "ThiefLaunch" | "Thief"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** The most that is taken at once: not less than the least. */
  maxAmountCents?: number
  /** The least that is taken at once. */
  minAmountCents?: number
}

export interface PatchTransaction {
  /** Which transaction, in a user's list of transactions. Immutable. */
  id?: string
  requestedAt?: string
  /** Settles it. */
  settledAt?: string
  /** Fails it. */
  failedAt?: string
  /** Why it failed, for the person. Not personal. */
  failureReason?: string
  /** Immutable. */
  externalId?: string
  /** Immutable. */
  type?: "Deposit" | "Withdrawal" | "Internal"
  /** Immutable. */
  amountCents?: number
  /** Immutable. */
  userId?: string
  /** Instead of toAccountId. */
  toAccount?: Link
  /** Instead of toDreamId. */
  toDream?: Link
  /** Instead of fromAccountId. */
  fromAccount?: Link
  /** Instead of fromDreamId. */
  fromDream?: Link
}

export interface PatchUser {
  /** Immutable. */
  id?: string
  /** Immutable. */
  externalId?: string
  givenName?: string | null
  familyName?: string | null
  locale?: string | null
  timezone?: string | null
  /** Accounts of the user, each by its id. */
  accounts?: PatchAccount[]
  /** Transactions of the user, each by its id. */
  transactions?: PatchTransaction[]
}

/** The same amount every week, on a day of the week; the first may be the day of the launch. */
export interface PatchWeeklyLaunch {
  /** Immutable. */
  id?: string
  type: "WeeklyLaunch" | "Weekly"
  /** Stops it, for ever. */
  stoppedAt?: string
  /** Pauses it. Null resumes it; what fell due meanwhile is not made up for. */
  pausedAt?: string | null
  /** When it resumes by itself; alone, it pauses too. */
  pausedUntil?: string | null
  stopAtGoal?: boolean
  /** Null takes the cap away. */
  monthlyCapCents?: number | null
  /** What is taken each week. */
  amountCents?: number
  /** 0 is Monday and 6 is Sunday, in the order of ISO 8601. */
  dayOfWeek?: number
}

/** A part of every income, or of every purchase, rounded down. */
export interface PercentageLaunch {
  id: string
  type: "PercentageLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** The most that is taken at once. Without it there is no limit. */
  maxAmountCents?: number
  /** Of each income, or of each purchase. */
  of?: "income" | "purchase"
  /** How much of it is taken, in steps of a half. */
  percentage: number
}

export interface Problem {
  /** What the status says. */
  title: string
  status: number
  detail: string
  /** Where the request names what is not there in its body. */
  errors?: Mistake[]
}

export interface Progress {
  /** How many events it has not heard; 10000 stands for as many or more. */
  behind: number
  /** When the first of them happened. */
  oldest?: string
  /** When it last heard a batch. */
  lastHeard?: string
  /** How often the batch that is being said was said in vain. */
  tries?: number
  failsSince?: string
  nextTry?: string
  lastError?: string
  /** A person should look. */
  attention?: boolean
  /** How many batches a person has given up. */
  skippedBatches?: number
}

export interface Ref {
  type: string
  id: string
  /** The bank's own reference. */
  externalId?: string
  name?: string
}

export interface ReplayWebhooks {
  /** From when on: a time in RFC 3339, or the id of the first event that is told again. */
  from: string
  /** Which endpoint, by its name or address; each of them when left out. */
  endpoint?: string
}

export interface Replayed {
  endpoint: string
  /** How many events it is told again; 10000 stands for as many or more. */
  events: number
}

/** Every week, on the weekday of the launch and from that day on, a step more than the week before, until the date of the dream. */
export interface RocketLaunch {
  id: string
  type: "RocketLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken on the day of the launch. */
  amountCents: number
  /** Where it stops growing: not less than the first amount. Without it, it grows as long as it flies. */
  maxAmountCents?: number
  /** How much more it is each week. */
  stepCents: number
}

/** Once a week, on a day that chance chooses, the wheel is spun: each of its 37 pockets is an amount, in even steps from the least to the most. */
export interface RouletteLaunch {
  id: string
  type: "RouletteLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What the highest pocket takes: not less than the lowest. */
  maxAmountCents: number
  /** What the lowest pocket takes. */
  minAmountCents: number
}

/** Each purchase is rounded up, and the difference is saved. One that is round already takes nothing. */
export interface RoundupLaunch {
  id: string
  type: "RoundupLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** Purchases are rounded up to the next multiple of this. */
  roundToCents: number
}

export interface Savehack {
  /** The same for as long as the partner is. */
  id: string
  type: string
  /** The type of its launches. */
  launchType: string
  /** What it lives on, when it reacts to what happens on the current account: see POST /feed. */
  feed?: "purchase" | "income"
  /** The JSON Schema (2020-12) of what a launch of it takes beside the common fields. */
  parameters: Record<string, unknown>
}

/** On one to three days of each week, two on average, that nobody knows beforehand, the thief takes an amount that nobody knows either. */
export interface ThiefLaunch {
  id: string
  type: "ThiefLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** The most that is taken at once: not less than the least. */
  maxAmountCents: number
  /** The least that is taken at once. */
  minAmountCents: number
}

export interface Transaction {
  type: "Deposit" | "Withdrawal" | "Internal"
  id: string
  /** The bank's own reference, of one that the bank posted. */
  externalId?: string
  transferConsentId?: string
  /** The launch that made it. */
  savehackLaunchId?: string
  user: Ref
  amountCents: number
  state: "requested" | "settled" | "failed"
  requestedAt: string
  settledAt?: string
  failedAt?: string
  /** Why it failed: cancelled, or the bank's word. */
  failureReason?: string
  /** The first banking day on which it can be moved. */
  bankingDay?: string
  toAccount?: Ref
  toDream?: Ref
  fromAccount?: Ref
  fromDream?: Ref
}

export interface TransactionEvent {
  /** The same at every repetition. */
  id: string
  createdAt: string
  type: "DepositRequested" | "DepositSettled" | "DepositFailed" | "WithdrawalRequested" | "WithdrawalSettled" | "WithdrawalFailed" | "InternalTransferRequested" | "InternalTransferSettled" | "InternalTransferFailed"
  data: Transaction
}

export interface TransactionsNotice {
  type: string
  /** How many transactions are new. */
  count: number
  timestamp: string
}

export interface User {
  type: "User"
  id: string
  /** The bank's own id of the user, which is the subject of its ID tokens. Always there but in an event about somebody who was erased before it was told. */
  externalId?: string
  givenName?: string
  familyName?: string
  /** BCP 47. */
  locale?: string
  /** IANA. */
  timezone?: string
  /** When the bank app said that an account is being opened. */
  provisioningInitiatedAt?: string
  unreadMessagesCount: number
  createdAt?: string
}

export interface UserEvent {
  /** The same at every repetition. */
  id: string
  createdAt: string
  type: "UserCreated" | "UserDestroyed"
  data: User
}

export interface Webhook {
  /** Its name, or its address. */
  endpoint: string
  url: string
  /** What it is told; everything when left out. */
  types?: string[]
  /** How many events it has not heard; 10000 stands for as many or more. */
  behind: number
  /** When the first of them happened. */
  oldest?: string
  /** When it last heard a batch. */
  lastHeard?: string
  /** How often the batch that is being said was said in vain. */
  tries?: number
  failsSince?: string
  nextTry?: string
  lastError?: string
  /** A person should look. */
  attention?: boolean
  /** How many batches a person has given up. */
  skippedBatches?: number
  /** The replay that is under way. */
  replay?: Progress
}

/** The same amount every week, on a day of the week; the first may be the day of the launch. */
export interface WeeklyLaunch {
  id: string
  type: "WeeklyLaunch"
  dream: Dream
  savehack: Ref
  /** A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun. */
  state: "draft" | "waiting" | "active" | "paused" | "stopped"
  stoppedAt?: string
  pausedAt?: string
  /** When it resumes by itself. */
  pausedUntil?: string
  startedAt?: string
  /** It stops when what is saved and on its way reaches the dream's target. */
  stopAtGoal: boolean
  /** The most that it takes in a calendar month. */
  monthlyCapCents?: number
  transferConsentId?: string
  createdAt?: string
  /** What is taken each week. */
  amountCents: number
  /** 0 is Monday and 6 is Sunday, in the order of ISO 8601. */
  dayOfWeek: number
}

/** Every operation by its method and path: what it takes, and what it answers by status. */
export interface Operations {
  /** List users */
  "GET /users": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 20. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
      /** Only the user with this reference of the bank's. */
      externalId?: string
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        users: User[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Create a user. For a bank that provisions people before they come in through the SDK. Who comes in unknown is made a user then. */
  "POST /users": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: {
      user: CreateUser
    }
    answers: {
      200: {
        user: User
      }
      201: {
        user: User
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show a user */
  "GET /users/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        user: User
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Change a user, with accounts and transactions. All or nothing. Settling transactions of a Performance account together with its new balances is one request. Entries are matched by id; nothing is made or deleted by being listed or left out. */
  "PATCH /users/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      user: PatchUser
    }
    answers: {
      204: undefined
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Erase a user. Their launches stop, their dreams are given up, what is personal is erased. What money moved stays on record, and transactions can still be settled. Repeating it changes nothing. */
  "DELETE /users/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      204: undefined
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Change a user, as the journeys spell it. The same as PATCH /users/{id}, but the user is answered. */
  "PATCH /user/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      user: PatchUser
    }
    answers: {
      200: {
        user: User
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** List accounts */
  "GET /accounts": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 20. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
      /** Only the account with this reference of the bank's. */
      externalId?: string
      /** Only what is this user's. */
      userId?: string
      /** Only what is the user's whom the bank calls so. */
      externalUserId?: string
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        accounts: Account[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Tell of an account that was opened. With one account per user, every dream of the user that has no account is linked to it, and waiting savehacks start. It may come before, during or after the person's journey. Give it an `externalId`, so that a repetition does not make another account. A constant will do: it is unique per user. */
  "POST /accounts": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: {
      account: CreateAccount
    }
    answers: {
      200: {
        account: Account
      }
      201: {
        account: Account
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show an account */
  "GET /accounts/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        account: Account
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Change an account. What a Performance account is worth is the bank's word. The balance of a SharedSavings account changes only by transactions: tell of one with POST /transactions. */
  "PATCH /accounts/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      account: PatchAccount
    }
    answers: {
      200: {
        account: Account
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** List dreams */
  "GET /dreams": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 20. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
      /** active, all that are not deleted, when left out. */
      state?: "active" | "deleted" | "all"
      /** With `imageUrl`. */
      showImageUrl?: boolean
      /** With `activeSavehacksCount`. */
      showActiveSavehacks?: boolean
      /** Only what is this user's. */
      userId?: string
      /** Only what is the user's whom the bank calls so. */
      externalUserId?: string
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        dreams: Dream[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Create a dream. With one account per user it is linked at once to the user's account, if there is one. */
  "POST /dreams": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: {
      dream: CreateDream
    }
    answers: {
      201: {
        dream: Dream
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show a dream */
  "GET /dreams/{id}": {
    path: {
      id: string
    }
    query: {
      /** With `imageUrl`. */
      showImageUrl?: boolean
      /** With `activeSavehacksCount`. */
      showActiveSavehacks?: boolean
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        dream: Dream
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Change a dream, or link it to an account. With one account per dream this is how a dream comes by its account, and how what waits for it starts. */
  "PATCH /dreams/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      dream: PatchDream
    }
    answers: {
      200: {
        dream: Dream
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Give a dream up. Its launches stop, and deposits that can still be cancelled are. What is saved stays on the account, outside any dream. Repeating it changes nothing. */
  "DELETE /dreams/{id}": {
    path: {
      id: string
    }
    query: {
      /** Pay out what is saved. */
      withdraw?: boolean
    }
    headers: {}
    body: undefined
    answers: {
      204: undefined
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show a person's own picture of a dream. What `imageUrl` of a dream leads to when the person sent the picture themselves. It needs the token, and is a JPEG that we encoded. */
  "GET /pictures/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: undefined
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** List what can be launched. Each with the JSON Schema of its parameters, which stand flat in a launch. */
  "GET /savehacks": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 20. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        savehacks: Savehack[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show what can be launched */
  "GET /savehacks/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        savehack: Savehack
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** List launches */
  "GET /savehack-launches": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 20. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
      /** Only what is about this dream. */
      dreamId?: string
      /** Only what is this user's. */
      userId?: string
      /** Only what is the user's whom the bank calls so. */
      externalUserId?: string
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        savehackLaunches: Launch[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Launch a savehack on a dream. Until there is an account, or provisioning has begun, it waits; with transfer consents it is a draft until there is one. */
  "POST /savehack-launches": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: {
      savehackLaunch: CreateLaunch
    }
    answers: {
      201: {
        savehackLaunch: Launch
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show a launch */
  "GET /savehack-launches/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        savehackLaunch: Launch
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Change, pause, resume or stop a launch. A launch that was stopped is never started again. Of the parameters only those that change need be there. */
  "PATCH /savehack-launches/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      savehackLaunch: PatchLaunch
    }
    answers: {
      200: {
        savehackLaunch: Launch
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** List transactions. In the order in which they were requested: those that the bank may act on, and those that are over. What a person can still cancel is not listed, nor is what has no account yet. To act on what is requested, follow `next_url` from `?state=requested&after_id=`: pages by number shift while transactions are settled. Begin each round anew with an empty `after_id`, because one that was requested long ago may only now be ready. */
  "GET /transactions": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 100. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
      /** Only what follows this transaction, or from the first when empty. Instead of `page`. */
      after_id?: string
      /** All when left out. */
      state?: "requested" | "settled" | "failed"
      /** Only the transaction with this reference of the bank's. */
      externalId?: string
      /** Only what is the user's whom the bank calls so. */
      externalUserId?: string
      /** Only what is this user's. */
      userId?: string
      /** Only what is about this dream. */
      dreamId?: string
      /** Only what this launch made. */
      savehackLaunchId?: string
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        transactions: Transaction[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Tell of a transaction that the bank settled by itself. For what happened at a branch, by another service, or as interest. It changes the balance of a SharedSavings account; what a Performance account is worth is told with PATCH /accounts. Without a dream the money lies outside any, until the person puts it to their dreams. */
  "POST /transactions": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: {
      transaction: CreateTransaction
    }
    answers: {
      200: {
        transaction: Transaction
      }
      201: {
        transaction: Transaction
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show a transaction */
  "GET /transactions/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        transaction: Transaction
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Settle or fail a transaction. The state follows from which time is set. The same again changes nothing; the other one is a mistake. */
  "PATCH /transactions/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      transaction: PatchTransaction
    }
    answers: {
      200: {
        transaction: Transaction
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Read a consent by its temporary id, once. The temporary id came to the bank app as `consentId`. It is good for one GET, and for a short while. */
  "GET /transfer-consents": {
    path: {}
    query: {
      /** Must be there. */
      temporaryId?: string
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        transferConsent: Consent
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show a consent by its permanent id */
  "GET /transfer-consents/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        transferConsent: Consent
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Say that the person consented, or refused. The launch starts, or ends. The same again changes nothing; the other one is a mistake. */
  "PATCH /transfer-consents/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      transfer_consent: PatchConsent
    }
    answers: {
      200: {
        transferConsent: Consent
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Read a consent, as the journeys spell it. By its temporary id, once, or by its permanent id. */
  "GET /transfer-consent/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        transferConsent: Consent
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Say that the person consented, or refused, as the journeys spell it. The same as PATCH /transfer-consents/{id}. */
  "PATCH /transfer-consent/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      transfer_consent: PatchConsent
    }
    answers: {
      200: {
        transferConsent: Consent
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** List messages. In the order in which they were made. */
  "GET /messages": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 20. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
      /** Only what was made later than this, and not at it. */
      createdAfter?: string
      /** Only what the bank has dealt with, or has not. `unprocessed` is the same the other way round. */
      processed?: boolean
      /** Only what the bank sends, or what the web app shows. */
      external?: boolean
      /** Only of this category. */
      category?: "ONBOARDING_ONE" | "ONBOARDING_TWO" | "UPSELL_AUTOSAVE_ONE" | "UPSELL_AUTOSAVE_TWO" | "UPSELL_AUTOSAVE_THREE" | "REACTIVATION_ONE" | "REACTIVATION_TWO" | "REACTIVATION_THREE" | "WELLBEING_QUESTION_ONE"
      /** Only what is this user's. */
      userId?: string
      /** Only what is the user's whom the bank calls so. */
      externalUserId?: string
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        messages: Message[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Leave a message for a user */
  "POST /messages": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: {
      message: CreateMessage
    }
    answers: {
      201: {
        message: Message
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Show a message */
  "GET /messages/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: undefined
    answers: {
      200: {
        message: Message
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Say that the bank has dealt with a message */
  "PATCH /messages/{id}": {
    path: {
      id: string
    }
    query: {}
    headers: {}
    body: {
      message: PatchMessage
    }
    answers: {
      200: {
        message: Message
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Tell what happened on current accounts. Purchases and incomes, for the savehacks that live on them, and balances, for the limit below which a person does not want to be brought. Up to 100 at once, of any users. Each stands or falls alone, and one that was heard before changes nothing. */
  "POST /feed": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: FeedBody
    answers: {
      200: {
        feed: FeedResult[]
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** List your endpoints, and how far each has come */
  "GET /webhooks": {
    path: {}
    query: {
      /** The page, counted from 1; 1 when left out. */
      page?: number
      /** How many on a page: 20 when left out, and at most 20. Who asks for more is given the most; `meta.items` and `meta.next_url` say so. */
      items?: number
    }
    headers: {}
    body: undefined
    answers: {
      200: {
        webhooks: Webhook[]
        meta: Meta
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
  /** Be told again. What has been heard since a moment is told again, in order, beside what is told for the first time. One replay an endpoint at a time: 409 while another is under way. */
  "POST /webhooks/replay": {
    path: {}
    query: {}
    headers: {
      /** Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least. */
      "Idempotency-Key"?: string
    }
    body: {
      replay: ReplayWebhooks
    }
    answers: {
      202: {
        replay: Replayed[]
      }
      400: Mistakes | Problem
      401: Problem
      403: Problem
      404: Problem
      409: Problem
      413: Problem
      415: Problem
      422: Problem
      429: Problem
      500: Problem
      503: Problem
    }
  }
}

/** The body of each request that is made to the bank's own endpoints. */
export interface Webhooks {
  /** What happened, in batches. In order, each event at least once. A batch is the same at every repetition. */
  events: EventBatch
  /** There are transactions to act on. Which they are is not in it: fetch them with GET /transactions?state=requested&after_id=. */
  transactions: TransactionsNotice
}

export type Operation = keyof Operations

/** The body of a request: `Body<"POST /dreams">`. */
export type Body<O extends Operation> = Operations[O]["body"]

/** The answer when all went well: `Answer<"GET /dreams/{id}">`. */
export type Answer<O extends Operation> = Operations[O]["answers"] extends infer A
  ? A[Extract<keyof A, 200 | 201 | 202 | 204>]
  : never
