// Command encryption says what the API server makes of an EncryptionConfiguration and of stored values.
//
// It reads one JSON question a line and writes one JSON answer a line; bytes are base64:
//
//	encryption load     {"config"}                              does the API server's own loader take this file?
//	encryption write    {"config", "resource", "key", "value"}  what the API server would store
//	encryption read     {"config", "resource", "key", "value"}  what the API server would read
//	encryption measure CONFIG RESOURCE FILE                     seconds to read every value of an `etcdctl get -w json`
//
// An answer has "value", "stale" or "error". What would have taken the API server down is an error that starts with "panic: ".
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/klog/v2"
)

type question struct {
	Config   []byte `json:"config"`
	Reload   bool   `json:"reload"`
	Resource string `json:"resource"`
	Key      []byte `json:"key"`
	Value    []byte `json:"value"`
}

type answer struct {
	Value []byte `json:"value"`
	Stale bool   `json:"stale"`
	Error string `json:"error,omitempty"`
}

type measured struct {
	Values  int     `json:"values"`
	Failed  int     `json:"failed"`
	Stale   int     `json:"stale"`
	Parse   float64 `json:"parse_seconds"`
	Decrypt float64 `json:"decrypt_seconds"`
}

// What etcdctl prints.
type listing struct {
	Kvs []struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	} `json:"kvs"`
}

func main() {
	// The loader asks KMS plugins that do not exist, and says so at length.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "encryption:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	folder, err := os.MkdirTemp("", "kship-encryption")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	world := &world{file: filepath.Join(folder, "encryption.yaml"), loaded: map[string]encryptionconfig.StaticTransformers{}}
	switch {
	case len(args) == 1 && args[0] == "load":
		return answers(world.load)
	case len(args) == 1 && args[0] == "write":
		return answers(world.write)
	case len(args) == 1 && args[0] == "read":
		return answers(world.read)
	case len(args) == 4 && args[0] == "measure":
		return world.measure(args[1], args[2], args[3])
	}
	return errors.New("load, write, read, or measure CONFIG RESOURCE FILE")
}

func answers(reply func(question) answer) error {
	lines := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var q question
			if err := json.Unmarshal(line, &q); err != nil {
				return err
			}
			if err := encoder.Encode(reply(q)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return out.Flush()
		}
		if err != nil {
			return err
		}
	}
}

type world struct {
	file   string
	loaded map[string]encryptionconfig.StaticTransformers
}

func (w *world) load(q question) answer {
	// The loader asks each KMS plugin whether it is well, for three seconds, and goes on whatever the answer is. In a
	// context that has ended it does not wait for plugins that are not there.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.loadFile(ctx, q)
	return failure(err)
}

func (w *world) loadFile(ctx context.Context, q question) (*encryptionconfig.EncryptionConfiguration, error) {
	if err := os.WriteFile(w.file, q.Config, 0o600); err != nil {
		return nil, err
	}
	config, err := encryptionconfig.LoadEncryptionConfig(ctx, w.file, q.Reload, "kship")
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), w.file, "FILE"))
	}
	return config, nil
}

func (w *world) transformer(q question) (value.Transformer, error) {
	transformers, known := w.loaded[string(q.Config)]
	if !known {
		config, err := w.loadFile(context.Background(), q)
		if err != nil {
			return nil, fmt.Errorf("the configuration is refused: %w", err)
		}
		transformers = config.Transformers
		w.loaded[string(q.Config)] = transformers
	}
	return transformers.TransformerForResource(schema.ParseGroupResource(q.Resource)), nil
}

func (w *world) write(q question) (a answer) {
	defer recovered(&a)
	transformer, err := w.transformer(q)
	if err != nil {
		return failure(err)
	}
	stored, err := transformer.TransformToStorage(context.Background(), q.Value, value.DefaultContext(q.Key))
	if err != nil {
		return failure(err)
	}
	return answer{Value: stored}
}

func (w *world) read(q question) (a answer) {
	defer recovered(&a)
	transformer, err := w.transformer(q)
	if err != nil {
		return failure(err)
	}
	plain, stale, err := transformer.TransformFromStorage(context.Background(), q.Value, value.DefaultContext(q.Key))
	if err != nil {
		return failure(err)
	}
	return answer{Value: plain, Stale: stale}
}

func (w *world) measure(config, resource, file string) error {
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	transformer, err := w.transformer(question{Config: text, Resource: resource})
	if err != nil {
		return err
	}
	start := time.Now()
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var stored listing
	if err := json.Unmarshal(data, &stored); err != nil {
		return err
	}
	parsed := time.Now()
	m := measured{Values: len(stored.Kvs), Parse: parsed.Sub(start).Seconds()}
	for _, kv := range stored.Kvs {
		_, stale, err := transformer.TransformFromStorage(context.Background(), kv.Value, value.DefaultContext(kv.Key))
		switch {
		case err != nil:
			m.Failed++
		case stale:
			m.Stale++
		}
	}
	m.Decrypt = time.Since(parsed).Seconds()
	return json.NewEncoder(os.Stdout).Encode(m)
}

func failure(err error) answer {
	if err == nil {
		return answer{}
	}
	return answer{Error: err.Error()}
}

// Makes an answer of what would have ended the API server's request.
func recovered(a *answer) {
	if reason := recover(); reason != nil {
		*a = answer{Error: fmt.Sprint("panic: ", reason)}
	}
}
