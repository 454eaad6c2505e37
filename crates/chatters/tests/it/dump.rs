//! A crash leaves no copy of the memory behind: keys and messages are in it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::flood::{PROGRAM, Server};

/// Dumps allowed as far as this user may allow them, then the program.
const WITH_DUMPS: &str = "ulimit -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\"";

/// A command that allows dumps and ends with `program`.
pub(crate) fn dumping(program: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", WITH_DUMPS, program]);
    command
}

/// Whether this machine writes dumps of programs that do nothing against it.
fn dumps_are_written() -> bool {
    let folder = tempfile::tempdir().unwrap();
    // The shell kills itself: its id is `$$`.
    let mut command = dumping("sh");
    let command = command.args(["-c", "kill -ABRT $$"]).current_dir(folder.path());
    let ended = command.stdin(Stdio::null()).status().unwrap();
    assert_eq!(ended.signal(), Some(6));
    ended.core_dumped()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn a_crash_leaves_no_memory_on_the_disk() {
    println!("dumps of others are written here: {}", dumps_are_written());
    for (signal, number) in [("ABRT", 6), ("SEGV", 11)] {
        let mut server = Server::start_by(dumping(PROGRAM));
        let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["0", "0", "bytes"]);
        let before = names(server.folder());
        let ended = server.end_by(signal);
        assert_eq!(ended.signal(), Some(number), "{ended}");
        assert!(!ended.core_dumped(), "{ended}");
        assert_eq!(names(server.folder()), before);
    }
}
