package gate

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Kubernetes is an application in a cluster, asked through the API server. The account needs "list" on pods, deployments,
// statefulsets, daemonsets and cronjobs of the namespace. Without a Server it is the cluster that phasemig itself runs in.
type Kubernetes struct {
	Server    string `yaml:"server"`
	Namespace string `yaml:"namespace"`
	Selector  string `yaml:"selector"` // of labels, as app=shop: workloads, cron jobs and pods have them
	// RevisionLabel is the label of a pod that holds its revision; app.kubernetes.io/version. With Container it is the
	// tag, or without one the digest, of that container's image.
	RevisionLabel string        `yaml:"revision_label"`
	Container     string        `yaml:"container"`
	TokenEnv      string        `yaml:"token_env"`
	TokenFile     string        `yaml:"token_file"`
	CAFile        string        `yaml:"ca_file"`
	Timeout       time.Duration `yaml:"timeout"` // 10 s
}

// Where a pod finds its own account, and its cluster.
const (
	inCluster    = "https://kubernetes.default.svc"
	accountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	accountCA    = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
)

func (k Kubernetes) validate() error {
	switch {
	case k.Namespace == "" || k.Selector == "":
		return errors.New("kubernetes needs a namespace and a selector")
	case k.TokenEnv != "" && k.TokenFile != "":
		return errors.New("token_env and token_file are both given")
	}
	return nil
}

// The parts of the API's objects that decide (apps/v1, batch/v1, v1).
type (
	kubeMeta struct {
		Name       string            `json:"name"`
		Generation int64             `json:"generation"`
		Labels     map[string]string `json:"labels"`
	}
	kubePod struct {
		Metadata kubeMeta `json:"metadata"`
		Spec     struct {
			Containers []struct {
				Name  string `json:"name"`
				Image string `json:"image"`
			} `json:"containers"`
		} `json:"spec"`
		Status struct {
			Phase string `json:"phase"`
		} `json:"status"`
	}
	kubeWorkload struct {
		Metadata kubeMeta `json:"metadata"`
		Spec     struct {
			Replicas *int64  `json:"replicas"` // one, where it isn't said
			Template kubePod `json:"template"`
			Suspend  bool    `json:"suspend"` // of a cron job
			Job      struct {
				Spec struct {
					Template kubePod `json:"template"`
				} `json:"spec"`
			} `json:"jobTemplate"`
		} `json:"spec"`
		Status struct {
			ObservedGeneration int64 `json:"observedGeneration"`
			Replicas           int64 `json:"replicas"`
			UpdatedReplicas    int64 `json:"updatedReplicas"`
			AvailableReplicas  int64 `json:"availableReplicas"`
			// A daemon set's.
			Desired   int64 `json:"desiredNumberScheduled"`
			Updated   int64 `json:"updatedNumberScheduled"`
			Available int64 `json:"numberAvailable"`
		} `json:"status"`
	}
)

// instances lists the pods, those that are being ended included, and the templates of workloads and cron
// jobs, which can start a pod at any time: a blue deployment of no replicas is one command away from old
// code. An error: a rollout is under way, or a pod doesn't say what it is.
func (k Kubernetes) instances(ctx context.Context) ([]instance, error) {
	c, err := k.connect()
	if err != nil {
		return nil, err
	}
	defer c.client.CloseIdleConnections()
	var out []instance
	var unsure []string
	add := func(name string, p kubePod) {
		revision, err := k.revision(p)
		if err != nil {
			unsure = append(unsure, name+" "+err.Error())
			return
		}
		out = append(out, instance{name, revision})
	}
	workloads := 0
	for _, kind := range []string{"deployments", "statefulsets", "daemonsets"} {
		var list struct{ Items []kubeWorkload }
		if err := c.list(ctx, "/apis/apps/v1/namespaces/", kind, &list); err != nil {
			return out, err
		}
		for _, w := range list.Items {
			workloads++
			add(kind+" "+w.Metadata.Name, w.Spec.Template)
			if why := w.unsettled(kind); why != "" {
				unsure = append(unsure, fmt.Sprintf("%s %s: %s", kind, w.Metadata.Name, why))
			}
		}
	}
	var crons struct{ Items []kubeWorkload }
	if err := c.list(ctx, "/apis/batch/v1/namespaces/", "cronjobs", &crons); err != nil {
		return out, err
	}
	for _, j := range crons.Items {
		if !j.Spec.Suspend {
			add("cronjobs "+j.Metadata.Name, j.Spec.Job.Spec.Template)
		}
	}
	var pods struct{ Items []kubePod }
	if err := c.list(ctx, "/api/v1/namespaces/", "pods", &pods); err != nil {
		return out, err
	}
	for _, p := range pods.Items {
		if p.Status.Phase != "Succeeded" && p.Status.Phase != "Failed" {
			add("pods "+p.Metadata.Name, p)
		}
	}
	if workloads == 0 {
		unsure = append(unsure, "no workload has the labels "+k.Selector)
	}
	if unsure != nil {
		return out, errors.New(few(unsure))
	}
	return out, nil
}

