package simulator

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// row names one kept document.
type row struct{ kind, ref string }

// Kinds of rows.
const (
	kindOrder   = "order"   // with its payments and refunds
	kindEvent   = "event"   // until it is delivered or given up
	kindSetting = "setting" // keys, clock, faults, bank
)

// keeper is the file: documents by kind and name. Everything that became dirty
// while one transaction was under way is the next transaction.
type keeper struct {
	db       *sql.DB
	put, del *sql.Stmt
}

func openKeeper(file string) (*keeper, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	// NORMAL: what was answered survives a kill, and may be lost with the power;
	// there is no money in it, and a hundred thousand refunds are not worth as many syncs.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "page_size(8192)", "journal_mode(WAL)", "synchronous(NORMAL)", "locking_mode(EXCLUSIVE)", "wal_autocheckpoint(8192)",
		"cache_size(-131072)", // 128 MB: the pages of a hundred thousand orders
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	k := &keeper{db: db}
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS kept (kind TEXT NOT NULL, ref TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, ref)) STRICT, WITHOUT ROWID`)
	if err == nil {
		k.put, err = db.Prepare(`INSERT INTO kept (kind, ref, body) VALUES (?, ?, ?) ON CONFLICT (kind, ref) DO UPDATE SET body = excluded.body`)
	}
	if err == nil {
		k.del, err = db.Prepare(`DELETE FROM kept WHERE kind = ? AND ref = ?`)
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return k, nil
}

// load calls f with each kept document, in the order of kind and ref.
func (k *keeper) load(f func(r row, body []byte) error) error {
	rows, err := k.db.Query(`SELECT kind, ref, body FROM kept ORDER BY kind, ref`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		var body []byte
		if err := rows.Scan(&r.kind, &r.ref, &body); err != nil {
			return err
		}
		if err := f(r, body); err != nil {
			return fmt.Errorf("%s %s: %w", r.kind, r.ref, err)
		}
	}
	return rows.Err()
}

// write stores the documents in one transaction; one without a body is removed.
func (k *keeper) write(docs map[row][]byte) error {
	tx, err := k.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	put, del := tx.Stmt(k.put), tx.Stmt(k.del)
	// In the order of the key, neighbours share a page.
	for _, r := range slices.SortedFunc(maps.Keys(docs), func(a, b row) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.ref, b.ref))
	}) {
		body := docs[r]
		if body == nil {
			_, err = del.Exec(r.kind, r.ref)
		} else {
			_, err = put.Exec(r.kind, r.ref, body)
		}
		if err != nil {
			return fmt.Errorf("keep %s %s: %w", r.kind, r.ref, err)
		}
	}
	return tx.Commit()
}

func (k *keeper) close() error { return k.db.Close() }

// batch is one transaction in the making: done is closed after it, with err.
type batch struct {
	done chan struct{}
	err  error
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

// wait returns once what the batch holds is stored; at once without a batch.
func (b *batch) wait(ctx context.Context) error {
	if b == nil {
		return nil
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keep marks a document as changed (nil: gone). p.mu is held.
func (p *PSP) keep(kind, ref string, doc any) {
	p.dirty[row{kind, ref}] = doc
	signal(p.changed)
}

// stored is the batch after which everything that can be seen now is stored.
// p.mu is held.
func (p *PSP) stored() *batch {
	if len(p.dirty) != 0 {
		return p.next
	}
	return p.writing
}

// rewrite is how long after a failure storing is tried again.
const rewrite = time.Second

// writeAll is the loop that stores, until ctx ends; then once more.
func (p *PSP) writeAll(ctx context.Context) {
	for {
		select {
		case <-p.changed:
		case <-ctx.Done():
			_ = p.writeOnce() // logged
			return
		}
		for p.writeOnce() != nil {
			select {
			case <-time.After(rewrite):
			case <-ctx.Done():
				_ = p.writeOnce() // logged
				return
			}
		}
	}
}

func (p *PSP) writeOnce() error {
	p.mu.Lock()
	if len(p.dirty) == 0 {
		p.mu.Unlock()
		return nil
	}
	taken := p.dirty
	docs := make(map[row][]byte, len(taken))
	b := p.next
	for r, doc := range taken {
		if doc == nil {
			docs[r] = nil
			continue
		}
		body, err := json.Marshal(doc)
		if err != nil {
			panic(fmt.Sprintf("simulator: %s %s cannot be JSON: %v", r.kind, r.ref, err)) // only our own types are kept
		}
		docs[r] = body
	}
	p.dirty, p.writing, p.next = make(map[row]any), b, newBatch()
	p.mu.Unlock()

	b.err = p.keeper.write(docs)

	p.mu.Lock()
	p.writing = nil
	if b.err != nil {
		p.log.Error("the payment simulator cannot store", "documents", len(docs), "err", b.err)
		for r, doc := range taken {
			if _, newer := p.dirty[r]; !newer {
				p.dirty[r] = doc
			}
		}
	}
	p.mu.Unlock()
	close(b.done)
	return b.err
}

// signal wakes a loop that may be awake.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
