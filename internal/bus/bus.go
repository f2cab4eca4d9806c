package bus

import (
	"context"
	"errors"
)

var (
	// ErrNobody answers a question on a subject that nobody listens to.
	ErrNobody = errors.New("nobody listens")
	// ErrClosed is returned by everything on a closed bus, and by the questions
	// that were open when it closed.
	ErrClosed = errors.New("bus closed")
	// ErrNoQuestion is what Reply says for a message that nobody waits on.
	ErrNoQuestion = errors.New("the message is not a question")
	// ErrSubject is wrapped by the errors about a malformed subject or pattern.
	ErrSubject = errors.New("malformed subject")
)

// Bus carries messages between the parts of one node, or of all nodes. All
// methods may be called at any time from any goroutine, handlers included.
type Bus interface {
	// Publish hands data to every subscription that matches the subject, and
	// returns without waiting for one. The bus keeps data until it is delivered:
	// neither publisher nor handlers may change it.
	Publish(subject string, data []byte) error

	// Subscribe calls h, one message at a time, for each message on a subject
	// that matches the pattern. Another node sees the subscription after Flush.
	Subscribe(pattern string, h Handler) (Subscription, error)

	// Ask publishes a question and returns the first answer. Without a subscriber
	// it returns ErrNobody at once; otherwise it waits as long as ctx allows and
	// returns ctx's error.
	Ask(ctx context.Context, subject string, data []byte) ([]byte, error)

	// Wanted is false only when it is certain that nobody listens to the subject,
	// so that a publisher can skip the encoding. A networked bus answers true.
	Wanted(subject string) bool

	// Flush returns when what this bus sent and subscribed to before has reached
	// its carrier; it does not wait for handlers.
	Flush(ctx context.Context) error

	// Close ends all subscriptions and open questions. A second Close does nothing.
	Close() error
}

// Subscription is a wish for messages, until Unsubscribe.
type Subscription interface {
	// Unsubscribe ends it: no call of the handler begins afterwards, except one
	// that was being made that very moment. A second one does nothing.
	Unsubscribe() error
}

// Handler receives messages. It may block: only its own subscription waits.
type Handler func(Message)

// Message is what a handler gets.
type Message struct {
	Subject string
	Data    []byte // shared with other handlers: not to be changed

	reply func([]byte) error
}

// Question makes a message that can be answered. It is for carriers.
func Question(subject string, data []byte, reply func([]byte) error) Message {
	return Message{Subject: subject, Data: data, reply: reply}
}

// Reply answers a question. The first answer wins, later ones go nowhere. For a
// message that is not a question it does nothing and returns ErrNoQuestion.
func (m Message) Reply(data []byte) error {
	if m.reply == nil {
		return ErrNoQuestion
	}
	return m.reply(data)
}

// DefaultQueue is how many messages may wait in one subscription.
const DefaultQueue = 1024

// Options tune a bus; the zero value is a good one.
type Options struct {
	// Queue is how many messages may wait in one subscription before further ones
	// are dropped; 0 means DefaultQueue.
	Queue int
	// OnDrop is called after a message was dropped, with the pattern of the
	// subscription that was too slow. It must not block.
	OnDrop func(pattern string)
}

// QueueLimit is Queue, or its default.
func (o Options) QueueLimit() int {
	if o.Queue <= 0 {
		return DefaultQueue
	}
	return o.Queue
}
