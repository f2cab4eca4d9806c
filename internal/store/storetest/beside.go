package storetest

import "database/sql"

// Beside opens a SQLite file that a service has open, to write what no rule of ours
// lets through. It waits for the service's lock, which a plain connection would fail on.
func Beside(path string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
}
