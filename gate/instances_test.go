package gate

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// cluster answers as an API server does: the shapes are those of apps/v1, batch/v1 and v1.
type cluster struct {
	t                                         *testing.T
	deployments, statefulsets, cronjobs, pods string
	denied                                    string // a kind that may not be listed
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer s3cret" || r.URL.Query().Get("labelSelector") != "app=shop" {
		c.t.Errorf("asked for %s with %v", r.URL, r.Header)
	}
	kind := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if kind == c.denied {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"` + kind + ` is forbidden","reason":"Forbidden","code":403}`))
		return
	}
	items, ok := map[string]string{
		"/apis/apps/v1/namespaces/shop/deployments": c.deployments, "/apis/apps/v1/namespaces/shop/statefulsets": c.statefulsets, "/apis/apps/v1/namespaces/shop/daemonsets": "",
		"/apis/batch/v1/namespaces/shop/cronjobs": c.cronjobs, "/api/v1/namespaces/shop/pods": c.pods,
	}[r.URL.Path]
	if !ok {
		c.t.Errorf("asked for %s", r.URL)
	}
	_, _ = w.Write([]byte(`{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[` + items + `]}`))
}

func template(image string) string {
	return `"template":{"metadata":{"labels":{"app":"shop","app.kubernetes.io/version":"v42"}},"spec":{"containers":[{"name":"proxy","image":"mesh:9"},{"name":"shop","image":"` + image + `"}]}}`
}

func deployment(image, status string) string {
	return `{"metadata":{"name":"shop","generation":3},"spec":{"replicas":2,` + template(image) + `},"status":{` + status + `}}`
}

func pod(name, image, phase string) string {
	return `{"metadata":{"name":"` + name + `","labels":{"app":"shop"}},"spec":{"containers":[{"name":"shop","image":"` + image + `"}]},"status":{"phase":"` + phase + `"}}`
}

const settledStatus = `"observedGeneration":3,"replicas":2,"updatedReplicas":2,"availableReplicas":2`

func TestInstancesByKubernetes(t *testing.T) {
	t.Setenv("K8S_TOKEN", "s3cret")
	c := &cluster{t: t}
	srv := httptest.NewServer(c)
	defer srv.Close()
	in := input("old_instances_gone", map[string]any{"sources": []any{"k8s", "sessions"}, "new": []any{"v42*"}, "app": "shop@"})
	in.Sessions = func(context.Context) ([]Session, error) { return []Session{{ID: "1", Name: "shop@v42"}}, nil }
	in.Targets.Instances = map[string]Instances{"k8s": {Kubernetes: &Kubernetes{Server: srv.URL, Namespace: "shop", Selector: "app=shop", Container: "shop", TokenEnv: "K8S_TOKEN"}}}
	const v42, v41 = "registry:5000/shop:v42.1", "registry:5000/shop:v41"
	running := pod("shop-1", v42, "Running") + "," + pod("shop-2", v42, "Pending")
	for _, one := range []struct {
		name  string
		in    cluster
		state State
		says  string
	}{
		{"all new", cluster{deployments: deployment(v42, settledStatus), pods: running}, Pass, "k8s and sessions agree that only v42* runs"},
		{"a pod of old", cluster{deployments: deployment(v42, settledStatus), pods: running + "," + pod("shop-0", v41, "Running")}, Fail, `pods shop-0 of revision "v41" (k8s)`},
		{"a job of old that is over", cluster{deployments: deployment(v42, settledStatus), pods: running + "," + pod("report-0", v41, "Succeeded")}, Pass, ""},
		{"a digest", cluster{deployments: deployment(v42, settledStatus), pods: pod("shop-0", "registry:5000/shop@sha256:0a0a", "Running")}, Fail, "sha256:0a0a"},
		{"no tag", cluster{deployments: deployment(v42, settledStatus), pods: pod("shop-0", "registry:5000/shop", "Running")}, Inconclusive, "names no revision"},
		{"blue, scaled down", cluster{deployments: deployment(v42, settledStatus) + "," + strings.Replace(strings.Replace(deployment(v41, `"observedGeneration":3`), `"shop","generation"`, `"blue","generation"`, 1), `"replicas":2`, `"replicas":0`, 1), pods: running}, Fail, "deployments blue"},
		{"a rollout", cluster{deployments: deployment(v42, `"observedGeneration":3,"replicas":3,"updatedReplicas":1,"availableReplicas":2`), pods: running}, Inconclusive, "2 wanted, 1 updated, 2 available"},
		{"a change not seen yet", cluster{deployments: deployment(v42, strings.Replace(settledStatus, "3", "2", 1)), pods: running}, Inconclusive, "not seen by the cluster"},
		{"a cron job of old", cluster{deployments: deployment(v42, settledStatus), pods: running, cronjobs: `{"metadata":{"name":"report"},"spec":{"suspend":false,"jobTemplate":{"spec":{` + template(v41) + `}}}}`}, Fail, "cronjobs report"},
		{"one that is suspended", cluster{deployments: deployment(v42, settledStatus), pods: running, cronjobs: `{"metadata":{"name":"report"},"spec":{"suspend":true,"jobTemplate":{"spec":{` + template(v41) + `}}}}`}, Pass, ""},
		{"no workload", cluster{pods: running}, Inconclusive, "no workload has the labels app=shop"},
		{"a stateful set", cluster{statefulsets: deployment(v42, settledStatus), pods: running}, Pass, ""},
		{"no right", cluster{deployments: deployment(v42, settledStatus), pods: running, denied: "cronjobs"}, Inconclusive, "list cronjobs: status 403 cronjobs is forbidden"},
	} {
		one.in.t = t
		*c = one.in
		t.Log(one.name)
		want(t, in, one.state, one.says)
	}
	*c = cluster{t: t, deployments: deployment(v42, settledStatus), pods: pod("shop-1", v42, "Running")}
	in.Targets.Instances["k8s"].Kubernetes.Container = ""
	want(t, in, Inconclusive, "pods shop-1 has no label app.kubernetes.io/version")
	srv.Close()
	want(t, in, Inconclusive, "k8s: list deployments: no answer")
}

func TestInstancesOfTheFleet(t *testing.T) {
	body := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
	defer srv.Close()
	in := input("old_instances_gone", map[string]any{"sources": []any{"fleet", "sessions"}, "new": []any{"v42"}, "app": "shop@"})
	in.Now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	in.Sessions = func(context.Context) ([]Session, error) { return []Session{{ID: "1", Name: "shop@v42"}}, nil }
	in.Targets.Instances = map[string]Instances{"fleet": {Fleet: &Fleet{HTTP: HTTP{URL: srv.URL}, StaleAfter: 10 * time.Minute}}}
	for _, c := range []struct {
		body  string
		state State
		says  string
	}{
		{`[{"instance":"a","revision":"v42","last_seen":"2026-11-26T11:59:00Z"},{"instance":"b","revision":"v42"}]`, Pass, "fleet and sessions agree"},
		{`[{"instance":"a","revision":"v42"},{"instance":"b","revision":"v41","last_seen":"2026-11-26T11:59:00Z"}]`, Fail, `b of revision "v41" (fleet)`},
		{`[{"instance":"a","revision":"v42"},{"instance":"b","revision":"v41","last_seen":"2026-11-26T11:40:00Z"}]`, Pass, ""},
		{`[{"instance":"a","revision":"v42"},{"instance":"b"}]`, Inconclusive, "no revision"},
		{`[]`, Inconclusive, "no instance at all"},
		{`{}`, Inconclusive, "not the JSON"},
	} {
		body = c.body
		want(t, in, c.state, c.says)
	}
	in.Targets.Instances["again"] = in.Targets.Instances["fleet"]
	body = `[{"instance":"a","revision":"v42"}]`
	in.Ref.Params["sources"] = []any{"fleet", "again"}
	want(t, in, Inconclusive, "all sources are of the kind fleet")
	in.Ref.Params["sources"] = []any{"fleet", "nowhere"}
	want(t, in, Inconclusive, "nowhere: it is not defined under instances")
}

func TestInstancesBySession(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"instance":"a","revision":"v42"}]`))
	}))
	defer srv.Close()
	in := input("old_instances_gone", map[string]any{"sources": []any{"sessions", "fleet"}, "new": []any{"v42"}, "app": "shop@", "ignore": []any{"pgAdmin*"}})
	in.Targets.Instances = map[string]Instances{"fleet": {Fleet: &Fleet{HTTP: HTTP{URL: srv.URL}}}}
	var list []Session
	var broken error
	in.Sessions = func(context.Context) ([]Session, error) { return list, broken }
	want(t, in, Inconclusive, "sessions: it knows no instance at all")
	list = []Session{{ID: "1", Name: "shop@v42"}, {ID: "2", Name: "pgAdmin 4 - DB:shop"}}
	want(t, in, Pass, "")
	list = append(list, Session{ID: "3", User: "batch"})
	want(t, in, Inconclusive, `sessions that don't say whose they are: 3 "" of batch`)
	list = append(list, Session{ID: "4", Name: "shop@v41", User: "app"})
	want(t, in, Fail, `session 4 of app of revision "v41"`)
	broken = errors.New("performance_schema is off")
	want(t, in, Inconclusive, "performance_schema is off")
	broken, list = nil, list[:1]
	in.Plan.Replicas = plans.Replicas{"r1"}
	in.Replica = func(context.Context, string) (Replica, func() error, error) {
		return nil, nil, errors.New("no address")
	}
	want(t, in, Inconclusive, "replica r1: no address")
}

func TestInstancesSettings(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{"sources": []any{"a", "sessions"}, "new": []any{"v*"}, "app": "shop@"}
	}
	if err := Validate(plans.GateRef{Kind: "old_instances_gone", Params: good()}); err != nil {
		t.Error(err)
	}
	for name, v := range map[string]any{"sources": []any{"a"}, "new": []any{}, "app": "", "ignore": "psql", "old": []any{"v41"}} {
		p := good()
		p[name] = v
		if Validate(plans.GateRef{Kind: "old_instances_gone", Params: p}) == nil {
			t.Errorf("%s: %v is taken", name, v)
		}
	}
	p := good()
	p["new"] = []any{"v[42"}
	if Validate(plans.GateRef{Kind: "old_instances_gone", Params: p}) == nil {
		t.Error("a bad pattern is taken")
	}
	for _, i := range []Instances{{}, {Kubernetes: &Kubernetes{}}, {Kubernetes: &Kubernetes{Namespace: "n", Selector: "s"}, Fleet: &Fleet{}}} {
		if i.validate() == nil {
			t.Errorf("%+v is taken", i)
		}
	}
}
