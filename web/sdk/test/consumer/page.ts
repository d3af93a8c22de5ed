// A bank's page, as somebody writes it who has only the package.
import DefaultSDK, {
  DreamsSDK,
  MessageHandler,
  StartError,
  nativeCall,
  type AndroidOutgoing,
  type ClientCallbacks,
  type FrameIncoming,
  type FrameOutgoing,
  type IOSOutgoing,
  type Seen,
} from "@parley/sdk"

const callbacks: ClientCallbacks = {
  onIdTokenDidExpire: async () => {
    const resp = await fetch("/token")
    return ((await resp.json()) as { token: string }).token
  },
  onAccountProvisionRequested: async (event) => {
    await fetch("/provision", { method: "POST", body: event.message.requestId })
  },
  onAccountRequested: (event) => Promise.resolve({ requestId: event.message.requestId, name: event.message.dream.name }),
  onTransferConsentRequested: (event) => Promise.resolve({ consentId: event.message.consentId, requestId: event.message.requestId, consentRef: "foo" }),
  onInvestmentAccountProvisionRequested: async (event) => void event.message.accountId,
  onInvestmentSellRequested: async (event) => void event.message.amount.quantity,
  onShare: async ({ message }) => navigator.share?.({ text: message.text, ...(message.url !== undefined && { url: message.url }) }),
  onTelemetryEvent: (event) => console.log(event.message.name),
  onExitRequested: () => window.location.assign("/"),
}

const sdk = new DreamsSDK("https://savings.bank.example", { timeoutSeconds: 10, debug: (seen: Seen) => console.log(seen.kind) })
const handler: MessageHandler = sdk.setup(callbacks, "here", "savings")
sdk.start("token", "sv", "/dreams/1", "dark").catch((err: unknown) => {
  if (err instanceof StartError && err.code === "timeout") sdk.destroy()
})
handler.postUpdateToken("request", "token")
handler.postUpdateToken({ requestId: "request", idToken: "token" })
handler.postAccountProvisionInitiated({ requestId: "request" })
handler.navigateTo("/")
handler.signOut()
handler.sessionKeepAlive()
handler.postBackRequested()
void new DefaultSDK("https://savings.bank.example")

export const source: string = nativeCall("updateIdToken", { requestId: "r", idToken: "t" })
export const said: FrameOutgoing = { event: "onShare", message: { text: "x" } }
export const heard: FrameIncoming = { event: "navigateTo", message: { location: "/" } }
export const ios: IOSOutgoing = { handler: "share", body: { text: "x" } }
export const android: AndroidOutgoing = { method: "onExitRequested", argument: undefined }
