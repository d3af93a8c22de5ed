package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley"
)

// maxUserID is the length that the wire allows a userId, in characters.
const maxUserID = 50

// maxWords is how many characters of a refusal's code or message are kept: they end in a redirect's URL.
const maxWords = 1000

// answer is an accepted answer. Platforms in the field write booleans and numbers as text and the other way about, so
// types are read leniently; meaning is not. The first thing that cannot be understood stays in err.
type answer struct {
	fields map[string]json.RawMessage
	err    error
}

// accepted reads an answer. One with success true is returned; one with success false is an error of kind refused, with a
// *parley.Refusal; anything else is an invalid answer.
func accepted(body []byte) (*answer, error) {
	fields, err := object(body)
	if err != nil {
		return nil, invalidAnswer(err.Error())
	}
	switch success, ok := boolean(fields["success"]); {
	case !ok:
		return nil, invalidAnswer("no success, or neither true nor false")
	case !success:
		return nil, parley.Errorf(parley.KindRefused, "%w", refusal(fields))
	}
	return &answer{fields: fields}, nil // errCode and errMsg beside success:true mean nothing, so they are not looked at
}

// refusal is what an operator's no means. A no stays a no however odd its reasons are.
func refusal(fields map[string]json.RawMessage) *parley.Refusal {
	words := func(names ...string) string {
		for _, name := range names {
			if s, ok := text(fields[name]); ok && s != "" {
				if r := []rune(s); len(r) > maxWords {
					s = string(r[:maxWords])
				}
				return s
			}
		}
		return ""
	}
	r := &parley.Refusal{By: parley.ByOperator, Code: words("errCode"), Message: words("errMsg", "errorMsg")}
	r.Status = refusalStatus(r.Code)
	return r
}

// refusalStatus is the status that an errCode names, by number or by name. Only one that ends a transaction can be the
// reason of a no; any other code is the operator's own.
func refusalStatus(code string) parley.Status {
	code = strings.TrimSpace(code)
	n, err := strconv.Atoi(code)
	number := err == nil
	for s := parley.Status(500); s < 700; s++ {
		if s.Known() && (number && int(s) == n || strings.EqualFold(code, s.String())) {
			return s
		}
	}
	return parley.StatusMerchantResponseCodeUnknown
}

// text is a field as text: "" when it is absent or null.
func (a *answer) text(name string) string {
	s, ok := text(a.fields[name])
	if !ok {
		a.bad(name + " is neither text nor a number")
	}
	return s
}

// userID is the userId, which a yes to a person cannot do without.
func (a *answer) userID() string {
	s := a.text("userId")
	switch {
	case s == "":
		a.bad("no userId")
	case utf8.RuneCountInString(s) > maxUserID:
		a.bad("userId is longer than 50 characters")
	case strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }):
		a.bad("userId is not plain text")
	}
	return s
}

// object is a field that is a JSON object, as it came: nil when it is absent or null.
func (a *answer) object(name string) json.RawMessage {
	raw := a.fields[name]
	if absent(raw) {
		return nil
	}
	if raw[0] != '{' {
		a.bad(name + " is not an object")
	}
	return raw
}

func (a *answer) bad(why string) {
	if a.err == nil {
		a.err = invalidAnswer(why)
	}
}

// object reads a JSON object. A name that stands twice is an error: nobody can tell which of the two was meant.
func object(body []byte) (map[string]json.RawMessage, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !json.Valid(body) {
		return nil, errors.New("not JSON") // the decoder's own words would repeat some of the answer
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return nil, errors.New("not a JSON object")
		}
		if _, twice := fields[name]; twice {
			return nil, errors.New("a name stands twice")
		}
		fields[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON object")
	}
	return fields, nil
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// boolean reads true, 1, and both as text in any case.
func boolean(raw json.RawMessage) (value, ok bool) {
	s := string(raw)
	if len(s) > 0 && s[0] == '"' && json.Unmarshal(raw, &s) != nil {
		return false, false
	}
	switch strings.ToLower(s) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// text reads a string, or a number in the digits it was written with.
func text(raw json.RawMessage) (s string, ok bool) {
	switch {
	case absent(raw):
		return "", true
	case raw[0] == '"':
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return string(raw), true
	}
	return "", false
}

// invalidAnswer is the error of an answer that cannot be understood. What the operator did is then not known.
func invalidAnswer(why string) error {
	return failure(parley.KindUnknown, &Failure{Status: parley.StatusMerchantInvalidResponse, Err: errors.New(why), HTTPStatus: 200})
}
