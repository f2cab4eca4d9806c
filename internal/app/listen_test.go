package app_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// A device gets in by each door: plain, TLS with the CA that the first start
// made, and WebSocket on the HTTP port.
func TestEveryListenerLetsADeviceIn(t *testing.T) {
	s := start(t)
	pem, err := os.ReadFile(filepath.Join(s.data, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	for did, url := range map[string]string{
		"by-tcp": "tcp://" + s.Addresses().MQTT,
		"by-tls": "ssl://" + s.Addresses().MQTTS,
		"by-ws":  "ws://" + s.Addresses().HTTP + "/mqtt",
	} {
		secret := s.purifier(did)
		c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(did).SetUsername(did).SetPassword(secret).
			SetTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}).SetAutoReconnect(false))
		if tok := c.Connect(); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
			t.Errorf("%s: %v", url, tok.Error())
			continue
		}
		tok := c.Publish("device/"+did+"/up/properties_changed", 1, false,
			`{"id":1,"method":"properties_changed","params":[{"did":"`+did+`","siid":3,"piid":1,"value":21}]}`)
		if !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
			t.Errorf("%s: report not acknowledged: %v", url, tok.Error())
		}
		var twin struct{ Reported []struct{ Value int } }
		s.call("GET", "/api/v1/devices/"+did+"/twin", nil, &twin)
		if len(twin.Reported) != 1 || twin.Reported[0].Value != 21 {
			t.Errorf("%s: twin %+v, want the one value 21", url, twin)
		}
		c.Disconnect(100)
	}
}

// The certificate made at the first start is kept, and made anew when it does
// not name what it should.
func TestTheCAStaysOverRestarts(t *testing.T) {
	s := start(t)
	before, err := os.ReadFile(filepath.Join(s.data, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", s.Addresses().MQTTS, &tls.Config{InsecureSkipVerify: true}) // only the certificate is looked at
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cert := conn.ConnectionState().PeerCertificates[0]
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if i, err := os.Stat(filepath.Join(s.data, "tls", "ca-key.pem")); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode of the CA's key: %v, want 0600", i.Mode())
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := start(t, s.data)
	after, err := os.ReadFile(filepath.Join(again.data, "tls", "ca.pem"))
	if err != nil || string(before) != string(after) {
		t.Errorf("the CA changed over a restart (%v): devices would have to be told", err)
	}
}

func TestWhoeverOpensTheAddressFindsTheFrontPage(t *testing.T) {
	s := start(t)
	resp, err := http.Get("http://" + s.Addresses().HTTP + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Request.URL.Path != "/" {
		t.Errorf("GET / ends at %s with %s", resp.Request.URL.Path, resp.Status)
	}
}
