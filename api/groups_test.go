package api_test

import (
	"testing"

	"parley/savings"
)

// group is a group dream that somebody has made of a dream.
func (r *rig) group(partner, dream string) (id string) {
	r.t.Helper()
	r.change(partner, savings.Of{Dream: dream}, func(b *savings.Book) error { return b.MakeGroup(dream) })
	r.change(partner, savings.Of{Dream: dream}, func(b *savings.Book) error { id = b.Groups[0].ID; return nil })
	return id
}

func TestABankPutsDreamsIntoGroups(t *testing.T) {
	r := newRig(t)
	bank := r.bank()
	anna, bo := bank.anna("anna"), bank.anna("bo")
	hers := bank.dream(anna, "A boat")
	group := r.group("bank", hers)
	bank.get("/dreams/"+hers).is(200).has("dream.groupDream.id", group).has("dream.groupDream.type", "GroupDream")

	his := bank.dream(bo, "A raft")
	bank.patch("/dreams/"+his, `{"dream":{"groupDreamId":"`+group+`"}}`).is(200).has("dream.groupDream.id", group)
	bank.patch("/dreams/"+his, `{"dream":{"groupDreamId":"`+group+`"}}`).is(200) // as it is
	members := func(want int) {
		t.Helper()
		g, err := r.store.GroupOf(t.Context(), "bank", group)
		if err != nil || len(g.In) != want {
			t.Errorf("%v: %d people are in it, not %d", err, len(g.In), want)
		}
	}
	members(2)
	bank.patch("/dreams/"+bank.dream(bo, "Another"), `{"dream":{"groupDream":{"id":"`+group+`"}}}`).wrong("dream.groupDreamId", "has already been taken")
	bank.post("/dreams", `{"dream":{"userId":"`+bo+`","groupDreamId":"`+group+`"}}`).wrong("dream.groupDreamId", "has already been taken")
	bank.patch("/dreams/"+his, `{"dream":{"groupDreamId":null}}`).is(200).has("dream.groupDream", nil)
	members(1)
	bank.post("/dreams", `{"dream":{"userId":"`+bo+`","groupDreamId":"`+group+`"}}`).is(201).has("dream.groupDream.id", group)
	members(2)

	// A bank may group dreams by itself, and another's groups are not there.
	bank.patch("/dreams/"+his, `{"dream":{"groupDreamId":"0190a8f0-0000-7000-8000-00000000000f"}}`).is(200).has("dream.groupDream.id", "0190a8f0-0000-7000-8000-00000000000f")
	other := r.as("other")
	theirs := other.dream(other.anna("anna"), "A boat")
	other.patch("/dreams/"+theirs, `{"dream":{"groupDreamId":"`+group+`"}}`).wrong("dream.groupDreamId", "doesn't exist")
	other.post("/dreams", `{"dream":{"externalUserId":"anna","groupDream":{"id":"`+group+`"}}}`).wrong("dream.groupDreamId", "doesn't exist")
	members(2)

	// When everybody has gone it is over.
	bank.delete("/dreams/" + hers).is(204)
	members(1)
	bank.delete("/users/" + bo).is(204)
	bank.patch("/dreams/"+bank.dream(anna, "Again"), `{"dream":{"groupDreamId":"`+group+`"}}`).wrong("dream.groupDreamId", "doesn't exist")
}
