package app

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// overview is where people land who want nothing else.
const overview = "/app/"

// bare is a location without its slash: "marketplace".
var bare = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`)

// landing is the path of ours that a location of the bank's means: "/dreams/1" is "/app/dreams/1". Whatever is not plainly a path within the
// web app is the overview: another site, another scheme, a path that climbs out, and anything that one reader takes for one thing and the
// next for another.
func landing(location string) string {
	if bare.MatchString(location) {
		location = "/" + location
	}
	if len(location) > 2000 || !strings.HasPrefix(location, "/") {
		return overview
	}
	for i := 0; i < len(location); i++ {
		if b := location[i]; b <= ' ' || b >= 0x7f || strings.IndexByte(`\#<>"'`+"`", b) >= 0 {
			return overview
		}
	}
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return overview
	}
	raw, query, _ := strings.Cut(location, "?")
	if raw == "/app" {
		raw = "/"
	}
	if within, ok := strings.CutPrefix(raw, overview); ok {
		raw = within
	} else {
		raw = raw[1:]
	}
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		switch {
		case err != nil || !utf8.ValidString(plain) || strings.ContainsAny(plain, `/\%`) || strings.ContainsFunc(plain, unicode.IsControl),
			plain == "." || plain == "..",
			plain == "" && i < len(segments)-1, // "//"
			i == 0 && plain == "api":           // an answer for a program is no page
			return overview
		}
	}
	if query != "" {
		if _, err := url.ParseQuery(query); err != nil {
			return overview
		}
		raw += "?" + query
	}
	return overview + raw
}
