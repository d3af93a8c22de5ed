package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"parley/store"
)

func runVersion(_ context.Context, t terminal, args []string) error {
	if _, err := parse(flags(t, "version", "parley version says which program this is, and which version of the database it needs."), args, 0); err != nil {
		return err
	}
	version, revision := "(devel)", ""
	if b, ok := debug.ReadBuildInfo(); ok {
		if b.Main.Version != "" {
			version = b.Main.Version
		}
		for _, s := range b.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = ", revision " + s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				revision += ", modified"
			}
		}
	}
	fmt.Fprintf(t.out, "parley %s%s, %s %s/%s, database version %d\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH, store.SchemaVersion())
	return nil
}
