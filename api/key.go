package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"

	"parley/engine"
)

// errKept ends a change whose answer has been kept already.
var errKept = errors.New("the answer has been kept")

// keys are the requests with an idempotency key that are being answered by this process.
type keys struct {
	mu  sync.Mutex
	now map[[2]string]bool
}

func (k *keys) begin(partner, key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := [2]string{partner, key}
	if k.now[at] {
		return false
	}
	if k.now == nil {
		k.now = map[[2]string]bool{}
	}
	k.now[at] = true
	return true
}

func (k *keys) end(partner, key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.now, [2]string{partner, key})
}

// once answers a POST. Under a key that the partner has used before, what was answered then is said again, byte for byte; while that
// request is still being answered, or with another request under the same key, it is a mistake. What was itself a mistake is not kept.
//
// draft-ietf-httpapi-idempotency-key-header-07 §2: the statuses are its.
func (c *call) once() (reply, error) {
	given, there := c.Header["Idempotency-Key"]
	if !there {
		return c.route.do(c.api, c)
	}
	if len(given) != 1 || !printable(given[0], 255) {
		return reply{}, &problem{status: http.StatusBadRequest, detail: "Idempotency-Key must be one value of 1 to 255 printable characters."}
	}
	c.key = given[0]
	if !c.api.begun.begin(c.partner.ID, c.key) {
		return reply{}, &problem{status: http.StatusConflict, detail: "A request with this Idempotency-Key is being answered.", again: true}
	}
	defer c.api.begun.end(c.partner.ID, c.key)
	sum := sha256.New()
	sum.Write([]byte(c.Method + " " + c.URL.Path + "\x00"))
	sum.Write(c.body)
	c.print = hex.EncodeToString(sum.Sum(nil))
	if kept, ok, err := c.kept(); err != nil || ok {
		return kept, err
	}
	return c.route.do(c.api, c)
}

// kept is the answer that was kept under the key, if there is one.
func (c *call) kept() (reply, bool, error) {
	k, ok, err := c.api.Store.Answer(c.Context(), c.partner.ID, c.key)
	if err != nil || !ok {
		return reply{}, false, err
	}
	if k.Fingerprint != c.print {
		return reply{}, false, &problem{status: http.StatusUnprocessableEntity, detail: "This Idempotency-Key was used for another request."}
	}
	return reply{status: k.Status, body: k.Body, replayed: true}, true, nil
}

// keep is the write that keeps an answer.
func (c *call) keep(answer reply) PutAnswer {
	return PutAnswer{c.partner.ID, c.key, c.print, answer.status, answer.body, c.api.Now()}
}

// keepAlone keeps an answer whose facts are written already, each of which is known again by an id of its own.
func (c *call) keepAlone(answer reply) (reply, error) {
	if c.key == "" {
		return answer, nil
	}
	err := c.api.Savings.Store.Apply(c.Context(), []engine.Write{c.keep(answer)})
	if err == nil {
		return answer, nil
	}
	if kept, ok, other := c.kept(); ok || other != nil { // another node was first
		return kept, other
	}
	return reply{}, err
}
