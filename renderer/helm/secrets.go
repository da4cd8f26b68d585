package main

import (
	"fmt"
	"regexp"
)

// secretName is how charts call values that nobody should read in a message.
var secretName = regexp.MustCompile(`(?i)pass(word|wd|phrase)|secret|token|credential|private|api_?key|access_?key|connection_?string|cert|auth|dsn`)

// secretsOf lists the texts in values that a message must not hold: all of them, or those under names that say so.
func secretsOf(value any, all bool) []string {
	var found []string
	switch typed := value.(type) {
	case map[string]any:
		for name, item := range typed {
			found = append(found, secretsOf(item, all || secretName.MatchString(name))...)
		}
	case []any:
		for _, item := range typed {
			found = append(found, secretsOf(item, all)...)
		}
	case nil, bool:
	default:
		if text := fmt.Sprint(typed); all && text != "" {
			found = append(found, text)
		}
	}
	return found
}
