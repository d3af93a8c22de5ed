// src/handler.ts
var e = {
	onIdTokenDidExpire: ["requestId"],
	onAccountProvisionRequested: ["requestId"],
	onAccountRequested: ["requestId"],
	onInvestmentAccountProvisionRequested: ["requestId", "accountId"],
	onInvestmentSellRequested: ["requestId", "accountId"],
	onTransferConsentRequested: ["requestId", "consentId"],
	onShare: ["text"],
	onTelemetryEvent: ["name"],
	onExitRequested: [],
	onPageReadyEvent: []
}, t = {
	onAccountRequested: "dream",
	onInvestmentSellRequested: "amount"
}, n = {
	onTelemetry: "onTelemetryEvent",
	onPageReady: "onPageReadyEvent"
}, r = class {
	iframe;
	apiUrl;
	callbacks;
	onHeard;
	#e;
	#t;
	#n = /* @__PURE__ */ new Map();
	#r = !1;
	#i = !1;
	constructor(e, t, n, r = () => {}) {
		this.iframe = e, this.apiUrl = t, this.#e = new URL(t).origin, this.callbacks = n, this.#t = r;
	}
	listen = () => {
		this.#r || this.#i || (this.#r = !0, window.addEventListener("message", this.onMessage));
	};
	destroy = () => {
		this.#i = !0, window.removeEventListener("message", this.onMessage);
	};
	onMessage = (r) => {
		let i = this.iframe.contentWindow;
		if (!i || r.source !== i) return this.#t({
			kind: "ignored",
			why: "source"
		});
		if (r.origin !== this.#e) return this.#t({
			kind: "ignored",
			why: "origin"
		});
		let a = s(r.data);
		if (!a || typeof a.event != "string") return this.#t({
			kind: "ignored",
			why: "shape"
		});
		let o = a.event, l = Object.hasOwn(n, o) ? n[o] : o;
		if (!Object.hasOwn(e, l)) return this.#t({
			kind: "ignored",
			why: "unknown event",
			event: o
		});
		let u = a.message ?? {};
		if (!c(u) || !e[l].every((e) => typeof u[e] == "string" && u[e] !== "") || t[l] && !c(u[t[l]])) return this.#t({
			kind: "ignored",
			why: "shape",
			event: o
		});
		this.#t({
			kind: "heard",
			event: o,
			message: u
		}), this.onHeard?.(l), this.#a(l, o, u);
	};
	async #a(e, t, n) {
		let r = this.#o(e);
		if (!r) return e === "onExitRequested" && console.error("onExitRequested is heard, and there is no callback for it"), this.#t({
			kind: "ignored",
			why: "no callback",
			event: t
		});
		let o = n.requestId;
		if (o !== void 0 && o !== "") {
			if (this.#n.get(o) === "pending") return this.#t({
				kind: "ignored",
				why: "still pending",
				event: t
			});
			this.#n.set(o, "pending");
		}
		let s;
		try {
			s = i(e, n, await r({
				event: t,
				message: n
			}));
		} catch (r) {
			s = a(e, n, r), (s?.[1].reason === void 0 || s[1].reason === "failed") && console.error(`${t} failed:`, e === "onIdTokenDidExpire" ? r?.name ?? typeof r : r);
		}
		s ? this.#s(...s) : o && this.#n.delete(o);
	}
	#o(e) {
		let { callbacks: t } = this, n = t?.[e] ?? (e === "onTelemetryEvent" ? t?.onTelemetry : e === "onPageReadyEvent" ? t?.onPageReady : void 0);
		return typeof n == "function" ? n.bind(t) : void 0;
	}
	#s(e, t) {
		let n = t.requestId;
		return typeof n == "string" && n !== "" ? this.#n.get(n) === "answered" ? (this.#t({
			kind: "ignored",
			why: "answered already",
			event: e
		}), !1) : this.#c(e, t) ? (this.#n.set(n, "answered"), !0) : !1 : this.#c(e, t);
	}
	#c(e, t) {
		let n = this.iframe.contentWindow;
		return !n || this.#i ? !1 : (n.postMessage(JSON.stringify({
			event: e,
			message: t
		}), this.#e), this.#t({
			kind: "said",
			event: e,
			message: "idToken" in t ? {
				...t,
				idToken: "[redacted]"
			} : t
		}), !0);
	}
	postUpdateToken = (e, t) => {
		let { requestId: n, idToken: r } = typeof e == "string" ? {
			requestId: e,
			idToken: t
		} : e;
		if (typeof r != "string" || r === "") throw TypeError("there is no ID token");
		return this.#s("updateToken", {
			requestId: n,
			idToken: r
		});
	};
	postAccountProvisionInitiated = (e) => this.#s("accountProvisioned", { requestId: typeof e == "string" ? e : e.requestId });
	postInvestmentAccountProvisionInitiated = (e) => this.#s("investmentAccountProvisionInitiated", {
		requestId: e.requestId,
		accountId: e.accountId
	});
	navigateTo = (e) => this.#c("navigateTo", { location: e });
	signOut = () => this.#c("onSignOutRequested", {});
	sessionKeepAlive = () => this.#c("sessionKeepAlive", {});
	postBackRequested = () => this.#c("onBackRequested", {});
};
function i(e, t, n) {
	let { requestId: r } = t;
	switch (e) {
		case "onIdTokenDidExpire":
			if (typeof n != "string" || n === "") throw TypeError("it has to resolve with an ID token");
			return ["updateToken", {
				requestId: r,
				idToken: n
			}];
		case "onAccountProvisionRequested": return ["accountProvisioned", { requestId: r }];
		case "onAccountRequested": return ["onAccountRequestedSucceeded", { requestId: r }];
		case "onInvestmentAccountProvisionRequested": return ["investmentAccountProvisionInitiated", {
			requestId: r,
			accountId: t.accountId
		}];
		case "onTransferConsentRequested": {
			let e = c(n) && n.consentRef || t.consentRef;
			return ["onTransferConsentSucceeded", {
				requestId: r,
				consentId: t.consentId,
				...typeof e == "string" && { consentRef: e }
			}];
		}
		default: return;
	}
}
function a(e, t, n) {
	let { requestId: r } = t;
	if (e === "onAccountRequested") return ["onAccountRequestedFailed", {
		requestId: r,
		reason: o(n)
	}];
	if (e === "onTransferConsentRequested") return ["onTransferConsentCancelled", {
		requestId: r,
		consentId: t.consentId,
		reason: o(n)
	}];
}
function o(e) {
	return typeof e == "string" && e !== "" ? e : c(e) ? typeof e.reason == "string" && e.reason !== "" ? e.reason : e.name === "AbortError" ? "cancelled" : "failed" : "failed";
}
function s(e) {
	if (typeof e == "string") try {
		let t = JSON.parse(e);
		return c(t) ? t : void 0;
	} catch {
		return;
	}
}
function c(e) {
	return typeof e == "object" && !!e && !Array.isArray(e);
}
// src/messages.ts
var l = {
	onAccountProvisionRequested: "onAccountProvisionRequested",
	onAccountRequested: "onAccountRequested",
	onIdTokenDidExpire: "onIdTokenDidExpire",
	onTransferConsentRequested: "onTransferConsentRequested",
	onShare: "share",
	onExitRequested: "onExitRequested",
	onTelemetryEvent: "onTelemetryEvent"
}, u = {
	onAccountProvisionRequested: "onAccountProvisionRequested",
	onAccountRequested: "onAccountRequested",
	onIdTokenDidExpire: "onIdTokenDidExpire",
	onShare: "onShare",
	onExitRequested: "onExitRequested",
	onTelemetryEvent: "onTelemetryEvent"
}, d = {
	accountProvisionInitiated: "accountProvisioned",
	accountRequestedSucceeded: "onAccountRequestedSucceeded",
	accountRequestedFailed: "onAccountRequestedFailed",
	updateIdToken: "updateToken",
	navigateTo: "navigateTo",
	transferConsentSucceeded: "onTransferConsentSucceeded",
	transferConsentCancelled: "onTransferConsentCancelled",
	updateLocale: "updateLocale",
	setAdditionalHeaders: "setAdditionalHeaders",
	onBackRequested: "onBackRequested",
	onSignOutRequested: "onSignOutRequested",
	sessionKeepAlive: "sessionKeepAlive"
};
function f(e, t) {
	if (!Object.hasOwn(d, e)) throw TypeError(`${e} is no function of the web app`);
	return `${e}(${JSON.stringify(JSON.stringify(t)).replace(/[^ -~]|[%&'<>`]/g, (e) => `\\u${e.charCodeAt(0).toString(16).padStart(4, "0")}`)})`;
}
// src/sdk.ts
var p = "dreams-web-sdk-iframe", m = class extends Error {
	name = "StartError";
	code;
	constructor(e, t) {
		super(t), this.code = e;
	}
}, h = class {
	apiUrl;
	form;
	iframe;
	messageHandler;
	#e;
	#t;
	constructor(e, t = {}) {
		this.apiUrl = _(e), this.#e = t;
	}
	setup(e, t = "dreams-web-sdk-container", n = p) {
		let i = document.getElementById(t);
		if (!i) throw Error(`there is no element with the id ${t} for the web app to be in`);
		this.destroy();
		for (let e of i.querySelectorAll(`:scope > iframe[name="${p}"], :scope > form[target="${p}"]`)) e.remove();
		if (document.querySelector(`iframe[name="${p}"]`)) throw Error("the web app is on this page already: destroy() that one first");
		let a = document.createElement("form");
		a.method = "post", a.action = `${this.apiUrl}/users/verify_token`, a.target = p, a.className = "hidden", a.hidden = !0;
		for (let [e, t] of Object.entries({
			locale: "en",
			token: "",
			location: "",
			theme: ""
		})) {
			let n = document.createElement("input");
			n.type = "hidden", n.name = e, n.value = t, a.append(n);
		}
		let o = document.createElement("iframe");
		return o.name = p, o.className = n, o.title = g(navigator.language), o.setAttribute("allow", ""), o.setAttribute("referrerpolicy", "strict-origin"), i.append(a, o), this.form = a, this.iframe = o, this.messageHandler = new r(o, this.apiUrl, e, this.#e.debug), this.messageHandler;
	}
	start(e, t = "en", n, r) {
		let { form: i, iframe: a, messageHandler: o } = this;
		if (!i || !a || !o) throw Error("setup() comes before start()");
		this.#t?.(new m("again", "the web app was started again"));
		let s = this.#e.timeoutSeconds ?? 20, c = new Promise((e, t) => {
			let n = (e) => {
				clearTimeout(i), o.onHeard = void 0, this.#t = void 0, e();
			}, r = this.#t = (e) => n(() => t(e)), i = setTimeout(() => r(new m("timeout", `the web app was not ready within ${s} seconds`)), s * 1e3);
			o.onHeard = (t) => {
				t === "onPageReadyEvent" && n(e), t === "onExitRequested" && r(new m("exit", "the web app asked to be closed before it was ready"));
			};
		});
		c.catch(() => {}), a.title = g(t);
		let l = i.elements, u = {
			token: e,
			locale: t || "en",
			location: n ?? "",
			theme: r ?? ""
		};
		for (let [e, t] of Object.entries(u)) l[e].value = t;
		return o.listen(), i.submit(), l.token.value = "", c;
	}
	destroy() {
		this.#t?.(new m("destroyed", "the web app was taken away")), this.messageHandler?.destroy(), this.form?.remove(), this.iframe?.remove(), this.form = this.iframe = this.messageHandler = void 0;
	}
};
function g(e) {
	return /^sv\b/i.test(e) ? "Sparande" : "Savings";
}
function _(e) {
	let t;
	try {
		t = new URL(e);
	} catch {}
	let n = t !== void 0 && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(t.hostname), r = t && (t.protocol === "https:" || t.protocol === "http:" && n) && !t.username && !t.password && !t.search && !t.hash;
	if (!t || !r) throw TypeError("apiUrl must be an address such as https://savings.bank.example, or http on a loopback address");
	return (t.origin + t.pathname).replace(/\/+$/, "");
}
export { h as DreamsSDK, h as default, r as MessageHandler, m as StartError, u as androidMethods, l as iosHandlers, f as nativeCall, d as nativeFunctions };

