package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley/store"
)

const billAbout = `parley bill says what the questions to address registers cost each merchant: how many were billed, or may have been, and their price
in minor units of the contract. It only reads, and may be run while the server runs.

  parley bill -data /var/lib/parley -since 2026-11-01`

func runBill(ctx context.Context, t terminal, args []string) error {
	fs := flags(t, "bill", billAbout)
	data := fs.String("data", "", "`folder` of the database")
	since := fs.String("since", "1970-01-01", "the first `day` that counts, in UTC")
	asJSON := fs.Bool("json", false, "print a line of JSON for each merchant and register")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	day, err := time.Parse(time.DateOnly, *since)
	if *data == "" || err != nil {
		return wrongUse("-data is needed, and -since is a day such as 2026-11-01")
	}
	s, err := store.OpenReadOnly(ctx, *data)
	if err != nil {
		return err
	}
	defer s.Close()
	bills, err := s.Bills(ctx, day)
	if err != nil {
		return err
	}
	for _, b := range bills {
		if *asJSON {
			if err := json.NewEncoder(t.out).Encode(b); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(t.out, "merchant %d asked %s %d times, for %d\n", b.Merchant, b.Source, b.Questions, b.Minor)
	}
	if len(bills) == 0 && !*asJSON {
		fmt.Fprintln(t.out, "nothing was asked")
	}
	return nil
}
