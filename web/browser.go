package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// cookie is the name of the cookie that tells one browser from another. Over HTTPS it has the prefix that binds it to this
// very host; over plain HTTP, which only a loopback address may use, it cannot.
func cookie(secure bool) string {
	if secure {
		return "__Host-parley"
	}
	return "parley"
}

// framedCookie is the cookie of a browser that sees us in a frame on another site: such a site has one to itself, and it says nothing
// anywhere else (CHIPS, "Cookies Having Independent Partitioned State").
const framedCookie = "__Host-parley-framed"

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Browser gives the browser its cookie, the same for as long as it comes back, and returns the hash by which it is known again.
func Browser(w http.ResponseWriter, r *http.Request, secure bool) string {
	b := make([]byte, 32)
	rand.Read(b)
	c := &http.Cookie{Name: cookie(secure), Value: base64.RawURLEncoding.EncodeToString(b), Path: "/", HttpOnly: true, Secure: secure,
		SameSite: http.SameSiteLaxMode, MaxAge: 24 * 60 * 60}
	if secure && r.Header.Get("Sec-Fetch-Dest") == "iframe" {
		c.Name, c.SameSite, c.Partitioned = framedCookie, http.SameSiteNoneMode, true
	}
	if kept, err := r.Cookie(c.Name); err == nil && len(kept.Value) == len(c.Value) && strings.Trim(kept.Value, base64url) == "" {
		c.Value = kept.Value
	}
	// One that the browser has is given again, so that it does not run out in the middle of what begins now.
	http.SetCookie(w, c)
	return browserHash(c)
}

// SameBrowser reports whether the request comes from the browser with this hash.
func SameBrowser(r *http.Request, hash string) bool {
	for _, name := range []string{cookie(true), cookie(false), framedCookie} {
		if c, err := r.Cookie(name); err == nil && subtle.ConstantTimeCompare([]byte(browserHash(c)), []byte(hash)) == 1 {
			return true
		}
	}
	return false
}

// browserHash covers the name, so that a cookie without the prefix cannot stand in for one that has it.
func browserHash(c *http.Cookie) string {
	sum := sha256.Sum256([]byte(c.Name + " " + c.Value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// choiceCookie remembers what the person chose last, to offer it first. It is worth nothing to anybody else.
func choiceCookie(secure bool) string { return cookie(secure) + "-choice" }

// KeepChoice remembers a name of our own.
func KeepChoice(w http.ResponseWriter, secure bool, name string) {
	http.SetCookie(w, &http.Cookie{Name: choiceCookie(secure), Value: name, Path: "/", HttpOnly: true, Secure: secure,
		SameSite: http.SameSiteLaxMode, MaxAge: 90 * 24 * 60 * 60})
}

// LastChoice is the name that was kept; it is to be looked up, not believed.
func LastChoice(r *http.Request) string {
	for _, secure := range []bool{true, false} {
		if c, err := r.Cookie(choiceCookie(secure)); err == nil {
			return c.Value
		}
	}
	return ""
}
