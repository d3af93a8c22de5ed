package api_test

import (
	"strings"
	"testing"

	"parley/engine"
	"parley/savings"
)

// picture is a picture of a user's, which the web app has let them send.
func (r *rig) picture(partner, user string) (id string) {
	r.t.Helper()
	id = "P" + strings.ReplaceAll(user, "-", "")[:20]
	p := savings.PutPicture{Picture: savings.Picture{ID: id, User: user, Partner: partner, Made: r.clock.now()}, JPEG: []byte("\xff\xd8\xff a picture of " + user)}
	if err := r.store.Apply(r.t.Context(), []engine.Write{p}); err != nil {
		r.t.Fatal(err)
	}
	return id
}

func TestTheBankSeesThePicturesOfItsPeople(t *testing.T) {
	r := newRig(t)
	b, o := r.bank(), r.as("other")
	anna, bo := b.anna("anna"), b.anna("bo")
	id, another := r.picture("bank", anna), r.picture("bank", bo)
	address, path := "https://parley.example/v1/pictures/"+id, "/app/pictures/"+id

	got := b.get("/pictures/" + id).is(200)
	if got.body != "\xff\xd8\xff a picture of "+anna || got.header.Get("Content-Type") != "image/jpeg" || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q %v", got.body, got.header)
	}
	o.get("/pictures/"+id).problem(404, "Picture not found")
	b.get("/pictures/none").problem(404, "Picture not found")
	b.without("Authorization").get("/pictures/" + id).is(401)
	b.with("Authorization", "Bearer bank savings:write").get("/pictures/" + id).is(403)

	// It is shown where the bank can ask for it, and may be sent back so.
	dream := b.dream(anna, "Kyoto")
	b.patch("/dreams/"+dream, `{"dream":{"imageUrl":"`+path+`"}}`).is(200).has("dream.imageUrl", address)
	b.patch("/dreams/"+dream, `{"dream":{"imageUrl":"`+address+`","name":"Osaka"}}`).is(200).has("dream.imageUrl", address)
	b.get("/dreams/"+dream+"?showImageUrl=true").is(200).has("dream.imageUrl", address)
	b.get("/dreams?showImageUrl=true").is(200).has("dreams.0.imageUrl", address)
	b.get("/dreams/"+dream).is(200).has("dream.imageUrl", nil)
	b.post("/dreams", `{"dream":{"userId":"`+anna+`","imageUrl":"`+address+`"}}`).is(201).has("dream.imageUrl", address)
	r.change("bank", savings.Of{Dream: dream}, func(book *savings.Book) error {
		if d, _ := book.Dream(dream); d.Image != path {
			t.Errorf("the dream's picture is %s", d.Image)
		}
		return nil
	})
	b.patch("/dreams/"+dream, `{"dream":{"imageUrl":"https://bank.example/x.jpg"}}`).is(200).has("dream.imageUrl", "https://bank.example/x.jpg")

	// Nobody's dream shows somebody else's picture.
	for _, image := range []string{"/app/pictures/" + another, "https://parley.example/v1/pictures/" + another, "/app/pictures/none", "/app/pictures/"} {
		b.patch("/dreams/"+dream, `{"dream":{"imageUrl":"`+image+`"}}`).wrong("dream.imageUrl", "doesn't exist")
		b.post("/dreams", `{"dream":{"userId":"`+anna+`","imageUrl":"`+image+`"}}`).wrong("dream.imageUrl", "doesn't exist")
	}
	// What a dream shows already it may go on showing.
	r.change("bank", savings.Of{Dream: dream}, func(book *savings.Book) error {
		_, err := book.UpdateDream(dream, savings.DreamPatch{Image: new("/app/pictures/" + another)})
		return err
	})
	b.patch("/dreams/"+dream, `{"dream":{"imageUrl":"/app/pictures/`+another+`","name":"Kobe"}}`).is(200).has("dream.name", "Kobe")

	// Events say the same address.
	events, err := r.store.EventsOf(t.Context(), anna, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, e := range events {
		if strings.Contains(string(e.Data), `"imageUrl":"`+address+`"`) {
			told++
		}
		if strings.Contains(string(e.Data), "/app/pictures/") {
			t.Errorf("the bank is told of an address that it cannot ask for: %s", e.Data)
		}
	}
	if told == 0 {
		t.Error("no event says where the picture is")
	}
}

func TestAMessageHasAnImage(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.anna("anna")
	for _, src := range []string{"https://bank.example/x.jpg", "http://localhost:8080/x.jpg", "http://127.0.0.1/x.jpg", "http://[::1]/x.jpg"} {
		made := b.post("/messages", `{"message":{"userId":"`+user+`","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"`+src+`"}}}`).is(201).has("message.image.src", src)
		b.get("/messages/"+made.text("message.id")).is(200).has("message.image.src", src).has("message.image.height", nil)
	}
	for _, none := range []string{"", `,"image":null`} {
		b.post("/messages", `{"message":{"userId":"`+user+`","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"}`+none+`}}`).is(201).has("message.image", nil)
	}
}
