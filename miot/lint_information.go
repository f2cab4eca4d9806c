package miot

import "strings"

const (
	informationName  = "device-information"
	informationValue = "00007801"
)

// information is what service 1 has to hold (§1), in the order of its piids.
var information = []string{"manufacturer", "model", "serial-number", "firmware-revision"}

func (l *linter) information() {
	if len(l.spec.Services) == 0 {
		return
	}
	first := &l.spec.Services[0]
	u, err := first.URN()
	if first.IID != 1 || err != nil || u.Name != informationName || !strings.EqualFold(u.Value, informationValue) {
		l.find("MIOT-SVC-01", "/services/0", "the first service is %d %s, needs to be 1 %s:%s",
			first.IID, first.Name(), informationName, informationValue)
		return
	}
	for i, name := range information {
		p, ok := first.Property(i + 1)
		switch {
		case !ok:
			l.find("MIOT-SVC-02", "/services/0", "service 1 has no property 1.%d, %s", i+1, name)
		case p.Name() != name:
			l.find("MIOT-SVC-02", "/services/0", "property 1.%d is %s, needs to be %s", i+1, p.Name(), name)
		case !p.Readable():
			l.find("MIOT-SVC-03", "/services/0", "property 1.%d %s is not readable", i+1, name)
		}
	}
}
