package websocket_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// public are the packages whose documentation has examples, and which are to show what they have.
var public = []string{"opcode", "closecode", "frame", "stream", "stream/streamtest", "dial", "listen"}

// notCalled are methods that programs do not call themselves, and what does. Examples have their results.
var notCalled = map[string]string{
	"Error": "fmt", "Is": "errors.Is", "As": "errors.As", "Unwrap": "errors.Is", "Timeout": "errors.As, as a method of net.Error",
	"String": "fmt", "MarshalText": "encoding/json", "UnmarshalText": "encoding/json",
	"ReadFrom": "io.Copy", "WriteTo": "io.Copy",
}

// On the documentation site a reader finds a function by an example that uses it, of whatever package.
func TestEveryFunctionIsInAnExample(t *testing.T) {
	e := loadExamples(t)
	for _, pkg := range public {
		functions := functionsOf(e.imported(t, pkg))
		for _, name := range slices.Sorted(maps.Keys(functions)) {
			if fn := functions[name]; !e.used[fn] && notCalled[fn.Name()] == "" {
				t.Errorf("%s is in no example", name)
			}
		}
	}
}

// The documentation site shows examples of functions, types and methods, but not those of variables. One without output
// is not run.
func TestExamplesAreShownAndRun(t *testing.T) {
	e := loadExamples(t)
	if len(e.examples) < 40 {
		t.Errorf("only %d examples were found", len(e.examples))
	}
	for _, example := range e.examples {
		if example.Output == "" && !example.EmptyOutput {
			t.Errorf("Example%s of %s has no output", example.Name, example.pkg)
		}
		if !e.shows(t, example) {
			t.Errorf("Example%s of %s is of no function, type or method", example.Name, example.pkg)
		}
	}
}

// An example is one of a package.
type example struct {
	*doc.Example
	pkg string // as in public; "." is the root
}

// examples are all examples of the module, and what they use.
type examples struct {
	types.Importer
	fset     *token.FileSet
	examples []example
	used     map[*types.Func]bool
}

// loadExamples returns the examples of the module, which it looks for once.
func loadExamples(t *testing.T) *examples {
	t.Helper()
	e, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var loaded = sync.OnceValues(findExamples)

// findExamples finds the examples, and resolves what stands in them. What other tests of their packages need does not
// matter.
func findExamples() (*examples, error) {
	e := &examples{fset: token.NewFileSet(), used: make(map[*types.Func]bool)}
	tests := make(map[string][]*ast.File)
	imports := make(map[string]bool)
	for _, dir := range append([]string{"."}, public...) {
		imports[path.Join(module, dir)] = true
		var err error
		if tests[dir], err = e.parse(dir); err != nil {
			return nil, err
		}
		for _, file := range tests[dir] {
			for _, spec := range file.Imports {
				name, _ := strconv.Unquote(spec.Path.Value)
				imports[name] = true
			}
		}
	}
	built, err := exports(imports)
	if err != nil {
		return nil, err
	}
	e.Importer = importer.ForCompiler(e.fset, "gc", built)
	for dir, files := range tests {
		info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
		config := types.Config{Importer: e, Error: func(error) {}} // of what only tests may see
		config.Check(dir+"_test", e.fset, files, info)
		for _, found := range doc.Examples(files...) {
			e.examples = append(e.examples, example{found, dir})
			e.uses(found, info)
		}
	}
	return e, nil
}

// parse returns the files of the external tests in dir.
func (e *examples) parse(dir string) (files []*ast.File, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		file, err := parser.ParseFile(e.fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(file.Name.Name, "_test") {
			files = append(files, file)
		}
	}
	return files, nil
}

// uses adds the functions and methods that are used in what the site shows of an example: with what it needs of its file,
// if that makes a program.
func (e *examples) uses(example *doc.Example, info *types.Info) {
	shown := example.Code
	if example.Play != nil {
		shown = example.Play
	}
	ast.Inspect(shown, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			if fn, ok := info.Uses[name].(*types.Func); ok {
				e.used[fn.Origin()] = true
			}
		}
		return true
	})
}

func (e *examples) imported(t *testing.T, pkg string) *types.Package {
	t.Helper()
	p, err := e.Import(path.Join(module, pkg))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shows reports whether the site shows the example: "", "F", "T" and "T_M" are of the package, of a function, a type and a
// method, with a suffix in lower case behind them if there are several.
func (e *examples) shows(t *testing.T, example example) bool {
	t.Helper()
	name := example.Name
	if i := strings.LastIndex(name, "_"); i >= 0 && i+1 < len(name) && unicode.IsLower(rune(name[i+1])) {
		name = name[:i]
	}
	if name == "" {
		return true
	}
	pkg := e.imported(t, example.pkg)
	if typeName, method, ok := strings.Cut(name, "_"); ok {
		return functionsOf(pkg)[pkg.Name()+"."+typeName+"."+method] != nil
	}
	switch pkg.Scope().Lookup(name).(type) {
	case *types.TypeName, *types.Func:
		return true
	}
	return false
}

// functionsOf returns the exported functions and methods of pkg, by names as "stream.Conn.Receive". Those of interfaces
// belong to what implements them.
func functionsOf(pkg *types.Package) map[string]*types.Func {
	all := make(map[string]*types.Func)
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		if fn, ok := object.(*types.Func); ok {
			all[pkg.Name()+"."+name] = fn
		}
		if named, ok := object.Type().(*types.Named); ok && object == named.Obj() {
			for method := range named.Methods() {
				if method.Exported() {
					all[pkg.Name()+"."+name+"."+method.Name()] = method
				}
			}
		}
	}
	return all
}

// exports returns where the compiler has put what the packages export, and all that they import.
func exports(packages map[string]bool) (importer.Lookup, error) {
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}
	args = slices.AppendSeq(args, maps.Keys(packages))
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = fmt.Errorf("go list: %s", failed.Stderr)
		}
		return nil, err
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[name] = file
	}
	return func(name string) (io.ReadCloser, error) {
		if files[name] == "" {
			return nil, fmt.Errorf("%s is not built", name)
		}
		return os.Open(files[name])
	}, nil
}
