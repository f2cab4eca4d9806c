package orders

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/internal/bench/wire"
)

// client is one kept connection that orders.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	orders  string // the path to which orders are posted
	headers string
	request []byte
	body    []byte
}

const orderBody = `{"units":1}`

// answerTime bounds one answer: a server that is silent for longer is broken.
const answerTime = 20 * time.Second

func dial(at wire.Addr, campaign, token string) (*client, error) {
	conn, err := net.DialTimeout("tcp", at.String(), 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &client{
		conn: conn, in: bufio.NewReaderSize(conn, 2048), orders: "/api/v1/campaigns/" + campaign + "/orders",
		headers: fmt.Sprintf(" HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: ", at, token),
	}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// order sends one order and reads its answer; body is valid until the next call.
func (c *client) order(key []byte) (status int, body []byte, err error) {
	return c.post(c.orders, key, orderBody)
}

// cancel takes back what is left of an order.
func (c *client) cancel(order string, key []byte) (status int, body []byte, err error) {
	return c.post("/api/v1/orders/"+order+"/cancel", key, `{"reason":"bench"}`)
}

func (c *client) post(path string, key []byte, send string) (status int, body []byte, err error) {
	b := append(append(append(c.request[:0], "POST "...), path...), c.headers...)
	b = append(strconv.AppendInt(b, int64(len(send)), 10), "\r\nIdempotency-Key: "...)
	c.request = append(append(append(b, key...), "\r\n\r\n"...), send...)
	if err := c.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, nil, err
	}
	return c.answer()
}

var contentLength = []byte("Content-Length: ")

func (c *client) answer() (status int, body []byte, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, fmt.Errorf("status line %q: %w", line, err)
	}
	length := -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		if line = bytes.TrimSuffix(line, []byte("\r\n")); len(line) == 0 {
			break
		}
		if rest, ok := bytes.CutPrefix(line, contentLength); ok {
			if length, err = strconv.Atoi(string(rest)); err != nil {
				return 0, nil, fmt.Errorf("header %q: %w", line, err)
			}
		}
	}
	if length < 0 || length > 1<<16 {
		return 0, nil, fmt.Errorf("an answer %d of %d bytes; want a Content-Length of at most 64 KiB", status, length)
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.in, c.body)
	return status, c.body, err
}

// orderID is the id in an answer: its first member.
func orderID(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(id)
}
