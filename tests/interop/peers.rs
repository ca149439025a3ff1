//! The real tools that kship is held against: where they are, how they are started, and how they are ended.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// How long a server may take until it says that it listens.
const START: Duration = Duration::from_secs(30);

/// Gives the peer, or says that the test is skipped; with `KSHIP_INTEROP=required`, as in CI, a missing peer fails.
pub(crate) fn need<T>(peer: Result<T, String>) -> Option<T> {
    match peer {
        Ok(peer) => Some(peer),
        Err(reason) => {
            let required = variable("KSHIP_INTEROP").as_deref() == Some("required");
            assert!(!required, "{reason}");
            eprintln!("skipped: {reason}");
            None
        }
    }
}

/// Builds the tools that `tests/interop/go.mod` pins, once, and names one of them.
pub(crate) fn tool(name: &str) -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
        fs_err::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut command = Command::new("go");
        command.args(["build", "-o"]).arg(&folder).arg("tool");
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop"));
        command.env("GOFLAGS", "-mod=readonly -buildvcs=false");
        if variable("KSHIP_INTEROP").is_none() {
            // A plain `cargo test` opens no connection: it uses the peers that Go has already fetched.
            command.env("GOPROXY", "off");
        }
        let built = command
            .output()
            .map_err(|error| format!("go is not installed: {error}"))?;
        if built.status.success() {
            Ok(folder)
        } else {
            let errors = String::from_utf8_lossy(&built.stderr);
            Err(format!(
                "the peers do not build: {}",
                errors.lines().last().unwrap_or_default()
            ))
        }
    });
    folder
        .clone()
        .map(|folder| folder.join(name).with_extension(std::env::consts::EXE_EXTENSION))
}

/// Finds a program that the system brings along.
pub(crate) fn program(name: &str) -> Result<PathBuf, String> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("{name} is not installed"))
}

/// Finds a folder of the test data that stands beside the project.
pub(crate) fn shared(name: &str) -> Result<PathBuf, String> {
    let root = variable("KSHIP_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let folder = root.join(name);
    if folder.exists() {
        Ok(folder)
    } else {
        Err(format!(
            "{} is not there; KSHIP_SHARED names another folder",
            folder.display()
        ))
    }
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own switches")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs an oracle over lines and gives its answers, one for each line.
pub(crate) fn ask(oracle: &Path, questions: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<serde_json::Value> {
    ask_with(oracle, &[], questions)
}

/// As [`ask`], with arguments.
pub(crate) fn ask_with(
    oracle: &Path,
    args: &[&str],
    questions: impl IntoIterator<Item = impl AsRef<str>>,
) -> Vec<serde_json::Value> {
    let mut file = tempfile::tempfile().unwrap();
    for question in questions {
        writeln!(file, "{}", question.as_ref()).unwrap();
    }
    file.rewind().unwrap();
    let home = Home::new();
    let output = home.command(oracle).args(args).stdin(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).unwrap();
    answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A temporary home: no configuration or credential of the machine's user reaches a peer.
pub(crate) struct Home {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let environment = ["HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"]
            .into_iter()
            .map(|name| (name.to_owned(), folder.path().display().to_string()))
            .collect();
        Self { folder, environment }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        File::create(&path).unwrap().write_all(bytes.as_ref()).unwrap();
        path
    }

    /// Sets a variable for every command of this home.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let value = value.as_ref().to_str().unwrap().to_owned();
        self.environment.insert(name.to_owned(), value);
    }

    /// A command that sees this home, `PATH` and nothing else of the environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(self.path());
        command.env("PATH", variable("PATH").unwrap_or_default());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed, and gives its trimmed standard output.
    pub(crate) fn run(&self, program: &Path, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {arguments:?}: {errors}", program.display());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// A server of the test's own; it is ended, by its process ID, when this is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts a server and waits until it prints what stands before the port that it chose.
    pub(crate) fn start(command: &mut Command, marker: &'static str) -> Self {
        Self::start_with(command, |line| port_after(line, marker))
    }

    /// Starts a server and waits until it prints a line that names its port.
    pub(crate) fn start_with(command: &mut Command, port: impl Fn(&str) -> Option<u16>) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, receiver) = mpsc::channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for stream in streams {
            let sender = sender.clone();
            // The thread reads to the end, or the server would block on a full pipe.
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        drop(sender);
        let mut server = Self { child, port: 0 };
        let mut said = String::new();
        while let Ok(line) = receiver.recv_timeout(START) {
            if let Some(port) = port(&line) {
                server.port = port;
                return server;
            }
            said.push_str(&line);
            said.push('\n');
        }
        panic!("the server does not listen; it said:\n{said}");
    }

    /// The host and port that references name.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port that a line names behind some text.
pub(crate) fn port_after(line: &str, marker: &str) -> Option<u16> {
    let (_, tail) = line.split_once(marker)?;
    let digits: String = tail.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
