//! What the system knows of a process, and lets it have.

use std::fs;
use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Resident memory now and at most, in KiB.
pub(crate) fn memory_kib(pid: u32) -> Result<(u64, u64), String> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(|why| format!("{path}: {why}"))?;
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    match (figure("VmRSS:"), figure("VmHWM:")) {
        (Some(now), Some(most)) => Ok((now, most)),
        _ => Err(format!("{path} does not tell the memory")),
    }
}

/// What the system keeps for all TCP connections of the machine, in KiB: both ends, where both are on it.
pub(crate) fn tcp_kib() -> Result<u64, String> {
    const PATH: &str = "/proc/net/sockstat";
    let text = fs::read_to_string(PATH).map_err(|why| format!("{PATH}: {why}"))?;
    let words = text.lines().find_map(|line| line.strip_prefix("TCP:")).unwrap_or_default();
    let pages = words.split_whitespace().skip_while(|word| *word != "mem").nth(1);
    let pages: u64 =
        pages.and_then(|word| word.parse().ok()).ok_or(format!("{PATH} does not tell the memory"))?;
    Ok(pages * rustix::param::page_size() as u64 / 1024)
}

/// Connections that the server at this IPv4 address has taken and not closed. From the system's table: the open files
/// of a server are shown to nobody but root.
pub(crate) fn connections(server: SocketAddr) -> Result<usize, String> {
    let path = "/proc/net/tcp";
    let table = fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))?;
    Ok(table.lines().filter(|line| is_connection(line, server.port())).count())
}

/// `number: local remote state queues timer retransmits uid timeout inode …`, in hex but for the last. What a process
/// has closed, or not taken yet, is no file of anybody's: its inode is 0.
fn is_connection(line: &str, port: u16) -> bool {
    const LISTENING: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else { return false };
    local.ends_with(&format!(":{port:04X}")) && state != LISTENING && inode != "0"
}

/// Lets this process have as many files as it may, and gives their number.
pub(crate) fn raise_file_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Refused: then it stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn connections_are_those_that_were_taken_and_not_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(connections(address), Ok(0));
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert_eq!(connections(address), Ok(1));
        drop(server);
        assert_eq!(connections(address), Ok(0));
        drop(client);
    }
}
