package connector

import (
	"fmt"
	"strings"
)

// Capabilities is the table of what providers can do, in Markdown.
func Capabilities(providers []Provider) string {
	var b strings.Builder
	b.WriteString("| provider | identifies | proof comes by | shown on our page | takes deposits | notifies | can be asked what became of a payment | operator's signin | demands |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	yes := func(ok bool) string {
		if ok {
			return "yes"
		}
		return "no"
	}
	for _, p := range providers {
		proof, signin, demands := "notification", "if the merchant says so", "nothing"
		switch {
		case p.Return != nil:
			proof = "redirect"
		case p.Collect != nil:
			proof = "asking"
		}
		if p.Identify == nil {
			proof = "-"
		}
		if p.SignInRequired {
			signin = "always"
		}
		if len(p.Demands) > 0 {
			demands = strings.Join(p.Demands, ", ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", p.Label, yes(p.Identify != nil), proof, yes(p.HandOver != nil), yes(p.Pay != nil), yes(p.Receive != nil), yes(p.Status != nil), signin, demands)
	}
	return b.String()
}
