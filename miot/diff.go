package miot

import "fmt"

// ChangeKind tells what happened to a part of a document.
type ChangeKind string

// The kinds of changes.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// Change is one difference between two versions of a document.
type Change struct {
	Pointer  string     `json:"pointer"` // into the new document, for what was removed into the old one
	Kind     ChangeKind `json:"kind"`
	Breaking bool       `json:"breaking"` // false: additive, or without effect on what is exchanged
	What     string     `json:"what"`     // such as "property 2.4 fan-level"
	Why      string     `json:"why"`      // why it breaks, or why it does not
}

// Changes is what Diff found, in the order of the iids.
type Changes []Change

// Additive tells whether a new version of the same product may make these changes (DECL-08). No change at all is additive.
func (c Changes) Additive() bool {
	for _, change := range c {
		if change.Breaking {
			return false
		}
	}
	return true
}

// Diff compares two versions of a document by DECL-08: a new version only adds, no iid, format, access, range or list is
// removed or changed. Parts are matched by iid; order, descriptions and unknown members break nothing.
func Diff(older, newer *Spec) Changes {
	var d differ
	d.device(older, newer)
	matchParts(&d, older.Services, newer.Services, "/services", "/services", func(s *Service) (int, string) {
		return s.IID, fmt.Sprintf("service %d %s", s.IID, s.Name())
	}, d.service)
	return d.changes
}

type differ struct{ changes Changes }

func (d *differ) breaks(kind ChangeKind, pointer, what, why string, args ...any) {
	d.changes = append(d.changes, Change{Pointer: pointer, Kind: kind, Breaking: true, What: what, Why: fmt.Sprintf(why, args...)})
}

func (d *differ) allows(kind ChangeKind, pointer, what, why string, args ...any) {
	d.changes = append(d.changes, Change{Pointer: pointer, Kind: kind, What: what, Why: fmt.Sprintf(why, args...)})
}

func (d *differ) device(older, newer *Spec) {
	d.description(older.Description, newer.Description, "", "document")
	d.extra(older.Extra, newer.Extra, "", "document")
	a, errA := older.URN()
	b, errB := newer.URN()
	switch {
	case errA != nil || errB != nil:
		if older.Type != newer.Type {
			d.breaks(Changed, "/type", "device type", "was %s, is %s: not comparable, one is no URN", older.Type, newer.Type)
		}
	case !a.Same(b):
		d.breaks(Changed, "/type", "device type", "was %s:%s, is %s:%s: another kind of device is another product", a.Name, a.Value, b.Name, b.Value)
	case a.Model != b.Model:
		d.breaks(Changed, "/type", "device type", "model was %s, is %s: another model is another product", a.Model, b.Model)
	case a.Template != b.Template:
		d.breaks(Changed, "/type", "device type", "template was %q, is %q: another template is another product", a.Template, b.Template)
	case b.Version < a.Version:
		d.breaks(Changed, "/type", "device type", "version was %d, is %d: versions count up", a.Version, b.Version)
	case b.Version > a.Version:
		d.allows(Changed, "/type", "device type", "version was %d, is %d", a.Version, b.Version)
	}
}

// matchParts pairs two lists by iid: first what is gone, then what stayed or came, in the new order.
func matchParts[T any](d *differ, older, newer []T, oldPointer, newPointer string,
	name func(*T) (iid int, what string), both func(older, newer *T, oldPointer, newPointer, what string),
) {
	before := map[int]int{}
	for i := range older {
		iid, _ := name(&older[i])
		before[iid] = i
	}
	after := map[int]bool{}
	for i := range newer {
		iid, _ := name(&newer[i])
		after[iid] = true
	}
	for i := range older {
		if iid, what := name(&older[i]); !after[iid] {
			d.breaks(Removed, at(oldPointer, i), what, "an app that uses it finds nothing there")
		}
	}
	for i := range newer {
		iid, what := name(&newer[i])
		if j, ok := before[iid]; ok {
			both(&older[j], &newer[i], at(oldPointer, j), at(newPointer, i), what)
			continue
		}
		d.allows(Added, at(newPointer, i), what, "an app that does not know it misses nothing")
	}
}

// String is the change in one line.
func (c Change) String() string {
	effect := "additive"
	if c.Breaking {
		effect = "breaking"
	}
	return fmt.Sprintf("%s %s: %s %s: %s", effect, c.Kind, c.Pointer, c.What, c.Why)
}
