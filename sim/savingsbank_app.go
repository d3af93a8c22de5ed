package sim

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"
)

// BankDevices are the ways in which a bank app may be built, each with its SDK's own way to launch and to say things.
var BankDevices = []string{"web", "ios", "android"}

// BankManners are what the app may do about what the web app asks of it.
//
//	answer  does what it is asked, and says so
//	die     is killed before it has answered; what the web view keeps, such as cookies, outlives it
//	late    answers after the bank has done its part, which the web app did not wait for
//	twice   answers two times
//	reject  the person says no: an account that all dreams share is simply not spoken of again, as the web SDK does
var BankManners = []string{"answer", "die", "late", "twice", "reject"}

// BankAsk is what the web app asks of the app around it.
type BankAsk struct {
	Event   string         `json:"event"`
	Message map[string]any `json:"message"`
}

// text is a text of the message.
func (a BankAsk) text(name string) string { s, _ := a.Message[name].(string); return s }

// BankApp is the bank's app on one customer's telephone, or its web bank, with the web app in it: it launches it, does in it what a person does, and
// is the host that the web app asks. What it is asked it answers as its Manner says. It is one person's, for one goroutine at a time.
type BankApp struct {
	Manner string // one of BankManners; the first when empty
	Device string // one of BankDevices; the first when empty
	Opens  string // how the bank then opens the account, one of BankOpenings; as was chosen for all when empty
	Locale string // "sv-SE" when empty

	bank   *Bank
	p      *bankProgramme
	c      *bankCustomer
	client *http.Client
	asked  []BankAsk
	open   []func(context.Context) error // what is still to be said, of an app that answers late
}

// App is the app of a customer of a programme; a name that nobody has becomes a new customer's.
func (b *Bank) App(programme, name string) (*BankApp, error) {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return nil, err
	}
	a := &BankApp{bank: b, p: p, c: c}
	return a, a.Forget()
}

// Forget is what is left of the app on a telephone that was switched off: cookies and what it wanted to say are gone.
func (a *BankApp) Forget() error {
	jar, err := cookiejar.New(nil)
	a.client = &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: a.bank.client.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a.open = nil
	return err
}

// Customer is whose app it is.
func (a *BankApp) Customer() BankCustomer {
	a.bank.mu.Lock()
	defer a.bank.mu.Unlock()
	return a.c.shown()
}

// Asked is all that the web app has asked of the app, oldest first.
func (a *BankApp) Asked() []BankAsk { return slices.Clone(a.asked) }

func (a *BankApp) device() string {
	if a.Device == "" {
		return BankDevices[0]
	}
	return a.Device
}

// Launch launches the web app with an ID token that is good for so long: POST /users/verify_token, as the device's SDK does. It returns where the
// web app is then shown.
func (a *BankApp) Launch(ctx context.Context, good time.Duration, location string) (at string, err error) {
	token, err := a.bank.IDToken(a.p.ID, a.c.name, good, "")
	if err != nil {
		return "", err
	}
	status, at, err := a.LaunchWith(ctx, token, location)
	for try := 1; try < bankAppTries && ctx.Err() == nil && (err != nil || status >= 500); try++ { // the person taps again
		time.Sleep(time.Duration(min(try, 5)) * 5 * time.Millisecond)
		status, at, err = a.LaunchWith(ctx, token, location)
	}
	switch {
	case err != nil:
		return "", err
	case status >= 400:
		return "", fmt.Errorf("the launch was answered %d", status)
	}
	return at, nil
}

