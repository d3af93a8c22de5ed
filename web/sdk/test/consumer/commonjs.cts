// The same from a module of the older kind.
import sdk = require("@parley/sdk")
import type { Dream } from "@parley/sdk/api"

const name = (dream: Dream): string => dream.name ?? ""
const call: string = sdk.nativeCall("navigateTo", { location: "/" })
const it: sdk.DreamsSDK = new sdk.DreamsSDK("https://savings.bank.example")
export = { name, call, it }
