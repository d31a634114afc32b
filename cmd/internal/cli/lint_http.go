package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/lint/report"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/serve"
)

// lintOverHTTP judges the files of a request by the rules as configured, and reads no file of this machine.
func lintOverHTTP(config lint.Config) serve.Linter {
	return func(in serve.LintRequest) (any, error) {
		d, err := dialectNamed(cmp.Or(in.Dialect, config.Dialect))
		if err != nil {
			return nil, err
		}
		version := d.Newest
		if text := cmp.Or(in.ServerVersion, config.ServerVersion); text != "" {
			if version, err = lint.ParseVersion(text); err != nil {
				return nil, &plans.InputError{What: "server_version", Reason: err.Error()}
			}
		}
		var files []*lint.File
		for _, f := range in.Files {
			if file, ok := lint.NewFile(d, f.Name, strings.TrimPrefix(f.Text, "\ufeff"), lint.Reading{}); ok {
				files = append(files, file)
			}
		}
		res := lint.Check(d, files, lint.Options{Version: version, Catalog: lint.NewCatalog(d.Syntax.Backtick), Config: config, Today: time.Now().UTC().Format(time.DateOnly)})
		var out bytes.Buffer
		if err := report.JSON(&out, d, &res); err != nil {
			return nil, fmt.Errorf("write the report: %w", err)
		}
		return json.RawMessage(out.Bytes()), nil
	}
}

func dialectNamed(name string) (*lint.Dialect, error) {
	for _, d := range lintDialects() {
		if d.Name == name {
			return d, nil
		}
	}
	return nil, &plans.InputError{What: "dialect", Reason: fmt.Sprintf("%q is not one of postgres, mysql, mariadb", name)}
}
