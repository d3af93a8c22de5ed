// The tables of the page. Their types see to it that no message is left out.
import type { IncomingEvent, OutgoingEvent } from "../src/messages.ts"

/** By event: its message, what is sent when its promise resolves, and when it rejects. */
export const outgoing: Record<OutgoingEvent, [message: string, resolved: string, rejected: string]> = {
  onAccountProvisionRequested: ["{requestId}", "accountProvisioned", "nothing"],
  onAccountRequested: [
    "{requestId, dream: {type, id, name, target_amount?: {cents, currency}, target_date?, user: {type, id, externalId}}}",
    "onAccountRequestedSucceeded",
    "onAccountRequestedFailed, with the reason",
  ],
  onIdTokenDidExpire: ["{requestId}", "updateToken, with what it resolves to", "nothing"],
  onTransferConsentRequested: [
    "{requestId, consentId, consentRef?, successUrl, cancelUrl?}",
    "onTransferConsentSucceeded, with its consentRef",
    "onTransferConsentCancelled, with the reason",
  ],
  onInvestmentAccountProvisionRequested: ["{requestId, accountId, callbackPath, cancelUrl, errorUrl}", "investmentAccountProvisionInitiated", "nothing"],
  onInvestmentSellRequested: ["{requestId, accountId, amount: {quantity, currency}, callbackUrl, cancelUrl, errorUrl}", "nothing", "nothing"],
  onShare: ["{text, url?, title?}", "nothing", "nothing"],
  onExitRequested: ["{}", "nothing", "nothing"],
  onTelemetryEvent: ["{name, payload}", "nothing", "nothing"],
  onPageReadyEvent: ["{}", "nothing", "nothing"],
}

export const incoming: Record<IncomingEvent, string> = {
  accountProvisioned: "{requestId}",
  onAccountRequestedSucceeded: "{requestId}",
  onAccountRequestedFailed: "{requestId, reason}",
  updateToken: "{requestId, idToken}",
  navigateTo: '{location: "/dreams/123"}',
  onTransferConsentSucceeded: "{requestId, consentId, consentRef?}",
  onTransferConsentCancelled: "{requestId, consentId, reason}",
  investmentAccountProvisionInitiated: "{requestId, accountId}",
  onSignOutRequested: "{}",
  onBackRequested: "{}",
  sessionKeepAlive: "{}",
  updateLocale: '{locale: "sv-SE"}, from native hosts',
  setAdditionalHeaders: "{header: value}, from native hosts",
}
