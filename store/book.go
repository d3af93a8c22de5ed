package store

import (
	"context"
	"errors"
	"slices"

	"parley"
	"parley/savings"
)

// Book loads everything about a user that a change may need, as it was at one moment. Every change raises the user's version, so a book is
// loaded again when the version was raised between the first of it and the last.
func (s *Store) Book(ctx context.Context, partner string, of savings.Of) (*savings.Book, error) {
	for {
		b, torn, err := s.load(ctx, partner, of)
		if err != nil || !torn {
			return b, err
		}
	}
}

// bookOf reads a user, and of what there is anything to be read besides: most people have not been given something of everything, and looking
// into an index is cheaper than asking.
const bookOf = `SELECT ` + userColumns + `,
		EXISTS (SELECT 1 FROM savings_account a WHERE a.usr = u.id), EXISTS (SELECT 1 FROM savings_dream d WHERE d.usr = u.id AND d.deleted = 0),
		EXISTS (SELECT 1 FROM savings_launch l WHERE l.usr = u.id AND l.state <> 'stopped'),
		EXISTS (SELECT 1 FROM savings_transaction t WHERE t.usr = u.id AND t.state = 'requested'),
		EXISTS (SELECT 1 FROM savings_consent c WHERE c.usr = u.id AND c.consented = 0 AND c.rejected = 0)
	FROM savings_user u WHERE u.partner = $1 AND u.id = `

// whose is what of names and its id, and the query for the user of it. Somebody else's is not there.
func whose(of savings.Of) (what, query, id string) {
	switch {
	case of.User != "":
		return "user", bookOf + `$2`, of.User
	case of.ExternalUser != "":
		return "user", bookOf + `(SELECT x.id FROM savings_user x WHERE x.partner = $1 AND x.external_id = $2)`, of.ExternalUser
	case of.Account != "":
		return "account", bookOf + `(SELECT x.usr FROM savings_account x WHERE x.partner = $1 AND x.id = $2)`, of.Account
	case of.Dream != "":
		return "dream", bookOf + `(SELECT x.usr FROM savings_dream x WHERE x.partner = $1 AND x.id = $2)`, of.Dream
	case of.Launch != "":
		return "launch", bookOf + `(SELECT x.usr FROM savings_launch x WHERE x.partner = $1 AND x.id = $2)`, of.Launch
	case of.Transaction != "":
		return "transaction", bookOf + `(SELECT x.usr FROM savings_transaction x WHERE x.partner = $1 AND x.id = $2)`, of.Transaction
	case of.Consent != "":
		return "consent", bookOf + `(SELECT x.usr FROM savings_consent x WHERE x.partner = $1 AND x.id = $2)`, of.Consent
	case of.Temporary != "":
		return "consent", bookOf + `(SELECT x.usr FROM savings_consent x WHERE x.partner = $1 AND x.temporary = $2 AND x.temporary <> '')`, of.Temporary
	case of.Message != "":
		return "message", bookOf + `(SELECT x.usr FROM savings_message x WHERE x.partner = $1 AND x.id = $2)`, of.Message
	}
	return "user", "", ""
}

