package throttle

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func one(t *testing.T, s Source) (Signal, error) {
	t.Helper()
	list, err := ask(t.Context(), s)
	if err != nil {
		return Signal{}, err
	}
	if len(list) != 1 {
		t.Fatalf("%d signals", len(list))
	}
	return list[0], nil
}

func TestHTTP(t *testing.T) {
	var status atomic.Int32
	var header atomic.Value
	hang := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header.Store(r.Method + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-App"))
		if status.Load() == 0 {
			<-hang
			return
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer srv.Close()
	t.Setenv("FRENO_TOKEN", "secret")
	s := HTTP{URL: srv.URL + "/check/app", Timeout: 100 * time.Millisecond, Headers: map[string]string{"X-App": "phasemig"},
		HeaderEnv: map[string]string{"Authorization": "FRENO_TOKEN"}}.Source()
	for code, over := range map[int]bool{200: false, 201: true, 404: true, 417: true, 429: true, 500: true, 503: true} {
		status.Store(int32(code))
		got, err := one(t, s)
		if err != nil || got.Over() != over {
			t.Errorf("%d: %+v, %v", code, got, err)
		}
		if over && !strings.Contains(got.String(), "answers "+number(float64(code))) {
			t.Errorf("%d: %s", code, got)
		}
	}
	if got := header.Load(); got != "GET secret phasemig" {
		t.Errorf("asked %q", got)
	}
	status.Store(0)
	if _, err := one(t, s); err == nil || err.Error() != "no answer within 100ms" {
		t.Errorf("an address that hangs: %v", err)
	}
	close(hang)
	srv.Close()
	if _, err := one(t, s); err == nil || strings.Contains(err.Error(), "check/app") {
		t.Errorf("an address that is gone, and must not be repeated: %v", err)
	}
}

func TestHTTPAddress(t *testing.T) {
	for _, bad := range []HTTP{{URL: "freno/check"}, {URL: "ftp://freno"}, {URL: "http://"}, {URL: "http://h", Timeout: -1}, {URL: "http://u:secret@h:port"}} {
		if err := bad.Validate(); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := errors.Join(HTTP{}.Validate(), HTTP{URL: "https://freno/check"}.Validate()); err != nil {
		t.Error(err)
	}
}

func TestFlagFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hold")
	s := FlagFile(path)
	if got, err := one(t, s); err != nil || got.Over() {
		t.Errorf("without the file: %+v, %v", got, err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := one(t, s); err != nil || got.String() != "flag_file "+path+" exists" {
		t.Errorf("with the file: %+v, %v", got, err)
	}
	if _, err := one(t, FlagFile(path+"/below")); err == nil {
		t.Error("a path that can't be looked at holds nothing")
	}
}

func TestQuery(t *testing.T) {
	for v, over := range map[float64]bool{-1: false, 0: false, 0.5: true, 3: true} {
		got, err := one(t, Query(func(context.Context) (float64, error) { return v, nil }))
		if err != nil || got.Over() != over {
			t.Errorf("%g: %+v, %v", v, got, err)
		}
	}
	if _, err := one(t, Query(func(context.Context) (float64, error) { return 0, errors.New("no such table") })); err == nil {
		t.Error("a query that fails holds nothing")
	}
}
