// Mistakes that the types must find, each in a line of its own.
import { DreamsSDK, nativeCall } from "@parley/sdk"
import type { Body } from "@parley/sdk/api"
const sdk = new DreamsSDK("https://savings.bank.example")
sdk.setup({ onShare: async () => {} })
sdk.setup({ onExitRequested: () => {}, onIdTokenDidExpire: async () => 5 })
nativeCall("alert", { location: "/" })
nativeCall("navigateTo", { requestId: "r" })
export const body: Body<"POST /accounts"> = { account: { userId: 5 } }
