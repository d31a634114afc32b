package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// completions are the scripts, by shell. All of them call the program itself, in the way that the library reads:
// the words of the line, and then --generate-bash-completion. Where it has nothing to say, files are offered.
var completions = map[string]string{
	"bash": `# phasemig completion bash. Load it: source <(phasemig completion bash)
_phasemig() {
  local current="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  local IFS=$'\n'
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" --generate-bash-completion 2>/dev/null)" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "${COMP_WORDS[@]:1:COMP_CWORD-1}" --generate-bash-completion 2>/dev/null)" -- "$current"))
  fi
}
complete -o bashdefault -o default -F _phasemig phasemig
`,
	"zsh": `#compdef phasemig
# phasemig completion zsh. Load it: source <(phasemig completion zsh)
_phasemig() {
  local -a candidates
  local current="${words[CURRENT]}"
  if [[ "$current" == -* ]]; then
    candidates=("${(@f)$("${words[1]}" "${(@)words[2,CURRENT-1]}" "$current" --generate-bash-completion 2>/dev/null)}")
  else
    candidates=("${(@f)$("${words[1]}" "${(@)words[2,CURRENT-1]}" --generate-bash-completion 2>/dev/null)}")
  fi
  if [[ -n "${candidates[1]}" ]]; then
    compadd -- "${candidates[@]}"
  else
    _files
  fi
}
if [[ "${funcstack[1]}" == _phasemig ]]; then _phasemig "$@"; else compdef _phasemig phasemig; fi
`,
	"fish": `# phasemig completion fish. Load it: phasemig completion fish | source
function __phasemig_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  if string match -q -- '-*' "$current"
    $words "$current" --generate-bash-completion 2>/dev/null
  else
    $words --generate-bash-completion 2>/dev/null
  end
end
complete -c phasemig -a '(__phasemig_complete)'
`,
}

func (p *program) completionCommand() *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Category:    groupMore,
		Usage:       "print the script by which a shell completes commands, flags and their values",
		ArgsUsage:   "bash|zsh|fish",
		Description: "bash: source <(phasemig completion bash)\nzsh:  source <(phasemig completion zsh)\nfish: phasemig completion fish | source",
		Action:      p.completion,
	}
}

func (p *program) completion(c *cli.Context) error {
	shell, err := one(c, "a shell")
	if err != nil {
		return err
	}
	script, ok := completions[shell]
	if !ok {
		return usagef("%q is not one of %s", shell, strings.Join(sortedKeys(completions), ", "))
	}
	_, _ = p.Stdout.Write([]byte(script))
	return nil
}

// askedToComplete: the last word says so, as the library has it.
func askedToComplete(args []string) bool {
	return len(args) > 1 && args[len(args)-1] == "--generate-bash-completion"
}

// complete answers for the words of a line, the last of which may be the beginning of a flag. It asks no server.
func (p *program) complete(words []string) []string {
	commands := p.commands()
	if len(words) == 0 {
		return commandNames(commands)
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(words[0]) })
	if i < 0 {
		return nil
	}
	c, last := commands[i], ""
	if words = words[1:]; len(words) > 0 {
		last = words[len(words)-1]
	}
	switch {
	case strings.HasPrefix(last, "-") && !strings.Contains(last, "=") && wantsValue(c.Flags, last):
		return slices.Concat(valuesOf(c, strings.TrimLeft(last, "-")), beginning(c.Flags, last))
	case strings.HasPrefix(last, "-"):
		return beginning(c.Flags, last)
	case len(words) == 0:
		return firstWords(c.ArgsUsage)
	}
	return nil
}

// firstWords are what may stand as the first argument, where that is a choice of words: "bash|zsh|fish", "generate PLAN".
func firstWords(usage string) []string {
	first, _, _ := strings.Cut(usage, " ")
	if first == "" || first != strings.ToLower(first) {
		return nil
	}
	return strings.Split(strings.Trim(first, "[]"), "|")
}

func commandNames(list []*cli.Command) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Name)
	}
	return out
}

// beginning lists the flags that begin so.
func beginning(flags []cli.Flag, word string) []string {
	var out []string
	for _, f := range flags {
		for _, n := range f.Names() {
			if len(n) > 1 && strings.HasPrefix("--"+n, word) && "--"+n != word {
				out = append(out, "--"+n)
			}
		}
	}
	return out
}

// valuesOf are the words that a flag takes, where it takes some words only: its usage lists them behind a colon.
func valuesOf(c *cli.Command, name string) []string {
	for _, f := range c.Flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok || !slices.Contains(f.Names(), name) {
			continue
		}
		_, list, ok := strings.Cut(d.GetUsage(), ": ")
		if !ok {
			return nil
		}
		return choices(list)
	}
	return nil
}

// choices reads "a, b or c"; anything else is a sentence and gives none.
func choices(list string) []string {
	list, _, _ = strings.Cut(list, "; ")
	var out []string
	for _, w := range strings.Split(strings.Replace(list, " or ", ", ", 1), ", ") {
		if w == "" || strings.ContainsAny(w, " (") || w != strings.ToLower(w) {
			return nil
		}
		out = append(out, w)
	}
	return out
}

// answerCompletion prints the candidates, one a line.
func (p *program) answerCompletion(args []string) int {
	var b bytes.Buffer
	for _, w := range p.complete(args[1 : len(args)-1]) {
		fmt.Fprintln(&b, w)
	}
	_, _ = p.Stdout.Write(b.Bytes())
	return exitDone
}
