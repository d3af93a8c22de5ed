package savings

import (
	"strings"
	"time"
)

// Picture is a picture of a person's own for their dreams, as it was encoded anew when they sent it. The picture itself is kept beside it.
type Picture struct {
	ID      string // 128 random bits
	User    string
	Partner string
	Made    time.Time
}

// PutPicture keeps a picture. A user who was erased meanwhile is a conflict over "savings_picture". Who keeps one sweeps out those that no dream
// has shown for a day.
type PutPicture struct {
	Picture Picture
	JPEG    []byte
}

// Table says where a PutPicture is written.
func (PutPicture) Table() string { return "savings_picture" }

// What a person may keep of pictures.
const (
	LoosePictures  = 100            // at most so many that no dream shows
	PictureLooseTo = 24 * time.Hour // for so long at least a picture is kept that no dream shows
)

// picturePath stands before the id of a picture in a dream's Image. The web app shows it under this path of its own.
const picturePath = "/app/pictures/"

// Path is what a dream's Image is when the dream shows this picture.
func (p Picture) Path() string { return picturePath + p.ID }

// PictureID is the id of the picture that a dream's Image names, if it is one that we keep.
func PictureID(image string) (id string, ok bool) { return strings.CutPrefix(image, picturePath) }

// NotYours is the mistake of a dream that is to show a picture which is not its person's, or not there: nobody is told which.
func NotYours() error {
	var f Faults
	f.add("imageUrl", absent)
	return f
}

// RoomForPicture is an error when the user has as many pictures as they may that no dream shows.
func RoomForPicture(loose int) error {
	if loose >= LoosePictures {
		return conflict("there are too many pictures that no dream shows: use one of them, or wait for a day")
	}
	return nil
}
