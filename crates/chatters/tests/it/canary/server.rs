//! A server that talks as much as it can, and what codes go through: a gateway for text messages and a mail
//! server, both of which misbehave.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mtproto::RsaPublicKey;
use serde_json::Value;

use crate::dump::dumping;
use crate::flood::PROGRAM;

const PAUSE: Duration = Duration::from_millis(20);
const TRIES: usize = 1500;
/// What the mail server refuses, and repeats in its refusal.
pub(super) const REFUSED_DOMAIN: &str = "refused.example";

pub(super) struct Server {
    process: Child,
    folder: tempfile::TempDir,
    pub(super) address: SocketAddr,
    metrics: SocketAddr,
    pub(super) key: RsaPublicKey,
    pub(super) codes: Codes,
}

impl Server {
    /// The databases of rows and of keys, when it is PostgreSQL.
    pub(super) fn start(databases: Option<(&str, &str)>, log_format: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let codes = Codes::default();
        let text = format!(
            "[codes]\norder = [\"sms\", \"email\"]\n\
             [codes.sms]\nurl = \"http://{}/sms\"\ntoken = \"gateway\"\n\
             [codes.email]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"C <c@example.org>\"\n",
            listen(&codes, sms_gateway),
            listen(&codes, mail_server).port(),
        );
        let config = folder.path().join("chatters.toml");
        fs::write(&config, text).unwrap();
        let ready = folder.path().join("ready.json");
        let mut command = dumping(PROGRAM);
        // Where a dump would be written.
        command.current_dir(folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
        command.args(["--log", "trace", "--log-format", log_format]);
        command.arg("--config").arg(&config);
        command.arg("--data").arg(folder.path().join("data"));
        command.arg("--root-key").arg(keys(folder.path()).join("root.key"));
        command.arg("--ready-file").arg(&ready);
        if let Some((rows, keys)) = databases {
            command.args(["--database", rows, "--keys-database", keys]);
        }
        let output = |name: &str| File::create(folder.path().join(name)).unwrap();
        let command = command.stdin(Stdio::null()).stdout(output("stdout")).stderr(output("stderr"));
        let process = command.env("RUST_BACKTRACE", "full").spawn().unwrap();
        let announced = wait_for(&ready);
        let address = format!("{}:{}", announced["address"].as_str().unwrap(), announced["port"]);
        let key = RsaPublicKey::from_pem(announced["public_key"].as_str().unwrap()).unwrap();
        let metrics = announced["metrics"].as_str().unwrap().parse().unwrap();
        Self { process, folder, address: address.parse().unwrap(), metrics, key, codes }
    }

    /// Everything that the server writes, and its configuration. The keys are in a folder in it.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where root key and server key are: the one place that may hold them.
    pub(super) fn keys(&self) -> PathBuf {
        keys(self.folder.path())
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap()
    }

    /// What the server shows of itself besides, to whom it may concern: pages of figures, and what the public port
    /// says to a browser.
    pub(super) fn pages(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let pages = [(self.metrics, "/metrics"), (self.metrics, "/healthz"), (self.address, "/")];
        let ask = |(address, page): (SocketAddr, &str)| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let request = format!("GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            // A connection that is cut has said what it had to say.
            let _ = stream.read_to_end(&mut answer);
            (PathBuf::from(format!("http:{page}")), answer)
        };
        pages.into_iter().map(ask).collect()
    }

    /// Ends the process as an operator would, and waits for its end.
    pub(super) fn stop(&mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success(), "{}", self.log());
    }

    /// Ends the process as a fault of its own would.
    pub(super) fn crash(&mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-ABRT", &id]).status().unwrap().success());
        let ended = self.process.wait().unwrap();
        assert!(ended.signal() == Some(6) && !ended.core_dumped(), "{ended}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn keys(folder: &Path) -> PathBuf {
    folder.join("keys")
}

fn wait_for(ready: &Path) -> Value {
    for _ in 0..TRIES {
        if let Some(announced) = fs::read(ready).ok().and_then(|json| serde_json::from_slice(&json).ok()) {
            return announced;
        }
        thread::sleep(PAUSE);
    }
    let log = fs::read_to_string(ready.with_file_name("stderr")).unwrap_or_default();
    panic!("the server does not start: {log}");
}

/// Codes that left the server: to whom, and what. A text message goes to a number, a mail to an address.
#[derive(Clone, Default)]
pub(super) struct Codes(Arc<Mutex<Vec<(String, String)>>>);

impl Codes {
    /// The last one to a number (with the plus sign) or an address.
    pub(super) fn last(&self, to: &str) -> String {
        let codes = self.all();
        let code = codes.iter().rev().find(|(whom, _)| whom == to).map(|(_, code)| code.clone());
        code.unwrap_or_else(|| panic!("no code left the server for this, of {}", codes.len()))
    }

    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, to: String, code: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((to, code));
    }
}

/// Serves every connection by `serve`, on a thread each. They end with the test's process.
fn listen(codes: &Codes, serve: fn(TcpStream, &Codes) -> std::io::Result<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, codes) = (listener.local_addr().unwrap(), codes.clone());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let codes = codes.clone();
            // A connection that breaks is the server's affair.
            thread::spawn(move || serve(stream, &codes));
        }
    });
    address
}

/// Takes a code, and says that it did not, with all that it was told.
fn sms_gateway(mut stream: TcpStream, codes: &Codes) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    codes.add(text("phone"), text("code"));
    let head = format!(
        "HTTP/1.1 500 {} {}\r\nX-Failed-For: {}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        text("phone"),
        text("code"),
        text("phone"),
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// Takes mails, but for those to [`REFUSED_DOMAIN`].
fn mail_server(mut stream: TcpStream, codes: &Codes) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let (mut to, mut in_body) = (String::new(), false);
    stream.write_all(b"220 here\r\n")?;
    while let Some(Ok(line)) = lines.next() {
        if in_body {
            if let Some(subject) = line.strip_prefix("Subject: ") {
                let code = subject.rsplit(' ').next().unwrap_or_default();
                codes.add(to.clone(), code.to_owned());
            }
            if line == "." {
                in_body = false;
                stream.write_all(b"250 taken\r\n")?;
            }
            continue;
        }
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" => {
                to = line.trim_start_matches("RCPT TO:<").trim_end_matches('>').to_owned();
                let refused = to.ends_with(REFUSED_DOMAIN);
                if refused { format!("550 {to} has no mailbox here") } else { "250 well".to_owned() }
            }
            "DATA" => {
                in_body = true;
                "354 go on".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 well".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}
