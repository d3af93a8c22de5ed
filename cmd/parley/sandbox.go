package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"parley/sandbox"
)

// patience is how long what is under way may take to end when we are asked to stop: first the requests, then what is being said.
const patience = 25 * time.Second

const sandboxAbout = `parley sandbox starts Parley, and beside it a simulated operator with a shop, Trustly, an OpenID provider, an
address register, BankID, and a bank with three savings programmes, each with pages of its own. It serves until it is interrupted.

  parley sandbox                          open the page that it prints: who speaks to whom, as it happens
  parley sandbox -auto approve -json      for a test: nobody needs to click, and the addresses are one line of JSON
  parley sandbox -try                     play the stories and draw who said what to whom
  parley sandbox -operator 'http://127.0.0.1:3000/api/{action}' -redirect-uri http://127.0.0.1:3000/callback
                                          with your own platform in place of the simulated one
  parley sandbox -bank http://127.0.0.1:3000
                                          your own bank is told of events and transactions, at /{partner}/webhooks/ below it`

func runSandbox(ctx context.Context, t terminal, args []string) error {
	fs := flags(t, "sandbox", sandboxAbout)
	port := fs.Int("port", 8080, "`port` of Parley; the others get the seven after it where they can. 0 takes free ones")
	data := fs.String("data", "", "`folder` of the database; a temporary one when left out")
	auto := fs.String("auto", "", "`approve` or deny: the simulated person acts by themselves")
	asJSON := fs.Bool("json", false, "print all addresses and clients as one line of JSON; with -try, one line per story")
	try := fs.Bool("try", false, "play the stories, and exit with 1 unless everybody saw what they should")
	operator := fs.String("operator", "", "`URL` of your own platform, with {action} in it")
	offered := fs.String("content", "", "`folder` with inspirations, pictures and texts for the savings app, seen at once when they change")
	bank := fs.String("bank", "", "`URL` of your own bank, below which webhooks go to {partner}/webhooks/events and {partner}/webhooks/transactions")
	verbose := fs.Bool("v", false, "log to the standard error")
	var redirects []string
	fs.Func("redirect-uri", "`URI` that the clients may be answered at, beside the shop's; repeatable", func(s string) error {
		redirects = append(redirects, s)
		return nil
	})
	var oidc []sandbox.OIDC
	fs.Func("oidc", "`ISSUER,ID,SECRET` of your own OpenID provider, the secret empty for a public client; repeatable", func(s string) error {
		parts := strings.SplitN(s, ",", 3)
		if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
			return errors.New("ISSUER,ID,SECRET is needed")
		}
		oidc = append(oidc, sandbox.OIDC{Issuer: parts[0], ClientID: parts[1], ClientSecret: strings.Join(parts[2:], "")})
		return nil
	})
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	switch {
	case *auto != "" && *auto != "approve" && *auto != "deny":
		return wrongUse("-auto is approve or deny")
	case *operator != "" && !strings.Contains(*operator, "{action}"):
		return wrongUse("-operator needs {action} in it, for signin, authorize, transfer and cancel")
	case *bank != "" && !strings.HasPrefix(*bank, "http://") && !strings.HasPrefix(*bank, "https://"):
		return wrongUse("-bank is an http or https address")
	case *try && (*auto != "" || *operator != "" || *bank != ""):
		return wrongUse("-try plays with the simulated people, the simulated operator and the simulated bank, so -auto, -operator and -bank do not go with it")
	case *port < 0 || *port > 65535-sandbox.LastPort:
		return wrongUse("-port is a number from 0 to 65528")
	}
	o := sandbox.Options{Port: *port, Data: *data, Auto: *auto, RedirectURIs: redirects, OperatorURL: *operator, OIDC: oidc, Content: *offered, BankURL: strings.TrimSuffix(*bank, "/")}
	if *try && !given(fs, "port") {
		o.Port = 0
	}
	if *verbose {
		o.Log = slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := sandbox.Start(ctx, o)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken by another program. Choose another with -port, or -port 0 for any that is free", o.Port)
	}
	if err != nil {
		return err
	}
	if *try {
		err = tell(ctx, t, s, *asJSON)
	} else {
		if *asJSON {
			err = json.NewEncoder(t.out).Encode(s.Links())
		} else {
			links(t, s)
		}
		<-ctx.Done()
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	return errors.Join(err, s.Close(end))
}

// links is what a newcomer reads first, so it begins with what to open.
func links(t terminal, s *sandbox.Sandbox) {
	l := s.Links()
	fmt.Fprintf(t.out, "\n  %-28s  %s\n  %-28s  %s\n\n", "Open this:", l.Home, "The shop, to deposit:", l.Shop)
	for _, line := range [][2]string{
		{"The operator", l.Operator}, {"Trustly", l.Trustly}, {"The OpenID provider", l.OpenID}, {"The address register", l.Register},
		{"BankID, and its app", l.BankID}, {"The bank", l.Bank}, {"The bank's app, as Anna", l.BankApp},
		{"Parley", l.URL}, {"Its metadata", l.Metadata}, {"Its savings API", l.Savings.API + "/"},
	} {
		fmt.Fprintf(t.out, "  %-28s  %s\n", line[0], line[1])
	}
	if l.Notification != l.Operator+"api/{action}" {
		fmt.Fprintf(t.out, "\n  What the operator is told goes to %s.\n", l.Notification)
	}
	if l.Savings.Webhooks != l.Bank {
		fmt.Fprintf(t.out, "\n  What the bank is told goes to %s.\n", l.Savings.Webhooks)
	}
	if l.Auto != "" {
		fmt.Fprintf(t.out, "\n  The simulated people act by themselves: %s.\n", l.Auto)
	}
	fmt.Fprintf(t.out, "\n  Clients and all endpoints are in `parley sandbox -json`. Stop with Ctrl-C.\n\n")
}

// tell plays the stories. It is not well unless all are.
func tell(ctx context.Context, t terminal, s *sandbox.Sandbox, asJSON bool) error {
	stories, bad := s.Stories(), 0
	out := json.NewEncoder(t.out)
	out.SetEscapeHTML(false)
	for _, story := range stories {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		r := s.Tell(ctx, story)
		if !r.OK {
			bad++
		}
		if asJSON {
			if err := out.Encode(r); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(t.out, strings.TrimRight(r.Picture, "\n"))
		if r.OK {
			fmt.Fprintf(t.out, "  ok: %s\n\n", story.Title)
			continue
		}
		fmt.Fprintf(t.out, "  NOT OK: %s\n", story.Title)
		for _, p := range r.Problems {
			fmt.Fprintf(t.out, "    %s\n", p)
		}
		fmt.Fprintln(t.out)
	}
	if !asJSON {
		fmt.Fprintf(t.out, "%d of %d stories ok\n", len(stories)-bad, len(stories))
	}
	if bad > 0 {
		return errSaid
	}
	return nil
}
