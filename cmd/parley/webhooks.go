package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"parley/house"
	"parley/store"
	"parley/webhook"
)

const webhooksAbout = `parley webhooks shows how the banks' endpoints stand, has one told again what it has heard, or gives up what it does not take.

  parley webhooks list -config parley.yaml
  parley webhooks replay -config parley.yaml -partner bank -from 2026-11-25T06:00:00Z
  parley webhooks skip -config parley.yaml -partner bank -endpoint https://bank.example/events

list only reads, and may be run while the server runs. replay and skip need the database for themselves: stop the server first, or let the
bank ask the running one, with POST /v1/webhooks/replay. What they say is done when the server runs again.`

func runWebhooks(ctx context.Context, t terminal, args []string) error {
	fs := flags(t, "webhooks", webhooksAbout)
	file := fs.String("config", "", "configuration `file`")
	data := fs.String("data", "", "`folder` of the database; the configuration's when left out")
	partner := fs.String("partner", "", "`id` of the partner; may be left out when there is one, and for list")
	endpoint := fs.String("endpoint", "", "`name` or URL of one endpoint; all of the partner's when left out")
	from := fs.String("from", "", "replay from this `moment` on: a time in RFC 3339, an event's id, or its number")
	all := fs.Bool("all", false, "skip everything up to now, in place of the batch that is not taken")
	again := fs.Bool("replay", false, "skip what is left of a replay")
	asJSON := fs.Bool("json", false, "print JSON")
	words, err := parse(fs, args, 1)
	if err != nil {
		return err
	}
	do := "list"
	if len(words) > 0 {
		do = words[0]
	}
	switch {
	case do != "list" && do != "replay" && do != "skip":
		return wrongUse(fmt.Sprintf("%q is none of list, replay and skip", do))
	case *file == "":
		return wrongUse("-config is needed")
	case (do == "replay") != (*from != ""):
		return wrongUse("-from is needed for replay, and for nothing else")
	case do != "skip" && (*all || *again) || *all && *again:
		return wrongUse("-all and -replay are for skip, one of them")
	}
	c, err := house.Load(*file)
	if err != nil {
		return err
	}
	if *partner == "" && do != "list" {
		if len(c.Partners) != 1 {
			return wrongUse("-partner is needed: there is more than one, or none")
		}
		*partner = c.Partners[0].ID
	}
	open := store.OpenSQLite
	if do == "list" {
		open = store.OpenReadOnly
	}
	db, err := open(ctx, cmp.Or(*data, c.Data, "data"))
	if err != nil {
		return err
	}
	defer db.Close()
	w, err := house.Webhooks(c, db, house.Parts{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	switch do {
	case "replay":
		begun, err := w.Replay(ctx, *partner, *endpoint, *from)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(t.out).Encode(begun)
		}
		for _, r := range begun {
			fmt.Fprintf(t.out, "%s will be told again %s\n", r.Endpoint, count(r.Events))
		}
		return nil
	case "skip":
		what := webhook.SkipBatch
		if *all {
			what = webhook.SkipAll
		} else if *again {
			what = webhook.SkipReplay
		}
		n, err := w.Skip(ctx, *partner, *endpoint, what)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(t.out).Encode(map[string]int{"events": n})
		}
		fmt.Fprintf(t.out, "%s given up\n", count(n))
		return nil
	}
	list, err := w.Status(ctx, *partner)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(t.out).Encode(list)
	}
	for _, s := range list {
		showWebhook(t, s)
	}
	if len(list) == 0 {
		fmt.Fprintln(t.out, "no endpoint is configured")
	}
	return nil
}

func showWebhook(t terminal, s webhook.Status) {
	fmt.Fprintf(t.out, "%s  %s\n", s.Partner, s.Endpoint)
	show := func(p webhook.Progress, of string) {
		fmt.Fprintf(t.out, "  %-10s %s behind", of, count(p.Behind))
		if p.Oldest != nil {
			fmt.Fprintf(t.out, ", since %s", p.Oldest.Format(time.RFC3339))
		}
		if p.Heard != nil {
			fmt.Fprintf(t.out, "; last heard %s", p.Heard.Format(time.RFC3339))
		}
		fmt.Fprintln(t.out)
		if p.Tries > 0 {
			fmt.Fprintf(t.out, "  %-10s %d tries in vain since %s, the next %s: %s\n", "", p.Tries, p.Since.Format(time.RFC3339), p.Next.Format(time.RFC3339), p.Error)
		}
		if p.Attention {
			fmt.Fprintf(t.out, "  %-10s somebody should look at it; `parley webhooks skip` gives the batch up\n", "")
		}
		if p.Skipped > 0 {
			fmt.Fprintf(t.out, "  %-10s given up %d times\n", "", p.Skipped)
		}
	}
	show(s.Progress, "live")
	if s.Replay != nil {
		show(*s.Replay, "replay")
	}
}

// count says how many events.
func count(n int) string {
	switch {
	case n == 1:
		return "1 event"
	case n >= webhook.MostBehind:
		return fmt.Sprintf("%d events or more", webhook.MostBehind)
	}
	return fmt.Sprintf("%d events", n)
}
