package store

import (
	"fmt"
	"strings"
)

// arrays reads the rows from one array per column.
func (b *bulk) arrays() string {
	params := make([]string, len(b.columns))
	for i, c := range b.columns {
		_, kind, _ := strings.Cut(c, " ")
		params[i] = fmt.Sprintf("$%d::%s[]", i+1, kind)
	}
	return "WITH v (" + b.names() + ") AS (SELECT * FROM unnest(" + strings.Join(params, ", ") + "))\n" + b.body
}
