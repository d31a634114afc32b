package pipeline

import (
	"slices"

	"github.com/phasemig/phasemig/plans"
)

// container is the name of the one container of a Job.
const container = "phasemig"

// labels are on everything that is made.
func (m *maker) labels() object {
	return object{"app.kubernetes.io/name": "phasemig", "app.kubernetes.io/part-of": m.App, "phasemig/run": m.plan.ID}
}

func (m *maker) metadata(name string) object { return object{"name": name, "labels": m.labels()} }

// configMap holds the plan. It can't be changed: another plan has another name.
func (m *maker) configMap() object {
	return object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m.metadata(m.name), "immutable": true, "data": object{"plan.json": m.file}}
}

// job is a phase as a Job of Kubernetes.
func (m *maker) job(ph plans.PhaseName, output string, revision object) object {
	return object{"apiVersion": "batch/v1", "kind": "Job", "metadata": m.metadata(m.jobName(ph)), "spec": m.jobSpec(ph, output, revision)}
}

func (m *maker) jobName(ph plans.PhaseName) string { return m.name + "-" + string(ph) }

// jobSpec runs a phase in one pod at a time. A pod that ends with 6 (another runner) or 75 (temporary) is
// started again, as is one that the cluster took away; any other exit code ends the Job.
func (m *maker) jobSpec(ph plans.PhaseName, output string, revision object) object {
	return object{
		"backoffLimit":            5,
		"activeDeadlineSeconds":   int(m.Deadline.Seconds()),
		"ttlSecondsAfterFinished": 7 * 24 * 3600,
		"podFailurePolicy": object{"rules": list{
			object{"action": "Ignore", "onPodConditions": list{object{"type": "DisruptionTarget", "status": "True"}}},
			object{"action": "FailJob", "onExitCodes": object{"containerName": container, "operator": "NotIn", "values": list{6, 75}}},
		}},
		"template": object{"metadata": object{"labels": m.labels()}, "spec": m.podSpec(ph, output, revision)},
	}
}

func (m *maker) podSpec(ph plans.PhaseName, output string, revision object) object {
	return object{
		"restartPolicy":                 "Never",
		"terminationGracePeriodSeconds": 60, // SIGTERM: to the next safe point
		"automountServiceAccountToken":  m.asksCluster(),
		"securityContext":               object{"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": object{"type": "RuntimeDefault"}},
		"containers":                    list{m.container(ph, output, revision)},
		"volumes": list{
			object{"name": "plan", "configMap": object{"name": m.name}},
			object{"name": "config", "configMap": object{"name": m.Secret + "-config", "optional": true}},
		},
	}
}

// container works in the folder of the configuration: phasemig.yaml is found there if there is one.
func (m *maker) container(ph plans.PhaseName, output string, revision object) object {
	env := func(name, key string, optional bool) object {
		return object{"name": name, "valueFrom": object{"secretKeyRef": object{"name": m.Secret, "key": key, "optional": optional}}}
	}
	rev := object{"name": "PHASEMIG_REVISION"}
	for k, v := range revision {
		rev[k] = v
	}
	return object{
		"name":                     container,
		"image":                    m.Image,
		"args":                     list{"apply", "/plan/plan.json", "--phase", string(ph), "--wait", m.Wait.String(), "--output", output},
		"env":                      list{env("PHASEMIG_DSN", "dsn", false), env("PHASEMIG_PASSWORD", "password", true), rev},
		"workingDir":               "/etc/phasemig",
		"terminationMessagePolicy": "FallbackToLogsOnError",
		"securityContext":          object{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": object{"drop": list{"ALL"}}},
		"volumeMounts": list{
			object{"name": "plan", "mountPath": "/plan", "readOnly": true},
			object{"name": "config", "mountPath": "/etc/phasemig", "readOnly": true},
		},
	}
}

// asksCluster: the gate old_instances_gone may ask the cluster in which it runs.
func (m *maker) asksCluster() bool {
	return slices.ContainsFunc(m.plan.Phases, func(ph plans.Phase) bool { return ph.Asks("old_instances_gone") })
}

// contractHead tells of a plan whose contract phasemig refuses for a caller that says its revision.
func (m *maker) contractHead() string {
	if ph := m.plan.Phase(plans.Contract); ph == nil || len(ph.Steps) == 0 || ph.Asks("old_instances_gone") {
		return ""
	}
	return "\nThe plan has no gate old_instances_gone before contract: a call that says its revision, as this one does, is refused (exit 9)\n" +
		"until it is planned with that gate, or the arguments say why no old instance lives: --old-instances-gone REASON."
}

// setupHead says what a cluster must have before the first Job.
func (m *maker) setupHead() string {
	return "The Secret " + m.Secret + " must hold the URL of the database under the key dsn, and its password under the key password\n" +
		"unless the URL has it. What gates call, and addresses of replicas, stand in the ConfigMap " + m.Secret + "-config under the key\n" +
		"phasemig.yaml; it may be left out. Jobs need Kubernetes 1.26 or later (podFailurePolicy)."
}
