package api

import (
	"net/http"
	"time"

	"parley/savings"
)

// Message is a nudge on the wire.
type Message struct {
	ID              ID                `json:"id"`
	Type            string            `json:"type" enum:"Message"`
	User            Ref               `json:"user"`
	Category        string            `json:"category,omitempty"`
	External        bool              `json:"external" doc:"The bank sends it. The web app shows the others."`
	TranslatedTitle map[string]string `json:"translatedTitle,omitempty" doc:"By locale."`
	TranslatedBody  map[string]string `json:"translatedBody" doc:"By locale."`
	Image           *MessageImage     `json:"image,omitempty"`
	CTA             string            `json:"cta,omitempty" doc:"A path in the web app." eg:"/dreams/0197b8a0-7c3e-7d1a-8f00-0000000000d1/marketplace"`
	CreatedAt       Time              `json:"createdAt"`
	ReadAt          Time              `json:"readAt,omitzero" doc:"When the person saw it."`
	ProcessedAt     Time              `json:"processedAt,omitzero" doc:"When the bank had dealt with it."`
}

// MessageImage is the picture of a message on the wire.
type MessageImage struct {
	Src           string            `json:"src" doc:"https."`
	TranslatedAlt map[string]string `json:"translatedAlt,omitempty" doc:"What is to be seen, by locale."`
	Height        int               `json:"height,omitempty" doc:"In pixels."`
	Width         int               `json:"width,omitempty" doc:"In pixels."`
}

// MessageJSON is a message as the wire shows it.
func MessageJSON(v savings.MessageView) Message {
	body := v.Body
	if body == nil {
		body = map[string]string{}
	}
	var image *MessageImage
	if i := v.Image; i.Src != "" {
		image = &MessageImage{i.Src, i.TranslatedAlt, i.Height, i.Width}
	}
	return Message{ID: ID(v.ID), Type: "Message", User: ref(v.Owner), Category: v.Category, External: v.External, TranslatedTitle: v.Title, TranslatedBody: body,
		Image: image, CTA: v.CTA, CreatedAt: Time{v.Created}, ReadAt: Time{v.ReadAt}, ProcessedAt: Time{v.ProcessedAt}}
}

type createMessageImage struct {
	Src           opt[string]            `json:"src" need:"yes" doc:"https; in trials also http on a loopback address."`
	TranslatedAlt opt[map[string]string] `json:"translatedAlt" doc:"What is to be seen, by locale."`
	Height        opt[int]               `json:"height" min:"0" doc:"In pixels."`
	Width         opt[int]               `json:"width" min:"0" doc:"In pixels."`
}

type createMessage struct {
	owner
	TranslatedTitle opt[map[string]string]  `json:"translatedTitle" need:"yes" doc:"By locale."`
	TranslatedBody  opt[map[string]string]  `json:"translatedBody" need:"yes" doc:"By locale."`
	Image           opt[createMessageImage] `json:"image"`
	CTA             opt[string]             `json:"cta" doc:"A path in the web app."`
	Category        opt[string]             `json:"category" enum:"ONBOARDING_ONE|ONBOARDING_TWO|UPSELL_AUTOSAVE_ONE|UPSELL_AUTOSAVE_TWO|UPSELL_AUTOSAVE_THREE|REACTIVATION_ONE|REACTIVATION_TWO|REACTIVATION_THREE|WELLBEING_QUESTION_ONE"`
	External        opt[bool]               `json:"external" doc:"The bank sends it itself; the web app shows the others. False when left out."`
}

type patchMessage struct {
	ProcessedAt opt[time.Time] `json:"processedAt" need:"yes" doc:"When the bank had dealt with it. The first time counts."`
}

func (a *API) listMessages(c *call) (reply, error) {
	asked, q := c.asks(20)
	q.ExternalID, q.Category, q.External, q.Processed = "", asked.oneOf("category", savings.MessageCategories...), asked.flag("external"), asked.flag("processed")
	if not := asked.flag("unprocessed"); not != nil && q.Processed == nil {
		q.Processed = new(!*not)
	}
	q.CreatedAfter = asked.time("createdAfter")
	return list(c, asked, q, a.Store.Messages, MessageJSON)
}

func (a *API) getMessage(c *call) (reply, error) {
	v, err := find(c, savings.Query{ID: c.PathValue("id")}, a.Store.Messages)
	if err != nil {
		return reply{}, err
	}
	return c.one(MessageJSON(v))
}

func (a *API) createMessage(c *call) (reply, error) {
	var in createMessage
	var f faults
	if err := c.readInto(&in, &f); err != nil {
		return reply{}, err
	}
	of := in.of(&f, "")
	if err := f.err(); err != nil {
		return reply{}, err
	}
	m := savings.Message{Category: in.Category.v, External: in.External.v, Title: in.TranslatedTitle.v, Body: in.TranslatedBody.v, CTA: in.CTA.v}
	if i := in.Image.v; in.Image.given {
		m.Image = savings.MessageImage{Src: i.Src.v, TranslatedAlt: i.TranslatedAlt.v, Height: i.Height.v, Width: i.Width.v}
	}
	return c.make(of, "userId", func(b *savings.Book) (int, any, error) {
		made, err := b.Nudge(m)
		return http.StatusCreated, MessageJSON(savings.MessageView{Message: made, Owner: b.Owner()}), err
	})
}

func (a *API) patchMessage(c *call) (reply, error) {
	var in patchMessage
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	id := c.PathValue("id")
	return c.change(savings.Of{Message: id}, func(b *savings.Book) (int, any, error) {
		m, err := b.ProcessMessage(id, in.ProcessedAt.v)
		return http.StatusOK, MessageJSON(savings.MessageView{Message: m, Owner: b.Owner()}), err
	})
}
