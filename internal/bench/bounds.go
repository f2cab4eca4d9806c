package bench

import (
	"errors"
	"fmt"
)

// Bounds collects what is wrong with the numbers that a bench was told.
type Bounds struct{ wrong []error }

// Within gives a number that is 0 its standard, and holds every other to 1–most.
func (b *Bounds) Within(name string, value *int, standard, most int) {
	if *value == 0 {
		*value = standard
	}
	if *value < 1 || *value > most {
		b.wrong = append(b.wrong, fmt.Errorf("%s %d: it must be 1–%d", name, *value, most))
	}
}

// Err is all that was wrong, or nil.
func (b *Bounds) Err() error { return errors.Join(b.wrong...) }
