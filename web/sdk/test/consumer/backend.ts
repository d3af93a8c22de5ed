// A bank's back end: the types of the API and of the webhooks.
import type { Answer, Body, Dream, Operations, Webhooks } from "@parley/sdk/api"

export async function link(dream: string, accountId: string): Promise<Dream> {
  const body: Body<"PATCH /dreams/{id}"> = { dream: { accountId } }
  const resp = await fetch(`https://savings.bank.example/v1/dreams/${dream}`, { method: "PATCH", body: JSON.stringify(body) })
  return ((await resp.json()) as Answer<"PATCH /dreams/{id}">).dream
}

export function hear(batch: Webhooks["events"]): string[] {
  return batch.events.map((event) => (event.type === "DepositSettled" ? `${event.data.amountCents}` : event.id))
}

export const query: Operations["GET /dreams"]["query"] = { state: "active", page: 1 }
export const made: Answer<"POST /dreams">["dream"]["balanceCents"] = 0
