// Package miot speaks MIoT-Spec-V2: the documents that describe a gadget, and the messages it exchanges with the gateway.
//
// It owns the model (Spec, Service, Property, Action, Event, URN, Value), the linter, the comparison of two versions, the
// compiled Validator that judges every reported value, the message codec and the result codes. It imports nothing of ours
// and knows neither MQTT nor storage: bytes come in, judgements come out.
//
// The flow of a document: Parse → Lint → Compile; Diff for a new version.
// The flow of a report:   ParseReport → Validator.CheckReport per item → stored by others, or RefuseProperty.
// The flow of a command:  GetProperties/SetProperties/InvokeAction (SplitGet, SplitSet) → device → ParseResponse.
//
// What it refuses: documents over 1 MiB or nested deeper than 64, messages that are not exactly one UTF-8 JSON object,
// members named twice. What it tolerates: unknown members everywhere, null lists, malformed URNs (Lint reports them).
//
// "§" in comments refers to docs/protocol.md; DECL-nn to the certification catalogue.
package miot
