package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/engine"
	"parley/flow"
	"parley/sandbox"
	"parley/sim"
	"parley/store"
)

func tables() []*engine.Table { return (&flow.Desk{}).Tables() }

// pay has somebody deposit in the shop, up to what the provider does; nobody goes back to the shop. It returns the run and the order.
func pay(t *testing.T, s *sandbox.Sandbox, decision string) (run string, order sim.TrustlyOrder) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), s.TrustlyURL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := browser.PostForm(s.OperatorURL+"/shop/start", url.Values{"provider": {"trustly"}, "what": {"deposit"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	order, ok := s.Trustly.Order(res.Header.Get("Location"))
	if !ok {
		t.Fatalf("the person was sent to %q", res.Header.Get("Location"))
	}
	if decision != "" {
		if err := s.Trustly.Act(order.OrderID, sim.TrustlyPerson{}, decision); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := s.House.Store.Runs(t.Context(), "", 20)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(runs, func(r engine.Run) bool { return r.Flow == "sign-up-and-deposit" })
	return runs[i].ID, order
}

func await(t *testing.T, s *sandbox.Sandbox, run string, enough func(engine.Run) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if r, err := s.House.Engine.Await(ctx, run, enough); err != nil {
		t.Fatalf("run %s: %v: %+v", run, err, r)
	}
}

func over(r engine.Run) bool { return r.Status.Over() }

// adjusted waits for n adjustments to be over.
func adjusted(t *testing.T, s *sandbox.Sandbox, n int) (last string) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		runs, err := s.House.Store.Runs(t.Context(), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		done := 0
		for _, r := range runs {
			if r.Flow == "adjustment" && over(r) {
				done++
				last = r.ID
			}
		}
		if done == n {
			return last
		}
		if time.Now().After(end) {
			t.Fatalf("%d adjustments are over, not %d", done, n)
		}
	}
}

// history is a sandbox in which everything has happened that leaves something behind, closed. The names are of runs.
func history(t *testing.T) (folder string, names map[string]string) {
	t.Helper()
	folder = t.TempDir()
	s, err := sandbox.Start(t.Context(), sandbox.Options{Data: folder})
	if err != nil {
		t.Fatal(err)
	}
	names = map[string]string{}
	healthy := func() {
		t.Helper()
		db, err := store.OpenReadOnly(t.Context(), folder) // while it is in use
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if found, err := store.Verify(t.Context(), db.DB(), tables()...); err != nil || len(found) > 0 {
			t.Fatalf("%v %+v", err, found)
		}
	}
	for _, story := range s.Stories() {
		r := s.Tell(t.Context(), story)
		if !r.OK {
			t.Fatalf("%s: %v", story.Name, r.Problems)
		}
		names[story.Name] = r.Run
		healthy()
	}
	for _, order := range []string{"kyc-credit", "kyc-credit-account", "kyc-pending-credit", "kyc-cancel", "kyc-credit-debit", "debit-before-credit", "cancel-then-credit"} {
		s.Trustly.SetScenario(sim.TrustlyScenario{Order: order, Duplicates: 1, CreditDelay: 50 * time.Millisecond})
		names[order], _ = pay(t, s, "approve")
		await(t, s, names[order], over)
		healthy()
	}
	adjusted(t, s, 4) // one is of a story
	s.Operator.SetLimit("100.00")
	s.Trustly.SetScenario(sim.TrustlyScenario{})
	names["limit"], _ = pay(t, s, "approve")
	await(t, s, names["limit"], over)
	s.Operator.SetLimit("")
	s.Trustly.SetScenario(sim.TrustlyScenario{CreditAmount: "400.00"})
	names["less"], _ = pay(t, s, "approve")
	await(t, s, names["less"], over)
	s.Trustly.SetScenario(sim.TrustlyScenario{})
	run, order := pay(t, s, "approve")
	await(t, s, run, over)
	if err := s.Trustly.Reverse(order.OrderID); err != nil {
		t.Fatal(err)
	}
	names["reversed"], names["adjustment"] = run, adjusted(t, s, 5)
	healthy()
	names["open"], _ = pay(t, s, "")
	s.Trustly.SetScenario(sim.TrustlyScenario{Order: "pay-fails"})
	s.Operator.Faults.Set("cancel", sim.Drop, 100)
	names["undoing"], _ = pay(t, s, "approve")
	await(t, s, names["undoing"], func(r engine.Run) bool { return r.Status == engine.StatusUndoing })
	healthy()
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	healthy()
	return folder, names
}

func TestVerifyFindsWhatIsBrokenAndNothingElse(t *testing.T) {
	folder, runs := history(t)
	// Not a copy of the file: what was written last may stand in the log beside it.
	copied := filepath.Join(t.TempDir(), "whole.db")
	breaks(t, filepath.Join(folder, "parley.db"), "VACUUM INTO '"+copied+"'")
	runs["saver"], runs["journey"] = saver(t, copied)
	whole, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	const all = `run, 100, at, step, kind, attempt, took, note, exchange`
	tests := []struct {
		number int
		title  string // as it begins
		run    string // the name of the one that must be found
		sql    string // %s is its id
	}{
		{1, "money that moved", "deposit", `UPDATE txn SET told = '' WHERE kind = 'deposit' AND run = %s`},
		{1, "money that moved", "adjustment", `UPDATE txn SET told = '' WHERE run = %s`},
		{1, "transfer was told only", "deposit", `UPDATE txn SET money = 'not-moved' WHERE kind = 'deposit' AND run = %s`},
		{1, "transfer was heard exactly once", "deposit", `INSERT INTO event SELECT ` + all + ` FROM event WHERE step = 'transfer' AND run = %s`},
		{1, "transfer was heard exactly once", "adjustment", `DELETE FROM event WHERE step = 'transfer' AND run = %s`},
		{1, "a run that is over knows", "payment-failed", `UPDATE txn SET money = 'asked' WHERE kind = 'deposit' AND run = %s`},
		{1, "what the provider said", "deposit", `UPDATE txn SET money = 'asked' WHERE kind = 'deposit' AND run = %s`},
		{2, "an authorization has ended", "payment-failed", `UPDATE txn SET told = 'authorized' WHERE kind = 'deposit' AND run = %s`},
		{2, "an accepted authorize", "payment-failed", `DELETE FROM event WHERE kind = 'undone' AND run = %s`},
		{2, "an accepted authorize", "deposit", `INSERT INTO event SELECT run, 100, at, 'cancel', 'undone', attempt, took, note, exchange FROM event WHERE step = 'transfer' AND run = %s`},
		{2, "transfer and cancel", "payment-failed", `INSERT INTO event SELECT run, 100, at, 'transfer', 'said', attempt, took, note, exchange FROM event WHERE step = 'cancel' AND run = %s`},
		{3, "nothing was cancelled", "payment-failed", `UPDATE event SET kind = 'heard' WHERE step = 'payment verified' AND run = %s`},
		{3, "no transaction is both", "payment-failed", `UPDATE txn SET money = 'moved' WHERE kind = 'deposit' AND run = %s`},
		{3, "no payment was begun", "deposit", `UPDATE event SET kind = 'refused' WHERE step = 'signin' AND run = %s`},
		{3, "no payment was begun", "deposit", `UPDATE event SET kind = 'refused' WHERE step = 'authorize' AND run = %s`},
		{4, "a run has at most one deposit", "deposit", `INSERT INTO txn SELECT id + 500000, run, origin, merchant, kind, status, minor, currency, money, told, made, changed FROM txn WHERE kind = 'deposit' AND run = %s`},
		{4, "a run's money was verified", "deposit", `INSERT INTO event SELECT ` + all + ` FROM event WHERE step = 'payment verified' AND run = %s`},
		{4, "a run went through", "deposit", `INSERT INTO event SELECT ` + all + ` FROM event WHERE step = 'process payment' AND run = %s`},
		{5, "the amount is the one", "deposit", `UPDATE txn SET minor = minor - 1 WHERE kind = 'deposit' AND run = %s`},
		{5, "the amount is the one", "deposit", `UPDATE txn SET currency = 'EUR' WHERE kind = 'deposit' AND run = %s`},
		{5, "the amount is the one", "open", `UPDATE txn SET minor = minor + 1 WHERE kind = 'deposit' AND run = %s`},
		{5, "the amount is the one", "deposit", `UPDATE event SET note = 'SEK 1.00' WHERE step = 'authorize' AND run = %s`},
		{5, "the amount is the one", "limit", `UPDATE event SET note = 'SEK 100.00' WHERE step = 'payment verified' AND run = %s`},
		{5, "the amount is the one", "less", `UPDATE event SET note = 'SEK 400.00' WHERE step = 'payment verified' AND run = %s`},
		{5, "the amount is the one", "deposit", `UPDATE run SET data = '{}' WHERE id = %s`},
		{5, "the operator was told", "deposit", `UPDATE event SET note = 'SEK 1.00' WHERE step = 'transfer' AND run = %s`},
		{5, "the operator was told", "adjustment", `UPDATE txn SET minor = -minor WHERE run = %s`},
		{6, "only a run that is done", "open", `INSERT INTO code VALUES (%s, 'hash', 1, 'shop', 0, 0)`},
		{6, "only a run that is done", "payment-failed", `INSERT INTO code VALUES (%s, 'hash', 1, 'shop', 0, 0)`},
		{6, "a run gave at most one token", "deposit", `INSERT INTO token SELECT id || 'x', run, client, merchant, issued, expires, revoked FROM token WHERE run = %s`},
		{6, "a token was given", "deposit", `UPDATE code SET spent = 0 WHERE run = %s`},
		{6, "a token was given", "deposit", `UPDATE token SET client = 'another' WHERE run = %s`},
		{6, "a token was given", "deposit", `DELETE FROM code WHERE run = %s`},
		{7, "whoever asked", "deposit", `UPDATE inbox SET answer = '' WHERE asks = 1 AND run = %s`},
		{7, "whoever asked", "payment-failed", `UPDATE inbox SET answer = '' WHERE asks = 1 AND run = %s`},
		{7, "the provider was told to go on after signin", "deposit", `DELETE FROM event WHERE step = 'signin' AND run = %s`},
		{7, "the provider was told to go on after signin", "deposit", `UPDATE event SET seq = 100 WHERE step = 'signin' AND run = %s`},
		{7, "the provider was told to go on after authorize", "deposit", `UPDATE event SET kind = 'unknown' WHERE step = 'authorize' AND run = %s`},
		{8, "each reversal", "reversed", `DELETE FROM event WHERE step = 'payment reversed' AND run = %s`},
		{8, "each reversal", "reversed", `DELETE FROM run WHERE flow = 'adjustment' AND SUBSTR(start_key, 1, 36) = %s`},
		{8, "each reversal", "cancel-then-credit", `DELETE FROM run WHERE flow = 'adjustment' AND SUBSTR(start_key, 1, 36) = %s`},
		{8, "an adjustment's origin", "adjustment", `UPDATE txn SET origin = 1 WHERE run = %s`},
		{8, "an adjustment's origin", "adjustment", `UPDATE txn SET merchant = 1 WHERE run = %s`},
		{8, "an adjustment that is over", "adjustment", `DELETE FROM txn WHERE run = %s`},
		{10, "nothing is left", "payment-failed", `UPDATE run SET place = '{"undos":[6]}' WHERE id = %s`},
		{10, "what is being taken back", "undoing", `UPDATE run SET place = '{}' WHERE id = %s`},
		{10, "a refusal is kept", "payment-failed", `UPDATE run SET refusal = '' WHERE id = %s`},
		{10, "a refusal is kept", "deposit", `UPDATE run SET refusal = '{}' WHERE id = %s`},
		{20, "whatever must be taken back", "undoing", `DELETE FROM job WHERE run = %s`},
		{20, "no message was left", "deposit", `UPDATE inbox SET taken = 0, at = at - 120000 WHERE run = %s`},
		{11, "a user has one", "saver", `DROP INDEX savings_account_external; ` + again("savings_account", `usr = %s`)},
		{12, "every dream", "saver", `UPDATE savings_dream SET account = '' WHERE usr = %s`},
		{13, "a launch stands", "saver", `UPDATE savings_launch SET stopped = 1 WHERE state = 'active' AND usr = %s`},
		{13, "a launch stands", "saver", `UPDATE savings_launch SET state = 'lost' WHERE usr = %s`},
		{13, "no launch waits", "saver", `UPDATE savings_launch SET state = 'waiting', started = 0, paused = 1 WHERE usr = %s`},
		{14, "provisioning", "journey", `INSERT INTO event SELECT ` + all + ` FROM event WHERE step = 'account provisioning requested' AND run = %s`},
		{14, "provisioning", "journey", `INSERT INTO event SELECT run, 100, at, 'ask again', kind, attempt, took, note, exchange FROM event WHERE step = 'account provision initiated' AND run = %s`},
		{15, "a dream's balance", "saver", `UPDATE savings_dream SET balance = balance + 1 WHERE usr = %s`},
		{15, "a dream's balance", "saver", `UPDATE savings_dream SET pending = pending - 1 WHERE usr = %s`},
		{15, "a dream's balance", "saver", `UPDATE savings_dream SET leaving = leaving + 1 WHERE usr = %s`},
		{15, "an account's balance", "saver", `UPDATE savings_account SET balance = balance - 1 WHERE usr = %s`},
		{16, "a transaction is", "saver", `UPDATE savings_transaction SET failed = 1 WHERE state = 'settled' AND usr = %s`},
		{16, "the bank is given", "saver", `UPDATE savings_transaction SET linked = 0, to_account = '' WHERE notice <> '' AND usr = %s`},
		{17, "a launch makes one", "saver", `DROP INDEX savings_transaction_occasion; ` + again("savings_transaction", `launch <> '' AND usr = %s`)},
		{17, "a launch makes one", "saver", `UPDATE savings_transaction SET occasion = '' WHERE launch <> '' AND usr = %s`},
		{17, "only what can", "saver", `INSERT INTO savings_due SELECT 'nothing', usr, partner, 1 FROM savings_launch WHERE usr = %s LIMIT 1`},
		{19, "everything of a user", "saver", `UPDATE savings_dream SET partner = 'another' WHERE usr = %s`},
		{19, "everything of a user", "saver", `UPDATE savings_event SET partner = 'another' WHERE usr = %s`},
		{19, "what belongs together", "saver", `UPDATE savings_transaction SET to_account = (SELECT MAX(a.id) FROM savings_account a WHERE a.usr <> savings_transaction.usr) WHERE to_account <> '' AND usr = %s`},
		{19, "what belongs together", "saver", `UPDATE savings_transaction SET to_dream = 'nothing' WHERE to_dream <> '' AND usr = %s`},
		{19, "what belongs together", "saver", `UPDATE savings_transaction SET launch = 'x' || id WHERE launch <> '' AND usr = %s`},
		{19, "what belongs together", "saver", `UPDATE savings_transaction SET consent = 'nothing' WHERE usr = %s`},
		{19, "what belongs together", "saver", `UPDATE savings_launch SET consent = 'nothing' WHERE usr = %s`},
		{19, "what belongs together", "saver", `UPDATE savings_launch SET follows = 'nothing' WHERE usr = %s`},
		{19, "what belongs together", "saver", `INSERT INTO savings_consent SELECT 'x', usr, partner, 'nothing', '', '', 0, 0, '', '', 0, 1, 0, '', created FROM savings_launch WHERE usr = %s LIMIT 1`},
		{24, "a group dream is owned", "saver", `INSERT INTO savings_group SELECT 'g', partner, 'CODE', id, '', 0, '', '', '', 1, 0 FROM savings_user WHERE id = %s`},
		{24, "a group dream is owned", "saver", `INSERT INTO savings_group SELECT 'g', partner, 'CODE', id, '', 0, '', '', '', 1, 1 FROM savings_user WHERE id = %[1]s; UPDATE savings_dream SET group_dream = 'g', joined = 1 WHERE usr = %[1]s`},
		{24, "whoever is", "saver", `UPDATE savings_dream SET group_dream = 'nothing', joined = 1 WHERE usr = %s`},
		{24, "whoever is", "saver", `INSERT INTO savings_group SELECT 'g', 'another', 'CODE', id, '', 0, '', '', '', 1, 0 FROM savings_user WHERE id = %[1]s; UPDATE savings_dream SET group_dream = 'g', joined = 1 WHERE usr = %[1]s`},
		{24, "whoever is", "saver", `INSERT INTO savings_group SELECT 'g', partner, 'CODE', id, '', 0, '', '', '', 1, 0 FROM savings_user WHERE id = %[1]s; UPDATE savings_dream SET group_dream = 'g' WHERE usr = %[1]s`},
		{24, "a person is", "saver", `UPDATE savings_dream SET group_dream = 'g', joined = 1 WHERE usr = %[1]s; ` + again("savings_dream", `usr = %[1]s`)},
		{21, "a journey", "saver", `UPDATE savings_transaction SET notice = 'none' WHERE notice <> '' AND usr = %s`},
		{21, "whatever is open", "open", `DELETE FROM job WHERE run = %s`},
		{21, "everything belongs", "open", `DELETE FROM run WHERE id = %s`},
		{23, "events are numbered", "deposit", `DELETE FROM event WHERE seq = 3 AND run = %s`},
		{23, "events are numbered", "deposit", `DELETE FROM event WHERE run = %s`},
		{23, "events are numbered", "open", `UPDATE run SET seq = seq + 1 WHERE id = %s`},
		{23, "the picture", "deposit", `UPDATE event SET step = 'transfer' WHERE step = 'signin' AND run = %s`},
		{23, "the picture", "open", `UPDATE run SET step = step + 1 WHERE id = %s`},
	}
	broken := map[string]bool{}
	for i, test := range tests {
		t.Run(fmt.Sprintf("%d %s %d", test.number, test.title, i), func(t *testing.T) {
			id := runs[test.run]
			if id == "" {
				t.Fatalf("no run is called %s", test.run)
			}
			folder := t.TempDir()
			file := filepath.Join(folder, "parley.db")
			if err := os.WriteFile(file, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			breaks(t, file, fmt.Sprintf(test.sql, "'"+id+"'"))
			s, err := store.OpenReadOnly(t.Context(), folder)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			found, err := store.Verify(t.Context(), s.DB(), tables()...)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if f.Number == test.number && strings.HasPrefix(f.Title, test.title) && f.Run == id && f.Detail != "" {
					broken[f.Title] = true
					return
				}
			}
			t.Errorf("it was not found, but %+v", found)
		})
	}
	for _, inv := range store.Invariants() {
		if !broken[inv.Title] {
			t.Errorf("nothing here breaks %d, %s", inv.Number, inv.Title)
		}
	}
}

// saver is somebody who has saved in the setup with one account for all dreams, and the run that draws how the account came about.
func saver(t *testing.T, file string) (user, journey string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(t.Context(), `SELECT u.id, u.journey FROM savings_user u WHERE u.initiated_at <> 0 AND EXISTS (SELECT 1 FROM savings_transaction t
		JOIN savings_launch l ON l.id = t.launch WHERE t.usr = u.id AND t.state = 'settled' AND l.state = 'active') AND EXISTS (SELECT 1 FROM run r WHERE r.id = u.journey)
		AND (SELECT COUNT(*) FROM savings_account a WHERE a.usr = u.id) = 1 ORDER BY u.id LIMIT 1`).Scan(&user, &journey)
	if err != nil {
		t.Fatalf("nobody has saved: %v", err)
	}
	return user, journey
}

// again is the statement that has rows of a table twice, under another id.
func again(table, where string) string {
	columns := map[string]string{
		"savings_account": `usr, partner, type, external_id, balance, opening, liquid, gain, gain_percent, acquisition, valued_from, valued_at, created, journey`,
		"savings_transaction": `usr, partner, type, state, amount, '', requested, settled, failed, reason, to_account, to_dream, from_account, from_dream, consent, launch, occasion,
			ready, banking_day, notice, linked`,
		"savings_dream": `usr, partner, type, name, target, expires, achieved, deleted, group_dream, account, inspiration, image, balance, pending, leaving, milestone, request, requested_by, requested,
			request_done, refused, journey, created, joined`,
	}[table]
	return `INSERT INTO ` + table + ` SELECT 'x' || id, ` + columns + ` FROM ` + table + ` WHERE ` + where
}

// breaks does something behind everybody's back, and fails if there was nothing to do it to.
func breaks(t *testing.T, file, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", file+"?_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	res, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); !strings.HasPrefix(statement, "VACUUM") && n == 0 || err != nil {
		t.Fatalf("nothing was changed: %v", err)
	}
}

func TestOpenReadOnlyReadsWhatIsInUseAndWritesNothing(t *testing.T) {
	folder := t.TempDir()
	if _, err := store.OpenReadOnly(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "no database") {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("looking made %v", left)
	}
	owner, err := store.OpenSQLite(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	s, err := store.OpenReadOnly(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run := engine.Run{ID: engine.NewID(), Flow: "f", Status: engine.StatusOpen, Version: 1, Data: []byte("{}")}
	if err := owner.Apply(t.Context(), []engine.Write{engine.PutRun{Run: run}}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Run(t.Context(), run.ID); err != nil || got.Flow != "f" {
		t.Errorf("%+v %v", got, err)
	}
	if err := s.Apply(t.Context(), []engine.Write{engine.PutRun{Run: run}}); err == nil {
		t.Error("it wrote")
	}
	if _, err := s.DB().ExecContext(t.Context(), `DELETE FROM run`); err == nil {
		t.Error("it deleted")
	}
}

func TestOpenReadOnlyRefusesAnotherVersion(t *testing.T) {
	for _, statement := range []string{`INSERT INTO schema_version VALUES (1000)`, `DELETE FROM schema_version`, `DROP TABLE schema_version`} {
		folder := t.TempDir()
		s, err := store.OpenSQLite(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", filepath.Join(folder, "parley.db"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if _, err := store.OpenReadOnly(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "version") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
