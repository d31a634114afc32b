package pipeline

import "github.com/phasemig/phasemig/plans"

// argoRollouts makes a phase an analysis by a Job, and the analyses steps of a canary. An exit code can't say
// "inconclusive" there: a gate that isn't open when the waiting is over fails the analysis, and the Rollout is
// aborted. The analysis may be run more than once (argo-rollouts#2519), which does no harm.
// https://argo-rollouts.readthedocs.io/en/stable/analysis/job/
func (m *maker) argoRollouts() ([]File, error) {
	var f files
	f.add(m.yamlFile("analysis.yaml", m.setupHead(), m.configMap(), m.analysis(plans.Expand), m.analysis(plans.Switch), m.analysis(plans.Contract)))
	f.add(m.yamlFile("rollout-1-expand-switch.yaml", "Steps of the Rollout for the revision whose code uses the new side: a merge patch for spec.strategy. The weights\n"+
		"and the pauses are an example. Expand is done before the first new pod, switch when all traffic is new. An abort leaves\n"+
		"the schema as it is, which old and new code both can use.",
		m.rollout(step("setWeight", 0), m.analyse(plans.Expand), step("setWeight", 10), pause("10m"), step("setWeight", 50), pause("10m"),
			step("setWeight", 100), m.analyse(plans.Switch))))
	f.add(m.yamlFile("rollout-2-contract.yaml", "Steps of the Rollout for a later revision, when nothing uses the old side any more: a merge patch for spec.strategy.\n"+
		"The last pause has no end: `kubectl argo rollouts promote "+m.App+"` is the approval."+m.contractHead(),
		m.rollout(step("setWeight", 10), pause("10m"), step("setWeight", 100), object{"pause": object{}}, m.analyse(plans.Contract))))
	return f.list, f.err
}

func (m *maker) analysis(ph plans.PhaseName) object {
	metric := object{
		"name": string(ph), "count": 1, "failureLimit": 0,
		"provider": object{"job": object{
			"metadata": object{"labels": m.labels()},
			"spec":     m.jobSpec(ph, "json", object{"value": "{{args.revision}}"}),
		}},
	}
	return object{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": m.metadata(m.jobName(ph)),
		"spec": object{"args": list{object{"name": "revision"}}, "metrics": list{metric}},
	}
}

func (m *maker) rollout(steps ...any) object {
	return object{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": object{"name": m.App},
		"spec": object{"strategy": object{"canary": object{"steps": list(steps)}}},
	}
}

func step(name string, value any) object { return object{name: value} }

func pause(d string) object { return step("pause", object{"duration": d}) }

// analyse hands the hash of the new pods over as the revision.
func (m *maker) analyse(ph plans.PhaseName) object {
	return step("analysis", object{
		"templates": list{object{"templateName": m.jobName(ph)}},
		"args":      list{object{"name": "revision", "valueFrom": object{"podTemplateHashValue": "Latest"}}},
	})
}
