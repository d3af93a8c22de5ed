// What a bank's page has of the SDK. The names are the vendor's, so that a page that was written for its SDK 1.x works with this one.
export { MessageHandler, type ClientCallbacks, type EventOf, type Seen, type Soon } from "./handler.ts"
export { androidMethods, iosHandlers, nativeCall, nativeFunctions } from "./messages.ts"
export type * from "./messages.ts"
export { DreamsSDK, DreamsSDK as default, StartError, type Options } from "./sdk.ts"
