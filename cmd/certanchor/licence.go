package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
)

const licenceSummary = "decisions about licences, and the record behind them"

var licenceCommand = command{
	name:    "licence",
	usage:   "WHAT …",
	summary: licenceSummary,
	example: "certanchor licence evidence -h",
	run:     (*app).licence,
}

// licenceCommands are the subcommands of licence, in the order of the help.
func licenceCommands() []command {
	return slices.Concat(decideCommands, []command{
		licenceRecordCommand,
		licenceStatusCommand,
		licenceProjectCommand,
		licenceCompactCommand,
		licenceTableCommand,
	})
}

// licence runs one of its subcommands; help lists them.
func (a *app) licence(ctx context.Context, fs *flag.FlagSet, args []string) error {
	all := licenceCommands()
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
		w, status := a.stdout, exitOK
		if len(args) == 0 {
			w, status = a.stderr, exitUsage
		}
		fmt.Fprintf(w, "certanchor licence WHAT …\n\n%s\n\n", licenceSummary)
		for _, c := range all {
			wrapped(w, fmt.Sprintf("  %-10s ", c.name), c.summary)
		}
		fmt.Fprintln(w, "\nMore about one:  certanchor licence WHAT -h")
		return exitStatus(status)
	}
	i := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		return misuse("certanchor help licence", "no such thing as licence %s", args[0])
	}
	c := all[i]
	c.name = "licence " + c.name
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	quiet(set)
	err := c.run(a, ctx, set, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		a.usage(c, set)
		return exitStatus(exitOK)
	}
	return err
}
