package suite

// members are the results of an expanded case (⟂) whose members are worked on by
// turns. [T.Each] is for those that are worked on one after the other.
type members struct {
	t     *T
	order []*Result
	by    map[string]*Result
	over  map[string]bool // stopped: nothing more is judged
}

func (t *T) members() *members {
	return &members{t: t, by: make(map[string]*Result), over: make(map[string]bool)}
}

// in judges a part of a member. What run does with Stop, Skip or NotApplicable
// ends the member; later parts of it are not run.
func (m *members) in(member string, run func()) {
	if m.over[member] {
		return
	}
	t := m.t
	r := m.by[member]
	if r == nil {
		r = &Result{Case: t.result.Case, Member: member, Attempt: t.result.Attempt, First: t.seq()}
		m.by[member] = r
		m.order = append(m.order, r)
	}
	outer := t.result
	t.result = r
	defer func() {
		r.Last = t.seq()
		t.result = outer
		if p := recover(); p == any(stopped{}) {
			m.over[member] = true
		} else if p != nil {
			panic(p)
		}
	}()
	run()
}

// close gives the verdicts, in the order in which the members were begun.
func (m *members) close() {
	for _, r := range m.order {
		r.settle()
		m.t.results = append(m.t.results, r)
	}
}
