// What moby/patternmatcher says of ignore files and paths: a question a line on standard input, an
// answer a line on standard output, both JSON.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type question struct {
	File  []byte
	Paths []string
}

// Walked is what a walk down to the path finds at each step of it.
type verdict struct {
	Ignored bool
	Walked  []bool
	Error   string
}

type answer struct {
	Patterns []string
	Verdicts []verdict
	Error    string
}

func ask(q question) (a answer) {
	patterns, err := ignorefile.ReadAll(bytes.NewReader(q.File))
	if err != nil {
		a.Error = err.Error()
		return a
	}
	a.Patterns = patterns
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		a.Error = err.Error()
		return a
	}
	for _, path := range q.Paths {
		a.Verdicts = append(a.Verdicts, judge(matcher, path))
	}
	return a
}

func judge(matcher *patternmatcher.PatternMatcher, path string) (v verdict) {
	var err error
	if v.Ignored, err = matcher.MatchesOrParentMatches(path); err != nil {
		v.Error = err.Error()
		return v
	}
	var info patternmatcher.MatchInfo
	parts := strings.Split(path, "/")
	for depth := range parts {
		var ignored bool
		ignored, info, err = matcher.MatchesUsingParentResults(strings.Join(parts[:depth+1], "/"), info)
		if err != nil {
			v.Error = err.Error()
			return v
		}
		v.Walked = append(v.Walked, ignored)
	}
	return v
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<24)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		var q question
		if err := json.Unmarshal(input.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := output.Encode(ask(q)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
