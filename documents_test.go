package websocket_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents returns the text of each document for people, by its name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for _, pattern := range []string{"*.md", "*/README.md", "docs/*.md", "examples/*/README.md", "examples/*/*/README.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(text)
		}
	}
	return texts
}

var goBlock = regexp.MustCompile("(?s)\n```go\n(.*?)\n```\n")

// What is shown as Go is a whole program, which can be copied, formatted as gofmt does.
func TestTheProgramsOfTheDocumentsCompile(t *testing.T) {
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{make(map[string]string)} // files that the go command sees in root
	var packages []string
	for name, text := range documents(t) {
		for i, block := range goBlock.FindAllStringSubmatch(text, -1) {
			program := block[1] + "\n"
			if formatted, err := format.Source([]byte(program)); err != nil || string(formatted) != program {
				t.Errorf("%s, program %d is not formatted: %v", name, i, err)
			}
			pkg := fmt.Sprintf("%s-%d", strings.ReplaceAll(filepath.ToSlash(name), "/", "-"), i)
			file := filepath.Join(dir, pkg+".go")
			if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
				t.Fatal(err)
			}
			overlay.Replace[filepath.Join(root, "documents", pkg, "main.go")] = file
			packages = append(packages, "./documents/"+pkg)
		}
	}
	if len(packages) < 3 {
		t.Errorf("there are only %d programs", len(packages))
	}
	files, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, files, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", append([]string{"build", "-buildvcs=false", "-overlay", list}, packages...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links lead to files, headings of documents, and names of packages that there are.
func TestTheLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	texts := documents(t)
	exported := make(map[string]map[string]bool)
	for name, text := range texts {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target := match[1]
			if site, ok := strings.CutPrefix(target, "https://pkg.go.dev/"+module+"/"); ok {
				pkg, symbol, _ := strings.Cut(site, "#")
				if exported[pkg] == nil {
					exported[pkg] = exportedNames(t, pkg)
				}
				if !exported[pkg][symbol] {
					t.Errorf("%s: package %s has no %s", name, pkg, symbol)
				}
				continue
			}
			if strings.Contains(target, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			if file == "" {
				file = filepath.Base(name)
			}
			file = filepath.Join(filepath.Dir(name), file)
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if anchor != "" && !anchors(texts[file])[anchor] {
				t.Errorf("%s: %s has no heading %s", name, file, anchor)
			}
		}
	}
}

// exportedNames returns the functions, types, methods, fields, variables and constants of a package, and the empty name.
func exportedNames(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	names := map[string]bool{"": true}
	files, err := filepath.Glob(filepath.Join(pkg, "*.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("there is no package %s", pkg)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			addNames(names, decl)
		}
	}
	return names
}

func addNames(names map[string]bool, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		names[receiverOf(d)+d.Name.Name] = ast.IsExported(d.Name.Name)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = n.IsExported()
				}
			case *ast.TypeSpec:
				names[s.Name.Name] = s.Name.IsExported()
				if st, ok := s.Type.(*ast.StructType); ok {
					for _, field := range st.Fields.List {
						for _, n := range field.Names {
							names[s.Name.Name+"."+n.Name] = n.IsExported()
						}
					}
				}
			}
		}
	}
}

// receiverOf returns the name of the type that a method is of, and a dot, or nothing for a function.
func receiverOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	return t.(*ast.Ident).Name + "."
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors returns the names of the headings of a document, as GitHub makes them.
func anchors(text string) map[string]bool {
	names := make(map[string]bool)
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		names[strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-")] = true
	}
	return names
}

func TestTheREADMENamesEachProgram(t *testing.T) {
	text := documents(t)["README.md"]
	programs, err := filepath.Glob("examples/*/main.go")
	if err != nil || len(programs) < 8 {
		t.Errorf("there are %d programs, %v", len(programs), err)
	}
	for _, name := range programs {
		if command := "`go run -C examples ./" + filepath.Base(filepath.Dir(name)); !strings.Contains(text, command) {
			t.Errorf("the README has no %s", command)
		}
	}
}

var (
	figuresInREADME = regexp.MustCompile(`(?m)^\| (\w+) \|.*\| ([^|]*) \| ([^|]*) \((\w+)\) \|$`)
	headOfFigures   = regexp.MustCompile(`(?m)^\| job \| unit \|(.*)\|$`)
)

// The README has ten rows of the tables of bench.
func TestTheFiguresOfTheREADMEAreThoseOfBench(t *testing.T) {
	texts := documents(t)
	tables := texts[filepath.Join("bench", "README.md")]
	libraries := strings.Split(headOfFigures.FindStringSubmatch(tables)[1], "|")
	figure := func(job, library string) string {
		cells := regexp.MustCompile(`(?m)^\| ` + job + ` \| \w+ \|(.*)\|$`).FindStringSubmatch(tables)
		for i, name := range libraries {
			if cells != nil && strings.TrimSpace(name) == library {
				return strings.Trim(strings.Split(cells[1], "|")[i], " *")
			}
		}
		return "nothing"
	}
	rows := figuresInREADME.FindAllStringSubmatch(texts["README.md"], -1)
	if len(rows) != 10 {
		t.Errorf("there are %d rows", len(rows))
	}
	for _, row := range rows {
		job, mine, others, best := row[1], row[2], row[3], row[4]
		if want := figure(job, "litert"); mine != want {
			t.Errorf("%s: %s, where bench has %s", job, mine, want)
		}
		if want := figure(job, best); others != want {
			t.Errorf("%s: %s of %s, where bench has %s", job, others, best, want)
		}
	}
}
