// Package broker is the gateway's MQTT side: it lets devices and home apps in,
// takes what devices report, delivers what apps watch, and says who is online.
//
// It owns connections, logins, topics, acknowledgements and deliveries. It refuses
// to know SQL, HTTP routes and what a report means: for that it has a [Backend]
// and, for each device, a registry.Session. mochi-mqtt takes the CONNECT and lends
// its codec; docs/decisions/0003-mochi-behind-our-hooks.md says why no more.
//
// The flow of a connection:
//
//	accept → TLS → CONNECT (mochi, our hook) → Backend.Login… → gate: the session
//	before it is gone → CONNACK → Backend.Attach → read, read, read … → Detach
//
// The flow of a report:
//
//	PUBLISH → Session.Report → (commit) → settle → PUBACK, gathered per commit
//
// The flow of a delivery:
//
//	bus device.<did>.changed → watchIndex → flow of each app → wire, which never blocks
//
// The flow of a bridge's command:
//
//	PUBLISH home/… → Bridges.Command → done(Outcome) → settle → PUBACK with its code
//
// # What is answered to whom breaks a rule
//
// Each is counted by rule ([Stats].Refused) and logged with the client id. A v3
// client is never told: MQTT 3.1.1 has no DISCONNECT from the server.
//
//	rule               what                                           v5         v3
//	connection-limit   listener full                                  closed     closed
//	connect-rate       one address connects too often                 closed     closed
//	connect-timeout    no CONNECT within 10 s, TLS included           closed     closed
//	tls-handshake      failed                                         alert      alert
//	connect            CONNECT against MQTT, unknown version          CONNACK    CONNACK 1, 2, 5
//	client-id          not a did                                      0x85       2
//	will               on a topic that is not the device's own        0x87       5
//	login              unknown or wrong secret; id ≠ user name        0x86 0x87  4, 5
//	                   quarantined                                    0x8A       5
//	unavailable        the Backend cannot tell now                    0x88       3
//	second-connect     CONNECT in a session                           0x82       closed
//	auth               AUTH packet                                    0x82       closed
//	unexpected-packet  one that only a server sends                   0x82       closed
//	malformed          against the packet formats, bad UTF-8          0x81 0x82  closed
//	packet-size        larger than announced (64 KiB)                 0x95       closed
//	wildcard-topic     + or # in a publish                            0x90       closed
//	dollar-topic       publish on $…                                  0x90       closed
//	foreign-topic      publish on another's topic                     0x87       closed
//	                   publish on an unknown topic of its own         0x90       closed
//	topic-alias        any: the announced maximum is 0                0x94       closed
//	retain             publish with RETAIN                            0x9A       closed
//	app-publish        publish by an app                              0x87       closed
//	command            by a bridge, that is not done: see [Bridges]    PUBACK     PUBACK
//	                   by one whose token has ended                   0x87       closed
//	receive-maximum    more unacknowledged than announced (256)       0x93       reading pauses;
//	                                                                             256 unreleased QoS 2: closed
//	rate               more than 1,000 packets a second               reading pauses, nothing is lost
//	foreign-filter     filter for what it may not see                 SUBACK 87  SUBACK 80
//	bad-filter         against MQTT; shared subscription              8F 9E      SUBACK 80
//	                   subscription identifier                        0xA1       n/a
//	filter-count       more than 4,096                                SUBACK 97  SUBACK 80
//	too-slow           does not read: 8 MiB wait for an app, 256 KiB  0x97       closed
//	                   for a device, or 10 s without a byte moving
//
// Other endings: replaced 0x8E, keep-alive missed 0x8D, credential revoked or token ended
// 0x87, removed 0x98, a home left 0x98, gateway stopping 0x8B, report not stored 0x80.
package broker
