package throwaway

import "context"

// Tool is the path of a program that comes with servers of kind k, as pg_dump does. It is looked for where Start looks
// for the server's own, and then on the PATH.
func Tool(ctx context.Context, k Kind, name string) (string, error) {
	p, err := find(ctx, k)
	if err != nil {
		p = programs{kind: k}
	}
	return p.tool(name)
}
