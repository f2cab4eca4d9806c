package miot

import "fmt"

// Limits of one command (§2); a product may declare less, not under MinCommandBytes.
const (
	MaxCommandItems = 64
	MaxCommandBytes = 4096
	MinCommandBytes = 512
)

// commandHead is the longest that stands around the items: {"id":-9223372036854775808,"method":"set_properties","params":[]}
const commandHead = len(`{"id":-9223372036854775808,"method":"set_properties","params":[]}`)

// SplitGet parts references, in order, into commands of at most maxItems items and maxBytes bytes; zero means the limit of §2.
func SplitGet(refs []PropertyRef, maxItems, maxBytes int) ([][]PropertyRef, error) {
	return split(refs, maxItems, maxBytes, func(r PropertyRef) (int, string) {
		return len(r.append(nil)), fmt.Sprintf("%s %d.%d", r.DID, r.SIID, r.PIID)
	})
}

// SplitSet does the same for values to set. It fails on a value that is too large for a command of its own.
func SplitSet(values []PropertyValue, maxItems, maxBytes int) ([][]PropertyValue, error) {
	return split(values, maxItems, maxBytes, func(v PropertyValue) (int, string) {
		return len(v.append(nil)), fmt.Sprintf("%s %d.%d", v.DID, v.SIID, v.PIID)
	})
}

func split[T any](items []T, maxItems, maxBytes int, measure func(T) (size int, name string)) ([][]T, error) {
	if maxItems <= 0 || maxItems > MaxCommandItems {
		maxItems = MaxCommandItems
	}
	if maxBytes <= 0 || maxBytes > MaxCommandBytes {
		maxBytes = MaxCommandBytes
	}
	var commands [][]T
	begin, total := 0, commandHead
	for i, item := range items {
		size, name := measure(item)
		if commandHead+size > maxBytes {
			return nil, fmt.Errorf("%s takes %d bytes as a command of its own, the limit is %d", name, commandHead+size, maxBytes)
		}
		if i > begin && (i-begin == maxItems || total+1+size > maxBytes) {
			commands = append(commands, items[begin:i:i])
			begin, total = i, commandHead
		}
		if i > begin {
			total++ // the comma
		}
		total += size
	}
	if begin < len(items) {
		commands = append(commands, items[begin:])
	}
	return commands, nil
}
