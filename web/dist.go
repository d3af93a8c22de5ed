package web

import (
	"embed"
	"io/fs"
	"maps"
	"path"
	"strings"
)

// What was built from the browser code beside us: `npm run build` makes it anew, and CI sees that it is current.
//
//go:embed dist
var dist embed.FS

// Dist is what was built for one surface: "app", "hosted", "sandbox".
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
	app               AppFiles
}) {
	read := func(surface, name string) []byte {
		body, err := fs.ReadFile(Dist(surface), name)
		if err != nil {
			panic(err) // it is in the program
		}
		return body
	}
	put := func(surface, name string) string { return at.files.Put(path.Base(name), read(surface, name)) }
	at.icon, at.style, at.code = put("hosted", "icon.svg"), put("hosted", "hosted.css"), put("hosted", "hosted.js")
	scripts := at.files.PutTogether(map[string][]byte{"app.js": read("app", "app.js"), "more.js": read("app", "more.js")})
	at.app = AppFiles{Icon: at.icon, Style: put("app", "style.css"), Script: scripts["app.js"], Words: map[string]string{}}
	words, err := fs.ReadDir(Dist("app"), "words")
	if err != nil {
		panic(err)
	}
	for _, file := range words {
		at.app.Words[strings.TrimSuffix(file.Name(), ".json")] = put("app", "words/"+file.Name())
	}
	return at
}()

// AppFiles are the addresses of what the savings app is made of, below those of Assets.
type AppFiles struct {
	Icon, Style, Script string
	Words               map[string]string // by language: "en", "sv"
}

// App are the addresses of the savings app.
func App() AppFiles { return hosted.app }

// Assets are the files that every page is made of, to be served under /assets/ with what is put there besides.
func Assets() *Files { return &Files{maps.Clone(hosted.files.at)} }
