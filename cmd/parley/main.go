// Command parley is Parley on a command line: a sandbox with everybody in it, the server, and the tools around its
// configuration and its database.
//
// One file holds one subcommand. What they do is elsewhere: house builds, sandbox plays, store keeps and verifies; here is only
// what is typed, what is printed, and the exit code: 0 for well, 1 for not well, 2 for not understood.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // people's time zones, also where the system has none
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // who asks twice does not want to wait
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes.
const (
	well          = 0
	failed        = 1
	misunderstood = 2
)

// terminal is where a subcommand reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// command is a subcommand.
type command struct {
	name, use, does string
	run             func(ctx context.Context, t terminal, args []string) error
}

func commands() []command {
	return []command{
		{"sandbox", "sandbox [-port N] [-auto approve|deny]", "Parley with everybody that it speaks to, on this machine", runSandbox},
		{"serve", "serve -config FILE", "the server", runServe},
		{"config", "config -check FILE | -doc", "what is wrong with a configuration file; what can stand in one", runConfig},
		{"flow", "flow list | show NAME [-mermaid]", "the flows, as the program runs them", runFlow},
		{"migrate", "migrate -data FOLDER", "bring a database up to date", runMigrate},
		{"verify", "verify -data FOLDER [-json]", "ask a database, in use or not, whether all that must hold does", runVerify},
		{"webhooks", "webhooks list | replay -from TIME | skip", "how the banks' endpoints stand; tell one again; give up what it does not take", runWebhooks},
		{"bill", "bill -data FOLDER [-since DAY]", "what was asked of address registers, and what it cost", runBill},
		{"bench", "bench [-flows|-streams|-accounts|-due N]", "deposits a second, waiting pages held open, accounts opened, a night of savehacks", runBench},
		{"version", "version", "which program this is", runVersion},
	}
}

// run is the program without its process: ctx ends when it should stop.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := terminal{stdin, stdout, stderr}
	if len(args) == 0 {
		usage(stderr)
		return misunderstood
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return well
	case "-version", "--version":
		args[0] = "version"
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, t, args[1:])
		if wrong, ok := errors.AsType[wrongUse](err); ok {
			fmt.Fprintf(stderr, "parley %s: %s\n\n  parley %s\n\n`parley %s -h` says more.\n", c.name, wrong, c.use, c.name)
			return misunderstood
		}
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return well
		case !errors.Is(err, errSaid):
			fmt.Fprintf(stderr, "parley %s: %s\n", c.name, strings.TrimRight(err.Error(), "\n"))
		}
		return failed
	}
	fmt.Fprintf(stderr, "parley: there is no %q.\n\n", args[0])
	usage(stderr)
	return misunderstood
}

func usage(w io.Writer) {
	fmt.Fprint(w, `Parley signs people in and takes their first deposit, between an operator and its providers, and keeps the books of a bank's goal savings.

  parley sandbox          everybody on this machine; open the shop it prints, and deposit
  parley sandbox -try     play the stories and draw who said what to whom
  parley serve -config parley.yaml

Commands:
`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-42s %s\n", c.use, c.does)
	}
	fmt.Fprint(w, "\n`parley COMMAND -h` says more. Exit codes: 0 well, 1 not well, 2 not understood.\n")
}

// wrongUse is an error in what was typed.
type wrongUse string

func (w wrongUse) Error() string { return string(w) }

// errSaid ends a subcommand that has itself said what is not well.
var errSaid = errors.New("said already")

// flags is the FlagSet of a subcommand. Its help goes to where help was asked for.
func flags(t terminal, name, about string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // a mistake is said once, by run
	fs.Usage = func() {
		out := fs.Output()
		fs.SetOutput(t.out)
		defer fs.SetOutput(out)
		fmt.Fprintf(t.out, "%s\n\n", about)
		fs.PrintDefaults()
	}
	return fs
}

// parse reads flags that may stand before, between and after up to n other words, which it returns.
func parse(fs *flag.FlagSet, args []string, n int) (words []string, err error) {
	help := fs.Usage
	fs.Usage = func() {} // the flag package would say it after a mistake too
	for {
		if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
			help()
			return nil, err
		} else if err != nil {
			return nil, wrongUse(err.Error())
		}
		if fs.NArg() == 0 {
			return words, nil
		}
		if len(words) == n {
			return nil, wrongUse(fmt.Sprintf("%q is one word too many", fs.Arg(0)))
		}
		words, args = append(words, fs.Arg(0)), fs.Args()[1:]
	}
}

// given reports whether a flag was typed.
func given(fs *flag.FlagSet, name string) (yes bool) {
	fs.Visit(func(f *flag.Flag) { yes = yes || f.Name == name })
	return yes
}
