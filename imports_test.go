package websocket_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/litert/websocket"

// mayImport says which packages of this module, and which others, a package may import beside the standard library. A
// pattern that ends in a slash stands for all below it. What is not listed may import nothing of that kind.
var mayImport = []struct {
	pkg     string
	imports []string
}{
	{"opcode", nil},
	{"closecode", nil},
	{"frame", []string{"opcode", "closecode"}},
	{"stream", []string{"opcode", "closecode", "frame", "internal/buffer", "internal/conf", "internal/deflate", "internal/gate", "internal/handshake", "internal/printable", "internal/transport", "golang.org/x/exp/constraints", "github.com/segmentio/asm/utf8"}},
	{"stream/streamtest", []string{"stream"}},
	{"dial", []string{"opcode", "closecode", "frame", "stream", "internal/", "golang.org/x/net/proxy"}},
	{"listen", []string{"opcode", "closecode", "frame", "stream", "internal/", "golang.org/x/exp/constraints"}},
	{"listen/xconnect", nil},
	{"internal/browser", []string{"opcode", "closecode", "frame"}},
	{"internal/gate", nil},
	{"internal/buffer", nil},
	{"internal/transport", []string{"internal/gate", "internal/buffer"}},
	{"internal/printable", nil},
	{"internal/osfile", nil},
	{"internal/filetest", nil},
	{"internal/size", nil},
	{"internal/draft", []string{"internal/osfile"}},
	{"internal/transfer", []string{"opcode", "closecode", "stream", "internal/draft", "internal/osfile", "internal/size"}},
	{"internal/deflate", []string{"github.com/klauspost/compress/flate"}},
	{"internal/wstest", []string{"opcode", "closecode", "frame", "internal/selfsigned", "internal/transport", "golang.org/x/net/http2/hpack"}},
	{"internal/conformance", []string{"stream", "dial", "listen", "listen/xconnect"}},
	{"internal/conformance/report", []string{"internal/conformance"}},
	{"internal/census", nil},
	{"internal/selfsigned", nil},
	{"internal/soak", []string{"opcode", "closecode", "stream", "dial", "listen", "listen/xconnect", "internal/census", "internal/selfsigned"}},
	{"internal/faults", []string{"opcode", "closecode", "frame", "stream", "dial", "listen", "listen/xconnect", "internal/census", "internal/selfsigned", "golang.org/x/sys/unix"}},
	{"internal/attack", []string{"opcode", "closecode", "frame", "stream", "dial", "listen", "internal/census", "internal/selfsigned", "internal/handshake"}},
	{"internal/", []string{"opcode", "closecode", "frame", "internal/"}},
	{"cmd/", []string{"opcode", "closecode", "frame", "stream", "dial", "listen", "listen/xconnect", "internal/draft", "internal/osfile", "internal/printable", "internal/selfsigned", "internal/size", "internal/transfer", "golang.org/x/term"}},
}

// testOnly are packages that only tests may import.
var testOnly = []string{"internal/wstest", "internal/filetest", "stream/streamtest"}

func matches(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return pkg == p || strings.HasSuffix(p, "/") && strings.HasPrefix(pkg, p)
	})
}

// Files for other systems count too, so this reads the files and not the build list.
func TestImportsGoInOneDirection(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(name, "go.mod")); name != "." && err == nil || strings.HasPrefix(d.Name(), ".") && name != "." {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		checkImports(t, filepath.ToSlash(name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 30 {
		t.Errorf("only %d files were read", files)
	}
}

func checkImports(t *testing.T, name string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	pkg := path.Dir(name)
	var allowed []string
	for _, rule := range mayImport {
		if matches(pkg, []string{rule.pkg}) {
			allowed = rule.imports
			break
		}
	}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
			continue // the standard library
		}
		own, _ := strings.CutPrefix(imported, module+"/")
		if !matches(own, allowed) {
			t.Errorf("%s: package %s must not import %s", name, pkg, own)
		}
		if matches(own, testOnly) {
			t.Errorf("%s: %s is for tests alone", name, own)
		}
	}
}

// Packages are initialised in the order of their paths, once what they import is: one that imports package os alone, and sorts
// before net/http, comes before it.
func TestWhatAnnouncesExtendedConnectComesBeforeNetHTTP(t *testing.T) {
	const pkg = "listen/xconnect"
	file, err := parser.ParseFile(token.NewFileSet(), pkg+"/xconnect.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Imports) != 1 || file.Imports[0].Path.Value != `"os"` || module+"/"+pkg >= "net/http" {
		t.Errorf("package %s of %s imports more than os, or sorts behind net/http", pkg, module)
	}
}

func TestTheRootPackageIsDocumentationAlone(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if len(file.Decls) > 0 || file.Doc == nil {
			t.Errorf("%s declares something, or has no documentation", name)
		}
	}
}

// Other WebSocket libraries are for package bench.
func TestNoOtherLibraryIsADependency(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"gorilla/websocket", "coder/websocket", "nhooyr.io/websocket", "gobwas/ws", "lxzan/gws"} {
		if strings.Contains(string(mod), other) {
			t.Errorf("go.mod requires %s", other)
		}
	}
}

func TestWhatTheModuleConsistsOf(t *testing.T) {
	for _, name := range []string{"go.mod", "go.sum", "README.md", "stream", "frame", "opcode", "closecode", "dial", "listen", "example_test.go"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}
