package parley_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"parley"
)

func TestMoneyIsReadAndWrittenAsTheWireDoes(t *testing.T) {
	for _, c := range []struct {
		amount, currency string
		minor            int64
		decimal          string
	}{
		{"100.50", "SEK", 10050, "100.50"}, {"100", "SEK", 10000, "100.00"}, {"0.3", "EUR", 30, "0.30"}, {"7", "JPY", 7, "7"},
		{"7.00", "JPY", 7, "7"}, {"1.234", "KWD", 1234, "1.234"}, {"1.2340", "KWD", 1234, "1.234"}, {"92233720368547758.07", "SEK", 9223372036854775807, "92233720368547758.07"},
	} {
		m, err := parley.ParseMoney(c.amount, parley.Currency(c.currency))
		if err != nil || m.Minor != c.minor || m.Decimal() != c.decimal {
			t.Errorf("%s %s is %+v, %v", c.amount, c.currency, m, err)
		}
	}
	for _, bad := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1 000", "0x10", "1.005", "NaN", "99999999999999999999", "１"} {
		if m, err := parley.ParseMoney(bad, "SEK"); err == nil {
			t.Errorf("%q was read as %v", bad, m)
		} else if parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%q: %v is not the asker's mistake", bad, err)
		}
	}
	if got := (parley.Money{Minor: -3000, Currency: "EUR"}).Decimal(); got != "-30.00" {
		t.Error(got)
	}
	if got := (parley.Money{Minor: -5, Currency: "EUR"}).Decimal(); got != "-0.05" {
		t.Error(got)
	}
}

func FuzzMoneySurvivesItsOwnWriting(f *testing.F) {
	f.Add("100.50", "SEK")
	f.Add("7", "JPY")
	f.Add("1.234", "KWD")
	f.Fuzz(func(t *testing.T, amount, currency string) {
		c, err := parley.ParseCurrency(currency)
		if err != nil {
			return
		}
		m, err := parley.ParseMoney(amount, c)
		if err != nil {
			return
		}
		again, err := parley.ParseMoney(m.Decimal(), c)
		if len(m.Decimal()) <= 20 && (err != nil || again != m) {
			t.Fatalf("%q is %v, which is written %s and read as %v, %v", amount, m, m.Decimal(), again, err)
		}
	})
}

func TestPersonalDataIsNeverPrinted(t *testing.T) {
	const secret = "199001012385"
	id := parley.Identity{Provider: "trustly", PersonID: "SE" + secret, Name: secret, Email: secret, Address: parley.Address{Street: secret},
		Account: &parley.BankAccount{Descriptor: secret}}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("text", "id", id, "name", id.Name, "address", id.Address, "account", id.Account)
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "id", id, "private", id.Name)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&log, verb, id)
		fmt.Fprintf(&log, verb, *id.Account)
		fmt.Fprintf(&log, verb, id.Name)
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("it was printed: %s", log.String())
	}
	b, err := json.Marshal(id)
	if err != nil || !bytes.Contains(b, []byte(secret)) {
		t.Errorf("but it must be kept: %s, %v", b, err)
	}
}

func TestANameIsDividedOnlyWhereItCanBe(t *testing.T) {
	for full, want := range map[string][2]string{"Anna Åkesson": {"Anna", "Åkesson"}, "Anna Maria Åkesson": {}, "Anna": {}} {
		got := parley.Identity{Name: parley.Private(full)}.Named()
		if got.FirstName.Reveal() != want[0] || got.LastName.Reveal() != want[1] {
			t.Errorf("%s was divided into %s and %s", full, got.FirstName.Reveal(), got.LastName.Reveal())
		}
	}
	if got := (parley.Identity{FirstName: "Anna", LastName: "Åkesson"}).Named().Name.Reveal(); got != "Anna Åkesson" {
		t.Error(got)
	}
}

func TestAnErrorKeepsItsKindAndItsCause(t *testing.T) {
	err := fmt.Errorf("ask: %w", parley.Errorf(parley.KindUnknown, "read: %w", io.ErrUnexpectedEOF))
	if parley.KindOf(err) != parley.KindUnknown || !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "ask: read: unexpected EOF" {
		t.Errorf("%v is %q", err, parley.KindOf(err))
	}
	if parley.KindOf(io.EOF) != "" || parley.KindOf(nil) != "" {
		t.Error("an error without a kind is internal")
	}
}

func TestAStatusLiesInTheStateOfItsRange(t *testing.T) {
	for status, state := range map[parley.Status]parley.State{0: parley.StateSuccessful, 100: parley.StateRegistered, 203: parley.StateProcessing, 303: parley.StateWaitingInput,
		355: parley.StateWaitingApproval, 402: parley.StateInconsistent, 522: parley.StateFailed, 600: parley.StateCancelled, 900: parley.StateFailed, -1: parley.StateFailed} {
		if status.State() != state {
			t.Errorf("%d is %s", status, status.State())
		}
	}
	if parley.StatusUserAccountBlocked.Description() != "err_user_account_blocked" {
		t.Error(parley.StatusUserAccountBlocked.Description())
	}
}
