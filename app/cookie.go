package app

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// The cookies. Over HTTPS the prefix binds them to this very host. The framed one belongs to the site that shows us in a frame, and says nothing
// anywhere else (CHIPS, "Cookies Having Independent Partitioned State"). Over plain HTTP, which only a loopback address may use, neither can
// be had; a frame of the same site is given this one all the same.
const (
	cookieName   = "__Host-parley-app"
	framedCookie = "__Host-parley-app-framed"
	plainCookie  = "parley-app"
)

// cookieNames are those that a browser may have, the first first: who has both is in a frame.
func (a *App) cookieNames() []string {
	if a.secure {
		return []string{framedCookie, cookieName}
	}
	return []string{plainCookie}
}

// cookie is the cookie for a browser that comes with a request. The bank's app copies it to its own web view as it is.
func (a *App) cookie(name, value string) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if a.secure {
		// An older browser does not say that it is in a frame, so the other one is sent there too.
		c.Secure, c.SameSite, c.Partitioned = true, http.SameSiteNoneMode, name == framedCookie
	}
	return c
}

// nameFor is the cookie that suits a request.
func (a *App) nameFor(r *http.Request) string {
	switch {
	case !a.secure:
		return plainCookie
	case r.Header.Get("Sec-Fetch-Dest") == "iframe":
		return framedCookie
	}
	return cookieName
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// cookies are the hashes of the sessions whose cookies a request shows.
func (a *App) cookies(r *http.Request) (hashes []string) {
	for _, name := range a.cookieNames() {
		for _, c := range r.CookiesNamed(name) {
			if len(c.Value) == 43 && strings.Trim(c.Value, base64url) == "" && len(hashes) < 4 {
				hashes = append(hashes, cookieHash(name, c.Value))
			}
		}
	}
	return hashes
}

// cookieHash covers the name, so that a cookie without the prefix cannot stand in for one that has it.
func cookieHash(name, value string) string {
	sum := sha256.Sum256([]byte(name + " " + value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// forget takes the cookies away.
func (a *App) forget(w http.ResponseWriter) {
	for _, name := range a.cookieNames() {
		c := a.cookie(name, "")
		c.MaxAge = -1
		http.SetCookie(w, c)
	}
}
