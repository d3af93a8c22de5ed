package api_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"parley/api"
	"parley/content"
)

func TestTheBankSeesWhatADreamWasMadeFrom(t *testing.T) {
	own, err := content.NewLibrary(fstest.MapFS{
		"inspirations.json": {Data: []byte(`[{"id":"cabin","targetCents":123400,"months":10,"picture":"boat.svg","name":{"en":"A cabin","sv":"En stuga"},"sentence":{"en":"By the water."}}]`)},
	}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *api.Config) { c.Content = map[string]*content.Library{"bank": own} })
	for bank, want := range map[string]struct {
		id, sv, picture string
		cents           int
	}{
		"bank":  {"cabin", "En stuga", own.Current().PictureNamed("boat.svg"), 123400},
		"other": {"journey", "En resa", own.Current().PictureNamed("journey.svg"), 2000000},
	} {
		b := r.as(bank)
		user := b.anna("anna")
		made := b.post("/dreams", `{"dream":{"userId":"`+user+`","dreamInspirationId":"`+want.id+`"}}`).is(201).
			has("dream.dreamInspiration.type", "DreamInspiration").has("dream.dreamInspiration.id", want.id).has("dream.dreamInspiration.translatedName.sv", want.sv).
			has("dream.dreamInspiration.targetCents", want.cents).has("dream.dreamInspiration.imageUrl", "https://parley.example"+want.picture)
		dream := made.text("dream.id")
		b.get("/dreams/"+dream+"?showImageUrl=true").is(200).has("dream.imageUrl", "https://parley.example"+want.picture)
		b.get("/dreams/"+dream).is(200).has("dream.imageUrl", nil).has("dream.dreamInspiration.id", want.id)
		b.get("/dreams?showImageUrl=true").is(200).has("dreams.0.imageUrl", "https://parley.example"+want.picture)
		b.patch("/dreams/"+dream, `{"dream":{"imageUrl":"https://bank.example/own.jpg"}}`).is(200).has("dream.imageUrl", "https://bank.example/own.jpg")

		n, _ := own.Current().Inspiration(want.id)
		if bank == "other" {
			n, _ = (*content.Library)(nil).Current().Inspiration(want.id)
		}
		b.post("/dreams", `{"dream":{"userId":"`+user+`","dreamInspirationId":"`+n.Ref()+`"}}`).is(201).has("dream.dreamInspiration.id", n.Ref()).has("dream.dreamInspiration.targetCents", want.cents)

		// One that we do not have is the bank's own, and stays a reference.
		theirs := b.post("/dreams", `{"dream":{"userId":"`+user+`","dreamInspirationId":"theirs-7"}}`).is(201).has("dream.dreamInspiration.id", "theirs-7").
			has("dream.dreamInspiration.translatedName", nil).has("dream.dreamInspiration.imageUrl", nil)
		if image := theirs.at("dream.imageUrl"); image != nil && !strings.HasPrefix(image.(string), "https://bank.example") {
			t.Errorf("it shows %v", image)
		}
	}
}
