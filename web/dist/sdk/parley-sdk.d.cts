/** What the web app asks of its host, or tells it, by the name that it has in a frame. */
export interface Outgoing {
    /** There is no account yet, and a savehack waits for one. Answer: `accountProvisioned`, as soon as its opening has begun. */
    onAccountProvisionRequested: {
        requestId: string;
    };
    /** A dream wants an account of its own. Answer: `onAccountRequestedSucceeded` or `onAccountRequestedFailed`. */
    onAccountRequested: {
        requestId: string;
        dream: AskingDream;
    };
    /** The session ends in half a minute unless `updateToken` brings a new ID token of the same person. */
    onIdTokenDidExpire: {
        requestId: string;
    };
    /** A savehack waits for a signature. The bank reads the consent with `consentId`, which works once. Not on Android. */
    onTransferConsentRequested: {
        requestId: string;
        consentId: string;
        consentRef?: string;
        successUrl?: string;
        cancelUrl?: string;
    };
    /** The older way to an investment account; only in a frame. Answer: `investmentAccountProvisionInitiated`. */
    onInvestmentAccountProvisionRequested: {
        requestId: string;
        accountId: string;
        callbackPath?: string;
        cancelUrl?: string;
        errorUrl?: string;
    };
    /** Something is to be sold, so that it can be withdrawn; only in a frame. It has no answer: the URLs are where the person comes back. */
    onInvestmentSellRequested: {
        requestId: string;
        accountId: string;
        amount: {
            quantity: number;
            currency: string;
        };
        callbackUrl?: string;
        cancelUrl?: string;
        errorUrl?: string;
    };
    /** Something to be shared: an invitation to a group. On iOS it is called `share`. */
    onShare: {
        text: string;
        url?: string;
        title?: string;
    };
    /** The web app is to be closed. Android is told without an argument. */
    onExitRequested: Record<string, never>;
    /** A link or a button was pressed. */
    onTelemetryEvent: {
        name: string;
        payload?: Record<string, unknown>;
    };
    /** The session stands and the first page is there; once. Only in a frame. */
    onPageReadyEvent: Record<string, never>;
}
/** A dream as a host hears of it. Its names are in snake case, unlike all others. */
export interface AskingDream {
    /** "dream", or "performanceDream" for one whose account is of investments. */
    type: string;
    id: string;
    name: string;
    /** Minor units: 2000000 is 20 000.00. */
    target_amount?: {
        cents: number;
        currency: string;
    };
    /** 2027-03-14 */
    target_date?: string;
    user: {
        type: string;
        id: string;
        externalId: string;
    };
}
/** What a host tells the web app, by the name that it has in a frame. */
export interface Incoming {
    /** The opening of an account has begun; the account itself comes later, from the bank's back end. */
    accountProvisioned: {
        requestId: string;
    };
    onAccountRequestedSucceeded: {
        requestId: string;
    };
    /** The reason is "cancelled", or anything else for a failure. iOS loses it. */
    onAccountRequestedFailed: {
        requestId: string;
        reason?: string;
    };
    updateToken: {
        requestId: string;
        idToken: string;
    };
    /** A path of the web app: /dreams/123 */
    navigateTo: {
        location: string;
    };
    /** Hosts of the 1.x line may leave the request's id out. */
    onTransferConsentSucceeded: {
        requestId?: string;
        consentId: string;
        consentRef?: string;
    };
    onTransferConsentCancelled: {
        requestId?: string;
        consentId: string;
        reason?: string;
    };
    investmentAccountProvisionInitiated: {
        requestId: string;
        accountId: string;
    };
    onSignOutRequested: Record<string, never>;
    onBackRequested: Record<string, never>;
    /** The person is active in the host: the session is extended once. */
    sessionKeepAlive: Record<string, never>;
    /** sv-SE; iOS says sv_SE. */
    updateLocale: {
        locale: string;
    };
    /** Headers that go along with every request from now on. */
    setAdditionalHeaders: Record<string, string>;
}
export type OutgoingEvent = keyof Outgoing;
export type IncomingEvent = keyof Incoming;
/** What is posted between frames, as a JSON string. */
export type FrameOutgoing = {
    [E in OutgoingEvent]: {
        event: E;
        message: Outgoing[E];
    };
}[OutgoingEvent];
export type FrameIncoming = {
    [E in IncomingEvent]: {
        event: E;
        message: Incoming[E];
    };
}[IncomingEvent];
/** Events that native hosts know, and the handler of each on iOS: `window.webkit.messageHandlers.<handler>.postMessage(<object>)`. */
export declare const iosHandlers: {
    readonly onAccountProvisionRequested: "onAccountProvisionRequested";
    readonly onAccountRequested: "onAccountRequested";
    readonly onIdTokenDidExpire: "onIdTokenDidExpire";
    readonly onTransferConsentRequested: "onTransferConsentRequested";
    readonly onShare: "share";
    readonly onExitRequested: "onExitRequested";
    readonly onTelemetryEvent: "onTelemetryEvent";
};
/** The same on Android: `window.JSBridge.<method>(<JSON string>)`, and `onExitRequested()` without an argument. */
export declare const androidMethods: {
    readonly onAccountProvisionRequested: "onAccountProvisionRequested";
    readonly onAccountRequested: "onAccountRequested";
    readonly onIdTokenDidExpire: "onIdTokenDidExpire";
    readonly onShare: "onShare";
    readonly onExitRequested: "onExitRequested";
    readonly onTelemetryEvent: "onTelemetryEvent";
};
/** A message as an iOS host gets it: the name of the handler, and the body. */
export type IOSOutgoing = {
    [E in keyof typeof iosHandlers]: {
        handler: (typeof iosHandlers)[E];
        body: Outgoing[E];
    };
}[keyof typeof iosHandlers];
/** A message as an Android host gets it: the method, and the JSON of its one argument. */
export type AndroidOutgoing = {
    [E in keyof typeof androidMethods]: {
        method: (typeof androidMethods)[E];
        argument: E extends "onExitRequested" ? undefined : Outgoing[E];
    };
}[keyof typeof androidMethods];
/** The global functions that a native host calls, each with the name that the same message has in a frame. */
export declare const nativeFunctions: {
    readonly accountProvisionInitiated: "accountProvisioned";
    readonly accountRequestedSucceeded: "onAccountRequestedSucceeded";
    readonly accountRequestedFailed: "onAccountRequestedFailed";
    readonly updateIdToken: "updateToken";
    readonly navigateTo: "navigateTo";
    readonly transferConsentSucceeded: "onTransferConsentSucceeded";
    readonly transferConsentCancelled: "onTransferConsentCancelled";
    readonly updateLocale: "updateLocale";
    readonly setAdditionalHeaders: "setAdditionalHeaders";
    readonly onBackRequested: "onBackRequested";
    readonly onSignOutRequested: "onSignOutRequested";
    readonly sessionKeepAlive: "sessionKeepAlive";
};
export type NativeFunction = keyof typeof nativeFunctions;
/** What a native host calls, with the message that the function takes. Hosts of both systems call the same functions. */
export type NativeIncoming = {
    [F in NativeFunction]: {
        function: F;
        message: Incoming[(typeof nativeFunctions)[F]];
    };
}[NativeFunction];
export type IOSIncoming = NativeIncoming;
export type AndroidIncoming = Exclude<NativeIncoming, {
    function: "transferConsentSucceeded" | "transferConsentCancelled";
}>;
/**
 * The JavaScript that a native host evaluates to call a global function of the web app (`evaluateJavaScript` on iOS,
 * `evaluateJavascript` on Android). The message is passed as JSON in a string, quoted so that nothing in it (a quote, a line
 * separator, `</script>`, a percent sign of a `javascript:` address) can end the string or the script.
 *
 * @throws TypeError when there is no function of that name.
 */
