package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// BankCall is something that the bank asked the server, and what it was answered.
type BankCall struct {
	At        time.Time
	Programme string
	Action    string // as Faults knows it
	Method    string
	Path      string // below the API's address, with its query
	Body      []byte
	Status    int // 0 when there was no answer, or it was lost
	Answer    []byte
	Fault     Fault
}

// bankReply is an answer of the server.
type bankReply struct {
	status int
	body   []byte
}

// read parses the thing that an answer wraps under its name, or the answer itself when it wraps nothing.
func (r bankReply) read(wrapper string, into any) error {
	var wrapped map[string]json.RawMessage
	if err := json.Unmarshal(r.body, &wrapped); err != nil {
		return fmt.Errorf("the answer is no JSON object: %w", err)
	}
	inner, ok := wrapped[wrapper]
	if !ok {
		return fmt.Errorf("the answer has no %q", wrapper)
	}
	return json.Unmarshal(inner, into)
}

// errBankNo is a no of the server's that asking again does not change.
var errBankNo = errors.New("the server says no")

// Calls are what the bank asked the server, oldest first; with actions, only those.
func (b *Bank) Calls(actions ...string) []BankCall {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.said), func(c BankCall) bool { return len(actions) > 0 && !slices.Contains(actions, c.Action) })
}

// ask asks the server for something, again and again until it is answered. Every answer but those of want, and those that pass with time, is a
// complaint and an error that is errBankNo.
func (b *Bank) ask(ctx context.Context, p *bankProgramme, action, method, path string, body any, want ...int) (bankReply, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.ctx, cancel)()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return bankReply{}, err
		}
	}
	var last error
	for attempt := 0; ; attempt++ {
		if attempt > 0 && !b.sleep(ctx, b.opt.RetryAfter[min(attempt, len(b.opt.RetryAfter))-1]) {
			return bankReply{}, fmt.Errorf("%s %s is not answered: %w", method, path, errors.Join(last, ctx.Err()))
		}
		fault := b.wire(action)
		if method == http.MethodGet && fault == Garbage { // a question has no body to spoil
			fault = Behave
		}
		var reply bankReply
		switch fault {
		case Drop:
			last = errors.New("the request was lost")
			b.note(BankCall{Programme: p.ID, Action: action, Method: method, Path: path, Body: raw, Fault: fault})
			continue
		case Slow:
			if !b.sleep(ctx, b.Faults.Wait()) {
				continue
			}
		case Garbage:
			if rubbish, err := b.send(ctx, p, action, method, path, []byte(`{"rubbish":`), fault); err == nil && rubbish.status < 300 {
				b.complains(p, action, "%s %s: what is not JSON was answered %d", method, path, rubbish.status)
			}
		case Twice:
			var other bankReply
			var wg sync.WaitGroup
			wg.Go(func() { other, _ = b.send(ctx, p, action, method, path, raw, fault) })
			reply, last = b.send(ctx, p, action, method, path, raw, fault)
			wg.Wait()
			if last != nil && slices.Contains(want, other.status) {
				reply, last = other, nil
			}
		}
		if fault != Twice {
			reply, last = b.send(ctx, p, action, method, path, raw, fault)
		}
		switch {
		case last != nil:
		case fault == Lose:
			last = errors.New("the answer was lost")
		case slices.Contains(want, reply.status):
			return reply, nil
		case reply.status >= 500 || reply.status == http.StatusTooManyRequests:
			last = fmt.Errorf("the server answered %d", reply.status)
		default:
			b.complains(p, action, "%s %s was answered %d: %s", method, path, reply.status, bytes.TrimSpace(reply.body[:min(len(reply.body), 300)]))
			return reply, fmt.Errorf("%s %s: %w: %d", method, path, errBankNo, reply.status)
		}
	}
}

// wire is the fault of the wire that applies to this use of an action, and counts it. The bank's own no is none: see no.
func (b *Bank) wire(action string) Fault {
	if b.Faults.Now(action) == Refuse {
		return Behave
	}
	return b.Faults.Take(action)
}

// no reports whether the bank says no to what an action is for, and counts it.
func (b *Bank) no(action string) bool {
	return b.Faults.Now(action) == Refuse && b.Faults.Take(action) == Refuse
}

func (b *Bank) note(c BankCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.At = b.opt.Now()
	b.said = operatorKeep(b.said, c)
	b.touch()
}

