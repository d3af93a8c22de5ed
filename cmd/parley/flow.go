package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parley/engine"
	"parley/flow"
)

const flowAbout = `parley flow shows the flows, drawn from the tables that the program runs.

  parley flow list
  parley flow show sign-up-and-deposit            the page, in Markdown
  parley flow show sign-up-and-deposit -mermaid   the diagram alone
  parley flow show sign-up-and-deposit -json      what a live diagram is fed with, before anything has happened`

func runFlow(_ context.Context, t terminal, args []string) error {
	fs := flags(t, "flow", flowAbout)
	mermaid := fs.Bool("mermaid", false, "print only the diagram, in Mermaid")
	asJSON := fs.Bool("json", false, "print the diagram as JSON")
	words, err := parse(fs, args, 2)
	if err != nil {
		return err
	}
	switch {
	case len(words) == 1 && words[0] == "list":
		for _, f := range tables() {
			fmt.Fprintf(t.out, "%-20s  version %d  %s\n", f.Name, f.Version, f.Title)
		}
		return nil
	case len(words) == 0 || words[0] != "list" && words[0] != "show":
		return wrongUse("needs list or show")
	case len(words) == 1 || words[0] == "list":
		return wrongUse("show needs the name of one flow, and list none")
	}
	var names []string
	for _, f := range tables() {
		if f.Name != words[1] {
			names = append(names, f.Name)
			continue
		}
		switch {
		case *asJSON:
			return json.NewEncoder(t.out).Encode(engine.NewDrawing(f, engine.Run{}, engine.Job{}, nil, nil, nil, "", time.Now()))
		case *mermaid:
			fmt.Fprintln(t.out, strings.TrimRight(f.Mermaid(), "\n"))
		default:
			fmt.Fprint(t.out, f.Page())
		}
		return nil
	}
	return fmt.Errorf("there is no flow %q; there are %s", words[1], strings.Join(names, ", "))
}

// tables are the flows, for looking at: they belong to no merchant.
func tables() []*engine.Table {
	return append((&flow.Desk{}).Tables(), (&flow.Savings{}).Tables()...)
}
