// Command yaml says what kubectl would send for a text: one base64 text a line in, one reading a line out. Called as
// "yaml write" it takes one JSON value a line, and answers with the text that kubectl prints.
//
// The first reading is kubectl's own: apimachinery's YAMLReader splits the stream, sigs.k8s.io/yaml turns each document
// into JSON. The second is that of another parser of another age (yaml.v3), to tell a bug of ours from one of theirs.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"gopkg.in/yaml.v3"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

type reading struct {
	Documents []json.RawMessage `json:"documents,omitempty"`
	Error     string            `json:"error,omitempty"`
	Strict    string            `json:"strict_error,omitempty"`
	Second    []json.RawMessage `json:"second,omitempty"`
	SecondErr string            `json:"second_error,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "yaml:", err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		if len(os.Args) > 1 && os.Args[1] == "write" {
			written, err := sigsyaml.JSONToYAML(lines.Bytes())
			if err != nil {
				return err
			}
			if err := answers.Encode(string(written)); err != nil {
				return err
			}
			continue
		}
		text, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			return err
		}
		if err := answers.Encode(read(text)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func read(text []byte) reading {
	var r reading
	documents, strict, err := kubectl(text)
	r.Documents = documents
	if err != nil {
		r.Documents, r.Error = nil, err.Error()
	}
	if strict != nil {
		r.Strict = strict.Error()
	}
	r.Second, err = second(text)
	if err != nil {
		r.Second, r.SecondErr = nil, err.Error()
	}
	return r
}

func kubectl(text []byte) (documents []json.RawMessage, strict, err error) {
	stream := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := stream.Read()
		if errors.Is(err, io.EOF) {
			return documents, strict, nil
		}
		if err != nil {
			return nil, nil, err
		}
		converted, err := sigsyaml.YAMLToJSON(document)
		if err != nil {
			return nil, nil, err
		}
		if _, err := sigsyaml.YAMLToJSONStrict(document); err != nil && strict == nil {
			strict = err
		}
		documents = append(documents, converted)
	}
}

func second(text []byte) (documents []json.RawMessage, err error) {
	// yaml.v3 panics on a few malformed inputs; that is its answer then.
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var value any
		if err := decoder.Decode(&value); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return nil, err
		}
		converted, err := json.Marshal(jsonable(value))
		if err != nil {
			return nil, err
		}
		documents = append(documents, converted)
	}
}

// jsonable gives every map string keys: yaml.v3 makes map[any]any where a key is no string.
func jsonable(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = jsonable(item)
		}
		return v
	case map[any]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[fmt.Sprint(key)] = jsonable(item)
		}
		return m
	case []any:
		for i, item := range v {
			v[i] = jsonable(item)
		}
		return v
	default:
		return v
	}
}
