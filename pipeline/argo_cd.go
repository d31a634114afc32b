package pipeline

import "github.com/phasemig/phasemig/plans"

// argoCD makes a phase a PreSync hook. Hooks are run at every sync (argo-cd#3837), and are left out of a sync that begins
// during another (argo-cd#25475) and of a rollback (argo-cd#1927): each must do nothing where its phase is done, and the
// application must not take for granted that it was. PostSync comes before a rollout is over (argo-cd#16966) and isn't used.
// https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/
func (m *maker) argoCD() ([]File, error) {
	const version = "The revision is the label app.kubernetes.io/version of the Job's pods; the labels of a kustomization set it\n" +
		"(includeTemplates: true). Without it phasemig can't tell one revision from the next."
	var f files
	f.add(m.yamlFile("1-expand.yaml", "For the commit whose code uses the new side.\n"+version+"\n"+m.setupHead(),
		m.hooked(m.configMap(), "-2"), m.hook(plans.Expand)))
	f.add(m.yamlFile("2-switch.yaml", "Takes the place of 1-expand.yaml in a later commit, when the code of the first one is out everywhere.\n"+version,
		m.hooked(m.configMap(), "-2"), m.hook(plans.Switch)))
	f.add(m.yamlFile("3-contract.yaml", "Takes the place of 2-switch.yaml in a commit of its own, when nothing uses the old side any more. A sync has no pause:\n"+
		"leave the application without automated sync for this commit, or let the plan have the gate approval, which\n"+
		"phasemig approve opens.\n"+version+m.contractHead(),
		m.hooked(m.configMap(), "-2"), m.hook(plans.Contract)))
	return f.list, f.err
}

func (m *maker) hook(ph plans.PhaseName) object {
	return m.hooked(m.job(ph, "json", object{"valueFrom": object{"fieldRef": object{"fieldPath": "metadata.labels['app.kubernetes.io/version']"}}}), "-1")
}

// hooked puts a resource before the sync; the wave says in which order.
func (m *maker) hooked(o object, wave string) object {
	o["metadata"].(object)["annotations"] = object{
		"argocd.argoproj.io/hook":               "PreSync",
		"argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
		"argocd.argoproj.io/sync-wave":          wave,
	}
	return o
}
