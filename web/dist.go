package web

import (
	"embed"
	"io/fs"
	"maps"
)

// What was built from the browser code beside us: `npm run build` makes it anew, and CI sees that it is current.
//
//go:embed dist
var dist embed.FS

// Dist is what was built for one surface: "hosted", "sandbox".
func Dist(name string) fs.FS {
	files, err := fs.Sub(dist, "dist/"+name)
	if err != nil {
		panic(err) // no such name
	}
	return files
}

// hosted are the addresses of what every page is made of; Assets serves them, and what else is put there.
var hosted = func() (at struct {
	files             Files
	icon, style, code string
}) {
	for name, address := range map[string]*string{"icon.svg": &at.icon, "hosted.css": &at.style, "hosted.js": &at.code} {
		body, err := fs.ReadFile(Dist("hosted"), name)
		if err != nil {
			panic(err) // it is in the program
		}
		*address = at.files.Put(name, body)
	}
	return at
}()

// Assets are the files that every page is made of, to be served under /assets/ with what is put there besides.
func Assets() *Files { return &Files{maps.Clone(hosted.files.at)} }
