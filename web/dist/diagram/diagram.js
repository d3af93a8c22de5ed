// src/signs.ts
var e = {
	"not-yet": "M8 7a1 1 0 1 0 0 2a1 1 0 1 0 0-2",
	now: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 7a1 1 0 1 0 0 2a1 1 0 1 0 0-2",
	done: "M3 8.5l3.5 3.5L13 4.5",
	refused: "M4 4l8 8M12 4l-8 8",
	unknown: "M5.5 5.6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.3 8 8.8 8 10M8 12.6v.4",
	undone: "M6 3L3 6l3 3M3.5 6H10a3.2 3.2 0 0 1 0 6.5H7",
	skipped: "M4 8h8",
	late: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3l2 1.5"
}, t = [
	[/browser|person|customer|user/i, "M2 3.5h12v9H2zM2 6.5h12M4 5h.01M6 5h.01"],
	[/identity/i, "M8 2l5.5 2v4c0 3-2.3 5-5.5 6C4.8 13 2.5 11 2.5 8V4zM5.8 8l1.7 1.7L10.5 6.5"],
	[/payment/i, "M2 4h12v8.5H2zM2 7h12M4.5 10h2"],
	[/operator|shop|merchant/i, "M3 7v6.5h10V7M2 7l1.5-4.5h9L14 7zM6.5 13.5V10h3v3.5"],
	[/bank/i, "M2 6l6-3.5L14 6zM3.5 6v6M6.5 6v6M9.5 6v6M12.5 6v6M2 13h12"]
], n = "M3 5.5h9L9.5 3M13 10.5H4L6.5 13", r = "M3 3h10v10H3z";
function i(e) {
	return e.server ? n : t.find(([t]) => t.test(e.id))?.[1] ?? r;
}
// src/spans.ts
var a = 1e3, o = 60 * a, s = 60 * o, c = 24 * s;
function l(e, t, n) {
	return e > 0 && e < 1 ? t("span.under") : e < 10 * a ? t("span.ms", { n: Math.floor(Math.max(e, 0)) }) : e < o ? t("span.s", { n: new Intl.NumberFormat(n, {
		minimumFractionDigits: 1,
		maximumFractionDigits: 1
	}).format(Math.floor(e / 100) / 10) }) : d(e, t);
}
function u(e, t) {
	return e < o ? t("span.s", { n: Math.max(Math.ceil(e / a), 0) }) : d(e, t);
}
function d(e, t) {
	return e < s ? t("span.min", {
		n: Math.floor(e / o),
		m: Math.floor(e % o / a)
	}) : e < c ? t("span.h", {
		n: Math.floor(e / s),
		m: Math.floor(e % s / o)
	}) : t("span.d", {
		n: Math.floor(e / c),
		m: Math.floor(e % c / s)
	});
}
function f(e) {
	return e.replace(/[\t\n\v\f\r ]+/g, " ").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ufffe\uffff]/g, "").replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "�").trim();
}
var p = (e, t = !1) => {
	let n = 0;
	for (let t of e) /[ijl.,:;'|!·`]/.test(t) ? n += .3 : /[\sfrtI()[\]{}"\-/\\]/.test(t) ? n += .4 : /[mwMW@%]/.test(t) ? n += .96 : /[A-ZÅÄÖ_&#+<>=~—–…×]/.test(t) ? n += .74 : n += t < "ᄀ" ? .61 : 1.1;
	return n * 13 * (t ? 1.08 : 1);
};
function m(e, t, n, r = !1) {
	if (n(e, r) <= t) return e;
	let i = Array.from(e);
	for (; i.length > 0 && n(i.join("").trimEnd() + "…", r) > t;) i.pop();
	return i.join("").trimEnd() + "…";
}
function h(e, t, n, r, i = !1) {
	let a = [], o = "";
	for (let n of e.split(" ")) for (o && r(o + " " + n, i) > t && (a.push(o), o = ""), o = o ? o + " " + n : n; r(o, i) > t;) {
		let e = Array.from(o), n = e.length - 1;
		for (; n > 1 && r(e.slice(0, n).join(""), i) > t;) n--;
		if (n < 1) break;
		a.push(e.slice(0, n).join("")), o = e.slice(n).join("");
	}
	if (o && a.push(o), a.length > n) {
		let e = a.slice(n - 1).join(" ");
		return [...a.slice(0, n - 1), m(e, t, r, i)];
	}
	return a;
}
// src/reading.ts
function g(e, t) {
	return f(e.parties.find((e) => e.id === t)?.label || t);
}
function _(e, t) {
	if (!e.run) return e.arrows.map((e) => e.undoes || e.ends ? {
		...e,
		block: {
			kind: "opt",
			words: t("if-refused")
		}
	} : e);
	let n = e.status === "refused" || e.status === "undoing";
	return e.arrows.filter((t) => {
		if (t.state !== "not-yet" || t.moments?.length) return !0;
		if (t.ends) return n;
		if (!t.undoes) return !0;
		let r = e.arrows.find((e) => e.name === t.undoes && !e.undoes);
		return e.status === "undoing" && (r?.state === "done" || r?.state === "unknown" || r?.state === "undone");
	});
}
function v(e, t, n) {
	return e.run ? t.state === "not-yet" && e.status === "refused" && !t.ends ? n("state.never") : n(`state.${t.state}`) : "";
}
function ee(t) {
	return [...Object.keys(e).map((e) => t(`state.${e}`)), t("state.never")];
}
function y(e, t, n) {
	return !t || !e.begun || !n.times ? "" : l(Date.parse(t) - Date.parse(e.begun), n.say, n.locale);
}
function b(e, t) {
	return e.took === void 0 || !t.times ? "" : l(e.took, t.say, t.locale);
}
var x = {
	refused: "no",
	unknown: "wait",
	now: "wait",
	done: "go"
};
function S(e) {
	return x[e] ?? "quiet";
}
function C(e, t, n) {
	let r = ne(w(e, t, n));
	return r ? {
		text: r,
		tone: t.state === "done" ? "quiet" : S(t.state)
	} : void 0;
}
function w(e, t, n) {
	switch (t.state) {
		case "refused": return [t.refusal, t.note];
		case "unknown": return [E(t, n), T(e, t, n)];
		case "now": return [T(e, t, n), E(t, n)];
		case "undone": {
			let r = e.arrows.find((e) => e.undoes === t.name);
			return [t.refusal, r && n.say("taken-back-by", { name: r.name })];
		}
		case "done": return [t.undoes && n.say("takes-back", { name: t.undoes })];
		default: return [];
	}
}
function T(e, t, n) {
	if (!t.waitingOn) return "";
	let r = [n.say("waiting", { party: g(e, t.waitingOn) })];
	if (t.until && n.times) {
		let e = Date.parse(t.until) - n.now;
		return r.push(n.say("until", { clock: n.clock(Date.parse(t.until)) })), r.join(" ") + ", " + (e > 0 ? n.say("left", { left: u(e, n.say) }) : n.say("over"));
	}
	return r.join("");
}
function E(e, t) {
	if (!e.again || !t.times) return "";
	let n = e.state === "unknown" || e.waitingOn === e.from, r = Date.parse(e.again) - t.now;
	return r <= 0 ? t.say(n ? "asked-now" : "said-now") : t.say(n ? "asked-again" : "said-again", { left: u(r, t.say) });
}
function D(e, t, n) {
	let { say: r } = n, i = g(e, t.from), a = g(e, t.to), o = f(t.name), s = y(e, t.at, n), c = v(e, t, r), l = [r(i === a ? "arrow-self" : "arrow", {
		number: t.number,
		from: i,
		to: a,
		name: o
	}), s ? `${c} ${r("after", { span: s })}` : c].filter(Boolean), u = b(t, n);
	u && l.push(r("took", { span: u }));
	let d = C(e, t, n)?.text;
	return d && l.push(d), t.note && t.state !== "refused" && l.push(f(t.note)), t.tries?.length && l.push(r("tries", { n: t.tries.length })), t.block && l.push(r(`${t.block.kind}-block`, { words: f(t.block.words) })), t.pivot && l.push(r("pivot")), l.join(", ");
}
function O(e, t) {
	let n = [f(e.title || e.flow), f(e.about)];
	return e.run && t.times && n.push(t.say("run", { id: k(e.run) })), n.filter(Boolean);
}
function k(e) {
	return f(e.length > 7 ? e.slice(0, 6) + "…" : e);
}
function A(e, t) {
	if (!e.begun || !t.times) return "";
	let n = e.arrows.flatMap((e) => e.moments ?? []).map((e) => Date.parse(e.at)), r = Date.parse(e.begun);
	return l(Math.max(r, ...n) - r, t.say, t.locale);
}
function te(e, t, n = !0) {
	if (!e.run) return [{
		text: t("not-begun"),
		tone: "quiet"
	}];
	let r = [], i = e.refusal;
	if (i) {
		let n = e.status === "undoing" ? "end.undoing" : "end.refused";
		r.push({
			text: t(n, {
				party: f(i.byLabel || i.by),
				status: f(i.status)
			}),
			tone: "no"
		});
	} else e.status === "done" && r.push({
		text: t("end.done"),
		tone: "go"
	});
	let a = n ? e.arrows.find((e) => e.waitingOn) : void 0;
	return a?.waitingOn && r.push({
		text: t("end.waiting", {
			party: g(e, a.waitingOn),
			name: f(a.name)
		}),
		tone: "wait"
	}), e.attention && r.push({
		text: t("end.attention", { why: f(e.attention) }),
		tone: "wait"
	}), r;
}
function ne(e) {
	return f(e.filter(Boolean).join("\xA0· "));
}
// src/columns.ts
var re = 36, ie = 300, ae = 240, oe = 140, se = 3, ce = 24, le = 6;
function j(e, t, n, r, a) {
	let { parties: o, place: s } = ue(e, t), c = o.map((e) => f(e.label)), l = c.map((e) => Math.min(a(e, !0), oe) / 2), u = n + Math.max(l[0] ?? 0, 16), d = r - Math.max(l.at(-1) ?? 0, 16), p = c.slice(1).map((e, t) => Math.max(re, (l[t] ?? 0) + (l[t + 1] ?? 0) + 24));
	for (let e of t) {
		let [t, n] = [s(e.from), s(e.to)].sort((e, t) => e - t), r = Math.min(a(`${e.number} ${f(e.name)}`) + 40, ae);
		n === t + 1 && (p[t] = Math.max(p[t] ?? 0, r)), n === t && t < p.length && (p[t] = Math.max(p[t] ?? 0, r / 2));
	}
	let m = de(p, Math.max(d - u, 0)), g = u, _ = o.map((e, t) => {
		t > 0 && (g += m[t - 1] ?? 0);
		let o = t > 0 ? m[t - 1] ?? 0 : 2 * (g - n + le), s = t < m.length ? m[t] ?? 0 : 2 * (r - g + le), l = Math.max(Math.min(o, s) - 8, 24);
		return {
			id: e.id,
			x: g,
			label: c[t] ?? "",
			lines: h(c[t] ?? "", l, se, a, !0),
			server: e.server === !0,
			sign: i(e)
		};
	});
	return {
		all: _,
		of: s,
		headHeight: ce + Math.max(1, ..._.map((e) => e.lines.length)) * 17 + 12
	};
}
function ue(e, t) {
	let n = [], r = /* @__PURE__ */ new Map(), i = new Set(e.parties.map((e) => e.id)), a = t.flatMap((e) => [e.from, e.to]).filter((e) => !i.has(e));
	for (let t of [...e.parties, ...[...new Set(a)].map((e) => ({
		id: e,
		label: e
	}))]) {
		let i = g(e, t.id), a = n.findIndex((e) => e.label === i);
		a < 0 ? a = n.push({
			...t,
			label: i
		}) - 1 : t.server && (n[a] = {
			...t,
			label: i
		}), r.set(t.id, a);
	}
	return {
		parties: n,
		place: (e) => r.get(e) ?? 0
	};
}
function de(e, t) {
	if (e.reduce((e, t) => e + t, 0) <= t) {
		let n = Math.min(M([...e].sort((e, t) => t - e), t, (e, t) => e <= t), ie);
		return e.map((e) => Math.max(e, n));
	}
	let n = M([...e].sort((e, t) => e - t), t, (e, t) => e >= t);
	return e.map((e) => Math.min(e, n));
}
function M(e, t, n) {
	let r = t;
	for (let [t, i] of e.entries()) {
		let a = r / (e.length - t);
		if (n(i, a)) return a;
		r -= i;
	}
	return r;
}
var N = {
	"span.under": "<1 ms",
	"span.ms": "{n} ms",
	"span.s": "{n} s",
	"span.min": "{n} min {m} s",
	"span.h": "{n} h {m} min",
	"span.d": "{n} d {m} h",
	"state.not-yet": "not yet",
	"state.never": "never",
	"state.now": "now",
	"state.done": "done",
	"state.refused": "refused",
	"state.unknown": "answer lost",
	"state.undone": "taken back",
	"state.skipped": "skipped",
	"state.late": "late",
	waiting: "waiting for {party}",
	until: "until {clock}",
	left: "{left} left",
	over: "the time is up",
	"said-again": "said again in {left}",
	"asked-again": "asked again in {left}",
	"said-now": "being said again",
	"asked-now": "being asked again",
	"taken-back-by": "{name} takes it back",
	"takes-back": "takes {name} back",
	tries: "tries that did not end it: {n}",
	times: "×{n}",
	pivot: "no way back from here",
	opt: "opt",
	par: "par",
	"opt-block": "only if: {words}",
	"par-block": "beside others: {words}",
	"if-refused": "the run is refused",
	arrow: "{number}. {from} to {to}: {name}",
	"arrow-self": "{number}. {from} to itself: {name}",
	after: "after {span}",
	took: "took {span}",
	run: "run {id}",
	"not-begun": "not begun",
	"end.done": "done",
	"end.refused": "refused by {party}: {status}",
	"end.undoing": "refused by {party}: {status}, being taken back",
	"end.waiting": "waiting for {party}: {name}",
	"end.attention": "a person should look: {why}",
	list: "{title}: what is said, in order",
	open: "open",
	changes: "{n} changes; the last: {sentence}",
	svg: "SVG",
	"svg-hint": "Save the picture as SVG",
	mermaid: "Mermaid",
	"mermaid-hint": "Copy the picture as Mermaid",
	copied: "copied",
	"not-copied": "could not be copied",
	close: "Close",
	key: "Key",
	attempts: "Attempts",
	note: "Note",
	happened: "What happened",
	request: "Request",
	answer: "Answer",
	status: "HTTP status",
	"copy-request": "Copy the request",
	attempt: "attempt {n}",
	"try-list": "Tries that did not end it",
	"nothing-kept": "Nothing was kept of what was said.",
	redacted: "redacted",
	"moment.started": "begun",
	"moment.said": "said, and heard",
	"moment.heard": "heard",
	"moment.skipped": "skipped",
	"moment.refused": "refused",
	"moment.unknown": "said; the answer was lost",
	"moment.unheard": "said; not heard",
	"moment.undone": "taken back",
	"moment.expired": "nobody said it in time",
	"moment.late": "came late",
	"moment.attention": "a person should look"
}, P = Object.fromEntries(Object.entries(/* @__PURE__ */ Object.assign({
	"./words/en.json": N,
	"./words/sv.json": {
		"span.under": "<1 ms",
		"span.ms": "{n} ms",
		"span.s": "{n} s",
		"span.min": "{n} min {m} s",
		"span.h": "{n} h {m} min",
		"span.d": "{n} d {m} h",
		"state.not-yet": "inte än",
		"state.never": "aldrig",
		"state.now": "nu",
		"state.done": "klart",
		"state.refused": "nekat",
		"state.unknown": "svar borta",
		"state.undone": "återtaget",
		"state.skipped": "hoppades över",
		"state.late": "för sent",
		waiting: "väntar på {party}",
		until: "till {clock}",
		left: "{left} kvar",
		over: "tiden är ute",
		"said-again": "sägs igen om {left}",
		"asked-again": "frågas igen om {left}",
		"said-now": "sägs igen nu",
		"asked-now": "frågas igen nu",
		"taken-back-by": "{name} tar tillbaka det",
		"takes-back": "tar tillbaka {name}",
		tries: "försök som inte räckte: {n}",
		times: "×{n}",
		pivot: "härifrån går det inte att vända",
		opt: "opt",
		par: "par",
		"opt-block": "bara om: {words}",
		"par-block": "samtidigt med andra: {words}",
		"if-refused": "körningen nekas",
		arrow: "{number}. {from} till {to}: {name}",
		"arrow-self": "{number}. {from} till sig själv: {name}",
		after: "efter {span}",
		took: "tog {span}",
		run: "körning {id}",
		"not-begun": "inte börjad",
		"end.done": "klart",
		"end.refused": "nekat av {party}: {status}",
		"end.undoing": "nekat av {party}: {status}, tas tillbaka",
		"end.waiting": "väntar på {party}: {name}",
		"end.attention": "någon behöver titta: {why}",
		list: "{title}: vad som sägs, i ordning",
		open: "öppna",
		changes: "{n} ändringar; den sista: {sentence}",
		svg: "SVG",
		"svg-hint": "Spara bilden som SVG",
		mermaid: "Mermaid",
		"mermaid-hint": "Kopiera bilden som Mermaid",
		copied: "kopierat",
		"not-copied": "gick inte att kopiera",
		close: "Stäng",
		key: "Nyckel",
		attempts: "Försök",
		note: "Anteckning",
		happened: "Vad som hände",
		request: "Fråga",
		answer: "Svar",
		status: "HTTP-status",
		"copy-request": "Kopiera frågan",
		attempt: "försök {n}",
		"try-list": "Försök som inte räckte",
		"nothing-kept": "Inget är sparat av det som sades.",
		redacted: "dolt",
		"moment.started": "började",
		"moment.said": "sagt och hört",
		"moment.heard": "hört",
		"moment.skipped": "hoppades över",
		"moment.refused": "nekat",
		"moment.unknown": "sagt; svaret kom bort",
		"moment.unheard": "sagt; inte hört",
		"moment.undone": "återtaget",
		"moment.expired": "ingen sade det i tid",
		"moment.late": "kom för sent",
		"moment.attention": "någon behöver titta"
	}
})).map(([e, t]) => [e.replace(/^.*\/|\.json$/g, ""), t]));
function F(e) {
	let t = P[e] ?? P[e.slice(0, 2)] ?? N;
	return (e, n = {}) => t[e].replace(/\{(\w+)\}/g, (e, t) => String(n[t] ?? e));
}
// src/mermaid.ts
function fe(e, { locale: t = "en" } = {}) {
	let n = {
		say: F(t),
		locale: t,
		times: !1,
		now: 0,
		clock: () => ""
	}, r = _(e, n.say).filter((t) => !e.run || t.state !== "not-yet"), i = j(e, r, 0, 1e3, p), a = i.all.map((e) => I(e.id)), o = (e) => a[i.of(e)] ?? I(e), s = a.length > 1 ? `${a[0]},${a.at(-1)}` : String(a[0]), c = ["sequenceDiagram"], l = 1, u = (e) => c.push("    ".repeat(l) + e);
	for (let [e, t] of i.all.entries()) u(a[e] === t.label ? `participant ${a[e]}` : `participant ${a[e]} as ${L(t.label)}`);
	let d, f = () => {
		d &&= (l--, u("end"), void 0);
	};
	for (let t of r) {
		d && (t.block?.kind !== d.kind || t.block.words !== d.words) && f(), t.block && d?.kind === "par" && (l--, u("and"), l++), t.block && !d && (u(`${t.block.kind} ${L(t.block.words)}`), l++, d = t.block);
		let [r, i] = [o(t.from), o(t.to)], a = r === i ? r : `${r},${i}`;
		if (t.state === "skipped") u(`Note over ${a}: ${L(`${n.say("state.skipped")}: ${t.name}`)}`);
		else {
			let o = (t.attempts ?? 1) > 1 ? ` ${n.say("times", { n: t.attempts ?? 1 })}` : "";
			u(`${r}${pe(t)}${i}: ${L(t.name + o)}`);
			let s = C(e, t, n)?.text, c = [t.state === "done" || t.state === "not-yet" ? "" : v(e, t, n.say), s].filter(Boolean).join(": ");
			c && u(`Note over ${a}: ${L(c)}`);
		}
		t.pivot && u(`Note over ${s}: ${L(n.say("pivot"))}`);
	}
	if (f(), e.run) for (let t of te(e, n.say, !1)) u(`Note over ${s}: ${L(t.text)}`);
	return c.join("\n") + "\n";
}
function pe(e) {
	return e.state === "refused" ? "-x" : e.state === "unknown" ? "--x" : e.state === "now" ? "-)" : e.seen || e.reply ? "-->>" : "->>";
}
function I(e) {
	let t = e.replace(/[^\p{L}\p{Nd}]/gu, "_");
	return t.toLowerCase() === "end" ? t + "_" : t;
}
function L(e) {
	let t = {
		"#": "#35;",
		";": "#59;",
		"<": "#lt;",
		">": "#gt;"
	};
	return f(e).replace(/[#;<>]/g, (e) => t[e] ?? e);
}
// src/changes.ts
function me(e) {
	let t = e.map((e) => e.moments?.at(-1)?.seq ?? Infinity);
	return e.flatMap((e, n) => t[n] === Infinity ? e.state === "not-yet" ? [] : [{
		i: n,
		seq: e.seen ? t.slice(n).find((e) => e < Infinity) ?? Infinity : Infinity
	}] : [{
		i: n,
		seq: t[n] ?? Infinity
	}]).sort((e, t) => e.seq - t.seq || e.i - t.i).map(({ i: e }) => e);
}
// src/layout.ts
var he = 60, R = 14, z = 24, ge = 64, _e = 44, B = 260, ve = 380, ye = 4, be = 3, V = 16, H = 30;
function xe(e, { width: t, voice: n, measure: r }) {
	let i = _(e, n.say), a = (e, t) => Math.max(t, ...e.map((e) => r(e))), o = n.times ? a(i.map((t) => y(e, t.at, n)), he) + R : 8, s = t - z - a([...ee(n.say), ...i.map((e) => b(e, n))], 0), c = j(e, i, o, s, r), l = c.all.at(-1)?.x ?? o, u = Math.min(s, Math.max(l + ge, o + B)), d = [], f = [], p = [], h = 4, g, v = () => {
		g &&= (h += 8, f.push(Oe(g.block, g.rows, g.top, h, o, u, n, r)), h += 8, void 0);
	};
	for (let t of i) {
		g && (t.block?.kind !== g.block.kind || t.block.words !== g.block.words) && v(), t.block && !g && (g = {
			block: t.block,
			top: h + 2,
			rows: []
		}, h += 28);
		let i = Ce(e, t, {
			...Se(c, t),
			start: o,
			end: u,
			y: h
		}, n, r);
		if (d.push(i), g?.rows.push(i), h += i.height, t.pivot) {
			let e = m(n.say("pivot"), u - o - 16, r), i = r(e), a = h + H / 2;
			p.push({
				y: a,
				from: o,
				to: u,
				passed: we(t),
				words: {
					x: (o + u - i) / 2,
					y: a + 4,
					width: i,
					phrases: [{
						text: e,
						tone: "quiet"
					}]
				}
			}), h += H;
		}
	}
	return v(), {
		width: u + (t - s),
		headHeight: c.headHeight,
		height: h + 8,
		columns: c.all,
		rows: d,
		boxes: f,
		pivots: p
	};
}
function Se(e, t) {
	let [n, r] = [e.all[e.of(t.from)], e.all[e.of(t.to)]];
	if (!n || !r) return {
		from: 0,
		to: 0
	};
	let i = n === r ? 0 : Math.sign(r.x - n.x), a = (e, t) => e.server ? t * 10 / 2 : 0;
	return {
		from: n.x + a(n, i || 1),
		to: r.x + a(r, -i || 1)
	};
}
function Ce(t, n, r, i, a) {
	let o = r.from === r.to, s = Math.min(r.from, r.to), c = Math.max(r.from, r.to), l = o ? {
		start: s + 10,
		end: r.end - 2
	} : {
		start: s + 8,
		end: c - 8
	}, u = {
		number: {
			text: String(n.number),
			tone: "quiet"
		},
		text: {
			text: f(n.name),
			tone: Te(n) ? "quiet" : "ink"
		}
	}, d = [(n.attempts ?? 1) > 1 ? i.say("times", { n: n.attempts ?? 1 }) : "", n.state === "refused" ? "" : f(n.note ?? "")];
	d.some(Boolean) && (u.note = {
		text: d.filter(Boolean).join(" "),
		tone: "quiet"
	});
	let p = C(t, n, i), m = r.y + 6, h = (e, t, n) => Ee(e, l, {
		start: r.start + 2,
		end: r.end - 2
	}, t, n, a, o).map((e) => ({
		...e,
		y: (m += 17) - 4
	})), g = h(u, B, ye);
	m += 6;
	let _ = m;
	m += o ? 18 : n.state === "undone" ? 15 : 5;
	let ee = p ? h({ text: p }, ve, be) : [];
	m += 5;
	let x = Math.max(_e - (m - r.y), 0), w = (e) => ({
		...e,
		y: e.y + x / 2
	}), T = _ + x / 2 + 4, E = (e, t, n) => ({
		x: t,
		y: n,
		width: a(e),
		phrases: [{
			text: e,
			tone: "quiet"
		}]
	}), D = y(t, n.at, i), O = b(n, i), k = {
		arrow: n,
		top: r.y,
		height: m - r.y + x,
		y: _ + x / 2,
		from: r.from,
		to: r.to,
		label: g.map(w),
		under: ee.map(w),
		ticks: De(n, c - s)
	}, A = v(t, n, i.say);
	if (A) {
		let t = O ? T - 17 : T, i = {
			x: r.end + 4,
			y: t - 12,
			path: e[n.state],
			tone: S(n.state)
		};
		k.state = {
			...E(A, r.end + z, t),
			sign: i
		};
	}
	return D && (k.at = E(D, Math.max(r.start - R - a(D), 0), T)), O && (k.took = E(O, r.end + z, T)), k;
}
function we(e) {
	return e.state === "done" || e.state === "unknown" || e.state === "late";
}
function Te(e) {
	return e.state === "not-yet" || e.state === "skipped" || e.state === "undone";
}
function Ee(e, t, n, r, i, a, o) {
	let { number: s, text: c, note: l } = e, u = [
		s,
		c,
		l
	].filter((e) => e !== void 0), d = Math.min(n.end - n.start, Math.max(t.end - t.start, Math.min(U(u, a), r))), f = s ? a(s.text) + 6 : 0, p = h(c.text, d - f, i, a).map((e, t) => {
		let n = {
			...c,
			text: e
		};
		return t === 0 && s ? [s, n] : [n];
	}), m = p[0];
	return l && m && p.length === 1 && U([...m, l], a) <= d ? m.push(l) : l && p.push(...h(l.text, d, 2, a).map((e) => [{
		...l,
		text: e
	}])), p.map((e) => {
		let r = U(e, a), i = o ? t.start : (t.start + t.end - r) / 2;
		return {
			x: Math.max(n.start, Math.min(i, n.end - r)),
			y: 0,
			width: r,
			phrases: e
		};
	});
}
function U(e, t) {
	return e.reduce((e, n) => e + t(n.text) + 6, -6);
}
function De(e, t) {
	let n = Math.max(Math.floor(((t || 60) - 40) / 7), 1);
	return Array.from({ length: Math.min(e.tries?.length ?? 0, n, 12) }, (e, t) => 14 + t * 7);
}
function Oe(e, t, n, r, i, a, o, s) {
	let c = t.flatMap((e) => [...e.label, ...e.under]), l = o.say(e.kind), u = s(l, !0), d = f(e.words), p = Math.max(i - 4, Math.min(...t.flatMap((e) => [e.from, e.to]), ...c.map((e) => e.x)) - V), h = Math.max(...t.flatMap((e) => [e.from, e.to]), ...c.map((e) => e.x + e.width), p + u + s(d) + 24), g = Math.min(h + V, a) - p, _ = m(d, Math.max(g - u - 30, 0), s);
	return {
		kind: e.kind,
		skipped: t.every((e) => e.arrow.state === "skipped"),
		x: p,
		y: n,
		width: g,
		height: r - n,
		tab: {
			x: p + 8,
			y: n + 17,
			width: u + 8 + s(_),
			phrases: [{
				text: l,
				tone: "quiet"
			}, {
				text: _,
				tone: "quiet"
			}]
		}
	};
}
// src/paint.ts
var W = (e) => Math.round(e * 10) / 10, G = (e, t) => ({
	tag: "path",
	at: {
		class: t,
		d: e
	}
}), K = (e, t, n, r, i) => ({
	tag: "rect",
	at: {
		class: e,
		x: W(t),
		y: W(n),
		width: W(r),
		height: W(i),
		rx: 4
	}
}), q = (e, ...t) => ({
	tag: "g",
	at: e,
	of: t.filter((e) => e !== void 0)
});
function J(e, t = "", n = !1) {
	return {
		tag: "text",
		at: {
			class: ("words " + t + (n ? " bold" : "")).trim(),
			x: W(e.x),
			y: W(e.y)
		},
		of: e.phrases.map((e, t) => ({
			tag: "tspan",
			at: t > 0 ? {
				class: e.tone,
				dx: 6
			} : { class: e.tone },
			text: e.text
		}))
	};
}
function ke(e) {
	return e.columns.map((e) => q({ class: e.server ? "party server" : "party" }, q({ transform: `translate(${W(e.x - 8)} 6)` }, G(e.sign, "sign")), ...e.lines.map((t, n) => ({
		tag: "text",
		at: {
			class: "words bold",
			x: W(e.x),
			y: 40 + n * 17,
			"text-anchor": "middle"
		},
		text: t
	}))));
}
function Ae(e) {
	return [
		...e.columns.map((t) => t.server ? K("band", t.x - 5, 0, 10, e.height) : G(`M${W(t.x)} 0V${W(e.height)}`, "lifeline")),
		...e.boxes.map(je),
		...e.pivots.map(Me)
	];
}
function je(e) {
	return q({ class: e.skipped ? "box skipped" : "box" }, K("frame", e.x, e.y, e.width, e.height), K("tab", e.x, e.y, e.tab.width + 16, 24), J(e.tab, "kind"));
}
function Me(e) {
	let t = (t) => `M${W(e.from)} ${t}H${W(e.words.x - 10)}M${W(e.words.x + e.words.width + 10)} ${t}H${W(e.to)}`;
	return q({ class: e.passed ? "pivot passed" : "pivot" }, G(t(W(e.y - 1.5)) + t(W(e.y + 1.5)), ""), J(e.words));
}
function Ne(e) {
	let t = e.to - e.from;
	return q({ class: "row " + [
		e.arrow.state,
		e.arrow.seen ? "seen" : "",
		e.arrow.reply ? "reply" : ""
	].filter(Boolean).join(" ") }, q({ transform: `translate(${W(e.from)} ${W(e.y)})` }, G(Y(t, 0), "track"), q({ class: "goes" }, ...Pe(e, t))), ...e.arrow.state === "undone" ? [Fe(e, t)] : [], q({ class: "told" }, ...e.label.map((e) => J(e, "label"))), q({ class: "came" }, ...e.under.map((e) => J(e, "under")), e.at && J(e.at, "time"), e.state && J(e.state, "time"), e.took && J(e.took, "time"), e.state && q({ transform: `translate(${W(e.state.sign.x)} ${W(e.state.sign.y)})` }, G(e.state.sign.path, "sign " + e.state.sign.tone))));
}
function Y(e, t) {
	return e === 0 ? `M0 0H20a6 7 0 0 1 0 14H${2 + t}` : `M0 0H${W(e - Math.sign(e) * t)}`;
}
function Pe(e, t) {
	let n = e.arrow.state === "now" || e.arrow.state === "not-yet" || e.arrow.state === "unknown" || e.arrow.seen, r = t === 0 ? 14 : 0, i = t === 0 ? 2 : t, a = t === 0 ? 1 : -Math.sign(t), o = (e, t) => `${W(i + a * e)} ${r + t}`, s = e.ticks.map((e) => G(`M${W(-a * e)} -4v8`, "tick"));
	if (e.arrow.state === "refused") return [
		G(Y(t, 14), "line"),
		G(`M${o(13, -4.5)}L${o(4, 4.5)}M${o(4, -4.5)}L${o(13, 4.5)}`, "head cross"),
		...s
	];
	let c = n ? G(`M${o(8, -4.5)}L${o(1, 0)}L${o(8, 4.5)}`, "head") : G(`M${o(9, -4.5)}L${o(1, 0)}L${o(9, 4.5)}z`, "head full");
	return [
		G(Y(t, n ? 2 : 8), "line"),
		c,
		...s
	];
}
function Fe(e, t) {
	let n = Math.sign(t) || 1, r = t === 0 ? 26 : t - n * 4;
	return q({
		class: "return",
		transform: `translate(${W(e.from)} ${W(e.y)})`
	}, G(t === 0 ? "M26 0q8 9 0 18H8" : `M${W(r)} 2q0 8 ${-n * 8} 8H${n * 10}`, "line"), G(t === 0 ? "M14 14L8 18L14 22" : `M${n * 14} 6L${n * 8} 10L${n * 14} 14`, "head"));
}
// src/picture.css?raw
var Ie = "/* How the shapes of paint.ts look, on a page and in a file of their own. */\n.picture { font: 13px/1 system-ui, -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", Arial, sans-serif; font-variant-numeric: tabular-nums; color: var(--ink) }\n.picture path { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round }\n.picture text { fill: currentColor }\n.picture .words { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; white-space: pre }\n.picture tspan { unicode-bidi: isolate }\n.picture .bold { font-weight: 600 }\n.picture .ink { fill: var(--ink) }\n.picture .quiet { fill: var(--quiet) }\n.picture .go { fill: var(--go) }\n.picture .wait { fill: var(--wait) }\n.picture .no { fill: var(--no) }\n\n.picture .party .sign { stroke: var(--quiet) }\n.picture .party.server, .picture .party.server .sign { color: var(--go); stroke: var(--go) }\n.picture .party.server text { stroke: var(--paper) }\n.picture .lifeline { stroke: var(--line); stroke-width: 1 }\n.picture .band { fill: var(--tint); stroke: var(--line) }\n\n.picture .frame { fill: none; stroke: var(--line) }\n.picture .tab { fill: var(--tint); stroke: var(--line) }\n.picture .kind { stroke: none }\n.picture .kind tspan:first-child { font-weight: 600 }\n.picture .skipped .frame { stroke-dasharray: 4 4 }\n.picture .pivot { color: var(--line) }\n.picture .pivot.passed { color: var(--quiet) }\n.picture .pivot path { stroke-width: 1 }\n\n.picture .sign { stroke-width: 1.5 }\n.picture path.go { stroke: var(--go); fill: none }\n.picture path.wait { stroke: var(--wait); fill: none }\n.picture path.no { stroke: var(--no); fill: none }\n.picture path.quiet { stroke: var(--quiet); fill: none }\n\n.picture .track { stroke: var(--quiet); stroke-width: .75 }\n.picture .head.full { fill: currentColor; stroke-width: 1 }\n.picture .seen, .picture .not-yet, .picture .skipped, .picture .undone { color: var(--quiet) }\n.picture .seen:not(.not-yet) .track, .picture .reply.done .track, .picture .unknown .track, .picture .undone .track { stroke: none }\n.picture .seen .line, .picture .reply .line { stroke-dasharray: 1.5 4 }\n.picture .now, .picture .unknown { color: var(--wait) }\n.picture .unknown .line { stroke-dasharray: 7 5 }\n.picture .not-yet .line, .picture .skipped .line { stroke: none }\n.picture .not-yet .head, .picture .skipped .head { fill: none; stroke-width: .75 }\n.picture .undone .goes path { stroke-width: .75 }\n.picture .return .line { stroke-dasharray: 3 3 }\n.picture .return path { stroke-width: 1.25 }\n.picture .cross { stroke: var(--no); stroke-width: 2.5 }\n.picture .goes .tick { stroke: var(--wait); stroke-width: 2 }\n\n/* What is seen of a row before its arrow is drawn. */\n.picture .told { --before: .35 }\n.picture .came, .picture .return { --before: 0 }\n", Le = "/* The colours that everything in the browser shares. Each pair that is read passes WCAG AA, in both schemes; state is never colour alone. */\n:root {\n  --ink: #12211c; --paper: #fbfaf7; --tint: #eef2ec; --line: #d3d0c5; --quiet: #4b5a54;\n  --go: #0b7a55; --wait: #8f5600; --no: #b3261e; --press: #1f4fd8; --on-press: #ffffff;\n}\n@media (prefers-color-scheme: dark) {\n  :root {\n    --ink: #eef2ee; --paper: #141a17; --tint: #1d2621; --line: #3f4a45; --quiet: #b3beb8;\n    --go: #3ecf97; --wait: #f0b35c; --no: #ff9d94; --press: #9db4ff; --on-press: #10131c;\n  }\n}\n", X = 16;
function Re(e, t = {}) {
	let { locale: n = "en", scheme: r = "both", animate: i = !1, times: a = !0, width: o = 960 } = t, s = {
		say: F(n),
		locale: n,
		times: a,
		now: Date.parse(e.now),
		clock: Ge
	}, c = xe(e, {
		width: o - 32,
		voice: s,
		measure: p
	}), l = 44 + c.headHeight, u = te(e, s.say), d = Math.ceil(l + c.height + 12 + u.length * 22 + X), f = Math.ceil(c.width + 32), m = O(e, s).join(" · "), h = _(e, s.say).map((t) => D(e, t, s)), g = {
		tag: "g",
		at: { class: "picture" },
		of: [
			...ze(m, A(e, s), c),
			{
				tag: "g",
				at: { transform: `translate(${X} 44)` },
				of: ke(c)
			},
			{
				tag: "g",
				at: { transform: `translate(${X} ${l})` },
				of: Ae(c)
			},
			{
				tag: "g",
				at: {
					class: "rows",
					transform: `translate(${X} ${l})`
				},
				of: c.rows.map(Ne)
			},
			...u.map((e, t) => Be(e, l + c.height + 28 + t * 22, c.width))
		]
	}, v = [
		Ve(r),
		Z(Ie),
		i ? We(e, c) : ""
	].join("");
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${f}" height="${d}" viewBox="0 0 ${f} ${d}" role="img" aria-labelledby="title desc" lang="${$(n)}"><title id="title">${$(m)}</title><desc id="desc">${$([...h, ...u.map((e) => e.text)].join(". "))}</desc><style>${v}</style><rect width="100%" height="100%" fill="var(--paper)"/>${Ke(g)}</svg>\n`;
}
function ze(e, t, n) {
	let r = t ? p(t) : 0, i = m(e, n.width - r - 16, p, !0), a = X + 13, o = [{
		tag: "text",
		at: {
			class: "bold",
			x: X,
			y: a
		},
		text: i
	}];
	return t && o.push({
		tag: "text",
		at: {
			class: "quiet",
			x: X + Math.round(n.width),
			y: a,
			"text-anchor": "end"
		},
		text: t
	}), o;
}
function Be(e, t, n) {
	return {
		tag: "text",
		at: {
			class: `bold ${e.tone}`,
			x: X,
			y: Math.round(t)
		},
		text: m(e.text, n, p, !0)
	};
}
function Ve(e) {
	if (e === "both") return Z(Le);
	let [t = "", n = ""] = [...Le.matchAll(/:root\s*{([^}]*)}/g)].map((e) => e[1] ?? "");
	return Z(`:root {${e === "light" ? t : n}}`);
}
var Z = (e) => e.replace(/\/\*[^]*?\*\//g, "").replace(/\s+/g, " ").replace(/ ?([{};,]) ?/g, "$1").trim(), Q = 450, He = 250, Ue = 3e3;
function We(e, t) {
	let n = me(t.rows.map((e) => e.arrow));
	if (n.length === 0 || !e.run) return "";
	let r = n.length * Q + Ue, i = (e) => `${Math.round(e / r * 1e4) / 100}%`;
	return `@media (prefers-reduced-motion:no-preference){.goes,.told,.came,.return{animation-duration:${r}ms;animation-iteration-count:infinite;animation-timing-function:ease-out}${n.map((e, t) => {
		let [n, r] = [i(t * Q), i(t * Q + He)], a = `.rows>:nth-child(${e + 1}) `, o = (e, t) => `{0%,${n}{${e}}${r},100%{${t}}}`;
		return `@keyframes g${e}${o("transform:scaleX(0)", "transform:none")}@keyframes t${e}${o("opacity:var(--before)", "opacity:1")}${a}.goes{animation-name:g${e}}${a}:is(.told,.came,.return){animation-name:t${e}}`;
	}).join("")}}`;
}
function Ge(e) {
	return Number.isNaN(e) ? "" : new Date(e).toISOString().slice(11, 16) + " UTC";
}
function Ke(e) {
	let t = Object.entries(e.at).filter(([, e]) => e !== "").map(([e, t]) => ` ${e}="${$(String(t))}"`).join(""), n = (e.text === void 0 ? "" : $(e.text)) + (e.of ?? []).map(Ke).join("");
	return n ? `<${e.tag}${t}>${n}</${e.tag}>` : `<${e.tag}${t}/>`;
}
var qe = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	"\"": "&quot;",
	"'": "&#39;"
};
function $(e) {
	return e.replace(/[&<>"']/g, (e) => qe[e] ?? e);
}
export { fe as toMermaid, Re as toSVG };
