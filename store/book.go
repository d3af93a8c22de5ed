package store

import (
	"context"
	"errors"
	"slices"

	"parley"
	"parley/savings"
)

// Book loads everything about a user that a change may need. It is read without a transaction: the user is read first, so a change that was
// written meanwhile has raised their version, and what was made of a torn book is refused by its guard.
func (s *Store) Book(ctx context.Context, partner string, of savings.Of) (*savings.Book, error) {
	b := &savings.Book{}
	user, err := s.whose(ctx, partner, of)
	if err == nil {
		b.User, err = one(ctx, s.read, "user", func(row scanner) (savings.User, error) { return scanUser(row) },
			`SELECT `+userColumns+` FROM savings_user u WHERE u.partner = $1 AND u.id = $2`, partner, user)
	}
	if parley.KindOf(err) == parley.KindNotFound && of.Create {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	if b.Accounts, err = all(ctx, s.read, func(row scanner) (savings.Account, error) { return scanAccount(row) },
		`SELECT `+accountColumns+` FROM savings_account a WHERE a.usr = $1 ORDER BY a.created, a.id`, user); err != nil {
		return nil, err
	}
	if b.Dreams, err = all(ctx, s.read, func(row scanner) (savings.Dream, error) { return scanDream(row) },
		`SELECT `+dreamColumns+` FROM savings_dream d WHERE d.usr = $1 AND d.deleted = 0 ORDER BY d.created, d.id`, user); err != nil {
		return nil, err
	}
	if len(b.Dreams) > 0 {
		if b.Launches, err = all(ctx, s.read, func(row scanner) (savings.Launch, error) { return scanDueLaunch(row) },
			`SELECT `+launchColumns+`, q.due FROM savings_launch l`+withDue+`WHERE l.usr = $1 AND l.state <> 'stopped' ORDER BY l.created, l.id`, user); err != nil {
			return nil, err
		}
	}
	if b.Transactions, err = all(ctx, s.read, func(row scanner) (savings.Transaction, error) { return scanSaved(row) },
		`SELECT `+savedColumns+` FROM savings_transaction t WHERE t.usr = $1 AND t.state = 'requested' ORDER BY t.requested, t.id`, user); err != nil {
		return nil, err
	}
	if b.User.Version > 0 && len(b.Launches) > 0 {
		if b.Consents, err = all(ctx, s.read, func(row scanner) (savings.Consent, error) { return scanConsent(row) },
			`SELECT `+consentColumns+` FROM savings_consent c WHERE c.usr = $1 AND c.consented = 0 AND c.rejected = 0 ORDER BY c.created, c.id`, user); err != nil {
			return nil, err
		}
	}
	return b, errors.Join(s.named(ctx, b, of), s.belonging(ctx, b), s.followed(ctx, b, partner))
}

// whose is the user whom of names. Somebody else's is not there.
func (s *Store) whose(ctx context.Context, partner string, of savings.Of) (string, error) {
	find := func(what, query, id string) (string, error) {
		return one(ctx, s.read, what, func(row scanner) (user string, err error) { return user, row.Scan(&user) }, query, partner, id)
	}
	switch {
	case of.User != "":
		return of.User, nil
	case of.ExternalUser != "":
		return find("user", `SELECT id FROM savings_user WHERE partner = $1 AND external_id = $2`, of.ExternalUser)
	case of.Account != "":
		return find("account", `SELECT usr FROM savings_account WHERE partner = $1 AND id = $2`, of.Account)
	case of.Dream != "":
		return find("dream", `SELECT usr FROM savings_dream WHERE partner = $1 AND id = $2`, of.Dream)
	case of.Launch != "":
		return find("launch", `SELECT usr FROM savings_launch WHERE partner = $1 AND id = $2`, of.Launch)
	case of.Transaction != "":
		return find("transaction", `SELECT usr FROM savings_transaction WHERE partner = $1 AND id = $2`, of.Transaction)
	case of.Consent != "":
		return find("consent", `SELECT usr FROM savings_consent WHERE partner = $1 AND id = $2`, of.Consent)
	case of.Temporary != "":
		return find("consent", `SELECT usr FROM savings_consent WHERE partner = $1 AND temporary = $2`, of.Temporary)
	case of.Message != "":
		return find("message", `SELECT usr FROM savings_message WHERE partner = $1 AND id = $2`, of.Message)
	}
	return "", parley.Errorf(parley.KindNotFound, "nobody was named")
}

// named adds what was named, also when it is over.
func (s *Store) named(ctx context.Context, b *savings.Book, of savings.Of) error {
	user := b.User.ID
	errs := []error{s.addDream(ctx, b, of.Dream), s.addLaunch(ctx, b, of.Launch), s.addTransaction(ctx, b, of.Transaction), s.addConsent(ctx, b, `c.id`, of.Consent),
		s.addConsent(ctx, b, `c.temporary`, of.Temporary)}
	for _, id := range of.More {
		errs = append(errs, s.addTransaction(ctx, b, id))
	}
	if of.Message != "" {
		var err error
		b.Messages, err = all(ctx, s.read, func(row scanner) (savings.Message, error) { return scanMessage(row) },
			`SELECT `+messageColumns+` FROM savings_message m WHERE m.usr = $1 AND m.id = $2`, user, of.Message)
		errs = append(errs, err)
	}
	if of.Follow != "" {
		found, err := all(ctx, s.read, func(row scanner) (l savings.Leader, err error) { return l, row.Scan(&l.Launch, &l.User, &l.Group) },
			`SELECT l.id, l.usr, d.group_dream FROM savings_launch l JOIN savings_dream d ON d.id = l.dream WHERE l.partner = $1 AND l.id = $2`, b.User.Partner, of.Follow)
		if errs = append(errs, err); len(found) > 0 {
			b.Leader = found[0]
		}
	}
	if of.Occasion != "" {
		n := 0
		errs = append(errs, s.read.row(ctx, `SELECT COUNT(*) FROM savings_feed WHERE usr = $1 AND id = $2`, user, of.Occasion).Scan(&n))
		b.Heard = n > 0
	}
	return errors.Join(errs...)
}

// belonging adds the dreams and launches of the transactions that are there, and the consents of the launches.
func (s *Store) belonging(ctx context.Context, b *savings.Book) error {
	var errs []error
	for _, t := range b.Transactions {
		errs = append(errs, s.addDream(ctx, b, t.ToDream), s.addDream(ctx, b, t.FromDream), s.addLaunch(ctx, b, t.Launch))
	}
	for _, l := range slices.Clone(b.Launches) {
		errs = append(errs, s.addDream(ctx, b, l.Dream), s.addConsent(ctx, b, `c.id`, l.Consent))
	}
	return errors.Join(errs...)
}

func (s *Store) addDream(ctx context.Context, b *savings.Book, id string) error {
	if _, there := b.Dream(id); id == "" || there {
		return nil
	}
	more, err := all(ctx, s.read, func(row scanner) (savings.Dream, error) { return scanDream(row) }, `SELECT `+dreamColumns+` FROM savings_dream d WHERE d.usr = $1 AND d.id = $2`, b.User.ID, id)
	b.Dreams = append(b.Dreams, more...)
	return err
}

func (s *Store) addLaunch(ctx context.Context, b *savings.Book, id string) error {
	if _, there := b.Launch(id); id == "" || there {
		return nil
	}
	more, err := all(ctx, s.read, func(row scanner) (savings.Launch, error) { return scanDueLaunch(row) },
		`SELECT `+launchColumns+`, q.due FROM savings_launch l`+withDue+`WHERE l.usr = $1 AND l.id = $2`, b.User.ID, id)
	b.Launches = append(b.Launches, more...)
	return err
}

// addTransaction adds a transaction by our id or the bank's.
func (s *Store) addTransaction(ctx context.Context, b *savings.Book, id string) error {
	if _, there := b.Transaction(id); id == "" || there {
		return nil
	}
	for _, by := range []string{`t.id`, `t.external_id`} {
		more, err := all(ctx, s.read, func(row scanner) (savings.Transaction, error) { return scanSaved(row) },
			`SELECT `+savedColumns+` FROM savings_transaction t WHERE t.usr = $1 AND `+by+` = $2`, b.User.ID, id)
		if err != nil {
			return err
		}
		for _, t := range more {
			if _, there := b.Transaction(t.ID); !there {
				b.Transactions = append(b.Transactions, t)
			}
		}
	}
	return nil
}

func (s *Store) addConsent(ctx context.Context, b *savings.Book, by, id string) error {
	if _, there := b.Consent(id); id == "" || there {
		return nil
	}
	more, err := all(ctx, s.read, func(row scanner) (savings.Consent, error) { return scanConsent(row) },
		`SELECT `+consentColumns+` FROM savings_consent c WHERE c.usr = $1 AND `+by+` = $2`, b.User.ID, id)
	for _, c := range more {
		if _, there := b.Consent(c.ID); !there {
			b.Consents = append(b.Consents, c)
		}
	}
	return err
}

// followed adds what the launches have made that active Copycats follow: of the same partner, whoever's they are.
func (s *Store) followed(ctx context.Context, b *savings.Book, partner string) error {
	for _, l := range b.Launches {
		if l.Follows == "" || l.State != savings.Active {
			continue
		}
		ready, id := looked(l.Done)
		made, err := all(ctx, s.read, func(row scanner) (savings.Transaction, error) { return scanSaved(row) },
			`SELECT `+savedColumns+` FROM savings_transaction t WHERE t.launch = $1 AND t.partner = $2 AND (t.ready, t.id) > ($3, $4) ORDER BY t.ready, t.id LIMIT 100`,
			l.Follows, partner, ready, id)
		if err != nil {
			return err
		}
		if b.Followed == nil {
			b.Followed = map[string][]savings.Transaction{}
		}
		b.Followed[l.ID] = made
	}
	return nil
}
