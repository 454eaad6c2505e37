//! A server process of the benchmark's own, in a folder that goes with it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

const PAUSE: Duration = Duration::from_millis(20);
const TRIES: usize = 500;

pub struct Server {
    pub address: SocketAddr,
    pub public_key: String,
    child: Child,
    output: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    pub fn start(binary: &Path, database: Option<&str>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
        let (output, ready) = (folder.path().join("output"), folder.path().join("ready.json"));
        let mut command = Command::new(binary);
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--show-codes", "--log", "warn"]);
        command.arg("--data").arg(folder.path().join("data"));
        command.arg("--root-key").arg(folder.path().join("keys").join("root.key"));
        command.arg("--ready-file").arg(&ready);
        if let Some(url) = database {
            command.args(["--database", url]);
        }
        let file = File::create(&output).map_err(|why| why.to_string())?;
        let child = command.stdin(Stdio::null()).stdout(file).spawn();
        let child = child.map_err(|why| format!("{}: {why}", binary.display()))?;
        let announced = wait_for(&ready)?;
        let text = |name: &str| announced[name].as_str().map(str::to_owned).ok_or(format!("no {name}"));
        let address = format!("{}:{}", text("address")?, announced["port"]);
        Ok(Self {
            address: address.parse().map_err(|_| format!("{address} is no address"))?,
            public_key: text("public_key")?,
            child,
            output,
            _folder: folder,
        })
    }

    /// The last code that the server showed for a number.
    pub async fn code(&self, phone: &str) -> Result<String, String> {
        for _ in 0..TRIES {
            let output = fs::read_to_string(&self.output).unwrap_or_default();
            let code = output.lines().rev().find_map(|line| {
                let (number, code) = line.strip_prefix("code: ")?.split_once(' ')?;
                (number == phone).then(|| code.to_owned())
            });
            if let Some(code) = code {
                return Ok(code);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err("no code came".to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(ready: &Path) -> Result<Value, String> {
    for _ in 0..TRIES {
        if let Some(announced) = fs::read(ready).ok().and_then(|json| serde_json::from_slice(&json).ok()) {
            return Ok(announced);
        }
        sleep(PAUSE);
    }
    Err("the server did not start".to_owned())
}
