package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"parley/house"
)

const serveAbout = `parley serve runs the server until it is interrupted (SIGINT or SIGTERM): then it takes no more requests, lets those under
way end, lets what is being said to others end, and leaves the rest for the next start. Its log is JSON on the standard error.

  parley serve -config parley.yaml`

func runServe(ctx context.Context, t terminal, args []string) error {
	fs := flags(t, "serve", serveAbout)
	file := fs.String("config", "", "configuration `file`; `parley config -doc` says what can stand in it")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	if *file == "" {
		return wrongUse("-config is needed")
	}
	c, err := house.Load(*file)
	if err != nil {
		return err
	}
	level, err := logLevel(c.LogLevel)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(t.err, &slog.HandlerOptions{Level: level}))
	secure, err := c.ServeTLS()
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	h, err := house.New(ctx, c, house.Parts{Log: log})
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           h.Handler,
		ReadHeaderTimeout: 10 * time.Second,
		// Above the longest answer: a provider or a browser may be held while somebody else is asked. For reading too, because
		// net/http ends the request's context when the time for reading is over, although all has been read.
		ReadTimeout:    time.Minute,
		WriteTimeout:   time.Minute,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what strangers do wrong at the door
	}
	server.RegisterOnShutdown(h.Streams.Close)
	served := make(chan error, 1)
	l, err := net.Listen("tcp", cmp.Or(c.Listen, defaultListen))
	if err != nil {
		return errors.Join(err, stop(h))
	}
	if server.TLSConfig = secure; secure != nil {
		go func() { served <- server.ServeTLS(l, "", "") }()
	} else {
		go func() { served <- server.Serve(l) }()
	}
	h.Start()
	fmt.Fprintf(t.out, "parley listens on %s and is %s\n", l.Addr(), c.Issuer)
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case err = <-served: // such as a certificate that cannot be read
	}
	if err == nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		if serr := server.Shutdown(end); serr != nil {
			err = errors.Join(fmt.Errorf("let requests end: %w", serr), server.Close())
		}
		cancel()
	}
	return errors.Join(err, stop(h))
}

const defaultListen = "127.0.0.1:8080"

func stop(h *house.House) error {
	end, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return h.Stop(end)
}

func logLevel(name string) (slog.Level, error) {
	switch l := strings.ToLower(cmp.Or(name, "info")); l {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("log_level: %q is not debug, info, warn or error", name)
}
