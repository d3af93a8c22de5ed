package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"

	"parley"
	"parley/api"
	"parley/savings"
)

var (
	errOther = errors.New("the idempotency key was used for something else")
	errMade  = errors.New("it has been made already")
)

// making is something that a person asks for, and that must not be made twice because an answer was lost.
type making struct {
	of    savings.Of
	asked any                                                // what was asked for: another thing under the same key is a mistake
	make  func(b *savings.Book) (id string, err error)       // makes it
	then  func(b *savings.Book, id string, again bool) error // what follows, each time; nil when nothing does
	named func(id string) savings.Of                         // how it is found again
}

// once makes something. With an Idempotency-Key, the same request again finds what was made then, as it stands now. Which thing it was is kept in
// the transaction that makes it, under a key that is the person's own.
func (a *App) once(r *http.Request, v *visit, m making) (b *savings.Book, id string, err error) {
	ctx := r.Context()
	made := func(b *savings.Book, again bool) error {
		if m.then == nil {
			return nil
		}
		return m.then(b, id, again)
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 200 {
		return nil, "", parley.Invalid("idempotencyKey", "is too long (maximum is 200 characters)")
	}
	if key == "" {
		b, err = a.change(ctx, v, m.of, func(b *savings.Book) error {
			if id, err = m.make(b); err != nil {
				return err
			}
			return made(b, false)
		})
		return b, id, err
	}
	asked, err := json.Marshal(m.asked)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(append([]byte(r.Pattern+"\x00"), asked...))
	answer := api.PutAnswer{Partner: v.p.ID, Key: "app/" + v.s.User + "/" + key, Fingerprint: hex.EncodeToString(sum[:]), Status: http.StatusCreated, At: a.Now()}
	before := func() error {
		kept, ok, err := a.Store.Answer(ctx, answer.Partner, answer.Key)
		switch {
		case err != nil || !ok:
			return err
		case kept.Fingerprint != answer.Fingerprint:
			return errOther
		}
		id = string(kept.Body)
		return errMade
	}
	if err = before(); err == nil {
		first := true
		b, err = a.change(ctx, v, m.of, func(b *savings.Book) error {
			if !first { // somebody else's change came first: perhaps this very one
				if err := before(); err != nil {
					return err
				}
			}
			first = false
			thing, err := m.make(b)
			if err != nil {
				return err
			}
			id, answer.Body = thing, []byte(thing)
			b.Also(answer)
			return made(b, false)
		})
	}
	if errors.Is(err, errMade) {
		b, err = a.change(ctx, v, m.named(id), func(b *savings.Book) error { return made(b, true) })
	}
	return b, id, err
}
