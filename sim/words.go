package sim

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The words of the pages, a file for each language; its name is the language's tag (BCP 47). A language more needs a file, not
// code. Three words are about the language itself: "language" is what its speakers call it, "locale" what the shop tells others,
// and "decimal" and "thousands" how it writes amounts.
//
//go:embed words/*.json
var wordFiles embed.FS

// words are the texts of one language, by key.
type words map[string]string

// languages are all languages that the pages speak.
var languages = readWords()

// fallback is spoken to whoever asks for a language that there is none of.
const fallback = "en"

func readWords() map[string]words {
	all := map[string]words{}
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		panic("sim: " + err.Error()) // the files are in the binary
	}
	for _, f := range files {
		b, err := wordFiles.ReadFile("words/" + f.Name())
		if err != nil {
			panic("sim: " + err.Error())
		}
		var w words
		if err := json.Unmarshal(b, &w); err != nil {
			panic("sim: " + f.Name() + ": " + err.Error()) // and a test reads them
		}
		all[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))] = w
	}
	return all
}

// say is the text of a key, with args in its places. A key that there is none of shows itself.
func (w words) say(key string, args ...any) string {
	text, ok := w[key]
	switch {
	case !ok:
		return key
	case len(args) == 0:
		return text
	}
	return fmt.Sprintf(text, args...)
}

// refusal is why a person cannot do what they want, as a key of the words. As an error it is said in English.
type refusal struct {
	key  string
	args []any
}

func (e refusal) Error() string { return languages[fallback].say(e.key, e.args...) }

// money writes an amount as the language does, with the decimals it came with: "1,234,567.50 SEK", "1 234 567,50 SEK".
func (w words) money(amount, currency string) string {
	whole, fraction, dot := strings.Cut(amount, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
	}
	grouped := ""
	for len(whole) > 3 {
		grouped = w["thousands"] + whole[len(whole)-3:] + grouped
		whole = whole[:len(whole)-3]
	}
	text := sign + whole + grouped
	if dot {
		text += w["decimal"] + fraction
	}
	return text + " " + currency
}

// price is money as a shop's sign says it: without decimals that are nothing, and crowns as kr.
func (w words) price(amount, currency string) string {
	if whole, fraction, dot := strings.Cut(amount, "."); dot && strings.Trim(fraction, "0") == "" {
		amount = whole
	}
	if currency == "SEK" {
		currency = "kr"
	}
	return w.money(amount, currency)
}

// spoken is the language of ours that a tag such as "sv-SE" or "sv_SE" means, or "".
func spoken(tag string) string {
	first, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(tag)), "_", "-"), "-")
	if _, ok := languages[first]; ok {
		return first
	}
	return ""
}

const languageCookie = "sim-language"

// languageOf is the language in which a page is read: the one just chosen (?lang=), the one the conversation is in, the one chosen
// before, the browser's, or English.
func languageOf(r *http.Request, conversation string) string {
	for _, tag := range []string{r.URL.Query().Get("lang"), conversation} {
		if l := spoken(tag); l != "" {
			return l
		}
	}
	if c, err := r.Cookie(languageCookie); err == nil && spoken(c.Value) != "" {
		return spoken(c.Value)
	}
	type wish struct {
		language string
		weight   float64
	}
	var wishes []wish
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, params, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			weight, _ = strconv.ParseFloat(q, 64) // what is no number is no wish
		}
		if l := spoken(tag); l != "" && weight > 0 {
			wishes = append(wishes, wish{l, weight})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	if len(wishes) > 0 {
		return wishes[0].language
	}
	return fallback
}
