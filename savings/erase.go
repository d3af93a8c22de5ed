package savings

import "slices"

// DestroyUser erases the person: launches stop, dreams are given up, personal data goes, the money's history stays. Money that is still there
// stays too: how it is paid out is between the bank and its customer. A repetition changes nothing.
func (b *Book) DestroyUser() error {
	if b.User.ID == "" {
		return NotFound("User")
	}
	if !b.User.Destroyed.IsZero() {
		return nil
	}
	for i := range b.Dreams {
		if d := &b.Dreams[i]; d.DeletedAt.IsZero() {
			b.giveUp(d, false)
		}
	}
	for i := range b.Launches { // those on dreams that are gone
		if l := &b.Launches[i]; l.State != Stopped {
			b.stop(l)
		}
	}
	for i := range b.Dreams {
		d := &b.Dreams[i]
		d.Name, d.Image, d.Group, d.Inspiration = "", "", "", ""
		b.touch(d.ID)
	}
	for i := range b.Consents {
		if c := &b.Consents[i]; !c.decided() {
			c.TemporaryHash = ""
			b.touch(c.ID)
		}
	}
	for i := range b.Messages {
		m := &b.Messages[i]
		m.Title, m.Body, m.CTA, m.Image = nil, nil, "", MessageImage{}
		b.touch(m.ID)
	}
	u := b.User
	b.User = User{ID: u.ID, Partner: u.Partner, ExternalID: "erased-" + u.ID, RequestID: u.RequestID, RequestedAt: u.RequestedAt,
		InitiatedAt: u.InitiatedAt, Journey: u.Journey, Created: u.Created, Destroyed: b.Now, Version: u.Version}
	b.touch(u.ID)
	b.Also(EraseUser{User: u.ID})
	b.emit(UserDestroyed, u.ID)
	return nil
}

// HasMoney reports whether anything is saved, lies on an account, or is on its way. A person does not erase themselves while it is so: the bank would
// be left with money of somebody whom we no longer know.
func (b *Book) HasMoney() bool {
	return slices.ContainsFunc(b.Dreams, func(d Dream) bool { return d.Balance != 0 || d.Pending != 0 || d.Leaving != 0 }) ||
		slices.ContainsFunc(b.Accounts, func(a Account) bool { return a.Balance != 0 }) ||
		slices.ContainsFunc(b.Transactions, func(t Transaction) bool { return t.State == Requested })
}

// DeepPatch changes a user with accounts and transactions, all or nothing: after an error the book is not to be written. Money of somebody
// who has been erased can still be settled.
func (b *Book) DeepPatch(p DeepPatch) error {
	if b.User.ID == "" {
		return NotFound("User")
	}
	var f Faults
	if p.User != (UserPatch{}) {
		if err := f.within("", b.UpdateUser(p.User)); err != nil {
			return err
		}
	}
	for i, a := range p.Accounts {
		_, err := b.PatchAccount(a)
		if err := f.within(nth("accounts", i), err); err != nil {
			return err
		}
	}
	for i, t := range p.Transactions {
		_, err := b.PatchTransaction(t)
		if err := f.within(nth("transactions", i), err); err != nil {
			return err
		}
	}
	return f.or()
}
