//! What the system says about this process: `/proc/self`, where there is one.

use std::fs;

use meters::sample;

/// The unit of processor time in `/proc`: 1/100 s on every Linux that this program runs on, whatever the kernel's own.
const TICKS_PER_SEC: f64 = 100.0;

/// Appends memory, processor time, open files and threads. What the system does not tell is left out.
pub(crate) fn render(out: &mut String) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kib) = status_field(&status, "VmRSS:") {
        sample(out, "process_resident_memory_bytes", "Resident memory.", "gauge", kib << 10);
    }
    if let Some(threads) = status_field(&status, "Threads:") {
        sample(out, "process_threads", "Threads.", "gauge", threads);
    }
    if let Some(secs) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_seconds) {
        sample(out, "process_cpu_seconds_total", "Processor time.", "counter", secs);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        sample(out, "process_open_fds", "Open files and sockets.", "gauge", files.count());
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(max) = max_files(&limits) {
        sample(out, "process_max_fds", "Files and sockets that may be open.", "gauge", max);
    }
}

fn status_field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15: own time and the kernel's. The name before them may hold anything, but ends with `)`.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let own: f64 = fields.next()?.parse().ok()?;
    let kernel: f64 = fields.next()?.parse().ok()?;
    Some((own + kernel) / TICKS_PER_SEC)
}

fn max_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 9 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(status_field("Name:\tx\nVmRSS:\t  1234 kB\nThreads:\t9\n", "VmRSS:"), Some(1234));
        assert_eq!(max_files("Limit  Soft\nMax open files            1024   4096   files\n"), Some(1024));
        assert_eq!((cpu_seconds(""), status_field("", "Threads:"), max_files("")), (None, None, None));
    }
}
