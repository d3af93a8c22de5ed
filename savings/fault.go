package savings

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"parley"
	"parley/savehack"
)

// Most is the most that one amount may be: more than anybody's money, and so far from the end of an int64 that sums never get there.
const Most Cents = savehack.MaxAmount

// The words of mistakes, as the wire has them.
const (
	blank     = "can't be blank"
	negative  = "can't be negative"
	tooMuch   = "is too large"
	positive  = "must be greater than 0"
	taken     = "has already been taken"
	notListed = "is not included in the list"
	immutable = "is immutable"
	invalid   = "is invalid"
	absent    = "doesn't exist"
	present   = "must be blank"
	past      = "can't be in the past"
)

func (f *Faults) add(field, message string) {
	*f = append(*f, &parley.Error{Kind: parley.KindInvalid, Field: field, Message: message})
}

// or is nil when there are none, which a Faults by itself would not be as an error.
func (f Faults) or() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// within adds what is wrong in a part of the input, under the part's name. An error that is no mistake in the input is returned.
func (f *Faults) within(part string, err error) error {
	if err == nil {
		return nil
	}
	if all, ok := errors.AsType[Faults](err); ok {
		for _, e := range all {
			f.add(part+e.Field, e.Message)
		}
		return nil
	}
	if e, ok := errors.AsType[*parley.Error](err); ok && e.Kind == parley.KindInvalid {
		f.add(part+e.Field, e.Message)
		return nil
	}
	if part != "" && parley.KindOf(err) == parley.KindNotFound {
		f.add(part+"id", absent)
		return nil
	}
	return err
}

// kind adds what a kind of savehack finds wrong in its parameters.
func (f *Faults) kind(err error) error {
	if all, ok := errors.AsType[savehack.Faults](err); ok {
		for _, e := range all {
			f.add(e.Field, e.Message)
		}
		return nil
	}
	return err
}

// amount checks what may be zero.
func (f *Faults) amount(field string, c Cents) {
	switch {
	case c < 0:
		f.add(field, negative)
	case c > Most:
		f.add(field, tooMuch)
	}
}

// money checks what moves, which is never nothing.
func (f *Faults) money(field string, c Cents) {
	switch {
	case c <= 0:
		f.add(field, positive)
	case c > Most:
		f.add(field, tooMuch)
	}
}

// longest is how many characters a name or an id of somebody else's may have.
const longest = 255

func (f *Faults) text(field, s string, most int) {
	switch {
	case !utf8.ValidString(s):
		f.add(field, invalid)
	case utf8.RuneCountInString(s) > most:
		f.add(field, fmt.Sprintf("is too long (maximum is %d characters)", most))
	}
}

// nth names a part of a list in the input.
func nth(list string, i int) string { return fmt.Sprintf("%s[%d].", list, i) }

func conflict(message string) error {
	return &parley.Error{Kind: parley.KindConflict, Message: message}
}
