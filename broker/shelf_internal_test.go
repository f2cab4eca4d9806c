package broker

import "testing"

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/#", "a/b/c", true},
		{"a/#", "a", true},
		{"a/#", "ab", false},
		{"a/+/c", "a/b/c", true},
		{"a/+/c", "a/b/d", false},
		{"a/+", "a/b/c", false},
		{"a/b/c", "a/b", false},
		{"a/+", "a/", true},
		{"a/b/", "a/b", false},
		{"#", "a", true},
	} {
		if got := matches(c.filter, c.topic); got != c.want {
			t.Errorf("%s and %s: %v", c.filter, c.topic, got)
		}
	}
}

func TestReadCommand(t *testing.T) {
	for topic, ok := range map[string]bool{
		"home/h/set/d/1/2": true, "home/h/action/d": true,
		"home/h/set/d/+1/2": false, "home/h/set/d/1": false, "home//set/d/1/2": false, "home/h/set//1/2": false,
		"home/h/set/d e/1/2": false, "home/h/action/d/1": false, "home/h/else/d": false, "": false, "/": false,
	} {
		if c := readCommand(topic, nil); (c.Fault == "") != ok {
			t.Errorf("%q: %+v", topic, c)
		}
	}
}

func FuzzReadCommand(f *testing.F) {
	f.Add("home/h/set/d/1/2")
	f.Add("home/h/action/d")
	f.Fuzz(func(t *testing.T, topic string) {
		c := readCommand(topic, nil)
		switch {
		case c.Fault != "":
		case c.Home == "" || !validDID(c.DID) || (c.SIID == 0) != (c.PIID == 0):
			t.Errorf("%q: %+v", topic, c)
		}
	})
}
