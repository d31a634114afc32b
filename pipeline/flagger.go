package pipeline

import (
	"strings"

	"github.com/phasemig/phasemig/plans"
)

// flagger makes the phases Jobs, and hooks of a Canary that ask `phasemig serve`: a hook must answer within
// seconds and can't wait for a backfill. confirm-rollout and confirm-promotion park a Canary for as long as they don't answer
// 200; a pre-rollout that fails would count as a failed check. The hook of the type rollback has the other polarity:
// 200 takes the Canary back.
// https://docs.flagger.app/usage/webhooks
func (m *maker) flagger() ([]File, error) {
	const tokens = "Flagger sends no headers, so the token stands in the metadata: ${PHASEMIG_FLAGGER_TOKEN} is filled in by Flux\n" +
		"(postBuild.substituteFrom with a Secret), and never committed."
	var f files
	f.add(m.yamlFile("job-expand-switch.yaml", "Expand runs before the new image, switch is suspended until the Canary has succeeded:\n"+
		m.resume(plans.Switch)+"\nFlux fills in ${PHASEMIG_REVISION}, the revision of the application.\n"+m.setupHead(),
		unsubstituted(m.configMap()), m.revised(plans.Expand), suspended(m.revised(plans.Switch))))
	f.add(m.yamlFile("canary-1-expand-switch.yaml", "Hooks of the Canary for the revision whose code uses the new side: a merge patch for spec.analysis.webhooks.\n"+tokens,
		m.canary(m.webhook("phasemig-expand", "confirm-rollout", plans.Expand), m.webhook("phasemig-switch", "confirm-promotion", plans.Switch),
			m.webhook("phasemig-rollback", "rollback", plans.Switch), m.webhook("phasemig-events", "event", plans.Switch))))
	f.add(m.yamlFile("job-contract.yaml", "For a later revision, when nothing uses the old side any more. The Job is suspended; to resume it is the approval:\n"+
		m.resume(plans.Contract)+"\nFlux fills in ${PHASEMIG_REVISION}, the revision of the application. The ConfigMap is that of job-expand-switch.yaml."+m.contractHead(),
		suspended(m.revised(plans.Contract))))
	return f.list, f.err
}

func (m *maker) resume(ph plans.PhaseName) string {
	return "kubectl patch job " + m.jobName(ph) + ` --patch '{"spec": {"suspend": false}}'`
}

// revised takes the revision from Flux, too.
func (m *maker) revised(ph plans.PhaseName) object {
	return m.job(ph, "json", object{"value": "${PHASEMIG_REVISION}"})
}

// unsubstituted keeps Flux from filling in what looks like a variable in the plan's SQL.
func unsubstituted(o object) object {
	o["metadata"].(object)["annotations"] = object{"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
	return o
}

func suspended(job object) object {
	job["spec"].(object)["suspend"] = true
	return job
}

func (m *maker) canary(hooks ...any) object {
	return object{
		"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": object{"name": m.App},
		"spec": object{"analysis": object{"webhooks": list(hooks)}},
	}
}

// webhook asks at an address of its own for each type, since their polarities differ.
func (m *maker) webhook(name, hook string, ph plans.PhaseName) object {
	return object{
		"name": name, "type": hook, "url": strings.TrimRight(m.Serve, "/") + "/v1/flagger/" + hook, "timeout": "10s",
		"metadata": object{"token": "${PHASEMIG_FLAGGER_TOKEN}", "environment": m.Environment, "run": m.plan.ID, "phase": string(ph)},
	}
}