export declare function nativeCall<F extends NativeFunction>(fn: F, message: Incoming[(typeof nativeFunctions)[F]]): string;
/** A message of the web app as a callback gets it: `event.message.requestId`. */
export type EventOf<E extends OutgoingEvent> = {
    event: E;
    message: Outgoing[E];
};
/** What a callback may return: a promise, or the thing itself. */
export type Soon<T> = Promise<T> | T;
/**
 * What the bank's page does when the web app asks. Which of them are there decides what the web app can do; only `onExitRequested` must be.
 * A callback that rejects is an answer of its own: see each.
 */
export interface ClientCallbacks {
    /** A new ID token of the same person. When it rejects, nothing is sent, and the session ends with its token. */
    onIdTokenDidExpire?: (event: EventOf<"onIdTokenDidExpire">) => Soon<string>;
    /** Resolves when the opening of an account has begun. When it rejects, nothing is sent; the web app offers to ask again. */
    onAccountProvisionRequested?: (event: EventOf<"onAccountProvisionRequested">) => Soon<unknown>;
    /** Resolves when the account of this dream is being opened. Rejects with "cancelled", or anything else for a failure. */
    onAccountRequested?: (event: EventOf<"onAccountRequested">) => Soon<unknown>;
    /** Resolves as `onAccountProvisionRequested` does. When it rejects, nothing is sent. */
    onInvestmentAccountProvisionRequested?: (event: EventOf<"onInvestmentAccountProvisionRequested">) => Soon<unknown>;
    /** Has no answer: the person comes back by one of the URLs. */
    onInvestmentSellRequested?: (event: EventOf<"onInvestmentSellRequested">) => Soon<unknown>;
    /** Has no answer. */
    onShare?: (event: EventOf<"onShare">) => Soon<unknown>;
    /** Resolves when the consent was given, with the bank's own reference if there is one. Rejects when it was not, with a reason. */
    onTransferConsentRequested?: (event: EventOf<"onTransferConsentRequested">) => Soon<{
        requestId?: string;
        consentId?: string;
        consentRef?: string;
    } | void>;
    /** The web app is to be closed. Has no answer. */
    onExitRequested: (event: EventOf<"onExitRequested">) => Soon<unknown>;
    onTelemetryEvent?: (event: EventOf<"onTelemetryEvent">) => Soon<unknown>;
    onPageReadyEvent?: (event: EventOf<"onPageReadyEvent">) => Soon<unknown>;
    /** The names of the same two in the vendor's other line. */
    onTelemetry?: (event: EventOf<"onTelemetryEvent">) => Soon<unknown>;
    onPageReady?: (event: EventOf<"onPageReadyEvent">) => Soon<unknown>;
}
/** What passes, for a page that wants to look on. An ID token in it is "[redacted]". */
export type Seen = {
    kind: "heard" | "said";
    event: string;
    message: unknown;
}
/** Something that was not acted upon, and why. `event` is its name, if it is from the web app and has one. */
 | {
    kind: "ignored";
    why: "source" | "origin" | "shape" | "unknown event" | "no callback" | "still pending" | "answered already";
    event?: string;
};
/** Hears the web app, calls the callbacks, and says what they answer. `DreamsSDK.setup` makes one. */
export declare class MessageHandler {
    #private;
    readonly iframe: HTMLIFrameElement;
    readonly apiUrl: string;
    callbacks: ClientCallbacks;
    constructor(iframe: HTMLIFrameElement, apiUrl: string, callbacks: ClientCallbacks, debug?: (seen: Seen) => void);
    /** Begins to hear. `DreamsSDK.start` does so. */
    listen: () => void;
    /** Hears and says nothing any more, whatever is still pending. */
    destroy: () => void;
    /** A message that has come to this window. Only what our frame says, from the origin of the API, is looked at. */
    onMessage: (e: MessageEvent) => void;
    /** Renews the session. Older pages pass the request's id and the token one after the other. */
    postUpdateToken: (message: Incoming["updateToken"] | string, idToken?: string) => boolean;
    /** The opening of an account has begun. */
    postAccountProvisionInitiated: (message: Incoming["accountProvisioned"] | string) => boolean;
    /** The opening of an investment account has begun; `accountId` is what the request called it. */
    postInvestmentAccountProvisionInitiated: (message: Incoming["investmentAccountProvisionInitiated"]) => boolean;
    /** Takes the person to a page of the web app: /dreams/123 */
    navigateTo: (location: string) => boolean;
    /** Ends the session. The web app then asks to be closed. */
    signOut: () => boolean;
    /** The person is active in the bank's page: the session is extended once. */
    sessionKeepAlive: () => boolean;
    /** One page back in the web app, for a page that has a back button of its own. */
    postBackRequested: () => boolean;
}
export interface Options {
    /** How long `start` waits for the first page. 20 when left out. */
    timeoutSeconds?: number;
    /** Called with all that passes, and with all that is ignored. There is never a token in it. */
    debug?: (seen: Seen) => void;
}
/** Why a start came to nothing. */
export declare class StartError extends Error {
    readonly name = "StartError";
    /**
     * "timeout": the web app was not ready in time. A token that is no good looks the same, because a page cannot read what is in a frame
     * of another origin. "exit": the web app asked to be closed. "again": `start` was called again. "destroyed": `destroy` was called.
     */
    readonly code: "timeout" | "exit" | "again" | "destroyed";
    constructor(code: StartError["code"], message: string);
}
/**
 * Shows the savings web app in a frame of a bank's page.
 *
 *     const sdk = new DreamsSDK("https://savings.bank.example")
 *     sdk.setup({ onExitRequested: () => location.assign("/") })
 *     await sdk.start(idToken, "sv")
 */
