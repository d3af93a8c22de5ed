package savehack

import (
	"encoding/json"
	"testing"
)

// examples are parameters for each kind, and those that the page shows.
var examples = map[string]string{
	"OneTime":       `{"amountCents":50000}`,
	"Daily":         `{"amountCents":1000}`,
	"Weekly":        `{"amountCents":10000,"dayOfWeek":4}`,
	"Monthly":       `{"amountCents":50000,"dayOfMonth":31}`,
	"Autopilot":     `{}`,
	"Thief":         `{"minAmountCents":1000,"maxAmountCents":9000}`,
	"Roulette":      `{"minAmountCents":1000,"maxAmountCents":37000}`,
	"CalendarChaos": `{"amountCents":500}`,
	"Moonstruck":    `{"amountCents":20000,"newMoon":true}`,
	"Rocket":        `{"amountCents":1000,"stepCents":500}`,
	"Everest":       `{"amountCents":100,"stepCents":100,"maxAmountCents":3000}`,
	"Percentage":    `{"percentage":2.5}`,
	"Roundup":       `{"roundToCents":1000}`,
	"Copycat":       `{"launchId":"0198c1a2-7d3e-7c11-9b0a-6f2d8e4b5a10","percentage":50}`,
}

func plan(t testing.TB, name, params string) Plan {
	t.Helper()
	k, ok := Find(name)
	if !ok {
		t.Fatalf("there is no kind %s", name)
	}
	p, err := k.Parse(json.RawMessage(params))
	if err != nil {
		t.Fatalf("%s %s: %v", name, params, err)
	}
	return p
}

func BenchmarkNext(b *testing.B) {
	s := Situation{Seed: "0198c1a2-7d3e-7c11-9b0a-6f2d8e4b5a10", Started: Date{2020, 2, 29}, Target: 100000000, Expires: Date{2040, 6, 1}}
	for _, k := range Kinds() {
		p := plan(b, k.Name, examples[k.Name])
		for gap, after := range map[string]Date{"": s.Started, "AfterALongGap": {2039, 12, 31}} {
			b.Run(k.Name+gap, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if due, ok := p.Next(s, after); ok {
						p.Amount(s, due)
					}
				}
			})
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, k := range Kinds() {
		raw := json.RawMessage(examples[k.Name])
		b.Run(k.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
