package postgres

import "testing"

// A standby's name is what it says in its connection string, the fallback only if it says
// nothing.
func TestNameIn(t *testing.T) {
	for conninfo, want := range map[string]string{
		"": "main",
		"user=r host=db fallback_application_name=walreceiver sslmode=prefer":                               "walreceiver",
		"user=r application_name=reader host=db fallback_application_name=walreceiver":                      "reader",
		"user=r host=db fallback_application_name=walreceiver application_name='my reader' channel_binding": "my reader",
	} {
		if got := nameIn(conninfo, "main"); got != want {
			t.Errorf("%s: %q, want %q", conninfo, got, want)
		}
	}
	if got := nameIn("", ""); got != "walreceiver" {
		t.Errorf("of nothing: %q", got)
	}
}
