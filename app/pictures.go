package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/savings"
	"parley/web"
)

// How many pictures are worked on at the same time. Whoever is one too many is told to come again.
const (
	decodingAtOnce  = 2 // in this process: memory is the bound, see encode.go
	decodingWait    = 4 * time.Second
	sendingAtOnce   = 32
	sendingByOne    = 2
	sendingTime     = 3 * time.Minute // for ten megabytes over a slow line
	exportingAtOnce = 8
	exportingByOne  = 1
)

var errBusy = errors.New("too much of this is going on")

// crowd counts who is at something that costs us much. The zero value is ready.
type crowd struct {
	mu  sync.Mutex
	all int
	of  map[string]int
}

// enter lets somebody in, unless so many are in, or so many of theirs. Who is let in calls leave.
func (c *crowd) enter(who string, each, all int) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= all || c.of[who] >= each {
		return nil, false
	}
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.all++
	c.of[who]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.of[who]--; c.of[who] == 0 {
			delete(c.of, who)
		}
	}, true
}

// sendPicture answers POST /app/api/pictures: the body is a picture, which is kept as we encode it anew. Until a dream shows it, it is kept for a
// day.
func (a *App) sendPicture(w http.ResponseWriter, r *http.Request, v *visit) error {
	leave, ok := a.sending.enter(v.s.User, sendingByOne, sendingAtOnce)
	if !ok {
		return errBusy
	}
	defer leave()
	wire := http.NewResponseController(w)
	for _, err := range []error{wire.SetReadDeadline(time.Now().Add(sendingTime)), wire.SetWriteDeadline(time.Now().Add(sendingTime + time.Minute))} {
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
	raw, err := io.ReadAll(r.Body)
	if _, much := errors.AsType[*http.MaxBytesError](err); much {
		return wrongPicture("is larger than " + strconv.Itoa(pictureBytes>>20) + " MB")
	} else if err != nil {
		return wrongPicture("could not be read")
	}
	jpeg, err := a.encode(r.Context(), raw)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	_, id, err := a.once(r, v, making{asked: hex.EncodeToString(sum[:]),
		make: func(b *savings.Book) (string, error) {
			loose, err := a.Store.LoosePictures(r.Context(), b.User.ID, b.Now.Add(-savings.PictureLooseTo))
			if err != nil {
				return "", err
			}
			if err := savings.RoomForPicture(loose); err != nil {
				return "", err
			}
			var bits [16]byte
			rand.Read(bits[:])
			p := savings.Picture{ID: base64.RawURLEncoding.EncodeToString(bits[:]), User: b.User.ID, Partner: v.p.ID, Made: b.Now}
			b.Also(savings.PutPicture{Picture: p, JPEG: jpeg})
			return p.ID, nil
		},
		named: func(string) savings.Of { return savings.Of{} },
	})
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusCreated, map[string]any{"picture": map[string]string{"url": savings.Picture{ID: id}.Path()}})
	return nil
}

// encode is encodeAnew, when it is somebody's turn.
func (a *App) encode(ctx context.Context, raw []byte) ([]byte, error) {
	select {
	case a.decoding <- struct{}{}:
	default:
		select {
		case a.decoding <- struct{}{}:
		case <-a.After(decodingWait):
			return nil, errBusy
		case <-ctx.Done():
			return nil, parley.Errorf(parley.KindUnavailable, "who sent a picture has gone: %w", ctx.Err())
		}
	}
	defer func() { <-a.decoding }()
	return encodeAnew(raw)
}

// showPicture answers GET /app/pictures/{id}: to who sent it, and to those who are in a group with a dream that shows it. A picture never changes,
// so a browser may keep it; opened by itself it is shut in.
func (a *App) showPicture(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	v, _, err := a.signedIn(r)
	if err == nil {
		err = a.active(r.Context(), v.p, &v.s)
	}
	var jpeg []byte
	if err == nil {
		jpeg, err = a.Store.PictureFor(r.Context(), v.p.ID, v.s.User, r.PathValue("id"))
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(jpeg)))
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(jpeg)
}

// checkPicture checks what a dream is to show: https, or a picture that the person has sent us. What it shows already it may go on showing, whoever
// else's it is.
func (a *App) checkPicture(ctx context.Context, v *visit, address *string, was string) error {
	if address == nil || *address == "" || *address == was {
		return nil
	}
	if id, ours := savings.PictureID(*address); ours {
		p, err := a.Store.Picture(ctx, v.p.ID, id)
		if parley.KindOf(err) == parley.KindNotFound || err == nil && p.User != v.s.User {
			return savings.NotYours()
		}
		return err
	}
	if len(*address) > 2000 || !strings.HasPrefix(*address, "https://") {
		return parley.Invalid("imageUrl", "must be https, or a picture of your own")
	}
	return nil
}
