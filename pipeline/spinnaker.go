package pipeline

import (
	"strings"

	"github.com/phasemig/phasemig/plans"
)

// spinnaker makes the phases stages of the type Run Job (Manifest), in two pipelines. phasemig writes the line that
// becomes the stage's outputs; Spinnaker looks for it in the log of the container that propertyFile names.
// https://spinnaker.io/docs/guides/user/kubernetes/run-job-manifest/
func (m *maker) spinnaker() ([]File, error) {
	var f files
	f.add(m.yamlFile("plan.yaml", "To be applied before the first run of a pipeline.\n"+m.setupHead(), m.configMap()))
	f.add(jsonFile("pipeline-1-expand-switch.json", m.stages("expand and switch",
		m.runJob("1", nil, plans.Expand),
		judgment("2", "1", "The code that uses the new side is out", "Deploy the revision that uses the new side, and continue when it is out everywhere and does well."),
		m.runJob("3", list{"2"}, plans.Switch))))
	f.add(jsonFile("pipeline-2-contract.json", m.stages("contract",
		judgment("1", "", "Nothing uses the old side any more", "Continue only for a later revision than the one that expand was run for. The drop at the end can't be taken back."+strings.ReplaceAll(m.contractHead(), "\n", " ")),
		m.runJob("2", list{"1"}, plans.Contract))))
	return f.list, f.err
}

func (m *maker) stages(what string, stages ...any) object {
	return object{
		"name": "phasemig " + m.plan.Name + ": " + what, "application": m.App, "keepWaitingPipelines": true, "limitConcurrent": true,
		"parameterConfig": list{object{"name": "revision", "label": "Revision of the application", "required": true, "default": ""}},
		"stages":          list(stages),
	}
}

// runJob has a timeout that is longer than the Job's own: the Job ends by itself, at a safe point.
func (m *maker) runJob(ref string, after list, ph plans.PhaseName) object {
	job := m.job(ph, "spinnaker", object{"value": "${parameters.revision}"})
	meta := job["metadata"].(object)
	delete(meta, "name")
	meta["generateName"] = m.jobName(ph) + "-" // a stage that runs again makes another Job
	return object{
		"refId": ref, "requisiteStageRefIds": orEmpty(after), "name": "phasemig " + string(ph), "type": "runJobManifest", "alias": "runJob",
		"cloudProvider": "kubernetes", "account": m.Account, "credentials": m.Account, "application": m.App,
		"source": "text", "manifest": job, "propertyFile": container, "consumeArtifactSource": "propertyFile",
		"failPipeline": true, "continuePipeline": false, "completeOtherBranchesThenFail": false,
		"overrideTimeout": true, "stageTimeoutMs": (m.Deadline.Milliseconds()/600 + 1) * 660, // a tenth more
	}
}

func judgment(ref, after, name, instructions string) object {
	var before list
	if after != "" {
		before = list{after}
	}
	return object{
		"refId": ref, "requisiteStageRefIds": orEmpty(before), "name": name, "type": "manualJudgment", "instructions": instructions,
		"judgmentInputs": list{}, "notifications": list{}, "failPipeline": true,
	}
}

func orEmpty(l list) list {
	if l == nil {
		return list{}
	}
	return l
}
