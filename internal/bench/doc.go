// Package bench measures the gateway, and any other MQTT broker, with one load generator in one run.
//
// It owns what every bench shares: the result that `--json` prints, its table, medians, the latency histogram. The benches
// are the packages below it:
//
//	wire         an MQTT client for load, framed by mochi's codec
//	device       a bench device: logs in, subscribes, answers what the gateway asks
//	report       properties_changed reports with legal values of a spec
//	target       the brokers under load: our gateway, bare mochi, mosquitto, or one given by URL
//	ingest       QoS 1 reports, acknowledged ones counted; Verify for tests that kill the server
//	connections  memory and rate of idle connections
//	rtt          command round trips
//	start        exec to ready, and memory then
//	progress     requests for the progress of a campaign, and its changes to many who watch
//	orders       orders of one hot campaign over HTTP, against a transaction for every order
//
// The flow of a bench: open the targets → for each round, for each target: run, settle → medians → ratios.
//
// It refuses load to any address but loopback (package wire makes that a type), more than the bounds that the benches state,
// and figures that were not measured: a rate counts acknowledgements received, never messages sent.
package bench
