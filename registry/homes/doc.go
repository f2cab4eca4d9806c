// Package homes owns who lives with which devices: homes and their rooms, their
// members and guests, and the links by which people are let in.
//
// It refuses to know devices but by the home that they stand in, and people but
// by their account. Whoever is no member of a home is told that there is none.
//
// What somebody may do follows from the role:
//
//	guest   see and command the devices, until the guest's end date
//	member  also arrange: rooms, names, claim devices, bridges of its own
//	owner   also decide: name, members, links, discovery, taking devices out, the end
//
// The flow of a guest:
//
//	Invite → text of a link → Join → a member with an end date, and in the same
//	transaction the job that ends it → End → home.<id>.changed → subscriptions drop
//
// Rights are asked of memory and answered by the clock: a guest's end date holds
// at its instant, whether or not the job was there in time. What another process
// changed holds here when its event comes, after Staleness at the latest.
package homes
