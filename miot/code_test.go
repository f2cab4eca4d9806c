package miot

import (
	"strings"
	"testing"
)

func TestMeaning(t *testing.T) {
	for meaning, codes := range map[Meaning][]Code{
		MeaningDone: {0}, MeaningAccepted: {1},
		MeaningNotReadable: {-4001, -704030013}, MeaningNotWritable: {-4002, -704030023},
		MeaningNotFound: {-4003, -704040002, -704040003, -704040004, -704040005, -704220008},
		MeaningInternal: {-4004}, MeaningValue: {-4005, -704220043, -704224043},
		MeaningArguments: {-4006, -704220025, -704220035}, MeaningWrongDID: {-4007, -704042001},
		MeaningState: {-704053100}, MeaningTimeout: {-704083036, -704053036}, MeaningOffline: {-704042011},
		MeaningParse: {-32700}, MeaningInvalidRequest: {-32600}, MeaningNoMethod: {-32601}, MeaningInvalidParams: {-32602},
		MeaningUnknown: {2, -1, -4000, -4008, -9999, -704040999, -714040003, -7040003},
	} {
		for _, code := range codes {
			if got := code.Meaning(); got != meaning {
				t.Errorf("%d means %s, want %s", int(code), got, meaning)
			}
			if !strings.Contains(code.String(), meaning.String()) {
				t.Errorf("%d is written %s", int(code), code)
			}
		}
	}
}

func TestCloudKeepsTheMeaning(t *testing.T) {
	for _, code := range []Code{
		CodeDone, CodeAccepted, CodeNotReadable, CodeNotWritable, CodeNotFound, CodeInternal, CodeValue, CodeArguments, CodeWrongDID,
		CodeState, CloudOffline, CloudTimeout,
	} {
		for _, cloud := range []Code{code.Cloud(), code.CloudAction()} {
			if cloud.Meaning() != code.Meaning() || cloud < 0 && !cloud.IsCloud() {
				t.Errorf("%s becomes %s", code, cloud)
			}
		}
	}
	for code, want := range map[Code]Code{
		CodeNoMethod: CloudNoAction, CodeParse: CloudBadRequest, CodeInvalidParams: CloudArguments, -12345: CloudInternal,
	} {
		if got := code.Cloud(); got != want {
			t.Errorf("%s becomes %s, want %s", code, got, want)
		}
	}
	if CodeNotFound.CloudAction() != -704040005 || CodeNotFound.Cloud() != -704040003 {
		t.Error("a missing action and a missing property have codes of their own")
	}
}

func TestValidDID(t *testing.T) {
	for _, did := range []string{"a", "D", "aurora-00042", "1.2_3-4", "app", "apple", "xapp.", strings.Repeat("9", 50)} {
		if err := ValidDID(did); err != nil {
			t.Error(err)
		}
	}
	for _, did := range []string{"", strings.Repeat("9", 51), "app.7.x", "a b", "a/b", "a#", "+", "é", "a\x00", "a\n"} {
		if ValidDID(did) == nil {
			t.Errorf("%q was taken", did)
		}
	}
}
