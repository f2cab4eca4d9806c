// Package web is what people see: server-rendered pages, one style sheet, and no
// request that leaves the site.
//
// A page is a plain struct of what it shows, a template in templates/ and a
// function that fills the struct for a request. The struct needs no database, so
// every page also stands in the story book (stories.go), which is what the tests
// in a browser look at.
//
//	request → handler → page struct → Site.Render → layout.html + page.html → bytes
//
// It refuses inline scripts and styles (the Content-Security-Policy does), text
// outside the catalogue of words, and to decide: rules live in the domain.
package web
