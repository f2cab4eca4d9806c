package local

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/proofmark/proofmark/certification/suite"
)

// Init writes a declaration to start from, and says what is left to answer. It
// never writes over one.
func Init(spec, path string, w io.Writer) error {
	if spec == "" {
		return errors.New("needs --spec FILE, the MIoT-Spec-V2 document of the device")
	}
	_, parsed, err := readSpec(spec)
	if err != nil {
		return err
	}
	text, err := suite.InitDeclaration(parsed)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and is not written over", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "wrote %s: fill in what ends with a colon, then\n  proofmark test --spec %s --declaration %s\n", path, spec, path)
	return err
}
