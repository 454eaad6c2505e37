//! What a process has used, as Linux tells it.

use std::fs;

/// The length of a tick in `/proc/<pid>/stat`: 100 a second on every architecture that Linux has.
const TICK_US: u64 = 10_000;

/// What a process, or several together, used since they began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time in microseconds.
    pub cpu_us: u64,
    /// Bytes that went to a disk, or will: writes of pages, not calls. 0 on a file system in memory.
    pub written: u64,
}

impl Usage {
    /// Of one process; zeros when it is gone. What a server wrote is told to root only: its memory is its own.
    pub fn of(pid: u32) -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        Self { cpu_us: cpu_us(&read("stat")), written: field(&read("io"), "write_bytes:") }
    }

    /// Of this process.
    pub fn own() -> Self {
        Self::of(std::process::id())
    }

    /// Of several processes together.
    pub fn of_all(pids: &[u32]) -> Self {
        pids.iter().map(|pid| Self::of(*pid)).fold(Self::default(), |sum, one| Self {
            cpu_us: sum.cpu_us + one.cpu_us,
            written: sum.written + one.written,
        })
    }

    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            cpu_us: self.cpu_us.saturating_sub(before.cpu_us),
            written: self.written.saturating_sub(before.written),
        }
    }
}

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that was ever resident.
    pub peak: u64,
    /// Pages that are the process's alone and were written; 0 unless root asks about a server.
    pub private_dirty: u64,
}

impl Memory {
    pub fn of(pid: u32) -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let (status, rollup) = (read("status"), read("smaps_rollup"));
        Self {
            resident: field(&status, "VmRSS:"),
            peak: field(&status, "VmHWM:"),
            private_dirty: field(&rollup, "Private_Dirty:"),
        }
    }
}

/// A process and those that it started.
pub fn family(parent: u32) -> Vec<u32> {
    let mut pids = vec![parent];
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if after_name(&stat).nth(1).and_then(|ppid| ppid.parse::<u32>().ok()) == Some(parent) {
            pids.push(pid);
        }
    }
    pids
}

/// The fields of `/proc/<pid>/stat` from the third on: the second, the name, may have spaces and brackets in it.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace()
}

fn cpu_us(stat: &str) -> u64 {
    // Fields 14 and 15 of the line: user and system time in ticks.
    after_name(stat).skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * TICK_US
}

/// The number after a name at the start of a line.
fn field(text: &str, name: &str) -> u64 {
    let found = text.lines().find_map(|line| line.strip_prefix(name));
    found.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc() {
        let stat = "42 (a (strange) name) S 7 42 42 0 -1 4194304 1 2 3 4 150 50 9 9 20 0 3 0 100 0 0";
        assert_eq!(cpu_us(stat), 2_000_000);
        assert_eq!(after_name(stat).nth(1), Some("7"));
        assert_eq!(cpu_us(""), 0);
        assert_eq!(field("rchar: 1\nwrite_bytes: 4096\n", "write_bytes:"), 4096);
        assert_eq!(field("VmRSS:\t  1234 kB\n", "VmRSS:"), 1234);
        assert_eq!(field("", "VmRSS:"), 0);
    }

    #[test]
    fn differences_and_sums() {
        let (early, late) = (Usage { cpu_us: 5, written: 10 }, Usage { cpu_us: 7, written: 30 });
        assert_eq!(late.since(early), Usage { cpu_us: 2, written: 20 });
        assert_eq!(early.since(late), Usage::default());
        assert!(Usage::own().cpu_us < u64::MAX && Memory::of(std::process::id()).resident > 0);
        assert!(family(std::process::id()).contains(&std::process::id()));
    }
}
