package pipeline

import (
	"strconv"

	"github.com/phasemig/phasemig/plans"
)

// gitHubActions makes each phase a workflow that a deploy workflow calls, or somebody starts by hand. Contract waits
// for the reviewers of its environment.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
func (m *maker) gitHubActions() ([]File, error) {
	const use = "Belongs into .github/workflows. A deploy workflow calls it as a job: `uses: ./.github/workflows/NAME`, `secrets: inherit`."
	var f files
	f.add(m.yamlFile(m.workflowName(plans.Expand), use+"\nTo be called before code that uses the new side is deployed.", m.workflow(plans.Expand)))
	f.add(m.yamlFile(m.workflowName(plans.Switch), use+"\nTo be called when that code is out everywhere.", m.workflow(plans.Switch)))
	f.add(m.yamlFile(m.workflowName(plans.Contract), use+"\nTo be called for a later commit, when nothing uses the old side any more. Give the environment phasemig-contract\n"+
		"required reviewers: they are asked before the job begins."+m.contractHead(), m.workflow(plans.Contract)))
	return f.list, f.err
}

func (m *maker) workflowName(ph plans.PhaseName) string { return "phasemig-" + m.jobName(ph) + ".yml" }

func (m *maker) workflow(ph plans.PhaseName) object {
	revision := object{"revision": object{"description": "Revision of the application; the commit if left out", "type": "string", "required": false}}
	job := object{
		"runs-on": "ubuntu-latest", "timeout-minutes": int(m.Deadline.Minutes()) + 5, "environment": "phasemig-" + string(ph),
		"outputs": object{"status": "${{ steps.phasemig.outputs.status }}", "evidence_head": "${{ steps.phasemig.outputs.evidence_head }}"},
		"steps":   m.workflowSteps(ph),
	}
	return object{
		"name": "phasemig " + m.plan.Name + " " + string(ph),
		"on": object{
			"workflow_dispatch": object{"inputs": revision},
			"workflow_call": object{
				"inputs":  revision,
				"secrets": object{"PHASEMIG_DSN": object{"required": false}, "PHASEMIG_PASSWORD": object{"required": false}}, // or the environment has them
				"outputs": object{
					"status":        object{"description": "Where the run stands", "value": "${{ jobs." + string(ph) + ".outputs.status }}"},
					"evidence_head": object{"description": "Head of the evidence, for phasemig audit --head", "value": "${{ jobs." + string(ph) + ".outputs.evidence_head }}"},
				},
			},
		},
		"permissions": object{"contents": "read"},
		// A second workflow waits for the first and doesn't end it.
		"concurrency": object{"group": "phasemig-" + m.plan.ID, "cancel-in-progress": false},
		"jobs":        object{string(ph): job},
	}
}

func (m *maker) workflowSteps(ph plans.PhaseName) list {
	return list{
		object{"uses": "actions/checkout@v4"},
		object{"uses": "actions/setup-go@v5", "with": object{"go-version": "stable", "cache": false}},
		object{"name": "install phasemig", "env": object{"VERSION": m.Version}, "run": `go install "github.com/phasemig/phasemig/cmd/phasemig@$VERSION"`},
		object{
			"id": "phasemig", "name": "phasemig apply --phase " + string(ph), "shell": "bash",
			// Values come through the environment, so that none of them is read as shell code.
			"env": object{
				"PHASEMIG_DSN": "${{ secrets.PHASEMIG_DSN }}", "PHASEMIG_PASSWORD": "${{ secrets.PHASEMIG_PASSWORD }}",
				"PHASEMIG_REVISION": "${{ inputs.revision || github.sha }}",
				"PLAN":              m.PlanFile, "PHASE": string(ph), "WAIT": m.Wait.String(), "LIMIT": strconv.Itoa(int(m.Deadline.Seconds())),
			},
			"run": applyScript,
		},
	}
}

// applyScript calls again where the exit code says that it is safe: 6, another runner; 75, temporary. GitHub would signal the
// shell and not the program, so timeout is what asks it to end at a safe point.
const applyScript = `end=$((SECONDS + LIMIT))
for try in 1 2 3 4 5; do
  code=0
  timeout --preserve-status --kill-after=60s "$((end - SECONDS))" \
    "$(go env GOPATH)/bin/phasemig" apply "$PLAN" --phase "$PHASE" --wait "$WAIT" --output github || code=$?
  case "$code" in
    6|75) echo "exit $code, try $try of 5: the same call goes on where it was" >&2 ;;
    *) exit "$code" ;;
  esac
  [ "$((end - SECONDS))" -gt 60 ] || break
  sleep 30
done
exit "$code"
`
