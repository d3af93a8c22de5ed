package sim

import (
	"cmp"
	"net/http"
	"strings"
)

// welcome shows how a visit ended, in plain words; what the shop was told in the protocol's own is there for whoever opens it. The
// server only asks that the callback answers 200, whatever came back.
func (o *Operator) welcome(w http.ResponseWriter, r *http.Request, a *operatorAttempt, v OperatorVisit) {
	lang := languages[languageOf(r, "")]
	deposit := a != nil && a.deposit
	data := map[string]any{"Deposit": deposit}
	if title, sorry := operatorSorry(lang, v, deposit); sorry != "" {
		data["Mood"] = "bad"
		if v.TxState == "CANCELLED" && v.ErrMsg == "" {
			data["Mood"] = "" // it is what they wanted
		}
		data["Title"], data["Sorry"], data["Facts"], data["Short"] = title, sorry, v.facts(), operatorShort(v)
	} else {
		o.thank(lang, v, data)
	}
	render(w, r, o, page{name: "welcome", class: "shop", data: data})
}

// operatorSorry says why a visit did not end as it should, and nothing when it did.
func operatorSorry(lang words, v OperatorVisit, deposit bool) (title, sorry string) {
	key := ""
	switch {
	case v.Problem != "":
		return lang.say("sorry.title"), lang.say("sorry.problem", v.Problem)
	case v.ErrMsg != "" && v.Error == "access_denied": // the operator's own words, and the shop is the operator's
		return lang.say("sorry.title"), lang.say("sorry.operator", strings.TrimSuffix(v.ErrMsg, "."))
	case v.Error == "access_denied" && v.TxState == "CANCELLED":
		key = "cancelled"
	case v.Error == "access_denied" && v.TxState == "INCONSISTENT" && deposit:
		key = "unclear"
	case v.Error == "access_denied" && v.TxState == "FAILED" && deposit:
		key = "failed"
	case v.Error == "access_denied":
		return lang.say("sorry.title"), lang.say("sorry.denied")
	case v.Error == "server_error" || v.Error == "temporarily_unavailable":
		key = "busy"
	case v.Error != "":
		return lang.say("sorry.title"), lang.say("sorry.server")
	case v.TokenStatus != http.StatusOK:
		return lang.say("sorry.title"), lang.say("sorry.code")
	default:
		return "", ""
	}
	return lang.say("sorry." + key + ".title"), lang.say("sorry." + key)
}

// operatorShort is how a support desk would call it: the error, and the operator's code when there is one.
func operatorShort(v OperatorVisit) string {
	short := cmp.Or(v.Error, tokenText(v.Token, "error"))
	if v.ErrCode != "" {
		short += ", " + v.ErrCode
	}
	return short
}

// facts are what a visit brought, in the protocol's words.
func (v OperatorVisit) facts() (facts []header) {
	for _, f := range []header{
		{"error", v.Error}, {"error_description", v.ErrorDescription}, {"errCode", v.ErrCode}, {"errMsg", v.ErrMsg}, {"tx_state", v.TxState},
		{"token: error", tokenText(v.Token, "error")}, {"token: error_description", tokenText(v.Token, "error_description")},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// tokenText is a text of a token endpoint's answer, or "".
func tokenText(m map[string]any, name string) string { s, _ := m[name].(string); return s }

// thank finds who it is that came in, what was deposited and what they have now.
func (o *Operator) thank(lang words, v OperatorVisit, data map[string]any) {
	known := v.Token
	if v.CheckStatus == http.StatusOK && v.Check != nil {
		known = v.Check
	}
	user := cmp.Or(tokenText(v.Token, "userId"), tokenText(known, "userId"))
	data["Name"] = cmp.Or(tokenText(known, "name"), tokenText(v.Token, "name"))
	if balance, currency := o.balance(user); balance != "" {
		data["Balance"] = lang.price(balance, currency)
	}
	if _, origin, ok := strings.Cut(tokenText(v.Token, "txRefId"), "A"); ok {
		for _, tx := range o.Transactions() {
			if tx.UserID == user && tx.State == "transferred" && (tx.OriginTxID == origin || tx.TxID == origin) {
				data["Deposited"] = lang.price(tx.Amount, tx.Currency)
			}
		}
	}
}
