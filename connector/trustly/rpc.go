package trustly

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"parley"
	"parley/web"
)

// maxMessage bounds what is read of one answer or notification, in bytes. maxLedger bounds an account ledger, which is as
// long as the days that it covers.
const (
	maxMessage = 1 << 20
	maxLedger  = 16 << 20
)

// Error codes that mean something to us.
const (
	codeFunctionAccessDenied = 602
	codeHostAccessDenied     = 607
	codeInvalidCredentials   = 616
	codeUnknown              = 620
	codeUnverifiedSignature  = 636
	codeDuplicateMessageID   = 637
	codeEndUserBlocked       = 638
	codeNoPublicKey          = 639
)

// rpcError is an error that Trustly signed: it heard, and said no. One that is not signed is not one of these.
type rpcError struct {
	Method  string
	Code    int
	Message string // "ERROR_INVALID_CREDENTIALS": for those who run this, not for the person
}

func (e *rpcError) Error() string {
	return fmt.Sprintf("trustly refused %s: %d %s", e.Method, e.Code, e.Message)
}

// refusal is what the error means for a deposit. No money has moved in any of them.
func (e *rpcError) refusal(by string) error {
	status := parley.StatusDeclinedOther
	switch e.Code {
	case codeEndUserBlocked:
		status = parley.StatusUserAccountBlocked
	case codeFunctionAccessDenied, codeHostAccessDenied, codeInvalidCredentials, codeUnverifiedSignature, codeNoPublicKey:
		status = parley.StatusProviderOutOfService // our configuration or theirs: not the person's doing
	case codeUnknown:
		// Trustly itself does not know what happened, so neither do we.
		return parley.Errorf(parley.KindUnknown, "%w", e)
	}
	no := &parley.Refusal{By: by, Status: status, Code: strconv.Itoa(e.Code), Message: e.Message}
	return parley.Errorf(parley.KindRefused, "trustly refused %s: %d %s: %w", e.Method, e.Code, e.Message, no)
}

// call says something to Trustly and returns the data of the answer, verified: a tree, or a list for a ledger. Errors: an
// *rpcError for a signed no; unheard; unknown for an answer that was lost, is not signed, or is to another question.
func (c *Connector) call(ctx context.Context, method string, data tree) (any, error) {
	said := tree{"Username": c.config.Username, "Password": c.config.Password}
	for k, v := range data {
		said[k] = v
	}
	said = clean(said).(tree)
	uuid := newUUID()
	signature, err := sign(c.config.Key, method, uuid, said)
	if err != nil {
		return nil, parley.Errorf(parley.KindUnheard, "sign %s for Trustly: %w", method, err)
	}
	body, err := encode(tree{"version": "1.1", "method": method, "params": tree{"Signature": signature, "UUID": uuid, "Data": said}})
	if err != nil {
		return nil, parley.Errorf(parley.KindUnheard, "write %s for Trustly: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewReader(body))
	if err != nil {
		return nil, parley.Errorf(parley.KindUnheard, "write %s for Trustly: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Accept", "application/json")
	res, answer, err := web.Exchange(c.config.Client, req, limitOf(method))
	if err != nil {
		return nil, fmt.Errorf("say %s to Trustly: %w", method, err)
	}
	got, err := c.heard(method, uuid, answer)
	if _, no := err.(*rpcError); err != nil && !no {
		return nil, parley.Errorf(parley.KindUnknown, "read Trustly's answer to %s (HTTP %d): %w", method, res.StatusCode, err)
	}
	return got, err
}

// heard verifies an answer. The HTTP status is not part of the protocol and nobody signs it, so it decides nothing.
func (c *Connector) heard(method, uuid string, body []byte) (any, error) {
	answer, err := parse(body)
	if err != nil {
		return nil, err
	}
	signed := answer.object("result")
	failed := signed == nil
	if failed {
		signed = answer.object("error").object("error") // the inner block is the one that is signed
	}
	if signed == nil {
		return nil, errMalformed
	}
	signature, _ := signed["signature"].(string)
	itsUUID, _ := signed["uuid"].(string)
	itsMethod, _ := signed["method"].(string)
	if err := verify(c.config.TrustlyKey, signature, itsMethod, itsUUID, signed["data"]); err != nil {
		return nil, err
	}
	if itsUUID != uuid || itsMethod != method {
		return nil, fmt.Errorf("%w: it answers another question", errMalformed)
	}
	if !failed {
		return signed["data"], nil
	}
	code, err := strconv.Atoi(signed.object("data").text("code"))
	if err != nil {
		return nil, fmt.Errorf("%w: an error without a code", errMalformed)
	}
	return nil, &rpcError{method, code, signed.object("data").text("message")}
}

// clean makes every text valid UTF-8. JSON would mend it on its own account, and what is sent would not be what was signed.
func clean(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\uFFFD")
	case tree:
		out := make(tree, len(v))
		for k, e := range v {
			out[k] = clean(e)
		}
		return out
	}
	return v
}

// encode writes JSON without the HTML escapes, which are right but hard to read in a log of theirs.
func encode(t tree) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(t); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func limitOf(method string) int64 {
	if method == "AccountLedger" {
		return maxLedger
	}
	return maxMessage
}

// newUUID names one message: RFC 9562 version 4. It is not the idempotency key; that is the message id.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
