// Command reference says how the distribution project reads image names: one JSON string a line in, one verdict a line out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	_ "crypto/sha256" // go-digest only accepts algorithms that are linked in.
	_ "crypto/sha512"
	"github.com/distribution/reference"
)

type verdict struct {
	Domain string `json:"domain,omitempty"`
	Path   string `json:"path,omitempty"`
	Tag    string `json:"tag,omitempty"`
	Digest string `json:"digest,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		var name string
		if err := json.Unmarshal(lines.Bytes(), &name); err != nil {
			return err
		}
		if err := answers.Encode(judge(name)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func judge(name string) verdict {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	v := verdict{Domain: reference.Domain(named), Path: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		v.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		v.Digest = digested.Digest().String()
	}
	return v
}
