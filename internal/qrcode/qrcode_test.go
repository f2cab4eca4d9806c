package qrcode

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

// What is drawn is what was encoded, module by module.
func TestADrawnCodeHasTheModulesOfTheEncodedOne(t *testing.T) {
	run := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
	for _, text := range []string{"", "x", "https://proofmark.example/claim?did=aurora.pure1.7b2k9qv0x1m4t8az&code=7B2K-9QV0-X1M4-T8AZ", strings.Repeat("ü", 1000)} {
		want, err := qr.Encode(text, qr.M)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Of(text)
		if err != nil || c.Side != want.Size+2*quiet {
			t.Fatalf("side %d, %v", c.Side, err)
		}
		black := map[[2]int]bool{}
		for _, m := range run.FindAllStringSubmatch(c.Path, -1) {
			var n [4]int
			for i := range n {
				n[i], _ = strconv.Atoi(m[i+1]) // digits
			}
			if n[2] != n[3] {
				t.Errorf("a run of %d that goes back %d", n[2], n[3])
			}
			for i := range n[2] {
				black[[2]int{n[0] + i, n[1]}] = true
			}
		}
		if rest := run.ReplaceAllString(c.Path, ""); rest != "" {
			t.Errorf("the path also has %q", rest)
		}
		for y := range c.Side {
			for x := range c.Side {
				inside := x >= quiet && y >= quiet && x < c.Side-quiet && y < c.Side-quiet
				if black[[2]int{x, y}] != (inside && want.Black(x-quiet, y-quiet)) {
					t.Fatalf("module %d,%d of %q is wrong", x, y, text)
				}
			}
		}
	}
}

func TestATextThatIsTooLongHasNoCode(t *testing.T) {
	if _, err := Of(strings.Repeat("x", 2332)); err == nil || !strings.Contains(err.Error(), "2332 bytes") {
		t.Errorf("it says %v", err)
	}
}
