// Package demo is the sample world: people, their organisations, and products on
// their way through the programme, made by the same calls as anybody's.
//
//	people → organisations → products → submission → recorded runs → two approvals
//	       → certificate → campaigns → orders → factory → shipments → claims → a fleet in homes
//
// It owns who lives there and the recordings of the purifier's runs: the whole
// catalogue with its day of soak, made in virtual time by the recorder
// (certification/rig, -record) and judged again here. It refuses nothing and is
// allowed nothing: what a rule forbids, the sample world cannot show.
package demo
