package miot

import (
	"math"
	"slices"
)

// Format is the data type of a property.
type Format string

// The formats of §1.
const (
	FormatBool   Format = "bool"
	FormatUint8  Format = "uint8"
	FormatUint16 Format = "uint16"
	FormatUint32 Format = "uint32"
	FormatUint64 Format = "uint64"
	FormatInt8   Format = "int8"
	FormatInt16  Format = "int16"
	FormatInt32  Format = "int32"
	FormatInt64  Format = "int64"
	FormatFloat  Format = "float"
	FormatString Format = "string"
)

// integerBounds gives the least and greatest value of each integer format as ordinals (see ordinal).
var integerBounds = map[Format]struct {
	signed   bool
	min, max uint64
}{
	FormatUint8:  {false, 0, math.MaxUint8},
	FormatUint16: {false, 0, math.MaxUint16},
	FormatUint32: {false, 0, math.MaxUint32},
	FormatUint64: {false, 0, math.MaxUint64},
	FormatInt8:   {true, signedOrdinal(math.MinInt8), signedOrdinal(math.MaxInt8)},
	FormatInt16:  {true, signedOrdinal(math.MinInt16), signedOrdinal(math.MaxInt16)},
	FormatInt32:  {true, signedOrdinal(math.MinInt32), signedOrdinal(math.MaxInt32)},
	FormatInt64:  {true, signedOrdinal(math.MinInt64), signedOrdinal(math.MaxInt64)},
}

// Known tells whether the format is one of §1.
func (f Format) Known() bool {
	return f == FormatBool || f == FormatString || f.Numeric()
}

// Integer tells whether values are whole numbers.
func (f Format) Integer() bool { _, ok := integerBounds[f]; return ok }

// Signed tells whether values are whole numbers that may be negative.
func (f Format) Signed() bool { return integerBounds[f].signed }

// Numeric tells whether values are numbers.
func (f Format) Numeric() bool { return f == FormatFloat || f.Integer() }

// Access lists what may be done with a property, in the document's order. Empty means argument-only.
type Access []string

// The words of an access list.
const (
	AccessRead   = "read"
	AccessWrite  = "write"
	AccessNotify = "notify"
)

// Has tells whether the word is in the list.
func (a Access) Has(word string) bool { return slices.Contains(a, word) }

// signedOrdinal maps signed integers onto unsigned ones, keeping order and distance, so that one comparison serves both
// and max−min cannot overflow.
func signedOrdinal(v int64) uint64 { return uint64(v) ^ 1<<63 }

func fromSignedOrdinal(o uint64) int64 { return int64(o ^ 1<<63) }
