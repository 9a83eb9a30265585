//go:build interop

package interop_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown returns the block of a language in docs/deploying.md, with something else in the places of what is replaced, which
// must be in it: pairs of the two.
func shown(t *testing.T, language string, replaced ...string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/deploying.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)\n```"+language+"\n(.*?\n)```\n").FindAllSubmatch(text, -1)
	if len(blocks) != 1 {
		t.Fatalf("deploying.md has %d blocks of %s, want 1", len(blocks), language)
	}
	block := string(blocks[0][1])
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(block, replaced[i]) {
			t.Fatalf("%s in deploying.md has no\n%s", language, replaced[i])
		}
		block = strings.ReplaceAll(block, replaced[i], replaced[i+1])
	}
	return block
}

// What stands for addresses and files in deploying.md.
const (
	shownCertificate = "/etc/ssl/example.pem"
	shownNode1       = "127.0.0.1:8080"
	shownNode2       = "127.0.0.1:8081"
)

// startNginx starts nginx at addr, in front of one node or two; with TLS, if there is a certificate.
func startNginx(t *testing.T, addr, certificate string, nodes ...string) {
	const secure = "listen 443 ssl http2;\n\t\tssl_certificate     " + shownCertificate + ";\n\t\tssl_certificate_key " + shownCertificate + ";\n"
	listens := "listen " + addr + ";\n"
	if certificate != "" {
		listens = strings.NewReplacer("443", addr, shownCertificate, certificate).Replace(secure)
	}
	var servers strings.Builder
	for _, n := range nodes {
		servers.WriteString("server " + n + " max_fails=0;\n")
	}
	place := tempDir(t)
	own := "http {\n\taccess_log off;\n"
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		own += "\t" + name + "_temp_path " + filepath.Join(place, name) + ";\n"
	}
	conf := shown(t, "nginx", secure, listens, "http {\n", own, "server "+shownNode1+" max_fails=0;\n\t\tserver "+shownNode2+" max_fails=0;\n", servers.String())
	start(t, exec.Command("nginx", "-e", "stderr", "-p", place, "-c", writeFile(t, "nginx.conf", conf),
		"-g", "daemon off; master_process off; error_log stderr; pid "+filepath.Join(place, "pid")+";"))
}

// startHAProxy is startNginx for HAProxy.
func startHAProxy(t *testing.T, addr, certificate string, nodes ...string) {
	if certificate != "" {
		addr += " ssl crt " + certificate + " alpn h2,http/1.1"
	}
	runHAProxy(t, addr, "", nodes...)
}

// runHAProxy has HAProxy listen at addr, and connect to the nodes, in the ways that its configuration says behind both.
func runHAProxy(t *testing.T, addr, toNode string, nodes ...string) {
	var servers strings.Builder
	for i, n := range nodes {
		servers.WriteString("\tserver node" + string(rune('1'+i)) + " " + n + " check inter 1s " + toNode + "\n")
	}
	conf := shown(t, "haproxy", "maxconn 100000", "maxconn 1000",
		"bind :443 ssl crt "+shownCertificate+" alpn h2,http/1.1", "bind "+addr,
		"\tserver node1 "+shownNode1+" check inter 1s\n\tserver node2 "+shownNode2+" check inter 1s\n", servers.String())
	start(t, exec.Command("haproxy", "-db", "-f", writeFile(t, "haproxy.cfg", conf)))
}

// startCaddy is startNginx for Caddy.
func startCaddy(t *testing.T, addr, certificate string, nodes ...string) {
	program, err := exec.LookPath("caddy")
	if err != nil {
		t.Skip("there is no caddy (the script .ci/run installs it)")
	}
	site, certificates := "http://"+addr, ""
	if certificate != "" {
		site, certificates = "https://"+addr, "tls "+certificate+" "+certificate
	}
	conf := shown(t, "caddyfile", "example.com", site, "tls "+shownCertificate+" "+shownCertificate, certificates,
		shownNode1+" "+shownNode2, strings.Join(nodes, " "))
	conf = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + conf
	start(t, exec.Command(program, "run", "--adapter", "caddyfile", "--config", writeFile(t, "Caddyfile", conf)))
}

// buildNode builds the node of deploying.md, and returns the program.
func buildNode(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]map[string]string{"Replace": {filepath.Join(root, "documents", "node", "main.go"): writeFile(t, "main.go", shown(t, "go"))}}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "node")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-overlay", writeFile(t, "overlay.json", string(list)), "-o", program, "./documents/node")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
