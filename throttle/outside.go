package throttle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// HTTP is an address that says whether to go on, as freno does: 200 is yes, anything
// else is no. Freno's own words: 429 the limit is exceeded, 417 refused for this
// application, 404 the metric isn't known, 500 the metric can't be read.
type HTTP struct {
	URL       string            `yaml:"url"`
	Headers   map[string]string `yaml:"headers"`
	HeaderEnv map[string]string `yaml:"header_env"` // header → environment variable that holds its value
	Timeout   time.Duration     `yaml:"timeout"`    // 1 s
}

// Validate reports an address that can't be asked.
func (h HTTP) Validate() error {
	if h.URL == "" {
		return nil
	}
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("http: url is no http:// or https:// address") // not repeated: it may hold a password
	}
	if h.Timeout < 0 {
		return errors.New("http: timeout is negative")
	}
	return nil
}

// Source asks the address. Its connections are closed after each answer: an idle one
// would outlive the work.
func (h HTTP) Source() Source {
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	return Source{Name: "http", Timeout: cmp.Or(h.Timeout, time.Second), Ask: func(ctx context.Context) ([]Signal, error) {
		status, err := h.ask(ctx, client)
		if err != nil {
			return nil, err
		}
		return []Signal{httpSignal(status)}, nil
	}}
}

func httpSignal(status int) Signal {
	s := Signal{Name: "http", Value: float64(status)}
	if status != http.StatusOK {
		s.Why = strings.TrimSpace(fmt.Sprintf("answers %d %s", status, http.StatusText(status)))
	}
	return s
}

func (h HTTP) ask(ctx context.Context, client *http.Client) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return 0, errors.New("the address can't be asked")
	}
	for k, v := range h.Headers {
		req.Header.Set(k, v)
	}
	for k, env := range h.HeaderEnv {
		req.Header.Set(k, os.Getenv(env))
	}
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // it repeats the address, which may hold a token
		}
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // the status is all that counts
	return resp.StatusCode, nil
}

// FlagFile holds while the file exists.
func FlagFile(path string) Source {
	return Source{Name: "flag_file", Ask: func(context.Context) ([]Signal, error) {
		s := Signal{Name: "flag_file"}
		switch _, err := os.Stat(path); {
		case err == nil:
			s.Why = path + " exists"
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		return []Signal{s}, nil
	}}
}

// Query holds while the number that ask returns is over 0.
func Query(ask func(context.Context) (float64, error)) Source {
	return Source{Name: "query", Ask: func(ctx context.Context) ([]Signal, error) {
		v, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		s := Signal{Name: "query", Value: v}
		if v > 0 {
			s.Why = "returns " + number(v)
		}
		return []Signal{s}, nil
	}}
}
