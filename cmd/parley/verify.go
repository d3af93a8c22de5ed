package main

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/store"
)

const verifyAbout = `parley verify asks the database in a folder whether all that must always hold does. It only reads, and may be run while the
server runs. It exits with 1 when something does not hold, and names the runs.

  parley verify -data /var/lib/parley`

func runVerify(ctx context.Context, t terminal, args []string) error {
	fs := flags(t, "verify", verifyAbout)
	data := fs.String("data", "", "`folder` of the database")
	asJSON := fs.Bool("json", false, `print one line of JSON: {"ok": true, "findings": [...]}`)
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	if *data == "" {
		return wrongUse("-data is needed")
	}
	s, err := store.OpenReadOnly(ctx, *data)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := store.Verify(ctx, s.DB(), tables()...)
	if err != nil {
		return err
	}
	if *asJSON {
		out := json.NewEncoder(t.out)
		out.SetEscapeHTML(false)
		err = out.Encode(struct {
			OK       bool            `json:"ok"`
			Findings []store.Finding `json:"findings,omitempty"`
		}{len(found) == 0, found})
	} else {
		broken(t, found)
	}
	if err == nil && len(found) > 0 {
		err = errSaid
	}
	return err
}

// broken prints each invariant, and under it the runs that break it.
func broken(t terminal, found []store.Finding) {
	all := store.Invariants()
	for _, inv := range all {
		var here []store.Finding
		for _, f := range found {
			if f.Number == inv.Number && f.Title == inv.Title {
				here = append(here, f)
			}
		}
		verdict := "ok    "
		if len(here) > 0 {
			verdict = "BROKEN"
		}
		fmt.Fprintf(t.out, "%2d  %s  %s\n", inv.Number, verdict, inv.Title)
		for _, f := range here {
			fmt.Fprintf(t.out, "            run %s: %s\n", f.Run, f.Detail)
		}
	}
	if len(found) == 0 {
		fmt.Fprintf(t.out, "\nall %d hold\n", len(all))
	} else {
		fmt.Fprintf(t.out, "\n%d found\n", len(found))
	}
}
