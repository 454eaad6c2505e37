//! Connections by the thousand that never get as far as a key.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::metrics;

/// Open files that each side of the test needs.
const FILES: usize = 8_000;
const CONNECTIONS: usize = 5_000;
/// A connection that says half a word may cost so much, buffers of the system not counted.
const BYTES_PER_CONNECTION: usize = 16 << 10;
const CHILD: &str = "CHATTERS_FLOOD_TEST";
const PATIENCE: Duration = Duration::from_secs(60);

/// What strangers say before they fall silent: nothing, half a header, a length without its bytes, half a
/// request, half a TLS record.
const BEGINNINGS: [&[u8]; 8] = [
    b"",
    b"\xef",
    b"\xef\x7f\xff\xff\x00",
    b"\xee\xee\xee\xee\x00\x00\x10\x00",
    b"PO",
    b"POST /api HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n",
    b"\x16\x03\x01\x02\x00",
    b"0123456789012345678901234567890123456789",
];

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_chatters");

pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
    announced: serde_json::Value,
    folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more flags.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        Self::run(Command::new(PROGRAM), tempfile::tempdir().unwrap(), None, flags)
    }

    /// By a command that ends with the program, in a folder of its own.
    pub(crate) fn start_by(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        command.current_dir(folder.path());
        Self::run(command, folder, None, &[])
    }

    /// On a data folder and a root key that are there.
    pub(crate) fn start_on(data: &Path, root_key: &Path) -> Self {
        Self::run(Command::new(PROGRAM), tempfile::tempdir().unwrap(), Some((data, root_key)), &[])
    }

    fn run(
        mut command: Command,
        folder: tempfile::TempDir,
        place: Option<(&Path, &Path)>,
        flags: &[&str],
    ) -> Self {
        let ready = folder.path().join("ready.json");
        let own = (data_in(folder.path()), root_key_in(folder.path()));
        let (data, root_key) = place.unwrap_or((&own.0, &own.1));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]).args(flags);
        command.arg("--data").arg(data);
        command.arg("--root-key").arg(root_key);
        command.arg("--ready-file").arg(&ready);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let announced = wait_for(&ready);
        let address = format!("{}:{}", announced["address"].as_str().unwrap(), announced["port"]);
        Self { process, address: address.parse().unwrap(), announced, folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where everything of the server is, unless it was started on a data folder that was there.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        data_in(self.folder.path())
    }

    pub(crate) fn root_key(&self) -> PathBuf {
        root_key_in(self.folder.path())
    }

    /// Of the key that clients know the server by.
    pub(crate) fn fingerprint(&self) -> String {
        self.announced["fingerprint"].to_string()
    }

    /// What the ready file says.
    pub(crate) fn announced(&self) -> &serde_json::Value {
        &self.announced
    }

    /// Resident memory in bytes.
    fn memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    /// Sockets and files that the process has open, as it tells itself: the system tells it to nobody but root.
    fn open_files(&self) -> usize {
        let address = self.announced["metrics"].as_str().unwrap().parse().unwrap();
        metrics::figure(&metrics::get(address, "/metrics").1, "process_open_fds") as usize
    }

    /// Sends the process a signal (`ABRT`) until it ends, and gives how it did. Once is not enough for those that
    /// the runtime looks at first (`SEGV`): it takes one that no fault of its own brought for a matter that comes again.
    pub(crate) fn end_by(&mut self, signal: &str) -> ExitStatus {
        let (name, id) = (format!("-{signal}"), self.id().to_string());
        for _ in 0..PATIENCE.as_millis() / 20 {
            assert!(Command::new("kill").args([&name, &id]).status().unwrap().success());
            std::thread::sleep(Duration::from_millis(20));
            if let Some(ended) = self.process.try_wait().unwrap() {
                return ended;
            }
        }
        panic!("the server does not end by {signal}");
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn data_in(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn root_key_in(folder: &Path) -> PathBuf {
    folder.join("keys").join("root.key")
}

fn wait_for(ready: &Path) -> serde_json::Value {
    for _ in 0..PATIENCE.as_millis() / 20 {
        let announced = fs::read(ready).ok().and_then(|json| serde_json::from_slice(&json).ok());
        if let Some(announced) = announced {
            return announced;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the server does not start");
}

/// Connects from one of many addresses of this machine.
async fn connect(from: u8, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, from], 0)))?;
    socket.connect(to).await
}

/// Whether the server begins a key exchange.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let mut query = vec![0xef, 10];
    query.extend_from_slice(&[0; 8]);
    query.extend_from_slice(&[4, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0xf1, 0x8e, 0x7e, 0xbe]);
    query.extend_from_slice(&[7; 16]);
    let mut answer = [0; 40];
    let talk = async {
        stream.write_all(&query).await?;
        stream.read_exact(&mut answer).await
    };
    // After the lengths and identifiers: `resPQ`.
    matches!(tokio::time::timeout(PATIENCE, talk).await, Ok(Ok(_))) && answer[21..25] == [0x63, 0x24, 0x16, 5]
}

async fn flood() {
    let server = Server::start_with(&["--metrics", "127.0.0.1:0"]);
    // A first stranger, so that what is made once is made.
    assert!(is_answered(&mut connect(2, server.address).await.unwrap()).await);
    let (memory, files) = (server.memory(), server.open_files());
    let mut held = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        // Each address stays below what one may have.
        let from = 10 + u8::try_from(number % 10).unwrap();
        let mut stream = connect(from, server.address).await.unwrap();
        stream.write_all(BEGINNINGS[number % BEGINNINGS.len()]).await.unwrap();
        held.push(stream);
    }
    let mut open = 0;
    for _ in 0..100 {
        open = server.open_files() - files;
        if open >= CONNECTIONS * 9 / 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let taken = server.memory().saturating_sub(memory);
    println!("{open} connections are open and take {taken} bytes, {} each", taken / CONNECTIONS);
    assert!(open >= CONNECTIONS * 9 / 10, "only {open} connections are open");
    assert!(taken < CONNECTIONS * BYTES_PER_CONNECTION, "{taken} bytes for {open} connections");

    // One address cannot take all places, and whoever comes from elsewhere is served as always.
    let mut refused = 0;
    for _ in 0..1_100 {
        held.push(connect(30, server.address).await.unwrap());
    }
    for stream in held.iter_mut().rev().take(100) {
        let closed = tokio::time::timeout(PATIENCE, stream.read(&mut [0])).await;
        refused += usize::from(matches!(closed, Ok(Ok(0) | Err(_))));
    }
    assert_eq!(refused, 100, "connections beyond the limit of an address are closed");
    assert!(is_answered(&mut connect(40, server.address).await.unwrap()).await);
}

/// 5,000 strangers hold connections and say half a word: memory stays small, and the next one is served.
#[test]
fn half_open_connections_take_little_memory_and_nobodys_place() {
    // Both sides need more open files than processes often may have: the shell raises the limit.
    if std::env::var(CHILD).is_err() {
        let own = std::env::current_exe().unwrap();
        let name = "flood::half_open_connections_take_little_memory_and_nobodys_place";
        let script = format!("ulimit -n {FILES} && exec \"$0\" --exact {name} --nocapture");
        let ended = Command::new("sh").arg("-c").arg(script).arg(own).env(CHILD, "1").status().unwrap();
        assert!(ended.success(), "{ended}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(flood());
}
