package main

import (
	"context"
	"log"
	"log/slog"
	"slices"
	"strings"
)

// warnings are what Helm would have written to standard error, without values: those may be secret.
type warnings struct {
	lines []string
}

var collected = &warnings{}

func collectWarnings() *warnings {
	log.SetFlags(0)
	slog.SetDefault(slog.New(collected))
	log.SetOutput(collected)
	return collected
}

func warn(line string) {
	if !slices.Contains(collected.lines, line) {
		collected.lines = append(collected.lines, line)
	}
}

// Write takes the lines of the standard logger. Helm's own end in "(<the value>)".
func (*warnings) Write(line []byte) (int, error) {
	text, _, _ := strings.Cut(strings.TrimSpace(string(line)), " (")
	for _, prefix := range []string{"warning: ", "Warning: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	warn(text)
	return len(line), nil
}

// Enabled also lets an information through: that a hook of unknown type is left out.
func (*warnings) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// Handle keeps the attributes that name things; the others may hold values.
func (*warnings) Handle(_ context.Context, record slog.Record) error {
	if record.Level < slog.LevelWarn && record.Message != "skipping unknown hooks" {
		return nil
	}
	text := record.Message
	record.Attrs(func(attribute slog.Attr) bool {
		if slices.Contains([]string{"chart", "path", "tag", "urn", "hookTypes"}, attribute.Key) {
			text += " " + attribute.Key + "=" + attribute.Value.String()
		}
		return true
	})
	warn(text)
	return nil
}

func (w *warnings) WithAttrs([]slog.Attr) slog.Handler { return w }

func (w *warnings) WithGroup(string) slog.Handler { return w }
