package parley

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is, for the program. People read the message.
type Kind string

// The kinds. An error without one is internal: outside it is said to be ours, and nothing else.
const (
	KindInvalid     Kind = "invalid"     // the asker's mistake: the input cannot be understood or is not allowed
	KindNotFound    Kind = "not-found"   // there is no such thing, or not for the asker
	KindConflict    Kind = "conflict"    // somebody else was first: read again and decide again
	KindRefused     Kind = "refused"     // a party understood, and said no
	KindUnheard     Kind = "unheard"     // the words certainly never reached the party
	KindUnknown     Kind = "unknown"     // the answer was lost: it may have been done
	KindUnavailable Kind = "unavailable" // we cannot now; the same may work later
)

// Error is the one error scheme of the house.
type Error struct {
	Kind    Kind
	Field   string // what the mistake is in, where that helps the asker: a parameter's name
	Message string // for people; never holds personal data or a secret
	Err     error  // the cause, for the log
}

// Error is the message with its cause.
func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil && s != "" {
		s += ": "
	}
	if e.Err != nil {
		s += e.Err.Error()
	}
	return s
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Invalid is an error about a field that the asker got wrong.
func Invalid(field, message string) error {
	return &Error{Kind: KindInvalid, Field: field, Message: message}
}

// Errorf makes an error of a kind whose text is for the log. With %w it keeps the cause.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf is the kind of the outermost Error in err's chain, or "" for an internal error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}
