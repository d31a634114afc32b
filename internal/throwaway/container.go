package throwaway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// sharedMemory is for the parallel queries of PostgreSQL; a container's default is too little for them.
const sharedMemory = 256 << 20

// box is a server in a Docker container.
type box struct {
	kind     Kind
	provider *testcontainers.DockerProvider
	made     testcontainers.Container
	hosts    []string // where the published port may be
	host     string   // where it is
	port     int      // kept for life, which one that Docker chooses would not be
}

// image is the official one; PHASEMIG_IMAGE_<KIND> names another that is started in the same way.
func image(k Kind) string {
	official := map[Kind]string{
		MySQL: "mysql:9.7", MariaDB: "mariadb:10.11",
		Postgres15: "postgres:15", Postgres18: "postgres:18", Postgres: "postgres:18",
	}
	return cmp.Or(os.Getenv("PHASEMIG_IMAGE_"+strings.ToUpper(string(k))), official[k])
}

// engine connects to Docker, and fails if none answers.
func engine(ctx context.Context) (*testcontainers.DockerProvider, error) {
	log.SetDefault(log.NewNoopLogger()) // it would tell stderr all about the engine
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(log.NewNoopLogger()))
	if err != nil {
		return nil, fmt.Errorf("connect to Docker: %w", err)
	}
	if err := provider.Health(ctx); err != nil {
		return nil, fmt.Errorf("connect to Docker: %w", errors.Join(err, provider.Close()))
	}
	return provider, nil
}

// newBox creates a container that is not yet running.
func newBox(ctx context.Context, k Kind, o Options) (*box, error) {
	if o.ReplicaOf != nil {
		return nil, fmt.Errorf("start a replica of %s: only with programs on this machine, not with Docker", k)
	}
	provider, err := engine(ctx)
	if err != nil {
		return nil, err
	}
	b := &box{kind: k, provider: provider, port: cmp.Or(o.Port, freePort())}
	if err := b.create(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("create a container of %s: %w", image(k), err), b.remove(context.WithoutCancel(ctx)))
	}
	return b, nil
}

func (b *box) create(ctx context.Context, o Options) error {
	host, err := b.provider.DaemonHost(ctx)
	if err != nil {
		return fmt.Errorf("find the host of Docker: %w", err)
	}
	// Where we are in a container ourselves, Docker may run beside us or outside, and host is only right for outside.
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	at := netip.IPv4Unspecified()
	if b.hosts = []string{loopback.String(), host}; host == "localhost" {
		at = loopback
	}
	port, err := network.ParsePort(b.inside())
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Log, "creating a container of %s\n", image(b.kind))
	b.made, err = b.provider.CreateContainer(ctx, testcontainers.ContainerRequest{
		Image: image(b.kind), Cmd: b.command(o), ExposedPorts: []string{b.inside()},
		Env: map[string]string{
			"MYSQL_ALLOW_EMPTY_PASSWORD": "yes", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": "yes", "POSTGRES_HOST_AUTH_METHOD": "trust",
		},
		HostConfigModifier: func(c *container.HostConfig) {
			c.ShmSize = sharedMemory
			c.PortBindings = network.PortMap{port: {{HostIP: at, HostPort: strconv.Itoa(b.port)}}}
		},
	})
	return err
}

func (b *box) inside() string {
	if b.kind.IsPostgres() {
		return "5432/tcp"
	}
	return "3306/tcp"
}

// command is what the image's entry point hands to the server.
func (b *box) command(o Options) []string {
	if !b.kind.IsPostgres() {
		args := []string{"--skip-name-resolve", "--secure-file-priv="}
		for _, s := range (mysqlProduct{b.kind}).settings(o) {
			args = append(args, "--"+s)
		}
		return args
	}
	args := []string{"postgres"}
	for _, s := range (postgresProduct{}).settings(o, true) {
		name, value := setting(s)
		args = append(args, "-c", name+"="+value)
	}
	return args
}

func (b *box) dsn() string {
	return productOf(b.kind).dsn(net.JoinHostPort(b.host, strconv.Itoa(b.port)))
}

func (b *box) pid() int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if state, err := b.made.State(ctx); err == nil && state.Running {
		return state.Pid
	}
	return 0
}

// start waits for a server that answers from outside: while it initialises its data, it does not.
func (b *box) start(ctx context.Context) error {
	if err := b.made.Start(ctx); err != nil {
		return fmt.Errorf("start the container of %s: %w", b.kind, err)
	}
	err := b.locate(ctx)
	if err == nil {
		err = answer(ctx, ping, b.dsn(), b.ended)
	}
	if err != nil {
		return fmt.Errorf("wait for the container of %s: %w", b.kind, err)
	}
	return nil
}

// locate finds the host on which the port is published. Docker listens there before the server does.
func (b *box) locate(ctx context.Context) error {
	var last error
	for _, host := range b.hosts {
		dialer := net.Dialer{Timeout: 3 * time.Second}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(b.port)))
		if err == nil {
			b.host = host
			return conn.Close()
		}
		last = err
	}
	return fmt.Errorf("find its port: %w", cmp.Or(b.ended(), last))
}

func (b *box) ended() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	state, err := b.made.State(ctx)
	if err != nil {
		return err
	}
	if !state.Running {
		return fmt.Errorf("exit status %d", state.ExitCode)
	}
	return nil
}

func (b *box) stop(ctx context.Context) error {
	patience := grace
	if err := b.made.Stop(ctx, &patience); err != nil {
		return fmt.Errorf("stop the container of %s: %w", b.kind, err)
	}
	return nil
}

func (b *box) kill() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	id, docker := b.made.GetContainerID(), b.provider.Client()
	if _, err := docker.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		return fmt.Errorf("kill the container of %s: %w", b.kind, err)
	}
	return nil
}

func (b *box) remove(ctx context.Context) error {
	if b.made == nil {
		return b.provider.Close()
	}
	err := b.made.Terminate(ctx, testcontainers.StopTimeout(0))
	if err = errors.Join(err, b.provider.Close()); err != nil {
		return fmt.Errorf("remove the container of %s: %w", b.kind, err)
	}
	return nil
}
