package savings

import (
	"time"

	"parley"
)

var errLater = parley.Errorf("", "being written")

// These are the operations of a Book, in the words of their files.

// CreateUser makes the user of a fresh book. A user who is there already is left as they are, and created is false. An empty ExternalID
// is a fault. by is the arrow: ArrowUserPosted begins the journey account-first, ArrowSignedIn the journey account-provisioning.
func (b *Book) CreateUser(n NewUser, by string) (created bool, err error) { return false, errLater }

// SignedIn notes that the person came in through the web app, with what the bank's ID token says of them.
func (b *Book) SignedIn(given, family parley.Private, locale, zone string) error { return errLater }

// UpdateUser changes what the patch names.
func (b *Book) UpdateUser(p UserPatch) error { return errLater }

// SetLimits sets what the person allows their savehacks.
func (b *Book) SetLimits(l Limits) error { return errLater }

// DestroyUser erases the person: launches stop, dreams are deleted, personal data goes, the money's history stays.
func (b *Book) DestroyUser() error { return errLater }

// DeepPatch changes a user with accounts and transactions, all or nothing.
func (b *Book) DeepPatch(p DeepPatch) error { return errLater }

// AskProvisioning says under which request id the session should have the bank app provision an account; ask is false when it should not
// (nothing waits, it has been initiated, another session has just been told to ask). The id is the same until it has been answered.
func (b *Book) AskProvisioning(session string) (request string, ask bool, err error) {
	return "", false, errLater
}

// ProvisioningInitiated notes that the bank app has begun to open an account; launches that wait for it start. A repetition changes nothing.
func (b *Book) ProvisioningInitiated(request string) error { return errLater }

// OpenAccount notes an account that the bank has opened, and links what is to be linked to it. With an external id that the user has already,
// the account there is answered and created is false.
func (b *Book) OpenAccount(n NewAccount) (a Account, created bool, err error) {
	return Account{}, false, errLater
}

// PatchAccount changes an account.
func (b *Book) PatchAccount(p AccountPatch) (Account, error) { return Account{}, errLater }

// CreateDream makes a dream, linked at once when the user has an account to link it to.
func (b *Book) CreateDream(n NewDream) (Dream, error) { return Dream{}, errLater }

// UpdateDream changes a dream; with an Account it links it.
func (b *Book) UpdateDream(id string, p DreamPatch) (Dream, error) { return Dream{}, errLater }

// DeleteDream gives a dream up: its launches stop, deposits that can be cancelled are, and with withdraw what is saved is paid out; without,
// it stays on the account outside any dream.
func (b *Book) DeleteDream(id string, withdraw bool) error { return errLater }

// AskAccount is AskProvisioning for the account of one dream.
func (b *Book) AskAccount(dream, session string) (request string, ask bool, err error) {
	return "", false, errLater
}

// AccountRequestDone notes the bank app's answer for a dream's account: refused is empty, "cancelled" or "failed".
func (b *Book) AccountRequestDone(request, refused string) error { return errLater }

// LaunchSavehack launches a savehack on a dream. Without an account it waits, with consents it is a draft.
func (b *Book) LaunchSavehack(n NewLaunch) (Launch, error) { return Launch{}, errLater }

// PatchLaunch changes, pauses, resumes or stops a launch.
func (b *Book) PatchLaunch(id string, p LaunchPatch) (Launch, error) { return Launch{}, errLater }

// RunDue makes the deposits that are due by now, one for each due date, and says how many. A launch that was not looked at for long makes up
// for at most the due dates since it was last looked at, and at most 31 at once: Due then lies in the past and it is looked at again.
func (b *Book) RunDue() (deposits int, err error) { return 0, errLater }

// Feed notes something that happened on the current account, for the savehacks that live on it. heard is true when it was known.
func (b *Book) Feed(f FeedItem) (heard bool, err error) { return false, errLater }

// Reconcile notes a transaction that the bank settled by itself. One with a known external id is answered as it is, and created is false.
func (b *Book) Reconcile(n NewTransaction) (t Transaction, created bool, err error) {
	return Transaction{}, false, errLater
}

// PatchTransaction settles or fails a transaction. The same word again changes nothing; another is a fault.
func (b *Book) PatchTransaction(p TransactionPatch) (Transaction, error) {
	return Transaction{}, errLater
}

// Withdraw asks the bank to pay out what is saved for a dream.
func (b *Book) Withdraw(dream string, amount Cents) (Transaction, error) {
	return Transaction{}, errLater
}

// Move moves money between dreams. An empty dream is what lies on the account outside any dream. On one account it is settled at once.
func (b *Book) Move(from, to string, amount Cents) (Transaction, error) {
	return Transaction{}, errLater
}

// Residual is what lies on an account outside any dream.
func (b *Book) Residual(account string) Cents { return 0 }

// Cancel cancels a deposit that the bank has not been given. Afterwards it is a conflict.
func (b *Book) Cancel(transaction string) (Transaction, error) { return Transaction{}, errLater }

// ReadConsent hands out a consent for its temporary id, once.
func (b *Book) ReadConsent(id string) (Consent, error) { return Consent{}, errLater }

// DecideConsent notes that the person has consented, or not: exactly one time is given. The same word again changes nothing.
func (b *Book) DecideConsent(id string, consented, rejected time.Time) (Consent, error) {
	return Consent{}, errLater
}

// RenewConsent gives an undecided consent a new temporary id, for when the bank app must be asked again. It returns the id itself, which is
// kept nowhere.
func (b *Book) RenewConsent(id string) (temporary string, err error) { return "", errLater }

// ConsentReturned notes what the bank app answered under a request id; what counts is the bank's own word.
func (b *Book) ConsentReturned(request string, cancelled bool) error { return errLater }

// Nudge leaves a message for the user.
func (b *Book) Nudge(m Message) (Message, error) { return Message{}, errLater }

// ProcessMessage notes that the bank has dealt with a message.
func (b *Book) ProcessMessage(id string, at time.Time) (Message, error) { return Message{}, errLater }

// SeeMessage notes that the person has seen a message.
func (b *Book) SeeMessage(id string) (Message, error) { return Message{}, errLater }

// Viewed emits a PageView.
func (b *Book) Viewed(path string) {
	b.emitted = append(b.emitted, Emitted{ID: b.NewID(), Type: PageView, At: b.Now, Subject: b.User.ID, Path: path})
}

// Catalogue are the savehacks that a partner offers, in a fixed order.
func (p *Partner) Catalogue() []CatalogueItem { return nil }

// Forecast says when a dream is reached with the launches that are on it, and those that might be added.
type Forecast struct {
	Reached string // a date; empty when not within ten years
	Weekly  Cents  // on average, over the coming year
	Next    string // the date of the next deposit; empty when there is none
}

// Forecast says when a dream is reached with its active launches, and with more that are only being thought of.
func (b *Book) Forecast(dream string, more ...NewLaunch) (Forecast, error) {
	return Forecast{}, errLater
}
