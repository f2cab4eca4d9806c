package media_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/media"
)

var everything = []media.Kind{
	media.PDF, media.PNG, media.JPEG, media.WebP, media.Text, media.Markdown, media.JSON, media.SPDX, media.CycloneDX,
	media.ZIP, media.Gzip, media.Pcap, media.PcapNG, media.PEM, media.Firmware,
}

func pngOf(w, h int) string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)))
	return b.String()
}

func jpegOf(w, h int) string {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil)
	return b.String()
}

// webp is one pixel, VP8L.
var webp = func() string {
	b, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		panic(err)
	}
	return string(b)
}()

func pdfOf(objects string) string {
	return "%PDF-1.7\n" + objects + "\ntrailer << /Root 1 0 R >>\n%%EOF\n"
}

func packed(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

func streamOf(dictionary, data string) string {
	return fmt.Sprintf("5 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj", dictionary, len(data), data)
}

func zipOf(entries ...string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, _ := z.Create(entries[i])
		_, _ = io.WriteString(w, entries[i+1])
	}
	_ = z.Close()
	return b.String()
}

func gzipOf(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

var privateKey = func() string {
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}()

const certificate = "a line of words\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

func TestWhatIsTaken(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          media.Media
	}{
		{"report.pdf", pdfOf("1 0 obj\n<< /Type /Catalog /OpenAction [2 0 R /Fit] >>\nendobj"), media.Media{Kind: media.PDF}},
		{"streams.pdf", pdfOf(streamOf("/Filter /FlateDecode", packed("BT (hello) Tj ET")) + streamOf("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", packed("1 0 << /Type /Page >>"))), media.Media{Kind: media.PDF}},
		{"Front View.PNG", pngOf(3, 2), media.Media{Kind: media.PNG, Width: 3, Height: 2}},
		{"a.jpeg", jpegOf(5, 4), media.Media{Kind: media.JPEG, Width: 5, Height: 4}},
		{"a.webp", webp, media.Media{Kind: media.WebP, Width: 1, Height: 1}},
		{"notes.txt", "1 < 2, \x1b[1mbold\x1b[0m, नमस्ते\n", media.Media{Kind: media.Text}},
		{"क्ष\u200d.md", "# Title\n\nwith `<script>` as a word\n", media.Media{Kind: media.Markdown}},
		{"a.json", "\n{\"a\": 1}", media.Media{Kind: media.JSON}},
		{"a.json", "[]", media.Media{Kind: media.JSON}},
		{"bom.json", `{"bomFormat": "CycloneDX", "specVersion": "1.6"}`, media.Media{Kind: media.CycloneDX}},
		{"x.cdx.json", `{"bomFormat":"CycloneDX"}`, media.Media{Kind: media.CycloneDX}},
		{"x.spdx.json", `{"spdxVersion": "SPDX-2.3"}`, media.Media{Kind: media.SPDX}},
		{"x.spdx.json", `{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}`, media.Media{Kind: media.SPDX}},
		{"a.zip", zipOf("a/b.txt", "hello", "index.html", "<html>"), media.Media{Kind: media.ZIP}},
		{"log.txt.gz", gzipOf("hello"), media.Media{Kind: media.Gzip}},
		{"a.pcap", "\xd4\xc3\xb2\xa1" + strings.Repeat("\x00", 20), media.Media{Kind: media.Pcap}},
		{"a.pcapng", "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a" + strings.Repeat("\x00", 16), media.Media{Kind: media.PcapNG}},
		{"chain.pem", certificate, media.Media{Kind: media.PEM}},
		{"v2.1.bin", "\x00\x01\x02 anything, <script> too", media.Media{Kind: media.Firmware}},
		{"packed.img", gzipOf("squash"), media.Media{Kind: media.Firmware}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := media.Inspect(c.name, strings.NewReader(c.content), int64(len(c.content)), everything)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("taken as %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	js := "<< /S /JavaScript /JS (app.alert(1)) >>"
	good := pngOf(1, 1)
	for _, c := range []struct {
		what, name, content string
		rule                media.Rule
	}{
		{"no name", "", "x", media.RuleName},
		{"a path", "../../etc/passwd.txt", "x", media.RuleName},
		{"a path of another system", `C:\x.txt`, "x", media.RuleName},
		{"a line break in the name", "a\r\nSet-Cookie: x.txt", "x", media.RuleName},
		{"a name that reads backwards", "exe\u202efdp.txt", "x", media.RuleName},
		{"a hidden name", ".htaccess.txt", "x", media.RuleName},
		{"a name that ends with a space", "a.txt ", "x", media.RuleName},
		{"a name that is not UTF-8", "\xff.txt", "x", media.RuleName},
		{"a long name", strings.Repeat("a", 200) + ".txt", "x", media.RuleName},
		{"no extension", "README", "x", media.RuleExtension},
		{"a program", "setup.pdf.exe", "MZ", media.RuleExtension},
		{"a page", "page.html", "<html>", media.RuleExtension},
		{"a drawing", "logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", media.RuleExtension},
		{"nothing", "a.txt", "", media.RuleEmpty},
		{"too much text", "a.txt", strings.Repeat("a", 4<<20+1), media.RuleSize},

		{"a page called text", "a.txt", " \r\n\t<HTML><body>", media.RuleMarkup},
		{"a page behind a byte order mark", "a.md", "\ufeff<!doctype html>", media.RuleMarkup},
		{"a comment first", "a.txt", "<!-- x --><script>alert(1)</script>", media.RuleMarkup},
		{"a drawing called a picture", "logo.png", "<svg onload='alert(1)'/>", media.RuleMarkup},
		{"XML called JSON", "a.json", "<?xml version='1.0'?><x/>", media.RuleMarkup},
		{"a page called firmware", "a.bin", "<script>alert(1)</script>", media.RuleMarkup},
		{"a page called a PDF", "a.pdf", "<html>%PDF-1.7", media.RuleMarkup},

		{"a picture called a PDF", "a.pdf", good, media.RuleMismatch},
		{"a PDF called text", "a.txt", pdfOf(""), media.RuleMismatch},
		{"a JPEG called PNG", "a.png", jpegOf(1, 1), media.RuleMismatch},
		{"a PDF called firmware", "a.bin", pdfOf(""), media.RuleMismatch},
		{"words called JSON", "a.json", "hello", media.RuleMismatch},
		{"words called PEM", "a.pem", "hello", media.RuleMismatch},
		{"JSON called an SBOM", "a.spdx.json", `{"spdxVersion":3}`, media.RuleMismatch},
		{"one SBOM called another", "a.spdx.json", `{"bomFormat":"CycloneDX"}`, media.RuleMismatch},

		{"text in another encoding", "a.txt", "caf\xe9", media.RuleText},
		{"UTF-16", "a.txt", "\xff\xfeh\x00", media.RuleText},
		{"text with NUL", "a.md", "a\x00b", media.RuleText},
		{"broken JSON", "a.json", `{"a":}`, media.RuleBroken},
		{"JSON and then more", "a.json", `{} {}`, media.RuleBroken},
		{"half a PEM block", "a.pem", certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n", media.RuleBroken},
		{"a private key", "a.pem", certificate + privateKey, media.RulePrivateKey},

		{"half a picture", "a.png", good[:20], media.RuleBroken},
		{"a picture cut at its end", "a.png", good[:len(good)-4], media.RuleBroken},
		{"a picture with something behind it", "a.png", good + zipOf("a", "b"), media.RulePolyglot},
		{"a WebP with something behind it", "a.webp", webp + "PK", media.RulePolyglot},
		{"a picture that is a page too", "a.jpg", jpegOf(1, 1)[:2] + "\xff\xfe\x00\x20<script>alert(1)</script>......" + jpegOf(1, 1)[2:], media.RulePolyglot},
		{"too many pixels a side", "a.png", pngOf(10_001, 1), media.RulePicture},
		{"too many pixels", "a.png", pngOf(8000, 5001), media.RulePicture},

		{"a PDF that is a page too", "a.pdf", pdfOf("% <ScRiPt>alert(1)</script>"), media.RulePolyglot},
		{"a PDF that breaks off", "a.pdf", "%PDF-1.7\n1 0 obj", media.RuleBroken},
		{"a PDF with script", "a.pdf", pdfOf("1 0 obj << /OpenAction " + js + " >> endobj"), media.RuleScript},
		{"script under an escaped name", "a.pdf", pdfOf("1 0 obj << /S /J#61vaScri#70t >> endobj"), media.RuleScript},
		{"script in a tree of names", "a.pdf", pdfOf("1 0 obj << /Names << /JavaScript 7 0 R >> >> endobj"), media.RuleScript},
		{"script behind a stream that does not end", "a.pdf", pdfOf("(\nstream\n " + js), media.RuleScript},
		{"a program to start", "a.pdf", pdfOf("1 0 obj << /S/Launch/F(cmd.exe) >> endobj"), media.RuleScript},
		{"script in an object stream", "a.pdf", pdfOf(streamOf("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", packed("1 0 << /JS (x) >>"))), media.RuleScript},
		{"script in an object stream in the open", "a.pdf", pdfOf(streamOf("/Type /ObjStm /N 1 /First 4", "1 0 << /JS (x) >>")), media.RuleScript},
		{"script in what only some take for an object stream", "a.pdf", pdfOf(streamOf("/N 1 /First 4 /Filter /FlateDecode", packed(strings.Repeat(" ", 65531)+js))), media.RuleScript},
		{"an object stream behind a comment", "a.pdf", pdfOf(streamOf("/Type /Obj#53tm % 6 0 obj\n/Filter /FlateDecode", packed("1 0 << /XFA 1 >>"))), media.RuleScript},
		{"an object stream packed otherwise", "a.pdf", pdfOf(streamOf("/Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode]", "3c3c>")), media.RuleEncrypted},
		{"an object stream that cannot be unpacked", "a.pdf", pdfOf(streamOf("/Type /ObjStm /Filter /FlateDecode", "nothing")), media.RuleBroken},
		{"a PDF under a password", "a.pdf", pdfOf("trailer << /Encrypt 9 0 R >>"), media.RuleEncrypted},

		{"a broken ZIP", "a.zip", zipOf("a", "b")[:10], media.RuleBroken},
		{"a ZIP that climbs out", "a.zip", zipOf("x/../../etc/cron.d/x", "b"), media.RuleArchive},
		{"a ZIP from the root", "a.zip", zipOf("/etc/passwd", "b"), media.RuleArchive},
		{"a ZIP with a drive", "a.zip", zipOf("C:x", "b"), media.RuleArchive},
		{"a ZIP that explodes", "a.zip", zipOf("a", strings.Repeat("\x00", 4<<20)), media.RuleArchive},
		{"a broken gzip", "a.gz", "\x1f\x8b\x08\xff", media.RuleBroken},
		{"half a capture", "a.pcap", "\xd4\xc3\xb2\xa1", media.RuleBroken},
		{"a capture of no byte order", "a.pcapng", "\x0a\x0d\x0d\x0a" + strings.Repeat("\x00", 24), media.RuleBroken},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := media.Inspect(c.name, strings.NewReader(c.content), int64(len(c.content)), everything)
			var r *media.Refusal
			if !errors.As(err, &r) {
				t.Fatalf("error is %v, want a refusal under %s", err, c.rule)
			}
			if r.Rule != c.rule {
				t.Errorf("refused under %s, want %s: %v", r.Rule, c.rule, err)
			}
			if r.Name != c.name || len(err.Error()) > 400 {
				t.Errorf("the message does not suit a reader: %v", err)
			}
		})
	}
}

func TestOnlyWhatTheCallerAcceptsIsTaken(t *testing.T) {
	sbom := `{"bomFormat":"CycloneDX"}`
	for _, c := range []struct {
		name, content string
		accept        []media.Kind
		kind          media.Kind
		rule          media.Rule
	}{
		{"a.txt", "x", media.Pictures, "", media.RuleNotAccepted},
		{"bom.json", sbom, media.SBOMs, media.CycloneDX, ""},
		{"bom.json", sbom, []media.Kind{media.JSON}, media.JSON, ""},
		{"bom.json", `{}`, media.SBOMs, "", media.RuleMismatch},
		{"x.cdx.json", sbom, []media.Kind{media.JSON}, "", media.RuleNotAccepted},
		{"x.cdx.json", `{}`, everything, "", media.RuleMismatch},
	} {
		got, err := media.Inspect(c.name, strings.NewReader(c.content), int64(len(c.content)), c.accept)
		var r *media.Refusal
		if errors.As(err, &r) && r.Rule == c.rule || c.rule == "" && err == nil && got.Kind == c.kind {
			continue
		}
		t.Errorf("%s among %v: %+v, %v; want kind %q or rule %q", c.name, c.accept, got, err, c.kind, c.rule)
	}
}

type dying struct{ io.ReaderAt }

var errDisk = errors.New("the disk is gone")

func (d dying) ReadAt(p []byte, off int64) (int, error) {
	if off == 0 && len(p) <= 1024 {
		return d.ReaderAt.ReadAt(p, off)
	}
	return 0, errDisk
}

func TestAnErrorOfTheDiskIsNoRefusal(t *testing.T) {
	content := strings.Repeat("a", 5000)
	_, err := media.Inspect("a.txt", dying{strings.NewReader(content)}, int64(len(content)), everything)
	var r *media.Refusal
	if !errors.Is(err, errDisk) || errors.As(err, &r) {
		t.Errorf("error is %v", err)
	}
}

func TestEveryKindHasALimitAndAType(t *testing.T) {
	for _, k := range everything {
		if k.Limit() <= 0 || k.Type() == "" || strings.Contains(k.Type(), "html") || strings.Contains(k.Type(), "svg") {
			t.Errorf("%s: limit %d, type %q", k, k.Limit(), k.Type())
		}
	}
	if got := media.Limit(media.Documents); got != media.ZIP.Limit() {
		t.Errorf("the documents' limit is %d", got)
	}
}

// FuzzInspect holds every reader against foreign bytes: nothing panics, each
// refusal names a rule, and what is taken does not begin as a page.
func FuzzInspect(f *testing.F) {
	f.Add("a.pdf", []byte(pdfOf(streamOf("/Type /ObjStm /Filter /FlateDecode", packed("1 0 << /Type /Page >>")))))
	f.Add("a.png", []byte(pngOf(2, 2)))
	f.Add("a.jpg", []byte(jpegOf(2, 2)))
	f.Add("a.webp", []byte(webp))
	f.Add("a.zip", []byte(zipOf("a/b", "c")))
	f.Add("a.gz", []byte(gzipOf("x")))
	f.Add("a.pcapng", []byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a"))
	f.Add("a.pem", []byte(certificate))
	f.Add("a.spdx.json", []byte(`{"spdxVersion":"SPDX-2.3"}`))
	f.Add("a.txt", []byte("<html>"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		got, err := media.Inspect(name, bytes.NewReader(content), int64(len(content)), everything)
		var r *media.Refusal
		switch {
		case err == nil && (got.Kind == "" || len(content) == 0 || int64(len(content)) > got.Kind.Limit()):
			t.Errorf("%q of %d bytes taken as %+v", name, len(content), got)
		case err == nil && bytes.HasPrefix(bytes.TrimSpace(content), []byte("<!")):
			t.Errorf("a page was taken as %s", got.Kind)
		case err != nil && (!errors.As(err, &r) || r.Rule == ""):
			t.Errorf("error %v is no refusal", err)
		}
	})
}
