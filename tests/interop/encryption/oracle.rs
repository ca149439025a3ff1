//! Questions to the API server's code, as `tests/interop/oracle/encryption` takes them.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::peers;

/// The API server's loader and transformers.
pub(crate) struct Oracle {
    program: PathBuf,
}

/// A value as the API server reads it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Read {
    pub(crate) value: Vec<u8>,
    /// Whether any key but the first wrote it.
    pub(crate) stale: bool,
}

/// A value, its place, and the configuration that it is written or read with.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) config: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) key: &'a str,
    pub(crate) value: &'a [u8],
}

impl Oracle {
    pub(crate) fn build() -> Result<Self, String> {
        Ok(Self {
            program: peers::tool("encryption")?,
        })
    }

    /// What the loader says to each file: nothing, or why it refuses it. It calls the file `FILE`.
    pub(crate) fn load<T: AsRef<[u8]>>(&self, configs: &[T]) -> Vec<Option<String>> {
        let questions = configs.iter().map(|config| json!({"config": STANDARD.encode(config)}));
        let answers = self.ask("load", questions);
        answers.iter().map(refused).collect()
    }

    /// What the API server stores.
    pub(crate) fn write(&self, questions: &[Question<'_>]) -> Vec<Result<Vec<u8>, String>> {
        let answers = self.ask("write", questions.iter().map(Question::json));
        answers
            .iter()
            .map(|answer| refused(answer).map_or_else(|| Ok(bytes(answer)), Err))
            .collect()
    }

    /// What the API server reads.
    pub(crate) fn read(&self, questions: &[Question<'_>]) -> Vec<Result<Read, String>> {
        let answers = self.ask("read", questions.iter().map(Question::json));
        let read = |answer: &Value| Read {
            value: bytes(answer),
            stale: answer["stale"] == true,
        };
        answers
            .iter()
            .map(|answer| refused(answer).map_or_else(|| Ok(read(answer)), Err))
            .collect()
    }

    fn ask(&self, command: &str, questions: impl ExactSizeIterator<Item = Value>) -> Vec<Value> {
        let count = questions.len();
        let answers = peers::ask_with(
            &self.program,
            &[command],
            questions.map(|question| question.to_string()),
        );
        assert_eq!(answers.len(), count);
        answers
    }
}

impl Question<'_> {
    fn json(&self) -> Value {
        json!({
            "config": STANDARD.encode(self.config),
            "resource": self.resource,
            "key": STANDARD.encode(self.key),
            "value": STANDARD.encode(self.value),
        })
    }
}

fn refused(answer: &Value) -> Option<String> {
    answer.get("error").map(|error| error.as_str().unwrap().to_owned())
}

fn bytes(answer: &Value) -> Vec<u8> {
    STANDARD.decode(answer["value"].as_str().unwrap_or_default()).unwrap()
}
