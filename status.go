package parley

import "strings"

// State is where a transaction stands, in the words of the operator's wire.
type State string

// The states. Each status code belongs to one, by its range.
const (
	StateSuccessful      State = "SUCCESSFUL"
	StateRegistered      State = "REGISTERED"
	StateProcessing      State = "PROCESSING"
	StateWaitingInput    State = "WAITING_INPUT"
	StateWaitingApproval State = "WAITING_APPROVAL"
	StateInconsistent    State = "INCONSISTENT"
	StateFailed          State = "FAILED"
	StateCancelled       State = "CANCELLED"
)

// Status is a status code of a transaction, as operators know them: the range tells the state.
//
//	0–99 SUCCESSFUL · 100–199 REGISTERED · 200–299 PROCESSING · 300–349 WAITING_INPUT · 350–399 WAITING_APPROVAL ·
//	400–499 INCONSISTENT · 500–599 FAILED · 600–699 CANCELLED
type Status int

// The status codes that Parley gives. Operators may answer with others; they are passed on as they came.
const (
	StatusSuccess                     Status = 0
	StatusRegistered                  Status = 100
	StatusProcessingProvider          Status = 200
	StatusProcessingMerchant          Status = 201
	StatusProcessingUserVerification  Status = 203
	StatusWaitingInput                Status = 300
	StatusWaitingNotification         Status = 303
	StatusReadTimeout                 Status = 400
	StatusInconsistent                Status = 402
	StatusIOException                 Status = 404
	StatusAmountMismatch              Status = 407
	StatusSystemError                 Status = 500
	StatusFailedToConnect             Status = 501
	StatusDeclinedOther               Status = 506
	StatusNotAuthenticated            Status = 509
	StatusInvalidResponse             Status = 510
	StatusProviderOutOfService        Status = 512
	StatusMerchantOutOfService        Status = 520
	StatusMerchantResponseCodeUnknown Status = 522
	StatusMerchantInvalidResponse     Status = 525
	StatusAboveLimit                  Status = 526
	StatusBankRefusal                 Status = 530
	StatusUserAccountBlocked          Status = 547
	StatusUserSessionInvalid          Status = 548
	StatusKYCBlock                    Status = 564
	StatusKYCUserUnderAge             Status = 565
	StatusKYCCheckFailed              Status = 566
	StatusExpired                     Status = 568
	StatusCancelledByUser             Status = 600
	StatusCancelledByMerchant         Status = 601
	StatusCancelledByPSP              Status = 602
)

var statusNames = map[Status]string{
	StatusSuccess: "SUCCESS", StatusRegistered: "REGISTERED", StatusProcessingProvider: "PROCESSING_PROVIDER",
	StatusProcessingMerchant: "PROCESSING_MERCHANT", StatusProcessingUserVerification: "PROCESSING_USER_VERIFICATION",
	StatusWaitingInput: "WAITING_INPUT", StatusWaitingNotification: "WAITING_NOTIFICATION",
	StatusReadTimeout: "ERR_READ_TIMEOUT", StatusInconsistent: "ERR_INCONSISTENT_TRANSACTION", StatusIOException: "ERR_IO_EXCEPTION",
	StatusAmountMismatch: "ERR_AMOUNT_MISMATCH", StatusSystemError: "ERR_SYSTEM_ERROR",
	StatusFailedToConnect: "ERR_FAILED_TO_CONNECT", StatusDeclinedOther: "ERR_DECLINED_OTHER_REASON",
	StatusNotAuthenticated: "ERR_NOT_AUTHENTICATED", StatusInvalidResponse: "ERR_INVALID_RESPONSE",
	StatusProviderOutOfService: "ERR_PSP_OUT_OF_SERVICE", StatusMerchantOutOfService: "ERR_MERCHANT_OUT_OF_SERVICE",
	StatusMerchantResponseCodeUnknown: "ERR_MERCHANT_RESPONSE_CODE_UNKNOWN",
	StatusMerchantInvalidResponse:     "ERR_MERCHANT_INVALID_RESPONSE", StatusAboveLimit: "ERR_ABOVE_LIMIT",
	StatusBankRefusal: "ERR_DECLINED_BANK_REFUSAL", StatusUserAccountBlocked: "ERR_USER_ACCOUNT_BLOCKED",
	StatusUserSessionInvalid: "ERR_USER_SESSION_INVALID", StatusKYCBlock: "ERR_DECLINED_KYC_BLOCK",
	StatusKYCUserUnderAge: "ERR_DECLINED_KYC_USER_UNDER_AGE", StatusKYCCheckFailed: "ERR_DECLINED_KYC_CHECK_FAILED",
	StatusExpired: "ERR_DECLINED_EXPIRED", StatusCancelledByUser: "ERR_CANCELLED_BY_USER",
	StatusCancelledByMerchant: "ERR_CANCELLED_BY_MERCHANT", StatusCancelledByPSP: "ERR_CANCELLED_BY_PSP",
}

// String is the name on the wire, such as "ERR_USER_ACCOUNT_BLOCKED".
func (s Status) String() string {
	if n, ok := statusNames[s]; ok {
		return n
	}
	return "ERR_MERCHANT_RESPONSE_CODE_UNKNOWN"
}

// Known reports whether the code is one that Parley has a name for.
func (s Status) Known() bool { _, ok := statusNames[s]; return ok }

// Description is how an OAuth error_description names the status: lower case.
func (s Status) Description() string { return strings.ToLower(s.String()) }

// State is the state of the range that the code lies in. A code out of every range is FAILED.
func (s Status) State() State {
	switch {
	case s >= 0 && s < 100:
		return StateSuccessful
	case s >= 100 && s < 200:
		return StateRegistered
	case s >= 200 && s < 300:
		return StateProcessing
	case s >= 300 && s < 350:
		return StateWaitingInput
	case s >= 350 && s < 400:
		return StateWaitingApproval
	case s >= 400 && s < 500:
		return StateInconsistent
	case s >= 600 && s < 700:
		return StateCancelled
	}
	return StateFailed
}

// Away reports whether the status says that somebody did not answer, or not in a way that can be used: it says nothing about the person.
func (s Status) Away() bool {
	switch s {
	case StatusReadTimeout, StatusIOException, StatusFailedToConnect, StatusInvalidResponse, StatusProviderOutOfService, StatusMerchantOutOfService,
		StatusMerchantInvalidResponse:
		return true
	}
	return false
}

// Who can say no, as Refusal.By has it.
const (
	ByBrowser          = "Browser"
	ByOperator         = "Operator"
	ByIdentityProvider = "IdentityProvider"
	ByPaymentProvider  = "PaymentProvider"
)

// Refusal is a no: whose it was, what it means, and the words that were given with it. Code and Message are what the
// party itself said, to be passed on unchanged; they are empty when it gave none.
type Refusal struct {
	By      string `json:"by"` // ByOperator and so on
	Status  Status `json:"status"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Discreet leaves out the words, which may be about anybody, and a code that is none.
func (r Refusal) Discreet() any {
	if r.Message != "" {
		r.Message = redacted
	}
	if len(r.Code) > 64 || strings.ContainsFunc(r.Code, func(c rune) bool { return !strings.ContainsRune(codeCharacters, c) }) {
		r.Code = redacted
	}
	return r
}

const codeCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

// Error makes a refusal usable as the error of a step.
func (r *Refusal) Error() string { return r.By + " refused: " + r.Status.String() }
