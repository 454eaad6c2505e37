//! A server process of one's own, in a folder that goes with it unless told otherwise.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::waiting;

/// How a server is to be started.
#[derive(Clone, Debug)]
pub struct Setup {
    pub binary: PathBuf,
    /// Everything that belongs to the server, its log (`log`) included, lies in here.
    pub folder: PathBuf,
    /// The data folder; `folder/data` unless it is to be on a disk of its own.
    pub data: PathBuf,
    /// A PostgreSQL URL; SQLite without.
    pub database: Option<String>,
    /// Lines of the configuration file.
    pub config: String,
    pub environment: Vec<(String, String)>,
    /// What of its log the server writes.
    pub log: String,
}

impl Setup {
    pub fn new(binary: &Path, folder: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            data: folder.join("data"),
            database: None,
            config: String::new(),
            environment: Vec::new(),
            log: "warn".to_owned(),
        }
    }

    fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Starts the process; `ready` is the file in which it tells where it listens.
    fn spawn(&self, listen: &str, ready: &Path) -> Result<Child, String> {
        let failed = |why: std::io::Error| format!("{}: {why}", self.binary.display());
        let append = |path: PathBuf| File::options().create(true).append(true).open(path);
        let mut command = Command::new(&self.binary);
        command.arg("serve").args(["--listen", listen, "--show-codes", "--log", &self.log]);
        command.arg("--data").arg(&self.data);
        command.arg("--root-key").arg(self.folder.join("keys").join("root.key"));
        command.arg("--ready-file").arg(ready);
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
        if !self.config.is_empty() {
            let path = self.folder.join("chatters.toml");
            fs::write(&path, &self.config).map_err(failed)?;
            command.arg("--config").arg(path);
        }
        command.envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command.stdout(append(self.output()).map_err(failed)?);
        command.stderr(append(self.log_file()).map_err(failed)?);
        command.spawn().map_err(failed)
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub public_key: String,
    /// Where it tells its figures, if it was configured to, until it is started again.
    pub metrics: Option<SocketAddr>,
    setup: Setup,
    child: Mutex<Child>,
    _folder: Option<tempfile::TempDir>,
}

impl Server {
    /// A server in a folder that goes with it.
    pub fn start(binary: &Path, database: Option<&str>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
        let setup = Setup { database: database.map(str::to_owned), ..Setup::new(binary, folder.path()) };
        let mut server = Self::launch(setup)?;
        server._folder = Some(folder);
        Ok(server)
    }

    /// A server in a folder of the caller's.
    pub fn launch(setup: Setup) -> Result<Self, String> {
        let (child, announced) = begin(&setup, "127.0.0.1:0")?;
        let text = |name: &str| announced[name].as_str().map(str::to_owned).ok_or(format!("no {name}"));
        let address = format!("{}:{}", text("address")?, announced["port"]);
        Ok(Self {
            address: address.parse().map_err(|_| format!("{address} is no address"))?,
            public_key: text("public_key")?,
            metrics: announced["metrics"].as_str().and_then(|address| address.parse().ok()),
            child: Mutex::new(child),
            setup,
            _folder: None,
        })
    }

    /// `kill -9`: nothing is said, nothing is flushed.
    pub fn kill(&self) {
        let mut child = self.child();
        // Whoever has ended already is as dead as could be wished.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// The server once more, on the same port and data. Returns when it takes connections.
    pub fn start_again(&self) -> Result<(), String> {
        self.kill();
        *self.child() = begin(&self.setup, &self.address.to_string())?.0;
        Ok(())
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    pub fn pid(&self) -> u32 {
        self.child().id()
    }

    /// What the server has written to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.setup.log_file()).unwrap_or_default()
    }

    /// The last code that the server showed for a number.
    pub async fn code(&self, phone: &str) -> Result<String, String> {
        waiting::code(&self.setup.output(), phone).await
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A process, and what it announced once it took connections.
fn begin(setup: &Setup, listen: &str) -> Result<(Child, Value), String> {
    let ready = setup.folder.join("ready.json");
    if ready.exists() {
        fs::remove_file(&ready).map_err(|why| why.to_string())?;
    }
    let mut child = setup.spawn(listen, &ready)?;
    match waiting::announcement(&ready, &mut child) {
        Ok(announced) => Ok((child, announced)),
        Err(why) => {
            let _ = child.kill();
            let _ = child.wait();
            let log = fs::read_to_string(setup.log_file()).unwrap_or_default();
            Err(format!("{why}; {}", log.lines().last().unwrap_or_default()))
        }
    }
}
