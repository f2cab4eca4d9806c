package web

import (
	"bytes"
	"html/template"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown makes HTML of what startups write: paragraphs, headings below those of
// the page, lists, emphasis, quotes, code and links. HTML in it is left out,
// pictures become their words (a page asks no other site for anything), and links
// say that they are not ours.
func markdown(below int) goldmark.Markdown {
	return goldmark.New(goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(tame{below}, 100))))
}

var (
	inSection = markdown(2)
	inPage    = markdown(1)
)

// tame changes what must not stand in a page as it was written. Headings come below
// one of the page, of the level that it names.
type tame struct{ below int }

// Transform implements parser.ASTTransformer.
func (t tame) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var pictures []*ast.Image
	level := t.below                                                            // of the heading before: that of the page
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function gives no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			level = max(t.below+1, min(n.Level+t.below, level+1, 6)) // below the page's, and none left out
			n.Level = level
		case *ast.Link:
			n.SetAttributeString("rel", []byte("nofollow noopener noreferrer ugc"))
		case *ast.AutoLink:
			n.SetAttributeString("rel", []byte("nofollow noopener noreferrer ugc"))
		case *ast.Image:
			pictures = append(pictures, n)
		}
		return ast.WalkContinue, nil
	})
	for _, p := range pictures {
		words := ast.NewString(p.Text(reader.Source())) //nolint:staticcheck // the words of all that is in it, which is what we want
		p.Parent().ReplaceChild(p.Parent(), p, words)
	}
}

// prose is the HTML of a text in Markdown that stands in a section of a page.
func prose(source string) template.HTML { return proseOf(inSection, source) }

// article is that of one which is all that its page says.
func article(source string) template.HTML { return proseOf(inPage, source) }

// proseOf leaves to goldmark what it does by itself: raw HTML and dangerous links are
// left out.
func proseOf(m goldmark.Markdown, source string) template.HTML {
	var b bytes.Buffer
	if err := m.Convert([]byte(source), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(source)) // a buffer takes all
	}
	return template.HTML(b.String())
}
