package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestPage: a person watches a run on the page and steers it by the keyboard. Nothing is wrong on the console, and what the page holds
// doesn't grow: in the long form for five minutes of a backfill.
func TestPage(t *testing.T) {
	beside(t)
	rows, rate := 1500, 150
	if long() {
		rows, rate = 80_000, 200
	}
	p := newPage(t, rows, rate)
	p.b.screenshot("1-sign-in")
	p.signIn("ci")
	p.begin("expand")
	p.b.until(`!document.getElementById("live-bar").hidden`)
	if long() {
		p.watch(5 * time.Minute)
	}
	p.b.screenshot("2-running")
	p.pauseAndGoOn()
	p.named()
	p.press(`document.getElementById("ask")`)
	p.b.until(`document.getElementById("news").textContent.startsWith("The gates were asked")`)
	p.confirmed(`document.querySelector('[data-phase="switch"] [data-act="start"]')`)
	p.b.until(`document.querySelector('[data-phase="switch"]').dataset.state === "done"`)
	p.b.screenshot("4-switched")
	p.approveAsAlice()
	if long() {
		p.looks()
	}
	p.b.clean()
	p.process.signal(syscall.SIGTERM)
	p.process.wait().want(t, 0)
}

// page is the page of a server in a browser.
type page struct {
	*served
	b *browser
}

// newPage opens the page of a server with one change of a table, whose backfill is slow.
func newPage(t *testing.T, rows, rate int) *page {
	t.Helper()
	b := newBrowser(t)
	s := newGated(t, throwaway.Postgres, renameUsers, "gates:\n  contract:\n    - approval: {by: 1}\n", "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))",
		fmt.Sprintf("INSERT INTO users SELECT i, 'name' FROM generate_series(1, %d) i", rows))
	p := &page{s.serve(fmt.Sprintf("backfill: {chunk_rows: 50, max_rate: %d}\n", rate)), b}
	b.call("Page.navigate", map[string]any{"url": p.url}, nil)
	b.until(`document.readyState === "complete" && document.getElementById("signin") !== null`)
	return p
}

func (p *page) begin(phase string) {
	p.t.Helper()
	if status, a := p.ask("ci", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "phase": phase, "plan": json.RawMessage(p.home.read("plan.json"))}); status != http.StatusAccepted {
		p.t.Fatalf("%d %v", status, a)
	}
}

// signIn types a token and presses Enter.
func (p *page) signIn(name string) {
	p.t.Helper()
	p.b.eval(`document.getElementById("token").focus()`)
	p.b.text(p.tokens[name])
	p.b.enter()
	p.b.until(`!document.getElementById("content").hidden`)
}

// press puts the focus on a button, once it can be used, and presses Enter.
func (p *page) press(button string) {
	p.t.Helper()
	p.b.until(`!` + button + `.disabled`)
	p.b.eval(button + `.focus()`)
	p.b.enter()
}

// confirmed presses a button and says yes to its question, which has the focus on what changes nothing.
func (p *page) confirmed(button string) {
	p.t.Helper()
	p.press(button)
	p.b.until(`document.getElementById("confirm").open && document.activeElement.closest("dialog") !== null`)
	p.b.eval(`document.getElementById("confirm-yes").focus()`)
	p.b.enter()
	p.b.until(`!document.getElementById("confirm").open`)
}

// pauseAndGoOn: a pause by the keyboard holds the run, and after it the page starts the phase again, to its end.
func (p *page) pauseAndGoOn() {
	p.t.Helper()
	p.press(`document.getElementById("pause")`)
	p.b.until(`document.activeElement.id === "confirm-no"`)
	p.b.screenshot("3-question")
	p.b.key("Tab", 9)
	p.b.until(`document.activeElement.id === "confirm-yes"`)
	p.b.enter()
	p.b.until(`document.getElementById("cancel").disabled`) // the operation has ended
	p.confirmed(`document.getElementById("resume")`)
	p.home.must(0, "throttle", p.plan.ID, "--max-rate", "1000000")
	p.confirmed(`document.querySelector('[data-phase="expand"] [data-act="start"]')`)
	p.b.until(`document.querySelector('[data-phase="expand"]').dataset.state === "done"`)
}

// watch looks at the memory for a while and fails if it grows: the last third of the time against the one before.
func (p *page) watch(d time.Duration) {
	p.t.Helper()
	const every = 5 * time.Second
	var heaps, nodes []float64
	for range int(d / every) {
		<-time.After(every) // a length of time, not an order of events
		heap, n := p.b.memory()
		heaps, nodes = append(heaps, heap), append(nodes, n)
		p.b.clean()
	}
	if at := p.b.eval(`document.getElementById("live-words").textContent`); p.b.eval(`document.getElementById("live-bar").hidden`) == true {
		p.t.Errorf("the backfill was over before the time: %v", at)
	}
	p.t.Logf("heap, kB: %.0f", scaled(heaps, 1024))
	p.t.Logf("nodes: %.0f", nodes)
	third := len(heaps) / 3
	if before, after := middle(heaps[third:2*third]), middle(heaps[2*third:]); after > 1.05*before {
		p.t.Errorf("the heap grows: %.0f bytes, then %.0f", before, after)
	}
	if before, after := middle(nodes[third:2*third]), middle(nodes[2*third:]); after > 1.05*before {
		p.t.Errorf("the document grows: %.0f nodes, then %.0f", before, after)
	}
}

func scaled(list []float64, by float64) []float64 {
	out := make([]float64, len(list))
	for i, v := range list {
		out[i] = v / by
	}
	return out
}

func middle(list []float64) float64 { return slices.Sorted(slices.Values(list))[len(list)/2] }

// named: a screen reader has a name for everything that can be used.
func (p *page) named() {
	p.t.Helper()
	type value struct{ Value any }
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name value
		}
	}
	p.b.call("Accessibility.getFullAXTree", nil, &tree)
	found := 0
	for _, n := range tree.Nodes {
		if role, _ := n.Role.Value.(string); !n.Ignored && slices.Contains([]string{"button", "textbox", "combobox", "checkbox", "spinbutton", "progressbar", "image"}, role) {
			if found++; n.Name.Value == "" || n.Name.Value == nil {
				p.t.Errorf("a %s has no name", role)
			}
		}
	}
	if found < 10 {
		p.t.Errorf("only %d things were found", found)
	}
}

// approveAsAlice: who may not approve is offered nothing; another person signs in and approves contract.
func (p *page) approveAsAlice() {
	p.t.Helper()
	approve := `document.querySelector('[data-phase="contract"] [data-act="approve"]')`
	if p.b.eval(approve+`.disabled`) != true {
		p.t.Error("ci may not approve, and is offered to")
	}
	p.press(`document.getElementById("signout")`)
	p.b.until(`!document.getElementById("signin").hidden`)
	p.signIn("alice")
	p.confirmed(approve)
	p.b.until(`document.querySelector('[data-phase="contract"] .state').textContent.endsWith("alice")`)
	if o := p.operate("contract"); o["status"] != "SUCCEEDED" {
		p.t.Fatalf("contract: %v", o)
	}
	p.b.until(`document.querySelector('[data-phase="contract"]').dataset.state === "done"`)
	p.b.screenshot("5-done")
}

// looks keeps pictures of the page in the dark and on a small screen.
func (p *page) looks() {
	p.t.Helper()
	p.b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
	p.b.screenshot("6-dark")
	p.b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true}, nil)
	p.b.screenshot("7-small")
	if wide := p.b.eval(`document.documentElement.scrollWidth > window.innerWidth`); wide == true {
		p.t.Error("the page is wider than a small screen")
	}
}
