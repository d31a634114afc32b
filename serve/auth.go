package serve

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

type callerKey struct{}

// caller is who sent the request.
func caller(ctx context.Context) Token {
	t, _ := ctx.Value(callerKey{}).(Token)
	return t
}

// authorized lets a request through whose token has the scope, for the environment that its path names.
func (s *Server) authorized(scope Scope, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			secret = ""
		}
		t, err := s.admit(secret, scope, r.PathValue("env"))
		if err != nil {
			s.refused(r, t.Name, err)
			writeProblem(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, t)))
	})
}

// admit finds the token of a secret and asks whether it may.
func (s *Server) admit(secret string, scope Scope, environment string) (Token, *Problem) {
	t, ok := s.tokens.find(strings.TrimSpace(secret))
	switch {
	case !ok:
		return t, &Problem{Class: "unauthorized", Status: http.StatusUnauthorized, Exit: exitError, Detail: "no token is known for this request",
			Hint: "send Authorization: Bearer TOKEN; `phasemig token NAME` makes one, and its hash belongs into phasemig.yaml"}
	case !t.allows(scope, environment):
		return t, &Problem{Class: "forbidden", Status: http.StatusForbidden, Exit: exitError, Detail: mayNot(t, scope, environment), Hint: "use another token, or give this one the scope in phasemig.yaml"}
	}
	return t, nil
}

func mayNot(t Token, scope Scope, environment string) string {
	if !t.reaches(environment) {
		return fmt.Sprintf("token %s is not for environment %s", t.Name, environment)
	}
	return fmt.Sprintf("token %s lacks the scope %s", t.Name, scope)
}

// refused logs a request that was turned away: who, what and why, and nothing that was sent.
func (s *Server) refused(r *http.Request, name string, p *Problem) {
	s.config.Log.Warn("request refused", "class", p.Class, "status", p.completed().Status, "method", r.Method, "path", r.URL.Path, "from", r.RemoteAddr, "token", name)
}

// sameSite refuses what a browser sends on behalf of another site. No request is trusted by cookie or address, so this is a
// second lock: a page elsewhere has no token to send.
func (s *Server) sameSite(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &Problem{Class: "cross_site", Status: http.StatusForbidden, Exit: exitError, Detail: "a browser sent this on behalf of another site"}
		s.refused(r, "", p)
		writeProblem(w, p)
	}))
	return guard.Handler(next)
}
