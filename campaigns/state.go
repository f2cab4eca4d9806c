package campaigns

import "slices"

// next says which states may follow a state. What is in no list never happens.
type next[S ~string] map[S][]S

// can says whether from may become to.
func (n next[S]) can(from, to S) bool { return slices.Contains(n[from], to) }
