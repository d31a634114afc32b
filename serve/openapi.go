package serve

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
)

// schemasJSON are the schemas of requests and answers. A test holds every answer of the other tests against them.
//
//go:embed schemas.json
var schemasJSON []byte

// document makes the OpenAPI document of the routes: what isn't in the table isn't answered, and what is in the table
// is described.
func document() map[string]any {
	var schemas map[string]any
	if err := json.Unmarshal(schemasJSON, &schemas); err != nil {
		panic(err) // a test parses the file
	}
	paths := map[string]any{}
	for _, rt := range routes() {
		p, _ := paths[rt.path].(map[string]any)
		if p == nil {
			p = map[string]any{}
			paths[rt.path] = p
		}
		p[map[string]string{"GET": "get", "POST": "post"}[rt.method]] = rt.describe()
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "phasemig", "version": "1", "license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "Schema changes of live databases in three phases. docs/serve.md explains operations, tokens and adapters."},
		"paths":      paths,
		"components": map[string]any{"schemas": schemas, "securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}}},
	}
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (rt route) describe() map[string]any {
	op := map[string]any{"operationId": rt.id, "summary": rt.summary, "parameters": rt.parameters(), "responses": rt.responses()}
	if rt.in != "" {
		op["requestBody"] = map[string]any{"required": true, "content": content("application/json", rt.in)}
	}
	if rt.scope != "" {
		op["security"] = []any{map[string]any{"token": []any{}}}
		op["x-scope"] = rt.scope
	}
	return op
}

func (rt route) parameters() []any {
	list := []any{}
	add := func(in, name string, required bool) {
		list = append(list, map[string]any{"name": name, "in": in, "required": required, "schema": map[string]any{"type": "string"}})
	}
	for _, m := range pathParameter.FindAllStringSubmatch(rt.path, -1) {
		add("path", m[1], true)
	}
	for _, q := range rt.query {
		add("query", q, false)
	}
	switch rt.id {
	case "startOperation":
		add("header", "Idempotency-Key", false)
		add("header", "If-Match", false)
	case "approve":
		add("header", "If-Match", false)
	}
	return list
}

func (rt route) responses() map[string]any {
	ok := map[string]any{"description": http.StatusText(rt.status)}
	switch {
	case rt.also != "":
		ok["content"] = map[string]any{rt.also: map[string]any{"schema": map[string]any{"type": "string"}}}
	case rt.out != "":
		ok["content"] = content("application/json", rt.out)
	}
	out := map[string]any{strconv.Itoa(rt.status): ok, "default": map[string]any{"description": "A problem, by RFC 9457", "content": content("application/problem+json", "Problem")}}
	switch rt.id { // answers that aren't problems and have another status
	case "ready":
		out["503"] = map[string]any{"description": "An environment can't be reached", "content": content("application/json", rt.out)}
	case "flagger":
		out["409"] = map[string]any{"description": "No", "content": map[string]any{"application/json": schema(rt.out), "application/problem+json": schema("Problem")}}
	}
	return out
}

func content(kind, name string) map[string]any { return map[string]any{kind: schema(name)} }

func schema(name string) map[string]any {
	return map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + name}}
}

func (s *Server) openapi(*http.Request) (reply, error) { return reply{body: s.document}, nil }
