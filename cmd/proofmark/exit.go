package main

import (
	"encoding/json"

	"github.com/alecthomas/kong"
)

// exitError is an error that says with which code the process ends. main prints Err, if there is one, and exits with Code.
type exitError struct {
	Code int
	Err  error // nil where the output has said it all
}

func (e *exitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap gives what went wrong.
func (e *exitError) Unwrap() error { return e.Err }

// ExitCode is the code for the shell; kong reads it too.
func (e *exitError) ExitCode() int { return e.Code }

// finish ends a command that has judged something: it prints the result where JSON is wanted, and says the exit code without further words.
func finish(k *kong.Context, asJSON bool, result any, code int) error {
	if asJSON {
		encoder := json.NewEncoder(k.Stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
	if code == 0 {
		return nil
	}
	return &exitError{Code: code}
}
