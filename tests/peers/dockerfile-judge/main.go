// What BuildKit's Dockerfile frontend says about files: a situation a line on standard input, an
// answer a line on standard output, both JSON. It is the frontend itself that runs, with a client
// in place of a daemon whose sources are the files and images of the situation.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/builder"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/pkg/errors"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// Files are by source (the name of a local one, else the identifier) and path; Images are configs
// by canonical reference, "REF PLATFORM" before "REF". Worker is the platform of the worker.
type situation struct {
	Opts    map[string]string
	Files   map[string]map[string][]byte
	Images  map[string]json.RawMessage
	Times   map[string]string
	Worker  string
	Session string
}

// Definitions are those of the stages that were to be solved, serialised, in the order of their
// platforms.
type answer struct {
	Error       string
	Sources     []*errdefs.Source
	Metadata    map[string][]byte
	Definitions [][]byte
	Warnings    []warning
	Resolved    []string
}

type warning struct {
	Text   string
	Detail [][]byte
	URL    string
	Ranges []*pb.Range
}

// daemon is the client side of a daemon that solves nothing.
type daemon struct {
	situation
	mu     sync.Mutex
	answer answer
}

var _ client.Client = (*daemon)(nil)

func (d *daemon) BuildOpts() client.BuildOpts {
	worker := platforms.MustParse(d.Worker)
	return client.BuildOpts{
		Opts:      d.Opts,
		SessionID: d.Session,
		Workers:   []client.WorkerInfo{{ID: "worker", Platforms: []ocispecs.Platform{worker}}},
		LLBCaps:   pb.Caps.CapSet(pb.Caps.All()),
		Caps:      gwpb.Caps.CapSet(gwpb.Caps.All()),
	}
}

func (d *daemon) Inputs(context.Context) (map[string]llb.State, error) { return nil, nil }

func (d *daemon) NewContainer(context.Context, client.NewContainerRequest) (client.Container, error) {
	return nil, errors.New("no container runs here")
}

func (d *daemon) Warn(_ context.Context, _ digest.Digest, text string, opts client.WarnOpts) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer.Warnings = append(d.answer.Warnings, warning{text, opts.Detail, opts.URL, opts.Range})
	return nil
}

func (d *daemon) Solve(_ context.Context, request client.SolveRequest) (*client.Result, error) {
	if request.Frontend != "" {
		return nil, errors.Errorf("frontend %s was asked for", request.FrontendOpt["source"])
	}
	result := client.NewResult()
	if name, ok := onlySource(request.Definition); ok {
		result.SetRef(&files{contents: d.Files[name]})
		return result, nil
	}
	data, err := request.Definition.MarshalVT()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer.Definitions = append(d.answer.Definitions, data)
	result.SetRef(&files{})
	return result, nil
}

// onlySource is the source that the definition is of, where it is of nothing else that this
// situation could have been asked to build.
func onlySource(definition *pb.Definition) (string, bool) {
	if len(definition.Def) != 2 {
		return "", false
	}
	var op pb.Op
	if err := op.Unmarshal(definition.Def[0]); err != nil || op.GetSource() == nil {
		return "", false
	}
	identifier := op.GetSource().Identifier
	if name, local := strings.CutPrefix(identifier, "local://"); local {
		return name, true
	}
	return identifier, !strings.HasPrefix(identifier, "docker-image://")
}

func (d *daemon) ResolveImageConfig(
	_ context.Context, ref string, opt sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	wanted := platforms.MustParse(d.Worker)
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		wanted = *opt.ImageOpt.Platform
	}
	if opt.OCILayoutOpt != nil && opt.OCILayoutOpt.Platform != nil {
		wanted = *opt.OCILayoutOpt.Platform
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer.Resolved = append(d.answer.Resolved, opt.LogName)
	for _, name := range []string{ref + " " + platforms.Format(wanted), ref} {
		if config, ok := d.Images[name]; ok {
			return ref, digest.FromBytes(config), config, nil
		}
	}
	// As the daemon wraps what a registry says.
	return "", "", nil, errors.Errorf("failed to resolve source metadata for %s: %s: not found", ref, ref)
}

func (d *daemon) ResolveSourceMetadata(
	_ context.Context, op *pb.SourceOp, opt sourceresolver.Opt,
) (*sourceresolver.MetaResponse, error) {
	response := &sourceresolver.MetaResponse{Op: op}
	if name, ok := strings.CutPrefix(op.Identifier, "docker-image://"); ok {
		_, dgst, config, err := d.ResolveImageConfig(context.Background(), name, opt)
		if err != nil {
			return nil, err
		}
		response.Image = &sourceresolver.ResolveImageResponse{Digest: dgst, Config: config}
		return response, nil
	}
	text, ok := d.Times[op.Identifier]
	if !ok {
		return response, nil
	}
	if strings.HasPrefix(op.Identifier, "git://") {
		commit := fmt.Sprintf("tree %040d\nauthor A <a@b> %s +0000\ncommitter A <a@b> %s +0000\n\nm\n", 1, text, text)
		response.Git = &sourceresolver.ResolveGitResponse{CommitObject: []byte(commit)}
		return response, nil
	}
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, err
	}
	response.HTTP = &sourceresolver.ResolveHTTPResponse{LastModified: &when}
	return response, nil
}

// files is a reference to what a source has.
type files struct {
	client.Reference
	contents map[string][]byte
}

func (f *files) ReadFile(_ context.Context, request client.ReadRequest) ([]byte, error) {
	name := strings.TrimPrefix(path.Clean(request.Filename), "/")
	data, ok := f.contents[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("no such file or directory")}
	}
	if request.Range != nil && request.Range.Length < len(data) {
		data = data[:request.Range.Length]
	}
	return data, nil
}

func (f *files) Evaluate(context.Context) error { return nil }

func (f *files) StatFile(context.Context, client.StatRequest) (*fstypes.Stat, error) {
	return nil, errors.New("nothing is known of single files")
}

func judge(s situation) (made answer) {
	d := &daemon{situation: s}
	// The frontend itself can break: frontend.targets of a file with "# check=" above an instruction.
	defer func() {
		if fault := recover(); fault != nil {
			made = answer{Error: fmt.Sprint("panic: ", fault)}
		}
	}()
	result, err := builder.Build(context.Background(), d)
	if err != nil {
		d.answer.Error = err.Error()
		d.answer.Sources = errdefs.Sources(err)
		return d.answer
	}
	d.answer.Metadata = result.Metadata
	return d.answer
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<28)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		var s situation
		if err := json.Unmarshal(input.Bytes(), &s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := output.Encode(judge(s)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := input.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
