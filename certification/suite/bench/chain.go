package bench

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	chainBits  = 4096
	chainBytes = 8 << 10
)

// chainKeys are made once in a process: three keys of 4096 bits take seconds.
var chainKeys = sync.OnceValues(func() (keys [3]*rsa.PrivateKey, err error) {
	for i := range keys {
		if keys[i], err = rsa.GenerateKey(rand.Reader, chainBits); err != nil {
			return keys, fmt.Errorf("key of %d bits: %w", chainBits, err)
		}
	}
	return keys, nil
})

// longChain is a lawful chain that a small device has trouble with: a server certificate and two intermediate ones, all with large keys,
// and as many names in the first as it takes to reach 8 KiB.
func (p *PKI) longChain() (*tls.Certificate, error) {
	keys, err := chainKeys()
	if err != nil {
		return nil, err
	}
	from, until := p.now.Add(-time.Hour), p.now.Add(year)
	signer, made := p.ca, tls.Certificate{PrivateKey: keys[2]}
	for i, name := range []string{"Proofmark bench intermediate A", "Proofmark bench intermediate B"} {
		cert, err := signer.sign(authorityTemplate(name, from, until), keys[i].Public())
		if err != nil {
			return nil, err
		}
		signer = authority{cert: cert, key: keys[i]}
		made.Certificate = append([][]byte{cert.Raw}, made.Certificate...)
	}
	names := append([]string(nil), p.names...)
	for size := 0; size < chainBytes; {
		cert, err := signer.sign(serverTemplate(names, from, until), keys[2].Public())
		if err != nil {
			return nil, err
		}
		size = len(cert.Raw) + len(made.Certificate[0]) + len(made.Certificate[1])
		if size >= chainBytes {
			made.Leaf = cert
		}
		for range 8 {
			names = append(names, fmt.Sprintf("%s-%d.%s.test", strings.Repeat("a", 40), len(names), strings.Repeat("b", 60)))
		}
	}
	made.Certificate = append([][]byte{made.Leaf.Raw}, made.Certificate...)
	return &made, nil
}
