package demo

import (
	"image/color"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// listing is a campaign of the sample world.
type listing struct {
	title, tagline, alt string
	body, wall, floor   color.RGBA
	price, retail       int64 // paise
	target, stock       int64
	opens, closes       time.Duration // from when it is made; one that opens before was approved before
	sells               int64         // units, as soon as it is open
	variants            []string
}

const (
	day    = 24 * time.Hour
	rupees = 100
	brief  = 2 * time.Minute // what is left of a campaign that a visitor sees end
)

// funded is the campaign that reaches its target before the eyes of a visitor.
var funded = &listings[1]

// pilot is the campaign whose units are in homes: their fleet runs.
var pilot = listing{
	title: "Aurora One: the pilot dozen", tagline: "Twelve purifiers, made first, for those who told us what to mend", alt: "A blue air purifier with a green ring before a green wall",
	body: color.RGBA{120, 160, 208, 255}, wall: color.RGBA{206, 226, 200, 255}, floor: color.RGBA{150, 130, 110, 255},
	price: 9_999 * rupees, retail: 17_499 * rupees, target: 12, stock: 12, opens: -3 * time.Hour, closes: 20 * time.Second, sells: 12,
}

var listings = []listing{
	{
		title: "Aurora One: clean air for every home", tagline: "A quiet purifier that tells the truth about its air", alt: "A white air purifier with a green ring in a sunny room",
		body: color.RGBA{236, 238, 240, 255}, wall: color.RGBA{250, 226, 190, 255}, floor: color.RGBA{196, 148, 104, 255},
		price: 12_999 * rupees, retail: 17_499 * rupees, target: 500, stock: 1_200, opens: -day, closes: 21 * day, sells: 318,
		variants: []string{"Snow", "Graphite"},
	},
	{
		title: "Aurora One: the first thousand breaths", tagline: "The first batch, for those who did not want to wait", alt: "A dark air purifier with a green ring before a blue wall",
		body: color.RGBA{70, 78, 88, 255}, wall: color.RGBA{176, 206, 232, 255}, floor: color.RGBA{120, 126, 140, 255},
		price: 11_499 * rupees, retail: 17_499 * rupees, target: 60, stock: 90, opens: -2 * time.Hour, closes: brief, sells: 78,
	},
	{
		title: "Aurora One: the gold edition", tagline: "The same purifier, in gold: an idea that few shared", alt: "A golden air purifier with a green ring before a violet wall",
		body: color.RGBA{214, 178, 94, 255}, wall: color.RGBA{214, 196, 232, 255}, floor: color.RGBA{110, 90, 120, 255},
		price: 49_999 * rupees, target: 400, opens: -2 * time.Hour, closes: brief, sells: 23,
	},
	{
		title: "Aurora One for classrooms", tagline: "Two rooms, thirty children, one filter a year", alt: "A green air purifier with a green ring before a yellow wall",
		body: color.RGBA{150, 196, 164, 255}, wall: color.RGBA{252, 236, 170, 255}, floor: color.RGBA{170, 160, 130, 255},
		price: 21_999 * rupees, retail: 26_999 * rupees, target: 250, stock: 500, opens: 5 * day, closes: 35 * day,
	},
}

const story = `## Why we build it

Bad air is invisible, and most purifiers ask you to believe them. Aurora One measures what it breathes in and what it breathes
out, and shows both in your home app: in micrograms, not in smileys.

## What is in it

- A HEPA filter that is changed in a minute, without tools
- A particle sensor with its own fan, which does not guess
- 28 dB(A) at night, 64 dB(A) when somebody burns the toast

## What you can check yourself

The purifier is **certified**: every requirement was tested on the very firmware that is in the box, and the certificate stands
in a public log. When the devices are delivered, the same checks go on in your homes.
`

const risks = `The tools for the housing are ordered and paid. A delay at the filter's maker would move the hand-over by up to four
weeks. If we miss the promised day, you may cancel and get everything back.`

func (l *listing) draft(now time.Time) campaigns.Draft {
	d := campaigns.Draft{
		Title: l.title, Category: "air", Regions: []string{"IN"}, Price: l.price, RetailPrice: l.retail, Currency: "INR",
		TargetUnits: l.target, StockLimit: l.stock, PerBackerLimit: 10, Spares: l.target / 20,
		OpensAt: now.Add(l.opens), ClosesAt: now.Add(l.closes),
		Ship:     campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 60},
		Schedule: campaigns.Schedule{{When: campaigns.AdvanceAtSuccess, Share: 3_000}},
		Page: campaigns.Page{Tagline: l.tagline, Story: story, Risks: risks, FAQ: []campaigns.Question{
			{Ask: "What happens if the target is missed?", Answer: "Everybody gets everything back, by itself and to the same account."},
			{Ask: "Does it work without the cloud?", Answer: "The buttons do. What the app shows comes over the gateway."},
			{Ask: "How long is there new firmware?", Answer: "Until the end of 2099, as our submission states."},
		}},
	}
	for _, name := range l.variants {
		d.Variants = append(d.Variants, campaigns.Variant{Name: name})
	}
	return d
}