export declare class DreamsSDK {
    #private;
    /** Without a slash at its end. */
    readonly apiUrl: string;
    form: HTMLFormElement | undefined;
    iframe: HTMLIFrameElement | undefined;
    messageHandler: MessageHandler | undefined;
    /**
     * @param apiUrl where Parley is: https, or http on a loopback address.
     * @throws TypeError when it is anything else.
     */
    constructor(apiUrl: string, options?: Options);
    /**
     * Puts the frame into its container. Nothing is loaded before `start`.
     *
     * @throws Error when there is no such container, or another frame of the SDK elsewhere on the page.
     */
    setup(callbacks: ClientCallbacks, containerId?: string, iframeClassName?: string): MessageHandler;
    /**
     * Signs the person in and shows the web app.
     *
     * @param token an ID token of the bank for the person.
     * @param locale sv, sv-SE, en …
     * @param location a page of the web app to begin at: /dreams/123
     * @param theme "light" or "dark"; the device decides when it is left out.
     * @returns a promise that resolves when the first page is there, and rejects with a `StartError` when that does not happen. Nothing is
     *   reported as unhandled when nobody waits for it.
     * @throws Error when `setup` was not called.
     */
    start(token: string, locale?: string, location?: string, theme?: "light" | "dark" | (string & {})): Promise<void>;
    /** Takes away the frame and all else that `setup` has made. What is still pending is not answered. */
    destroy(): void;
}
export { DreamsSDK as default };
