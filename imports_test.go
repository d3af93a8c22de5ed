package parley_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// floors are the house from the ground up. A package imports only what lies on a floor below its own.
var floors = [][]string{
	{"parley", "parley/sim"},
	{"parley/engine", "parley/notify", "parley/web", "parley/savehack"},
	{"parley/oauth", "parley/connector", "parley/live", "parley/savings", "parley/jwks", "parley/content"},
	{"parley/flow", "parley/webhook", "parley/connector/trustly", "parley/connector/oidc", "parley/connector/bankid", "parley/connector/spar"},
	{"parley/api"},
	{"parley/app", "parley/api/apitest"},
	{"parley/store"},
	{"parley/house"},
	{"parley/sandbox"},
	{"parley/cmd/parley"},
}

// alone are packages that import nothing of ours, and those that may import them: what they prove must not be proved by
// itself.
var alone = map[string][]string{"parley/sim": {"parley/sandbox"}}

// unseen are things of the rim that must not be seen from within.
var unseen = map[string][]string{
	"parley":                   {"net/http", "database/sql"},
	"parley/engine":            {"net/http", "database/sql"},
	"parley/flow":              {"net/http", "database/sql"},
	"parley/oauth":             {"database/sql"},
	"parley/connector":         {"database/sql"},
	"parley/notify":            {"database/sql"},
	"parley/web":               {"database/sql"},
	"parley/live":              {"database/sql"},
	"parley/connector/trustly": {"database/sql"},
	"parley/connector/oidc":    {"database/sql"},
	"parley/connector/bankid":  {"database/sql"},
	"parley/savings":           {"net/http", "database/sql", "time/tzdata"},
	"parley/savehack":          {"net/http", "database/sql"},
	"parley/webhook":           {"database/sql"},
	"parley/api":               {"database/sql"},
	"parley/app":               {"database/sql"},
}

// sources are the files that a build uses, by package, with their syntax.
func sources(t *testing.T, mode parser.Mode) (*token.FileSet, map[string][]*ast.File) {
	t.Helper()
	set, out := token.NewFileSet(), map[string][]*ast.File{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "node_modules" || path == "peers") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, mode)
		if err != nil {
			return err
		}
		name := "parley"
		if dir := filepath.ToSlash(filepath.Dir(path)); dir != "." {
			name += "/" + dir
		}
		out[name] = append(out[name], f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return set, out
}

func TestImportsPointDown(t *testing.T) {
	floor := map[string]int{}
	for i, packages := range floors {
		for _, p := range packages {
			floor[p] = i + 1
		}
	}
	_, all := sources(t, parser.ImportsOnly)
	for name, files := range all {
		if floor[name] == 0 {
			t.Errorf("package %s is on no floor: add it to the table", name)
		}
		for _, f := range files {
			for _, i := range f.Imports {
				path, _ := strconv.Unquote(i.Path.Value)
				if (path == "parley" || strings.HasPrefix(path, "parley/")) && floor[path] >= floor[name] {
					t.Errorf("%s imports %s, which does not lie below it", name, path)
				}
				if friends, ok := alone[path]; ok && !contains(friends, name) {
					t.Errorf("%s imports %s, which is for tests and %v", name, path, friends)
				}
				if _, ok := alone[name]; ok && (path == "parley" || strings.HasPrefix(path, "parley/")) {
					t.Errorf("%s must share nothing with the rest, and imports %s", name, path)
				}
				if contains(unseen[name], path) {
					t.Errorf("%s must not see %s", name, path)
				}
				if name == "parley" && strings.Contains(path, ".") {
					t.Errorf("the nouns import only the standard library, not %s", path)
				}
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func TestEverythingExportedIsDocumented(t *testing.T) {
	set, all := sources(t, parser.ParseComments)
	for name, files := range all {
		documented := false
		for _, f := range files {
			documented = documented || f.Doc != nil
			for _, decl := range f.Decls {
				undocumented(decl, func(what string, at token.Pos) {
					t.Errorf("%s: %s of %s has no comment", set.Position(at), what, name)
				})
			}
		}
		if !documented {
			t.Errorf("package %s has no comment that says what it owns", name)
		}
	}
}

// undocumented reports the exported things of a declaration that have no comment.
func undocumented(decl ast.Decl, report func(what string, at token.Pos)) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d.Recv)) {
			report(d.Name.Name, d.Pos())
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					report(s.Name.Name, s.Pos())
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						report(n.Name, n.Pos())
					}
				}
			}
		}
	}
}

func exportedReceiver(list *ast.FieldList) bool {
	t := list.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}
