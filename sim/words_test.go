package sim

import (
	"io/fs"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEachLanguageHasTheSameWordsWithTheSamePlaces(t *testing.T) {
	if len(languages) < 2 || languages[fallback] == nil {
		t.Fatalf("the pages speak %v", slices.Sorted(maps.Keys(languages)))
	}
	place := regexp.MustCompile(`%(?:\[\d\])?[a-z]`)
	for tag, w := range languages {
		for key, text := range languages[fallback] {
			if text == "" || w[key] == "" {
				t.Errorf("%s has no word for %q", tag, key)
			}
			if a, b := place.FindAllString(text, -1), place.FindAllString(w[key], -1); !slices.Equal(a, b) {
				t.Errorf("%s: %q has the places %v, not %v", tag, key, b, a)
			}
		}
		for key := range w {
			if _, ok := languages[fallback][key]; !ok {
				t.Errorf("%s has a word %q that there is none of in %s", tag, key, fallback)
			}
		}
	}
}

// The keys that pages and code put together from parts.
func composedKeys() (keys []string) {
	add := func(prefix string, parts ...string) {
		for _, part := range parts {
			keys = append(keys, prefix+part)
		}
	}
	for _, a := range []actor{NewOperator(OperatorOptions{}), NewTrustly(TrustlyOptions{}), NewOpenID(OpenIDOptions{}), NewBankID(BankIDOptions{}), NewRegister(RegisterOptions{}), NewBank(BankOptions{})} {
		for _, prefix := range []string{"party.", "home.", "behaviour.", "nav."} {
			add(prefix, a.name())
		}
		for _, way := range a.ways()[1:] {
			add("nav.", way)
		}
		for _, c := range a.settings() {
			add("setting."+a.name()+".", c.Name)
		}
		for _, action := range a.Actions() {
			for _, fault := range a.FaultsOf(action) {
				add("fault.", string(fault))
				if fault != Behave {
					add("does.", string(fault))
				}
			}
		}
		switch a := a.(type) {
		case *Trustly:
			a.Close()
		case *Bank:
			a.Close()
		}
	}
	add("twist.", "openid", "bankid")
	add("often.", "-1", "1", "2", "n")
	add("did.", "", "signed-in", "reserved", "transferred", "cancelled", "refused", "repeated")
	add("tx.", "reserved", "transferred", "cancelled", "settled", "failed")
	add("does.bank.", bankPersonDoes...)
	add("entry.", "deposit", "withdrawal", "internal", "opening", "branch", "interest", "purchase", "income", "worth")
	add("outcome.", "found", "protected", "nobody", "too-many", "exception", "fault", "none")
	for _, why := range []string{"cancelled", "failed", "unclear", "busy"} {
		add("sorry."+why, "", ".title")
	}
	add("app.", bankAppSays...)
	add("app.moved.", "opening", "deposit", "withdrawal", "purchase", "income")
	add("app.choose.", "theme", "opening", "answers", "token", "renewal")
	for prefix, all := range map[string][]string{"app.theme.": bankAppThemes, "app.opening.": append([]string{"usual"}, BankOpenings...), "app.answers.": bankAppAnswers, "app.token.": bankAppTokens, "app.renewal.": bankAppRenewals} {
		add(prefix, all...)
	}
	add("", "language", "locale", "decimal", "thousands")
	return keys
}

func TestNoWordIsMissingAndNoneIsLeftOver(t *testing.T) {
	used := map[string]bool{}
	for _, key := range composedKeys() {
		used[key] = true
	}
	told := regexp.MustCompile(`(?:\.T |say\(|key: )"([a-z][a-z.-]*[a-z0-9])"|"((?:bank|bankid|openid)\.[a-z.]+)"`)
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".html") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range told.FindAllStringSubmatch(string(b), -1) {
			used[m[1]+m[2]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range used {
		if _, ok := languages[fallback][key]; !ok {
			t.Errorf("there is no word for %q", key)
		}
	}
	for key := range languages[fallback] {
		if !used[key] {
			t.Errorf("nobody says %q", key)
		}
	}
}

func TestAmountsAreWrittenAsTheLanguageDoes(t *testing.T) {
	for _, c := range []struct{ tag, amount, currency, money, price string }{
		{"en", "500.00", "SEK", "500.00 SEK", "500 kr"},
		{"en", "1234567.50", "SEK", "1,234,567.50 SEK", "1,234,567.50 kr"},
		{"sv", "1234567.50", "SEK", "1\u00a0234\u00a0567,50 SEK", "1\u00a0234\u00a0567,50 kr"},
		{"en", "50000", "JPY", "50,000 JPY", "50,000 JPY"},
		{"sv", "12.345", "KWD", "12,345 KWD", "12,345 KWD"},
		{"en", "12.000", "KWD", "12.000 KWD", "12 KWD"},
		{"en", "-80.00", "SEK", "−80.00 SEK", "−80 kr"},
	} {
		if w := languages[c.tag]; w.money(c.amount, c.currency) != c.money || w.price(c.amount, c.currency) != c.price {
			t.Errorf("%s %s %s: %q, %q", c.tag, c.amount, c.currency, w.money(c.amount, c.currency), w.price(c.amount, c.currency))
		}
	}
}

func TestTheLanguageIsTheOneThatWasChosenLast(t *testing.T) {
	for _, c := range []struct{ query, conversation, cookie, accept, want string }{
		{"", "", "", "", "en"},
		{"", "", "", "sv-SE,sv;q=0.9,en;q=0.8", "sv"},
		{"", "", "", "de-DE,de;q=0.9", "en"},
		{"", "", "", "en;q=0.5, sv;q=0.7", "sv"},
		{"", "", "", "sv;q=0, en;q=0.1", "en"},
		{"", "", "en", "sv", "en"},
		{"", "sv_SE", "en", "en", "sv"},
		{"", "fi_FI", "", "sv", "sv"},
		{"?lang=en", "sv_SE", "sv", "sv", "en"},
		{"?lang=tlh", "", "sv", "en", "sv"},
	} {
		r, err := http.NewRequest("GET", "/"+c.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: languageCookie, Value: c.cookie})
		}
		if got := languageOf(r, c.conversation); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
