package store

import (
	"context"
	"database/sql"
	"sync"
)

// prepared is a dbgen.DBTX that prepares each query once. pgx does so by itself;
// modernc's driver compiles the text at every call otherwise, which costs more
// than most of our statements take to run.
//
// Statements run to their end even if ctx is cancelled: modernc starts a
// goroutine per statement to watch a context, and ours are short.
type prepared struct {
	from interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
}

func (p *prepared) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	s := p.stmts[query]
	p.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.stmts[query]; s != nil {
		return s, nil
	}
	s, err := p.from.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if p.stmts == nil {
		p.stmts = make(map[string]*sql.Stmt)
	}
	p.stmts[query] = s
	return s, nil
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = context.WithoutCancel(ctx)
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = context.WithoutCancel(ctx)
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		// A sql.Row cannot be made with an error of ours; asking again brings it out.
		return p.rowOf(ctx, query, args)
	}
	return s.QueryRowContext(ctx, args...)
}

func (p *prepared) rowOf(ctx context.Context, query string, args []any) *sql.Row {
	return p.from.(interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}).QueryRowContext(ctx, query, args...)
}

func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stmts {
		_ = s.Close()
	}
	p.stmts = nil
}
