// What crypto/x509 of the Go that built it says about chains: a situation a line on standard
// input, an answer a line on standard output, both JSON.
package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

type situation struct {
	Chain, Roots [][]byte
	Name, Time   string
}

// The paths as certificates of the situation: chain[1], or root where it was not sent. About is
// the certificate in the error value, in the same words.
type answer struct {
	Text  string
	About string
	Paths [][]string
}

func place(sent [][]byte, certificate *x509.Certificate) string {
	if certificate == nil {
		return ""
	}
	for index, octets := range sent {
		if bytes.Equal(octets, certificate.Raw) {
			return fmt.Sprintf("chain[%d]", index)
		}
	}
	return "root"
}

func about(err error) *x509.Certificate {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		return unknown.Cert
	case errors.As(err, &invalid):
		return invalid.Cert
	case errors.As(err, &host):
		return host.Certificate
	}
	return nil
}

func judge(s situation) answer {
	roots, sent := x509.NewCertPool(), x509.NewCertPool()
	for _, file := range s.Roots {
		roots.AppendCertsFromPEM(file)
	}
	var certificates []*x509.Certificate
	for _, octets := range s.Chain {
		certificate, err := x509.ParseCertificate(octets)
		if err != nil {
			return answer{Text: err.Error()}
		}
		certificates = append(certificates, certificate)
	}
	for _, certificate := range certificates[1:] {
		sent.AddCert(certificate)
	}
	now, err := time.Parse(time.RFC3339, s.Time)
	if err != nil {
		panic(err)
	}
	paths, err := certificates[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: sent, DNSName: s.Name, CurrentTime: now,
	})
	if err != nil {
		return answer{Text: err.Error(), About: place(s.Chain, about(err))}
	}
	var found [][]string
	for _, path := range paths {
		var places []string
		for _, certificate := range path {
			places = append(places, place(s.Chain, certificate))
		}
		found = append(found, places)
	}
	return answer{Paths: found}
}

func main() {
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	if len(os.Args) > 1 && os.Args[1] == "-version" {
		answers.Encode(runtime.Version())
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	for lines.Scan() {
		var s situation
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			panic(err)
		}
		answers.Encode(judge(s))
	}
}
