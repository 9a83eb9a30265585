package main

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// MIGRATION.md tells what takes the place of each exported function, type, method and option of the two.
func TestNothingOfTheOthersIsMissingInTheMigrationTables(t *testing.T) {
	text, err := os.ReadFile("../MIGRATION.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, table, _ := strings.Cut(section, "\n")
		name, ok := strings.CutPrefix(title, "From ")
		if !ok || strings.HasPrefix(name, "@") {
			continue
		}
		for _, want := range exported(t, "github.com/"+name) {
			if !regexp.MustCompile("\\b" + want + "\\b").MatchString(table) {
				t.Errorf("nothing takes the place of %s of %s", want, name)
			}
		}
	}
}

// exported returns what a package exports but for constants: functions, types, methods, and the fields of options.
func exported(t *testing.T, pkg string) (names []string) {
	t.Helper()
	list, err := exec.Command("go", "list", "-f", `{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}`, pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for name := range strings.Lines(string(list)) {
		file, err := parser.ParseFile(fset, strings.TrimSpace(name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	d, err := doc.NewFromFiles(fset, files, pkg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Funcs {
		names = append(names, f.Name)
	}
	for _, typ := range d.Types {
		names = append(names, typ.Name)
		for _, f := range typ.Funcs {
			names = append(names, f.Name)
		}
		for _, m := range typ.Methods {
			if m.Name != "Error" && m.Name != "String" {
				names = append(names, m.Name)
			}
		}
		names = append(names, fields(typ)...)
	}
	return names
}

// fields returns the exported fields of a type, unless it is an error.
func fields(typ *doc.Type) (names []string) {
	st, ok := typ.Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType)
	if !ok || strings.HasSuffix(typ.Name, "Error") {
		return nil
	}
	for _, field := range st.Fields.List {
		for _, n := range field.Names {
			names = append(names, n.Name)
		}
	}
	return names
}
