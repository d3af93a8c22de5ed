package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"parley"

	"golang.org/x/text/language"
)

// A language is a file here: another file is another language. words_test.go holds that all say the same things.
//
//go:embed words
var wordFiles embed.FS

// Words are what the pages say in one language.
type Words struct {
	Lang string // of the page: "sv"
	text map[string]string
}

// languages are all that there are, English first: it is spoken to somebody whom nothing else fits.
var languages, matcher = readWords()

func readWords() ([]*Words, language.Matcher) {
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		panic(err) // it is in the program
	}
	var all []*Words
	for _, f := range files {
		raw, err := wordFiles.ReadFile("words/" + f.Name())
		w := &Words{Lang: strings.TrimSuffix(f.Name(), path.Ext(f.Name()))}
		if err == nil {
			err = json.Unmarshal(raw, &w.text)
		}
		if err != nil {
			panic(fmt.Sprintf("web: words/%s: %v", f.Name(), err))
		}
		all = append(all, w)
	}
	slices.SortStableFunc(all, func(a, b *Words) int {
		if a.Lang == "en" {
			return -1
		}
		if b.Lang == "en" {
			return 1
		}
		return strings.Compare(a.Lang, b.Lang)
	})
	var tags []language.Tag
	for _, w := range all {
		tags = append(tags, language.Make(w.Lang))
	}
	return all, language.NewMatcher(tags)
}

// Languages are those that the pages speak, English first.
func Languages() (tags []string) {
	for _, w := range languages {
		tags = append(tags, w.Lang)
	}
	return tags
}

// Speak is the language for somebody who asks for these, the first first: locales such as sv_SE, or what a browser sends as
// Accept-Language.
func Speak(wishes ...string) *Words {
	for _, wish := range wishes {
		tags, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(wish, "_", "-"))
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, sure := matcher.Match(tags...); sure > language.Low {
			return languages[i]
		}
	}
	return languages[0]
}

// SpeakTo is the language of a browser: that of the wish, where there is one, or else its own.
func SpeakTo(r *http.Request, wish string) *Words {
	return Speak(wish, r.Header.Get("Accept-Language"))
}

// Say is the text of a key with what stands in braces put in: names and values take turns.
func (w *Words) Say(key string, in ...string) string {
	text, ok := w.text[key]
	if !ok {
		panic("web: there are no words for " + key) // a test looks for each key in each language
	}
	for i := 0; i+1 < len(in); i += 2 {
		text = strings.ReplaceAll(text, "{"+in[i]+"}", in[i+1])
	}
	return text
}

// Money is an amount as the language writes it, on one line: "SEK 1,234.50", "1 234,50 kr".
func (w *Words) Money(m parley.Money) string {
	sign := ""
	whole, fraction, _ := strings.Cut(m.Decimal(), ".")
	if rest, minus := strings.CutPrefix(whole, "-"); minus {
		sign, whole = "\u2212", rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + w.text["number.group"] + whole[i:]
	}
	if fraction != "" {
		whole += w.text["number.decimal"] + fraction
	}
	key := "money." + string(m.Currency)
	if _, own := w.text[key]; !own {
		key = "money"
	}
	return strings.ReplaceAll(w.Say(key, "amount", sign+whole, "currency", string(m.Currency)), " ", "\u00a0")
}