// send is one request. An access token that is no longer good, which the bank learns only so, is replaced by another, once.
func (b *Bank) send(ctx context.Context, p *bankProgramme, action, method, path string, raw []byte, fault Fault) (reply bankReply, err error) {
	for again := range 2 {
		token, err := b.accessToken(ctx, p)
		if err != nil {
			return bankReply{}, err
		}
		req, err := http.NewRequestWithContext(ctx, method, p.API+path, bytes.NewReader(raw))
		if err != nil {
			return bankReply{}, err
		}
		req.Header.Set("Accept", "application/json")
		if raw != nil {
			req.Header.Set("Content-Type", "application/json")
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		reply, err = b.exchange(req)
		if again == 0 && err == nil && reply.status == http.StatusUnauthorized && token != "" {
			p.tokenMu.Lock()
			if p.token == token {
				p.token = ""
			}
			p.tokenMu.Unlock()
			continue
		}
		c := BankCall{Programme: p.ID, Action: action, Method: method, Path: path, Body: raw, Status: reply.status, Answer: reply.body, Fault: fault}
		if fault == Lose {
			c.Status, c.Answer = 0, nil
		}
		b.note(c)
		return reply, err
	}
	return reply, err
}

func (b *Bank) exchange(req *http.Request) (bankReply, error) {
	res, err := b.client.Do(req)
	if err != nil {
		return bankReply{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, operatorMaxBody))
	return bankReply{res.StatusCode, body}, err
}

// accessToken is the token with which the bank asks (RFC 6749 §4.4), fetched when there is none that is still good.
func (b *Bank) accessToken(ctx context.Context, p *bankProgramme) (string, error) {
	if p.TokenURL == "" {
		return "", nil
	}
	p.tokenMu.Lock()
	defer p.tokenMu.Unlock()
	if p.token != "" && time.Now().Before(p.ends) { // the bank's own clock, whatever the story's says
		return p.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"savings:read savings:write"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(p.ClientID), url.QueryEscape(p.ClientSecret)) // RFC 6749 §2.3.1
	reply, err := b.exchange(req)
	if err != nil {
		return "", err
	}
	var got struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(reply.body, &got); reply.status != http.StatusOK || err != nil || got.AccessToken == "" || !strings.EqualFold(got.TokenType, "Bearer") {
		b.complains(p, "token", "client credentials were answered %d: %s", reply.status, bytes.TrimSpace(reply.body[:min(len(reply.body), 300)]))
		return "", fmt.Errorf("the server gives no access token: %d", reply.status)
	}
	p.token, p.ends = got.AccessToken, time.Now().Add(time.Duration(got.ExpiresIn)*time.Second*9/10)
	return p.token, nil
}

// bankUser is a user, and bankThing anything with an id, as the server answers them.
type bankUser struct {
	ID         string `json:"id"`
	ExternalID string `json:"externalId"`
}

// userID finds the server's id of a customer who has been there, or was told of.
func (b *Bank) userID(ctx context.Context, p *bankProgramme, c *bankCustomer) (string, error) {
	b.mu.Lock()
	id := c.id
	b.mu.Unlock()
	if id != "" {
		return id, nil
	}
	reply, err := b.ask(ctx, p, "users", http.MethodGet, "/users?externalId="+url.QueryEscape(c.sub), nil, http.StatusOK)
	if err != nil {
		return "", err
	}
	var users []bankUser
	if err := reply.read("users", &users); err != nil {
		b.complains(p, "users", "GET /users: %v", err)
		return "", err
	}
	if len(users) != 1 || users[0].ExternalID != c.sub || users[0].ID == "" {
		return "", fmt.Errorf("the server knows %d users with the subject of %s", len(users), c.name)
	}
	b.knows(p, c, users[0].ID)
	return users[0].ID, nil
}

// knows notes the server's id of a customer, which never changes.
func (b *Bank) knows(p *bankProgramme, c *bankCustomer, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.id != "" && c.id != id {
		b.complain(p, "users", "user %s was %s and is now %s", c.name, c.id, id)
	}
	c.id = id
}

// postUser tells the server of a customer before they come: POST /users. One that is there already is answered as it is.
func (b *Bank) postUser(ctx context.Context, p *bankProgramme, c *bankCustomer) error {
	body := map[string]any{"user": map[string]any{"externalId": c.sub, "givenName": c.given, "familyName": c.family}}
	reply, err := b.ask(ctx, p, "users", http.MethodPost, "/users", body, http.StatusCreated, http.StatusOK)
	if err != nil {
		return err
	}
	var user bankUser
	if err := reply.read("user", &user); err != nil || user.ID == "" || user.ExternalID != c.sub {
		b.complains(p, "users", "POST /users was answered without the user: %v", err)
		return errors.Join(errBankNo, err)
	}
	b.knows(p, c, user.ID)
	return nil
}
