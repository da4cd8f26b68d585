package main

import (
	"fmt"
	"regexp"
	"slices"
)

// secretName is how charts call values that nobody should read in a message; notSecret are those that only sound so.
var (
	secretName = regexp.MustCompile(`(?i)pass(word|wd|phrase)|secret|token|credential|private|api_?key|access_?key|connection_?string|cert|auth|dsn`)
	notSecret  = regexp.MustCompile(`(?i)existing|enabled?$|name$|ref$|path$|file$|secret_?key$|(password|token|user)_?key$|create$|annotations|labels|resources|image`)
)

// secretsOf lists the texts in values that a message must not hold: all of them, or those under names that say so and
// whatever is below such a name, as in auth.redis.
func secretsOf(values any, all bool) []string {
	return textsBelow(values, all, all)
}

func textsBelow(value any, secret, all bool) []string {
	var found []string
	switch typed := value.(type) {
	case map[string]any:
		for name, item := range typed {
			named := (secret || secretName.MatchString(name)) && !notSecret.MatchString(name)
			found = append(found, textsBelow(item, all || named, all)...)
		}
	case []any:
		for _, item := range typed {
			found = append(found, textsBelow(item, secret, all)...)
		}
	case nil, bool:
	default:
		if text := fmt.Sprint(typed); secret && text != "" {
			found = append(found, text)
		}
	}
	return found
}

// longTexts leaves out what is short: in a chart's own defaults that is a word, and words are in every message.
func longTexts(texts []string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return len(text) < 8 })
}