// unsettled says why a workload isn't as it is wanted yet.
func (w kubeWorkload) unsettled(kind string) string {
	s := w.Status
	want, updated, available := int64(1), s.UpdatedReplicas, s.AvailableReplicas
	if w.Spec.Replicas != nil {
		want = *w.Spec.Replicas
	}
	if kind == "daemonsets" {
		want, updated, available = s.Desired, s.Updated, s.Available
	}
	switch {
	case s.ObservedGeneration < w.Metadata.Generation:
		return "its last change was not seen by the cluster yet"
	case updated != want || available != want || kind != "daemonsets" && s.Replicas != want:
		return fmt.Sprintf("a rollout is under way: %d wanted, %d updated, %d available", want, updated, available)
	}
	return ""
}

func (k Kubernetes) revision(p kubePod) (string, error) {
	if k.Container == "" {
		label := cmp.Or(k.RevisionLabel, "app.kubernetes.io/version")
		if v := p.Metadata.Labels[label]; v != "" {
			return v, nil
		}
		return "", fmt.Errorf("has no label %s", label)
	}
	for _, c := range p.Spec.Containers {
		if c.Name == k.Container {
			return imageRevision(c.Image)
		}
	}
	return "", fmt.Errorf("has no container %s", k.Container)
}

// imageRevision is the tag of an image, or its digest.
func imageRevision(image string) (string, error) {
	name, digest, _ := strings.Cut(image, "@")
	last := name[strings.LastIndexByte(name, '/')+1:] // a colon before it is a port's
	if _, tag, ok := strings.Cut(last, ":"); ok && tag != "latest" {
		return tag, nil
	}
	if digest != "" {
		return digest, nil
	}
	return "", fmt.Errorf("runs the image %s, which names no revision", image)
}

// kubeClient asks one API server.
type kubeClient struct {
	Kubernetes
	client *http.Client
	header map[string]string
}

func (k Kubernetes) connect() (kubeClient, error) {
	if k.Server == "" {
		k.Server, k.CAFile = inCluster, cmp.Or(k.CAFile, accountCA)
		if k.TokenEnv == "" {
			k.TokenFile = cmp.Or(k.TokenFile, accountToken)
		}
	}
	c := kubeClient{k, nil, map[string]string{}}
	token, err := tokenFrom(k.TokenEnv)
	if err == nil && k.TokenFile != "" {
		var b []byte
		b, err = os.ReadFile(k.TokenFile)
		token = strings.TrimSpace(string(b))
	}
	if err != nil {
		return c, err
	}
	if token != "" {
		c.header["Authorization"] = "Bearer " + token
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	if k.CAFile != "" {
		pem, err := os.ReadFile(k.CAFile)
		if err != nil {
			return c, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return c, fmt.Errorf("%s holds no certificate", k.CAFile)
		}
	}
	c.client = &http.Client{Transport: t}
	return c, nil
}

// list reads all objects of a kind; without a limit the server sends them in one answer.
func (c kubeClient) list(ctx context.Context, api, kind string, into any) error {
	at := strings.TrimSuffix(c.Server, "/") + api + url.PathEscape(c.Namespace) + "/" + kind + "?labelSelector=" + url.QueryEscape(c.Selector)
	a, err := ask(ctx, question{url: at, header: c.header, client: c.client, timeout: c.Timeout})
	if err != nil {
		return fmt.Errorf("list %s: %w", kind, err)
	}
	if a.status != http.StatusOK {
		var said struct {
			Message string `json:"message"`
		}
		_ = a.into(&said) // a proxy's answer isn't the API's
		return fmt.Errorf("list %s: status %d %s", kind, a.status, said.Message)
	}
	if err := a.into(into); err != nil {
		return fmt.Errorf("list %s: %w", kind, err)
	}
	return nil
}
