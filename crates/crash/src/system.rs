//! What the system knows of a process, and lets it have.

use std::fs;

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

/// Sockets that a process has open.
pub(crate) fn sockets(pid: u32) -> Result<usize, String> {
    let path = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&path).map_err(|why| format!("{path}: {why}"))?;
    let is_socket = |path: std::path::PathBuf| {
        fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    };
    Ok(entries.flatten().filter(|entry| is_socket(entry.path())).count())
}

/// Lets this process have as many files as it may, and gives their number.
pub(crate) fn raise_file_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Refused: then it stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
