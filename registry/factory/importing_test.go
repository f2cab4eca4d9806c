package factory_test

import (
	"errors"
	"testing"

	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
)

func FuzzParseRows(f *testing.F) {
	for _, file := range []string{
		"did,secret_salt,secret_hash,claim_salt,claim_hash\na1,00,11,,\n", "did\n\"a\nb\"\n", "\uFEFFdid,key_sha256\r\na1,ff\r\n",
		`[{"did":"a1","key_sha256":"ff"}]`, ` [{"did":"a1"},{"did":"a2"}] `, `[null]`, `[{"did":1}]`, "[] []", "", "did,did\n", "did,\n", "did;x\n",
	} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, lines, err := factory.ParseRows(file)
		if err != nil {
			if !errors.Is(err, registry.ErrBadRequest) || rows != nil || lines != nil {
				t.Fatalf("%d rows, %d lines, %v", len(rows), len(lines), err)
			}
			return
		}
		if len(rows) != len(lines) {
			t.Fatalf("%d rows and %d lines", len(rows), len(lines))
		}
		for i, line := range lines {
			if line < 1 || i > 0 && line <= lines[i-1] {
				t.Fatalf("lines %v do not rise", lines)
			}
		}
	})
}
