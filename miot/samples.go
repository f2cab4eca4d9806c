package miot

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed samples/*.json
var samples embed.FS

// Sample is one of the documents written for this project, by its name: see SampleNames. It panics on any other name.
func Sample(name string) []byte {
	data, err := samples.ReadFile("samples/" + name + ".json")
	if err != nil {
		panic(fmt.Sprintf("miot: no sample %q, there are %s", name, strings.Join(SampleNames(), ", ")))
	}
	return data
}

// SampleNames lists the samples in alphabetical order.
func SampleNames() []string {
	entries, err := samples.ReadDir("samples")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".json")
	}
	return names
}
