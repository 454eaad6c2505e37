//! Whether the disk has room.

use std::io;
use std::path::Path;

use super::Report;

/// Less than this is soon gone: SQLite's log alone can grow by as much while a backup is taken.
const WARNING_BYTES: u64 = 1 << 30;
/// With less the next busy hour, or a backup, fills the disk.
const ERROR_BYTES: u64 = 100 << 20;

/// Looks at the disk that the folder is on, or will be.
pub(super) fn check(folder: &Path, report: &mut Report) {
    let folder = super::absolute(folder);
    let Some(there) = folder.ancestors().find(|folder| folder.exists()) else { return };
    match free(there) {
        Ok(bytes) => judge(bytes, report),
        Err(why) => {
            report.warn("disk", format!("{}: how much is free cannot be told: {why}", there.display()))
        }
    }
}

/// Bytes that this user may still write.
fn free(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

fn judge(bytes: u64, report: &mut Report) {
    let free = format!("{} MiB are free where the data folder is", bytes >> 20);
    if bytes < ERROR_BYTES {
        report.error("disk", format!("{free}: people soon cannot send; make room"));
    } else if bytes < WARNING_BYTES {
        report.warn("disk", format!("{free}: make room before it is full"));
    } else {
        report.ok("disk", free);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_disk_is_full_before_it_is_full() {
        for (bytes, state) in [
            (ERROR_BYTES - 1, State::Error),
            (ERROR_BYTES, State::Warning),
            (WARNING_BYTES - 1, State::Warning),
            (WARNING_BYTES, State::Ok),
        ] {
            let mut report = Report::default();
            judge(bytes, &mut report);
            assert_eq!((report.0[0].check, report.0[0].state), ("disk", state), "{bytes}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_on_a_disk_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = Report::default();
        check(&folder.path().join("data").join("deeper"), &mut report);
        assert_eq!(report.0.len(), 1);
        assert!(report.0[0].text.contains("MiB are free"), "{}", report.0[0].text);
        assert!(free(folder.path()).unwrap() > 0 && free(Path::new("/nowhere")).is_err());
    }
}
