//! `kship encryption` against the API server's own loader and transformers (`k8s.io/apiserver`).

mod mutants;
mod oracle;
mod rotation;
mod values;
mod verdicts;