// load loads a book; torn says that it changed meanwhile.
func (s *Store) load(ctx context.Context, partner string, of savings.Of) (b *savings.Book, torn bool, err error) {
	b = &savings.Book{}
	what, query, id := whose(of)
	if id == "" {
		return nil, false, &parley.Error{Kind: parley.KindNotFound, Field: what, Message: "nobody was named"}
	}
	var accounts, dreams, launches, transactions, consents bool
	b.User, err = one(ctx, s.read, what, func(row scanner) (savings.User, error) {
		return scanUser(row, &accounts, &dreams, &launches, &transactions, &consents)
	}, query, partner, id)
	if parley.KindOf(err) == parley.KindNotFound && of.Create {
		return b, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	user := b.User.ID
	if accounts {
		if b.Accounts, err = all(ctx, s.read, func(row scanner) (savings.Account, error) { return scanAccount(row) },
			`SELECT `+accountColumns+` FROM savings_account a WHERE a.usr = $1 ORDER BY a.created, a.id`, user); err != nil {
			return nil, false, err
		}
	}
	if dreams {
		if b.Dreams, err = all(ctx, s.read, func(row scanner) (savings.Dream, error) { return scanDream(row) },
			`SELECT `+dreamColumns+` FROM savings_dream d WHERE d.usr = $1 AND d.deleted = 0 ORDER BY d.created, d.id`, user); err != nil {
			return nil, false, err
		}
	}
	if launches {
		if b.Launches, err = all(ctx, s.read, func(row scanner) (savings.Launch, error) { return scanDueLaunch(row) },
			`SELECT `+launchColumns+`, q.due FROM savings_launch l`+withDue+`WHERE l.usr = $1 AND l.state <> 'stopped' ORDER BY l.created, l.id`, user); err != nil {
			return nil, false, err
		}
	}
	if transactions {
		if b.Transactions, err = all(ctx, s.read, func(row scanner) (savings.Transaction, error) { return scanSaved(row) },
			`SELECT `+savedColumns+` FROM savings_transaction t WHERE t.usr = $1 AND t.state = 'requested' ORDER BY t.requested, t.id`, user); err != nil {
			return nil, false, err
		}
	}
	if consents || slices.ContainsFunc(b.Launches, func(l savings.Launch) bool { return l.Consent != "" }) {
		if b.Consents, err = all(ctx, s.read, func(row scanner) (savings.Consent, error) { return scanConsent(row) },
			`SELECT `+consentColumns+` FROM savings_consent c WHERE c.usr = $1 AND (c.consented = 0 AND c.rejected = 0
				OR c.id IN (SELECT l.consent FROM savings_launch l WHERE l.usr = $1 AND l.state <> 'stopped')) ORDER BY c.created, c.id`, user); err != nil {
			return nil, false, err
		}
	}
	if err = errors.Join(s.named(ctx, b, of), s.belonging(ctx, b), s.followed(ctx, b), s.addGroups(ctx, b, partner, of)); err != nil {
		return nil, false, err
	}
	if !accounts && !dreams && !launches && !transactions && !consents && of.Message == "" && of.Occasion == "" {
		return b, false, nil // whatever else was named is over, and does not change any more
	}
	version := int64(0)
	err = s.read.row(ctx, `SELECT version FROM savings_user WHERE id = $1`, user).Scan(&version)
	return b, version != b.User.Version, err
}

// named adds what was named, also when it is over.
func (s *Store) named(ctx context.Context, b *savings.Book, of savings.Of) error {
	user := b.User.ID
	errs := []error{s.addDream(ctx, b, of.Dream), s.addLaunch(ctx, b, of.Launch), s.addTransaction(ctx, b, of.Transaction), s.addConsent(ctx, b, `c.id`, of.Consent),
		s.addConsent(ctx, b, `c.temporary <> '' AND c.temporary`, of.Temporary)}
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
		var err error
		b.Leader, _, err = s.leader(ctx, b.User.Partner, of.Follow)
		errs = append(errs, err)
	}
	if of.Occasion != "" {
		n := 0
		errs = append(errs, s.read.row(ctx, `SELECT COUNT(*) FROM savings_feed WHERE usr = $1 AND id = $2`, user, of.Occasion).Scan(&n))
		b.Heard = n > 0
	}
	return errors.Join(errs...)
}

// leader is a launch of a partner's that somebody follows, or wants to.
func (s *Store) leader(ctx context.Context, partner, launch string) (l savings.Leader, ok bool, err error) {
	found, err := all(ctx, s.read, func(row scanner) (l savings.Leader, err error) { return l, row.Scan(&l.Launch, &l.User, &l.Group) },
		`SELECT l.id, l.usr, d.group_dream FROM savings_launch l JOIN savings_dream d ON d.id = l.dream WHERE l.partner = $1 AND l.id = $2`, partner, launch)
	if len(found) == 0 {
		return l, false, err
	}
	return found[0], true, err
}

// belonging adds the dreams and launches of the transactions that are there, and the dreams and consents of the launches.
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

// addDream, and the others that add, add one thing of the user's, unless it is there.
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
	for _, by := range []string{`t.id`, `t.external_id <> '' AND t.external_id`} {
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

// followed adds the launches that active Copycats follow, and what they have made: of the same partner, whoever's they are.
func (s *Store) followed(ctx context.Context, b *savings.Book) error {
	for _, l := range b.Launches {
		if l.Follows == "" || l.State != savings.Active {
			continue
		}
		if _, own := b.Launch(l.Follows); !own {
			lead, ok, err := s.leader(ctx, b.User.Partner, l.Follows)
			if err != nil {
				return err
			}
			if ok && lead.User != b.User.ID {
				if b.Leaders == nil {
					b.Leaders = map[string]savings.Leader{}
				}
				b.Leaders[l.ID] = lead
			}
		}
		ready, id := looked(l.Done)
		made, err := all(ctx, s.read, func(row scanner) (savings.Transaction, error) { return scanSaved(row) },
			`SELECT `+savedColumns+` FROM savings_transaction t WHERE t.launch = $1 AND t.launch <> '' AND t.partner = $2 AND (t.ready, t.id) > ($3, $4) ORDER BY t.ready, t.id LIMIT 100`,
			l.Follows, b.User.Partner, ready, id)
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
