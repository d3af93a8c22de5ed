// The small signs of the picture, drawn as paths so that they look the same with every font. Each fits into 16 by 16.
import type { Party, State } from "./types.ts"

export const signSize = 16

// stateSigns say an arrow's state without colour.
export const stateSigns: Record<State, string> = {
  "not-yet": "M8 7a1 1 0 1 0 0 2a1 1 0 1 0 0-2",
  now: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 7a1 1 0 1 0 0 2a1 1 0 1 0 0-2",
  done: "M3 8.5l3.5 3.5L13 4.5",
  refused: "M4 4l8 8M12 4l-8 8",
  unknown: "M5.5 5.6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.3 8 8.8 8 10M8 12.6v.4",
  undone: "M6 3L3 6l3 3M3.5 6H10a3.2 3.2 0 0 1 0 6.5H7",
  skipped: "M4 8h8",
  late: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3l2 1.5",
}

const partySigns: [RegExp, string][] = [
  [/browser|person|customer|user/i, "M2 3.5h12v9H2zM2 6.5h12M4 5h.01M6 5h.01"],
  [/identity/i, "M8 2l5.5 2v4c0 3-2.3 5-5.5 6C4.8 13 2.5 11 2.5 8V4zM5.8 8l1.7 1.7L10.5 6.5"],
  [/payment/i, "M2 4h12v8.5H2zM2 7h12M4.5 10h2"],
  [/operator|shop|merchant/i, "M3 7v6.5h10V7M2 7l1.5-4.5h9L14 7zM6.5 13.5V10h3v3.5"],
  [/bank/i, "M2 6l6-3.5L14 6zM3.5 6v6M6.5 6v6M9.5 6v6M12.5 6v6M2 13h12"],
]

const serverSign = "M3 5.5h9L9.5 3M13 10.5H4L6.5 13"
const otherSign = "M3 3h10v10H3z"

// partySign is a sign for the kind of party that an id tells of.
export function partySign(party: Party): string {
  if (party.server) return serverSign
  return partySigns.find(([kind]) => kind.test(party.id))?.[1] ?? otherSign
}
