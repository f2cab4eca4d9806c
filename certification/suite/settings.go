package suite

import (
	"slices"

	"github.com/proofmark/proofmark/miot"
)

// settings are what a case may change and should put back.
type settings []miot.PropertyValue

// settings reads all that is readable, writable and not unsafe. It judges
// nothing: READ does, and a device that does not answer fails what comes next.
func (t *T) settings() settings {
	var refs []miot.PropertyRef
	for _, p := range t.Rules.Properties() {
		if p.Readable && p.Writable && !t.Declaration.Unsafe(p.SIID, p.PIID) {
			refs = append(refs, t.Ref(p.SIID, p.PIID))
		}
	}
	var out settings
	for _, part := range t.split(refs) {
		r := t.Ask(miot.MethodGetProperties, miot.GetProperties(0, part).Params)
		if r.R == nil || len(r.R.Results) != len(part) {
			return out
		}
		for i, res := range r.R.Results {
			p, _ := t.Rules.Property(part[i].SIID, part[i].PIID)
			if _, bad := p.Check(res.Value); res.Code == miot.CodeDone && bad == nil {
				out = append(out, t.Val(p.SIID, p.PIID, res.Value))
			}
		}
	}
	return out
}

// restore puts settings back, so that the device is left as it was found.
func (t *T) restore(before settings) {
	if !t.Wire.Ready || t.last == nil {
		return
	}
	// What bars others is written last; the second round is for what was barred
	// in the first.
	slices.SortStableFunc(before, func(a, b miot.PropertyValue) int { return t.bars(a) - t.bars(b) })
	for range 2 {
		changed := t.changed(before, t.settings())
		parts, err := miot.SplitSet(changed, t.Declaration.MaxItems, t.Declaration.MaxPayload)
		if err != nil || len(parts) == 0 {
			return
		}
		for _, part := range parts {
			if t.Ask(miot.MethodSetProperties, miot.SetProperties(0, part).Params).R == nil {
				return
			}
		}
		t.complete(changed)
		if len(t.Declaration.Exclusions) == 0 {
			return
		}
	}
}

// complete waits for deferred writes, which would else happen in the next case.
func (t *T) complete(wrote settings) {
	wrote = slices.DeleteFunc(slices.Clone(wrote), func(v miot.PropertyValue) bool {
		return !slices.Contains(t.Declaration.Deferred, MemberName(v.SIID, v.PIID))
	})
	for latest := t.now + DeferredLimit; t.now < latest && len(t.changed(wrote, t.settings())) > 0; {
		t.Idle(pollEvery, nil)
	}
}

// changed are those settings that are other ones now.
func (t *T) changed(before, now settings) settings {
	return slices.DeleteFunc(slices.Clone(before), func(b miot.PropertyValue) bool {
		return slices.ContainsFunc(now, func(n miot.PropertyValue) bool {
			if n.SIID != b.SIID || n.PIID != b.PIID {
				return false
			}
			v, _ := miot.DecodeValue(n.Value)
			w, _ := miot.DecodeValue(b.Value)
			return v.Equal(w)
		})
	})
}

// bars is 1 for a property on which an exclusion depends.
func (t *T) bars(v miot.PropertyValue) int {
	for _, e := range t.Declaration.Exclusions {
		if _, ok := e.While[MemberName(v.SIID, v.PIID)]; ok {
			return 1
		}
	}
	return 0
}
