package web_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/web"
)

func readWords(t *testing.T) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob("words/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	all := map[string]map[string]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = words
	}
	return all
}

// money.SEK and its like are a language's own affair.
func optional(key string) bool { return strings.HasPrefix(key, "money.") }

func TestEveryLanguageSaysTheSame(t *testing.T) {
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	all := readWords(t)
	for lang, words := range all {
		for key, english := range all["en"] {
			text, ok := words[key]
			if !ok && !optional(key) {
				t.Errorf("%s has no words for %s", lang, key)
				continue
			}
			want, got := hole.FindAllString(english, -1), hole.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(got)
			if ok && !slices.Equal(want, got) {
				t.Errorf("%s: %s puts in %v, English %v", lang, key, got, want)
			}
		}
		for key, text := range words {
			if _, ok := all["en"][key]; !ok && !optional(key) {
				t.Errorf("%s has words for %s, which English does not know", lang, key)
			}
			if strings.TrimSpace(text) == "" && !strings.HasPrefix(key, "number.") {
				t.Errorf("%s: %s says nothing", lang, key)
			}
		}
	}
}

// Each key is looked up somewhere, and each that is looked up is there.
func TestWordsAreThoseThatAreSaid(t *testing.T) {
	english := readWords(t)["en"]
	var code strings.Builder
	for _, pattern := range []string{"*.go", "../oauth/*.go", "../app/*.go"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(raw)
		}
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([a-z]+(?:\.[a-z]+)*)"`).FindAllStringSubmatch(code.String(), -1) {
		said[m[1]] = true
	}
	made := func(key string) bool { // put together in the code
		return strings.HasPrefix(key, "mood.") || strings.HasPrefix(key, "step.is.") || strings.HasSuffix(key, ".title.deposit") || key == "language" || strings.HasPrefix(key, "number.") || optional(key)
	}
	for key := range english {
		if !said[key] && !made(key) {
			t.Errorf("nobody says %s", key)
		}
	}
	spoken := regexp.MustCompile(`^(app|bank|choose|deposit|done|elsewhere|erase|error|expired|identify|moment|over|pay|refused|saved|signin|step|unclear|used|window)\.`)
	for key := range said {
		if _, ok := english[key]; !ok && key != "app.js" && spoken.MatchString(key) {
			t.Errorf("%s is said, and there are no words for it", key)
		}
	}
}

func TestLanguageIsTheFirstThatIsSpoken(t *testing.T) {
	for want, wishes := range map[string][][]string{
		"sv": {{"sv_SE"}, {"sv"}, {"", "sv-FI,sv;q=0.9,en;q=0.5"}, {"xx", "sv"}, {"de_DE", "sv"}},
		"en": {{}, {""}, {"en_GB", "sv"}, {"de_DE"}, {"", "fi-FI"}, {"%%%"}, {strings.Repeat("x", 5000)}},
	} {
		for _, wish := range wishes {
			if got := web.Speak(wish...).Lang; got != want {
				t.Errorf("%q is spoken to in %s, not %s", wish, got, want)
			}
		}
	}
}

func TestMoneyIsWrittenAsTheLanguageDoes(t *testing.T) {
	en, sv := web.Speak("en"), web.Speak("sv")
	for _, c := range []struct {
		money  parley.Money
		en, sv string
	}{
		{parley.Money{Minor: 50000, Currency: "SEK"}, "SEK 500.00", "500,00 kr"},
		{parley.Money{Minor: 123456789012, Currency: "SEK"}, "SEK 1,234,567,890.12", "1 234 567 890,12 kr"},
		{parley.Money{Minor: 5, Currency: "EUR"}, "EUR 0.05", "0,05 EUR"},
		{parley.Money{Minor: 1500000, Currency: "JPY"}, "JPY 1,500,000", "1 500 000 JPY"},
		{parley.Money{Minor: 100, Currency: "JPY"}, "JPY 100", "100 JPY"},
		{parley.Money{Minor: 1234567, Currency: "KWD"}, "KWD 1,234.567", "1 234,567 KWD"},
		{parley.Money{Minor: -100000, Currency: "SEK"}, "SEK −1,000.00", "−1 000,00 kr"},
	} {
		for w, want := range map[*web.Words]string{en: c.en, sv: c.sv} {
			if got := w.Money(c.money); got != strings.ReplaceAll(want, " ", "\u00a0") {
				t.Errorf("%s in %s is %q, not %q", c.money, w.Lang, got, want)
			}
		}
	}
}
