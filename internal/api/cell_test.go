package api

import "testing"

func TestCellsAreNoFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"living room":     "living room",
		"12":              "12",
		"-12.5":           "-12.5",
		"+1e9":            "+1e9",
		"-":               "'-",
		"-1+1":            "'-1+1",
		"-Inf":            "'-Inf",
		"=1+1":            "'=1+1",
		"@SUM(A1)":        "'@SUM(A1)",
		"\t=1":            "'\t=1",
		`[{"piid":1}]`:    `[{"piid":1}]`,
		"a=1":             "a=1",
		"-2+cmd|' /C'!A0": "'-2+cmd|' /C'!A0",
	} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) = %q, want %q", in, got, want)
		}
	}
}
