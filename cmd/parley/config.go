package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"parley/house"
)

const configAbout = `parley config says what is wrong with a configuration file, or what can stand in one. Checking opens no database and asks
nobody; the secrets must be where the file says.

  parley config -check parley.yaml
  parley config -doc`

func runConfig(_ context.Context, t terminal, args []string) error {
	fs := flags(t, "config", configAbout)
	file := fs.String("check", "", "check this `file`")
	doc := fs.Bool("doc", false, "print the manual of the configuration file, in Markdown")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	switch {
	case *doc == (*file != ""):
		return wrongUse("needs one of -check FILE and -doc")
	case *doc:
		fmt.Fprint(t.out, house.Doc())
		return nil
	}
	c, err := house.Load(*file)
	if err != nil {
		return err
	}
	wrong := problems(c)
	if len(wrong) == 0 {
		fmt.Fprintf(t.out, "%s is in order\n", *file)
		return nil
	}
	for _, w := range wrong {
		fmt.Fprintf(t.err, "%s: %s\n", *file, w)
	}
	return errSaid
}

// problems lists what is wrong. house.Check stops at the first thing, so each merchant and each partner is checked alone too: who has three
// mistakes should not need three tries.
func problems(c house.Config) []string {
	var wrong []string
	add := func(err error) bool {
		if err != nil && !slices.Contains(wrong, err.Error()) {
			wrong = append(wrong, err.Error())
		}
		return err != nil
	}
	if _, _, err := net.SplitHostPort(cmp.Or(c.Listen, defaultListen)); err != nil {
		add(fmt.Errorf("listen: %w", err))
	}
	_, err := logLevel(c.LogLevel)
	add(err)
	if _, err := c.ServeTLS(); err != nil {
		add(fmt.Errorf("tls: %w", err))
	}
	if _, err := c.Secret.Read(); err != nil {
		add(fmt.Errorf("secret: %w", err))
		c.Secret = house.Secret{Value: strings.Repeat("x", 32)} // to see what else is wrong
	}
	if add(house.Check(c)) {
		for _, m := range c.Merchants {
			one := c
			one.Merchants, one.Partners = []house.Merchant{m}, nil
			add(house.Check(one))
		}
		for _, p := range c.Partners {
			one := c
			one.Merchants, one.Partners = nil, []house.Partner{p}
			add(house.Check(one))
		}
	}
	return wrong
}
