//! Credential helpers: programs named `docker-credential-NAME` that know passwords (docker-credential-helpers, "Usage").

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::{Credential, KeychainError, Login};
use crate::limits;
use crate::registry::body::printable;
use crate::registry::secret::Secret;

/// A helper and the server that it is asked for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Helper {
    /// What follows `docker-credential-`.
    pub(crate) program: String,
    pub(crate) server: String,
}

impl Helper {
    /// Asks for the server's credential; that there is none is an answer too.
    ///
    /// `path` is where programs are looked for, in the format of `PATH`.
    pub(crate) async fn call(&self, path: Option<&str>, time: Duration) -> Result<Option<Credential>, KeychainError> {
        let program = self.find(path).map_err(|source| self.cannot_run(source))?;
        let run = tokio::time::timeout(time, self.run(program)).await;
        let (success, output) = run
            .map_err(|_| KeychainError::HelperTime {
                helper: self.name(),
                server: self.server.clone(),
                limit: time,
            })?
            .map_err(|source| self.cannot_run(source))?;
        self.read(success, &output)
    }

    fn name(&self) -> String {
        format!("docker-credential-{}", printable(&self.program, 60))
    }

    fn cannot_run(&self, source: io::Error) -> KeychainError {
        KeychainError::HelperRun {
            helper: self.name(),
            source,
        }
    }

    /// Finds the program; its name must not lead out of the folders of `PATH`.
    fn find(&self, path: Option<&str>) -> io::Result<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !self.program.chars().all(plain) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "its name is not valid"));
        }
        let name = format!("docker-credential-{}{}", self.program, std::env::consts::EXE_SUFFIX);
        std::env::split_paths(path.unwrap_or(""))
            // A relative folder in PATH could be the tree under examination.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&name))
            .find(|file| file.is_file())
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it is in no folder of PATH"))
    }

    /// Runs the program with the server on its standard input; says whether it succeeded, and what it wrote.
    async fn run(&self, program: PathBuf) -> io::Result<(bool, Zeroizing<Vec<u8>>)> {
        let mut child = Command::new(program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A helper that does not read ends with its own failure.
            let _ = input.write_all(self.server.as_bytes()).await;
        }
        let mut output = Zeroizing::new(Vec::new());
        if let Some(stream) = child.stdout.take() {
            stream.take(limits::HELPER_BYTES + 1).read_to_end(&mut output).await?;
        }
        Ok((child.wait().await?.success(), output))
    }

    fn read(&self, success: bool, output: &[u8]) -> Result<Option<Credential>, KeychainError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            #[serde(default)]
            username: String,
            secret: Secret,
        }
        if !success {
            let said = String::from_utf8_lossy(output);
            if said.contains("credentials not found") {
                return Ok(None);
            }
            // Half an answer could hold a secret.
            let said = if said.contains('{') {
                ""
            } else {
                said.lines().next().unwrap_or("")
            };
            return Err(KeychainError::Helper {
                helper: self.name(),
                server: self.server.clone(),
                said: printable(said, 200),
            });
        }
        let limit = usize::try_from(limits::HELPER_BYTES).unwrap_or(usize::MAX);
        let answer: Option<Answer> = (output.len() <= limit)
            .then(|| serde_json::from_slice(output).ok())
            .flatten();
        let Answer { username, secret } = answer.ok_or_else(|| KeychainError::HelperAnswer {
            helper: self.name(),
            server: self.server.clone(),
        })?;
        if username.is_empty() && secret.expose().is_empty() {
            return Ok(None);
        }
        Ok(Some(Credential {
            id: format!("helper {self}"),
            login: Login::new(&username, secret),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn helper(program: &str) -> Helper {
        Helper {
            program: program.to_owned(),
            server: "r.test".to_owned(),
        }
    }

    fn read(success: bool, output: &str) -> Result<Option<Login>, String> {
        match helper("x").read(success, output.as_bytes()) {
            Ok(credential) => Ok(credential.map(|credential| credential.login)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn answers_are_read() {
        let password = read(true, r#"{"ServerURL":"r.test","Username":"u","Secret":"p"}"#).unwrap();
        assert!(
            matches!(password, Some(Login::Password { user, password }) if user == "u" && password.expose() == "p")
        );
        let token = read(true, r#"{"Username":"<token>","Secret":"t"}"#).unwrap();
        assert!(matches!(token, Some(Login::Identity { .. })));
        assert!(read(true, r#"{"Username":"","Secret":""}"#).unwrap().is_none());
        assert!(
            read(false, "credentials not found in native keychain\n")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn failures_name_the_helper_and_keep_secrets() {
        let error = |success, output: &str| read(success, output).unwrap_err();
        assert_eq!(
            error(false, "\u{1b}[31mlocked\nsecret"),
            "credential helper `docker-credential-x` failed for `r.test`: [31mlocked"
        );
        assert_eq!(
            error(false, "{\"Secret\":\"hunter2\""),
            "credential helper `docker-credential-x` failed for `r.test`"
        );
        for output in ["", "hunter2", "{\"Secret\":7}", &" ".repeat(70_000)] {
            assert_eq!(
                error(true, output),
                "credential helper `docker-credential-x` gave no valid answer for `r.test`"
            );
        }
    }

    #[test]
    fn programs_stand_in_path() {
        let error = |program: &str, path| helper(program).find(path).unwrap_err().to_string();
        assert_eq!(error("../../bin/sh", Some("/bin")), "its name is not valid");
        assert_eq!(error("absent", Some("/bin:.")), "it is in no folder of PATH");
        assert_eq!(error("absent", None), "it is in no folder of PATH");
    }
}
