//! Runs kship as a user does, cut off from the machine: no environment, its own HOME, its own working directory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// Starts a run of the kship that was just built.
pub fn kship(args: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    // A folder of its own within: tests may look at what stands beside it.
    std::fs::create_dir(folder.path().join("tree")).unwrap();
    std::fs::create_dir(folder.path().join("home")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kship"));
    command
        .args(args)
        .current_dir(folder.path().join("tree"))
        .env_clear()
        .env("HOME", folder.path().join("home"))
        // Text is as wide as in the snapshots, whatever the terminal of the tester.
        .env("COLUMNS", "100");
    // Windows starts no process that uses the network without it.
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    Run {
        command,
        folder,
        stdin: Vec::new(),
    }
}

/// A run that is being prepared.
pub struct Run {
    command: Command,
    folder: TempDir,
    stdin: Vec<u8>,
}

impl Run {
    /// What kship reads from standard input; nothing by default.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Calls kship by another name, as a symbolic link would.
    #[cfg(unix)]
    pub fn called(mut self, name: &str) -> Self {
        std::os::unix::process::CommandExt::arg0(&mut self.command, name);
        self
    }

    /// Writes a file into the working directory; folders come into being.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        put(&self.folder.path().join("tree").join(path), content.as_ref());
        self
    }

    /// Writes a file into HOME.
    pub fn home_file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        put(&self.folder.path().join("home").join(path), content.as_ref());
        self
    }

    /// Copies a folder, such as one of `fixtures/`, into the working directory.
    pub fn folder(self, from: impl AsRef<Path>, to: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
        copy(&from, &self.folder.path().join("tree").join(to));
        self
    }

    /// The working directory.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Runs kship to its end.
    pub fn run(self) -> Output {
        self.run_while(|_| {})
    }

    /// Runs kship to its end; `act` gets its process id while it runs.
    pub fn run_while(mut self, act: impl FnOnce(u32)) -> Output {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.stdin;
        // A run may end without reading all of its input.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        act(child.id());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let text = |bytes: Vec<u8>| redact(&String::from_utf8(bytes).unwrap(), self.folder.path());
        Output {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            folder: self.folder,
        }
    }

    /// Runs kship with a reader that has gone away, as `| head` does sooner or later.
    pub fn run_into_closed_pipe(self) -> Output {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.run_into(writer.into())
    }

    /// Runs kship with a standard output that takes no byte.
    #[cfg(target_os = "linux")]
    pub fn run_into_full_disk(self) -> Output {
        self.run_into(std::fs::File::create("/dev/full").unwrap().into())
    }

    fn run_into(mut self, stdout: Stdio) -> Output {
        let output = self
            .command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        Output {
            code: output.status.code(),
            stdout: String::new(),
            stderr: redact(&String::from_utf8(output.stderr).unwrap(), self.folder.path()),
            folder: self.folder,
        }
    }
}

/// What a run left behind; paths of this machine read `[TREE]` and `[HOME]`.
#[must_use = "a run proves nothing until its code or output is looked at"]
pub struct Output {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    folder: TempDir,
}

impl Output {
    /// The working directory.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Reads a file of the working directory.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Demands an exit code, and shows the whole run where it is another.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }
}

/// The form of snapshots: each part with its name, empty ones left out.
impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit: {code}")?,
            None => writeln!(f, "exit: by a signal")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "----- {name} -----\n{text}")?;
            }
        }
        Ok(())
    }
}

/// Compares a file of the repository with what it should be, or writes it where `UPDATE=1` is set.
pub fn assert_committed(path: &str, content: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        put(&file, content.as_bytes());
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    // Git may check files out with CRLF.
    assert!(
        committed.replace("\r\n", "\n") == content,
        "{path} is out of date: run `UPDATE=1 cargo test` and look at the difference"
    );
}

fn redact(text: &str, folder: &Path) -> String {
    let mut text = text.to_owned();
    // macOS reaches its temporary folder over a symbolic link: both spellings may show up.
    let resolved = folder.canonicalize().unwrap();
    for folder in [resolved.as_path(), folder] {
        for (name, label) in [("tree", "[TREE]"), ("home", "[HOME]")] {
            text = text.replace(folder.join(name).to_str().unwrap(), label);
        }
    }
    text.replace("kship.exe", "kship")
}

fn put(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
