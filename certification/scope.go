package certification

import (
	"slices"
	"strings"
)

// What a case shows is either of the platform (the radio module and the firmware
// that its maker shares among models: TLS, MQTT, reconnection, the updater) or of
// the product. A new model on a certified platform inherits the first and shows the
// second (class F). In doubt a case is of the product.
var (
	platformCases = strings.Fields(`
		CONN-01 CONN-02 CONN-03 CONN-04 CONN-05 CONN-06 CONN-07 CONN-08 CONN-09 CONN-10 CONN-11
		SESS-01 SESS-02 SESS-03 SESS-04 SESS-05 SESS-06 SESS-07 SESS-08 SESS-09 SESS-10 SESS-11 SESS-13
		TOPIC-05 TIME-05 QOS-01 QOS-02 QOS-04 QOS-05 ROB-09 ROB-10 OTA-03 OTA-04 OTA-05 OTA-08
		NET-01 NET-02 NET-03 NET-04 NET-06 SOAK-03`)
	productCases = strings.Fields(`
		DECL-01 DECL-02 DECL-03 DECL-04 DECL-05 DECL-06 DECL-07 DECL-08
		SESS-12 TOPIC-01 TOPIC-02 TOPIC-03 TOPIC-04
		READ-01 READ-02 READ-03 READ-04 READ-05 READ-06 READ-07
		WRITE-01 WRITE-02 WRITE-03 WRITE-04 WRITE-05 WRITE-06 WRITE-07 WRITE-08 WRITE-09 WRITE-10 WRITE-11 WRITE-12 WRITE-13 WRITE-14
		NOTIFY-01 NOTIFY-02 NOTIFY-03 NOTIFY-04 NOTIFY-05 NOTIFY-06 NOTIFY-07
		ACT-01 ACT-02 ACT-03 ACT-04 ACT-05 ACT-06 EVT-01 EVT-02 EVT-03 EVT-04
		TIME-01 TIME-02 TIME-03 TIME-04 QOS-03 ROB-01 ROB-02 ROB-03 ROB-04 ROB-05 ROB-06 ROB-07 ROB-08 ROB-11
		OTA-01 OTA-02 OTA-06 OTA-07
		SEC-01 SEC-02 SEC-03 SEC-04 SEC-05 SEC-06 SEC-07 SEC-08 SEC-09 SEC-10
		LIFE-01 LIFE-02 LIFE-03 LIFE-04 NET-05 SOAK-01 SOAK-02 SOAK-04 SOAK-05`)
)

// OfPlatform says whether a case shows something of the platform only.
func OfPlatform(id string) bool { return slices.Contains(platformCases, id) }

// OfProduct says whether a case shows something of the product.
func OfProduct(id string) bool { return slices.Contains(productCases, id) }
