// Package pages measures the site as people use it: the sample world of `serve --demo` on SQLite, and users who open every page
// that they can reach by links, each with its own session.
//
// One run: serve → wait for the sample world → crawl as nobody and as each of its people → 50 users open a page each at even
// intervals → the time from sending a request to the last byte of its page, by page.
package pages
