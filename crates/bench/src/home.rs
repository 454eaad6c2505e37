//! A folder in which a server lives, and servers that are started there again and again.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use store::{Database, KeyFile, StoreConfig};

use crate::waiting;

/// Budgets by which a server keeps one person from doing what a load generator does.
const SETTINGS: &str = "[limits]\nmessages_per_minute = 100000000\nhandshake_steps_per_minute = 100000000\n";

/// Data, keys and what the server says, in a folder that goes with this.
pub struct Home {
    folder: tempfile::TempDir,
    /// A PostgreSQL URL; SQLite without.
    database: Option<String>,
}

impl Home {
    /// A new home below `parent`, which has to be on a disk for what is written to be counted.
    pub fn new(parent: &Path, database: Option<String>) -> Result<Self, String> {
        fs::create_dir_all(parent).map_err(|why| format!("{}: {why}", parent.display()))?;
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(parent);
        let folder = folder.map_err(|why| format!("{}: {why}", parent.display()))?;
        fs::write(folder.path().join("chatters.toml"), SETTINGS).map_err(|why| why.to_string())?;
        Ok(Self { folder, database })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The store as the server opens it, for whoever prepares it while no server runs.
    pub fn store(&self) -> Result<StoreConfig, String> {
        let data = self.path("data");
        fs::create_dir_all(&data).map_err(|why| why.to_string())?;
        let root = Arc::new(KeyFile::new(self.path("keys").join("root.key")));
        let mut config = StoreConfig::embedded(&data, root);
        if let Some(url) = &self.database {
            config.database = Database::Postgres(url.clone());
        }
        Ok(config)
    }

    /// Starts a server and waits until clients can connect.
    pub fn start(&self, binary: &Path, shim: Option<&Path>) -> Result<Process, String> {
        let ready = self.path("ready.json");
        let _ = fs::remove_file(&ready);
        let (output, flushes) = (self.path("output"), self.path("flushes"));
        fs::write(&flushes, [0; 8]).map_err(|why| why.to_string())?;
        let mut command = Command::new(binary);
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--show-codes", "--log", "warn"]);
        command.arg("--config").arg(self.path("chatters.toml"));
        command.arg("--data").arg(self.path("data"));
        command.arg("--root-key").arg(self.path("keys").join("root.key"));
        command.arg("--ready-file").arg(&ready);
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
        if let Some(shim) = shim {
            command.env("LD_PRELOAD", shim).env("BENCH_FLUSHES", &flushes);
        }
        let file = File::create(&output).map_err(|why| why.to_string())?;
        let child = command.stdin(Stdio::null()).stdout(file).spawn();
        let mut child = child.map_err(|why| format!("{}: {why}", binary.display()))?;
        let announced = match waiting::announcement(&ready, &mut child) {
            Ok(announced) => announced,
            Err(why) => {
                // Whatever hangs there is of no use any more.
                let _ = child.kill();
                let _ = child.wait();
                return Err(why);
            }
        };
        let text = |name: &str| announced[name].as_str().map(str::to_owned).ok_or(format!("no {name}"));
        let address = format!("{}:{}", text("address")?, announced["port"]);
        Ok(Process {
            address: address.parse().map_err(|_| format!("{address} is no address"))?,
            public_key: text("public_key")?,
            child,
            output,
            flushes,
        })
    }
}

/// A server that runs until this is dropped.
pub struct Process {
    pub address: SocketAddr,
    pub public_key: String,
    child: Child,
    output: PathBuf,
    flushes: PathBuf,
}

impl Process {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How often the server asked the disk to be done; 0 without the shim.
    pub fn flushes(&self) -> u64 {
        let bytes = fs::read(&self.flushes).unwrap_or_default();
        bytes.try_into().map(u64::from_le_bytes).unwrap_or_default()
    }

    /// The last code that the server showed for a number.
    pub async fn code(&self, phone: &str) -> Result<String, String> {
        waiting::code(&self.output, phone).await
    }

    /// Tells the server to stop, and waits until it did.
    pub fn stop(mut self) -> Result<(), String> {
        let pid = self.child.id().to_string();
        let told =
            Command::new("kill").args(["-TERM", &pid]).status().map_err(|why| format!("kill: {why}"))?;
        let ended = self.child.wait().map_err(|why| why.to_string())?;
        if told.success() && ended.success() {
            Ok(())
        } else {
            Err(format!("the server ended badly: {ended}"))
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What counts flushes in a process that it is preloaded into.
const SHIM: &str = include_str!("../../../bench/shim/flushes.c");

/// Builds it, with the C compiler that SQLite needs too.
pub fn build_shim(folder: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let (source, library) = (folder.join("flushes.c"), folder.join("flushes.so"));
    fs::write(&source, SHIM).map_err(|why| format!("{}: {why}", source.display()))?;
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let built = cc.status().map_err(|why| format!("cc, to count flushes: {why}"))?;
    if !built.success() {
        return Err(format!("cc could not build {}", source.display()));
    }
    fs::canonicalize(&library).map_err(|why| why.to_string())
}
