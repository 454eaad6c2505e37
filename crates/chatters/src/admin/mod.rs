//! The operator's socket: how commands reach the server that runs on the same data folder.
//!
//! A unix socket in the data folder, for its owner only. One request a connection, a JSON object on a line;
//! the answer is any number of such lines.

mod listener;

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use listener::Listener;

use crate::cli::CodesArgs;
use crate::delivery::PendingCode;

fn socket(data: &Path) -> PathBuf {
    data.join("admin.sock")
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "show", rename_all = "lowercase")]
enum Request {
    /// A [`PendingCode`] a line, oldest first; with `follow` the answer goes on.
    Codes { follow: bool },
}

/// `chatters codes`
pub(crate) fn codes(args: &CodesArgs) -> Result<(), String> {
    let path = socket(&args.data.data);
    let failed = |why: io::Error| format!("{}: {why} (is the server running?)", path.display());
    let mut stream = UnixStream::connect(&path).map_err(failed)?;
    let request = serde_json::to_string(&Request::Codes { follow: args.follow }).expect("a request is JSON");
    stream.write_all(request.as_bytes()).and_then(|()| stream.write_all(b"\n")).map_err(failed)?;
    let mut out = io::stdout().lock();
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(failed)?;
        let text = if args.json { line } else { for_people(&line)? };
        // Each code at once, also into a pipe; whoever closes it has seen enough.
        if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    Ok(())
}

fn for_people(line: &str) -> Result<String, String> {
    let code: PendingCode = serde_json::from_str(line).map_err(|_| "the server's answer is not a code")?;
    Ok(format!("{}  {}", code.phone, code.code))
}
