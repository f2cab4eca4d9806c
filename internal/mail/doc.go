// Package mail sends mail that is not lost: a message is a row before it is
// anything else, stored in the transaction of the fact it tells of, and sent by a
// job until the mail server has it or refuses it for good.
//
//	Outbox.Send, store.queueMail ──▶ message: queued ──job──▶ SMTP ──▶ sent | failed
//	notice ──Composers──▶ messages, one per person and notice
//
// Mails about a Topic go to those who did not say that they do not want them, and hold
// the link by which it is said, without a log-in. Others cannot be ended.
//
// Where no mail server is configured (the demonstration) messages are kept in the
// mailbox, where their receivers can read them.
//
// It refuses addresses and subjects that could say something else to a mail
// server or a reader than what they look like.
package mail
