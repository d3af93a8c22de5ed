package api

import (
	"net/http"
	"strconv"

	"parley"
	"parley/savings"
)

// User is a user on the wire.
type User struct {
	Type                    string         `json:"type" enum:"User"`
	ID                      ID             `json:"id"`
	ExternalID              string         `json:"externalId,omitempty" doc:"The bank's own id of the user, which is the subject of its ID tokens. Always there but in an event about somebody who was erased before it was told."`
	GivenName               parley.Private `json:"givenName,omitempty"`
	FamilyName              parley.Private `json:"familyName,omitempty"`
	Locale                  string         `json:"locale,omitempty" doc:"BCP 47." eg:"sv-SE"`
	Timezone                string         `json:"timezone,omitempty" doc:"IANA." eg:"Europe/Stockholm"`
	ProvisioningInitiatedAt Time           `json:"provisioningInitiatedAt,omitzero" doc:"When the bank app said that an account is being opened."`
	UnreadMessagesCount     int            `json:"unreadMessagesCount"`
	CreatedAt               Time           `json:"createdAt,omitzero"`
}

// UserJSON is a user as the wire shows them.
func UserJSON(u savings.User) User {
	return User{Type: "User", ID: ID(u.ID), ExternalID: u.ExternalID, GivenName: u.GivenName, FamilyName: u.FamilyName, Locale: u.Locale, Timezone: u.Zone,
		ProvisioningInitiatedAt: Time{u.InitiatedAt}, UnreadMessagesCount: u.Unread, CreatedAt: Time{u.Created}}
}

type createUser struct {
	ExternalID opt[string]         `json:"externalId" need:"yes" len:"255" doc:"The bank's own id of the user, which is the subject of its ID tokens. A user who is there already is answered as they are, with 200."`
	GivenName  opt[parley.Private] `json:"givenName" len:"255"`
	FamilyName opt[parley.Private] `json:"familyName" len:"255"`
	Locale     opt[string]         `json:"locale" doc:"BCP 47." eg:"sv-SE"`
	Timezone   opt[string]         `json:"timezone" doc:"IANA." eg:"Europe/Stockholm"`
}

type patchUser struct {
	ID           opt[ID]                 `json:"id" doc:"Immutable."`
	ExternalID   opt[string]             `json:"externalId" doc:"Immutable."`
	GivenName    opt[parley.Private]     `json:"givenName" null:"yes" len:"255"`
	FamilyName   opt[parley.Private]     `json:"familyName" null:"yes" len:"255"`
	Locale       opt[string]             `json:"locale" null:"yes"`
	Timezone     opt[string]             `json:"timezone" null:"yes"`
	Accounts     opt[[]patchAccount]     `json:"accounts" max:"100" doc:"Accounts of the user, each by its id."`
	Transactions opt[[]patchTransaction] `json:"transactions" max:"100" doc:"Transactions of the user, each by its id."`
}

func (a *API) listUsers(c *call) (reply, error) {
	asked, q := c.asks(20)
	return list(c, asked, q, a.Store.Users, UserJSON)
}

func (a *API) getUser(c *call) (reply, error) {
	u, err := find(c, savings.Query{ID: c.PathValue("id")}, a.Store.Users)
	if err != nil {
		return reply{}, err
	}
	return c.one(UserJSON(u))
}

func (a *API) createUser(c *call) (reply, error) {
	var in createUser
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	n := savings.NewUser{ExternalID: in.ExternalID.v, GivenName: in.GivenName.v, FamilyName: in.FamilyName.v, Locale: in.Locale.v, Zone: in.Timezone.v}
	return c.change(savings.Of{ExternalUser: n.ExternalID, Create: true}, func(b *savings.Book) (int, any, error) {
		created, err := b.CreateUser(n, savings.ArrowUserPosted)
		return ifCreated(created), UserJSON(b.User), err
	})
}

// ifCreated is 201, or 200 for what was there already.
func ifCreated(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

// patchUser changes a user with accounts and transactions, all or nothing. The reference answers 204; the journey, under its own address, 200.
func (a *API) patchUser(c *call) (reply, error) {
	var in patchUser
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	id := c.PathValue("id")
	p := savings.DeepPatch{User: savings.UserPatch{GivenName: in.GivenName.pointer(), FamilyName: in.FamilyName.pointer(), Locale: in.Locale.pointer(), Zone: in.Timezone.pointer()}}
	of := savings.Of{User: id}
	for _, t := range in.Transactions.v {
		of.More = append(of.More, string(t.ID.v))
	}
	return c.change(of, func(b *savings.Book) (int, any, error) {
		var f faults
		fixed(&f, "id", in.ID, ID(id))
		fixed(&f, "externalId", in.ExternalID, b.User.ExternalID)
		p.Accounts, p.Transactions = nil, nil
		for i, each := range in.Accounts.v {
			at := "accounts[" + strconv.Itoa(i) + "]."
			if each.ID.v == "" {
				f.add(at+"id", "can't be blank")
			} else if there, ok := b.Account(string(each.ID.v)); ok {
				each.check(&f, at, *there)
			}
			p.Accounts = append(p.Accounts, each.patch(string(each.ID.v)))
		}
		for i, each := range in.Transactions.v {
			at := "transactions[" + strconv.Itoa(i) + "]."
			if each.ID.v == "" {
				f.add(at+"id", "can't be blank")
			} else if there, ok := b.Transaction(string(each.ID.v)); ok {
				each.check(&f, at, *there)
			}
			p.Transactions = append(p.Transactions, each.patch(string(each.ID.v)))
		}
		if err := f.err(); err != nil {
			return 0, nil, err
		}
		if err := b.DeepPatch(p); err != nil {
			return 0, nil, err
		}
		if c.route.Alias {
			return http.StatusOK, UserJSON(b.User), nil
		}
		return http.StatusNoContent, nil, nil
	})
}

func (a *API) deleteUser(c *call) (reply, error) {
	return c.change(savings.Of{User: c.PathValue("id")}, func(b *savings.Book) (int, any, error) {
		return http.StatusNoContent, nil, b.DestroyUser()
	})
}
