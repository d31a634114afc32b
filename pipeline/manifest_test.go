package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/phasemig/phasemig/plans"
)

// documents reads manifests back.
func documents(t *testing.T, f File) (out []object) {
	t.Helper()
	if strings.HasSuffix(f.Name, ".json") {
		var o object
		if err := json.Unmarshal([]byte(f.Text), &o); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		return []object{o}
	}
	d := yaml.NewDecoder(strings.NewReader(f.Text))
	for {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		out = append(out, o)
	}
}

// at walks into a document by "spec.template.0.name"; a dot within a key is written as a slash.
func at(v any, path string) any {
	for _, k := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[strings.ReplaceAll(k, "/", ".")]
		case []any:
			var i int
			if _, err := fmt.Sscan(k, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func expect(t *testing.T, what string, v any, want map[string]any) {
	t.Helper()
	for path, w := range want {
		if got := at(v, path); fmt.Sprint(got) != fmt.Sprint(w) {
			t.Errorf("%s: %s is %v, want %v", what, path, got, w)
		}
	}
}

// everywhere calls f for each mapping of a document.
func everywhere(v any, f func(object)) {
	switch x := v.(type) {
	case map[string]any:
		f(x)
		for _, y := range x {
			everywhere(y, f)
		}
	case []any:
		for _, y := range x {
			everywhere(y, f)
		}
	}
}

// jobSpecs finds the specifications of Jobs, wherever the orchestrator wants them.
func jobSpecs(v any) (out []object) {
	everywhere(v, func(o object) {
		if o["podFailurePolicy"] != nil {
			out = append(out, o)
		}
	})
	return out
}

func phaseOf(job object) string { return fmt.Sprint(at(job, "template.spec.containers.0.args.3")) }

// TestJobs: each Job calls one phase, ends by itself, tries again what may be tried again, and holds no secret.
func TestJobs(t *testing.T) {
	for _, o := range []string{"argo-rollouts", "argo-cd", "flagger", "spinnaker"} {
		var phases []string
		for _, f := range generate(t, o) {
			for _, d := range documents(t, f) {
				for _, j := range jobSpecs(d) {
					phases = append(phases, phaseOf(j))
					checkJob(t, o+" "+f.Name, j)
				}
			}
		}
		if want := []string{"expand", "switch", "contract"}; !slices.Equal(phases, want) {
			t.Errorf("%s: Jobs for %v, want %v", o, phases, want)
		}
	}
}

func checkJob(t *testing.T, what string, job object) {
	t.Helper()
	const pod, box = "template.spec.", "template.spec.containers.0."
	expect(t, what, job, map[string]any{
		"backoffLimit": 5, "activeDeadlineSeconds": 350 * 60, "ttlSecondsAfterFinished": 604800,
		"podFailurePolicy.rules.0.action":                    "Ignore",
		"podFailurePolicy.rules.0.onPodConditions.0.type":    "DisruptionTarget",
		"podFailurePolicy.rules.1.action":                    "FailJob",
		"podFailurePolicy.rules.1.onExitCodes.operator":      "NotIn",
		"podFailurePolicy.rules.1.onExitCodes.values":        []int{6, 75},
		"podFailurePolicy.rules.1.onExitCodes.containerName": "phasemig",
		pod + "restartPolicy":                                "Never",
		pod + "terminationGracePeriodSeconds":                60,
		box + "name":                                         "phasemig",
		box + "image":                                        "registry.example/phasemig:1.2",
		box + "args.0":                                       "apply",
		box + "args.5":                                       "30m0s",
		box + "env.0.name":                                   "PHASEMIG_DSN",
		box + "env.0.valueFrom.secretKeyRef.name":            "phasemig",
		box + "env.0.value":                                  nil,
		box + "env.1.name":                                   "PHASEMIG_PASSWORD",
		box + "env.1.value":                                  nil,
		box + "env.1.valueFrom.secretKeyRef.key":             "password",
		box + "env.2.name":                                   "PHASEMIG_REVISION",
		box + "securityContext.allowPrivilegeEscalation":     false,
		pod + "volumes.0.configMap.name":                     "users-display-name-0123456789ab",
		box + "volumeMounts.0.mountPath":                     "/plan",
	})
}

// TestContractIsApart: no file that opens expand or switch has contract in it, except templates that only a later
// revision calls.
func TestContractIsApart(t *testing.T) {
	for _, o := range Orchestrators() {
		found := false
		for _, f := range generate(t, o) {
			calls := called(t, f)
			contract := slices.Contains(calls, "contract")
			found = found || contract
			if contract && len(calls) > 1 {
				t.Errorf("%s: %s runs %v", o, f.Name, calls)
			}
		}
		if !found {
			t.Errorf("%s: no file runs contract", o)
		}
	}
}

// called lists the phases that a file leads to. A template is called by its name, and leads to nothing.
func called(t *testing.T, f File) (out []string) {
	for _, d := range documents(t, f) {
		if d["kind"] == "AnalysisTemplate" {
			continue
		}
		for _, j := range jobSpecs(d) {
			out = append(out, phaseOf(j))
		}
		everywhere(d, func(o object) {
			if name, ok := o["templateName"].(string); ok {
				out = append(out, name[strings.LastIndex(name, "-")+1:])
			}
			if ph, ok := o["PHASE"].(string); ok {
				out = append(out, ph)
			}
		})
	}
	return out
}

// TestPlanIsWhole: the plan comes out of a ConfigMap as it went in, whatever its SQL holds.
func TestPlanIsWhole(t *testing.T) {
	b, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []string{"argo-rollouts", "argo-cd", "flagger", "spinnaker"} {
		held := 0
		for _, f := range generate(t, o) {
			for _, d := range documents(t, f) {
				if d["kind"] != "ConfigMap" {
					continue
				}
				held++
				text, _ := at(d, "data.plan/json").(string)
				if text != string(b) {
					t.Errorf("%s: %s holds another plan:\n%s", o, f.Name, text)
				}
				if _, err := plans.Decode([]byte(text)); err != nil {
					t.Errorf("%s: %v", o, err)
				}
			}
		}
		if held == 0 {
			t.Errorf("%s: no ConfigMap holds the plan", o)
		}
	}
}

// TestExpressions: the orchestrators' own expressions stand where they are meant, and nowhere a part of the plan.
func TestExpressions(t *testing.T) {
	for o, want := range map[string]string{
		"argo-rollouts": `^\{\{args\.revision\}\}$`, "argo-cd": `^$`, "spinnaker": `^\$\{parameters\.revision\}$`,
		"flagger":        `^\$\{PHASEMIG_(REVISION|FLAGGER_TOKEN)\}$`,
		"github-actions": `^\$\{\{ (secrets\.\w+|inputs\.revision \|\| github\.sha|(jobs|steps)\.\w+\.outputs\.\w+) \}\}$`,
	} {
		allowed := regexp.MustCompile(want)
		for _, f := range generate(t, o) {
			for _, d := range documents(t, f) {
				everywhere(d, func(m object) {
					for k, v := range m {
						s, ok := v.(string)
						if ok && k != "plan.json" && k != "run" && (strings.Contains(s, "${") || strings.Contains(s, "{{")) && !allowed.MatchString(s) {
							t.Errorf("%s: %s: %s: %q", o, f.Name, k, s)
						}
					}
				})
			}
		}
	}
}

// TestRunIsText: a run whose ID looks like a number stays text.
func TestRunIsText(t *testing.T) {
	for _, id := range []string{"012345670123", "1234567890e1", "123456789012"} {
		p := example()
		p.ID = id
		p.Hash = p.ComputeHash()
		list, err := Generate("argo-cd", p, Options{Image: "i"})
		if err != nil {
			t.Fatal(err)
		}
		run := at(documents(t, list[0])[0], "metadata.labels").(object)["phasemig/run"]
		if run != id || !strings.Contains(list[0].Text, `phasemig/run: "`+id+`"`) {
			t.Errorf("run %s became %#v", id, run)
		}
	}
}

func find(t *testing.T, orchestrator, name string) []object {
	t.Helper()
	for _, f := range generate(t, orchestrator) {
		if f.Name == name {
			return documents(t, f)
		}
	}
	t.Fatalf("%s: there is no %s", orchestrator, name)
	return nil
}

func TestArgoRollouts(t *testing.T) {
	for i, d := range find(t, "argo-rollouts", "analysis.yaml")[1:] {
		expect(t, "template", d, map[string]any{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata.name": "users-display-name-0123456789ab-" + string(plans.PhaseNames()[i]),
			"spec.args.0.name": "revision", "spec.metrics.0.count": 1, "spec.metrics.0.failureLimit": 0,
			"spec.metrics.0.provider.job.spec.template.spec.containers.0.env.2.value": "{{args.revision}}",
		})
	}
	steps := "spec.strategy.canary.steps."
	expect(t, "expand and switch", find(t, "argo-rollouts", "rollout-1-expand-switch.yaml")[0], map[string]any{
		"kind": "Rollout", "metadata.name": "shop", steps + "0.setWeight": 0,
		steps + "1.analysis.templates.0.templateName":              "users-display-name-0123456789ab-expand",
		steps + "1.analysis.args.0.valueFrom.podTemplateHashValue": "Latest",
		steps + "6.setWeight":                                      100,
		steps + "7.analysis.templates.0.templateName":              "users-display-name-0123456789ab-switch",
	})
	contract := find(t, "argo-rollouts", "rollout-2-contract.yaml")[0]
	expect(t, "contract", contract, map[string]any{steps + "3.pause": object{}, steps + "4.analysis.templates.0.templateName": "users-display-name-0123456789ab-contract"})
}

func TestArgoCD(t *testing.T) {
	for i, name := range []string{"1-expand.yaml", "2-switch.yaml", "3-contract.yaml"} {
		docs := find(t, "argo-cd", name)
		for j, wave := range []string{"-2", "-1"} {
			a := at(docs[j], "metadata.annotations").(object)
			if a["argocd.argoproj.io/hook"] != "PreSync" || a["argocd.argoproj.io/hook-delete-policy"] != "BeforeHookCreation" || a["argocd.argoproj.io/sync-wave"] != wave {
				t.Errorf("%s: %v", name, a)
			}
		}
		expect(t, name, docs[1], map[string]any{
			"kind": "Job", "metadata.name": "users-display-name-0123456789ab-" + string(plans.PhaseNames()[i]),
			"spec.template.spec.containers.0.env.2.valueFrom.fieldRef.fieldPath": "metadata.labels['app.kubernetes.io/version']",
		})
	}
}

func TestFlagger(t *testing.T) {
	jobs := find(t, "flagger", "job-expand-switch.yaml")
	expect(t, "expand", jobs[1], map[string]any{"kind": "Job", "spec.suspend": nil})
	expect(t, "switch", jobs[2], map[string]any{"kind": "Job", "spec.suspend": true})
	expect(t, "contract", find(t, "flagger", "job-contract.yaml")[0], map[string]any{"kind": "Job", "spec.suspend": true})
	canary := find(t, "flagger", "canary-1-expand-switch.yaml")[0]
	expect(t, "canary", canary, map[string]any{"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata.name": "shop"})
	for i, hook := range []string{"confirm-rollout", "confirm-promotion", "rollback", "event"} {
		expect(t, hook, at(canary, fmt.Sprintf("spec.analysis.webhooks.%d", i)), map[string]any{
			"type": hook, "timeout": "10s", "url": "http://phasemig/v1/flagger/" + hook, "metadata.run": "0123456789ab", "metadata.environment": "prod", "metadata.token": "${PHASEMIG_FLAGGER_TOKEN}",
		})
	}
}

func TestSpinnaker(t *testing.T) {
	first := find(t, "spinnaker", "pipeline-1-expand-switch.json")[0]
	expect(t, "expand and switch", first, map[string]any{
		"application": "shop", "parameterConfig.0.name": "revision", "parameterConfig.0.required": true, "limitConcurrent": true,
		"stages.0.type": "runJobManifest", "stages.0.alias": "runJob", "stages.0.cloudProvider": "kubernetes", "stages.0.propertyFile": "phasemig",
		"stages.0.failPipeline": true, "stages.0.overrideTimeout": true,
		"stages.0.manifest.metadata.name": nil, "stages.0.manifest.metadata.generateName": "users-display-name-0123456789ab-expand-",
		"stages.0.manifest.spec.template.spec.containers.0.args.7": "spinnaker",
		"stages.1.type": "manualJudgment", "stages.1.requisiteStageRefIds": []any{"1"},
		"stages.2.type": "runJobManifest", "stages.2.requisiteStageRefIds": []any{"2"},
	})
	expect(t, "contract", find(t, "spinnaker", "pipeline-2-contract.json")[0], map[string]any{
		"stages.0.type": "manualJudgment", "stages.0.requisiteStageRefIds": []any{}, "stages.1.requisiteStageRefIds": []any{"1"},
	})
	timeout, deadline := at(first, "stages.0.stageTimeoutMs").(float64), at(first, "stages.0.manifest.spec.activeDeadlineSeconds").(float64)
	if timeout <= deadline*1000 {
		t.Errorf("the stage ends after %v ms, before its Job (%v s)", timeout, deadline)
	}
}

func TestGitHubActions(t *testing.T) {
	for _, ph := range plans.PhaseNames() {
		d := find(t, "github-actions", "phasemig-users-display-name-0123456789ab-"+string(ph)+".yml")[0]
		job := "jobs." + string(ph) + "."
		expect(t, string(ph), d, map[string]any{
			"permissions": object{"contents": "read"}, "concurrency.cancel-in-progress": false, "concurrency.group": "phasemig-0123456789ab",
			"on.workflow_call.secrets.PHASEMIG_DSN.required": false,
			job + "environment": "phasemig-" + string(ph), job + "timeout-minutes": 355,
			job + "steps.3.id": "phasemig", job + "steps.3.env.PHASEMIG_DSN": "${{ secrets.PHASEMIG_DSN }}",
			job + "steps.3.env.PHASEMIG_REVISION": "${{ inputs.revision || github.sha }}",
			job + "steps.3.env.WAIT":              "30m0s",
		})
	}
}
