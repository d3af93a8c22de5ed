package trustly

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"regexp"

	"parley"
	"parley/connector"
)

// The statuses of an answer. An answer is believed by its signature; the HTTP status is 200 unless we ask for a repetition.
const (
	statusOK       = "OK"
	statusContinue = "CONTINUE"
	statusFinish   = "FINISH"
	statusFailed   = "FAILED"
)

// uuidForm has one length, because the signature does not say where the method ends and the uuid begins: with a border that
// could be moved, a credit could be replayed as a notification that we only record, under the id of the credit.
var uuidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// Receive reads one notification of Trustly's. Its ID is the notificationid: a repetition has the same under another uuid and
// signature. Errors: kind invalid for what is not from Trustly, cannot be understood, or is larger than 1 MiB; kind
// unavailable when the request could not be read to its end.
func (c *Connector) Receive(r *http.Request) (connector.Notification, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxMessage+1))
	if err != nil {
		return connector.Notification{}, parley.Errorf(parley.KindUnavailable, "read a notification of Trustly's: %w", err)
	}
	if len(body) > maxMessage {
		return connector.Notification{}, invalid(errMalformed)
	}
	message, err := parse(body)
	if err != nil {
		return connector.Notification{}, invalid(err)
	}
	params := message.object("params")
	method, _ := message["method"].(string)
	uuid, _ := params["uuid"].(string)
	signature, _ := params["signature"].(string)
	data := params.object("data")
	if method == "" || !uuidForm.MatchString(uuid) || data == nil {
		return connector.Notification{}, invalid(errMalformed)
	}
	if err := verify(c.config.TrustlyKey, signature, method, uuid, data); err != nil {
		return connector.Notification{}, invalid(err)
	}
	told, err := c.read(method, data)
	if err != nil {
		return connector.Notification{}, invalid(err)
	}
	return connector.Notification{
		Told: told,
		Answer: func(w http.ResponseWriter, v connector.Verdict) {
			c.reply(w, http.StatusOK, method, uuid, verdict(told, v))
		},
		Fail: func(w http.ResponseWriter) {
			// What the vendor's own clients say when their handler breaks.
			c.reply(w, http.StatusInternalServerError, method, uuid, tree{"status": statusFailed})
		},
	}, nil
}

// Reject answers what Receive could not read, unsigned, so that a notification that was Trustly's after all is sent again.
func (c *Connector) Reject(w http.ResponseWriter, err error) {
	if parley.KindOf(err) == parley.KindInvalid {
		http.Error(w, "not a notification from Trustly", http.StatusBadRequest)
		return
	}
	http.Error(w, "the notification could not be read", http.StatusInternalServerError)
}

func invalid(err error) error {
	return parley.Errorf(parley.KindInvalid, "receive a notification of Trustly's: %w", err)
}

// read says what a verified notification means. A kind that we do not know is recorded, and answered with OK, lest Trustly
// sends it for ever.
func (c *Connector) read(method string, data tree) (connector.Told, error) {
	told := connector.Told{ID: data.text("notificationid"), Reference: data.text("orderid"), At: moment(data.text("timestamp"))}
	if told.ID == "" {
		return connector.Told{}, errors.New("no notificationid")
	}
	switch method {
	case "kyc":
		told.Asks = true
		if no := aborted(data); no != nil {
			told.Fact, told.Refusal = connector.Denied, no
			break
		}
		attributes := data.object("attributes")
		if attributes == nil {
			return connector.Told{}, errors.New("a kyc that says nothing about the person")
		}
		who := c.identity(attributes)
		told.Fact, told.Identity = connector.Identified, &who
	case "account":
		told.Fact, told.Account = connector.Account, account(data)
	case "pending":
		told.Fact = connector.Pending
	case "credit":
		told.Fact = connector.Paid
	case "debit":
		told.Fact = connector.Reversed
	case "cancel":
		told.Fact, told.Refusal = connector.Failed, &parley.Refusal{By: byPayment, Status: parley.StatusCancelledByUser}
	default:
		told.Fact, told.Note = connector.Other, method
	}
	if told.Reference == "" && told.Fact != connector.Other {
		return connector.Told{}, errors.New("no orderid")
	}
	switch told.Fact {
	case connector.Pending, connector.Paid, connector.Reversed:
		got, err := amount(data.text("amount"), data.text("currency"))
		if err != nil {
			return connector.Told{}, err
		}
		if got.IsZero() {
			return connector.Told{}, errors.New("an amount of nothing")
		}
		told.Amount = got
	}
	return told, nil
}

// verdict is what is answered. Only a kyc that tells who the person is asks for more than OK: after an abort there is
// nothing left to go on with.
func verdict(told connector.Told, v connector.Verdict) tree {
	if told.Fact != connector.Identified {
		return tree{"status": statusOK}
	}
	if !v.GoOn {
		return tree{"status": statusFinish}
	}
	if v.Limit == nil {
		return tree{"status": statusContinue}
	}
	most, ok := limit(*v.Limit)
	if !ok || v.Limit.Minor <= 0 {
		// Going on without the limit would let the person deposit more than was allowed.
		return tree{"status": statusFinish}
	}
	return tree{"status": statusContinue, "limit": most}
}

// reply signs an answer. The uuid and the method are those of the notification.
func (c *Connector) reply(w http.ResponseWriter, code int, method, uuid string, data tree) {
	signature, err := sign(c.config.Key, method, uuid, data)
	var body []byte
	if err == nil {
		body, err = encode(tree{"version": "1.1", "result": tree{"signature": signature, "uuid": uuid, "method": method, "data": data}})
	}
	if err != nil {
		http.Error(w, "the answer could not be signed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	w.Write(body)
}

// aborted is the no of a kyc that Trustly gave up on, or nil.
func aborted(data tree) *parley.Refusal {
	attributes := data.object("attributes")
	if cmp.Or(data.text("abort"), attributes.text("abort")) != "1" {
		return nil
	}
	why := cmp.Or(data.text("abortmessage"), attributes.text("abortmessage"))
	status := parley.StatusKYCCheckFailed
	if why == "underage" {
		status = parley.StatusKYCUserUnderAge
	}
	return &parley.Refusal{By: byIdentity, Status: status, Message: why}
}

// account leaves out the account number, which Trustly tells some merchants: nothing here needs it.
func account(data tree) *parley.BankAccount {
	a := data.object("attributes")
	return &parley.BankAccount{
		ID: data.text("accountid"), Bank: a.text("bank"), Clearinghouse: a.text("clearinghouse"),
		Descriptor: parley.Private(a.text("descriptor")), LastDigits: parley.Private(a.text("lastdigits")), Holder: parley.Private(a.text("name")),
	}
}
