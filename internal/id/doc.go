// Package id makes and checks the names of stored things.
//
// An id is a short prefix that says what it names, an underscore and a UUIDv7
// (RFC 9562 §5.7) in its lower-case text form:
//
//	dev_0199f0c2-5a3e-7c41-9a55-0d8f3b6c2e17
//
// The time stands first in a UUIDv7, so ids of one kind sort by their moment of
// making: an index grows at its end, and "the newest first" needs no second
// column. Ids are names, not secrets; a capability needs random bits of its own.
package id
