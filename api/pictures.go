package api

import (
	"net/http"
	"strings"

	"parley"
	"parley/savings"
)

// picturesPath stands before the id of a picture of ours in an address that the bank can ask for.
const picturesPath = "/v1/pictures/"

// imageFor is the address of a dream's picture for the bank: one that a person sent us is shown at base. Without a base it is as the web app has it.
func imageFor(base, image string) string {
	if id, ours := savings.PictureID(image); ours && base != "" {
		return base + picturesPath + id
	}
	return image
}

// imageFrom is a dream's picture as we keep it, of an address that the bank sends: it may send back what it was shown.
func (a *API) imageFrom(address string) string {
	if id, ours := strings.CutPrefix(address, a.Base+picturesPath); ours {
		return savings.Picture{ID: id}.Path()
	}
	return address
}

// checkImage refuses a picture of ours that is not the user's. What a dream shows already it may go on showing.
func (c *call) checkImage(b *savings.Book, image, was string) error {
	id, ours := savings.PictureID(image)
	if !ours || image == was {
		return nil
	}
	p, err := c.api.Store.Picture(c.Context(), c.partner.ID, id)
	if parley.KindOf(err) == parley.KindNotFound || err == nil && p.User != b.User.ID {
		return savings.NotYours()
	}
	return err
}

// getPicture shows the bank a picture that one of its people has sent us.
func (a *API) getPicture(c *call) (reply, error) {
	jpeg, err := a.Store.PictureJPEG(c.Context(), c.partner.ID, c.PathValue("id"))
	return reply{status: http.StatusOK, body: jpeg, kind: "image/jpeg"}, err
}