// LaunchWith is Launch with any token. The status is the server's own: 422 is a token that is not good.
func (a *BankApp) LaunchWith(ctx context.Context, token, location string) (status int, at string, err error) {
	locale := a.Locale
	if locale == "" {
		locale = "sv-SE"
	}
	to, kind, body := a.p.App+"/users/verify_token", "application/json", []byte(nil)
	said := map[string]string{"token": token, "locale": locale, "client_id": "sandbox-app"}
	switch a.device() {
	case "web": // a form that is sent into an iframe
		kind = "application/x-www-form-urlencoded"
		body = []byte(url.Values{"token": {token}, "locale": {locale}, "location": {location}, "theme": {""}}.Encode())
	case "ios": // the first versions have the location in the query
		if location != "" {
			to += "?" + url.Values{"location": {location}}.Encode()
		}
	case "android":
		said["location"], said["theme"], said["timezone"], kind = location, "light", "Europe/Stockholm", "application/json; utf-8"
	}
	if body == nil {
		if body, err = json.Marshal(said); err != nil {
			return 0, "", err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", kind)
	if a.device() == "android" {
		req.Header.Set("Accept", "application/json")
	}
	if a.device() == "web" { // the bank's page sends it
		req.Header.Set("Origin", strings.TrimSuffix(a.bank.opt.URL, "/"))
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		req.Header.Set("Sec-Fetch-Mode", "navigate")
		req.Header.Set("Sec-Fetch-Dest", "iframe")
	}
	res, err := a.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, "", err
	}
	at = res.Header.Get("Location")
	switch u, bad := url.Parse(at); {
	case res.StatusCode >= 400 && res.StatusCode != http.StatusUnprocessableEntity:
		a.complain("launch", "POST /users/verify_token was answered %d", res.StatusCode)
	case res.StatusCode < 400 && len(res.Cookies()) == 0:
		a.complain("launch", "POST /users/verify_token set no cookie")
	case res.StatusCode >= 300 && res.StatusCode < 400 && (bad != nil || !u.IsAbs()):
		a.complain("launch", "the Location %q is not absolute: Android loads it as it is", at)
	}
	return res.StatusCode, at, nil
}

func (a *BankApp) complain(action, format string, args ...any) {
	a.bank.complains(a.p, action, format, args...)
}

// Do is a request of the web app's, with its cookie. An answer that is not 2xx is an error, with its status.
func (a *BankApp) Do(ctx context.Context, method, path string, in, out any) (status int, err error) {
	var raw []byte
	if in != nil {
		if raw, err = json.Marshal(in); err != nil {
			return 0, err
		}
	}
	key := rand.Text()
	for try := 1; ; try++ {
		status, err = a.once(ctx, method, path, key, raw, out)
		if try == bankAppTries || err == nil || ctx.Err() != nil || status != 0 && status < 500 {
			return status, err
		}
		select {
		case <-time.After(time.Duration(min(try, 5)) * 5 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// bankAppTries is how often a web app asks for something when it is not answered, each time under the same key.
const bankAppTries = 40

func (a *BankApp) once(ctx context.Context, method, path, key string, raw []byte, out any) (status int, err error) {
	var body io.Reader
	if raw != nil {
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.p.App+"/app/api/"+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept", "application/json")
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", a.p.App)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, operatorMaxBody))
	switch {
	case err != nil:
		return res.StatusCode, err
	case res.StatusCode >= 300:
		return res.StatusCode, fmt.Errorf("%s /app/api/%s was answered %d: %s", method, path, res.StatusCode, bytes.TrimSpace(answer[:min(len(answer), 300)]))
	case out == nil:
		return res.StatusCode, nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return res.StatusCode, fmt.Errorf("%s /app/api/%s: the answer is not what it should be: %w", method, path, err)
	}
	return res.StatusCode, nil
}

// BankDream is a dream, as the web app shows it.
type BankDream struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	TargetCents   int64    `json:"targetCents"`
	BalanceCents  int64    `json:"balanceCents"`
	PendingCents  int64    `json:"pendingCents"`
	AchievedAt    string   `json:"achievedAt"`
	Account       *bankRef `json:"account"`
	ActiveLaunchs int      `json:"activeSavehacksCount"`
}

// Linked reports whether the dream has an account.
func (d BankDream) Linked() bool { return d.Account != nil && d.Account.ID != "" }

// BankMe is everything that the web app shows of a person.
type BankMe struct {
	User struct {
		ID         string `json:"id"`
		ExternalID string `json:"externalId"`
	} `json:"user"`
	Currency string `json:"currency"`
	Setup    string `json:"setup"`
	Totals   struct {
		SavedCents    int64 `json:"savedCents"`
		PendingCents  int64 `json:"pendingCents"`
		ResidualCents int64 `json:"residualCents"`
	} `json:"totals"`
	Dreams []BankDream `json:"dreams"`
	Ask    []BankAsk   `json:"ask"`
}

// Dream finds one of the dreams.
func (m BankMe) Dream(id string) BankDream {
	if i := slices.IndexFunc(m.Dreams, func(d BankDream) bool { return d.ID == id }); i >= 0 {
		return m.Dreams[i]
	}
	return BankDream{}
}

// Me is what the web app shows, and whether it asks something. What it asks is not answered here: see Answer.
func (a *BankApp) Me(ctx context.Context) (me BankMe, err error) {
	if _, err = a.Do(ctx, http.MethodGet, "me", nil, &me); err != nil {
		return me, err
	}
	if me.User.ExternalID != a.c.sub {
		a.complain("app", "the web app of %s shows another user", a.c.name)
	}
	return me, nil
}

// CreateDream has the person make a dream, and the app answer what it is then asked.
func (a *BankApp) CreateDream(ctx context.Context, name string, target int64) (BankDream, error) {
	return a.createDream(ctx, "Dream", name, target)
}

// CreatePerformanceDream is CreateDream of a dream whose money is to be invested.
func (a *BankApp) CreatePerformanceDream(ctx context.Context, name string, target int64) (BankDream, error) {
	return a.createDream(ctx, "PerformanceDream", name, target)
}

func (a *BankApp) createDream(ctx context.Context, kind, name string, target int64) (BankDream, error) {
	var made struct {
		Dream BankDream `json:"dream"`
		Ask   []BankAsk `json:"ask"`
	}
	in := map[string]any{"dream": map[string]any{"type": kind, "name": name, "targetCents": target}}
	if _, err := a.Do(ctx, http.MethodPost, "dreams", in, &made); err != nil {
		return BankDream{}, err
	}
	return made.Dream, a.Answer(ctx, made.Ask)
}

// BankLaunch is a launch of a savehack, as the web app shows it.
type BankLaunch struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	State     string `json:"state"`
	PausedAt  string `json:"pausedAt"`
	StoppedAt string `json:"stoppedAt"`
}

// LaunchSavehack has the person launch a savehack on a dream, and the app answer what it is then asked.
func (a *BankApp) LaunchSavehack(ctx context.Context, dream, kind string, params map[string]any) (BankLaunch, error) {
	launch := map[string]any{"dreamId": dream, "type": kind}
	for name, value := range params {
		launch[name] = value
	}
	var made struct {
		SavehackLaunch BankLaunch `json:"savehackLaunch"`
		Ask            []BankAsk  `json:"ask"`
	}
	if _, err := a.Do(ctx, http.MethodPost, "launches", map[string]any{"savehackLaunch": launch}, &made); err != nil {
		return BankLaunch{}, err
	}
	return made.SavehackLaunch, a.Answer(ctx, made.Ask)
}

// Launches are the launches on a dream.
func (a *BankApp) Launches(ctx context.Context, dream string) ([]BankLaunch, error) {
	var got struct {
		SavehackLaunches []BankLaunch `json:"savehackLaunches"`
	}
	_, err := a.Do(ctx, http.MethodGet, "launches?dreamId="+url.QueryEscape(dream), nil, &got)
	return got.SavehackLaunches, err
}

// MoveMoney has the person move money between dreams; an empty one is what lies outside any dream.
func (a *BankApp) MoveMoney(ctx context.Context, from, to string, cents int64) error {
	in := map[string]any{"amountCents": cents}
	if from != "" {
		in["fromDreamId"] = from
	}
	if to != "" {
		in["toDreamId"] = to
	}
	_, err := a.Do(ctx, http.MethodPost, "moves", in, nil)
	return err
}

// Withdraw has the person take money out of a dream.
func (a *BankApp) Withdraw(ctx context.Context, dream string, cents int64) error {
	_, err := a.Do(ctx, http.MethodPost, "withdrawals", map[string]any{"dreamId": dream, "amountCents": cents}, nil)
	return err
}

// AskAgain has the web app say again what it wants to know, and the app answer. It returns how much was asked.
func (a *BankApp) AskAgain(ctx context.Context) (int, error) {
	var got struct {
		Ask []BankAsk `json:"ask"`
	}
	if _, err := a.Do(ctx, http.MethodPost, "ask", map[string]any{}, &got); err != nil {
		return 0, err
	}
	return len(got.Ask), a.Answer(ctx, got.Ask)
}

// SignOut has the person leave; the server asks the app to close the web app.
func (a *BankApp) SignOut(ctx context.Context) error {
	_, err := a.Do(ctx, http.MethodPost, "signout", map[string]any{}, nil)
	return err
}

// errKilled is that the app was killed before it had answered.
var errKilled = errors.New("the app was killed before it had answered")

// Killed reports whether an error says that the app was killed, as its Manner was.
func Killed(err error) bool { return errors.Is(err, errKilled) }
