package virtual

import "bytes"

func init() {
	breed(
		Mutant{
			Name: "tells-another-version", Cases: []string{"OTA-01", "READ-06"},
			Sentence: "its firmware-revision is not the version of the image",
			Behaviour: Behaviour{Answer: func(_, answer []byte) []byte {
				return bytes.Replace(answer, []byte(`"siid":1,"piid":4,"code":0,"value":"`), []byte(`"siid":1,"piid":4,"code":0,"value":"dev-`), 1)
			}},
		},
		Mutant{
			Name: "update-erases", Cases: []string{"OTA-02"},
			Sentence:  "an update brings all settings back to their defaults",
			Behaviour: Behaviour{LosesSettings: true},
		},
		Mutant{
			Name: "installs-damaged", Cases: []string{"OTA-03"},
			Sentence:  "it compares no hash and installs a damaged image",
			Behaviour: Behaviour{NoHash: true},
		},
		Mutant{
			Name: "installs-foreign", Cases: []string{"OTA-04"},
			Sentence:  "it verifies no signature and installs anybody's image",
			Behaviour: Behaviour{NoSignature: true},
		},
		Mutant{
			Name: "installs-old", Cases: []string{"OTA-05"},
			Sentence:  "it installs a version below the security floor",
			Behaviour: Behaviour{NoFloor: true},
		},
		Mutant{
			Name: "bricks", Cases: []string{"OTA-06"},
			Sentence:  "a power cut during an update leaves it dead for 20 min",
			Behaviour: Behaviour{Bricks: true},
		},
		Mutant{
			Name: "gives-up-downloading", Cases: []string{"OTA-07"},
			Sentence:  "a download that breaks off fails the update",
			Behaviour: Behaviour{NoRetry: true},
		},
		Mutant{
			Name: "downloads-from-anybody", Cases: []string{"OTA-08"},
			Sentence:  "it installs what comes from a server that TLS does not validate",
			Behaviour: Behaviour{NoValidation: true},
		},
	)
}
