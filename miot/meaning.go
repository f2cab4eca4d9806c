package miot

// Meaning is what a code says, whichever family it is from. Certification compares meanings, not numbers.
type Meaning uint8

// The meanings of the catalogue's paragraph "Result codes", and those of §2 that it does not name.
const (
	MeaningUnknown Meaning = iota
	MeaningDone
	MeaningAccepted
	MeaningNotReadable
	MeaningNotWritable
	MeaningNotFound
	MeaningInternal
	MeaningValue
	MeaningArguments
	MeaningWrongDID
	MeaningState
	MeaningTimeout
	MeaningOffline
	MeaningParse
	MeaningInvalidRequest
	MeaningNoMethod
	MeaningInvalidParams
)

var meaningText = [...]string{
	"unknown code", "done", "accepted, result follows", "not readable", "not writable", "no such property, action or event",
	"internal error", "bad value", "bad argument", "wrong did", "not possible in the present state", "time-out", "device offline",
	"not JSON", "not a request", "no such method", "bad params",
}

// String is the meaning in words.
func (m Meaning) String() string {
	if int(m) < len(meaningText) {
		return meaningText[m]
	}
	return meaningText[MeaningUnknown]
}

var plainMeaning = map[Code]Meaning{
	CodeDone: MeaningDone, CodeAccepted: MeaningAccepted, CodeNotReadable: MeaningNotReadable, CodeNotWritable: MeaningNotWritable,
	CodeNotFound: MeaningNotFound, CodeInternal: MeaningInternal, CodeValue: MeaningValue, CodeArguments: MeaningArguments,
	CodeWrongDID: MeaningWrongDID, CodeParse: MeaningParse, CodeInvalidRequest: MeaningInvalidRequest,
	CodeNoMethod: MeaningNoMethod, CodeInvalidParams: MeaningInvalidParams,
}

// reasonMeaning reads the last three digits of -70xxxyzzz.
var reasonMeaning = map[int]Meaning{
	0: MeaningInternal, 1: MeaningWrongDID, 2: MeaningNotFound, 3: MeaningNotFound, 4: MeaningNotFound, 5: MeaningNotFound, 8: MeaningNotFound,
	11: MeaningOffline, 13: MeaningNotReadable, 23: MeaningNotWritable, 25: MeaningArguments, 35: MeaningArguments,
	36: MeaningTimeout, 43: MeaningValue, 100: MeaningState,
}

// Meaning reads a code of either family.
func (c Code) Meaning() Meaning {
	if c == CloudBadRequest {
		return MeaningInvalidRequest
	}
	if c.IsCloud() {
		return reasonMeaning[int(-c%1000)]
	}
	return plainMeaning[c]
}
