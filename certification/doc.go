// Package certification is the programme: what happens between "my firmware is
// ready" and a certificate that anybody can check, and after it.
//
//	Submission ──screening──▶ Run … Run ──▶ review: evidence, waivers, two approvals
//	    ▲                                        │
//	    └──────── changes requested ─────────────┤
//	                                             ▼
//	                    Prepare ─▶ token ─▶ Issue ─▶ Certificate + leaf of the log
//	                                                     │
//	        suspend, reinstate, supersede, expire, withdraw, revoke: each a leaf too
//
// It owns the rules: the two tables of states (state.go), who may move what, and
// what must be true before a certificate is issued or goes on being valid. It
// refuses to issue anything that two people without a tie to the vendor have not
// approved on the evidence of one firmware and one release of the suite.
//
// Its sub-packages: suite judges devices, virtual is a device that exists in
// software only, translog is the log.
package certification
