package serve

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// meter holds the metrics of this process. Where a run stands is read from the targets at each scrape; what happens within
// a step is known only for operations of this process.
type meter struct {
	registry   *prometheus.Registry
	rows       *prometheus.GaugeVec
	total      *prometheus.GaugeVec
	rate       *prometheus.GaugeVec
	lag        *prometheus.GaugeVec
	held       *prometheus.CounterVec
	gates      *prometheus.GaugeVec
	cutOver    *prometheus.GaugeVec
	operations *prometheus.CounterVec
}

func newMeter() *meter {
	of := func(more ...string) []string { return append([]string{"environment", "run"}, more...) }
	gauge := func(name, help string, labels []string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "phasemig_" + name, Help: help}, labels)
	}
	counter := func(name, help string, labels []string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "phasemig_" + name, Help: help}, labels)
	}
	m := &meter{
		registry:   prometheus.NewRegistry(),
		rows:       gauge("step_rows", "Rows that a step has walked.", of("step")),
		total:      gauge("step_rows_estimate", "Rows that the step will have walked, by the server's estimate.", of("step")),
		rate:       gauge("step_rows_per_second", "Rows a second.", of("step")),
		lag:        gauge("replica_lag_seconds", "Lag of a replica, while it holds the work back or slows it.", of("replica")),
		held:       counter("throttled_seconds_total", "Time that the work was held back or slowed, by the signal that did it. Signals overlap.", of("signal")),
		gates:      gauge("gate_verdict", "The last verdict of a gate: 1 pass, 0 inconclusive, -1 fail.", of("phase", "gate")),
		cutOver:    gauge("cut_over_seconds", "How long the step took that swapped the tables, the drain before the lock included.", of("step")),
		operations: counter("operations_total", "Operations that have ended, by their status.", []string{"environment", "action", "status"}),
	}
	m.registry.MustRegister(m.rows, m.total, m.rate, m.lag, m.held, m.gates, m.cutOver, m.operations)
	return m
}

// observe follows the events of an operation.
func (m *meter) observe(v Operation, ev engine.Event) {
	switch ev := ev.(type) {
	case engine.Progress:
		m.rows.WithLabelValues(v.Environment, v.Name, ev.Step).Set(float64(ev.Rows))
		m.total.WithLabelValues(v.Environment, v.Name, ev.Step).Set(float64(ev.Total))
		m.rate.WithLabelValues(v.Environment, v.Name, ev.Step).Set(ev.Rate)
	case engine.Throttled:
		m.throttled(v, ev)
	case engine.GateChecked:
		m.verdict(v.Environment, v.Name, string(ev.Phase), ev.Gate, ev.Verdict.State)
	case engine.StepDone:
		m.rate.DeleteLabelValues(v.Environment, v.Name, ev.Step)
		if strings.HasSuffix(ev.Step, "."+string(plans.CutOver)) || strings.HasSuffix(ev.Step, "."+string(plans.Swap)) {
			m.cutOver.WithLabelValues(v.Environment, v.Name, ev.Step).Set(ev.Elapsed.Seconds())
		}
	}
}

// throttled counts the part of the second since the last such event that was lost.
func (m *meter) throttled(v Operation, ev engine.Throttled) {
	for _, s := range ev.Signals {
		if s.Name == "replica_lag" {
			m.lag.WithLabelValues(v.Environment, v.Name, s.Of).Set(s.Value)
		}
		if s.Over() {
			m.held.WithLabelValues(v.Environment, v.Name, s.Name).Add(1 - ev.Share)
		}
	}
}

func (m *meter) verdict(environment, run, phase, kind string, v gate.State) {
	m.gates.WithLabelValues(environment, run, phase, kind).Set(map[gate.State]float64{gate.Pass: 1, gate.Fail: -1}[v])
}

func (m *meter) ended(v Operation) {
	m.operations.WithLabelValues(v.Environment, string(v.Action), string(v.Status)).Inc()
	m.rate.DeletePartialMatch(prometheus.Labels{"environment": v.Environment, "run": v.Name})
	m.lag.DeletePartialMatch(prometheus.Labels{"environment": v.Environment, "run": v.Name})
}

// watch adds what is read at each scrape.
func (m *meter) watch(s *Server) { m.registry.MustRegister(&standings{s}) }

// standings tells where each run stands in each phase.
type standings struct{ s *Server }

var (
	phaseDesc     = prometheus.NewDesc("phasemig_phase_state", "1 for the state that a phase of a run is in: waiting, running, done, taken_back, stopped.", []string{"environment", "run", "id", "phase", "state"}, nil)
	updatedDesc   = prometheus.NewDesc("phasemig_run_updated_timestamp_seconds", "When the run last changed, on the database's clock.", []string{"environment", "run", "id"}, nil)
	reachableDesc = prometheus.NewDesc("phasemig_environment_up", "1 when the environment could be asked.", []string{"environment"}, nil)
)

// Describe lists the metrics.
func (c *standings) Describe(ch chan<- *prometheus.Desc) {
	ch <- phaseDesc
	ch <- updatedDesc
	ch <- reachableDesc
}

// scrapeTime bounds what a scrape waits for the targets.
const scrapeTime = 5 * time.Second

// Collect reads every environment. One that can't be reached shows as down.
func (c *standings) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(c.s.life, scrapeTime)
	defer cancel()
	for _, t := range c.s.targets {
		list, err := t.known(ctx)
		up := 1.0
		if err != nil {
			up = 0
		}
		ch <- prometheus.MustNewConstMetric(reachableDesc, prometheus.GaugeValue, up, t.Name)
		for _, r := range list {
			collectRun(ch, t.Name, r)
		}
	}
}

func collectRun(ch chan<- prometheus.Metric, environment string, r state.Run) {
	for _, ph := range plans.PhaseNames() {
		ch <- prometheus.MustNewConstMetric(phaseDesc, prometheus.GaugeValue, 1, environment, r.Name, r.ID, string(ph), string(standing(r, ph)))
	}
	ch <- prometheus.MustNewConstMetric(updatedDesc, prometheus.GaugeValue, float64(r.Updated.UnixMilli())/1000, environment, r.Name, r.ID)
}

func (s *Server) metrics(*http.Request) (reply, error) {
	return reply{raw: promhttp.HandlerFor(s.meter.registry, promhttp.HandlerOpts{})}, nil
}
